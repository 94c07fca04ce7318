//! Goes on where the player was: after a crash from the newest checkpoint, else from where the
//! last session was left. If neither exists, a new one is started.
//!
//! A game with a menu would ask its player here.

use bevy::prelude::*;
use bevy_session::monitoring::policies::PoliciesRejected;
use bevy_session::prelude::*;
use bevy_session::recovery::{RecoveryError, RestoreCancelled};
use bevy_session::replica::{ReplicaListed, ReplicaOwner, ReplicaSessions};
use bevy_session::reports::ReportNotOpened;
use bevy_session::requests::{Request, SessionRequest};
use bevy_session::slots::SlotRequest;
use bevy_session::{RecoveryFailed, RequestError, SessionId, SessionStatus, SessionsFound};

use crate::options::Options;
use crate::replica::{Choice, choose};
use crate::report::Reporter;

/// The state of the start.
#[derive(Resource, Default)]
struct TakeUp {
    is_due: bool,
    asked_for: Option<SessionId>,
    given_up: Vec<SessionId>,
}

pub fn plugin(app: &mut App) {
    app.init_resource::<TakeUp>()
        .add_observer(sessions_found)
        .add_observer(another_offer)
        .add_observer(recovery_failed)
        .add_observer(request_rejected)
        .add_observer(report_not_opened)
        .add_observer(policies_rejected)
        .add_observer(another_was_faster)
        .add_observer(restore_cancelled)
        .add_systems(
            Update,
            // A later failure is no reason to resume another session.
            take_up.run_if(|state: Res<TakeUp>| state.is_due).run_if(not(crate::has_begun)),
        );
}

fn sessions_found(
    _: On<SessionsFound>,
    catalog: Res<SessionCatalog>,
    session: Option<Res<CurrentSession>>,
    options: Res<Options>,
    reporter: Res<Reporter>,
    mut state: ResMut<TakeUp>,
    mut exit: MessageWriter<AppExit>,
) {
    // A report is opened without being asked for.
    if session.is_some() || options.open.is_some() {
        return;
    }
    if catalog.sessions().iter().any(|entry| entry.in_use) {
        give_way(&reporter, &mut exit);
    } else {
        state.is_due = true;
    }
}

/// Asks for the most promising session that hasn't failed yet, here or in the replica.
fn take_up(
    options: Res<Options>,
    catalog: Res<SessionCatalog>,
    offers: Res<RecoveryOffers>,
    replica: Option<Res<ReplicaSessions>>,
    mut state: ResMut<TakeUp>,
    mut commands: Commands,
) {
    let is_own = |session: &SessionId| {
        let player = catalog.get(*session).and_then(|entry| entry.session.player.as_deref());
        options.player.is_none() || player == options.player.as_deref()
    };
    let promising =
        |session: &SessionId| !options.new && !state.given_up.contains(session) && is_own(session);
    let crashed = offers.offers().iter().map(|offer| offer.session.id).find(promising);
    let closed = catalog.sessions().iter().filter(|entry| entry.status == SessionStatus::Closed);
    let closed =
        closed.filter(|entry| entry.can_go_on()).map(|entry| entry.session.id).find(promising);
    let mut chosen = crashed.or(closed);
    let choice = match &replica {
        Some(replica) => choose(chosen, replica, &options, &state.given_up),
        None => Choice::Here,
    };
    if choice == Choice::Wait {
        return;
    }
    if let Choice::There { session, closed } = choice {
        match closed {
            true => commands.session().continue_session(session),
            false => commands.session().recover(session, RestoreFrom::Latest),
        };
        chosen = Some(session);
    } else if let Some(session) = crashed {
        commands.session().recover(session, RestoreFrom::Latest);
    } else if let Some(session) = closed {
        commands.session().continue_session(session);
    } else {
        let colony = NewSession::named("Colony");
        commands.session().start(match &options.player {
            Some(player) => colony.player(player),
            None => colony,
        });
    }
    state.asked_for = chosen;
    state.is_due = false;
}

