#!/usr/bin/env python3
"""Simulated incidents of raw events of another character, run through `blamedeploy explain` of the released binary and scored.

  other_generator.py --seed0 100 [--per-kind 5] [--kinds a,b] [--size 300|3000|20000|100000] [--jobs 2] [--out FILE] [--keep DIR]

Each case is written in one of three dialects: nested OpenTelemetry JSON, Elastic's common schema, or the names that
somebody made up. A cause makes a fifth to three fifths of its events fail; others fail at rates from 0.1 to 5 % of their own.
Events have arrays of tags, numbers that are text here and there, versions, flags, sizes, missing fields, ids, copies of
fields under other names, weights of a sampler in some cases, and ten to a hundred further fields that mean nothing.
Nothing is told to `explain` but when it began and, where no field has a name that says so, what failing is.

The first named cause is right when its events and those of a planted one, weights counted, overlap by nine tenths. A cause that
has fewer than 15 failures of its own, or fewer than twice those of its background, is drawn again.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import subprocess
import tempfile

import numpy

SAFE = list("bcdfghjklmnpqrstvwxz2456789")
MISSING = object()
KINDS = ["value", "flag", "tag", "workload", "replicaset", "stateful", "single_pod", "version", "missing", "mixed",
         "pair", "triple", "version_route", "size", "count", "text_number", "size_in_service", "two_causes",
         "quiet", "everywhere", "shift", "busy"]
SINGLE = {"value", "flag", "tag", "workload", "replicaset", "stateful", "single_pod", "version", "missing", "mixed"}
CONJUNCTION = {"pair", "triple", "version_route"}
NUMERIC = {"size", "count", "text_number", "size_in_service"}
QUIET = {"quiet", "everywhere", "shift", "busy"}
SIZES = [300, 3000, 20000, 20000, 100000]

# For each meaning the fields that carry it, in each dialect; nested where a dialect nests.
OTEL = dict(
    time="timestamp", pod="resource.attributes.k8s.pod.name", deployment="resource.attributes.k8s.deployment.name",
    service="resource.attributes.service.name", version="resource.attributes.service.version",
    node="resource.attributes.k8s.node.name", zone="resource.attributes.cloud.availability_zone",
    route="attributes.http.route", method="attributes.http.request.method", tenant="attributes.tenant.id",
    plan="attributes.tenant.plan", beta="attributes.feature_flag.beta", tags="attributes.tags",
    size="attributes.http.request.body.size", items="attributes.cart.items", build="attributes.client.build",
    device="attributes.device.model.name", shard="attributes.db.shard", status="attributes.http.response.status_code",
    duration="duration_ns", message="attributes.exception.message", kind="attributes.exception.type",
    level="severityText", retries="attributes.http.request.resend_count", out="attributes.http.response.body.size",
    trace="traceId", span="spanId", uid="resource.attributes.k8s.pod.uid", host="resource.attributes.host.name",
    sha="resource.attributes.deployment.commit", app="resource.attributes.k8s.labels.app", weight="sampleRate")
ELASTIC = dict(
    time="@timestamp", pod="kubernetes.pod.name", deployment="kubernetes.deployment.name", service="service.name",
    version="service.version", node="kubernetes.node.name", zone="cloud.availability_zone", route="url.path",
    method="http.request.method", tenant="organization.id", plan="labels.plan", beta="labels.beta", tags="tags",
    size="http.request.bytes", items="labels.items", build="user_agent.build", device="user_agent.device.name",
    shard="labels.shard", status="http.response.status_code", duration="event.duration", message="error.message",
    kind="error.type", level="log.level", retries="labels.retries", out="http.response.bytes", trace="trace.id",
    span="transaction.id", uid="kubernetes.pod.uid", host="host.hostname", sha="labels.git_sha",
    app="kubernetes.labels.app", weight="samplerate", outcome="event.outcome")
HOMEMADE = dict(
    time="ts", pod="inst", deployment="dpl", service="svc", version="rel", node="box", zone="dc", route="ep", method="verb",
    tenant="acct", plan="lvl_of_service", beta="beta_on", tags="marks", size="sz_in", items="n_items", build="cl_no",
    device="dev", shard="shd", status="resp_code", duration="took", message="err_text", kind="err_kind", level="lvl",
    retries="tries", out="sz_out", trace="tid", span="sid", uid="inst_uid", host="box_ip", sha="gsha", app="a",
    weight="samplerate", fine="fine")
DIALECTS = {"otel": OTEL, "elastic": ELASTIC, "homemade": HOMEMADE}


class World:
    """The events of one case as arrays, and what is planted in them."""

    def __init__(self, seed, kind, size):
        self.rng = rng = numpy.random.default_rng([seed, KINDS.index(kind)])
        self.kind = kind
        self.dialect = str(rng.choice(list(DIALECTS)))
        self.count = n = size or int(rng.choice(SIZES))
        self.before = float(rng.choice([1800, 7200, 43200]))
        self.after = float(rng.choice([600, 1800, 5400]))
        share = rng.uniform(.4, .6)
        self.start = 1_750_000_000 + int(rng.integers(0, 10**7))
        times = numpy.where(rng.random(n) < share, rng.uniform(0, self.before, n), self.before + rng.uniform(0, self.after, n))
        self.times = numpy.sort(times)
        self.is_after = self.times >= self.before
        self.columns = {}
        self.make_services()
        self.make_requests()
        self.make_nuisance()

    def text(self, length, alphabet="0123456789abcdef"):
        return "".join(self.rng.choice(list(alphabet), length))

    def pick(self, values, spread=1.0):
        values = numpy.array(values, dtype=object)
        return values[self.rng.choice(len(values), self.count, p=self.rng.dirichlet(numpy.full(len(values), 3.0 / spread)))]

    def make_services(self):
        rng, n = self.rng, self.count
        names = list(rng.permutation(["orders", "ledger", "mail-relay", "edge", "profiles", "geo-index", "thumbs", "invoicer", "sync"]))
        names = names[: int(rng.integers(3, 8))]
        service = rng.choice(len(names), n, p=rng.dirichlet(numpy.full(len(names), 4.0)))
        nodes = [f"worker-{self.text(6)}" for _ in range(int(rng.integers(4, 16)))]
        zones = ["eu-1a", "eu-1b", "eu-1c"]
        pod, version, node, is_new = (numpy.empty(n, object) for _ in range(4))
        self.stateful = set(names[:2]) if self.kind == "stateful" or rng.random() < .4 else set()
        self.new_version, self.new_prefix = None, None
        self.culprit = names[0]
        rolls = {names[0]: self.before} if self.kind in {"replicaset", "version", "version_route"} else {}
        if self.kind in {"replicaset", "version", "version_route"}:
            self.stateful.discard(names[0])
        for other in names[1:]:
            if rng.random() < .4:
                rolls[other] = float(rng.uniform(.1, 1) * self.before)
        major = int(rng.integers(1, 9))
        for i, name in enumerate(names):
            rows = numpy.flatnonzero(service == i)
            replicas = int(rng.choice([3, 5, 10, 24]))
            if n < 1000:
                replicas = int(rng.choice([2, 3, 4]))
            generations = 2 if name in rolls else 1
            minor = int(rng.integers(0, 30))
            for g in range(generations):
                own = rows if generations == 1 else rows[(self.times[rows] >= rolls[name]) == (g == 1)]
                label = f"{major}.{minor + g}.{int(rng.integers(0, 9))}"
                if name in self.stateful:
                    pods = [f"{name}-{k}" for k in range(replicas)]
                else:
                    base = f"{name}-{self.text(int(rng.choice([9, 10])), SAFE)}"
                    pods = [f"{base}-{self.text(5, SAFE)}" for _ in range(replicas)]
                    if name == self.culprit and g == 1:
                        self.new_version, self.new_prefix = label, base + "-"
                where = rng.integers(0, len(nodes), replicas)
                which = rng.integers(0, replicas, len(own))
                pod[own] = numpy.array(pods, dtype=object)[which]
                version[own] = label
                node[own] = numpy.array(nodes, dtype=object)[where[which]]
        self.columns.update(pod=pod, version=version, node=node, service=numpy.array(names, dtype=object)[service])
        zone_of = {x: zones[k % 3] for k, x in enumerate(nodes)}
        self.columns["zone"] = numpy.array([zone_of[x] for x in node], dtype=object)
        self.columns["deployment"] = self.columns["service"]

    def make_requests(self):
        rng, n, c = self.rng, self.count, self.columns
        routes = {s: [f"/{s[:4]}/{w}" for w in rng.permutation(["list", "{id}", "new", "bulk", "find", "stat", "drop"])[: int(rng.integers(2, 6))]]
                  for s in sorted(set(c["service"]))}
        route = numpy.empty(n, object)
        for s, own in routes.items():
            rows = numpy.flatnonzero(c["service"] == s)
            route[rows] = numpy.array(own, dtype=object)[rng.choice(len(own), len(rows), p=rng.dirichlet(numpy.full(len(own), 2.0)))]
        c["route"] = route
        c["method"] = self.pick(["GET", "POST", "DELETE"])
        tenants = int(rng.choice([40, 400, 3000]))
        weight = 1 / numpy.arange(1, tenants + 1) ** rng.uniform(.8, 1.2)
        tenant = rng.choice(tenants, n, p=weight / weight.sum())
        ids = numpy.array([f"t-{self.text(8)}" for _ in range(tenants)], dtype=object)
        c["tenant"] = ids[tenant]
        plans = numpy.array(rng.choice(["trial", "basic", "plus", "corp"], tenants), dtype=object)
        c["plan"] = plans[tenant]
        c["beta"] = rng.random(n) < rng.uniform(.08, .5)
        labels = list(rng.permutation(["canary", "eu", "us", "batch", "mobile", "internal", "retryable", "cold"]))[: int(rng.integers(4, 9))]
        chance = rng.uniform(.04, .35, len(labels))
        self.labels, self.has = labels, rng.random((n, len(labels))) < chance
        c["size"] = numpy.round(numpy.exp(rng.normal(rng.uniform(4, 9), rng.uniform(.6, 2), n))).astype(int)
        c["items"] = rng.geometric(rng.uniform(.05, .3), n) - 1
        c["build"] = rng.normal(520, rng.uniform(20, 120), n).astype(int)
        c["device"] = self.pick(["Pixel 8", "iPhone15,2", "SM-G991B", "Mac14,7", "other"])
        c["shard"] = rng.integers(0, int(rng.choice([8, 32])), n)
        # Some fields are not always there.
        self.absent = {}
        for name, share in [("plan", rng.choice([0, .05, .12])), ("device", rng.choice([0, .3])), ("items", rng.choice([0, .5])),
                            ("tenant", rng.choice([0, .06]))]:
            if share or self.kind == "missing" and name == "plan":
                self.absent[name] = rng.random(n) < max(share, .05 if name == "plan" else 0)

    def make_nuisance(self):
        """Fields that mean nothing, of all types."""
        rng, n = self.rng, self.count
        self.nuisance = {}
        for k in range(int(rng.choice([0, 10, 40, 90]))):
            shape = rng.choice(["label", "flag", "number", "whole", "text", "part", "tags"])
            if shape == "label":
                values = [f"{self.text(3, 'abcdefgh')}" for _ in range(int(rng.choice([2, 5, 40])))]
                column = list(self.pick(values))
            elif shape == "flag":
                column = [bool(x) for x in rng.random(n) < rng.uniform(.02, .98)]
            elif shape == "number":
                column = [float(x) for x in numpy.round(rng.gamma(2, rng.uniform(.1, 50), n), 3)]
            elif shape == "whole":
                column = [int(x) for x in rng.poisson(rng.uniform(1, 60), n)]
            elif shape == "text":
                column = [str(int(x)) for x in rng.integers(0, int(rng.choice([20, 3000])), n)]
            elif shape == "part":
                column = [x if y else MISSING for x, y in zip(self.pick(["p", "q", "r"]), rng.random(n) < rng.uniform(.1, .9))]
            else:
                own = [self.text(4, "mnopqrst") for _ in range(4)]
                column = [[own[j] for j in numpy.flatnonzero(x)] for x in rng.random((n, 4)) < .3]
            self.nuisance[f"x{k}"] = column

    # Slices

    def equal(self, name, value):
        rows = self.columns[name] == value
        return rows & ~self.absent[name] if name in self.absent else rows

    def value_of(self, name, low, high, rows=None):
        chosen = self.is_after if rows is None else self.is_after & rows
        values = collections.Counter(self.columns[name][chosen].tolist())
        total = max(1, int(chosen.sum()))
        fitting = sorted((v for v, k in values.items() if low <= k / total <= high), key=str) or [values.most_common(1)[0][0]]
        value = fitting[int(self.rng.integers(0, len(fitting)))]
        return f"{name} = {value}", self.equal(name, value)

    def both(self, *parts):
        rows = numpy.ones(self.count, bool)
        for _, own in parts:
            rows &= own
        return " and ".join(text for text, _ in parts), rows

    def above(self, name, low, high):
        column = self.columns[name]
        cut = int(numpy.quantile(column, self.rng.uniform(low, high)))
        if self.rng.random() < .3:
            cut = int(numpy.quantile(column, 1 - self.rng.uniform(low, high)))
            text, rows = f"{name} <= {cut}", column <= cut
        else:
            text, rows = f"{name} > {cut}", column > cut
        return text, rows & ~self.absent[name] if name in self.absent else rows

    def slices(self):
        rng, kind = self.rng, self.kind
        if kind == "value":
            return [self.value_of(str(rng.choice(["route", "tenant", "node", "zone", "device", "plan"])), .03, .4)]
        if kind == "flag":
            return [("beta", self.columns["beta"])]
        if kind == "tag":
            j = int(rng.integers(0, len(self.labels)))
            return [(f"tags has {self.labels[j]}", self.has[:, j])]
        if kind == "workload":
            return [self.value_of("service", .05, .5)]
        if kind == "stateful":
            name = sorted(self.stateful)[int(rng.integers(0, 2))]
            return [(f"service = {name}", self.columns["service"] == name)]
        if kind == "single_pod":
            return [self.value_of("pod", .01, .2)]
        if kind == "replicaset":
            starts = numpy.array([x.startswith(self.new_prefix) for x in self.columns["pod"]])
            return [(f"pod begins with {self.new_prefix}", starts)]
        if kind == "version":
            return [self.both(("new version", self.columns["version"] == self.new_version), ("of it", self.columns["service"] == self.culprit))]
        if kind == "version_route":
            new = (f"version {self.new_version}", (self.columns["version"] == self.new_version) & (self.columns["service"] == self.culprit))
            return [self.both(new, self.value_of("route", .1, .7, new[1]))]
        if kind == "missing":
            return [("plan is missing", self.absent["plan"])]
        if kind == "mixed":
            return [self.value_of("shard", .02, .3)]
        if kind == "pair":
            options = [("route", "plan"), ("zone", "service"), ("device", "method"), ("route", "beta"), ("plan", "device")]
            a, b = options[int(rng.integers(0, len(options)))]
            return [self.both(self.value_of(a, .1, .5), ("beta", self.columns["beta"]) if b == "beta" else self.value_of(b, .1, .5))]
        if kind == "triple":
            return [self.both(self.value_of("service", .15, .6), self.value_of("zone", .2, .6), self.value_of("plan", .15, .6))]
        if kind == "size":
            return [self.above("size", .75, .97)]
        if kind == "count":
            return [self.above("items", .7, .95)]
        if kind == "text_number":
            return [self.above("build", .75, .95)]
        if kind == "size_in_service":
            return [self.both(self.above("size", .6, .9), self.value_of("service", .15, .6))]
        if kind == "two_causes":
            return [self.value_of("node", .04, .3), self.value_of("route", .04, .3)]
        return []

    def plant(self):
        rng, n, c = self.rng, self.count, self.columns
        rate = float(numpy.exp(rng.uniform(numpy.log(.001), numpy.log(.05))))
        keys = numpy.array([a + b for a, b in zip(c["service"], c["route"])])
        distinct, inverse = numpy.unique(keys, return_inverse=True)
        # How the routes differ is different from case to case; the mean stays below a tenth.
        rates = numpy.minimum(rate * rng.gamma(*((1, 1) if rng.random() < .5 else (8, 1 / 8)), len(distinct)), .2)
        base = rates[inverse]
        for _ in range(60):
            chances = base.copy()
            planted = []
            good = True
            for text, rows in self.slices():
                strength = float(rng.uniform(.2, .6))
                own = rows & self.is_after
                good = good and strength * own.sum() >= 15 and strength * own.sum() >= 2 * base[own].sum() and own.sum() < .7 * self.is_after.sum()
                # Causes that overlap may not hide one another.
                good = good and all((own & x[1]).sum() < .3 * own.sum() for x in planted)
                chances = numpy.where(own, 1 - (1 - chances) * (1 - strength), chances)
                planted.append((text, own, strength))
            if good:
                break
        else:
            return None
        if self.kind == "everywhere":
            chances = numpy.where(self.is_after, chances + rng.uniform(.02, .1), chances)
        self.planted = planted
        self.failed = rng.random(n) < chances
        if self.kind == "shift":
            # The route that always fails most gets more of the traffic.
            worst = inverse == int(numpy.argmax(rates))
            kept = ~self.is_after | worst | (rng.random(n) < .35)
            self.keep(kept)
        elif self.kind == "busy":
            self.keep(self.is_after | (rng.random(n) < .4))
        self.weights = numpy.ones(self.count)
        self.sampled = rng.random() < .2 and self.count >= 3000
        if self.sampled:
            # Failures are kept, of the others one in so many.
            every = int(rng.choice([2, 5]))
            self.keep(self.failed | (rng.random(self.count) < 1 / every))
            self.weights = numpy.where(self.failed, 1, every)
        return self

    def keep(self, rows):
        self.count = int(rows.sum())
        self.times, self.is_after, self.failed, self.has = self.times[rows], self.is_after[rows], self.failed[rows], self.has[rows]
        self.columns = {k: v[rows] for k, v in self.columns.items()}
        self.absent = {k: v[rows] for k, v in self.absent.items()}
        self.nuisance = {k: [x for x, y in zip(v, rows) if y] for k, v in self.nuisance.items()}
        self.planted = [(t, own[rows], s) for t, own, s in self.planted]

    # Writing

    def emitted(self):
        """The fields as they are written: for each path a list of values."""
        rng, n, c, failed = self.rng, self.count, self.columns, self.failed
        names = DIALECTS[self.dialect]
        out = {}

        def put(meaning, values):
            if meaning in names:
                out[names[meaning]] = values

        if self.dialect == "homemade":
            put("time", [round(self.start + float(t), 3) for t in self.times])
        else:
            stamps = ((self.start + self.times) * 1000).astype("int64").astype("datetime64[ms]")
            put("time", [str(x) + "Z" for x in stamps])
        only_pods = self.kind in {"workload", "replicaset", "stateful"} and rng.random() < .5
        for meaning in ["pod", "node", "zone", "service", "deployment", "version", "route", "method", "device", "plan", "tenant"]:
            if only_pods and meaning in {"service", "deployment", "version"} or meaning == "deployment" and rng.random() < .4:
                continue
            values = list(c[meaning])
            if meaning in self.absent:
                values = [MISSING if gone else v for v, gone in zip(values, self.absent[meaning])]
            put(meaning, values)
        put("beta", [bool(x) for x in c["beta"]])
        put("tags", [[self.labels[j] for j in numpy.flatnonzero(x)] for x in self.has])
        put("size", [int(x) for x in c["size"]])
        gone = self.absent.get("items", numpy.zeros(n, bool))
        put("items", [MISSING if g else int(x) for x, g in zip(c["items"], gone)])
        put("build", [str(x) for x in c["build"]])
        # The same number is text where another client wrote it.
        put("shard", [str(x) if y else int(x) for x, y in zip(c["shard"], rng.random(n) < .4)])
        copies = {p: self.text(12) for p in sorted(set(c["pod"]))}
        put("uid", [copies[p] for p in c["pod"]])
        copies = {p: f"10.0.{rng.integers(256)}.{rng.integers(256)}" for p in sorted(set(c["node"]))}
        put("host", [copies[p] for p in c["node"]])
        if not only_pods:
            copies = {}
            put("sha", [copies.setdefault((v, s), self.text(10)) for v, s in zip(c["version"], c["service"])])
            put("app", list(c["service"]))
        put("trace", [self.hexes(i, 32) for i in self.ids(n)])
        put("span", [self.hexes(i, 16) for i in self.ids(n)])
        # What a failure leaves behind.
        code = int(rng.choice([500, 502, 503]))
        put("status", [code if f else int(x) for f, x in zip(failed, rng.choice([200, 201, 404], n, p=[.9, .07, .03]))])
        took = numpy.exp(rng.normal(3.5, .8, n))
        slow = rng.choice([.1, 1, 30])
        took = numpy.where(failed, took * slow, took)
        scale = 1e6 if self.dialect != "homemade" else 1
        put("duration", [int(x * scale) if scale > 1 else round(float(x), 2) for x in took])
        cause = str(rng.choice(["connection reset by peer", "deadline exceeded", "no such column", "permission denied"]))
        put("message", [f"{cause}: request {int(x)}" if f else MISSING for f, x in zip(failed, rng.integers(0, 10**6, n))])
        put("kind", [cause.split()[0].title() + "Error" if f and x else MISSING for f, x in zip(failed, rng.random(n) < .9)])
        put("level", ["ERROR" if f else ("WARN" if x < .03 else "INFO") for f, x in zip(failed, rng.random(n))])
        put("retries", [int(x) + (2 if f else 0) for f, x in zip(failed, rng.poisson(.1, n))])
        put("out", [int(x / 20) if f else int(x) for f, x in zip(failed, numpy.exp(rng.normal(8, 1, n)))])
        put("outcome", ["failure" if f else "success" for f in failed])
        put("fine", [not bool(f) for f in failed])
        if self.sampled:
            put("weight", [int(x) for x in self.weights])
        prefix = {"otel": "attributes.", "elastic": "labels.", "homemade": ""}[self.dialect]
        out.update({prefix + k: v for k, v in self.nuisance.items()})
        return out

    def ids(self, n):
        return self.rng.integers(0, 2**63, n)

    def hexes(self, number, width):
        return f"{int(number) * 0x9E3779B97F4A7C15 % (1 << (4 * width)):0{width}x}"


def nested(path, value, into, is_flat):
    """OpenTelemetry keeps dots in the keys of attributes; Elastic nests at each dot."""
    if is_flat:
        for head in ["resource.attributes.", "attributes."]:
            if path.startswith(head):
                for part in head.strip(".").split("."):
                    into = into.setdefault(part, {})
                into[path[len(head):]] = value
                return
        into[path] = value
        return
    parts = path.split(".")
    for part in parts[:-1]:
        into = into.setdefault(part, {})
    into[parts[-1]] = value


def write(world, path):
    fields = world.emitted()
    is_flat = world.dialect == "otel"
    names = list(fields)
    order = world.rng.permutation(world.count)
    with open(path, "w") as file:
        for i in order:
            record = {}
            for name in names:
                value = fields[name][i]
                if value is not MISSING:
                    nested(name, value, record, is_flat)
            file.write(json.dumps(record) + "\n")
    return fields


def number(value):
    try:
        return float(value) if not isinstance(value, (bool, list)) else float("nan")
    except ValueError:
        return float("nan")


def same(a, b):
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    # A number and the text of it are the same value to a person.
    return str(a) == str(b) or isinstance(a, (int, float)) and isinstance(b, (int, float)) and a == b


def rows_of(cause, fields, count):
    rows = numpy.ones(count, bool)
    for p in cause["predicates"]:
        column, op, value = fields[p["field"]], p["op"], p["value"]
        test = {
            "==": lambda v: v is not MISSING and same(v, value),
            "in": lambda v: v is not MISSING and any(same(v, x) for x in value),
            ">": lambda v: v is not MISSING and number(v) > value,
            "<=": lambda v: v is not MISSING and number(v) <= value,
            "is_null": lambda v: v is MISSING or v == [],
            "prefix": lambda v: isinstance(v, str) and v.startswith(value),
            "contains": lambda v: isinstance(v, list) and value in v,
        }[op]
        rows &= numpy.fromiter((test(v) for v in column), bool, count)
    return rows


def run_case(job):
    options, kind, seed = job
    world = World(seed, kind, options.size).plant()
    if world is None:
        return None
    with tempfile.TemporaryDirectory(dir=options.keep) as folder:
        path = os.path.join(options.keep or folder, f"{kind}-{seed}.ndjson")
        fields = write(world, path)
        begin = int((world.start + world.before) * 1000)
        after = str(numpy.datetime64(begin, "ms")) + "Z"
        command = [options.binary, "explain", path, "--after", after, "--format", "json"]
        if world.dialect == "homemade":
            command += ["--error", "fine == false"]
        elif world.dialect == "otel" and seed % 2:
            command += ["--error", "attributes.http.response.status_code >= 500"]
        run = subprocess.run(command, capture_output=True, text=True)
    result = dict(kind=kind, seed=seed, dialect=world.dialect, events=world.count, sampled=bool(world.sampled), fields=len(fields),
                  command=" ".join(command), truth=[f"{t} {s:.2f}" for t, _, s in world.planted])
    if not run.stdout:
        return dict(result, failed=run.stderr.strip().splitlines()[-3:], right=False, spoke=False, overlaps=[], named=[], pods=0, symptom=False, repeats=0)
    answer = json.loads(run.stdout)
    overlaps, sets = [], []
    for cause in answer["causes"]:
        rows = rows_of(cause, fields, world.count) & world.is_after
        sets.append(rows)
        overlaps.append([float(world.weights[rows & own].sum() / max(1, world.weights[rows | own].sum())) for _, own, _ in world.planted])
    symptoms = {DIALECTS[world.dialect].get(m) for m in ["status", "duration", "message", "kind", "level", "retries", "out", "outcome", "fine"]}
    named = [[f"{p['field']} {p['op']} {p['value']}" for p in c["predicates"]] for c in answer["causes"]]
    pod_field = DIALECTS[world.dialect]["pod"]
    pods = sum(any(p["field"] == pod_field and p["op"] == "==" for p in c["predicates"]) for c in answer["causes"])
    repeats = sum((sets[i] & sets[j]).sum() >= .9 * max(1, (sets[i] | sets[j]).sum()) for i in range(len(sets)) for j in range(i))
    return dict(
        result, right=bool(overlaps) and max(overlaps[0], default=0) >= .9, spoke=bool(answer["causes"]), overlaps=overlaps, named=named,
        every=bool(overlaps) and all(max(o[k] for o in overlaps) >= .9 for k in range(len(world.planted))),
        failures=[int((own & world.failed).sum()) for _, own, _ in world.planted], outcome=answer["outcome"],
        symptom=bool(answer["causes"]) and any(p["field"] in symptoms for p in answer["causes"][0]["predicates"]),
        pods=pods if kind != "single_pod" else 0, repeats=int(repeats))


def share(rows, key="right"):
    part = sum(bool(r.get(key)) for r in rows)
    return f"{part}/{len(rows)} {part / max(1, len(rows)):.3f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=".build/release/blamedeploy")
    parser.add_argument("--seed0", type=int, required=True)
    parser.add_argument("--per-kind", type=int, default=5)
    parser.add_argument("--kinds")
    parser.add_argument("--size", type=int, help="events of every case; by default some of each size")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", help="add a line of JSON for each case to this file as it is done")
    parser.add_argument("--keep", help="keep the events of every case here")
    options = parser.parse_args()
    kinds = options.kinds.split(",") if options.kinds else KINDS
    jobs = [(options, kind, options.seed0 + r) for r in range(options.per_kind) for kind in kinds]
    with concurrent.futures.ProcessPoolExecutor(options.jobs) as pool:
        rows = []
        for row in pool.map(run_case, jobs):
            rows.append(row)
            if options.out and row:
                with open(options.out, "a") as file:
                    file.write(json.dumps(row) + "\n")
    none = sum(r is None for r in rows)
    rows = [r for r in rows if r is not None]
    caused, quiet = ([r for r in rows if (r["kind"] in QUIET) == is_quiet] for is_quiet in [False, True])
    for kind in kinds:
        own = [r for r in rows if r["kind"] == kind]
        print(f"{kind:16s} " + (f"spoke {share(own, 'spoke')}" if kind in QUIET else f"right {share(own)}"))
    for name, group in [("single", SINGLE), ("conjunction", CONJUNCTION), ("numeric", NUMERIC), ("two causes", {"two_causes"})]:
        print(f"{name:12s} right {share([r for r in caused if r['kind'] in group])}")
    for dialect in DIALECTS:
        print(f"{dialect:12s} right {share([r for r in caused if r['dialect'] == dialect])}")
    for low, high in [(0, 1000), (1000, 10000), (10000, 40000), (40000, 10**9)]:
        print(f"{low:6d} events and more: right {share([r for r in caused if low <= r['events'] < high])}")
    print(f"sampled: right {share([r for r in caused if r['sampled']])}")
    print(f"right {share(caused)}; all causes {share(caused, 'every')}; symptom first {share(caused, 'symptom')}; "
          f"single pods named for other causes {sum(r['pods'] for r in caused)}; repeats {sum(r['repeats'] for r in caused)}")
    print(f"spoke on quiet cases {share(quiet, 'spoke')}; cases that no draw made {none}")
    for r in rows:
        if r["spoke"] if r["kind"] in QUIET else not r["right"]:
            overlap = max((max(o, default=0) for o in r["overlaps"][:1]), default=0)
            print(f"  {r['kind']} {r['seed']} {r['dialect']} {r['events']} events {r['fields']} fields{' sampled' if r['sampled'] else ''} "
                  f"failures {r.get('failures')} overlap {overlap:.2f} {r.get('outcome', r.get('failed'))}: named {r['named'][:1]} truth {r['truth']}")


if __name__ == "__main__":
    main()
