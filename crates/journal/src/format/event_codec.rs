//! Events as bytes: the payload of one frame.
//!
//! ```text
//! time: seconds (zigzag), nanoseconds; play time in nanoseconds, frame, tick,   every number a varint
//! chapter + 1, or 0; the first number; columns
//! each column:
//!     path length, path, version, byte: source │ privacy << 4, events
//!     its first number as the difference to the batch's, byte: 1 numbers aren't consecutive │ 2 lengths differ
//!     the differences from number to number, if they aren't 1
//!     value lengths (one if all are equal), values one after the other
//! ```
//!
//! Announced sizes are checked against the rest of the payload before memory is set aside for them.

#[cfg(test)]
mod tests;

use std::ops::Range;
use std::str;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::event::{
    EventBatch, EventColumn, EventMoment, EventPrivacy, EventSource, EventType, RecordedEvent,
};
use super::wire::{Reader, WireError, put_varint};
use crate::model::ids::limits;

/// Numbers of the column are written each.
const NUMBERS_DIFFER: u8 = 1;
/// Lengths of the values are written each.
const LENGTHS_DIFFER: u8 = 2;
/// No fewer than the bytes of a column without its path, its events and its values.
const COLUMN_BYTES: usize = 32;
/// No fewer than the bytes of a payload without its columns.
const MOMENT_BYTES: usize = 64;
/// No fewer than the bytes that an event adds to its value.
const EVENT_BYTES: usize = 14;

/// The error of events that can't be read, although the checksum of their frame holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// A number or string of bytes is cut off or over a limit.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// The moment is none.
    #[error("a time is out of range")]
    NoMoment,
    /// The type path isn't text.
    #[error("a type path isn't text")]
    PathIsNoText,
    /// The type version is larger than 32 bits.
    #[error("a type version doesn't fit")]
    Version,
    /// The events were recorded in a way that this version doesn't know.
    #[error("events of source {0} are unknown")]
    UnknownSource(u8),
    /// A column has no event.
    #[error("a column has no event")]
    Empty,
    /// A number isn't higher than the one before it.
    #[error("the numbers of events don't ascend")]
    NumbersDontRise,
    /// Bytes follow what should be the end.
    #[error("bytes follow the last event")]
    TooLong,
}

/// Some events of a batch, as they go into one frame.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EventPayload {
    /// The number of the first.
    pub first: u64,
    /// The number of the last.
    pub last: u64,
    /// The number of its events.
    pub count: u64,
    /// The payload of the frame.
    pub bytes: Vec<u8>,
}

/// A batch as payloads of frames.
#[derive(Debug, Default)]
pub struct EncodedBatch {
    /// The payloads, in the order of their numbers.
    pub payloads: Vec<EventPayload>,
    /// The paths of events that are over the limit of [`limits::EVENT_BYTES`] and were left out.
    pub too_large: Vec<Arc<str>>,
}

/// An event by its place in a batch.
#[derive(Clone, Copy)]
struct Place {
    sequence: u64,
    column: usize,
    row: usize,
}

/// Encodes a batch, in the order of its numbers, into as few payloads as have room for it.
pub fn encode(batch: &EventBatch) -> EncodedBatch {
    let mut encoded = EncodedBatch::default();
    let mut places = Vec::with_capacity(batch.len());
    for (column, events) in batch.columns.iter().enumerate() {
        for (row, sequence) in events.sequences().iter().copied().enumerate() {
            match events.value(row) {
                Some(value) if value.len() <= limits::EVENT_BYTES => {
                    places.push(Place { sequence, column, row });
                }
                _ => encoded.too_large.push(Arc::clone(&events.event_type().path)),
            }
        }
    }
    places.sort_by_key(|place| place.sequence);
    places.dedup_by_key(|place| place.sequence);
    let mut rest = &*places;
    while !rest.is_empty() {
        let count = fitting(batch, rest);
        let (taken, after) = rest.split_at_checked(count).unwrap_or((rest, &[]));
        encoded.payloads.extend(payload(batch, taken));
        rest = after;
    }
    encoded
}

/// Returns the number of the next events that go into one frame: at least one.
fn fitting(batch: &EventBatch, places: &[Place]) -> usize {
    let mut bytes = MOMENT_BYTES;
    let mut seen = vec![false; batch.columns.len()];
    let mut count = 0;
    for place in places {
        let Some(column) = batch.columns.get(place.column) else { break };
        bytes += EVENT_BYTES + column.value(place.row).map_or(0, <[u8]>::len);
        if let Some(seen) = seen.get_mut(place.column)
            && !std::mem::replace(seen, true)
        {
            bytes += COLUMN_BYTES + column.event_type().path.len();
        }
        if count > 0 && (bytes > limits::FILLED_BYTES || count >= limits::EVENTS_IN_FRAME) {
            break;
        }
        count += 1;
    }
    count.max(1)
}

