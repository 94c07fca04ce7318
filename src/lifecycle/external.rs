//! Works with a save system of the game's own: asks it to save at the right moments, and to load after a
//! crash.

mod app_ext;
mod asking;
mod loading;
mod looking;
mod notifications;
mod requests;

use std::collections::HashSet;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bevy::prelude::*;
use tracing::{error, info, warn};

use super::notifications::notify;
use super::runtime::RuntimeParts;
use super::{CurrentSession, SessionSettings};
use crate::external_saves::{
    AnswerSheet, Asker, ExternalAutosave, ExternalCall, ExternalCallError, ExternalOperation,
    ExternalOperationKind, ExternalOperations, ExternalOutcome, ExternalRequestId,
    ExternalSaveReason, ExternalSaves, LEDGER, Reply, ledger_of,
};
use crate::journal::{RunId, SessionId};

pub use app_ext::ExternalSavesExt;
pub(crate) use app_ext::take_provider;
pub(super) use loading::note_backups_of;
pub(crate) use loading::{LoadingBackup, WantedBackup};
use looking::Looking;
pub(crate) use notifications::register as register_external_notifications;
pub use notifications::{
    ExternalCallFailed, ExternalOperationFinished, ExternalRestoreRequested, ExternalSaveDamaged,
    ExternalSaveRequested,
};
pub use requests::ExternalRequest;

/// What is remembered of the game's own save system from frame to frame.
pub(crate) struct External {
    asker: Asker,
    answers: AnswerSheet,
    /// Requests to the game that wait for its answer.
    open: Vec<OpenRequest>,
    /// What the provider said last about saving by itself; `None` while that isn't known.
    autosave: Option<ExternalAutosave>,
    /// When that was asked.
    autosave_asked_at: Option<Duration>,
    /// Play time since the game was asked to save.
    since_asked: Duration,
    /// A save that is due, and waits for the provider to say whether the game wants it.
    wanted: Option<Wanted>,
    /// The run that was played in the last frame.
    run: Option<RunId>,
    /// Sessions of which no checkpoint can be restored, and that aren't listed therefore.
    unreadable: HashSet<SessionId>,
    /// The search for backups that is under way.
    looking: Option<Looking>,
}

/// A request to the game that waits for its answer.
struct OpenRequest {
    request: ExternalRequestId,
    session: SessionId,
    kind: ExternalOperationKind,
    asked: jiff::Timestamp,
    asked_at: Duration,
    play_time: Duration,
    /// Who can still answer it, beside a system that names the request.
    holders: Weak<()>,
}

/// A save that is due.
struct Wanted {
    reason: ExternalSaveReason,
    label: Option<String>,
    /// Whether the provider was asked since.
    is_asked: bool,
}

impl External {
    /// Works with this provider from now on; `None` if there is no thread to ask it on.
    pub(crate) fn new(provider: Arc<dyn ExternalSaves>) -> Option<Box<Self>> {
        let asker = Asker::new(provider);
        let asker = asker.inspect_err(|error| error!(%error, "no thread to ask the game's saves"));
        Some(Box::new(Self {
            asker: asker.ok()?,
            answers: AnswerSheet::new(),
            open: Vec::new(),
            autosave: None,
            autosave_asked_at: None,
            since_asked: Duration::ZERO,
            wanted: None,
            run: None,
            unreadable: HashSet::new(),
            looking: None,
        }))
    }

    /// Play time goes by.
    pub(super) fn pass(&mut self, passed: Duration) {
        self.since_asked = self.since_asked.saturating_add(passed);
    }
}

