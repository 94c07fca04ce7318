//! The lessons of all sessions, made in a task whenever the insights have changed.

use std::sync::Arc;

use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, poll_once};
use bevy_session::digests::{SessionDigester, SessionsDigested};
use bevy_session_insights::{DeclaredSkills, InsightsReader, Lessons, Questions, Skill, Study};
use jiff::Timestamp;

use super::plugin::{Declared, SessionsInsights};
use super::settings::Insights;
use crate::line::announce;

/// The lessons of all sessions, as of the last [`refresh`](crate::InsightsCommands::refresh); empty before the first.
/// [`LessonsLearnt`] is sent when they have changed. A clone costs as much as one of a pointer.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session_play::{Figure, SessionsLessons};
///
/// /// Does Ann get better at parrying?
/// fn better(lessons: Res<SessionsLessons>) -> Option<bool> {
///     match lessons.skill(Some("Ann"), "parry")?.better {
///         Figure::Known { value, .. } => Some(value.matters && value.size.value > 0.0),
///         Figure::Insufficient { .. } => None,
///     }
/// }
/// # bevy::ecs::system::assert_is_system(better);
/// ```
#[derive(Resource, Clone, Debug, Default, Deref)]
pub struct SessionsLessons {
    #[deref]
    pub(super) lessons: Arc<Lessons>,
}

/// [`SessionsLessons`] is up to date.
#[derive(Event, Message, Clone, Copy, PartialEq, Eq, Debug)]
pub struct LessonsLearnt;

/// Declares skills.
pub trait SkillsExt {
    /// Declares a skill, whose attempts are [recorded](crate::InsightsCommands::attempt) or
    /// [drawn](crate::DrawnSkill::drawn_from) from what is recorded anyway. Of two with one name the first counts, and a
    /// warning says so.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::prelude::*;
    /// use bevy_session_play::{Insights, InsightsExt, Skill, SkillsExt};
    ///
    /// App::new()
    ///     .add_plugins((MinimalPlugins, SessionPlugin::new("Studio", "Hop").in_memory()))
    ///     .insights(Insights::default())
    ///     .skill("parry")
    ///     .skill(Skill::new("dodge").formerly("evade").mastered_with(9, 10));
    /// ```
    fn skill(&mut self, skill: impl Into<Skill>) -> &mut Self;
}

impl SkillsExt for App {
    fn skill(&mut self, skill: impl Into<Skill>) -> &mut Self {
        let skill = skill.into();
        let name = skill.name().to_owned();
        let Declared(skills) = &*self.world_mut().get_resource_or_init::<Declared>();
        if !skills.declare(skill) {
            tracing::warn!("the skill {name:?} is declared twice: the first declaration counts");
        }
        self
    }
}

/// The study that is kept for the next lessons, or the task that has it meanwhile.
#[derive(Resource)]
pub(super) struct Learning {
    questions: Questions,
    skills: DeclaredSkills,
    study: Option<Study>,
    task: Option<Task<(Study, Lessons)>>,
    /// Sessions have changed while the task was under way.
    is_stale: bool,
}

impl Learning {
    pub(super) fn of(insights: &Insights, skills: DeclaredSkills) -> Self {
        let scores = insights.weights.clone().into_iter();
        let questions = scores.fold(insights.questions.clone(), |questions, (name, weights)| {
            questions.score(name, weights)
        });
        Self { questions, skills, study: None, task: None, is_stale: false }
    }

    fn begin(&mut self, insights: &SessionsInsights) {
        self.is_stale = false;
        let sessions = insights.sessions.clone();
        let study = self.study.take();
        let mut study =
            study.unwrap_or_else(|| Study::new(self.questions.clone().skills(self.skills.all())));
        self.task = Some(AsyncComputeTaskPool::get().spawn(async move {
            study.update(sessions);
            let lessons = study.lessons(now());
            (study, lessons)
        }));
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a session is left for good by the player's own clock"
)]
fn now() -> Timestamp {
    Timestamp::now()
}

/// Begins to make lessons of what is known of sessions now.
pub(super) fn learn(
    digested: On<SessionsDigested>,
    insights: Res<SessionsInsights>,
    mut learning: ResMut<Learning>,
) {
    if digested.name != InsightsReader::NAME {
        return;
    }
    if learning.task.is_some() {
        learning.is_stale = true;
    } else {
        learning.begin(&insights);
    }
}

/// Shows lessons that are made.
pub(super) fn show_lessons(
    mut learning: ResMut<Learning>,
    insights: Res<SessionsInsights>,
    mut commands: Commands,
) {
    let Some(task) = &mut learning.bypass_change_detection().task else { return };
    let Some((study, lessons)) = block_on(poll_once(task)) else { return };
    learning.task = None;
    learning.study = Some(study);
    if learning.is_stale {
        learning.begin(&insights);
        return;
    }
    commands.insert_resource(SessionsLessons { lessons: Arc::new(lessons) });
    commands.queue(|world: &mut World| announce(world, LessonsLearnt));
}
