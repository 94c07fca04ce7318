//! Compares staying entities with the checkpoint.

use bevy::ecs::component::ComponentId;
use bevy::ecs::world::{EntityRef, World};

use super::placed::{has_its_parent, is_linked_by_level};
use super::ragged::Ragged;
use super::replacement::{Origin, Part, Replacement};
use super::rows_by_entity::RowOfEntity;
use super::side_by_side::side_by_side;
use super::unsaved::Layouts;
use super::who_stays::WhoStays;
use crate::capture::{Known, SaveKey};
use crate::saved::{DecodedColumn, Names, Saved};

/// The number of entities that are worth another thread.
const WORTH_A_THREAD: usize = 2_048;

/// Finds the components that staying entities have and the checkpoint doesn't, with those that they
/// required. Returns true if there are any. Entities with such components are `misshapen`.
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

/// The values that may differ from the known ones.
pub(super) struct MayDiffer {
    /// By column.
    columns: Vec<Candidates>,
}

/// The values of a column that may differ.
enum Candidates {
    All,
    /// The values of these ranks, if they have any.
    Of(Vec<u32>),
}

impl MayDiffer {
    /// The values that were written after a tick.
    pub(super) fn since(known: &mut Known<'_>, who: &WhoStays, world: &World) -> Self {
        let columns = known.recorder.changed_since(world, known.since).into_iter().map(|changed| {
            let changed = changed.into_iter();
            Candidates::Of(changed.filter_map(|entity| who.rank(entity)).collect())
        });
        Self { columns: columns.collect() }
    }

    /// Adds all values of some ranks.
    pub(super) fn add_all_of(&mut self, ranks: &[u32], replacement: &Replacement) {
        for rank in ranks {
            for row in replacement.image.rows.of(*rank) {
                if let Some(Candidates::Of(ranks)) = self.columns.get_mut(row.column as usize) {
                    ranks.push(*rank);
                }
            }
        }
        for candidates in self.columns.iter_mut().filter(|_| !ranks.is_empty()) {
            if let Candidates::Of(ranks) = candidates {
                ranks.sort_unstable();
                ranks.dedup();
            }
        }
    }

    /// Adds the values that refer to entities which aren't there: in the world they may refer to
    /// the dead.
    pub(super) fn add_incomplete(&mut self, replacement: &Replacement) {
        for (may_differ, column) in self.columns.iter_mut().zip(&replacement.image.columns) {
            let Candidates::Of(ranks) = may_differ else { continue };
            let before = ranks.len();
            let incomplete = column.incomplete.keys();
            ranks.extend(incomplete.filter_map(|row| column.ranks.get(*row as usize)));
            if ranks.len() > before {
                ranks.sort_unstable();
                ranks.dedup();
            }
        }
    }

    /// Adds all columns with references: a reference to an entity that was spawned again, is gone,
    /// or was found by its key has to change.
    pub(super) fn add_columns_that_name(&mut self, replacement: &Replacement) {
        for (may_differ, column) in self.columns.iter_mut().zip(&replacement.image.columns) {
            if matches!(&column.decoded, DecodedColumn::Component(rows) if rows.names_entities()) {
                *may_differ = Candidates::All;
            }
        }
    }
}

/// Returns true if every entity is the one that it was.
pub(super) fn all_stay(replacement: &Replacement) -> bool {
    replacement.origins.iter().all(|origin| *origin == Origin::Staying)
        && replacement.doomed.is_nobody()
}

