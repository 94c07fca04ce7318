//! Does one thing with each of many sessions, one after the other: as if it was asked for each of them.

use std::collections::VecDeque;
use std::ops::ControlFlow::{Break, Continue};

use jiff::Timestamp;

use super::archiving::{Archiving, PutAway};
use super::asked::{EditMany, EditedMany, OneOfMany};
use super::filing::{self, take};
use super::jobs::{Holds, Job, Slice, Tools, Urgency};
use super::{News, shelving};
use crate::disk::{DirectoryStore, SessionLock, StoredSession};
use crate::model::ids::{SessionId, Ticket};
use crate::model::session::{Archived, RequestError, SessionEdit, ShelfMove, ShelfMoved};
use crate::read::recovery::SessionFinder;

/// The work on many sessions.
pub(super) struct EditingMany {
    waiting: VecDeque<OneOfMany>,
    edit: SessionEdit,
    /// The one that is being archived.
    archiving: Option<(OneOfMany, Archiving)>,
    done: EditedMany,
    /// The condition on which a session is moved, asked with its lock held.
    is_to_move: fn(&StoredSession) -> bool,
    ticket: Ticket,
}

impl EditingMany {
    pub(super) fn new(order: EditMany, ticket: Ticket) -> Self {
        let EditMany { sessions: waiting, edit } = order;
        let (done, is_to_move): (_, fn(&StoredSession) -> bool) = (EditedMany::default(), |_| true);
        Self { waiting, edit, archiving: None, done, is_to_move, ticket }
    }

    /// Passes over sessions that don't meet a condition.
    pub(super) fn only_if(self, is_to_move: fn(&StoredSession) -> bool) -> Self {
        Self { is_to_move, ..self }
    }
}

impl Job for EditingMany {
    fn urgency(&self) -> Urgency {
        Urgency::Asked
    }

    fn is_about(&self, session: SessionId) -> bool {
        let begun = self.archiving.iter().map(|(one, _)| one);
        self.waiting.iter().chain(begun).any(|one| one.session == session)
    }

    fn slice(mut self: Box<Self>, tools: &mut Tools<'_>) -> Slice {
        if self.step(tools) {
            return Slice::Going(self);
        }
        let Self { done, ticket, .. } = *self;
        tools.news.push(News::EditedMany { edited: Box::new(done), ticket });
        Slice::Done
    }

    fn holds(&self) -> Holds {
        let held = self.archiving.as_ref().map(|(one, _)| one.session);
        held.map_or(Holds::Nothing, Holds::Session)
    }

    fn cancel(&mut self, finder: &mut SessionFinder) {
        if let Some((one, archiving)) = self.archiving.take() {
            let is_to_be_begun_again = archiving.let_go(&finder.local().store);
            // A session that is in the archive already isn't as it was, but by our own doing.
            let newest = one.newest.filter(|_| is_to_be_begun_again);
            self.waiting.push_front(OneOfMany { newest, ..one });
        }
    }

    fn is_long(&self) -> bool {
        true
    }
}

impl EditingMany {
    /// Continues with the session that is being archived, or with the next one. Returns true if there is more to do.
    pub(super) fn step(&mut self, tools: &mut Tools<'_>) -> bool {
        if let Some((one, archiving)) = self.archiving.take() {
            let stepped = archiving.step(&tools.finder.local().store);
            self.archived(one, stepped.map(Some), tools.news);
        } else if let Some(one) = self.waiting.pop_front() {
            self.edit_one(one, tools);
        }
        self.archiving.is_some() || !self.waiting.is_empty()
    }

    /// The outcome so far.
    pub(super) fn done(&self) -> &EditedMany {
        &self.done
    }

    fn edit_one(&mut self, one: OneOfMany, tools: &mut Tools<'_>) {
        let session = one.session;
        // The findings about it aren't true any more.
        tools.digests.note_changed(session);
        let Tools { finder, trials, now, news: reports, .. } = tools;
        let now = now.wall;
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
                    trials.end(session);
                    self.done.freed += bytes;
                }
                self.note(session, &result);
                reports.push(News::Forgotten { session, result, ticket: None });
            }
            SessionEdit::Move(ShelfMove::Archive(what)) => {
                let begun = begin_archiving((one, self.is_to_move), finder, *what, now);
                self.archived(one, begun, reports);
            }
            SessionEdit::Move(how) => {
                let how = *how;
                let result = move_one((one, self.is_to_move), finder, how, now);
                self.moved(one, how, result, reports);
            }
        }
    }

    fn archived(
        &mut self,
        one: OneOfMany,
        stepped: Result<Option<PutAway>, RequestError>,
        reports: &mut Vec<News>,
    ) {
        let SessionEdit::Move(how) = self.edit else { return };
        let result = match stepped {
            Ok(Some(Continue(archiving))) => return self.archiving = Some((one, archiving)),
            Ok(Some(Break(moved))) => Ok(Some(moved)),
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
pub(super) fn move_one(
    (one, is_to_move): (OneOfMany, fn(&StoredSession) -> bool),
    finder: &mut SessionFinder,
    how: ShelfMove,
    now: Timestamp,
) -> Result<Option<ShelfMoved>, RequestError> {
    let Some((stored, lock)) = one.take_as_chosen(&finder.local().store, is_to_move)? else {
        return Ok(None);
    };
    shelving::shelve_taken(finder, &stored, lock, how, now).map(Some)
}

/// Begins to put a session away; `None` if it isn't any more what it was when it was chosen.
fn begin_archiving(
    (one, is_to_move): (OneOfMany, fn(&StoredSession) -> bool),
    finder: &mut SessionFinder,
    what: Archived,
    now: Timestamp,
) -> Result<Option<PutAway>, RequestError> {
    let Some((stored, lock)) = one.take_as_chosen(&finder.local().store, is_to_move)? else {
        return Ok(None);
    };
    Archiving::begin_taken(finder, stored, lock, what, now).map(Some)
}

impl OneOfMany {
    /// Takes the session and its lock; `None` if it isn't any more what it was when it was chosen.
    fn take_as_chosen(
        self,
        store: &DirectoryStore,
        is_to_move: fn(&StoredSession) -> bool,
    ) -> Result<Option<(StoredSession, SessionLock)>, RequestError> {
        let (stored, lock) = take(store, self.session)?;
        Ok((!self.has_changed(&stored) && is_to_move(&stored)).then_some((stored, lock)))
    }

    /// Returns true if the session isn't any more what it was when it was chosen.
    pub(super) fn has_changed(self, stored: &StoredSession) -> bool {
        let Some(newest) = self.newest else { return false };
        let as_it_was = match stored.index().heads() {
            [head] => head.id == newest && !head.metadata.pinned && head.metadata.place.is_open(),
            _ => false,
        };
        !as_it_was
    }
}
