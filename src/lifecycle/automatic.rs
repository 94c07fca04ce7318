//! Resumes sessions without a request, if the policy or the developer says so.

use bevy::prelude::*;
use bevy_session_journal::{
    CheckpointId, HowItEnded, NewSession, OfferedSession, Proposal, RecoveryOffer, RestoreFrom,
    RestoreReason, SessionId, SessionMetadata,
};
use tracing::{info, warn};

use super::external::{better_backup, is_looking_for_backups};
use super::policy::RecoveryPolicy;
use super::requests::{
    ExternalRequest, RequestQueue, SessionRequest, SwitchedOff, ask, close, finish, reject,
};
use super::runtime::{Runtime, RuntimeParts};
use super::start_up::Due;
use super::start_up::elsewhere::is_elsewhere;
use super::start_up::offers::take_option;
use super::transitions::backups::take_up_backup;
use super::transitions::starting::start_safely;
use super::transitions::take_up;
use super::{RecoveryOffers, SessionCatalog, SessionSettings};

/// Resumes a session without a request, if the policy or the developer says so. The game's requests
/// come first.
pub(super) fn take_up_by_itself(parts: &mut RuntimeParts, world: &mut World) {
    if parts.playing.is_some() {
        parts.start_up.nothing_is_due();
    }
    if parts.start_up.due() == Due::Nothing
        || !parts.start_up.sessions_are_known()
        || parts.transition.is_some()
        || is_looking_for_backups(parts)
    {
        return;
    }
    // One that the game named may be waited for.
    let queue = world.get_resource::<RequestQueue>();
    if queue.is_some_and(RequestQueue::wants_session_by_name) {
        return;
    }
    let is_newest_wanted = parts.start_up.due() == Due::Newest;
    if !is_newest_wanted && !may_recover_by_itself(parts, world) {
        return;
    }
    let candidate = match is_newest_wanted {
        true => newest_session(parts, world),
        false => newest_crashed(parts, world),
    };
    let Some(candidate) = candidate else {
        parts.start_up.nothing_is_due();
        return;
    };
    // What it comes to is known soon.
    if parts.filings.are_of(candidate.session.id) {
        return;
    }
    let Candidate { session, newest, reason, proposed, from, option } = candidate;
    let is_crashed = reason == RestoreReason::Recovered;
    let backup = better_backup(parts, world, session.id).filter(|_| is_crashed);
    let this = (session.id, newest, proposed, backup.clone());
    // What didn't work out isn't tried again, unless damage was found and something else is
    // offered now.
    if !parts.start_up.try_once(this) {
        warn!(session = %session.id, "the session can't be resumed automatically: that was tried before");
        parts.start_up.nothing_is_due();
        return;
    }
    if let Some(slot) = backup {
        take_backup(parts, world, session.id, slot);
    } else if let Some(option) = option {
        take_proposed_option(parts, world, option);
    } else if let Some(from) = from {
        info!(session = %session.id, ?reason, ?from, "the session is resumed automatically");
        let request = match reason {
            RestoreReason::Continued => SessionRequest::Continue(session.id),
            _ => SessionRequest::Recover(session.id, from),
        };
        let ticket = ask(world, request);
        take_up::prepare(parts, world, ticket, (session.id, from, reason), None);
    } else {
        let new = NewSession::like(&session);
        let ticket = ask(world, SessionRequest::Start(new.clone()));
        if let Err(error) = start_safely(parts, world, ticket, session.id, &new) {
            reject(world, ticket, error);
        }
    }
}

fn may_recover_by_itself(parts: &mut RuntimeParts, world: &mut World) -> bool {
    let policy = world.get_resource_or_init::<SessionSettings>().recovery;
    policy == RecoveryPolicy::Automatic && parts.hooks.is_in_menu(world)
}

/// Returns true if the player may be asked about crashed sessions now: if
/// [`SessionSettings::recovery`](crate::SessionSettings::recovery) is [`RecoveryPolicy::Ask`] and
/// the game is in its menu. A dialog that the game draws itself opens then.
pub fn may_ask_about_crashes(world: &mut World) -> bool {
    let policy = world.get_resource_or_init::<SessionSettings>().recovery;
    let is_in_menu = Runtime::with(world, |parts, world| parts.hooks.is_in_menu(world));
    policy == RecoveryPolicy::Ask && is_in_menu.unwrap_or(false)
}

