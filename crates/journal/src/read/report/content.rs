//! The content of `report.ron`.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::journals::{Copy, JournalFile};
use super::parts::{LeftOut, ReportParts};
use super::personal::Personal;
use super::{ReportOf, ReportOrder};
use crate::disk::process::{HowItEnded, LastRun};
use crate::format::{CheckpointInfo, CheckpointKind, Head, Validity};
use crate::model::ids::CheckpointId;
use crate::model::session::{SessionContext, milliseconds};

/// The version of `report.ron`: higher if a field changes its meaning.
pub(super) const FORMAT: u32 = 2;
/// Checkpoints that are listed at the most, the newest ones.
const MOST_CHECKPOINTS: usize = 50;

/// The text of a report, masked.
#[derive(Serialize)]
pub(super) struct ReportText {
    format: u32,
    about: About,
    /// The time at which the report was written.
    written: Timestamp,
    /// The library that wrote it.
    bevy_session: &'static str,
    /// The player's note.
    note: String,
    /// The process that ended.
    process: Option<Process>,
    /// The program and machine that the report was written with.
    context: SessionContext,
    architecture: &'static str,
    session: Option<Session>,
    /// `checkpoint.slot`.
    slot: Slot,
    events: Events,
    picture: Option<String>,
    log: Log,
    /// The newest ones, the newest first.
    checkpoints: Vec<Checkpoint>,
    files: Vec<File>,
}

/// The subject of the report.
#[derive(Serialize)]
enum About {
    /// The moment at which it was written.
    Now,
    /// The process before the one that wrote it.
    LastRun,
    /// Nothing: it hands a session on.
    Session,
    /// Nothing: it is the world that a scenario begins with, without its maker.
    World,
}

/// The checkpoint that goes with it.
#[derive(Serialize)]
enum Slot {
    Whole { checkpoint: CheckpointId, bytes: u64 },
    LeftOut(LeftOut),
}

/// The events that go with it.
#[derive(Serialize)]
struct Events {
    /// The number of events in `events.ron`.
    count: usize,
    /// The number that was asked for. Of those that were recorded, private ones are never among them.
    asked_for: usize,
    /// The reason that there are fewer than there could be.
    left_out: Option<LeftOut>,
}

/// The sizes of the log.
#[derive(Serialize)]
struct Log {
    /// Of `log.txt`.
    bytes: usize,
    /// Of `log.jsonl`.
    lines_bytes: usize,
}

/// The process that ended.
#[derive(Serialize)]
struct Process {
    ended: Ended,
    panic: Option<Panic>,
    started: Timestamp,
    /// The time at which it is known to have lived last.
    died: Timestamp,
    game_version: String,
    /// The newest checkpoint that it saw safe.
    last_checkpoint: Option<CheckpointId>,
    /// The newest failure of the game's own code that it had survived.
    failure: Option<Failure>,
}

#[derive(Serialize)]
struct Failure {
    of: String,
    error: String,
    panicked: bool,
    frame: u64,
    time: Timestamp,
    count: u64,
}

#[derive(Serialize)]
enum Ended {
    Exited,
    Crashed,
    Abnormal { machine_restarted: bool },
    NotResponding,
    Elsewhere,
}

#[derive(Serialize)]
struct Panic {
    message: String,
    place: Option<String>,
    thread: Option<String>,
    time: Timestamp,
    backtrace: Option<String>,
}

/// The session that it played.
#[derive(Serialize)]
struct Session {
    id: String,
    started: Timestamp,
    #[serde(with = "milliseconds")]
    play_time: Duration,
    /// The version of the game that wrote its newest checkpoint.
    game_version: String,
    /// The program and machine that it was started with, or last resumed with.
    context: SessionContext,
}

#[derive(Serialize)]
struct Checkpoint {
    id: CheckpointId,
    kind: CheckpointKind,
    label: Option<String>,
    time: Timestamp,
    #[serde(with = "milliseconds")]
    play_time: Duration,
    bytes: u64,
    entities: u64,
    validity: State,
}

#[derive(Serialize)]
enum State {
    Verified,
    Unread,
    Damaged,
}

/// A file of the session's journal.
#[derive(Serialize)]
struct File {
    name: String,
    bytes: u64,
    is_damaged: bool,
    in_report: Inclusion,
}

#[derive(Serialize)]
enum Inclusion {
    Yes,
    NotNeeded,
    NoRoom,
    Unreadable,
}

