//! The place in which sessions are looked for, by the command line.

mod directory;
mod file;
mod profile;
mod replica;

use std::fmt;
use std::path::{Path, PathBuf};

use bevy_session_journal::internal::disk::platform_roots;

use crate::failure::Failure;

use self::directory::ProfileDirectory;
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
        roots_of(studio, game).map(|(data, _)| Self::Directory(data))
    }

    /// The profile that a game gets at its first start in an empty directory, or in the platform's if there is none.
    pub fn of_first_start(
        directory: Option<&Path>,
        (studio, game): (&str, &str),
    ) -> Result<Profile, Failure> {
        let roots = match directory {
            Some(directory) => (directory.join("data"), directory.join("state")),
            None => roots_of(studio, game)?,
        };
        Ok(Profile::of_directory(ProfileDirectory::of_first_start(roots), read_only())?)
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

fn roots_of(studio: &str, game: &str) -> Result<(PathBuf, PathBuf), Failure> {
    platform_roots(studio, game).ok_or_else(|| {
        Failure::usage("this platform has no data directory: give PLACE instead of --game")
    })
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) | Self::File(path) => path.display().fmt(formatter),
            Self::Replica(replica) => replica.fmt(formatter),
        }
    }
}
