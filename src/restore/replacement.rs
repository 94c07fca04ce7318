//! Restoring the entities of a checkpoint into the world.

use std::collections::{BTreeSet, HashMap, HashSet};

use bevy::ecs::component::ComponentId;
use bevy::ecs::entity::Entity;
use bevy::ecs::hierarchy::ChildOf;
use bevy::ecs::world::World;
use bevy_session_journal::SaveId;

use super::dangling::name_field;
use super::difference::{Difference, take_away};
use super::doomed::Doomed;
use super::extra::find_extra_entities;
use super::hooks::runs_hooks;
use super::image::{ImageColumn, WorldImage};
use super::late_markers::mark_late;
use super::lists::KeptList;
use super::order::NO_ONE;
use super::placed::{await_the_dead, is_linked_by_level};
use super::replace::{EntitiesReplaced, ResourceRestored};
use super::report::{DanglingReference, RestoreReport};
use super::rows_by_entity::RowOfEntity;
use super::stamp::Stamps;
use super::stand_ins::{absent, name_the_absent};
use super::unsaved::new_resources;
use crate::saved::{
    CHILD_OF, DecodedColumn, Names, Others, Outside, References, SAVE_KEYS, Saved, Spawner, Written,
};

/// A checkpoint that is being restored into the world.
pub(super) struct Replacement {
    pub image: WorldImage,
    /// The entity of each rank. That of one that waits for its level is what references to it lead to meanwhile, or
    /// [`Entity::PLACEHOLDER`].
    pub entities: Vec<Entity>,
    /// The origin of the entity of each rank.
    pub origins: Vec<Origin>,
    /// Entities that aren't restored and may be referred to.
    pub outside: Outside,
    /// The role of each column in the spawning of entities.
    pub parts: Vec<Part>,
    /// The tick at which each entity was written.
    pub stamps: Stamps,
    /// The resources to end with.
    pub resources: Resources,
    /// Entities that aren't being restored.
    pub others: Others,
    /// Lists whose order is restored, or preserved.
    pub lists: Vec<KeptList>,
    /// The differences from the entities that stay.
    pub difference: Difference,
    /// Entities that don't stay, if others do.
    pub doomed: Doomed,
    /// Rows that wait until all entities are there, in the order in which they are linked.
    pub waiting: Vec<(u32, RowOfEntity)>,
    /// Values that can't be as saved, since they refer to missing entities.
    pub dangling: HashSet<(u32, u32)>,
    pub dangling_resources: BTreeSet<usize>,
    /// The ids of all entities, if all of them are known to exist.
    pub seeds: Option<Vec<(Entity, SaveId)>>,
    /// True if hooks and observers came to rest, so that the report names everything that isn't as
    /// saved.
    pub is_settled: bool,
    pub report: RestoreReport,
}

/// The values of resources once the entities are there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Resources {
    /// The checkpoint's values.
    Saved,
    /// Their values before: it isn't a checkpoint of a whole world.
    Kept,
}

/// The origin of an entity of a checkpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Origin {
    /// It is spawned.
    Spawned,
    /// It exists, and differences are written to it.
    Staying,
    /// A level placed it, and it exists: it gets all of its values.
    Placed,
    /// A level will place it: its values are kept until then.
    Waiting,
}

/// The role of a column in the spawning of entities.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// No component.
    None,
    /// A component without links.
    Plain(ComponentId),
    /// The link to the parent, which is spawned before.
    Parent(ComponentId),
    /// The key of a placed entity.
    Key(ComponentId),
    /// A link to an entity that may be spawned later.
    Link(ComponentId),
}

impl Part {
    fn of(column: &ImageColumn, world: &mut World) -> Self {
        let DecodedColumn::Component(rows) = &column.decoded else { return Self::None };
        let component = rows.component(world);
        if &*column.type_path == CHILD_OF {
            Self::Parent(component)
        } else if &*column.type_path == SAVE_KEYS {
            Self::Key(component)
        } else if rows.is_relationship() {
            Self::Link(component)
        } else {
            Self::Plain(component)
        }
    }

    pub(super) fn component(self) -> Option<ComponentId> {
        match self {
            Self::None => None,
            Self::Plain(component)
            | Self::Parent(component)
            | Self::Key(component)
            | Self::Link(component) => Some(component),
        }
    }
}

