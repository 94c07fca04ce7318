//! Changes of notes, as they are recorded.

use std::time::Duration;

use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use super::note::{NewNote, NoteId};
use crate::PlayerId;

/// A change of a note, as the session's log of events has it.
///
/// This is the one form in which notes change. It is [recorded](bevy_session::events::RecordingExt), and handed out after a
/// crash, so that a note which no checkpoint holds isn't forgotten. To act on it, observe it:
/// [`Notes`](crate::Notes) has it by then.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session_play::{NoteChange, NoteStep, Notes};
///
/// fn tell(change: On<NoteChange>, notes: Res<Notes>) {
///     if let (NoteStep::Written { .. }, Some(note)) = (&change.step, notes.get(change.note)) {
///         println!("note {}: {}", note.id(), note.shown());
///     }
/// }
/// # App::new().add_observer(tell);
/// ```
#[derive(Event, Message, TypePath, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
#[type_path = "bevy_session_play"]
pub struct NoteChange {
    /// The note.
    pub note: NoteId,
    /// The player who did it; `None` if the game itself did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<PlayerId>,
    /// When, in play time of the session.
    pub at: Duration,
    /// The change itself.
    pub step: NoteStep,
}

/// A kind of change to a note.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub enum NoteStep {
    /// It was written.
    Written {
        /// The note.
        new: NewNote,
        /// The members of the crew whom it mentions, without its author.
        mentions: Vec<PlayerId>,
    },
    /// It has another text.
    Edited {
        /// The text.
        text: String,
        /// The members of the crew whom it mentions and who don't know yet, without the player who edited it.
        mentions: Vec<PlayerId>,
    },
    /// It was removed.
    Removed,
    /// A player whom it mentions got to know of it; see [`Mentioned`](crate::Mentioned).
    MentionHeard {
        /// The player.
        player: PlayerId,
    },
}

impl NoteStep {
    /// Its name in logs.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Written { .. } => "written",
            Self::Edited { .. } => "edited",
            Self::Removed => "removed",
            Self::MentionHeard { .. } => "mention_heard",
        }
    }
}

impl NoteChange {
    /// The name of this type in the log.
    pub const TYPE_PATH: &str = "bevy_session_play::NoteChange";
}

#[cfg(test)]
mod tests {
    use bevy::reflect::TypePath;

    use super::*;

    #[test]
    fn its_type_path_is_the_promised_one() {
        assert_eq!(<NoteChange as TypePath>::type_path(), NoteChange::TYPE_PATH);
    }
}
