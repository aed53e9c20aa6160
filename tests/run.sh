#!/usr/bin/env bash
# Everything that can be tested on one machine: installs what the tests need when it is missing, runs all of them once,
# and says how it went. Works from any directory.
#
#   WARRIDOR_SEEDS=FROM..TO   seeds of the simulation (default here: 0..700)
#   WARRIDOR_SEED=N           one seed, with everything that happened in it
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

target=${CARGO_TARGET_DIR:-target}
mkdir -p "$target"
target=$(cd "$target" && pwd)
began=$SECONDS

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# Where the browser tests look for axe-core, the judge of accessibility.
axe=$target/python/axe_playwright_python/axe.min.js

# Debian packages whose program is missing. A sender and a scraper as they are in the field, a witness of fdatasync, and
# a browser with its driver.
missing=()
need() { # program, package
  command -v "$1" >/dev/null || missing+=("$2")
}
need prometheus-alertmanager prometheus-alertmanager
need promtool prometheus
need strace strace
need python3 python3
need git git
need chromium chromium
need chromedriver chromium-driver
if ! { python3 -c 'import slack_sdk, twilio, pdpyras' 2>/dev/null && [ -e "$axe" ]; } && ! python3 -m pip --version >/dev/null 2>&1; then
  missing+=(python3-pip)
fi
if [ ${#missing[@]} -gt 0 ]; then
  echo "installing ${missing[*]}"
  if ! { as_root apt-get update -qq &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"; } </dev/null; then
    echo "these could not be installed: ${missing[*]}. Install them, then run this again." >&2
    exit 2
  fi
  # Debian starts what it installs; the tests start their own, on ports of their own.
  for service in "${missing[@]}"; do
    case $service in prometheus*) as_root service "$service" stop >/dev/null 2>&1 || true ;; esac
  done
fi

# Slack's own Python SDK judges the sandbox. It stays below the target directory: nothing of the system is changed.
export PYTHONPATH="$target/python${PYTHONPATH:+:$PYTHONPATH}"
if ! python3 -c 'import slack_sdk' 2>/dev/null; then
  echo "installing slack_sdk"
  python3 -m pip install --quiet --disable-pip-version-check --target "$target/python" slack_sdk </dev/null
fi
# Twilio's judges its double, and our signatures.
if ! python3 -c 'import twilio' 2>/dev/null; then
  echo "installing twilio"
  python3 -m pip install --quiet --disable-pip-version-check --target "$target/python" twilio </dev/null
fi
# PagerDuty's judges the door that takes what is sent to PagerDuty.
if ! python3 -W ignore -c 'import pdpyras' 2>/dev/null; then
  echo "installing pdpyras"
  python3 -m pip install --quiet --disable-pip-version-check --target "$target/python" pdpyras </dev/null
fi
if [ ! -e "$axe" ]; then
  echo "installing axe-core"
  python3 -m pip install --quiet --disable-pip-version-check --target "$target/python" --no-deps axe-playwright-python </dev/null
fi

export WARRIDOR_SEEDS=${WARRIDOR_SEEDS:-0..700}
log=$target/tests.log
status=0
cargo test --locked --no-fail-fast </dev/null 2>&1 | tee "$log" || status=$?
# What `cargo test` said, added up.
sum() { { grep -Eo "[0-9]+ $1" || true; } < <(grep '^test result:' "$log" || true) | awk '{ n += $1 } END { print n + 0 }'; }
echo
echo "$(sum passed) tests passed, $(sum failed) failed, $(sum ignored) ignored, in $((SECONDS - began)) s" \
  "(seeds $WARRIDOR_SEEDS)"
grep -E '^test .* \.\.\. FAILED$' "$log" | sed 's/^/  /' || true
if [ "$status" != 0 ]; then
  echo "NOT FINE: the whole of it is in $log"
else
  echo "all fine"
fi
exit "$status"
