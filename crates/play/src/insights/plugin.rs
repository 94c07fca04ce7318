//! Puts it together.

use bevy::prelude::*;
use bevy_session::digests::{SessionDigests, SessionDigestsExt};
use bevy_session::events::RecordingExt;
use bevy_session::{SessionEnded, session_is_active};
use bevy_session_insights::{DeclaredSkills, InsightsReader};

use super::consent::{InsightsConsent, consent_has_changed, follow_consent, mark_session};
use super::hints::{DeathsHere, FailureRepeated, forget_deaths};
use super::learning::{Learning, LessonsLearnt, SessionsLessons, learn, show_lessons};
use super::marks::{InsightMark, InsightsCommandsExt, note_idle};
use super::scoring::{Scoring, note_weights};
use super::settings::Insights;

/// The insights of all sessions, as of the last [`refresh`](crate::InsightsCommands::refresh): one
/// [`SessionInsights`](crate::SessionInsights) each. Empty before the first answer.
pub type SessionsInsights = SessionDigests<InsightsReader>;

/// Makes figures of what sessions have recorded.
pub trait InsightsExt {
    /// Makes figures of what sessions have recorded, when a session [ends](SessionEnded) and when they are
    /// [asked for](crate::InsightsCommands::refresh), as long as the player [agrees](InsightsConsent). A further call has no effect. See [`Insights`] for an example.
    fn insights(&mut self, insights: Insights) -> &mut Self;
}

/// The skills that are declared, whether before the insights or after.
#[derive(Resource, Default, Clone)]
pub(super) struct Declared(pub(super) DeclaredSkills);

impl InsightsExt for App {
    fn insights(&mut self, insights: Insights) -> &mut Self {
        if self.world().contains_resource::<SessionsInsights>() {
            return self;
        }
        insights.add_to(self);
        let Declared(skills) = self.world_mut().get_resource_or_init::<Declared>().clone();
        self.init_resource::<InsightsConsent>()
            .init_resource::<DeathsHere>()
            .insert_resource(Scoring::of(&insights))
            .insert_resource(Learning::of(&insights, skills.clone()))
            .add_message::<InsightMark>()
            .add_message::<FailureRepeated>()
            .add_message::<LessonsLearnt>()
            .init_resource::<SessionsLessons>()
            .add_observer(note_idle)
            .add_observer(forget_deaths)
            .add_observer(learn)
            .add_observer(bring_up_to_date)
            .add_systems(PreUpdate, (follow_consent.run_if(consent_has_changed), show_lessons))
            .add_systems(Last, (mark_session, note_weights).run_if(session_is_active));
        #[cfg(feature = "window")]
        super::windows::add_to(self);
        _ = self.record_messages::<InsightMark>();
        self.digest_sessions(insights.reader(skills))
    }
}

/// Nothing is recorded in a session that has ended, so its figures are final.
fn bring_up_to_date(_: On<SessionEnded>, mut commands: Commands) {
    commands.insights().refresh();
}
