//! The entities that stay in a restore in place.

use std::collections::{HashMap, HashSet};

use bevy::ecs::archetype::Archetype;
use bevy::ecs::component::ComponentId;
use bevy::ecs::entity::Entity;
use bevy::ecs::resource::IS_RESOURCE;
use bevy::ecs::world::{EntityRef, World};
use bevy_session_journal::SaveId;

use super::hooks::is_mutable;
use super::image::{ImageColumn, Living};
use super::placed::{FoundByKey, find_by_key};
use super::replacement::{Origin, Part, Replacement};
use super::stand_ins::stand_in_for_the_waiting;
use super::sweep::DespawnOnRestore;
use super::unsaved::Layouts;
use super::who_stays::WhoStays;
use crate::capture::{Placed, SaveKey};
use crate::saved::{Names, Outside, Saved};

/// The entities of a checkpoint that stay.
pub(super) struct Staying {
    pub replacement: Replacement,
    /// The entities of the session that existed at first.
    pub living: Living,
    /// The entities that stay.
    pub who: WhoStays,
    /// The ranks and old ids of entities that are spawned again although they existed.
    pub respawned: Vec<(u32, Entity)>,
    /// True if an entity that may be referred to is gone, or another one than before.
    pub references_differ: bool,
    /// The last observation of the entities that stay.
    pub seen: Sighting,
}

/// An observation of the entities that stay, without reading any value.
#[derive(Default)]
pub(super) struct Sighting {
    /// The number of entities.
    present: usize,
    /// The ranks of entities with other saved components than in the checkpoint, ascending.
    pub misshapen: Vec<u32>,
}

impl Staying {
    /// Finds the entities that stay. Placed ones are found by their keys, as in every restore, and
    /// are compared in full: the level may have spawned them again.
    pub(super) fn find(world: &mut World, mut replacement: Replacement) -> Self {
        let mut living = replacement.image.living.take().unwrap_or_default();
        let who = std::mem::take(&mut living.may_stay);
        let (respawned, seen) = (Vec::new(), Sighting::default());
        let references_differ = !living.left.is_empty();
        let mut staying = Self { replacement, living, who, respawned, references_differ, seen };
        staying.find_living(world);
        staying
    }

    fn find_living(&mut self, world: &mut World) {
        self.replacement.entities = std::mem::take(&mut self.living.by_rank);
        let Replacement { entities, origins, .. } = &mut self.replacement;
        let is_there = |rank: u32| {
            let entity = entities.get(rank as usize).copied();
            entity.and_then(|it| world.get_entity(it).ok()).is_some_and(|it| may_stay(it, false))
        };
        for rank in self.living.unreadable.iter().copied().filter(|rank| is_there(*rank)) {
            let was = entities.get(rank as usize).copied();
            self.respawned.extend(was.map(|was| (rank, was)));
        }
        for (entity, origin) in entities.iter_mut().zip(origins) {
            match self.who.contains(*entity) {
                true => *origin = Origin::Staying,
                false => *entity = Entity::PLACEHOLDER,
            }
        }
        self.find_placed(world);
        stand_in_for_the_waiting(&mut self.replacement, &self.living.left, world);
        self.note_who_refers_to_the_waiting(world);
        self.references_differ |= self.anchors_differ(world);
        self.look_around(world);
        if self.seen.present != self.who.len() {
            for rank in self.missing(world) {
                let was = self.forget(rank, world);
                // One that goes with every restore although the checkpoint has it is spawned again.
                let goes = |it: EntityRef<'_>| it.contains::<Saved>() && !it.contains::<SaveKey>();
                let was = was.filter(|was| world.get_entity(*was).is_ok_and(goes));
                self.respawned.extend(was.map(|was| (rank, was)));
            }
        }
        self.respawn_where_immutables_differ(world);
    }

    /// Finds the entities that a level has placed.
    fn find_placed(&mut self, world: &World) {
        let Some(placed) = world.get_resource::<Placed>() else { return };
        let FoundByKey { fitting, .. } = find_by_key(&self.replacement, placed, world);
        for (rank, found) in fitting {
            let place = rank as usize;
            // It had no key then. It is the level's now, and the one that it was is spawned.
            if let Some(other) = self.who.rank(found) {
                self.forget(other, world);
            }
            let Replacement { entities, origins, .. } = &mut self.replacement;
            if let (Some(entity), Some(origin)) = (entities.get_mut(place), origins.get_mut(place))
            {
                (*entity, *origin) = (found, Origin::Staying);
                self.who.add_placed(found, rank);
            }
            if let Some((known, _)) = self.living.seeds.get_mut(place) {
                self.references_differ |= *known != found;
                *known = found;
            }
        }
    }

