//! A game with levels that remembers what you did to them, without a window.
//!
//! Each run continues where the last one was, does the next thing (opens a door, takes a coin, goes
//! up the tower), and ends. Run it a few times, some of them with `--crash`:
//!
//! ```text
//! cargo run --example level_game
//! cargo run --example level_game -- --crash
//! ```
//!
//! Doors stay open and coins stay taken, whichever way a run ended. `game.rs` is the game;
//! `tests/it/level_game.rs` walks every path through it.

#![expect(clippy::print_stdout, reason = "it talks to people")]

mod game;

use std::time::Duration;

use bevy::app::ScheduleRunnerPlugin;
use bevy::prelude::*;
use bevy::state::app::StatesPlugin;
use bevy_session::prelude::*;
use game::{Coin, CurrentLevel, Door, Game, Player};

/// True if this run is to end in a crash.
#[derive(Resource)]
struct Crash(bool);

fn main() -> AppExit {
    let frame = Duration::from_millis(16);
    let data = std::env::temp_dir().join("bevy_session_level_game");
    println!("Saved in {}", data.display());
    App::new()
        .add_plugins((
            MinimalPlugins.set(ScheduleRunnerPlugin::run_loop(frame)),
            StatesPlugin,
            SessionPlugin::new("Examples", "Level Game").directory(data),
            game::plugin,
        ))
        .insert_resource(Crash(std::env::args().any(|argument| argument == "--crash")))
        // What a menu does with its buttons.
        .add_observer(start_or_go_on)
        .add_observer(|crash: On<RecoveryAvailable>| {
            println!("The last run ended badly: {:?}", crash.offer.cause);
        })
        .add_observer(|_: On<SessionStarted>, mut next: ResMut<NextState<Game>>| {
            println!("A new game.");
            next.set(Game::Loading);
        })
        .add_observer(|restored: On<SessionRestored>| println!("{:?}.", restored.reason))
        .add_systems(Update, do_the_next_thing.run_if(in_state(Game::Playing)))
        .run()
}

fn start_or_go_on(_: On<SessionsFound>, mut commands: Commands) {
    commands.session().start_or_continue(NewSession::named("Adventure"));
}

/// Takes half a second for it.
fn do_the_next_thing(
    mut frame: Local<u32>,
    doors: Query<(Entity, &mut Door, &SaveKey)>,
    coins: Query<(Entity, &SaveKey), With<Coin>>,
    mut player: Single<&mut Player>,
    mut level: ResMut<CurrentLevel>,
    mut next: ResMut<NextState<Game>>,
    (crash, mut exit): (Res<Crash>, MessageWriter<AppExit>),
    (session, mut commands): (Option<Res<CurrentSession>>, Commands),
) {
    *frame += 1;
    if *frame == 1 {
        let open: Vec<&str> =
            doors.iter().filter(|(_, door, _)| door.open).map(|(.., key)| key.as_str()).collect();
        let left: Vec<&str> = coins.iter().map(|(_, key)| key.as_str()).collect();
        println!(
            "In the {}, with {} coins. Open: {open:?}, coins left: {left:?}",
            level.0, player.coins
        );
        let closed = doors.into_iter().find(|(_, door, _)| !door.open);
        if let Some((coin, key)) = coins.iter().next() {
            println!("You take the coin {key}.");
            player.coins += 1;
            commands.entity(coin).despawn();
        } else if let Some((entity, mut door, key)) = closed {
            println!("You open the door {key}.");
            door.open = true;
            player.last_door = Some(entity);
        } else {
            level.0 = if level.0 == "cellar" { "tower" } else { "cellar" }.to_owned();
            println!("You go to the {}.", level.0);
            next.set(Game::Loading);
        }
        commands.session().checkpoint("did something");
    }
    let is_safe = session.is_some_and(|session| session.at_risk() < Duration::from_secs(1));
    if *frame == 30 && crash.0 {
        println!("Crash! What was done is safe: {is_safe}");
        std::process::abort();
    } else if *frame == 30 {
        println!("Back to the menu, and out.");
        exit.write(AppExit::Success);
    }
}
