//! Notes: what players write about a session, and to each other.
//!
//! [`board`] is what is, as it is read. [`change`] is the one form in which it changes, while it is played and after a
//! crash; [`requests`] lead to it, [`mentions`] finds whom a text is
//! for, [`bookmarks`] wait for the checkpoints that they are on, and [`attachments`] hang on them. [`frame`] does so once a frame.
//!
//! `notes` is made the same way: `Notes` (`board`) is one saved resource, `NoteChange` the one form in which it
//! changes, `answering` and `mentions` say what a request comes to, and `frame` does so after the crew. Who was
//! mentioned and doesn't know yet is saved with the notes; that they got to know is a change like others, so it
//! isn't forgotten after a crash or a rewind. A bookmark waits in `bookmarks` until its checkpoint is durable, and
//! is a note from then on. What hangs on a note (`attachments`) is an attachment of the session whose name begins
//! with that of the note: nothing else says so, hence nothing can say otherwise, and what has no note any more is
//! taken down.

mod answering;
mod attachments;
mod board;
mod bookmarks;
mod change;
mod frame;
mod mentions;
mod note;
mod plugin;
mod requests;

pub use board::Notes;
pub use change::{NoteChange, NoteStep};
pub use frame::Mentioned;
pub use note::{NewNote, Note, NoteId, NoteOn};
pub use plugin::{NoteSystems, NotesPlugin};
pub use requests::{NoteCommands, NoteCommandsExt, NoteRefusal, NoteRejected, NoteRequest};
