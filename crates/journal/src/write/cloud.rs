//! A folder that a file cloud copies between a player's devices, such as Steam's: whole files, before the game starts and
//! after it ended.
//!
//! Live files don't belong there: copied while they grow, and one without the other, they are worth nothing. So a device
//! puts one file of each session into the folder, when the session is left cleanly and when it is paused: a run of its
//! own with the newest checkpoint, which goes on from that and supersedes all that was there, as a session has it in
//! the archive (`write/snapshot.rs`). That is its lineage, and no comparison is needed but that of every start: brought into
//! the session's directory, it is the session's newest line where it goes on from what is here, and beside a line
//! that has gone on here it is the other side of a fork. `read/recovery/fork.rs` says where they parted.
//!
//! Each device writes its own files and reads all, so that no two devices write the same one. What a cloud calls them
//! doesn't matter: a file says by itself whose it is.

mod keeping;
mod taking;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::disk::{Disk, LocalStore, directory_name};
use crate::model::ids::{SessionId, random_u64};
use crate::model::session::{FailureCause, RequestError};

pub(super) use keeping::KeepInCloud;
pub(super) use taking::{note_forgotten, take_in};

/// What the files in the folder are called at their end.
const EXTENSION: &str = "session";
/// The file with the name that this device has in the folder.
const DEVICE: &str = "cloud-device";

/// A folder that a file cloud copies between a player's devices, and how much may be in it.
///
/// ```
/// use bevy_session_journal::CloudFolder;
///
/// let folder = CloudFolder::new("cloud").most_files(50).most_bytes(200 << 20);
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CloudFolder {
    path: PathBuf,
    most_files: usize,
    most_bytes: u64,
    most_bytes_of_a_file: u64,
}

impl<P: Into<PathBuf>> From<P> for CloudFolder {
    fn from(path: P) -> Self {
        Self::new(path)
    }
}

impl CloudFolder {
    /// A folder with room for 1,000 files, 100 MB each and a GB together.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let (most_files, most_bytes, most_bytes_of_a_file) = (1_000, 1_000_000_000, 100_000_000);
        Self { path: path.into(), most_files, most_bytes, most_bytes_of_a_file }
    }

    /// How many files may be in it, those of other devices included. A cloud says what it takes.
    #[must_use]
    pub fn most_files(mut self, files: usize) -> Self {
        self.most_files = files;
        self
    }

    /// How many bytes may be in it, those of other devices included.
    #[must_use]
    pub fn most_bytes(mut self, bytes: u64) -> Self {
        self.most_bytes = bytes;
        self
    }

    /// How many bytes one file may have. Steam takes 100 MB.
    #[must_use]
    pub fn most_bytes_of_a_file(mut self, bytes: u64) -> Self {
        self.most_bytes_of_a_file = bytes;
        self
    }

    /// Where the files of a profile are.
    fn of_profile(&self, profile: &str) -> PathBuf {
        self.path.join(directory_name(profile))
    }
}

/// What came of a file in the folder.
#[derive(Clone, Debug)]
pub enum CloudNews {
    /// This device has put a session into the folder.
    Kept { session: SessionId, bytes: u64 },
    /// It hasn't. What it put there before still is.
    NotKept { session: SessionId, error: CloudError },
    /// What another device has put there was brought here.
    Taken { session: SessionId },
    /// A session has gone on here and on another device, apart from each other.
    Forked(CloudFork),
    /// A file wasn't brought here. It is where it was.
    NotTaken { path: PathBuf, error: CloudError },
}

/// A session that has gone on in two places.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CloudFork {
    /// The session.
    pub session: SessionId,
    /// Play time at which both parted; `None` if nothing in common is kept.
    pub common: Option<Duration>,
    /// What was played here since.
    pub here: Duration,
    /// What was played there since.
    pub there: Duration,
}

/// Why a file wasn't put into the folder, or brought here from it.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CloudError {
    /// The folder can't be read or written.
    #[error("the cloud's folder can't be used")]
    Folder(#[source] FailureCause),
    /// A file isn't whole: it is still being copied, or damaged.
    #[error("it isn't whole: it is still being copied, or damaged")]
    NotWhole,
    /// A file is of another game.
    #[error("it is of another game: {game}")]
    OtherGame {
        /// Its studio and name.
        game: String,
    },
    /// A newer build of the game, or of this library, wrote a file.
    #[error("a newer build wrote it")]
    NewerBuild,
    /// A session is too large for a file of the cloud.
    #[error("it has {bytes} bytes, and {most} is the most that the cloud takes")]
    TooLarge {
        /// How large it is.
        bytes: u64,
        /// How large it may be.
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
    fn folder(path: &Path, error: io::Error) -> Self {
        Self::Folder(FailureCause::at(path, error))
    }
}

/// Where this device puts a session.
fn own_file(local: &LocalStore, folder: &CloudFolder, session: SessionId) -> io::Result<PathBuf> {
    let device = device(local)?;
    let name = format!("{session}-{device:016x}.{EXTENSION}");
    Ok(folder.of_profile(&local.store.layout().profile).join(name))
}

/// Where it is kept what was known here of a session that was deleted here.
fn forgotten_file(local: &LocalStore, session: SessionId) -> PathBuf {
    local.store.layout().state.join(format!("cloud-forgotten-{session}"))
}

/// What tells this device's data from that of others, which may well be on the same machine.
fn device(local: &LocalStore) -> io::Result<u64> {
    let (disk, path) = (local.store.disk(), local.store.layout().state.join(DEVICE));
    let known = disk.read(&path, 64).ok();
    let known = known.and_then(|bytes| u64::from_str_radix(str::from_utf8(&bytes).ok()?, 16).ok());
    if let Some(device) = known {
        return Ok(device);
    }
    let device = random_u64();
    local.store.create_state_directory().map_err(io::Error::other)?;
    disk.replace(&path, format!("{device:016x}").as_bytes())?;
    Ok(device)
}

/// Copies a file that is there whole, a piece at a time, and makes it durable.
fn copy(from: &dyn Disk, source: &Path, to: &dyn Disk, target: &Path) -> io::Result<u64> {
    const PIECE: u64 = 1 << 20;
    let read = from.open(source)?;
    let _hold = read.hold();
    let length = read.len()?;
    let mut written = to.create_new(target)?;
    let mut piece = Vec::new();
    let mut at = 0;
    while at < length {
        let next = PIECE.min(length - at);
        piece.resize(usize::try_from(next).unwrap_or_default(), 0);
        read.read_exact_at(at, &mut piece)?;
        written.append(&piece)?;
        at += next;
    }
    written.sync()?;
    Ok(length)
}
