//! A line of a log.

use std::time::Duration;

use bevy_session_journal::internal::format::CheckpointInfo;
use bevy_session_journal::{
    EventSource, EventTrigger, LifecycleEvent, ProcessDeath, RecordedEvent, SessionId,
};
use jiff::Timestamp;
use serde::Serialize;

use crate::deaths;
use crate::failure::Failure;
use crate::output::{Output, milliseconds, moment, play_time};
use crate::rows::Content;

/// The name of checkpoints among types of events.
const CHECKPOINT: &str = "checkpoint";

/// The name of a decline among what happens to sessions.
const DECLINED: &str = "declined";

/// Letters of a session's id that tell it from others nearly always.
const TELLING: usize = 18;

/// An event, a checkpoint, or what was written down about the session while it wasn't played.
pub enum Entry {
    Event(RecordedEvent),
    Checkpoint(CheckpointInfo),
    Declined { time: Timestamp, play_time: Duration, deaths: Vec<ProcessDeath> },
}

/// A line, as JSON has it.
#[derive(Serialize)]
struct Line<'a> {
    /// ISO 8601.
    time: Timestamp,
    play_time_ms: u64,
    session: SessionId,
    /// The path of an event's type, or `checkpoint`.
    #[serde(rename = "type")]
    type_path: &'a str,
    /// The kind of a lifecycle event, or the reason for the checkpoint; `None` for the game's own events.
    subtype: Option<String>,
    /// The number of an event.
    sequence: Option<u64>,
    /// The checkpoint.
    checkpoint: Option<String>,
    /// The value of the game's event; what else is to say about what happened to the session; what the checkpoint
    /// is called.
    data: Option<Content>,
    /// The status or state before.
    previous: Option<String>,
    /// The status or state from then on.
    status: Option<String>,
    /// The cause.
    trigger: Option<EventTrigger>,
    /// For a recovery, and for one that was declined: the deaths of the processes, the oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    deaths: Vec<ProcessDeath>,
    /// The way in which a value was recorded, or the author of a lifecycle event.
    source: Option<String>,
    /// The version of the value's type, or of who says it.
    version: Option<String>,
}

impl Entry {
    /// When it happened.
    pub fn time(&self) -> Timestamp {
        match self {
            Self::Event(event) => event.moment.time,
            Self::Checkpoint(info) => info.time,
            Self::Declined { time, .. } => *time,
        }
    }

    /// The play time at that moment.
    pub fn play_time(&self) -> Duration {
        match self {
            Self::Event(event) => event.moment.play_time,
            Self::Checkpoint(info) => info.play_time,
            Self::Declined { play_time, .. } => *play_time,
        }
    }

    /// Writes it.
    pub fn write(&self, session: SessionId, output: &mut Output<'_>) -> Result<(), Failure> {
        if output.is_json() {
            return output.object(&self.line(session));
        }
        let (time, played) = (moment(self.time()), play_time(self.play_time()));
        output.line(format_args!("{time} {played} {}", self.words()))
    }

    /// Writes it with the beginning of its session's id, which stands for the moment of its start.
    pub fn write_among_others(
        &self,
        session: SessionId,
        output: &mut Output<'_>,
    ) -> Result<(), Failure> {
        if output.is_json() {
            return output.object(&self.line(session));
        }
        let (time, played) = (moment(self.time()), play_time(self.play_time()));
        let id: String = session.to_string().chars().take(TELLING).collect();
        output.line(format_args!("{time} {id} {played} {}", self.words()))
    }

    fn line(&self, session: SessionId) -> Line<'_> {
        let line = Line {
            time: self.time(),
            play_time_ms: milliseconds(self.play_time()),
            session,
            type_path: CHECKPOINT,
            subtype: None,
            sequence: None,
            checkpoint: None,
            data: None,
            previous: None,
            status: None,
            trigger: None,
            deaths: Vec::new(),
            source: None,
            version: None,
        };
        match self {
            Self::Checkpoint(info) => Line {
                subtype: Some(format!("{:?}", info.kind)),
                checkpoint: Some(info.id.to_string()),
                data: info.label.clone().map(Content::text),
                ..line
            },
            Self::Event(event) => {
                let line = Line {
                    type_path: &event.event_type.path,
                    sequence: Some(event.sequence),
                    ..line
                };
                match of_session(event) {
                    Some(happened) => line.of_session(happened),
                    None => line.of_game(event),
                }
            }
            Self::Declined { deaths, .. } => Line {
                type_path: LifecycleEvent::TYPE_PATH,
                subtype: Some(DECLINED.to_owned()),
                deaths: deaths.clone(),
                ..line
            },
        }
    }

    /// A description, for people.
    fn words(&self) -> String {
        match self {
            Self::Checkpoint(info) => {
                let CheckpointInfo { id, kind, label, entities, bytes, .. } = info;
                let label = label.as_ref().map(|label| format!(" {label:?}")).unwrap_or_default();
                format!("checkpoint {id} {kind:?}{label}, {entities} entities, {bytes} bytes")
            }
            Self::Event(event) => match of_session(event) {
                Some(happened) => words_of(&happened),
                None => format!("{} {}", event.event_type.path, Content::of(&event.data)),
            },
            Self::Declined { deaths, .. } => format!("session {DECLINED}{}", died_of(deaths)),
        }
    }
}

impl Line<'_> {
    fn of_session(self, happened: LifecycleEvent) -> Self {
        Self {
            subtype: Some(happened.subtype),
            data: happened.details.map(Content::text),
            previous: happened.previous,
            status: happened.status,
            trigger: Some(happened.trigger),
            deaths: happened.deaths,
            source: Some(happened.source),
            version: Some(happened.version),
            ..self
        }
    }

    fn of_game(self, event: &RecordedEvent) -> Self {
        Self {
            data: Some(Content::of(&event.data)),
            source: Some(format!("{:?}", event.event_type.source).to_lowercase()),
            version: Some(event.event_type.version.to_string()),
            ..self
        }
    }
}

/// The lifecycle event that it is, if it is one.
fn of_session(event: &RecordedEvent) -> Option<LifecycleEvent> {
    let is_of_session = event.event_type.source == EventSource::Lifecycle;
    is_of_session.then(|| event.decode().ok()).flatten()
}

/// A lifecycle event, for people.
fn words_of(happened: &LifecycleEvent) -> String {
    let LifecycleEvent { subtype, previous, status, details, .. } = happened;
    let from_to = match (previous, status) {
        (Some(previous), Some(status)) => format!(" {previous} → {status}"),
        (None, Some(status)) => format!(" → {status}"),
        (Some(previous), None) => format!(" {previous} →"),
        (None, None) => String::new(),
    };
    let details = details.as_ref().map(|details| format!(": {details}")).unwrap_or_default();
    format!("session {subtype}{from_to}{details}{}", died_of(&happened.deaths))
}

/// The deaths, behind what followed them.
fn died_of(deaths: &[ProcessDeath]) -> String {
    let deaths: Vec<String> = deaths.iter().map(deaths::in_words).collect();
    let died = if deaths.is_empty() { "" } else { "; died: " };
    format!("{died}{}", deaths.join(", then "))
}
