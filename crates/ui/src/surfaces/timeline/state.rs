//! The state of the timeline while it is open.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::recovery::RecoveryError;
use bevy_session::requests::CurrentRequest;
use bevy_session::{CheckpointId, RequestError, RewindTo};

/// The timeline on the screen.
#[derive(Resource, Debug, Default)]
pub struct SessionTimeline {
    pub(super) is_open: bool,
    /// The player who opened it, and asks for all that is asked for in it.
    pub(super) by: Option<String>,
    /// True if the session menu opened it, and is shown again when it closes.
    pub(super) is_from_menu: bool,
    /// The session's play time when it was opened: what is listed is counted back from there.
    pub(super) opened_at: Duration,
    pub(super) chosen: Option<CheckpointId>,
    /// The first row that is shown.
    pub(super) first_row: usize,
    /// The request that is being restored.
    pub(super) asked: Option<CurrentRequest>,
    /// Why that could not be done.
    pub(super) failure: Option<Failure>,
    /// The button that is to have the focus next.
    pub(super) wants_focus: Option<Does>,
}

/// True if the game's time is paused while the timeline is open.
#[derive(Resource)]
pub(super) struct StandsStill(pub bool);

/// Why what was asked for could not be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Failure {
    Rejected(RequestError),
    Unrecoverable(RecoveryError),
    /// It turned out to be damaged while it was read.
    Damaged,
}

/// The action of a button of the timeline.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Does {
    Choose(CheckpointId),
    /// Goes to what is chosen.
    GoBack,
    /// Goes back to what the newest rewind has left.
    UndoRewind,
    /// Goes back to what the newest load has left.
    UndoLoad,
    Close,
    Cancel,
    Scroll(i32),
}

impl SessionTimeline {
    /// Returns true if the timeline is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Opens it for a session that was played for so long.
    pub(in crate::surfaces) fn open(
        &mut self,
        play_time: Duration,
        by: Option<String>,
        is_from_menu: bool,
    ) {
        if !self.is_open {
            let opened_at = play_time;
            *self = Self { is_open: true, by, is_from_menu, opened_at, ..Self::default() };
        }
    }

    pub(super) fn close(&mut self) {
        *self = Self::default();
    }

    /// Shows that a request failed.
    pub(super) fn fail(&mut self, failure: Failure) {
        self.asked = None;
        self.failure = Some(failure);
        self.wants_focus = self.chosen.map(Does::Choose);
    }

    /// True if a chosen checkpoint is being restored.
    pub(super) fn is_going_to_checkpoint(&self) -> bool {
        matches!(self.asked, Some(CurrentRequest::Rewind(RewindTo::Checkpoint(_))))
    }
}
