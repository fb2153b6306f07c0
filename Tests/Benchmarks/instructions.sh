#!/usr/bin/env bash
# Counts the instructions that the release binary takes on small inputs, and fails where they are far more than they were.
#
#   instructions.sh [BLAMEDEPLOY]           compares with the table below
#   instructions.sh --measure [BLAMEDEPLOY] prints the counts
#
# Counts of Callgrind (valgrind) do not depend on what else the machine does, so that no time is needed to tell that something
# got slower. A limit is the count of the day it was written down and a third more: other libraries and compilers move counts
# by a few per cent. Who makes something slower on purpose writes the new count down and says why.
set -euo pipefail

# What is run, and how many million instructions it may take.
limits() {
  cat << 'TABLE'
help            70
investigation 3450
lines          440
delimited      460
packed         520
deploys        195
diff           160
TABLE
}

isMeasuring=
if [ "${1:-}" = --measure ]; then
  isMeasuring=1
  shift
fi
here=$(cd "$(dirname "$0")" && pwd)
built=${1:-$here/../../.build/release/blamedeploy}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# Older valgrinds give up on the debugger's tables of a newer compiler.
program=$scratch/blamedeploy
strip -o "$program" "$built"

# The demo's export and repository; some of the events as delimited text, and compressed.
"$program" demo "$scratch/demo" > "$scratch/out" || true
export=$(ls "$scratch"/demo/*.ndjson)
repository=$(dirname "$(ls -d "$scratch"/demo/*/.git)")
tail -n 20000 "$export" > "$scratch/some"
jq -r -s '(.[0] | keys_unsorted) as $names | ($names | @csv), (.[] | [.[$names[]]] | @csv)' "$scratch/some" > "$scratch/events.csv"
gzip -c "$scratch/some" > "$scratch/events.ndjson.gz"

arguments() {
  case $1 in
    help) echo --help ;;
    investigation) echo "$export" --repo "$repository" --jobs 1 ;;
    # An expression about a field that is not there ends the run behind the first pass.
    lines) echo explain "$scratch/some" --jobs 1 --error absent ;;
    delimited) echo explain "$scratch/events.csv" --jobs 1 --error absent ;;
    packed) echo explain "$scratch/events.ndjson.gz" --jobs 1 --error absent ;;
    deploys) echo deploys --repo "$repository" --since 2026-03-01 --until 2026-04-01 ;;
    diff) echo diff HEAD --repo "$repository" ;;
  esac
}

isTooMuch=
while read -r name limit; do
  # shellcheck disable=SC2046
  valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" $(arguments "$name") \
    > "$scratch/out" 2> "$scratch/$name" || true
  count=$(sed -n 's/^==[0-9]*== Collected : \([0-9]*\).*/\1/p' "$scratch/$name")
  if [ -z "$count" ]; then
    echo "instructions: $name: valgrind counted nothing" >&2
    tail -5 "$scratch/$name" >&2
    exit 1
  fi
  millions=$((count / 1000000 + 1))
  if [ -n "$isMeasuring" ]; then
    printf '%-14s %6d\n' "$name" "$millions"
  elif [ "$millions" -gt "$limit" ]; then
    echo "instructions: $name: $millions million instructions, at most $limit are allowed:" >&2
    echo "  $program $(arguments "$name")" >&2
    isTooMuch=1
  elif [ "$((millions * 3))" -lt "$limit" ]; then
    echo "instructions: $name: $millions million instructions, less than a third of $limit: did it do its work?" >&2
    tail -5 "$scratch/out" "$scratch/$name" >&2
    isTooMuch=1
  else
    printf '%-14s %6d million instructions of %d\n' "$name" "$millions" "$limit"
  fi
done < <(limits)
if [ -n "$isTooMuch" ]; then
  echo "  look for what takes them with valgrind --tool=callgrind and callgrind_annotate, and mend it; where it is worth them, write" >&2
  echo "  what --measure prints and a third more into $0, and say why in the commit" >&2
  exit 1
fi
