#!/usr/bin/env bash
# An S3 server, Ceph's radosgw of Debian's packages, in a directory of its own, as any user, on a loopback address. Nothing is
# installed: the packages come by apt, checked against the archive's keys, and run with their own loader. They take 500 MB.
#
#   ci/objects.sh test             start one with new data, and run the tests of crates/objects on it, and those of the tool that are
#                                  about buckets; kill colonies of the headless example with their disks, and see that others go on
#                                  with them
#   ci/objects.sh run COMMAND...   start one with new data, run a command with its address in BEVY_SESSION_S3 and keys in AWS_...,
#                                  and this script's name and the directory in BEVY_SESSION_S3_SERVER; stop it and remove the data
#   ci/objects.sh start DIR        start one in DIR, and print the variables for the environment
#   ci/objects.sh kill DIR         kill the servers in DIR with SIGKILL; start starts them again, with the data they had
#   ci/objects.sh stop DIR         stop it
#
# Packages are unpacked once, in BEVY_SESSION_CEPH or the cache directory of the user. It proves nothing about power cuts, several
# nodes, TLS, or Amazon's own servers.
set -euo pipefail

arch=$(uname -m)-linux-gnu
packages=${BEVY_SESSION_CEPH:-${XDG_CACHE_HOME:-$HOME/.cache}/bevy_session-ceph}
root=$packages/root
own=$root/usr/lib/$arch

fail() { echo "$*" >&2; exit 1; }

# Skipped rather than failed where the packages can't be had.
skip() { echo "skipped: $*" >&2; exit 77; }

# A program of the unpacked packages, with their loader and libraries. Only names it, so that a server can be exec'd.
program() {
    local name=$1 loader
    shift
    loader=$(ls "$own"/ld-linux-*.so.* "$root/lib/$arch"/ld-linux-*.so.* 2>/dev/null | head -n 1 || true)
    command=(env "CEPH_CONF=$dir/ceph.conf" "PYTHONHOME=$root/usr" "PYTHONPATH=$root/usr/lib/python3/dist-packages"
        PYTHONDONTWRITEBYTECODE=1 "OPENSSL_MODULES=$own/ossl-modules" OPENSSL_CONF=/dev/null
        "$loader" --library-path "$own:$root/lib/$arch:$own/ceph")
    if [ "$name" = ceph ]; then
        command+=("$root/usr/bin/python3" "$root/usr/bin/ceph" --connect-timeout 20 "$@")
    else
        command+=("$root/usr/bin/$name" "$@")
    fi
}
run() { program "$@"; "${command[@]}"; }
ceph() { program ceph "$@"; timeout 60 "${command[@]}"; }

