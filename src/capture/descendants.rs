//! The descendants of entities.

use bevy::ecs::entity::{Entity, EntityHashSet};
use bevy::ecs::hierarchy::Children;
use bevy::ecs::world::World;

use super::record::links_that_despawn;

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
        Self::found_by(roots, |entity, descendants| {
            for child in world.get::<Children>(entity).into_iter().flatten() {
                descendants.add(*child);
            }
        })
    }

    /// Finds all that is despawned with `roots`: their children, what is linked to them otherwise so that it goes with
    /// them, and so on.
    pub(crate) fn despawned_with(world: &World, roots: impl Iterator<Item = Entity>) -> Self {
        let links = links_that_despawn(world);
        Self::found_by(roots, |entity, descendants| {
            for source in links.iter().filter_map(|link| link.sources(entity)).flatten() {
                descendants.add(source);
            }
        })
    }

    fn found_by(
        roots: impl Iterator<Item = Entity>,
        mut add_below: impl FnMut(Entity, &mut Self),
    ) -> Self {
        let mut descendants = Self::default();
        for root in roots {
            descendants.add(root);
        }
        let mut next = 0;
        while let Some(entity) = descendants.found.get(next).copied() {
            next += 1;
            add_below(entity, &mut descendants);
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
