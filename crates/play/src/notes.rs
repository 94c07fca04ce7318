//! Notes: what players write about a session, and to each other.
//!
//! [`board`] is what is, as it is read. [`change`] is the one form in which it changes, while it is played and after a
//! crash; [`requests`] lead to it, [`mentions`] finds whom a text is
//! for, [`bookmarks`] wait for the checkpoints that they are on, and [`attachments`] hang on them. [`frame`] does so once a frame.

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