fn payload(batch: &EventBatch, places: &[Place]) -> Option<EventPayload> {
    let (first, last) = (places.first()?.sequence, places.last()?.sequence);
    let mut rows: Vec<Vec<Place>> = vec![Vec::new(); batch.columns.len()];
    for place in places {
        rows.get_mut(place.column)?.push(*place);
    }
    let mut bytes = Vec::new();
    put_moment(&mut bytes, &batch.moment);
    put_varint(&mut bytes, first);
    put_varint(&mut bytes, rows.iter().filter(|rows| !rows.is_empty()).count() as u64);
    for (column, rows) in batch.columns.iter().zip(&rows) {
        put_column(&mut bytes, first, column, rows);
    }
    Some(EventPayload { first, last, count: places.len() as u64, bytes })
}

fn put_moment(bytes: &mut Vec<u8>, moment: &EventMoment) {
    let (seconds, nanoseconds) = (moment.time.as_second(), moment.time.subsec_nanosecond());
    put_varint(bytes, zigzag(seconds));
    put_varint(bytes, zigzag(i64::from(nanoseconds)));
    put_varint(bytes, u64::try_from(moment.play_time.as_nanos()).unwrap_or(u64::MAX));
    put_varint(bytes, moment.frame);
    put_varint(bytes, moment.tick);
    put_varint(bytes, moment.chapter.map_or(0, |chapter| chapter.saturating_add(1)));
}

fn put_column(bytes: &mut Vec<u8>, base: u64, column: &EventColumn, rows: &[Place]) {
    let Some(first) = rows.first() else { return };
    let EventType { path, version, source, privacy } = column.event_type();
    put_varint(bytes, path.len() as u64);
    bytes.extend_from_slice(path.as_bytes());
    put_varint(bytes, u64::from(*version));
    bytes.push(source_byte(*source) | privacy_byte(*privacy) << 4);
    put_varint(bytes, rows.len() as u64);
    put_varint(bytes, first.sequence - base);
    let steps = || rows.windows(2).map(step);
    let lengths = || rows.iter().map(|place| column.value(place.row).map_or(0, <[u8]>::len));
    let first_length = lengths().next().unwrap_or_default();
    let numbers_differ = steps().any(|step| step != 1);
    let lengths_differ = lengths().any(|length| length != first_length);
    let flag = |is_set, flag| if is_set { flag } else { 0 };
    bytes.push(flag(numbers_differ, NUMBERS_DIFFER) | flag(lengths_differ, LENGTHS_DIFFER));
    if numbers_differ {
        steps().for_each(|step| put_varint(bytes, step));
    }
    match lengths_differ {
        true => lengths().for_each(|length| put_varint(bytes, length as u64)),
        false => put_varint(bytes, first_length as u64),
    }
    let values = rows.iter().filter_map(|place| column.value(place.row));
    values.for_each(|value| bytes.extend_from_slice(value));
}

fn step(two: &[Place]) -> u64 {
    match two {
        [before, after] => after.sequence - before.sequence,
        _ => 1,
    }
}

/// Events of one frame that were read, without a copy of their values.
#[derive(Debug)]
pub struct EventFrame<'a> {
    /// The moment of the events.
    pub moment: EventMoment,
    columns: Vec<ReadColumn>,
    payload: &'a [u8],
}

#[derive(Debug)]
struct ReadColumn {
    event_type: EventType,
    sequences: Vec<u64>,
    /// The ranges of the values in the payload.
    values: Vec<Range<usize>>,
}

impl<'a> EventFrame<'a> {
    /// Reads the payload of a frame.
    ///
    /// # Errors
    ///
    /// [`EventError`] if the bytes are none that a writer writes.
    pub fn decode(payload: &'a [u8]) -> Result<Self, EventError> {
        let mut reader = Reader::new(payload);
        let moment = read_moment(&mut reader)?;
        let first = reader.varint()?;
        let count = reader.count(reader.remaining())?;
        if count == 0 {
            return Err(EventError::Empty);
        }
        let mut columns: Vec<ReadColumn> = Vec::new();
        // Values may have no bytes, so only the limit bounds what is set aside.
        let mut left = limits::EVENTS_IN_FRAME;
        for _ in 0..count {
            let column = read_column(&mut reader, first, payload.len(), left)?;
            left -= column.sequences.len();
            columns.push(column);
        }
        match reader.remaining() {
            0 => Ok(Self { moment, columns, payload }),
            _ => Err(EventError::TooLong),
        }
    }

    /// The numbers of all events of the types that are wanted, rising.
    pub fn sequences(&self, wanted: impl Fn(&EventType) -> bool) -> Vec<u64> {
        self.places(wanted).into_iter().map(|place| place.sequence).collect()
    }

    /// The events of the types that are wanted, by rising numbers.
    pub fn events(
        &self,
        wanted: impl Fn(&EventType) -> bool,
    ) -> impl DoubleEndedIterator<Item = RecordedEvent> {
        self.places(wanted).into_iter().filter_map(|place| self.event(place))
    }

