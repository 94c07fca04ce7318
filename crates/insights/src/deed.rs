//! Events for a story, as a player would tell them.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Deeds that are kept of a session.
const RECENT: usize = 32;

/// An event of a session that is worth a sentence.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Deed {
    /// When, by the clock of the machine.
    pub time: Timestamp,
    /// When, in play time of the session.
    pub at: Duration,
    /// The kind of event.
    pub what: DeedKind,
}

/// A kind of event.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub enum DeedKind {
    /// The session was started.
    Started,
    /// A chapter began.
    ChapterBegun(String),
    /// A chapter was completed.
    ChapterCompleted(String),
    /// A chapter was failed.
    ChapterFailed(String),
    /// A chapter was abandoned.
    ChapterAbandoned(String),
    /// An objective was completed, by its key.
    ObjectiveCompleted(String),
    /// An objective was failed, by its key.
    ObjectiveFailed(String),
    /// The player died: so often, with nothing else in between.
    Died(u32),
    /// The session went back to an earlier moment, or a slot was loaded.
    WentBack,
    /// The game crashed and the session was recovered.
    Recovered,
}

/// Adds a deed, and drops the oldest if there are too many.
pub(crate) fn tell(deeds: &mut Vec<Deed>, deed: Deed) {
    match (deeds.last_mut(), &deed.what) {
        (Some(Deed { what: DeedKind::Died(before), time, at }), DeedKind::Died(more)) => {
            *before = before.saturating_add(*more);
            (*time, *at) = (deed.time, deed.at);
        }
        _ => deeds.push(deed),
    }
    let surplus = deeds.len().saturating_sub(RECENT);
    deeds.drain(..surplus);
}