/// Finds the checkpoint's values that the staying entities don't have, by column, as captures write
/// them. All are compared, or those that may differ. Much work is shared with other threads.
pub(super) fn find_written(
    replacement: &Replacement,
    may_differ: Option<&MayDiffer>,
    world: &World,
) -> Vec<DifferingRow> {
    let mut shares = Vec::new();
    for (column, image) in (0_u32..).zip(&replacement.image.columns) {
        let candidates = may_differ.and_then(|some| some.columns.get(column as usize));
        match candidates.unwrap_or(&Candidates::All) {
            Candidates::Of(ranks) => {
                let chunks = ranks.chunks(WORTH_A_THREAD);
                shares.extend(chunks.map(|ranks| Share { column, rows: None, ranks }));
            }
            Candidates::All => {
                let rows = (0_u32..).step_by(WORTH_A_THREAD);
                let chunks = rows.zip(image.ranks.chunks(WORTH_A_THREAD));
                shares.extend(chunks.map(|(row, ranks)| Share { column, rows: Some(row), ranks }));
            }
        }
    }
    let names = Names::new(&replacement.image.ranks, &replacement.entities, &replacement.outside);
    let compare = |share: Share<'_>| share.differing(replacement, names.beside(), world);
    let values: usize = shares.iter().map(|share| share.ranks.len()).sum();
    match values > WORTH_A_THREAD {
        true => side_by_side(shares, compare).into_iter().flatten().collect(),
        // Others would come when it is done.
        false => shares.into_iter().flat_map(compare).collect(),
    }
}

/// A value that a staying entity doesn't have.
#[derive(Clone, Copy)]
pub(super) struct DifferingRow {
    pub rank: u32,
    pub row: RowOfEntity,
}

/// Values of one column that are compared at once.
struct Share<'a> {
    column: u32,
    /// The row of the first rank, if the others follow one by one.
    rows: Option<u32>,
    ranks: &'a [u32],
}

impl Share<'_> {
    fn differing(
        self,
        replacement: &Replacement,
        mut names: Names<'_>,
        world: &World,
    ) -> Vec<DifferingRow> {
        let mut differing = Vec::new();
        let Self { column, rows, ranks } = self;
        let place = column as usize;
        let (Some(part), Some(image)) =
            (replacement.parts.get(place), replacement.image.columns.get(place))
        else {
            return differing;
        };
        let component = match part {
            Part::None | Part::Key(_) => None,
            Part::Plain(component) | Part::Parent(component) | Part::Link(component) => {
                Some(*component)
            }
        };
        let Some(component) = component else { return differing };
        for (place, rank) in (0_u32..).zip(ranks) {
            let row = rows.map(|first| first + place).or_else(|| image.row_of(*rank));
            let Some(row) = row else { continue };
            let Some(entity) = staying(replacement, *rank, world) else { continue };
            // Where the saved parent isn't there, the level knows better.
            let has_other_parent = || {
                matches!(part, Part::Parent(_))
                    && replacement.image.has_key(*rank)
                    && !has_its_parent(replacement, *rank, world)
            };
            // What a level has linked is the level's.
            let has_other_link = || {
                matches!(part, Part::Link(_))
                    && replacement.image.has_key(*rank)
                    && image.incomplete.contains_key(&row)
                    && is_linked_by_level(world, entity.id(), component)
            };
            let is_as_restored = image.is_as_restored(row, (entity, component), &mut names);
            if !is_as_restored && !has_other_parent() && !has_other_link() {
                differing.push(DifferingRow { rank: *rank, row: RowOfEntity { column, row } });
            }
        }
        differing
    }
}

/// The entity of a rank, if it stays.
fn staying<'w>(replacement: &Replacement, rank: u32, world: &'w World) -> Option<EntityRef<'w>> {
    let rank = rank as usize;
    if replacement.origins.get(rank) != Some(&Origin::Staying) {
        return None;
    }
    world.get_entity(*replacement.entities.get(rank)?).ok()
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
        let is_lacking = !saved.iter().any(|row| row.column == *place);
        is_lacking
            && column.is_some_and(|column| {
                !column.unreadable.contains(&rank) && !replacement.came_with_an_update(rank, column)
            })
    });
    lacking.map(|(_, component)| *component).collect()
}

/// The components to remove, and with them those that they required and nothing else needs.
///
/// A required component was inserted with the one that requires it if it is as old as that. A later
/// one was added by the game, and stays, and so does what came with the key: the level gave it.
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
    let placed_at = world.component_id::<SaveKey>().and_then(age);
    let unsaved = entity.archetype().components().iter().copied();
    let unsaved = unsaved.filter(|id| age(*id) != placed_at);
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
