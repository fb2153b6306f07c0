#!/usr/bin/env python3
"""How long a megabyte of changed configuration takes, and whether ten times the lines take much more than ten times as long.

    Tests/Benchmarks/large_changes.py [BINARY [SHAPE…]]

Each shape is a repository of two commits of about a megabyte. Of a file 5,000 changes are judged, so that the growth is taken from two smaller ones: of 4,500
entries at most, and of a tenth of them. The figures are medians of three runs of `diff --format json`.
"""
import pathlib
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
noise = random.Random(5)


def words(count, prefix=""):
    return [prefix + "".join(noise.choices("abcdefghijklmnopqrstuvwxyz", k=9)) for _ in range(count)]


NAMES, OTHERS = words(40_000, "KEY_"), words(40_000, "KEX_")
VALUES, NEW = words(40_000), words(40_000)


def config_map(names, values, kind="ConfigMap", name="app", field="data"):
    return f"apiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}}}\n{field}:\n" + "".join(f"  {n}: {v}\n" for n, v in zip(names, values))


def workload(name, env="", labels="", extra="", tag="1.0", containers=None):
    containers = containers or f"      - name: main\n        image: shop/{name}:{tag}\n{env}{extra}"
    return (f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  template:\n    metadata:\n      labels: {{app: {name}{labels}}}\n"
            f"    spec:\n      containers:\n{containers}")


def env(pairs):
    return "        env:\n" + "".join(f"        - {{name: {n}, value: {v}}}\n" for n, v in pairs)


def secret_env(pairs):
    return "        env:\n" + "".join(f"        - {{name: {n}, valueFrom: {{secretKeyRef: {{name: s, key: {k}}}}}}}\n" for n, k in pairs)


def documents(parts):
    return "---\n".join(parts)


def service(index, selector):
    return f"apiVersion: v1\nkind: Service\nmetadata: {{name: s{index}}}\nspec:\n  selector: {{app: {selector}}}\n  ports: [{{port: 80, targetPort: 8080}}]\n"


