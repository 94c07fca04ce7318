//! Entities that are nobody's progress, whatever their types say.

use bevy::ecs::component::Component;
use bevy::ecs::entity::Entity;
use bevy::ecs::hierarchy::{ChildOf, Children};
use bevy::ecs::query::{Or, QueryState, With};
use bevy::ecs::reflect::ReflectComponent;
use bevy::ecs::world::World;
use bevy::prelude::ReflectDefault;
use bevy::reflect::Reflect;

use super::Saved;

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
}

impl UnsavedMarkers {
    /// For a world that has no default query filters now.
    pub(crate) fn new(world: &mut World) -> Self {
        let (roots, set_aside) = (QueryState::new(world), QueryState::new(world));
        Self { roots, set_aside, any: QueryState::new(world) }
    }

    pub(crate) fn settle(&mut self, world: &mut World) {
        if self.any.iter(world).next().is_none() {
            return;
        }
        let freed: Vec<Entity> =
            self.set_aside.iter(world).filter(|entity| !is_unsaved(world, *entity)).collect();
        for entity in freed {
            if let Ok(mut entity) = world.get_entity_mut(entity) {
                entity.remove::<SavedBefore>().insert(Saved);
            }
        }
        let mut below: Vec<Entity> = self.roots.iter(world).collect();
        while let Some(entity) = below.pop() {
            let Ok(found) = world.get_entity(entity) else { continue };
            below.extend(found.get::<Children>().into_iter().flatten());
            if found.contains::<Saved>()
                && let Ok(mut entity) = world.get_entity_mut(entity)
            {
                entity.insert(SavedBefore).remove::<Saved>();
            }
        }
        world.flush();
    }
}

/// Whether an entity or one that it hangs from is unsaved.
pub(crate) fn is_unsaved(world: &World, entity: Entity) -> bool {
    let mut next = Some(entity);
    // A hierarchy has no circles, but nothing forbids one.
    for _ in 0..1024 {
        let Some(entity) = next.and_then(|entity| world.get_entity(entity).ok()) else {
            return false;
        };
        if entity.contains::<Unsaved>() {
            return true;
        }
        next = entity.get::<ChildOf>().map(ChildOf::parent);
    }
    false
}
