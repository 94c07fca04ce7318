//! Objectives: what a player is to do, and what became of it.
//!
//! [`tree`] is what is, as it is read. [`changing`] is the one way in which it changes; [`requests`] and conditions
//! lead to it, [`settling`] to what follows, and after a crash the log of events. [`frame`] does so once a frame.

mod app_ext;
mod change;
mod changing;
mod following;
mod frame;
mod key;
mod notifications;
mod objective;
mod plugin;
mod problem;
mod progress;
mod registry;
mod requests;
mod settling;
mod summary;
mod taking_up;
mod tree;

use bevy::prelude::*;

pub use app_ext::ObjectivesExt;
pub use change::{ObjectiveChange, ObjectiveStep};
pub use key::{ObjectiveKey, ObjectiveKeyError};
pub use notifications::{
    ObjectiveAdvanced, ObjectiveAvailable, ObjectiveBlocked, ObjectiveCompleted, ObjectiveFailed,
    ObjectiveRejected, ObjectiveReopened, ObjectiveResolved,
};
pub use objective::{OBJECTIVES, Objective};
pub use plugin::{ObjectiveSystems, ObjectivesPlugin};
pub use problem::{ObjectiveProblem, ObjectiveProblemFound, ObjectiveProblems};
pub use progress::{Blocker, ObjectiveProgress, ObjectiveState};
pub use requests::{ObjectiveCommands, ObjectiveCommandsExt, ObjectiveRefusal, ObjectiveRequest};
pub use summary::ObjectivesSummary;
pub use taking_up::ObjectiveRetired;
pub use tree::{ObjectiveRow, ObjectiveStanding, ObjectiveView, Objectives};

/// Lets the game hear of something: readers of messages, and observers, whose commands are done at once.
pub(crate) fn announce<N>(world: &mut World, notification: N)
where
    N: Message + Clone,
    for<'a> N: Event<Trigger<'a>: Default>,
{
    world.write_message(notification.clone());
    world.trigger(notification);
    world.flush();
}
