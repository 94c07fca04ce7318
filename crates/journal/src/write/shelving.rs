//! Moves sessions into the trash and out of it, and back out of the archive: by what they say about
//! themselves, without touching anything else.

use jiff::Timestamp;

use super::filing::{refuse_to_guess, take, write_down};
use crate::disk::{SessionLock, StoredSession};
use crate::format::{Head, Record, SessionIndex};
use crate::model::ids::SessionId;
use crate::model::session::{RequestError, SessionMetadata, ShelfMove, ShelfMoved, ShelfPlace};
use crate::read::recovery::SessionFinder;

/// Moves a session to another place. Nothing is written where it is there already.
pub fn shelve(
    finder: &mut SessionFinder,
    session: SessionId,
    how: ShelfMove,
    now: Timestamp,
) -> Result<ShelfMoved, RequestError> {
    let (stored, lock) = take(&finder.local().store, session)?;
    shelve_taken(finder, &stored, lock, how, now)
}

/// The same, with the session's lock held. The lock is released afterwards.
pub(super) fn shelve_taken(
    finder: &mut SessionFinder,
    stored: &StoredSession,
    lock: SessionLock,
    how: ShelfMove,
    now: Timestamp,
) -> Result<ShelfMoved, RequestError> {
    let session = stored.id();
    refuse_to_guess(stored.index())?;
    let from = place_of(stored.index())?;
    let to = destination(stored, from, how, now)?;
    let bytes_before = stored.bytes_with_attachments();
    if to != from {
        put(finder, stored, to, now)?;
    }
    let bytes = finder.local().store.session_bytes(session).unwrap_or(bytes_before);
    drop(lock);
    Ok(ShelfMoved { from, to, bytes, bytes_before })
}

/// The place of a session.
pub(super) fn place_of(index: &SessionIndex) -> Result<ShelfPlace, RequestError> {
    let head = index.heads().first().ok_or(RequestError::NothingToRestore)?;
    Ok(head.metadata.place)
}

fn destination(
    stored: &StoredSession,
    from: ShelfPlace,
    how: ShelfMove,
    now: Timestamp,
) -> Result<ShelfPlace, RequestError> {
    let heads = stored.index().heads();
    let is_without_world = heads.iter().any(|head| stored.index().is_without_world(head.id));
    let is_draft = heads.iter().any(|head| head.metadata.draft);
    match (how, from) {
        (ShelfMove::Delete, ShelfPlace::Trash { .. }) => Ok(from),
        (ShelfMove::Delete, _) => Ok(ShelfPlace::Trash { since: now }),
        // Nothing but its summary is left of it, which belongs into the archive.
        (ShelfMove::Undelete, ShelfPlace::Trash { .. }) if is_without_world && !is_draft => {
            Ok(ShelfPlace::Archive { since: now })
        }
        (ShelfMove::Unarchive, ShelfPlace::Archive { .. }) if is_without_world => {
            Err(RequestError::ArchivedWithoutWorld)
        }
        (ShelfMove::Undelete, ShelfPlace::Trash { .. })
        | (ShelfMove::Unarchive, ShelfPlace::Archive { .. }) => Ok(ShelfPlace::Open),
        (ShelfMove::Undelete, _) => Err(RequestError::NotInTrash),
        (ShelfMove::Unarchive, _) => Err(RequestError::NotArchived),
        (ShelfMove::Archive(_), _) => Ok(ShelfPlace::Archive { since: now }),
    }
}

/// Writes down for each line that the session is somewhere else. Until the last one says that it is further away, and
/// from the first one on that says that it is back, it is back: so an interruption leaves the whole session moved or
/// none of it.
fn put(
    finder: &SessionFinder,
    stored: &StoredSession,
    place: ShelfPlace,
    now: Timestamp,
) -> Result<(), RequestError> {
    for head in stored.index().heads() {
        let metadata = SessionMetadata { place, ..head.metadata.clone() };
        let head = Head { metadata: metadata.clone(), ..head.clone() };
        let record = Record::Metadata(Box::new(metadata));
        write_down(finder.local(), stored, &head, &[head.id], &record, now)?;
    }
    Ok(())
}
