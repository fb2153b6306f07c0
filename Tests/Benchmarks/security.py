#!/usr/bin/env python3
"""Writes the table of docs/security.md: promise, test, figure.

    swift test --xunit-output .build/tests.xml
    python3 Tests/Benchmarks/security.py .build/tests-swift-testing.xml

The cases are counted in the run of the tests; the executions of the long fuzzing are those of docs/benchmarks/fuzzing.json, which
`Tests/Fuzzing/figures` writes.
"""
import json
import pathlib
import re
import sys
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

# Promise, and the test files that hold it, each perhaps with the tests in it that are meant.
PROMISES = [
    ("Nothing of the repository is run: 15 settings, 5 hooks, a submodule and two attributes that would",
     "HostileRepositoryTests", "programs|linksAndSubmodules"),
    ("Repositories made to harm are read or refused, with help", "HostileRepositoryTests", None),
    ("What cannot be opened or read is an error that helps, with status 2", "BadInputTests", None),
    ("Nothing leaves the machine unasked; keys go where the command line says", "ServerAddressTests|PrometheusQueryTests", None),
    ("TLS is verified, redirections are refused, bad answers are errors", "HTTPClientTests|ClickHouseFailureTests", None),
    ("Killed, full disk, closed pipe, read-only: no half file, no lost mark, a status that tells", "InterruptionTests", None),
    ("Exports are written whole or not at all", "ExportTests", None),
    ("Marks of several writers are all there", "DeployMarkTests", None),
    ("Secrets are masked", "MaskingTests", None),
    ("1,000 hostile strings leave the shape of each CI's output, of pages and of JSON as they are",
     "HostileTextTests|PageTests|JSONTests", None),
    ("Readers keep their promises on whatever they read", "FuzzingTests|HostileInputTests|HostileRecordsTests", None),
    ("Exports cut, mangled and odd get honest verdicts", "ExtremeExportTests|ExportFixtureTests|HonestReportTests", None),
    ("One-way imports, no unsafe shortcuts, only `Terminal` writes", "LayerTests", None),
]


def cases(path):
    """Each test with its file's name, how often it ran, and how often it failed."""
    found = []
    for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        found.append((case.get("classname", "") + "." + case.get("name", ""), case.find("failure") is not None))
    return found


def table(path):
    results = cases(path)
    rows = ["| promise | held by | tests run | failed |", "|---|---|---|---|"]
    for promise, files, only in PROMISES:
        own = [
            failed for name, failed in results
            if re.search(rf"\b({files})\b", name) and (only is None or re.search(only, name))
        ]
        held = ", ".join(f"`{name}`" for name in files.split("|"))
        rows.append(f"| {promise} | {held} | {len(own)} | {sum(own)} |")
    figures = ROOT / "docs/benchmarks/fuzzing.json"
    if figures.exists():
        fuzzing = json.loads(figures.read_text())
        rows += ["", "| fuzzed by hand | inputs tried | found since, and mended | open |", "|---|---|---|---|"]
        for target in fuzzing["targets"]:
            rows.append(f"| {target['name']} | {target['executions']:,} | {target['mended']} | {target['open']} |")
        total = sum(target["executions"] for target in fuzzing["targets"])
        rows.append(f"| all | {total:,} | {sum(t['mended'] for t in fuzzing['targets'])} | {sum(t['open'] for t in fuzzing['targets'])} |")
    return "\n".join(rows)


def main():
    page = ROOT / "docs/security.md"
    text = page.read_text()
    begin, end = "<!-- figures -->", "<!-- /figures -->"
    head, rest = text.split(begin)
    tail = rest.split(end)[1]
    page.write_text(f"{head}{begin}\n{table(sys.argv[1])}\n{end}{tail}")


if __name__ == "__main__":
    main()
