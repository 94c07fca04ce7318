//! Placed entities that have come back, while their kept values are on their way to them.

use std::borrow::Cow;
use std::collections::HashMap;

use bevy::ecs::entity::{Entity, EntityHashMap, EntityHashSet};
use bevy_session_journal::SaveId;

use super::carried::Carried;
use super::encoder::Encoder;
use crate::capture::placed::SaveKey;
use crate::capture::record::{Capture, CaptureScope};

/// Placed entities that a level has spawned, and to which the kept values haven't been written yet.
///
/// They have the level's values. A checkpoint that is taken now has the kept values instead, as if
/// the entities weren't there: so even if the process dies, a level's initial values never replace
/// the player's.
#[derive(Clone, Default)]
pub(super) struct Claims {
    by_entity: EntityHashMap<Claim>,
    by_key: HashMap<SaveKey, Entity>,
}

#[derive(Clone)]
struct Claim {
    key: SaveKey,
    id: SaveId,
}

/// The outcome of claims.
pub(crate) struct Settled {
    /// Entities to which the kept values were written.
    pub written: Vec<Entity>,
    /// Entities of another kind than the one kept for their key, which is kept further.
    pub refused: Vec<Entity>,
    /// Entities that died as the kept values were written, which are kept further.
    pub died: Vec<Entity>,
    /// The kept values that could not be used.
    pub carried: Carried,
}

impl Claims {
    /// Begins to give the values that were kept for a key to this entity, and to no other.
    pub(super) fn begin(&mut self, entity: Entity, key: SaveKey, id: SaveId) {
        if let Some(before) = self.by_key.insert(key.clone(), entity) {
            self.by_entity.remove(&before);
        }
        self.by_entity.insert(entity, Claim { key, id });
    }

    /// Ends a claim. Returns the key and the id of the entity, if it had one.
    pub(super) fn end(&mut self, entity: Entity) -> Option<(SaveKey, SaveId)> {
        let Claim { key, id } = self.by_entity.remove(&entity)?;
        self.by_key.remove(&key);
        Some((key, id))
    }

    /// Returns true if no values are on their way.
    pub(super) fn is_empty(&self) -> bool {
        self.by_entity.is_empty()
    }

    /// The number of entities that wait for their values.
    pub(super) fn len(&self) -> u64 {
        self.by_entity.len() as u64
    }

    /// Returns true if the values that were kept for a key are on their way.
    pub(super) fn are_of(&self, key: &SaveKey) -> bool {
        self.by_key.contains_key(key)
    }

    /// The entities among these that don't wait for values.
    pub(super) fn without<'a>(&self, entities: &'a [Entity]) -> Cow<'a, [Entity]> {
        if self.is_empty() {
            return Cow::Borrowed(entities);
        }
        entities.iter().copied().filter(|entity| !self.by_entity.contains_key(entity)).collect()
    }

    /// The entities that aren't saved any more: they were despawned with a state, or have lost
    /// their marker.
    fn left(&self, capture: &Capture) -> Vec<Entity> {
        let entities = &capture.entities;
        let named: EntityHashSet = match capture.scope() {
            CaptureScope::Full => entities.saved.iter().copied().collect(),
            CaptureScope::Delta => {
                entities.despawned.iter().chain(&entities.unmarked).copied().collect()
            }
        };
        let is_full = capture.scope() == CaptureScope::Full;
        let claiming = self.by_entity.keys().copied();
        claiming.filter(|entity| named.contains(entity) != is_full).collect()
    }
}

impl Encoder {
    /// Ends the claims of entities that are gone, and forgets their kept values. Returns the ids.
    pub(super) fn end_claims_of_gone(&mut self, capture: &Capture) -> Vec<SaveId> {
        if self.claims.is_empty() {
            return Vec::new();
        }
        let left = self.claims.left(capture);
        left.into_iter().filter_map(|entity| self.end_claim(entity)).collect()
    }

    /// Ends the claim of an entity that is gone, and forgets its kept values. Returns its id.
    pub(super) fn end_claim(&mut self, entity: Entity) -> Option<SaveId> {
        let (key, id) = self.claims.end(entity)?;
        self.carried.claim(&key);
        self.parked.remove(&id);
        Some(id)
    }

    /// Handles the outcome of claims.
    pub(crate) fn settle(&mut self, settled: Settled) {
        let Settled { written, refused, died, carried } = settled;
        let mut rows = Vec::new();
        for entity in written {
            let Some((key, _)) = self.claims.end(entity) else { continue };
            let Some((id, kept)) = self.carried.claim(&key) else { continue };
            self.claimed.insert(id);
            self.parked.remove(&id);
            rows.extend(kept.into_iter().map(|(type_path, row)| (type_path, id, row)));
        }
        self.await_the_rest(&rows);
        for entity in refused {
            if let Some((_, id)) = self.claims.end(entity) {
                self.ids.forget_outsider(entity);
                self.carried.orders.forget(id);
            }
        }
        for entity in died {
            self.claims.end(entity);
            self.ids.leave(entity);
        }
        self.carried.extend(carried);
    }
}
