#!/usr/bin/env bash
# What the command-line tool costs: crates, time to build from nothing, and the time of its verbs, process start
# included, each the median of 15 runs. Without `build` the build isn't measured.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export CARGO_INCREMENTAL=0
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/bevy_session-target}"

printf 'crates without SQLite, those of tests included: %s\n' \
    "$(cargo tree --package bevy_session_cli --no-default-features --prefix none --no-dedupe | sort -u | wc -l)"

if [ "${1:-}" = build ]; then
    empty=$(mktemp -d)
    begun=$(date +%s%N)
    CARGO_TARGET_DIR=$empty cargo build --quiet --release --package bevy_session_cli --no-default-features
    printf 'build from nothing, without SQLite: %d s\n' $((($(date +%s%N) - begun) / 1000000000))
    rm -r "$empty"
fi

cargo build --quiet --release --package bevy_session_cli --example plant --bin bevy-session
tool=$CARGO_TARGET_DIR/release/bevy-session
directory=$(mktemp -d)
trap 'rm -r "$directory"' EXIT
"$CARGO_TARGET_DIR/release/examples/plant" "$directory" 1000 100000

# The median time of a command, in milliseconds. `diff` ends with 1 where something differs.
measure() {
    local run begun
    for run in $(seq 15); do
        begun=$(date +%s%N)
        "$tool" "$@" >/dev/null || [ $? = 1 ]
        printf '%s\n' $((($(date +%s%N) - begun) / 10000))
    done | sort -n | sed -n '8s/\(..\)$/.\1/p'
}

printf 'list of 1,000 sessions: %s ms\n' "$(measure list "$directory")"
printf 'show of the last one: %s ms\n' "$(measure show "$directory" last)"
printf 'verify --read-data of 100,000 entities: %s ms\n' \
    "$(measure verify --read-data "$directory" large)"
printf 'cat of 100,000 entities: %s ms\n' "$(measure cat "$directory" large)"
printf 'diff of 100,000 entities: %s ms\n' "$(measure diff "$directory" large 1 2)"
# A verb that writes: each time to a place of its own.
measure_written() {
    local run begun
    for run in $(seq 5); do
        begun=$(date +%s%N)
        "$tool" "$@" --output "$directory/written-$run" >/dev/null
        printf '%s\n' $((($(date +%s%N) - begun) / 10000))
        rm -r "$directory/written-$run"
    done | sort -n | sed -n '3s/\(..\)$/.\1/p'
}

for form in json ron csv; do
    printf 'export of 100,000 entities to %s: %s ms\n' "$form" \
        "$(measure_written export "$directory" large --to "$form")"
done
printf 'view of 100,000 entities: %s ms\n' "$(measure_written view "$directory" large)"
printf 'stats of 100,000 entities: %s ms\n' "$(measure stats "$directory" large)"

printf 'crates with SQLite, those of tests included: %s\n' \
    "$(cargo tree --package bevy_session_cli --prefix none --no-dedupe | sort -u | wc -l)"
printf 'export of 100,000 entities to sqlite: %s ms\n' \
    "$(measure_written export "$directory" large --to sqlite)"
