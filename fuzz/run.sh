#!/usr/bin/env bash
# Runs the fuzz targets one after the other on one core, and says what came of each. Installs what is missing.
#
#   fuzz/run.sh [MINUTES_EACH] [TARGET…]     default: 2 minutes, all targets
#
#   WARRIDOR_BODIES=DIR[:DIR…]   more bodies to begin with, such as captured requests
#   FIGURES=FILE                 a line for each target is appended there
#   SEED_ONLY=1                  builds, tries what there is to begin with, and ends
#
# What is found is kept in fuzz/artifacts/TARGET; what reached new code, in fuzz/corpus/TARGET. Neither is committed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

minutes=${1:-2}
shift || true
targets=("$@")

if ! cargo fuzz --version >/dev/null 2>&1; then
  echo "installing cargo-fuzz"
  cargo install cargo-fuzz --locked </dev/null
fi
if ! command -v c++ >/dev/null; then
  echo "libFuzzer is built with a C++ compiler, and there is none: install g++ or clang." >&2
  exit 2
fi
if [ ${#targets[@]} = 0 ]; then
  mapfile -t targets < <(cargo fuzz list)
fi

IFS=: read -r -a more <<<"${WARRIDOR_BODIES:-}"
python3 fuzz/seeds.py fuzz/corpus fuzz/dictionaries "${more[@]}"

# No sanitizer: there is no unsafe code of ours, and without one the stable compiler will do.
flags=(--sanitizer none --strip-dead-code=true)
found=0
for target in "${targets[@]}"; do
  echo "== $target"
  args=(-max_len=16384 -len_control=20 -timeout=10 -rss_limit_mb=2048 -report_slow_units=3 -print_final_stats=1)
  [ -e "fuzz/dictionaries/$target.dict" ] && args+=("-dict=fuzz/dictionaries/$target.dict")
  if [ -n "${SEED_ONLY:-}" ]; then args+=(-runs=0); else args+=("-max_total_time=$((minutes * 60))"); fi
  log=fuzz/artifacts/$target.log
  mkdir -p "fuzz/artifacts/$target" "fuzz/corpus/$target"
  status=0
  cargo fuzz run "${flags[@]}" "$target" -- "${args[@]}" </dev/null >"$log" 2>&1 || status=$?
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -1)
  each=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log" | tail -1)
  slowest=$(sed -n 's/^stat::slowest_unit_time_sec: *//p' "$log" | tail -1)
  reached=$(grep -oE 'cov: [0-9]+ ft: [0-9]+' "$log" | tail -1 || true)
  line="$target: ${runs:-?} runs, ${each:-?} a second, ${reached:-nothing reached}, slowest ${slowest:-?} s"
  if [ "$status" != 0 ]; then
    found=$((found + 1))
    line="$line; FOUND something, see $log"
    grep -E "panicked at|ERROR:|timeout after" -A 3 "$log" | head -12 || true
  fi
  echo "$line"
  [ -n "${FIGURES:-}" ] && echo "$line" >>"$FIGURES"
done
if [ "$found" != 0 ]; then
  echo "NOT FINE: $found of ${#targets[@]} targets found something"
  exit 1
fi
echo "all fine"
