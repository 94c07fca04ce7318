//! Where sessions are kept, and what a game hears if that isn't where it wants them.

use std::path::{Path, PathBuf};

use bevy::prelude::*;

use super::notifications::{DataPlaceChanged, notify};

/// Where sessions are kept in this process. There from the first frame on, unless sessions are switched
/// off.
///
/// It is what the game and the platform say, unless that can't be written and the game has named a
/// [`fallback_directory`](crate::SessionPlugin::fallback_directory). Paths in errors and of slots go by
/// what is wanted, wherever a file is found.
#[derive(Resource, Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Resource, Clone, PartialEq, Debug))]
pub struct SessionPlace {
    data: PathBuf,
    state: PathBuf,
    is_fallback: bool,
}

impl SessionPlace {
    pub(crate) fn new(data: PathBuf, state: PathBuf, is_fallback: bool) -> Self {
        Self { data, state, is_fallback }
    }

    /// The directory that sessions and slots are written to.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The directory of what belongs to this machine only: locks, and what is known of processes.
    #[must_use]
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// Whether sessions are written below the fallback, since they can't be where they are wanted.
    #[must_use]
    pub fn is_fallback(&self) -> bool {
        self.is_fallback
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