    fn event(&self, place: Place) -> Option<RecordedEvent> {
        let column = self.columns.get(place.column)?;
        let value = column.values.get(place.row)?.clone();
        Some(RecordedEvent {
            sequence: place.sequence,
            moment: self.moment,
            event_type: column.event_type.clone(),
            data: self.payload.get(value)?.to_vec(),
        })
    }

    fn places(&self, wanted: impl Fn(&EventType) -> bool) -> Vec<Place> {
        let mut places = Vec::new();
        for (at, column) in self.columns.iter().enumerate() {
            if wanted(&column.event_type) {
                let rows = column.sequences.iter().enumerate();
                places.extend(rows.map(|(row, sequence)| Place {
                    sequence: *sequence,
                    column: at,
                    row,
                }));
            }
        }
        places.sort_by_key(|place| place.sequence);
        places
    }
}

fn read_moment(reader: &mut Reader<'_>) -> Result<EventMoment, EventError> {
    let seconds = unzigzag(reader.varint()?);
    let nanoseconds =
        i32::try_from(unzigzag(reader.varint()?)).map_err(|_| EventError::NoMoment)?;
    let time = Timestamp::new(seconds, nanoseconds).map_err(|_| EventError::NoMoment)?;
    let play_time = Duration::from_nanos(reader.varint()?);
    let (frame, tick) = (reader.varint()?, reader.varint()?);
    let chapter = reader.varint()?.checked_sub(1);
    Ok(EventMoment { time, play_time, frame, tick, chapter })
}

fn read_column(
    reader: &mut Reader<'_>,
    base: u64,
    payload_len: usize,
    most: usize,
) -> Result<ReadColumn, EventError> {
    let path_len = reader.count(limits::STRING_BYTES)?;
    let path = str::from_utf8(reader.take(path_len)?).map_err(|_| EventError::PathIsNoText)?;
    let version = u32::try_from(reader.varint()?).map_err(|_| EventError::Version)?;
    let how = reader.u8()?;
    let (source, privacy) = (source_of(how & 0x0f)?, privacy_of(how >> 4));
    let event_type = EventType { path: Arc::from(path), version, source, privacy };
    let count = reader.count(most)?;
    if count == 0 {
        return Err(EventError::Empty);
    }
    let first = reader.varint()?;
    let flags = reader.u8()?;
    let mut sequences = Vec::with_capacity(count);
    let mut next = base.checked_add(first).ok_or(EventError::NumbersDontRise)?;
    sequences.push(next);
    for _ in 1..count {
        let step = if flags & NUMBERS_DIFFER == 0 { 1 } else { reader.varint()? };
        let rising = Some(step).filter(|step| *step > 0).and_then(|step| next.checked_add(step));
        next = rising.ok_or(EventError::NumbersDontRise)?;
        sequences.push(next);
    }
    let values = read_values(reader, count, flags & LENGTHS_DIFFER != 0, payload_len)?;
    Ok(ReadColumn { event_type, sequences, values })
}

/// Reads the ranges of a column's values.
fn read_values(
    reader: &mut Reader<'_>,
    count: usize,
    lengths_differ: bool,
    payload_len: usize,
) -> Result<Vec<Range<usize>>, EventError> {
    let mut lengths = Vec::with_capacity(count);
    if lengths_differ {
        for _ in 0..count {
            lengths.push(reader.count(limits::EVENT_BYTES)?);
        }
    } else {
        lengths.resize(count, reader.count(limits::EVENT_BYTES)?);
    }
    let mut values = Vec::with_capacity(count);
    for length in lengths {
        let start = payload_len - reader.remaining();
        reader.take(length)?;
        values.push(start..start + length);
    }
    Ok(values)
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

fn source_byte(source: EventSource) -> u8 {
    match source {
        EventSource::Message => 0,
        EventSource::Event => 1,
        EventSource::Input => 2,
        EventSource::Lifecycle => 3,
    }
}

fn source_of(byte: u8) -> Result<EventSource, EventError> {
    Ok(match byte {
        0 => EventSource::Message,
        1 => EventSource::Event,
        2 => EventSource::Input,
        3 => EventSource::Lifecycle,
        unknown => return Err(EventError::UnknownSource(unknown)),
    })
}

fn privacy_byte(privacy: EventPrivacy) -> u8 {
    match privacy {
        EventPrivacy::Shared => 0,
        EventPrivacy::Personal => 1,
        EventPrivacy::Private => 2,
    }
}

/// Decodes a privacy. An unknown one is taken for the strictest.
fn privacy_of(byte: u8) -> EventPrivacy {
    match byte {
        0 => EventPrivacy::Shared,
        1 => EventPrivacy::Personal,
        _ => EventPrivacy::Private,
    }
}
