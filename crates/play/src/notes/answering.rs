//! Decides on requests about notes.

use bevy_session::attachments::Attachment;
use unicode_normalization::UnicodeNormalization;

use super::board::Notes;
use super::change::NoteStep;
use super::mentions::mentioned;
use super::note::{NewNote, Note, NoteId, NoteOn};
use super::requests::{NoteRefusal, NoteRequest};
use crate::{Crew, CrewRefusal, PlayerId, Right, Rights};

/// Bytes that the name of a map may have.
const MAX_MAP_BYTES: usize = 200;

/// The outcome of a request.
pub(super) enum Outcome {
    /// A note changes.
    Change(NoteId, NoteStep),
    /// A checkpoint is to be taken first, for a note with this text.
    Bookmark(String),
    /// An attachment is to be added to a note.
    Hang(Attachment),
    /// The attachment of this name is to be removed.
    TakeDown(String),
}

/// The outcome of a request, if nothing forbids it; `next` is the id of a note that is written.
pub(super) fn outcome_of(
    by: Option<&PlayerId>,
    request: &NoteRequest,
    (notes, next): (&Notes, NoteId),
    crew: &Crew,
) -> Result<Outcome, NoteRefusal> {
    let others = |mut mentions: Vec<PlayerId>| {
        mentions.retain(|player| Some(player) != by);
        mentions
    };
    match request {
        NoteRequest::Write(_) | NoteRequest::Bookmark { .. } if notes.len() >= Notes::MOST => {
            Err(NoteRefusal::Full)
        }
        NoteRequest::Bookmark { text } => Ok(Outcome::Bookmark(checked_text(text)?)),
        NoteRequest::Write(new) => {
            let text = checked_text(&new.text)?;
            check_target(&new.on)?;
            if let Some(answered) = new.reply_to {
                find(notes, answered)?;
            }
            let mentions = others(mentioned(&text, crew));
            let new = NewNote { text, ..new.clone() };
            Ok(Outcome::Change(next, NoteStep::Written { new, mentions }))
        }
        NoteRequest::Edit { note, text } => {
            let text = checked_text(text)?;
            let before = mentioned(find(notes, *note)?.text(), crew);
            let waits = |player: &PlayerId| {
                notes.waiting().iter().any(|(who, on)| who == player && on == note)
            };
            let mut mentions = others(mentioned(&text, crew));
            mentions.retain(|player| waits(player) || !before.contains(player));
            Ok(Outcome::Change(*note, NoteStep::Edited { text, mentions }))
        }
        NoteRequest::Remove { note } => {
            find(notes, *note).map(|_| Outcome::Change(*note, NoteStep::Removed))
        }
        NoteRequest::Attach { note, attachment } => {
            find(notes, *note)?;
            attachment.check()?;
            Ok(Outcome::Hang(attachment.clone()))
        }
        NoteRequest::Detach { note, name } => {
            find(notes, *note).map(|_| Outcome::TakeDown(name.clone()))
        }
    }
}

/// Checks that the player may: anybody needs the right to annotate, and for notes of others the right to manage.
pub(super) fn check_rights(
    by: Option<&PlayerId>,
    request: &NoteRequest,
    notes: &Notes,
    (crew, rights): (&Crew, &Rights),
) -> Result<(), CrewRefusal> {
    let Some(by) = by else { return Ok(()) };
    by.check()?;
    crew.may(by, Right::Annotate, rights)?;
    let of_another = match request {
        NoteRequest::Write(_) | NoteRequest::Bookmark { .. } => false,
        NoteRequest::Edit { note, .. }
        | NoteRequest::Remove { note }
        | NoteRequest::Attach { note, .. }
        | NoteRequest::Detach { note, .. } => {
            notes.get(*note).is_some_and(|note| note.by() != Some(by))
        }
    };
    if of_another { crew.may(by, Right::Manage, rights) } else { Ok(()) }
}

fn find(notes: &Notes, id: NoteId) -> Result<&Note, NoteRefusal> {
    notes.get(id).ok_or(NoteRefusal::Unknown { note: id })
}

/// The text in the form in which names are compared.
fn checked_text(text: &str) -> Result<String, NoteRefusal> {
    let bytes = text.len();
    if bytes > 2 * Note::MAX_BYTES {
        // Long texts aren't worth the work that comes next.
        return Err(NoteRefusal::TooLong { bytes });
    }
    let text: String = text.trim().nfc().collect();
    match text.len() {
        0 => Err(NoteRefusal::Empty),
        bytes if bytes > Note::MAX_BYTES => Err(NoteRefusal::TooLong { bytes }),
        _ => Ok(text),
    }
}

fn check_target(on: &NoteOn) -> Result<(), NoteRefusal> {
    match on {
        NoteOn::Objective(key) => Ok(key.check()?),
        NoteOn::Place { map, at } => {
            let is_place = (1..=MAX_MAP_BYTES).contains(&map.len()) && at.is_finite();
            if is_place { Ok(()) } else { Err(NoteRefusal::InvalidPlace) }
        }
        NoteOn::Session | NoteOn::Checkpoint(_) | NoteOn::Chapter(_) => Ok(()),
    }
}
