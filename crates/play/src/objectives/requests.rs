//! Requests of the game to its objectives.

use std::fmt;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::SessionRestored;
use tracing::warn;

use super::change::ObjectiveStep;
use super::changing::make;
use super::key::ObjectiveKey;
use super::notifications::ObjectiveRejected;
use super::progress::{Blocker, ObjectiveState};
use super::request::{ObjectiveRefusal, ObjectiveRequest};
use super::settling::follow_up;
use super::tree::{ObjectiveView, Objectives};
use crate::line::{announce, request_span};

/// Makes requests about objectives; [`ObjectiveCommandsExt::objectives`] has it.
///
/// They are done in their order, in the same frame if they are made before
/// [`ObjectiveSystems`](crate::ObjectiveSystems), and are part of that frame's checkpoint. While a session is
/// restored they wait; if that replaces the world, they are refused. What can't be done is answered with
/// [`ObjectiveRejected`], and changes nothing.
pub struct ObjectiveCommands<'a, 'w, 's> {
    commands: &'a mut Commands<'w, 's>,
}

/// Adds [`objectives`](Self::objectives) to [`Commands`].
pub trait ObjectiveCommandsExt<'w, 's> {
    /// Requests about objectives.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session_play::{Blocker, ObjectiveCommandsExt};
    ///
    /// fn play(mut commands: Commands) {
    ///     commands.objectives().advance("town/well", 1);
    ///     commands.objectives().block("bridge", Blocker::new("The river is high").owner("Ann"));
    /// }
    /// # bevy::ecs::system::assert_is_system(play);
    /// ```
    fn objectives(&mut self) -> ObjectiveCommands<'_, 'w, 's>;
}

impl<'w, 's> ObjectiveCommandsExt<'w, 's> for Commands<'w, 's> {
    fn objectives(&mut self) -> ObjectiveCommands<'_, 'w, 's> {
        ObjectiveCommands { commands: self }
    }
}

impl fmt::Debug for ObjectiveCommands<'_, '_, '_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ObjectiveCommands").finish_non_exhaustive()
    }
}

impl ObjectiveCommands<'_, '_, '_> {
    /// Notes that an objective was done so many times more. When it was done as often as its
    /// [`count`](crate::Objective::count) says, it is completed. 0 changes nothing.
    pub fn advance(&mut self, key: impl Into<ObjectiveKey>, times: u32) {
        self.request(key, ObjectiveRequest::Advance(times));
    }

    /// Notes that an objective was done so many times in all, if the world has the number: lamps that burn, ore in
    /// the store. Counts go up only, and what is closed stays as it is, so this may be asked for as often as the
    /// game likes. After a crash nothing counts twice, as it can with [`advance`](Self::advance), whose count goes on
    /// from the last frame while the world goes back to the newest checkpoint.
    pub fn reach(&mut self, key: impl Into<ObjectiveKey>, times: u32) {
        self.request(key, ObjectiveRequest::Reach(times));
    }

    /// Completes an objective that is open and not locked, regardless of its count and its blockers.
    pub fn complete(&mut self, key: impl Into<ObjectiveKey>) {
        self.request(key, ObjectiveRequest::Complete);
    }

    /// Fails an objective that is open and not locked.
    pub fn fail(&mut self, key: impl Into<ObjectiveKey>) {
        self.request(key, ObjectiveRequest::Fail);
    }

    /// Opens an objective again that was completed or failed, from nothing. Groups around it are open again with
    /// it, and what needs it is locked again unless it is closed.
    pub fn reopen(&mut self, key: impl Into<ObjectiveKey>) {
        self.request(key, ObjectiveRequest::Reopen);
    }

    /// Puts something in the way of an objective that is open: its conditions aren't asked until it is resolved.
    pub fn block(&mut self, key: impl Into<ObjectiveKey>, blocker: Blocker) {
        self.request(key, ObjectiveRequest::Block(blocker));
    }

    /// Takes out of the way what was put there under these words.
    pub fn resolve(&mut self, key: impl Into<ObjectiveKey>, what: impl Into<String>) {
        self.request(key, ObjectiveRequest::Resolve { what: what.into() });
    }

    /// Makes any of these requests.
    pub fn request(&mut self, key: impl Into<ObjectiveKey>, request: ObjectiveRequest) {
        let key = key.into();
        self.commands.queue(move |world: &mut World| {
            world.get_resource_or_init::<ObjectiveRequests>().0.push((key, request));
        });
    }
}

/// The requests that aren't answered yet.
#[derive(Resource, Default)]
pub(crate) struct ObjectiveRequests(Vec<(ObjectiveKey, ObjectiveRequest)>);

