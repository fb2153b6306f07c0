#!/usr/bin/env bash
# The incident that the tool is built after, on a clone of the public repository darklang/dark.
#
#   dark.sh CLONE [BLAMEDEPLOY]
#
# Makes the telemetry of four stories, investigates each with the release binary, and prints what the report says and how
# long it took. The clone must reach db51ebca05 (30 July 2020).
set -euo pipefail
clone=$1
here=$(cd "$(dirname "$0")" && pwd)
program=${2:-$here/../../.build/release/blamedeploy}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

for story in incident quiet unrelated fixed; do
  python3 "$here/dark_telemetry.py" --repo "$clone" --out "$scratch/$story.ndjson" --story "$story"
done
# The same export with the errors removed: not one event fails.
sed -e 's/"error":true/"error":false/' -e 's/,"message":"[^"]*"//' "$scratch/incident.ndjson" > "$scratch/silent.ndjson"

for story in incident quiet silent unrelated fixed; do
  rev=efac0b4812
  if [ "$story" = fixed ]; then rev=db51ebca05; fi
  start=$(date +%s.%N)
  status=0
  "$program" "$scratch/$story.ndjson" --repo "$clone" --rev "$rev" --deploys commits --format json > "$scratch/$story.json" || status=$?
  end=$(date +%s.%N)
  jq -r --arg story "$story" --arg status "$status" --arg seconds "$(echo "$end - $start" | bc)" '
    "\($story): \(.verdict.kind) \(.verdict.deploy // "-" | .[:10]) p=\(.verdict.probability) status=\($status) \($seconds) s",
    (.incidents[] | "  onset \(.onset)  ended by \(.ended_by // "-" | .[:10])  \(.causes[0].predicates[0].field // "-") \(.causes[0].predicates[0].value // "")"),
    (.incidents[0].changes // [] | .[:2][] | "  \(.score)  \(.path):\(.line)-\(.end_line)  \(.before) -> \(.after)  \(.object.name)/\(.object.container)  \(.commit[:10])  mend: \(.mend)")
  ' "$scratch/$story.json"
done
