//! The place in which sessions are looked for, by the command line.

mod directory;
mod file;
mod profile;
mod replica;

use std::fmt;
use std::path::PathBuf;

use bevy_session_journal::internal::disk::platform_roots;

use crate::failure::Failure;

pub use profile::{Left, Profile, UNKNOWN_WITHOUT_RECORDS, read_only, to_read};
pub use replica::{Replica, read_log};

/// The place that a command looks into.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// A directory, or nothing at all.
    Directory(PathBuf),
    /// A slot, an archive, a segment or a report.
    File(PathBuf),
    /// What a game keeps beside its disk.
    Replica(Replica),
}

impl Place {
    /// The place at this path, or the replica of this name.
    pub fn of_path(path: PathBuf) -> Self {
        if let Some(replica) = path.to_str().and_then(Replica::of_word) {
            return Self::Replica(replica);
        }
        match file::is_file(&path) {
            true => Self::File(path),
            false => Self::Directory(path),
        }
    }

    /// The directory in which the platform keeps the data of a game.
    pub fn of_game(studio: &str, game: &str) -> Result<Self, Failure> {
        let roots = platform_roots(studio, game);
        let (data, _) = roots.ok_or_else(|| {
            Failure::usage("this platform has no data directory: give PLACE instead of --game")
        })?;
        Ok(Self::Directory(data))
    }

    /// True if it is a file, which holds one session alone.
    pub fn is_file(&self) -> bool {
        matches!(self, Self::File(_))
    }

    /// The profiles in it. A file counts as one.
    pub fn profiles(&self) -> Result<Vec<Profile>, Failure> {
        match self {
            Self::File(path) => Ok(vec![file::open(path)?]),
            Self::Directory(path) => {
                let of_devices = file::of_devices(path);
                if !of_devices.is_empty() {
                    return of_devices.iter().map(|path| file::open(path)).collect();
                }
                let found = directory::find(path)?.into_iter();
                found.map(|directory| Ok(Profile::of_directory(directory, read_only())?)).collect()
            }
            Self::Replica(replica) => Ok(vec![replica.profile("")?]),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) | Self::File(path) => path.display().fmt(formatter),
            Self::Replica(replica) => replica.fmt(formatter),
        }
    }
}
