//! Digests: values that a program derives from the history of each session and keeps for the next
//! start.
//!
//! A [`SessionDigester`] reads a session's checkpoints, events and chapters on the writer's thread;
//! [`SessionDigests`] has the results.

pub use bevy_session_journal::{
    DigestFigures, DigestOrder, Digested, DigestedSessions, HistoryLosses, SessionDigester,
    SessionFacts, WorldOf,
};

pub use crate::lifecycle::{SessionDigests, SessionDigestsExt, SessionsDigested};
