#!/usr/bin/env python3
"""Runs the released binary and its peers on the same file, one after the other in each round, and prints medians.

  swift build -c release --product Speed && .build/release/Speed telemetry 2000000 > wide.ndjson
  .build/release/Speed deploys > deploys.json
  .build/release/Speed telemetry 2000000 csv > wide.csv
  speed.py --events wide.ndjson --deploys deploys.json [--csv wide.csv] [--packed] [--binary .build/release/blamedeploy]
           [--bench .build/release/Speed] [--rounds 5] [--slow]

The peers answer one question, how many events and failing events each pod had in each minute; blamedeploy investigates:
all series, every deploy, both passes. With --packed it also reads the file as gzip and zstd, against these programs alone;
with --csv the same events as delimited text; with --bench the first pass alone, against the least that simdjson needs
(bare_loop.cpp, compiled with clang++). DuckDB comes from `pip install duckdb-cli`, chDB from `pip install chdb-core`, jq and
Miller from Debian; those that are missing are left out, and the slow ones (jq, Miller) only run with --slow. Ratios are
of wall times in the same round.
"""
import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

DUCKDB = """select date_trunc('minute', timestamp) as minute, "k8s.pod.name" as pod, count(*) as events, sum(error::int) as errors
from read_json('{events}', format='newline_delimited',
  columns={{'timestamp': 'TIMESTAMP', 'k8s.pod.name': 'VARCHAR', 'error': 'BOOLEAN'}}) group by all"""
CHDB = """import chdb, sys
sys.stdout.buffer.write(bytes(chdb.query(\"\"\"select toStartOfMinute(parseDateTime64BestEffort(timestamp)) as minute,
`k8s.pod.name` as pod, count() as events, sum(error) as errors from file('{events}', 'JSONEachRow',
'timestamp String, `k8s.pod.name` String, error Bool') group by minute, pod settings input_format_skip_unknown_fields=1\"\"\", 'CSV').bytes()))"""


def duckdb():
    """DuckDB itself: what pip puts into the path starts it from Python, which takes a tenth of a second."""
    try:
        import duckdb_cli

        own = os.path.join(os.path.dirname(duckdb_cli.__file__), "duckdb")
        return own if os.path.exists(own) else shutil.which("duckdb")
    except ImportError:
        return shutil.which("duckdb")


def commands(options):
    events, deploys = options.events, options.deploys
    ours = [options.binary, events, "--no-repo", "--deploys", deploys]
    found = {
        "blamedeploy": ours,
        "blamedeploy, one thread": ours + ["--jobs", "1"],
        "blamedeploy explain": [options.binary, "explain", events],
        "cat": ["cat", events],
    }
    if options.csv:
        found["blamedeploy, CSV"] = [options.binary, options.csv, "--no-repo", "--deploys", deploys]
    for packer, ending in (("gzip", "gz"), ("zstd", "zst")) if options.packed else ():
        packed = f"{events}.{ending}"
        if not os.path.exists(packed):
            subprocess.run([packer, "-q", "-k", events], check=True)
        found[f"blamedeploy, {packer}"] = [options.binary, packed, "--no-repo", "--deploys", deploys]
        found[f"{packer} -dc alone"] = [packer, "-q", "-dc", packed]
    if options.bench:
        here = os.path.dirname(os.path.abspath(__file__))
        loop = os.path.join(tempfile.mkdtemp(), "bare_loop")
        subprocess.run(
            ["clang++", "-O2", "-std=c++17", f"{here}/bare_loop.cpp", "-o", loop, "-lsimdjson", "-pthread"], check=True)
        found["first pass"] = [options.bench, "scan", events, str(os.cpu_count())]
        found["first pass, time and outcome"] = [options.bench, "scan", events, str(os.cpu_count()), "outcome"]
        if options.csv:
            found["first pass, CSV"] = [options.bench, "scan", options.csv, str(os.cpu_count())]
        found["bare simdjson loop"] = [loop, events]
    if program := duckdb():
        found["DuckDB"] = [program, "-csv", "-c", DUCKDB.format(events=events)]
    if subprocess.run([sys.executable, "-c", "import chdb"], capture_output=True).returncode == 0:
        found["chDB"] = [sys.executable, "-c", CHDB.format(events=events)]
    if options.slow and shutil.which("jq"):
        found["jq (only filters)"] = ["jq", "-c", "select(.error) | .timestamp", events]
    if options.slow and shutil.which("mlr"):
        found["Miller"] = ["mlr", "--ijson", "--ocsv", "count-distinct", "-f", "k8s.pod.name,error", events]
    return found


def run(command):
    """Wall and CPU seconds."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1, 2):
        raise SystemExit(f"{command[0]}: status {process.returncode}\n{process.stderr.read().decode()[:2000]}")
    return seconds, usage.ru_utime + usage.ru_stime


def private_memory(command):
    """Peak private memory in MB, by looking every few milliseconds, which slows the program down: a run of its own."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        try:
            with open(f"/proc/{process.pid}/status") as lines:
                private = re.search(r"RssAnon:\s+(\d+)", lines.read())
            peak = max(peak, int(private.group(1)) if private else 0)
        except OSError:
            pass
        time.sleep(0.005)
    return peak / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", required=True)
    parser.add_argument("--deploys", required=True)
    parser.add_argument("--binary", default=".build/release/blamedeploy")
    parser.add_argument("--csv")
    parser.add_argument("--packed", action="store_true")
    parser.add_argument("--bench")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--slow", action="store_true")
    options = parser.parse_args()
    found = commands(options)
    subprocess.run(["cat", options.events], stdout=subprocess.DEVNULL)
    results = {name: [] for name in found}
    for _ in range(options.rounds):
        for name, command in found.items():
            results[name].append(run(command))
    print(f"{os.path.getsize(options.events) / 1e9:.2f} GB, {options.rounds} rounds, {os.cpu_count()} cores")
    print(f"{'':26} {'wall s':>7} {'spread':>13} {'CPU s':>6} {'private MB':>10} {'ours / it':>9}")
    ours = [result[0] for result in results["blamedeploy"]]
    for name, rows in results.items():
        walls = sorted(row[0] for row in rows)
        ratio = statistics.median(a / row[0] for a, row in zip(ours, rows))
        print(
            f"{name:26} {statistics.median(walls):7.2f} {walls[0]:6.2f}–{walls[-1]:.2f} "
            f"{statistics.median(row[1] for row in rows):6.2f} {private_memory(found[name]):10.0f} {ratio:9.2f}")


main()
