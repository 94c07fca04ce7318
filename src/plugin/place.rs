//! Where sessions are kept.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::warn;

use crate::lifecycle::{DataPlaceChanged, SessionPlace};
use crate::store::{
    Disk, FallbackDisk, Layout, MovedRoot, RealDisk, TracedDisk, directory_name, platform_roots,
};

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

/// A place that was looked at: it is known which directories can be written.
pub(super) struct OpenPlace {
    pub disk: Arc<dyn Disk>,
    pub place: SessionPlace,
    /// What the game is to hear.
    pub changed: Option<DataPlaceChanged>,
}

impl Place {
    /// Looks whether files can be written where `wanted` says; if not, they are where `fallback` says.
    pub(super) fn open(&self, wanted: &Layout, fallback: Option<&Layout>) -> OpenPlace {
        let disk = self.disk(wanted, fallback);
        let Some(fallback) = fallback else {
            let place = SessionPlace::new(wanted.data.clone(), wanted.state.clone(), false);
            return OpenPlace { disk, place, changed: None };
        };
        let disk = FallbackDisk::new(
            disk,
            [
                (wanted.data.clone(), fallback.data.clone()),
                (wanted.state.clone(), fallback.state.clone()),
            ],
        );
        disk.moved().iter().for_each(warn_of);
        let moved = disk.moved().iter().find(|moved| moved.wanted == wanted.data);
        let changed = moved.map(|MovedRoot { wanted, used, error }| DataPlaceChanged {
            wanted: wanted.clone(),
            used: used.clone(),
            error: error.clone(),
        });
        let (data, state) = (disk.written(&wanted.data), disk.written(&wanted.state));
        let place = SessionPlace::new(data, state, changed.is_some());
        OpenPlace { disk: Arc::new(disk), place, changed }
    }

    /// The disk of the files that a player names.
    pub(super) fn outside(&self) -> Arc<dyn Disk> {
        match self {
            Self::Platform | Self::Directory(_) => Arc::new(RealDisk),
            Self::Disk(disk) => Arc::clone(disk),
        }
    }

    fn disk(&self, wanted: &Layout, fallback: Option<&Layout>) -> Arc<dyn Disk> {
        match self {
            Self::Platform | Self::Directory(_) => {
                let roots = [("data", &wanted.data), ("state", &wanted.state)].into_iter();
                let fallback = fallback.into_iter().flat_map(|fallback| {
                    [("fallback data", &fallback.data), ("fallback state", &fallback.state)]
                });
                let roots = roots.chain(fallback).map(|(name, root)| (name, root.clone()));
                Arc::new(TracedDisk::new(Arc::new(RealDisk), roots))
            }
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

fn warn_of(moved: &MovedRoot) {
    let MovedRoot { wanted, used, error } = moved;
    let (wanted, used) = (wanted.display(), used.display());
    warn!(%wanted, %used, %error, "files can't be kept where they are wanted, and are kept elsewhere");
}

fn of_platform(studio: &str, game: &str) -> (PathBuf, PathBuf) {
    platform_roots(studio, game).unwrap_or_else(|| {
        warn!("the platform names no place for data: sessions are kept where the game runs");
        roots_below(directory_name(game).as_ref())
    })
}

/// The two roots below one directory.
pub(super) fn roots_below(directory: &Path) -> (PathBuf, PathBuf) {
    (directory.join("data"), directory.join("state"))
}
