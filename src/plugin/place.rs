//! The directory of sessions.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bevy_session_journal::internal::disk::{
    Disk, FallbackDisk, Layout, MovedRoot, RealDisk, TracedDisk, directory_name, platform_roots,
};
use tracing::warn;

use crate::lifecycle::{DataPlaceChanged, SessionPlace};

/// The place of sessions.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// The platform's directory for data of this game.
    Platform,
    /// All files are below one directory.
    Directory(PathBuf),
    /// All files are on this disk in memory, those that a player names as well.
    Disk(Arc<dyn Disk>),
    /// All files are below a directory on a disk of the game's own. Those that a player names are on the real one.
    Own { disk: Arc<dyn Disk>, directory: PathBuf },
}

/// A place that was checked: it is known which directories can be written.
pub(super) struct OpenPlace {
    pub disk: Arc<dyn Disk>,
    pub place: SessionPlace,
    /// The notification that the game is to receive.
    pub changed: Option<DataPlaceChanged>,
}

impl Place {
    /// Checks that files can be written to `wanted`; if not, they are written to `fallback`.
    pub(super) fn open(&self, wanted: &Layout, fallback: Option<&Layout>) -> OpenPlace {
        let disk = self.disk(wanted, fallback);
        let Some(fallback) = fallback else {
            let place = SessionPlace::new(wanted.data.clone(), wanted.state.clone());
            let place = place.in_memory(self.is_in_memory());
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
        let place = SessionPlace::new(data, state).fallback(changed.is_some());
        let place = place.in_memory(self.is_in_memory());
        OpenPlace { disk: Arc::new(disk), place, changed }
    }

    fn is_in_memory(&self) -> bool {
        matches!(self, Self::Disk(_))
    }

    /// A directory on the disk of the sessions, which another working directory doesn't change.
    pub(super) fn absolute(&self, directory: &Path) -> PathBuf {
        match self {
            Self::Platform | Self::Directory(_) => {
                std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned())
            }
            Self::Disk(_) | Self::Own { .. } => directory.to_owned(),
        }
    }

    /// The disk of the files that a player names.
    pub(super) fn outside(&self) -> Arc<dyn Disk> {
        match self {
            Self::Platform | Self::Directory(_) | Self::Own { .. } => Arc::new(RealDisk),
            Self::Disk(disk) => Arc::clone(disk),
        }
    }

    /// The same, if it isn't the disk of the sessions.
    pub(super) fn apart(&self) -> Option<Arc<dyn Disk>> {
        matches!(self, Self::Own { .. }).then(|| self.outside())
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
            Self::Disk(disk) | Self::Own { disk, .. } => Arc::clone(disk),
        }
    }

    /// The roots of the player's files, and of files that belong to this machine.
    pub(super) fn roots(&self, studio: &str, game: &str) -> (PathBuf, PathBuf) {
        match self {
            Self::Platform => of_platform(studio, game),
            Self::Directory(directory) | Self::Own { directory, .. } => roots_below(directory),
            Self::Disk(_) => roots_below("sessions".as_ref()),
        }
    }
}

fn warn_of(moved: &MovedRoot) {
    let MovedRoot { wanted, used, error } = moved;
    let (wanted, used) = (wanted.display(), used.display());
    warn!(%wanted, %used, %error, "the data directory can't be written, so the fallback directory is used");
}

fn of_platform(studio: &str, game: &str) -> (PathBuf, PathBuf) {
    let of_app = files_of_app().map(|files| roots_of_app(&files, game));
    of_app.or_else(|| platform_roots(studio, game)).unwrap_or_else(|| roots_of_no_place(game))
}

/// The directory that Android gives to an app for its files; only there it is named to the process
/// alone.
fn files_of_app() -> Option<PathBuf> {
    #[cfg(target_os = "android")]
    return bevy::android::ANDROID_APP.get()?.internal_data_path();
    #[cfg(not(target_os = "android"))]
    None
}

/// The roots beside an app's files. The system copies those from phone to phone, and leaves out
/// what lies in `no_backup`: a phone that had another one's id and locks would take that one's
/// sessions for its own.
fn roots_of_app(files: &Path, game: &str) -> (PathBuf, PathBuf) {
    let game = directory_name(game);
    (files.join(&game), files.with_file_name("no_backup").join(game))
}

/// A desktop game may keep its files beside itself.
#[cfg(not(any(target_os = "android", target_os = "ios")))]
fn roots_of_no_place(game: &str) -> (PathBuf, PathBuf) {
    warn!("the platform names no data directory: sessions are kept in the working directory");
    roots_below(directory_name(game).as_ref())
}

/// An app runs in a system directory, which it can't write. Nothing can be created below this one
/// either, which each save reports, and the game's fallback is used.
#[cfg(any(target_os = "android", target_os = "ios"))]
fn roots_of_no_place(game: &str) -> (PathBuf, PathBuf) {
    tracing::error!(
        "the system names no data directory for this app: only a fallback directory can keep \
         sessions"
    );
    roots_below(&Path::new("/dev/null").join(directory_name(game)))
}

/// The two roots below one directory.
pub(super) fn roots_below(directory: &Path) -> (PathBuf, PathBuf) {
    (directory.join("data"), directory.join("state"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_android_the_state_is_outside_the_backup() {
        let files = Path::new("/data/user/0/org.studio.hop/files");
        let (data, state) = roots_of_app(files, "Hop: Deluxe");
        assert_eq!(data, Path::new("/data/user/0/org.studio.hop/files/Hop- Deluxe"));
        assert_eq!(state, Path::new("/data/user/0/org.studio.hop/no_backup/Hop- Deluxe"));
        assert_eq!(files_of_app(), None, "this is no app of Android");
    }

    #[test]
    #[cfg(unix)]
    fn the_second_place_is_used_if_the_first_is_not_a_directory() {
        let second = tempfile::tempdir().unwrap();
        let layout = |root: &Path| {
            let (data, state) = roots_below(root);
            Layout { data, state, profile: "default".to_owned() }
        };
        let wanted = layout(Path::new("/dev/null/Hop"));
        let opened = Place::Platform.open(&wanted, Some(&layout(second.path())));
        assert_eq!(opened.place.data(), second.path().join("data"));
        assert!(opened.changed.is_some_and(|changed| changed.wanted == wanted.data));
        assert!(RealDisk.create_dir(&wanted.data).is_err());
    }
}
