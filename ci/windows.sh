#!/usr/bin/env bash
# Runs bevy_session on Windows as far as Linux can: built for x86_64-pc-windows-gnu and run under Wine.
# Everything comes from Debian packages, in a Debian sid of its own, so it needs root on an x86-64 Debian or
# Ubuntu. Where that isn't given it says so and succeeds. ci/platforms.sh type-checks what can't be run at all.
#
#   ci/windows.sh setup              a Debian sid with rustc, rust-src, mingw and Wine, once (some 3 GB)
#   ci/windows.sh test [FILTER…]     builds the plugin without warnings, then runs its tests
#   ci/windows.sh journal [FILTER…]  the same for crates/journal, which builds without Bevy
#   ci/windows.sh play [FILTER…]     the same for crates/play
#   ci/windows.sh ops [FILTER…]      the same for crates/ops
#   ci/windows.sh tool [FILTER…]     the same for crates/cli
#   ci/windows.sh insights [FILTER…] the same for crates/insights, which builds without Bevy
#   ci/windows.sh objects [FILTER…]  the same for crates/objects, whose tests that need a server are left out
#   ci/windows.sh postgres [FILTER…] the same for crates/postgres; its tests on a server of this machine:
#                                    ci/postgres.sh run ci/windows.sh postgres --ignored
#   ci/windows.sh kill [ROUNDS]      kills examples/headless, 50 times by default, and looks at what comes back
#   ci/windows.sh all                all of these, one after the other
#
# CROSS   where everything goes (11 GB once all is built), ~/.cache/bevy_session-cross by default
# JOBS    how many compilers run at once, as many as there are processors by default
# MIRROR  a mirror of Debian, by default the one that this machine's own apt uses
set -euo pipefail
# Feature: The plugin is type-checked for macOS, iOS and Android, and run under Wine.
PROJECT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CROSS=${CROSS:-${XDG_CACHE_HOME:-$HOME/.cache}/bevy_session-cross}
JOBS=${JOBS:-$(nproc)}
ROOT=$CROSS/sid
WORK=$ROOT/w # /w in the chroot
TARGET=x86_64-pc-windows-gnu

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

