//! The game's saved types, as recovery asks for them.

use super::{ReadProgress, VersionFit};
use crate::format::{Block, Commit, ReadError, TypeRows};

/// The types that this build of the game saves.
pub trait KnownTypes {
    /// The fit of this build with the rows of one type, as far as its name and version say.
    fn fit(&self, rows: &TypeRows<'_>) -> VersionFit;

    /// A number that is another one wherever [`fit`](Self::fit) would say something else. `None`, as by
    /// default, if that isn't known: then nothing that depends on it is kept for another process.
    fn fingerprint(&self) -> Option<u64> {
        None
    }
}

/// Types whose values can be read.
pub trait Decode: KnownTypes {
    /// A checkpoint as the game takes it over.
    type Image: Send;

    /// Decodes the blocks of a checkpoint, and notes in `progress` how much has been read.
    ///
    /// # Errors
    ///
    /// The first error of `blocks`. A value that this build can't use is none.
    fn decode(
        &self,
        commit: &Commit,
        blocks: &mut dyn Iterator<Item = Result<Block, ReadError>>,
        progress: &ReadProgress,
    ) -> Result<Self::Image, ReadError>;
}
