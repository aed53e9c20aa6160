#!/usr/bin/env bash
# Makes docs/demo.png: the demo's page with a triggered and an acknowledged card. Needs chromium, chromium-driver and a
# font with emoji (fonts-noto-color-emoji). Works from any directory.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
WARRIDOR_PICTURE=$PWD/docs/demo.png cargo test --locked --test browser_demo -- --exact \
  a_triggered_and_an_acknowledged_card_stand_side_by_side
echo "docs/demo.png"
