//! The bytes of each type that a run has encoded.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::format::PackedGroup;

/// The bytes of each type that a run has encoded, before they are compressed.
#[derive(Default)]
pub(super) struct TypeBytes(BTreeMap<Arc<str>, u64>);

impl TypeBytes {
    /// Counts the rows of one more checkpoint.
    pub fn count(&mut self, group: &PackedGroup) {
        for (type_path, bytes) in group.type_bytes() {
            match self.0.get_mut(type_path) {
                Some(known) => *known += bytes,
                None => drop(self.0.insert(Arc::clone(type_path), *bytes)),
            }
        }
    }

    /// The types by their paths, the largest first.
    pub fn largest_first(&self) -> Vec<(String, u64)> {
        let types = self.0.iter().map(|(path, bytes)| (path.to_string(), *bytes));
        let mut types: Vec<_> = types.collect();
        types.sort_by_key(|(_, bytes)| Reverse(*bytes));
        types
    }
}
