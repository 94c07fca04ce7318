//! The two ways of putting a checkpoint back.

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

/// How a rewind, the undoing of one, or a load within the session that is being played puts its checkpoint back.
///
/// The world is the same afterwards in all that is saved. A restore of another session, of a crash, or of a checkpoint
/// that another build of the game took always spawns everything again.
///
/// It is a setting, to change at any time, and each request may say otherwise
/// ([`restoring`](crate::SessionCommands::restoring)):
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
    /// All saved entities are despawned, and those of the checkpoint are spawned. What a game has added to them is
    /// gone, until its observers add it again.
    #[default]
    Respawn,
    /// What differs is written onto the entities that are there. Those of the checkpoint that are gone are spawned, and
    /// those that it doesn't have are despawned.
    ///
    /// What isn't saved on an entity that stays, stays: sprites, handles, children, observers. Hooks and observers see
    /// what `insert` and `remove` show, and nothing of an entity that doesn't differ. Where what isn't saved hangs on
    /// what is, a target or a timer, [`RestoredInPlace`](crate::recovery::RestoredInPlace) says which entities have changed, and
    /// [`drop_on_rewind`](crate::SessionHooksExt::drop_on_rewind) takes types away.
    ///
    /// An entity is despawned and spawned again all the same, under another [`Entity`], where an immutable component
    /// of it differs, where a value of it can't be read, and where it is to be gone after a restore
    /// ([`DespawnOnRestore`](crate::DespawnOnRestore)): [`RestoreReport::respawned`](crate::recovery::RestoreReport::respawned)
    /// lists them.
    InPlace,
}

/// Component types that no entity keeps which stays in a restore in place.
#[derive(Clone, Default)]
pub(crate) struct DroppedTypes(BTreeMap<TypeId, Drop>);

#[derive(Clone, Copy)]
struct Drop {
    name: &'static str,
    /// Whether any had it.
    drop: fn(&mut World, &dyn Fn(Entity) -> bool) -> bool,
}

impl DroppedTypes {
    /// Adds a type.
    pub(crate) fn add<T: Component>(&mut self) {
        let drop = Drop { name: type_name::<T>(), drop: drop_from::<T> };
        self.0.insert(TypeId::of::<T>(), drop);
    }

    /// Takes the types away from these entities; whether any had one.
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