impl RuntimeParts {
    /// Takes in what the provider and the game have answered.
    pub(super) fn receive_external(&mut self, world: &mut World) {
        if self.external.is_none() {
            return;
        }
        self.take_external_answers(world);
        let settings = world.get_resource_or_init::<SessionSettings>();
        let (patience, now) = (settings.external_patience, self.time.now().elapsed);
        let Some(external) = &mut self.external else { return };
        match external.asker.reply(now, patience) {
            None => {}
            Some(Reply::Autosave(autosave)) => self.autosave_known(world, Some(autosave)),
            Some(Reply::Listed(saves)) => self.backups_listed(world, saves),
            Some(Reply::Validated(save, result)) => self.backup_validated(world, save, result),
            Some(Reply::Failed(call, error)) => self.external_call_failed(world, call, error),
        }
        self.give_up_overdue(world, patience);
        self.go_on_looking(world, patience);
    }

    fn external_call_failed(
        &mut self,
        world: &mut World,
        call: ExternalCall,
        error: ExternalCallError,
    ) {
        warn!(?call, %error, "the game's own saves can't be asked");
        notify(world, ExternalCallFailed { call, error: error.clone() });
        match call {
            // Who doesn't know whether the game wants to save doesn't ask it to.
            ExternalCall::Autosave => self.autosave_known(world, None),
            ExternalCall::List => self.end_looking(),
            ExternalCall::Validate => self.backup_not_validated(&error),
        }
    }

    /// Gives up the requests to the game whose time is over.
    fn give_up_overdue(&mut self, world: &mut World, patience: Duration) {
        let now = self.time.now().elapsed;
        let is_over = |open: &OpenRequest| now.saturating_sub(open.asked_at) >= patience;
        loop {
            let Some(external) = &self.external else { return };
            let overdue = external.open.iter().find(|open| is_over(open));
            let Some(request) = overdue.map(|overdue| overdue.request) else { return };
            self.finish_operation(world, request, ExternalOutcome::TimedOut);
        }
    }

    /// Takes note of what came of a request to the game, and goes on from there.
    fn finish_operation(
        &mut self,
        world: &mut World,
        request: ExternalRequestId,
        outcome: ExternalOutcome,
    ) {
        let Some(external) = &mut self.external else { return };
        let Some(place) = external.open.iter().position(|open| open.request == request) else {
            return;
        };
        let open = external.open.swap_remove(place);
        let operation = ExternalOperation {
            request,
            session: open.session,
            kind: open.kind,
            asked: open.asked,
            took: self.time.now().elapsed.saturating_sub(open.asked_at),
            play_time: open.play_time,
            outcome,
        };
        let session = operation.session;
        if operation.is_done() {
            info!(%session, ?operation, "the game's own saves: done");
        } else {
            warn!(%session, ?operation, "the game's own saves: not done");
        }
        world.get_resource_or_init::<ExternalOperations>().note([operation.clone()]);
        keep_in_session(world, session);
        notify(world, ExternalOperationFinished { operation: operation.clone() });
        if let ExternalOperationKind::Restore(slot) = &operation.kind {
            self.backup_answered(world, request, slot, &operation.outcome);
        }
    }

    /// Takes note of the run that is played: what its session has kept is known from now on.
    fn follow_external_run(&mut self, world: &mut World) {
        let run = self.playing.as_ref().map(|playing| playing.line.run());
        let Some(external) = &mut self.external else { return };
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
        let (Some(kept), Some(session)) = (kept, self.session()) else { return };
        let mut operations = world.get_resource_or_init::<ExternalOperations>();
        let count = kept.len();
        operations.note(kept);
        // That a backup was loaded, say, before the session went on.
        if operations.of(session).len() != count {
            keep_in_session(world, session);
        }
    }
}

/// Has the session keep its operations with the next checkpoint, if it is the one that is played.
fn keep_in_session(world: &mut World, session: SessionId) {
    let operations = world.get_resource_or_init::<ExternalOperations>();
    let kept: Vec<ExternalOperation> = operations.of(session).into_iter().cloned().collect();
    let current = world.get_resource_mut::<CurrentSession>();
    let Some(mut current) = current.filter(|current| current.id() == session) else { return };
    if let Err(error) = current.set(LEDGER, &kept) {
        error!(%error, "the session can't keep what was saved by the game itself");
    }
}