unpack() {
    [ -e "$root/.complete" ] && return
    command -v apt-get >/dev/null && command -v dpkg >/dev/null || skip "there is no apt"
    local key=/usr/share/keyrings/debian-archive-keyring.gpg apt=$packages/apt mirror options list
    [ -e "$key" ] || skip "Debian's package debian-archive-keyring isn't installed"
    mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | grep -v '^#' |
        grep -oE 'https?://[^ ]+/debian/?( |$)' | head -n 1 | sed 's#/* *$##' || true)
    rm -rf "$root" "$apt"
    mkdir -p "$root" "$apt/state/lists/partial" "$apt/cache/archives/partial" "$apt/debs"
    : >"$apt/status"
    # 18 and older answer 412 to what should succeed.
    echo "deb [signed-by=$key] ${mirror:-http://deb.debian.org/debian} sid main" >"$apt/sources.list"
    options=(-q -o "Dir::Etc::sourcelist=$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
        -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null -o "Dir::State=$apt/state"
        -o "Dir::State::status=$apt/status" -o "Dir::Cache=$apt/cache" -o Acquire::Languages=none
        -o APT::Sandbox::User= -o Acquire::Retries=3)
    apt-get "${options[@]}" update >"$apt/log" 2>&1 || skip "Debian's archive can't be reached"
    # Libraries, Python for the ceph command, the servers; not what only an installed Ceph uses.
    list=$(apt-get "${options[@]}" -s install --no-install-recommends ceph-mon ceph-osd radosgw ceph-common 2>>"$apt/log" |
        awk '/^Inst/ { for (i = 3; i <= NF; i++) if ($i ~ /^\(/) { print $2 "=" substr($i, 2); break } }' |
        grep -E '^(lib|ceph-(mon|osd|base|common|osd-classic)=|radosgw=|python3|openssl-provider|media-types|gcc)')
    (cd "$apt/debs" && xargs apt-get "${options[@]}" download <<<"$list" >>"$apt/log" 2>&1) || fail "$(tail -n 5 "$apt/log")"
    for package in "$apt"/debs/*.deb; do dpkg -x "$package" "$root"; done
    rm -rf "$apt"
    touch "$root/.complete"
}

# A server runs if its process does: it is ours only if its command line names our configuration.
alive() {
    local pid
    pid=$(cat "$dir/$1.pid" 2>/dev/null) && [ -n "$pid" ] || return 1
    { tr '\0' '\n' <"/proc/$pid/cmdline"; } 2>/dev/null | grep -qxF "$dir/ceph.conf" &&
        [ "$(awk '/^State/{print $2}' "/proc/$pid/status" 2>/dev/null)" != Z ]
}
spawn() {
    local name=$1
    shift
    alive "$name" && return
    program "$@" -c "$dir/ceph.conf"
    (exec setsid "${command[@]}" >>"$dir/log/$name.out" 2>&1 </dev/null) &
    echo $! >"$dir/$name.pid"
}
wait_for() {
    local seconds=$1 server=$2 end
    shift 2
    end=$((SECONDS + seconds))
    until "$@" >/dev/null 2>&1; do
        alive "$server" || fail "$server died: $(tail -n 5 "$dir/log/$server.out")"
        [ $SECONDS -lt $end ] || fail "$server doesn't answer within $seconds s"
        sleep 0.2
    done
}
end() {
    local name=$1 signal=$2 pid
    if alive "$name"; then
        pid=$(cat "$dir/$name.pid")
        kill "-$signal" "$pid"
        for ((i = 0; i < 300; i++)); do alive "$name" || break; sleep 0.1; done
        alive "$name" && kill -9 "$pid"
    fi
    rm -f "$dir/$name.pid"
}

configure() {
    [ -e "$dir/data/.made" ] && return
    rm -rf "$dir/data"
    mkdir -p "$dir/data/mon" "$dir/data/osd" "$dir/data/rgw" "$dir/data/crash" "$dir/log"
    local port monitor id all=$dir/data/all.keyring name
    # Ports that are free now.
    read -r port monitor < <(python3 -c 'import socket
a, b = socket.socket(), socket.socket()
a.bind(("127.0.0.1", 0)); b.bind(("127.0.0.1", 0))
print(a.getsockname()[1], b.getsockname()[1])')
    id=$(cat /proc/sys/kernel/random/uuid)
    echo "$port" >"$dir/port"
    cat >"$dir/ceph.conf" <<CONFIGURATION
[global]
fsid = $id
mon host = [v2:127.0.0.1:$monitor/0]
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv4 = true
ms bind ipv6 = false
ms bind msgr1 = false
auth allow insecure global id reclaim = false
keyring = $dir/data/\$name.keyring
run dir = $dir
admin socket =
crash dir = $dir/data/crash
log file = $dir/log/\$name.log
log to stderr = false
err to stderr = true
mon cluster log file = $dir/log/cluster.log
plugin dir = $own/ceph
erasure code dir = $own/ceph/erasure-code
osd class dir = $root/usr/lib/$arch/rados-classes
osd crush chooseleaf type = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
mon allow pool size one = true
mon max pg per osd = 2000
mon data avail crit = 1
mon data avail warn = 2
[mon]
mon data = $dir/data/mon
keyring = $dir/data/mon/keyring
[osd]
osd data = $dir/data/osd
keyring = $dir/data/osd/keyring
osd objectstore = bluestore
bluestore block create = true
bluestore block size = 10737418240
osd memory target = 1073741824
crush location = root=default host=test
osd crush initial weight = 1
osd numa auto affinity = false
[client.rgw.a]
rgw data = $dir/data/rgw
# Without tcp_nodelay a read takes 44 ms.
rgw frontends = beast endpoint=127.0.0.1:$port tcp_nodelay=1
rgw mime types file = $root/etc/mime.types
rgw rados pool pg num min = 8
rgw run sync thread = false
rgw thread pool size = 64
CONFIGURATION
    run ceph-authtool -C "$all" --gen-key -n mon. --cap mon 'allow *' >/dev/null
    run ceph-authtool "$all" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
    run ceph-authtool "$all" --gen-key -n client.rgw.a --cap mon 'allow rw' --cap osd 'allow rwx'
    for name in client.admin client.rgw.a; do
        printf '[%s]\n\tkey = %s\n' "$name" "$(run ceph-authtool "$all" -n "$name" -p)" >"$dir/data/$name.keyring"
    done
    echo "$(cat /proc/sys/kernel/random/uuid) $(run ceph-authtool --gen-print-key)" >"$dir/data/osd.id"
    run monmaptool --create --fsid "$id" --addv a "[v2:127.0.0.1:$monitor]" "$dir/data/monmap" >/dev/null
    run ceph-mon -i a -c "$dir/ceph.conf" --mkfs --monmap "$dir/data/monmap" --keyring "$all" >>"$dir/log/mkfs.out" 2>&1
    touch "$dir/data/.made"
}

osd_is_up() { ceph osd dump 2>/dev/null | grep -q '^osd.0 up'; }

start() {
    local id key user
    umask 077
    unpack
    configure
    spawn mon ceph-mon -f -i a
    wait_for 60 mon ceph mon stat
    if [ ! -e "$dir/data/osd/.made" ]; then
        read -r id key <"$dir/data/osd.id"
        printf '{"cephx_secret": "%s"}' "$key" | ceph osd new "$id" -i - >/dev/null
        printf '[osd.0]\n\tkey = %s\n' "$key" >"$dir/data/osd/keyring"
        run ceph-osd -i 0 -c "$dir/ceph.conf" --mkfs --osd-uuid "$id" >>"$dir/log/mkfs.out" 2>&1
        touch "$dir/data/osd/.made"
    fi
    spawn osd ceph-osd -f -i 0
    wait_for 60 osd osd_is_up
    spawn rgw radosgw -f -n client.rgw.a
    wait_for 180 rgw curl -s -o /dev/null -m 5 "http://127.0.0.1:$(cat "$dir/port")/"
    if [ ! -e "$dir/environment" ]; then
        user=$(run radosgw-admin user create --uid=test --display-name=test 2>>"$dir/log/mkfs.out")
        field() { sed -n "s/.*\"$1\": \"\([^\"]*\)\".*/\1/p" <<<"$user" | head -n 1; }
        key=$(field secret_key)
        printf '%s\n' "BEVY_SESSION_S3=http://127.0.0.1:$(cat "$dir/port")" AWS_REGION=us-east-1 \
            "AWS_ACCESS_KEY_ID=$(field access_key)" "AWS_SECRET_ACCESS_KEY=${key//\\\//\/}" >"$dir/environment.new"
        # A bucket for tests that can't make one. Debian's curl leaves out the header, and newer servers insist on it.
        curl -s -f -o /dev/null -X PUT -H x-amz-content-sha256:UNSIGNED-PAYLOAD --aws-sigv4 aws:amz:us-east-1:s3 --user "$(field access_key):${key//\\\//\/}" \
            "http://127.0.0.1:$(cat "$dir/port")/sessions"
        mv "$dir/environment.new" "$dir/environment"
    fi
}

