//! Why nothing could be said.

use std::error::Error;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bevy_session_journal::internal::disk::{RepairError, StoreAction, StoreError, with_sources};
use bevy_session_journal::internal::format::ReadError;
use bevy_session_journal::{CheckpointId, ReportError, RequestError, SessionId, SlotError};

use crate::output::harmless;

/// The exit code that BSD calls `EX_USAGE`.
const USAGE: u8 = 64;
/// The exit code if something is damaged, and the rest was shown.
const SOME_DAMAGE: u8 = 1;
/// A command is refused, because something is in a state that forbids it.
const REFUSED: u8 = 1;
/// The exit code if nothing of what was asked for can be had.
const NOTHING: u8 = 2;

/// Why a command could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The command line makes no sense.
    #[error("{what}; see bevy-session --help")]
    Usage {
        /// The error.
        what: String,
    },
    /// There is no such directory, or none that sessions are kept in.
    #[error("{path} holds no sessions: {why}")]
    UnknownDirectory {
        /// The directory.
        path: PathBuf,
        /// The reason.
        why: &'static str,
    },
    /// Root is asked to write what its owner couldn't read then.
    #[error(
        "{path} belongs to user {owner}, who couldn't read what root writes there: run this as that user, with `sudo -u '#{owner}' …`"
    )]
    AnotherUsers {
        /// The directory.
        path: PathBuf,
        /// The number of its owner.
        owner: u32,
    },
    /// A file holds nothing that can be looked into.
    #[error("{path} can't be looked into: {why}")]
    UnreadableFile {
        /// The file.
        path: PathBuf,
        /// The reason.
        why: String,
    },
    /// The key of pseudonyms can't be had.
    #[error("{path} can't be used as the key of pseudonyms: {why}")]
    UnusableKey {
        /// The file.
        path: PathBuf,
        /// The reason.
        why: String,
    },
    /// There is no such session.
    #[error("{place} has no session {session}; it has: {there}")]
    UnknownSession {
        /// The session that was asked for.
        session: String,
        /// The place that was searched.
        place: String,
        /// The sessions that exist.
        there: String,
    },
    /// Several sessions have the name that was given.
    #[error("{count} sessions in {place} are called {session}: {these}")]
    AmbiguousSession {
        /// The name that was given.
        session: String,
        /// The number of sessions.
        count: usize,
        /// The place.
        place: String,
        /// The sessions.
        these: String,
    },
    /// There is no such checkpoint.
    #[error("there is no checkpoint {checkpoint}; {there}")]
    UnknownCheckpoint {
        /// The checkpoint that was asked for.
        checkpoint: String,
        /// The checkpoints that exist.
        there: String,
    },
    /// Several checkpoints have the name that was given.
    #[error("several checkpoints are called {checkpoint}: {these}")]
    AmbiguousCheckpoint {
        /// The name that was given.
        checkpoint: String,
        /// The checkpoints.
        these: String,
    },
    /// The marks of personal data can't be read.
    #[error("it can't be read which data is personal ({why}); --private writes all values")]
    UnreadableMarks {
        /// The reason.
        why: String,
    },
    /// A checkpoint can't be read whole.
    #[error("checkpoint {checkpoint} is damaged; {offer}")]
    DamagedCheckpoint {
        /// The checkpoint.
        checkpoint: CheckpointId,
        /// An intact checkpoint that can be read instead.
        offer: String,
    },
    /// The session was archived, and only what lists show of it was kept.
    #[error("checkpoint {checkpoint} was archived without its world")]
    WithoutWorld {
        /// The checkpoint.
        checkpoint: CheckpointId,
    },
    /// No session of a place can be shown.
    #[error("{place} has no session that can be shown")]
    NothingReadable {
        /// The place.
        place: String,
    },
    /// A checkpoint has no such entity, type or resource.
    #[error("checkpoint {checkpoint} has no {what}; {there}")]
    NotInCheckpoint {
        /// The checkpoint.
        checkpoint: CheckpointId,
        /// The entity, type or resource that was asked for.
        what: String,
        /// The ones that exist.
        there: String,
    },
    /// The process records of this machine are missing.
    #[error("{place} has no process records beside it: a game keeps them in its state directory")]
    NoRecords {
        /// The place that was searched.
        place: String,
    },
    /// No game gives the directory of a profile such a name.
    #[error(
        "{directory} isn't the name of a profile's directory, so the locks of its game can't be checked"
    )]
    UnknownProfile {
        /// The name.
        directory: String,
    },
    /// A place has several profiles, and one has to be named.
    #[error("{place} has several profiles; name the directory of one: {these}")]
    SeveralProfiles {
        /// The place.
        place: String,
        /// Their directories.
        these: String,
    },
    /// It isn't known whose slots a place has.
    #[error("it isn't known which game {place} belongs to: {why}; use --game STUDIO/GAME")]
    UnknownGame {
        /// The place.
        place: String,
        /// The reason.
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
        /// The session.
        session: SessionId,
        /// Why.
        source: RequestError,
    },
    /// Some of the sessions that were to be moved can't be. The others were.
    #[error("{count} sessions stay as they were, the first of them {session}")]
    SomeUnmoved {
        /// The number of them.
        count: usize,
        /// The first.
        session: SessionId,
        /// Why that one stays.
        source: RequestError,
    },
    /// A player can't be exported.
    #[error("the player wasn't exported")]
    Player {
        /// Why.
        source: RequestError,
    },
    /// A player can't be erased. Nothing has changed.
    #[error("the player wasn't erased")]
    NotErased {
        /// Why.
        source: RequestError,
    },
    /// A player was erased, and something waits for the next cleanup.
    #[error("not all of the player is erased yet: {remaining}")]
    NotAllErased {
        /// The first thing that waits.
        remaining: String,
    },
    /// There is something else where the result is to be written.
    #[error("{path} {why}; nothing was written")]
    Target {
        /// The path to write to.
        path: PathBuf,
        /// The obstacle.
        why: &'static str,
    },
    /// The result can't be written.
    #[error("failed to write {path}")]
    Unwritten {
        /// The file or directory.
        path: PathBuf,
        /// The system's error.
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
    /// A replica can't be reached, or what it has can't be read.
    #[error("the replica can't be read")]
    Replica(#[source] Box<dyn Error + Send + Sync>),
    /// Another machine owns a session in the replica.
    #[error("session {session} is being played by {machine}")]
    Owned {
        /// Which.
        session: SessionId,
        /// What that machine is called.
        machine: String,
    },
    /// Files of a session can't be read, so it isn't sent.
    #[error("session {session} can't be sent")]
    Unsent {
        /// Which.
        session: SessionId,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A process of this machine plays a session.
    #[error("session {session} is being played on this machine")]
    InUse {
        /// Which.
        session: SessionId,
    },
    /// A session was removed from the replica.
    #[error("session {session} was removed from the replica")]
    Removed {
        /// Which.
        session: SessionId,
    },
    /// Two places went on with a session without each other.
    #[error("session {session} was continued here and in the replica; nothing was copied")]
    Forked {
        /// Which.
        session: SessionId,
    },
    /// There is no baseline, or it can't be read.
    #[error("failed to read the baseline {path}")]
    NoBaseline {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A baseline isn't what was written.
    #[error("{path} isn't a baseline: error in line {line}, column {column}")]
    TornBaseline {
        /// The file.
        path: PathBuf,
        /// The line at which reading failed, from 1.
        line: usize,
        /// The column in it.
        column: usize,
        /// The error.
        source: serde_json::Error,
    },
    /// A newer version of this tool wrote a baseline.
    #[error("the baseline {path} has version {version}, which is newer than {known}")]
    NewerBaseline {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u32,
        /// The newest version that this tool knows.
        known: u32,
    },
    /// A baseline is of another game.
    #[error("the baseline {path} is of {game}, and these sessions are of {here}")]
    BaselineOfAnotherGame {
        /// The file.
        path: PathBuf,
        /// Its game.
        game: String,
        /// The game of the sessions.
        here: String,
    },
    /// A report can't be opened.
    #[error(transparent)]
    Report(ReportError),
    /// The files can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log of events can't be read.
    #[error(transparent)]
    Events(#[from] RequestError),
    /// Some of what happened is left out.
    #[error("{frames} frames of events are damaged and were left out")]
    DamagedEvents {
        /// The number of frames.
        frames: u64,
    },
    /// A checkpoint can't be read now.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The result can't be written out.
    #[error("failed to write the output")]
    Output(#[from] io::Error),
    /// The result can't be written as JSON.
    #[error("failed to write JSON")]
    Json(#[from] serde_json::Error),
}

impl Failure {
    /// A command line that makes no sense.
    pub fn usage(what: impl Into<String>) -> Self {
        Self::Usage { what: what.into() }
    }

    /// A directory that can't be listed.
    pub fn unlisted(path: &Path, source: io::Error) -> Self {
        StoreError::Disk { action: StoreAction::List, path: path.to_owned(), source }.into()
    }

    /// A replica that gives no answer, or one that can't be used.
    pub fn of_replica(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Replica(error.into())
    }

    /// Prints it to standard error; returns the exit code.
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

    /// True if the reader of the output closed it.
    fn is_closed_pipe(&self) -> bool {
        let kind = match self {
            Self::Output(error) => Some(error.kind()),
            Self::Json(error) => error.io_error_kind(),
            _ => None,
        };
        kind == Some(io::ErrorKind::BrokenPipe)
    }

    /// The process's exit code.
    fn exit_code(&self) -> ExitCode {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Database(_) => ExitCode::from(NOTHING),
            _ if self.is_closed_pipe() => ExitCode::SUCCESS,
            Self::DamagedEvents { .. } => ExitCode::from(SOME_DAMAGE),
            Self::Owned { .. }
            | Self::InUse { .. }
            | Self::Removed { .. }
            | Self::Forked { .. }
            | Self::NotAllErased { .. }
            | Self::AnotherUsers { .. } => ExitCode::from(REFUSED),
            Self::Import { source: SlotError::InUse, .. } => ExitCode::from(REFUSED),
            Self::Unmoved { source, .. } | Self::SomeUnmoved { source, .. }
                if !is_of_files(source) =>
            {
                ExitCode::from(REFUSED)
            }
            Self::Player { source: RequestError::UnknownPlayer }
            | Self::NotErased { source: RequestError::UnknownPlayer } => ExitCode::from(USAGE),
            Self::NotErased { source } if !is_of_files(source) => ExitCode::from(REFUSED),
            Self::Store(_)
            | Self::Report(_)
            | Self::Replica(_)
            | Self::Unsent { .. }
            | Self::Events(_)
            | Self::Read(_)
            | Self::UnreadableMarks { .. }
            | Self::DamagedCheckpoint { .. }
            | Self::WithoutWorld { .. }
            | Self::NothingReadable { .. }
            | Self::UnreadableFile { .. }
            | Self::UnusableKey { .. }
            | Self::Unwritten { .. }
            | Self::Repair(_)
            | Self::Import { .. }
            | Self::Unmoved { .. }
            | Self::SomeUnmoved { .. }
            | Self::Player { .. }
            | Self::NotErased { .. }
            | Self::Output(_)
            | Self::Json(_) => ExitCode::from(NOTHING),
            _ => ExitCode::from(USAGE),
        }
    }
}

/// True if a session can't be moved because of its files, and not because of its state.
fn is_of_files(error: &RequestError) -> bool {
    matches!(error, RequestError::Store(_) | RequestError::NewerFormat(_))
}
