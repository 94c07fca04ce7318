//! Follows who plays, and what the players answer, once a frame.

use bevy::prelude::*;
use bevy_session_journal::internal::model::session::KeptConsents;

use crate::consent::{Consent, Purpose};
use crate::content::Order;
use crate::lifecycle::CurrentSession;
use crate::lifecycle::runtime::RuntimeParts;
use crate::lifecycle::transitions::profiles::CurrentProfile;

/// Takes in who plays and what was answered: before each step that sends something on, so that an answer counts in the frame
/// in which it is given.
pub(in crate::lifecycle) fn follow_consent(parts: &mut RuntimeParts, world: &mut World) {
    // This runs in each frame, four times.
    let Some(consent) = world.get_resource::<Consent>() else { return };
    let player = world.get_resource::<CurrentSession>().and_then(CurrentSession::player);
    let (is_other, is_unwritten) = (consent.played_by() != player, consent.is_unwritten());
    if is_other {
        // The player of the played session is the one whose answers count, so that the game's systems of the next frame see that.
        let player = player.map(str::to_owned);
        if let Some(mut consent) = world.get_resource_mut::<Consent>() {
            consent.note_played(player.as_deref());
        }
    }
    if is_unwritten {
        hand_over_answers(parts, world);
    }
    withhold_from_replica(parts, world);
}

fn hand_over_answers(parts: &mut RuntimeParts, world: &mut World) {
    let profile = world.get_resource::<CurrentProfile>().map(|profile| profile.name().to_owned());
    let (Some(mut consent), Some(profile)) = (world.get_resource_mut::<Consent>(), profile) else {
        return;
    };
    let now = parts.time.now();
    for consent in consent.take_unwritten(now.wall) {
        let answer = consent.answers.get(Purpose::Replica.name());
        if answer.is_some_and(|answer| !answer.is_given)
            && let Some(replica) = &mut parts.replica
        {
            replica.withdraw(&profile, consent.player.as_deref(), now);
        }
        let (profile, consent) = (profile.clone(), Box::new(consent));
        parts.order(Order::KeepConsent { profile, consent });
    }
}

/// Nothing more of a session is sent to the replica while its player doesn't agree.
fn withhold_from_replica(parts: &mut RuntimeParts, world: &World) {
    // Most games have no replica, and this runs in each frame.
    let (played, now) = (parts.session(), parts.time.now());
    let Some(replica) = &mut parts.replica else { return };
    let Some(consent) = world.get_resource::<Consent>() else { return };
    let current = world.get_resource::<CurrentSession>();
    if let Some(current) = current.filter(|current| Some(current.id()) == played) {
        replica.note_player(current.id(), current.player().or(consent.player()));
    }
    let is_given = |player: Option<&str>| consent.is_given_by(player, Purpose::Replica);
    replica.withhold_where(!consent.is_given_by_unknown(Purpose::Replica), is_given, now);
}

/// Replaces the answers, which were of the players of the previous profile.
pub(in crate::lifecycle) fn profile_changed(
    parts: &mut RuntimeParts,
    world: &mut World,
    profile: &str,
    kept: KeptConsents,
) {
    hand_over_answers(parts, world);
    let current = world.get_resource::<CurrentProfile>().map(CurrentProfile::name);
    let is_same = current == Some(profile);
    if let Some(mut consent) = world.get_resource_mut::<Consent>() {
        match is_same {
            // They may have been read before the last of them was written.
            true => consent.add_kept(kept),
            false => consent.change_profile(kept),
        }
    }
    // What is sent from here on goes by the answers of those who play in this profile.
    follow_consent(parts, world);
}
