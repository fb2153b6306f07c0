#!/usr/bin/env python3
"""Runs `blamedeploy explain` of the released binary on simulated incidents of raw events, and scores what it names.

  explain_accuracy.py --bench DIR --seed0 100000 [--per-kind 5] [--events 40000] [--hard] [--symptoms] [--kinds a,b] [--out FILE]

DIR holds the simulator (simulate_events.py) and the scorer (score_baselines.py); the first named cause is right when its
events and those of a planted one overlap by nine tenths. --hard renames the fields that describe failures and adds
fields that mean nothing; --symptoms names the former on the command line. Prints one line a kind, the totals, and every
case that is wrong.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile
import time

OPERATIONS = {"is_null": "isnull"}
SINGLE = {"endpoint", "node", "zone", "customer", "flag", "workload", "single_pod", "version", "null_value"}
CONJUNCTION = {"version_endpoint", "conj2", "conj3"}
NUMERIC = {"numeric", "version_numeric"}
QUIET = {"none", "global"}


def run_case(job):
    options, kind, seed = job
    sys.path.insert(0, options.bench)
    import pandas
    import score_baselines
    import simulate_events

    events, truth = simulate_events.simulate(seed, kind, options.events, options.hard)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "events.ndjson")
        events.to_json(path, orient="records", lines=True)
        command = [options.binary, "explain", path, "--after", truth["t_incident_iso"], "--error", "error", "--format", "json"]
        if options.symptoms:
            for field in truth["symptom_columns"]:
                command += ["--symptom", field]
        began = time.monotonic()
        run = subprocess.run(command, capture_output=True, text=True)
        seconds = time.monotonic() - began
    if not run.stdout:
        raise SystemExit(f"{kind} {seed}: {run.stderr}")
    answer = json.loads(run.stdout)
    named = [
        [dict(col=p["field"], op=OPERATIONS.get(p["op"], p["op"]), value=p["value"]) for p in cause["predicates"]]
        for cause in answer["causes"]
    ]
    times = pandas.to_datetime(events.timestamp.str.rstrip("Z")).to_numpy("datetime64[ms]").astype("int64") / 1000
    after = events[times >= truth["t_incident"]].reset_index(drop=True)
    score = score_baselines.evaluate(named, after, truth, {})
    return dict(kind=kind, seed=seed, seconds=seconds, outcome=answer["outcome"], named=named, truth=truth["cause"],
                planted=truth["planted_errors"], **score)


def share(rows, key):
    return f"{sum(bool(r[key]) for r in rows)}/{len(rows)} {sum(bool(r[key]) for r in rows) / max(1, len(rows)):.3f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", required=True)
    parser.add_argument("--binary", default=".build/release/blamedeploy")
    parser.add_argument("--seed0", type=int, required=True)
    parser.add_argument("--per-kind", type=int, default=5)
    parser.add_argument("--events", type=int, default=40000)
    parser.add_argument("--hard", action="store_true")
    parser.add_argument("--symptoms", action="store_true")
    parser.add_argument("--kinds")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out")
    options = parser.parse_args()
    sys.path.insert(0, options.bench)
    import simulate_events

    kinds = options.kinds.split(",") if options.kinds else simulate_events.KINDS
    jobs = [(options, kind, options.seed0 + 1000 * simulate_events.KINDS.index(kind) + r) for kind in kinds for r in range(options.per_kind)]
    with concurrent.futures.ProcessPoolExecutor(options.jobs) as pool:
        rows = list(pool.map(run_case, jobs))
    if options.out:
        with open(options.out, "w") as file:
            json.dump(rows, file, indent=1, default=str)
    by_kind = collections.defaultdict(list)
    for row in rows:
        by_kind[row["kind"]].append(row)
    for kind, own in by_kind.items():
        print(f"{kind:18s} " + (f"spoke {share(own, 'said')}" if kind in QUIET else f"right {share(own, 'p1')}"))
    caused = [r for r in rows if r["kind"] not in QUIET]
    quiet = [r for r in rows if r["kind"] in QUIET]
    for name, group in [("single", SINGLE), ("conjunction", CONJUNCTION), ("numeric", NUMERIC), ("two causes", {"two_causes"})]:
        print(f"{name:12s} right {share([r for r in caused if r['kind'] in group], 'p1')}")
    print(f"right {share(caused, 'p1')}; in the first three {share(caused, 'h3')}; all causes {share(caused, 'all3')}")
    print(f"symptom first {share(caused, 'symptom1')}; repeats in the first three {sum(r['dup3'] for r in caused)}; "
          f"single pods named for other causes {sum(r['npods'] for r in caused if r['kind'] != 'single_pod')}")
    print(f"spoke on quiet cases {share(quiet, 'said')}; seconds: median {sorted(r['seconds'] for r in rows)[len(rows) // 2]:.2f}")
    for row in rows:
        if row["said"] if row["kind"] in QUIET else not row["p1"]:
            print(f"  {row['kind']} {row['seed']} planted {row['planted']} overlap {row['bestJ1']:.2f} {row['outcome']}: "
                  f"named {json.dumps(row['named'][:1], default=str)} truth {json.dumps(row['truth'], default=str)}")


if __name__ == "__main__":
    main()