/// Tries again with another offer: the checkpoint that was asked for is damaged, but an older one is whole.
fn another_offer(available: On<RecoveryAvailable>, mut state: ResMut<TakeUp>) {
    state.is_due |= state.asked_for == Some(available.offer.session.id);
}

/// Another machine has taken what was asked for: something else may be free.
fn another_was_faster(
    _: On<ReplicaListed>,
    replica: Res<ReplicaSessions>,
    catalog: Res<SessionCatalog>,
    session: Option<Res<CurrentSession>>,
    state: Res<TakeUp>,
    mut commands: Commands,
) {
    let asked = state.asked_for.filter(|_| session.is_none() && !state.is_due);
    let asked = asked.filter(|asked| catalog.get(*asked).is_none());
    let owner = asked.and_then(|asked| replica.get(asked)).map(|it| &it.owner);
    if let Some(ReplicaOwner::Another(_)) = owner {
        commands.session().cancel_restore();
    }
}

fn restore_cancelled(
    _: On<RestoreCancelled>,
    session: Option<Res<CurrentSession>>,
    mut state: ResMut<TakeUp>,
) {
    state.is_due |= session.is_none() && state.asked_for.take().is_some();
}

fn recovery_failed(failed: On<RecoveryFailed>, reporter: Res<Reporter>, mut state: ResMut<TakeUp>) {
    let why = match &failed.error {
        RecoveryError::AllDamaged => "all its checkpoints are damaged",
        RecoveryError::NewerFormat(_) => "a newer version of the colony wrote it",
        RecoveryError::Unreadable(cause) => &cause.to_string(),
        _ => "the reason is unknown",
    };
    let message = format!("Session {} can't be restored: {why}.", failed.session);
    reporter.error("recovery_failed", message);
    state.given_up.push(failed.session);
    state.is_due |= state.asked_for == Some(failed.session);
}

fn report_not_opened(
    not_opened: On<ReportNotOpened>,
    reporter: Res<Reporter>,
    mut exit: MessageWriter<AppExit>,
) {
    reporter.error("not_opened", format!("{}.", not_opened.error));
    exit.write(AppExit::error());
}

/// Without its operator's limits nothing is played.
fn policies_rejected(
    rejected: On<PoliciesRejected>,
    reporter: Res<Reporter>,
    mut exit: MessageWriter<AppExit>,
) {
    reporter.error("policies_rejected", format!("{}.", rejected.error));
    exit.write(AppExit::error());
}

fn request_rejected(
    rejected: On<RequestRejected>,
    options: Res<Options>,
    session: Option<Res<CurrentSession>>,
    reporter: Res<Reporter>,
    mut state: ResMut<TakeUp>,
    mut exit: MessageWriter<AppExit>,
) {
    let error = &rejected.error;
    if let Request::Slot(SlotRequest::Load(_)) = &rejected.request
        && options.open.is_some()
        && session.is_none()
    {
        reporter.error("not_opened", format!("The report can't be taken up: {error}."));
        exit.write(AppExit::error());
        return;
    }
    // All other requests are made by `driven`, and answered there.
    let Request::Session(request) = &rejected.request else { return };
    match (request, error) {
        (
            SessionRequest::Recover(..) | SessionRequest::Continue(_) | SessionRequest::Start(_),
            RequestError::SessionInUse,
        ) => give_way(&reporter, &mut exit),
        (SessionRequest::Recover(session, _) | SessionRequest::Continue(session), _) => {
            let message = format!("Session {session} can't be restored: {error}.");
            reporter.error("not_restored", message);
            state.given_up.push(*session);
            state.is_due = true;
        }
        (SessionRequest::Start(_), _) => {
            reporter.error("not_started", format!("No session can be started: {error}."));
            exit.write(AppExit::error());
        }
        _ => {}
    }
}

fn give_way(reporter: &Reporter, exit: &mut MessageWriter<AppExit>) {
    reporter.error("session_in_use", "Another process is playing this colony.");
    exit.write(AppExit::error());
}