stop() { end rgw TERM; end osd TERM; end mon TERM; }

kill_all() {
    local name
    for name in rgw osd mon; do
        if alive "$name"; then kill -9 "$(cat "$dir/$name.pid")"; fi
    done
    for name in rgw osd mon; do
        while alive "$name"; do sleep 0.05; done
        rm -f "$dir/$name.pid"
    done
}

# The events of a kind that a colony has written, the newest last.
events() { grep "^{\"event\":\"$2\"" "$1" || true; }
# A number of the newest event of a kind.
newest() { events "$1" "$2" | sed -n "s/.*\"$3\":\"\{0,1\}\([0-9a-f]*\).*/\1/p" | tail -n 1; }

# Waits until a colony has written so many events of a kind.
wait_for_events() {
    local log=$1 kind=$2 count=$3 end=$((SECONDS + 120))
    until [ "$(events "$log" "$kind" | wc -l)" -ge "$count" ]; do
        kill -0 "$colony" 2>/dev/null || fail "the colony ended: $(tail -n 5 "$log" "$log.err")"
        [ $SECONDS -lt $end ] || fail "no $kind within two minutes: $(tail -n 5 "$log" "$log.err")"
        sleep 0.02
    done
}

# Begins a machine's colony in the bucket. Its log is MACHINE.jsonl.
begin() {
    local machine=$1
    shift
    "$headless" --json --data "$colonies/$machine" --machine "$machine" --replica "$url" --entities 2000 \
        --checkpoint-ms 200 "$@" >"$colonies/$machine.jsonl" 2>"$colonies/$machine.jsonl.err" &
    colony=$!
}

