//! The player's consent to insights.

use bevy::prelude::*;
use bevy_session::{CurrentSession, SessionCommandsExt};
use bevy_session_insights::{InsightsReader, WITHHELD};

/// The player's consent to insights: `true` by default. While it is `false`, no insights are made of what sessions have
/// recorded, no attempts, thumbs, focus or idle times are noted, and no hints are given; insights made before are
/// removed, from the disk as well. What the game records in its own log isn't touched by that. A session that is played
/// meanwhile is marked, and no insights are ever made of it, even if the player agrees later.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session_play::InsightsConsent;
///
/// fn the_box_was_unticked(mut consent: ResMut<InsightsConsent>) {
///     consent.0 = false;
/// }
/// # bevy::ecs::system::assert_is_system(the_box_was_unticked);
/// ```
#[derive(Resource, Clone, Copy, PartialEq, Eq, Debug)]
pub struct InsightsConsent(pub bool);

impl Default for InsightsConsent {
    fn default() -> Self {
        Self(true)
    }
}

impl InsightsConsent {
    pub(super) fn is_given(world: &World) -> bool {
        world.get_resource::<Self>().is_some_and(|consent| consent.0)
    }
}

/// Removes what was made once the player doesn't agree: also what an earlier process has left.
pub(super) fn follow_consent(consent: Res<InsightsConsent>, mut commands: Commands) {
    if !consent.0 {
        commands.session().library().remove_digests::<InsightsReader>();
    }
}

/// Marks the session that is played, so that nothing is made of what its player didn't agree to.
pub(super) fn mark_session(consent: Res<InsightsConsent>, session: Option<ResMut<CurrentSession>>) {
    let Some(mut session) = session else { return };
    if consent.0 || session.fields().contains(WITHHELD) {
        return;
    }
    if session.set(WITHHELD, &true).is_err() {
        tracing::warn!(
            "the session's fields are full, so what it records isn't marked as withheld"
        );
    }
}

/// A run condition: true if the consent has changed since the last time.
pub(super) fn consent_has_changed(
    consent: Option<Res<InsightsConsent>>,
    mut before: Local<Option<bool>>,
) -> bool {
    let now = consent.map(|consent| consent.0);
    let has_changed = now.is_some() && *before != now;
    *before = now;
    has_changed
}