skip_where_impossible() {
    local reason=
    [ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || reason='it needs Linux on x86-64.'
    [ "$(id -u)" = 0 ] || reason='it needs root, for a Debian of its own in a chroot.'
    [ -n "$(command -v apt-get)" ] || reason='it needs apt, to fetch Debian packages.'
    if [ -n "$reason" ]; then
        printf 'Skipped: %s\n' "$reason"
        exit 0
    fi
}

own_mirror() {
    cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
        sed -nE 's|^[^#]*(https?://[^ ]+/debian)/?( .*)?$|\1|p' | head -n 1
}

# Runs a line of shell in the chroot, in the copy of the project, with processes and mounts that are gone
# when it ends. RUSTC_BOOTSTRAP is for build-std: Debian has no ready-made std for Windows, so cargo builds
# it from rust-src.
inside() {
    [ -e "$ROOT/usr/bin/rustc" ] || fail "First run: $0 setup"
    cp /etc/resolv.conf "$ROOT/etc/resolv.conf"
    unshare --mount --pid --fork --kill-child --mount-proc="$ROOT/proc" chroot "$ROOT" \
        env -i HOME=/root LANG=C.UTF-8 XDG_RUNTIME_DIR=/tmp \
        PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin \
        CARGO_HOME=/w/cargo-home CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0 RUSTC_BOOTSTRAP=1 \
        SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
        WINEPREFIX=/w/wine WINEDEBUG=-all BEVY_SESSION_POSTGRES="${BEVY_SESSION_POSTGRES:-}" \
        CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER=x86_64-w64-mingw32-gcc \
        CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER=wine64 \
        CC_x86_64_pc_windows_gnu=x86_64-w64-mingw32-gcc \
        AR_x86_64_pc_windows_gnu=x86_64-w64-mingw32-ar \
        bash -euo pipefail -c "cd /w/project; $*"
}

setup() {
    if [ ! -e "$ROOT/etc/debian_version" ]; then
        [ -n "$(command -v debootstrap)" ] || { apt-get update -q && apt-get install -yq debootstrap; }
        local mirror=${MIRROR:-$(own_mirror)}
        debootstrap --variant=minbase --include=ca-certificates sid "$ROOT" "$mirror"
    fi
    # The host's certificates, since there may be a proxy with its own.
    cp /etc/ssl/certs/ca-certificates.crt "$ROOT/etc/ssl/certs/ca-certificates.crt"
    printf '%s\n' 'APT::Install-Recommends "false";' 'Acquire::Languages "none";' \
        'Dpkg::Options {"--force-unsafe-io";};' >"$ROOT/etc/apt/apt.conf.d/90min"
    printf '%s\n' 'path-exclude=/usr/share/doc/*' 'path-exclude=/usr/share/man/*' \
        'path-exclude=/usr/share/locale/*' >"$ROOT/etc/dpkg/dpkg.cfg.d/90min"
    [ -e "$ROOT/usr/bin/rustc" ] || DEBIAN_FRONTEND=noninteractive chroot "$ROOT" apt-get install -yq rustc cargo rust-src gcc \
        libc6-dev gcc-mingw-w64-x86-64-win32 wine64
    chroot "$ROOT" apt-get clean
    mkdir -p "$WORK/tmp" "$WORK/project"
    # With windows that are never shown. The registry is written when its server ends.
    [ -e "$WORK/wine/system.reg" ] || inside 'wine64 wineboot --init
        wine64 reg add "HKCU\Software\Wine\Drivers" /v Graphics /d null
        /usr/lib/*/wine/wineserver --wait' 2>/dev/null
}

# The files as they are in the work tree, with their times, so that only what changed is built again.
copy() {
    rm -rf "$WORK/project"
    mkdir -p "$WORK/project"
    cd "$PROJECT"
    git ls-files -z --cached --others --exclude-standard |
        while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
        tar --create --null --files-from=- | tar --extract --directory="$WORK/project"
}

# Options of cargo for a target.
cargo_for() {
    printf '%s' "--target $1 -Z build-std=std,panic_unwind -j$JOBS"
}

# Options of cargo for what is run of a package: of the root package `plugin`, of all others the verb.
tests_of() {
    case $1 in
        plugin) printf '%s' '--package bevy_session --lib --test it' ;;
        journal) printf '%s' '--package bevy_session_journal --lib --test facade --test kill' ;;
        play) printf '%s' '--package bevy_session_play --lib --test it' ;;
        ops) printf '%s' '--package bevy_session_ops --lib --test it' ;;
        tool) printf '%s' '--package bevy_session_cli --bins --test it' ;;
        insights) printf '%s' '--package bevy_session_insights --lib --test it' ;;
        objects) printf '%s' '--package bevy_session_objects' ;;
        postgres) printf '%s' '--package bevy_session_postgres --lib --test store' ;;
    esac
}

# The example that is killed, of those packages that have one.
example_of() {
    case $1 in
        plugin) printf '%s' '--package bevy_session --example headless' ;;
        journal) printf '%s' '--package bevy_session_journal --example plain' ;;
    esac
}

# Builds everything that is run of a package, and fails where the compiler warns of it.
build() {
    copy
    local said=$WORK/tmp/build.txt
    local example
    example=$(example_of "$1")
    inside "export CARGO_TARGET_DIR=/w/t-win
        [ -z '$example' ] || cargo build $(cargo_for $TARGET) $example
        cargo test --no-run $(cargo_for $TARGET) $(tests_of "$1")" 2>&1 | tee "$said"
    fail_if_it_warned "$said"
}

fail_if_it_warned() {
    # Of other crates cargo shows none.
    ! grep -q '^warning: `bevy_session[a-z_]*` .* generated' "$1" || fail 'It compiles with warnings.'
}

# What Wine can't show. Each is a name, or the beginning of one, and why.
skipped() {
    grep -v '^#' <<'SKIPPED' | cut -d ' ' -f 1
# name                                                                    why
disk::disk_tests::an_open_file_is_readable_after_it_is_replaced           Wine refuses to rename over an open file; NTFS allows it
disk::disk_tests::an_open_file_is_readable_after_it_is_removed            Wine keeps the name until the file is closed
disk::disk_tests::a_lock_is_lost_if_its_directory_entry_is_removed        Wine keeps the name until the file is closed
judging::a_missing_checkpoint_that_a_dead_process_saved_is_reported       Wine keeps the name until the file is closed
support::a_declined_session_shows_the_panic_that_ended_it                 Wine keeps the name until the file is closed
death::sudden::a_stack_overflow_is_abnormal                               a process whose stack ends hangs in Wine
torture::faults::no_fault_loses_what_was_acknowledged_or_goes_unreported  over 30 minutes there; its disk is simulated
SKIPPED
}

# Runs the tests of a package, or those whose names hold a filter.
test_it() {
    build "$1"
    local skip
    skip=$(skipped | sed 's/^/--skip /' | tr '\n' ' ')
    inside "export CARGO_TARGET_DIR=/w/t-win BEVY_SESSION_SEED=1
        cargo test --quiet --no-fail-fast $(cargo_for $TARGET) $(tests_of "$1") -- \
            --test-threads 2 $skip ${*:2}"
}

# Plays the example again and again, kills it at any moment, and compares what comes back with what it
# had called safe and with the hash of what it had captured.
kill_it() {
    local rounds=${1:-50}
    build plugin
    cat >"$WORK/tmp/kill.sh" <<'KILL'
set -euo pipefail
rounds=$1 exe=/w/t-win/x86_64-pc-windows-gnu/debug/examples/headless.exe
story=/w/tmp/colony.jsonl
rm -rf /w/tmp/colony "$story"
touch "$story"
recovered=0

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

play() {
    wine64 "$exe" --json --data 'Z:\w\tmp\colony' --checkpoint-ms 50 --entities 300 "$@" \
        >/w/tmp/round.jsonl 2>/w/tmp/round.err
}

# Every process of the game; the one that the shell started may be its loader only. The processes of this
# script are the only ones here.
kill_game() {
    local process
    for process in /proc/[0-9]*; do
        case $(tr '\0' ' ' 2>/dev/null <"$process/cmdline") in
            *headless.exe*) kill -9 "${process#/proc/}" 2>/dev/null || true ;;
        esac
    done
}

# Compares what this round recovered, if it got so far, with the rounds before it.
compare() {
    local saved checkpoint hash
    if grep -E '"event":"(error|corruption_detected)"' /w/tmp/round.jsonl; then
        fail "Round $1 complains."
    fi
    saved=$(sed -n 's/^{"event":"checkpoint_saved","checkpoint":\([0-9]*\),.*/\1/p' "$story" | sort -n | tail -n 1)
    if read -r checkpoint hash < <(
        sed -n 's/^{"event":"session_\(recovered\|continued\)",.*"checkpoint":\([0-9]*\),"hash":"\([0-9a-f]*\)".*/\2 \3/p' \
            /w/tmp/round.jsonl
    ); then
        [ "$checkpoint" -ge "${saved:-0}" ] || fail "Round $1: $saved was saved, $checkpoint came back."
        grep "^{\"event\":\"captured\",\"checkpoint\":$checkpoint," "$story" | tail -n 1 |
            grep -q "\"hash\":\"$hash\"" || fail "Round $1: $checkpoint came back as $hash, which it was not."
        recovered=$((recovered + 1))
    elif [ -n "$saved" ] && grep -q '"event":"session_started"' /w/tmp/round.jsonl; then
        fail "Round $1: $saved was saved, and another session was started."
    fi
    # The kill may cut the last line.
    grep '}$' /w/tmp/round.jsonl >>"$story" || true
}

for round in $(seq "$rounds"); do
    : >/w/tmp/round.jsonl
    # The shell would report each one that is killed.
    { play || true; } 2>/dev/null &
    # From the start of the process to some seconds of play.
    if [ $((round % 3)) != 0 ]; then
        for _ in $(seq 300); do
            ! grep -q '"event":"captured"' /w/tmp/round.jsonl || break
            sleep 0.1
        done
    fi
    sleep "$((RANDOM % 2)).$((RANDOM % 900 + 100))"
    kill_game 2>/dev/null
    wait
    compare "$round"
done
play --seconds 2 || fail 'The last round fails.' "$(tail -n 3 /w/tmp/round.jsonl /w/tmp/round.err)"
compare last
grep -q '"event":"session_closed"' /w/tmp/round.jsonl || fail 'The last round did not close.'
[ "$recovered" -gt $((rounds / 2)) ] || fail "Only $recovered of $rounds rounds came as far as a recovery."
printf '%s kills, %s recoveries, %s checkpoints called safe, 0 lost.\n' \
    "$rounds" "$recovered" "$(grep -c checkpoint_saved "$story")"
KILL
    inside "bash /w/tmp/kill.sh $rounds"
}

main() {
    case ${1:-} in
        setup | test | journal | ops | play | tool | insights | objects | postgres | kill | all) skip_where_impossible ;;
    esac
    case ${1:-} in
        setup) setup ;;
        test) test_it plugin "${@:2}" ;;
        journal | ops | play | tool | insights | objects | postgres) test_it "$1" "${@:2}" ;;
        kill) kill_it "${@:2}" ;;
        all)
            setup
            local failed=
            for verb in journal insights test ops play tool objects postgres kill; do
                "$PROJECT/ci/windows.sh" "$verb" || failed+=" $verb"
            done
            [ -z "$failed" ] || fail "These have failed:$failed"
            ;;
        *)
            sed -n '2,/^set/{/^#/p}' "$0"
            exit 2
            ;;
    esac
}

main "$@"