# Looks whether a machine's colony came back as it was on the machine before, and no older than was replicated.
compare() {
    local before=$colonies/$1.jsonl after=$colonies/$2.jsonl event=$3 checkpoint hash replicated
    checkpoint=$(newest "$after" "$event" checkpoint) hash=$(newest "$after" "$event" hash)
    replicated=$(newest "$before" replicated checkpoint)
    [ "$checkpoint" -ge "$replicated" ] || fail "checkpoint $replicated was replicated, $checkpoint came back"
    events "$before" captured | grep "\"checkpoint\":$checkpoint," | grep -q "\"hash\":\"$hash\"" ||
        fail "checkpoint $checkpoint came back as $hash, which it was not"
    echo "$2 has checkpoint $checkpoint with hash $hash; $replicated was the newest that was replicated"
}

# Three machines are killed with their disks, and a fourth hands its colony over.
take_over() {
    local headless=${CARGO_TARGET_DIR:-target}/debug/examples/headless colonies url round begun
    colonies=$(mktemp -d)
    colony=
    trap '[ -z "$colony" ] || kill -9 "$colony" 2>/dev/null || true' EXIT
    url="s3://sessions/$(cat /proc/sys/kernel/random/uuid)?endpoint=$BEVY_SESSION_S3"
    begin machine-0
    for round in 1 2 3; do
        wait_for_events "$colonies/machine-$((round - 1)).jsonl" replicated 3
        kill -9 "$colony"
        begun=${EPOCHREALTIME/[.,]/}
        wait "$colony" 2>/dev/null || true
        rm -r "$colonies/machine-$((round - 1))"
        begin "machine-$round"
        wait_for_events "$colonies/machine-$round.jsonl" session_recovered 1
        echo "machine-$round plays on $(((${EPOCHREALTIME/[.,]/} - begun) / 1000)) ms after the kill, with a lease of 3 s"
        compare "machine-$((round - 1))" "machine-$round" session_recovered
    done
    wait_for_events "$colonies/machine-3.jsonl" replicated 1
    kill -TERM "$colony"
    wait "$colony" || fail "the colony that was asked to end failed: $(tail -n 5 "$colonies/machine-3.jsonl.err")"
    [ "$(newest "$colonies/machine-3.jsonl" replicated checkpoint)" = "$(newest "$colonies/machine-3.jsonl" captured checkpoint)" ] ||
        fail 'it ended before all was replicated'
    # Nobody waits for a lease that was released.
    begin machine-4 --lease-ms 600000 --seconds 1
    wait "$colony"
    compare machine-3 machine-4 session_continued
    if "$headless" --data "$colonies/nowhere" --replica "s3://nowhere/x?endpoint=$BEVY_SESSION_S3" 2>"$colonies/nowhere.err"; then
        fail 'a bucket that does not exist was used'
    fi
    grep -q 'there is no such bucket' "$colonies/nowhere.err" || fail "$(cat "$colonies/nowhere.err")"
    if grep -rlF -e "$AWS_SECRET_ACCESS_KEY" -e "$AWS_ACCESS_KEY_ID" "$colonies"; then fail 'a key was written'; fi
    rm -r "$colonies"
}

# All tests on a server that runs.
tests() {
    cargo test -p bevy_session_objects -- --include-ignored --nocapture
    cargo test -p bevy_session_cli --features objects --test it -- carrying:: --include-ignored
    cargo test -p bevy_session --features replica --test it -- following::sharing:: --include-ignored --skip postgres
    cargo build --example headless --features replica
    take_over
}

what=${1:-}
case $what in
    start | stop | kill)
        mkdir -p "$2"
        dir=$(cd "$2" && pwd -P)
        case $what in
            start) start && cat "$dir/environment" ;;
            stop) stop ;;
            kill) kill_all ;;
        esac
        ;;
    run)
        shift
        dir=$(mktemp -d)
        trap 'stop; rm -rf "$dir"' EXIT
        start
        set -a
        # shellcheck disable=SC1091
        . "$dir/environment"
        BEVY_SESSION_S3_SERVER="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/objects.sh $dir"
        set +a
        "$@"
        ;;
    test) "${BASH_SOURCE[0]}" run "${BASH_SOURCE[0]}" tests ;;
    tests) cd "$(dirname "${BASH_SOURCE[0]}")/.." && tests ;;
    *) sed -n '2,17s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
