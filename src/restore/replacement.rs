//! Putting the entities of a checkpoint into the world.

use std::collections::{BTreeSet, HashSet};

use bevy::ecs::archetype::{Archetype, ArchetypeId};
use bevy::ecs::component::ComponentId;
use bevy::ecs::entity::Entity;
use bevy::ecs::world::World;
use bevy::platform::collections::HashMap;

use super::dangling::name_field;
use super::decoded::DecodedColumn;
use super::extra::find_extra_entities;
use super::image::{ImageColumn, RowOfEntity, WorldImage};
use super::order::NOBODY;
use super::references::{Names, References};
use super::replace::{EntitiesReplaced, ResourceRestored};
use super::report::{DanglingReference, RestoreReport};
use super::spawn::Spawner;
use super::stamp::Stamps;
use crate::capture::{CHILD_OF, Saved};
use crate::journal::SaveId;

/// A checkpoint on its way into the world.
pub(super) struct Replacement {
    pub image: WorldImage,
    /// The entity of each rank.
    pub entities: Vec<Entity>,
    /// What each column is to the spawning of entities.
    parts: Vec<Part>,
    /// When each entity was written.
    pub stamps: Stamps,
    /// Rows that wait until all entities are there.
    waiting: Vec<(u32, RowOfEntity)>,
    /// Values that can't be as saved, since they refer to what isn't there.
    pub dangling: HashSet<(u32, u32)>,
    dangling_resources: BTreeSet<usize>,
    pub report: RestoreReport,
}

/// What a column is to the spawning of entities.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// No component.
    None,
    /// A component that stands by itself.
    Plain(ComponentId),
    /// The link to the parent, which is spawned before.
    Parent(ComponentId),
    /// A link to an entity that may be spawned later.
    Link(ComponentId),
}

impl Part {
    fn of(column: &ImageColumn, world: &mut World) -> Self {
        let DecodedColumn::Component(rows) = &column.decoded else { return Self::None };
        let component = rows.component(world);
        if &*column.type_path == CHILD_OF {
            Self::Parent(component)
        } else if rows.is_relationship() {
            Self::Link(component)
        } else {
            Self::Plain(component)
        }
    }

    fn component(self) -> Option<ComponentId> {
        match self {
            Self::None => None,
            Self::Plain(component) | Self::Parent(component) | Self::Link(component) => {
                Some(component)
            }
        }
    }
}

impl Replacement {
    /// Allocates the entities.
    pub(super) fn new(world: &mut World, image: WorldImage, report: RestoreReport) -> Self {
        let count = u32::try_from(image.ranks.len()).unwrap_or(u32::MAX);
        Self {
            entities: world.entity_allocator().alloc_many(count).collect(),
            parts: image.columns.iter().map(|column| Part::of(column, world)).collect(),
            stamps: Stamps::default(),
            waiting: Vec::new(),
            dangling: HashSet::new(),
            dangling_resources: BTreeSet::new(),
            image,
            report,
        }
    }

    /// Makes all resources what the checkpoint says; those that it had to write.
    pub(super) fn restore_resources(&mut self, world: &mut World) -> Vec<usize> {
        let mut written = Vec::new();
        for (place, column) in self.image.columns.iter_mut().enumerate() {
            if self.dangling_resources.contains(&place) {
                continue;
            }
            let mut references = References::new(&self.image.ranks, &self.entities);
            let mut names = Names::new(&self.image.ranks, &self.entities);
            match column.restore_resource(world, &mut references, &mut names) {
                ResourceRestored::Unchanged => {}
                ResourceRestored::Written => written.push(place),
                ResourceRestored::WrittenWithDangling => {
                    written.push(place);
                    self.dangling_resources.insert(place);
                    let entity = column.resource_entity(world).unwrap_or(Entity::PLACEHOLDER);
                    self.report.add_dangling(dangling(column, entity, false));
                }
            }
        }
        written
    }

    /// Spawns every entity whole: parents first, and siblings in their order.
    pub(super) fn spawn(&mut self, world: &mut World) {
        let mut spawner = Spawner::default();
        let cut: HashSet<u32> = self.image.order.cut.iter().copied().collect();
        let ranks = std::mem::take(&mut self.image.order.ranks);
        self.stamps = Stamps::new(self.entities.len());
        for rank in ranks {
            let parent = self.parent(rank).filter(|_| !cut.contains(&rank));
            let has_parent = parent.is_some_and(|parent| world.get_entity(parent).is_ok());
            self.stamps.begin(rank, world);
            self.spawn_one(rank, has_parent, &mut spawner, world);
            self.stamps.end(rank, world);
        }
    }

    fn parent(&self, rank: u32) -> Option<Entity> {
        let parent = *self.image.parents.get(rank as usize)?;
        if parent == NOBODY { None } else { self.entities.get(parent as usize).copied() }
    }

