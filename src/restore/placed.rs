//! Entities that a level has placed, and those that it will place.

use std::collections::HashSet;
use std::sync::Arc;

use bevy::ecs::component::ComponentId;
use bevy::ecs::entity::Entity;
use bevy::ecs::hierarchy::ChildOf;
use bevy::ecs::world::{EntityRef, World};
use bevy_session_journal::SaveId;

use super::difference::take_away;
use super::image::{ImageColumn, WorldImage};
use super::loss::{RestoreLoss, RestoreLossReason};
use super::order::NO_ONE;
use super::replacement::{Origin, Part, Replacement};
use crate::capture::{NamedOrder, Placed, Related, SaveKey};
use crate::saved::{BUILD, DecodedColumn, Saved};

impl WorldImage {
    /// The ids of anchors, whether they are there or not.
    pub(super) fn anchor_ids(&self) -> HashSet<SaveId> {
        self.anchors.iter().map(|(id, _)| *id).collect()
    }

    /// The anchors that are there, by their keys.
    pub(super) fn found_anchors<'a>(
        &'a self,
        world: &'a World,
    ) -> impl Iterator<Item = (SaveId, &'a SaveKey, Entity)> {
        let placed = world.get_resource::<Placed>();
        let anchors = self.anchors.iter();
        anchors.filter_map(move |(id, key)| Some((*id, key, placed?.find(world, key)?)))
    }

    /// The anchors that are there and aren't saved. They keep their ids: values that wait may refer to them.
    pub(super) fn anchors_in(&self, world: &World) -> Vec<(Entity, SaveId)> {
        let unsaved =
            self.found_anchors(world).filter(|(.., found)| world.get::<Saved>(*found).is_none());
        unsaved.map(|(id, _, found)| (found, id)).collect()
    }

    /// Returns true if a level owns the existence of a rank's entity.
    pub(super) fn has_key(&self, rank: u32) -> bool {
        self.keys.contains_key(&rank)
    }

    /// Returns true if all entities of the checkpoint that a level has placed are there.
    pub(crate) fn finds_all_placed(&self, world: &World) -> bool {
        let placed = world.get_resource::<Placed>();
        self.keys.values().all(|key| {
            let found = placed.and_then(|placed| placed.find(world, key));
            found.is_some_and(|entity| world.get::<Saved>(entity).is_some())
        })
    }
}

/// The entities that a level has placed.
#[derive(Default)]
pub(super) struct FoundByKey {
    /// The rank and the living entity of each key.
    pub fitting: Vec<(u32, Entity)>,
    /// The keys under which the level has another kind of entity now.
    mismatched: Vec<SaveKey>,
}

impl Replacement {
    /// Finds the living entity of each key, unless it stays. Entities without one wait.
    pub(super) fn find_placed(&mut self, world: &World) {
        let Some(placed) = world.get_resource::<Placed>() else { return };
        let FoundByKey { fitting, mismatched } = find_by_key(self, placed, world);
        for rank in self.image.keys.keys() {
            if let Some(origin) = self.origins.get_mut(*rank as usize)
                && *origin != Origin::Staying
            {
                *origin = Origin::Waiting;
            }
        }
        for (rank, found) in fitting {
            let place = rank as usize;
            if let (Some(entity), Some(origin)) =
                (self.entities.get_mut(place), self.origins.get_mut(place))
            {
                (*entity, *origin) = (found, Origin::Placed);
            }
        }
        for key in &mismatched {
            self.report.add_mismatched(key);
        }
    }

    /// For claims: the entity with a key may be another by now than the one that came with it,
    /// which is gone.
    pub(super) fn leave_others_with_their_keys(&mut self) {
        let ids = self.image.ranks.ids();
        for ((id, entity), origin) in ids.iter().zip(&mut self.entities).zip(&mut self.origins) {
            if *origin == Origin::Placed && self.outside.get(id) != Some(entity) {
                (*entity, *origin) = (Entity::PLACEHOLDER, Origin::Waiting);
            }
        }
    }

    /// Types that define an entity's kind: those that make it a saved one.
    fn defining_types(&self, world: &World) -> HashSet<ComponentId> {
        let marker = world.component_id::<Saved>();
        let brings_marker = |component: &ComponentId| {
            let required = world.get_required_components_by_id(*component);
            required.is_some_and(|required| required.iter_ids().any(|id| Some(id) == marker))
        };
        self.components().map(|(_, component, _)| component).filter(brings_marker).collect()
    }

