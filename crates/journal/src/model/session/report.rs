//! Reports: what is asked for, and what can be wrong with one that is opened.

use std::path::{Path, PathBuf};

use super::{FailureCause, WrittenBy};

/// Events that a report has if no other number is asked for.
const EVENTS: usize = 200;

/// A request for a report: one file that a player can send and a developer can open.
///
/// ```
/// use bevy_session_journal::Report;
///
/// let report = Report::now().note("The door ate my dog.").events(50).picture();
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    #[doc(hidden)]
    pub subject: ReportSubject,
    #[doc(hidden)]
    pub note: String,
    #[doc(hidden)]
    pub events: usize,
    #[doc(hidden)]
    pub picture: bool,
}

/// The subject of a report.
#[doc(hidden)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReportSubject {
    Now,
    LastRun,
}

impl Report {
    /// A report about the session that is being played, at this moment.
    #[must_use]
    pub fn now() -> Self {
        Self::of(ReportSubject::Now)
    }

    /// A report about the process before this one: its end, and the newest checkpoint of the session that it played.
    #[must_use]
    pub fn of_last_run() -> Self {
        Self::of(ReportSubject::LastRun)
    }

    fn of(subject: ReportSubject) -> Self {
        Self { subject, note: String::new(), events: EVENTS, picture: false }
    }

    /// Sets the player's note. At most 4096 bytes; none by default.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// Sets the number of the newest recorded events that go with it, 200 by default. Private events are never
    /// included, and not counted.
    #[must_use]
    pub fn events(mut self, events: usize) -> Self {
        self.events = events;
        self
    }

    /// Adds the newest picture of the screen that is attached to a checkpoint as `thumbnail`. By default there is none
    /// in the report.
    #[must_use]
    pub fn picture(mut self) -> Self {
        self.picture = true;
        self
    }
}

/// The error of opening a report, or a session that was handed on. Nothing was changed by the attempt.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(opaque, Clone, Debug, PartialEq))]
#[non_exhaustive]
pub enum ReportError {
    /// The file isn't there, or can't be read.
    #[error(transparent)]
    Unreadable(FailureCause),
    /// It is neither a report nor a slot: no tar archive, one of something else, or a file of a session.
    #[error("{} isn't a report: {reason}", path.display())]
    NotAReport {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
    /// A part of it is missing.
    #[error("{} is cut off", path.display())]
    Cut {
        /// The file.
        path: PathBuf,
    },
    /// Something in it is larger than a report has it.
    #[error("{} has a part of {bytes} bytes, and the limit is {limit}", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Bytes that it claims to have.
        bytes: u64,
        /// The most that are read.
        limit: u64,
    },
    /// A newer release of this crate wrote it.
    #[error("a newer release wrote {} (report format {format}): update the game", path.display())]
    NewerReport {
        /// The file.
        path: PathBuf,
        /// The version of its `report.ron`.
        format: u32,
    },
    /// A newer release of this crate wrote the checkpoint in it.
    #[error("a newer release wrote the checkpoint in {} ({written_by}): update the game", path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// The version that wrote it.
        written_by: WrittenBy,
    },
    /// There is no checkpoint in it; its `report.ron` has the reason.
    #[error("there is no checkpoint in {}", path.display())]
    NoCheckpoint {
        /// The file.
        path: PathBuf,
    },
    /// The checkpoint in it is damaged.
    #[error("the checkpoint in {} is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// Another game wrote it.
    #[error("{} is of another game, {game}", path.display())]
    OtherGame {
        /// The file.
        path: PathBuf,
        /// Studio and name of that game.
        game: String,
    },
}

impl ReportError {
    /// The file that can't be used; `None` if the error names none.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Unreadable(cause) => cause.path(),
            Self::NotAReport { path, .. }
            | Self::Cut { path }
            | Self::TooLarge { path, .. }
            | Self::NewerReport { path, .. }
            | Self::NewerFormat { path, .. }
            | Self::NoCheckpoint { path }
            | Self::Damaged { path }
            | Self::OtherGame { path, .. } => Some(path),
        }
    }
}
