//! Column blocks: the rows of one type, as plain bytes.
//!
//! A checkpoint's content is a sequence of blocks in one fixed order, see [`Block::key`]. Everything
//! that travels between capture, journal and restore is made of them.

use std::sync::Arc;

use crate::model::ids::SaveId;

/// The path of the column whose rows say which entities exist.
///
/// A removal in this column takes the entity away with all its rows in every column.
pub const ENTITIES: &str = "bevy_session::Saved";

/// Rows of one type: values, or the ids that lost theirs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Block {
    /// Stable name of the type: its `TypePath`.
    pub type_path: Arc<str>,
    /// The type's own version, for migrations. 0 unless the game sets another one.
    pub type_version: u32,
    /// The rows: values, or ids that were removed.
    pub rows: Rows,
}

/// The rows of a [`Block`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Rows {
    /// These ids, strictly ascending, no longer have the component.
    Removed(Vec<SaveId>),
    /// These ids have these values.
    Values(Values),
}

/// Ids, strictly ascending, with one encoded value each.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Values {
    ids: Vec<SaveId>,
    /// The end of each value in `bytes`.
    ends: Vec<u32>,
    bytes: Vec<u8>,
}

impl Values {
    /// No rows, with room for `rows` of `bytes` together.
    pub fn with_capacity(rows: usize, bytes: usize) -> Self {
        Self {
            ids: Vec::with_capacity(rows),
            ends: Vec::with_capacity(rows),
            bytes: Vec::with_capacity(bytes),
        }
    }

    /// Appends a row.
    pub fn push(&mut self, id: SaveId, value: &[u8]) {
        debug_assert!(self.ids.last().is_none_or(|last| *last < id), "ids should ascend");
        self.ids.push(id);
        self.bytes.extend_from_slice(value);
        self.ends.push(self.bytes.len() as u32);
    }

    /// The ids, strictly ascending.
    pub fn ids(&self) -> &[SaveId] {
        &self.ids
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Returns true if there is no row.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The encoded value of a row.
    pub fn value(&self, row: usize) -> Option<&[u8]> {
        let end = *self.ends.get(row)? as usize;
        let start = match row.checked_sub(1) {
            Some(previous) => *self.ends.get(previous)? as usize,
            None => 0,
        };
        self.bytes.get(start..end)
    }

    /// All rows in order.
    pub fn iter(&self) -> impl Iterator<Item = (SaveId, &[u8])> {
        self.ids.iter().enumerate().filter_map(|(row, id)| Some((*id, self.value(row)?)))
    }

    /// Bytes of all values together.
    pub fn byte_len(&self) -> usize {
        self.bytes.len()
    }
}

impl Block {
    /// A block of values.
    pub fn values(type_path: Arc<str>, type_version: u32, values: Values) -> Self {
        Self { type_path, type_version, rows: Rows::Values(values) }
    }

    /// A block of removals.
    pub fn removed(type_path: Arc<str>, ids: Vec<SaveId>) -> Self {
        Self { type_path, type_version: 0, rows: Rows::Removed(ids) }
    }

    /// The place of this block in a group: entities first, then types by path; of one type,
    /// removals before values. Blocks of one key follow each other with ascending ids.
    ///
    /// The order is also the meaning: within one group removals happen before values, so that an
    /// entity may be taken away and come back.
    pub fn key(&self) -> (bool, &str, bool) {
        Self::key_of(&self.type_path, matches!(self.rows, Rows::Values(_)))
    }

    /// The key of a block of this type, with values or with removals.
    pub fn key_of(type_path: &str, holds_values: bool) -> (bool, &str, bool) {
        (type_path != ENTITIES, type_path, holds_values)
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.ids().len()
    }

    /// Returns true if there is no row.
    pub fn is_empty(&self) -> bool {
        self.ids().is_empty()
    }

    /// The encoded value of a row; `None` for a removal.
    pub fn value(&self, row: usize) -> Option<&[u8]> {
        match &self.rows {
            Rows::Removed(_) => None,
            Rows::Values(values) => values.value(row),
        }
    }

    /// Bytes of all values and ids, before anything is packed.
    pub fn byte_len(&self) -> usize {
        let values = match &self.rows {
            Rows::Removed(_) => 0,
            Rows::Values(values) => values.byte_len(),
        };
        values + size_of_val(self.ids())
    }

    /// The ids of the rows, strictly ascending.
    pub fn ids(&self) -> &[SaveId] {
        match &self.rows {
            Rows::Removed(ids) => ids,
            Rows::Values(values) => values.ids(),
        }
    }
}
