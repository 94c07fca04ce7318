//! Values that hooks and observers changed while entities were restored.

use std::collections::HashSet;

use bevy::ecs::entity::Entity;
use bevy::ecs::world::World;
use bevy_session_journal::SaveId;

use super::hooks::is_mutable;
use super::replacement::{Origin, Part, Replacement, Resources};
use super::rows_by_entity::RowOfEntity;
use crate::saved::{DecodedColumn, Names, References, WrittenAgain};

/// The number of times that changed values are inserted again, if hooks change them each time.
const ROUNDS: usize = 3;

/// Values that aren't as saved.
#[derive(Default)]
struct ChangedValues {
    /// Values that can be written in place.
    in_place: Vec<ChangedValue>,
    /// Values that have to be inserted: they are gone, or immutable.
    inserted: Vec<ChangedValue>,
}

#[derive(Clone, Copy)]
struct ChangedValue {
    rank: u32,
    row: RowOfEntity,
}

impl Replacement {
    /// Restores values that hooks and observers changed. Values that can be written in place are
    /// written last, since then nothing runs that could change them.
    pub(super) fn undo_interference(&mut self, world: &mut World) {
        let mut insisted = HashSet::new();
        for _ in 0..ROUNDS {
            let mut hooks_ran = self.put_others_back(world);
            let changed = self.changed_values(world);
            insisted = self.write_again(world, &changed.inserted, WrittenAgain::Inserted);
            hooks_ran |= !insisted.is_empty();
            hooks_ran |= self.put_links_in_order(world);
            if hooks_ran {
                world.flush();
                self.remove_what_was_not_saved(world);
            }
            self.write_again(world, &changed.in_place, WrittenAgain::InPlace);
            hooks_ran |= self.write_resources_again(world);
            if !hooks_ran {
                return;
            }
        }
        self.is_settled = false;
        self.put_others_back(world);
        self.report_disorder(world);
        let changed = self.changed_values(world);
        self.write_again(world, &changed.in_place, WrittenAgain::InPlace);
        self.write_resources_again(world);
        for ChangedValue { rank, row } in changed.inserted {
            if insisted.contains(&(rank, row.column))
                && let Some(column) = self.image.columns.get(row.column as usize)
            {
                self.report.add_not_as_saved(&column.type_path);
            }
        }
    }

    /// Writes values again. Returns the ranks and columns of those that it wrote in this way.
    fn write_again(
        &mut self,
        world: &mut World,
        changed: &[ChangedValue],
        way: WrittenAgain,
    ) -> HashSet<(u32, u32)> {
        let mut written = HashSet::new();
        for ChangedValue { rank, row } in changed {
            let (Some(entity), Some(column)) =
                (self.entities.get(*rank as usize), self.image.columns.get(row.column as usize))
            else {
                continue;
            };
            let (DecodedColumn::Component(rows), Some(saved)) =
                (&column.decoded, column.saved_value(row.row))
            else {
                continue;
            };
            let mut references =
                References::new(&self.image.ranks, &self.entities, &self.outside).noting_names();
            world.increment_change_tick();
            let done = rows.write_again(saved, &mut references, world, *entity);
            if done != WrittenAgain::Not {
                self.report.add_overwritten(&column.type_path);
            }
            if done == way {
                written.insert((*rank, row.column));
            }
        }
        written
    }

    /// The values that are not as saved.
    fn changed_values(&self, world: &World) -> ChangedValues {
        let mut changed = ChangedValues::default();
        if self.stamps.nothing_ran_until_now(world) {
            return changed;
        }
        let mut names = Names::new(&self.image.ranks, &self.entities, &self.outside);
        let references = References::new(&self.image.ranks, &self.entities, &self.outside);
        let is_there =
            |id: SaveId| references.entity(id).is_some_and(|it| it != Entity::PLACEHOLDER);
        for (rank, id) in (0_u32..).zip(&self.entities) {
            let Ok(entity) = world.get_entity(*id) else { continue };
            let stays = self.origins.get(rank as usize) == Some(&Origin::Staying);
            for row in self.image.rows.of(rank) {
                let place = row.column as usize;
                let (
                    Some(Part::Plain(component) | Part::Parent(component) | Part::Link(component)),
                    Some(column),
                ) = (self.parts.get(place), self.image.columns.get(place))
                else {
                    continue;
                };
                let ticks = entity.get_change_ticks_by_id(*component);
                if self.stamps.is_untouched(rank, ticks)
                    || stays && self.stamps.is_as_it_was(rank, ticks, world)
                {
                    continue;
                }
                let (DecodedColumn::Component(rows), Some(saved)) =
                    (&column.decoded, column.saved_value(row.row))
                else {
                    continue;
                };
                let is_as_restored = match self.dangling.contains(&(rank, row.column)) {
                    false => rows.is_as_saved(saved, entity, &mut names),
                    // It isn't inserted without its target.
                    true if rows.is_relationship() => true,
                    true => rows
                        .with_placeholders(saved, &is_there)
                        .is_none_or(|restored| rows.is_as_saved(&restored, entity, &mut names)),
                };
                if is_as_restored {
                    continue;
                }
                let value = ChangedValue { rank, row: *row };
                match ticks.is_some() && is_mutable(world, *component) {
                    true => changed.in_place.push(value),
                    false => changed.inserted.push(value),
                }
            }
        }
        changed
    }

    /// Remembers the present resources, so that changes by hooks can be undone.
    pub(super) fn keep_resources(&mut self, world: &World) {
        for column in &mut self.image.columns {
            column.keep_resource(world);
        }
    }

    /// Writes the resources again that aren't as they should be. Returns true if one had to be
    /// inserted.
    fn write_resources_again(&mut self, world: &mut World) -> bool {
        if self.resources == Resources::Kept && self.stamps.nothing_ran_until_now(world) {
            return false;
        }
        let mut any_inserted = false;
        for (place, column) in self.image.columns.iter().enumerate() {
            let is_dangling = self.dangling_resources.contains(&place);
            let done = match self.resources {
                Resources::Saved => {
                    let (ranks, entities) = (&self.image.ranks, &self.entities);
                    let mut references = References::new(ranks, entities, &self.outside);
                    let mut names = Names::new(ranks, entities, &self.outside);
                    column.write_resource_again(world, &mut references, &mut names, is_dangling)
                }
                Resources::Kept => column.put_resource_back(world),
            };
            if done != WrittenAgain::Not {
                self.report.add_overwritten(&column.type_path);
            }
            any_inserted |= done == WrittenAgain::Inserted;
        }
        any_inserted
    }
}
