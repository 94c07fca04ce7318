//! The journal for a program without an engine: [`Journal`] in front of the writer, its thread and the
//! process record.

mod codec;
mod error;
mod event;
mod guard;
mod journal;
mod manual_clock;
mod options;
#[cfg(feature = "bevy_reflect")]
pub mod reflection;
mod restored;
mod row_content;
mod row_reader;
mod row_writer;
mod run;
mod written;

pub use codec::{Codec, SavedType, Scope};
pub use error::JournalError;
pub use event::Event;
pub use journal::Journal;
pub use manual_clock::ManualClock;
pub use options::JournalOptions;
pub use restored::Restored;
pub use row_reader::{Row, RowReader};
pub use row_writer::RowWriter;
pub use run::Run;
