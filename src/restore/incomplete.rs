//! Values that refer to entities which aren't there: they had died when the checkpoint was taken, or
//! weren't saved and are gone; and relationships to those that wait for their level.
//!
//! A restore leaves a placeholder in their place, and inserts no relationship to them. Entities
//! that stay are compared with that, so that the value is written once, and not by each restore
//! that follows.

use std::cell::Cell;
use std::collections::HashSet;

use bevy::ecs::component::ComponentId;
use bevy::ecs::entity::Entity;
use bevy::ecs::world::EntityRef;
use bevy_session_journal::SaveId;

use super::comparing::DifferingRow;
use super::image::{ImageColumn, WorldImage};
use super::replacement::{Origin, Part, Replacement, dangling};
use super::report::DanglingReference;
use super::rows_by_entity::RowOfEntity;
use crate::saved::{DecodedColumn, Names};

impl WorldImage {
    /// Finds the values that refer to no entity of the checkpoint and to none of the `others`, and
    /// those that name one which a level places or brings along.
    pub(super) fn note_incomplete(&mut self, others: &[(SaveId, Entity)]) {
        let (known, anchors) = (self.known_beside(others), self.anchor_ids());
        let Self { ranks, keys, columns, .. } = self;
        let is_there = |id: SaveId| ranks.rank(id).is_some() || known.contains(&id);
        let is_placed = |id: SaveId| match ranks.rank(id) {
            Some(rank) => keys.contains_key(&rank),
            None => anchors.contains(&id),
        };
        for column in columns.iter_mut().filter(|column| column.refers()) {
            for row in 0..column.places.len() as u32 {
                if column.note_incomplete(row, &is_there, &is_placed) {
                    column.names_placed.push(row);
                }
            }
        }
    }

    /// Adds the relationships to those who wait for their level, and the values that refer to those who come along with one.
    pub(super) fn note_incomplete_while(
        &mut self,
        (waiting, absent): (&HashSet<u32>, &HashSet<SaveId>),
        others: &[(SaveId, Entity)],
    ) {
        let is_nobody = waiting.is_empty() && absent.is_empty();
        if is_nobody || self.columns.iter().all(|column| column.names_placed.is_empty()) {
            return;
        }
        let known = self.known_beside(others);
        let ranks = &self.ranks;
        for column in &mut self.columns {
            let links = column.links();
            let is_there = |id: SaveId| match ranks.rank(id) {
                Some(rank) => !links || !waiting.contains(&rank),
                None => known.contains(&id) && !absent.contains(&id),
            };
            for row in std::mem::take(&mut column.names_placed) {
                column.note_incomplete(row, &is_there, &|_| false);
            }
        }
    }

    fn known_beside(&self, others: &[(SaveId, Entity)]) -> HashSet<SaveId> {
        others.iter().map(|(id, _)| *id).chain(self.anchor_ids()).collect()
    }
}

impl ImageColumn {
    /// Returns true if values refer to entities.
    fn refers(&self) -> bool {
        matches!(&self.decoded, DecodedColumn::Component(rows) if rows.names_entities())
    }

    /// Returns true if values are relationships.
    fn links(&self) -> bool {
        matches!(&self.decoded, DecodedColumn::Component(rows) if rows.is_relationship())
    }

    /// Notes a row if it refers to one that isn't there. Returns true if it names one for which
    /// `is_placed` is true.
    fn note_incomplete(
        &mut self,
        row: u32,
        is_there: &dyn Fn(SaveId) -> bool,
        is_placed: &dyn Fn(SaveId) -> bool,
    ) -> bool {
        let DecodedColumn::Component(rows) = &mut self.decoded else { return false };
        let Some((block, place)) = self.places.get(row as usize) else { return false };
        let saved = self.saved.get(*block as usize);
        let Some(saved) = saved.and_then(|saved| saved.value(*place as usize)) else {
            return false;
        };
        let names_placed = Cell::new(false);
        let look = |id: SaveId| {
            names_placed.set(names_placed.get() || is_placed(id));
            is_there(id)
        };
        if let Some(incomplete) = rows.incomplete(row, saved, &look) {
            self.incomplete.insert(row, incomplete);
        }
        names_placed.get()
    }

    /// Returns true if an entity's component is as a restore of this row leaves it.
    pub(super) fn is_as_restored(
        &self,
        row: u32,
        (entity, component): (EntityRef<'_>, ComponentId),
        names: &mut Names<'_>,
    ) -> bool {
        let (DecodedColumn::Component(rows), Some(saved)) = (&self.decoded, self.saved_value(row))
        else {
            return true;
        };
        match self.incomplete.get(&row) {
            None => rows.is_as_saved(saved, entity, names),
            Some(_) if rows.is_relationship() => !entity.contains_id(component),
            Some(value) => rows.is_as_saved(&value.written, entity, names),
        }
    }
}

/// Reports the values of staying entities that refer to nobody and needn't be written.
pub(super) fn report_incomplete(replacement: &mut Replacement, differing: &[DifferingRow]) {
    let Replacement { image, entities, origins, parts, report, dangling: known, .. } = replacement;
    let mut incomplete = image.columns.iter().filter(|column| !column.incomplete.is_empty());
    if incomplete.next().is_none() {
        return;
    }
    let is_incomplete = |row: &RowOfEntity| {
        let column = image.columns.get(row.column as usize);
        column.is_some_and(|column| column.incomplete.contains_key(&row.row))
    };
    let written = differing.iter().filter(|it| is_incomplete(&it.row));
    let written: HashSet<(u32, u32)> = written.map(|it| (it.rank, it.row.column)).collect();
    for (place, column) in (0_u32..).zip(&image.columns) {
        let DecodedColumn::Component(rows) = &column.decoded else { continue };
        for (row, value) in &column.incomplete {
            let Some(rank) = column.ranks.get(*row as usize).copied() else { continue };
            let stays = origins.get(rank as usize) == Some(&Origin::Staying);
            let entity = entities.get(rank as usize).copied();
            // The level knows better whose child it is.
            let is_levels =
                image.has_key(rank) && matches!(parts.get(place as usize), Some(Part::Parent(_)));
            let is_left = stays && !is_levels && !written.contains(&(rank, place));
            let Some(entity) = entity.filter(|_| is_left) else { continue };
            known.insert((rank, place));
            let was_unmapped = value.missing >= image.end_of_ids;
            let reference = dangling(column, entity, rows.is_relationship());
            report.add_dangling(DanglingReference { was_unmapped, ..reference });
        }
    }
}

/// Returns true if all that refers to nobody is as each restore of the checkpoint leaves it: no other
/// entity gets that id, and where it is the only one in its value, it is clear what becomes of that.
pub(super) fn refers_as_saved(replacement: &Replacement) -> bool {
    let Replacement { image, dangling, dangling_resources, .. } = replacement;
    let anchors = image.anchor_ids();
    let is_as_after_any = |(rank, place): &(u32, u32)| {
        let column = image.columns.get(*place as usize);
        column.is_some_and(|column| {
            let value = column.row_of(*rank).and_then(|row| column.incomplete.get(&row));
            // An anchor may come, and has that id.
            let is_sure =
                |missing: SaveId| missing < image.end_of_ids && !anchors.contains(&missing);
            !column.links() && value.is_some_and(|it| it.is_only_one && is_sure(it.missing))
        })
    };
    dangling_resources.is_empty() && dangling.iter().all(is_as_after_any)
}
