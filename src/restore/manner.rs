//! The two ways of restoring a checkpoint.

use std::any::{TypeId, type_name};
use std::collections::BTreeMap;
use std::fmt;

use bevy::ecs::component::Component;
use bevy::ecs::entity::Entity;
use bevy::ecs::query::{QueryState, With};
#[cfg(feature = "reflect")]
use bevy::ecs::reflect::ReflectResource;
use bevy::ecs::resource::Resource;
use bevy::ecs::world::World;
#[cfg(feature = "reflect")]
use bevy::prelude::ReflectDefault;
#[cfg(feature = "reflect")]
use bevy::reflect::Reflect;

use crate::saved::unfiltered;

/// The manner in which a checkpoint of the played session is restored, by a rewind, by undoing one,
/// or by loading a slot.
///
/// All saved data is the same afterwards. A restore of another session, of a crash, or of a
/// checkpoint that another build of the game took always respawns everything.
///
/// It is a setting that can be changed at any time. A request can override it with
/// [`restoring`](crate::SessionCommands::restoring):
///
/// ```
/// # use bevy::prelude::*;
/// # use bevy_session::prelude::*;
/// # let mut app = App::new();
/// app.insert_resource(RestoreManner::InPlace);
/// ```
#[derive(Resource, Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Resource, Clone, PartialEq, Hash, Debug, Default))]
pub enum RestoreManner {
    /// All saved entities are despawned, and those of the checkpoint are spawned. What a game has
    /// added to them is gone, until its observers add it again.
    #[default]
    Respawn,
    /// Differences are written to the existing entities. Entities of the checkpoint that are gone
    /// are spawned, and those that it doesn't have are despawned.
    ///
    /// On an entity that stays, everything unsaved stays: sprites, handles, children, observers.
    /// Hooks and observers see each `insert` and `remove`, and nothing of an entity that doesn't
    /// differ. If unsaved components depend on saved ones, such as a target or a timer, use
    /// [`RestoredInPlace`](crate::recovery::RestoredInPlace), which names the entities that
    /// changed, or [`drop_on_rewind`](crate::SessionHooksExt::drop_on_rewind), which removes types.
    ///
    /// An entity is despawned and spawned again all the same, with a different [`Entity`], if an
    /// immutable component of it differs, if a value of it can't be read, or if it has
    /// [`DespawnOnRestore`](crate::recovery::DespawnOnRestore).
    /// [`RestoreReport::respawned`](crate::recovery::RestoreReport::respawned) lists them. What a level
    /// has placed, with a [`SaveKey`](crate::SaveKey), always stays.
    InPlace,
}

/// Component types that are removed from entities that stay in a restore in place.
#[derive(Clone, Default)]
pub(crate) struct DroppedTypes(BTreeMap<TypeId, Drop>);

#[derive(Clone, Copy)]
struct Drop {
    name: &'static str,
    /// Removes the type from these entities. Returns true if any had it.
    drop: fn(&mut World, &dyn Fn(Entity) -> bool) -> bool,
}

impl DroppedTypes {
    /// Adds a type.
    pub(crate) fn add<T: Component>(&mut self) {
        let drop = Drop { name: type_name::<T>(), drop: drop_from::<T> };
        self.0.insert(TypeId::of::<T>(), drop);
    }

    /// Removes the types from these entities. Returns true if any had one.
    pub(super) fn drop_from(&self, world: &mut World, entities: &dyn Fn(Entity) -> bool) -> bool {
        self.0.values().fold(false, |any, dropped| (dropped.drop)(world, entities) | any)
    }
}

impl fmt::Debug for DroppedTypes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.0.values().map(|dropped| dropped.name)).finish()
    }
}

fn drop_from<T: Component>(world: &mut World, is_one: &dyn Fn(Entity) -> bool) -> bool {
    let mut query: QueryState<Entity, With<T>> = unfiltered(world, QueryState::new);
    let having: Vec<Entity> = query.iter(world).filter(|entity| is_one(*entity)).collect();
    for entity in &having {
        if let Ok(mut entity) = world.get_entity_mut(*entity) {
            entity.remove::<T>();
        }
    }
    !having.is_empty()
}
