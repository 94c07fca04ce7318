//! Rows of a checkpoint as a map, without differences that two captures of one world may have.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bevy::prelude::*;
use bevy_session_journal::SaveId;
use bevy_session_journal::internal::format::{Block, ENTITIES, Rows};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::levels::root_by_key;
use super::links::{Home, InHerd, OwnedBy, PairedWith};
use crate::SaveKey;
use crate::capture::test_kit::*;
use crate::saved::{ANCHORS, CHILD_OF, CHILD_ORDER, SAVE_KEYS, order_of};

/// The columns of links.
fn links() -> [&'static str; 5] {
    let one_to_one = PairedWith::type_path();
    [MemberOf::type_path(), one_to_one, OwnedBy::type_path(), InHerd::type_path(), CHILD_OF]
}

/// Rows of a checkpoint, by type and entity.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Table(pub BTreeMap<String, BTreeMap<SaveId, Vec<u8>>>);

impl Table {
    /// The rows of a snapshot.
    pub fn of(blocks: &[Block]) -> Self {
        let mut table = Self::default();
        for block in blocks {
            let Rows::Values(values) = &block.rows else {
                panic!("a snapshot should have no removals: {}", block.type_path)
            };
            let rows = table.0.entry(block.type_path.to_string()).or_default();
            for (id, value) in values.iter() {
                let twin = rows.insert(id, value.to_vec());
                assert_eq!(twin, None, "{id} should have one row in {}", block.type_path);
            }
        }
        table
    }

    /// Replaces references to unsaved entities by a placeholder: a despawned entity loses its id,
    /// so each capture gives another one to the remaining references. Each run also gives other
    /// ids to anchors, so those are named by their keys. Those whose keys are `left` in a room
    /// aren't there to be referred to.
    pub fn forget_who_is_not_saved(&mut self, left: &BTreeSet<SaveKey>) {
        let names = self.names(left);
        let rename = |entity: &mut Entity| {
            *entity = names.get(&entity.to_bits()).copied().unwrap_or(Entity::PLACEHOLDER);
        };
        self.map::<Target>(Target::type_path(), |target| {
            target.targets.iter_mut().for_each(rename);
        });
        self.map::<Leader>(Leader::type_path(), |leader| rename(&mut leader.0));
        for link in links() {
            self.map::<Entity>(link, rename);
        }
        self.map::<Entity>(Home::type_path(), rename);
        // A set has no order.
        self.0.remove(&*order_of(InHerd::type_path()));
    }

    /// The names of entities that may be referred to.
    fn names(&mut self, left: &BTreeSet<SaveKey>) -> HashMap<u64, Entity> {
        let key = |row: &Vec<u8>| -> SaveKey { rmp_serde::from_slice(row).unwrap() };
        let keys = self.0.get(SAVE_KEYS).into_iter().flatten();
        let waiting: BTreeSet<SaveId> =
            keys.filter(|(_, row)| left.contains(&key(row))).map(|(id, _)| *id).collect();
        let saved = self.0.get(ENTITIES).into_iter().flatten().map(|(id, _)| *id);
        let saved = saved.filter(|id| !waiting.contains(id));
        let mut names: HashMap<u64, Entity> =
            saved.map(|id| (id.0, Entity::from_bits(id.0))).collect();
        let anchors = self.0.remove(ANCHORS).unwrap_or_default();
        let mut named = BTreeMap::new();
        for (id, row) in anchors {
            let name = root_by_key(&key(&row));
            names.insert(id.0, name);
            named.insert(SaveId(name.to_bits()), row);
        }
        if !named.is_empty() {
            self.0.insert(ANCHORS.to_owned(), named);
        }
        names
    }

    /// Leaves out what a restore leaves out: links without a target, and the order of no children.
    pub fn leave_out_what_no_restore_has(&mut self) {
        let no_one = rmp_serde::to_vec_named(&Entity::PLACEHOLDER).unwrap();
        for path in links() {
            self.retain(path, |row| *row != no_one);
        }
        let no_children = rmp_serde::to_vec_named(&Vec::<Entity>::new()).unwrap();
        self.retain(CHILD_ORDER, |row| *row != no_children);
    }

    fn retain(&mut self, path: &str, is_kept: impl Fn(&Vec<u8>) -> bool) {
        if let Some(rows) = self.0.get_mut(path) {
            rows.retain(|_, row| is_kept(row));
        }
        self.0.retain(|_, rows| !rows.is_empty());
    }

    fn map<V: Serialize + DeserializeOwned>(&mut self, path: &str, change: impl Fn(&mut V)) {
        for row in self.0.get_mut(path).into_iter().flat_map(BTreeMap::values_mut) {
            let mut value = rmp_serde::from_slice(row).unwrap();
            change(&mut value);
            *row = rmp_serde::to_vec_named(&value).unwrap();
        }
    }

    /// Fails if another table differs, and reports the place.
    pub fn must_be(&self, other: &Self, what: &str) {
        for path in self.0.keys().chain(other.0.keys()) {
            let (own, others) = (self.0.get(path), other.0.get(path));
            assert_eq!(own, others, "{what}: rows of {path}");
        }
    }
}
