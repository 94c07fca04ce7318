//! A note: a text that a player wrote about a session.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::CheckpointId;
use bevy_session::chapters::ChapterId;
use serde::{Deserialize, Serialize};

use crate::{ObjectiveKey, PlayerId};

/// Identifies a note within its session. Ids are given in order, from 1.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NoteId(pub u64);

impl fmt::Display for NoteId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The thing that a note is about.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum NoteOn {
    /// The session as a whole.
    #[default]
    Session,
    /// A moment of it. Such a note is a [bookmark](crate::NoteCommands::bookmark): [`rewind`](bevy_session::SessionCommands::rewind) goes there, as long as
    /// the checkpoint is kept.
    Checkpoint(CheckpointId),
    /// A chapter.
    Chapter(ChapterId),
    /// An objective.
    Objective(ObjectiveKey),
    /// A place: a pin on a map.
    Place {
        /// The game's name of the map or level.
        map: String,
        /// Where on it, in the game's own units.
        at: Vec3,
    },
}

/// A note that is to be written.
///
/// ```
/// use bevy::math::Vec3;
/// use bevy_session_play::{NewNote, NoteOn};
///
/// let pin = NewNote::new("Ore below the bridge, @Ben").on(NoteOn::Place {
///     map: "valley".to_owned(),
///     at: Vec3::new(12.0, 0.0, -3.5),
/// });
/// assert_ne!(pin, NewNote::new("Ore below the bridge, @Ben"));
/// ```
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct NewNote {
    pub(super) text: String,
    #[serde(default)]
    pub(super) on: NoteOn,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reply_to: Option<NoteId>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) learnt: bool,
}

impl NewNote {
    /// A note with this text, about the session as a whole. A member of the crew is mentioned by `@` and their name or
    /// id; who gets to know is [`Mentioned`](crate::Mentioned).
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), on: NoteOn::Session, reply_to: None, learnt: false }
    }

    /// Sets what it is about.
    #[must_use]
    pub fn on(mut self, on: NoteOn) -> Self {
        self.on = on;
        self
    }

    /// Marks it as something that was learnt: the [story so far](crate::StorySoFar) shows it.
    #[must_use]
    pub fn learnt(mut self) -> Self {
        self.learnt = true;
        self
    }

    /// Makes it an answer to another note. Notes are a flat list all the same, and answers stay if what they answer is
    /// removed.
    #[must_use]
    pub fn reply_to(mut self, note: NoteId) -> Self {
        self.reply_to = Some(note);
        self
    }
}

/// A note of the session that is played; see [`Notes`](crate::Notes).
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Note {
    pub(super) id: NoteId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) by: Option<PlayerId>,
    pub(super) at: Duration,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) edited: Option<Duration>,
    pub(super) new: NewNote,
}

impl Note {
    /// Bytes that a text may have: 4,000.
    pub const MAX_BYTES: usize = 4_000;

    /// Its id.
    #[must_use]
    pub fn id(&self) -> NoteId {
        self.id
    }

    /// Its author; `None` if the game itself wrote it.
    #[must_use]
    pub fn by(&self) -> Option<&PlayerId> {
        self.by.as_ref()
    }

    /// When it was written, in play time of the session.
    #[must_use]
    pub fn at(&self) -> Duration {
        self.at
    }

    /// When it was edited last, in play time; `None` if it is as it was written.
    #[must_use]
    pub fn edited(&self) -> Option<Duration> {
        self.edited
    }

    /// The thing that it is about.
    #[must_use]
    pub fn on(&self) -> &NoteOn {
        &self.new.on
    }

    /// The note that it answers, which may be removed by now.
    #[must_use]
    pub fn reply_to(&self) -> Option<NoteId> {
        self.new.reply_to
    }

    /// The text as it was written. Show [`shown`](Self::shown) instead: this may hold anything that a player can paste.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.new.text
    }

    /// The text as it may be shown: what would give orders to a terminal, or turn the writing direction of what stands
    /// beside it, is `U+FFFD` (�) here. Line breaks and tabs stay.
    ///
    /// ```
    /// use bevy_session_play::Note;
    ///
    /// assert_eq!(Note::harmless("\u{1b}[2Jall gone\n"), "\u{fffd}[2Jall gone\n");
    /// ```
    #[must_use]
    pub fn shown(&self) -> Cow<'_, str> {
        Self::harmless(&self.new.text)
    }

    /// Any text as [`shown`](Self::shown) has it.
    #[must_use]
    pub fn harmless(text: &str) -> Cow<'_, str> {
        if !text.contains(gives_orders) {
            return text.into();
        }
        text.chars().map(|letter| if gives_orders(letter) { '\u{fffd}' } else { letter }).collect()
    }
}

fn gives_orders(letter: char) -> bool {
    let turns_direction = matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns_direction || (letter.is_control() && !matches!(letter, '\n' | '\t'))
}
