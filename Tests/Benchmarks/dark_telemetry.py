#!/usr/bin/env python3
"""Synthetic telemetry of the incident that blamedeploy is built after.

  dark_telemetry.py --repo DARK --out events.ndjson [--story incident|quiet|unrelated|fixed] [--events 150000] [--seed 1]

DARK is a clone of the public repository darklang/dark; from it come only the times at which each workload's manifest
changed, so that pods get a new template hash when they really would have. Everything else is made up: the real
telemetry was never published.

Stories
  incident   qw-deployment fails from 2020-07-22 14:14 UTC on, 5-60 % of its events (the share differs by pod and hour)
  quiet      the same traffic, background errors only
  unrelated  the same failures from 2020-07-20 12:00 UTC on: days after one deploy, a day before the next
  fixed      as incident, the window moved so that it ends two days after the fix took effect (2020-07-29 18:10 UTC)

Standard library only; the same arguments give the same bytes.
"""
import argparse
import datetime as dt
import json
import math
import random
import subprocess

SAFE = "bcdfghjklmnpqrstvwxz2456789"
HASH = "456789bcdf"
KUBERNETES = "scripts/support/kubernetes"
NEWEST = "db51ebca05"  # two days after the fix
# workload: manifest, pods, share of the traffic, background failure rate
WORKLOADS = {
    "bwd-deployment": ("builtwithdark/bwd-deployment.yaml.template", 12, 0.46, 0.0032),
    "editor-deployment": ("builtwithdark/editor-deployment.yaml.template", 6, 0.30, 0.0024),
    "qw-deployment": ("queueworker/qw-deployment.yaml.template", 30, 0.14, 0.0030),
    "cron-deployment": ("cronchecker/cron-deployment.yaml.template", 1, 0.06, 0.0020),
    "garbagecollector-deployment": ("garbagecollector/garbagecollector-deployment.yaml.template", 1, 0.04, 0.0060),
}
ROUTES = {
    "bwd-deployment": ["/", "/api/:name", "/webhook", "/static/*"],
    "editor-deployment": ["/a/:canvas", "/api/:canvas/add_op", "/api/:canvas/get_analysis", "/login"],
    "qw-deployment": ["dequeue", "run_event", "push_trace"],
    "cron-deployment": ["check_crons"],
    "garbagecollector-deployment": ["collect"],
}
BACKGROUND = ["canvas {n} not found", "statement timeout after {n} ms", "client closed request {n}"]
FAULT = "push failed: 401 unauthorized (event {n})"


def instant(text):
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=dt.timezone.utc).timestamp())


def manifest_changes(repo, path, until):
    """Committer times at which the main line changed a file, oldest first."""
    out = subprocess.run(
        ["git", "-C", repo, "log", "--first-parent", "-m", "--format=%ct", f"--until={until}", "--since=2020-05-01T00:00:00Z",
         NEWEST, "--", f"{KUBERNETES}/{path}"],
        capture_output=True, text=True, check=True).stdout
    return sorted(int(x) for x in out.split())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--repo", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--story", choices=["incident", "quiet", "unrelated", "fixed"], default="incident")
    parser.add_argument("--events", type=int, default=150_000)
    parser.add_argument("--seed", type=int, default=1)
    a = parser.parse_args()
    rng = random.Random(f"{a.seed}-{a.story if a.story == 'fixed' else 'window'}")
    since = instant("2020-07-21T13:35:00" if a.story == "fixed" else "2020-07-17T13:35:00")
    until = since + 10 * 86400
    onset = instant("2020-07-20T12:00:00" if a.story == "unrelated" else "2020-07-22T14:14:00")
    fixed = instant("2020-07-29T18:10:00")
    pods = {}
    for name, (path, count, _, _) in WORKLOADS.items():
        # A template takes effect 38 min 18 s after its commit: build, push, rolling update.
        changes = [t + 2298 for t in manifest_changes(a.repo, path, until)]
        generations = []
        for start in [0] + changes:
            template = "".join(rng.choice(HASH) for _ in range(10))
            generations.append((start, [f"{name}-{template}-{''.join(rng.choice(SAFE) for _ in range(5))}" for _ in range(count)]))
        pods[name] = generations
    badness = {}
    names = list(WORKLOADS)
    shares = [WORKLOADS[n][2] for n in names]
    times = []
    while len(times) < a.events:
        t = rng.uniform(since, until)
        day = 0.62 + 0.38 * math.sin(2 * math.pi * ((t % 86400) / 86400 - 0.58))
        if rng.random() < day:
            times.append(t)
    times.sort()
    with open(a.out, "w") as out:
        for t in times:
            name = rng.choices(names, shares)[0]
            generation = [g for g in pods[name] if g[0] <= t][-1]
            pod = rng.choice(generation[1])
            failing = rng.random() < WORKLOADS[name][3] * (1 + 0.2 * math.sin(t / 9000))
            message = rng.choice(BACKGROUND)
            draw, low_draw = rng.random(), rng.random()
            broken = a.story != "quiet" and name == "qw-deployment" and t >= onset and not (a.story == "fixed" and t >= fixed)
            if broken:
                share = badness.setdefault((pod, int(t // 3600)), 0.05 + 0.55 * low_draw)
                if draw < share:
                    failing, message = True, FAULT
            number = rng.randint(1, 10**7)
            event = {
                "timestamp": dt.datetime.fromtimestamp(round(t, 3), dt.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "trace_id": f"{rng.getrandbits(64):016x}",
                "pod": pod,
                "handler": rng.choice(ROUTES[name]),
                "canvas": f"canvas-{int(rng.paretovariate(1.1)) % 4000}",
                "duration_ms": round(rng.lognormvariate(3.4, 0.8), 1),
                "region": "us-west1",
                "zone": rng.choice(["us-west1-a", "us-west1-b", "us-west1-c"]),
                "error": failing,
            }
            if failing:
                event["message"] = message.format(n=number)
            out.write(json.dumps(event, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
