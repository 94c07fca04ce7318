//! Starts sessions with the world of a file.

use bevy::prelude::*;
use bevy_session_journal::internal::model::clock;
use bevy_session_journal::internal::write::WorldOrder;
use bevy_session_journal::{
    NewSession, RequestError, RestoreFrom, RestoreReason, SessionId, StartingWorld, Ticket,
};

use super::starting::check_texts;
use crate::content::Order;
use crate::lifecycle::GameContext;
use crate::lifecycle::runtime::RuntimeParts;
use crate::lifecycle::runtime::transition::{Becomes, Preparing, Transition};
use crate::restore::RestoreManner;

/// Has the file read. The played session isn't affected before that has succeeded.
pub(in crate::lifecycle) fn start_in(
    parts: &mut RuntimeParts,
    world: &World,
    ticket: Ticket,
    (session, file): (&NewSession, &StartingWorld),
) -> Result<(), RequestError> {
    check_texts(session)?;
    if !session.replaces_current {
        parts.require_no_session()?;
    }
    let mut metadata = session.begin(SessionId::random(), parts.time.now().wall);
    metadata.context = GameContext::of(world);
    let preparing = Preparing {
        ticket,
        session: metadata.id,
        from: RestoreFrom::Latest,
        reason: RestoreReason::BranchedOff,
        manner: RestoreManner::Respawn,
        asked_at: clock::instant(),
        becomes: Becomes::World,
        otherwise: None,
        tries_left: 0,
        backup: None,
    };
    let (session, world) = (session.clone(), file.clone());
    let order = Box::new(WorldOrder { metadata, session, world });
    parts.order(Order::PrepareWorld { order, ticket });
    parts.transition = Some(Transition::Preparing(Box::new(preparing)));
    Ok(())
}
