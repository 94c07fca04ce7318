//! The marker of saved entities, and queries for them.

use bevy::ecs::component::{Component, ComponentId};
use bevy::ecs::entity::Entity;
use bevy::ecs::entity_disabling::DefaultQueryFilters;
use bevy::ecs::query::{QueryBuilder, QueryState, With, Without};
use bevy::ecs::reflect::ReflectComponent;
use bevy::ecs::resource::IsResource;
use bevy::ecs::world::World;
use bevy::prelude::ReflectDefault;
use bevy::reflect::Reflect;

/// Marks an entity as part of the player's progress: it is in every checkpoint, with all its
/// components whose types are saved.
///
/// Types with `#[reflect(Saved)]` require this marker. Insert it yourself on entities that have
/// none of those.
///
/// To keep an entity out of all checkpoints, give it [`Unsaved`](crate::Unsaved). If you remove the
/// marker, it comes back when a component that requires it is inserted again.
///
/// A restore spawns the entity again. Data that the engine keeps beside its components isn't
/// restored: observers of just this entity, made by `spawn(…).observe(…)`, are despawned with it.
/// Add them in an observer of `On<Add<…>>`, or observe all such entities with `add_observer`.
///
/// ```
/// # use bevy::prelude::*;
/// # use bevy_session::Saved;
/// # let mut world = World::new();
/// world.spawn((Saved, Transform::from_xyz(1.0, 2.0, 3.0)));
/// ```
#[derive(Component, Reflect, Clone, Copy, PartialEq, Eq, Debug, Default)]
#[reflect(Component, Default)]
// It is written only where an entity becomes saved, so most captures pass it over.
#[component(summary_tick)]
pub struct Saved;

/// The entities that are saved. Table storage only, so queries with this filter stay contiguous.
pub(crate) type IsSaved = (With<Saved>, Without<IsResource>);

/// The entities of a type that was spawned before it could require the marker.
pub(crate) struct Latecomers {
    unmarked: QueryState<Entity>,
}

impl Latecomers {
    /// The entities with this component.
    pub(crate) fn with(component: ComponentId, world: &mut World) -> Self {
        let unmarked = unfiltered(world, |world| {
            let mut query = QueryBuilder::<Entity>::new(world);
            query.with_id(component).without::<Saved>().without::<IsResource>().build()
        });
        Self { unmarked }
    }

    /// Marks the entities that were spawned since the last call. Returns their number.
    pub(crate) fn mark(&mut self, world: &mut World) -> usize {
        let late: Vec<Entity> = self.unmarked.iter(world).collect();
        let count = late.len();
        if count > 0 {
            world.insert_batch(late.into_iter().map(|entity| (entity, Saved)));
            world.flush();
        }
        count
    }
}

/// Builds queries that see disabled entities of every kind.
///
/// Default filters are read when a query is built, so it is built while there are none. Naming them
/// in the filter would hide entities with the game's own disabling components, and one of those in
/// sparse storage would cost every query its contiguous iteration.
pub(crate) fn unfiltered<R>(world: &mut World, build: impl FnOnce(&mut World) -> R) -> R {
    if world.contains_resource::<DefaultQueryFilters>() {
        world.resource_scope::<DefaultQueryFilters, _>(|world, _| build(world))
    } else {
        build(world)
    }
}
