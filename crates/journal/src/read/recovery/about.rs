//! The columns of a checkpoint about the session itself, beside its types.

use serde::de::DeserializeOwned;

use crate::format::{Block, Rows};
use crate::model::session::Fields;
use crate::model::session::GameClock;
use crate::model::session::StateChange;
use crate::model::session::{Chapters, Counted};

/// The column of a session's custom fields.
pub const FIELDS: &str = "bevy_session::Fields";
/// The column of the way through the game's states.
pub const STATE_CHANGES: &str = "bevy_session::StateChanges";
/// The column of the session's chapters.
pub const CHAPTERS: &str = "bevy_session::Chapters";
/// The column of what was counted in the innermost chapter that is open.
pub const CHAPTER_COUNTS: &str = "bevy_session::ChapterCounts";
/// The column of the game's clocks.
pub const CLOCK: &str = "bevy_session::Clock";

/// All columns that are about the session itself, and don't come out of the world.
pub const ABOUT_SESSION: [&str; 5] = [FIELDS, STATE_CHANGES, CHAPTERS, CHAPTER_COUNTS, CLOCK];

/// The content of a checkpoint about the session itself.
#[derive(Clone, Default, Debug)]
pub struct AboutSession {
    pub fields: Fields,
    pub state_changes: Vec<StateChange>,
    pub clock: GameClock,
    chapters: Chapters,
    counted: Option<Counted>,
}

impl AboutSession {
    /// Takes in a block if it is about the session. Returns true if it is.
    pub(crate) fn take_up(&mut self, block: &Block) -> bool {
        match &*block.type_path {
            FIELDS => set(&mut self.fields, block),
            STATE_CHANGES => set(&mut self.state_changes, block),
            CHAPTERS => set(&mut self.chapters, block),
            CHAPTER_COUNTS => set(&mut self.counted, block),
            CLOCK => set(&mut self.clock, block),
            _ => return false,
        }
        true
    }

    /// The session's chapters.
    pub(crate) fn chapters(&mut self) -> Chapters {
        let mut chapters = std::mem::take(&mut self.chapters);
        self.counted.into_iter().for_each(|counted| chapters.take_up(counted));
        chapters
    }
}

/// Takes up the value of a column. One that can't be read leaves what was there.
fn set<T: DeserializeOwned>(place: &mut T, block: &Block) {
    let Rows::Values(values) = &block.rows else { return };
    if let Some(value) = values.value(0).and_then(|bytes| rmp_serde::from_slice(bytes).ok()) {
        *place = value;
    }
}
