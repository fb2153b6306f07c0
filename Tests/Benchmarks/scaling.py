#!/usr/bin/env python3
"""Times `blamedeploy diff` on changed files of one shape, small and ten times as long: the time may grow fifteenfold.

  scaling.py [--binary .build/release/blamedeploy] [--lines 3000] [--shapes flat.yaml,a.json]

Every shape changes all of its lines, the worst case. Prints both times and their ratio, and ends with 1 when a ratio is
above 15. Needs Python 3.10 and git.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import time


def deployments(lines, changed):
    return "---\n".join(
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app{i}\nspec:\n  replicas: {2 + (changed and i % 3 == 0)}\n"
        f"  selector:\n    matchLabels: {{app: app{i}}}\n  template:\n    metadata:\n      labels: {{app: app{i}}}\n    spec:\n"
        f"      containers:\n        - name: main\n          image: shop/app{i}:1.{changed}\n          env:\n"
        f"            - name: A{i}\n              value: \"{i + changed}\"\n"
        for i in range(lines // 18))


def repeated(head, line, per=1):
    return lambda lines, changed: head + "".join(line(i, changed) for i in range(lines // per))


SHAPES = {
    "deployments.yaml": deployments,
    "flat.yaml": repeated("", lambda i, c: f"key{i}: {i + c}\n"),
    "doubled.yaml": lambda lines, c: "a:\n" + "".join(f"  key: {i}\n" for i in range(lines if c else 1)),
    "list.yaml": repeated("items:\n", lambda i, c: f"- {'ab'[c]}{i}\n"),
    "named.yaml": repeated("items:\n", lambda i, c: f"- name: n{i}\n  value: {i + c}\n", 2),
    "same-name.yaml": repeated("items:\n", lambda i, c: f"- name: n\n  value: {i + c}\n", 2),
    "configmap.yaml": repeated("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n", lambda i, c: f"  KEY_{'AB'[c]}{i}: \"{i}\"\n"),
    "embedded.yaml": repeated("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  app.yaml: |\n", lambda i, c: f"    key{i}: {i + c}\n"),
    "broken.yaml": lambda lines, c: "".join(f"key{i}: {i}\n" for i in range(lines)) + ("  bad: [\n" if c else ""),
    "outline.yaml": repeated("x: [\n", lambda i, c: f"{' ' * (i % 40)}key{i}: {i + c}\n"),
    "thinned.yaml": lambda lines, c: "".join(f"key{i}: {i % 7}\n" for i in range(lines) if not c or i % 5),
    "reversed.yaml": lambda lines, c: "".join(f"key{i}: {i}\n" for i in (reversed(range(lines)) if c else range(lines))),
    "anchors.yaml": lambda lines, c: f"b: &b\n  x: {c}\n" + "".join(f"k{i}:\n  <<: *b\n" for i in range(lines // 2)),
    "template.yaml.tpl": repeated("", lambda i, c: f"key{i}: {{{{ .Values.a{i + c} | quote }}}}\n"),
    "chart/templates/a.yaml": repeated("", lambda i, c: f"{{{{- if .Values.a{i} }}}}\nkey{i}: {i + c}\n{{{{- end }}}}\n", 3),
    "object.json": lambda lines, c: "{\n" + ",\n".join(f'"key{i}": {i + c}' for i in range(lines)) + "\n}",
    "array.json": lambda lines, c: "[\n" + ",\n".join(f'{{"id": {i + c}, "v": [1, 2]}}' for i in range(lines)) + "\n]",
    "tables.toml": repeated("", lambda i, c: f"[s{i}]\nkey = {i + c}\n", 2),
    "array.toml": repeated("", lambda i, c: f"[[s]]\nkey = {i + c}\n", 2),
    ".env": repeated("", lambda i, c: f"KEY_{i}={i + c}\n"),
    "a.ini": repeated("", lambda i, c: f"[s{i}]\nkey = {i + c}\n", 2),
    "a.properties": repeated("", lambda i, c: f"a.b{i} = {i + c}\n"),
    "a.tf": repeated("", lambda i, c: f'resource "x" "y{i}" {{\n  a = {i + c}\n}}\n', 3),
    "docker-compose.yml": repeated("services:\n", lambda i, c: f"  s{i}:\n    image: a:{1 + c}\n    environment:\n      - A=${{X{i}}}\n", 4),
    "Dockerfile": repeated("", lambda i, c: f"RUN x{i + c}\n"),
}


def seconds(binary, name, shape, lines):
    with tempfile.TemporaryDirectory() as folder:
        def git(*arguments):
            subprocess.run(["git", "-C", folder, "-c", "user.name=Ada", "-c", "user.email=ada@example.com", *arguments],
                           check=True, capture_output=True)
        git("init", "-q")
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        for changed in (0, 1):
            with open(path, "w") as file:
                file.write(shape(lines, changed))
            git("add", "-A")
            git("commit", "-qm", "x")
        size = os.path.getsize(path)
        began = time.monotonic()
        run = subprocess.run([binary, "diff", "HEAD", "--repo", folder, "--format", "json"], capture_output=True, timeout=120)
        if run.returncode != 0:
            raise SystemExit(f"{name}: status {run.returncode}\n{run.stderr.decode()}")
        return time.monotonic() - began, size


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=".build/release/blamedeploy")
    parser.add_argument("--lines", type=int, default=3000)
    parser.add_argument("--shapes")
    options = parser.parse_args()
    wanted = options.shapes.split(",") if options.shapes else SHAPES
    worst = 0.0
    for name in wanted:
        small, _ = seconds(options.binary, name, SHAPES[name], options.lines)
        large, size = seconds(options.binary, name, SHAPES[name], 10 * options.lines)
        worst = max(worst, large / small)
        print(f"{name:24s} {small:5.2f} s  {size / 1e3:6.0f} kB {large:5.2f} s  x{large / small:.1f}", flush=True)
    print(f"worst x{worst:.1f}")
    sys.exit(worst > 15)


if __name__ == "__main__":
    main()
