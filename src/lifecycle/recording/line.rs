//! The position of a run in the session's events.
//!
//! After a crash, the events that no checkpoint holds become the new run's first ones, with their
//! numbers, and are replayed at the end of the frame in which the world was restored; if that was
//! before the game's systems ran, at once. Until the game has had its next frame, no event is taken
//! and checkpoints keep the restored one's `events_through`. So a second crash in between replays
//! the same again, and one after the next checkpoint nothing.

use std::collections::HashMap;

use bevy::prelude::*;
use bevy_session_journal::{RecordedEvent, SaveId};

use crate::recording::Reborn;

/// The position of a run in the session's events.
#[derive(Default)]
pub(crate) struct EventLine {
    /// The number of the last event.
    pub(in crate::lifecycle) newest: u64,
    /// The last event whose effect is in the world.
    pub(in crate::lifecycle) through: u64,
    pub(in crate::lifecycle) hand_out: HandingOut,
    /// True if events were left out since the last checkpoint, so later ones can't be replayed on
    /// top of it.
    pub(in crate::lifecycle) is_interrupted: bool,
    /// The number of the game's own events since the last checkpoint.
    pub(in crate::lifecycle) since_checkpoint: u64,
}

/// Events that are replayed after a crash, and the progress of that.
#[derive(Default)]
pub(in crate::lifecycle) enum HandingOut {
    /// None, or all of them were handled.
    #[default]
    Nothing,
    /// These are due, at the end of the frame in which the world was restored.
    Due(Box<Due>),
    /// Done, but the game has not had a frame yet to handle them.
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
    /// A run that continues after event `newest`, in a world that holds the effects of those up to
    /// `through`; `due` are replayed.
    pub(in crate::lifecycle) fn after(newest: u64, through: u64, due: Option<Due>) -> Self {
        let hand_out = due.map_or(HandingOut::Nothing, |due| HandingOut::Due(Box::new(due)));
        Self { newest, through, hand_out, ..Self::default() }
    }

    /// Notes that a checkpoint is taken. Returns the last event that it holds.
    pub(in crate::lifecycle) fn note_checkpoint(&mut self) -> u64 {
        self.since_checkpoint = 0;
        self.through
    }

    /// Returns true if events may be taken now. Between the replay and the end of the frame in
    /// which the game handles it, new ones wait.
    pub(in crate::lifecycle) fn is_open(&self) -> bool {
        matches!(self.hand_out, HandingOut::Nothing)
    }
}
