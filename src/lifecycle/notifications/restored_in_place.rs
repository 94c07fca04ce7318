//! The notification about entities that a restore in place has changed.

use std::any::TypeId;
use std::sync::Arc;

use bevy::prelude::*;

use crate::restore::ChangedEntity;

/// An entity stayed in a restore in place and has changed: values were written to it, or components
/// removed from it.
///
/// Unsaved components that depend on the changed ones stayed as they were, and may have to be set:
/// targets, contacts, timers, animations. Sent for each such entity before
/// [`SessionRestored`](crate::SessionRestored), to observers of the entity, to those of all
/// entities, and as a message.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session::recovery::RestoredInPlace;
///
/// #[derive(Component)]
/// struct Moving { from: Vec3, to: Vec3 }
///
/// fn stop(restored: On<RestoredInPlace>, mut commands: Commands) {
///     if restored.has_changed::<Transform>() {
///         commands.entity(restored.entity).try_remove::<Moving>();
///     }
/// }
/// # App::new().add_observer(stop);
/// ```
#[derive(EntityEvent, Message, Clone, Debug)]
#[non_exhaustive]
pub struct RestoredInPlace {
    /// The entity.
    pub entity: Entity,
    /// The saved types whose values changed, were inserted or removed, in no order, and those
    /// removed with them.
    pub types: Arc<[TypeId]>,
}

impl RestoredInPlace {
    /// Returns true if the component of this type changed, was inserted or was removed.
    #[must_use]
    pub fn has_changed<T: Component>(&self) -> bool {
        self.types.contains(&TypeId::of::<T>())
    }
}

pub(crate) fn register(app: &mut App) {
    app.add_message::<RestoredInPlace>();
}

/// Sends it as messages, and triggers it for observers of each entity that still exists at its
/// turn.
pub(crate) fn notify_entities(world: &mut World, changed: Vec<ChangedEntity>) {
    let restored = |ChangedEntity { entity, types }| RestoredInPlace { entity, types };
    world.write_message_batch(changed.iter().cloned().map(restored));
    for changed in changed {
        if world.get_entity(changed.entity).is_ok() {
            world.trigger(restored(changed));
        }
    }
}
