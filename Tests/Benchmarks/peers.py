#!/usr/bin/env python3
"""What the tools of the field answer on the same cases, in the form the scorer reads.

  peers.py METHOD --cases DIR --answers OUT.json [--jobs 2]

METHOD  otava          Apache Otava (pip install apache-otava)
        mongodb        MongoDB's E-divisive means (pip install signal-processing-algorithms; Python 3.11, numpy 1)
        pelt           PELT, least squares (pip install ruptures)
        z-test         the two-proportion z-test, an hour before each deploy against an hour after, Bonferroni
        mann-whitney   the Mann-Whitney test of the rates of single minutes, the same hours, Bonferroni
        nearest        no statistics: the deploy before the largest rise of the error rate between two hours

The first three find change points of the error rate in bins of ten minutes, of all pods together and of each pod. A change
point that raises the rate for 100 minutes or more belongs to the nearest deploy of the 90 minutes before it, and what is
blamed is the deploy with the largest rise, by the ratio of the segments either side. This rule is ours: none of them
knows of deploys, of successes that are missing, or of kinds of error, and none gives a probability.
"""
import argparse
import concurrent.futures
import csv
import datetime
import importlib
import json
import math
import os

import numpy as np

BIN = 10
HOUR = 60
MOST_PODS = 12
# Shorter rises are incidents that pass by themselves; as many of the peers' wrong answers were.
SHORTEST = 100
SIGNIFICANCE = 0.01


