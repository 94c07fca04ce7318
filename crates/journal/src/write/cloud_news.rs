//! The outcome of files in the folder of a file cloud.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::disk::StoreError;
use crate::model::ids::SessionId;
use crate::model::session::{FailureCause, RequestError};

/// The outcome of a file in the folder.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum CloudNews {
    /// This device has put a session into the folder.
    Kept {
        /// The session.
        session: SessionId,
        /// The bytes of its file there.
        bytes: u64,
    },
    /// It hasn't. The file that it put there before is still there.
    NotKept {
        /// The session.
        session: SessionId,
        /// The reason.
        error: CloudError,
    },
    /// The newest moment of another device was brought here.
    Taken {
        /// The session.
        session: SessionId,
    },
    /// A session has gone on here and on another device, apart from each other.
    Forked(CloudFork),
    /// A file wasn't brought here.
    NotTaken {
        /// The file, or the folder if that can't be read.
        path: PathBuf,
        /// The reason.
        error: CloudError,
    },
}

/// A session that has gone on in two places.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct CloudFork {
    /// The session.
    pub session: SessionId,
    /// Play time at which both parted; `None` if nothing in common is kept.
    pub common: Option<Duration>,
    /// Play time since on this device.
    pub here: Duration,
    /// Play time since on the other device.
    pub there: Duration,
}

/// The reason that a file wasn't put into the folder, or wasn't brought here from it.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CloudError {
    /// The folder, or a file in it, can't be read or written.
    #[error("the cloud's folder can't be used")]
    Folder(#[source] FailureCause),
    /// A file isn't whole: it is still being copied, or damaged.
    #[error("it isn't whole: it is still being copied, or damaged")]
    NotWhole,
    /// A file isn't one that a device puts there, such as one of a session's own files.
    #[error("it isn't a file that a device puts there")]
    NotOurs,
    /// A file is of another game.
    #[error("it is of another game: {game}")]
    OtherGame {
        /// Its studio and name.
        game: String,
    },
    /// A newer build of the game, or of this library, wrote a file, or what is here of its session.
    #[error("a newer build wrote it")]
    NewerBuild,
    /// A session is one of a player who was erased here. Its file is removed from the folder.
    #[error("its player was erased here")]
    Erased,
    /// A session is too large for a file of the cloud.
    #[error("it has {bytes} bytes, and {most} is the most that the cloud takes")]
    TooLarge {
        /// Its bytes.
        bytes: u64,
        /// The most that it may have.
        most: u64,
    },
    /// The folder has no room.
    #[error("the cloud's folder is full: it would have {files} files and {bytes} bytes")]
    Full {
        /// The files that would be there.
        files: usize,
        /// The bytes that they would have.
        bytes: u64,
    },
    /// Another process plays the session.
    #[error("another process plays the session")]
    InUse,
    /// The session can't be read or written on this device.
    #[error("the session can't be read or written here")]
    Session(#[source] RequestError),
}

impl CloudError {
    pub(super) fn folder(path: &Path, error: io::Error) -> Self {
        Self::Folder(FailureCause::at(path, error))
    }

    /// The error of a copy between the device and this place in the folder.
    pub(super) fn of_copy(place: &Path, error: StoreError) -> Self {
        match error.path().starts_with(place) {
            true => Self::in_folder(error),
            false => Self::here(error),
        }
    }

    pub(super) fn in_folder(error: StoreError) -> Self {
        Self::Folder(FailureCause::new(error))
    }

    pub(super) fn here(error: StoreError) -> Self {
        Self::Session(RequestError::from(error))
    }

    pub(super) fn here_at(path: &Path, error: io::Error) -> Self {
        Self::Session(RequestError::Store(FailureCause::at(path, error)))
    }
}
