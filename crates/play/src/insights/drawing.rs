//! Attempts that are drawn from what a game records anyway.

use bevy_session::events::Recordable;
use bevy_session_insights::{Attempt, Skill};

/// Draws attempts at a [`Skill`] from recorded events, by their type.
pub trait DrawnSkill {
    /// Recorded events of this type are attempts, if `attempt` makes one of them. Have the game record it, by
    /// [`record_messages`](bevy_session::events::RecordingExt::record_messages) or
    /// [`Insights::counts`](crate::Insights::counts). What was recorded before the skill was declared counts as well.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session_play::{Attempt, DrawnSkill, Skill};
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Message, TypePath, Clone, Serialize, Deserialize)]
    /// struct Struck {
    ///     was_parried: bool,
    /// }
    ///
    /// let parry = Skill::new("parry").drawn_from(|struck: &Struck| Some(Attempt::new(struck.was_parried)));
    /// ```
    #[must_use]
    fn drawn_from<T: Recordable>(
        self,
        attempt: impl Fn(&T) -> Option<Attempt> + Send + Sync + 'static,
    ) -> Self;
}

impl DrawnSkill for Skill {
    fn drawn_from<T: Recordable>(
        self,
        attempt: impl Fn(&T) -> Option<Attempt> + Send + Sync + 'static,
    ) -> Self {
        self.drawn_from_events(T::type_path(), move |event| attempt(&event.decode::<T>().ok()?))
    }
}
