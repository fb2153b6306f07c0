#!/bin/sh
# A step of Buildkite: lints what the build changes, and annotates the build when there is something to say.
set -u
status=0
blamedeploy lint --export buildkite=blamedeploy.md || status=$?
if [ "$status" -eq 1 ]; then
  buildkite-agent annotate --context blamedeploy --style error < blamedeploy.md
fi
exit "$status"