/// Returns true once this start has decided about earlier sessions: they were read, no request
/// waits, nothing is being taken up, looked for, or still to be recovered without a question. It may
/// be wrong for one frame, since what was found at the end of a frame is acted on in the next one.
/// It is never true where sessions can't be played although they should be.
pub fn start_is_decided(world: &mut World) -> bool {
    let has_requests = world.get_resource::<RequestQueue>().is_some_and(|queue| !queue.is_empty());
    let is_decided = Runtime::with(world, |parts, world| {
        (parts.start_up.sessions_are_known() || parts.playing.is_some())
            && parts.transition.is_none()
            && !is_looking_for_backups(parts)
            && !is_still_due(parts, world)
    });
    !has_requests && is_decided.unwrap_or_else(|| SwitchedOff::is_wanted(world))
}

/// Returns true if a session is to be resumed without a question, and hasn't been yet, such as before the menu.
fn is_still_due(parts: &RuntimeParts, world: &mut World) -> bool {
    let policy = world.get_resource_or_init::<SessionSettings>().recovery;
    match parts.start_up.due() {
        Due::Nothing => false,
        Due::Crashed => policy == RecoveryPolicy::Automatic,
        Due::Newest => true,
    }
}

fn newest_crashed(parts: &RuntimeParts, world: &mut World) -> Option<Candidate> {
    let offers = world.get_resource_or_init::<RecoveryOffers>();
    // How long ago it was matters only where a person is asked.
    let offer = offers.all().find(|offer| {
        let crashed = !matches!(offer.cause, HowItEnded::Elsewhere | HowItEnded::Exited);
        crashed && !is_elsewhere(offer) && !parts.start_up.is_set_aside(offer.session.id)
    })?;
    Some(Candidate {
        session: offer.session.clone(),
        newest: Some(offer.newest),
        reason: RestoreReason::Recovered,
        proposed: offer.proposed,
        from: offer.restore_from(),
        option: proposed_option(offer),
    })
}

fn newest_session(parts: &RuntimeParts, world: &mut World) -> Option<Candidate> {
    let policy = world.get_resource_or_init::<SessionSettings>().recovery;
    let offers = world.get_resource_or_init::<RecoveryOffers>().clone();
    let catalog = world.get_resource_or_init::<SessionCatalog>();
    let is_allowed = |crashed: bool| !crashed || policy != RecoveryPolicy::Never;
    let mut sessions = catalog.sessions().iter();
    let entry = sessions.find(|entry| entry.can_go_on() && is_allowed(entry.has_crashed()))?;
    let id = entry.session.id;
    let offer = offers.of(id).next();
    let reason = match entry.has_crashed() || offer.is_some() {
        true => RestoreReason::Recovered,
        false => RestoreReason::Continued,
    };
    let proposed = parts.start_up.proposed(id, policy);
    Some(Candidate {
        session: entry.session.clone(),
        newest: offer.map(|offer| offer.newest).or(entry.newest),
        reason,
        proposed,
        from: proposed.restore_from(),
        option: None,
    })
}

/// Loads a backup without asking. If that fails, the rest of the offer stays.
fn take_backup(parts: &mut RuntimeParts, world: &mut World, session: SessionId, slot: String) {
    let ticket = ask(world, ExternalRequest::Recover { session, slot });
    if !take_up_backup(parts, world, ticket, session, None) {
        close(world, ticket);
    }
}

/// Takes the game's proposed recovery option without asking.
fn take_proposed_option(
    parts: &mut RuntimeParts,
    world: &mut World,
    (offered, option): (OfferedSession, String),
) {
    let request = SessionRequest::TakeOption { offered, option: option.clone() };
    let ticket = ask(world, request);
    match take_option(parts, world, offered, &option) {
        Ok(()) => finish(world, ticket),
        Err(error) => reject(world, ticket, error),
    }
}

/// The game's recovery option that is proposed instead of a checkpoint.
fn proposed_option(offer: &RecoveryOffer) -> Option<(OfferedSession, String)> {
    let proposed = offer.options.iter().find(|option| option.is_proposed);
    proposed.map(|option| (offer.into(), option.id.clone()))
}

/// A session to be resumed.
struct Candidate {
    session: SessionMetadata,
    newest: Option<CheckpointId>,
    reason: RestoreReason,
    proposed: Proposal,
    /// What comes back by that: of a fork, a checkpoint of the side that was chosen.
    from: Option<RestoreFrom>,
    /// The game's recovery option that is proposed instead.
    option: Option<(OfferedSession, String)>,
}
