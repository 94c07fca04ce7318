//! The players' consent, as the features ask for it.

pub(super) mod following;

use bevy::prelude::*;
use bevy_session_journal::RequestError;

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
    let purpose = Purpose::Reports;
    match is_given_by(world, player, purpose) {
        true => Ok(()),
        false => Err(RequestError::ConsentNotGiven { purpose }),
    }
}
