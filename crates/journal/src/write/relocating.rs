//! Moves sessions to where they belong, on a machine with a place of archives: archived ones there, and others to where
//! they are played. A session in each turn, a slice at a time.
//!
//! Archiving moves a session itself, and so does what takes it back. This is for those that were archived before there was a
//! place or while it wasn't there, and for moves that were interrupted.

use tracing::{debug, warn};

use super::filing::take;
use super::jobs::Tools;
use super::shelving::place_of;
use crate::disk::{LocalStore, Relocation, SessionLock, with_sources};
use crate::model::ids::SessionId;
use crate::model::session::{RequestError, ShelfPlace};

/// The sessions that are looked at, the next one last, and the one that is being moved.
pub(super) struct Relocating {
    waiting: Vec<SessionId>,
    moving: Option<Moving>,
}

/// A session that is being moved.
struct Moving {
    session: SessionId,
    relocation: Relocation,
    _lock: SessionLock,
}

impl Relocating {
    /// All sessions, if this machine has a place of archives.
    pub(super) fn new(local: &LocalStore) -> Self {
        let sessions = local.archives.as_ref().map(|_| local.store.sessions().unwrap_or_default());
        Self { waiting: sessions.unwrap_or_default(), moving: None }
    }

    /// The session whose lock it holds.
    pub(super) fn holds(&self) -> Option<SessionId> {
        self.moving.as_ref().map(|moving| moving.session)
    }

    /// Releases that session. It is moved later.
    pub(super) fn cancel(&mut self) {
        self.waiting.extend(self.moving.take().map(|moving| moving.session));
    }

    /// Does the next slice. Returns true if there is more to do, and the session that could not be moved.
    pub(super) fn step(
        &mut self,
        tools: &mut Tools<'_>,
    ) -> (bool, Option<(SessionId, RequestError)>) {
        let refused = match self.moving.take() {
            Some(moving) => self.go_on(moving),
            None => self.begin_next(tools),
        };
        (self.moving.is_some() || !self.waiting.is_empty(), refused)
    }

    fn go_on(&mut self, mut moving: Moving) -> Option<(SessionId, RequestError)> {
        let session = moving.session;
        match moving.relocation.step() {
            Ok(true) => self.moving = Some(moving),
            Ok(false) => debug!(%session, "moved to where it belongs"),
            Err(error) => {
                warn!(%session, error = %with_sources(&error), "a session can't be moved");
                return Some((session, error.into()));
            }
        }
        None
    }

    fn begin_next(&mut self, tools: &mut Tools<'_>) -> Option<(SessionId, RequestError)> {
        let session = self.waiting.pop().filter(|next| Some(*next) != tools.playing())?;
        match begin(session, tools) {
            Ok(moving) => self.moving = moving,
            Err(error @ (RequestError::ArchivePlace(_) | RequestError::Store(_))) => {
                return Some((session, error));
            }
            // It is played, gone, or none that this game could move.
            Err(error) => debug!(%session, %error, "left where it is"),
        }
        None
    }
}

/// Begins to move a session, unless it is where it belongs.
fn begin(session: SessionId, tools: &Tools<'_>) -> Result<Option<Moving>, RequestError> {
    let local = tools.finder.local();
    let Some(archives) = &local.archives else { return Ok(None) };
    let directory = local.store.layout().session(session);
    let known = tools.finder.known_entry(session).map(|entry| entry.session.place);
    let is_away = archives.is_away(&directory);
    // Without a place to go to it stays in the data.
    let stays = !is_away && matches!(archives.current(), Ok(None));
    let is_settled = stays || known.is_some_and(|place| belongs_there(place, is_away));
    if is_settled && archives.to_clear(&directory).is_none() {
        return Ok(None);
    }
    let (stored, lock) = take(&local.store, session)?;
    let place = place_of(stored.index())?;
    // Some systems don't remove what is open.
    drop(stored);
    let relocation = match archives.to_clear(&directory) {
        Some(clearing) => Some(clearing),
        None if belongs_there(place, archives.is_away(&directory)) => None,
        None if place.is_archived() => archives.to_archive(&directory)?,
        None => archives.to_data(&directory)?,
    };
    Ok(relocation.map(|relocation| Moving { session, relocation, _lock: lock }))
}

/// Returns true if a session belongs where it is. One in the trash stays where it was deleted.
fn belongs_there(place: ShelfPlace, is_away: bool) -> bool {
    match place {
        ShelfPlace::Trash { .. } => true,
        place => place.is_archived() == is_away,
    }
}
