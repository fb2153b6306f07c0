#!/usr/bin/env python3
"""Asks of real repositories, from the graph to the line: which of several deploys in a row made these failures, in which file,
on which line?

  culprits.py [--binary .build/release/blamedeploy] [--commits 1500] [--days 14] [--seed 1] [--out FILE] [--keep FOLDER] REPOSITORY...
  culprits.py [--binary ...] [--out FILE] --cases FOLDER

The culprits are those of fixes.py: commits of which a later fix replaces some lines. Each is set among the commits around
it and before its fix, deployed minutes apart, and failures are made up that begin soon after its own deploy: in the workload that the mended
file belongs to, with messages that in half of the cases carry words of the mended lines. The simple baseline that it is
compared with blames the last deploy before the failures, in it the file with the most changed lines, and there the first
changed line. Needs Python 3.10, git and PyYAML.
"""
import argparse
import concurrent.futures
import glob
import hashlib
import json
import os
import random
import re
import subprocess
import tempfile

import fixes
import yaml

GENERIC = {"templates", "values", "kustomization", "base", "overlays", "prod", "production", "staging", "dev", "test", "config",
           "deployment", "deploy", "manifests", "k8s", "kubernetes", "charts", "helm", "clusters", "cluster", "apps", "app", "main",
           "docker-compose", "helmrelease", "release", "resources", "src", "common", "env", "service", "chart", "index", "dockerfile", "secret", "secrets", "yaml", "j2", "template", "defaults", "default",
           "configmap", "cronjob", "statefulset", "daemonset", "ingress", "rbac", "hpa", "vpa", "sops",
           # Files called after the kind of what they hold are no workloads' either.
           "externalsecret", "httproute", "httproutes", "ocirepository", "dnsendpoint", "networkpolicy", "helmrepository", "servicemonitor", "prometheusrule", "secretstore", "clustersecretstore", "persistentvolumeclaim",
           "mutatingadmissionpolicy", "application", "applications", "repositories", "outputs", "variables", "remote", "versions", "backend", "locals", "providers", "policies", "settings", "volumes", "component", "components", "enc", "docker", "compose", "userdata", "namespace"}
DESK = re.compile(r"(^|/)\.|[Tt]askfile|(^|/)(docs?|tests?|composer|package)[/.]", re.X)
WORKLOADS = {"Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod", "HelmRelease"}
START = 1_700_000_000


class Loader(yaml.SafeLoader):
    """Takes any tag for what it is without it."""


Loader.add_multi_constructor("", lambda loader, suffix, node: None)


def owner(repository, commit, path, line):
    """The workload that a line belongs to: the object around it, else what the path is called after."""
    text = fixes.git(repository, "show", f"{commit}:{path}")
    if path.endswith((".yaml", ".yml")):
        start = 0
        for part in re.split(r"(?m)^---.*$", text):
            end = start + part.count("\n")
            if start <= line <= end + 1:
                try:
                    document = yaml.load(part, Loader)
                    if document.get("kind") in WORKLOADS:
                        return str(document["metadata"]["name"])
                except Exception:
                    pass
            start = end
    for name in [os.path.splitext(path.split("/")[-1])[0]] + path.split("/")[-2::-1]:
        words = [word for word in re.findall(r"[a-z0-9]+", name.lower()) if word not in GENERIC]
        if 3 <= len("-".join(words)) <= 40:
            return "-".join(words)
    return None


def stretches(repository, commit):
    """The file, the first new line and the new text of each stretch that a commit changes."""
    path, found = None, []
    for line in fixes.git(repository, "diff", "-U0", "--no-renames", commit + "^1", commit).splitlines():
        if line.startswith("+++ "):
            path = line[6:]
        elif match := re.match(r"@@ -\S+ \+(\d+)", line):
            found.append((path, int(match[1]), []))
        elif line.startswith("+") and found:
            found[-1][2].append(line[1:])
    return found


def here(repository, written, path, lines, changed):
    """Where the commit that brought another one in has its lines: the same words, nearest to where they stood; None when some are not its own."""
    texts = fixes.git(repository, "show", f"{written}:{path}").splitlines()
    own = {(name, start + k): text for name, start, added in changed for k, text in enumerate(added)}
    found = []
    for line in lines:
        text = texts[line - 1] if line <= len(texts) else None
        places = [(name != path, abs(number - line), name, number) for (name, number), there in own.items() if there == text]
        if not places:
            return None
        found.append(min(places)[2:])
    return (found[0][0], {number for _, number in found}) if len({name for name, _ in found}) == 1 else None


