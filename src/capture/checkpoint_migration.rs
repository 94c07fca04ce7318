//! Migrations for values of older builds that aren't one value of one type today.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bevy::ecs::error::BevyError;
use bevy_session_journal::SaveId;
use serde::de::DeserializeOwned;

use super::checkpoint_edit::{CheckpointEdit, EditedRow, EditedRows};
use super::history::Histories;
use crate::saved::{DecodeError, decode_message_pack};
use crate::schema::Schema;

type Step = dyn Fn(&[u8], &mut CheckpointEdit<'_>) -> Result<(), DecodeError> + Send + Sync;

/// A step that runs for each value of one version of a type, before a checkpoint is restored.
#[derive(Clone)]
pub(crate) struct CheckpointMigration {
    /// The type's name in files.
    pub type_path: Arc<str>,
    pub version: u32,
    /// The form in which it reads values.
    pub schema: fn() -> Schema,
    step: Arc<Step>,
}

impl CheckpointMigration {
    pub(super) fn new<Old: DeserializeOwned + 'static>(
        type_path: &str,
        version: u32,
        step: impl Fn(Old, &mut CheckpointEdit<'_>) -> Result<(), BevyError> + Send + Sync + 'static,
    ) -> Self {
        let step = move |row: &[u8], edit: &mut CheckpointEdit<'_>| {
            step(decode_message_pack(row)?, edit)
                .map_err(|error| DecodeError::Refused(error.to_string()))
        };
        let (type_path, step) = (type_path.into(), Arc::new(step));
        Self { type_path, version, schema: Schema::of::<Old>, step }
    }

    /// Runs the step for the value of one entity, or of the world, which was already removed from
    /// `rows`. If it fails, everything is as it was.
    ///
    /// # Errors
    ///
    /// The message of the failure.
    pub(crate) fn apply(
        &self,
        rows: &mut EditedRows,
        histories: &Histories,
        (id, row): (SaveId, &EditedRow),
    ) -> Result<(), DecodeError> {
        let mut edit = CheckpointEdit::new(rows, histories, id);
        // It is the game's own code.
        let done = catch_unwind(AssertUnwindSafe(|| (self.step)(&row.value, &mut edit)));
        let done = done.unwrap_or(Err(DecodeError::Panicked));
        if done.is_err() {
            edit.roll_back();
        }
        done
    }
}

impl fmt::Debug for CheckpointMigration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { type_path, version, .. } = self;
        formatter
            .debug_struct("CheckpointMigration")
            .field("type_path", type_path)
            .field("version", version)
            .finish_non_exhaustive()
    }
}
