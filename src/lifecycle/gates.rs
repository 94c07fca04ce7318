//! Evaluates the conditions that the game has tied to its states.

use bevy::prelude::*;

use super::hooks::Condition;
use super::runtime::RuntimeParts;
use super::{CurrentSession, SessionSettings};
use crate::capture::StatesBeingLeft;

/// Returns true if checkpoints may be taken of the present world.
pub(super) fn gate_is_open(parts: &mut RuntimeParts, world: &mut World) -> bool {
    // Every condition is asked, since one may remember when it was asked last.
    let hold = |open, condition: &mut Condition| condition.ask(world) && open;
    let holds = parts.hooks.checkpoint_session_while.iter_mut().fold(true, hold);
    // A state that closes the session has nothing of its world any more, whether or not the game says so.
    let is_closed = parts.hooks.is_where_sessions_close(world);
    holds && !is_closed && !parts.playing.as_ref().is_some_and(|playing| playing.has_left_world)
}

/// Returns true if anything that the gate reads may have changed since it was last evaluated.
pub(super) fn gate_may_have_moved(parts: &RuntimeParts, world: &World) -> bool {
    let leaves = world.get_resource::<StatesBeingLeft>().is_some_and(|states| !states.is_empty());
    let hooks = &parts.hooks;
    let mut gate = hooks.checkpoint_session_while.iter().chain(&hooks.close_in);
    gate.any(|condition| condition.may_have_changed(world, leaves))
}

/// Returns true if automatic checkpoints are taken.
pub(super) fn saves_by_itself(world: &mut World) -> bool {
    let allowed = world.get_resource_or_init::<SessionSettings>().autosave;
    let session = world.get_resource::<CurrentSession>();
    allowed && session.is_some_and(CurrentSession::autosave)
}
