//! Runs the game's systems for the end of a session, before its last checkpoint is taken.

use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy_session_journal::internal::model::clock;
use bevy_session_journal::{EndReason, LeaveCause, SessionId, limits};
use tracing::warn;

use super::leaving::leave_now;
use crate::lifecycle::SessionSettings;
use crate::lifecycle::runtime::RuntimeParts;
use crate::lifecycle::runtime::transition::{Departure, Ending, Taken, Transition};

/// The time that a last checkpoint waits for a writer that takes none. The end of a run has as long after it.
const ROOM_PATIENCE: Duration = Duration::from_secs(30);

/// The end of the session that is being left, for the systems of
/// [`on_session_end`](crate::SessionHooksExt::on_session_end). The resource exists only while they
/// run.
#[derive(Resource, Clone, Debug)]
pub struct SessionEnding {
    session: SessionId,
    departure: Departure,
}

impl SessionEnding {
    /// The session.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// The reason if it ends for good; `None` if it is closed and can be continued.
    #[must_use]
    pub fn reason(&self) -> Option<EndReason> {
        self.departure.end
    }

    /// The cause: the player, the window, a signal or another.
    #[must_use]
    pub fn cause(&self) -> LeaveCause {
        self.departure.leaving.cause
    }

    /// The game's own text about it; may be empty.
    #[must_use]
    pub fn words(&self) -> &str {
        &self.departure.leaving.words
    }

    /// Replaces that text. It is kept with the session, in
    /// [`SessionEntry::left`](crate::library::SessionEntry::left), up to 4 KiB of it.
    pub fn say(&mut self, words: impl Into<String>) {
        let mut words = words.into();
        words.truncate(words.floor_char_boundary(limits::STRING_BYTES));
        self.departure.leaving.words = words;
    }
}

/// Begins a session's end, which takes as many frames as the game's hooks need.
pub(in crate::lifecycle) fn begin_ending(
    parts: &mut RuntimeParts,
    world: &mut World,
    session: SessionId,
    departure: Departure,
) {
    // The other half is for the last checkpoint.
    let patience = world.get_resource_or_init::<SessionSettings>().patience.exit / 2;
    let (then, next, until) = (None, 0, clock::deadline(patience));
    if !parts.hooks.on_end.is_empty() {
        world.insert_resource(SessionEnding { session, departure: departure.clone() });
    }
    let ending = Ending { departure, then, next, until, room_until: None };
    parts.transition = Some(Transition::Ending(Box::new(ending)));
    go_on_ending(parts, world);
}

/// Runs the hooks that aren't done. After the last of them the session is left.
pub(in crate::lifecycle) fn go_on_ending(parts: &mut RuntimeParts, world: &mut World) {
    while let Some(Transition::Ending(ending)) = &mut parts.transition {
        let until = ending.until;
        let Some(hook) = parts.hooks.on_end.get_mut(ending.next) else {
            let room_until =
                *ending.room_until.get_or_insert_with(|| clock::deadline(ROOM_PATIENCE));
            if !waits_for_room(parts, room_until) {
                leave_after_hooks(parts, world);
            }
            return;
        };
        if !(hook.run)(world) {
            if clock::instant() < until {
                return;
            }
            warn!(
                system = hook.name,
                "a system of the session's end took too long and isn't waited for"
            );
        }
        world.flush();
        ending.next += 1;
    }
}

/// Returns true while the writer has so many captures that it takes no last one. An exit waits for it by itself.
fn waits_for_room(parts: &RuntimeParts, until: Instant) -> bool {
    let is_full = parts.may_capture() && parts.writer.is_behind();
    is_full && !parts.exit.was_seen() && clock::instant() < until
}

/// Takes the last checkpoint, even if hooks aren't done.
pub(in crate::lifecycle) fn leave_after_hooks(parts: &mut RuntimeParts, world: &mut World) {
    let Some(Transition::Ending(ending)) =
        parts.transition.take_if(|at| matches!(at, Transition::Ending(_)))
    else {
        return;
    };
    let Ending { mut departure, then, .. } = *ending;
    if let Some(ending) = world.remove_resource::<SessionEnding>() {
        departure = ending.departure;
    }
    leave_now(parts, world, departure, then);
}

/// Sets the checkpoint to restore once the session has been left.
pub(in crate::lifecycle) fn restore_when_left(parts: &mut RuntimeParts, taken: Taken) {
    if let Some(Transition::Ending(ending)) = &mut parts.transition {
        ending.then = Some(Box::new(taken));
    } else if let Some(Transition::Leaving(leaving)) = &mut parts.transition {
        leaving.then = Some(Box::new(taken));
    }
}

/// The time to wait until the hooks of the end run again; `None` if none is waited for.
pub(in crate::lifecycle) fn pause_between_hooks(parts: &RuntimeParts) -> Option<Duration> {
    let is_ending = matches!(parts.transition, Some(Transition::Ending(_)));
    is_ending.then_some(Duration::from_millis(2))
}
