#!/usr/bin/env bash
# Type-checks bevy_session for macOS, iOS, Android and Windows, and fails where the compiler warns of it. Nothing is linked or
# run, so no Apple SDK and no NDK is needed: std is checked from its sources (Debian's rust-src, unless rustup has them), and C
# isn't compiled. It needs a rustc of rustup and apt, and no root. Where that isn't given it says so and succeeds.
#
#   ci/platforms.sh                  all targets, one after the other, and the time of each
#   ci/platforms.sh TARGET…          some of them
#   ci/platforms.sh quick [TARGET…]  the same without the features that draw, which take most of the time
#
# PLATFORMS  where everything goes (some 4 GB), ~/.cache/bevy_session-platforms by default
# JOBS       how many compilers run at once, as many as there are processors by default
# MIRROR     a mirror of Debian, by default the one that this machine's own apt uses
set -euo pipefail
# Feature: The plugin is type-checked for macOS, iOS and Android, and run under Wine.
# Page: guide/platforms.md
# Feature: On macOS, Quit and a log-off are exits with a last checkpoint; type-checked, never run on a Mac.
PROJECT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
PLATFORMS=${PLATFORMS:-${XDG_CACHE_HOME:-$HOME/.cache}/bevy_session-platforms}
JOBS=${JOBS:-$(nproc)}
VERSION=$(rustc --version | cut -d ' ' -f 2)
TOOLCHAIN=$PLATFORMS/rust-$VERSION
QUICK=
TARGETS=(
    aarch64-apple-darwin
    x86_64-apple-darwin
    aarch64-apple-ios
    aarch64-apple-ios-sim
    aarch64-linux-android
    x86_64-linux-android
    armv7-linux-androideabi
    x86_64-pc-windows-msvc
)

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

skip() {
    printf 'Skipped: %s\n' "$1"
    exit 0
}

own_mirror() {
    cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
        sed -nE 's|^[^#]*(https?://[^ ]+/debian)/?( .*)?$|\1|p' | head -n 1
}

# A copy of rustup's toolchain with the sources of std in it: rustup's own stays as it is. Its files are the same ones
# where the file system allows that.
toolchain() {
    [ ! -e "$TOOLCHAIN/complete" ] || return 0
    local sysroot
    sysroot=$(rustc --print sysroot)
    # Debian's own rustc lies among everything else.
    [ "$sysroot" != /usr ] || skip "it needs a rustc of rustup's, and found Debian's."
    rm -rf "$TOOLCHAIN"
    mkdir -p "$PLATFORMS"
    cp -al "$sysroot" "$TOOLCHAIN" 2>/dev/null || { rm -rf "$TOOLCHAIN" && cp -a "$sysroot" "$TOOLCHAIN"; }
    [ -e "$TOOLCHAIN/lib/rustlib/src/rust/library" ] || sources_of_std
    compilers_that_compile_nothing
    touch "$TOOLCHAIN/complete"
}

# From Debian's package of the very version, by an apt with lists of its own.
sources_of_std() {
    [ -n "$(command -v apt-get)" ] || skip 'it needs apt, to fetch the sources of std, or those of rustup.'
    local apt=$PLATFORMS/apt mirror=${MIRROR:-$(own_mirror)} suite version
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
    for suite in trixie-backports sid; do
        printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' "$mirror" "$suite"
    done >"$apt/sources"
    cat >"$apt/conf" <<APT
Dir::State::lists "$apt/lists"; Dir::Cache "$apt/cache"; Dir::Etc::sourcelist "$apt/sources"; Dir::Etc::sourceparts "/dev/null";
APT::Sandbox::User "$(id -un)"; Acquire::Languages "none";
APT
    export APT_CONFIG=$apt/conf
    apt-get update -q >/dev/null || skip 'Debian could not be reached.'
    version=$(apt-cache madison rust-src | awk -v wanted="$VERSION" 'index($3, wanted "+") == 1 { print $3; exit }')
    [ -n "$version" ] || skip "Debian has no rust-src $VERSION."
    (cd "$apt" && apt-get download -q "rust-src=$version" && dpkg-deb -x rust-src_*.deb unpacked)
    unset APT_CONFIG
    mkdir -p "$TOOLCHAIN/lib/rustlib/src/rust"
    cp -r "$apt/unpacked/usr/src/rustc-$VERSION/library" "$TOOLCHAIN/lib/rustlib/src/rust/"
    rm -rf "$apt"
}

