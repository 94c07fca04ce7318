//! Offers of crashed sessions that are in the replica, and not on this machine.

use bevy::prelude::*;
use bevy_session_journal::replica::{ReplicaSession, Standing};
use bevy_session_journal::{Elsewhere, RecoveryOffer, SessionId};

use super::offers::offer;
use crate::lifecycle::runtime::RuntimeParts;
use crate::lifecycle::runtime::transition::Transition;
use crate::lifecycle::{RecoveryOffers, SessionCatalog};

/// Offers what the replica was last found to have, and no longer what it has not. What this machine has of a session stays
/// offered, unless the replica has more of the same line.
pub(in crate::lifecycle) fn follow_elsewhere(parts: &mut RuntimeParts, world: &mut World) {
    let Some(replica) = &parts.replica else { return };
    let Some(found) = replica.found.clone() else { return };
    withdraw(parts, world, &found);
    for session in &*found {
        match elsewhere(session) {
            _ if is_none_of_it(parts, world, session.session) => {}
            Some(Elsewhere::Fork) => note_fork(parts, world, session.session),
            Some(elsewhere) => offer_new(parts, world, session, elsewhere),
            None => {}
        }
    }
}

/// The replica can't be reached in this process any more.
pub(in crate::lifecycle) fn withdraw_all(parts: &mut RuntimeParts, world: &mut World) {
    withdraw(parts, world, &[]);
}

/// Returns true if an offer of the session is of what the replica has of it.
pub(in crate::lifecycle) fn is_offered_from_elsewhere(world: &World, session: SessionId) -> bool {
    let offers = world.get_resource::<RecoveryOffers>();
    let mut offers = offers.into_iter().flat_map(|offers| offers.of(session));
    offers.any(is_elsewhere)
}

/// Returns true if what is offered isn't on this machine.
pub(in crate::lifecycle) fn is_elsewhere(offer: &RecoveryOffer) -> bool {
    matches!(offer.elsewhere, Some(Elsewhere::All | Elsewhere::Newer))
}

/// What of a session is in the replica and not here.
fn elsewhere(session: &ReplicaSession) -> Option<Elsewhere> {
    match session.here {
        None => Some(Elsewhere::All),
        Some(Standing::MachineIsBehind) => Some(Elsewhere::Newer),
        Some(Standing::Forked) => Some(Elsewhere::Fork),
        Some(Standing::Same | Standing::ReplicaIsBehind) => None,
    }
}

/// Returns true if nobody is asked about a session: it is played here or about to be, in the trash here, or hidden.
fn is_none_of_it(parts: &RuntimeParts, world: &World, session: SessionId) -> bool {
    let preparing = match &parts.transition {
        Some(Transition::Preparing(preparing)) => Some(preparing.session),
        _ => None,
    };
    let is_wanted = parts.session() == Some(session) || preparing == Some(session);
    let known = world.get_resource::<SessionCatalog>().and_then(|known| known.get(session));
    let is_in_trash = known.is_some_and(|entry| entry.session.place.is_in_trash());
    is_wanted || is_in_trash || parts.start_up.hides(session)
}

/// Its owner is back, or another machine was faster.
fn withdraw(parts: &mut RuntimeParts, world: &mut World, found: &[ReplicaSession]) {
    let has_offer =
        |session: SessionId| found.iter().any(|it| it.session == session && it.offer.is_some());
    let mut offers = world.get_resource_or_init::<RecoveryOffers>();
    let offered = offers.all().filter(|offer| is_elsewhere(offer));
    let gone = offered.map(|offer| offer.session.id).filter(|session| !has_offer(*session));
    for session in gone.collect::<Vec<_>>() {
        offers.remove(session);
        parts.start_up.forget_crash_of(session);
    }
}

fn offer_new(
    parts: &mut RuntimeParts,
    world: &mut World,
    session: &ReplicaSession,
    elsewhere: Elsewhere,
) {
    let Some(mut offered) = session.offer.clone() else { return };
    if session.was_removed_here() {
        return;
    }
    let session = session.session;
    let is_declined = parts.replica.as_ref().is_some_and(|it| it.declined.contains(&session));
    offered.elsewhere = Some(elsewhere);
    let mut offers = world.get_resource_or_init::<RecoveryOffers>();
    let is_known = offers
        .of(session)
        .any(|it| (it.elsewhere, it.newest) == (offered.elsewhere, offered.newest));
    if is_declined || is_known {
        return;
    }
    offers.remove(session);
    parts.start_up.forget_crash_of(session);
    offer(parts, world, offered, false);
}

/// The offers of what is here say that it isn't all.
fn note_fork(parts: &mut RuntimeParts, world: &mut World, session: SessionId) {
    let mut offers = world.get_resource_or_init::<RecoveryOffers>();
    if offers.of(session).all(|offer| offer.elsewhere == Some(Elsewhere::Fork)) {
        return;
    }
    for offer in offers.of_mut(session).chain(parts.start_up.withheld_of(session)) {
        offer.elsewhere = Some(Elsewhere::Fork);
    }
}
