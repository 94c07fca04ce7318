//! Goes on from a backup of the game's own after a crash.
//!
//! It takes the way of every take-up: the session is read first, which takes its lock and begins its trial,
//! so that a game that dies of the backup finds another one proposed. Then the game loads, and the run
//! begins around the world that is there.

use bevy::prelude::*;
use tracing::{info, warn};

use super::{ExternalOperationKind, ExternalRestoreRequested, RuntimeParts};
use crate::content::Order;
use crate::external_saves::{ExternalOutcome, ExternalRequestId, ExternalSave};
use crate::ids::Ticket;
use crate::journal::SessionId;
use crate::lifecycle::activity::{RestorePhase, set_activity};
use crate::lifecycle::notifications::{RestoreCancelled, notify};
use crate::lifecycle::requests::{RequestQueue, SessionRequest, close, finish, reject};
use crate::lifecycle::restoring::session_as_saved;
use crate::lifecycle::runtime::Transition;
use crate::lifecycle::take_up::Taken;
use crate::lifecycle::{RecoveryOffers, RecoveryPolicy, SessionCatalog, SessionSettings};
use crate::recovery::RecoveryOffer;
use crate::restore::EntitiesReplaced;
use crate::session::{ExternalError, NewSession, RequestError, RestoreFrom, RestoreReason};

/// A backup that the game is to load once its session was read.
#[derive(Clone)]
pub(crate) struct WantedBackup {
    save: ExternalSave,
    /// The session to start or continue if it can't be loaded.
    otherwise: Option<NewSession>,
    /// The session to start with it, where the one that crashed can't be read.
    instead: Option<NewSession>,
}

/// A backup that the game is loading.
pub(crate) struct LoadingBackup {
    /// The request to the plugin.
    ticket: Ticket,
    /// The request to the game.
    request: ExternalRequestId,
    session: SessionId,
    backup: WantedBackup,
    /// The session as it was read; `None` if it couldn't be.
    taken: Option<Box<Taken>>,
}

impl WantedBackup {
    /// With the session to start, where the one that crashed can't be read.
    pub(in crate::lifecycle) fn like(mut self, session: NewSession) -> Self {
        self.instead = Some(session);
        self
    }
}

impl RuntimeParts {
    /// Has a session that crashed read, to go on with it in the world of a backup.
    pub(in crate::lifecycle) fn recover_external(
        &mut self,
        world: &mut World,
        ticket: Ticket,
        (session, slot): (SessionId, &str),
        otherwise: Option<NewSession>,
    ) -> Result<(), RequestError> {
        let external = self.external.as_ref().ok_or(ExternalError::NoProvider)?;
        let is_unreadable = external.unreadable.contains(&session);
        if world.get_resource_or_init::<SessionSettings>().recovery == RecoveryPolicy::Never {
            return Err(RequestError::RecoveryIsOff);
        }
        self.require_no_session()?;
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
        self.prepare(world, ticket, wanted, Some(new));
        if let Some(Transition::Preparing(preparing)) = &mut self.transition {
            preparing.backup = Some(Box::new(WantedBackup { save, otherwise, instead: None }));
        }
        Ok(())
    }

    /// The backup that is taken without asking instead of what is offered of a session.
    pub(in crate::lifecycle) fn better_backup(world: &World, session: SessionId) -> Option<String> {
        let offers = world.get_resource::<RecoveryOffers>()?;
        let offer = offers.of(session).next()?;
        Some(offers.backups.better_than(offer)?.save.slot.clone())
    }

    /// Goes on from a backup without asking, where that is better than what is offered; whether it does.
    pub(in crate::lifecycle) fn take_up_backup(
        &mut self,
        world: &mut World,
        ticket: Ticket,
        session: SessionId,
        otherwise: Option<&NewSession>,
    ) -> bool {
        let Some(slot) = Self::better_backup(world, session) else { return false };
        info!(%session, slot, "a backup is taken up without asking");
        match self.recover_external(world, ticket, (session, &slot), otherwise.cloned()) {
            Ok(()) => true,
            Err(error) => {
                warn!(%error, slot, "the backup can't be taken up");
                false
            }
        }
    }

