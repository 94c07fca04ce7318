//! Saved entities that were spawned during a restore.

use std::collections::BTreeMap;

use bevy::ecs::component::ComponentId;
use bevy::ecs::entity::Entity;
use bevy::ecs::query::{QueryState, With, Without};
use bevy::ecs::resource::IsResource;
use bevy::ecs::world::{EntityRef, World};

use super::replacement::Replacement;
use super::report::ExtraEntities;
use super::sweep::count_entities;
use crate::capture::SaveKey;
use crate::saved::{Names, Saved, unfiltered};

/// Counts the saved entities that the checkpoint doesn't have, by the type that describes them
/// best.
pub(super) fn find_extra_entities(
    replacement: &Replacement,
    world: &mut World,
) -> Vec<ExtraEntities> {
    // What a level places is no surprise.
    let [saved, key] = [world.component_id::<Saved>(), world.component_id::<SaveKey>()];
    let count = count_entities(world, |has| has(saved) && !has(key));
    if count as u64 == replacement.entities_without_key(world) {
        return Vec::new();
    }
    let mut query: QueryState<Entity, (With<Saved>, Without<IsResource>, Without<SaveKey>)> =
        unfiltered(world, QueryState::new);
    let names = Names::new(&replacement.image.ranks, &replacement.entities, &replacement.outside);
    let mut counts = BTreeMap::<Option<&str>, u64>::new();
    for entity in query.iter(world) {
        if names.id(entity).is_none()
            && let Ok(entity) = world.get_entity(entity)
        {
            *counts.entry(best_name(replacement, entity, world)).or_default() += 1;
        }
    }
    let extra = |(type_path, entities): (Option<&str>, u64)| ExtraEntities {
        type_path: type_path.map(str::to_owned),
        entities,
    };
    counts.into_iter().map(extra).collect()
}

/// The type that describes an entity best: one that requires the marker, and of those the one of
/// which the checkpoint has the fewest rows. `Player` rather than `Health`, and either before
/// `Transform`.
fn best_name<'a>(
    replacement: &'a Replacement,
    entity: EntityRef<'_>,
    world: &World,
) -> Option<&'a str> {
    let marker = world.component_id::<Saved>();
    let brings_marker = |component: ComponentId| {
        let required = world.get_required_components_by_id(component);
        required.is_some_and(|required| required.iter_ids().any(|id| Some(id) == marker))
    };
    replacement
        .components()
        .filter(|(_, component, column)| entity.contains_id(*component) && !column.is_built_in())
        .min_by_key(|(_, component, column)| (!brings_marker(*component), column.len()))
        .map(|(_, _, column)| &*column.type_path)
}
