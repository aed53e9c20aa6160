#!/usr/bin/env bash
# Makes docs/demo.png: the demo's page with a triggered and an acknowledged card. Needs a built binary, chromium, curl
# and python3, and a font with emoji (fonts-noto-color-emoji). Works from any directory.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
warridor=${WARRIDOR:-${CARGO_TARGET_DIR:-target}/debug/warridor}
http=127.0.0.1:18080 slack=127.0.0.1:18081
work=$(mktemp -d)
trap 'kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; rm -rf "$work"' EXIT

"$warridor" demo --no-samples --data-dir "$work/data" --listen $http --sandbox $slack >"$work/out" 2>"$work/log" &
pid=$!

info() { curl -fsS "http://$slack/sandbox/info" | python3 -c "import json, sys; print(json.load(sys.stdin)$1)"; }
for _ in $(seq 100); do curl -fs "http://$http/readyz" >/dev/null && break || sleep 0.1; done
key=$(info "['services'][0]['key']") channel=$(info "['services'][0]['channel']") ana=$(info "['users'][0]['id']")

alert() { # dedup key, title, labels
  curl -fsS "http://$http/integrations/generic/$key" -H 'Content-Type: application/json' -o /dev/null \
    -d "{\"dedup_key\":\"$1\",\"title\":\"$2\",\"link\":\"https://grafana.example/d/$1\",\"labels\":$3}"
}
says() { curl -fsS "http://$slack/sandbox/wait?channel=$channel&contains=$1&seconds=10" >/dev/null; }

alert errors 'Payment errors at 8 %: more than 2 % for 5 minutes' '{"alertname":"PaymentErrors","severity":"critical","region":"eu-west-1"}'
says '%231'
ts=$(curl -fsS "http://$slack/sandbox/messages?channel=$channel" | python3 -c 'import json, sys; print(json.load(sys.stdin)[-1]["ts"])')
curl -fsS "http://$slack/sandbox/click" -H 'Content-Type: application/json' -o /dev/null \
  -d "{\"user\":\"$ana\",\"channel\":\"$channel\",\"ts\":\"$ts\",\"action_id\":\"incident.acknowledge\"}"
says 'has%20it%20since'
alert disk 'Disk on db-1 is 97 % full' '{"alertname":"DiskFillingUp","host":"db-1","mountpoint":"/var/lib/postgresql"}'
says 'db-1'
sleep 2

chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
  --disable-component-update --disable-sync --hide-scrollbars --user-data-dir="$work/chromium" --timeout=4000 \
  --window-size=1180,790 --force-device-scale-factor=1 --screenshot="$PWD/docs/demo.png" "http://$slack/" \
  >"$work/chromium.log" 2>&1 || { cat "$work/chromium.log" >&2; exit 1; }
echo "docs/demo.png"
