//! Recorded events: messages, events and inputs of the game that are kept in the session's log, in
//! order and with their moment.
//!
//! Types are declared with [`RecordingExt`]; the log is read through
//! [`events()`](crate::SessionCommands::events), which returns [`EventCommands`].

pub use bevy_session_journal::{
    EventGap, EventMoment, EventPage, EventPrivacy, EventQuery, EventSource, EventTrigger,
    EventType, EventValidation, EventValueError, LifecycleEvent, RecordedEvent, StateChange,
};

pub use crate::lifecycle::{
    EventCommands, EventLoss, EventsDropped, EventsRead, EventsReplayed, EventsValidated,
    SessionEvents,
};
pub use crate::recording::{RecordInputs, Recordable, RecordedAs, RecordedTrigger, RecordingExt};
