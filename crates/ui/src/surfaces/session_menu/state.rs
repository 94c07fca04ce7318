//! The state of the menu while it is open.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::recovery::RecoveryError;
use bevy_session::requests::{Request, SessionRequest};
use bevy_session::slots::SlotId;
use bevy_session::{RequestError, SessionCommandsExt, SessionId, Ticket};

use super::form::Form;
use super::found::Found;
use super::grouped::Grouping;
use super::unconfirmed::Unconfirmed;
use crate::surfaces::asking::asked_by;

/// The session menu.
#[derive(Resource, Debug, Default)]
pub struct SessionMenu {
    pub(super) is_open: bool,
    /// The player who opened it, and asks for all that is asked for in it.
    pub(super) by: Option<String>,
    pub(super) tab: Tab,
    /// The text in the search field.
    pub(super) search: String,
    /// Tags that everything listed has.
    pub(super) tags: Vec<String>,
    pub(super) sort: Sort,
    pub(super) grouping: Grouping,
    pub(super) found: Found,
    pub(super) chosen: Option<EntryId>,
    /// The first line of the list that is shown.
    pub(super) first_line: usize,
    /// The form in the place of the list.
    pub(super) form: Option<Form>,
    /// True if, in a tiny window, all actions are shown in the place of the list.
    pub(super) shows_more: bool,
    /// The last thing that was done.
    pub(super) toast: Option<Toast>,
    /// Requests, beside the one that is being loaded, that aren't answered yet.
    pub(super) unconfirmed: Unconfirmed,
    /// The request that is being loaded, with its ticket: others may ask for the same.
    pub(super) loading: Option<(Ticket, Request)>,
    /// Why the last thing that was asked for could not be done.
    pub(super) failure: Option<Failure>,
    /// The button that is to have the focus next.
    pub(super) wants_focus: Option<Does>,
}

impl SessionMenu {
    /// As it is when it is opened or closed: the order and the groups of the list stay.
    pub(super) fn reset(&mut self, is_open: bool) {
        let unconfirmed = std::mem::take(&mut self.unconfirmed);
        let (sort, grouping) = (self.sort, self.grouping);
        *self = Self { is_open, sort, grouping, unconfirmed, ..default() };
    }

    /// Makes a request in the name of the player who opened the menu. An edit is shown from now on.
    pub(super) fn ask(&mut self, request: impl Into<Request>, commands: &mut Commands) {
        let request = request.into();
        let ticket = asked_by(commands.session(), &self.by).request(request.clone());
        self.unconfirmed.show(ticket, request);
    }

    /// The same for a request that closes the menu once it is done.
    pub(super) fn load(&mut self, request: impl Into<Request>, commands: &mut Commands) {
        let request = request.into();
        let ticket = asked_by(commands.session(), &self.by).request(request.clone());
        self.loading = Some((ticket, request));
    }

    /// Loads nothing any more if this is the ticket of what is being loaded. Returns true if it is.
    pub(super) fn stop_loading(&mut self, ticket: Ticket) -> bool {
        self.loading.take_if(|(loading, _)| *loading == ticket).is_some()
    }

    /// Shows that a request failed.
    pub(super) fn fail(&mut self, failure: Failure) {
        self.failure = Some(failure);
        self.toast = None;
        self.wants_focus = Some(Does::Play);
    }

    /// Shows the list from its beginning, with the first entry chosen.
    pub(super) fn list_again(&mut self) {
        self.first_line = 0;
        self.chosen = None;
    }

    /// True if this session is being loaded.
    pub(super) fn is_loading(&self, session: SessionId) -> bool {
        match &self.loading {
            Some((
                _,
                Request::Session(
                    SessionRequest::Recover(loading, _) | SessionRequest::Continue(loading),
                ),
            )) => *loading == session,
            _ => false,
        }
    }

    /// True if a new session is being started in a world that the game makes.
    pub(super) fn is_starting(&self) -> bool {
        matches!(self.loading, Some((_, Request::Session(SessionRequest::Start(_)))))
    }

    /// The slot that is deleted once it can't be had back any more.
    pub(super) fn doomed(&self) -> Option<SlotId> {
        match self.toast.as_ref().and_then(|toast| toast.undo) {
            Some(Undo::KeepSlot(slot)) => Some(slot),
            _ => None,
        }
    }

    /// Returns true if the menu is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.is_open
    }
}

/// The time for which a button undoes a deletion.
#[derive(Resource, Clone, Copy, Debug)]
pub(super) struct UndoTime(pub Duration);

/// True if the menu starts new sessions as well.
#[derive(Resource, Clone, Copy, Debug)]
pub(super) struct NewSessions(pub bool);

/// The id of an entry of the list.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum EntryId {
    Session(SessionId),
    Slot(SlotId),
}

/// A tab: the part of all entries that is listed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Tab {
    /// Sessions at hand, and slots.
    #[default]
    Open,
    Favourites,
    Archive,
    Trash,
}

/// A note on what was done, shown for a while.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Toast {
    pub said: Said,
    pub name: String,
    /// Time that it is still shown.
    pub left: Duration,
    pub undo: Option<Undo>,
}

/// The text of a toast.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Said {
    SlotGoes,
    Deleted,
    Archived,
    IsBack,
    Copied,
}

/// The way in which an action is undone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Undo {
    /// Slots have no trash: it is deleted when the time for undoing is over.
    KeepSlot(SlotId),
    TakeOutOfTrash(SessionId),
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

/// The action of a button or field of the menu.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Does {
    /// A row, by what it lists and how many rows above list the same: a session is in the group of each of
    /// its tags.
    Choose(EntryId, usize),
    /// Continues, recovers or loads what is chosen, or takes it out of the trash.
    Play,
    Show(Tab),
    /// The search field.
    Search,
    ClearSearch,
    /// Lists what has this tag, or no longer only that.
    Tag(String),
    Sort(Sort),
    /// Asks what the list is to be grouped by.
    ChooseGroups,
    Group(Grouping),
    Scroll(i32),
    /// Makes what is chosen a favourite, or no longer.
    Favourite(bool),
    /// Makes a second session of it.
    Duplicate,
    /// Asks for a new name.
    Rename,
    /// The field for a new name, or the name of a new session.
    NewName,
    /// Asks whether what is chosen is to be put into the archive.
    Archive,
    /// Takes it out of the archive.
    BringBack,
    /// Pauses the session that is played, or resumes it.
    Pause,
    /// Asks whether the session that is played is to end.
    End,
    Delete,
    /// Asks whether what is chosen is to be removed for good.
    Forget,
    /// Asks what a new session is to be.
    New,
    /// Chooses the next scenario for it, or the one before.
    Scenario(bool),
    /// Does what a form asks about.
    Confirm,
    /// Leaves a form.
    Back,
    Undo,
    /// In a tiny window: shows all that can be done.
    More,
    /// Shows the timeline of the session that is played.
    Timeline,
    Close,
    Cancel,
}
