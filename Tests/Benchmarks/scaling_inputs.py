#!/usr/bin/env python3
"""Times exports of events and deploy records of one shape, small and ten times as long: the time may grow fifteenfold.

  scaling_inputs.py [--binary .build/release/blamedeploy] [--size 2000] [--shapes metric-names,many-fields]

Every shape is long in one way that a server may be long in: names of metrics, keys of an object, fields of a record, deploys of
two sources. Prints both times and their ratio, and ends with 1 when a ratio is above 15. Needs Python 3.10.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

START = 1_791_640_800


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(START + seconds))


def log(index, more):
    return {"id": f"e{index}", "type": "log",
            "attributes": {"timestamp": stamp(index * 60), "status": "error" if index % 9 == 0 else "info", "attributes": more}}


def metric_names(size):
    series = [{"metric": {"__name__": f"m{i}_total", "code": "500" if i % 2 else "200"}, "values": [[START + 60 * j, str(i + j)] for j in range(4)]}
              for i in range(size)]
    return {"answer.json": json.dumps({"status": "success", "data": {"resultType": "matrix", "result": series}})}


def metric_series(size):
    series = [{"metric": {"__name__": "requests_total", "code": str(200 + i % 2 * 300), "pod": f"p{i}"}, "values": [[START + 60 * j, str(i + j)] for j in range(4)]}
              for i in range(size)]
    return {"answer.json": json.dumps({"status": "success", "data": {"resultType": "matrix", "result": series}})}


def object_keys(size):
    return {"logs.json": json.dumps({"data": [log(i, {}) for i in range(50)], **{f"k{i}": i for i in range(size * 10)}})}


def many_fields(size):
    return {"logs.json": json.dumps({"data": [log(i, {f"f{j}": j for j in range(size)}) for i in range(5)]})}


def many_files(size):
    return {f"events/{i}.ndjson": "".join(json.dumps({"ts": stamp(i * 60 + j), "error": j % 9 == 0, "pod": f"p{i % 7}"}) + "\n" for j in range(5))
            for i in range(size // 4)}


def deploys(size):
    def records(name, shift):
        return "".join(json.dumps({"id": f"{name}{i}", "version": f"v1.{i}", "started_at": stamp(i * 900 + shift), "environment": "production"}) + "\n"
                       for i in range(size * 2))
    return {"a.ndjson": records("a", 0), "b.ndjson": records("b", 30)}


EXPLAIN = ["explain", "--no-config", "--format", "json"]
SHAPES = {
    "metric-names": (metric_names, EXPLAIN + ["answer.json"]),
    "metric-series": (metric_series, EXPLAIN + ["answer.json"]),
    "object-keys": (object_keys, EXPLAIN + ["logs.json"]),
    "many-fields": (many_fields, EXPLAIN + ["logs.json"]),
    "many-files": (many_files, EXPLAIN + ["events"]),
    "deploys": (deploys, ["deploys", "--no-repo", "--no-config", "--deploys", "a.ndjson", "--deploys", "b.ndjson", "--since", stamp(-86400),
                          "--until", stamp(10 ** 9), "--format", "json"]),
}


def seconds(binary, shape, size):
    make, arguments = SHAPES[shape]
    with tempfile.TemporaryDirectory() as folder:
        length = 0
        for name, text in make(size).items():
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(text)
            length += len(text)
        began = time.monotonic()
        run = subprocess.run([binary, *arguments], cwd=folder, capture_output=True, timeout=300)
        if run.returncode != 0:
            raise SystemExit(f"{shape}: status {run.returncode}\n{run.stderr.decode()}")
        return time.monotonic() - began, length


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--binary", default=".build/release/blamedeploy")
    parser.add_argument("--size", type=int, default=2000)
    parser.add_argument("--shapes", default=",".join(SHAPES))
    arguments = parser.parse_args()
    binary = os.path.abspath(arguments.binary)
    slow = 0
    print(f"{'shape':<16} {'small':>9} {'long':>9} {'ratio':>7} {'MB':>6}")
    for shape in arguments.shapes.split(","):
        small = min(seconds(binary, shape, arguments.size)[0] for _ in range(3))
        long, size = seconds(binary, shape, arguments.size * 10)
        # What takes no time at all says nothing.
        ratio = long / max(small, 0.02)
        slow += ratio > 15
        print(f"{shape:<16} {small:>8.2f}s {long:>8.2f}s {ratio:>7.1f} {size / 1e6:>6.1f}")
    sys.exit(1 if slow else 0)


if __name__ == "__main__":
    main()
