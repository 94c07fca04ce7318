//! Ends or pauses sessions without player activity, as the game measures it.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session_journal::{EndReason, LeaveCause, Leaving, SessionId};

use crate::lifecycle::{
    Condition, CurrentSession, SessionCommandsExt, notify, session_is_active, session_is_restoring,
};
use crate::plugin::{SessionLast, SessionSystems};

/// The most time that one frame counts: a computer that slept has not been idle.
const LONGEST_FRAME: Duration = Duration::from_secs(1);

/// The time after which a session is idle, and the action then.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Idle {
    after: Duration,
    /// The earliest first.
    warnings: Vec<Duration>,
    action: IdleAction,
}

/// The action for an idle session.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum IdleAction {
    /// It is paused until [`resume`](crate::SessionCommands::resume).
    #[default]
    Pause,
    /// It is left, with [`LeaveCause::Idle`], until [`continue_session`](crate::SessionCommands::continue_session).
    Close,
    /// It ends as [`Abandoned`](EndReason::Abandoned), with [`LeaveCause::Idle`].
    Abandon,
}

impl Idle {
    /// A session is idle after this time without activity. It is then paused, without a warning.
    #[must_use]
    pub fn after(after: Duration) -> Self {
        Self { after, warnings: Vec::new(), action: IdleAction::Pause }
    }

    /// Sends a [`SessionIdleWarning`] each of these times before that. Times that are longer than
    /// the whole are ignored.
    #[must_use]
    pub fn warn_before(mut self, before: impl IntoIterator<Item = Duration>) -> Self {
        let moments = before.into_iter().filter_map(|before| self.after.checked_sub(before));
        self.warnings = moments.collect();
        self.warnings.sort_unstable();
        self
    }

    /// Sets the action for an idle session.
    #[must_use]
    pub fn then(mut self, action: IdleAction) -> Self {
        self.action = action;
        self
    }
}

/// There was no activity for a while, and soon the session is paused, closed or abandoned.
#[derive(Event, Message, Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct SessionIdleWarning {
    /// The session.
    pub session: SessionId,
    /// The time without activity.
    pub idle: Duration,
    /// The time left.
    pub left: Duration,
    /// The action that follows.
    pub action: IdleAction,
}

/// There was no activity for so long that the session is paused, closed or abandoned, in this
/// frame.
#[derive(Event, Message, Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct SessionIdle {
    /// The session.
    pub session: SessionId,
    /// The time without activity.
    pub idle: Duration,
    /// The action.
    pub action: IdleAction,
}

#[derive(Resource)]
struct IdleWatch {
    rule: Idle,
    activity: Condition,
    session: Option<SessionId>,
    idle: Duration,
    /// The number of warnings that were given.
    warned: usize,
}

pub(super) fn add(app: &mut App, rule: Idle, activity: Condition) {
    if !app.world().contains_resource::<IdleWatch>() {
        let between = watch.after(SessionSystems::Gates).before(SessionSystems::Requests);
        app.add_message::<SessionIdleWarning>().add_message::<SessionIdle>().add_systems(
            SessionLast,
            between.run_if(session_is_active.and_then(not(session_is_restoring))),
        );
    }
    let watch = IdleWatch { rule, activity, session: None, idle: Duration::ZERO, warned: 0 };
    app.insert_resource(watch);
}

fn watch(world: &mut World) {
    let frame = world.get_resource::<Time<Real>>().map(Time::delta).unwrap_or_default();
    let session = world.get_resource::<CurrentSession>().map(CurrentSession::id);
    world.resource_scope(|world, mut watch: Mut<IdleWatch>| {
        let is_active = watch.activity.holds(world) || watch.activity.is_unanswered();
        if is_active || watch.session != session {
            watch.begin(session);
        } else if let Some(session) = session {
            watch.idle += frame.min(LONGEST_FRAME);
            watch.go_on(world, session);
        }
    });
}

impl IdleWatch {
    fn begin(&mut self, session: Option<SessionId>) {
        (self.session, self.idle, self.warned) = (session, Duration::ZERO, 0);
    }

    fn go_on(&mut self, world: &mut World, session: SessionId) {
        let (idle, action) = (self.idle, self.rule.action);
        if idle >= self.rule.after {
            notify(world, SessionIdle { session, idle, action });
            act(world, action);
            return self.begin(None);
        }
        let due = self.rule.warnings.partition_point(|moment| *moment <= idle);
        if due > self.warned {
            self.warned = due;
            let left = self.rule.after.saturating_sub(idle);
            notify(world, SessionIdleWarning { session, idle, left, action });
        }
    }
}

fn act(world: &mut World, action: IdleAction) {
    let (mut commands, leaving) = (world.commands(), Leaving::by(LeaveCause::Idle));
    match action {
        IdleAction::Pause => commands.session().pause(),
        IdleAction::Close => commands.session().close(leaving),
        IdleAction::Abandon => commands.session().end(EndReason::Abandoned, leaving),
    };
    world.flush();
}
