#!/usr/bin/env bash
# Plays one session in many runs, each a process of its own with a checkpoint that is named, where a process
# may open 64 files only. All of what was named must be there in the end, and readable.
#
#   ci/many_runs.sh [RUNS]   1,000 by default: some minutes
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
runs=${1:-1000}
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/bevy_session-target}"
cargo build --quiet --release --example headless
cargo build --quiet --release --package bevy_session_cli
binaries=$CARGO_TARGET_DIR/release
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

begun=$SECONDS
for ((run = 1; run <= runs; run++)); do
    printf 'checkpoint run %d\nclose\n' "$run" | (
        ulimit -n 64
        RUST_LOG=warn "$binaries/examples/headless" --json --stdin --entities 50 --data "$directory/data"
    ) >"$directory/out" 2>"$directory/err" || fail "Run $run ended badly." "$(cat "$directory/out" "$directory/err")"
    grep -q '"command":"checkpoint","ok":true' "$directory/out" || fail "Run $run saved nothing." "$(cat "$directory/out")"
    if grep -hiE 'too many open files|"event":"(error|corruption_detected|saving_stopped)"' "$directory/out" "$directory/err"; then
        fail "That was run $run."
    fi
done
count_files() { find "$directory/data" -name '*.journal' -o -name '*.archive' -o -name '*.events' | wc -l; }
played=$((SECONDS - begun))
in_short_runs=$(count_files)
# What is named is gathered while a run goes on, and these were over in a moment.
(
    ulimit -n 64
    RUST_LOG=warn "$binaries/examples/headless" --json --entities 50 --seconds 60 --data "$directory/data"
) >"$directory/out" 2>"$directory/err" || fail 'The last run ended badly.' "$(cat "$directory/err")"
files=$(count_files)
(
    ulimit -n 64
    "$binaries/bevy-session" verify --json --read-data "$directory/data" >"$directory/verified" 2>&1
) || fail "$(tail -n 5 "$directory/verified")"
session=$("$binaries/bevy-session" list --json "$directory/data" | sed -n 's/.*"id": *"\([^"]*\)".*/\1/p')
(
    ulimit -n 64
    "$binaries/bevy-session" show --json "$directory/data" "$session" >"$directory/shown" 2>&1
) || fail "$(tail -n 5 "$directory/shown")"
named=$(grep -oE '"label": ?"run [0-9]+"' "$directory/shown" | sort -u | wc -l)
printf '%s runs with at most 64 open files in %s s: %s checkpoints that were named, in %s files, and in %s after a run of a minute.\n' \
    "$runs" "$played" "$named" "$in_short_runs" "$files"
[ "$files" -le 100 ] || fail 'These are too many files.'
[ "$named" = "$runs" ] || fail "Of $runs that were named, $named are listed."
