//! What the game is notified of about recorded events.

use std::collections::BTreeMap;
use std::fmt;

use bevy::prelude::*;
use bevy_session_journal::internal::write::EventsDropCause;
use bevy_session_journal::{
    EventPage, EventQuery, EventValidation, FailureCause, RequestError, SessionId,
};

use crate::lifecycle::notifications::notifications;

notifications! {
    /// After a crash, what was recorded after the newest checkpoint was handed out once more: messages were
    /// written and events triggered, of the types that are recorded with
    /// [`replay_after_restore`](crate::events::RecordedAs::replay_after_restore). Sent at the end of the frame
    /// in which the world came back.
    EventsReplayed {
        /// The session.
        session: SessionId,
        /// How many the game has.
        events: u64,
        /// How many the game's own hooks rejected.
        rejected: u64,
        /// How many could not be read, of each type.
        failed: BTreeMap<String, u64>,
    }

    /// Events that were to be recorded weren't. Checkpoints aren't concerned.
    EventsDropped {
        /// The session.
        session: SessionId,
        /// The type; `None` where they were of several.
        type_path: Option<String>,
        /// How many.
        count: u64,
        /// Why.
        cause: EventLoss,
    }

    /// A page of what happened in a session was read, as
    /// [`read`](crate::events::EventCommands::read) asked for.
    EventsRead {
        /// What was asked for.
        query: EventQuery,
        /// The page, or what is in the way.
        result: Result<EventPage, RequestError>,
    }

    /// All that a session has recorded was looked at, as
    /// [`validate`](crate::events::EventCommands::validate) asked for.
    EventsValidated {
        /// The session.
        session: SessionId,
        /// What is whole, or what is in the way.
        result: Result<EventValidation, RequestError>,
    }
}

/// Why events weren't recorded.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum EventLoss {
    /// More came than a frame may have, or more wait for the disk than may.
    TooMany,
    /// The game's own code, which writes the values, failed. What it said of the first.
    Unwritable(String),
    /// A value is larger than an event may be.
    TooLarge,
    /// The disk hasn't taken them for so long that no more of them can wait.
    Disk(FailureCause),
    /// Another process took the session over.
    LockLost,
    /// The session was left before its first checkpoint was durable.
    NeverBegun,
    /// Whatever a later version of this crate calls a reason.
    Other,
}

impl fmt::Display for EventLoss {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany => formatter.write_str("too many came at once"),
            Self::Unwritable(message) => write!(formatter, "they can't be written: {message}"),
            Self::TooLarge => formatter.write_str("they are larger than an event may be"),
            Self::Disk(cause) => write!(formatter, "the disk doesn't take them: {cause}"),
            Self::LockLost => formatter.write_str("another process took the session over"),
            Self::NeverBegun => formatter.write_str("the session has no checkpoint"),
            Self::Other => formatter.write_str("they could not be recorded"),
        }
    }
}

impl From<EventsDropCause> for EventLoss {
    fn from(cause: EventsDropCause) -> Self {
        match cause {
            EventsDropCause::TooLarge { .. } => Self::TooLarge,
            EventsDropCause::Disk(cause) => Self::Disk(cause),
            EventsDropCause::LockLost => Self::LockLost,
            EventsDropCause::NeverBegun => Self::NeverBegun,
            _ => Self::Other,
        }
    }
}
