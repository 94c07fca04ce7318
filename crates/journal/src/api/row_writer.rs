//! Takes the rows of a capture.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::Serialize;

use super::{SavedType, Scope};
use crate::format::Values;
use crate::model::ids::SaveId;

/// Takes the rows of a capture, in any order.
///
/// Removals come first: an entity that is removed and then put is there.
#[derive(Debug)]
pub struct RowWriter {
    pub(super) scope: Scope,
    pub(super) columns: BTreeMap<&'static str, Column>,
    pub(super) removed: BTreeSet<SaveId>,
    /// The types of values that can't be written.
    pub(super) incomplete: BTreeSet<&'static str>,
}

/// The rows of one type.
#[derive(Default, Debug)]
pub(super) struct Column {
    pub version: u32,
    pub removed: BTreeSet<SaveId>,
    rows: Vec<(SaveId, Range<usize>)>,
    bytes: Vec<u8>,
}

impl RowWriter {
    pub(super) fn new(scope: Scope) -> Self {
        Self {
            scope,
            columns: BTreeMap::new(),
            removed: BTreeSet::new(),
            incomplete: BTreeSet::new(),
        }
    }

    /// The extent that was asked for.
    #[must_use]
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// Writes a row. It takes the place of the one that the entity has of this type.
    ///
    /// An id is [`SaveId::WORLD`], or at least [`SaveId::FIRST`] with low 32 bits that aren't all zero. A checkpoint with
    /// any other can't be written, and fails.
    ///
    /// The value is MessagePack with the names of its fields, so that fields with a default can be added
    /// later. A value whose `Serialize` fails is left out, and the next capture is one of
    /// [`Everything`](Scope::Everything).
    pub fn put<T: Serialize + ?Sized>(&mut self, saved: SavedType, id: SaveId, value: &T) {
        let column = self.column(saved);
        let start = column.bytes.len();
        if rmp_serde::encode::write_named(&mut column.bytes, value).is_ok() {
            column.rows.push((id, start..column.bytes.len()));
        } else {
            column.bytes.truncate(start);
            self.incomplete.insert(saved.path);
        }
    }

    /// Removes the row of this type and id from the session.
    pub fn remove(&mut self, saved: SavedType, id: SaveId) {
        self.column(saved).removed.insert(id);
    }

    /// Removes an entity with all its rows.
    pub fn remove_entity(&mut self, id: SaveId) {
        self.removed.insert(id);
    }

    fn column(&mut self, saved: SavedType) -> &mut Column {
        let column = self.columns.entry(saved.path).or_default();
        column.version = saved.version;
        column
    }
}

impl Column {
    /// The rows in the order of their ids. Of several with one id, the last that was put.
    pub(super) fn into_values(mut self) -> Values {
        self.rows.sort_by_key(|(id, _)| *id);
        let mut values = Values::with_capacity(self.rows.len(), self.bytes.len());
        let mut rows = self.rows.into_iter().peekable();
        while let Some((id, range)) = rows.next() {
            let is_last = rows.peek().is_none_or(|(next, _)| *next != id);
            if is_last && let Some(bytes) = self.bytes.get(range) {
                values.push(id, bytes);
            }
        }
        values
    }
}
