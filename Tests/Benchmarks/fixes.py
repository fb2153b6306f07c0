#!/usr/bin/env python3
"""Asks of real repositories: when a commit mended one configuration file, does `blamedeploy diff` of the commit that made
the mended lines rank them first?

  fixes.py [--binary .build/release/blamedeploy] [--commits 1500] [--days 14] REPOSITORY...

A fix is a commit whose subject says so and that changes at most eight lines of one configuration file. Its culprit is the
one commit that last wrote the lines that the fix replaces (git blame), at most so many days before, among 2 to 40 changed
configuration files. Most such fixes are of no fault that could be seen (another choice of words, another number), and
deletions are never culprits, so that the shares are to be compared with those of the simplest ranking, the file with
the most changed lines, and between versions. Needs Python 3.10 and git.
"""
import argparse
import concurrent.futures
import json
import re
import subprocess

CONFIGURATION = re.compile(r"\.(ya?ml|json|toml|env|properties|ini|tf|tpl|j2|template|conf)$|Dockerfile")
SAYS_FIX = r"^(fix|revert|hotfix|correct|oops|typo)|fix(es|ed|ing)? |typo|wrong|broke"
ROUTINE = re.compile(r"pre-commit|update image|[Bb]ump|\(container\)|deps")


def git(repository, *arguments):
    run = subprocess.run(["git", "-C", repository, *arguments], capture_output=True, text=True, errors="replace")
    return run.stdout


def hunks(repository, commit):
    """The file and the replaced lines of each stretch that a commit changes."""
    path, found = None, []
    for line in git(repository, "diff", "-U0", "--no-renames", commit + "^", commit).splitlines():
        if line.startswith("--- "):
            path = line[6:] if line.startswith("--- a/") else None
        elif match := re.match(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))?", line):
            found.append((path, int(match[1]), int(match[2] or 1), int(match[4] or 1)))
    return found


def culprit(repository, fix):
    """The commit, its file and its lines that a fix replaces; None when it is not one commit's."""
    changed = hunks(repository, fix)
    if not changed or len({path for path, *_ in changed}) > 1 or sum(old + new for _, _, old, new in changed) > 8:
        return None
    path = changed[0][0]
    if path is None or not CONFIGURATION.search(path):
        return None
    written = []
    for _, start, count, _ in changed:
        if count == 0:
            continue
        for line in git(repository, "blame", "-l", "-n", "-s", "-L", f"{start},{start + count - 1}", fix + "^", "--", path).splitlines():
            if match := re.match(r"\^?([0-9a-f]{39,40}) (?:(\S+)\s+)?(\d+)\s+\d+\)", line):
                written.append((match[1], match[2] or path, int(match[3])))
    if len({commit for commit, *_ in written}) != 1:
        return None
    return written[0][0], written[0][1], {line for *_, line in written}


def judge(job):
    options, repository, fix, time = job
    found = culprit(repository, fix)
    if not found:
        return None
    commit, path, lines = found
    record = git(repository, "log", "-1", "--format=%P%x09%ct", commit).strip().split("\t")
    if len(record) != 2 or len(record[0].split()) != 1 or not 0 <= time - int(record[1]) <= options.days * 86400:
        return None
    sizes = {}
    for row in git(repository, "diff", "--numstat", "--no-renames", commit + "^", commit).splitlines():
        added, removed, name = row.split("\t")
        if added != "-" and CONFIGURATION.search(name):
            sizes[name] = int(added) + int(removed)
    if not 2 <= len(sizes) <= 40:
        return None
    run = subprocess.run([options.binary, "diff", f"{commit}^..{commit}", "--repo", repository, "--format", "json"], capture_output=True)
    if run.returncode != 0:
        raise SystemExit(f"{repository} {commit}: status {run.returncode}\n{run.stderr.decode()}")
    changes = json.loads(run.stdout)["changes"]
    first = changes[0] if changes else None
    isFile = first is not None and first["path"] == path
    isLine = isFile and any(first["line"] - 1 <= line <= first["end_line"] + 1 for line in lines)
    return isFile, isLine, max(sizes, key=sizes.get) == path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repositories", nargs="+")
    parser.add_argument("--binary", default=".build/release/blamedeploy")
    parser.add_argument("--commits", type=int, default=1500)
    parser.add_argument("--days", type=int, default=14)
    options = parser.parse_args()
    for repository in options.repositories:
        log = git(repository, "log", "--no-merges", "-i", "-E", f"--grep={SAYS_FIX}", "--format=%H%x09%ct%x09%s", "-n", str(options.commits))
        jobs = [(options, repository, *row.split("\t", 2)) for row in log.splitlines()]
        jobs = [(o, r, fix, int(time)) for o, r, fix, time, subject in jobs if not ROUTINE.search(subject)]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            rows = [row for row in pool.map(judge, jobs) if row]
        files, lines, largest = (sum(column) for column in zip(*rows)) if rows else (0, 0, 0)
        print(f"{repository}: {len(rows)} culprits; file first {files}, line {lines}; largest file first {largest}", flush=True)


if __name__ == "__main__":
    main()
