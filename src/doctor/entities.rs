//! Entities that are marked as saved needlessly, or aren't marked, and duplicate keys.

use std::collections::BTreeMap;

use bevy::ecs::component::ComponentId;
use bevy::ecs::entity::Entity;
use bevy::ecs::hierarchy::Children;
use bevy::ecs::name::Name;
use bevy::ecs::world::EntityRef;
use bevy::transform::components::Transform;

use super::patient::Patient;
use super::{Finding, FoundEntities};
use crate::saved::{BUILT_IN, STATE_SCOPES};
use crate::{SaveKey, Saved};

/// Saved entities on which nothing is saved.
pub(super) fn nothing_saved(patient: &Patient<'_>) -> Option<Finding> {
    let descriptive: Vec<ComponentId> = patient
        .components
        .iter()
        .filter(|(_, type_path)| is_descriptive(type_path))
        .map(|(component, _)| *component)
        .collect();
    let entities = patient.saved.iter().filter_map(|entity| patient.world.get_entity(*entity).ok());
    let mut empty = entities.filter(|entity| {
        !descriptive.iter().any(|component| entity.contains_id(*component))
            && !entity.contains::<SaveKey>()
            && !has_saved_children(patient, *entity)
    });
    let mut on = FoundEntities::one(patient.world, empty.next()?.id());
    on.count += empty.count() as u64;
    Some(Finding::NothingSaved { on })
}

/// Returns true if a saved type describes an entity, and not only where it belongs.
fn is_descriptive(type_path: &str) -> bool {
    !BUILT_IN.contains(&type_path) && !type_path.starts_with(STATE_SCOPES)
}

fn has_saved_children(patient: &Patient<'_>, entity: EntityRef<'_>) -> bool {
    let children = entity.get::<Children>().into_iter().flatten();
    children.copied().any(|child| patient.world.get::<Saved>(child).is_some())
}

/// Entities with a key and saved types, and without the marker.
///
/// Levels give their entities places and names, to which others refer by the key alone.
pub(super) fn keyed_not_saved(patient: &Patient<'_>) -> Option<Finding> {
    let of_levels =
        [patient.world.component_id::<Name>(), patient.world.component_id::<Transform>()];
    let mut saved_types: Vec<_> = patient
        .components
        .iter()
        .filter(|(component, type_path)| {
            is_descriptive(type_path)
                && !of_levels.contains(&Some(**component))
                && !patient.doctor.ignores(patient.type_id(**component))
        })
        .collect();
    saved_types.sort_unstable_by_key(|(_, type_path)| *type_path);
    let anchors =
        patient.anchors.iter().filter_map(|(entity, _)| patient.world.get_entity(*entity).ok());
    let mut forgotten = anchors.filter_map(|anchor| {
        let mut saved_types = saved_types.iter();
        let (_, type_path) = saved_types.find(|(component, _)| anchor.contains_id(**component))?;
        Some((anchor.id(), type_path.to_string()))
    });
    let (first, type_path) = forgotten.next()?;
    let mut on = FoundEntities::one(patient.world, first);
    on.count += forgotten.count() as u64;
    Some(Finding::KeyedNotSaved { type_path, on })
}

/// Keys that more than one living entity has.
pub(super) fn duplicate_keys(patient: &Patient<'_>) -> Vec<Finding> {
    let mut keys = BTreeMap::<SaveKey, Vec<Entity>>::new();
    for (entity, key) in &patient.anchors {
        keys.entry(key.clone()).or_default().push(*entity);
    }
    for entity in &patient.saved {
        if let Some(key) = patient.world.get::<SaveKey>(*entity) {
            keys.entry(key.clone()).or_default().push(*entity);
        }
    }
    let twice = keys.into_iter().filter(|(_, entities)| entities.len() > 1);
    twice.map(|(key, entities)| Finding::DuplicateKey { key, entities }).collect()
}
