//! Removes what has lain in the trash for long, and what is left of sessions whose way into the archive was
//! interrupted: a session at a time.
//!
//! A start that has resumed or begun a session does it, and so does each cleanup. The sessions that were found before
//! are opened again, with their locks held: their own files decide on a removal.

use std::time::Duration;

use jiff::Timestamp;
use tracing::{debug, warn};

use super::News;
use super::archiving::{damaged_files, read_leftovers, remove_leftovers};
use super::filing::{forget_for_good, refuse_to_guess, take};
use super::jobs::{Job, Slice, Tools, Urgency};
use crate::disk::with_sources;
use crate::model::ids::SessionId;
use crate::model::session::RequestError;
use crate::read::recovery::{Found, SessionFinder};
use crate::write::retention::trash::has_lain_long;

/// The sessions that are looked at, the next one last.
pub(super) struct ShelfSweeping {
    waiting: Vec<(SessionId, Found)>,
}

impl ShelfSweeping {
    pub(super) fn new(finder: &SessionFinder) -> Self {
        Self { waiting: finder.to_sweep().collect() }
    }

    /// Looks at the next session, if there is one left. Returns the one that could not be swept.
    pub(super) fn step(&mut self, tools: &mut Tools<'_>) -> Option<(SessionId, RequestError)> {
        let (session, found) = self.waiting.pop()?;
        if Some(session) == tools.playing() {
            return None;
        }
        let refused = Self::look_at(session, found, tools).err();
        refused.map(|error| (session, error))
    }

    pub(super) fn is_done(&self) -> bool {
        self.waiting.is_empty()
    }

    fn look_at(
        session: SessionId,
        found: Found,
        tools: &mut Tools<'_>,
    ) -> Result<(), RequestError> {
        // Once nothing may be removed any more, it is left to the next start.
        let keep = tools.quota.trash.filter(|_| tools.quota.removes);
        let Tools { finder, now, news, .. } = tools;
        let swept = match (found, keep) {
            (Found::InTrash, Some(keep)) => remove_if_old(finder, session, keep, now.wall),
            (Found::InTrash, None) => Ok(None),
            (Found::HalfArchived, _) => clear_if_whole(finder, session).map(|()| None),
        };
        match swept {
            Ok(Some(bytes)) => {
                debug!(%session, bytes, "removed, since it has lain in the trash for long");
                finder.settle(session);
                news.push(News::Emptied { session, bytes });
                Ok(())
            }
            Ok(None) | Err(RequestError::SessionInUse | RequestError::UnknownSession) => Ok(()),
            Err(error) => {
                warn!(
                    %session, error = %with_sources(&error),
                    "an old session in the trash or archive can't be cleaned up"
                );
                Err(error)
            }
        }
    }
}

impl Job for ShelfSweeping {
    fn urgency(&self) -> Urgency {
        Urgency::Spare
    }

    /// Looks at the next session.
    fn slice(mut self: Box<Self>, tools: &mut Tools<'_>) -> Slice {
        let _ = self.step(tools);
        if self.is_done() { Slice::Done } else { Slice::Going(self) }
    }
}

/// Removes a session that has been in the trash for long. Returns the bytes that this freed.
fn remove_if_old(
    finder: &SessionFinder,
    session: SessionId,
    keep: Duration,
    now: Timestamp,
) -> Result<Option<u64>, RequestError> {
    let (stored, lock) = take(&finder.local().store, session)?;
    refuse_to_guess(stored.index())?;
    if !has_lain_long(stored.index(), keep, (finder.time(), now)) {
        return Ok(None);
    }
    let bytes = stored.bytes_with_attachments();
    forget_for_good(finder.local(), &stored, now)?;
    drop(lock);
    Ok(Some(bytes))
}

/// Removes what the file of an archived session takes the place of, if that file is whole.
fn clear_if_whole(finder: &SessionFinder, session: SessionId) -> Result<(), RequestError> {
    let store = &finder.local().store;
    let (mut stored, lock) = take(store, session)?;
    refuse_to_guess(stored.index())?;
    let [head] = stored.index().heads() else { return Ok(()) };
    let id = head.id;
    if stored.index().is_without_world(id) || stored.verified_plan(id)?.is_some() {
        read_leftovers(&mut stored)?;
        remove_leftovers(store, session, &damaged_files(&stored));
    }
    drop(lock);
    Ok(())
}
