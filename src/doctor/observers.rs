//! Saved entities that are watched by their own observers.

use std::any::TypeId;

use bevy::ecs::observer::ObservedBy;
use bevy::ecs::world::EntityRef;

use super::patient::Patient;
use super::{Finding, FoundEntities};
use crate::SaveKey;

/// Saved entities whose observers are despawned with them. Entities with a key don't count: their
/// level adds observers again.
pub(super) fn entity_observers(patient: &Patient<'_>) -> Option<Finding> {
    if patient.doctor.ignores(Some(TypeId::of::<ObservedBy>())) {
        return None;
    }
    let entities = patient.saved.iter().filter_map(|entity| patient.world.get_entity(*entity).ok());
    let mut watched =
        entities.filter(|entity| is_watched(*entity) && !entity.contains::<SaveKey>());
    let mut on = FoundEntities::one(patient.world, watched.next()?.id());
    on.count += watched.count() as u64;
    Some(Finding::EntityObserver { on })
}

fn is_watched(entity: EntityRef<'_>) -> bool {
    entity.get::<ObservedBy>().is_some_and(|observers| !observers.get().is_empty())
}
