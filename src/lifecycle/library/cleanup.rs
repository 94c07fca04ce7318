//! Cleans up while the process lives: when the time has come, or the game asks for it.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session_journal::internal::write::CleanupRules;
use bevy_session_journal::{
    Archived, CleanedUp, LeaveCause, Leaving, Retention, SessionFeature, SessionId, SessionStatus,
    Ticket,
};
use tracing::info;

use crate::content::Order;
use crate::lifecycle::notifications::{CleanupFinished, notify};
use crate::lifecycle::requests::finish_if_asked;
use crate::lifecycle::runtime::RuntimeParts;
use crate::lifecycle::{CurrentSession, RecoveryOffers, SessionCatalog};
use crate::switches::SessionSwitches;

/// What the game's rules say of sessions, for each cleanup.
#[derive(Resource, Default)]
pub(crate) struct CleanupPolicy {
    /// The sessions that are kept.
    pub(crate) retention: Option<Retention>,
    /// What is kept of sessions that have ended.
    pub(crate) archive_ended: Option<Archived>,
    /// When the last cleanup was ordered, by the time since the process began.
    ordered: Option<Duration>,
    /// Whether one that nobody asked for is under way.
    is_under_way: bool,
}

/// Has it cleaned up, if the time has come: when something is played first, where there are rules, and then again and
/// again.
pub(in crate::lifecycle) fn clean_up_if_due(parts: &mut RuntimeParts, world: &mut World) {
    let Some(every) = parts.writer.cleanup else { return };
    let has_ages = parts.writer.gives_crashes_up();
    let now = parts.time.now().elapsed;
    let is_played = world.contains_resource::<CurrentSession>();
    let is_verified =
        world.get_resource::<SessionCatalog>().is_some_and(SessionCatalog::is_verified);
    let removes = SessionSwitches::has_on(world, SessionFeature::Retention);
    let mut policy = world.get_resource_or_init::<CleanupPolicy>();
    if policy.is_under_way || !is_verified || !removes || parts.exit.was_seen() {
        return;
    }
    let has_rules = has_ages || policy.retention.is_some() || policy.archive_ended.is_some();
    let is_first = policy.ordered.is_none();
    let since = now.saturating_sub(policy.ordered.unwrap_or_default());
    if since < every && !(is_first && is_played && has_rules) {
        return;
    }
    policy.ordered = Some(now);
    policy.is_under_way = true;
    order(parts, world, None);
}

/// Has it cleaned up now.
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
    }
    parts.order(Order::CleanUp { rules: Box::new(rules), ticket });
}

/// A cleanup is done.
pub(in crate::lifecycle) fn cleaned_up(world: &mut World, done: CleanedUp, ticket: Option<Ticket>) {
    if ticket.is_none() {
        world.get_resource_or_init::<CleanupPolicy>().is_under_way = false;
    }
    let CleanedUp { sessions, refused, leftovers, freed, .. } = &done;
    if !sessions.is_empty() || *leftovers > 0 {
        info!(sessions = sessions.len(), refused, leftovers, freed, "cleaned up");
    }
    notify(world, CleanupFinished { done, ticket });
    finish_if_asked(world, ticket);
}

/// A crash was given up.
pub(in crate::lifecycle) fn given_up(
    parts: &mut RuntimeParts,
    world: &mut World,
    session: SessionId,
    cause: LeaveCause,
) {
    world.get_resource_or_init::<RecoveryOffers>().remove(session);
    parts.start_up.forget_offers_of(session);
    let now = parts.time.now().wall;
    if let Some(entry) = world.get_resource_or_init::<SessionCatalog>().get_mut(session) {
        entry.status = SessionStatus::Failed;
        entry.left = Some(Leaving::by(cause));
        entry.updated = now;
    }
}
