//! Resumes a crashed session from one of the game's own backups.
//!
//! It takes the same steps as every other way of resuming: the session is read first, which takes
//! its lock and begins its trial, so that a game that dies because of the backup finds another one
//! proposed. Then the game loads, and the run begins with the world that is there.

use bevy::prelude::*;
use bevy_session_journal::{
    ExternalError, NewSession, RequestError, RestoreFrom, RestoreReason, SessionId, Ticket,
};
use tracing::{info, warn};

use super::restoring::{begin_restored_run, session_as_saved, take_cancellation};
use super::starting::start_instead;
use super::take_up;
use crate::content::Order;
use crate::external_saves::{ExternalOperationKind, ExternalOutcome, ExternalRequestId};
use crate::lifecycle::activity::{RestorePhase, set_activity};
use crate::lifecycle::external::ExternalRestoreRequested;
use crate::lifecycle::external::asking::open_request;
use crate::lifecycle::external::looking::better_backup;
use crate::lifecycle::external::operations::finish_operation;
use crate::lifecycle::external::requests::take_external_answers;
use crate::lifecycle::notifications::{RestoreCancelled, notify};
use crate::lifecycle::requests::{RequestQueue, SessionRequest, close, finish, reject};
use crate::lifecycle::runtime::RuntimeParts;
use crate::lifecycle::runtime::transition::{LoadingBackup, Taken, Transition, WantedBackup};
use crate::lifecycle::{RecoveryOffers, RecoveryPolicy, SessionCatalog, SessionSettings};
use crate::restore::EntitiesReplaced;

/// Has a crashed session read, to continue it in the world of a backup.
pub(in crate::lifecycle) fn recover_external(
    parts: &mut RuntimeParts,
    world: &mut World,
    ticket: Ticket,
    (session, slot): (SessionId, &str),
    otherwise: Option<SessionRequest>,
) -> Result<(), RequestError> {
    let external = parts.external.as_ref().ok_or(ExternalError::NoProvider)?;
    let is_unreadable = external.knows_unreadable(session);
    if world.get_resource_or_init::<SessionSettings>().recovery == RecoveryPolicy::Never {
        return Err(RequestError::RecoveryIsOff);
    }
    parts.require_no_session()?;
    let catalog = world.get_resource_or_init::<SessionCatalog>();
    let new = match catalog.get(session) {
        Some(entry) if entry.in_use => return Err(RequestError::SessionInUse),
        Some(entry) if !entry.has_crashed() => return Err(RequestError::NothingToRestore),
        Some(entry) => Some(NewSession::like(&entry.session)),
        None if is_unreadable => None,
        None => return Err(RequestError::UnknownSession),
    };
    let offers = world.get_resource_or_init::<RecoveryOffers>();
    let backup = offers.backups.get(slot).ok_or(ExternalError::UnknownBackup)?;
    if backup.failure.is_some() {
        return Err(ExternalError::NotLoadable.into());
    }
    let save = backup.save.clone();
    // The backup knows more of a session that can't be read than anything else.
    let new = new.unwrap_or_else(|| NewSession {
        player: save.player.clone(),
        ..NewSession::named(&save.name)
    });
    let wanted = (session, RestoreFrom::Latest, RestoreReason::Recovered);
    take_up::prepare(parts, world, ticket, wanted, Some(new));
    if let Some(Transition::Preparing(preparing)) = &mut parts.transition {
        preparing.backup = Some(Box::new(WantedBackup { save, otherwise, instead: None }));
    }
    Ok(())
}

/// Resumes from a backup without asking, if that is better than the offer. Returns true if it does.
pub(in crate::lifecycle) fn take_up_backup(
    parts: &mut RuntimeParts,
    world: &mut World,
    ticket: Ticket,
    session: SessionId,
    otherwise: Option<SessionRequest>,
) -> bool {
    let Some(slot) = better_backup(parts, world, session) else { return false };
    info!(%session, slot, "the session is resumed automatically from a backup of the game");
    match recover_external(parts, world, ticket, (session, &slot), otherwise) {
        Ok(()) => true,
        Err(error) => {
            warn!(%error, slot, "the session can't be resumed from the backup");
            false
        }
    }
}