    /// Returns true if an anchor is another entity than before.
    fn anchors_differ(&self, world: &World) -> bool {
        let image = &self.replacement.image;
        if image.anchors.is_empty() {
            return false;
        }
        let before: HashMap<SaveId, Entity> = self.living.others.iter().copied().collect();
        // A key may have several ids, of which an entity has one.
        let (same, others): (Vec<_>, Vec<_>) =
            image.found_anchors(world).partition(|(id, _, found)| before.get(id) == Some(found));
        let same: HashSet<&SaveKey> = same.into_iter().map(|(_, key, _)| key).collect();
        others.iter().any(|(_, key, _)| !same.contains(key))
    }

    fn note_who_refers_to_the_waiting(&mut self, world: &World) {
        let Replacement { image, origins, .. } = &mut self.replacement;
        let stays = |rank: &u32| origins.get(*rank as usize) == Some(&Origin::Staying);
        let waiting: HashSet<u32> = image.keys.keys().copied().filter(|it| !stays(it)).collect();
        let mut absent = image.anchor_ids();
        image.found_anchors(world).for_each(|(id, ..)| _ = absent.remove(&id));
        image.note_incomplete_while((&waiting, &absent), &self.living.others);
    }

    /// The ranks of the staying entities that a level has placed.
    pub(super) fn placed(&self) -> impl Iterator<Item = u32> {
        let Replacement { image, origins, .. } = &self.replacement;
        let ranks = image.keys.keys().copied();
        ranks.filter(|rank| origins.get(*rank as usize) == Some(&Origin::Staying))
    }

    /// Finds out which of the staying entities exist, and their components.
    pub(super) fn look_around(&mut self, world: &World) {
        self.seen = Sighting::default();
        let Some(marker) = world.component_id::<Saved>() else { return };
        let mut layouts = Layouts::new(&self.replacement);
        let columns = &self.replacement.image.columns;
        let [key, goes] =
            [world.component_id::<SaveKey>(), world.component_id::<DespawnOnRestore>()];
        let has = |archetype: &Archetype, id: Option<ComponentId>| {
            id.is_some_and(|id| archetype.contains(id))
        };
        let saved = world.archetypes().iter().filter(|archetype| {
            archetype.contains(marker) && !archetype.contains(IS_RESOURCE) && !has(archetype, goes)
        });
        for archetype in saved {
            let was_saved =
                |place: &u32| columns.get(*place as usize).is_some_and(|it| it.was_saved);
            let there = layouts.of(archetype).iter().map(|(place, _)| *place);
            let there: Vec<u32> = there.filter(was_saved).collect();
            let has_key = has(archetype, key);
            let mut last = None;
            for entity in archetype.entities() {
                let Some(rank) = self.who.rank_if(entity.id(), has_key) else { continue };
                self.seen.present += 1;
                let shape = self.living.shape_by_rank.get(rank as usize).copied();
                let is_as_saved = match last {
                    Some((known, is_as_saved)) if known == shape => is_as_saved,
                    _ => shape.and_then(|it| self.living.shapes.get(it as usize)) == Some(&there),
                };
                last = Some((shape, is_as_saved));
                if !is_as_saved {
                    self.seen.misshapen.push(rank);
                }
            }
        }
        self.seen.misshapen.sort_unstable();
    }

    /// The ranks of entities that should stay and don't exist.
    fn missing(&self, world: &World) -> Vec<u32> {
        let Replacement { entities, origins, .. } = &self.replacement;
        let staying = (0_u32..).zip(entities.iter().zip(origins));
        let staying = staying.filter(|(_, (_, origin))| **origin == Origin::Staying);
        let is_there = |rank, entity| {
            let has_key = self.replacement.image.has_key(rank);
            world.get_entity(entity).is_ok_and(|entity| may_stay(entity, has_key))
        };
        let missing = staying.filter(|(rank, (entity, _))| !is_there(*rank, **entity));
        missing.map(|(rank, _)| rank).collect()
    }

