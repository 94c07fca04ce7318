//! Notifications about recorded events.

use std::collections::BTreeMap;
use std::fmt;

use bevy::prelude::*;
use bevy_session_journal::internal::write::EventsDropCause;
use bevy_session_journal::{
    EventPage, EventQuery, EventValidation, FailureCause, RequestError, SessionId,
};

use crate::lifecycle::notifications::notifications;

notifications! {
    /// After a crash, the events recorded after the newest checkpoint were replayed: messages were
    /// written and events triggered, of the types that are recorded with
    /// [`replay_after_restore`](crate::events::RecordedAs::replay_after_restore). Sent at the end
    /// of the frame in which the world was restored.
    EventsReplayed {
        /// The session.
        session: SessionId,
        /// The number of events that were replayed.
        events: u64,
        /// The number of events that the game's own hooks rejected.
        rejected: u64,
        /// The number of events that could not be read, by type.
        failed: BTreeMap<String, u64>,
    }

    /// Events that should have been recorded weren't. Checkpoints aren't affected.
    EventsDropped {
        /// The session.
        session: SessionId,
        /// The type; `None` if there were several.
        type_path: Option<String>,
        /// The number of events.
        count: u64,
        /// The reason.
        cause: EventLoss,
    }

    /// A page of a session's events was read, as [`read`](crate::events::EventCommands::read)
    /// requested.
    EventsRead {
        /// The request's query.
        query: EventQuery,
        /// The page, or the error.
        result: Result<EventPage, RequestError>,
    }

    /// All events of a session were checked, as
    /// [`validate`](crate::events::EventCommands::validate) requested.
    EventsValidated {
        /// The session.
        session: SessionId,
        /// The outcome, or the error.
        result: Result<EventValidation, RequestError>,
    }
}

/// The reason why events weren't recorded.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum EventLoss {
    /// More were written than are allowed per frame, or than may wait for the disk.
    TooMany,
    /// The game's own code, which writes the values, failed. Has the message of the first failure.
    Unwritable(String),
    /// A value exceeds the size limit of an event.
    TooLarge,
    /// The disk hasn't written any for so long that no more can wait.
    Disk(FailureCause),
    /// Another process holds the session's lock now.
    LockLost,
    /// The session was left before its first checkpoint was durable.
    NeverBegun,
    /// A reason that a later version of this crate adds.
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
