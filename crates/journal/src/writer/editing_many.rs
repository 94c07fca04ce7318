//! Does one thing with each of many sessions, one after the other: as if it was asked for each of them.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::archiving::{Archiving, Step};
use super::filing::{self, take};
use super::{News, shelving};
use crate::ids::{CheckpointId, SessionId};
use crate::recovery::SessionFinder;
use crate::session::{Archived, RequestError, SessionEdit, ShelfMove, ShelfMoved};
use crate::store::{DirectoryStore, StoredSession};

/// What is to be done with many sessions.
#[derive(Clone, PartialEq, Debug)]
pub struct EditMany {
    /// The sessions.
    pub sessions: VecDeque<OneOfMany>,
    /// What is done with each.
    pub edit: SessionEdit,
}

/// One of many sessions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OneOfMany {
    /// The session.
    pub session: SessionId,
    /// Its newest checkpoint when it was chosen. If it has gone on since, was pinned or moved, nothing is done with
    /// it. `None` if it was not chosen by what it was.
    pub newest: Option<CheckpointId>,
}

/// What became of many sessions.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct EditedMany {
    /// With how many of them it was done.
    pub edited: usize,
    /// How many were passed over, since they are not any more what they were when they were chosen.
    pub passed_over: usize,
    /// With which of them it could not be done, and why.
    pub refused: Vec<(SessionId, RequestError)>,
    /// Bytes of files that are gone.
    pub freed: u64,
}

/// The work on many sessions.
pub(super) struct EditingMany {
    waiting: VecDeque<OneOfMany>,
    edit: SessionEdit,
    /// The one that is being put away.
    archiving: Option<(OneOfMany, Archiving)>,
    done: EditedMany,
}

impl EditingMany {
    pub(super) fn new(order: EditMany) -> Self {
        let EditMany { sessions, edit } = order;
        Self { waiting: sessions, edit, archiving: None, done: EditedMany::default() }
    }

    /// What became of them.
    pub(super) fn finish(self) -> EditedMany {
        self.done
    }

    /// Lets go of a session, if it is the one that is being put away. That is begun again.
    pub(super) fn let_go(&mut self, wanted: SessionId, store: &DirectoryStore) {
        if let Some((one, archiving)) = self.archiving.take_if(|(one, _)| one.session == wanted) {
            let is_to_be_begun_again = archiving.let_go(store);
            // What is in the archive already isn't what it was, but by our own doing.
            let newest = one.newest.filter(|_| is_to_be_begun_again);
            self.waiting.push_front(OneOfMany { newest, ..one });
        }
    }

    /// Does a slice. Whether there is more.
    pub(super) fn step(
        &mut self,
        finder: &mut SessionFinder,
        now: Timestamp,
        reports: &mut Vec<News>,
    ) -> bool {
        if let Some((one, archiving)) = self.archiving.take() {
            let stepped = archiving.step(&finder.local().store);
            self.archived(one, stepped.map(Some), reports);
        } else if let Some(one) = self.waiting.pop_front() {
            self.edit_one(one, finder, now, reports);
        }
        self.archiving.is_some() || !self.waiting.is_empty()
    }

    fn edit_one(
        &mut self,
        one: OneOfMany,
        finder: &mut SessionFinder,
        now: Timestamp,
        reports: &mut Vec<News>,
    ) {
        let session = one.session;
        match &self.edit {
            SessionEdit::Update(update) => {
                let update = update.clone();
                let result = filing::edit(finder, session, update.clone(), now);
                self.note(session, &result);
                reports.push(News::Edited {
                    session,
                    update: Box::new(update),
                    result,
                    ticket: None,
                });
            }
            SessionEdit::Purge => {
                let bytes = finder.local().store.session_bytes(session).unwrap_or_default();
                let result = filing::forget(finder, session, now);
                if result.is_ok() {
                    finder.settle(session);
                    self.done.freed += bytes;
                }
                self.note(session, &result);
                reports.push(News::Forgotten { session, result, ticket: None });
            }
            SessionEdit::Move(ShelfMove::Archive(what)) => {
                let begun = begin_archiving(one, finder, *what, now);
                self.archived(one, begun, reports);
            }
            SessionEdit::Move(how) => {
                let how = *how;
                let result = move_one(one, finder, how, now);
                self.moved(one, how, result, reports);
            }
        }
    }

    fn archived(
        &mut self,
        one: OneOfMany,
        stepped: Result<Option<Step>, RequestError>,
        reports: &mut Vec<News>,
    ) {
        let SessionEdit::Move(how) = self.edit else { return };
        let result = match stepped {
            Ok(Some(Step::Going(archiving))) => return self.archiving = Some((one, archiving)),
            Ok(Some(Step::Done(moved))) => Ok(Some(moved)),
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        self.moved(one, how, result, reports);
    }

    /// A session was moved, passed over, or refused.
    fn moved(
        &mut self,
        one: OneOfMany,
        how: ShelfMove,
        result: Result<Option<ShelfMoved>, RequestError>,
        reports: &mut Vec<News>,
    ) {
        let session = one.session;
        let Some(result) = result.transpose() else { return self.done.passed_over += 1 };
        if let Ok(moved) = &result {
            self.done.freed += moved.bytes_before.saturating_sub(moved.bytes);
        }
        self.note(session, &result);
        reports.push(News::Shelved { session, how, result, ticket: None });
    }

    fn note<T>(&mut self, session: SessionId, result: &Result<T, RequestError>) {
        match result {
            Ok(_) => self.done.edited += 1,
            Err(error) => self.done.refused.push((session, error.clone())),
        }
    }
}

/// Moves a session; `None` if it isn't any more what it was when it was chosen.
fn move_one(
    one: OneOfMany,
    finder: &mut SessionFinder,
    how: ShelfMove,
    now: Timestamp,
) -> Result<Option<ShelfMoved>, RequestError> {
    let (stored, lock) = take(&finder.local().store, one.session)?;
    if one.has_changed(&stored) {
        return Ok(None);
    }
    shelving::shelve_taken(finder, &stored, lock, how, now).map(Some)
}

/// Begins to put a session away; `None` if it isn't any more what it was when it was chosen.
fn begin_archiving(
    one: OneOfMany,
    finder: &mut SessionFinder,
    what: Archived,
    now: Timestamp,
) -> Result<Option<Step>, RequestError> {
    let (stored, lock) = take(&finder.local().store, one.session)?;
    if one.has_changed(&stored) {
        return Ok(None);
    }
    Archiving::begin_taken(finder, stored, lock, what, now).map(Some)
}

impl OneOfMany {
    fn has_changed(self, stored: &StoredSession) -> bool {
        let Some(newest) = self.newest else { return false };
        let as_it_was = match stored.index().heads() {
            [head] => head.id == newest && !head.metadata.pinned && head.metadata.place.is_open(),
            _ => false,
        };
        !as_it_was
    }
}
