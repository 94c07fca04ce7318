//! Goes on from a backup of the game's own after a crash.

use bevy::prelude::*;
use tracing::{info, warn};

use super::{ExternalOperationKind, RuntimeParts};
use crate::external_saves::{ExternalOutcome, ExternalRequestId};
use crate::journal::SessionId;
use crate::lifecycle::activity::{RestorePhase, set_activity};
use crate::lifecycle::notifications::{ExternalRestoreRequested, RestoreCancelled, notify};
use crate::lifecycle::requests::{Request, RequestQueue, reject};
use crate::lifecycle::restoring::session_as_saved;
use crate::lifecycle::runtime::Transition;
use crate::lifecycle::take_up::Taken;
use crate::lifecycle::{
    ExternalRequest, RecoveryOffers, RecoveryPolicy, SessionCatalog, SessionSettings,
};
use crate::recovery::RecoveryOffer;
use crate::restore::EntitiesReplaced;
use crate::session::{ExternalError, NewSession, RequestError, RestoreFrom, RestoreReason};

/// A backup that the game is loading.
pub(crate) struct LoadingBackup {
    request: ExternalRequestId,
    session: SessionId,
    slot: String,
    /// What is asked again if it can't be loaded.
    otherwise: Option<Request>,
}

impl LoadingBackup {
    /// The request that asked for it.
    pub(in crate::lifecycle) fn into_request(self) -> Request {
        let Self { session, slot, .. } = self;
        ExternalRequest::Recover { session, slot }.into()
    }
}

impl RuntimeParts {
    /// Asks the game to load a backup. Once it has, the session that crashed goes on with the world that
    /// was loaded.
    pub(in crate::lifecycle) fn recover_external(
        &mut self,
        world: &mut World,
        session: SessionId,
        slot: &str,
        otherwise: Option<Request>,
    ) -> Result<(), RequestError> {
        if self.external.is_none() {
            return Err(ExternalError::NoProvider.into());
        }
        if world.get_resource_or_init::<SessionSettings>().recovery == RecoveryPolicy::Never {
            return Err(RequestError::RecoveryIsOff);
        }
        self.require_no_session()?;
        let catalog = world.get_resource_or_init::<SessionCatalog>();
        let entry = catalog.get(session).ok_or(RequestError::UnknownSession)?;
        if entry.in_use {
            return Err(RequestError::SessionInUse);
        }
        if !entry.has_crashed() {
            return Err(RequestError::NothingToRestore);
        }
        let offers = world.get_resource_or_init::<RecoveryOffers>();
        let backup = offers.backups.get(slot).ok_or(ExternalError::UnknownBackup)?;
        if backup.failure.is_some() {
            return Err(ExternalError::NotLoadable.into());
        }
        let save = backup.save.clone();
        let kind = ExternalOperationKind::Restore(slot.to_owned());
        let answer = self.open_request(world, session, kind).ok_or(ExternalError::NoProvider)?;
        let (request, slot) = (answer.request(), slot.to_owned());
        info!(%session, slot, "the game is asked to load a backup");
        let loading = LoadingBackup { request, session, slot, otherwise };
        self.transition = Some(Transition::LoadingBackup(loading));
        set_activity(world, |activity| activity.restore = Some(RestorePhase::WaitingForGate));
        notify(world, ExternalRestoreRequested { request, session, save, answer });
        self.take_external_answers(world);
        Ok(())
    }

    /// The backup that is taken without asking instead of what an offer proposes.
    pub(in crate::lifecycle) fn better_backup(world: &World, session: SessionId) -> Option<String> {
        let offers = world.get_resource::<RecoveryOffers>()?;
        let offer = offers.of(session).next()?;
        Some(offers.backups.better_than(offer)?.save.slot.clone())
    }

    /// Goes on from a backup without asking, where that is better than what is offered; whether it does.
    pub(in crate::lifecycle) fn take_up_backup(
        &mut self,
        world: &mut World,
        session: SessionId,
        otherwise: Option<Request>,
    ) -> bool {
        let Some(slot) = Self::better_backup(world, session) else { return false };
        info!(%session, slot, "a backup is taken up without asking");
        match self.recover_external(world, session, &slot, otherwise) {
            Ok(()) => true,
            Err(error) => {
                warn!(%error, slot, "the backup can't be taken up");
                false
            }
        }
    }

    /// The game has answered whether a backup was loaded.
    pub(super) fn backup_loaded(
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
        let error = match outcome {
            ExternalOutcome::Done { .. } => return self.go_on_from_backup(world, &loading),
            ExternalOutcome::Cancelled => return,
            ExternalOutcome::TimedOut => "there was no answer",
            ExternalOutcome::Failed { error } => error,
        };
        let mut offers = world.get_resource_or_init::<RecoveryOffers>();
        offers.backups.note_failure(slot, error);
        if let Some(otherwise) = loading.otherwise {
            world.get_resource_or_init::<RequestQueue>().do_first(otherwise);
        }
    }

    /// The game has loaded a backup: reads what the session says about itself, to go on with it. Where
    /// that can't be read, a new one like it is started.
    fn go_on_from_backup(&mut self, world: &mut World, loading: &LoadingBackup) {
        let session = loading.session;
        let catalog = world.get_resource_or_init::<SessionCatalog>();
        let Some(entry) = catalog.get(session) else {
            let request = ExternalRequest::Recover { session, slot: loading.slot.clone() };
            return reject(world, request, RequestError::UnknownSession);
        };
        let otherwise = Some(NewSession::like(&entry.session));
        self.prepare(world, session, RestoreFrom::Latest, RestoreReason::Recovered, otherwise);
        if let Some(Transition::Preparing(preparing)) = &mut self.transition {
            preparing.loaded = Some(loading.slot.clone());
        }
    }

    /// The session was read, and the world is there already: begins its run.
    pub(in crate::lifecycle) fn go_on_with_loaded_world(
        &mut self,
        world: &mut World,
        taken: Taken,
    ) {
        let Taken { preparing, prepared } = taken;
        world.insert_resource(session_as_saved(&prepared, self.time.now().wall));
        self.begin_restored_run(world, prepared.split().1, EntitiesReplaced::none(), &preparing);
    }

    /// Gives up the backup that the game is loading, if there is one. The game may load it all the same.
    pub(in crate::lifecycle) fn cancel_loading(&mut self, world: &mut World) {
        let Some(Transition::LoadingBackup(loading)) = &self.transition else { return };
        let (request, session) = (loading.request, loading.session);
        self.finish_operation(world, request, ExternalOutcome::Cancelled);
        notify(world, RestoreCancelled { session, began: true });
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
