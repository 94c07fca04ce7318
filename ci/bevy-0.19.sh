#!/usr/bin/env bash
# The tree for Bevy 0.19, which is published as bevy_session 0.1. It is derived from this one, which is for 0.20, and never
# edited: what differs in the libraries stands in src/engine and crates/ui/src/engine, and all else in ci/bevy-0.19.
#
#   ci/bevy-0.19.sh derive DIRECTORY  writes the tree into an empty or new directory, or brings it up to date
#   ci/bevy-0.19.sh test              derives it, then runs clippy, all tests, a kill and a recovery, and what needs features
#   ci/bevy-0.19.sh story             derives it, then plays the example game's story, as .ci/run does
#
# What is built goes into a directory beside that of this tree: CARGO_TARGET_DIR, or ~/.cache/bevy_session-target, with
# -bevy-0.19 at its end. The tree is derived there as well.
set -euo pipefail
# Feature: One command derives the tree for Bevy 0.19.
# Page: NEXT_BEVY.md
PROJECT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
DIFFERENCES=$PROJECT/ci/bevy-0.19
BUILT=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/bevy_session-target}-bevy-0.19

# The files of the work tree.
copy() {
    cd "$PROJECT"
    git ls-files -z --cached --others --exclude-standard |
        while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
        tar --create --null --files-from=- | tar --extract --directory="$1"
}

derive() {
    local tree=$1 fresh=$1.fresh
    [ ! -e "$tree" ] || [ -z "$(ls -A "$tree")" ] || [ -e "$tree/.derived" ] || {
        printf '%s is no tree that this script has derived.\n' "$tree" >&2
        exit 1
    }
    rm -rf "$fresh"
    mkdir -p "$fresh" "$tree"
    copy "$fresh"
    change "$fresh"
    touch "$tree/.derived"
    bring_up_to_date "$tree" "$fresh"
    rm -r "$fresh"
    cd "$tree"
}

# Makes a copy of this tree one for the other engine. This script and the names of its own places stay as they are.
change() {
    local file
    cd "$1"
    grep -rlZE --include='*.rs' --include='*.md' --include='*.toml' -f "$DIFFERENCES/touched" . |
        while IFS= read -r -d '' file; do
            case $file in
                ./ci/* | ./benches/ggrs/* | ./src/engine/* | ./crates/ui/src/engine/* | ./docs/PROGRESS.md | ./docs/NEXT_BEVY.md | ./CHANGELOG.md) ;;
                *) printf '%s\0' "$file" ;;
            esac
        done | xargs -0 sed -i -E -f "$DIFFERENCES/changes.sed"
    cp "$DIFFERENCES/Cargo.lock" Cargo.lock
    cp "$DIFFERENCES/build.rs" build.rs
    cp "$DIFFERENCES/build.rs" crates/ui/build.rs
}

# Writes what differs, with the time of now, and removes what is gone. All else keeps its time. So cargo builds what changed and
# nothing else: with the times of this tree, it would take for old what was edited here while the last build went on there.
bring_up_to_date() {
    local tree=$1 fresh=$2
    cd "$fresh"
    LC_ALL=C comm -13 <(sums "$tree") <(sums "$fresh") | cut -c 67- | xargs -r -d '\n' cp --parents --target-directory="$tree"
    cd "$tree"
    LC_ALL=C comm -23 <(names "$tree") <(names "$fresh") | xargs -r -d '\n' rm
}

names() {
    cd "$1"
    find . -path ./target -prune -o -type f ! -name .derived -print | LC_ALL=C sort
}

# A line for each file: its sum, two spaces, its name.
sums() {
    names "$1" | (cd "$1" && xargs -r -d '\n' sha256sum) | LC_ALL=C sort
}

derived() {
    derive "$BUILT/tree"
    cargo metadata --locked --format-version 1 >/dev/null
    export CARGO_TARGET_DIR=$BUILT CARGO_INCREMENTAL=0
}

# The steps of `.ci/run` that know the engine.
run_steps() {
    sed -n "/^step ${1}/q; /^step /d; s|^cd \"\$(dirname .*|cd \"$BUILT/tree\"|; p" "$PROJECT/.ci/run" >"$BUILT/steps.sh"
    printf '%s\n' "${@:2}" >>"$BUILT/steps.sh"
    bash "$BUILT/steps.sh"
}

# The steps of `.ci/run` that test what needs features, without the feature that 0.19 doesn't have.
tests_with_features() {
    sed -n '/^step cargo build /p; /^step cargo test --ignore-rust-version /,/--lib --test it -- /{s/,scenes / /; p}' "$PROJECT/.ci/run" | grep .
}

case ${1:-} in
    derive) derive "$(realpath -m "${2:?a directory}")" ;;
    test)
        with_features=$(tests_with_features)
        derived
        run_steps '' \
            'step cargo clippy --all-targets -- -D warnings' \
            'step cargo clippy --workspace --exclude bevy_session_benchmarks --exclude bevy_session_benchmarks_ggrs --all-targets --all-features -- -D warnings' \
            'step tests' \
            'step killed_and_recovered' \
            "$with_features"
        ;;
    story)
        derived
        run_steps '' 'step story_of_the_game'
        ;;
    *)
        sed -n '2,/^set/{/^#/p}' "$0"
        exit 2
        ;;
esac