impl Replacement {
    /// For a whole world: finds the entities that aren't spawned and don't stay, and allocates
    /// those that are.
    pub(super) fn find_entities(&mut self, world: &World) {
        self.resources = Resources::Saved;
        self.outside.extend(self.image.found_anchors(world).map(|(id, _, found)| (id, found)));
        self.find_placed(world);
        self.allocate(world);
    }

    /// For placed entities that arrived later than the others. None of them is spawned.
    pub(super) fn of_claims(
        world: &mut World,
        image: WorldImage,
        known: Outside,
        report: RestoreReport,
    ) -> Self {
        let mut replacement = Self::new(world, image, known, report);
        replacement.find_placed(world);
        replacement.leave_others_with_their_keys();
        name_the_absent(&mut replacement, world);
        replacement
    }

    /// A replacement in which only outside entities are found.
    pub(super) fn new(
        world: &mut World,
        image: WorldImage,
        outside: Outside,
        report: RestoreReport,
    ) -> Self {
        let count = image.ranks.len();
        Self {
            entities: vec![Entity::PLACEHOLDER; count],
            origins: vec![Origin::Spawned; count],
            parts: image.columns.iter().map(|column| Part::of(column, world)).collect(),
            outside,
            stamps: Stamps::default(),
            resources: Resources::Kept,
            others: Others::default(),
            lists: Vec::new(),
            difference: Difference::default(),
            doomed: Doomed::default(),
            waiting: Vec::new(),
            dangling: HashSet::new(),
            dangling_resources: BTreeSet::new(),
            seeds: None,
            is_settled: true,
            image,
            report,
        }
    }

    /// Allocates the entities that are spawned and have none yet.
    pub(super) fn allocate(&mut self, world: &World) {
        let entities = self.entities.iter_mut().zip(&self.origins);
        let without = entities.filter(|(entity, origin)| {
            **origin == Origin::Spawned && **entity == Entity::PLACEHOLDER
        });
        let without: Vec<&mut Entity> = without.map(|(entity, _)| entity).collect();
        let count = u32::try_from(without.len()).unwrap_or(u32::MAX);
        for (entity, allocated) in
            without.into_iter().zip(world.entity_allocator().alloc_many(count))
        {
            *entity = allocated;
        }
    }

    /// Restores all resources.
    pub(super) fn restore_resources(&mut self, world: &mut World) {
        for (place, column) in self.image.columns.iter_mut().enumerate() {
            if self.dangling_resources.contains(&place) {
                continue;
            }
            let mut references = References::new(&self.image.ranks, &self.entities, &self.outside);
            let mut names = Names::new(&self.image.ranks, &self.entities, &self.outside);
            let restored = column.restore_resource(world, &mut references, &mut names);
            if let ResourceRestored::WrittenWithDangling(missing) = restored {
                self.dangling_resources.insert(place);
                let entity = column.resource_entity(world).unwrap_or(Entity::PLACEHOLDER);
                let was_unmapped = missing >= self.image.end_of_ids;
                self.report.add_dangling(DanglingReference {
                    was_unmapped,
                    ..dangling(column, entity, false)
                });
            }
        }
    }

    /// Spawns every entity whole, parents first and siblings in their order. A placed one gets its
    /// values, and a staying one its differences.
    pub(super) fn spawn(&mut self, world: &mut World) {
        let mut spawner = Spawner::default();
        let cut: HashSet<u32> = self.image.order.cut.iter().copied().collect();
        let ranks = std::mem::take(&mut self.image.order.ranks);
        let hooked: Vec<bool> = self.columns_with_hooks(world).collect();
        let difference = std::mem::take(&mut self.difference);
        let rows = std::mem::take(&mut self.image.rows);
        self.stamps = Stamps::new(self.entities.len(), difference.since);
        for rank in ranks {
            let Some(origin) = self.origins.get(rank as usize).copied() else { continue };
            let stays = origin == Origin::Staying;
            let has_key = self.image.has_key(rank);
            if origin == Origin::Waiting || stays && difference.written.of(rank).is_empty() {
                continue;
            }
            let parent = self.parent(rank).filter(|_| !cut.contains(&rank));
            let parent = parent.filter(|parent| world.get_entity(*parent).is_ok());
            self.stamps.begin(rank, world);
            let written = if stays { difference.written.of(rank) } else { rows.of(rank) };
            if stays && parent.is_none() && !has_key {
                orphan(self, rank, written, world);
            }
            self.write_one(rank, (origin, written), parent, &mut spawner, world);
            let has_hooks =
                written.iter().any(|row| hooked.get(row.column as usize) == Some(&true));
            self.stamps.end(rank, has_hooks, world);
        }
        (self.difference, self.image.rows) = (difference, rows);
        let places = if self.waiting.is_empty() { HashMap::new() } else { self.places_in_lists() };
        let place = |(rank, row): &(u32, RowOfEntity)| places.get(&(row.column, *rank)).copied();
        self.waiting.sort_by_key(|link| (link.1.column, place(link)));
        spawner.drop_unwritten(world);
        self.stamps.close(world);
    }

