//! What is played at this moment, for threads that have no world: what is logged names it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bevy::prelude::*;
use bevy_session_journal::journal::{ChapterId, SessionId};

use super::current_session::CurrentSession;

/// The session that is played at this moment, and its innermost open chapter. Clones are handles to the same.
///
/// Where an app has it, [`notify`](super::notify) brings it up to date before anybody hears of a change.
#[derive(Resource, Clone, Default)]
pub(crate) struct PlayedNow(Arc<Mutex<Played>>);

/// See [`PlayedNow`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Played {
    pub session: Option<SessionId>,
    pub chapter: Option<ChapterId>,
}

impl PlayedNow {
    pub fn get(&self) -> Played {
        *self.lock()
    }

    /// Brings it up to date.
    pub fn follow(world: &World) {
        let Some(played) = world.get_resource::<Self>() else { return };
        let current = world.get_resource::<CurrentSession>();
        *played.lock() = current.map(Played::of).unwrap_or_default();
    }

    fn lock(&self) -> MutexGuard<'_, Played> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Played {
    fn of(current: &CurrentSession) -> Self {
        let chapter = current.chapters.current().map(|chapter| chapter.id);
        Self { session: Some(current.id()), chapter }
    }
}
