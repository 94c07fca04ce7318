//! The inputs that decide a run. They are recorded, step by step, so that a run can be played again.

use bevy::prelude::*;
use bevy::state::state::StateTransitionSystems;
use bevy_session::events::{RecordInputs, RecordingExt};
use bevy_session_play::PlayedBy;
use serde::{Deserialize, Serialize};

use crate::crew::{Seat, Seats};
use crate::model::Game;
use crate::play::Steering;

/// The wish of a player in a step, by keys or by the pilot. All who are here say it in each step, also that they want nothing.
#[derive(Message, TypePath, Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Steer {
    pub player: String,
    pub direction: Vec2,
    pub flare: bool,
}

/// Somebody pauses, or goes on.
#[derive(Message, TypePath, Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Turn {
    pub to: Game,
}

pub fn plugin(app: &mut App) {
    app.add_message::<Steer>()
        .add_message::<Turn>()
        .add_systems(FixedUpdate, obey.after(RecordInputs).run_if(in_state(Game::Playing)))
        .configure_sets(
            StateTransition,
            RecordInputs.before(StateTransitionSystems::DependentTransitions),
        )
        .add_systems(
            StateTransition,
            (
                note_turn.before(RecordInputs),
                turn.after(RecordInputs).before(StateTransitionSystems::DependentTransitions),
            ),
        );
    app.record_inputs::<Steer>(FixedUpdate);
    app.record_inputs::<Turn>(StateTransition);
}

/// An empty wish of each player who is here.
pub fn of_all_here(seats: &Seats) -> Vec<Steer> {
    let here = Seat::ALL.into_iter().filter(|seat| seats.is_here(*seat));
    let idle =
        |seat: Seat| Steer { player: seat.id().to_owned(), direction: Vec2::ZERO, flare: false };
    here.map(idle).collect()
}

/// Characters of those who said something in this step can be steered; the others sleep.
pub fn obey(
    mut said: MessageReader<Steer>,
    mut characters: Query<(Entity, &PlayedBy, Option<&mut Steering>)>,
    mut commands: Commands,
) {
    let said: Vec<&Steer> = said.read().collect();
    for (character, PlayedBy(player), steering) in &mut characters {
        let wanted = said.iter().rfind(|steer| steer.player == player.as_str());
        let wanted =
            wanted.map(|steer| Steering { direction: steer.direction, flare: steer.flare });
        match (wanted, steering) {
            (Some(wanted), Some(mut steering)) => *steering = wanted,
            (Some(wanted), None) => _ = commands.entity(character).insert(wanted),
            (None, Some(_)) => _ = commands.entity(character).remove::<Steering>(),
            (None, None) => {}
        }
    }
}

/// A pause is pending: by a key, a button, or a note that is opened.
fn note_turn(state: Res<State<Game>>, next: Res<NextState<Game>>, mut turns: MessageWriter<Turn>) {
    let NextState::Pending(to) = *next else { return };
    let between = [Game::Playing, Game::Paused];
    if between.contains(state.get()) && between.contains(&to) {
        turns.write(Turn { to });
    }
}

fn turn(mut turns: MessageReader<Turn>, mut next: ResMut<NextState<Game>>) {
    for turn in turns.read() {
        next.set(turn.to);
    }
}
