#!/usr/bin/env bash
# Breaks the program on purpose, one patch at a time, and shows that a test notices. Not part of CI, which only checks
# that every patch still applies: each mutation builds everything anew.
#
#   tests/mutations.sh            all of tests/mutations/*.patch
#   tests/mutations.sh NAME...    some of them
#
# The first line of a patch names the test that must fail: "# caught by: ARGUMENTS OF CARGO TEST".
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
work=$(mktemp -d)
trap 'git worktree remove --force "$work/tree" >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
git worktree add --quiet --detach "$work/tree" HEAD
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$work/target}
export WARRIDOR_SEEDS=${WARRIDOR_SEEDS:-0..600}
names=("$@")
if [ ${#names[@]} -eq 0 ]; then
  for patch in "$root"/tests/mutations/*.patch; do names+=("$(basename "$patch" .patch)"); done
fi
caught=0
survived=0
for name in "${names[@]}"; do
  patch=$root/tests/mutations/$name.patch
  test=$(sed -n '1s/^# caught by: //p' "$patch")
  git -C "$work/tree" checkout --quiet -- .
  git -C "$work/tree" apply "$patch"
  # Cargo goes by modification times.
  find "$work/tree/src" "$work/tree/tests" -name '*.rs' -exec touch {} +
  # shellcheck disable=SC2086
  if ! (cd "$work/tree" && cargo test --quiet --no-run $test >"$work/log" 2>&1); then
    tail -n 20 "$work/log"
    echo "$name: does not compile; mend the patch"
    exit 2
  fi
  # shellcheck disable=SC2086
  if (cd "$work/tree" && cargo test --quiet $test >"$work/log" 2>&1); then
    echo "SURVIVED  $name  (cargo test $test)"
    survived=$((survived + 1))
  else
    echo "caught    $name  (cargo test $test)"
    caught=$((caught + 1))
  fi
done
echo "$caught caught, $survived survived"
[ "$survived" -eq 0 ]
