//! Puts it together.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::consent::Consent;
use bevy_session::digests::{SessionDigests, SessionDigestsExt};
use bevy_session::events::RecordingExt;
use bevy_session::library::SessionFeature;
use bevy_session::{SessionEnded, SessionSwitches, session_is_active};
use bevy_session_insights::{DeclaredSkills, InsightsReader};

use super::consent::{Withheld, follow_consent, mark_session};
use super::hints::{DeathsHere, FailureRepeated, forget_deaths};
use super::learning::{Learning, LessonsLearnt, SessionsLessons, learn, show_lessons};
use super::marks::{InsightMark, InsightsCommandsExt, note_idle};
use super::scoring::{Scoring, note_weights};
use super::settings::Insights;

/// Time between two refreshes because sessions have ended.
const SPACING: Duration = Duration::from_secs(60);

/// The insights of all sessions, as of the last [`refresh`](crate::InsightsCommands::refresh): one
/// [`SessionInsights`](crate::SessionInsights) each. Empty before the first answer.
pub type SessionsInsights = SessionDigests<InsightsReader>;

/// Makes figures of what sessions have recorded.
pub trait InsightsExt {
    /// Makes figures of what sessions have recorded, up to a minute after a session [ends](SessionEnded) and when they are
    /// [asked for](crate::InsightsCommands::refresh), as long as the player [agrees](bevy_session::consent::Consent). A further call
    /// has no effect. See [`Insights`] for an example.
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
        let Withheld(players) = self.world_mut().get_resource_or_init::<Withheld>().clone();
        self.init_resource::<EndedSince>()
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
            .add_observer(note_end)
            .add_systems(PreUpdate, bring_up_to_date.run_if(resource_equals(EndedSince(true))))
            .add_systems(
                PreUpdate,
                (follow_consent.run_if(resource_exists_and_changed::<Consent>), show_lessons),
            )
            .add_systems(Last, (mark_session, note_weights).run_if(session_is_active));
        #[cfg(feature = "window")]
        super::windows::add_to(self);
        _ = self.record_messages::<InsightMark>();
        self.digest_sessions(insights.reader(skills).withholding(players))
    }
}

/// True if a session has ended since the insights were brought up to date.
#[derive(Resource, PartialEq, Default)]
struct EndedSince(bool);

/// Nothing is recorded in a session that has ended, so its figures are final.
fn note_end(_: On<SessionEnded>, mut ended: ResMut<EndedSince>) {
    ended.0 = true;
}

/// Once a minute at most, since each time looks at all sessions that this process has changed.
fn bring_up_to_date(
    mut ended: ResMut<EndedSince>,
    switches: Option<Res<SessionSwitches>>,
    time: Option<Res<Time<Real>>>,
    mut last: Local<Option<Duration>>,
    mut commands: Commands,
) {
    let now = time.map(|time| time.elapsed()).unwrap_or_default();
    if last.is_some_and(|last| now.saturating_sub(last) < SPACING) {
        return;
    }
    ended.0 = false;
    if switches.is_none_or(|switches| switches.is_on(SessionFeature::Digests)) {
        *last = Some(now);
        commands.insights().refresh();
    }
}
