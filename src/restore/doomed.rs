//! Entities that don't stay in a restore in place.
//!
//! Descendants of such an entity would be despawned with it. So an entity with a staying descendant
//! is despawned last, when that is linked to others. All others are despawned first, as in any
//! restore: the game's reactions to a despawn, and the indexes that hooks keep, should know nothing
//! of the entities that come after.

use bevy::ecs::entity::{Entity, EntityHashMap};
use bevy::ecs::world::World;

use crate::capture::hanging_from;

/// Entities that don't stay.
#[derive(Default)]
pub(super) struct Doomed {
    /// Entities without a staying descendant.
    pub first: Vec<Entity>,
    /// Entities that have to wait until nothing depends on them.
    pub last: Vec<Entity>,
    /// All of them, with their descendants.
    groups: EntityHashMap<usize>,
}

impl Doomed {
    /// Finds the descendants of entities that don't stay.
    pub(super) fn find(world: &World, roots: &[Entity], stays: &impl Fn(Entity) -> bool) -> Self {
        let mut doomed = Self::default();
        // Whether something that stays hangs from one of a group.
        let mut holds = Vec::new();
        for root in roots {
            if !doomed.groups.contains_key(root) {
                let group = holds.len();
                let holds_any = doomed.follow(world, *root, group, stays, &holds);
                holds.push(holds_any);
            }
        }
        let holds = |root: &Entity| {
            let group = doomed.groups.get(root).copied();
            group.and_then(|group| holds.get(group)).copied().unwrap_or_default()
        };
        (doomed.last, doomed.first) = roots.iter().copied().partition(holds);
        doomed
    }

    /// Returns true if every entity stays.
    pub(super) fn is_nobody(&self) -> bool {
        self.groups.is_empty()
    }

    /// The entities that don't stay, with their descendants, in no order.
    pub(super) fn all(&self) -> impl Iterator<Item = Entity> {
        self.groups.keys().copied()
    }

    /// Returns true if an entity doesn't stay.
    pub(super) fn contains(&self, entity: Entity) -> bool {
        self.groups.contains_key(&entity)
    }

    /// Notes all descendants of an entity. Returns true if any of them stays.
    fn follow(
        &mut self,
        world: &World,
        root: Entity,
        group: usize,
        stays: &impl Fn(Entity) -> bool,
        holds: &[bool],
    ) -> bool {
        let mut holds_any = false;
        let mut waiting = vec![root];
        while let Some(entity) = waiting.pop() {
            if stays(entity) {
                holds_any = true;
            } else if let Some(known) = self.groups.get(&entity) {
                holds_any |= holds.get(*known).copied().unwrap_or_default();
            } else {
                self.groups.insert(entity, group);
                waiting.extend(hanging_from(world, entity));
            }
        }
        holds_any
    }
}

#[cfg(test)]
mod tests {
    use bevy::ecs::hierarchy::ChildOf;

    use super::*;

    #[test]
    fn only_ancestors_of_entities_that_stay_are_despawned_last() {
        let mut world = World::new();
        let [free, top] = [(); 2].map(|()| world.spawn_empty().id());
        let below_free = world.spawn(ChildOf(free)).id();
        let between = world.spawn(ChildOf(top)).id();
        let stays = world.spawn(ChildOf(between)).id();
        let below_stays = world.spawn(ChildOf(stays)).id();
        let set = |entity| entity == stays;
        for roots in [[free, between, top], [top, between, free], [between, top, free]] {
            let doomed = Doomed::find(&world, &roots, &set);
            assert_eq!(doomed.first, [free], "{roots:?}");
            assert_eq!(doomed.last.len(), 2);
            assert!(doomed.contains(below_free) && doomed.contains(between));
            assert!(!doomed.contains(stays) && !doomed.contains(below_stays));
        }
    }
}
