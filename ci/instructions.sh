#!/usr/bin/env bash
# Counts the instructions of what the plugin does all the time, with callgrind (Debian: valgrind), and compares them with
# those of `benches/instructions.md`. What is counted, `benches/instructions` says.
#
#   ci/instructions.sh check     fails where a workload takes over 5 % more than the table says, or all together over 5 %
#                                more than the first figures and what the table's second part explains; where one takes less
#                                than half of what the table says as well, since more likely it isn't counted any more
#   ci/instructions.sh update    writes today's figures into the table; a workload that is new begins with them, and one
#                                that takes over 5 % more than at first needs its line in the table's second part
#
# Counts hang on the compiler, the C library and the processor too, and by less than 1 % on chance.
set -euo pipefail
# Feature: Measured figures are those of a committed table, and instruction counts have a limit.
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export CARGO_INCREMENTAL=0
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/bevy_session-target}"
table=benches/instructions.md
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

# Writes a line for each workload: its name, a tab, its instructions.
count() {
    local build=(cargo build --release --package bevy_session --bench instructions) program number=0 name
    # As `.ci/run` has built the headless example, so that Bevy is there already.
    "${build[@]}"
    program=$("${build[@]}" --quiet --message-format=json |
        sed -n 's/.*"executable":"\([^"]*\/instructions-[0-9a-f]*\)".*/\1/p')
    # Before each call of this function the counters are written to the next file, and begin with zero.
    valgrind --tool=callgrind --callgrind-out-file="$work/out" --dump-before='*instructions*boundary*' \
        "$program" >"$work/names" 2>"$work/log" || { cat "$work/log" >&2; return 1; }
    while read -r name; do
        number=$((number + 1))
        printf '%s\t%s\n' "$name" "$(sed -n 's/^summary: //p' "$work/out.$number")"
    done <"$work/names" | awk -F '\t' '$1 == "nothing" { next }
        !($1 in sum) { names[++count] = $1 }
        { sum[$1] += $2 }
        END { for (i = 1; i <= count; i++) printf "%s\t%.0f\n", names[i], sum[names[i]] }'
}

# The rows of the table's first part: a name, its first figure and its last.
committed() {
    awk -F ' *[|] *' '/^## / { exit } $3 ~ /^[0-9,]+$/ { gsub(",", "", $3); gsub(",", "", $4); print $2 "\t" $3 "\t" $4 }' "$table"
}

# The percentages of the second part.
explained() {
    awk -F ' *[|] *' '/^## / { within = 1 } within && $2 ~ /^[0-9.]+ %$/ { sub(" %", "", $2); sum += $2 } END { print sum + 0 }' "$table"
}

check() {
    awk -F '\t' -v explained="$(explained)" '
        FNR == NR { first[$1] = $2; committed[$1] = $3; next }
        !($1 in committed) { print $1 " is not in the table"; bad = 1; next }
        {
            change = ($2 / committed[$1] - 1) * 100
            printf "%-24s %14.0f, %+.2f %% on what is committed, %+.2f %% on the first\n", $1, $2, change, ($2 / first[$1] - 1) * 100
            if (change > 5) { print "    more than 5 %"; bad = 1 }
            if (change < -50) { print "    less than half: is it still counted? If it has become that quick, ci/instructions.sh update says so"; bad = 1 }
            all_first += first[$1]; all += $2; delete committed[$1]
        }
        END {
            for (name in committed) { print name " is in the table and was not counted"; bad = 1 }
            growth = (all / all_first - 1) * 100
            printf "%-24s %14.0f, %+.2f %% on the first, of which %.2f %% are explained\n", "all together", all, growth, explained
            if (growth > 5 + explained) { print "    more than 5 %"; bad = 1 }
            exit bad
        }' <(committed) "$work/counted" || {
        echo "See $table. What is meant to take more is written down by ci/instructions.sh update, with the reason below the table."
        return 1
    }
}

# A workload that takes over 5 % more than at first needs a line in the table's second part before it is taken in.
unexplained() {
    awk -F '\t' '
        FILENAME == ARGV[1] { if ($0 ~ /^## /) within = 1; if (within) reasons = reasons "\n" $0; next }
        FILENAME == ARGV[2] { first[$1] = $2; next }
        ($1 in first) && $2 > first[$1] * 1.05 && index(reasons, "`" $1 "`") == 0 {
            printf "%s takes %.1f %% more than at first, and no line of %s says why\n", $1, ($2 / first[$1] - 1) * 100, ARGV[1]
            bad = 1
        }
        END { exit bad }' "$table" <(committed) "$work/counted"
}

update() {
    unexplained
    awk -F '\t' '
        function grouped(number) {
            return length(number) <= 3 ? number : grouped(substr(number, 1, length(number) - 3)) "," substr(number, length(number) - 2)
        }
        FNR == NR { first[$1] = $2; next }
        { printf "| %s | %s | %s |\n", $1, grouped($1 in first ? first[$1] : $2), grouped($2) }' \
        <(committed) "$work/counted" >"$work/rows"
    awk -v rows="$work/rows" '
        /^## / { after = 1 }
        !after && /^\| --- / { print; while ((getline row < rows) > 0) print row; next }
        !after && /^\| / && !/^\| workload / { next }
        { print }' "$table" >"$work/table"
    cp "$work/table" "$table"
    cat "$work/rows"
}

case ${1:-check} in
check | update)
    count >"$work/counted"
    "${1:-check}"
    ;;
*)
    sed -n '2,/^set/{/^set/d; s/^# \?//p}' "${BASH_SOURCE[0]}"
    exit 2
    ;;
esac
