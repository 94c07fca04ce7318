//! What the menu remembers while it is open.

use std::time::Duration;

use bevy::prelude::*;

use crate::journal::{SessionId, SlotId};
use crate::lifecycle::{Request, SessionRequest};
use crate::session::{RecoveryError, RequestError};

/// The session menu.
#[derive(Resource, Debug, Default)]
pub struct SessionMenu {
    pub(super) is_open: bool,
    pub(super) sort: Sort,
    pub(super) chosen: Option<EntryId>,
    /// The first row that is shown.
    pub(super) first_row: usize,
    /// What is deleted once the time for undoing is over.
    pub(super) doomed: Option<Doomed>,
    /// What was asked for and is being loaded.
    pub(super) loading: Option<Request>,
    /// Why the last thing that was asked for could not be done.
    pub(super) failure: Option<Failure>,
    /// The button that is to have the focus next.
    pub(super) wants_focus: Option<Does>,
}

impl SessionMenu {
    /// What was asked for could not be done.
    pub(super) fn fail(&mut self, failure: Failure) {
        self.loading = None;
        self.failure = Some(failure);
        self.wants_focus = Some(Does::Play);
    }

    /// Whether this session is being loaded.
    pub(super) fn is_loading(&self, session: SessionId) -> bool {
        match &self.loading {
            Some(Request::Session(
                SessionRequest::Recover(loading, _) | SessionRequest::Continue(loading),
            )) => *loading == session,
            _ => false,
        }
    }

    /// Whether the menu is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.is_open
    }
}

/// How long what was deleted can be had back.
#[derive(Resource, Clone, Copy, Debug)]
pub(super) struct UndoTime(pub Duration);

/// Something that is listed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum EntryId {
    Session(SessionId),
    Slot(SlotId),
}

/// Something that is about to be deleted.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Doomed {
    pub entry: EntryId,
    pub name: String,
    /// Time that is left to undo it.
    pub left: Duration,
}

/// The order of the list.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Sort {
    #[default]
    Newest,
    Name,
    PlayTime,
}

/// Why what was asked for could not be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Failure {
    Rejected(RequestError),
    Unrecoverable(RecoveryError),
    /// It turned out to be damaged while it was read.
    Damaged,
}

/// What the menu's buttons do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Does {
    Choose(EntryId),
    /// Continues, recovers or loads what is chosen.
    Play,
    Delete,
    Undo,
    /// Shows the timeline of the session that is played.
    Timeline,
    Close,
    Cancel,
    Sort(Sort),
    Scroll(i32),
}
