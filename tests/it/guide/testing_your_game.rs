//! The page's test of a game, of one that recovers and of one that doesn't.

#![expect(clippy::print_stdout, reason = "the page prints what the doctor says")]

use bevy_session::SessionRestored;

use crate::common::Health;

include!("samples/tested_game.rs");

fn game(session: SessionPlugin) -> App {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, session)).add_observer(
        |_: On<SessionStarted>, mut commands: Commands| {
            commands.spawn(Health(100));
        },
    );
    app
}

#[test]
fn a_game_that_recovers_passes_the_test_of_the_page() {
    the_game_recovers(game).unwrap();
}

/// Comes back without its value.
#[derive(Component, Reflect, Clone, serde::Serialize, serde::Deserialize)]
#[reflect(Component, Saved)]
struct Absentminded {
    current: u32,
    #[serde(skip)]
    max: u32,
}

#[test]
#[should_panic(expected = "saved values don't come back as they were")]
fn a_value_that_is_not_written_fails_the_test_of_the_page() {
    let _ = the_game_recovers(|session| {
        let mut app = game(session);
        app.add_observer(|_: On<SessionStarted>, mut commands: Commands| {
            commands.spawn(Absentminded { current: 3, max: 7 });
        });
        app
    });
}

// No check before the crash has these words.
#[test]
#[should_panic(expected = "kind: Extra")]
fn a_level_that_spawns_twice_fails_the_test_of_the_page() {
    let _ = the_game_recovers(|session| {
        let mut app = game(session);
        app.add_observer(|_: On<SessionRestored>, mut commands: Commands| {
            commands.spawn(Health(100));
        });
        app
    });
}
