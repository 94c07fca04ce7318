//! Spawns whole entities, and writes components in place: the one file with unsafe code.
//!
//! An entity is inserted in one bundle, so that its hooks and observers see all of it, as they do
//! when the game spawns it. If it were inserted component by component, an observer that unwraps a
//! neighbouring component would panic. Bevy has no safe way to insert a bundle of erased types.

use bevy::ecs::bundle::{BundleScratch, BundleWriter};
use bevy::ecs::component::Component;
use bevy::ecs::entity::Entity;
use bevy::ecs::world::{EntityWorldMut, World};

/// Memory for the entity that is being assembled, reused for the next one.
#[derive(Default)]
pub(crate) struct Spawner {
    scratch: BundleScratch,
}

impl Spawner {
    /// Begins an entity of `world`.
    pub(crate) fn begin<'a>(&'a mut self, world: &'a mut World) -> WholeEntity<'a> {
        self.drop_unwritten(world);
        WholeEntity { writer: self.scratch.writer(), world, is_empty: true }
    }

    /// Drops the components of an entity that could not be written.
    pub(crate) fn drop_unwritten(&mut self, world: &World) {
        if self.scratch.is_empty() {
            return;
        }
        // SAFETY: `manual_drop` asks for the components of the world that all of them were
        // registered with. A `Spawner` serves one restore, which has one world.
        #[expect(unsafe_code, reason = "an entity that can't be written still owns its components")]
        unsafe {
            self.scratch.manual_drop(world.components());
        }
    }
}

/// An entity that is being assembled. Holds the world that its components were registered with, so
/// no other one can be used. If it is dropped unspawned, as by a panic, its components are
/// forgotten: a leak, and no harm.
pub(crate) struct WholeEntity<'a> {
    writer: BundleWriter<'a>,
    world: &'a mut World,
    is_empty: bool,
}

impl WholeEntity<'_> {
    /// Adds a component. Each type may be added once.
    pub(crate) fn push<T: Component>(&mut self, component: T) {
        self.is_empty = false;
        let mut components = self.world.components_registrator();
        // SAFETY: `push_component` asks that every component of a writer is registered with the
        // world that the writer is written to. Registrator and entity both come from `self.world`,
        // which is borrowed for as long as `self` lives and is never exchanged. The value's type
        // and its layout are those of `T`.
        #[expect(unsafe_code, reason = "the only way to insert whole entities of erased types")]
        unsafe {
            self.writer.push_component(&mut components, component);
        }
    }

    /// Returns true if nothing was added.
    pub(crate) fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// Spawns the entity with an id that was allocated for it. If the game has spawned an entity
    /// with it meanwhile, all components are written to that.
    pub(crate) fn spawn(self, id: Entity) -> Written {
        if self.world.spawn_empty_at(id).is_ok() {
            return self.write_onto(id);
        }
        match self.write_onto(id) {
            Written::AsAsked => Written::OntoAnother,
            not_there => not_there,
        }
    }

    /// Writes all components to an existing entity.
    pub(crate) fn write_onto(self, id: Entity) -> Written {
        let Ok(mut entity) = self.world.get_entity_mut(id) else { return Written::Nowhere };
        // SAFETY: `write` asks that the entity is of the world that all components were registered
        // with. Both are `self.world`. Should two components be of one type after all, Bevy panics
        // before it looks at them.
        #[expect(unsafe_code, reason = "the only way to insert whole entities of erased types")]
        unsafe {
            self.writer.write(&mut entity);
        }
        Written::AsAsked
    }
}

/// The outcome of spawning an entity.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Written {
    /// It is in the world.
    AsAsked,
    /// Its components are on an entity that the game has spawned with the same id.
    OntoAnother,
    /// It isn't in the world: there is no entity with its id, and none can be made.
    Nowhere,
}

/// Writes `value` to an entity's component in place: no hook and no observer runs. Change detection
/// sees it.
///
/// # Errors
///
/// The value, if the entity doesn't have the component, or if it is an immutable one: then indexes
/// rely on its hooks.
pub(crate) fn overwrite<T: Component>(entity: &mut EntityWorldMut<'_>, value: T) -> Result<(), T> {
    let component = entity.world().component_id::<T>();
    let there = component.and_then(|component| entity.get_mut_by_id(component).ok());
    let Some(there) = there else { return Err(value) };
    // SAFETY: `with_type` asks that `T` is what the pointer leads to. The pointer was asked for by
    // the id that `T` is registered under in this very world.
    #[expect(unsafe_code, reason = "Bevy's safe ways want to know that the type is mutable")]
    let mut there = unsafe { there.with_type::<T>() };
    *there = value;
    Ok(())
}
