//! The directories in which sessions are kept, and the notification if they aren't the usual ones.

use std::path::{Path, PathBuf};

use bevy::prelude::*;
use bevy_session_journal::ArchivePlaceError;

use super::notifications::{DataPlaceChanged, notify};

/// The directories in which this process keeps sessions. There from the first frame on, unless
/// sessions are switched off.
///
/// They are the usual ones of the game and the platform, unless those can't be written and the game
/// has set a [`fallback_directory`](crate::SessionPlugin::fallback_directory). Paths in errors and
/// of slots are those in the usual directory, even if a file is below the fallback.
#[derive(Resource, Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Resource, Clone, PartialEq, Debug))]
pub struct SessionPlace {
    data: PathBuf,
    state: PathBuf,
    is_fallback: bool,
    archives: Option<PathBuf>,
    archives_error: Option<ArchivePlaceError>,
    missing_archives: Vec<PathBuf>,
}

impl SessionPlace {
    pub(crate) fn new(data: PathBuf, state: PathBuf, is_fallback: bool) -> Self {
        let (archives, archives_error, missing_archives) = (None, None, Vec::new());
        Self { data, state, is_fallback, archives, archives_error, missing_archives }
    }

    /// With the directory of archives, or the reason that there is none, and the directories of
    /// archives that aren't there.
    pub(crate) fn with_archives(
        self,
        archives: Result<Option<PathBuf>, ArchivePlaceError>,
        missing_archives: Vec<PathBuf>,
    ) -> Self {
        let (archives, archives_error) = match archives {
            Ok(archives) => (archives, None),
            Err(error) => (None, Some(error)),
        };
        Self { archives, archives_error, missing_archives, ..self }
    }

    /// The directory of sessions and slots.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The directory of files that belong to this machine only: locks and records of processes.
    #[must_use]
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// Returns true if sessions are written below the fallback, since they can't be written to the
    /// usual directory.
    #[must_use]
    pub fn is_fallback(&self) -> bool {
        self.is_fallback
    }

    /// The game's own directory in its
    /// [`archive_directory`](crate::SessionPlugin::archive_directory). `None` without one, and if
    /// that can't be used.
    #[must_use]
    pub fn archives(&self) -> Option<&Path> {
        self.archives.as_deref()
    }

    /// The reason that the [`archive_directory`](crate::SessionPlugin::archive_directory) could not
    /// be used when the game started.
    #[must_use]
    pub fn archives_error(&self) -> Option<&ArchivePlaceError> {
        self.archives_error.as_ref()
    }

    /// The game's own directories, in this and earlier directories of archives, that weren't there
    /// when it started: what is archived in them isn't found.
    #[must_use]
    pub fn missing_archives(&self) -> &[PathBuf] {
        &self.missing_archives
    }
}

/// A system that notifies the game once.
pub(crate) fn tell_of_place(changed: DataPlaceChanged) -> impl FnMut(&mut World) + Send + Sync {
    let mut pending = Some(changed);
    move |world| {
        if let Some(changed) = pending.take() {
            notify(world, changed);
        }
    }
}
