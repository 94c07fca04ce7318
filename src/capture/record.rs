//! The main thread's half of a capture: copying out of the world.

mod columns;
mod copier;
mod copies;
mod moment;
mod order;
mod read_ahead;
mod recorder;
mod recorders;
mod related;
mod removals;
mod resources;
mod states;
mod tables;
mod ticks;

pub(crate) use columns::{CapturedColumn, ComponentRecorder, RecordColumn, Rows};
pub(crate) use copier::Copier;
pub(crate) use moment::{Capture, CaptureScope};
pub(crate) use order::OrderRecorder;
pub(crate) use recorder::Recorder;
pub(crate) use related::Related;
pub(crate) use removals::Watched;
pub(crate) use resources::ResourceRecorder;
pub(crate) use states::{
    PendingState, SavedState, StateCodec, StateMapping, StateRecorder, StatesBeingLeft,
};

use bevy::ecs::component::ComponentId;
use bevy::ecs::entity::Entity;
use bevy::ecs::entity_disabling::DefaultQueryFilters;
use bevy::ecs::query::{QueryBuilder, QueryState, With, Without};
use bevy::ecs::resource::IsResource;
use bevy::ecs::world::World;

use super::Saved;

/// The entities that are saved. Table storage only, so queries with this filter stay contiguous.
pub(crate) type IsSaved = (With<Saved>, Without<IsResource>);

/// The entities with a component that have no marker, and should.
pub(crate) fn unmarked(world: &mut World, component: ComponentId) -> QueryState<Entity> {
    unfiltered(world, |world| {
        let mut query = QueryBuilder::<Entity>::new(world);
        query.with_id(component).without::<Saved>().without::<IsResource>().build()
    })
}

/// Builds queries that see disabled entities of every kind.
///
/// Default filters are read when a query is built, so it is built where there are none. Naming them
/// in the filter would hide entities with the game's own disabling components, and one of those in
/// sparse storage would cost every query its contiguous iteration.
pub(crate) fn unfiltered<R>(world: &mut World, build: impl FnOnce(&mut World) -> R) -> R {
    if world.contains_resource::<DefaultQueryFilters>() {
        world.resource_scope::<DefaultQueryFilters, _>(|world, _| build(world))
    } else {
        build(world)
    }
}
