//! Rows of a checkpoint as a map, without differences that two captures of one world may have.

use std::collections::BTreeMap;

use bevy::prelude::*;
use bevy_session_journal::SaveId;
use bevy_session_journal::internal::format::{Block, ENTITIES, Rows};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::links::{OwnedBy, PairedWith};
use crate::capture::test_kit::*;
use crate::saved::{CHILD_OF, CHILD_ORDER};

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
    /// so each capture gives another one to the remaining references.
    pub fn forget_who_is_not_saved(&mut self) {
        self.map::<Target>(Target::type_path(), |target, is_saved| {
            let others = target.targets.iter_mut().filter(|target| !is_saved(**target));
            others.for_each(|target| *target = Entity::PLACEHOLDER);
        });
        let forget = |entity: &mut Entity, is_saved: &dyn Fn(Entity) -> bool| {
            if !is_saved(*entity) {
                *entity = Entity::PLACEHOLDER;
            }
        };
        self.map::<Leader>(Leader::type_path(), |leader, is_saved| forget(&mut leader.0, is_saved));
        self.map::<Entity>(MemberOf::type_path(), forget);
        self.map::<Entity>(PairedWith::type_path(), forget);
        self.map::<Entity>(OwnedBy::type_path(), forget);
        self.map::<Entity>(CHILD_OF, forget);
    }

    /// Leaves out what a restore leaves out: links without a target, and the order of no children.
    pub fn leave_out_what_no_restore_has(&mut self) {
        let no_one = rmp_serde::to_vec_named(&Entity::PLACEHOLDER).unwrap();
        let links =
            [MemberOf::type_path(), PairedWith::type_path(), OwnedBy::type_path(), CHILD_OF];
        for path in links {
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

    fn map<V: Serialize + DeserializeOwned>(
        &mut self,
        path: &str,
        change: impl Fn(&mut V, &dyn Fn(Entity) -> bool),
    ) {
        let saved = self.0.get(ENTITIES).cloned().unwrap_or_default();
        let is_saved = |entity: Entity| saved.contains_key(&SaveId(entity.to_bits()));
        for row in self.0.get_mut(path).into_iter().flat_map(BTreeMap::values_mut) {
            let mut value = rmp_serde::from_slice(row).unwrap();
            change(&mut value, &is_saved);
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
