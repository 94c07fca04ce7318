//! Requests about many sessions: all that a query finds, or all that no rule keeps.

use std::collections::HashMap;

use bevy::prelude::*;
use bevy_session_journal::internal::write::{EditMany, EditedMany, OneOfMany};
use bevy_session_journal::{
    LetGo, RequestError, RetentionPreview, SessionEdit, SessionId, SessionQuery, ShelfMove, Ticket,
    WouldGo,
};
use tracing::info;

use crate::content::Order;
use crate::lifecycle::notifications::{SessionsEdited, notify};
use crate::lifecycle::requests::{SessionRequest, finish, reject_part};
use crate::lifecycle::runtime::RuntimeParts;
use crate::lifecycle::{SessionCatalog, playing};

/// Edits of many sessions that are in progress, beside everything else.
#[derive(Resource, Default)]
pub(in crate::lifecycle) struct Edits(HashMap<Ticket, EditingMany>);

struct EditingMany {
    request: SessionRequest,
    /// The result for the played session, which the writer leaves alone.
    played: Option<(SessionId, Result<(), RequestError>)>,
}

/// Makes the same change to all sessions that a query finds.
pub(in crate::lifecycle) fn edit_all(
    parts: &mut RuntimeParts,
    world: &mut World,
    ticket: Ticket,
    query: &SessionQuery,
    edit: &SessionEdit,
) {
    let catalog = world.get_resource_or_init::<SessionCatalog>();
    let found = catalog.ids_of(query);
    let request = SessionRequest::EditAll(Box::new(query.clone()), edit.clone());
    let played = parts.session().filter(|played| found.contains(played));
    let others = found.into_iter().filter(|session| Some(*session) != played);
    let sessions = others.map(|session| OneOfMany { session, newest: None }).collect();
    let played = played.map(|session| (session, edit_played(parts, world, session, edit)));
    let order = Box::new(EditMany { sessions, edit: edit.clone() });
    parts.order(Order::EditMany { order, ticket });
    begin(world, ticket, EditingMany { request, played });
}

fn edit_played(
    parts: &mut RuntimeParts,
    world: &mut World,
    session: SessionId,
    edit: &SessionEdit,
) -> Result<(), RequestError> {
    let running = RequestError::SessionRunning { current: session };
    let (request, result) = match edit {
        SessionEdit::Update(update) => (
            SessionRequest::Update(session, Box::new(update.clone())),
            playing::update(parts, world, update),
        ),
        SessionEdit::Move(how) => (SessionRequest::Shelve(session, *how), Err(running)),
        // What a later version of the journal may add is no more for a session that is played.
        _ => (SessionRequest::Purge(session), Err(running)),
    };
    if let Err(error) = &result {
        reject_part(world, request, error.clone());
    }
    result
}

/// Removes the sessions of a preview, as far as they haven't changed.
pub(in crate::lifecycle) fn prune(
    parts: &mut RuntimeParts,
    world: &mut World,
    ticket: Ticket,
    preview: &RetentionPreview,
) {
    let edit = SessionEdit::Move(match preview.let_go {
        LetGo::Archive(what) => ShelfMove::Archive(what),
        _ => ShelfMove::Delete,
    });
    let of = |gone: &WouldGo| OneOfMany { session: gone.session, newest: Some(gone.newest) };
    let sessions = preview.sessions.iter().map(of).collect();
    let order = Box::new(EditMany { sessions, edit });
    parts.order(Order::EditMany { order, ticket });
    let request = SessionRequest::Prune(Box::new(preview.clone()));
    begin(world, ticket, EditingMany { request, played: None });
}

fn begin(world: &mut World, ticket: Ticket, editing: EditingMany) {
    world.get_resource_or_init::<Edits>().0.insert(ticket, editing);
}

impl Edits {
    /// No answers will come any more.
    pub(in crate::lifecycle) fn give_up(world: &mut World) {
        world.remove_resource::<Self>();
    }
}

/// The change was made to all of them, as far as it could be.
pub(in crate::lifecycle) fn edited_many(world: &mut World, edited: EditedMany, ticket: Ticket) {
    let editing = world.get_resource_mut::<Edits>().and_then(|mut edits| edits.0.remove(&ticket));
    let Some(EditingMany { request, played }) = editing else { return };
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
