//! Writes differences in place, over the components that entities have.
//!
//! If none of the game's code would see an insert, that has the same effect as an insert, in a
//! third of the time. Otherwise, and for values that refer to entities or whose required components
//! are missing, it is an insert.

use bevy::ecs::archetype::ArchetypeId;
use bevy::ecs::component::ComponentId;
use bevy::ecs::world::{EntityWorldMut, World};

use super::comparing::DifferingRow;
use super::hooks::{is_mutable, runs_code};
use super::ragged::Ragged;
use super::replacement::{Part, Replacement};
use crate::saved::DecodedColumn;

/// Writes differences in place as far as possible, and notes both those and the ones that are left
/// to insert. Up to here everything is as it was compared.
pub(super) fn overwrite(
    replacement: &mut Replacement,
    differing: &[DifferingRow],
    world: &mut World,
) {
    let mut was_written = vec![false; differing.len()];
    let mut rest = (differing, was_written.as_mut_slice());
    while let Some(first) = rest.0.first() {
        let column = first.row.column;
        let end = rest.0.iter().take_while(|it| it.row.column == column).count();
        let (of_column, others) = rest.0.split_at(end);
        let (written, of_others) = rest.1.split_at_mut(end);
        overwrite_column(replacement, column, of_column, written, world);
        rest = (others, of_others);
    }
    let places = replacement.entities.len();
    let those = |wanted: bool| {
        let rows = differing.iter().zip(&was_written);
        let rows = rows.filter(move |(_, written)| **written == wanted);
        Ragged::of_items(places, rows.map(|(it, _)| (it.rank, it.row)))
    };
    (replacement.difference.overwritten, replacement.difference.written) =
        (those(true), those(false));
    // What was written has this tick at most, and all else a later one.
    replacement.difference.since = world.increment_change_tick();
}

fn overwrite_column(
    replacement: &mut Replacement,
    column: u32,
    differing: &[DifferingRow],
    was_written: &mut [bool],
    world: &mut World,
) {
    let (Some(Part::Plain(component)), Some(image)) = (
        replacement.parts.get(column as usize),
        replacement.image.columns.get_mut(column as usize),
    ) else {
        return;
    };
    let DecodedColumn::Component(rows) = &mut image.decoded else { return };
    if !rows.can_overwrite() || !is_mutable(world, *component) || runs_code(world, *component) {
        return;
    }
    let mut complete = Complete::with(*component, world);
    for (it, was_written) in differing.iter().zip(was_written) {
        let Some(entity) = replacement.entities.get(it.rank as usize) else { continue };
        let Ok(mut entity) = world.get_entity_mut(*entity) else { continue };
        if complete.is(&entity) {
            rows.overwrite(it.row.row, &mut entity);
            *was_written = true;
        }
    }
}

/// A check that an entity has a component with all that it requires.
struct Complete {
    components: Vec<ComponentId>,
    /// The result for the last archetype: most entities have it.
    last: Option<(ArchetypeId, bool)>,
}

impl Complete {
    fn with(component: ComponentId, world: &World) -> Self {
        let required = world.get_required_components_by_id(component);
        let required = required.into_iter().flat_map(|required| required.iter_ids());
        Self { components: std::iter::once(component).chain(required).collect(), last: None }
    }

    fn is(&mut self, entity: &EntityWorldMut<'_>) -> bool {
        let archetype = entity.archetype();
        match self.last {
            Some((known, is_complete)) if known == archetype.id() => is_complete,
            _ => {
                let is_complete = self.components.iter().all(|it| archetype.contains(*it));
                self.last = Some((archetype.id(), is_complete));
                is_complete
            }
        }
    }
}
