#!/usr/bin/env python3
"""What an investigation costs, in processor time and private memory, as one thing after another grows.

  costs.py [--binary .build/release/blamedeploy] [--rounds 3] [--scale 1]

Makes its events (seeded), runs the released binary and prints a table for each thing that grows: events, fields, distinct
values of a field, pods, deploys, files. Seconds are of the processor, user and system, the median of the rounds.
"""
import argparse
import json
import os
import random
import re
import statistics
import subprocess
import tempfile
import time

START = 1_600_041_600
SECONDS = 3 * 86_400


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(START + seconds))


def events(folder, count, fields=12, distinct=1000, pods=12, files=1, seed=1):
    """Writes events in order of time; a third before the end one pod of twelve begins to fail."""
    noise = random.Random(seed)
    names = [f"dim{index}" for index in range(max(fields - 5, 0))]
    lines = []
    for index in range(count):
        second = index * SECONDS // count
        pod = noise.randrange(pods)
        fails = noise.random() < (0.3 if second > SECONDS * 2 // 3 and pod % 12 == 3 else 0.004)
        record = {"timestamp": stamp(second), "pod": f"web-7f9c4d5b6-x{pod:05d}", "error": fails,
                  "duration_ms": round(noise.expovariate(0.02), 1), "user": f"u{noise.randrange(distinct)}"}
        for name in names:
            record[name] = f"v{noise.randrange(20)}"
        lines.append(json.dumps(record, separators=(",", ":")))
    size = -(-count // files)
    for part in range(files):
        with open(f"{folder}/{part:05d}.ndjson", "w") as file:
            file.write("\n".join(lines[part * size:(part + 1) * size]) + "\n")


def deploys(path, count):
    entries = []
    for index in range(count):
        at = SECONDS * 2 // 3 - 600 if index == 0 else SECONDS * index // count
        entries.append({"id": f"d{index}", "startedAt": stamp(at), "finishedAt": stamp(at + 240), "title": f"Deploy {index}"})
    with open(path, "w") as file:
        json.dump(entries, file)


def run(command):
    """Processor seconds and peak private memory in MB."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    peak = 0
    while True:
        try:
            with open(f"/proc/{process.pid}/status") as lines:
                private = re.search(r"RssAnon:\s+(\d+)", lines.read())
            peak = max(peak, int(private.group(1)) if private else 0)
        except OSError:
            pass
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        if ended:
            break
        time.sleep(0.002)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1, 2):
        raise SystemExit(f"status {process.returncode}\n{process.stderr.read().decode()[:2000]}")
    return usage.ru_utime + usage.ru_stime, peak / 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=".build/release/blamedeploy")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1, help="a factor for the number of events")
    options = parser.parse_args()
    base = int(100_000 * options.scale)
    tables = {
        "events": [dict(count=int(base * factor)) for factor in (0.1, 0.3, 1, 3)],
        "fields": [dict(fields=count) for count in (6, 12, 50, 200)],
        "distinct values of one field": [dict(distinct=count) for count in (10, 1000, 100_000)],
        "pods": [dict(pods=count) for count in (12, 300, 5000)],
        "deploys": [dict(deploys=count) for count in (1, 10, 100, 1000)],
        "files": [dict(files=count) for count in (1, 10, 100, 1000)],
    }
    for name, rows in tables.items():
        print(f"\n| {name} | MB | processor, s | private memory, MB |\n|---|---|---|---|")
        for row in rows:
            told = next(iter(row.values()))
            row = dict(row)
            with tempfile.TemporaryDirectory() as folder:
                deploys(f"{folder}/deploys.json", row.pop("deploys", 10))
                os.mkdir(f"{folder}/events")
                row.setdefault("count", base)
                events(f"{folder}/events", **row)
                size = sum(entry.stat().st_size for entry in os.scandir(f"{folder}/events")) / 1e6
                command = [options.binary, f"{folder}/events", "--no-repo", "--deploys", f"{folder}/deploys.json"]
                runs = [run(command) for _ in range(options.rounds)]
            print(f"| {told:,} | {size:.0f} | {statistics.median(r[0] for r in runs):.2f} | {max(r[1] for r in runs):.0f} |", flush=True)


main()
