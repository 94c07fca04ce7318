//! Types that look like progress and aren't saved.

use std::any::TypeId;
use std::collections::{BTreeMap, HashMap};

use bevy::ecs::component::{ComponentId, ComponentInfo};
use bevy::ecs::observer::ObservedBy;
use bevy::ecs::relationship::RelationshipAccessor;
use bevy::ecs::world::EntityRef;
use bevy::transform::components::Transform;

use super::patient::Patient;
use super::{Finding, FoundEntities};
use crate::SaveKey;
use crate::capture::type_path_of;

/// The game's own components that are on saved entities and aren't saved.
pub(super) fn components(patient: &Patient<'_>) -> Vec<Finding> {
    let mut names = HashMap::<ComponentId, Option<String>>::new();
    let mut found = BTreeMap::<String, FoundEntities>::new();
    for entity in &patient.saved {
        let Ok(entity) = patient.world.get_entity(*entity) else { continue };
        for component in entity.archetype().components() {
            let name =
                names.entry(*component).or_insert_with(|| patient.forgotten(*component)).clone();
            let Some(type_path) = name.filter(|_| is_lost(patient, entity, *component)) else {
                continue;
            };
            found
                .entry(type_path)
                .and_modify(|found| found.count += 1)
                .or_insert_with(|| FoundEntities::one(patient.world, entity.id()));
        }
    }
    found.into_iter().map(|(type_path, on)| Finding::ComponentNotSaved { type_path, on }).collect()
}

/// Components on saved entities that reflection doesn't know, and that have no name without Bevy's feature
/// `debug`.
pub(super) fn unknown(patient: &Patient<'_>) -> Option<Finding> {
    let mut types = HashMap::<ComponentId, bool>::new();
    let mut on: Option<FoundEntities> = None;
    for entity in &patient.saved {
        let Ok(entity) = patient.world.get_entity(*entity) else { continue };
        let mut has_unknown = false;
        for component in entity.archetype().components() {
            has_unknown |=
                *types.entry(*component).or_insert_with(|| is_unknown(patient, *component));
        }
        match &mut on {
            _ if !has_unknown => {}
            Some(on) => on.count += 1,
            None => on = Some(FoundEntities::one(patient.world, entity.id())),
        }
    }
    let types = types.into_values().filter(|is_unknown| *is_unknown).count();
    Some(Finding::UnknownComponents { types, on: on? })
}

fn is_unknown(patient: &Patient<'_>, component: ComponentId) -> bool {
    let Some(info) = patient.world.components().get_info(component) else { return false };
    let is_in_order = patient.components.contains_key(&component)
        || patient.doctor.ignores(info.type_id())
        || info.type_id() == Some(TypeId::of::<ObservedBy>())
        || info.relationship_accessor().is_some()
        || info.layout().size() == 0;
    !is_in_order && type_path_of(patient.world, &patient.registry.read(), component).is_none()
}

/// Saved entities whose position isn't saved, and that no level places. What a level places and play has moved since
/// comes back where the level places it.
pub(super) fn places(patient: &Patient<'_>) -> Option<Finding> {
    let transform = patient.world.component_id::<Transform>()?;
    let is_in_order = patient.components.contains_key(&transform)
        || patient.doctor.ignores(Some(TypeId::of::<Transform>()));
    if is_in_order {
        return None;
    }
    let entities = patient.saved.iter().filter_map(|entity| patient.world.get_entity(*entity).ok());
    let mut lost = entities.filter(|entity| match entity.contains::<SaveKey>() {
        true => entity.get_change_ticks::<Transform>().is_some_and(|it| it.changed != it.added),
        false => entity.get::<Transform>().is_some_and(|it| *it != Transform::IDENTITY),
    });
    let mut on = FoundEntities::one(patient.world, lost.next()?.id());
    on.count += lost.count() as u64;
    Some(Finding::PlaceNotSaved { on })
}

/// The game's own resources that aren't saved.
pub(super) fn resources(patient: &Patient<'_>) -> Vec<Finding> {
    let resources = patient.world.resource_entities().iter();
    let mut found: Vec<String> =
        resources.filter_map(|(component, _)| patient.forgotten(component)).collect();
    found.sort_unstable();
    found.into_iter().map(|type_path| Finding::ResourceNotSaved { type_path }).collect()
}

/// Returns true if a restore loses a component: it isn't derived from others, and isn't required by
/// them.
fn is_lost(patient: &Patient<'_>, entity: EntityRef<'_>, component: ComponentId) -> bool {
    let Some(info) = patient.world.components().get_info(component) else { return false };
    let is_derived = matches!(
        info.relationship_accessor(),
        Some(RelationshipAccessor::RelationshipTarget { .. })
    );
    !is_derived && !comes_back_by_itself(patient, entity, component, info)
}

/// Returns true if a component has no value, and a saved one requires it.
fn comes_back_by_itself(
    patient: &Patient<'_>,
    entity: EntityRef<'_>,
    component: ComponentId,
    info: &ComponentInfo,
) -> bool {
    let requires_it = |saved: &ComponentId| {
        let required = patient.world.get_required_components_by_id(*saved);
        required.is_some_and(|required| required.iter_ids().any(|required| required == component))
    };
    let mut saved = patient.components.keys().filter(|component| entity.contains_id(**component));
    info.layout().size() == 0 && saved.any(requires_it)
}