    /// Spawns the entities that should have stayed and are gone, since they were despawned with
    /// another.
    pub(super) fn replace_the_dead(&mut self, world: &World) {
        self.look_around(world);
        if self.seen.present != self.who.len() {
            self.missing(world).into_iter().for_each(|rank| self.respawn(rank, world));
        }
    }

    fn respawn(&mut self, rank: u32, world: &World) {
        let was = self.forget(rank, world);
        self.respawned.extend(was.map(|was| (rank, was)));
    }

    /// Lets an entity be spawned that doesn't stay. Returns its former id. One that a level has
    /// placed waits until the level spawns it; if it is gone, references lead to it as it was.
    fn forget(&mut self, rank: u32, world: &World) -> Option<Entity> {
        let has_key = self.replacement.image.has_key(rank);
        let Replacement { entities, origins, .. } = &mut self.replacement;
        let entity = entities.get_mut(rank as usize)?;
        let was = *entity;
        if !has_key || world.get_entity(was).is_ok() {
            *entity = Entity::PLACEHOLDER;
        }
        *origins.get_mut(rank as usize)? = if has_key { Origin::Waiting } else { Origin::Spawned };
        self.who.remove(was);
        (!has_key).then_some(was)
    }

    /// Indexes rely on the hooks of immutable components, so none is written in place. A component
    /// that refers to an entity which is spawned again differs as well, so this is repeated until
    /// nothing changes. An entity that a level has placed stays, and its component is inserted.
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
        let outside = self.outside_so_far(world);
        loop {
            let differing = with_other_immutables(&self.replacement, &outside, world, &immutable);
            if differing.is_empty() {
                return;
            }
            differing.into_iter().for_each(|rank| self.respawn(rank, world));
        }
    }

    /// Entities that are referred to and aren't among those that stay, as far as they are known
    /// before anything is despawned: entities with a key, and unsaved ones.
    fn outside_so_far(&self, world: &World) -> Outside {
        let image = &self.replacement.image;
        let others = self.living.others.iter().copied();
        let is_unsaved = |entity: EntityRef<'_>| !entity.contains::<Saved>();
        let others = others.filter(|(_, it)| world.get_entity(*it).is_ok_and(is_unsaved));
        let ids = image.ranks.ids();
        let keys =
            image.keys.iter().filter_map(|(rank, key)| Some((*ids.get(*rank as usize)?, key)));
        let placed = world.get_resource::<Placed>();
        let found = keys.filter_map(|(id, key)| Some((id, placed?.find(world, key)?)));
        let anchors = image.found_anchors(world).map(|(id, _, found)| (id, found));
        others.chain(found).chain(anchors).collect()
    }
}

/// Entities with other immutable components than in the checkpoint.
fn with_other_immutables(
    replacement: &Replacement,
    outside: &Outside,
    world: &World,
    immutable: &[bool],
) -> Vec<u32> {
    let mut names = Names::new(&replacement.image.ranks, &replacement.entities, outside);
    let mut differing = Vec::new();
    for (rank, entity) in (0_u32..).zip(&replacement.entities) {
        let Ok(entity) = world.get_entity(*entity) else { continue };
        let rows = replacement.image.rows.of(rank).iter();
        let mut rows = rows.filter(|row| immutable.get(row.column as usize) == Some(&true));
        let differs = rows.any(|row| {
            let Some(column) = replacement.image.columns.get(row.column as usize) else {
                return false;
            };
            let part = replacement.parts.get(row.column as usize);
            let component = part.and_then(|part| part.component());
            component.is_some_and(|component| {
                entity.contains_id(component)
                    && !column.is_as_restored(row.row, (entity, component), &mut names)
            })
        });
        if differs && !replacement.image.has_key(rank) {
            differing.push(rank);
        }
    }
    differing
}

/// Returns true if a living entity can be kept. One with a key is its level's.
fn may_stay(entity: EntityRef<'_>, has_key: bool) -> bool {
    entity.contains::<Saved>()
        && entity.contains::<SaveKey>() == has_key
        && !entity.contains::<DespawnOnRestore>()
}
