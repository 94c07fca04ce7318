//! Code that the parts of this package share: changes that the session's log brings back after a crash, and values that
//! go with the session instead of its world.

use std::time::Duration;

use bevy::ecs::component::Mutable;
use bevy::ecs::message::MessageCursor;
use bevy::prelude::*;
use bevy_session::recovery::{RestoreCancelled, RestoreReason, RestoreStarted};
use bevy_session::replay::Replaying;
use bevy_session::{CurrentSession, SessionActivity, SessionId, SessionRestored};
use tracing::{Span, info_span, warn};

/// Notifies the game: readers of messages, and observers, whose commands are done at once.
pub(crate) fn announce<N>(world: &mut World, notification: N)
where
    N: Message + Clone,
    for<'a> N: Event<Trigger<'a>: Default>,
{
    world.write_message(notification.clone());
    tell_observers(world, notification);
}

/// The same for what is written as a message already.
pub(crate) fn tell_observers<N>(world: &mut World, notification: N)
where
    for<'a> N: Event<Trigger<'a>: Default>,
{
    world.trigger(notification);
    world.flush();
}

/// The span of a request about this, with the session that is played, as requests of the session itself have one.
pub(crate) fn request_span(world: &World, about: &str, name: &str) -> Span {
    let session = world.get_resource::<CurrentSession>().map(CurrentSession::id);
    let session = session.map(tracing::field::display);
    info_span!("session_request", request = %format_args!("{about}_{name}"), session.id = session)
}

/// The most rounds in one frame in which requests of observers are done; the rest waits for the next frame.
const ROUNDS: usize = 64;

/// Does a round of what is asked for, and another of what observers of that ask for, until one says that there was
/// nothing to do. What is asked for in a frame belongs into its checkpoint: requests aren't saved. Whether nothing is
/// left.
pub(crate) fn in_rounds(
    world: &mut World,
    observed: &str,
    mut round: impl FnMut(&mut World) -> bool,
) -> bool {
    let is_done = (0..ROUNDS).any(|_| !round(world));
    if !is_done {
        warn!(
            "observers of {observed} make new requests in each of {ROUNDS} rounds; the rest waits \
             for the next frame"
        );
    }
    is_done
}

/// Applies a change to a resource, which counts as changed only if the change had an effect. Returns true if it had
/// one.
pub(crate) fn follow_in<R>(world: &mut World, follow: impl FnOnce(&mut R) -> bool) -> bool
where
    R: Resource<Mutability = Mutable> + FromWorld,
{
    let mut resource = world.get_resource_or_init::<R>();
    let has_changed = follow(resource.bypass_change_detection());
    if has_changed {
        resource.set_changed();
    }
    has_changed
}

/// Where reading is in the changes of a type: behind all that were made here, so that what comes is what a crash had
/// cut off and is handed out again.
#[derive(Resource)]
pub(crate) struct HandedOut<T: Message> {
    cursor: MessageCursor<T>,
    /// True if the next step waits: the frame in which a session came back isn't recorded, and what a crash had cut off
    /// comes at its end.
    rests: bool,
}

impl<T: Message> Default for HandedOut<T> {
    fn default() -> Self {
        Self { cursor: MessageCursor::default(), rests: false }
    }
}

/// Takes the messages that were handed out since the last call.
pub(crate) fn take_handed_out<T: Message + Clone>(world: &mut World) -> Vec<T> {
    let changes = world.try_resource_scope(|world, mut handed_out: Mut<HandedOut<T>>| {
        let messages = world.get_resource::<Messages<T>>()?;
        Some(handed_out.cursor.read(messages).cloned().collect::<Vec<_>>())
    });
    changes.flatten().unwrap_or_default()
}

/// Passes over the changes that were written until now.
pub(crate) fn pass_over<T: Message>(world: &mut World) {
    let Some(messages) = world.get_resource::<Messages<T>>() else { return };
    let cursor = messages.get_cursor_current();
    world.get_resource_or_init::<HandedOut<T>>().cursor = cursor;
}

/// A world came back: what was written before is passed over, and nothing is done in this frame.
pub(crate) fn rest_after_restore<T: Message>(world: &mut World) {
    pass_over::<T>(world);
    world.get_resource_or_init::<HandedOut<T>>().rests = true;
}

/// True if nothing may be done in this step: after a restore, or while a checkpoint is being read or put back, since
/// what happens meanwhile may be part of no line.
pub(crate) fn must_wait<T: Message>(world: &mut World) -> bool {
    let mut handed_out = world.get_resource_or_init::<HandedOut<T>>();
    let rests = std::mem::take(&mut handed_out.bypass_change_detection().rests);
    let activity = world.get_resource::<SessionActivity>();
    rests || activity.is_some_and(|activity| activity.restore().is_some())
}

/// The value of a resource before a restore.
#[derive(Clone)]
pub(crate) struct Before<T> {
    pub value: T,
    /// The play time of the session that was played.
    pub play_time: Duration,
    session: Option<SessionId>,
}

#[derive(Resource)]
struct Kept<T: Resource>(Option<Before<T>>);

/// The state of a resource that goes with the session, after a restore.
pub(crate) enum Came<T> {
    /// The session that was played went back: this is what it had.
    Back(Before<T>),
    /// A session was resumed; the world has what its checkpoint held.
    UpAgain,
    /// A session began in a world that another one has left.
    New,
    /// A replay began: the world has what the recorded one had. It had just come back there if this is true.
    Replayed(bool),
}

/// Keeps a resource with the session and not with its world: `settle` gets its state before, when a restore is done.
pub(crate) fn keep_through_restores<T: Resource<Mutability = Mutable> + Clone + Default>(
    app: &mut App,
    settle: fn(&mut World, Came<T>),
) {
    app.insert_resource(Kept::<T>(None))
        .add_observer(put_aside::<T>)
        .add_observer(put_back::<T>)
        .add_observer(move |restored: On<SessionRestored>, mut commands: Commands| {
            let (session, reason) = (restored.session, restored.reason);
            commands.queue(move |world: &mut World| {
                let kept = world.get_resource_mut::<Kept<T>>().and_then(|mut kept| kept.0.take());
                let same = kept.filter(|before| before.session == Some(session));
                let replaying = world.get_resource::<Replaying>();
                let had_come_back =
                    replaying.is_some_and(|replaying| replaying.restored().is_some());
                let came = match (same, reason) {
                    (_, RestoreReason::Replayed) => Came::Replayed(had_come_back),
                    (Some(before), _) => Came::Back(before),
                    (None, RestoreReason::BranchedOff) => Came::New,
                    (None, _) => Came::UpAgain,
                };
                settle(world, came);
            });
        });
}

fn put_aside<T: Resource<Mutability = Mutable> + Clone + Default>(
    started: On<RestoreStarted>,
    current: Option<Res<CurrentSession>>,
    mut value: ResMut<T>,
    mut kept: ResMut<Kept<T>>,
) {
    let session = current.as_ref().map(|current| current.id());
    let play_time = current.map(|current| current.play_time()).unwrap_or_default();
    kept.0 = Some(Before { value: value.clone(), play_time, session });
    if session != Some(started.session) {
        // A checkpoint of a build without it says nothing of it.
        *value = T::default();
    }
}

fn put_back<T: Resource<Mutability = Mutable> + Clone>(
    _: On<RestoreCancelled>,
    mut value: ResMut<T>,
    mut kept: ResMut<Kept<T>>,
) {
    if let Some(before) = kept.0.take() {
        *value = before.value;
    }
}
