//! Migrates a checkpoint as a whole, before any of it is decoded.

use std::sync::Arc;

use bevy_session_journal::internal::format::{ENTITIES, Values};
use bevy_session_journal::{SaveId, limits};

use super::decoder::{SavedBlock, SavedRows, SavedTable};
use super::loss::RestoreLoss;
use super::unusable::{Unusable, UnusableRows};
use crate::capture::{Carried, CheckpointMigration, EditedRow, EditedRows, SavedTypes};
use crate::saved::DecodeError;

/// Above the id of every entity.
const NO_ENTITY: SaveId = SaveId(u64::MAX);
/// The number of panics after which a step isn't tried again: each takes a while to be reported.
const PANICS: u32 = 16;

/// The outcome of the steps.
pub(super) struct Migrated {
    /// Values that could not be migrated.
    pub losses: Vec<RestoreLoss>,
    pub carried: Carried,
    /// Entities with this id or a higher one were spawned by a step.
    pub spawned_from: SaveId,
}

impl SavedTable {
    /// Runs the game's migrations that change more than one value. `next` is the first id that no
    /// entity of the session has.
    pub(super) fn migrate(&mut self, types: &SavedTypes, next: SaveId) -> Migrated {
        let (losses, carried) = Default::default();
        let mut migrated = Migrated { losses, carried, spawned_from: NO_ENTITY };
        let is_wanted =
            |step: &CheckpointMigration| self.has_rows_of(&step.type_path, step.version);
        if !types.checkpoint_migrations().iter().any(is_wanted) {
            return migrated;
        }
        let mut rows = self.take_edited(next);
        migrated.spawned_from = rows.next;
        for step in types.checkpoint_migrations() {
            migrated.do_step(step, &mut rows, types);
        }
        self.put_edited(rows);
        migrated.carried.retain_ids_below(migrated.spawned_from);
        migrated
    }

    fn has_rows_of(&self, type_path: &str, version: u32) -> bool {
        let blocks = self.types.get(type_path).into_iter().flat_map(|saved| &saved.blocks);
        blocks.into_iter().any(|block| block.version == version && !block.rows.is_empty())
    }

    fn take_edited(&mut self, next: SaveId) -> EditedRows {
        let mut edited = EditedRows::new(next);
        for (type_path, saved) in std::mem::take(&mut self.types) {
            let rows = edited.types.entry(type_path).or_default();
            for row in saved.rows() {
                let version = row.version;
                rows.entry(row.id).or_insert(EditedRow { version, value: row.value.to_vec() });
            }
        }
        let highest = edited.types.get(ENTITIES).and_then(|rows| rows.keys().next_back());
        edited.next = highest.map_or(next, |highest| highest.next().max(next));
        edited
    }

    fn put_edited(&mut self, edited: EditedRows) {
        for (type_path, rows) in edited.types {
            let mut saved = SavedRows::default();
            for (id, row) in rows {
                saved.push(&type_path, row.version, id, &row.value);
            }
            if !saved.blocks.is_empty() {
                self.types.insert(type_path, saved);
            }
        }
    }
}

impl SavedRows {
    /// Adds a row. Ids ascend, whatever their version.
    fn push(&mut self, name: &Arc<str>, version: u32, id: SaveId, value: &[u8]) {
        let fits = |block: &&mut SavedBlock| {
            block.version == version && block.rows.byte_len() + value.len() <= limits::FRAME_BYTES
        };
        if let Some(block) = self.blocks.last_mut().filter(fits) {
            return block.rows.push(id, value);
        }
        let mut rows = Values::default();
        rows.push(id, value);
        self.blocks.push(SavedBlock { name: name.clone(), version, rows });
    }
}

impl Migrated {
    /// Runs one step for each value that it applies to.
    fn do_step(&mut self, step: &CheckpointMigration, rows: &mut EditedRows, types: &SavedTypes) {
        let of_type = rows.types.get(&step.type_path).into_iter().flatten();
        let of_version = of_type.filter(|(_, row)| row.version == step.version);
        let ids: Vec<SaveId> = of_version.map(|(id, _)| *id).collect();
        let mut unusable = UnusableRows::default();
        let mut panics = 0;
        for id in ids {
            // An earlier step may have taken it away.
            let taken = rows.types.get_mut(&step.type_path).and_then(|rows| rows.remove(&id));
            let Some(row) = taken.filter(|row| row.version == step.version) else { continue };
            let done = match panics {
                PANICS.. => Err(DecodeError::Panicked),
                _ => step.apply(rows, types.all_histories(), (id, &row)),
            };
            if let Err(error) = done {
                panics += u32::from(error == DecodeError::Panicked);
                self.carried.add(&step.type_path, row.version, id, &row.value);
                unusable.add(id, Unusable::of_version(row.version, &error));
            }
        }
        self.losses.extend(unusable.into_losses(&step.type_path));
    }
}
