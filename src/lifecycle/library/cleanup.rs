//! Cleans up while the process lives: when it is time, or when the game asks for it.

use std::collections::BTreeSet;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session_journal::internal::write::CleanupRules;
use bevy_session_journal::{
    Archived, CleanupOutcome, LeaveCause, Leaving, Retention, SessionFeature, SessionId,
    SessionStatus, Ticket,
};
use jiff::Timestamp;
use tracing::info;

use super::filing::offer_no_more;
use crate::content::Order;
use crate::lifecycle::notifications::{CleanupFinished, notify};
use crate::lifecycle::requests::finish_if_asked;
use crate::lifecycle::runtime::RuntimeParts;
use crate::lifecycle::{CurrentSession, RecoveryOffers, SessionCatalog};
use crate::switches::SessionSwitches;

/// The game's rules for sessions that each cleanup follows.
#[derive(Resource, Default)]
pub(crate) struct CleanupPolicy {
    /// The sessions that are kept.
    pub(crate) retention: Option<Retention>,
    /// The part that is archived of sessions that have ended.
    pub(crate) archive_ended: Option<Archived>,
    /// Sessions that have ended and whose last checkpoints aren't on the disk: an archive would hold older ones.
    pub(crate) incomplete: BTreeSet<SessionId>,
    /// True if archived sessions are moved to a directory of their own.
    pub(crate) moves_archives: bool,
    /// True if something was played in this profile: until then nothing in the data directory changes by itself.
    was_played: bool,
    /// The time at which the sessions of this profile were first listed, since the process began.
    since: Duration,
    /// The time at which a cleanup of this profile was last due.
    ordered: Option<Duration>,
}

/// The least time between two cleanups, whatever the settings say.
const LEAST: Duration = Duration::from_secs(1);

/// Has the writer clean up, if it is time: first when something is played, if there are rules, and then at each
/// interval. Never before something was played: a take-up is what changes files.
pub(in crate::lifecycle) fn clean_up_if_due(parts: &mut RuntimeParts, world: &mut World) {
    let Some(every) = parts.writer.cleanup_every() else { return };
    let has_ages = parts.writer.gives_crashes_up();
    let now = parts.time.now().elapsed;
    let is_played = world.contains_resource::<CurrentSession>();
    let is_verified =
        world.get_resource::<SessionCatalog>().is_some_and(SessionCatalog::is_verified);
    let removes = SessionSwitches::has_on(world, SessionFeature::Retention);
    if !is_verified || !removes || parts.exit.was_seen() {
        return;
    }
    let mut policy = world.get_resource_or_init::<CleanupPolicy>();
    policy.was_played |= is_played;
    let has_rules = has_ages
        || policy.moves_archives
        || policy.retention.is_some()
        || policy.archive_ended.is_some();
    let is_first = policy.ordered.is_none();
    let waited = now.saturating_sub(policy.ordered.unwrap_or(policy.since));
    let is_due = waited >= every.max(LEAST) || is_first && is_played && has_rules;
    if !policy.was_played || !is_due {
        return;
    }
    policy.ordered = Some(now);
    order(parts, world, None);
}

/// Has the writer clean up now.
pub(in crate::lifecycle) fn clean_up(parts: &mut RuntimeParts, world: &mut World, ticket: Ticket) {
    order(parts, world, Some(ticket));
}

fn order(parts: &mut RuntimeParts, world: &mut World, ticket: Option<Ticket>) {
    let mut rules = CleanupRules::default();
    // Ages are a part of the quota, which the writer knows.
    if SessionSwitches::has_on(world, SessionFeature::Retention) {
        let policy = world.get_resource_or_init::<CleanupPolicy>();
        rules.retention.clone_from(&policy.retention);
        rules.archive_ended = policy.archive_ended;
        rules.incomplete.clone_from(&policy.incomplete);
        let offers = world.get_resource_or_init::<RecoveryOffers>();
        rules.offered = offers.offers().iter().map(|offer| offer.session.id).collect();
    }
    parts.order(Order::CleanUp { rules: Box::new(rules), ticket });
}

/// Sessions of another profile are listed from now on: its first cleanup is still to come.
pub(in crate::lifecycle) fn profile_changed(parts: &RuntimeParts, world: &mut World) {
    let mut policy = world.get_resource_or_init::<CleanupPolicy>();
    policy.since = parts.time.now().elapsed;
    policy.ordered = None;
    policy.was_played = false;
}

/// A cleanup is done.
pub(in crate::lifecycle) fn cleaned_up(
    world: &mut World,
    outcome: CleanupOutcome,
    ticket: Option<Ticket>,
) {
    let CleanupOutcome { sessions, refused, leftovers, freed, .. } = &outcome;
    if !sessions.is_empty() || *leftovers > 0 {
        let (sessions, refused) = (sessions.len(), refused.len());
        info!(sessions, refused, leftovers, freed, "cleaned up");
    }
    notify(world, CleanupFinished { outcome, ticket });
    finish_if_asked(world, ticket);
}

/// A crash was given up.
pub(in crate::lifecycle) fn given_up(
    parts: &mut RuntimeParts,
    world: &mut World,
    session: SessionId,
    (cause, left): (LeaveCause, Timestamp),
) {
    offer_no_more(parts, world, session);
    if let Some(entry) = world.get_resource_or_init::<SessionCatalog>().get_mut(session) {
        entry.status = SessionStatus::Failed;
        entry.left = Some(Leaving::by(cause));
        entry.updated = left;
    }
}
