//! Compares what stays with the checkpoint.

use bevy::ecs::component::ComponentId;
use bevy::ecs::entity::Entity;
use bevy::ecs::world::{EntityRef, World};

use super::ragged::Ragged;
use super::replacement::{Origin, Part, Replacement};
use super::rows_by_entity::RowOfEntity;
use super::unsaved::Layouts;
use crate::capture::SaveKey;
use crate::saved::{DecodedColumn, Names, Saved};

/// Finds the components that entities have which stay and the checkpoint doesn't, with what they brought along.
pub(super) fn find_removed(replacement: &mut Replacement, world: &World) {
    let mut removed = Ragged::default();
    let mut layouts = Layouts::new(replacement);
    for (rank, entity) in staying(replacement) {
        if let Some(entity) = entity.and_then(|entity| world.get_entity(entity).ok()) {
            let lacking = lacks(replacement, rank, entity, &mut layouts);
            let with_theirs = with_what_they_brought(replacement, rank, entity, lacking, world);
            with_theirs.into_iter().for_each(|component| removed.push(component));
        }
        removed.end();
    }
    replacement.difference.removed = removed;
}

/// Finds the values of the checkpoint that entities don't have which stay: values as captures write them.
pub(super) fn find_written(replacement: &mut Replacement, world: &mut World) {
    replacement.difference.since = world.increment_change_tick();
    let mut written = Ragged::default();
    let mut names =
        Names::new(&replacement.image.ranks, &replacement.entities, &replacement.outside);
    for (rank, entity) in staying(replacement) {
        if let Some(entity) = entity.and_then(|entity| world.get_entity(entity).ok()) {
            for row in replacement.image.rows.of(rank) {
                if differs(replacement, *row, entity, &mut names) {
                    written.push(*row);
                }
            }
        }
        written.end();
    }
    replacement.difference.written = written;
}

/// The entity of each rank, if it stays.
fn staying(replacement: &Replacement) -> impl Iterator<Item = (u32, Option<Entity>)> {
    let entities = replacement.entities.iter().zip(&replacement.origins);
    let staying = entities.map(|(entity, origin)| (*origin == Origin::Staying).then_some(*entity));
    (0_u32..).zip(staying)
}

fn differs(
    replacement: &Replacement,
    row: RowOfEntity,
    entity: EntityRef<'_>,
    names: &mut Names<'_>,
) -> bool {
    let place = row.column as usize;
    let (Some(part), Some(column)) =
        (replacement.parts.get(place), replacement.image.columns.get(place))
    else {
        return false;
    };
    let (DecodedColumn::Component(rows), Some(saved)) =
        (&column.decoded, column.saved_value(row.row))
    else {
        return false;
    };
    // One with a key doesn't stay.
    !matches!(part, Part::None | Part::Key(_)) && !rows.is_as_saved(saved, entity, names)
}

/// The components that an entity has and the checkpoint doesn't.
fn lacks(
    replacement: &Replacement,
    rank: u32,
    entity: EntityRef<'_>,
    layouts: &mut Layouts,
) -> Vec<ComponentId> {
    let saved = replacement.image.rows.of(rank);
    let there = layouts.of(entity.archetype()).iter();
    let lacking = there.filter(|(place, _)| {
        let column = replacement.image.columns.get(*place as usize);
        let is_known = column.is_some_and(|column| column.was_saved);
        is_known && !saved.iter().any(|row| row.column == *place)
    });
    lacking.map(|(_, component)| *component).collect()
}

/// Components that go, and with them what came along with them and nothing else needs.
///
/// A component that somebody requires was brought along where it is as old as that. What came later was added by the
/// game, and stays.
fn with_what_they_brought(
    replacement: &Replacement,
    rank: u32,
    entity: EntityRef<'_>,
    mut removed: Vec<ComponentId>,
    world: &World,
) -> Vec<ComponentId> {
    if removed.is_empty() {
        return removed;
    }
    let requires = |component: ComponentId, other: ComponentId| {
        let required = world.get_required_components_by_id(component);
        required.is_some_and(|required| required.iter_ids().any(|id| id == other))
    };
    let saved: Vec<ComponentId> = replacement.components().map(|(_, id, _)| id).collect();
    let own = [world.component_id::<Saved>(), world.component_id::<SaveKey>()];
    let written = replacement.image.rows.of(rank).iter();
    let written = written.filter_map(|row| replacement.parts.get(row.column as usize)?.component());
    let stays: Vec<ComponentId> =
        entity.archetype().components().iter().copied().chain(written).collect();
    let age = |id: ComponentId| entity.get_change_ticks_by_id(id).map(|ticks| ticks.added);
    let unsaved = entity.archetype().components().iter().copied();
    let unsaved = unsaved.filter(|id| !saved.contains(id) && !own.contains(&Some(*id)));
    let mut brought: Vec<ComponentId> = unsaved
        .filter(|id| removed.iter().any(|gone| requires(*gone, *id) && age(*gone) == age(*id)))
        .collect();
    loop {
        let goes = |id: &ComponentId| removed.contains(id) || brought.contains(id);
        let needed = |id: &ComponentId| stays.iter().any(|by| !goes(by) && requires(*by, *id));
        let alone: Vec<ComponentId> = brought.iter().copied().filter(|id| !needed(id)).collect();
        if alone.len() == brought.len() {
            removed.extend(brought);
            return removed;
        }
        brought = alone;
    }
}
