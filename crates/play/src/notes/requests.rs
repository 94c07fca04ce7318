//! Requests of the game to its notes.

use std::fmt;

use bevy::prelude::*;
use bevy_session::attachments::{Attachment, AttachmentError};
use bevy_session::{CurrentSession, SessionId};
use tracing::field::display;
use tracing::warn;

use super::board::Notes;
use super::note::{NewNote, Note, NoteId};
use crate::line::announce;
use crate::{CrewRefusal, ObjectiveKeyError, PlayerId};

/// A request to the notes.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum NoteRequest {
    /// [`NoteCommands::write`].
    Write(NewNote),
    /// [`NoteCommands::bookmark`].
    Bookmark {
        /// The text of the note on it.
        text: String,
    },
    /// [`NoteCommands::edit`].
    Edit {
        /// The note.
        note: NoteId,
        /// The text that it is to have.
        text: String,
    },
    /// [`NoteCommands::remove`].
    Remove {
        /// The note.
        note: NoteId,
    },
    /// [`NoteCommands::attach`].
    Attach {
        /// The note.
        note: NoteId,
        /// The attachment, by its name [among those of the session](NoteId::attachment).
        attachment: Attachment,
    },
    /// [`NoteCommands::detach`].
    Detach {
        /// The note.
        note: NoteId,
        /// Its name [among those of the session](NoteId::attachment).
        name: String,
    },
}

impl NoteRequest {
    /// Its name in logs.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Write(_) => "write",
            Self::Bookmark { .. } => "bookmark",
            Self::Edit { .. } => "edit",
            Self::Remove { .. } => "remove",
            Self::Attach { .. } => "attach",
            Self::Detach { .. } => "detach",
        }
    }
}

/// Why a request can't be done.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NoteRefusal {
    /// The text has nothing in it.
    #[error("a note needs a text")]
    Empty,
    /// The text is longer than [`Note::MAX_BYTES`].
    #[error("a note has {} bytes at most, not {bytes}", Note::MAX_BYTES)]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// The map has no name or one of more than 200 bytes, or the position is none.
    #[error("a place is a map's name of 1 to 200 bytes, and a position of numbers")]
    InvalidPlace,
    /// A key can't be an objective's.
    #[error(transparent)]
    InvalidObjective(#[from] ObjectiveKeyError),
    /// There is no such note, or not any more.
    #[error("there is no note {note}")]
    Unknown {
        /// The note.
        note: NoteId,
    },
    /// There are [`Notes::MOST`] notes.
    #[error("there are {} notes, and there can't be more", Notes::MOST)]
    Full,
    /// It can't hang on a note: its name or its size are none.
    #[error(transparent)]
    Attachment(#[from] AttachmentError),
    /// The checkpoint of a bookmark wasn't taken or can't be written, as when the player has no right to save.
    #[error("the bookmark's checkpoint couldn't be saved")]
    NotSaved,
    /// The crew has something against it: a right is missing, or no session is played.
    #[error(transparent)]
    Crew(#[from] CrewRefusal),
}

/// A request to the notes can't be done, and nothing has changed.
#[derive(Event, Message, Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct NoteRejected {
    /// The player who asked for it; `None` if the game itself did.
    pub by: Option<PlayerId>,
    /// The request that was refused. A text that is too long is cut off at the limit.
    pub request: NoteRequest,
    /// Why it can't be done.
    pub reason: NoteRefusal,
}

/// The page of the guide that explains a refusal.
const PAGE: &str = "docs/guide/notes.md#what-can-go-wrong";

/// Answers a request that can't be done. The log has no texts: those are the players' own.
pub(super) fn reject(world: &mut World, rejected: NoteRejected) {
    let NoteRejected { by, request, reason } = &rejected;
    let by = by.as_ref().map(display);
    warn!(request = request.name(), by, error = %reason, page = PAGE, "request rejected");
    announce(world, rejected);
}

/// Makes requests about notes; [`NoteCommandsExt::notes`] has it.
///
/// They are done in their order, in the same frame if they are made before [`NoteSystems`](crate::NoteSystems). While a
/// session is restored they wait. What can't be done is answered with [`NoteRejected`], and changes nothing.
pub struct NoteCommands<'a, 'w, 's> {
    commands: &'a mut Commands<'w, 's>,
    by: Option<PlayerId>,
}

