//! One request about many sessions: all that a query finds, or what no rule keeps.

use bevy::prelude::*;
use tracing::info;

use super::SessionCatalog;
use super::notifications::{SessionsEdited, notify};
use super::requests::{SessionRequest, finish, reject_part};
use super::runtime::RuntimeParts;
use crate::content::Order;
use crate::finding::SessionQuery;
use crate::ids::Ticket;
use crate::journal::SessionId;
use crate::recovery::{LetGo, RetentionPreview};
use crate::session::{RequestError, SessionEdit, ShelfMove};
use crate::writer::{EditMany, EditedMany, OneOfMany};

/// What was asked for and goes on, beside everything else.
pub(crate) struct EditingMany {
    request: SessionRequest,
    ticket: Ticket,
    /// What became of the session that is played, which the writer leaves alone.
    played: Option<(SessionId, Result<(), RequestError>)>,
}

impl RuntimeParts {
    /// Does one thing with all sessions that a query finds.
    pub(super) fn edit_all(
        &mut self,
        world: &mut World,
        ticket: Ticket,
        query: &SessionQuery,
        edit: &SessionEdit,
    ) {
        let catalog = world.get_resource_or_init::<SessionCatalog>();
        let found = catalog.ids_of(query);
        let request = SessionRequest::EditAll(Box::new(query.clone()), edit.clone());
        let played = self.session().filter(|played| found.contains(played));
        let others = found.into_iter().filter(|session| Some(*session) != played);
        let sessions = others.map(|session| OneOfMany { session, newest: None }).collect();
        let played = played.map(|session| (session, self.edit_played(world, session, edit)));
        let order = Box::new(EditMany { sessions, edit: edit.clone() });
        self.order(Order::EditMany { order, ticket });
        self.edits.push(EditingMany { request, ticket, played });
    }

    fn edit_played(
        &mut self,
        world: &mut World,
        session: SessionId,
        edit: &SessionEdit,
    ) -> Result<(), RequestError> {
        let running = RequestError::SessionRunning { current: session };
        let (request, result) = match edit {
            SessionEdit::Update(update) => (
                SessionRequest::Update(session, Box::new(update.clone())),
                self.update(world, update),
            ),
            SessionEdit::Move(how) => (SessionRequest::Shelve(session, *how), Err(running)),
            // What a later version of the journal may add is no more for a session that is played.
            _ => (SessionRequest::Forget(session), Err(running)),
        };
        if let Err(error) = &result {
            reject_part(world, request, error.clone());
        }
        result
    }

    /// Lets the sessions go that a preview names, as far as they are what they were.
    pub(super) fn tidy(&mut self, ticket: Ticket, preview: &RetentionPreview) {
        let edit = SessionEdit::Move(match preview.let_go {
            LetGo::Archive(what) => ShelfMove::Archive(what),
            _ => ShelfMove::Delete,
        });
        let of = |gone: &crate::recovery::WouldGo| OneOfMany {
            session: gone.session,
            newest: Some(gone.newest),
        };
        let sessions = preview.sessions.iter().map(of).collect();
        let order = Box::new(EditMany { sessions, edit });
        self.order(Order::EditMany { order, ticket });
        let request = SessionRequest::Tidy(Box::new(preview.clone()));
        self.edits.push(EditingMany { request, ticket, played: None });
    }

    /// It was done with all of them, as far as it could be.
    pub(super) fn edited_many(&mut self, world: &mut World, edited: EditedMany, ticket: Ticket) {
        let Some(place) = self.edits.iter().position(|editing| editing.ticket == ticket) else {
            return;
        };
        let EditingMany { request, played, .. } = self.edits.remove(place);
        let EditedMany { mut edited, passed_over, mut refused, freed } = edited;
        match played {
            None => {}
            Some((_, Ok(()))) => edited += 1,
            Some((session, Err(error))) => refused.push((session, error)),
        }
        info!(edited, passed_over, refused = refused.len(), freed, "sessions edited");
        notify(world, SessionsEdited { request, edited, passed_over, refused, freed });
        finish(world, ticket);
    }
}
