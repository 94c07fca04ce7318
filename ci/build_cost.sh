#!/usr/bin/env bash
# What depending on the plugin costs a game: crates, processor seconds of a build from nothing and after a touched line
# of the game, and stripped bytes, of one small headless game, side by side in one run. Seconds of a processor and not of
# the clock, since another program that is busy changes them less:
#
#   bare       without any save system, with the same features of Bevy
#   peer       with moonshine-save
#   session    with bevy_session as it is by default
#   all        with bevy_session, its features for a headless game, and bevy_session_play
#
# Usage: ci/build_cost.sh [release] [dev]    both unless one is named
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export CARGO_INCREMENTAL=0
unset CARGO_TARGET_DIR
tree=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# What is measured has its own output taken.
exec 3>&2

bevy_version=$(sed -n 's/^bevy = { package = "bevy_internal", version = "\([0-9.]*\)".*/\1/p' Cargo.toml | head -n 1)
peer_version=$(sed -n 's/^moonshine-save = "\([0-9.]*\)"/\1/p' benches/report/Cargo.toml)
[ -n "$bevy_version" ] && [ -n "$peer_version" ] || {
    printf 'No version of Bevy or of moonshine-save was found.\n' >&2
    exit 1
}
# The features of Bevy that each game has, so that none pays for what another asks for.
features='"std", "bevy_state", "serialize", "reflect_auto_register", "bevy_log", "multi_threaded"'

# A game: its name, and the lines of its dependencies, of what it uses, and of what it adds to the app.
game() {
    local directory=$work/$1
    mkdir -p "$directory/src"
    cat >"$directory/Cargo.toml" <<END
[package]
name = "cost_$1"
version = "0.1.0"
edition = "2024"

[dependencies]
bevy = { package = "bevy_internal", version = "$bevy_version", default-features = false, features = [$features] }
serde = { version = "1", features = ["derive"] }
$2

[profile.release]
strip = true

[workspace]
END
    cp Cargo.lock "$directory/"
    cat >"$directory/src/main.rs" <<END
use bevy::prelude::*;
$3

#[derive(Component, Reflect, Clone, serde::Serialize, serde::Deserialize)]
#[reflect(Component$4)]
struct Health(u32);

fn main() -> AppExit {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, bevy::state::app::StatesPlugin, bevy::log::LogPlugin::default()));
    app.add_systems(Startup, |mut commands: Commands| {
        commands.spawn(Health(100));
    });
    $5
    app.run()
}
END
}

plugin='app.add_plugins(SessionPlugin::new("Studio", "Cost"));
    app.add_systems(Startup, |mut commands: Commands| {
        commands.session().start_or_continue(NewSession::named("Campaign"));
    });'
game bare '' '' '' ''
game peer "moonshine-save = \"$peer_version\"" 'use moonshine_save::prelude::*;' '' \
    'app.add_observer(save_on_default_event).add_observer(load_on_default_event);'
game session "bevy_session = { path = \"$tree\" }" 'use bevy_session::prelude::*;' ', Saved' "$plugin"
game all "bevy_session = { path = \"$tree\", features = [\"reflect\", \"scenarios\"] }
bevy_session_play = { path = \"$tree/crates/play\" }" 'use bevy_session::prelude::*;' ', Saved' \
    "$plugin
    app.add_plugins((bevy_session_play::ObjectivesPlugin, bevy_session_play::NotesPlugin));"

# Processor seconds of a command and of all that it starts.
seconds() {
    local spent
    TIMEFORMAT='%U %S'
    spent=$({ time "$@" >/dev/null; } 2>&1 | tail -n 1)
    awk '{ printf "%.1f", $1 + $2 }' <<<"$spent"
}

build() {
    cargo build --quiet --manifest-path "$work/$1/Cargo.toml" --target-dir "$work/$1/target" $2 2>"$work/log" || {
        cat "$work/log" >&3
        exit 1
    }
}

measure() {
    local name=$1 profile=$2 flag='' directory=debug cold touched program bytes crates
    [ "$profile" = release ] && flag=--release directory=release
    cold=$(seconds build "$name" "$flag")
    printf '// touched\n' >>"$work/$name/src/main.rs"
    touched=$(seconds build "$name" "$flag")
    program=$work/$name/target/$directory/cost_$name
    cp "$program" "$work/stripped" && strip "$work/stripped"
    bytes=$(stat -c %s "$work/stripped")
    crates=$(cargo tree --manifest-path "$work/$name/Cargo.toml" --edges normal,build --prefix none --no-dedupe | sort -u | wc -l)
    printf '| %s | %s | %s | %s | %s | %s |\n' "$profile" "$name" "$crates" "$cold" "$touched" \
        "$(awk -v bytes="$bytes" 'BEGIN { printf "%.1f", bytes / 1000000 }')"
    rm -rf "$work/$name/target"
}

printf '# What a build costs\n\nWritten by `ci/build_cost.sh`; do not edit by hand. A small headless game with four save systems, each with the same features of\nBevy: processor seconds of a build from nothing, and after a touched line of the game.\n\n'
printf '%s; Bevy %s, `moonshine-save` %s.\n\n' "$(ci/measured_on.sh)" "$bevy_version" "$peer_version"
printf '| profile | game | crates | CPU s from nothing | CPU s after a touched line | MB stripped |\n| --- | --- | --- | --- | --- | --- |\n'
profiles=("$@")
[ $# -gt 0 ] || profiles=(release dev)
for profile in "${profiles[@]}"; do
    for name in bare peer session all; do
        measure "$name" "$profile"
    done
done
