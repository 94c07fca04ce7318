//! Handles the sessions that were found.

use bevy::prelude::*;
use bevy_session_journal::internal::read::finding::Shelf;
use bevy_session_journal::{
    Corruption, FoundSession, HowItEnded, RecoveryError, RecoveryOffer, RequestError, SessionEntry,
    SessionId, Ticket,
};
use tracing::{error, info, warn};

use super::StartUp;
use super::elsewhere::{follow_elsewhere, is_elsewhere, is_offered_from_elsewhere};
use super::offers;
use crate::lifecycle::external::look_for_backups;
use crate::lifecycle::notifications::{CorruptionDetected, RecoveryFailed, SessionsFound, notify};
use crate::lifecycle::requests::{close, reject};
use crate::lifecycle::runtime::RuntimeParts;
use crate::lifecycle::{RecoveryOffers, RecoveryPolicy, SessionCatalog, SessionSettings};

/// All sessions on this machine were read.
pub(in crate::lifecycle) fn detected(
    parts: &mut RuntimeParts,
    world: &mut World,
    mut settled: Shelf,
    mut found: Vec<FoundSession>,
    gone: &[SessionId],
) {
    if parts.start_up.hides_others() {
        found.retain(|found| !parts.start_up.hides(found.session));
        settled.retain(|session| !parts.start_up.hides(session));
    }
    forget_crashes_of(parts, world, &settled);
    let playing = parts.session();
    let mut catalog = world.get_resource_or_init::<SessionCatalog>();
    catalog.is_verified = true;
    for session in gone.iter().filter(|session| Some(**session) != playing) {
        catalog.remove(*session);
    }
    catalog.put_all(settled);
    catalog.put_found(&mut found);
    look_for_backups(parts, world, &found);
    let mut offers = world.get_resource_or_init::<RecoveryOffers>();
    gone.iter().for_each(|session| offers.remove(*session));
    gone.iter().for_each(|session| parts.start_up.forget_crash_of(*session));
    for found in found {
        report_found(parts, world, found, None);
    }
    follow_elsewhere(parts, world);
    let sessions = world.get_resource_or_init::<SessionCatalog>().sessions().len();
    let offers = world.get_resource_or_init::<RecoveryOffers>().offers.len();
    // A start that waits for another process looks again and again, and nothing hangs on that.
    if !parts.start_up.is_racing() {
        info!(sessions, offers, "sessions on this machine");
        notify(world, SessionsFound { sessions, offers });
    }
}

/// The reason that the name of a session isn't known: none of it can be read now, or by this build. What is damaged has no
/// name any more.
pub(in crate::lifecycle) fn unread(
    start_up: &StartUp,
    found: &[FoundSession],
) -> Option<RequestError> {
    let nameless = found.iter().filter(|found| found.entry.is_none());
    let mut failures =
        nameless.filter(|it| !start_up.hides(it.session)).filter_map(|it| it.failure.as_ref());
    failures.find_map(|failure| match failure {
        RecoveryError::Unreadable(cause) => Some(RequestError::Store(cause.clone())),
        RecoveryError::NewerFormat(by) => Some(RequestError::NewerFormat(by.clone())),
        _ => None,
    })
}

/// Only changed files were read, since a watch is followed. Nothing is resumed for that.
pub(in crate::lifecycle) fn refreshed(
    parts: &mut RuntimeParts,
    world: &mut World,
    settled: Shelf,
    found: Vec<FoundSession>,
    gone: &[SessionId],
) {
    if !(settled.is_empty() && found.is_empty() && gone.is_empty()) {
        detected(parts, world, settled, found, gone);
    }
}

/// The index has the sessions as of when it was written. They are listed, and not acted on.
pub(in crate::lifecycle) fn remembered(
    parts: &mut RuntimeParts,
    world: &mut World,
    sessions: Shelf,
) {
    if !parts.start_up.hides_others() {
        world.get_resource_or_init::<SessionCatalog>().put_all(sessions);
    }
}

/// Forgets the crashes of sessions that are in good order now.
fn forget_crashes_of(parts: &mut RuntimeParts, world: &mut World, settled: &Shelf) {
    let mut offers = world.get_resource_or_init::<RecoveryOffers>();
    let offered = offers.all().filter(|offer| !is_elsewhere(offer)).map(|offer| offer.session.id);
    let crashed = offered.chain(parts.start_up.crashed());
    let crashed: Vec<SessionId> =
        crashed.filter(|session| settled.get(*session).is_some()).collect();
    for session in crashed {
        offers.remove(session);
        parts.start_up.forget_crash_of(session);
    }
}

