//! The session that is played at the moment, for threads that have no world: logs name it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bevy::prelude::*;

use bevy_session_journal::{ChapterId, SessionId};

/// The session that is played at the moment, and its innermost open chapter. Clones share the value: a logging
/// thread without the world can hold one and name the session in its lines.
///
/// If an app inserts it, it is updated before any notification of a change.
#[derive(Resource, Clone, Debug, Default)]
pub struct PlayedNow(Arc<Mutex<Played>>);

/// See [`PlayedNow`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Played {
    /// The session; `None` if none is played.
    pub session: Option<SessionId>,
    /// Its innermost open chapter.
    pub chapter: Option<ChapterId>,
}

impl PlayedNow {
    /// The session and chapter that are played at the moment.
    #[must_use]
    pub fn get(&self) -> Played {
        *self.lock()
    }

    /// Updates it.
    pub(crate) fn set(&self, played: Played) {
        *self.lock() = played;
    }

    fn lock(&self) -> MutexGuard<'_, Played> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
