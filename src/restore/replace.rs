//! The steps of a restore that change a world, in their order.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::Arc;

use bevy::ecs::change_detection::Tick;
use bevy::ecs::component::ComponentId;
use bevy::ecs::entity::Entity;
use bevy::ecs::world::World;
use bevy::ecs::world::error::TryRunScheduleError;
use bevy::state::state::StateTransition;
use bevy_session_journal::SaveId;

use super::image::{ImageColumn, WorldImage};
use super::leftovers::Leftovers;
use super::placed::await_the_dead;
use super::reappearance::WorldBefore;
use super::replacement::{Origin, Replacement};
use super::report::RestoreReport;
use super::stand_ins::stand_in_for_the_waiting;
use super::state_override::StateOverride;
use super::sweep::Sweep;
use crate::capture::{Carried, NamedOrder, SaveKey};
use crate::saved::{DecodedColumn, Names, Outside, Ranks, References, StateValue, WrittenAgain};

/// The result of replacing the world's entities by those of a checkpoint.
#[derive(Debug)]
pub(crate) struct EntitiesReplaced {
    /// The restored values, and the losses.
    pub report: RestoreReport,
    /// The ids that the restored entities have in the session, for the encoder.
    pub seeds: Vec<(Entity, SaveId)>,
    /// What stands in references for entities that wait for their level, with their ids.
    pub absent: Vec<(Entity, SaveId)>,
    /// Values that can't be used now, for the encoder to carry along.
    pub carried: Carried,
    /// Placed entities that are gone.
    pub gone: Vec<(SaveId, SaveKey)>,
    /// Entities with a key that aren't saved, whether they are there or not.
    pub anchors: Vec<(SaveId, SaveKey)>,
    /// Entities that stayed and have changed.
    pub changed: Vec<ChangedEntity>,
    /// The tick at which all saved data was as in the checkpoint, if it was: everything written
    /// until then has this tick at most, everything else a later one.
    pub as_saved: Option<Tick>,
    /// The rest of the checkpoint, to be freed elsewhere.
    pub remains: Option<Box<WorldImage>>,
}

/// An entity that stayed in a restore in place, and has changed.
#[derive(Clone, Debug)]
pub(crate) struct ChangedEntity {
    pub entity: Entity,
    /// The types in which it has changed.
    pub types: Arc<[TypeId]>,
}

/// State that is kept, beside the saved types, while a restore may be cancelled.
pub(crate) struct WorldKept {
    /// The state that was left for a loading screen.
    left_for: Option<StateOverride>,
}

impl WorldKept {
    pub(crate) fn left_for(&self) -> Option<&StateOverride> {
        self.left_for.as_ref()
    }

    /// Notes that no state is left for a loading screen.
    pub(crate) fn leave_no_state(&mut self) {
        self.left_for = None;
    }
}

impl EntitiesReplaced {
    /// The world stays as it is.
    pub(crate) fn none() -> Self {
        let (report, carried) = (RestoreReport::default(), Carried::default());
        Self {
            report,
            seeds: Vec::new(),
            absent: Vec::new(),
            carried,
            gone: Vec::new(),
            anchors: Vec::new(),
            changed: Vec::new(),
            as_saved: None,
            remains: None,
        }
    }
}

impl WorldImage {
    /// Inserts the saved resources and removes those that were absent, so that the game can load
    /// what they name. Resources that refer to entities are restored with the entities: until then
    /// they would refer to nothing.
    pub(crate) fn insert_resources(&mut self, world: &mut World) {
        let (no_one, nothing) = (Ranks::default(), Outside::default());
        for column in self.columns.iter_mut().filter(|column| !column.names_entities()) {
            let (mut references, mut names) =
                (References::new(&no_one, &[], &nothing), Names::new(&no_one, &[], &nothing));
            column.restore_resource(world, &mut references, &mut names);
        }
    }

    /// Sets the saved states, or another one instead of one of them, and runs the transitions.
    ///
    /// # Errors
    ///
    /// If the transitions can't run, as within `OnEnter` or without states.
    pub(crate) fn set_states(
        &self,
        world: &mut World,
        through: Option<&StateOverride>,
    ) -> Result<(), TryRunScheduleError> {
        let mut any = false;
        if let Some(through) = through {
            through.set(world);
            any = true;
        }
        for column in &self.columns {
            if let DecodedColumn::State(state) = &column.decoded
                && !through.is_some_and(|through| through.replaces(state.state_type()))
            {
                any |= state.set(world);
            }
        }
        if any { world.try_run_schedule(StateTransition) } else { Ok(()) }
    }

