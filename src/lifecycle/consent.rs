//! The players' consent, as the features ask for it.

pub(super) mod following;

use bevy::prelude::*;
use bevy_session_journal::{RequestError, SessionEntry};

use super::CurrentSession;
use crate::consent::{Consent, Purpose};

/// Returns true if the player of the played session agrees, or, without one, the player that the game has set.
pub(super) fn is_given(world: &World, purpose: Purpose) -> bool {
    let current = world.get_resource::<CurrentSession>();
    is_given_by(world, current.and_then(CurrentSession::player), purpose)
}

/// Returns true if this player agrees, or, if none is named, the one whose answers count now.
pub(super) fn is_given_by(world: &World, player: Option<&str>, purpose: Purpose) -> bool {
    let consent = world.get_resource::<Consent>();
    consent.is_none_or(|consent| consent.is_given_by(player.or(consent.player()), purpose))
}

/// Refuses a report about a player who doesn't agree to reports.
///
/// # Errors
///
/// [`RequestError::ConsentNotGiven`].
pub(super) fn require_for_report(world: &World, player: Option<&str>) -> Result<(), RequestError> {
    require(is_given_by(world, player, Purpose::Reports))
}

/// Refuses a report on the last run, if the player of its session doesn't agree to reports; or, if nobody can say whose it
/// was, if any player doesn't.
///
/// # Errors
///
/// [`RequestError::ConsentNotGiven`].
pub(super) fn require_for_last_run(
    world: &World,
    listed: Option<&SessionEntry>,
) -> Result<(), RequestError> {
    let consent = world.get_resource::<Consent>();
    match listed.and_then(|listed| listed.session.player.as_deref()) {
        Some(player) => require_for_report(world, Some(player)),
        None => require(consent.is_none_or(|it| it.is_given_by_everybody(Purpose::Reports))),
    }
}

fn require(is_given: bool) -> Result<(), RequestError> {
    let purpose = Purpose::Reports;
    is_given.then_some(()).ok_or(RequestError::ConsentNotGiven { purpose })
}
