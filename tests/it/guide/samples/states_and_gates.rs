use bevy::prelude::*;
use bevy_session::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(States, TypePath, Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
enum Game { #[default] Menu, Loading, Playing, Paused }

#[derive(Component, Reflect, Clone, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Player { lives: u32 }

/// The level isn't saved: it is loaded again whenever the game comes through its loading screen, also for a rewind.
#[derive(Component)]
struct Level;

fn levels(app: &mut App) {
    app.init_state::<Game>()
        // Who left in a pause comes back into play.
        .save_state_as(|state| if state == Game::Paused { Game::Playing } else { state })
        .checkpoint_session_while(in_state(Game::Playing).or_else(in_state(Game::Paused)))
        .pause_session_in(Game::Paused)
        .restore_session_through(Game::Loading)
        .restore_session_in(Game::Playing)
        .offer_recovery_in(Game::Menu)
        .close_session_on_enter(Game::Menu)
        .add_systems(OnEnter(Game::Loading), load_level)
        // Not `OnEnter(Game::Playing)`, which runs after each pause as well; and not for the second level.
        .add_systems(
            OnTransition { exited: Game::Loading, entered: Game::Playing },
            begin_new_game.run_if(not(session_is_restoring).and_then(not(any_with_component::<Player>))),
        )
        .add_systems(Update, game_over.run_if(in_state(Game::Playing)));
}

fn load_level(
    old: Query<Entity, With<Level>>,
    mut commands: Commands,
    mut next: ResMut<NextState<Game>>,
) {
    old.iter().for_each(|old| commands.entity(old).despawn());
    // Spawn keyed entities as its children: then leaving the level doesn't count them as taken.
    let scope = (SaveKey::new("cellar"), SaveScope::new("cellar"));
    commands.spawn((Level, scope, DespawnOnEnter(Game::Menu)));
    next.set(Game::Playing); // also for a restore; a real game waits for its assets first
}

fn begin_new_game(mut commands: Commands) {
    commands.session().start(NewSession::named("Campaign"));
    commands.spawn((Player { lives: 3 }, DespawnOnEnter(Game::Menu)));
}

/// What has ended isn't continued: the next game is a session of its own.
fn game_over(
    player: Single<&Player, Changed<Player>>,
    mut next: ResMut<NextState<Game>>,
    mut commands: Commands,
) {
    if player.lives == 0 {
        commands.session().end(EndReason::Failed, LeaveCause::Player);
        next.set(Game::Menu);
    }
}
