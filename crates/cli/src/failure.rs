//! Why nothing could be said.

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use bevy_session_journal::internal::disk::{RepairError, StoreError, with_sources};
use bevy_session_journal::internal::format::ReadError;
use bevy_session_journal::{CheckpointId, ReportError, RequestError, SessionId, SlotError};

use crate::output::harmless;

/// What BSD calls `EX_USAGE`.
const USAGE: u8 = 64;
/// Something is damaged, and the rest was shown.
const SOME_DAMAGE: u8 = 1;
/// What was asked for isn't done to something that is in this state.
const REFUSED: u8 = 1;
/// Nothing of what was asked for can be had.
const NOTHING: u8 = 2;

/// Why a command could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The command line makes no sense.
    #[error("{what}; see bevy-session --help")]
    Usage {
        /// What is wrong with it.
        what: String,
    },
    /// There is no such directory, or none that sessions are kept in.
    #[error("{path} holds no sessions: {why}")]
    UnknownDirectory {
        /// The directory.
        path: PathBuf,
        /// What was looked for.
        why: &'static str,
    },
    /// A file holds nothing that can be looked into.
    #[error("{path} can't be looked into: {why}")]
    UnreadableFile {
        /// The file.
        path: PathBuf,
        /// What is the matter with it.
        why: String,
    },
    /// There is no such session.
    #[error("there is no session {session} in {place}; there are: {there}")]
    UnknownSession {
        /// What was asked for.
        session: String,
        /// Where it was looked for.
        place: String,
        /// What there is.
        there: String,
    },
    /// What a session was called is what several are called.
    #[error("{count} sessions in {place} are called {session}: {these}")]
    AmbiguousSession {
        /// What was asked for.
        session: String,
        /// How many there are.
        count: usize,
        /// Where.
        place: String,
        /// Which.
        these: String,
    },
    /// There is no such checkpoint.
    #[error("there is no checkpoint {checkpoint}; {there}")]
    UnknownCheckpoint {
        /// What was asked for.
        checkpoint: String,
        /// What there is.
        there: String,
    },
    /// What a checkpoint was called is what several are called.
    #[error("several checkpoints are called {checkpoint}: {these}")]
    AmbiguousCheckpoint {
        /// What was asked for.
        checkpoint: String,
        /// Which.
        these: String,
    },
    /// A checkpoint can't be read whole.
    #[error("checkpoint {checkpoint} is damaged; {offer}")]
    DamagedCheckpoint {
        /// Which.
        checkpoint: CheckpointId,
        /// What can be read instead.
        offer: String,
    },
    /// The session was archived, and only what lists show of it was kept.
    #[error("checkpoint {checkpoint} was archived without its world")]
    WithoutWorld {
        /// Which.
        checkpoint: CheckpointId,
    },
    /// Of all sessions of a place, none can be shown.
    #[error("{place} has no session that can be shown")]
    NothingReadable {
        /// The place.
        place: String,
    },
    /// A checkpoint has no such entity, type or resource.
    #[error("checkpoint {checkpoint} has no {what}; {there}")]
    NotInCheckpoint {
        /// Which.
        checkpoint: CheckpointId,
        /// What was asked for.
        what: String,
        /// What there is.
        there: String,
    },
    /// What this machine knows of processes isn't there.
    #[error("{place} has no process records beside it: a game keeps them in its state directory")]
    NoRecords {
        /// Where they were looked for.
        place: String,
    },
    /// No game gives the directory of a profile such a name.
    #[error(
        "{directory} isn't the name of a profile's directory, so it isn't known what its game holds locked"
    )]
    UnknownProfile {
        /// The name.
        directory: String,
    },
    /// A place has several profiles, and one has to be named.
    #[error("{place} has several profiles, and one has to be named by its directory: {these}")]
    SeveralProfiles {
        /// The place.
        place: String,
        /// Their directories.
        these: String,
    },
    /// It isn't known whose slots a place has.
    #[error("{place} doesn't say which game it is of: {why}; say it by --game STUDIO/GAME")]
    UnknownGame {
        /// The place.
        place: String,
        /// What was found.
        why: String,
    },
    /// A file can't be imported.
    #[error("{path} wasn't imported")]
    Import {
        /// The file.
        path: PathBuf,
        /// Why.
        source: SlotError,
    },
    /// A session can't be moved to where it was to go.
    #[error("session {session} stays as it was")]
    Unmoved {
        /// Which.
        session: SessionId,
        /// Why.
        source: RequestError,
    },
    /// What is kept of a player can't be exported or erased, or it can't be read who did what.
    #[error("nothing is done")]
    Player {
        /// Why.
        source: RequestError,
    },
    /// Something else is where the result is to be written.
    #[error("{path} {why}; nothing is written over what is there")]
    Target {
        /// Where it is to be written.
        path: PathBuf,
        /// What is in the way.
        why: &'static str,
    },
    /// The result can't be written.
    #[error("failed to write {path}")]
    Unwritten {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A database can't be written.
    #[cfg(feature = "sqlite")]
    #[error("failed to write the database")]
    Database(#[from] rusqlite::Error),
    /// A session can't be repaired.
    #[error(transparent)]
    Repair(#[from] RepairError),
    /// The command line can't be read.
    #[error(transparent)]
    Arguments(#[from] clap::Error),
    /// A report can't be opened.
    #[error(transparent)]
    Report(ReportError),
    /// The files can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What happened can't be read.
    #[error(transparent)]
    Events(#[from] RequestError),
    /// Some of what happened is left out.
    #[error("{frames} frames of events are damaged, and left out")]
    DamagedEvents {
        /// How many.
        frames: u64,
    },
    /// A checkpoint can't be read now.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// What was found can't be written out.
    #[error("failed to write the output")]
    Output(#[from] io::Error),
    /// What was found can't be written as JSON.
    #[error("failed to write JSON")]
    Json(#[from] serde_json::Error),
}

impl Failure {
    /// A command line that makes no sense.
    pub fn usage(what: impl Into<String>) -> Self {
        Self::Usage { what: what.into() }
    }

    /// Says it where errors are said, and what the process ends with.
    pub fn report(&self) -> ExitCode {
        if let Self::Arguments(error) = self
            && !error.use_stderr()
        {
            // `--help` and `--version` are no errors.
            let written = write!(io::stdout(), "{}", error.render());
            return written.map_or_else(|error| Self::from(error).report(), |()| ExitCode::SUCCESS);
        }
        if !self.is_closed_pipe() {
            // There is no other place where this could be said.
            let _ = writeln!(io::stderr(), "{}", self.in_full());
        }
        self.exit_code()
    }

    /// With everything that caused it.
    fn in_full(&self) -> String {
        match self {
            Self::Arguments(error) => error.render().to_string().trim_end().to_owned(),
            // What is named may come from a file that anybody may have made.
            _ => harmless(&format!("bevy-session: {}", with_sources(self as &dyn Error))),
        }
    }

    /// Whether whoever reads the output wanted no more of it.
    fn is_closed_pipe(&self) -> bool {
        let kind = match self {
            Self::Output(error) => Some(error.kind()),
            Self::Json(error) => error.io_error_kind(),
            _ => None,
        };
        kind == Some(io::ErrorKind::BrokenPipe)
    }

    /// What the process ends with.
    fn exit_code(&self) -> ExitCode {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Database(_) => ExitCode::from(NOTHING),
            _ if self.is_closed_pipe() => ExitCode::SUCCESS,
            Self::DamagedEvents { .. } => ExitCode::from(SOME_DAMAGE),
            Self::Import { source: SlotError::InUse, .. } => ExitCode::from(REFUSED),
            Self::Unmoved { source, .. } | Self::Player { source } if !is_of_files(source) => {
                ExitCode::from(REFUSED)
            }
            Self::Store(_)
            | Self::Report(_)
            | Self::Events(_)
            | Self::Read(_)
            | Self::DamagedCheckpoint { .. }
            | Self::WithoutWorld { .. }
            | Self::NothingReadable { .. }
            | Self::UnreadableFile { .. }
            | Self::Unwritten { .. }
            | Self::Repair(_)
            | Self::Import { .. }
            | Self::Unmoved { .. }
            | Self::Player { .. }
            | Self::Output(_)
            | Self::Json(_) => ExitCode::from(NOTHING),
            _ => ExitCode::from(USAGE),
        }
    }
}

/// Whether a session can't be moved because of its files, and not because of how it stands.
fn is_of_files(error: &RequestError) -> bool {
    matches!(error, RequestError::Store(_) | RequestError::NewerFormat(_))
}
