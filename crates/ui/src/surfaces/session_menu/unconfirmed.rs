//! Edits that are shown at once, and taken back if they are refused.

use std::borrow::Cow;

use bevy::prelude::*;
use bevy_session::library::SessionEntry;
use bevy_session::requests::{Request, SessionRequest};
use bevy_session::slots::{SlotId, SlotRequest};
use bevy_session::{SessionId, SessionMetadata};

use super::state::EntryId;

/// Requests that aren't durable yet, in the order in which they are answered.
#[derive(Debug, Default)]
pub(super) struct Unconfirmed(Vec<Request>);

impl Unconfirmed {
    /// Shows an edit that was asked for from now on.
    pub fn show(&mut self, request: Request) {
        self.0.push(request);
    }

    /// Takes an edit back that was refused. Whether it was asked for here.
    pub fn take_back(&mut self, refused: &Request) -> bool {
        let place = self.0.iter().position(|request| request == refused);
        place.map(|place| self.0.remove(place)).is_some()
    }

    /// A session was updated as was asked for, if it was.
    pub fn updated(&mut self, session: SessionId) {
        self.settle(|request| {
            matches!(request, Request::Session(SessionRequest::Update(id, _)) if *id == session)
        });
    }

    /// A session was put away or brought back.
    pub fn moved(&mut self, session: SessionId) {
        self.settle(|request| is_move_of(request, session));
    }

    /// A session was copied. Whether that was asked for here.
    pub fn copied(&mut self, session: SessionId) -> bool {
        self.settle(|request| {
            matches!(request, Request::Session(SessionRequest::Copy { session: id, .. }) if *id == session)
        })
    }

    /// A slot has its new name.
    pub fn renamed(&mut self, slot: SlotId) {
        self.settle(|request| new_name_of(request, slot).is_some());
    }

    fn settle(&mut self, is_it: impl Fn(&Request) -> bool) -> bool {
        let place = self.0.iter().position(is_it);
        place.map(|place| self.0.remove(place)).is_some()
    }

    /// True if it is being moved to another place, or forgotten.
    pub fn leaves(&self, entry: EntryId) -> bool {
        let EntryId::Session(session) = entry else { return false };
        self.0.iter().any(|request| is_move_of(request, session))
    }

    /// The metadata of a session once all edits of it are durable.
    pub fn session<'a>(&self, entry: &'a SessionEntry) -> Cow<'a, SessionMetadata> {
        let mut session = Cow::Borrowed(&entry.session);
        for request in &self.0 {
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
        self.0.iter().rev().find_map(|request| new_name_of(request, slot))
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