    /// Asks the game to load a backup, now that its session was read, or can't be.
    pub(in crate::lifecycle) fn load_backup(
        &mut self,
        world: &mut World,
        ticket: Ticket,
        session: SessionId,
        backup: WantedBackup,
        taken: Option<Taken>,
    ) {
        let save = backup.save.clone();
        let kind = ExternalOperationKind::Restore(save.slot.clone());
        let Some(answer) = self.open_request(world, session, kind) else {
            return reject(world, ticket, ExternalError::NoProvider.into());
        };
        let request = answer.request();
        info!(%session, slot = save.slot, "the game is asked to load a backup");
        let taken = taken.map(Box::new);
        let loading = LoadingBackup { ticket, request, session, backup, taken };
        self.transition = Some(Transition::LoadingBackup(Box::new(loading)));
        set_activity(world, |activity| activity.restore = Some(RestorePhase::WaitingForGate));
        notify(world, ExternalRestoreRequested { request, session, save, answer });
        self.take_external_answers(world);
    }

    /// The game has answered whether a backup was loaded, or is no longer waited for.
    pub(super) fn backup_answered(
        &mut self,
        world: &mut World,
        request: ExternalRequestId,
        slot: &str,
        outcome: &ExternalOutcome,
    ) {
        let is_this = |at: &mut Transition| matches!(at, Transition::LoadingBackup(loading) if loading.request == request);
        let Some(Transition::LoadingBackup(loading)) = self.transition.take_if(is_this) else {
            return;
        };
        set_activity(world, |activity| activity.restore = None);
        let LoadingBackup { ticket, session, backup, taken, .. } = *loading;
        let error = match outcome {
            ExternalOutcome::Done { .. } => {
                return match (taken, backup.instead) {
                    (Some(taken), _) => self.go_on_with_loaded_world(world, *taken),
                    (None, Some(new)) => self.start_instead(world, ticket, &new),
                    (None, None) => finish(world, ticket),
                };
            }
            ExternalOutcome::Cancelled => {
                close(world, ticket);
                self.order(Order::Release(session));
                return notify(world, RestoreCancelled { session, ticket, began: true });
            }
            ExternalOutcome::TimedOut => "there was no answer",
            ExternalOutcome::Failed { error } => error,
        };
        self.order(Order::Release(session));
        let mut offers = world.get_resource_or_init::<RecoveryOffers>();
        offers.backups.note_failure(slot, error);
        match backup.otherwise {
            Some(otherwise) => {
                let again = SessionRequest::StartOrContinue(otherwise);
                world.get_resource_or_init::<RequestQueue>().do_first(ticket, again.into());
            }
            None => reject(world, ticket, ExternalError::NotLoadable.into()),
        }
    }

    /// The session was read, and the world is there already: begins its run.
    fn go_on_with_loaded_world(&mut self, world: &mut World, taken: Taken) {
        let Taken { preparing, prepared } = taken;
        world.insert_resource(session_as_saved(&prepared, self.time.now().wall));
        self.begin_restored_run(world, prepared.split().1, EntitiesReplaced::none(), &preparing);
    }

    /// Gives up the backup that the game is loading, if there is one. The game may load it all the same.
    pub(in crate::lifecycle) fn cancel_loading(&mut self, world: &mut World) {
        let Some(Transition::LoadingBackup(loading)) = &self.transition else { return };
        let request = loading.request;
        self.finish_operation(world, request, ExternalOutcome::Cancelled);
    }

    /// Gives up the backup that the game is loading, if it wants it no more.
    pub(in crate::lifecycle) fn cancel_loading_if_asked(&mut self, world: &mut World) {
        let is_loading = matches!(self.transition, Some(Transition::LoadingBackup(_)));
        if is_loading && self.take_cancellation(world) {
            self.cancel_loading(world);
        }
    }
}

/// Takes note of what the sessions that crashed have kept of the game's own saves.
pub(in crate::lifecycle) fn note_backups_of(offers: &mut RecoveryOffers, offer: &RecoveryOffer) {
    offers.backups.acknowledge(offer);
}
