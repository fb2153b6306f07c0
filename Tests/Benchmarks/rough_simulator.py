#!/usr/bin/env python3
"""Deploys under rough noise: cases that say which deploy changed the events, made to be hard in ways that smooth models are not.

  rough_simulator.py --out DIR --n 200 --seed 1 [--days 3-14] [--kinds null,external] [--deploys 50]

DIR/cases.json, and for each case events.csv (ts, pod, success, error, error_types), deploys.json and truth.json, as the scorer reads them.
Noise: daily patterns of any shape, a pulled random walk with Student-t shocks, Pareto bursts (some on one pod), missing minutes,
retries that beget requests and failures, pods that share a part of their noise, steps of traffic, deploy clocks that are off, effects
that grow or come late, and more than one incident in a window. The same seed gives the same bytes.
"""
import argparse
import csv
import datetime
import hashlib
import json
import os

import numpy as np

KINDS = {"step": 0.28, "one_pod": 0.10, "one_kind": 0.08, "fixed": 0.14, "slow": 0.06, "drop": 0.10, "null": 0.14, "external": 0.10}
EPOCH = datetime.datetime(2025, 6, 2, tzinfo=datetime.timezone.utc)
DAY = 1440


def iso(minute):
    return (EPOCH + datetime.timedelta(seconds=round(60 * minute))).strftime("%Y-%m-%dT%H:%M:%SZ")


