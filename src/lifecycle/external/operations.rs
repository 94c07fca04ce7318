//! Requests to the game's own save system, and their outcomes.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session_journal::SessionId;
use tracing::{error, info, warn};

use super::notifications::ExternalOperationFinished;
use crate::external_saves::{
    ExternalOperation, ExternalOperationKind, ExternalOperations, ExternalOutcome,
    ExternalRequestId, LEDGER, ledger_of,
};
use crate::lifecycle::CurrentSession;
use crate::lifecycle::notifications::notify;
use crate::lifecycle::runtime::RuntimeParts;

/// Records the outcome of a request to the game, and continues from there.
pub(in crate::lifecycle) fn finish_operation(
    parts: &mut RuntimeParts,
    world: &mut World,
    request: ExternalRequestId,
    outcome: ExternalOutcome,
) {
    let Some(external) = &mut parts.external else { return };
    let Some(place) = external.open.iter().position(|open| open.request == request) else {
        return;
    };
    let open = external.open.swap_remove(place);
    let operation = ExternalOperation {
        request,
        session: open.session,
        kind: open.kind,
        asked: open.asked,
        took: parts.time.now().elapsed.saturating_sub(open.asked_at),
        play_time: open.play_time,
        outcome,
    };
    let session = operation.session;
    if operation.is_done() {
        info!(%session, ?operation, "the game's save system did what it was asked");
    } else {
        warn!(%session, ?operation, "the game's save system didn't do what it was asked");
    }
    world.get_resource_or_init::<ExternalOperations>().note([operation.clone()]);
    keep_in_session(world, session);
    notify(world, ExternalOperationFinished { operation: operation.clone() });
    if let Some(external) = &mut parts.external
        && let ExternalOperationKind::Restore(slot) = operation.kind
    {
        external.loaded.push_back((request, slot, operation.outcome));
    }
}

/// Notes the run that is played: the operations that its session has recorded are known from now
/// on.
pub(in crate::lifecycle) fn follow_external_run(parts: &mut RuntimeParts, world: &mut World) {
    let run = parts.playing.as_ref().map(|playing| playing.line.run());
    let Some(external) = &mut parts.external else { return };
    if external.run == run {
        return;
    }
    external.run = run;
    external.wanted = None;
    external.since_asked = Duration::ZERO;
    let kept = world
        .get_resource::<CurrentSession>()
        .filter(|_| run.is_some())
        .map(|current| ledger_of(current.fields()));
    let (Some(kept), Some(session)) = (kept, parts.session()) else { return };
    let mut operations = world.get_resource_or_init::<ExternalOperations>();
    let count = kept.len();
    operations.note(kept);
    // That a backup was loaded, say, before the session went on.
    if operations.of(session).len() != count {
        keep_in_session(world, session);
    }
}

/// Stores its operations in the session with the next checkpoint, if it is the one that is played.
fn keep_in_session(world: &mut World, session: SessionId) {
    let operations = world.get_resource_or_init::<ExternalOperations>();
    let kept: Vec<ExternalOperation> = operations.of(session).into_iter().cloned().collect();
    let current = world.get_resource_mut::<CurrentSession>();
    let Some(mut current) = current.filter(|current| current.id() == session) else { return };
    if let Err(error) = current.set(LEDGER, &kept) {
        error!(%error, "the log of the game's own saves can't be stored in the session's fields");
    }
}
