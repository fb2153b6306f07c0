#!/bin/bash
# Fills a table with made-up events (50,000,000 by default, ten days) on a server that is running, and investigates it through a
# proxy that counts bytes: what goes over the wire, the peak of memory here, and the time.
#
#   PORT=8123 ROWS=50000000 Tests/Benchmarks/ClickHouse/run.sh .build/release/blamedeploy
#
# Needs bash, curl, python3 and GNU time.
set -euo pipefail
program=$1
port=${PORT:-8123}
rows=${ROWS:-50000000}
here=$(dirname "$0")
query() { curl -sS --fail-with-body "http://127.0.0.1:$port/" --data-binary "$1"; }

if [ "$(query 'EXISTS TABLE blamedeploy_bench')" = 0 ]; then
    query 'CREATE TABLE blamedeploy_bench (ts DateTime, service String, pod String, version String, zone String, route String,
        method String, customer String, request_bytes UInt32, plan String, status UInt16, duration_ms Float32, message String,
        trace_id String) ENGINE = MergeTree PARTITION BY toYYYYMM(ts) ORDER BY ts'
    query "$(sed "s/{rows}/$rows/g" "$here/events.sql")"
fi
echo "rows: $(query 'SELECT count() FROM blamedeploy_bench')"

scratch=$(mktemp -d)
python3 "$here/counting-proxy.py" "$port" "$scratch/port" "$scratch/bytes" &
proxy=$!
trap 'kill $proxy; rm -rf "$scratch"' EXIT
until [ -s "$scratch/port" ]; do sleep 0.1; done
cat > "$scratch/deploys.json" <<'JSON'
[{"id": "one", "started_at": "2026-10-13T12:00:00Z"}, {"id": "two", "started_at": "2026-10-16T13:38:00Z"},
 {"id": "three", "started_at": "2026-10-18T09:00:00Z"}]
JSON
LC_ALL=C.UTF-8 /usr/bin/time -f 'peak: %M KiB, wall: %e s, cpu here: %U s' "$program" \
    "clickhouse+http://127.0.0.1:$(cat "$scratch/port")/default/blamedeploy_bench" --no-repo \
    --deploys "$scratch/deploys.json" --since 2026-10-10 --until 2026-10-21
echo "from the server: $(cat "$scratch/bytes") bytes"
