//! Values that observers changed while they were told of restored entities.

use bevy::ecs::world::World;

use super::decoded::DecodedColumn;
use super::references::{Names, References};
use super::replacement::{Part, Replacement};
use super::rows_by_entity::RowOfEntity;

impl Replacement {
    /// Writes again what observers changed while they were told of restored entities.
    pub(super) fn write_again_what_changed(&mut self, world: &mut World) {
        for (rank, row) in self.changed_values(world) {
            let (Some(entity), Some(column)) =
                (self.entities.get(rank as usize), self.image.columns.get(row.column as usize))
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
            rows.write_again(saved, &mut references, world, *entity);
            self.report.add_overwritten(&column.type_path);
        }
        for place in self.restore_resources(world) {
            if let Some(column) = self.image.columns.get(place) {
                self.report.add_overwritten(&column.type_path);
            }
        }
    }

    /// The values that are not as saved, and the ranks of their entities.
    fn changed_values(&self, world: &World) -> Vec<(u32, RowOfEntity)> {
        let mut changed = Vec::new();
        if self.stamps.nothing_ran_until_now(world) {
            return changed;
        }
        let mut names = Names::new(&self.image.ranks, &self.entities, &self.outside);
        let mut scratch = Vec::new();
        for (rank, id) in (0_u32..).zip(&self.entities) {
            let Ok(entity) = world.get_entity(*id) else { continue };
            for row in self.image.rows.of(rank) {
                let place = row.column as usize;
                let (Some(Part::Plain(component) | Part::Parent(component)), Some(column)) =
                    (self.parts.get(place), self.image.columns.get(place))
                else {
                    continue;
                };
                let ticks = entity.get_change_ticks_by_id(*component);
                if self.stamps.is_untouched(rank, ticks)
                    || self.dangling.contains(&(rank, row.column))
                {
                    continue;
                }
                let (DecodedColumn::Component(rows), Some(saved)) =
                    (&column.decoded, column.saved_value(row.row))
                else {
                    continue;
                };
                if !rows.is_as_saved(saved, entity, &mut names, &mut scratch) {
                    changed.push((rank, *row));
                }
            }
        }
        changed
    }
}
