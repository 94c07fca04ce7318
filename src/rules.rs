//! Rules by which sessions end, pause, are archived and are pruned without a request.
//!
//! A game that sets none pays nothing for them.

mod completion;
mod idle;
mod putting_away;

use bevy::ecs::schedule::SystemCondition;
use bevy::prelude::*;
use bevy_session_journal::{Archived, Retention};

pub use idle::{Idle, IdleAction, SessionIdle, SessionIdleWarning};

use crate::lifecycle::Condition;

/// Rules for sessions, as methods of [`App`].
///
/// ```
/// use std::time::Duration;
///
/// use bevy::prelude::*;
/// use bevy_session::prelude::*;
/// use bevy_session::rules::{Idle, IdleAction, SessionRulesExt};
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
pub trait SessionRulesExt {
    /// Ends the session as [`Completed`](crate::EndReason::Completed) when this condition holds,
    /// with a last checkpoint and a [`SessionSummary`](crate::ends::SessionSummary), as
    /// [`end`](crate::SessionCommands::end) does. If it is called more than once, each condition
    /// ends it.
    ///
    /// It is evaluated once a frame while a session is active, after the game's own systems, and
    /// not during a restore. A session is asked to end once; if that is rejected, it is asked again
    /// after the condition has ceased to hold and holds again. A condition that can't run, because
    /// a resource doesn't exist, doesn't hold, and
    /// [`SessionHint::ConditionFailed`](crate::hints::SessionHint::ConditionFailed) is given.
    fn complete_session_when<M>(&mut self, condition: impl SystemCondition<M>) -> &mut Self;

    /// Archives a session once it has ended for good, whatever the reason. A later call replaces an
    /// earlier one. Each [cleanup](crate::library::LibraryCommands::clean_up) archives those that
    /// ended and weren't archived then, if nothing about them was changed since: their process died
    /// before it could do that, or the game didn't have this rule yet. Of an archived session only
    /// the newest checkpoint is kept.
    ///
    /// Rules of [`prune_sessions`](Self::prune_sessions) don't touch the archive, so those for
    /// sessions that ended find only what an end couldn't archive.
    ///
    /// ```
    /// # use bevy::prelude::*;
    /// # use bevy_session::prelude::*;
    /// use bevy_session::library::Archived;
    /// use bevy_session::rules::SessionRulesExt;
    ///
    /// App::new()
    ///     .add_plugins((MinimalPlugins, SessionPlugin::new("Studio", "Hop").in_memory()))
    ///     .archive_ended_sessions(Archived::WithWorld);
    /// ```
    fn archive_ended_sessions(&mut self, what: Archived) -> &mut Self;

    /// Prunes the sessions that these rules don't keep, after each start, as soon as a session is
    /// being played and the list of sessions was read, and with each
    /// [cleanup](crate::library::LibraryCommands::clean_up).
    /// [`SessionsEdited`](crate::library::SessionsEdited) has the outcome after the start. A later
    /// call replaces an earlier one.
    ///
    /// It is [`prune`](crate::library::LibraryCommands::prune) with the preview of
    /// [`SessionCatalog::preview`](crate::SessionCatalog::preview). If the game dies meanwhile, the
    /// next start continues.
    ///
    /// ```
    /// # use bevy::prelude::*;
    /// # use bevy_session::prelude::*;
    /// use bevy_session::rules::SessionRulesExt;
    /// use bevy_session::library::{Keep, LeftAs, Retention};
    ///
    /// App::new()
    ///     .add_plugins((MinimalPlugins, SessionPlugin::new("Studio", "Hop").in_memory()))
    ///     .prune_sessions(Retention::default().keep(LeftAs::Abandoned, Keep::newest_of(20)));
    /// ```
    fn prune_sessions(&mut self, retention: Retention) -> &mut Self;

    /// Pauses, closes or abandons the session after a time without activity, as the game measures
    /// it: `activity` holds in each frame in which the player does something. A later call replaces
    /// an earlier one.
    ///
    /// [`SessionIdleWarning`] is sent first, as often as the game wants it, then [`SessionIdle`]
    /// with the action. Time is that of [`Time<Real>`], counted while the session is active; a
    /// frame counts as a second at most, so that a computer that slept has not been idle. A
    /// condition that can't run counts as activity, and
    /// [`SessionHint::ConditionFailed`](crate::hints::SessionHint::ConditionFailed) is given.
    fn pause_idle_session<M>(&mut self, idle: Idle, activity: impl SystemCondition<M>)
    -> &mut Self;
}

impl SessionRulesExt for App {
    fn complete_session_when<M>(&mut self, condition: impl SystemCondition<M>) -> &mut Self {
        completion::add(self, Condition::new(condition));
        self
    }

    fn archive_ended_sessions(&mut self, what: Archived) -> &mut Self {
        putting_away::archive_at_end(self, what);
        self
    }

    fn prune_sessions(&mut self, retention: Retention) -> &mut Self {
        putting_away::prune_after_start(self, retention);
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
