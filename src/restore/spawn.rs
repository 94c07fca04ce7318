//! Spawning whole entities: the one place with unsafe code.
//!
//! An entity is inserted in one bundle, so that its hooks and observers see all of it, as they do
//! when the game spawns it. Inserted component by component, an observer that unwraps a neighbouring
//! component would panic. Bevy 0.19 has no safe way to insert a bundle of erased types.

use bevy::ecs::bundle::{BundleScratch, BundleWriter};
use bevy::ecs::component::Component;
use bevy::ecs::entity::Entity;
use bevy::ecs::world::World;

/// Memory for the entity that is being put together, used again for the next one.
#[derive(Default)]
pub(super) struct Spawner {
    scratch: BundleScratch,
}

impl Spawner {
    /// Begins an entity of `world`.
    pub(super) fn begin<'a>(&'a mut self, world: &'a mut World) -> WholeEntity<'a> {
        WholeEntity { writer: self.scratch.writer(), world }
    }
}

/// An entity that is being put together.
///
/// Holds the world that its components were registered with: no other one can come between. If it
/// is dropped unspawned, as by a panic, its components are forgotten: a leak, and no harm.
pub(crate) struct WholeEntity<'a> {
    writer: BundleWriter<'a>,
    world: &'a mut World,
}

impl WholeEntity<'_> {
    /// Adds a component. Each type comes once.
    pub(crate) fn push<T: Component>(&mut self, component: T) {
        let mut components = self.world.components_registrator();
        // SAFETY: `push_component` asks that every component of a writer is registered with the
        // world that the writer is written to. Registrator and entity both come from `self.world`,
        // which is borrowed for as long as `self` lives and is never exchanged. The value's type
        // and its layout are told by `T`.
        #[expect(unsafe_code, reason = "the only way to insert whole entities of erased types")]
        unsafe {
            self.writer.push_component(&mut components, component);
        }
    }

    /// Spawns the entity under an id that was allocated for it; whether the id was still free.
    pub(super) fn spawn(self, id: Entity) -> bool {
        let Ok(mut entity) = self.world.spawn_empty_at(id) else { return false };
        // SAFETY: `write` asks that the entity is of the world that all components were registered
        // with. Both are `self.world`. Should two components be of one type after all, Bevy panics
        // before it looks at them.
        #[expect(unsafe_code, reason = "the only way to insert whole entities of erased types")]
        unsafe {
            self.writer.write(&mut entity);
        }
        true
    }

    /// Writes all components onto an entity that is there; whether it was.
    pub(super) fn write_onto(self, id: Entity) -> bool {
        let Ok(mut entity) = self.world.get_entity_mut(id) else { return false };
        // SAFETY: as in `spawn`.
        #[expect(unsafe_code, reason = "the only way to insert whole entities of erased types")]
        unsafe {
            self.writer.write(&mut entity);
        }
        true
    }
}