    /// For each column, true if an insert runs code of the game.
    fn columns_with_hooks(&self, world: &World) -> impl Iterator<Item = bool> {
        let components = self.parts.iter().map(|part| part.component());
        components.map(|component| component.is_some_and(|id| runs_hooks(world, id)))
    }

    /// The parent that an entity has in the checkpoint, if it is known.
    pub(super) fn parent(&self, rank: u32) -> Option<Entity> {
        match *self.image.parents.get(rank as usize)? {
            NO_ONE => self.outside.get(self.image.outer_parents.get(&rank)?).copied(),
            parent => self.entities.get(parent as usize).copied(),
        }
    }

    fn write_one(
        &mut self,
        rank: u32,
        (origin, written): (Origin, &[RowOfEntity]),
        parent: Option<Entity>,
        spawner: &mut Spawner,
        world: &mut World,
    ) {
        let Some(id) = self.entities.get(rank as usize).copied() else { return };
        let is_placed = match origin {
            Origin::Placed => true,
            Origin::Staying => self.image.has_key(rank),
            Origin::Spawned | Origin::Waiting => false,
        };
        // Written once more, it would be moved to the end of its siblings.
        let stays = is_placed
            && (parent.is_none() || world.get::<ChildOf>(id).map(ChildOf::parent) == parent);
        let mut references = References::new(&self.image.ranks, &self.entities, &self.outside);
        let mut entity = spawner.begin(world);
        if !is_placed && origin != Origin::Staying {
            entity.push(Saved);
        }
        for row in written {
            let place = row.column as usize;
            let (Some(part), Some(column)) =
                (self.parts.get(place), self.image.columns.get_mut(place))
            else {
                continue;
            };
            let DecodedColumn::Component(rows) = &mut column.decoded else { continue };
            let is_left_out = match part {
                Part::Link(_) => {
                    self.waiting.push((rank, *row));
                    continue;
                }
                // Where the saved parent isn't there, the level knows better.
                Part::Parent(_) if stays => continue,
                // It has the key that it was found by.
                Part::Key(_) if is_placed => continue,
                Part::Parent(_) => parent.is_none(),
                Part::None | Part::Plain(_) | Part::Key(_) => false,
            };
            if !is_left_out {
                rows.push(row.row, &mut references, &mut entity);
            }
            let missing = references.take_missing();
            if missing.is_some() || is_left_out {
                self.dangling.insert((rank, row.column));
                let was_unmapped = missing.is_some_and(|id| id >= self.image.end_of_ids);
                self.report.add_dangling(DanglingReference {
                    was_unmapped,
                    ..dangling(column, id, is_left_out)
                });
            }
        }
        if origin == Origin::Staying && entity.is_empty() {
            return;
        }
        let written = match origin {
            Origin::Placed | Origin::Staying => entity.write_onto(id),
            Origin::Spawned | Origin::Waiting => entity.spawn(id),
        };
        if written != Written::AsAsked {
            self.report.not_spawned += 1;
        }
    }

    /// Inserts the relationships that had to wait, so that the lists of their targets are filled in
    /// the saved order.
    pub(super) fn link(&mut self, world: &mut World) {
        let mut references =
            References::new(&self.image.ranks, &self.entities, &self.outside).noting_names();
        let waiting = std::mem::take(&mut self.waiting);
        if !waiting.is_empty() {
            // Those of the collections that they are gathered in.
            self.stamps.note_hooks();
        }
        for (rank, row) in waiting {
            let (Some(entity), Some(column)) = (
                self.entities.get(rank as usize).copied(),
                self.image.columns.get_mut(row.column as usize),
            ) else {
                continue;
            };
            let DecodedColumn::Component(rows) = &mut column.decoded else { continue };
            world.increment_change_tick();
            if !rows.link(row.row, &mut references, world, entity) {
                self.dangling.insert((rank, row.column));
                self.report.add_dangling(dangling(column, entity, true));
                // One that stays may have another. What a level has linked is the level's.
                if self.origins.get(rank as usize) == Some(&Origin::Staying)
                    && let Some(Part::Link(link)) = self.parts.get(row.column as usize)
                    && !(self.image.has_key(rank) && is_linked_by_level(world, entity, *link))
                {
                    take_away(world, entity, &[*link]);
                }
            }
        }
    }

