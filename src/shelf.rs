//! One session among many: which ends by itself, which no player plays any more, and what the next one begins
//! with.
//!
//! Beside the core, and not in the prelude: a game that calls none of it pays nothing for it.

mod completion;
mod idle;
mod putting_away;
#[cfg(feature = "scenarios")]
mod scenario;

use bevy::ecs::schedule::SystemCondition;
use bevy::prelude::*;
use bevy_session_journal::Retention;

#[cfg(feature = "scenarios")]
pub use scenario::{ScenarioAsset, ScenarioPlugin};

pub use bevy_session_journal::{
    Scenario, ScenarioError, ScenarioFiles, Suggestion, SuggestionReason, suggest,
};
pub use idle::{Idle, IdleAction, SessionIdle, SessionIdleWarning};

use crate::lifecycle::Condition;
use crate::session::Archived;

/// What a game says of sessions among many.
///
/// ```
/// use std::time::Duration;
///
/// use bevy::prelude::*;
/// use bevy_session::prelude::*;
/// use bevy_session::shelf::{Idle, IdleAction, ShelfExt};
///
/// #[derive(Resource, Default)]
/// struct Lamps {
///     lit: usize,
///     all: usize,
/// }
///
/// fn all_are_lit(lamps: Res<Lamps>) -> bool {
///     lamps.all > 0 && lamps.lit == lamps.all
/// }
///
/// fn something_is_pressed(keys: Res<ButtonInput<KeyCode>>) -> bool {
///     keys.get_pressed().next().is_some()
/// }
///
/// App::new()
///     .add_plugins((MinimalPlugins, SessionPlugin::new("Studio", "Hop").in_memory()))
///     .init_resource::<Lamps>()
///     .init_resource::<ButtonInput<KeyCode>>()
///     .complete_session_when(all_are_lit)
///     .pause_idle_session(
///         Idle::after(Duration::from_secs(300))
///             .warn_before([Duration::from_secs(60), Duration::from_secs(10)])
///             .then(IdleAction::Pause),
///         something_is_pressed,
///     );
/// ```
pub trait ShelfExt {
    /// Ends the session as [`Completed`](crate::EndReason::Completed) when this holds, with a last
    /// checkpoint and a [`SessionSummary`](crate::SessionSummary), as
    /// [`end`](crate::SessionCommands::end) does. Called more than once, each condition ends it.
    ///
    /// It is asked once a frame while a session is active, after the game's own systems, and not during a
    /// restore. A session is asked to end once; if that is rejected, it is asked again when the condition
    /// has not held meanwhile. A condition that can't be asked, because a resource isn't there, doesn't hold,
    /// and [`SessionHint::ConditionFailed`](crate::SessionHint::ConditionFailed) says so.
    fn complete_session_when<M>(&mut self, condition: impl SystemCondition<M>) -> &mut Self;

    /// Puts a session into the archive once it has ended for good, however it ended. A later call replaces an
    /// earlier one.
    ///
    /// ```
    /// # use bevy::prelude::*;
    /// # use bevy_session::prelude::*;
    /// use bevy_session::Archived;
    /// use bevy_session::shelf::ShelfExt;
    ///
    /// App::new()
    ///     .add_plugins((MinimalPlugins, SessionPlugin::new("Studio", "Hop").in_memory()))
    ///     .archive_ended_sessions(Archived::WithWorld);
    /// ```
    fn archive_ended_sessions(&mut self, what: Archived) -> &mut Self;

    /// Lets the sessions go that these rules don't keep, once after each start: as soon as a session is being
    /// played and the sessions were looked at. [`SessionsEdited`](crate::SessionsEdited) says what came of it. A
    /// later call replaces an earlier one.
    ///
    /// It is [`tidy`](crate::LibraryCommands::tidy) with what
    /// [`SessionCatalog::preview`](crate::SessionCatalog::preview) says of them. If the game dies meanwhile, the
    /// next start goes on.
    ///
    /// ```
    /// # use bevy::prelude::*;
    /// # use bevy_session::prelude::*;
    /// use bevy_session::shelf::ShelfExt;
    /// use bevy_session::{Keep, LeftAs, Retention};
    ///
    /// App::new()
    ///     .add_plugins((MinimalPlugins, SessionPlugin::new("Studio", "Hop").in_memory()))
    ///     .tidy_sessions(Retention::default().keep(LeftAs::Abandoned, Keep::newest_of(20)));
    /// ```
    fn tidy_sessions(&mut self, retention: Retention) -> &mut Self;

    /// Pauses, closes or abandons the session when nothing was done for long, by the game's own measure:
    /// `activity` holds in each frame in which the player does something. A later call replaces an
    /// earlier one.
    ///
    /// [`SessionIdleWarning`] comes first, as often as the game wants it, and [`SessionIdle`] with what is
    /// done. Time is that of [`Time<Real>`], counted while the session is active; a frame counts as a
    /// second at most, so that a computer that slept has not been idle. A measure that can't be asked counts
    /// as activity, and [`SessionHint::ConditionFailed`](crate::SessionHint::ConditionFailed) says so.
    fn pause_idle_session<M>(&mut self, idle: Idle, activity: impl SystemCondition<M>)
    -> &mut Self;
}

impl ShelfExt for App {
    fn complete_session_when<M>(&mut self, condition: impl SystemCondition<M>) -> &mut Self {
        completion::add(self, Condition::new(condition));
        self
    }

    fn archive_ended_sessions(&mut self, what: Archived) -> &mut Self {
        putting_away::archive_at_end(self, what);
        self
    }

    fn tidy_sessions(&mut self, retention: Retention) -> &mut Self {
        putting_away::tidy_after_start(self, retention);
        self
    }

    fn pause_idle_session<M>(
        &mut self,
        idle: Idle,
        activity: impl SystemCondition<M>,
    ) -> &mut Self {
        idle::add(self, idle, Condition::new(activity));
        self
    }
}
