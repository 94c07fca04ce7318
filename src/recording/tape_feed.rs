//! Gives a game the inputs of a tape instead of those that its own systems write.

use std::collections::VecDeque;
use std::sync::Arc;

use bevy::ecs::message::Messages;
use bevy::ecs::resource::Resource;
use bevy::ecs::system::{Local, Res, ResMut};

use super::app_ext::InputSchedule;
use super::{FixedTicks, Recordable};
use bevy::ecs::message::Message;

/// The position of a tape. While the resource exists, inputs come from the tape, and none are
/// recorded.
#[derive(Resource, Default)]
pub(crate) struct TapeFeed {
    /// The frame's number on the tape.
    pub frame: u64,
    /// The offset from the fixed schedule's runs in this process to its runs on the tape.
    pub ticks_ahead: i128,
    /// Types of inputs that could not be read, each with the first reason.
    pub unreadable: Vec<(Arc<str>, String)>,
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
    feed: Res<TapeFeed>,
    schedule: Res<InputSchedule<T>>,
    ticks: Res<FixedTicks>,
    messages: Option<ResMut<Messages<T>>>,
    mut to_come: ResMut<ToCome<T>>,
    mut fed: Local<usize>,
) {
    let Some(mut messages) = messages else { return };
    let written = |messages: &Messages<T>| messages.oldest_message_count() + messages.len();
    let now = match schedule.is_fixed() {
        true => i128::from(ticks.0) + feed.ticks_ahead,
        false => i128::from(feed.frame),
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