# C that isn't linked needn't be compiled.
compilers_that_compile_nothing() {
    mkdir -p "$TOOLCHAIN/nocc"
    cat >"$TOOLCHAIN/nocc/cc" <<'CC'
#!/bin/sh
# Leaves an empty file where an object is asked for.
case " $* " in *" -E "*|*" --version "*) exec gcc "$@" ;; esac
while [ $# -gt 0 ]; do [ "$1" = -o ] && { : > "$2"; }; shift; done
CC
    cat >"$TOOLCHAIN/nocc/ar" <<'AR'
#!/bin/sh
for a; do a=${a#-out:}; case $a in *.a|*.lib) printf '!<arch>\n' > "$a" ;; esac; done
AR
    chmod +x "$TOOLCHAIN/nocc/cc" "$TOOLCHAIN/nocc/ar"
}

# Packages and features that are checked for a target, a line each. A phone has no command line, no database and no object
# storage. On Android, whoever builds a game chooses one of two kinds of activity. What draws is checked once for each system
# but Windows: for macOS with all features, for phones without `replica`, which brings both storages, and those of tests.
checks_of() {
    local activity='' desktop='' drawn
    case $1 in
        *-android*) activity='--features bevy/android-native-activity' ;;
        *-darwin | *-windows-*) desktop='--package bevy_session_cli --package bevy_session_objects --package bevy_session_postgres' ;;
    esac
    printf '%s\n' '--package bevy_session_journal' \
        "--package bevy_session --no-default-features $activity" \
        "--package bevy_session --package bevy_session_ops --package bevy_session_play --package bevy_session_insights $desktop $activity"
    [ -z "$QUICK" ] || return 0
    case $1 in
        aarch64-apple-darwin) drawn=--all-features ;;
        aarch64-apple-ios | aarch64-linux-android) drawn='--features game,metrics,reflect,thumbnail,visibility' ;;
        *) return 0 ;;
    esac
    printf '%s\n' "--package bevy_session --package bevy_session_ops --package bevy_session_ui $drawn $activity"
}

# RUSTC_BOOTSTRAP is for build-std. Without an SDK the crate cc would look for one by a tool of Apple's.
check() {
    local target=$1 options begun=$SECONDS said=$PLATFORMS/check.txt lower=${1//-/_}
    while read -r options; do
        printf '== %s %s\n' "$target" "$options"
        # Each word is one of the options.
        # shellcheck disable=SC2086
        env PATH="$TOOLCHAIN/bin:$PATH" RUSTC_BOOTSTRAP=1 CARGO_INCREMENTAL=0 CARGO_TARGET_DIR="$PLATFORMS/target" \
            "CC_$lower=$TOOLCHAIN/nocc/cc" "CXX_$lower=$TOOLCHAIN/nocc/cc" "AR_$lower=$TOOLCHAIN/nocc/ar" \
            SDKROOT="$TOOLCHAIN" RUSTUP_TOOLCHAIN= \
            cargo check --quiet --ignore-rust-version --target "$target" -Z build-std=std,panic_unwind -j "$JOBS" \
            $options 2>&1 | tee "$said" || fail "$target: it doesn't compile."
        # Of other crates cargo shows none.
        ! grep -q '^\(warning\|error\)' "$said" || fail "$target: it compiles with warnings."
    done < <(checks_of "$target")
    printf -- '-- %s: no warning, %d s\n\n' "$target" $((SECONDS - begun))
}

main() {
    local target
    [ "$(uname -s)" = Linux ] || skip 'it needs Linux.'
    if [ "${1:-}" = quick ]; then
        QUICK=1
        shift
    fi
    for target in "$@"; do
        case " ${TARGETS[*]} " in
            *" $target "*) ;;
            *)
                sed -n '2,/^set/{/^#/p}' "$0"
                printf '\ntargets: %s\n' "${TARGETS[*]}"
                exit 2
                ;;
        esac
    done
    toolchain
    cd "$PROJECT"
    for target in "${@:-${TARGETS[@]}}"; do
        check "$target"
    done
}

main "$@"
exit
