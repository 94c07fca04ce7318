//! What stands in `report.ron`.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::journals::{Copy, JournalFile, Journals};
use super::personal::Personal;
use crate::ids::CheckpointId;
use crate::journal::{CheckpointInfo, CheckpointKind, Validity};
use crate::process::{HowItEnded, LastRun};
use crate::session::{SessionContext, milliseconds};

/// The version of `report.ron`: higher if a field changes its meaning.
const FORMAT: u32 = 1;

/// All that a report says, without home directories and the user's name.
#[derive(Serialize)]
pub(super) struct CrashReport {
    format: u32,
    /// When the report was written.
    written: Timestamp,
    /// The library that wrote it.
    bevy_session: &'static str,
    process: Process,
    /// The program and machine that the report was written with.
    context: SessionContext,
    architecture: &'static str,
    session: Option<Session>,
    /// The newest ones, the newest first.
    checkpoints: Vec<Checkpoint>,
    files: Vec<File>,
}

/// The process that ended.
#[derive(Serialize)]
struct Process {
    ended: Ended,
    panic: Option<Panic>,
    started: Timestamp,
    /// When it is known to have lived last.
    died: Timestamp,
    game_version: String,
    /// The newest checkpoint that it saw safe.
    last_checkpoint: Option<CheckpointId>,
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
    /// The program and machine that it was started with, or last taken up with.
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

impl CrashReport {
    pub(super) fn new(
        previous: &LastRun,
        context: &SessionContext,
        journals: &Journals,
        personal: &Personal,
        now: Timestamp,
    ) -> Self {
        let session = journals.newest.as_ref().map(|head| Session {
            id: head.metadata.id.to_string(),
            started: head.metadata.started,
            play_time: head.play_time,
            game_version: head.game_version.clone(),
            context: personal.removed_from_context(&head.metadata.context),
        });
        let checkpoint = |info: &CheckpointInfo| Checkpoint {
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
        };
        Self {
            format: FORMAT,
            written: now,
            bevy_session: env!("CARGO_PKG_VERSION"),
            process: process(previous, personal),
            context: personal.removed_from_context(context),
            architecture: std::env::consts::ARCH,
            session,
            checkpoints: journals.checkpoints.iter().map(checkpoint).collect(),
            files: journals.files.iter().map(file).collect(),
        }
    }

    /// The report as text, in which a backtrace keeps its lines.
    pub(super) fn to_text(&self) -> Result<String, ron::Error> {
        let pretty = ron::ser::PrettyConfig::default().escape_strings(false);
        let report = ron::ser::to_string_pretty(self, pretty)?;
        Ok(format!(
            "// How a process of the game ended. Beside it, its newest checkpoint.\n{report}\n"
        ))
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
