#!/usr/bin/env python3
"""Runs the released binary on simulated cases and keeps its answers for the scorer.

  accuracy.py --cases DIR --answers OUT.json [--binary .build/release/blamedeploy] [--jobs 2]

The fields are mapped by name, as the cases have them; everything else is left to the program.
"""
import argparse
import concurrent.futures
import json
import os
import subprocess
import time

FIELDS = ["time=ts", "pod=pod", "errors=error", "successes=success", "error_kinds=error_types"]


def answer(binary, folder):
    command = [binary, os.path.join(folder, "events.csv"), "--no-repo", "--deploys", os.path.join(folder, "deploys.json"), "--format", "json"]
    for field in FIELDS:
        command += ["--map", field]
    began = time.monotonic()
    run = subprocess.run(command, capture_output=True, text=True)
    seconds = time.monotonic() - began
    if run.returncode not in (0, 2) or not run.stdout:
        raise SystemExit(f"{folder}: status {run.returncode}\n{run.stderr}")
    report = json.loads(run.stdout)
    verdict, incidents = report["verdict"], report["incidents"]
    suspects = incidents[0]["suspects"] if incidents else []
    return dict(deploy=verdict["deploy"], confidence=verdict["probability"], ranking=[s["deploy"] for s in suspects[:3]], seconds=seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", required=True)
    parser.add_argument("--answers", required=True)
    parser.add_argument("--binary", default=".build/release/blamedeploy")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    with open(os.path.join(options.cases, "cases.json")) as file:
        ids = json.load(file)["ids"]
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        answers = dict(zip(ids, pool.map(lambda name: answer(options.binary, os.path.join(options.cases, name)), ids)))
    with open(options.answers, "w") as file:
        json.dump(answers, file, indent=1)
    seconds = sorted(a["seconds"] for a in answers.values())
    blamed = [a for a in answers.values() if a["deploy"]]
    print(f"{len(ids)} cases, {len(blamed)} blames; seconds a case: median {seconds[len(seconds) // 2]:.2f}, largest {seconds[-1]:.2f}")
    sure = [name for name, a in answers.items() if a["deploy"] and a["confidence"] >= 0.99]
    right = 0
    for name in sure:
        with open(os.path.join(options.cases, name, "truth.json")) as file:
            right += json.load(file)["culprit"] == answers[name]["deploy"]
    if sure:
        print(f"blames at 0.99 or more: {right} of {len(sure)} right ({right / len(sure):.4f})")


if __name__ == "__main__":
    main()
