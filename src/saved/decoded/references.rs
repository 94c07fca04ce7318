//! Converts ids in the session to entities, and back.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use bevy::ecs::entity::{Entity, EntityHashMap, EntityMapper};

use bevy_session_journal::SaveId;

use crate::saved::Codec;
use crate::saved::codec::with_entities;

/// The ids of a checkpoint's entities. An entity's place among them is its rank.
#[derive(Default)]
pub(crate) struct Ranks {
    ids: Vec<SaveId>,
}

impl Ranks {
    /// Ranks of these ids, in any order.
    pub(crate) fn new(ids: impl IntoIterator<Item = SaveId>) -> Self {
        let mut ids: Vec<SaveId> = ids.into_iter().filter(|id| id.is_entity()).collect();
        ids.sort_unstable();
        ids.dedup();
        Self { ids }
    }

    /// The number of entities.
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    /// All ids, ascending.
    pub(crate) fn ids(&self) -> &[SaveId] {
        &self.ids
    }

    /// The rank of an id.
    pub(crate) fn rank(&self, id: SaveId) -> Option<u32> {
        let first = self.ids.first()?;
        // Ids are given one after the other, so there are no gaps but those of entities that died:
        // an id is there, or before.
        let guess = usize::try_from(id.0.checked_sub(first.0)?).ok()?;
        let rank = if self.ids.get(guess) == Some(&id) {
            guess
        } else {
            let candidates = self.ids.get(..guess.min(self.ids.len()))?;
            candidates.binary_search(&id).ok()?
        };
        u32::try_from(rank).ok()
    }
}

/// Entities that are already in the world, by their ids in a checkpoint.
pub(crate) type Outside = HashMap<SaveId, Entity>;

/// Replaces ids by their restored entities, and notes the ids that have none.
pub(crate) struct References<'a> {
    ranks: &'a Ranks,
    entities: &'a [Entity],
    /// Entities that aren't restored and may be referred to.
    outside: &'a Outside,
    /// The highest of the looked-up ids without an entity.
    missing: Option<SaveId>,
    /// The entities that were looked up, if they are noted.
    named: Option<Vec<Entity>>,
}

impl<'a> References<'a> {
    /// References to entities by rank, and to those outside.
    pub(crate) fn new(ranks: &'a Ranks, entities: &'a [Entity], outside: &'a Outside) -> Self {
        Self { ranks, entities, outside, missing: None, named: None }
    }

    /// Notes from now on which entities are looked up.
    pub(crate) fn noting_names(self) -> Self {
        Self { named: Some(Vec::new()), ..self }
    }

    /// The entity that is restored with an id.
    pub(crate) fn entity(&self, id: SaveId) -> Option<Entity> {
        match self.ranks.rank(id) {
            Some(rank) => self.entities.get(rank as usize).copied(),
            None => self.outside.get(&id).copied(),
        }
    }

    /// The highest of the ids without an entity that were looked up since the last call.
    pub(crate) fn take_missing(&mut self) -> Option<SaveId> {
        if let Some(named) = &mut self.named {
            named.clear();
        }
        self.missing.take()
    }

    /// The entities that were looked up since the last [`take_missing`](Self::take_missing).
    pub(crate) fn named(&self) -> &[Entity] {
        self.named.as_deref().unwrap_or_default()
    }
}

impl EntityMapper for References<'_> {
    fn get_mapped(&mut self, source: Entity) -> Entity {
        let id = SaveId(source.to_bits());
        let entity = self.entity(id).unwrap_or(Entity::PLACEHOLDER);
        // A reference that was a placeholder from the start isn't missed.
        if entity == Entity::PLACEHOLDER && source != Entity::PLACEHOLDER {
            self.missing = self.missing.max(Some(id));
        }
        if let Some(named) = &mut self.named {
            named.push(entity);
        }
        entity
    }

    fn set_mapped(&mut self, _: Entity, _: Entity) {}
}

/// Notices if a value refers to entities, and leaves it as it is.
#[derive(Default)]
pub(crate) struct NamesEntities(pub bool);

impl EntityMapper for NamesEntities {
    fn get_mapped(&mut self, source: Entity) -> Entity {
        self.0 |= source != Entity::PLACEHOLDER;
        source
    }

    fn set_mapped(&mut self, _: Entity, _: Entity) {}
}

