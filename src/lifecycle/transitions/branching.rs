//! Creates a new session from a checkpoint of the one that is being played.

use bevy::prelude::*;
use bevy_session_journal::internal::format::{Begun, Lineage};
use bevy_session_journal::{RequestError, RestoreReason, SessionId, limits};

use crate::content::Order;
use crate::lifecycle::requests::reject;
use crate::lifecycle::runtime::RuntimeParts;
use crate::lifecycle::runtime::transition::{Becomes, Taken};

/// Makes the checkpoint that was read the beginning of a new session, if that was requested; `None`
/// if it can't be one, which is reported.
pub(in crate::lifecycle) fn as_asked(
    parts: &mut RuntimeParts,
    world: &mut World,
    mut taken: Taken,
) -> Option<Taken> {
    let session = match &taken.preparing.becomes {
        Becomes::Branch(session) => session,
        Becomes::World | Becomes::ItsSession => return Some(taken),
    };
    if parts.session() != Some(taken.preparing.session) {
        // It was read to be played, and isn't.
        parts.order(Order::Release(taken.preparing.session));
    }
    let prepared = &mut taken.prepared;
    let context = prepared.metadata.context.clone();
    prepared.metadata = session.begin(SessionId::random(), parts.time.now().wall);
    prepared.metadata.context = context;
    prepared.fields.extend(session.fields.clone());
    prepared.lineage = Lineage::default();
    prepared.begun = Begun::after(None, RestoreReason::BranchedOff, None);
    prepared.has_crashed = false;
    // What happened before is in the other one.
    prepared.events = Default::default();
    let bytes = prepared.fields.bytes();
    if let Err(error) = RequestError::refuse_longer(bytes, limits::FRAME_BYTES) {
        reject(world, taken.preparing.ticket, error);
        return None;
    }
    taken.preparing.session = prepared.metadata.id;
    Some(taken)
}
