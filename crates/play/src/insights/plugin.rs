//! Puts it together.

use bevy::prelude::*;
use bevy_session::digests::{SessionDigests, SessionDigestsExt};
use bevy_session::events::RecordingExt;

use super::consent::{InsightsConsent, consent_has_changed, follow_consent};
use super::hints::{DeathsHere, FailureRepeated, forget_deaths};
use super::marks::{InsightMark, note_idle};
use super::settings::Insights;

/// What is known of all sessions, as of the last [`refresh`](crate::InsightsCommands::refresh): one
/// [`SessionInsights`](crate::SessionInsights) each. Empty before the first answer.
pub type SessionsInsights = SessionDigests<Insights>;

/// Makes figures of what sessions have recorded.
pub trait InsightsExt {
    /// Makes figures of what sessions have recorded, once they are [asked for](crate::InsightsCommands::refresh), and
    /// as long as the player [agrees](InsightsConsent). A further call has no effect. See [`Insights`] for an example.
    fn insights(&mut self, insights: Insights) -> &mut Self;
}

impl InsightsExt for App {
    fn insights(&mut self, insights: Insights) -> &mut Self {
        if self.world().contains_resource::<SessionsInsights>() {
            return self;
        }
        insights.add_to(self);
        self.init_resource::<InsightsConsent>()
            .init_resource::<DeathsHere>()
            .add_message::<InsightMark>()
            .add_message::<FailureRepeated>()
            .add_observer(note_idle)
            .add_observer(forget_deaths)
            .add_systems(PreUpdate, follow_consent.run_if(consent_has_changed));
        _ = self.record_messages::<InsightMark>();
        self.digest_sessions(insights)
    }
}
