//! Sets sessions aside, deletes them, or changes what they say about themselves.
//!
//! All of that is done beside what is played: nothing but what else is asked of the same session waits for it.

use std::collections::HashMap;

use bevy::prelude::*;

use super::notifications::{
    RecoveryDeclined, SessionCopied, SessionForgotten, SessionMoved, SessionUpdated, notify,
};
use super::requests::check_text;
use super::requests::{SessionRequest, reject};
use super::runtime::RuntimeParts;
use super::{RecoveryOffers, SessionCatalog};
use crate::content::Order;
use crate::journal::SessionId;
use crate::recovery::SessionEntry;
use crate::session::{RequestError, SessionUpdate, ShelfMove, ShelfMoved};
use crate::writer::Ticket;

/// What the writer was asked to do with sessions that aren't played, and hasn't answered yet: one thing for each session
/// at most, so that things are done with it in the order in which they were asked for, however long one takes.
#[derive(Default)]
pub(crate) struct Filings {
    under_way: HashMap<SessionId, Filing>,
    /// The newest ticket.
    newest: u64,
}

struct Filing {
    ticket: Ticket,
    request: SessionRequest,
}

impl Filings {
    /// Something is to be done with a session; what its answer is known by.
    fn begin(&mut self, session: SessionId, request: SessionRequest) -> Ticket {
        self.newest += 1;
        let ticket = Ticket(self.newest);
        self.under_way.insert(session, Filing { ticket, request });
        ticket
    }

    /// It is answered.
    pub(super) fn end(&mut self, session: SessionId, ticket: Ticket) {
        if self.under_way.get(&session).is_some_and(|filing| filing.ticket == ticket) {
            self.under_way.remove(&session);
        }
    }

    /// Whether something is being done with a session.
    pub(super) fn are_of(&self, session: SessionId) -> bool {
        self.under_way.contains_key(&session)
    }

    /// Whether nothing is being done.
    pub(super) fn are_done(&self) -> bool {
        self.under_way.is_empty()
    }
}

impl RuntimeParts {
    pub(super) fn decline(&mut self, session: SessionId) -> Result<(), RequestError> {
        let order = |ticket| Order::Decline { session, ticket };
        self.file(session, SessionRequest::Decline(session), order)
    }

    pub(super) fn forget(&mut self, session: SessionId) -> Result<(), RequestError> {
        let order = |ticket| Order::Forget { session, ticket };
        self.file(session, SessionRequest::Forget(session), order)
    }

    /// Changes what a session says about itself, whether it is played or not.
    pub(super) fn edit(
        &mut self,
        world: &mut World,
        session: SessionId,
        update: &SessionUpdate,
    ) -> Result<(), RequestError> {
        if self.session() == Some(session) {
            return self.update(world, update);
        }
        let update = Box::new(update.clone());
        let request = SessionRequest::Update(session, update.clone());
        self.file(session, request, |ticket| Order::Edit { session, update, ticket })
    }

    /// What a session says about itself was changed, or not.
    pub(super) fn edited(
        &mut self,
        world: &mut World,
        session: SessionId,
        update: SessionUpdate,
        result: Result<(), RequestError>,
    ) {
        if let Err(error) = result {
            return reject(world, SessionRequest::Update(session, Box::new(update)), error);
        }
        if let Some(entry) = world.get_resource_or_init::<SessionCatalog>().get_mut(session) {
            let mut fields = std::mem::take(&mut entry.summary.fields);
            update.clone().apply(&mut entry.session, &mut fields);
            entry.summary = std::mem::take(&mut entry.summary).with_fields(&fields);
        }
        for offer in world.get_resource_or_init::<RecoveryOffers>().of_mut(session) {
            update.clone().apply(&mut offer.session, &mut offer.fields);
        }
        notify(world, SessionUpdated { session });
    }

