//! The events that a session recorded, all of them.

use std::ops::AddAssign;

use bevy_session_journal::internal::read::recovery::read_events;
use bevy_session_journal::{CheckpointId, EventPrivacy, EventQuery, RecordedEvent, SessionId};
use jiff::Timestamp;
use serde::Serialize;

use crate::failure::Failure;
use crate::open_session::OpenSession;
use crate::output::milliseconds;
use crate::rows::Content;

/// Events that are read at once.
const PAGE: usize = 10_000;

/// The events that are left out because others may get to see the output.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Privacy {
    /// Private events, and the values of personal ones.
    Kept,
    /// Nothing.
    Waived,
}

/// The counts of a reading of events.
#[derive(Clone, Copy, Default, Debug)]
pub struct EventsRead {
    pub events: u64,
    /// Events that are private.
    pub left_out: u64,
    pub damaged_frames: u64,
}

impl AddAssign for EventsRead {
    fn add_assign(&mut self, other: Self) {
        self.events += other.events;
        self.left_out += other.left_out;
        self.damaged_frames += other.damaged_frames;
    }
}

/// An event for others.
#[derive(Serialize)]
pub struct ShownEvent {
    /// Its session, among those of several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    pub sequence: u64,
    /// ISO 8601.
    pub time: Timestamp,
    pub play_time_ms: u64,
    #[serde(rename = "type")]
    pub type_path: String,
    pub version: u32,
    /// `message`, `event`, `input` or `lifecycle`.
    pub source: String,
    /// `shared`, `personal` or `private`.
    pub privacy: String,
    pub frame: u64,
    pub tick: u64,
    pub chapter: Option<u64>,
    /// `None` of a personal one whose value isn't for others.
    pub value: Option<Content>,
    /// Why the value is bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Hands out the events on the line of a checkpoint up to it, or of the newest line, the oldest first.
pub fn each_event(
    session: &OpenSession,
    checkpoint: Option<CheckpointId>,
    privacy: Privacy,
    mut hand_out: impl FnMut(ShownEvent) -> Result<(), Failure>,
) -> Result<EventsRead, Failure> {
    each_recorded(session, checkpoint, privacy, |event| hand_out(ShownEvent::of(event, privacy)))
}

/// The same as they were recorded.
pub fn each_recorded(
    session: &OpenSession,
    checkpoint: Option<CheckpointId>,
    privacy: Privacy,
    mut hand_out: impl FnMut(&RecordedEvent) -> Result<(), Failure>,
) -> Result<EventsRead, Failure> {
    let (mut read, mut after) = (EventsRead::default(), None);
    loop {
        let query = EventQuery {
            newest_first: false,
            limit: PAGE,
            after,
            checkpoint,
            ..EventQuery::of(session.stored.id())
        };
        let page = read_events(session.profile.disk(), &session.stored, query)?;
        read.damaged_frames = read.damaged_frames.max(page.damaged_frames);
        for event in &page.events {
            match (event.event_type.privacy, privacy) {
                (EventPrivacy::Private, Privacy::Kept) => read.left_out += 1,
                _ => {
                    read.events += 1;
                    hand_out(event)?;
                }
            }
        }
        after = match page.next {
            None => return Ok(read),
            next => next,
        };
    }
}

impl ShownEvent {
    fn of(event: &RecordedEvent, privacy: Privacy) -> Self {
        let kind = &event.event_type;
        let is_masked = kind.privacy == EventPrivacy::Personal && privacy == Privacy::Kept;
        let value = (!is_masked).then(|| Content::of(&event.data));
        Self {
            session: None,
            sequence: event.sequence,
            time: event.moment.time,
            play_time_ms: milliseconds(event.moment.play_time),
            type_path: kind.path.to_string(),
            version: kind.version,
            source: format!("{:?}", kind.source).to_lowercase(),
            privacy: format!("{:?}", kind.privacy).to_lowercase(),
            frame: event.moment.frame,
            tick: event.moment.tick,
            chapter: event.moment.chapter,
            error: value.as_ref().and_then(|value| Some(value.error()?.to_owned())),
            value,
        }
    }
}
