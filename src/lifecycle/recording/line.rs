//! Where the events of a run stand.
//!
//! After a crash, the events that no checkpoint holds become the new run's first ones, with their numbers, and are handed
//! out at the end of the frame in which the world came back; where that was before the game had its frame, at once. Until
//! the game has had its next frame, no event is taken and checkpoints keep the restored one's `events_through`. So a second
//! crash in between hands out the same again, and one after the next checkpoint nothing.

use std::collections::HashMap;

use bevy::prelude::*;
use bevy_session_journal::{RecordedEvent, SaveId};

use crate::recording::Reborn;

/// Where the events of a run stand.
#[derive(Default)]
pub(crate) struct EventLine {
    /// The number of the last event that there is.
    pub(in crate::lifecycle) newest: u64,
    /// The last event whose effect is in the world.
    pub(in crate::lifecycle) through: u64,
    pub(in crate::lifecycle) hand_out: HandingOut,
    /// Whether what the game records was left out since the last checkpoint: what comes can't be handed out on top of
    /// that one.
    pub(in crate::lifecycle) is_interrupted: bool,
}

/// What is handed out again after a crash.
#[derive(Default)]
pub(in crate::lifecycle) enum HandingOut {
    /// Nothing, or it is long done.
    #[default]
    Nothing,
    /// These, at the end of the frame in which the world came back.
    Due(Box<Due>),
    /// It was, and the game has not had a frame yet to deal with it.
    Done { through: u64 },
}

/// Events that no checkpoint holds.
pub(in crate::lifecycle) struct Due {
    pub(super) events: Vec<RecordedEvent>,
    pub(super) entities: Reborn,
}

impl Due {
    /// These events, in a world in which entities have these ids; `None` if there are none.
    pub(in crate::lifecycle) fn new(
        events: Vec<RecordedEvent>,
        ids: &[(Entity, SaveId)],
    ) -> Option<Self> {
        if events.is_empty() {
            return None;
        }
        let entities: HashMap<_, _> = ids.iter().map(|(entity, id)| (*id, *entity)).collect();
        Some(Self { events, entities: Reborn(entities) })
    }
}

impl EventLine {
    /// A run that goes on after event `newest`, in a world that holds the effects of those up to `through`;
    /// `due` are handed out again.
    pub(in crate::lifecycle) fn after(newest: u64, through: u64, due: Option<Due>) -> Self {
        let hand_out = due.map_or(HandingOut::Nothing, |due| HandingOut::Due(Box::new(due)));
        Self { newest, through, hand_out, is_interrupted: false }
    }

    /// The last event whose effect is in the world.
    pub(in crate::lifecycle) fn through(&self) -> u64 {
        self.through
    }

    /// Whether events may be taken now: between the hand-out and the end of the frame in which the game
    /// deals with it, what comes waits.
    pub(in crate::lifecycle) fn is_open(&self) -> bool {
        matches!(self.hand_out, HandingOut::Nothing)
    }
}
