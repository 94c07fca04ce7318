//! How good a session's files are.

use std::process::ExitCode;

use bevy_session_journal::Validity;
use bevy_session_journal::journal::{FileProblemKind, SessionIndex};
use serde::Serialize;

/// Ranges of damaged bytes that are named for one file.
const NAMED_RANGES: usize = 8;

/// How good files are, as far as they were read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Condition {
    /// Nothing is wrong.
    Good,
    /// Something is damaged or can't be read, and there is something else to offer.
    Damaged,
    /// Something is damaged or can't be read, and nothing good is left.
    Lost,
}

impl Condition {
    /// What the index knows.
    pub fn of(index: &SessionIndex) -> Self {
        let has_bad_file = index.problems().iter().any(|problem| is_bad(&problem.kind));
        let is_damaged = |id| index.validity(id) == Some(Validity::Damaged);
        if !has_bad_file && !index.commits().any(|(id, _)| is_damaged(id)) {
            return Self::Good;
        }
        let is_intact = |id| index.newest_intact(id).is_some() || index.is_without_world(id);
        match index.heads().iter().any(|head| is_intact(head.id)) {
            true => Self::Damaged,
            false => Self::Lost,
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

    /// What the process ends with.
    pub fn exit_code(self) -> ExitCode {
        match self {
            Self::Good => ExitCode::SUCCESS,
            Self::Damaged => ExitCode::from(1),
            Self::Lost => ExitCode::from(2),
        }
    }
}

/// Whether a file may hold something that can't be had. Torn files never held anything, and files of
/// other sessions nothing of this one.
fn is_bad(kind: &FileProblemKind) -> bool {
    kind.is_damage()
        || matches!(kind, FileProblemKind::Newer(_) | FileProblemKind::Unreadable { .. })
}

/// What is wrong with a file, for people.
pub fn describe(kind: &FileProblemKind) -> String {
    match kind {
        FileProblemKind::Torn => "torn: its process stopped while it began it".to_owned(),
        FileProblemKind::Damaged => "its header is damaged".to_owned(),
        FileProblemKind::PartlyDamaged(ranges) => {
            let named = ranges.iter().take(NAMED_RANGES);
            let named: Vec<String> =
                named.map(|range| format!("{}..{}", range.from, range.to)).collect();
            let more = if ranges.len() > NAMED_RANGES { ", …" } else { "" };
            format!("damaged at bytes {}{more}", named.join(", "))
        }
        FileProblemKind::Newer(written_by) => format!("newer than this tool: {written_by}"),
        FileProblemKind::Unreadable { error } => format!("can't be read: {error}"),
        FileProblemKind::NoFile => "is no regular file".to_owned(),
        FileProblemKind::OfAnotherSession => "belongs to another session".to_owned(),
        _ => "can't be used".to_owned(),
    }
}
