//! Sets sessions aside, deletes them, or changes what they say about themselves.

use bevy::prelude::*;

use super::notifications::{
    RecoveryDeclined, SessionCopied, SessionForgotten, SessionMoved, SessionUpdated, notify,
};
use super::requests::check_text;
use super::requests::{SessionRequest, reject};
use super::runtime::{RuntimeParts, Transition};
use super::{RecoveryOffers, SessionCatalog};
use crate::content::Order;
use crate::journal::SessionId;
use crate::recovery::SessionEntry;
use crate::session::{RequestError, SessionUpdate, ShelfMove, ShelfMoved};

impl RuntimeParts {
    pub(super) fn decline(&mut self, session: SessionId) -> Result<(), RequestError> {
        self.file(session, Order::Decline(session), SessionRequest::Decline(session))
    }

    pub(super) fn forget(&mut self, session: SessionId) -> Result<(), RequestError> {
        self.file(session, Order::Forget(session), SessionRequest::Forget(session))
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
        let request = SessionRequest::Update(session, Box::new(update.clone()));
        self.order(Order::Edit { session, update: Box::new(update.clone()) });
        self.transition = Some(Transition::Filing { session, request });
        Ok(())
    }

    /// What a session says about itself was changed, or not.
    pub(super) fn edited(
        &mut self,
        world: &mut World,
        session: SessionId,
        update: SessionUpdate,
        result: Result<(), RequestError>,
    ) {
        self.was_answered(session);
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
        self.file(session, Order::Shelve { session, how }, SessionRequest::Shelve(session, how))
    }

    /// A session was moved to another place, or not.
    pub(super) fn shelved(
        &mut self,
        world: &mut World,
        session: SessionId,
        how: ShelfMove,
        result: Result<ShelfMoved, RequestError>,
    ) {
        self.was_answered(session);
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
        self.file(session, Order::Copy { session, name }, request)
    }

    /// A session was copied, or not.
    pub(super) fn copied(
        &mut self,
        world: &mut World,
        session: SessionId,
        name: String,
        result: Result<Box<SessionEntry>, RequestError>,
    ) {
        self.was_answered(session);
        match result {
            Ok(entry) => {
                let copy = entry.session.id;
                world.get_resource_or_init::<SessionCatalog>().put(*entry);
                notify(world, SessionCopied { from: session, session: copy });
            }
            Err(error) => reject(world, SessionRequest::Copy { session, name }, error),
        }
    }

    /// Goes on with the next request, if this one is about the session of which the writer says something.
    fn was_answered(&mut self, session: SessionId) {
        self.transition.take_if(
            |transition| matches!(transition, Transition::Filing { session: filed, .. } if *filed == session),
        );
    }

    fn file(
        &mut self,
        session: SessionId,
        order: Order,
        request: SessionRequest,
    ) -> Result<(), RequestError> {
        if self.session() == Some(session) {
            return Err(RequestError::SessionRunning { current: session });
        }
        self.order(order);
        self.transition = Some(Transition::Filing { session, request });
        Ok(())
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
        self.was_answered(session);
        if let Err(error) = result {
            reject(world, request(session), error);
            return false;
        }
        world.get_resource_or_init::<RecoveryOffers>().remove(session);
        true
    }
}