/// Adds [`notes`](Self::notes) to [`Commands`].
pub trait NoteCommandsExt<'w, 's> {
    /// Requests about notes.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session_play::{NewNote, NoteCommandsExt};
    ///
    /// fn play(mut commands: Commands) {
    ///     commands.notes().by("steam:7").write(NewNote::new("The witch lies, @Ann"));
    /// }
    /// # bevy::ecs::system::assert_is_system(play);
    /// ```
    fn notes(&mut self) -> NoteCommands<'_, 'w, 's>;
}

impl<'w, 's> NoteCommandsExt<'w, 's> for Commands<'w, 's> {
    fn notes(&mut self) -> NoteCommands<'_, 'w, 's> {
        NoteCommands { commands: self, by: None }
    }
}

impl fmt::Debug for NoteCommands<'_, '_, '_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("NoteCommands").field("by", &self.by).finish_non_exhaustive()
    }
}

impl NoteCommands<'_, '_, '_> {
    /// Makes the requests that follow for this player, who needs the right to
    /// [`Annotate`](crate::Right::Annotate); for what another one wrote, also that to [`Manage`](crate::Right::Manage).
    #[must_use]
    pub fn by(mut self, player: impl Into<PlayerId>) -> Self {
        self.by = Some(player.into());
        self
    }

    /// Writes a note. [`NoteChange`](crate::NoteChange) has its id.
    ///
    /// After a session was restored, requests about notes wait for its next durable checkpoint: until then it isn't known
    /// what is attached to notes of other branches, whose ids aren't given again.
    pub fn write(&mut self, note: NewNote) {
        self.request(NoteRequest::Write(note));
    }

    /// Bookmarks this moment: takes a checkpoint, with the first line of the text as its label, and writes a note
    /// [on it](crate::NoteOn::Checkpoint) once that is durable. If a gate of the game is closed, the moment is the one
    /// at which it opens.
    pub fn bookmark(&mut self, text: impl Into<String>) {
        self.request(NoteRequest::Bookmark { text: text.into() });
    }

    /// Gives a note another text. Those whom it mentions now and not before get to know.
    pub fn edit(&mut self, note: NoteId, text: impl Into<String>) {
        self.request(NoteRequest::Edit { note, text: text.into() });
    }

    /// Removes a note. Answers to it stay.
    pub fn remove(&mut self, note: NoteId) {
        self.request(NoteRequest::Remove { note });
    }

    /// Hangs bytes on a note, such as a picture. They are an attachment of the session, see
    /// [`attach_to_session`](bevy_session::attachments::AttachmentCommands::attach_to_session) for its versions and limits: what the session
    /// has no room for, or the disk refuses, is answered with [`RequestRejected`](bevy_session::RequestRejected), and
    /// otherwise [`SessionAttachmentSaved`](bevy_session::attachments::SessionAttachmentSaved) follows. [`Notes::attachments`] lists them.
    /// They go when the note is removed.
    ///
    /// The name is of `a` to `z`, `0` to `9`, `_` and `-`, and as long as [`NoteId::attachment`] leaves it: at least 14
    /// bytes, and more than 30 for all notes that a session can have at a time.
    pub fn attach(&mut self, note: NoteId, name: &str, bytes: Vec<u8>) {
        let attachment = Attachment::new(note.attachment(name), bytes);
        self.request(NoteRequest::Attach { note, attachment });
    }

    /// Takes all versions of what hangs on a note down.
    pub fn detach(&mut self, note: NoteId, name: &str) {
        self.request(NoteRequest::Detach { note, name: note.attachment(name) });
    }

    /// Makes any of these requests.
    pub fn request(&mut self, request: NoteRequest) {
        let by = self.by.clone();
        self.commands.queue(move |world: &mut World| {
            let session = world.get_resource::<CurrentSession>().map(CurrentSession::id);
            world.get_resource_or_init::<NoteRequests>().0.push(Asked { session, by, request });
        });
    }
}

/// The requests that aren't answered yet.
#[derive(Resource, Default)]
pub(crate) struct NoteRequests(pub Vec<Asked>);

/// A request, and the session that was played when it was made.
pub(crate) struct Asked {
    pub session: Option<SessionId>,
    pub by: Option<PlayerId>,
    pub request: NoteRequest,
}