    /// Returns true if a state of this type is set by a restore, through this state or without any.
    pub(crate) fn sets_state(&self, state: TypeId, through: Option<&StateOverride>) -> bool {
        through.is_some_and(|through| through.replaces(state))
            || self.states().any(|saved| saved.state_type() == state)
    }

    /// Remembers the world's resources and states, in case the restore is cancelled.
    pub(crate) fn keep_world(
        &mut self,
        world: &World,
        through: Option<&StateOverride>,
    ) -> WorldKept {
        for column in &mut self.columns {
            column.keep_resource(world);
            if let DecodedColumn::State(state) = &mut column.decoded {
                state.keep(world);
            }
        }
        WorldKept { left_for: through.and_then(|through| through.current(world)) }
    }

    /// Restores the world's former resources.
    pub(crate) fn give_resources_back(&mut self, world: &mut World) {
        for column in &mut self.columns {
            if let DecodedColumn::Resource(resource) = &mut column.decoded {
                resource.give_back(world);
            }
        }
    }

    /// Returns true if the world has left one of the states that it was in.
    pub(crate) fn has_left_states(&self, world: &World, kept: &WorldKept) -> bool {
        kept.left_for.is_some() || self.states().any(|state| state.was_left(world))
    }

    /// Enters the former states of the world, and runs the transitions.
    ///
    /// # Errors
    ///
    /// If the transitions can't run, as within `OnEnter`.
    pub(crate) fn give_states_back(
        &self,
        world: &mut World,
        kept: &WorldKept,
    ) -> Result<(), TryRunScheduleError> {
        let was_left = self.has_left_states(world, kept);
        if let Some(state) = &kept.left_for {
            state.set(world);
        }
        self.states().for_each(|state| state.give_back(world));
        let entered = if was_left { world.try_run_schedule(StateTransition) } else { Ok(()) };
        self.states().for_each(|state| state.give_back_pending(world));
        entered
    }

    /// Returns true if the game has put a resource back that the checkpoint doesn't have.
    pub(super) fn has_resource_too_many(&self, world: &mut World) -> bool {
        self.columns.iter().any(|column| column.is_resource_too_many(world))
    }

    fn states(&self) -> impl Iterator<Item = &dyn StateValue> {
        self.columns.iter().filter_map(|column| match &column.decoded {
            DecodedColumn::State(state) => Some(&**state),
            _ => None,
        })
    }

    /// Despawns the old entities and spawns the saved ones, with everything that depends on them:
    /// references, resources once more, and pending transitions.
    pub(crate) fn replace_entities(
        self,
        world: &mut World,
        leftovers: &Leftovers,
    ) -> EntitiesReplaced {
        let mut report = RestoreReport { losses: self.losses.clone(), ..Default::default() };
        let put_off = leftovers.put_off_since(world);
        let before = WorldBefore::of(world, &self);
        let mut sweep = Sweep::begin(&self.adopted);
        sweep.despawn_all(world, &self.gone, &mut report);
        let mut replacement = Replacement::new(world, self, Outside::default(), report);
        replacement.find_entities(world);
        take_from_placed(&mut replacement, world, &mut sweep);
        stand_in_for_the_waiting(&mut replacement, &HashMap::new(), world);
        // What observers of that wrote or put off is none of the restored world's either.
        leftovers.drop_all_but(world, &put_off);
        // Their death may have changed resources, and those may name entities that have ids now.
        replacement.restore_resources(world);
        replacement.keep_others(world, &[]);
        replacement.write_entities(world);
        replacement.set_pending_states(world);
        let anchors = replacement.image.anchors_in(world);
        let mut replaced = replacement.finish(world);
        before.leave(world, &replaced.seeds);
        replaced.seeds.extend(anchors);
        replaced
    }

    /// Writes the values of placed entities to those that the level has spawned meanwhile.
    ///
    /// `orders` has the lists of other entities that name them. Nothing else of those others
    /// changes.
    pub(crate) fn write_onto(
        self,
        world: &mut World,
        known: Outside,
        orders: &[NamedOrder],
    ) -> EntitiesReplaced {
        let report = RestoreReport { losses: self.losses.clone(), ..Default::default() };
        let mut replacement = Replacement::of_claims(world, self, known, report);
        replacement.keep_resources(world);
        replacement.keep_others(world, orders);
        replacement.write_entities(world);
        replacement.finish(world)
    }
}

/// Removes from what a level has placed the components that the checkpoint doesn't have. What the
/// game spawns in reaction, as loot where armour is lost, is despawned.
fn take_from_placed(replacement: &mut Replacement, world: &mut World, sweep: &mut Sweep) {
    if replacement.count(Origin::Placed) > 0 {
        replacement.remove_what_was_not_saved(world);
        sweep.despawn_old(world, &mut replacement.report);
        await_the_dead(replacement, world);
    }
}

