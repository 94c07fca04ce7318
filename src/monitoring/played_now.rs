//! What is played at this moment, for threads that have no world: what is logged names it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bevy::prelude::*;

use bevy_session_journal::{ChapterId, SessionId};

/// The session that is played at this moment, and its innermost open chapter. Clones are handles to the same, for
/// threads that have no world: so a line of a log can name them.
///
/// An app that inserts it has it brought up to date before anybody hears of a change.
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
    /// What is played at this moment.
    #[must_use]
    pub fn get(&self) -> Played {
        *self.lock()
    }

    /// Brings it up to date.
    pub(crate) fn set(&self, played: Played) {
        *self.lock() = played;
    }

    fn lock(&self) -> MutexGuard<'_, Played> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
