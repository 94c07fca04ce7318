//! The deaths of the processes that played a session, by their records and by the session's own log.

use std::cmp::Reverse;

use bevy_session_journal::internal::disk::StoredSession;
use bevy_session_journal::internal::read::recovery::read_events;
use bevy_session_journal::{EventQuery, LifecycleEvent, PanicInfo, ProcessDeath};
use jiff::Timestamp;
use serde::Serialize;

use crate::failure::Failure;
use crate::output::{Output, moment};
use crate::place::Profile;

/// The most lifecycle events of a session that are searched, the newest first.
const MOST: usize = 10_000;

/// A death that is written down in the session's own log.
#[derive(Serialize)]
pub struct RecordedDeath {
    /// When that was done, and because of what.
    #[serde(flatten)]
    pub recorded: Recorded,
    #[serde(flatten)]
    pub death: ProcessDeath,
}

/// When a death was written down.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Recorded {
    /// When the session was recovered from it.
    Recovered(Timestamp),
    /// When the player didn't want that.
    Declined(Timestamp),
}

/// The deaths that the log of a session knows, the newest first.
pub fn recorded(profile: &Profile, stored: &StoredSession) -> Vec<RecordedDeath> {
    let types = vec![LifecycleEvent::TYPE_PATH.to_owned()];
    let query = EventQuery { types, limit: MOST, ..EventQuery::of(stored.id()) };
    // What can't be read of the log, `log` and `verify` say.
    let page = read_events(profile.disk(), stored, query).unwrap_or_default();
    let deaths = page.events.iter().flat_map(|event| {
        let deaths = event.decode::<LifecycleEvent>().map(|it| it.deaths).unwrap_or_default();
        let recorded = Recorded::Recovered(event.moment.time);
        deaths.into_iter().rev().map(move |death| RecordedDeath { recorded, death })
    });
    let declined = stored.index().declines().flat_map(|(header, deaths)| {
        let recorded = Recorded::Declined(header.created);
        deaths.iter().rev().map(move |death| RecordedDeath { recorded, death: death.clone() })
    });
    let mut all: Vec<RecordedDeath> = deaths.chain(declined).collect();
    all.sort_by_key(|death| Reverse(death.recorded.time()));
    all
}

impl Recorded {
    fn time(self) -> Timestamp {
        let (Self::Recovered(time) | Self::Declined(time)) = self;
        time
    }

    fn word(self) -> &'static str {
        match self {
            Self::Recovered(_) => "recovered",
            Self::Declined(_) => "declined",
        }
    }
}

/// A death in a line.
pub fn in_words(death: &ProcessDeath) -> String {
    let Some(panic) = &death.panic else { return death.cause.clone() };
    let place = panic.place.as_ref().map(|place| format!(" at {place}")).unwrap_or_default();
    let thread = panic.thread.as_ref().map(|name| format!(" on thread {name}")).unwrap_or_default();
    format!("{}: {}{place}{thread}", death.cause, panic.message)
}

impl RecordedDeath {
    /// Writes it with all that is known of it.
    pub fn write(&self, output: &mut Output<'_>) -> Result<(), Failure> {
        let words = in_words(&self.death);
        let (word, time) = (self.recorded.word(), moment(self.recorded.time()));
        output.line(format_args!("died         {words}, {word} {time}"))?;
        write_backtrace(&self.death, output)
    }
}

/// Writes the backtrace of a panic, a call on each line.
pub fn write_backtrace(death: &ProcessDeath, output: &mut Output<'_>) -> Result<(), Failure> {
    let backtrace = death.panic.as_ref().and_then(|PanicInfo { backtrace, .. }| backtrace.as_ref());
    for line in backtrace.iter().flat_map(|text| text.lines()) {
        output.line(format_args!("backtrace    {line}"))?;
    }
    Ok(())
}
