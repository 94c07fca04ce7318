//! Compares what stays with the checkpoint.

use std::collections::HashMap;

use bevy::ecs::archetype::ArchetypeId;
use bevy::ecs::change_detection::Tick;
use bevy::ecs::component::ComponentId;
use bevy::ecs::entity::Entity;
use bevy::ecs::world::{EntityRef, World};

use super::image::Living;
use super::ragged::Ragged;
use super::replacement::{Origin, Part, Replacement};
use super::rows_by_entity::RowOfEntity;
use super::unsaved::Layouts;
use super::who_stays::WhoStays;
use crate::capture::SaveKey;
use crate::saved::{DecodedColumn, Names, Saved};

/// Finds the components that entities have which stay and the checkpoint doesn't, with what they brought along;
/// whether there are any.
pub(super) fn find_removed(replacement: &mut Replacement, living: &Living, world: &World) -> bool {
    let mut removed = Ragged::default();
    let mut any = false;
    let mut shapes = Shapes::new(replacement, living);
    for (rank, entity) in staying(replacement) {
        if let Some(entity) = entity.and_then(|entity| world.get_entity(entity).ok())
            && !shapes.is_as_saved(rank, entity)
        {
            let lacking = lacks(replacement, rank, entity, &mut shapes.layouts);
            let with_theirs = with_what_they_brought(replacement, rank, entity, lacking, world);
            any |= !with_theirs.is_empty();
            with_theirs.into_iter().for_each(|component| removed.push(component));
        }
        removed.end();
    }
    replacement.difference.removed = removed;
    any
}

/// Whether entities have just the components that the checkpoint has, by archetype.
struct Shapes<'a> {
    living: &'a Living,
    layouts: Layouts,
    was_saved: Vec<bool>,
    known: HashMap<(ArchetypeId, u32), bool>,
    last: Option<((ArchetypeId, u32), bool)>,
}

impl<'a> Shapes<'a> {
    fn new(replacement: &Replacement, living: &'a Living) -> Self {
        let was_saved = replacement.image.columns.iter().map(|column| column.was_saved).collect();
        let (layouts, known) = (Layouts::new(replacement), HashMap::new());
        Self { living, layouts, was_saved, known, last: None }
    }

    fn is_as_saved(&mut self, rank: u32, entity: EntityRef<'_>) -> bool {
        let Some(shape) = self.living.shape_by_rank.get(rank as usize).copied() else {
            return false;
        };
        let key = (entity.archetype().id(), shape);
        if let Some((last, is_as_saved)) = self.last
            && last == key
        {
            return is_as_saved;
        }
        let is_as_saved = match self.known.get(&key) {
            Some(known) => *known,
            None => self.has_shape(shape, entity),
        };
        self.known.insert(key, is_as_saved);
        self.last = Some((key, is_as_saved));
        is_as_saved
    }

    fn has_shape(&mut self, shape: u32, entity: EntityRef<'_>) -> bool {
        let there = self.layouts.of(entity.archetype()).iter().map(|(place, _)| *place);
        let there = there.filter(|place| self.was_saved.get(*place as usize) == Some(&true));
        let saved = self.living.shapes.get(shape as usize);
        saved.is_some_and(|saved| there.eq(saved.iter().copied()))
    }
}

/// What may differ from a checkpoint, by what was written since it was captured.
pub(super) struct Changed {
    ranks: Vec<bool>,
    /// Columns that refer to entities, where some of those aren't who they were.
    naming: Vec<bool>,
}

impl Changed {
    /// Looks at the ticks of everything that is saved.
    pub(super) fn since(
        since: Tick,
        replacement: &Replacement,
        who: &WhoStays,
        world: &mut World,
    ) -> Self {
        let mut ranks = vec![false; replacement.entities.len()];
        // Whoever refers to one that is spawned again, despawned, or found by its key has to refer to another.
        let all_stay = replacement.origins.iter().all(|origin| *origin == Origin::Staying)
            && replacement.doomed.is_nobody()
            && replacement.image.anchors.is_empty();
        let mut naming = vec![false; replacement.image.columns.len()];
        for (column, naming) in replacement.image.columns.iter().zip(&mut naming) {
            let DecodedColumn::Component(rows) = &column.decoded else { continue };
            *naming = !all_stay && rows.names_entities();
            for entity in rows.changed_since(since, world) {
                if let Some(rank) = who.rank(entity)
                    && let Some(is_changed) = ranks.get_mut(rank as usize)
                {
                    *is_changed = true;
                }
            }
        }
        Self { ranks, naming }
    }

    fn may_differ(&self, rank: u32, row: RowOfEntity, entity: EntityRef<'_>, part: Part) -> bool {
        self.ranks.get(rank as usize) != Some(&false)
            || self.naming.get(row.column as usize) != Some(&false)
            || part.component().is_some_and(|component| !entity.contains_id(component))
    }
}

/// Finds the values of the checkpoint that entities don't have which stay: values as captures write them. All are
/// compared, or those that may differ.
pub(super) fn find_written(
    replacement: &mut Replacement,
    changed: Option<&Changed>,
    world: &mut World,
) {
    replacement.difference.since = world.increment_change_tick();
    let mut written = Ragged::default();
    let mut names =
        Names::new(&replacement.image.ranks, &replacement.entities, &replacement.outside);
    for (rank, entity) in staying(replacement) {
        if let Some(entity) = entity.and_then(|entity| world.get_entity(entity).ok()) {
            for row in replacement.image.rows.of(rank) {
                let Some(part) = replacement.parts.get(row.column as usize) else { continue };
                if changed.is_none_or(|it| it.may_differ(rank, *row, entity, *part))
                    && differs(replacement, *row, entity, &mut names)
                {
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
