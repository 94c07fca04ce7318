#!/usr/bin/env bash
# A Postgres server of Debian's package (`postgresql`) in a directory of its own, as an ordinary user, on a loopback address.
#
#   ci/postgres.sh run COMMAND...   start one in a new directory, run a command with its URL in BEVY_SESSION_POSTGRES,
#                                   stop it, and those that the command has started in the directory that
#                                   BEVY_SESSION_POSTGRES_SERVERS names, and remove everything
#   ci/postgres.sh start DIR [--tls] [--certificate NAME] [-c SETTING=VALUE]...
#                                   start one in DIR, and print its URL. With --tls it has certificates for localhost in
#                                   DIR/tls (`good`, `expired`, and `foreign` of another root than `root.crt`), of which
#                                   one is served, and asks each role but postgres for its password
#   ci/postgres.sh standby DIR OF   make a synchronous standby in DIR of the one in OF, start it, and print its URL
#   ci/postgres.sh promote DIR      make a standby writable
#   ci/postgres.sh stop DIR         stop it
#   ci/postgres.sh kill DIR         stop it at once, as a crash does
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

# A port that is free now.
choose_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])' >"$1/port"
}

# Starts what is in a directory. A new one takes another port if somebody was faster.
launch() {
    local dir=$1 is_new=$2 attempts=5 port
    shift 2
    while true; do
        port=$(cat "$dir/port")
        as_user "$bin/pg_ctl" -D "$dir/data" -w -s -l "$dir/log" \
            -o "-p $port -c max_connections=500 -c listen_addresses=127.0.0.1 -c unix_socket_directories='' $*" start >&2 && break
        attempts=$((attempts - 1))
        [ -n "$is_new" ] && [ "$attempts" -gt 0 ] && grep -q 'could not bind' "$dir/log" || return 1
        choose_port "$dir"
    done
    echo "postgres://postgres@127.0.0.1:$port/postgres"
}

start() {
    local dir=$1 tls='' certificate=good settings='' is_new=''
    shift
    while [ $# -gt 0 ]; do
        case $1 in
            --tls) tls=yes ;;
            --certificate) certificate=$2 && shift ;;
            -c) settings="$settings -c $2" && shift ;;
            *) echo "unknown: $1" >&2 && return 2 ;;
        esac
        shift
    done
    if [ ! -e "$dir/data" ]; then
        is_new=yes
        mkdir -p "$dir"
        chown "$user" "$dir"
        as_user "$bin/initdb" -N -D "$dir/data" -A trust -U postgres --no-locale -E UTF8 >"$dir/initdb.log"
        choose_port "$dir"
        [ -z "$tls" ] || make_certificates "$dir"
    fi
    [ ! -e "$dir/tls" ] || settings="$settings -c ssl=on -c ssl_cert_file=$dir/tls/$certificate.crt -c ssl_key_file=$dir/tls/$certificate.key"
    launch "$dir" "$is_new" "$settings"
}

# A certificate for localhost by one of the roots, valid between two moments.
certificate() {
    local name=$1 root=$2 from=$3 to=$4
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=localhost" -keyout "$name.key" -out "$name.csr"
    openssl ca -batch -config ca.conf -cert "$root.crt" -keyfile "$root.key" -startdate "$from" -enddate "$to" \
        -in "$name.csr" -out "$name.crt"
}

make_certificates() {
    local dir=$1 root
    mkdir "$dir/tls"
    (
        cd "$dir/tls"
        : >index
        cat >ca.conf <<END
[ca]
default_ca = here
[here]
database = index
rand_serial = yes
new_certs_dir = .
default_md = sha256
policy = any
unique_subject = no
x509_extensions = server
[any]
commonName = supplied
[server]
basicConstraints = CA:FALSE
subjectAltName = DNS:localhost
END
        for root in root other; do
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=$root" \
                -addext 'basicConstraints=critical,CA:TRUE' -keyout "$root.key" -out "$root.crt"
        done
        certificate good root 20200101000000Z 20491231235959Z
        certificate expired root 20200101000000Z 20200102000000Z
        certificate foreign other 20200101000000Z 20491231235959Z
        chmod 600 ./*.key
        chown -R "$user" .
    ) >"$dir/openssl.log" 2>&1
    {
        echo 'host all,replication postgres 127.0.0.1/32 trust'
        echo 'host all all 127.0.0.1/32 scram-sha-256'
    } >"$dir/data/pg_hba.conf"
}

ask() {
    as_user env PGSSLMODE=disable "$bin/psql" -h 127.0.0.1 -p "$(cat "$1/port")" -U postgres -d postgres -qAtX -v ON_ERROR_STOP=1 -c "$2"
}

standby() {
    local dir=$1 of=$2
    mkdir -p "$dir"
    chown "$user" "$dir"
    as_user env PGSSLMODE=disable "$bin/pg_basebackup" -h 127.0.0.1 -p "$(cat "$of/port")" -U postgres -D "$dir/data" -R -N -X stream -c fast
    choose_port "$dir"
    launch "$dir" yes
    ask "$of" "alter system set synchronous_standby_names = '*'"
    ask "$of" 'select pg_reload_conf()' >"$dir/reload.log"
    for _ in $(seq 600); do
        [ "$(ask "$of" "select count(*) from pg_stat_replication where sync_state = 'sync'")" = 0 ] || return 0
        sleep 0.1
    done
    echo 'the standby never caught up' >&2
    return 1
}

stop() {
    as_user "$bin/pg_ctl" -D "$1/data" -s -m "${2:-fast}" stop || true
}

# Stops the servers below a directory, and removes it.
clear_away() {
    local pid
    for pid in "$1"/data/postmaster.pid "$1"/servers/*/data/postmaster.pid; do
        # A stopped process doesn't hear that it should end.
        [ ! -e "$pid" ] || { kill -CONT "$(head -n 1 "$pid")" 2>/dev/null || true; stop "${pid%/data/postmaster.pid}"; }
    done
    rm -rf "$1"
}

case ${1:-} in
    start) start "${@:2}" ;;
    standby) standby "$2" "$3" ;;
    promote) as_user "$bin/pg_ctl" -D "$2/data" -w -s promote ;;
    stop) stop "$2" ;;
    kill) stop "$2" immediate ;;
    run)
        shift
        dir=$(mktemp -d)
        chmod 755 "$dir"
        mkdir "$dir/servers"
        trap 'clear_away "$dir"' EXIT
        BEVY_SESSION_POSTGRES=$(start "$dir")
        BEVY_SESSION_POSTGRES_SERVERS=$dir/servers
        export BEVY_SESSION_POSTGRES BEVY_SESSION_POSTGRES_SERVERS
        "$@"
        ;;
    *) sed -n '2,15s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
