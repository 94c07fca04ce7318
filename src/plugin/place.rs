//! Where sessions are kept.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::warn;

use crate::store::{Disk, RealDisk, directory_name, platform_roots};

/// Where sessions are kept.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// Where the platform keeps data of this game.
    Platform,
    /// Everything below one directory.
    Directory(PathBuf),
    /// On this disk, which is usually memory.
    Disk(Arc<dyn Disk>),
}

impl Place {
    pub(super) fn disk(&self) -> Arc<dyn Disk> {
        match self {
            Self::Platform | Self::Directory(_) => Arc::new(RealDisk),
            Self::Disk(disk) => Arc::clone(disk),
        }
    }

    /// The roots of what belongs to the player, and of what belongs to this machine.
    pub(super) fn roots(&self, studio: &str, game: &str) -> (PathBuf, PathBuf) {
        match self {
            Self::Platform => of_platform(studio, game),
            Self::Directory(directory) => roots_below(directory),
            Self::Disk(_) => roots_below("sessions".as_ref()),
        }
    }
}

fn of_platform(studio: &str, game: &str) -> (PathBuf, PathBuf) {
    platform_roots(studio, game).unwrap_or_else(|| {
        warn!("the platform names no place for data: sessions are kept where the game runs");
        roots_below(directory_name(game).as_ref())
    })
}

fn roots_below(directory: &Path) -> (PathBuf, PathBuf) {
    (directory.join("data"), directory.join("state"))
}
