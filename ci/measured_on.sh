#!/usr/bin/env bash
# Prints of what, where and when figures are measured, for the top of a page of figures: processor, cores, compiler, commit
# and date. Fails if the code isn't that commit's: nobody could measure it again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
git diff --quiet HEAD -- . ':!docs' || {
    printf 'Commit first: figures name the commit that they are of.\n' >&2
    exit 1
}
printf '%s, %s cores, %s; commit %s, %s' "$(sed -n 's/^model name\s*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)" \
    "$(rustc --version | cut -d ' ' -f 1,2)" "$(git rev-parse --short=12 HEAD)" "$(date -u +%F)"
