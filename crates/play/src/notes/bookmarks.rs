//! Bookmarks: notes on checkpoints that are taken for them.

use bevy::prelude::*;
use bevy_session::{
    CheckpointCaptured, CheckpointFailed, CheckpointId, CheckpointKind, CheckpointSaved,
    CurrentRequest, CurrentSession, Request, RequestRejected, SessionCommandsExt, SessionId,
    SessionRestored,
};

use super::note::{NewNote, NoteOn};
use super::requests::{NoteCommandsExt, NoteRefusal, NoteRejected, NoteRequest};
use crate::PlayerId;
use crate::line::announce;

/// Bytes of a text that become the label of its checkpoint.
const LABEL_BYTES: usize = 100;

/// Bookmarks whose checkpoint isn't durable yet.
#[derive(Resource, Default)]
pub(crate) struct Bookmarks(Vec<Bookmark>);

struct Bookmark {
    session: SessionId,
    by: Option<PlayerId>,
    text: String,
    /// `None` until it is captured, for which it may have to wait until a gate opens.
    checkpoint: Option<CheckpointId>,
}

/// Has a checkpoint taken that is to get a note with this text.
pub(super) fn begin(world: &mut World, by: Option<PlayerId>, text: String) {
    let Some(session) = world.get_resource::<CurrentSession>().map(CurrentSession::id) else {
        return;
    };
    let label = label_of(&text).to_owned();
    let mut bookmarks = world.get_resource_or_init::<Bookmarks>();
    bookmarks.0.push(Bookmark { session, by: by.clone(), text, checkpoint: None });
    let mut commands = world.commands();
    match by {
        Some(by) => commands.session().by(by).checkpoint(label),
        None => commands.session().checkpoint(label),
    }
    world.flush();
}

fn label_of(text: &str) -> &str {
    let line = text.lines().next().unwrap_or_default();
    line.get(..line.floor_char_boundary(LABEL_BYTES)).unwrap_or_default()
}

pub(crate) fn note_captured(captured: On<CheckpointCaptured>, mut bookmarks: ResMut<Bookmarks>) {
    if captured.kind != CheckpointKind::Manual {
        return;
    }
    for bookmark in &mut bookmarks.bypass_change_detection().0 {
        if bookmark.session == captured.session && bookmark.checkpoint.is_none() {
            bookmark.checkpoint = Some(captured.checkpoint);
        }
    }
}

pub(crate) fn write_saved(
    saved: On<CheckpointSaved>,
    mut bookmarks: ResMut<Bookmarks>,
    mut commands: Commands,
) {
    for bookmark in bookmarks.take(|it| it.checkpoint == Some(saved.checkpoint)) {
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
        let newest = failed.checkpoint.counter;
        let is_lost = |it: &Bookmark| it.checkpoint.is_some_and(|it| it.counter <= newest);
        give_up(bookmarks.take(is_lost), &mut commands);
    }
}

pub(crate) fn give_up_rejected(
    rejected: On<RequestRejected>,
    mut bookmarks: ResMut<Bookmarks>,
    mut commands: Commands,
) {
    if let Request::Current(CurrentRequest::Checkpoint { label, .. }) = &rejected.request {
        let is_meant = |it: &Bookmark| it.checkpoint.is_none() && label_of(&it.text) == label;
        give_up(bookmarks.take(is_meant), &mut commands);
    }
}

/// The moment that was meant is gone.
pub(crate) fn give_up_replaced(
    _: On<SessionRestored>,
    mut bookmarks: ResMut<Bookmarks>,
    mut commands: Commands,
) {
    give_up(bookmarks.take(|_| true), &mut commands);
}

impl Bookmarks {
    fn take(&mut self, which: impl Fn(&Bookmark) -> bool) -> Vec<Bookmark> {
        self.0.extract_if(.., |bookmark| which(bookmark)).collect()
    }
}

fn give_up(bookmarks: Vec<Bookmark>, commands: &mut Commands) {
    for Bookmark { by, text, .. } in bookmarks {
        let request = NoteRequest::Bookmark { text };
        let rejected = NoteRejected { by, request, reason: NoteRefusal::NotSaved };
        commands.queue(move |world: &mut World| announce(world, rejected));
    }
}
