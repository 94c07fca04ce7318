//! The directories in which sessions are kept, and the notification if they aren't the usual ones.

use std::fmt;
use std::path::{Path, PathBuf};

use bevy::prelude::*;
use tracing::info;

use super::notifications::{DataPlaceChanged, notify};

/// The directories in which this process keeps sessions. There from the first frame on, unless
/// sessions are switched off.
///
/// They are the usual ones of the game and the platform, unless those can't be written and the game
/// has set a [`fallback_directory`](crate::SessionPlugin::fallback_directory). Paths in errors and
/// of slots are those in the usual directory, even if a file is below the fallback.
///
/// [`Display`](fmt::Display) writes the directory of sessions and slots, or that they are in memory.
#[derive(Resource, Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Resource, Clone, PartialEq, Debug))]
pub struct SessionPlace {
    data: PathBuf,
    state: PathBuf,
    is_fallback: bool,
    is_in_memory: bool,
}

impl SessionPlace {
    pub(crate) fn new(data: PathBuf, state: PathBuf) -> Self {
        Self { data, state, is_fallback: false, is_in_memory: false }
    }

    /// The same directories, below the fallback if this is true.
    pub(crate) fn fallback(self, is_fallback: bool) -> Self {
        Self { is_fallback, ..self }
    }

    /// The same directories, on a disk in memory if this is true.
    pub(crate) fn in_memory(self, is_in_memory: bool) -> Self {
        Self { is_in_memory, ..self }
    }

    /// Says in the log where sessions are, as the app starts.
    pub(crate) fn log(&self) {
        if self.is_in_memory {
            info!("sessions are in memory: none is on disk");
        } else {
            info!(place = %self, "sessions are kept in this directory");
        }
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

    /// Returns true if sessions are in memory only, as in a test or with `BEVY_SESSION=memory`: the
    /// directories are none of the disk.
    #[must_use]
    pub fn is_in_memory(&self) -> bool {
        self.is_in_memory
    }
}

impl fmt::Display for SessionPlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_in_memory {
            true => formatter.write_str("memory"),
            false => self.data.display().fmt(formatter),
        }
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
