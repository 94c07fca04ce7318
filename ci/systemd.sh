#!/usr/bin/env bash
# Runs the headless example as a service of a real systemd, freezes it, and looks if systemd starts it again and the
# colony goes on at what was saved. systemd has namespaces of its own, with no other unit than this one.
# Needs root and systemd on Linux; where that isn't given, it says so and succeeds.
#
#   ci/systemd.sh
set -euo pipefail
# Feature: systemd learns that a server is ready, lives and stops, and ends one that hangs.
cd "$(dirname "${BASH_SOURCE[0]}")/.."

systemd=
for place in /lib/systemd/systemd /usr/lib/systemd/systemd; do
    [ ! -x "$place" ] || systemd=$place
done
if [ "$(id -u)" != 0 ] || [ -z "$systemd" ]; then
    echo 'Skipped: it needs root and systemd.'
    exit 0
fi

cargo build --locked --quiet --example headless
colony=${CARGO_TARGET_DIR:-target}/debug/examples/headless
work=$(mktemp -d /var/tmp/bevy_session-systemd.XXXXXX)
pid=
trap '[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null; rm -rf "$work"' EXIT
cp "$colony" "$work/colony"
mkdir "$work/units"
printf '%s\n' '[Unit]' 'Wants=colony.service' >"$work/units/test.target"
cat >"$work/units/colony.service" <<UNIT
[Unit]
DefaultDependencies=no
[Service]
Type=notify
ExecStart=$work/colony --json --data $work/data --checkpoint-ms 200 --entities 300
WatchdogSec=2
TimeoutAbortSec=1
Restart=on-failure
RestartSec=0
ExecStopPost=/bin/sh -c 'echo \$\$SERVICE_RESULT >>$work/results'
StandardOutput=append:$work/out.jsonl
StandardError=append:$work/err.txt
UNIT

# With /tmp and /run of its own, it touches nothing of this machine's.
unshare --fork --kill-child --pid --mount --mount-proc --ipc --uts bash -c "
    mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /tmp
    [ -e /sys/fs/cgroup/cgroup.controllers ] || {
        mkdir -p /sys/fs/cgroup/systemd
        mountpoint -q /sys/fs/cgroup/systemd ||
            mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd
    }
    SYSTEMD_UNIT_PATH=$work/units exec $systemd --system --unit=test.target
" >"$work/systemd.log" 2>&1 &
pid=$!
disown "$pid"

count() {
    [ -e "$work/out.jsonl" ] || { echo 0; return; }
    grep -c "\"event\":\"$1\"" "$work/out.jsonl" || true
}

# Waits until an event was reported so many times, for half a minute at most.
await() {
    for _ in $(seq 300); do
        [ "$(count "$1")" -lt "$2" ] || return 0
        sleep 0.1
    done
    echo "$1 wasn't reported $2 times." >&2
    tail -n 5 "$work/systemd.log" "$work/err.txt" "$work/out.jsonl" >&2 || true
    exit 1
}

await checkpoint_saved 3
kill -STOP "$(pgrep -f "^$work/colony")"
frozen=$(date +%s%N)
saved=$(sed -n 's/.*"checkpoint_saved","checkpoint":\([0-9]*\).*/\1/p' "$work/out.jsonl" | tail -n 1)
await session_recovered 1
took=$((($(date +%s%N) - frozen) / 1000000))
back=$(sed -n 's/.*"session_recovered".*"checkpoint":\([0-9]*\).*/\1/p' "$work/out.jsonl" | tail -n 1)
[ "$back" -ge "$saved" ] || { echo "$saved was saved, and $back came back." >&2; exit 1; }
grep -qx watchdog "$work/results" || { cat "$work/results" >&2; exit 1; }
await checkpoint_saved 6
kill -TERM "$(pgrep -f "^$work/colony")"
await session_closed 1
printf 'Under %s, a frozen colony was back after %s ms (WatchdogSec=2), at checkpoint %s of %s.\n' \
    "$("$systemd" --version | head -n 1)" "$took" "$back" "$saved"