impl ObjectiveRequests {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Does what was asked for until now, in order.
pub(crate) fn handle_requests(world: &mut World, at: Duration) {
    let requests = std::mem::take(&mut world.get_resource_or_init::<ObjectiveRequests>().0);
    for (key, request) in requests {
        let _span = request_span(world, "objective", request.name()).entered();
        match what_follows(world, &key, &request, at) {
            Ok((place, steps)) => {
                for step in steps {
                    make(world, place, step, at);
                }
            }
            Err(reason) => reject(world, ObjectiveRejected { key, request, reason }),
        }
    }
}

/// The page of the guide that explains a refusal.
const PAGE: &str = "docs/guide/objectives.md#what-can-go-wrong";

/// Answers a request that can't be done.
fn reject(world: &mut World, rejected: ObjectiveRejected) {
    let ObjectiveRejected { key, request, reason } = &rejected;
    warn!(request = request.name(), %key, error = %reason, page = PAGE, "request rejected");
    announce(world, rejected);
}

/// The steps that follow from a request.
fn what_follows(
    world: &mut World,
    key: &ObjectiveKey,
    request: &ObjectiveRequest,
    at: Duration,
) -> Result<Steps, ObjectiveRefusal> {
    let steps = world.get_resource_or_init::<Objectives>().steps_of(key, request, at);
    if !matches!(steps, Err(ObjectiveRefusal::Locked { .. })) {
        return steps;
    }
    // What was done before in this frame may have completed a group that it needs.
    follow_up(world, at);
    world.get_resource_or_init::<Objectives>().steps_of(key, request, at)
}

/// Refuses all that was asked for until now.
pub(crate) fn refuse_requests(world: &mut World, reason: &ObjectiveRefusal) {
    let requests = std::mem::take(&mut world.get_resource_or_init::<ObjectiveRequests>().0);
    for (key, request) in requests {
        reject(world, ObjectiveRejected { key, request, reason: reason.clone() });
    }
}

/// Refuses requests that were made in a world that is gone. They are taken here and now, since what other observers of
/// this ask for is meant for the new world.
pub(crate) fn give_up_requests(
    _: On<SessionRestored>,
    mut requests: ResMut<ObjectiveRequests>,
    mut commands: Commands,
) {
    for (key, request) in std::mem::take(&mut requests.0) {
        let reason = ObjectiveRefusal::WorldReplaced;
        commands.queue(move |world: &mut World| {
            reject(world, ObjectiveRejected { key, request, reason });
        });
    }
}

type Steps = (usize, Vec<ObjectiveStep>);

impl Objectives {
    /// The steps that follow from a request as objectives are now, if nothing forbids it.
    fn steps_of(
        &self,
        key: &str,
        request: &ObjectiveRequest,
        at: Duration,
    ) -> Result<Steps, ObjectiveRefusal> {
        let place = self.place(key).ok_or(ObjectiveRefusal::UnknownKey)?;
        let view = self.view(place).ok_or(ObjectiveRefusal::UnknownKey)?;
        if view.is_group() {
            return Err(ObjectiveRefusal::Group);
        }
        let is_open = view.state() == ObjectiveState::Open;
        let steps = match request {
            ObjectiveRequest::Reach(_) if !is_open => Vec::new(),
            request if request.is_progress() && !is_open => return Err(ObjectiveRefusal::Closed),
            request if request.is_progress() && view.is_locked() => {
                return Err(ObjectiveRefusal::Locked { missing: view.missing() });
            }
            ObjectiveRequest::Advance(0) => Vec::new(),
            ObjectiveRequest::Advance(times) => {
                advance_to(&view, view.saved().done().saturating_add(*times))
            }
            ObjectiveRequest::Reach(times) => advance_to(&view, *times),
            ObjectiveRequest::Complete => vec![ObjectiveStep::Completed],
            ObjectiveRequest::Fail => vec![ObjectiveStep::Failed],
            ObjectiveRequest::Reopen if is_open => return Err(ObjectiveRefusal::Open),
            ObjectiveRequest::Reopen => vec![ObjectiveStep::Reopened],
            ObjectiveRequest::Block(_) if !is_open => return Err(ObjectiveRefusal::Closed),
            ObjectiveRequest::Block(blocker) if view.saved().is_blocked_by(&blocker.what) => {
                return Err(ObjectiveRefusal::AlreadyBlocked);
            }
            ObjectiveRequest::Block(blocker) => {
                vec![ObjectiveStep::Blocked(Blocker { since: at, ..blocker.clone() })]
            }
            ObjectiveRequest::Resolve { what } if !view.saved().is_blocked_by(what) => {
                return Err(ObjectiveRefusal::NotBlocked);
            }
            ObjectiveRequest::Resolve { what } => {
                vec![ObjectiveStep::Resolved { what: what.clone() }]
            }
        };
        Ok((place, steps))
    }
}

/// The steps of an objective that is done so many times in all by now.
fn advance_to(view: &ObjectiveView<'_>, times: u32) -> Vec<ObjectiveStep> {
    let count = view.definition().times();
    let done = times.min(count);
    let advanced = (done > view.saved().done()).then_some(ObjectiveStep::Advanced { done, count });
    // A build may have made the count smaller.
    let completed = (done == count).then_some(ObjectiveStep::Completed);
    advanced.into_iter().chain(completed).collect()
}
