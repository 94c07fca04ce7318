//! The descendants of entities.

use bevy::ecs::entity::{Entity, EntityHashSet};
use bevy::ecs::hierarchy::Children;
use bevy::ecs::world::World;

/// Entities and their descendants, each once, parents before their children.
///
/// A game may link entities in a circle, or in a row of any length.
#[derive(Default, Debug)]
pub(crate) struct Descendants {
    found: Vec<Entity>,
    known: EntityHashSet,
}

impl Descendants {
    /// Finds the descendants of `roots`, including the roots themselves.
    pub(crate) fn of(world: &World, roots: impl Iterator<Item = Entity>) -> Self {
        let mut descendants = Self::default();
        for root in roots {
            descendants.add(root);
        }
        let mut next = 0;
        while let Some(entity) = descendants.found.get(next) {
            next += 1;
            let Some(children) = world.get::<Children>(*entity) else { continue };
            for child in children {
                descendants.add(*child);
            }
        }
        descendants
    }

    fn add(&mut self, entity: Entity) {
        if self.known.insert(entity) {
            self.found.push(entity);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Entity> {
        self.found.iter().copied()
    }
}
