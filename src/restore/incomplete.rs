//! Values that refer to entities which aren't there: they had died when the checkpoint was taken,
//! or weren't saved and are gone.
//!
//! A restore leaves a placeholder in their place, and inserts no relationship to them. Entities
//! that stay are compared with that, so that the value is written once, and not by each restore
//! that follows.

use std::collections::HashSet;

use bevy::ecs::component::ComponentId;
use bevy::ecs::entity::Entity;
use bevy::ecs::world::EntityRef;
use bevy_session_journal::SaveId;

use super::comparing::DifferingRow;
use super::image::{ImageColumn, WorldImage};
use super::replacement::{Origin, Replacement, dangling};
use super::report::DanglingReference;
use crate::saved::{DecodedColumn, Names};

impl WorldImage {
    /// Finds the values that refer to no entity of the checkpoint, and to none of these.
    pub(super) fn note_incomplete(&mut self, others: &[(SaveId, Entity)]) {
        let anchors = self.anchors.iter().map(|(id, _)| *id);
        let known: HashSet<SaveId> = others.iter().map(|(id, _)| *id).chain(anchors).collect();
        let ranks = &self.ranks;
        let is_there = |id: SaveId| ranks.rank(id).is_some() || known.contains(&id);
        self.columns.iter_mut().for_each(|column| column.note_incomplete(&is_there));
    }
}

impl ImageColumn {
    fn note_incomplete(&mut self, is_there: &dyn Fn(SaveId) -> bool) {
        let DecodedColumn::Component(rows) = &mut self.decoded else { return };
        if !rows.names_entities() {
            return;
        }
        for (row, (block, place)) in (0_u32..).zip(&self.places) {
            let saved = self.saved.get(*block as usize);
            let saved = saved.and_then(|saved| saved.value(*place as usize));
            if let Some(incomplete) = saved.and_then(|saved| rows.incomplete(row, saved, is_there))
            {
                self.incomplete.insert(row, incomplete);
            }
        }
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
    let Replacement { image, entities, origins, report, dangling: known, .. } = replacement;
    let mut incomplete = image.columns.iter().filter(|column| !column.incomplete.is_empty());
    if incomplete.next().is_none() {
        return;
    }
    let written: HashSet<(u32, u32)> =
        differing.iter().map(|it| (it.rank, it.row.column)).collect();
    for (place, column) in (0_u32..).zip(&image.columns) {
        let DecodedColumn::Component(rows) = &column.decoded else { continue };
        for (row, value) in &column.incomplete {
            let Some(rank) = column.ranks.get(*row as usize).copied() else { continue };
            let stays = origins.get(rank as usize) == Some(&Origin::Staying);
            let entity = entities.get(rank as usize).copied();
            let Some(entity) = entity.filter(|_| stays && !written.contains(&(rank, place))) else {
                continue;
            };
            known.insert((rank, place));
            let was_unmapped = value.missing >= image.end_of_ids;
            let reference = dangling(column, entity, rows.is_relationship());
            report.add_dangling(DanglingReference { was_unmapped, ..reference });
        }
    }
}
