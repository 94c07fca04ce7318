//! All notes of a session.

use std::collections::HashSet;

use bevy::prelude::*;
use bevy::reflect::{ReflectDeserialize, ReflectSerialize};
use bevy_session::ReflectSaved;
use serde::{Deserialize, Serialize};

use super::change::{NoteChange, NoteStep};
use super::note::{Note, NoteId, NoteOn};
use crate::PlayerId;

/// The notes of the session that is played, in the order in which they were written. They are saved with the session,
/// and change only when somebody writes, edits or removes one, or has got to know that they were mentioned.
///
/// Notes go with the session and not with its world: what somebody wrote at 1:20 is there after a rewind to 1:00.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session_play::{Crew, NoteOn, Notes};
///
/// fn draw_pins(notes: Res<Notes>, crew: Res<Crew>) {
///     for note in notes.iter() {
///         if let NoteOn::Place { map, at } = note.on() {
///             let by = note.by().and_then(|by| crew.get(by)).map_or("somebody", |it| it.name());
///             println!("{map} {at}: {by} wrote {}", note.shown());
///         }
///     }
/// }
/// # bevy::ecs::system::assert_is_system(draw_pins);
/// ```
#[derive(Resource, Reflect, Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[reflect(opaque)]
#[reflect(Resource, Saved, Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[type_path = "bevy_session_play"]
pub struct Notes {
    #[serde(default)]
    notes: Vec<Note>,
    /// The newest id that was given, also if that note is removed.
    #[serde(default)]
    newest: u64,
    /// The players who don't know yet that they were mentioned.
    #[serde(default)]
    waiting: Vec<(PlayerId, NoteId)>,
    /// The notes that were removed last, the oldest first, whose attachments go with them.
    #[serde(default)]
    removed: Vec<NoteId>,
}

impl Notes {
    /// Notes that a session may have: 1,000.
    pub const MOST: usize = 1_000;

    /// A note; `None` if there is none with this id, or it was removed.
    #[must_use]
    pub fn get(&self, id: NoteId) -> Option<&Note> {
        self.notes.iter().find(|note| note.id == id)
    }

    /// All of them, the oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Note> {
        self.notes.iter()
    }

    /// The notes about this, the oldest first.
    pub fn about<'a>(&'a self, on: &'a NoteOn) -> impl DoubleEndedIterator<Item = &'a Note> {
        self.iter().filter(move |note| note.on() == on)
    }

    /// The answers to a note, the oldest first.
    pub fn replies(&self, to: NoteId) -> impl DoubleEndedIterator<Item = &Note> {
        self.iter().filter(move |note| note.reply_to() == Some(to))
    }

    /// The number of notes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.notes.len()
    }

    /// Returns true if there are no notes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.notes.is_empty()
    }

    /// The id of the next note, above the ids that attachments name: they may be of notes that were written after the
    /// checkpoint at which the session went on.
    pub(crate) fn next_id(&self, newest_attached: Option<NoteId>) -> NoteId {
        let newest = newest_attached.map_or(self.newest, |note| self.newest.max(note.0));
        NoteId(newest.saturating_add(1))
    }

    /// Returns true if a note was removed, as far as that is remembered. A note that isn't there may also be one of
    /// another checkpoint.
    pub(crate) fn was_removed(&self, note: NoteId) -> bool {
        self.removed.contains(&note)
    }

    /// Forgets the removed notes on which nothing hangs; returns true if there was one.
    pub(crate) fn forget_removed_without(&mut self, hung: &HashSet<NoteId>) -> bool {
        let remembered = self.removed.len();
        self.removed.retain(|note| hung.contains(note));
        self.removed.len() < remembered
    }

    /// The players who don't know yet that they were mentioned, and where.
    pub(crate) fn waiting(&self) -> &[(PlayerId, NoteId)] {
        &self.waiting
    }

    /// Applies a change; returns true if it had an effect.
    pub(crate) fn follow(&mut self, change: &NoteChange) -> bool {
        let id = change.note;
        let place = self.notes.iter().position(|note| note.id == id);
        match (&change.step, place) {
            (NoteStep::Written { new, mentions }, None) => {
                let (by, at, new) = (change.by.clone(), change.at, new.clone());
                self.notes.push(Note { id, by, at, edited: None, new });
                self.newest = self.newest.max(id.0);
                self.waiting.extend(mentions.iter().map(|player| (player.clone(), id)));
            }
            (NoteStep::Edited { text, mentions, .. }, Some(place)) => {
                let Some(note) = self.notes.get_mut(place) else { return false };
                note.new.text.clone_from(text);
                note.edited = Some(change.at);
                self.waiting.retain(|(_, on)| *on != id);
                self.waiting.extend(mentions.iter().map(|player| (player.clone(), id)));
            }
            (NoteStep::Removed, Some(place)) => {
                self.notes.remove(place);
                self.waiting.retain(|(_, on)| *on != id);
                self.removed.push(id);
                let forgotten = self.removed.len().saturating_sub(Self::MOST);
                self.removed.drain(..forgotten);
            }
            (NoteStep::MentionHeard { player }, _) => {
                let before = self.waiting.len();
                self.waiting.retain(|(who, on)| who != player || *on != id);
                return self.waiting.len() < before;
            }
            _ => return false,
        }
        true
    }
}
