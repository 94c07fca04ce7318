//! Looking up entities that stay.

use bevy::ecs::entity::Entity;

/// Entities that stay, with their ranks, by their index: at most one living entity has an index.
#[derive(Default)]
pub(super) struct WhoStays {
    by_index: Vec<(Entity, u32)>,
    count: usize,
}

impl WhoStays {
    /// Reserves space for this many entities.
    pub(super) fn with_capacity(entities: usize) -> Self {
        Self { by_index: Vec::with_capacity(entities), count: 0 }
    }

    pub(super) fn add(&mut self, entity: Entity, rank: u32) {
        let index = entity.index_u32() as usize;
        if self.by_index.len() <= index {
            self.by_index.resize(index + 1, (Entity::PLACEHOLDER, 0));
        }
        if let Some(place) = self.by_index.get_mut(index) {
            self.count += usize::from(place.0 == Entity::PLACEHOLDER);
            *place = (entity, rank);
        }
    }

    pub(super) fn remove(&mut self, entity: Entity) {
        if self.contains(entity)
            && let Some(place) = self.by_index.get_mut(entity.index_u32() as usize)
        {
            *place = (Entity::PLACEHOLDER, 0);
            self.count -= 1;
        }
    }

    /// The number of entities that stay.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// The rank of an entity, if it stays.
    pub(super) fn rank(&self, entity: Entity) -> Option<u32> {
        let (known, rank) = *self.by_index.get(entity.index_u32() as usize)?;
        (known == entity && entity != Entity::PLACEHOLDER).then_some(rank)
    }

    pub(super) fn contains(&self, entity: Entity) -> bool {
        self.rank(entity).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_counted_once_until_it_is_gone() {
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
    }
}