    /// Rebuilds components that need the world for it and are written. Failed ones are lost to this
    /// restore, and carried along.
    pub(super) fn rebuild(&mut self, world: &mut World) {
        for place in 0..self.image.columns.len() {
            let Some(column) = self.image.columns.get_mut(place) else { continue };
            let ImageColumn { decoded: DecodedColumn::Component(rows), ranks, .. } = column else {
                continue;
            };
            let is_written = |row: u32| {
                ranks.get(row as usize).is_some_and(|rank| {
                    let mut written = self.difference.written.of(*rank).iter();
                    self.origins.get(*rank as usize) != Some(&Origin::Staying)
                        || written.any(|known| known.column as usize == place && known.row == row)
                })
            };
            let failed = rows.rebuild(&is_written, world);
            for rank in failed.iter().filter_map(|(row, _)| ranks.get(*row as usize)) {
                if self.origins.get(*rank as usize) == Some(&Origin::Staying)
                    && !self.image.keys.contains_key(rank)
                    && let Some(component) = self.parts.get(place).and_then(|it| it.component())
                    && let Some(entity) = self.entities.get(*rank as usize)
                {
                    take_away(world, *entity, &[component]);
                }
            }
            self.image.lose_rows(place, failed);
        }
        self.report.losses.clone_from(&self.image.losses);
    }

    /// Passes all values of absent entities on, to be carried along.
    pub(super) fn keep_what_waits(&mut self) {
        let mut waiting = HashSet::new();
        let build: Arc<str> = BUILD.into();
        let is_of_earlier_build = self.image.is_of_earlier_build();
        for (rank, origin) in (0_u32..).zip(&self.origins) {
            if *origin == Origin::Waiting
                && let Some(id) = self.image.ranks.ids().get(rank as usize)
                && let Some(key) = self.image.keys.get(&rank)
            {
                self.report.add_unclaimed(key);
                self.image.carried.wait_for(key.clone(), *id);
                // Whatever build has it then, it says of which build its values are.
                if is_of_earlier_build || self.image.builds.earlier.contains(id) {
                    self.image.carried.add(&build, 0, *id, &[]);
                }
                waiting.insert(*id);
            }
        }
        self.image.carry_entities(&waiting);
        self.image.await_in_lists(&waiting);
    }
}

/// Lets those wait for their level again that it has placed and that died of the restore, as of a
/// removed component.
pub(super) fn await_the_dead(replacement: &mut Replacement, world: &World) {
    let Replacement { image, entities, origins, .. } = replacement;
    for rank in image.keys.keys() {
        let place = *rank as usize;
        if let (Some(entity), Some(origin)) = (entities.get_mut(place), origins.get_mut(place))
            && matches!(origin, Origin::Placed | Origin::Staying)
            && world.get_entity(*entity).is_err()
        {
            // References lead to it as it was.
            *origin = Origin::Waiting;
        }
    }
}

/// Finds the living entity of each key whose entity doesn't stay. The first one that fits gets
/// it. A level may have another kind of entity under a key now, a chest instead of a door. The
/// saved values aren't written to that.
pub(super) fn find_by_key(replacement: &Replacement, placed: &Placed, world: &World) -> FoundByKey {
    let defining = replacement.defining_types(world);
    let stays = |rank: u32| replacement.origins.get(rank as usize) == Some(&Origin::Staying);
    let staying = replacement.image.keys.keys().filter(|rank| stays(**rank));
    let staying = staying.filter_map(|rank| replacement.entities.get(*rank as usize).copied());
    let mut taken: HashSet<Entity> = staying.collect();
    let mut found = FoundByKey::default();
    for (rank, key) in replacement.image.keys.iter().filter(|(rank, _)| !stays(**rank)) {
        let living = placed.find(world, key).and_then(|found| world.get_entity(found).ok());
        let Some(living) = living.filter(EntityRef::contains::<Saved>) else { continue };
        if taken.contains(&living.id()) || replacement.doomed.contains(living.id()) {
            continue;
        }
        let saved = replacement.image.rows.of(*rank).iter();
        let saved = saved.filter_map(|row| replacement.parts.get(row.column as usize)?.component());
        if !fits(&defining, living, saved) {
            found.mismatched.push(key.clone());
            continue;
        }
        taken.insert(living.id());
        found.fitting.push((*rank, living.id()));
    }
    found
}

/// Returns true if the parent that an entity has in the checkpoint will be there.
pub(super) fn has_its_parent(replacement: &Replacement, rank: u32, world: &World) -> bool {
    let Replacement { image, origins, .. } = replacement;
    let inner = image.parents.get(rank as usize).filter(|parent| **parent != NO_ONE);
    match inner.and_then(|parent| origins.get(*parent as usize)) {
        Some(origin) => *origin != Origin::Waiting,
        None => replacement.parent(rank).is_some_and(|parent| world.get_entity(parent).is_ok()),
    }
}

