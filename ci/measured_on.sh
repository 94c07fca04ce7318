#!/usr/bin/env bash
# Prints of what, where and when figures are measured, for the top of a page of figures: processor, cores, compiler, commit
# and date.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
printf '%s, %s cores, %s; commit %s, %s' "$(sed -n 's/^model name\s*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)" \
    "$(rustc --version | cut -d ' ' -f 1,2)" "$(git describe --always --dirty --abbrev=12 --exclude '*')" "$(date -u +%F)"