/// A value that refers to entities which aren't there.
pub(crate) struct Incomplete {
    /// The highest of their ids.
    pub missing: SaveId,
    /// True if it is the only one.
    pub is_only_one: bool,
    /// The value as it is written with placeholders in their place.
    pub written: Vec<u8>,
}

/// Finds ids without an entity, and replaces them by placeholders if asked to.
pub(super) struct Missing<'a> {
    pub is_there: &'a dyn Fn(SaveId) -> bool,
    pub are_replaced: bool,
    /// The highest of those ids.
    pub highest: Option<SaveId>,
    /// True if there are others.
    pub are_several: bool,
}

impl EntityMapper for Missing<'_> {
    fn get_mapped(&mut self, source: Entity) -> Entity {
        let id = SaveId(source.to_bits());
        if source == Entity::PLACEHOLDER || (self.is_there)(id) {
            return source;
        }
        self.are_several |= self.highest.is_some_and(|other| other != id);
        self.highest = self.highest.max(Some(id));
        if self.are_replaced { Entity::PLACEHOLDER } else { source }
    }

    fn set_mapped(&mut self, _: Entity, _: Entity) {}
}

/// The checkpoint's value as it is written with placeholders for entities which `is_there` doesn't know; `None` if that can't
/// be said.
pub(super) fn with_placeholders<C: Codec>(
    codec: &C,
    saved: &[u8],
    is_there: &dyn Fn(SaveId) -> bool,
) -> Option<Vec<u8>> {
    let mut replaced = Missing { is_there, are_replaced: true, highest: None, are_several: false };
    with_entities(codec, saved, &mut replaced)
}

/// The id of an entity that wasn't restored. No checkpoint has it, so a value that refers to one
/// differs from every checkpoint, even from one with a placeholder.
const STRANGER: SaveId = SaveId(u64::MAX);

/// Replaces restored entities by their ids, to compare values with those in the checkpoint.
pub(crate) struct Names<'a> {
    ranks: &'a Ranks,
    entities: &'a [Entity],
    outside: &'a Outside,
    /// Built when the first id is looked up, which most restores never do.
    ids: Arc<OnceLock<EntityHashMap<SaveId>>>,
    /// A buffer for a value that is being compared.
    pub(super) written: Vec<u8>,
}

impl<'a> Names<'a> {
    /// The names of restored entities.
    pub(crate) fn new(ranks: &'a Ranks, entities: &'a [Entity], outside: &'a Outside) -> Self {
        Self { ranks, entities, outside, ids: Arc::default(), written: Vec::new() }
    }

    /// The same names, for another thread.
    pub(crate) fn beside(&self) -> Self {
        Self { ids: Arc::clone(&self.ids), written: Vec::new(), ..*self }
    }

    /// The id that an entity was restored with.
    pub(crate) fn id(&self, entity: Entity) -> Option<SaveId> {
        let (ranks, entities, outside) = (self.ranks, self.entities, self.outside);
        let ids = self.ids.get_or_init(|| {
            let outside = outside.iter().map(|(id, entity)| (*entity, *id));
            let restored = entities.iter().copied().zip(ranks.ids().iter().copied());
            let there = |(entity, _): &(Entity, SaveId)| *entity != Entity::PLACEHOLDER;
            outside.chain(restored).filter(there).collect()
        });
        ids.get(&entity).copied()
    }
}

impl EntityMapper for Names<'_> {
    fn get_mapped(&mut self, source: Entity) -> Entity {
        if source == Entity::PLACEHOLDER {
            return source;
        }
        let id = self.id(source).unwrap_or(STRANGER);
        Entity::try_from_bits(id.0).unwrap_or(Entity::PLACEHOLDER)
    }

    fn set_mapped(&mut self, _: Entity, _: Entity) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_found_with_and_without_gaps() {
        let ids = [2, 3, 5, 6, 40, 0x1_0000_0001].map(SaveId);
        let ranks = Ranks::new(ids.into_iter().rev());
        for (rank, id) in ids.into_iter().enumerate() {
            assert_eq!(ranks.rank(id), Some(rank as u32), "{id}");
        }
        for missing in [0, 1, 4, 39, 41, u64::MAX] {
            assert_eq!(ranks.rank(SaveId(missing)), None, "{missing}");
        }
    }
}