impl ReportText {
    pub(super) fn new(
        order: &ReportOrder,
        parts: &ReportParts,
        personal: &Personal,
        now: Timestamp,
    ) -> Self {
        let (about, process) = match &order.of {
            ReportOf::Now => (About::Now, None),
            ReportOf::LastRun(previous) => (About::LastRun, Some(process(previous, personal))),
            ReportOf::Session => (About::Session, None),
            ReportOf::Scenario(_) => (About::World, None),
        };
        let context = match about {
            About::World => SessionContext::default(),
            _ => personal.removed_from_context(&order.context),
        };
        let slot = match &parts.slot {
            Ok(slot) => Slot::Whole { checkpoint: slot.checkpoint, bytes: slot.bytes.len() as u64 },
            Err(left_out) => Slot::LeftOut(*left_out),
        };
        let events = Events {
            count: parts.events.len(),
            asked_for: order.report.events,
            left_out: parts.events_left_out(),
        };
        let newest = parts.checkpoints.iter().take(MOST_CHECKPOINTS);
        Self {
            format: FORMAT,
            about,
            written: now,
            bevy_session: env!("CARGO_PKG_VERSION"),
            note: personal.removed_from(&order.report.note),
            process,
            context,
            architecture: std::env::consts::ARCH,
            session: parts.head.as_ref().map(|head| session(head, personal)),
            slot,
            events,
            picture: parts.picture.as_ref().map(|picture| picture.name().to_owned()),
            log: Log { bytes: parts.logged.recent.len(), lines_bytes: parts.logged.lines.len() },
            checkpoints: newest.map(|info| checkpoint(info, personal)).collect(),
            files: parts.journals.files.iter().map(file).collect(),
        }
    }

    /// The report as text, in which a backtrace keeps its lines.
    pub(super) fn to_text(&self) -> Result<String, ron::Error> {
        let pretty = ron::ser::PrettyConfig::default().escape_strings(false);
        let report = ron::ser::to_string_pretty(self, pretty)?;
        Ok(format!("// What a game reports, and what lies beside this file.\n{report}\n"))
    }
}

fn session(head: &Head, personal: &Personal) -> Session {
    Session {
        id: head.metadata.id.to_string(),
        started: head.metadata.started,
        play_time: head.play_time,
        game_version: head.game_version.clone(),
        context: personal.removed_from_context(&head.metadata.context),
    }
}

fn checkpoint(info: &CheckpointInfo, personal: &Personal) -> Checkpoint {
    Checkpoint {
        id: info.id,
        kind: info.kind,
        label: info.label.as_deref().map(|label| personal.removed_from(label)),
        time: info.time,
        play_time: info.play_time,
        bytes: info.bytes,
        entities: info.entities,
        validity: match info.validity {
            Validity::Verified => State::Verified,
            Validity::Unread => State::Unread,
            Validity::Damaged => State::Damaged,
        },
    }
}

fn process(previous: &LastRun, personal: &Personal) -> Process {
    let scrubbed = |text: &String| personal.removed_from(text);
    let (ended, panic) = match &previous.ended {
        HowItEnded::Exited => (Ended::Exited, None),
        HowItEnded::Crashed(panic) => (Ended::Crashed, Some(panic)),
        HowItEnded::Abnormal { machine_restarted } => {
            (Ended::Abnormal { machine_restarted: *machine_restarted }, None)
        }
        HowItEnded::NotResponding => (Ended::NotResponding, None),
        HowItEnded::Elsewhere => (Ended::Elsewhere, None),
    };
    Process {
        ended,
        panic: panic.map(|panic| Panic {
            message: scrubbed(&panic.message),
            place: panic.place.as_ref().map(scrubbed),
            thread: panic.thread.as_ref().map(scrubbed),
            time: panic.time,
            backtrace: panic.backtrace.as_ref().map(scrubbed),
        }),
        started: previous.started_at,
        died: previous.died_at,
        game_version: previous.game_version.clone(),
        last_checkpoint: previous.last_checkpoint,
        failure: previous.failure.as_ref().map(|failure| Failure {
            of: failure.of.clone(),
            error: scrubbed(&failure.error),
            panicked: failure.panicked,
            frame: failure.frame,
            time: failure.at,
            count: failure.count,
        }),
    }
}

fn file(file: &JournalFile) -> File {
    File {
        name: file.name.clone(),
        bytes: file.length,
        is_damaged: file.is_damaged,
        in_report: match file.copy {
            Copy::Whole(_) => Inclusion::Yes,
            Copy::NotNeeded => Inclusion::NotNeeded,
            Copy::NoRoom => Inclusion::NoRoom,
            Copy::Unreadable => Inclusion::Unreadable,
        },
    }
}