/// Asks the game to load a backup, now that its session was read, or can't be.
pub(in crate::lifecycle) fn load_backup(
    parts: &mut RuntimeParts,
    world: &mut World,
    ticket: Ticket,
    session: SessionId,
    backup: WantedBackup,
    taken: Option<Taken>,
) {
    let save = backup.save.clone();
    let kind = ExternalOperationKind::Restore(save.slot.clone());
    let Some(answer) = open_request(parts, world, session, kind) else {
        return reject(world, ticket, ExternalError::NoProvider.into());
    };
    let request = answer.request();
    info!(%session, slot = save.slot, "the game is asked to load a backup");
    let taken = taken.map(Box::new);
    let loading = LoadingBackup { ticket, request, session, backup, taken };
    parts.transition = Some(Transition::LoadingBackup(Box::new(loading)));
    set_activity(world, |activity| activity.restore = Some(RestorePhase::WaitingForGate));
    notify(world, ExternalRestoreRequested { request, session, save, answer });
    take_external_answers(parts, world);
    follow_loading(parts, world);
}

/// Continues once the game has answered if a backup was loaded.
pub(in crate::lifecycle) fn follow_loading(parts: &mut RuntimeParts, world: &mut World) {
    let loaded = |parts: &mut RuntimeParts| parts.external.as_mut()?.take_loaded();
    while let Some((request, slot, outcome)) = loaded(parts) {
        backup_answered(parts, world, request, &slot, &outcome);
    }
}

/// The game has answered if a backup was loaded, or is no longer waited for.
fn backup_answered(
    parts: &mut RuntimeParts,
    world: &mut World,
    request: ExternalRequestId,
    slot: &str,
    outcome: &ExternalOutcome,
) {
    let is_this = |at: &mut Transition| matches!(at, Transition::LoadingBackup(loading) if loading.request == request);
    let Some(Transition::LoadingBackup(loading)) = parts.transition.take_if(is_this) else {
        return;
    };
    set_activity(world, |activity| activity.restore = None);
    let LoadingBackup { ticket, session, backup, taken, .. } = *loading;
    let error = match outcome {
        ExternalOutcome::Done { .. } => {
            return match (taken, backup.instead) {
                (Some(taken), _) => go_on_with_loaded_world(parts, world, *taken),
                (None, Some(new)) => start_instead(parts, world, ticket, &new),
                (None, None) => finish(world, ticket),
            };
        }
        ExternalOutcome::Cancelled => {
            close(world, ticket);
            parts.order(Order::Release(session));
            return notify(world, RestoreCancelled { session, ticket, began: true });
        }
        ExternalOutcome::TimedOut => "there was no answer",
        ExternalOutcome::Failed { error } => error,
    };
    parts.order(Order::Release(session));
    let mut offers = world.get_resource_or_init::<RecoveryOffers>();
    offers.backups.note_failure(slot, error);
    match backup.otherwise {
        Some(otherwise) => {
            world.get_resource_or_init::<RequestQueue>().do_first(ticket, otherwise.into());
        }
        None => reject(world, ticket, ExternalError::NotLoadable.into()),
    }
}

/// The session was read, and the world is loaded: begins its run.
fn go_on_with_loaded_world(parts: &mut RuntimeParts, world: &mut World, taken: Taken) {
    let Taken { preparing, prepared } = taken;
    world.insert_resource(session_as_saved(&prepared, parts.time.now().wall));
    begin_restored_run(parts, world, prepared.split().1, EntitiesReplaced::none(), &preparing);
    if let Some(playing) = &mut parts.playing {
        // Its world isn't the checkpoint's.
        playing.origin = None;
    }
}

/// Gives up the backup that the game is loading, if there is one. The game may still load it.
pub(in crate::lifecycle) fn cancel_loading(parts: &mut RuntimeParts, world: &mut World) {
    let Some(Transition::LoadingBackup(loading)) = &parts.transition else { return };
    let request = loading.request;
    finish_operation(parts, world, request, ExternalOutcome::Cancelled);
    follow_loading(parts, world);
}

/// Gives up the backup that the game is loading, if the game has cancelled it.
pub(in crate::lifecycle) fn cancel_loading_if_asked(parts: &mut RuntimeParts, world: &mut World) {
    let is_loading = matches!(parts.transition, Some(Transition::LoadingBackup(_)));
    if is_loading && take_cancellation(world) {
        cancel_loading(parts, world);
    }
}
