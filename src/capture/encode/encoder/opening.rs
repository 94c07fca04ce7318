//! Opens a run with the data that an earlier one has written.
//!
//! If a world equals a checkpoint except for values written since its capture, the first checkpoint
//! of the next run needs no full capture: it is the rows of that checkpoint, with the differences.

use std::collections::HashMap;
use std::sync::Arc;

use bevy_session_journal::SaveId;
use bevy_session_journal::internal::format::{Block, Values};

use super::Encoder;
use crate::capture::encode::save_ids::WORLD_SLOT;

/// The rows of a whole checkpoint, as this build would write them.
pub(crate) struct WrittenRows {
    /// The saved entities, ascending.
    pub entities: Vec<SaveId>,
    /// The rows of each type that has a column.
    pub columns: Vec<Vec<Values>>,
}

impl Encoder {
    /// Begins with a checkpoint that equals the world, except for what the first capture copies.
    /// All of its entities are known by their ids.
    pub(crate) fn open_with(&mut self, written: WrittenRows) {
        let WrittenRows { entities, columns } = written;
        let known: Vec<_> = self.ids.entities().collect();
        let saved = known.into_iter().filter(|(id, _)| entities.binary_search(id).is_ok());
        let slots: HashMap<SaveId, u32> =
            saved.map(|(id, entity)| (id, self.ids.add(entity).slot)).collect();
        self.ids.end_restore();
        let slot = |id: &SaveId| match *id {
            SaveId::WORLD => Some(WORLD_SLOT),
            id => slots.get(&id).copied(),
        };
        let mut blocks = self.blocks_of_entities(&entities);
        let types = Arc::clone(&self.types);
        for ((saved_type, state), rows) in types.columns().zip(&mut self.columns).zip(columns) {
            let (path, version) = (saved_type.type_path(), types.version(saved_type.type_path()));
            for values in rows {
                for slot in values.ids().iter().filter_map(slot) {
                    state.presence.add(slot);
                }
                blocks.push(Block::values(path.clone(), version, values));
            }
        }
        blocks.extend(self.block_of_build());
        blocks.sort_by(|one, other| one.key().cmp(&other.key()));
        self.opening = Some(blocks);
    }
}
