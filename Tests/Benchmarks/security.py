#!/usr/bin/env python3
"""Writes the table of docs/security.md: promise, test, figure.

    swift test --event-stream-output-path .build/tests.jsonl
    python3 Tests/Benchmarks/security.py .build/tests.jsonl

The cases are counted in what a run of the tests tells of itself; a test that ran with many inputs is that many cases. The executions of the long fuzzing are those of
docs/benchmarks/fuzzing.json, which `Tests/Fuzzing/figures` writes; docs/benchmarks/soak.txt is what `Soak` said of itself. A promise of which nothing ran, or something failed, ends this with status 1.
"""
import collections
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

# Promise, the suites that hold it, and what the tests of these that are meant are called, where it is not all of them.
PROMISES = [
    ("Nothing of the repository is run: 15 settings, 5 hooks, a submodule and two attributes that would",
     "HostileRepositoryTests", "programs|linksAndSubmodules"),
    ("Repositories made to harm are read or refused, with help", "HostileRepositoryTests", None),
    ("Objects that are damaged or cut short are an error at once, the first of several, whoever reads them", "GitOracleTests|ManyFilesTests", "cutShort|damaged"),
    ("What cannot be opened or read is an error that helps, with status 2", "BadInputTests", None),
    ("Nothing leaves the machine unasked; keys go where the command line says", "ServerAddressTests|PrometheusQueryTests", None),
    ("TLS is verified, redirections are refused, bad answers are errors", "HTTPClientTests|ClickHouseFailureTests", None),
    ("Killed, full disk, closed pipe, read-only: no half file, no lost mark, a status that tells", "InterruptionTests", None),
    ("Exports are written whole or not at all", "ExportTests", None),
    ("Marks of several writers are all there", "DeployMarkTests", None),
    ("Secrets are masked", "MaskingTests", None),
    ("1,000 hostile strings leave the shape of each CI's output, of pages and of JSON as they are",
     "HostileTextTests|PageTests|JSONTests", None),
    ("Readers keep their promises on whatever they read; 400 changed inputs a reader", "FuzzingTests|HostileInputTests|HostileRecordsTests", None),
    ("Small files that unpack to large ones are refused", "UnpackingTests", None),
    ("Exports cut, mangled and odd get honest verdicts", "ExtremeExportTests|ExportFixtureTests|HonestReportTests", None),
    ("One-way imports, no unsafe shortcuts, only `Terminal` writes", "LayerTests", None),
]


def cases(path):
    """How many cases of each test ran, and how many of its checks failed; by module, suite and name."""
    ended, own_cases, failed = collections.Counter(), collections.Counter(), collections.Counter()
    for line in filter(None, pathlib.Path(path).read_text().split("\n")):
        told = json.loads(line)["payload"]
        # Module.Suite/name(of:arguments:)/File.swift:line:column
        test = tuple(told.get("testID", "").split("/")[:2])
        count = {"testEnded": ended, "testCaseEnded": own_cases, "issueRecorded": failed}.get(told.get("kind"))
        if count is not None and len(test) == 2:
            count[test] += 1
    return {test: own_cases[test] or 1 for test in ended}, failed


def soak(path):
    """The row of a long run in one process, and whether it found nothing."""
    text = path.read_text()
    states = re.findall(r"^(\d+) cases, .*: (\d+) MiB resident, (\d+) files open$", text, re.MULTILINE)
    end = re.search(r"^(\d+) cases, each investigated twice, (\d+) with faults", text, re.MULTILINE)
    done, faults = int(end[1]), int(end[2])
    memory, files = [int(state[1]) for state in states], [int(state[2]) for state in states]
    row = (
        "| One case after the other in one process: reports keep to the schema and are the same twice; "
        f"{memory[0]} MiB after {states[0][0]} cases, {memory[-1]} at the end, never more than {max(memory)}; {files[0]} files open, {files[-1]} at the end "
        f"| `Soak` | {done} | {'all' if faults == 0 else f'{faults} failed'} |")
    return row, faults == 0 and files[-1] <= files[0]


def table(path):
    ran, failed = cases(path)
    rows, is_kept = ["| promise | held by | cases | survived |", "|---|---|---|---|"], True
    for promise, suites, only in PROMISES:
        own = [
            test for test in ran
            if re.fullmatch(rf"\w+\.({suites})", test[0]) and (only is None or re.search(only, test[1]))
        ]
        tried, lost = sum(ran[test] for test in own), sum(failed[test] > 0 for test in own)
        is_kept = is_kept and lost == 0 and all(any(test[0].endswith(f".{suite}") for test in own) for suite in suites.split("|"))
        held = ", ".join(f"`{name}`" for name in suites.split("|"))
        rows.append(f"| {promise} | {held} | {tried} | {'all' if lost == 0 else f'{lost} tests failed'} |")
    if (told := ROOT / "docs/benchmarks/soak.txt").exists():
        row, is_clean = soak(told)
        rows.append(row)
        is_kept = is_kept and is_clean
    figures = ROOT / "docs/benchmarks/fuzzing.json"
    if figures.exists():
        fuzzing = json.loads(figures.read_text())
        rows += ["", "| fuzzed by hand | inputs tried | broke something, mended, kept | open |", "|---|---|---|---|"]
        for target in fuzzing["targets"]:
            rows.append(f"| {target['name']} | {target['executions']:,} | {target['mended']} | {target['open']} |")
        total = {key: sum(target[key] for target in fuzzing["targets"]) for key in ("executions", "mended", "open")}
        rows.append(f"| all | {total['executions']:,} | {total['mended']} | {total['open']} |")
    return "\n".join(rows), is_kept


def main():
    page = ROOT / "docs/security.md"
    text = page.read_text()
    begin, end = "<!-- figures -->", "<!-- /figures -->"
    head, rest = text.split(begin)
    tail = rest.split(end)[1]
    figures, is_kept = table(sys.argv[1])
    page.write_text(f"{head}{begin}\n{figures}\n{end}{tail}")
    return 0 if is_kept else 1


if __name__ == "__main__":
    sys.exit(main())