/// Puts what was found about a session into the catalogue and the offers, and notifies the game. If
/// there is a ticket, this is the final answer to that request.
pub(in crate::lifecycle) fn report_found(
    parts: &mut RuntimeParts,
    world: &mut World,
    found: FoundSession,
    ticket: Option<Ticket>,
) {
    let session = found.session;
    note_ways_on(parts, world, &found);
    if let Some(entry) = found.entry {
        world.get_resource_or_init::<SessionCatalog>().put(entry);
    }
    let is_newer_elsewhere = is_offered_from_elsewhere(world, session);
    let mut offers = world.get_resource_or_init::<RecoveryOffers>();
    // A start that waits for another process looks again and again.
    let named = |offer: &RecoveryOffer| (offer.newest, offer.proposed);
    let is_known = parts.start_up.is_racing()
        && offers.of(session).map(named).eq(found.offers.iter().map(named));
    if !is_newer_elsewhere {
        offers.remove(session);
    }
    if !is_newer_elsewhere && !is_known {
        parts.start_up.forget_offers_of(session);
    }
    let mut has_said = false;
    if let Some(corruption) = found.corruption {
        let is_last = found.failure.is_none();
        has_said = true;
        report_corruption(world, session, corruption, ticket.filter(|_| is_last));
    }
    if let Some(error) = found.failure {
        has_said = true;
        error!(%session, ?error, "no checkpoint can be restored");
        let slots = SessionCatalog::slots_left(world, session);
        notify(world, RecoveryFailed { session, ticket, error, slots });
    }
    for offer in found.offers.into_iter().filter(|_| !is_newer_elsewhere) {
        offers::offer(parts, world, offer, is_known);
    }
    match ticket {
        Some(ticket) if has_said => drop(close(world, ticket)),
        // The damage is in no file that the newest checkpoint needs.
        Some(ticket) => reject(world, ticket, RequestError::CheckpointDamaged),
        None => {}
    }
}

/// Puts a session of which one side was declined into the catalogue and the offers, as it is found now. The game knows of what
/// is left, unless it wasn't notified of it yet.
pub(in crate::lifecycle) fn found_again(
    parts: &mut RuntimeParts,
    world: &mut World,
    mut found: FoundSession,
) {
    let session = found.session;
    let is_known = parts.start_up.withheld_of(session).next().is_none();
    parts.start_up.forget_crash_of(session);
    note_ways_on(parts, world, &found);
    let mut catalog = world.get_resource_or_init::<SessionCatalog>();
    catalog.put_found(std::slice::from_mut(&mut found));
    world.get_resource_or_init::<RecoveryOffers>().remove(session);
    for offer in found.offers {
        offers::offer(parts, world, offer, is_known);
    }
}

/// Notes what a session goes on at after its crashes, and whether it can be continued without a question.
fn note_ways_on(parts: &mut RuntimeParts, world: &mut World, found: &FoundSession) {
    parts.start_up.note_ladder(found);
    let policy = world.get_resource_or_init::<SessionSettings>().recovery;
    let mut catalog = world.get_resource_or_init::<SessionCatalog>();
    let is_offered = policy != RecoveryPolicy::Never && is_at_hand(&found.offers);
    catalog.note_offered(found.session, is_offered);
}

/// Returns true if a crashed session can be continued without a question: it is offered, and no other machine may be playing
/// it.
fn is_at_hand(offers: &[RecoveryOffer]) -> bool {
    offers.iter().any(|offer| offer.cause != HowItEnded::Elsewhere)
}

impl SessionCatalog {
    /// Takes over the entries of the sessions that were found.
    fn put_found(&mut self, found: &mut [FoundSession]) {
        let mut entries: Vec<SessionEntry> =
            found.iter_mut().filter_map(|found| found.entry.take()).collect();
        for entry in &mut entries {
            entry.bytes = entry.journal_bytes + self.bytes_of_slots(entry.session.id);
        }
        if !entries.is_empty() {
            self.put_all(Shelf::of(entries));
        }
    }
}

fn report_corruption(
    world: &mut World,
    session: SessionId,
    corruption: Corruption,
    ticket: Option<Ticket>,
) {
    let Corruption { lost, newest_intact, lost_play_time, files } = corruption;
    warn!(%session, ?lost, ?files, page = "docs/RUNBOOK.md#my-save-is-damaged", "damaged files");
    notify(
        world,
        CorruptionDetected { session, ticket, lost, newest_intact, lost_play_time, files },
    );
}