def log_uniform(rng, low, high):
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def blocks(rng, minutes, width, draw):
    """One draw for each stretch of `width` minutes."""
    return np.repeat(draw(-(-minutes // width)), width)[:minutes]


def daily_shape(rng, minutes, depth):
    """A day's pattern through random points, repeated, with a little of its own each day."""
    points = rng.normal(0, 1, 8)
    points = (points - points.mean()) / max(points.std(), 1e-9) * depth
    hours = np.arange(minutes) % DAY / DAY * 8
    day = np.interp(hours, np.arange(9), np.append(points, points[0]))
    return day * np.repeat(rng.normal(1, 0.12, -(-minutes // DAY)), DAY)[:minutes]


def pulled_walk(rng, minutes, deviation):
    """A random walk in steps of 5 to 20 minutes that is pulled to its mean, with shocks of three degrees of freedom."""
    width = int(rng.integers(5, 21))
    count = -(-minutes // width)
    keep = np.exp(-width / rng.uniform(40, 400))
    shocks = rng.standard_t(3, count) / np.sqrt(3) * deviation * np.sqrt(1 - keep * keep)
    values, value = np.empty(count), 0.0
    for index in range(count):
        value = keep * value + np.clip(shocks[index], -4 * deviation, 4 * deviation)
        values[index] = value
    return np.repeat(values, width)[:minutes]


def bursts(rng, minutes, per_day):
    """Factors of Pareto size over stretches of Pareto length, up to two hours."""
    factor = np.ones(minutes)
    for _ in range(rng.poisson(per_day * minutes / DAY)):
        start = int(rng.integers(0, minutes))
        length = int(min(120, 1 + rng.pareto(1.1) * 2))
        factor[start:start + length] *= min(60.0, 1.5 + rng.pareto(1.3))
    return factor


def traffic_steps(rng, minutes):
    """Campaigns that last for hours, and now and then a step for good."""
    factor = np.ones(minutes)
    for _ in range(rng.poisson(0.8)):
        start = int(rng.integers(0, minutes))
        length = minutes if rng.random() < 0.3 else int(rng.integers(90, 900))
        factor[start:start + length] *= rng.uniform(1.4, 2.6)
    return factor


def deploy_times(rng, minutes, count):
    """Mostly by day on weekdays, in clusters."""
    clock = np.arange(minutes)
    weight = np.where((clock % DAY > 500) & (clock % DAY < 1080), 1.0, 0.12) * np.where(clock // DAY % 7 >= 5, 0.2, 1.0)
    starts = sorted(rng.choice(minutes, size=count, replace=False, p=weight / weight.sum()).tolist())
    for index in range(1, count):
        if rng.random() < 0.12:
            starts[index] = min(minutes - 1, starts[index - 1] + int(rng.integers(2, 15)))
    return sorted(starts)


def shape(minutes, onset, ramp, end=None):
    grown = np.clip((np.arange(minutes) - onset + 1) / max(ramp, 1), 0, 1) * (np.arange(minutes) >= onset)
    if end is not None:
        grown[end:] = 0
    return grown


def negative_binomial(rng, mean, overdispersion):
    mean = np.maximum(mean, 1e-12)
    return rng.poisson(rng.gamma(1 / overdispersion, mean * overdispersion))


def make_case(seed, index, days, kinds=tuple(KINDS), deploys=None):
    rng = np.random.default_rng([seed, index, 77])
    chances = np.array([KINDS[kind] for kind in kinds])
    kind = str(rng.choice(kinds, p=chances / chances.sum()))
    minutes = int(rng.integers(days[0], days[1] + 1)) * DAY
    pods = int(rng.choice([1, 2, 3, 5, 8, 12]))
    per_minute = 5.0 if index % 50 == 7 else 1e6 if index % 50 == 23 else log_uniform(rng, 15, 4000)
    base = log_uniform(rng, 3e-4, 2e-2)
    count = deploys or int(round(log_uniform(rng, 8, 120)))
    starts = deploy_times(rng, minutes, count)
    lengths = np.where(rng.random(count) < 0.4, 0, rng.integers(1, 61, count))
    if index % 50 == 31 and count > 3:
        starts[2] = starts[1]

    traffic = per_minute * np.exp(daily_shape(rng, minutes, rng.uniform(0.1, 0.6))) * traffic_steps(rng, minutes)
    traffic *= np.where(np.arange(minutes) // DAY % 7 >= 5, rng.uniform(0.4, 1.1), 1.0) * np.exp(pulled_walk(rng, minutes, 0.06))
    shared = np.exp(pulled_walk(rng, minutes, rng.uniform(0.05, 0.25)) + daily_shape(rng, minutes, rng.uniform(0, 0.15)))
    shared *= np.exp(blocks(rng, minutes, int(rng.integers(5, 21)), lambda n: 0.08 * rng.standard_t(3, n)))
    shared *= bursts(rng, minutes, rng.uniform(0, 0.8))

    truth = dict(kind=kind, culprit=None, culprits=[], multiplier=None, fixed_by=None, days=minutes // DAY, pods=pods, deploys=count)
    rise, volume = np.ones(minutes), np.ones(minutes)
    added = np.zeros((pods, minutes))
    touched = [i for i in range(count) if 0.08 * minutes < starts[i] < 0.92 * minutes]

    def effect(i, end=None):
        delay = int(rng.choice([0, 0, 0, 1, 3, 6, 15]))
        if kind == "slow":
            lengths[i] = int(rng.integers(30, 61))
        truth.setdefault("onset", starts[i] + delay)
        return shape(minutes, starts[i] + delay, lengths[i], end)

    if kind not in ("null", "external") and not touched:
        kind = truth["kind"] = "null"
    if kind not in ("null", "external"):
        culprit = int(rng.choice(touched))
        end = None
        if kind == "fixed":
            later = [j for j in range(culprit + 1, count) if 40 <= starts[j] - starts[culprit] <= 2000]
            if later:
                fixer = int(rng.choice(later))
                end = starts[fixer]
                truth["fixed_by"] = f"d{fixer:03d}"
            else:
                kind = truth["kind"] = "step"
        multiplier = log_uniform(rng, 1.5, 50)
        grown = effect(culprit, end)
        truth.update(culprit=f"d{culprit:03d}", culprits=[f"d{culprit:03d}"], multiplier=round(multiplier, 3))
        if kind == "drop":
            share = float(rng.uniform(0.3, 0.95))
            volume = 1 - share * grown
            truth["multiplier"] = round(1 - share, 3)
        elif kind == "one_pod":
            added[int(rng.integers(0, pods))] = base * (multiplier - 1) * grown
        elif kind == "one_kind":
            added[:] = base * (multiplier - 1) * grown
        else:
            rise = 1 + (multiplier - 1) * grown
        extra = float((traffic * (base * shared * np.abs(rise - 1) + added.mean(0))).sum())
        if kind == "drop":
            extra = float((traffic * (1 - volume)).sum())
        truth["expected_extra_errors"] = round(extra, 1)
        # A second, smaller trouble in the same window.
        chance = rng.random()
        others = [i for i in touched if abs(starts[i] - starts[culprit]) > 300]
        if chance < 0.2 and others and kind != "drop":
            second = int(rng.choice(others))
            grown = shape(minutes, starts[second], lengths[second], min(minutes, starts[second] + int(rng.integers(120, 600))))
            room = 0.4 * extra / max(float((traffic * base * shared * grown).sum()), 1e-9)
            rise = rise * (1 + min(room, 6.0) * grown)
            truth["culprits"].append(f"d{second:03d}")
        elif chance < 0.5 and kind != "drop":
            onset = int(rng.integers(0.1 * minutes, 0.9 * minutes))
            grown = shape(minutes, onset, 3, min(minutes, onset + int(rng.integers(60, 400))))
            room = 0.4 * extra / max(float((traffic * base * shared * grown).sum()), 1e-9)
            rise = rise * (1 + min(room, 15.0) * grown)
    elif kind == "external":
        for _ in range(400):
            onset = int(rng.integers(0.1 * minutes, 0.9 * minutes))
            if all(s < onset - 60 or s > onset + 20 for s in starts):
                multiplier = log_uniform(rng, 1.8, 40)
                end = onset + int(rng.integers(240, 2880)) if rng.random() < 0.6 else minutes
                rise = 1 + (multiplier - 1) * shape(minutes, onset, int(rng.integers(1, 10)), min(end, minutes))
                truth.update(onset=onset, multiplier=round(multiplier, 3))
                break
        else:
            kind = truth["kind"] = "null"

    success, kinds = observe(rng, traffic * volume, base * shared * rise, added, pods)
    rows = lose_minutes(rng, minutes, pods)
    names = pod_names(rng, minutes, pods, starts)
    deploys = records(rng, seed, index, starts, lengths)
    truth["onset_ts"] = iso(truth["onset"]) if "onset" in truth else None
    return minutes, success, kinds, rows, names, deploys, truth


def observe(rng, traffic, rate, added, pods):
    """What each pod counts: successes, and failures of three kinds of which the last one is new."""
    share = rng.dirichlet(np.full(pods, 20.0))
    overdispersion = rng.uniform(0.03, 0.6)
    minutes = len(traffic)
    again = rng.uniform(0, 0.6)
    mix = rng.uniform(0.3, 0.9)
    success = np.zeros((pods, minutes), np.int64)
    kinds = {name: np.zeros((pods, minutes), np.int64) for name in ("timeout", "refused", "unexpected")}
    for pod in range(pods):
        own = np.exp(pulled_walk(rng, minutes, 0.1)) * bursts(rng, minutes, 0.1)
        requests = negative_binomial(rng, traffic * share[pod], 0.01)
        failing = np.clip(rate * own, 0, 0.9)
        errors = np.minimum(requests, negative_binomial(rng, requests * failing, overdispersion))
        # A part of the failures is tried again within three minutes, at twice the rate of failing.
        retries = np.zeros(minutes, np.int64)
        for delay in (1, 2, 3):
            retries[delay:] += rng.binomial(errors[:-delay], again / 3)
        errors = errors + rng.binomial(retries, np.clip(2 * failing, 0, 0.95))
        requests = requests + retries
        new = np.zeros(minutes, np.int64)
        if added[pod].any():
            new = np.minimum(requests - errors, negative_binomial(rng, requests * np.clip(added[pod], 0, 0.9), overdispersion))
        kinds["timeout"][pod] = rng.binomial(errors, mix)
        kinds["refused"][pod] = errors - kinds["timeout"][pod]
        kinds["unexpected"][pod] = new
        success[pod] = requests - errors - new
    return success, kinds


def lose_minutes(rng, minutes, pods):
    """Which pod-minutes have a row at all."""
    rows = np.ones((pods, minutes), bool)
    for _ in range(rng.poisson(0.7)):
        start, length = int(rng.integers(0, minutes)), int(log_uniform(rng, 5, 360))
        if rng.random() < 0.5 or pods == 1:
            rows[:, start:start + length] = False
        else:
            rows[int(rng.integers(0, pods)), start:start + length] = False
    if rng.random() < 0.25:
        rows &= rng.random((pods, minutes)) > rng.uniform(0.01, 0.05)
    return rows


def pod_names(rng, minutes, pods, starts):
    """For each pod a list of (first minute, name): fixed names, or names whose template hash some deploys change."""
    letters = list("bcdfghjklmnpqrstvwxz2456789")
    word = lambda size: "".join(rng.choice(letters, size))
    if rng.random() < 0.5:
        return [[(0, f"api-{pod}")] for pod in range(pods)]
    changes = [0] + [s for s in starts if rng.random() < 0.4]
    names = [[] for _ in range(pods)]
    for start in changes:
        template = word(9)
        for pod in range(pods):
            names[pod].append((min(minutes - 1, start + (pod if start else 0)), f"api-{template}-{word(5)}"))
    return names


def records(rng, seed, index, starts, lengths):
    """The deploys as recorded: by a clock that is off by minutes, some without an end."""
    skew = float(np.clip(rng.standard_t(2) * 1.5, -10, 10))
    ended = rng.random() > 0.2
    deploys = []
    for i, start in enumerate(starts):
        begun = max(0.0, start + skew + rng.uniform(-1, 1))
        deploys.append(dict(
            id=f"d{i:03d}", sha=hashlib.sha1(f"rough-{seed}-{index}-{i}".encode()).hexdigest(), started_at=iso(begun),
            finished_at=iso(begun + float(lengths[i])) if ended else None, service="api"))
    return deploys


def write_case(folder, case):
    minutes, success, kinds, rows, names, deploys, truth = case
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "events.csv"), "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["ts", "pod", "success", "error", "error_types"])
        at = [0] * len(names)
        for minute in range(minutes):
            stamp = iso(minute)
            for pod, own in enumerate(names):
                while at[pod] + 1 < len(own) and own[at[pod] + 1][0] <= minute:
                    at[pod] += 1
                counts = {kind: int(values[pod, minute]) for kind, values in kinds.items() if values[pod, minute]}
                good = int(success[pod, minute])
                if rows[pod, minute] and (good or counts):
                    text = ";".join(f"{kind}:{number}" for kind, number in counts.items())
                    writer.writerow([stamp, own[at[pod]][1], good, sum(counts.values()), text])
    with open(os.path.join(folder, "deploys.json"), "w") as file:
        json.dump(dict(window=[iso(0), iso(minutes)], deploys=deploys), file, indent=1)
    with open(os.path.join(folder, "truth.json"), "w") as file:
        json.dump(truth, file, indent=1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    parser.add_argument("--n", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", default="3-14")
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--deploys", type=int)
    options = parser.parse_args()
    days = tuple(map(int, options.days.split("-")))
    ids = [f"case-{index:04d}" for index in range(options.n)]
    for index, name in enumerate(ids):
        write_case(os.path.join(options.out, name), make_case(options.seed, index, days, options.kinds.split(","), options.deploys))
    with open(os.path.join(options.out, "cases.json"), "w") as file:
        json.dump(dict(seed=options.seed, n=options.n, days=days, kinds=options.kinds, deploys=options.deploys, ids=ids), file, indent=1)


if __name__ == "__main__":
    main()
