//! The recorded events that go with a report, as text.

use std::time::Duration;

use jiff::Timestamp;
use ron::Value;
use serde::Serialize;

use super::personal::Personal;
use crate::format::{EventPrivacy, EventSource, RecordedEvent};
use crate::model::session::milliseconds;

/// Bytes of events that a report holds at the most.
const MOST_BYTES: usize = 4 << 20;

/// Events of a report, as text. They come newest first.
#[derive(Default)]
pub struct EventTexts {
    /// One for each, the newest first.
    lines: Vec<String>,
    bytes: usize,
    is_full: bool,
}

/// An event, as a report has it.
#[derive(Serialize)]
struct EventLine<'a> {
    sequence: u64,
    #[serde(rename = "type")]
    type_path: &'a str,
    version: u32,
    source: &'static str,
    time: Timestamp,
    #[serde(with = "milliseconds")]
    play_time: Duration,
    frame: u64,
    tick: u64,
    chapter: Option<u64>,
    value: EventValue,
}

/// The value of an event.
#[derive(Serialize)]
enum EventValue {
    /// Its texts are masked.
    Shared(Value),
    /// It is about the player, and left out.
    Personal,
    /// It isn't one that can be written as text.
    Unreadable,
}

impl EventTexts {
    /// The number of events.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Bytes of their texts.
    pub(super) fn bytes(&self) -> usize {
        // With what stands around each line.
        self.bytes + 8 * self.lines.len()
    }

    /// Returns true if there is no room for another.
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    /// Adds an event that is older than those before, unless it is private or there is no room for it.
    pub fn add(&mut self, event: &RecordedEvent, personal: &Personal) {
        if self.is_full || event.event_type.privacy == EventPrivacy::Private {
            return;
        }
        let Ok(line) = ron::to_string(&EventLine::of(event, personal)) else { return };
        self.is_full = self.bytes + line.len() > MOST_BYTES;
        if !self.is_full {
            self.bytes += line.len();
            self.lines.push(line);
        }
    }

    /// The content of `events.ron`, the oldest first.
    pub(super) fn to_text(&self) -> String {
        let lines: String = self.lines.iter().rev().map(|line| format!("    {line},\n")).collect();
        format!("// What happened last, the newest at the end.\n[\n{lines}]\n")
    }
}

impl<'a> EventLine<'a> {
    fn of(event: &'a RecordedEvent, personal: &Personal) -> Self {
        let RecordedEvent { sequence, moment, event_type, data } = event;
        let source = match event_type.source {
            EventSource::Message => "message",
            EventSource::Event => "event",
            EventSource::Input => "input",
            EventSource::Lifecycle => "lifecycle",
        };
        let value = match event_type.privacy {
            EventPrivacy::Shared => rmp_serde::from_slice(data)
                .map_or(EventValue::Unreadable, |value: Value| {
                    EventValue::Shared(masked(value, personal))
                }),
            EventPrivacy::Personal | EventPrivacy::Private => EventValue::Personal,
        };
        Self {
            sequence: *sequence,
            type_path: &event_type.path,
            version: event_type.version,
            source,
            time: moment.time,
            play_time: moment.play_time,
            frame: moment.frame,
            tick: moment.tick,
            chapter: moment.chapter,
            value,
        }
    }
}

/// The value with all texts in it masked. Its depth is bounded by what reads it.
fn masked(value: Value, personal: &Personal) -> Value {
    match value {
        Value::String(text) => Value::String(personal.removed_from(&text)),
        Value::Seq(values) => {
            Value::Seq(values.into_iter().map(|value| masked(value, personal)).collect())
        }
        Value::Map(map) => {
            let entries = map.into_iter();
            let masked =
                entries.map(|(key, value)| (masked(key, personal), masked(value, personal)));
            Value::Map(masked.collect())
        }
        Value::Option(Some(value)) => Value::Option(Some(Box::new(masked(*value, personal)))),
        plain => plain,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::format::{EventMoment, EventType};

    fn event(sequence: u64, privacy: EventPrivacy, value: &impl Serialize) -> RecordedEvent {
        let path = "game::Said".into();
        let source = EventSource::Message;
        RecordedEvent {
            sequence,
            moment: EventMoment::default(),
            event_type: EventType { path, version: 1, source, privacy },
            data: rmp_serde::to_vec_named(value).unwrap(),
        }
    }

    #[test]
    fn texts_are_masked_wherever_they_are_in_a_value() {
        let mut texts = EventTexts::default();
        let deep = BTreeMap::from([("/home/ann/key", vec![Some("ann@example.com"), None])]);
        texts.add(&event(2, EventPrivacy::Shared, &deep), &Personal::default());
        texts.add(&event(1, EventPrivacy::Personal, &"my street"), &Personal::default());
        texts.add(&event(1, EventPrivacy::Private, &"my love"), &Personal::default());
        assert_eq!(texts.len(), 2, "private ones are none");
        let text = texts.to_text();
        assert!(text.contains("~/key") && text.contains("<e-mail>"), "{text}");
        assert!(text.contains("value:Personal") && !text.contains("street"), "{text}");
        assert!(text.find("sequence:1") < text.find("sequence:2"), "the oldest comes first");
        let read: Vec<Value> = ron::from_str(&text).unwrap();
        assert_eq!(read.len(), 2);
    }

    #[test]
    fn the_newest_events_fill_the_room_of_a_report() {
        let mut texts = EventTexts::default();
        let long = "x".repeat(1 << 20);
        for sequence in (1..=10).rev() {
            texts.add(&event(sequence, EventPrivacy::Shared, &long), &Personal::default());
        }
        assert!(texts.is_full() && texts.bytes() <= MOST_BYTES);
        assert!(texts.len() >= 3, "{}", texts.len());
        assert!(texts.to_text().contains("sequence:10,"));
    }

    #[test]
    fn an_undecodable_event_value_is_shown_as_unreadable() {
        let mut texts = EventTexts::default();
        let mut broken = event(1, EventPrivacy::Shared, &1);
        broken.data = vec![0xc1];
        texts.add(&broken, &Personal::default());
        assert!(texts.to_text().contains("value:Unreadable"), "{}", texts.to_text());
    }
}