def arrivals(repository):
    """For each commit, the one of the main line that brought it in."""
    parents = {}
    for row in fixes.git(repository, "rev-list", "--parents", "HEAD").splitlines():
        commit, *behind = row.split()
        parents[commit] = behind
    found = {}
    for place in reversed(fixes.git(repository, "rev-list", "--first-parent", "HEAD").split()):
        waiting = [place]
        while waiting:
            commit = waiting.pop()
            if commit not in found:
                found[commit] = place
                waiting += parents.get(commit, [])
    return found


def events(chance, names, failing, begin, deploys, message):
    """Requests of six hours, a pod's name in each; from `begin` on, 30 % fail where it is told."""
    pods = {name: [f"{name}-{hashlib.md5(f'{name}{k}'.encode()).hexdigest()[:5]}-{k}" for k in range(2)] for name in names}
    rows = []
    for second in range(0, 6 * 3600, 4):
        name = chance.choice(names)
        isHit = name == failing and START + second >= begin and chance.random() < 0.3
        isNoise = chance.random() < 0.004
        row = {"time": START + second, "workload": name, "pod": chance.choice(pods[name]), "error": isHit or isNoise}
        if isHit or isNoise:
            row["message"] = message if isHit else "timeout while reading the answer"
        rows.append(row)
    return rows


def case(job):
    """What is asked of a fix, or None where its culprit will not do, with the events and deploys put down in a folder of its own."""
    options, repository, fix, time = job
    found = fixes.culprit(repository, fix)
    if not found:
        return None
    commit, path, lines = found
    record = fixes.git(repository, "log", "-1", "--format=%P%x09%ct", commit).strip().split("\t")
    if len(record) != 2 or len(record[0].split()) != 1 or not 0 <= time - int(record[1]) <= options.days * 86400:
        return None
    if DESK.search(path):
        return None
    written, commit = commit, options.arrivals[repository].get(commit, commit)
    changed = stretches(repository, commit)
    place = here(repository, written, path, lines, changed)
    if place is None:
        return None
    path, lines = place
    sizes = {}
    for row in fixes.git(repository, "diff", "--numstat", "--no-renames", commit + "^1", commit).splitlines():
        added, removed, name = row.split("\t")
        if added != "-" and fixes.CONFIGURATION.search(name):
            sizes[name] = int(added) + int(removed)
    failing = owner(repository, commit, path, min(lines))
    if not 1 <= len(sizes) <= 40 or failing is None:
        return None
    chance = random.Random(f"{options.seed} {commit}")
    behind = fixes.git(repository, "log", "--first-parent", "--format=%H", "-n", "4", commit).split()[1:]
    place = options.mainline[repository].get(commit, -1)
    ahead = options.line[repository][place + 1:place + 4] if place >= 0 else []
    mended = options.arrivals[repository].get(fix, fix)
    ahead = ahead[:ahead.index(mended)] if mended in ahead else ahead
    before, after = chance.randint(0, min(3, len(behind))), chance.randint(0, len(ahead))
    row = behind[:before][::-1] + [commit] + ahead[:after]
    if options.hard and (len(sizes) < 2 or len(row) < 2):
        return None
    clock = START + 2 * 3600
    deploys, begin = [], None
    for sha in row:
        clock += chance.randint(60, 1200)
        deploys.append({"commit": sha, "finished_at": clock})
        if sha == commit:
            begin = clock + 30 + round(chance.expovariate(1 / 300))
    paths = [name for name in fixes.git(repository, "ls-tree", "-r", "--name-only", commit).splitlines() if fixes.CONFIGURATION.search(name)]
    chance.shuffle(paths)
    near = list(sizes) + paths
    names = [failing]
    for name in near[:60]:
        other = owner(repository, commit, name, 1)
        if other and other not in names and len(names) < 6:
            names.append(other)
    text = fixes.git(repository, "show", f"{commit}:{path}").splitlines()
    words = sorted({word for line in lines if line <= len(text) for word in re.findall(r"[A-Za-z][\w-]{3,}", text[line - 1])})
    isTold = bool(words) and chance.random() < 0.5
    message = f"cannot go on: {chance.choice(words)}" if isTold else chance.choice(["internal error", "unexpected answer 503", "connection refused"])
    rows = events(chance, sorted(names), failing, begin, deploys, message)
    folder = os.path.join(options.keep, f"{os.path.basename(repository)}-{fix[:12]}")
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/events.ndjson", "w") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    with open(f"{folder}/deploys.json", "w") as file:
        json.dump(deploys, file)
    last = [deploy["commit"] for deploy in deploys if deploy["finished_at"] <= begin][-1]
    largest = max(sizes, key=sizes.get)
    hunks = [start for name, start, _ in changed if name == largest]
    row = {
        "repository": repository, "commit": commit, "fix": fix, "path": path, "lines": sorted(lines), "failing": failing, "told": isTold, "deploys": len(deploys),
        "message": message, "files": len(sizes), "last": last == commit, "largest": largest == path,
        "baseline_line": largest == path and bool(hunks) and any(hunks[0] - 1 <= line <= hunks[0] + 1 for line in lines),
    }
    with open(f"{folder}/case.json", "w") as file:
        json.dump(row, file)
    return folder


