//! A program's codec: it turns state into rows, and rows into state.

use super::{RowReader, RowWriter};

/// The codec of a program: it turns the program's state into rows, and rows into state.
///
/// A row is a value with a [`SavedType`] and a [`SaveId`](crate::SaveId). The program decides what an id
/// stands for; the rows of [`SaveId::WORLD`](crate::SaveId::WORLD) belong to no entity.
///
/// ```
/// use bevy_session_journal::{Codec, RowReader, RowWriter, SaveId, SavedType};
///
/// const SCORE: SavedType = SavedType::new("game::Score");
///
/// struct Scores;
///
/// impl Codec for Scores {
///     type Capture = u64;
///     type Image = u64;
///
///     fn types(&self) -> &[SavedType] {
///         &[SCORE]
///     }
///
///     fn encode(&self, score: u64, rows: &mut RowWriter) {
///         rows.put(SCORE, SaveId::WORLD, &score);
///     }
///
///     fn decode(&self, rows: &mut RowReader<'_>) -> u64 {
///         let mut score = 0;
///         while let Some(row) = rows.next_row() {
///             if row.is(SCORE) {
///                 score = row.value().unwrap_or_default();
///             }
///         }
///         score
///     }
/// }
/// ```
pub trait Codec: Send + 'static {
    /// The data of a checkpoint: a copy of the state, or of the changes to it.
    type Capture: Send;
    /// The state that a restored checkpoint becomes.
    type Image: Send;

    /// Every type that this build of the program saves.
    ///
    /// Rows of other types, which another build saved, are kept in the session. A checkpoint with rows of a
    /// newer version than this isn't restored.
    fn types(&self) -> &[SavedType];

    /// Writes the rows of a capture, on the writer's thread. A panic in here ends the writer.
    fn encode(&self, capture: Self::Capture, rows: &mut RowWriter);

    /// Reads the rows of a checkpoint, on the writer's thread.
    fn decode(&self, rows: &mut RowReader<'_>) -> Self::Image;
}

/// A type of rows: its name on disk and its version.
///
/// The name stays, even if the type is renamed in the program.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct SavedType {
    pub(super) path: &'static str,
    pub(super) version: u32,
}

impl SavedType {
    /// A type with this name, in version 0.
    ///
    /// The name is free, up to [`limits::STRING_BYTES`](crate::limits::STRING_BYTES), except that names
    /// which begin with `bevy_session::` are the journal's own.
    #[must_use]
    pub const fn new(path: &'static str) -> Self {
        Self { path, version: 0 }
    }

    /// The same type in another version. Raise it when values change in a way that older ones can't be
    /// read as the type that they have now: [`Row::version`](super::Row::version) distinguishes them.
    #[must_use]
    pub const fn version(self, version: u32) -> Self {
        Self { version, ..self }
    }
}

/// The extent of a capture.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Scope {
    /// The whole state.
    Everything,
    /// The changes since the last capture, and the ids that are gone since. More does no harm.
    Changes,
}

impl Scope {
    /// Returns true if the capture has to contain the whole state.
    #[must_use]
    pub fn is_everything(self) -> bool {
        self == Self::Everything
    }
}