# What a shape is: its files before and after, by how many entries it has; and how many make a megabyte.
SHAPES = {
    "ConfigMap, all keys renamed": (34_000, lambda n: ({"a.yaml": config_map(NAMES[:n], VALUES)}, {"a.yaml": config_map(OTHERS[:n], VALUES)})),
    "ConfigMap, all values": (34_000, lambda n: ({"a.yaml": config_map(NAMES[:n], VALUES)}, {"a.yaml": config_map(NAMES[:n], NEW)})),
    "ConfigMap, new": (34_000, lambda n: ({}, {"a.yaml": config_map(NAMES[:n], VALUES)})),
    "Secret, all values": (34_000, lambda n: ({"a.yaml": config_map(NAMES[:n], VALUES, "Secret", field="stringData")},
                                             {"a.yaml": config_map(NAMES[:n], NEW, "Secret", field="stringData")})),
    "one Deployment's variables": (20_000, lambda n: ({"a.yaml": workload("api", env(zip(NAMES[:n], VALUES)))}, {"a.yaml": workload("api", env(zip(NAMES[:n], NEW)))})),
    "one Deployment's secrets": (11_000, lambda n: ({"a.yaml": workload("api", secret_env(zip(NAMES[:n], VALUES)))},
                                                    {"a.yaml": workload("api", secret_env(zip(NAMES[:n], NEW)))})),
    "many Deployments": (4_400, lambda n: ({"a.yaml": documents(workload(f"w{i}", env([("POOL", i)])) for i in range(n))},
                                         {"a.yaml": documents(workload(f"w{i}", env([("POOL", i + 1)]), tag="1.1") for i in range(n))})),
    "Deployments and Services": (2_900, lambda n: (
        {"a.yaml": documents([workload(f"w{i}", extra="        ports: [{containerPort: 8080}]\n") for i in range(n)] + [service(i, f"w{i}") for i in range(n)])},
        {"a.yaml": documents([workload(f"w{i}", extra="        ports: [{containerPort: 9090}]\n") for i in range(n)] + [service(i, f"w{i}") for i in range(n)])})),
    "ConfigMaps and who reads them": (3_000, lambda n: (
        {"a.yaml": documents([config_map(["k"], ["1"], name=f"c{i}") for i in range(n)]
                             + [workload(f"w{i}", extra=f"        envFrom: [{{configMapRef: {{name: c{i}}}}}]\n") for i in range(n)])},
        {"a.yaml": documents([config_map(["k"], ["2"], name=f"c{i}") for i in range(n)]
                             + [workload(f"w{i}", extra=f"        envFrom: [{{configMapRef: {{name: c{i}}}}}]\n") for i in range(n)])})),
    "containers of one pod": (14_000, lambda n: tuple(
        {"a.yaml": workload("api", containers="".join(f"      - {{name: c{i}, image: shop/c{i}:{tag}}}\n" for i in range(n)))} for tag in ("1.0", "1.1"))),
    "volumes of one pod": (9_000, lambda n: tuple(
        {"a.yaml": workload("api", extra="        volumeMounts:\n" + "".join(f"        - {{name: v{i}, mountPath: /{p}/{i}}}\n" for i in range(n))
                            + "      volumes:\n" + "".join(f"      - {{name: v{i}, configMap: {{name: c{i}}}}}\n" for i in range(n)))} for p in "ab")),
    "labels of one pod": (30_000, lambda n: tuple(
        {"a.yaml": workload("api").replace("{app: api}", "\n" + "".join(f"        {k}: {v}\n" for k, v in zip(NAMES[:n], values)))} for values in (VALUES, NEW))),
    "objects without a kind": (60_000, lambda n: tuple({"a.yaml": documents(f"k{i}: {v}\n" for i in range(n))} for v in (1, 2))),
    "every key twice": (30_000, lambda n: ({"a.yaml": "".join(f"{k}: {v}\n" for k, v in zip(NAMES[:n // 2], VALUES))},
                                          {"a.yaml": "".join(f"{k}: {v}\n" for k, v in zip(NAMES[:n // 2] * 2, NEW))})),
    "a kustomization's resources": (1_500, lambda n: tuple(
        {"kustomization.yaml": "resources:\n" + "".join(f"- r{i}.yaml\n" for i in range(n)), **{f"r{i}.yaml": workload(f"w{i}", env([("A", v)])) for i in range(n)}}
        for v in (1, 2))),
    "a chart's values": (26_000, lambda n: tuple(
        {"c/Chart.yaml": "name: c\nversion: 1.0.0\n", "c/values.yaml": "".join(f"{k}: {{value: {v}}}\n" for k, v in zip(NAMES[:n], values)),
         "c/templates/d.yaml": workload("x", "        env:\n" + "".join(f"        - name: V{i}\n          value: {{{{ .Values.{k}.value }}}}\n" for i, k in enumerate(NAMES[:n // 10])))}
        for values in (VALUES, NEW))),
    "statements of a template": (20_000, lambda n: tuple(
        {"c/Chart.yaml": "name: c\nversion: 1.0.0\n", "c/templates/d.yaml": "".join(f"{{{{- $v{i} := .Values.{k} }}}}\nf{i}: {{{{ $v{i} }}}}\n" for i, k in enumerate(names[:n]))}
        for names in (NAMES, OTHERS))),
    "compose": (9_000, lambda n: tuple(
        {"docker-compose.yml": "services:\n" + "".join(f"  s{i}:\n    image: shop/s{i}:{v}\n    environment:\n      - A=${{A{i}}}\n      - B={v}\n" for i in range(n))} for v in (1, 2))),
    ".env, all names": (40_000, lambda n: tuple({"a.env": "".join(f"{k}={v}\n" for k, v in zip(names[:n], VALUES))} for names in (NAMES, OTHERS))),
    "JSON on one line": (34_000, lambda n: tuple({"a.json": "{" + ",".join(f'"{k}":"{v}"' for k, v in zip(NAMES[:n], values)) + "}"} for values in (VALUES, NEW))),
    "TOML": (34_000, lambda n: tuple({"a.toml": "".join(f'{k} = "{v}"\n' for k, v in zip(NAMES[:n], values))} for values in (VALUES, NEW))),
    "Terraform": (22_000, lambda n: tuple({"a.tf": "".join(f'resource "x" "{k}" {{\n a = "{v}"\n}}\n' for k, v in zip(NAMES[:n], values))} for values in (VALUES, NEW))),
    "files of a folder": (2_000, lambda n: tuple({f"d/f{i}.yaml": "".join(f"{k}: {v}{i}\n" for k, v in zip(NAMES[:16], values)) for i in range(n)} for values in (VALUES, NEW))),
}


def repository(folder, versions):
    def git(*words):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *words], cwd=folder, check=True, capture_output=True)

    folder.mkdir()
    git("init", "-q")
    known = set()
    for number, files in enumerate(versions):
        (folder / "VERSION").write_text(str(number))
        for path in known - files.keys():
            (folder / path).unlink()
        known = set(files)
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        git("add", "-A")
        git("commit", "-qm", f"Version {number}")
    return sum(len(text) for text in versions[-1].values())


def timed(program, folder):
    walls, processor = [], []
    for _ in range(3):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        done = subprocess.run([program, "diff", "HEAD~1..HEAD", "--repo", folder, "--format", "json"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=300)
        walls.append(time.monotonic() - start)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        processor.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        if done.returncode not in (0, 1):
            sys.exit(f"{folder.name} ends with {done.returncode}: {done.stderr}")
    return statistics.median(walls), statistics.median(processor)


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / ".build/release/blamedeploy")
    print(f"{'shape':32} {'MB':>5} {'wall s':>7} {'cpu s':>7}   {'entries':>7} {'cpu s':>7} {'of a tenth':>10} {'times':>6}")
    with tempfile.TemporaryDirectory() as work:
        for number, (name, (count, versions)) in enumerate(SHAPES.items()):
            if sys.argv[2:] and name not in sys.argv[2:]:
                continue
            entries = min(count, 4_500)
            folders = [pathlib.Path(work) / f"{number}-{size}" for size in (count, "some", "few")]
            size = repository(folders[0], versions(count))
            repository(folders[1], versions(entries))
            repository(folders[2], versions(entries // 10))
            (wall, whole), (_, some), (_, few) = (timed(program, folder) for folder in folders)
            print(f"{name:32} {size / 1e6:5.2f} {wall:7.2f} {whole:7.2f}   {entries:7} {some:7.2f} {few:10.3f} {some / few:6.1f}", flush=True)


main()
