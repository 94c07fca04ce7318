//! Looking up entities that stay.

use bevy::ecs::entity::Entity;

/// Entities that stay, with their ranks, by their index: at most one living entity has an index.
#[derive(Default)]
pub(super) struct WhoStays {
    by_index: Vec<Stayer>,
    count: usize,
    count_with_key: usize,
}

#[derive(Clone, Copy)]
struct Stayer {
    entity: Entity,
    rank: u32,
    /// True if a level has placed it.
    has_key: bool,
}

impl Stayer {
    const NOBODY: Self = Self { entity: Entity::PLACEHOLDER, rank: 0, has_key: false };
}

impl WhoStays {
    /// Reserves space for this many entities.
    pub(super) fn with_capacity(entities: usize) -> Self {
        Self { by_index: Vec::with_capacity(entities), count: 0, count_with_key: 0 }
    }

    /// Adds an entity without a key.
    pub(super) fn add(&mut self, entity: Entity, rank: u32) {
        self.put(Stayer { entity, rank, has_key: false });
    }

    /// Adds an entity that a level has placed.
    pub(super) fn add_placed(&mut self, entity: Entity, rank: u32) {
        self.put(Stayer { entity, rank, has_key: true });
    }

    fn put(&mut self, stayer: Stayer) {
        self.remove(stayer.entity);
        let index = stayer.entity.index_u32() as usize;
        if self.by_index.len() <= index {
            self.by_index.resize(index + 1, Stayer::NOBODY);
        }
        if let Some(place) = self.by_index.get_mut(index) {
            *place = stayer;
            self.count += 1;
            self.count_with_key += usize::from(stayer.has_key);
        }
    }

    pub(super) fn remove(&mut self, entity: Entity) {
        let Some(stayer) = self.find(entity).copied() else { return };
        if let Some(place) = self.by_index.get_mut(entity.index_u32() as usize) {
            *place = Stayer::NOBODY;
            self.count -= 1;
            self.count_with_key -= usize::from(stayer.has_key);
        }
    }

    /// The number of entities that stay.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// The number of those without a key.
    pub(super) fn len_without_key(&self) -> usize {
        self.count - self.count_with_key
    }

    fn find(&self, entity: Entity) -> Option<&Stayer> {
        let known = self.by_index.get(entity.index_u32() as usize)?;
        (known.entity == entity && entity != Entity::PLACEHOLDER).then_some(known)
    }

    /// The rank of an entity, if it stays.
    pub(super) fn rank(&self, entity: Entity) -> Option<u32> {
        self.find(entity).map(|stayer| stayer.rank)
    }

    /// The rank of an entity, if it stays and was added with a key, or without one.
    pub(super) fn rank_if(&self, entity: Entity, has_key: bool) -> Option<u32> {
        self.find(entity).filter(|stayer| stayer.has_key == has_key).map(|stayer| stayer.rank)
    }

    pub(super) fn contains(&self, entity: Entity) -> bool {
        self.rank(entity).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn staying_entities_are_counted_once() {
        let [one, other] = [7, 3].map(|index| Entity::from_raw_u32(index).unwrap());
        let mut who = WhoStays::with_capacity(1);
        who.add(one, 0);
        who.add(other, 1);
        who.add(other, 1);
        assert_eq!((who.len(), who.rank(one), who.rank(other)), (2, Some(0), Some(1)));
        who.remove(one);
        who.remove(one);
        assert_eq!((who.len(), who.rank(one)), (1, None));
        assert!(!who.contains(Entity::PLACEHOLDER));
        who.add_placed(one, 4);
        assert_eq!((who.len(), who.len_without_key()), (2, 1));
        assert_eq!((who.rank_if(one, true), who.rank_if(one, false)), (Some(4), None));
        who.add(one, 5);
        assert_eq!((who.len(), who.len_without_key()), (2, 2));
    }
}
