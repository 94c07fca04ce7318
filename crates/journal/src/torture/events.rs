//! Events of the made-up game beside its checkpoints, which differ by an id each.
//!
//! The bookkeeping is by ids: each checkpoint holds the effects of some, in their order, and what comes back
//! after a crash must be the others, once and in their order.

mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::opening::Key;
use crate::disk::DirectoryStore;
use crate::format::{
    EventBatch, EventColumn, EventMoment, EventPrivacy, EventSource, EventType, RecordedEvent,
};
use crate::model::ids::{CheckpointId, RunId};
use crate::read::digest::SessionDigester;
use crate::read::recovery::{EventQuery, EventReading, SessionFacts};

/// The type of the game's event with this id.
pub fn event_type(id: u64) -> EventType {
    let path = if id.is_multiple_of(3) { "game::Looted" } else { "game::Hit" };
    EventType {
        path: Arc::from(path),
        version: 0,
        source: EventSource::Message,
        privacy: EventPrivacy::Shared,
    }
}

/// One event.
pub fn batch(sequence: u64, id: u64, time: Timestamp, play_time: Duration) -> EventBatch {
    let mut column = EventColumn::new(event_type(id));
    column.push(sequence, &id.to_le_bytes());
    let moment = EventMoment { time, play_time, frame: sequence, ..EventMoment::default() };
    EventBatch { moment, columns: vec![column], durable: id.is_multiple_of(7) }
}

/// The id of an event.
pub fn id_of(event: &RecordedEvent) -> u64 {
    event.data.as_slice().try_into().map_or(0, u64::from_le_bytes)
}

/// A digest of each session: the events that it has recorded, and its name.
pub struct AllEvents;

impl SessionDigester for AllEvents {
    type Value = (Vec<u64>, String);
    const NAME: &'static str = "All events";

    fn take_event(&self, (events, _): &mut Self::Value, event: &RecordedEvent) {
        // It is a program's code: it may do anything.
        assert_ne!(id_of(event), PANICS);
        events.push(id_of(event));
    }

    fn take_facts(&self, (_, name): &mut Self::Value, facts: &SessionFacts) {
        name.clone_from(&facts.entry.session.name);
    }
}

/// The digester panics at the event with this id, which no script records.
pub const PANICS: u64 = 0xdead;

/// The events on the line of a checkpoint, up to it.
pub fn on_line(
    store: &DirectoryStore,
    checkpoint: CheckpointId,
    session: crate::model::ids::SessionId,
) -> Vec<u64> {
    let query = EventQuery {
        checkpoint: Some(checkpoint),
        newest_first: false,
        limit: usize::MAX,
        ..EventQuery::of(session)
    };
    let mut reading = EventReading::new(query, None);
    while let Ok(Some(_)) = reading.step(store) {}
    reading.finish().1.events.iter().map(id_of).collect()
}

/// The books of the events of a play.
#[derive(Clone, Debug, Default)]
pub struct EventBooks {
    /// The events that each run has recorded, with their numbers.
    recorded: HashMap<RunId, Vec<(u64, u64)>>,
    /// The events whose effects each checkpoint holds, and the last number of them.
    effects: HashMap<Key, (Vec<u64>, u64)>,
    /// The effects in the world that is played.
    played: Vec<u64>,
    /// The events that were handed out again, and take effect after the run's first checkpoint.
    replayed: Vec<u64>,
}

impl EventBooks {
    /// Something was recorded in a run, and its effect is in the world.
    pub fn record(&mut self, run: RunId, sequence: u64, id: u64) {
        self.recorded.entry(run).or_default().push((sequence, id));
        self.played.append(&mut self.replayed);
        self.played.push(id);
    }

    /// A checkpoint is captured. The events whose effects it holds.
    pub fn capture(&mut self, checkpoint: Key, through: u64, is_first: bool) -> Vec<u64> {
        if !is_first {
            self.played.append(&mut self.replayed);
        }
        self.effects.insert(checkpoint, (self.played.clone(), through));
        self.played.clone()
    }

    /// A run begins, of a new session.
    pub fn begin(&mut self) {
        self.played.clear();
        self.replayed.clear();
    }

    /// A run begins from a checkpoint, with what is handed out again. `is_all` says that nothing can have
    /// been lost.
    ///
    /// # Panics
    ///
    /// If that isn't what was recorded after the checkpoint, or some of it is in the world already.
    pub fn go_on(&mut self, run: RunId, from: (RunId, Key), after: &[RecordedEvent], is_all: bool) {
        let (effects, through) = self.effects.get(&from.1).cloned().unwrap_or_default();
        let recorded = self.recorded.get(&from.0).map(Vec::as_slice).unwrap_or_default();
        let mut owed = recorded.iter().filter(|(sequence, _)| *sequence > through);
        let after: Vec<(u64, u64)> =
            after.iter().map(|event| (event.sequence, id_of(event))).collect();
        for event in &after {
            let is_next = owed.by_ref().any(|owed| owed == event);
            assert!(is_next, "{event:?} is handed out again, of {recorded:?} after {through}");
        }
        if is_all {
            let owed = recorded.iter().filter(|(sequence, _)| *sequence > through).count();
            assert_eq!(
                after.len(),
                owed,
                "of {recorded:?} after {through} some is missing: {after:?}"
            );
        }
        self.played = effects;
        self.recorded.insert(run, after.clone());
        self.replayed = after.iter().map(|(_, id)| *id).collect();
        let distinct: HashSet<u64> = self.played.iter().chain(&self.replayed).copied().collect();
        let effects = self.played.len() + self.replayed.len();
        assert_eq!(distinct.len(), effects, "an event takes effect twice");
    }
}
