//! Chapters: parts of a session with a beginning, an end and an outcome, such as missions, nights or battles.
//!
//! They are begun and ended through [`chapters()`](crate::SessionCommands::chapters), which returns
//! [`ChapterCommands`]. The component [`InChapter`] ties entities to one.

pub use bevy_session_journal::{
    Chapter, ChapterEnd, ChapterError, ChapterFigures, ChapterId, ChapterOutcome, ChapterSummary,
    Chapters, InnerChapters, NewChapter, OpenChapter,
};

pub use crate::capture::InChapter;
pub use crate::lifecycle::{ChapterBegun, ChapterCommands, ChapterEnded};
