#!/usr/bin/env bash
# A fleet to look at: a Postgres of Debian's package, three headless servers, and one of them killed with its disk in each round.
#
#   ci/fleet.sh [ROUNDS]            in Postgres, with a release build; before it, the tests of crates/postgres and of the tool on that
#                                   server; 77 where Debian's package postgresql isn't installed
#   ci/fleet.sh bucket [ROUNDS]     in a bucket of ci/objects.sh, which fetches its packages
#   ci/fleet.sh directory [ROUNDS]  in a directory, which needs no server
set -euo pipefail
cd "$(dirname "$0")/.."

place=postgres features=(--features replica)
case ${1:-} in
    directory) place=directory features=() && shift ;;
    bucket) place=bucket && shift ;;
esac
rounds=${1:-5}
[ $place != postgres ] || ci/postgres.sh run cargo test -p bevy_session_postgres -- --include-ignored
[ $place != postgres ] || ci/postgres.sh run cargo test -p bevy_session_cli --features postgres --test it -- carrying:: --include-ignored
[ $place != postgres ] || ci/postgres.sh run cargo test -p bevy_session --features replica --test it -- following::sharing:: --include-ignored --skip bucket
cargo build --release --example headless --example fleet "${features[@]}"
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
fleet=("${CARGO_TARGET_DIR:-target}/release/examples/fleet" --directory "$directory/servers" --rounds "$rounds")
case $place in
    directory) "${fleet[@]}" --replica "dir:$directory/replica" ;;
    postgres) ci/postgres.sh run bash -c 'exec "$@" --replica "$BEVY_SESSION_POSTGRES"' fleet "${fleet[@]}" ;;
    bucket) ci/objects.sh run bash -c 'exec "$@" --replica "s3://sessions/fleet?endpoint=$BEVY_SESSION_S3"' fleet "${fleet[@]}" ;;
esac
