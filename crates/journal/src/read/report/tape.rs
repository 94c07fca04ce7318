//! The events that were recorded after the checkpoint of a report, so that its end can be played again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::format::{EventMoment, EventPrivacy, EventSource, EventType, RecordedEvent};
use crate::model::session::bytes;
use crate::read::recovery::{RecordedAfter, Tape};

const LEVEL: i32 = 3;
/// Bytes of a tape at the most before it is packed. What may be written has less, with the names of its fields.
const MOST_RAW_BYTES: usize = 32 << 20;

/// A tape, in a report as MessagePack, packed by zstd.
#[derive(Serialize, Deserialize)]
pub(super) struct WrittenTape {
    /// Events that were left out.
    missing: u64,
    /// The last event that the game was handed when it had restored the checkpoint; 0 if there was none.
    handed_out_through: u64,
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
    source: Source,
    #[serde(with = "bytes")]
    data: Vec<u8>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Source {
    Message,
    Event,
    Input,
    Lifecycle,
}

impl WrittenTape {
    /// The events after the only keyframe of a tape; `None` if there are none.
    pub(super) fn of(tape: &Tape) -> Option<Self> {
        if tape.events.is_empty() {
            return None;
        }
        let handed_out_through = tape.keyframes.last()?.handed_out_through;
        let events = tape.events.iter().map(WrittenEvent::of).collect();
        Some(Self { missing: tape.missing, handed_out_through, events })
    }

    /// Its bytes in a report; `None` if it can't be packed.
    pub(super) fn pack(&self) -> Option<Vec<u8>> {
        let raw = rmp_serde::to_vec_named(self).ok()?;
        zstd::bulk::compress(&raw, LEVEL).ok()
    }

    /// Reads it. `None` if it is none, or unpacks to more than any tape has.
    pub(super) fn unpack(bytes: &[u8]) -> Option<Self> {
        let raw = zstd::bulk::decompress(bytes, MOST_RAW_BYTES).ok()?;
        rmp_serde::from_slice(&raw).ok()
    }

    pub(super) fn into_recorded(self) -> RecordedAfter {
        let Self { missing, handed_out_through, events } = self;
        let events = events.into_iter().map(WrittenEvent::into_event).collect();
        RecordedAfter { handed_out_through, events, missing }
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
            source: match event_type.source {
                EventSource::Message => Source::Message,
                EventSource::Event => Source::Event,
                EventSource::Input => Source::Input,
                EventSource::Lifecycle => Source::Lifecycle,
            },
            data: data.clone(),
        }
    }

    fn into_event(self) -> RecordedEvent {
        let Self { sequence, play_time, frame, tick, path, version, source, data } = self;
        let source = match source {
            Source::Message => EventSource::Message,
            Source::Event => EventSource::Event,
            Source::Input => EventSource::Input,
            Source::Lifecycle => EventSource::Lifecycle,
        };
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