impl Replacement {
    fn write_entities(&mut self, world: &mut World) {
        self.rebuild(world);
        self.spawn(world);
        self.link(world);
        self.note_saved_lists(world);
        world.flush();
        self.remove_what_was_not_saved(world);
        self.undo_interference(world);
        self.sort_children(world);
    }
}

/// The outcome of restoring a resource.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ResourceRestored {
    /// It was as saved already, or this isn't a resource.
    Unchanged,
    /// It was written.
    Written,
    /// It was written, and refers to entities that don't exist: the highest of their ids.
    WrittenWithDangling(SaveId),
}

impl ImageColumn {
    /// Returns true if this is a resource that refers to entities.
    fn names_entities(&self) -> bool {
        matches!(&self.decoded, DecodedColumn::Resource(resource) if resource.names_entities())
    }

    /// The entity of this column's resource.
    pub(super) fn resource_entity(&self, world: &mut World) -> Option<Entity> {
        let component = self.resource_component(world)?;
        world.resource_entities().get(component)
    }

    /// The id of the resource's type, if this is a resource's column.
    pub(super) fn resource_component(&self, world: &mut World) -> Option<ComponentId> {
        let DecodedColumn::Resource(resource) = &self.decoded else { return None };
        Some(resource.component(world))
    }

    /// Restores the world's resource, if this is one.
    pub(super) fn restore_resource(
        &mut self,
        world: &mut World,
        references: &mut References<'_>,
        names: &mut Names<'_>,
    ) -> ResourceRestored {
        let DecodedColumn::Resource(resource) = &mut self.decoded else {
            return ResourceRestored::Unchanged;
        };
        let place = self.places.first();
        let saved =
            place.and_then(|(block, row)| self.saved.get(*block as usize)?.value(*row as usize));
        let Some(saved) = saved else {
            self.remove_resource(world);
            return ResourceRestored::Unchanged;
        };
        if resource.is_as_saved(saved, world, names) {
            return ResourceRestored::Unchanged;
        }
        resource.insert(saved, references, world);
        match references.take_missing() {
            Some(missing) => ResourceRestored::WrittenWithDangling(missing),
            None => ResourceRestored::Written,
        }
    }

    /// Restores the world's resource once more, if this is one, without running any hook if
    /// possible.
    pub(super) fn write_resource_again(
        &self,
        world: &mut World,
        references: &mut References<'_>,
        names: &mut Names<'_>,
        is_dangling: bool,
    ) -> WrittenAgain {
        let DecodedColumn::Resource(resource) = &self.decoded else { return WrittenAgain::Not };
        let Some(saved) = self.saved_value(0) else {
            self.remove_resource(world);
            return WrittenAgain::Not;
        };
        let is_there =
            |id: SaveId| references.entity(id).is_some_and(|it| it != Entity::PLACEHOLDER);
        let is_as_restored = match is_dangling {
            false => resource.is_as_saved(saved, world, names),
            true => resource
                .with_placeholders(saved, &is_there)
                .is_none_or(|restored| resource.is_as_saved(&restored, world, names)),
        };
        match is_as_restored {
            true => WrittenAgain::Not,
            false => resource.write_again(saved, references, world),
        }
    }

    /// Returns true if the world has a resource that the checkpoint doesn't have.
    pub(super) fn is_resource_too_many(&self, world: &mut World) -> bool {
        self.was_saved
            && self.saved_value(0).is_none()
            && self.unreadable.is_empty()
            && self
                .resource_component(world)
                .is_some_and(|it| world.get_resource_by_id(it).is_some())
    }

    /// Remembers the world's resource, if this is one.
    pub(super) fn keep_resource(&mut self, world: &World) {
        if let DecodedColumn::Resource(resource) = &mut self.decoded {
            resource.keep(world);
        }
    }

    /// Restores the world's resource to what it was when it was kept.
    pub(super) fn put_resource_back(&self, world: &mut World) -> WrittenAgain {
        match &self.decoded {
            DecodedColumn::Resource(resource) => resource.put_back(world),
            _ => WrittenAgain::Not,
        }
    }

    /// Removes a resource that the checkpoint doesn't have.
    ///
    /// If the checkpoint doesn't know the type, it says nothing about the resource, and if a value
    /// can't be read, there was one.
    fn remove_resource(&self, world: &mut World) {
        if let DecodedColumn::Resource(resource) = &self.decoded
            && self.was_saved
            && self.unreadable.is_empty()
        {
            let component = resource.component(world);
            world.remove_resource_by_id(component);
        }
    }
}
