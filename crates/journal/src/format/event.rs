//! The events that are recorded beside the checkpoints.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::model::ids::RunId;
use crate::model::session::TapedFrames;

/// The moment of an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct EventMoment {
    /// By this machine's clock.
    pub time: Timestamp,
    /// Play time of the session, pauses excluded.
    pub play_time: Duration,
    /// Frames of the app so far.
    pub frame: u64,
    /// Fixed steps so far.
    pub tick: u64,
    /// The chapter that was open, if one was.
    pub chapter: Option<u64>,
}

/// The way in which an event was recorded.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq, Hash))]
#[non_exhaustive]
pub enum EventSource {
    /// A message that was written.
    Message,
    /// An event that was triggered, as observers see it.
    Event,
    /// A message that stands for what the player did.
    Input,
    /// A lifecycle event of the session itself.
    Lifecycle,
}

/// The privacy of an event: who may see it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq, Hash))]
#[non_exhaustive]
pub enum EventPrivacy {
    /// It may go into reports and exports.
    #[default]
    Shared,
    /// It may go there once its texts are masked.
    Personal,
    /// It never leaves the machine in a report or an export.
    Private,
}

/// The type of a recorded event.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct EventType {
    /// The path of its type.
    pub path: Arc<str>,
    /// The version of the type that the value was written with.
    pub version: u32,
    /// The way in which it was recorded.
    pub source: EventSource,
    /// The privacy of its events.
    pub privacy: EventPrivacy,
}

impl EventType {
    /// The type of [`TapedFrames`].
    #[doc(hidden)]
    #[must_use]
    pub fn of_frames() -> Self {
        Self {
            path: TapedFrames::TYPE_PATH.into(),
            version: 0,
            source: EventSource::Lifecycle,
            privacy: EventPrivacy::Shared,
        }
    }

    /// Returns true if it is the type of [`TapedFrames`], which says nothing to people.
    #[doc(hidden)]
    #[must_use]
    pub fn is_of_frames(&self) -> bool {
        self.source == EventSource::Lifecycle && *self.path == *TapedFrames::TYPE_PATH
    }
}

/// Events of one moment, on their way to the disk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EventBatch {
    /// The moment of the events.
    pub moment: EventMoment,
    /// The events by type. Each number is used once in the batch.
    pub columns: Vec<EventColumn>,
    /// True if they are synced at once. Otherwise they survive the death of the process, and a power cut only once a
    /// checkpoint after them is durable.
    pub durable: bool,
}

impl EventBatch {
    /// The number of events.
    #[must_use]
    pub fn len(&self) -> usize {
        self.columns.iter().map(EventColumn::len).sum()
    }

    /// Returns true if there is no event.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.columns.iter().all(EventColumn::is_empty)
    }
}

/// Events of one type and moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EventColumn {
    event_type: EventType,
    /// The number of each.
    sequences: Vec<u64>,
    /// The values, one after the other.
    values: Vec<u8>,
    /// The end of each of them.
    ends: Vec<usize>,
}

impl EventColumn {
    /// A column without events.
    #[must_use]
    pub fn new(event_type: EventType) -> Self {
        Self { event_type, sequences: Vec::new(), values: Vec::new(), ends: Vec::new() }
    }

    /// The type of its events.
    #[must_use]
    pub fn event_type(&self) -> &EventType {
        &self.event_type
    }

    /// Adds an event. `value` is MessagePack, with field names.
    pub fn push(&mut self, sequence: u64, value: &[u8]) {
        self.values.extend_from_slice(value);
        self.sequences.push(sequence);
        self.ends.push(self.values.len());
    }

    /// Adds an event whose value `write` appends. If that fails, the event isn't added.
    ///
    /// # Errors
    ///
    /// The error that `write` returns.
    pub fn push_with<E>(
        &mut self,
        sequence: u64,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let before = self.values.len();
        if let Err(error) = write(&mut self.values) {
            self.values.truncate(before);
            return Err(error);
        }
        self.sequences.push(sequence);
        self.ends.push(self.values.len());
        Ok(())
    }

    /// The number of events.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sequences.len()
    }

    /// Returns true if there is no event.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sequences.is_empty()
    }

    /// The numbers of the events.
    #[must_use]
    pub fn sequences(&self) -> &[u64] {
        &self.sequences
    }

    /// The value of the event at a position.
    #[must_use]
    pub fn value(&self, position: usize) -> Option<&[u8]> {
        let end = *self.ends.get(position)?;
        let before = position.checked_sub(1);
        let start = before.map_or(Some(0), |before| self.ends.get(before).copied())?;
        self.values.get(start..end)
    }
}

/// An event that was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecordedEvent {
    /// Its number: rising along a line of the session, and never used twice on one.
    pub sequence: u64,
    /// The moment of the event.
    pub moment: EventMoment,
    /// The type of the event.
    pub event_type: EventType,
    /// The value, as MessagePack with field names.
    pub data: Vec<u8>,
}

/// The value of an event isn't one of the type that it was asked for.
#[derive(Debug, thiserror::Error)]
#[error("event {sequence} of {path} can't be read as such a value")]
pub struct EventValueError {
    /// The event's number.
    pub sequence: u64,
    /// The path of its type.
    pub path: Arc<str>,
    source: rmp_serde::decode::Error,
}

impl RecordedEvent {
    /// The value.
    ///
    /// # Errors
    ///
    /// [`EventValueError`] if the bytes are no value of `T`.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, EventValueError> {
        rmp_serde::from_slice(&self.data).map_err(|source| EventValueError {
            sequence: self.sequence,
            path: Arc::clone(&self.event_type.path),
            source,
        })
    }
}

/// A part of what happened on a line: the events of one run up to a number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct EventStretch {
    /// The run.
    pub run: RunId,
    /// The last number that belongs to the line. Later events of the run belong to the branch that was left.
    pub through: u64,
}

/// The header of a file of events.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EventFileHeader {
    /// The number of the first event in it.
    pub first: u64,
    /// The stretches of events on the line before its run, the nearest run first. In a file that was gathered, those
    /// before the newest of its runs.
    #[serde(default, deserialize_with = "at_most_stretches")]
    pub line: Vec<EventStretch>,
    /// The runs and events of a file that was gathered from several, by rising numbers. Empty in the file of a run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gathered: Vec<HeldEvents>,
}

/// The events of one run that a file holds: those with numbers in this range.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct HeldEvents {
    /// The run.
    pub run: RunId,
    /// The first number.
    pub first: u64,
    /// The last number.
    pub through: u64,
}

fn at_most_stretches<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<EventStretch>, D::Error> {
    let mut line = Vec::deserialize(deserializer)?;
    line.truncate(crate::model::ids::limits::MOST_STRETCHES);
    Ok(line)
}
