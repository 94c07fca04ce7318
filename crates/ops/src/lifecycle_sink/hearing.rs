//! Hears of what happens to sessions, in the order in which it happens.

use bevy::prelude::*;
use bevy_session::checkpoints::{SavingResumed, SavingStopped};
use bevy_session::recovery::HowItEnded;
use bevy_session::replica::{FenceReason, SessionClaimed, SessionFenced, SessionReleased};
use bevy_session::{
    CheckpointFailed, CurrentSession, PreviousRun, SessionCatalog, SessionClosed, SessionEnded,
    SessionId, SessionMetadata, SessionPaused, SessionRestored, SessionResumed, SessionStarted,
    SessionsFound,
};
use jiff::Timestamp;

use super::event::{LifecycleChange, LifecycleEvent};

/// Changes that were heard since the last frame.
#[derive(Resource, Default)]
pub(super) struct Heard(Vec<HeardChange>);

/// A change that was heard, with what the session was called at that moment.
pub(super) struct HeardChange {
    session: Option<SessionId>,
    name: Option<String>,
    player: Option<String>,
    change: LifecycleChange,
}

impl Heard {
    pub fn take(&mut self) -> Vec<HeardChange> {
        std::mem::take(&mut self.0)
    }

    fn note(
        &mut self,
        session: Option<SessionId>,
        change: LifecycleChange,
        current: Option<&CurrentSession>,
        catalog: Option<&SessionCatalog>,
    ) {
        let known = session.and_then(|session| metadata(session, current, catalog));
        self.0.push(HeardChange {
            session,
            name: known.map(|known| known.name.clone()),
            player: known.and_then(|known| known.player.clone()),
            change,
        });
    }
}

impl HeardChange {
    /// The event, which happened at this time.
    pub fn at(self, time: Timestamp) -> LifecycleEvent {
        let Self { session, name, player, change } = self;
        LifecycleEvent { time, session, name, player, change }
    }
}

/// The metadata of a session, whether it is played or was just left.
fn metadata<'a>(
    session: SessionId,
    current: Option<&'a CurrentSession>,
    catalog: Option<&'a SessionCatalog>,
) -> Option<&'a SessionMetadata> {
    let played = current.filter(|current| current.id() == session).map(CurrentSession::metadata);
    played.or_else(|| Some(&catalog?.get(session)?.session))
}

/// Listens to all notifications that are lifecycle events.
pub(super) fn listen(app: &mut App) {
    app.init_resource::<Heard>().add_observer(hear_of_crash);
    hear(app, |it: &SessionStarted| (Some(it.session), LifecycleChange::Started));
    hear(app, |it: &SessionPaused| (Some(it.session), LifecycleChange::Paused));
    hear(app, |it: &SessionResumed| (Some(it.session), LifecycleChange::Resumed));
    hear(app, |it: &SavingResumed| (Some(it.session), LifecycleChange::SavingResumed));
    hear(app, |it: &SessionRestored| {
        let checkpoint = it.checkpoint.counter;
        (Some(it.session), LifecycleChange::Restored { checkpoint, reason: it.reason })
    });
    hear(app, |it: &SessionClosed| {
        let (cause, complete) = (it.leaving.cause, it.complete);
        let play_seconds = it.summary.play_time.as_secs_f64();
        (Some(it.session), LifecycleChange::Closed { cause, complete, play_seconds })
    });
    hear(app, |it: &SessionEnded| {
        let (reason, cause, complete) = (it.reason, it.leaving.cause, it.complete);
        let play_seconds = it.summary.play_time.as_secs_f64();
        (Some(it.session), LifecycleChange::Ended { reason, cause, complete, play_seconds })
    });
    hear(app, |it: &CheckpointFailed| {
        let (checkpoint, error) = (it.checkpoint.counter, it.error.to_string());
        let is_tried_again = it.retry_in.is_some();
        (Some(it.session), LifecycleChange::CheckpointFailed { checkpoint, error, is_tried_again })
    });
    hear(app, |it: &SavingStopped| {
        (it.session, LifecycleChange::SavingStopped { reason: it.reason.to_string() })
    });
    hear(app, |it: &SessionClaimed| {
        (Some(it.session), LifecycleChange::Claimed { epoch: it.epoch })
    });
    hear(app, |it: &SessionFenced| {
        let reason = name_of(it.reason).to_owned();
        (Some(it.session), LifecycleChange::TakenOver { epoch: it.epoch, reason })
    });
    hear(app, |it: &SessionReleased| {
        (Some(it.session), LifecycleChange::HandedOver { complete: it.complete })
    });
}

fn hear<N: Event>(app: &mut App, change: fn(&N) -> (Option<SessionId>, LifecycleChange)) {
    app.add_observer(
        move |notification: On<N>,
              current: Option<Res<CurrentSession>>,
              catalog: Option<Res<SessionCatalog>>,
              mut heard: ResMut<Heard>| {
            let (session, change) = change(&notification);
            heard.note(session, change, current.as_deref(), catalog.as_deref());
        },
    );
}

/// Hears once how the process before this one ended, if it crashed.
fn hear_of_crash(
    _: On<SessionsFound>,
    previous: Option<Res<PreviousRun>>,
    current: Option<Res<CurrentSession>>,
    catalog: Option<Res<SessionCatalog>>,
    mut heard: ResMut<Heard>,
    mut is_known: Local<bool>,
) {
    if std::mem::replace(&mut *is_known, true) {
        return;
    }
    let Some(previous) = previous else { return };
    if matches!(previous.ended, HowItEnded::Exited | HowItEnded::Elsewhere) {
        return;
    }
    let (how, alive_at) = (previous.ended.name().to_owned(), previous.died_at);
    let change = LifecycleChange::Crashed { how, alive_at };
    heard.note(previous.session, change, current.as_deref(), catalog.as_deref());
}

fn name_of(reason: FenceReason) -> &'static str {
    match reason {
        FenceReason::Owned => "owned",
        FenceReason::Forked => "forked",
        FenceReason::Removed => "removed",
        FenceReason::WentBack => "went_back",
        _ => "other",
    }
}
