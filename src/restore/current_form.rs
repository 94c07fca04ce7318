//! Bringing rows of older builds into the form that this build writes, once, before anything else
//! looks at them.

use super::decoder::SavedRow;
use super::loss::RestoreLossReason;
use super::unusable::Unusable;
use crate::capture::{Form, TypeHistory};
use crate::journal::{Values, limits};

/// Rows that were brought into the form of today, for as long as the checkpoint is being restored.
///
/// They are compared with the world and decoded again like rows that never needed it.
pub(super) struct CurrentForm<'a> {
    history: &'a TypeHistory,
    /// How many blocks there are before the ones made here.
    blocks_before: u32,
    full: Vec<Values>,
    current: Values,
    scratch: Vec<u8>,
}

impl<'a> CurrentForm<'a> {
    pub(super) fn new(history: &'a TypeHistory, blocks_before: usize) -> Self {
        let blocks_before = u32::try_from(blocks_before).unwrap_or(u32::MAX);
        let (full, current, scratch) = Default::default();
        Self { history, blocks_before, full, current, scratch }
    }

    /// A row as this build would have written it. May run the game's own code.
    ///
    /// # Errors
    ///
    /// Why this build can't use it.
    pub(super) fn of<'row>(&'row mut self, row: &SavedRow<'row>) -> Result<&'row [u8], Unusable> {
        let saved = row.version;
        match self.history.form(saved) {
            Form::Current => Ok(row.value),
            Form::Older(migrations) => {
                let migrated = migrations.migrate(saved, row.value, &mut self.scratch);
                migrated.map_err(|error| Unusable::of_version(saved, &error))?;
                Ok(&self.scratch)
            }
            Form::TooOld { oldest } => {
                Err(Unusable::ByVersion(RestoreLossReason::OlderType { saved, oldest }))
            }
            Form::Newer { known } => {
                Err(Unusable::ByVersion(RestoreLossReason::NewerType { saved, known }))
            }
        }
    }

    /// Keeps the row that was asked for last, and says where it is: its block, and its place in it.
    pub(super) fn keep(&mut self, row: &SavedRow<'_>) -> (u32, u32) {
        if let Form::Current = self.history.form(row.version) {
            return row.place;
        }
        if self.current.byte_len() + self.scratch.len() > limits::FRAME_BYTES {
            self.full.push(std::mem::take(&mut self.current));
        }
        let block = u32::try_from(self.full.len()).unwrap_or(u32::MAX);
        let place = u32::try_from(self.current.len()).unwrap_or(u32::MAX);
        self.current.push(row.id, &self.scratch);
        (self.blocks_before.saturating_add(block), place)
    }

    /// The blocks that were made.
    pub(super) fn into_blocks(mut self) -> Vec<Values> {
        if !self.current.is_empty() {
            self.full.push(self.current);
        }
        self.full
    }
}