/// Returns true if an entity is linked to one that no restore despawns, so that the link is the
/// level's own.
pub(super) fn is_linked_by_level(world: &World, entity: Entity, relationship: ComponentId) -> bool {
    let target = Related::of(world, relationship).and_then(|links| links.target_entity(entity));
    let target = target.and_then(|target| world.get_entity(target).ok());
    target.is_some_and(|it| !it.contains::<Saved>() || it.contains::<SaveKey>())
}

/// Returns true if an entity has the parent that it has in the checkpoint, if it has one there.
pub(super) fn is_below_its_parent(replacement: &Replacement, rank: u32, world: &World) -> bool {
    let rows = replacement.image.rows.of(rank).iter();
    let mut parts = rows.filter_map(|row| replacement.parts.get(row.column as usize));
    !parts.any(|part| matches!(part, Part::Parent(_)))
        || replacement.parent(rank).is_some_and(|parent| {
            let entity = replacement.entities.get(rank as usize);
            let link = entity.and_then(|entity| world.get::<ChildOf>(*entity));
            link.map(ChildOf::parent) == Some(parent)
        })
}

/// Returns true if saved values may belong to a living entity, by the types that define its kind.
fn fits(
    defining: &HashSet<ComponentId>,
    living: EntityRef<'_>,
    saved: impl Iterator<Item = ComponentId>,
) -> bool {
    let mut saved = saved.filter(|component| defining.contains(component)).peekable();
    let says_nothing = !defining.iter().any(|component| living.contains_id(*component));
    says_nothing || saved.peek().is_none() || saved.any(|component| living.contains_id(component))
}

impl WorldImage {
    /// Returns true if the current build gives entities something that the one which took the
    /// checkpoint didn't.
    pub(super) fn is_of_earlier_build(&self) -> bool {
        let is_new = |column: &ImageColumn| !column.was_saved && !column.is_built_in();
        let is_other_build = self.builds.then.as_ref() != Some(&self.builds.now);
        is_other_build || self.columns.iter().any(is_new)
    }

    /// Carries all rows of some entities along.
    fn carry_entities(&mut self, entities: &HashSet<SaveId>) {
        if entities.is_empty() {
            return;
        }
        for column in self.columns.iter().filter(|column| column.decoded.is_of_entities()) {
            for (row, rank) in (0_u32..).zip(&column.ranks) {
                let id = self.ranks.ids().get(*rank as usize);
                if let Some(id) = id.filter(|id| entities.contains(id))
                    && let Some(value) = column.saved_value(row)
                {
                    self.carried.add(&column.type_path, column.version, *id, value);
                }
            }
        }
    }

    /// Notes the places of some entities in the lists of others.
    fn await_in_lists(&mut self, entities: &HashSet<SaveId>) {
        if entities.is_empty() {
            return;
        }
        for column in &self.columns {
            let DecodedColumn::Order(order) = &column.decoded else { continue };
            for (rank, list) in column.ranks.iter().zip(&order.lists) {
                let target = self.ranks.ids().get(*rank as usize).copied();
                let Some(target) = target.filter(|target| !entities.contains(target)) else {
                    continue;
                };
                let names: Vec<SaveId> =
                    list.iter().map(|source| SaveId(source.to_bits())).collect();
                if names.iter().any(|name| entities.contains(name)) {
                    let type_path = column.type_path.clone();
                    self.carried.await_in(NamedOrder { type_path, target, names });
                }
            }
        }
    }

    /// Lists decoded rows of a column among the losses, and carries them along.
    fn lose_rows(&mut self, place: usize, failed: Vec<(u32, String)>) {
        let Some(column) = self.columns.get_mut(place) else { return };
        let Some((_, message)) = failed.first() else { return };
        self.losses.push(RestoreLoss {
            type_path: column.type_path.to_string(),
            rows: failed.len() as u64,
            reason: RestoreLossReason::NotRebuilt { message: message.clone() },
        });
        for (row, _) in failed {
            let Some(rank) = column.ranks.get(row as usize).copied() else { continue };
            column.unreadable.insert(rank);
            if let (Some(id), Some(value)) =
                (self.ranks.ids().get(rank as usize), column.saved_value(row))
            {
                self.carried.add(&column.type_path, column.version, *id, value);
            }
        }
    }
}
