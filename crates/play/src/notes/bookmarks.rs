//! Bookmarks: notes on checkpoints that are taken for them.

use bevy::prelude::*;
use bevy_session::{
    CheckpointFailed, CheckpointSaved, CurrentSession, RequestRejected, SessionCommandsExt,
    SessionRestored, Ticket,
};

use super::note::{NewNote, NoteOn};
use super::requests::{NoteCommandsExt, NoteRefusal, NoteRejected, NoteRequest, reject};
use crate::PlayerId;

/// Bytes of a text that become the label of its checkpoint.
const LABEL_BYTES: usize = 100;

/// Bookmarks whose checkpoint isn't durable yet.
#[derive(Resource, Default)]
pub(crate) struct Bookmarks(Vec<Bookmark>);

struct Bookmark {
    /// The request for its checkpoint, which may have to wait until a gate opens.
    ticket: Ticket,
    by: Option<PlayerId>,
    text: String,
}

/// Takes a checkpoint that is to get a note with this text.
pub(super) fn begin(world: &mut World, by: Option<PlayerId>, text: String) {
    if !world.contains_resource::<CurrentSession>() {
        return;
    }
    let mut commands = world.commands();
    let ticket = match &by {
        Some(by) => commands.session().by(by.clone()).checkpoint(label_of(&text)),
        None => commands.session().checkpoint(label_of(&text)),
    };
    world.get_resource_or_init::<Bookmarks>().0.push(Bookmark { ticket, by, text });
    world.flush();
}

fn label_of(text: &str) -> &str {
    let line = text.lines().next().unwrap_or_default();
    line.get(..line.floor_char_boundary(LABEL_BYTES)).unwrap_or_default()
}

pub(crate) fn write_saved(
    saved: On<CheckpointSaved>,
    mut bookmarks: ResMut<Bookmarks>,
    mut commands: Commands,
) {
    for bookmark in bookmarks.take(saved.ticket) {
        let note = NewNote::new(bookmark.text).on(NoteOn::Checkpoint(saved.checkpoint));
        match bookmark.by {
            Some(by) => commands.notes().by(by).write(note),
            None => commands.notes().write(note),
        }
    }
}

pub(crate) fn give_up_failed(
    failed: On<CheckpointFailed>,
    mut bookmarks: ResMut<Bookmarks>,
    mut commands: Commands,
) {
    if failed.retry_in.is_none() {
        give_up(bookmarks.take(failed.ticket), &mut commands);
    }
}

pub(crate) fn give_up_rejected(
    rejected: On<RequestRejected>,
    mut bookmarks: ResMut<Bookmarks>,
    mut commands: Commands,
) {
    give_up(bookmarks.take(rejected.ticket), &mut commands);
}

/// The moment that was meant is gone.
pub(crate) fn give_up_replaced(
    _: On<SessionRestored>,
    mut bookmarks: ResMut<Bookmarks>,
    mut commands: Commands,
) {
    give_up(std::mem::take(&mut bookmarks.0), &mut commands);
}

impl Bookmarks {
    /// The one whose checkpoint was asked for so.
    fn take(&mut self, ticket: Option<Ticket>) -> Vec<Bookmark> {
        self.0.extract_if(.., |bookmark| Some(bookmark.ticket) == ticket).collect()
    }
}

fn give_up(bookmarks: Vec<Bookmark>, commands: &mut Commands) {
    for Bookmark { by, text, .. } in bookmarks {
        let request = NoteRequest::Bookmark { text };
        let rejected = NoteRejected { by, request, reason: NoteRefusal::NotSaved };
        commands.queue(move |world: &mut World| reject(world, rejected));
    }
}
