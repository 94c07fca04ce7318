//! The condition of a session's files.

use std::process::ExitCode;

use bevy_session_journal::CheckpointId;
use bevy_session_journal::internal::disk::StoredSession;
use bevy_session_journal::internal::format::{DamagedRange, FileProblemKind};
use bevy_session_journal::internal::read::recovery::{Verdict, judge};
use serde::Serialize;

/// Ranges of damaged bytes that are named for one file.
const NAMED_RANGES: usize = 8;

/// The condition of files, as far as they were read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Condition {
    /// Nothing is wrong.
    Good,
    /// Some of it is damaged or can't be read, and there is an intact checkpoint to offer.
    Damaged,
    /// Some of it is damaged or can't be read, and nothing good is left.
    Lost,
}

impl Condition {
    /// The condition that the game would report of a session. `witness` is the newest checkpoint that a process saw
    /// acknowledged which is gone.
    pub fn of(stored: &StoredSession, witness: Option<CheckpointId>) -> Self {
        match judge(stored, witness) {
            Verdict::Good => Self::Good,
            Verdict::Damaged => Self::Damaged,
            Verdict::Lost => Self::Lost,
        }
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Damaged => "damaged",
            Self::Lost => "lost",
        }
    }

    /// The process's exit code.
    pub fn exit_code(self) -> ExitCode {
        match self {
            Self::Good => ExitCode::SUCCESS,
            Self::Damaged => ExitCode::from(1),
            Self::Lost => ExitCode::from(2),
        }
    }
}

/// The problem of a file, for people.
pub fn describe(kind: &FileProblemKind) -> String {
    match kind {
        FileProblemKind::Torn => "torn: the process stopped while it created the file".to_owned(),
        FileProblemKind::Damaged => "its header is damaged".to_owned(),
        FileProblemKind::PartlyDamaged(ranges) => {
            let named = ranges.iter().take(NAMED_RANGES);
            let named: Vec<String> = named.map(in_words).collect();
            let more = if ranges.len() > NAMED_RANGES { ", …" } else { "" };
            format!("damaged {}{more}", named.join(", "))
        }
        FileProblemKind::Newer(written_by) => format!("newer than this tool: {written_by}"),
        FileProblemKind::Unreadable { error } => format!("can't be read: {error}"),
        FileProblemKind::NoFile => "isn't a regular file".to_owned(),
        FileProblemKind::OfAnotherSession => "belongs to another session".to_owned(),
        _ => "can't be used".to_owned(),
    }
}

/// Frames that vanished without a trace leave no bytes between those around them.
fn in_words(range: &DamagedRange) -> String {
    match range.from == range.to {
        true => format!("at byte {}, where something is missing", range.from),
        false => format!("at bytes {}..{}", range.from, range.to),
    }
}
