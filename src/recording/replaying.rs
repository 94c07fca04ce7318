//! Gives a game the inputs of a tape instead of those that its own systems write.

use std::collections::VecDeque;
use std::sync::Arc;

use bevy::app::FixedMainScheduleOrder;
use bevy::ecs::message::{Message, MessageCursor, Messages};
use bevy::ecs::resource::Resource;
use bevy::ecs::system::{Local, Res, ResMut};
use bevy_session_journal::{EventMoment, RestoreReason};

use super::app_ext::InputSchedule;
use super::{FixedTicks, Recordable};

/// Exists in an app that plays a recording, and nowhere else: inputs come from the tape, and none are recorded.
///
/// Systems that shall not run in a replay, such as those that read keys or resume sessions, can ask for it.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session::replay::Replaying;
///
/// # fn read_keys() {}
/// # let mut app = App::new();
/// app.add_systems(Update, read_keys.run_if(not(resource_exists::<Replaying>)));
/// ```
#[derive(Resource, Default, Debug)]
pub struct Replaying {
    /// The frame's number on the tape.
    pub(crate) frame: u64,
    /// The offset from the fixed schedule's runs in this process to its runs on the tape.
    pub(crate) ticks_ahead: i128,
    /// Types of inputs that could not be read, each with the first reason.
    pub(crate) unreadable: Vec<(Arc<str>, String)>,
    pub(crate) restored: Option<RestoreReason>,
    /// True while the replay itself loads a checkpoint of the recording.
    pub(crate) is_loading: bool,
}

impl Replaying {
    /// The reason for which the recorded game had just restored a checkpoint at the moment at which the replay began;
    /// `None` if it was playing.
    ///
    /// In an observer of [`SessionRestored`](crate::SessionRestored), whose own reason is
    /// [`Replayed`](RestoreReason::Replayed) in a replay, it says whether the frames that follow on the tape are the first
    /// ones after a restore.
    #[must_use]
    pub fn restored(&self) -> Option<RestoreReason> {
        self.restored
    }
}

/// Inputs of a type that are still to come, each with its moment on the tape.
#[derive(Resource)]
pub(super) struct ToCome<T>(pub VecDeque<(EventMoment, T)>);

impl<T> Default for ToCome<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

/// Writes the inputs of this run of the schedule, and drops what the game's own systems wrote.
pub(super) fn feed_inputs<T: Message + Recordable>(
    replaying: Res<Replaying>,
    schedule: Res<InputSchedule<T>>,
    order: Option<Res<FixedMainScheduleOrder>>,
    ticks: Res<FixedTicks>,
    messages: Option<ResMut<Messages<T>>>,
    mut to_come: ResMut<ToCome<T>>,
    mut fed: Local<MessageCursor<T>>,
) {
    let Some(mut messages) = messages else { return };
    let is_fixed = schedule.is_fixed(order.as_deref());
    let is_due = |moment: EventMoment| match is_fixed {
        true => i128::from(moment.tick) <= i128::from(ticks.0) + replaying.ticks_ahead,
        // Runs of a schedule that isn't fixed are as many as the game lets there be: the frame is what is known.
        false => moment.frame <= replaying.frame,
    };
    let mut inputs = Vec::new();
    // The frames of a loading screen aren't on the tape.
    while !replaying.is_loading
        && let Some((_, input)) = to_come.0.pop_front_if(|(moment, _)| is_due(*moment))
    {
        inputs.push(input);
    }
    if !inputs.is_empty() || !fed.is_empty(&messages) {
        replace_newest(&mut messages, &mut fed, inputs);
    }
}

/// Drops what was fed before a checkpoint is loaded: the restored world has other inputs.
pub(super) fn forget_fed<T: Message>(
    replaying: Res<Replaying>,
    messages: Option<ResMut<Messages<T>>>,
) {
    if replaying.is_loading
        && let Some(mut messages) = messages
    {
        messages.clear();
    }
}

/// Writes inputs in place of the messages that were written since the last time.
///
/// Readers count messages. Some have read what was fed before, and some, such as those that run once a frame, have yet
/// to read it. So that stays and keeps its numbers, and the inputs get the numbers of the messages that go. Where more
/// were written than are due, all go: Bevy can't remove some of them.
fn replace_newest<T: Message>(
    messages: &mut Messages<T>,
    fed: &mut MessageCursor<T>,
    inputs: Vec<T>,
) {
    let written = fed.len(messages);
    if written > inputs.len() {
        messages.clear();
    }
    let mut inputs = inputs.into_iter();
    for (place, input) in fed.read_mut(messages).zip(inputs.by_ref()) {
        *place = input;
    }
    messages.extend(inputs);
    *fed = messages.get_cursor_current();
}
