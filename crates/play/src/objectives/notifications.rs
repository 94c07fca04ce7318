//! Notifications of objectives: each is an event, for observers that act at once, and a message, for systems that read
//! it when they run.

use std::time::Duration;

use bevy::prelude::*;
use tracing::{debug, info};

use super::change::{ObjectiveChange, ObjectiveStep};
use super::key::ObjectiveKey;
use super::progress::Blocker;
use super::request::{ObjectiveRefusal, ObjectiveRequest};
use crate::line::announce;

/// Declares the notifications and registers them, so that none can be declared and forgotten.
macro_rules! notifications {
    ($($(#[$attribute:meta])* $name:ident { $($(#[$field_attribute:meta])* $field:ident: $type:ty,)* })*) => {
        $(
            $(#[$attribute])*
            #[derive(Event, Message, Clone, PartialEq, Debug)]
            #[non_exhaustive]
            pub struct $name { $($(#[$field_attribute])* pub $field: $type,)* }
        )*

        pub(crate) fn register(app: &mut App) {
            $(app.add_message::<$name>();)*
        }
    };
}

notifications! {
    /// An objective was completed. It comes once on a line of the session: not again after a crash that a checkpoint
    /// or the log of events got over, and again after a rewind to before it. [`Objectives`](crate::Objectives)
    /// has it as completed by then.
    ObjectiveCompleted {
        /// The objective.
        key: ObjectiveKey,
        /// When, in play time of the session.
        at: Duration,
    }

    /// An objective was failed. Once on a line, as [`ObjectiveCompleted`].
    ObjectiveFailed {
        /// The objective.
        key: ObjectiveKey,
        /// When, in play time of the session.
        at: Duration,
    }

    /// An objective that was closed is open again: because it was asked for, or, of a group, because something in it
    /// is open again or new.
    ObjectiveReopened {
        /// The objective.
        key: ObjectiveKey,
    }

    /// An objective can be gone about for the first time: what it needs is completed, or it was there from the
    /// beginning.
    ObjectiveAvailable {
        /// The objective.
        key: ObjectiveKey,
    }

    /// An objective that is to be done several times was done. If it was the last time,
    /// [`ObjectiveCompleted`] follows.
    ObjectiveAdvanced {
        /// The objective.
        key: ObjectiveKey,
        /// The number of times that it is done by now.
        done: u32,
        /// The number of times that it is to be done.
        count: u32,
    }

    /// An objective was blocked.
    ObjectiveBlocked {
        /// The objective.
        key: ObjectiveKey,
        /// The blocker that is in its way.
        blocker: Blocker,
    }

    /// A blocker of an objective was resolved.
    ObjectiveResolved {
        /// The objective.
        key: ObjectiveKey,
        /// The [`what`](Blocker::what) of the blocker.
        what: String,
    }

    /// A request can't be done, and nothing has changed.
    ObjectiveRejected {
        /// The objective that was meant.
        key: ObjectiveKey,
        /// The request that was refused.
        request: ObjectiveRequest,
        /// Why it can't be.
        reason: ObjectiveRefusal,
    }
}

fn log(key: &ObjectiveKey, step: &ObjectiveStep) {
    match step {
        // It may come with each blow of a pickaxe.
        ObjectiveStep::Advanced { done, count } => debug!(%key, done, count, "objective advanced"),
        step => info!(%key, step = step.name(), "objective changed"),
    }
}

/// Notifies the game of a change that was made.
pub(crate) fn announce_change(world: &mut World, change: ObjectiveChange) {
    let ObjectiveChange { key, at, step } = change;
    log(&key, &step);
    match step {
        ObjectiveStep::Completed => announce(world, ObjectiveCompleted { key, at }),
        ObjectiveStep::Failed => announce(world, ObjectiveFailed { key, at }),
        ObjectiveStep::Reopened => announce(world, ObjectiveReopened { key }),
        ObjectiveStep::Advanced { done, count } => {
            announce(world, ObjectiveAdvanced { key, done, count });
        }
        ObjectiveStep::Blocked(mut blocker) => {
            blocker.since = at;
            announce(world, ObjectiveBlocked { key, blocker });
        }
        ObjectiveStep::Resolved { what } => announce(world, ObjectiveResolved { key, what }),
    }
}