    /// Moves a session to another place.
    pub(super) fn shelve(
        &mut self,
        session: SessionId,
        how: ShelfMove,
    ) -> Result<(), RequestError> {
        let order = |ticket| Order::Shelve { session, how, ticket };
        self.file(session, SessionRequest::Shelve(session, how), order)
    }

    /// A session was moved to another place, or not.
    pub(super) fn shelved(
        &mut self,
        world: &mut World,
        session: SessionId,
        how: ShelfMove,
        result: Result<ShelfMoved, RequestError>,
    ) {
        let moved = match result {
            Ok(moved) => moved,
            Err(error) => return reject(world, SessionRequest::Shelve(session, how), error),
        };
        if moved.to.is_in_trash() {
            world.get_resource_or_init::<RecoveryOffers>().remove(session);
            self.start_up.forget_offers_of(session);
        }
        if let Some(entry) = world.get_resource_or_init::<SessionCatalog>().get_mut(session) {
            entry.session.place = moved.to;
            let freed = moved.bytes_before.saturating_sub(moved.bytes);
            entry.bytes = entry.bytes.saturating_sub(freed);
            entry.journal_bytes = moved.bytes;
        }
        notify(world, SessionMoved { session, from: moved.from, to: moved.to });
    }

    /// Has a session of its own made out of one that isn't played.
    pub(super) fn copy(&mut self, session: SessionId, name: &str) -> Result<(), RequestError> {
        check_text(name)?;
        let name = name.to_owned();
        let request = SessionRequest::Copy { session, name: name.clone() };
        self.file(session, request, |ticket| Order::Copy { session, name, ticket })
    }

    /// A session was copied, or not.
    pub(super) fn copied(
        &mut self,
        world: &mut World,
        session: SessionId,
        name: String,
        result: Result<Box<SessionEntry>, RequestError>,
    ) {
        match result {
            Ok(entry) => {
                let copy = entry.session.id;
                world.get_resource_or_init::<SessionCatalog>().put(*entry);
                notify(world, SessionCopied { from: session, session: copy });
            }
            Err(error) => reject(world, SessionRequest::Copy { session, name }, error),
        }
    }

    fn file(
        &mut self,
        session: SessionId,
        request: SessionRequest,
        order: impl FnOnce(Ticket) -> Order,
    ) -> Result<(), RequestError> {
        if self.session() == Some(session) {
            return Err(RequestError::SessionRunning { current: session });
        }
        let ticket = self.filings.begin(session, request);
        self.order(order(ticket));
        Ok(())
    }

    /// Answers what the writer will never answer.
    pub(super) fn give_up_filings(&mut self, world: &mut World) {
        for (_, Filing { request, .. }) in std::mem::take(&mut self.filings.under_way) {
            reject(world, request, RequestError::WriterGone);
        }
    }

    pub(super) fn declined(
        &mut self,
        world: &mut World,
        session: SessionId,
        result: Result<(), RequestError>,
    ) {
        if !self.was_filed(world, session, SessionRequest::Decline, result) {
            return;
        }
        if let Some(entry) = world.get_resource_or_init::<SessionCatalog>().get_mut(session) {
            entry.declined = true;
        }
        notify(world, RecoveryDeclined { session });
    }

    pub(super) fn forgotten(
        &mut self,
        world: &mut World,
        session: SessionId,
        result: Result<(), RequestError>,
    ) {
        if self.was_filed(world, session, SessionRequest::Forget, result) {
            world.get_resource_or_init::<SessionCatalog>().remove(session);
            notify(world, SessionForgotten { session });
        }
    }

    /// Whether it was done, so that the session isn't offered any more. If not, that is said.
    fn was_filed(
        &mut self,
        world: &mut World,
        session: SessionId,
        request: fn(SessionId) -> SessionRequest,
        result: Result<(), RequestError>,
    ) -> bool {
        if let Err(error) = result {
            reject(world, request(session), error);
            return false;
        }
        world.get_resource_or_init::<RecoveryOffers>().remove(session);
        self.start_up.forget_offers_of(session);
        true
    }
}
