#!/usr/bin/env python3
"""Change points of public series through the released binary: a sanity check of the back end, not what it is for.

  change_points.py --tcpd DIR [--binary .build/release/blamedeploy]

DIR is a checkout of the Turing Change Point Dataset (annotations.json, datasets/*/*.json). Each univariate series becomes
counts of failures among events, one row for ten minutes, its range laid on 2 % to 40 % by the logarithm of the rate; once as it
is and once upside down, since only rises of failures are looked for. What incidents begin or end with are the change points.
Scores are those of van den Burg & Williams (2020): F1 with a margin of five, and the cover of the segmentation. Zero is
the answer that nothing ever changes.
"""
import argparse
import datetime
import glob
import json
import math
import os
import subprocess
import tempfile

START = datetime.datetime(2025, 3, 3, tzinfo=datetime.timezone.utc)
MINUTES = 10
EVENTS = 20_000


def time_of(index):
    return START + datetime.timedelta(minutes=MINUTES * index)


def index_of(text):
    instant = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return round((instant - START).total_seconds() / 60 / MINUTES)


def change_points(binary, values):
    """The indices that incidents of a series begin or end with; a value of None is a gap."""
    low, high = min(v for v in values if v is not None), max(v for v in values if v is not None)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "counts.csv")
        with open(path, "w") as file:
            file.write("ts,success,error\n")
            for index, value in enumerate(values):
                if value is not None:
                    share = (value - low) / (high - low) if high > low else 0.5
                    errors = round(EVENTS * 0.02 * math.exp(share * math.log(20)))
                    file.write(f"{time_of(index):%Y-%m-%dT%H:%M:%SZ},{EVENTS - errors},{errors}\n")
        deploys = os.path.join(folder, "deploys.json")
        with open(deploys, "w") as file:
            # One that is long over, as a list of deploys may not be empty.
            file.write('[{"id": "old", "started_at": "2024-01-01T00:00:00Z"}]')
        command = [binary, path, "--no-repo", "--deploys", deploys, "--format", "json"]
        run = subprocess.run(command, capture_output=True, text=True)
    if not run.stdout:
        raise SystemExit(run.stderr)
    found = set()
    for incident in json.loads(run.stdout)["incidents"]:
        if incident["signal"] == "error_rate":
            found |= {index_of(incident[edge]) for edge in ("onset", "end") if incident[edge]}
    return {index for index in found if 0 < index < len(values)}


def matched(truth, found, margin=5):
    """How many of the true change points have one of their own among those found."""
    free, hits = set(found), 0
    for point in sorted(truth):
        near = sorted((abs(point - other), other) for other in free if abs(point - other) <= margin)
        if near:
            free.discard(near[0][1])
            hits += 1
    return hits


def f1(annotations, found):
    found = set(found) | {0}
    truths = [set(points) | {0} for points in annotations.values()]
    precision = matched(set.union(*truths), found) / len(found)
    recall = sum(matched(truth, found) / len(truth) for truth in truths) / len(truths)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def segments(points, length):
    edges = [0, *sorted(p for p in set(points) if 0 < p < length), length]
    return [range(a, b) for a, b in zip(edges, edges[1:])]


def cover(annotations, found, length):
    def overlap(a, b):
        common = max(0, min(a.stop, b.stop) - max(a.start, b.start))
        return common / (max(a.stop, b.stop) - min(a.start, b.start)) if common else 0.0

    own = segments(found, length)
    covers = [sum(len(part) * max(overlap(part, other) for other in own) for part in segments(points, length)) / length
              for points in annotations.values()]
    return sum(covers) / len(covers)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tcpd", required=True)
    parser.add_argument("--binary", default=".build/release/blamedeploy")
    options = parser.parse_args()
    with open(os.path.join(options.tcpd, "annotations.json")) as file:
        annotations = json.load(file)
    rows = []
    for path in sorted(glob.glob(os.path.join(options.tcpd, "datasets", "*", "*.json"))):
        with open(path) as file:
            series = json.load(file)
        if len(series["series"]) != 1 or series["name"] not in annotations:
            continue
        values = series["series"][0]["raw"]
        present = [v for v in values if v is not None]
        mirrored = [None if v is None else max(present) + min(present) - v for v in values]
        found = change_points(options.binary, values) | change_points(options.binary, mirrored)
        truth = annotations[series["name"]]
        rows.append((f1(truth, found), cover(truth, found, len(values)), f1(truth, []), cover(truth, [], len(values))))
        print(f"{series['name']:24s} F1 {rows[-1][0]:.3f}  cover {rows[-1][1]:.3f}  found {sorted(found)}")
    means = [sum(column) / len(rows) for column in zip(*rows)]
    print(f"{len(rows)} series: F1 {means[0]:.3f}, cover {means[1]:.3f}; zero: F1 {means[2]:.3f}, cover {means[3]:.3f}")


if __name__ == "__main__":
    main()
