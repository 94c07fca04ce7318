//! Goes on where the player was: after a crash from the newest checkpoint, else from where the
//! last session was left. Only where neither is there, a new one is started.
//!
//! A game with a menu would ask its player here.

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::{Request, RequestError, SessionId, SessionStatus, SessionsFound};

use crate::options::Options;
use crate::report::Reporter;

/// How far we have come.
#[derive(Resource, Default)]
struct TakeUp {
    asked_for: Option<SessionId>,
    given_up: Vec<SessionId>,
}

pub fn plugin(app: &mut App) {
    app.init_resource::<TakeUp>()
        .add_observer(sessions_found)
        .add_observer(another_offer)
        .add_observer(recovery_failed)
        .add_observer(request_rejected);
}

fn sessions_found(
    _: On<SessionsFound>,
    catalog: Res<SessionCatalog>,
    session: Option<Res<CurrentSession>>,
    reporter: Res<Reporter>,
    mut commands: Commands,
    mut exit: MessageWriter<AppExit>,
) {
    if session.is_some() {
        return;
    }
    if catalog.sessions().iter().any(|entry| entry.in_use) {
        reporter.error("session_in_use", "The colony is being played by another process.");
        exit.write(AppExit::error());
        return;
    }
    commands.run_system_cached(take_up);
}

/// Asks for the most promising session that hasn't failed yet.
fn take_up(
    options: Res<Options>,
    catalog: Res<SessionCatalog>,
    offers: Res<RecoveryOffers>,
    mut state: ResMut<TakeUp>,
    mut commands: Commands,
) {
    let promising = |session: &SessionId| !options.new && !state.given_up.contains(session);
    let crashed = offers.offers().iter().map(|offer| offer.session.id).find(promising);
    let closed = catalog.sessions().iter().filter(|entry| entry.status == SessionStatus::Closed);
    let closed = closed.map(|entry| entry.session.id).find(promising);
    if let Some(session) = crashed {
        commands.recover(session, RestoreFrom::Latest);
    } else if let Some(session) = closed {
        commands.continue_session(session);
    } else {
        commands.start_session(NewSession::named("Colony"));
    }
    state.asked_for = crashed.or(closed);
}

/// What was asked for is damaged, but something older of it is whole.
fn another_offer(available: On<RecoveryAvailable>, state: Res<TakeUp>, mut commands: Commands) {
    if state.asked_for == Some(available.offer.session.id) {
        commands.run_system_cached(take_up);
    }
}

fn recovery_failed(
    failed: On<RecoveryFailed>,
    reporter: Res<Reporter>,
    mut state: ResMut<TakeUp>,
    mut commands: Commands,
) {
    let message = format!("Nothing of session {} comes back: {:?}", failed.session, failed.error);
    reporter.error("recovery_failed", message);
    state.given_up.push(failed.session);
    if state.asked_for == Some(failed.session) {
        commands.run_system_cached(take_up);
    }
}

fn request_rejected(
    rejected: On<RequestRejected>,
    reporter: Res<Reporter>,
    mut state: ResMut<TakeUp>,
    mut commands: Commands,
    mut exit: MessageWriter<AppExit>,
) {
    let error = &rejected.error;
    match (&rejected.request, error) {
        (_, RequestError::SessionInUse) => {
            reporter.error("session_in_use", "The colony is being played by another process.");
            exit.write(AppExit::error());
        }
        (Request::Recover(session, _) | Request::Continue(session), _) => {
            let message = format!("Session {session} doesn't come back: {error}.");
            reporter.error("not_restored", message);
            state.given_up.push(*session);
            commands.run_system_cached(take_up);
        }
        (Request::Start(_), _) => {
            reporter.error("not_started", format!("No session can be started: {error}."));
            exit.write(AppExit::error());
        }
        (request, _) => reporter.error("request_rejected", format!("{request:?}: {error}.")),
    }
}
