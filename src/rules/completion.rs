//! Sessions that end when the game's goal is reached.

use bevy::prelude::*;
use bevy_session_journal::{EndReason, LeaveCause, SessionId};

use crate::lifecycle::{
    Condition, CurrentSession, SessionCommandsExt, session_is_active, session_is_restoring,
};
use crate::plugin::{SessionLast, SessionSystems};

/// The condition for completing the played session.
#[derive(Resource, Default)]
struct Completion {
    conditions: Vec<Condition>,
    /// The session that was asked to end, while a condition still holds.
    asked: Option<SessionId>,
}

pub(super) fn add(app: &mut App, condition: Condition) {
    if !app.world().contains_resource::<Completion>() {
        let between = complete.after(SessionSystems::Gates).before(SessionSystems::Requests);
        app.add_systems(
            SessionLast,
            between.run_if(session_is_active.and_then(not(session_is_restoring))),
        );
    }
    app.world_mut().get_resource_or_init::<Completion>().conditions.push(condition);
}

fn complete(world: &mut World) {
    world.resource_scope(|world, mut completion: Mut<Completion>| {
        let session = world.get_resource::<CurrentSession>().map(CurrentSession::id);
        // Every condition is asked, since one may remember when it was asked last.
        let any = |found, condition: &mut Condition| condition.holds(world) || found;
        let is_complete = completion.conditions.iter_mut().fold(false, any);
        let asked = std::mem::replace(&mut completion.asked, session.filter(|_| is_complete));
        if is_complete && asked != session {
            world.commands().session().end(EndReason::Completed, LeaveCause::Player);
            world.flush();
        }
    });
}
