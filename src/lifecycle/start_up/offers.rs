//! Offers to recover crashed sessions.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session_journal::internal::model::clock;
use bevy_session_journal::{OfferedSession, RecoveryOffer, RequestError};
use tracing::{debug, info};

use super::{Crash, Due};
use crate::content::Order;
use crate::lifecycle::external::{note_backups_of, waits_for_backups};
use crate::lifecycle::hooks::recovery_options::{RecoveryHook, options_for};
use crate::lifecycle::notifications::{RecoveryAvailable, notify};
use crate::lifecycle::policy::RecoveryPolicy;
use crate::lifecycle::runtime::RuntimeParts;
use crate::lifecycle::{RecoveryOffers, SessionSettings};

/// Lists an offer, and notifies the game if the policy says so. One that `is_known` is no news.
pub(in crate::lifecycle) fn offer(
    parts: &mut RuntimeParts,
    world: &mut World,
    mut offer: RecoveryOffer,
    is_known: bool,
) {
    let (deaths, play_time, unsaved) = (offer.deaths(), offer.play_time, offer.unsaved.time);
    let crash = Crash { deaths, play_time, unsaved, unasked: None };
    // The newest line comes first.
    parts.start_up.crashes.entry(offer.session.id).or_insert(crash);
    let settings = world.get_resource_or_init::<SessionSettings>();
    let (policy, recovery_age) = (settings.recovery, settings.recovery_age);
    let is_recent = recovery_age.is_none_or(|age| time_since(parts, &offer) <= age);
    let (session, cause) = (offer.session.id, &offer.cause);
    let is_asked = policy == RecoveryPolicy::Ask && parts.start_up.due != Due::Newest;
    if policy == RecoveryPolicy::Never {
        return;
    }
    note_backups_of(&mut world.get_resource_or_init::<RecoveryOffers>(), &offer);
    if is_asked && parts.start_up.is_developers_stop(cause) {
        info!(%session, "the game was killed in development, so nobody is asked about the crash");
        if is_recent {
            parts.hints.was_stopped_in_development(session);
        }
        if let Some(crash) = parts.start_up.crashes.get_mut(&session) {
            crash.unasked.get_or_insert_with(|| Box::new(offer));
        }
        return;
    }
    let (newest, proposed) = (offer.newest, offer.proposed);
    let panic = cause.panic().map(|panic| panic.message.as_str());
    info!(%session, cause = cause.name(), panic, %newest, ?proposed, "recovery available");
    offer.options = options_for(&parts.hooks.recovery_options, &offer, world);
    world.get_resource_or_init::<RecoveryOffers>().put(offer.clone(), is_recent);
    if is_known {
        debug!(%session, "the game was notified of it before");
    } else if !is_recent {
        debug!(%session, "it was too long ago to ask about it");
    } else if !is_asked {
        debug!(%session, "the policy says not to ask");
    } else if parts.hooks.offer_in.is_empty() && !waits_for_backups(parts) {
        announce(world, offer);
    } else {
        parts.start_up.withheld.push(offer);
    }
}

/// The time since the offered crash, by this machine's clock.
fn time_since(parts: &RuntimeParts, offer: &RecoveryOffer) -> Duration {
    let newest = offer.checkpoints.first().map(|newest| newest.time);
    let now = parts.time.now().wall;
    clock::between(offer.died_at.max(newest).unwrap_or(now), now)
}

/// Notifies the game of an offer, with the backups that may be chosen instead.
pub(in crate::lifecycle) fn announce(world: &mut World, offer: RecoveryOffer) {
    let offers = world.get_resource_or_init::<RecoveryOffers>();
    let backups = offers.backups_for(&offer).cloned().collect();
    notify(world, RecoveryAvailable { offer, backups });
}

/// Takes a recovery option that the game has added. This answers the offer.
pub(in crate::lifecycle) fn take_option(
    parts: &mut RuntimeParts,
    world: &mut World,
    offered: OfferedSession,
    id: &str,
) -> Result<(), RequestError> {
    let session = offered.session;
    let unknown = || RequestError::UnknownOption { option: id.to_owned() };
    let offers = world.get_resource_or_init::<RecoveryOffers>();
    let offer = offers.find(offered).cloned().ok_or_else(unknown)?;
    let hooks = &mut parts.hooks.recovery_options;
    let hook = RecoveryHook::find(hooks, id, &offer, world).ok_or_else(unknown)?;
    info!(%session, option = id, "a recovery option of the game is taken");
    world.get_resource_or_init::<RecoveryOffers>().remove(session);
    hook.run(world, offer);
    if let Some(replica) = &mut parts.replica {
        replica.declined.insert(session);
    }
    // If it restored nothing of the session, the next start doesn't do so without being asked.
    parts.order(Order::SetAside(session));
    Ok(())
}
