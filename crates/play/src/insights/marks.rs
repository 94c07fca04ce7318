//! What only the game can say of a session, on its way into the log.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::SessionCommandsExt;
use bevy_session::rules::SessionIdle;
use serde::{Deserialize, Serialize};

use super::consent::InsightsConsent;
use super::settings::Insights;

/// Something that only the game can say of a session, as its log of events has it. Games say it with
/// [`InsightsCommands`].
#[derive(Message, TypePath, Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
#[type_path = "bevy_session_play"]
pub enum InsightMark {
    /// What the player thinks of the session: `true` is thumbs up.
    Thumbs(bool),
    /// The game got the focus, or lost it.
    Focus(bool),
    /// For so long nothing was done.
    Idle(Duration),
}

impl InsightMark {
    /// What the log calls it.
    pub const TYPE_PATH: &str = "bevy_session_play::InsightMark";
}

/// Gives [`Commands`] what a game says and asks of insights.
pub trait InsightsCommandsExt {
    /// What can be said and asked.
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

/// What a game says and asks of insights, from [`Commands::insights`](InsightsCommandsExt::insights). Without
/// [consent](InsightsConsent) all of it is passed over.
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
        self.mark(InsightMark::Thumbs(true));
    }

    /// The player doesn't like it.
    pub fn thumbs_down(&mut self) {
        self.mark(InsightMark::Thumbs(false));
    }

    /// The game got the focus, or lost it: what is played from here on counts as unfocused. To be called from a system
    /// that reads `WindowFocused`.
    pub fn focus(&mut self, has_focus: bool) {
        self.mark(InsightMark::Focus(has_focus));
    }

    /// So long nothing was done, in play time until now. A game that uses
    /// [`pause_idle_session`](bevy_session::rules::SessionRulesExt::pause_idle_session) needn't say it.
    pub fn idle(&mut self, idle: Duration) {
        self.mark(InsightMark::Idle(idle));
    }

    /// Brings [`SessionsInsights`](crate::SessionsInsights) up to date: off the main thread, see
    /// [`digest`](bevy_session::library::LibraryCommands::digest).
    /// [`SessionsDigested`](bevy_session::digests::SessionsDigested) follows.
    pub fn refresh(&mut self) {
        self.commands.queue(|world: &mut World| {
            if InsightsConsent::is_given(world) {
                world.commands().session().library().digest::<Insights>();
                world.flush();
            }
        });
    }

    fn mark(&mut self, mark: InsightMark) {
        self.commands.queue(move |world: &mut World| {
            if InsightsConsent::is_given(world) {
                world.write_message(mark);
            }
        });
    }
}

/// Notes for how long nothing was done, where the game has the plugin look.
pub(super) fn note_idle(idle: On<SessionIdle>, mut commands: Commands) {
    commands.insights().idle(idle.idle);
}
