//! Entities that are no progress of a player, whatever their types say.

use bevy::ecs::component::Component;
use bevy::ecs::entity::Entity;
use bevy::ecs::hierarchy::ChildOf;
use bevy::ecs::query::{Or, QueryState, With};
use bevy::ecs::reflect::ReflectComponent;
use bevy::ecs::world::World;
use bevy::prelude::ReflectDefault;
use bevy::reflect::Reflect;

use super::descendants::Descendants;
use crate::saved::Saved;

/// Keeps an entity and everything below it out of all checkpoints, whatever types they have.
///
/// For what looks like progress and isn't: the turning model in a character menu, a ghost of an
/// earlier race, a preview of what is about to be built. Where it is removed, the entity and its
/// descendants are saved again.
///
/// ```
/// # use bevy::prelude::*;
/// # use bevy_session::Unsaved;
/// # #[derive(Component)] struct Health(u32);
/// # fn open_menu(mut commands: Commands) {
/// commands.spawn((Health(100), Unsaved));
/// # }
/// ```
#[derive(Component, Reflect, Clone, Copy, PartialEq, Eq, Debug, Default)]
#[reflect(Component, Default)]
pub struct Unsaved;

/// Was [`Saved`] before it came below something [`Unsaved`].
#[derive(Component, Clone, Copy)]
struct SavedBefore;

/// Takes the marker [`Saved`] from what is unsaved, and gives it back to what no longer is.
///
/// Done where a capture or a restore is about to look at the markers, so that nothing else has to
/// know of it: to a capture, an unsaved entity is one without marker.
#[derive(Debug)]
pub(crate) struct UnsavedMarkers {
    roots: QueryState<Entity, With<Unsaved>>,
    set_aside: QueryState<Entity, With<SavedBefore>>,
    any: QueryState<(), Or<(With<Unsaved>, With<SavedBefore>)>>,
    below: Descendants,
}

impl UnsavedMarkers {
    /// For a world that has no default query filters now.
    pub(crate) fn new(world: &mut World) -> Self {
        let (roots, set_aside) = (QueryState::new(world), QueryState::new(world));
        let below = Descendants::default();
        Self { roots, set_aside, any: QueryState::new(world), below }
    }

    pub(crate) fn settle(&mut self, world: &mut World) {
        if self.any.iter(world).next().is_none() {
            return;
        }
        self.below.find(world, self.roots.iter(world));
        let is_free = |entity: &Entity| !self.below.contains(*entity);
        let freed: Vec<Entity> = self.set_aside.iter(world).filter(is_free).collect();
        for entity in freed {
            if let Ok(mut entity) = world.get_entity_mut(entity) {
                entity.remove::<SavedBefore>().insert(Saved);
            }
        }
        for entity in self.below.iter() {
            if let Ok(mut entity) = world.get_entity_mut(entity)
                && entity.contains::<Saved>()
            {
                entity.insert(SavedBefore).remove::<Saved>();
            }
        }
        world.flush();
    }
}

/// Whether an entity or one that it hangs from is unsaved.
pub(crate) fn is_unsaved(world: &World, entity: Entity) -> bool {
    // Nothing keeps a game from hanging entities from each other in a circle, so one of those that
    // were passed is remembered: after one step, two more, four more, and so on.
    let (mut remembered, mut steps, mut remembered_for) = (entity, 0_u64, 1_u64);
    let mut next = entity;
    while let Ok(found) = world.get_entity(next) {
        if found.contains::<Unsaved>() {
            return true;
        }
        let Some(parent) = found.get::<ChildOf>().map(ChildOf::parent) else { return false };
        if parent == remembered {
            return false;
        }
        steps += 1;
        if steps == remembered_for {
            (remembered, steps, remembered_for) = (parent, 0, remembered_for * 2);
        }
        next = parent;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Entities that hang from each other in a row, the last one from that at `link` if any.
    fn row(world: &mut World, length: usize, link: Option<usize>) -> Vec<Entity> {
        let row: Vec<Entity> = (0..length).map(|_| world.spawn(Saved).id()).collect();
        let parents = row.iter().skip(1).copied().chain(link.map(|at| row[at]));
        for (child, parent) in row.iter().zip(parents) {
            world.entity_mut(*child).insert(ChildOf(parent));
        }
        row
    }

    #[test]
    fn circles_of_every_length_end_and_rows_of_every_length_are_followed() {
        for length in 2..40 {
            for link in 0..length - 1 {
                let mut world = World::new();
                let circle = row(&mut world, length, Some(link));
                for entity in &circle {
                    assert!(!is_unsaved(&world, *entity), "{length}, {link}");
                }
                world.entity_mut(circle[link]).insert(Unsaved);
                assert!(circle.iter().all(|entity| is_unsaved(&world, *entity)));
            }
        }
        let mut world = World::new();
        let row = row(&mut world, 5_000, None);
        assert!(!is_unsaved(&world, row[0]));
        world.entity_mut(row[4_999]).insert(Unsaved);
        assert!(is_unsaved(&world, row[0]));
    }

    #[test]
    fn markers_settle_in_a_circle_and_far_below() {
        let mut world = World::new();
        let circle = row(&mut world, 3, Some(0));
        let deep = row(&mut world, 3_000, None);
        let mut markers = UnsavedMarkers::new(&mut world);
        for unsaved in [circle[1], deep[2_999]] {
            world.entity_mut(unsaved).insert(Unsaved);
        }
        for _ in 0..2 {
            markers.settle(&mut world);
            assert_eq!(world.query::<&Saved>().iter(&world).count(), 0);
        }
        for unsaved in [circle[1], deep[2_999]] {
            world.entity_mut(unsaved).remove::<Unsaved>();
        }
        markers.settle(&mut world);
        assert_eq!(world.query::<&Saved>().iter(&world).count(), 3_003);
    }
}
