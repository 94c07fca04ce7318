//! Which entities stay where a checkpoint is put back in place.

use std::collections::HashSet;

use bevy::ecs::archetype::ArchetypeId;
use bevy::ecs::entity::Entity;
use bevy::ecs::world::{EntityRef, World};

use super::hooks::is_mutable;
use super::image::{ImageColumn, Living};
use super::replacement::{Origin, Part, Replacement};
use super::sweep::DespawnOnRestore;
use super::who_stays::WhoStays;
use crate::capture::SaveKey;
use crate::saved::{DecodedColumn, Names, Saved};

/// The entities of a checkpoint that stay.
pub(super) struct Staying {
    pub replacement: Replacement,
    /// The entities of the session that were there at first.
    pub living: Living,
    /// Those that stay.
    pub who: WhoStays,
    /// Those that are spawned again although they were there: their ranks, and what they were.
    pub respawned: Vec<(u32, Entity)>,
}

impl Staying {
    /// Finds the entities that stay. Placed ones are found by their keys, as in every restore.
    pub(super) fn find(world: &World, mut replacement: Replacement) -> Self {
        let living = replacement.image.living.take().unwrap_or_default();
        let who = WhoStays::with_capacity(living.by_rank.len());
        let mut staying = Self { replacement, living, who, respawned: Vec::new() };
        let living = std::mem::take(&mut staying.living.by_rank);
        staying.find_living(world, &living);
        staying
    }

    fn find_living(&mut self, world: &World, living: &[Entity]) {
        let mut may_stay = MayStay::default();
        let image = &self.replacement.image;
        let columns = image.columns.iter();
        let unreadable: HashSet<u32> =
            columns.flat_map(|column| &column.unreadable).copied().collect();
        for (rank, entity) in (0_u32..).zip(living) {
            let Some(found) = world.get_entity(*entity).ok().filter(|found| may_stay.ask(*found))
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

    /// Those who should have stayed and are gone, since somebody's death has taken them along, are spawned.
    pub(super) fn replace_the_dead(&mut self, world: &World) {
        let Replacement { entities, origins, .. } = &self.replacement;
        let staying = (0_u32..).zip(entities.iter().zip(origins));
        let staying = staying.filter(|(_, (_, origin))| **origin == Origin::Staying);
        let mut may_stay = MayStay::default();
        let mut is_there = |entity| world.get_entity(entity).is_ok_and(|found| may_stay.ask(found));
        let dead = staying.filter(|(_, (entity, _))| !is_there(**entity));
        let dead: Vec<u32> = dead.map(|(rank, _)| rank).collect();
        dead.into_iter().for_each(|rank| self.respawn(rank));
    }

    fn stay(&mut self, rank: u32, living: Entity) {
        let Replacement { entities, origins, .. } = &mut self.replacement;
        if let (Some(entity), Some(origin)) =
            (entities.get_mut(rank as usize), origins.get_mut(rank as usize))
        {
            (*entity, *origin) = (living, Origin::Staying);
            self.who.add(living, rank);
        }
    }

    fn respawn(&mut self, rank: u32) {
        let Replacement { entities, origins, .. } = &mut self.replacement;
        if let (Some(entity), Some(origin)) =
            (entities.get_mut(rank as usize), origins.get_mut(rank as usize))
        {
            self.respawned.push((rank, *entity));
            self.who.remove(*entity);
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

/// Whether a living entity can be the one that it was. Entities of one archetype are mostly asked about in a row.
#[derive(Default)]
struct MayStay {
    last: Option<(ArchetypeId, bool)>,
}

impl MayStay {
    fn ask(&mut self, entity: EntityRef<'_>) -> bool {
        let archetype = entity.archetype().id();
        if let Some((last, may_stay)) = self.last
            && last == archetype
        {
            return may_stay;
        }
        let may_stay = entity.contains::<Saved>()
            && !entity.contains::<SaveKey>()
            && !entity.contains::<DespawnOnRestore>();
        self.last = Some((archetype, may_stay));
        may_stay
    }
}