def read_case(folder):
    """Starts of the deploys in minutes of the window; requests and errors, both (pods + 1, minutes), all pods first."""
    def instant(text):
        return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()

    with open(os.path.join(folder, "deploys.json")) as file:
        record = json.load(file)
    begin, end = map(instant, record["window"])
    minutes = int((end - begin) // 60)
    deploys = sorted(((instant(d["started_at"]) - begin) / 60, d["id"]) for d in record["deploys"])
    pods, minute_of = {}, {}
    counts = []
    with open(os.path.join(folder, "events.csv")) as file:
        for row in csv.DictReader(file):
            minute = minute_of.get(row["ts"])
            if minute is None:
                minute = minute_of[row["ts"]] = int((instant(row["ts"]) - begin) // 60)
            if 0 <= minute < minutes:
                pod = pods.setdefault(row["pod"], len(pods))
                counts.append((pod, minute, int(row["success"] or 0), int(row["error"] or 0)))
    requests, errors = np.zeros((len(pods), minutes)), np.zeros((len(pods), minutes))
    for pod, minute, good, bad in counts:
        requests[pod, minute] += good + bad
        errors[pod, minute] += bad
    # Pods that come and go with each deploy have no before of their own.
    lasting = [p for p in range(len(pods)) if (requests[p] > 0).mean() > 0.5][:MOST_PODS] if len(pods) > 1 else []
    return (
        [name for _, name in deploys],
        np.array([start for start, _ in deploys]),
        np.vstack([requests.sum(0), requests[lasting]]),
        np.vstack([errors.sum(0), errors[lasting]]),
    )


def from_change_points(detector):
    def answer(names, starts, requests, errors):
        best = (0.0, None)
        for n, e in zip(requests, errors):
            bins = len(n) // BIN
            n, e = (x[: bins * BIN].reshape(bins, BIN).sum(1) for x in (n, e))
            edges = [0, *sorted(k for k in detector(e / np.maximum(n, 1)) if 0 < k < bins), bins]
            usual = (e.sum() + 0.5) / (n.sum() + 1)
            rates = [(e[a:b].sum() + 10 * usual) / (n[a:b].sum() + 10) for a, b in zip(edges, edges[1:])]
            for edge, end, before, after in zip(edges[1:], edges[2:], rates, rates[1:]):
                if (end - edge) * BIN < SHORTEST:
                    continue
                # A change may begin anywhere in its first bin.
                behind = edge * BIN - starts
                near = np.flatnonzero((behind >= -BIN) & (behind <= 90))
                if after > before and len(near) and math.log(after / before) > best[0]:
                    best = (math.log(after / before), names[near[np.abs(behind[near]).argmin()]])
        return best[1]

    return answer


def otava():
    find = importlib.import_module("otava.analysis").compute_change_points

    def detect(rates):
        points, _ = find([float(r) for r in rates], window_len=50, max_pvalue=0.001, min_magnitude=0.0)
        return [int(p.index) for p in points]

    return from_change_points(detect)


def mongodb():
    energy = importlib.import_module("signal_processing_algorithms.energy_statistics.energy_statistics")

    def detect(rates):
        return [int(getattr(p, "index", p)) for p in energy.e_divisive(rates, pvalue=0.05, permutations=100)]

    return from_change_points(detect)


def pelt():
    ruptures = importlib.import_module("ruptures")

    def detect(rates):
        steps = np.median(np.abs(np.diff(rates))) / 0.6745 / math.sqrt(2)
        # Where most steps are none at all, their median says nothing about the noise.
        noise = steps if steps > 0 else np.diff(rates).std() / math.sqrt(2)
        scaled = (rates - np.median(rates)) / max(noise, 1e-12)
        # A linear kernel is least squares; this is the implementation in C.
        search = ruptures.KernelCPD(kernel="linear", min_size=3).fit(scaled[:, None])
        return search.predict(pen=3 * math.log(len(scaled)))[:-1]

    return from_change_points(detect)


def hours(starts, minutes):
    for index, start in enumerate(starts.round().astype(int)):
        before, after = slice(max(0, start - HOUR), start), slice(start, min(minutes, start + HOUR))
        if before.stop - before.start >= 5 and after.stop - after.start >= 5:
            yield index, before, after


def z_test():
    def answer(names, starts, requests, errors):
        best = (0.0, None)
        for n, e in zip(requests, errors):
            for index, before, after in hours(starts, len(n)):
                n1, n2, e1, e2 = n[before].sum(), n[after].sum(), e[before].sum(), e[after].sum()
                pooled = (e1 + e2) / max(n1 + n2, 1)
                spread = math.sqrt(pooled * (1 - pooled) * (1 / max(n1, 1) + 1 / max(n2, 1)))
                z = (e2 / max(n2, 1) - e1 / max(n1, 1)) / spread if spread > 0 else 0
                best = max(best, (z, names[index]), key=lambda b: b[0])
        threshold = SIGNIFICANCE / (len(starts) * len(requests))
        return best[1] if best[0] > 0 and math.erfc(best[0] / math.sqrt(2)) / 2 < threshold else None

    return answer


def mann_whitney():
    test = importlib.import_module("scipy.stats").mannwhitneyu

    def answer(names, starts, requests, errors):
        best = (SIGNIFICANCE / (len(starts) * len(requests)), None)
        for n, e in zip(requests, errors):
            rates = e / np.maximum(n, 1)
            for index, before, after in hours(starts, len(n)):
                p = test(rates[after], rates[before], alternative="greater", method="asymptotic").pvalue
                if p < best[0]:
                    best = (p, names[index])
        return best[1]

    return answer


def nearest():
    def answer(names, starts, requests, errors):
        n, e = (np.r_[0, x[0].cumsum()] for x in (requests, errors))
        middle = np.arange(HOUR, len(n) - 1 - HOUR)
        rise = ((e[middle + HOUR] - e[middle]) / np.maximum(n[middle + HOUR] - n[middle], 1)
                - (e[middle] - e[middle - HOUR]) / np.maximum(n[middle] - n[middle - HOUR], 1))
        before = np.flatnonzero(starts <= middle[rise.argmax()])
        return names[before[-1]] if len(before) else None

    return answer


METHODS = {"otava": otava, "mongodb": mongodb, "pelt": pelt, "z-test": z_test, "mann-whitney": mann_whitney, "nearest": nearest}


def answer_case(method, folder):
    return dict(deploy=METHODS[method]()(*read_case(folder)), confidence=None)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("method", choices=METHODS)
    parser.add_argument("--cases", required=True)
    parser.add_argument("--answers", required=True)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    with open(os.path.join(options.cases, "cases.json")) as file:
        ids = json.load(file)["ids"]
    with concurrent.futures.ProcessPoolExecutor(options.jobs) as pool:
        folders = [os.path.join(options.cases, name) for name in ids]
        answers = dict(zip(ids, pool.map(answer_case, [options.method] * len(ids), folders)))
    with open(options.answers, "w") as file:
        json.dump(answers, file, indent=1)


if __name__ == "__main__":
    main()
