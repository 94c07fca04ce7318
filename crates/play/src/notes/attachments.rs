//! Attachments of notes: attachments of the session whose names begin with that of their note.

use std::collections::HashSet;

use bevy::prelude::*;
use bevy_session::attachments::{
    Attachment, AttachmentRequest, AttachmentVersion, SessionAttachmentRemoved,
};
use bevy_session::{CurrentSession, SessionCommandsExt, SessionId};

use super::board::Notes;
use super::note::NoteId;
use crate::line::follow_in;

impl NoteId {
    /// The name of an attachment of this note among those of the session, as
    /// [`read`](bevy_session::attachments::AttachmentCommands::read) wants it.
    ///
    /// ```
    /// use bevy_session_play::NoteId;
    ///
    /// assert_eq!(NoteId(12).attachment("photo"), "note-12-photo");
    /// ```
    #[must_use]
    pub fn attachment(self, name: &str) -> String {
        format!("note-{self}-{name}")
    }

    /// The note of an attachment of the session.
    fn of_attachment(name: &str) -> Option<Self> {
        let (id, _) = name.strip_prefix("note-")?.split_once('-')?;
        id.parse().ok().map(Self).filter(|note| note.0.to_string() == id)
    }
}

impl Notes {
    /// The attachments of a note of the session that is played: the newest version of each, by name.
    pub fn attachments<'a>(
        &self,
        note: NoteId,
        session: &'a CurrentSession,
    ) -> impl Iterator<Item = &'a AttachmentVersion> {
        hanging(session).filter(move |(of, _)| *of == note).map(|(_, listed)| listed)
    }
}

/// The attachments of all notes, including notes that don't exist: the newest version of each, by name.
fn hanging(session: &CurrentSession) -> impl Iterator<Item = (NoteId, &AttachmentVersion)> {
    let of_names = session.timeline().attachments.chunk_by(|a, b| a.name == b.name);
    let newest = of_names.filter_map(<[_]>::last);
    newest.filter_map(|listed| Some((NoteId::of_attachment(&listed.name)?, listed)))
}

/// Returns true if it is known what hangs on notes: a session that was restored has its timeline only once the next checkpoint
/// is durable. A note that is written before that might get the id of another line's note, and its attachments with it.
pub(super) fn are_known(world: &World) -> bool {
    world.get_resource::<CurrentSession>().is_none_or(|session| {
        session.metadata().tally.restores == 0 || !session.timeline().checkpoints.is_empty()
    })
}

/// The newest note that an attachment of the session is of.
pub(super) fn newest_attached(session: &CurrentSession) -> Option<NoteId> {
    hanging(session).map(|(note, _)| note).max()
}

/// Hangs something on a note, or takes it down.
pub(super) fn hang(world: &mut World, attachment: Attachment) {
    world.commands().session().request(AttachmentRequest::AttachToSession(attachment));
    world.flush();
}

pub(super) fn take_down(world: &mut World, name: String) {
    world.commands().session().attachments().detach(name);
    world.flush();
}

/// The attachments that are being removed because their note was.
#[derive(Resource, Default)]
pub(crate) struct Fallen {
    session: Option<SessionId>,
    names: HashSet<String>,
    /// The number of attachments that the session had when they were last looked at.
    looked_at: usize,
}

/// Removes the attachments of notes that were removed, also if a crash came between.
pub(super) fn take_down_fallen(world: &mut World) {
    let Some(session) = world.get_resource::<CurrentSession>() else { return };
    let (id, count) = (session.id(), session.timeline().attachments.len());
    let is_known = !session.timeline().checkpoints.is_empty();
    let notes_changed = world.get_resource_ref::<Notes>().is_some_and(|notes| notes.is_changed());
    if notes_changed && is_known {
        forget_removed(world);
    }
    let fallen = world.get_resource::<Fallen>();
    let is_as_before =
        fallen.is_some_and(|fallen| fallen.session == Some(id) && fallen.looked_at == count);
    if is_as_before && (!notes_changed || count == 0) {
        return;
    }
    let names = fallen_in(world);
    let mut fallen = world.get_resource_or_init::<Fallen>();
    if fallen.session != Some(id) {
        *fallen = Fallen { session: Some(id), ..Fallen::default() };
    }
    fallen.looked_at = count;
    let names: Vec<String> =
        names.into_iter().filter(|name| fallen.names.insert(name.clone())).collect();
    names.into_iter().for_each(|name| take_down(world, name));
}

/// The names of attachments whose note was removed. A note that isn't there may be one of a newer checkpoint, of a slot or
/// of another branch, to which somebody goes back.
fn fallen_in(world: &World) -> Vec<String> {
    let Some(session) = world.get_resource::<CurrentSession>() else { return Vec::new() };
    let Some(notes) = world.get_resource::<Notes>() else { return Vec::new() };
    let fallen = hanging(session).filter(|(note, _)| notes.was_removed(*note));
    fallen.map(|(_, listed)| listed.name.clone()).collect()
}

/// Forgets the removed notes on which nothing hangs any more: another line may have given their ids again.
fn forget_removed(world: &mut World) {
    let Some(session) = world.get_resource::<CurrentSession>() else { return };
    let hung: HashSet<NoteId> = hanging(session).map(|(note, _)| note).collect();
    follow_in(world, |notes: &mut Notes| notes.forget_removed_without(&hung));
}

/// One that can't be removed is tried again when the session is next resumed.
pub(crate) fn forget_taken_down(removed: On<SessionAttachmentRemoved>, mut fallen: ResMut<Fallen>) {
    fallen.names.remove(&removed.name);
}
