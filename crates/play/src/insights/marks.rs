//! Facts of a session that only the game knows, on their way into the log.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::SessionCommandsExt;
use bevy_session::rules::SessionIdle;
use bevy_session_insights::{Attempt, InsightsReader, Mark, Suggested, SuggestionStep};
use serde::{Deserialize, Serialize};

use super::consent::{agrees_in, any_agrees_in};
use super::suggesting::NotNow;

/// A fact that only the game knows of a session, as its log of events has it. Games record it with
/// [`InsightsCommands`].
#[derive(Message, TypePath, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
#[type_path = "bevy_session_play"]
pub struct InsightMark(pub Mark);

impl InsightMark {
    /// The name of this type in the log.
    pub const TYPE_PATH: &str = Mark::TYPE_PATH;
}

/// Gives [`Commands`] what a game says and asks of insights.
pub trait InsightsCommandsExt {
    /// Returns the commands for insights.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session_play::InsightsCommandsExt;
    ///
    /// fn thumbs_up_was_pressed(mut commands: Commands) {
    ///     commands.insights().thumbs_up();
    /// }
    /// # bevy::ecs::system::assert_is_system(thumbs_up_was_pressed);
    /// ```
    fn insights(&mut self) -> InsightsCommands<'_, '_>;
}

impl InsightsCommandsExt for Commands<'_, '_> {
    fn insights(&mut self) -> InsightsCommands<'_, '_> {
        InsightsCommands { commands: self.reborrow() }
    }
}

/// The commands for insights, from [`Commands::insights`](InsightsCommandsExt::insights). Without
/// [consent](bevy_session::consent::Consent) all of them are ignored.
pub struct InsightsCommands<'w, 's> {
    commands: Commands<'w, 's>,
}

impl std::fmt::Debug for InsightsCommands<'_, '_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("InsightsCommands").finish_non_exhaustive()
    }
}

impl InsightsCommands<'_, '_> {
    /// The player likes the session that is played. What is said last counts.
    pub fn thumbs_up(&mut self) {
        self.mark(Mark::Thumbs(true));
    }

    /// The player doesn't like it.
    pub fn thumbs_down(&mut self) {
        self.mark(Mark::Thumbs(false));
    }

    /// The game got the focus, or lost it: what is played from here on counts as unfocused. With the feature `window`, which
    /// is on by default, windows say so by themselves.
    pub fn focus(&mut self, has_focus: bool) {
        self.mark(Mark::Focus(has_focus));
    }

    /// Records that nothing was done for this play time until now. A game that uses
    /// [`pause_idle_session`](bevy_session::rules::SessionRulesExt::pause_idle_session) needn't say it.
    pub fn idle(&mut self, idle: Duration) {
        self.mark(Mark::Idle(idle));
    }

    /// The player tried a skill, in the session that is played. See [`SkillsExt::skill`](crate::SkillsExt::skill).
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session_play::{Attempt, InsightsCommandsExt};
    ///
    /// fn the_blow_was_parried(mut commands: Commands) {
    ///     commands.insights().attempt("parry", Attempt::new(true).with_quality(0.8));
    /// }
    /// # bevy::ecs::system::assert_is_system(the_blow_was_parried);
    /// ```
    pub fn attempt(&mut self, skill: impl Into<String>, attempt: Attempt) {
        self.mark(Mark::Attempt { skill: skill.into(), attempt });
    }

    /// The session has this figure, as `gold`. What is said last counts, and what isn't finite counts for nothing.
    pub fn figure(&mut self, name: impl Into<String>, value: f64) {
        self.mark(Mark::Figure { name: name.into(), value });
    }

    /// The player chose something in the session, as `("difficulty", "hard")`. What is chosen last counts.
    pub fn chose(&mut self, of: impl Into<String>, chosen: impl Into<String>) {
        self.mark(Mark::Choice { of: of.into(), chosen: chosen.into() });
    }

    /// A suggestion was shown.
    pub fn suggestion_shown(&mut self, suggested: Suggested) {
        self.mark(Mark::Suggestion { suggested, step: SuggestionStep::Shown });
    }

    /// The player took a suggestion.
    pub fn suggestion_taken(&mut self, suggested: Suggested) {
        self.mark(Mark::Suggestion { suggested, step: SuggestionStep::Taken });
    }

    /// The player said "not now" to a suggestion: [`Lessons::suggestions_for`](crate::Lessons::suggestions_for) of this
    /// process doesn't make it again while the session is played.
    pub fn not_now(&mut self, suggested: Suggested) {
        let declined = suggested.clone();
        self.commands.queue(move |world: &mut World| {
            world.get_resource_or_init::<NotNow>().add(declined);
        });
        self.mark(Mark::Suggestion { suggested, step: SuggestionStep::NotNow });
    }

    /// Brings [`SessionsInsights`](crate::SessionsInsights) up to date: off the main thread, see
    /// [`digest`](bevy_session::library::LibraryCommands::digest).
    /// [`SessionsDigested`](bevy_session::digests::SessionsDigested) follows.
    pub fn refresh(&mut self) {
        self.commands.queue(|world: &mut World| {
            if agrees_in(world) || any_agrees_in(world) {
                world.commands().session().library().digest::<InsightsReader>();
                world.flush();
            }
        });
    }

    fn mark(&mut self, mark: Mark) {
        self.commands.queue(move |world: &mut World| {
            if agrees_in(world) {
                world.write_message(InsightMark(mark));
            }
        });
    }
}

/// Notes for how long nothing was done, if the game has the plugin look.
pub(super) fn note_idle(idle: On<SessionIdle>, mut commands: Commands) {
    commands.insights().idle(idle.idle);
}
