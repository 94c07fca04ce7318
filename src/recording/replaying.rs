//! Gives a game the inputs of a tape instead of those that its own systems write.

use std::collections::VecDeque;
use std::sync::Arc;

use bevy::ecs::message::Messages;
use bevy::ecs::resource::Resource;
use bevy::ecs::system::{Local, Res, ResMut};
use bevy_session_journal::RestoreReason;

use super::app_ext::InputSchedule;
use super::{FixedTicks, Recordable};
use bevy::ecs::message::Message;

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

/// Inputs of a type that are still to come, each with its tick on the tape.
#[derive(Resource)]
pub(super) struct ToCome<T>(pub VecDeque<(u64, T)>);

impl<T> Default for ToCome<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

/// Writes the inputs of this run of the schedule, and drops all others.
pub(super) fn feed_inputs<T: Message + Recordable>(
    replaying: Res<Replaying>,
    schedule: Res<InputSchedule<T>>,
    ticks: Res<FixedTicks>,
    messages: Option<ResMut<Messages<T>>>,
    mut to_come: ResMut<ToCome<T>>,
    mut fed: Local<usize>,
) {
    let Some(mut messages) = messages else { return };
    let written = |messages: &Messages<T>| messages.oldest_message_count() + messages.len();
    let now = match schedule.is_fixed() {
        true => i128::from(ticks.0) + replaying.ticks_ahead,
        false => i128::from(replaying.frame),
    };
    // Those of the step before stay for the readers of the frame; what the game's own systems wrote goes.
    if written(&messages) != *fed {
        messages.clear();
    }
    while let Some((_, input)) = to_come.0.pop_front_if(|(tick, _)| i128::from(*tick) <= now) {
        messages.write(input);
    }
    *fed = written(&messages);
}
