//! The player's consent to insights.

use std::collections::BTreeSet;

use bevy::prelude::*;
use bevy_session::consent::{Consent, Purpose};
use bevy_session::library::CurrentProfile;
use bevy_session::{CurrentSession, SessionCommandsExt};
use bevy_session_insights::{InsightsReader, WITHHELD, WithheldPlayers};

/// The players of the profile of whose sessions nothing is made, as the reader has them.
#[derive(Resource, Default, Clone)]
pub(super) struct Withheld(pub(super) WithheldPlayers);

/// Returns true if the player of the session that is played agrees to insights.
pub(super) fn agrees(consent: &Consent, session: Option<&CurrentSession>) -> bool {
    let player = session.and_then(CurrentSession::player).or(consent.player());
    consent.is_given_by(player, Purpose::Insights)
}

/// Returns true if the player agrees to insights in this world.
pub(super) fn agrees_in(world: &World) -> bool {
    let session = world.get_resource::<CurrentSession>();
    world.get_resource::<Consent>().is_some_and(|consent| agrees(consent, session))
}

/// Returns true if any player of the profile has agreed to insights. Of the others nothing is made.
pub(super) fn any_agrees_in(world: &World) -> bool {
    let Some(consent) = world.get_resource::<Consent>() else { return false };
    let mut answered = consent.answered_by(Purpose::Insights);
    answered.any(|player| consent.is_given_by(player, Purpose::Insights))
}

/// Removes what was made once a player doesn't agree: also what an earlier process has left. What others agree to is made
/// again with the next refresh.
pub(super) fn follow_consent(
    consent: Res<Consent>,
    withheld: Res<Withheld>,
    profile: Res<CurrentProfile>,
    mut was_given: Local<Option<bool>>,
    mut commands: Commands,
) {
    if profile.is_changed() {
        *was_given = None;
    }
    let is_asked = consent.is_asked(Purpose::Insights);
    let is_given_by = |player: Option<&str>| consent.is_given_by(player, Purpose::Insights);
    let answered: Vec<Option<&str>> = consent.answered_by(Purpose::Insights).collect();
    let is_refused_by_any = answered.iter().any(|player| !is_given_by(*player));
    let exceptions = answered.iter().filter(|player| is_given_by(**player) == is_asked);
    let mut exceptions: BTreeSet<_> = exceptions.map(|player| player.map(str::to_owned)).collect();
    let is_given = consent.is_given_by_any(Purpose::Insights);
    if is_asked && is_given && !answered.contains(&None) {
        // Whose a session is that names no player, its own mark decides.
        exceptions.insert(None);
    }
    let is_other = match is_asked {
        // Where nobody refuses, a start finds what it left.
        true => withheld.0.set_all_but(exceptions) && (was_given.is_some() || is_refused_by_any),
        false => withheld.0.set(exceptions),
    };
    let is_refused = was_given.replace(is_given) != Some(is_given) && !is_given;
    if is_other || is_refused {
        commands.session().library().remove_digests::<InsightsReader>();
    }
}

/// Marks the session that is played, so that nothing is made of what its player didn't agree to.
pub(super) fn mark_session(consent: Res<Consent>, session: Option<ResMut<CurrentSession>>) {
    let Some(mut session) = session else { return };
    if agrees(&consent, Some(&session)) || session.fields().contains(WITHHELD) {
        return;
    }
    if session.set(WITHHELD, &true).is_err() {
        tracing::warn!(
            "the session's fields are full, so its records can't be marked as made without consent \
             (docs/guide/players-data.md#consent)"
        );
    }
}