    /// The place of each entity in the list that names it, by the column of the links.
    fn places_in_lists(&self) -> HashMap<(u32, u32), usize> {
        let lists = self.image.link_orders.iter().flat_map(|(column, lists)| {
            lists.iter().flat_map(move |(_, list)| {
                list.iter().enumerate().map(move |(place, rank)| ((*column, *rank), place))
            })
        });
        lists.collect()
    }

    /// Restores the pending transitions.
    pub(super) fn set_pending_states(&self, world: &mut World) {
        for column in &self.image.columns {
            if let DecodedColumn::State(state) = &column.decoded {
                state.set_pending(world);
            }
        }
    }

    /// Checks the result.
    pub(super) fn finish(mut self, world: &mut World) -> EntitiesReplaced {
        await_the_dead(&mut self, world);
        self.keep_what_waits();
        let mut seeds = self.seeds.take().unwrap_or_else(|| {
            let ids = self.image.ranks.ids().iter().copied();
            let entities = self.entities.iter().copied().zip(ids);
            entities.filter(|(entity, _)| world.get_entity(*entity).is_ok()).collect()
        });
        let absent = absent(&self);
        self.report.entities = seeds.len() as u64;
        self.report.spawned = self.count(Origin::Spawned);
        self.report.despawned_again =
            self.image.entities() - self.report.placed.unclaimed_total - self.report.entities;
        // What a migration has spawned was never saved, and gets an id as others do.
        seeds.retain(|(_, id)| *id < self.image.spawned_from);
        for reference in &mut self.report.dangling {
            name_field(reference, world);
        }
        let new = new_resources(&self.image, world);
        self.report.new_components.extend(new);
        mark_late(world, &self.image.adopted);
        self.report.extra = find_extra_entities(&self, world);
        EntitiesReplaced {
            report: self.report,
            seeds,
            absent,
            carried: std::mem::take(&mut self.image.carried),
            gone: std::mem::take(&mut self.image.gone),
            anchors: std::mem::take(&mut self.image.anchors),
            changed: Vec::new(),
            as_saved: None,
            remains: Some(Box::new(self.image)),
        }
    }

    /// The number of entities without a key that were spawned or stay, and that still exist.
    pub(super) fn entities_without_key(&self, world: &World) -> u64 {
        let keys = self.image.keys.keys();
        let placed = keys.filter_map(|rank| self.entities.get(*rank as usize));
        let placed = placed.filter(|entity| world.get_entity(**entity).is_ok());
        self.report.entities - placed.count() as u64
    }

    pub(super) fn count(&self, origin: Origin) -> u64 {
        self.origins.iter().filter(|known| **known == origin).count() as u64
    }

    /// The component columns of the image, with their places.
    pub(super) fn components(&self) -> impl Iterator<Item = (u32, ComponentId, &ImageColumn)> {
        let columns = (0_u32..).zip(self.parts.iter().zip(&self.image.columns));
        columns.filter_map(|(place, (part, column))| Some((place, part.component()?, column)))
    }
}

pub(super) fn dangling(
    column: &ImageColumn,
    entity: Entity,
    is_relationship: bool,
) -> DanglingReference {
    let type_path = column.type_path.to_string();
    DanglingReference { type_path, field: None, entity, is_relationship, was_unmapped: false }
}

/// Removes the link to a parent from an entity that stays, if the parent doesn't exist.
fn orphan(replacement: &Replacement, rank: u32, written: &[RowOfEntity], world: &mut World) {
    let Some(entity) = replacement.entities.get(rank as usize) else { return };
    let parts = written.iter().filter_map(|row| replacement.parts.get(row.column as usize));
    let links = parts.filter(|part| matches!(part, Part::Parent(_)));
    let links: Vec<ComponentId> = links.filter_map(|part| part.component()).collect();
    take_away(world, *entity, &links);
}
