#!/usr/bin/env bash
# A Postgres server of Debian's package (`postgresql`) in a directory of its own, as an ordinary user, on a loopback address.
#
#   ci/postgres.sh run COMMAND...   start one in a new directory, run a command with its URL in BEVY_SESSION_POSTGRES,
#                                   stop it and remove the directory
#   ci/postgres.sh start DIR        start one in DIR, and print its URL
#   ci/postgres.sh stop DIR         stop it
set -euo pipefail

bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1 || true)
if [ -z "$bin" ]; then
    echo "skipped: Debian's package postgresql isn't installed" >&2
    exit 77
fi
# The server refuses to run as root.
user=$(id -un)
[ "$(id -u)" = 0 ] && user=nobody
as_user() {
    if [ "$user" = "$(id -un)" ]; then "$@"; else setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups "$@"; fi
}

start() {
    local dir=$1 port
    if [ ! -e "$dir/data" ]; then
        mkdir -p "$dir"
        chown "$user" "$dir"
        as_user "$bin/initdb" -D "$dir/data" -A trust -U postgres --no-locale -E UTF8 >"$dir/initdb.log"
        # A port that is free now.
        python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])' >"$dir/port"
    fi
    port=$(cat "$dir/port")
    as_user "$bin/pg_ctl" -D "$dir/data" -w -s -l "$dir/log" \
        -o "-p $port -c max_connections=500 -c listen_addresses=127.0.0.1 -c unix_socket_directories=''" start
    echo "postgres://postgres@127.0.0.1:$port/postgres"
}

stop() {
    as_user "$bin/pg_ctl" -D "$1/data" -s -m fast stop || true
}

case ${1:-} in
    start) start "$2" ;;
    stop) stop "$2" ;;
    run)
        shift
        dir=$(mktemp -d)
        chmod 755 "$dir"
        trap 'stop "$dir"; rm -rf "$dir"' EXIT
        BEVY_SESSION_POSTGRES=$(start "$dir")
        export BEVY_SESSION_POSTGRES
        "$@"
        ;;
    *) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
