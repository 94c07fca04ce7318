//! The events that were recorded after the checkpoint of a report, so that its last seconds can be played again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::format::{EventMoment, EventPrivacy, EventSource, EventType, RecordedEvent};
use crate::model::session::bytes;
use crate::read::recovery::Tape;

/// A tape as MessagePack.
#[derive(Serialize, Deserialize)]
pub(super) struct WrittenTape {
    /// Events that were left out.
    missing: u64,
    events: Vec<WrittenEvent>,
}

#[derive(Serialize, Deserialize)]
struct WrittenEvent {
    sequence: u64,
    /// In nanoseconds.
    play_time: u64,
    frame: u64,
    tick: u64,
    path: String,
    version: u32,
    is_input: bool,
    #[serde(with = "bytes")]
    data: Vec<u8>,
}

impl WrittenTape {
    /// The events after the only keyframe of a tape; `None` if there are none.
    pub(super) fn of(tape: &Tape) -> Option<Self> {
        if tape.events.is_empty() {
            return None;
        }
        let events = tape.events.iter().map(WrittenEvent::of).collect();
        Some(Self { missing: tape.missing, events })
    }

    /// Returns the events after the checkpoint, and the number of those that were left out.
    pub(super) fn into_parts(self) -> (Vec<RecordedEvent>, u64) {
        (self.events.into_iter().map(WrittenEvent::into_event).collect(), self.missing)
    }
}

impl WrittenEvent {
    fn of(event: &RecordedEvent) -> Self {
        let RecordedEvent { sequence, moment, event_type, data } = event;
        Self {
            sequence: *sequence,
            play_time: u64::try_from(moment.play_time.as_nanos()).unwrap_or(u64::MAX),
            frame: moment.frame,
            tick: moment.tick,
            path: event_type.path.to_string(),
            version: event_type.version,
            is_input: event_type.source == EventSource::Input,
            data: data.clone(),
        }
    }

    fn into_event(self) -> RecordedEvent {
        let Self { sequence, play_time, frame, tick, path, version, is_input, data } = self;
        let source = if is_input { EventSource::Input } else { EventSource::Lifecycle };
        RecordedEvent {
            sequence,
            moment: EventMoment {
                play_time: Duration::from_nanos(play_time),
                frame,
                tick,
                ..EventMoment::default()
            },
            event_type: EventType {
                path: path.into(),
                version,
                source,
                privacy: EventPrivacy::Shared,
            },
            data,
        }
    }
}
