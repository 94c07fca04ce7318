//! Edits that are shown at once, and taken back if they are refused.

use std::borrow::Cow;

use bevy_session::library::SessionEntry;
use bevy_session::requests::{Request, SessionRequest};
use bevy_session::slots::{SlotId, SlotRequest};
use bevy_session::{SessionId, SessionMetadata, Ticket};

use super::state::EntryId;

/// Requests that aren't answered yet, in the order in which they were made.
#[derive(Debug, Default)]
pub(super) struct Unconfirmed(Vec<(Ticket, Request)>);

impl Unconfirmed {
    /// Shows an edit that was asked for from now on.
    pub fn show(&mut self, ticket: Ticket, request: Request) {
        self.0.push((ticket, request));
    }

    /// A request is done, which shows by itself now, or is refused. Returns true if it was made here.
    pub fn answered(&mut self, ticket: Ticket) -> bool {
        let place = self.0.iter().position(|(asked, _)| *asked == ticket);
        place.map(|place| self.0.remove(place)).is_some()
    }

    fn requests(&self) -> impl DoubleEndedIterator<Item = &Request> {
        self.0.iter().map(|(_, request)| request)
    }

    /// True if a copy of this session was asked for here.
    pub fn copies(&self, session: SessionId) -> bool {
        self.requests().any(|request| {
            matches!(request, Request::Session(SessionRequest::Copy { session: id, .. }) if *id == session)
        })
    }

    /// True if it is being moved to another place, or forgotten.
    pub fn leaves(&self, entry: EntryId) -> bool {
        let EntryId::Session(session) = entry else { return false };
        self.requests().any(|request| is_move_of(request, session))
    }

    /// The metadata of a session once all edits of it are durable.
    pub fn session<'a>(&self, entry: &'a SessionEntry) -> Cow<'a, SessionMetadata> {
        let mut session = Cow::Borrowed(&entry.session);
        for request in self.requests() {
            if let Request::Session(SessionRequest::Update(id, update)) = request
                && *id == session.id
            {
                let mut fields = entry.summary.fields.clone();
                (**update).clone().apply(session.to_mut(), &mut fields);
            }
        }
        session
    }

    /// The new name of a slot, if one was asked for.
    pub fn name_of_slot(&self, slot: SlotId) -> Option<&str> {
        self.requests().rev().find_map(|request| new_name_of(request, slot))
    }
}

fn is_move_of(request: &Request, session: SessionId) -> bool {
    match request {
        Request::Session(SessionRequest::Shelve(id, _) | SessionRequest::Purge(id)) => {
            *id == session
        }
        _ => false,
    }
}

fn new_name_of(request: &Request, id: SlotId) -> Option<&str> {
    match request {
        Request::Slot(SlotRequest::Rename { slot, name }) if *slot == id => Some(name),
        _ => None,
    }
}
