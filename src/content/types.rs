//! What recovery asks of the types that a game saves.

use crate::capture::{Form, SavedTypes};
use crate::journal::{Block, Commit, ReadError, TypeRows};
use crate::recovery::{Decode, KnownTypes, ReadProgress, VersionFit};
use crate::restore::WorldImage;

impl KnownTypes for SavedTypes {
    fn fit(&self, rows: &TypeRows<'_>) -> VersionFit {
        let Some(history) = self.history(rows.path) else { return VersionFit::Lossy };
        let has_former_name = history.former_names.iter().any(|name| **name == *rows.path);
        match history.form(rows.version) {
            Form::Current if has_former_name => VersionFit::Migratable,
            Form::Current => VersionFit::Exact,
            Form::Older(_) => VersionFit::Migratable,
            Form::TooOld { .. } => VersionFit::Lossy,
            Form::Newer { .. } => VersionFit::Newer,
        }
    }
}

impl Decode for SavedTypes {
    type Image = WorldImage;

    fn decode(
        &self,
        commit: &Commit,
        blocks: &mut dyn Iterator<Item = Result<Block, ReadError>>,
        progress: &ReadProgress,
    ) -> Result<WorldImage, ReadError> {
        WorldImage::decode(self, commit, blocks, progress)
    }
}
