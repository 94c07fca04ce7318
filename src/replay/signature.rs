//! Signatures of entities, independent of their ids: to find the same one in another play of the
//! same moment.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};

use bevy::ecs::entity::{Entity, EntityHashMap};
use bevy_session_journal::SaveId;
use xxhash_rust::xxh3::Xxh3Default;

use crate::testing::SavedSnapshot;
use crate::values::Tree;

/// The first id of entities that have none yet: beyond all that sessions assign.
const FIRST: u64 = (1 << 41) + 1;
/// The offset of their ids when everything is written once more.
const SHIFT: u64 = 1 << 42;
/// The number of steps that references are followed to distinguish entities that are otherwise
/// alike.
const ROUNDS: usize = 3;

/// Entities without an id, and their signatures.
pub(super) struct Strangers {
    pub entities: Vec<Entity>,
    /// A hash of each entity's values and references.
    pub exact: Vec<u64>,
    /// A hash of each entity's types and name.
    pub rough: Vec<u64>,
}

impl Strangers {
    /// Examines the entities that aren't `known`. `look` writes the wanted part of the world with
    /// these ids: twice, so that a number which moves with the ids is recognized as a reference.
    pub(super) fn of(
        entities: Vec<Entity>,
        known: &EntityHashMap<SaveId>,
        mut look: impl FnMut(&EntityHashMap<SaveId>, &dyn Fn(SaveId) -> bool) -> SavedSnapshot,
    ) -> Self {
        if entities.is_empty() {
            return Self { entities, exact: Vec::new(), rough: Vec::new() };
        }
        let ids = |first: u64| -> Vec<SaveId> {
            (first..).zip(&entities).map(|(id, _)| SaveId(id)).collect()
        };
        let (first, second) = (ids(FIRST), ids(FIRST + SHIFT));
        let mut written = |ids: &[SaveId]| {
            let mut all = known.clone();
            all.extend(entities.iter().copied().zip(ids.iter().copied()));
            look(&all, &|id| id.0 >= FIRST)
        };
        let views = (written(&first), written(&second));
        let places =
            first.iter().enumerate().map(|(place, id)| (i128::from(id.0), place)).collect();
        let reader = Reader { views: &views, ids: (&first, &second), places };
        let mut exact = vec![0; entities.len()];
        for _ in 0..ROUNDS {
            exact = reader.signatures(&exact);
        }
        let rough = reader.kinds();
        Self { entities, exact, rough }
    }
}

struct Reader<'a> {
    views: &'a (SavedSnapshot, SavedSnapshot),
    ids: (&'a [SaveId], &'a [SaveId]),
    /// The entity of each id in the first view.
    places: HashMap<i128, usize>,
}

impl Reader<'_> {
    /// A signature for each entity, in which the entities that it refers to count as their numbers.
    fn signatures(&self, numbers: &[u64]) -> Vec<u64> {
        self.hashed(|hasher, trees| self.write(trees, numbers, hasher))
    }

    fn kinds(&self) -> Vec<u64> {
        self.hashed(|hasher, (tree, _)| {
            if matches!(tree, Tree::Text(_)) {
                tree.hash(hasher);
            }
        })
    }

    fn hashed(&self, add: impl Fn(&mut Xxh3Default, (&Tree, &Tree))) -> Vec<u64> {
        let mut hashers = vec![Xxh3Default::new(); self.places.len()];
        for (type_path, first) in self.views.0.rows() {
            let Some(second) = self.views.1.rows().get(type_path) else { continue };
            for ((hasher, id), again) in hashers.iter_mut().zip(self.ids.0).zip(self.ids.1) {
                if let (Some(tree), Some(again)) = (first.get(id), second.get(again)) {
                    type_path.hash(hasher);
                    add(hasher, (tree, again));
                }
            }
        }
        hashers.iter().map(Xxh3Default::finish).collect()
    }

    fn write(&self, trees: (&Tree, &Tree), numbers: &[u64], hasher: &mut Xxh3Default) {
        let children = |hasher: &mut Xxh3Default, first: &[Tree], second: &[Tree]| {
            first.len().hash(hasher);
            first.iter().zip(second).for_each(|pair| self.write(pair, numbers, hasher));
        };
        std::mem::discriminant(trees.0).hash(hasher);
        match trees {
            (Tree::Number(first), Tree::Number(second))
                if *second == *first + i128::from(SHIFT) =>
            {
                let number = self.places.get(first).and_then(|place| numbers.get(*place));
                number.hash(hasher);
            }
            (Tree::List(first), Tree::List(second)) | (Tree::Set(first), Tree::Set(second)) => {
                children(hasher, first, second);
            }
            (Tree::Fields(first), Tree::Fields(second)) => {
                for ((name, first), (_, second)) in first.iter().zip(second) {
                    name.hash(hasher);
                    self.write((first, second), numbers, hasher);
                }
            }
            (Tree::Map(first), Tree::Map(second)) => {
                for ((key, value), (key_again, value_again)) in first.iter().zip(second) {
                    self.write((key, key_again), numbers, hasher);
                    self.write((value, value_again), numbers, hasher);
                }
            }
            (Tree::Variant(name, first), Tree::Variant(_, second)) => {
                name.hash(hasher);
                self.write((first, second), numbers, hasher);
            }
            (first, _) => first.hash(hasher),
        }
    }
}
