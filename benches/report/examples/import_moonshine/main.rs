//! A game that saved with `moonshine-save` and saves with `bevy_session` now. Its players keep what they saved.
//!
//! `cargo run --package bevy_session_benchmarks --example import_moonshine` imports `village.ron`, or the file that is named behind `--`, if
//! it is there and the game has no session yet. Kill the game, and start it again. The guide's page `coming-from.md` has it step by step;
//! `importer.rs` is what a game copies.

#![expect(clippy::print_stdout, reason = "it talks to people")]

mod importer;
mod village;

use std::env;
use std::time::Duration;

use bevy::app::ScheduleRunnerPlugin;
use bevy::asset::AssetPlugin;
use bevy::prelude::*;
use bevy::time::common_conditions::on_real_timer;
use bevy_session::prelude::*;

use importer::OldSave;

fn main() -> AppExit {
    let day = Duration::from_secs(1);
    let mut app = App::new();
    app.add_plugins((
        MinimalPlugins.set(ScheduleRunnerPlugin::run_loop(day / 60)),
        AssetPlugin::default(),
        SessionPlugin::new("bevy_session", "Village").development(false),
        village::plugin,
    ))
    .add_systems(
        Update,
        (village::live, tell).chain().run_if(session_is_active.and_then(on_real_timer(day))),
    );
    if let Some(path) = env::args_os().nth(1) {
        app.world_mut().resource_mut::<OldSave>().path = path.into();
    }
    app.run()
}

fn tell(world: &mut World) {
    let (gold, villagers) = village::seen(world);
    println!("The village has {gold} gold.");
    for (name, health, friend) in villagers {
        println!("  {name} ({health}), a friend of {}", friend.as_deref().unwrap_or("nobody"));
    }
}
