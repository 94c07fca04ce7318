//! Objectives: what a player is to do, and what became of it.
//!
//! [`tree`] is what is, as it is read. [`changing`] is the one way in which it changes; [`requests`] and conditions
//! lead to it, [`settling`] to what follows, and after a crash the log of events. [`frame`] does so once a frame.
//!
//! | module of `objectives` | what it is |
//! | --- | --- |
//! | `key`, `objective`, `progress` | what is saved |
//! | `change`, `changing` | the one form in which objectives change, and the one way: into the tree, onto the entity, into the log, to the game |
//! | `tree` | all of them in order: `growing` from keys, `checks` for what can't come true, `view` to read |
//! | `requests`, `registry`, `app_ext` | what the game asks for, and what it says of objectives and conditions |
//! | `settling` | what follows from changes: what becomes available, groups that close |
//! | `following`, `taking_up` | what the game spawns, changes and despawns; what a session that begins or comes back is given |
//! | `frame` | the step of a frame, between `Gates` and `Requests` |
//! | `summary`, `problem`, `notifications` | what lists show, what is wrong, what the game hears |
//! | `list` | a list on a UI node, drawn again when the tree changes; only with the feature `ui` |
//!
//! All that happens is one recorded message, `ObjectiveChange`: between types that are recorded there is no order
//! within a frame, and observers of one event have none among each other, so that a game's observer of a recorded
//! `ObjectiveCompleted` would have seen the old state after a crash. What is written in the step is passed over by
//! a cursor, so what that cursor finds was handed out after a crash: it is done by the same code, and the game
//! hears of it from there. In the frame in which a session came back nothing is done, since the plugin passes over
//! what is recorded there once something was handed out; and while a checkpoint is being read requests wait, since
//! what is recorded then is part of no line.

mod app_ext;
mod change;
mod changing;
mod departures;
mod following;
mod frame;
mod key;
#[cfg(feature = "ui")]
mod list;
mod notifications;
mod objective;
mod plugin;
mod problem;
mod progress;
mod registry;
mod request;
mod requests;
mod settling;
mod summary;
mod taking_up;
mod tree;

pub use app_ext::ObjectivesExt;
pub use change::{ObjectiveChange, ObjectiveStep};
pub use key::{ObjectiveKey, ObjectiveKeyError};
#[cfg(feature = "ui")]
pub use list::{ObjectiveList, ObjectiveListPlugin};
pub use notifications::{
    ObjectiveAdvanced, ObjectiveAvailable, ObjectiveBlocked, ObjectiveCompleted, ObjectiveFailed,
    ObjectiveRejected, ObjectiveReopened, ObjectiveResolved,
};
pub use objective::{OBJECTIVES, Objective};
pub use plugin::{ObjectiveSystems, ObjectivesPlugin};
pub use problem::{ObjectiveProblem, ObjectiveProblemFound, ObjectiveProblems};
pub use progress::{Blocker, ObjectiveProgress, ObjectiveState};
pub use request::{ObjectiveRefusal, ObjectiveRequest};
pub use requests::{ObjectiveCommands, ObjectiveCommandsExt};
pub use summary::ObjectivesSummary;
pub use taking_up::ObjectiveRetired;
pub use tree::{ObjectiveRow, ObjectiveStanding, ObjectiveView, Objectives};
