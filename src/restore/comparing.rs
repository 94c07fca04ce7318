//! Compares what stays with the checkpoint.

use bevy::ecs::change_detection::Tick;
use bevy::ecs::component::ComponentId;
use bevy::ecs::world::{EntityRef, World};

use super::ragged::Ragged;
use super::replacement::{Origin, Part, Replacement};
use super::rows_by_entity::RowOfEntity;
use super::side_by_side::side_by_side;
use super::unsaved::Layouts;
use super::who_stays::WhoStays;
use crate::capture::SaveKey;
use crate::saved::{DecodedColumn, Names, Saved};

/// Entities that are worth a thread of their own.
const WORTH_A_THREAD: usize = 2_048;

/// Finds the components that entities have which stay and the checkpoint doesn't, with what they brought along;
/// whether there are any. Those are `misshapen`.
pub(super) fn find_removed(
    replacement: &mut Replacement,
    misshapen: &[u32],
    world: &World,
) -> bool {
    let mut removed = Ragged::default();
    let mut layouts = Layouts::new(replacement);
    for rank in misshapen {
        let Some(entity) = staying(replacement, *rank, world) else { continue };
        let lacking = lacks(replacement, *rank, entity, &mut layouts);
        let with_theirs = with_what_they_brought(replacement, *rank, entity, lacking, world);
        with_theirs.into_iter().for_each(|component| removed.push(*rank, component));
    }
    replacement.difference.removed = removed;
    !replacement.difference.removed.filled().is_empty()
}

/// Which entities may differ from what was known of them.
pub(super) struct MayDiffer {
    /// Their ranks, ascending.
    pub ranks: Vec<u32>,
    /// Columns of which all values may.
    columns: Vec<bool>,
}

impl MayDiffer {
    /// By the ticks of everything that is saved: those of which something was written after a tick, and those that
    /// are `misshapen`, as a removal leaves no tick.
    pub(super) fn since(
        since: Tick,
        replacement: &Replacement,
        who: &WhoStays,
        misshapen: &[u32],
        world: &mut World,
    ) -> Self {
        let mut ranks = misshapen.to_vec();
        for column in &replacement.image.columns {
            let DecodedColumn::Component(rows) = &column.decoded else { continue };
            let changed = rows.changed_since(since, world).into_iter();
            ranks.extend(changed.filter_map(|entity| who.rank(entity)));
        }
        ranks.sort_unstable();
        ranks.dedup();
        Self { ranks, columns: vec![false; replacement.image.columns.len()] }
    }

    /// Whoever refers to one that is spawned again, gone, or found by its key has to refer to another.
    pub(super) fn add_columns_that_name(&mut self, replacement: &Replacement) {
        for (may_differ, column) in self.columns.iter_mut().zip(&replacement.image.columns) {
            *may_differ |=
                matches!(&column.decoded, DecodedColumn::Component(rows) if rows.names_entities());
        }
    }
}

/// Whether everybody is who they were.
pub(super) fn all_stay(replacement: &Replacement) -> bool {
    replacement.origins.iter().all(|origin| *origin == Origin::Staying)
        && replacement.doomed.is_nobody()
        && replacement.image.anchors.is_empty()
}

/// Finds the values of the checkpoint that entities don't have which stay: values as captures write them. All are
/// compared, or those that may differ. The work is shared with other threads where it is much.
pub(super) fn find_written(
    replacement: &mut Replacement,
    may_differ: Option<&MayDiffer>,
    world: &mut World,
) {
    replacement.difference.since = world.increment_change_tick();
    let all = || (0..replacement.entities.len() as u32).collect::<Vec<u32>>();
    let written = match may_differ {
        None => differing_of(replacement, &all(), |_, _| true, world),
        Some(some) if some.columns.contains(&true) => {
            let is_asked = |rank: u32, row: RowOfEntity| {
                some.columns.get(row.column as usize) != Some(&false)
                    || some.ranks.binary_search(&rank).is_ok()
            };
            differing_of(replacement, &all(), is_asked, world)
        }
        Some(some) => differing_of(replacement, &some.ranks, |_, _| true, world),
    };
    let mut difference = Ragged::default();
    written.into_iter().for_each(|(rank, row)| difference.push(rank, row));
    replacement.difference.written = difference;
}

/// The rows of these entities that differ, as far as it is asked, in their order.
fn differing_of(
    replacement: &Replacement,
    ranks: &[u32],
    is_asked: impl Fn(u32, RowOfEntity) -> bool + Sync,
    world: &World,
) -> Vec<(u32, RowOfEntity)> {
    let names = Names::new(&replacement.image.ranks, &replacement.entities, &replacement.outside);
    let chunks = ranks.chunks(WORTH_A_THREAD).map(|ranks| (ranks, names.beside()));
    let found = side_by_side(chunks.collect(), |(ranks, mut names)| {
        let mut written = Vec::new();
        for rank in ranks {
            let Some(entity) = staying(replacement, *rank, world) else { continue };
            let rows = replacement.image.rows.of(*rank).iter();
            for row in rows.filter(|row| is_asked(*rank, **row)) {
                if differs(replacement, *row, entity, &mut names) {
                    written.push((*rank, *row));
                }
            }
        }
        written
    });
    found.into_iter().flatten().collect()
}

/// The entity of a rank, if it stays.
fn staying<'w>(replacement: &Replacement, rank: u32, world: &'w World) -> Option<EntityRef<'w>> {
    let rank = rank as usize;
    if replacement.origins.get(rank) != Some(&Origin::Staying) {
        return None;
    }
    world.get_entity(*replacement.entities.get(rank)?).ok()
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