def judge(binary, folder):
    """A case with what the tool says of it."""
    with open(f"{folder}/case.json") as file:
        row = json.load(file)
    run = subprocess.run([binary, f"{folder}/events.ndjson", "--deploys", f"{folder}/deploys.json", "--repo", row["repository"], "--format", "json"], capture_output=True)
    if not run.stdout:
        raise SystemExit(f"{row['repository']} {row['commit']}: status {run.returncode}\n{run.stderr.decode()}")
    report = json.loads(run.stdout)
    incident = report["incidents"][0] if report["incidents"] else None
    suspect = incident["suspects"][0]["deploy"] if incident and incident["suspects"] else None
    change = incident["changes"][0] if incident and incident["changes"] else None
    isDeploy = suspect is not None and suspect.split("#")[0] == row["commit"]
    isBlamed = report["verdict"]["deploy"] is not None and report["verdict"]["deploy"].split("#")[0] == row["commit"]
    isFile = change is not None and change["path"] == row["path"]
    isLine = isFile and any(change["line"] - 1 <= line <= change["end_line"] + 1 for line in row["lines"])
    return row | {
        "deploy_first": isDeploy, "blamed": isBlamed, "wrong": report["verdict"]["deploy"] is not None and not isBlamed, "file": isFile, "line": isLine,
        "changes": (incident or {"changes": []})["changes"][:40],
        "verdict": report["verdict"], "suspects": incident["suspects"] if incident else [],
    }


COLUMNS = ["deploy_first", "blamed", "wrong", "file", "line", "last", "largest", "baseline_line"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repositories", nargs="*")
    parser.add_argument("--binary", default=".build/release/blamedeploy")
    parser.add_argument("--commits", type=int, default=1500)
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--most", type=int, default=600, help="fixes looked at in each repository")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hard", action="store_true", help="only where there are several files and several deploys")
    parser.add_argument("--keep", help="where the cases are put; a temporary folder unless told")
    parser.add_argument("--cases", help="kept cases to be asked again")
    parser.add_argument("--out")
    options = parser.parse_args()
    options.repositories = [os.path.abspath(repository) for repository in options.repositories]
    with tempfile.TemporaryDirectory() as scratch:
        options.keep = options.keep or scratch
        run(options)


def run(options):
    folders = sorted(os.path.dirname(path) for path in glob.glob(f"{options.cases}/*/case.json")) if options.cases else []
    options.line = {repository: fixes.git(repository, "rev-list", "--first-parent", "--reverse", "HEAD").split() for repository in options.repositories}
    options.mainline = {repository: {commit: place for place, commit in enumerate(line)} for repository, line in options.line.items()}
    options.arrivals = {repository: arrivals(repository) for repository in options.repositories}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for repository in options.repositories:
            log = fixes.git(repository, "log", "--no-merges", "-i", "-E", f"--grep={fixes.SAYS_FIX}", "--format=%H%x09%ct%x09%s", "-n", str(options.commits))
            jobs = [(options, repository, *row.split("\t", 2)) for row in log.splitlines()]
            jobs = [(o, r, fix, int(time)) for o, r, fix, time, subject in jobs if not fixes.ROUTINE.search(subject)]
            folders += [folder for folder in pool.map(case, jobs[:: max(1, len(jobs) // options.most)]) if folder]
        everything = list(pool.map(lambda folder: judge(options.binary, folder), folders))
    for repository in sorted({row["repository"] for row in everything}):
        tell(os.path.basename(repository), [row for row in everything if row["repository"] == repository])
    tell("in all", everything)
    tell("several files, several deploys", [row for row in everything if row["files"] > 1 and row["deploys"] > 1])
    if options.out:
        with open(options.out, "w") as file:
            json.dump(everything, file)


def tell(name, rows):
    print(f"{name}: {len(rows)}", *(f"{column} {sum(row[column] for row in rows) / max(1, len(rows)):.3f}" for column in COLUMNS), flush=True)


if __name__ == "__main__":
    main()
