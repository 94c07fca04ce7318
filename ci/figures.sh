#!/usr/bin/env bash
# Measures what the documents say of time and space, and writes it into one place. The machine should have nothing else to
# do.
#
#   peers    docs/benchmarks.md and its plots: checkpoints and restores beside other save systems
#   plugin   docs/benchmarks/plugin.md: everything else that the plugin does, each figure as the middle of three runs
#   build    docs/benchmarks/build-cost.md: what depending on it costs a game's build
#
# Usage: ci/figures.sh [peers] [plugin] [build]    all unless one is named
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Parts of `cargo bench --bench numbers` that the report beside peers doesn't measure already.
parts=(idle small_game summary_ticks pauses rewinds in_place forks million catalogue requests placed hooks external figures
    recording replays rebuild reports hostile beside scenarios following)
# Those that take minutes, and are measured once.
long=(ten_thousand people cleanup hour)

# Writes a file only once it is whole.
into() {
    local file=$1
    shift
    "$@" >"$work/whole"
    cp "$work/whole" "$file"
}

# The rows of the table that a command prints.
rows() {
    "$@" >"$work/printed" 2>"$work/log" || {
        cat "$work/log" >&2
        exit 1
    }
    grep '^| ' "$work/printed" | grep -v -e '^| what |' -e '^| --- |'
}

# Of the same row in three runs: the middle one, by the number that the figure begins with, and between which the three are.
middle() {
    paste -d '\n' "$@" | awk -F ' [|] ' '
        { sub(/^[|] /, ""); sub(/ [|]$/, ""); what = $1; sub(/^[^|]* [|] /, ""); figure[NR % 3] = $0 }
        NR % 3 == 0 {
            for (i = 0; i < 3; i++) { value[i] = figure[i]; gsub(/,/, "", value[i]); value[i] += 0 }
            for (i = 0; i < 2; i++) for (j = i + 1; j < 3; j++) if (value[j] < value[i]) {
                kept = value[i]; value[i] = value[j]; value[j] = kept
                kept = figure[i]; figure[i] = figure[j]; figure[j] = kept
            }
            spread = value[0] == value[2] ? "the same" : value[0] " to " value[2]
            if (figure[0] !~ /^-?[0-9]/) spread = ""
            printf "| %s | %s | %s |\n", what, figure[1], spread
        }'
}

# A figure of three runs of a command that prints a table.
thrice() {
    local run
    for run in 1 2 3; do rows "$@" >"$work/run$run"; done
    middle "$work/run1" "$work/run2" "$work/run3"
}

once() { rows "$@" | sed 's/ |$/ | one run |/'; }

numbers() { cargo bench --quiet --bench numbers -- "$1"; }

plugin() {
    local part
    printf '# What the plugin costs beside the figures of the report\n\nWritten by `ci/figures.sh plugin`; do not edit by hand. '
    printf '[Benchmarks](../benchmarks.md) has captures, restores, sizes and\nlistings beside peers. Each figure is the middle of three runs; '
    printf 'ratios say more than times.\n\n'
    printf '%s.\n' "$(ci/measured_on.sh)"
    printf '\n| what | figure | three runs |\n| --- | --- | --- |\n'
    thrice cargo bench --quiet --bench idle
    for part in "${parts[@]}"; do thrice numbers "$part"; done
    for part in "${long[@]}"; do once numbers "$part"; done
    thrice cargo bench --quiet --package bevy_session_ui
}

ci/measured_on.sh >"$work/machine"
wanted=("$@")
[ $# -gt 0 ] || wanted=(build plugin peers)
for one in "${wanted[@]}"; do
    case $one in
    peers) cargo run --release -p bevy_session_benchmarks ;;
    plugin)
        # Before the first figure, so that nothing is compiled between two.
        cargo bench --bench numbers --bench idle --no-run
        cargo bench --package bevy_session_ui --no-run
        into docs/benchmarks/plugin.md plugin
        ;;
    build) into docs/benchmarks/build-cost.md ci/build_cost.sh release ;;
    *)
        printf 'There is no part %s.\n' "$one" >&2
        exit 1
        ;;
    esac
done
