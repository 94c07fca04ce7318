//! Creates drafts, and begins them.

use bevy::prelude::*;
use bevy_session_journal::internal::write::DraftOrder;
use bevy_session_journal::{NewSession, RequestError, SessionEntry, SessionId, Ticket, limits};
use tracing::info;

use super::starting::check_texts;
use crate::content::Order;
use crate::lifecycle::notifications::{SessionDrafted, notify};
use crate::lifecycle::requests::{finish, reject};
use crate::lifecycle::runtime::RuntimeParts;
use crate::lifecycle::{GameContext, SessionCatalog};

/// Stores a session that begins later.
pub(in crate::lifecycle) fn draft(
    parts: &mut RuntimeParts,
    world: &World,
    ticket: Ticket,
    session: &NewSession,
) -> Result<(), RequestError> {
    check_texts(session)?;
    RequestError::refuse_longer(session.fields.bytes(), limits::FRAME_BYTES)?;
    let mut metadata = session.begin(SessionId::random(), parts.time.now().wall);
    metadata.context = GameContext::of(world);
    metadata.draft = true;
    let order = Box::new(DraftOrder { metadata, session: session.clone() });
    parts.order(Order::Draft { order, ticket });
    Ok(())
}

/// A session was planned, or not.
pub(in crate::lifecycle) fn drafted(
    world: &mut World,
    result: Result<Box<SessionEntry>, RequestError>,
    ticket: Ticket,
) {
    match result {
        Ok(entry) => {
            let session = entry.session.id;
            info!(%session, "session planned");
            world.get_resource_or_init::<SessionCatalog>().put(*entry);
            notify(world, SessionDrafted { session });
            finish(world, ticket);
        }
        Err(error) => reject(world, ticket, error),
    }
}
