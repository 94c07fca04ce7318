//! Why nothing could be said.

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use bevy_session_journal::store::{StoreError, with_sources};

/// What BSD calls `EX_USAGE`.
const USAGE: u8 = 64;
/// Nothing good can be had.
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
    /// There is no such session.
    #[error("there is no session {session} in {directory}")]
    UnknownSession {
        /// What was asked for.
        session: String,
        /// Where it was looked for.
        directory: PathBuf,
    },
    /// The beginning of an id that was given is that of several.
    #[error("the ids of {count} sessions in {directory} begin with {session}")]
    Ambiguous {
        /// What was asked for.
        session: String,
        /// How many there are.
        count: usize,
        /// Where.
        directory: PathBuf,
    },
    /// The files can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
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

    /// With everything that caused it.
    pub fn in_full(&self) -> String {
        with_sources(self as &dyn Error)
    }

    /// Whether whoever reads the output wanted no more of it.
    pub fn is_closed_pipe(&self) -> bool {
        let kind = match self {
            Self::Output(error) => Some(error.kind()),
            Self::Json(error) => error.io_error_kind(),
            _ => None,
        };
        kind == Some(io::ErrorKind::BrokenPipe)
    }

    /// What the process ends with.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Store(_) | Self::Output(_) | Self::Json(_) => ExitCode::from(NOTHING),
            _ => ExitCode::from(USAGE),
        }
    }
}
