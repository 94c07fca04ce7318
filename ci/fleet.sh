#!/usr/bin/env bash
# A fleet to look at: a Postgres of Debian's package, three headless servers, and one of them killed with its disk in each round.
#
#   ci/fleet.sh [ROUNDS]            in Postgres, with a release build; 77 where Debian's package postgresql isn't installed
#   ci/fleet.sh directory [ROUNDS]  in a directory, which needs no server
set -euo pipefail
cd "$(dirname "$0")/.."

features=(--features replica)
if [ "${1:-}" = directory ]; then
    features=()
    shift
fi
rounds=${1:-5}
cargo build --release --example headless --example fleet "${features[@]}"
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
fleet=("${CARGO_TARGET_DIR:-target}/release/examples/fleet" --directory "$directory/servers" --rounds "$rounds")
if [ ${#features[@]} = 0 ]; then
    "${fleet[@]}" --replica "dir:$directory/replica"
else
    ci/postgres.sh run bash -c 'exec "$@" --replica "$BEVY_SESSION_POSTGRES"' fleet "${fleet[@]}"
fi
