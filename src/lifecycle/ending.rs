//! What the game does when a session is left, before its last checkpoint is taken.

use std::task::Poll;
use std::time::{Duration, Instant};

use bevy::prelude::*;
use tracing::{error, warn};

use super::SessionSettings;
use super::hooks::HookSystem;
use super::leaving::Departure;
use super::runtime::{RuntimeParts, Transition};
use super::take_up::Taken;
use crate::clock;
use crate::journal::SessionId;
use crate::session::{EndReason, LeaveCause};

/// What a system of [`on_session_end`](crate::SessionHooksExt::on_session_end) returns: nothing where it
/// is done at once, or [`Poll::Pending`] to be run again in the next frame.
pub trait EndStep {
    /// What this comes to: ready where the system is done.
    fn into_poll(self) -> Poll<()>;
}

impl EndStep for () {
    fn into_poll(self) -> Poll<()> {
        Poll::Ready(())
    }
}

impl EndStep for Poll<()> {
    fn into_poll(self) -> Poll<()> {
        self
    }
}

/// The end of the session that is being left, for the systems of
/// [`on_session_end`](crate::SessionHooksExt::on_session_end). It is there only while they run.
#[derive(Resource, Clone, Debug)]
pub struct SessionEnding {
    session: SessionId,
    departure: Departure,
}

impl SessionEnding {
    /// The session.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// Why it ends for good; `None` if it is closed, and can be continued.
    #[must_use]
    pub fn reason(&self) -> Option<EndReason> {
        self.departure.end
    }

    /// What brought it about.
    #[must_use]
    pub fn cause(&self) -> LeaveCause {
        self.departure.leaving.cause
    }

    /// The game's own words about it; may be empty.
    #[must_use]
    pub fn words(&self) -> &str {
        &self.departure.leaving.words
    }

    /// Puts other words in their place. They are kept with the session, in
    /// [`SessionEntry::left`](crate::SessionEntry::left).
    pub fn say(&mut self, words: impl Into<String>) {
        self.departure.leaving.words = words.into();
    }
}

/// A system that runs when a session is left.
pub(crate) struct EndHook {
    name: String,
    run: Box<dyn FnMut(&mut World) -> bool + Send + Sync>,
}

impl EndHook {
    pub(super) fn new<Out: EndStep + 'static, M>(
        system: impl IntoSystem<(), Out, M> + 'static,
    ) -> Self {
        let mut system = HookSystem::new(system);
        let name = system.name();
        let run = move |world: &mut World| match system.run((), world) {
            Ok(step) => step.into_poll().is_ready(),
            Err(error) => {
                error!(system = %system.name(), %error, "a system of the session's end can't run");
                true
            }
        };
        Self { name, run: Box::new(run) }
    }
}

/// A session's end before its last checkpoint.
pub(crate) struct Ending {
    departure: Departure,
    /// What is restored when the session was left.
    then: Option<Box<Taken>>,
    /// The hook whose turn it is.
    next: usize,
    /// Until when hooks may take their time.
    until: Instant,
}

impl RuntimeParts {
    /// Begins a session's end, which goes on for as many frames as the game's hooks need.
    pub(super) fn begin_ending(
        &mut self,
        world: &mut World,
        session: SessionId,
        departure: Departure,
    ) {
        // The other half is for the last checkpoint.
        let patience = world.get_resource_or_init::<SessionSettings>().exit_patience / 2;
        let (then, next, until) = (None, 0, clock::deadline(patience));
        if !self.hooks.on_end.is_empty() {
            world.insert_resource(SessionEnding { session, departure: departure.clone() });
        }
        let ending = Ending { departure, then, next, until };
        self.transition = Some(Transition::Ending(Box::new(ending)));
        self.go_on_ending(world);
    }

    /// Runs the hooks that aren't done. After the last of them the session is left.
    pub(super) fn go_on_ending(&mut self, world: &mut World) {
        while let Some(Transition::Ending(ending)) = &mut self.transition {
            let Some(hook) = self.hooks.on_end.get_mut(ending.next) else {
                return self.leave_after_hooks(world);
            };
            if !(hook.run)(world) {
                if clock::instant() < ending.until {
                    return;
                }
                warn!(
                    system = hook.name,
                    "a system of the session's end isn't done, and is given up"
                );
            }
            world.flush();
            ending.next += 1;
        }
    }

    /// Takes the last checkpoint, whether hooks are done or not.
    pub(super) fn leave_after_hooks(&mut self, world: &mut World) {
        let Some(Transition::Ending(ending)) =
            self.transition.take_if(|at| matches!(at, Transition::Ending(_)))
        else {
            return;
        };
        let Ending { mut departure, then, .. } = *ending;
        if let Some(ending) = world.remove_resource::<SessionEnding>() {
            departure = ending.departure;
        }
        self.leave_now(world, departure, then);
    }

    /// What is to be restored once the session that is being left is over.
    pub(super) fn restore_when_left(&mut self, taken: Taken) {
        if let Some(Transition::Ending(ending)) = &mut self.transition {
            ending.then = Some(Box::new(taken));
        } else if let Some(Transition::Leaving(leaving)) = &mut self.transition {
            leaving.then = Some(Box::new(taken));
        }
    }

    /// How long the hooks of the end may be waited for before they are asked again; `None` if none is
    /// waited for.
    pub(super) fn pause_between_hooks(&self) -> Option<Duration> {
        let is_ending = matches!(self.transition, Some(Transition::Ending(_)));
        is_ending.then_some(Duration::from_millis(2))
    }
}

impl Ending {
    /// Whether something is restored after it.
    pub(super) fn is_for_restore(&self) -> bool {
        self.then.is_some()
    }
}
