//! A world's saved data, as it would be written.

use std::collections::BTreeMap;
use std::sync::Arc;

use bevy::ecs::entity::{Entity, EntityHashMap};
use bevy::ecs::world::World;
use bevy_session_journal::SaveId;
use bevy_session_journal::internal::format::{Block, ENTITIES, Rows};

use crate::SaveKey;
use crate::capture::{Capture, CaptureScope, EncodeFailure, Encoder, Recorder, SavedTypes};
use crate::saved::{ANCHORS, BUILD, CHILD_ORDER, GONE};

/// The bits of [`Entity::PLACEHOLDER`], as an id.
const NO_ONE: SaveId = SaveId(1);
/// An empty list, as it is written.
const NO_CHILDREN: [u8; 1] = [0x90];
/// The first id of anchors, far above those of entities in any session.
const FIRST_ANCHOR: SaveId = SaveId((1 << 40) + 1);

/// A world's saved data, as it would be written.
pub(super) struct SavedRows {
    /// The rows of each type but [`ENTITIES`].
    pub rows: BTreeMap<Arc<str>, BTreeMap<SaveId, Vec<u8>>>,
    /// The ids of all saved entities.
    pub saved: EntityHashMap<SaveId>,
    /// Entities that aren't saved and have a key.
    pub anchors: Vec<(SaveKey, Entity, SaveId)>,
    /// All rows, as they go to the journal.
    pub blocks: Vec<Block>,
    /// The values that couldn't be written.
    pub failures: Vec<EncodeFailure>,
}

/// Entities that are referred to, are neither saved nor have a key, and therefore aren't restored.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Outsiders {
    /// References to them are written as what they become: empty.
    AreNoOne,
    /// Only references to despawned ones are.
    AreNoOneIfDead,
}

impl SavedRows {
    /// Reads a world, in which some entities have an id already. The others get ids from `next` on,
    /// or above the known ones.
    pub(super) fn of(
        world: &mut World,
        types: &Arc<SavedTypes>,
        known: &EntityHashMap<SaveId>,
        next: SaveId,
        outsiders: Outsiders,
    ) -> Self {
        let capture = look(world, types);
        let saved = ids_of_saved(&capture, known, next);
        let anchors = ids_of_anchors(&capture);
        let mut ids = saved.clone();
        ids.extend(anchors.iter().map(|(_, entity, id)| (*entity, *id)));
        let mut encoder = encoder(types, &ids);
        let mut encoded = encoder.encode(capture);
        let silenced: Vec<Entity> = encoder
            .ids()
            .map(|(_, entity)| entity)
            .filter(|entity| !ids.contains_key(entity))
            .filter(|entity| outsiders == Outsiders::AreNoOne || world.get_entity(*entity).is_err())
            .collect();
        // Who is referred to is known only when all is written.
        if !silenced.is_empty() {
            ids.extend(silenced.into_iter().map(|entity| (entity, NO_ONE)));
            encoded = self::encoder(types, &ids).encode(look(world, types));
        }
        Self {
            rows: rows(&encoded.blocks),
            saved,
            anchors,
            blocks: encoded.blocks,
            failures: encoded.facts.failures,
        }
    }

    /// The ids of all entities that are restored.
    pub(super) fn known(&self) -> EntityHashMap<SaveId> {
        let anchors = self.anchors.iter().map(|(_, entity, id)| (*entity, *id));
        self.saved.iter().map(|(entity, id)| (*entity, *id)).chain(anchors).collect()
    }

    /// An id that no entity has.
    pub(super) fn next_id(&self) -> SaveId {
        self.saved.values().max().map_or(SaveId::FIRST, |id| id.next())
    }

    /// A row.
    pub(super) fn row(&self, type_path: &str, id: SaveId) -> Option<&[u8]> {
        Some(self.rows.get(type_path)?.get(&id)?)
    }
}

fn look(world: &mut World, types: &SavedTypes) -> Box<Capture> {
    Recorder::new(world, types).look(world, CaptureScope::Full)
}

fn encoder(types: &Arc<SavedTypes>, ids: &EntityHashMap<SaveId>) -> Encoder {
    let mut encoder = Encoder::new(Arc::clone(types), SaveId::FIRST);
    encoder.seed(ids.iter().map(|(entity, id)| (*entity, *id)));
    encoder
}

fn ids_of_saved(
    capture: &Capture,
    known: &EntityHashMap<SaveId>,
    next: SaveId,
) -> EntityHashMap<SaveId> {
    let highest = known.values().filter(|id| **id < FIRST_ANCHOR).max();
    let mut next = highest.map_or(next, |id| id.next().max(next));
    let mut new_id = || {
        let id = next;
        next = id.next();
        id
    };
    let saved = capture.entities.saved.iter();
    saved.map(|entity| (*entity, known.get(entity).copied().unwrap_or_else(&mut new_id))).collect()
}

/// Numbers anchors in the order of their keys, so that they have the same ids in another world.
fn ids_of_anchors(capture: &Capture) -> Vec<(SaveKey, Entity, SaveId)> {
    let anchors = capture.placed.anchors.iter().flatten();
    let mut anchors: Vec<(SaveKey, Entity, SaveId)> =
        anchors.map(|(entity, key)| (key.clone(), *entity, FIRST_ANCHOR)).collect();
    anchors.sort_unstable();
    let mut next = FIRST_ANCHOR;
    for (_, _, id) in &mut anchors {
        *id = next;
        next = next.next();
    }
    anchors
}

fn rows(blocks: &[Block]) -> BTreeMap<Arc<str>, BTreeMap<SaveId, Vec<u8>>> {
    let mut rows = BTreeMap::<Arc<str>, BTreeMap<SaveId, Vec<u8>>>::new();
    for block in blocks {
        let Rows::Values(values) = &block.rows else { continue };
        if ![ENTITIES, ANCHORS, GONE, BUILD].contains(&&*block.type_path) {
            let of_type = rows.entry(Arc::clone(&block.type_path)).or_default();
            // A parent whose children aren't saved is, once restored, one without children.
            let is_order = &*block.type_path == CHILD_ORDER;
            let meaningful =
                values.iter().filter(|(_, value)| !(is_order && *value == NO_CHILDREN));
            of_type.extend(meaningful.map(|(id, value)| (id, value.to_vec())));
        }
    }
    rows
}
