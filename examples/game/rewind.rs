//! `R`: pressed shortly, it opens the timeline. Held, the night runs backwards, step by step from checkpoint to checkpoint,
//! and nothing blinks: the level that is there stays, and what differs is written onto what is drawn. A note says how far
//! back that is.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::{CheckpointId, RecoveryFailed, RequestDone};
use bevy_session_ui::{OpenSessionTimeline, SessionStrings, session_ui_is_open};

use crate::controls::is_typing;
use crate::hud::Note;
use crate::model::Game;
use crate::texts::Texts;

/// The time after which a press counts as held.
const HELD: Duration = Duration::from_millis(350);
/// Ten steps a second.
const STEP: Duration = Duration::from_millis(100);
/// The least length of a step: to the checkpoint before.
const BACK: Duration = Duration::from_secs(1);
/// Added before seconds are cut off, so that they are rounded.
const HALF_A_SECOND: Duration = Duration::from_millis(500);

/// The key is pressed.
#[derive(Resource, Default)]
pub struct Rewinding {
    pressed_for: Duration,
    /// The play time at which the key came to count as held.
    began_at: Duration,
    /// Steps that were taken.
    pub steps: u32,
    /// The step that is being taken.
    asked: Option<Ticket>,
    /// The checkpoint of the last step. The oldest of all comes twice: there is nothing before it.
    last: Option<CheckpointId>,
    is_at_oldest: bool,
    /// True if time stood still already, as behind a dialog.
    was_paused: bool,
}

pub fn plugin(app: &mut App) {
    app.add_systems(
        Update,
        (
            press.run_if(
                not(is_typing).and_then(not(session_ui_is_open)).and_then(in_state(Game::Playing)),
            ),
            go_back.run_if(resource_exists::<Rewinding>),
        )
            .chain(),
    )
    .add_observer(|done: On<RequestDone>, rewinding: Option<ResMut<Rewinding>>| {
        if let Some(mut rewinding) = rewinding
            && rewinding.asked.take_if(|asked| *asked == done.ticket).is_some()
        {
            rewinding.steps += 1;
        }
    })
    .add_observer(|restored: On<SessionRestored>, rewinding: Option<ResMut<Rewinding>>| {
        if let Some(mut rewinding) = rewinding {
            rewinding.is_at_oldest =
                rewinding.last.replace(restored.checkpoint) == Some(restored.checkpoint);
        }
    })
    .add_observer(say_how_far)
    .add_observer(|_: On<RecoveryFailed>, rewinding: Option<ResMut<Rewinding>>| {
        // Nothing more can be had, until the key is released.
        if let Some(mut rewinding) = rewinding {
            rewinding.is_at_oldest = true;
        }
    })
    .add_observer(|rejected: On<RequestRejected>, rewinding: Option<ResMut<Rewinding>>| {
        if let Some(mut rewinding) = rewinding {
            rewinding.asked.take_if(|asked| Some(*asked) == rejected.ticket);
        }
    });
}

fn press(keys: Res<ButtonInput<KeyCode>>, mut commands: Commands) {
    if keys.just_pressed(KeyCode::KeyR) {
        commands.insert_resource(Rewinding::default());
    }
}

fn say_how_far(
    _: On<SessionRestored>,
    rewinding: Option<Res<Rewinding>>,
    session: Option<Res<CurrentSession>>,
    texts: Res<Texts>,
    words: Res<SessionStrings>,
    mut note: ResMut<Note>,
) {
    if let (Some(rewinding), Some(session)) = (rewinding, session) {
        let back = rewinding.began_at.saturating_sub(session.play_time());
        let time = words.span(back + HALF_A_SECOND);
        note.say(&texts.going_back.replace("{time}", &time));
    }
}

fn go_back(
    keys: Res<ButtonInput<KeyCode>>,
    real: Res<Time<Real>>,
    session: Option<Res<CurrentSession>>,
    mut time: ResMut<Time<Virtual>>,
    mut rewinding: ResMut<Rewinding>,
    mut commands: Commands,
) {
    if !keys.pressed(KeyCode::KeyR) {
        if rewinding.pressed_for < HELD {
            commands.trigger(OpenSessionTimeline::default());
        } else {
            if !rewinding.was_paused {
                time.unpause();
            }
        }
        return commands.remove_resource::<Rewinding>();
    }
    let before = rewinding.pressed_for;
    rewinding.pressed_for += real.delta();
    if rewinding.pressed_for < HELD {
        return;
    }
    if before < HELD {
        // Nothing happens between two steps, so that nothing but what was left first is captured.
        rewinding.began_at = session.map_or(Duration::ZERO, |session| session.play_time());
        rewinding.was_paused = time.is_paused();
        time.pause();
    }
    let due = |pressed: Duration| pressed.as_millis() / STEP.as_millis();
    let may_go_on = rewinding.asked.is_none() && !rewinding.is_at_oldest;
    if may_go_on && due(before) < due(rewinding.pressed_for) {
        rewinding.asked = Some(commands.session().rewind(RewindTo::Ago(BACK)));
    }
}
