//! Which entities stay where a checkpoint is put back in place.

use std::collections::HashSet;

use bevy::ecs::entity::{Entity, EntityHashSet};
use bevy::ecs::world::{EntityRef, World};

use super::hooks::is_mutable;
use super::image::ImageColumn;
use super::replacement::{Origin, Part, Replacement};
use super::sweep::DespawnOnRestore;
use crate::capture::SaveKey;
use crate::journal::SaveId;
use crate::saved::{DecodedColumn, Names, Saved};

/// The entities of a checkpoint that stay.
pub(super) struct Staying {
    pub replacement: Replacement,
    /// Living entities of the session that the checkpoint doesn't have, and may refer to.
    pub others: Vec<(SaveId, Entity)>,
    /// Those that are spawned again although they were there: their ranks, and what they were.
    pub respawned: Vec<(u32, Entity)>,
}

impl Staying {
    /// Finds the entities that stay. Placed ones are found by their keys, as in every restore.
    pub(super) fn find(world: &World, mut replacement: Replacement) -> Self {
        let living = replacement.image.living.take();
        let mut staying = Self { replacement, others: Vec::new(), respawned: Vec::new() };
        if let Some(living) = living {
            staying.find_living(world, &living.by_rank);
            staying.others = living.others;
        }
        staying
    }

    fn find_living(&mut self, world: &World, living: &[Entity]) {
        let image = &self.replacement.image;
        let columns = image.columns.iter();
        let unreadable: HashSet<u32> =
            columns.flat_map(|column| &column.unreadable).copied().collect();
        for (rank, entity) in (0_u32..).zip(living) {
            let Some(found) = world.get_entity(*entity).ok().filter(|found| may_stay(*found))
            else {
                continue;
            };
            if self.replacement.image.keys.contains_key(&rank) {
                continue;
            }
            match unreadable.contains(&rank) {
                true => self.respawned.push((rank, found.id())),
                false => self.stay(rank, found.id()),
            }
        }
        self.respawn_where_immutables_differ(world);
    }

    /// The entities that stay.
    pub(super) fn entities(&self) -> EntityHashSet {
        let Replacement { entities, origins, .. } = &self.replacement;
        let entities = entities.iter().zip(origins);
        let staying = entities.filter(|(_, origin)| **origin == Origin::Staying);
        staying.map(|(entity, _)| *entity).collect()
    }

    /// Those who should have stayed and are gone, since somebody's death has taken them along, are spawned.
    pub(super) fn replace_the_dead(&mut self, world: &World) {
        let Replacement { entities, origins, .. } = &self.replacement;
        let staying = (0_u32..).zip(entities.iter().zip(origins));
        let staying = staying.filter(|(_, (_, origin))| **origin == Origin::Staying);
        let dead =
            staying.filter(|(_, (entity, _))| !world.get_entity(**entity).is_ok_and(may_stay));
        let dead: Vec<u32> = dead.map(|(rank, _)| rank).collect();
        dead.into_iter().for_each(|rank| self.respawn(rank));
    }

    fn stay(&mut self, rank: u32, living: Entity) {
        let Replacement { entities, origins, .. } = &mut self.replacement;
        if let (Some(entity), Some(origin)) =
            (entities.get_mut(rank as usize), origins.get_mut(rank as usize))
        {
            (*entity, *origin) = (living, Origin::Staying);
        }
    }

    fn respawn(&mut self, rank: u32) {
        let Replacement { entities, origins, .. } = &mut self.replacement;
        if let (Some(entity), Some(origin)) =
            (entities.get_mut(rank as usize), origins.get_mut(rank as usize))
        {
            self.respawned.push((rank, *entity));
            (*entity, *origin) = (Entity::PLACEHOLDER, Origin::Spawned);
        }
    }

    /// Indexes rest on the hooks of immutable components, so none is written over. One that names an entity which is
    /// spawned again differs as well, so it is looked again until nothing changes.
    fn respawn_where_immutables_differ(&mut self, world: &World) {
        let parts = self.replacement.parts.iter();
        let immutable: Vec<bool> = parts
            .map(|part| matches!(part, Part::Plain(component) if !is_mutable(world, *component)))
            .collect();
        let has_rows =
            |(is_immutable, column): (&bool, &ImageColumn)| *is_immutable && column.len() > 0;
        if !immutable.iter().zip(&self.replacement.image.columns).any(has_rows) {
            return;
        }
        loop {
            let differing = with_other_immutables(&self.replacement, world, &immutable);
            if differing.is_empty() {
                return;
            }
            differing.into_iter().for_each(|rank| self.respawn(rank));
        }
    }
}

/// Entities that have other immutable components than the checkpoint.
fn with_other_immutables(replacement: &Replacement, world: &World, immutable: &[bool]) -> Vec<u32> {
    let mut names =
        Names::new(&replacement.image.ranks, &replacement.entities, &replacement.outside);
    let mut differing = Vec::new();
    for (rank, entity) in (0_u32..).zip(&replacement.entities) {
        let Ok(entity) = world.get_entity(*entity) else { continue };
        let rows = replacement.image.rows.of(rank).iter();
        let mut rows = rows.filter(|row| immutable.get(row.column as usize) == Some(&true));
        let differs = rows.any(|row| {
            let Some(column) = replacement.image.columns.get(row.column as usize) else {
                return false;
            };
            let (DecodedColumn::Component(rows), Some(saved), Some(part)) = (
                &column.decoded,
                column.saved_value(row.row),
                replacement.parts.get(row.column as usize),
            ) else {
                return false;
            };
            part.component().is_some_and(|component| entity.contains_id(component))
                && !rows.is_as_saved(saved, entity, &mut names)
        });
        if differs {
            differing.push(rank);
        }
    }
    differing
}

/// Whether a living entity can be the one that it was.
fn may_stay(entity: EntityRef<'_>) -> bool {
    entity.contains::<Saved>()
        && !entity.contains::<SaveKey>()
        && !entity.contains::<DespawnOnRestore>()
}
