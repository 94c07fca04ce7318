//! Puts it together.

use bevy::prelude::*;
use bevy_session::events::RecordingExt;
use bevy_session::{SessionAppExt, SessionLast, SessionSystems};

use super::change::ObjectiveChange;
use super::changing::AheadOfObjectives;
use super::departures::SomeWent;
use super::frame::go_on;
use super::notifications;
use super::objective::Objective;
use super::problem::{ObjectiveProblemFound, ObjectiveProblems};
use super::progress::ObjectiveProgress;
use super::registry::{Criteria, Registry};
use super::requests::{ObjectiveRequests, give_up_requests};
use super::taking_up::{ObjectiveRetired, begin_with_session, take_up_with_session};
use super::tree::Objectives;
use crate::line::HandedOut;

/// Objectives for the sessions of `bevy_session`, whose [`SessionPlugin`](bevy_session::SessionPlugin) is needed as
/// well. Calls of [`ObjectivesExt`](crate::ObjectivesExt) add it; a game that only spawns its objectives adds it
/// itself. Adding it twice does no harm.
#[derive(Clone, Copy, Debug, Default)]
pub struct ObjectivesPlugin;

/// The step of a frame in which all about objectives is done: requests, conditions, and what follows from them.
///
/// Runs in [`SessionLast`], after [`SessionSystems::Gates`] and before [`SessionSystems::Requests`]. What a system
/// before it asks for is done in the same frame.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ObjectiveSystems;

impl ObjectivesPlugin {
    pub(crate) fn ensure(app: &mut App) {
        if !app.world().contains_resource::<Registry>() {
            app.add_plugins(Self);
        }
    }
}

impl Plugin for ObjectivesPlugin {
    fn build(&self, app: &mut App) {
        if app.world().contains_resource::<Registry>() {
            return;
        }
        app.init_resource::<Registry>()
            .init_resource::<Criteria>()
            .init_resource::<Objectives>()
            .init_resource::<ObjectiveProblems>()
            .init_resource::<ObjectiveRequests>()
            .init_resource::<AheadOfObjectives>()
            .init_resource::<HandedOut<ObjectiveChange>>()
            .init_resource::<SomeWent>()
            .register_type::<Objective>()
            .register_type::<ObjectiveProgress>()
            .register_type::<ObjectiveRetired>()
            .save_resource::<AheadOfObjectives>()
            .add_message::<ObjectiveChange>()
            .add_message::<ObjectiveProblemFound>()
            .add_observer(give_up_requests)
            .add_observer(begin_with_session)
            .add_observer(take_up_with_session);
        notifications::register(app);
        // In one type, since between several in one frame there is no order.
        app.record_messages::<ObjectiveChange>().replay_after_restore();
        app.configure_sets(
            SessionLast,
            ObjectiveSystems.after(SessionSystems::Gates).before(SessionSystems::Requests),
        )
        .add_systems(SessionLast, go_on.in_set(ObjectiveSystems));
    }

    fn is_unique(&self) -> bool {
        false
    }
}
