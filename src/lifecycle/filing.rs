//! Sets sessions aside, or deletes them.

use bevy::prelude::*;

use super::notifications::{RecoveryDeclined, SessionForgotten, notify};
use super::requests::{SessionRequest, reject};
use super::runtime::{RuntimeParts, Transition};
use super::{RecoveryOffers, SessionCatalog};
use crate::content::Order;
use crate::journal::SessionId;
use crate::session::RequestError;

impl RuntimeParts {
    pub(super) fn decline(&mut self, session: SessionId) -> Result<(), RequestError> {
        self.file(session, Order::Decline(session), SessionRequest::Decline(session))
    }

    pub(super) fn forget(&mut self, session: SessionId) -> Result<(), RequestError> {
        self.file(session, Order::Forget(session), SessionRequest::Forget(session))
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
        self.transition = Some(Transition::Filing(request));
        Ok(())
    }

    pub(super) fn declined(
        &mut self,
        world: &mut World,
        session: SessionId,
        result: Result<(), RequestError>,
    ) {
        self.end_filing();
        if let Err(error) = result {
            return reject(world, SessionRequest::Decline(session), error);
        }
        world.get_resource_or_init::<RecoveryOffers>().remove(session);
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
        self.end_filing();
        if let Err(error) = result {
            return reject(world, SessionRequest::Forget(session), error);
        }
        world.get_resource_or_init::<RecoveryOffers>().remove(session);
        world.get_resource_or_init::<SessionCatalog>().remove(session);
        notify(world, SessionForgotten { session });
    }

    fn end_filing(&mut self) {
        self.transition.take_if(|transition| matches!(transition, Transition::Filing(_)));
    }
}