    fn spawn_one(&mut self, rank: u32, has_parent: bool, spawner: &mut Spawner, world: &mut World) {
        let Some(id) = self.entities.get(rank as usize).copied() else { return };
        let mut references = References::new(&self.image.ranks, &self.entities);
        let mut entity = spawner.begin(world);
        entity.push(Saved);
        for row in self.image.rows.of(rank) {
            let place = row.column as usize;
            let (Some(part), Some(column)) = (self.parts.get(place), self.image.columns.get_mut(place))
            else {
                continue;
            };
            let DecodedColumn::Component(rows) = &mut column.decoded else { continue };
            let is_left_out = match part {
                Part::Link(_) => {
                    self.waiting.push((rank, *row));
                    continue;
                }
                Part::Parent(_) => !has_parent,
                Part::None | Part::Plain(_) => false,
            };
            if !is_left_out {
                rows.push(row.row, &mut references, &mut entity);
            }
            if references.take_missing() || is_left_out {
                self.dangling.insert((rank, row.column));
                self.report.add_dangling(dangling(column, id, is_left_out));
            }
        }
        entity.spawn(id);
    }

    /// Inserts the relationships that had to wait.
    pub(super) fn link(&mut self, world: &mut World) {
        let mut references = References::new(&self.image.ranks, &self.entities).noting_names();
        for (rank, row) in std::mem::take(&mut self.waiting) {
            let (Some(entity), Some(column)) = (
                self.entities.get(rank as usize).copied(),
                self.image.columns.get_mut(row.column as usize),
            ) else {
                continue;
            };
            let DecodedColumn::Component(rows) = &mut column.decoded else { continue };
            if !rows.link(row.row, &mut references, world, entity) {
                self.report.add_dangling(dangling(column, entity, true));
            }
        }
    }

    /// Removes the components that the checkpoint knows and doesn't have on an entity: those that
    /// others require and the game had removed, and what observers added.
    pub(super) fn remove_what_was_not_saved(&self, world: &mut World) {
        let mut layouts = Layouts::new(&self.parts, &self.image.columns);
        let mut removed: Vec<(Entity, ComponentId)> = Vec::new();
        for (rank, id) in (0_u32..).zip(&self.entities) {
            let Ok(entity) = world.get_entity(*id) else { continue };
            let saved = self.image.rows.of(rank);
            for (place, component) in layouts.of(entity.archetype()) {
                let is_saved = saved.iter().any(|row| row.column == *place);
                let column = self.image.columns.get(*place as usize);
                if !is_saved && column.is_some_and(|column| !column.unreadable.contains(&rank)) {
                    removed.push((*id, *component));
                }
            }
        }
        for (entity, component) in removed {
            if let Ok(mut entity) = world.get_entity_mut(entity) {
                entity.remove_by_id(component);
            }
        }
    }

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
            let mut references = References::new(&self.image.ranks, &self.entities);
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
        let mut names = Names::new(&self.image.ranks, &self.entities);
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
                if self.stamps.is_untouched(rank, ticks) || self.dangling.contains(&(rank, row.column)) {
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

    /// Puts the transitions back that were pending.
    pub(super) fn set_pending_states(&self, world: &mut World) {
        for column in &self.image.columns {
            if let DecodedColumn::State(state) = &column.decoded {
                state.set_pending(world);
            }
        }
    }

    /// Looks at what came of it.
    pub(super) fn finish(mut self, world: &mut World) -> EntitiesReplaced {
        let entities = self.entities.iter().copied().zip(self.image.ranks.ids().iter().copied());
        let seeds: Vec<(Entity, SaveId)> =
            entities.filter(|(entity, _)| world.get_entity(*entity).is_ok()).collect();
        self.report.entities = seeds.len() as u64;
        self.report.despawned_again = self.image.entities() - self.report.entities;
        for reference in &mut self.report.dangling {
            name_field(reference, world);
        }
        self.report.extra = find_extra_entities(&self, world);
        EntitiesReplaced { report: self.report, seeds }
    }

    /// The components of the image's columns.
    pub(super) fn components(&self) -> impl Iterator<Item = (ComponentId, &ImageColumn)> {
        let columns = self.parts.iter().zip(&self.image.columns);
        columns.filter_map(|(part, column)| Some((part.component()?, column)))
    }
}

fn dangling(column: &ImageColumn, entity: Entity, is_relationship: bool) -> DanglingReference {
    let type_path = column.type_path.to_string();
    DanglingReference { type_path, field: None, entity, is_relationship }
}

/// Which of the checkpoint's types an archetype has.
struct Layouts {
    known: Vec<(u32, ComponentId)>,
    archetypes: HashMap<ArchetypeId, Vec<(u32, ComponentId)>>,
}

impl Layouts {
    fn new(parts: &[Part], columns: &[ImageColumn]) -> Self {
        let columns = (0_u32..).zip(parts.iter().zip(columns));
        let known = columns
            .filter(|(_, (_, column))| column.was_saved)
            .filter_map(|(place, (part, _))| Some((place, part.component()?)));
        Self { known: known.collect(), archetypes: HashMap::default() }
    }

    fn of(&mut self, archetype: &Archetype) -> &[(u32, ComponentId)] {
        let known = &self.known;
        self.archetypes.entry(archetype.id()).or_insert_with(|| {
            known.iter().copied().filter(|(_, component)| archetype.contains(*component)).collect()
        })
    }
}
