//! Decoded values of one saved type, with the concrete type erased.

mod components;
mod kept;
mod rebuilt;
mod references;
mod resources;
mod spawn;
mod states;

use std::any::{Any, TypeId};
use std::sync::Arc;

use bevy::ecs::component::{Component, ComponentId};
use bevy::ecs::entity::{Entity, EntityHashSet};
use bevy::ecs::world::{EntityRef, EntityWorldMut, World};
use bevy_session_journal::SaveId;

pub(crate) use components::DecodedComponents;
pub(crate) use kept::Others;
pub(crate) use rebuilt::RebuiltComponents;
pub(crate) use references::{Incomplete, Names, NamesEntities, Outside, Ranks, References};
pub(crate) use resources::DecodedResource;
pub(crate) use spawn::{Spawner, WholeEntity, Written};
pub(crate) use states::DecodedState;

use spawn::overwrite;

use super::codec::{Codec, DecodeError, OrderCodec};

/// Decoded values of one saved type.
pub(crate) enum DecodedColumn {
    /// A component.
    Component(Box<dyn ComponentRows>),
    /// The order of a relationship's sources.
    Order(DecodedOrder),
    /// A resource.
    Resource(Box<dyn ResourceValue>),
    /// A state.
    State(Box<dyn StateValue>),
}

impl DecodedColumn {
    /// Returns true if its rows belong to entities.
    pub(crate) fn is_of_entities(&self) -> bool {
        matches!(self, Self::Component(_) | Self::Order(_))
    }

    /// Decodes the next value.
    pub(crate) fn decode(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        match self {
            Self::Component(rows) => rows.decode(bytes),
            Self::Order(order) => order.decode(bytes),
            Self::Resource(value) => value.decode(bytes),
            Self::State(value) => value.decode(bytes),
        }
    }
}

/// Decoded components. Rows are numbered in the order of decoding.
pub(crate) trait ComponentRows: Send + Sync + Any {
    /// Decodes the next value.
    fn decode(&mut self, bytes: &[u8]) -> Result<(), DecodeError>;

    /// The component in `world`.
    fn component(&self, world: &mut World) -> ComponentId;

    /// Returns true if the component is a relationship.
    fn is_relationship(&self) -> bool;

    /// Returns true if a value of the checkpoint refers to entities.
    fn names_entities(&self) -> bool;

    /// A value that refers to entities which `is_there` doesn't know; `None` if it refers to no
    /// such entity.
    fn incomplete(
        &mut self,
        _row: u32,
        _saved: &[u8],
        _is_there: &dyn Fn(SaveId) -> bool,
    ) -> Option<Incomplete> {
        None
    }

    /// The checkpoint's value as it is written with placeholders for entities which `is_there`
    /// doesn't know; `None` if that can't be said.
    fn with_placeholders(
        &self,
        _saved: &[u8],
        _is_there: &dyn Fn(SaveId) -> bool,
    ) -> Option<Vec<u8>> {
        None
    }

    /// Makes components for the rows that are written and need the world for it, before the first
    /// entity is written. Returns the rows that failed, with the messages.
    fn rebuild(&mut self, _: &dyn Fn(u32) -> bool, _: &mut World) -> Vec<(u32, String)> {
        Vec::new()
    }

    /// Adds a row to an entity that is being assembled.
    fn push(&mut self, row: u32, references: &mut References<'_>, entity: &mut WholeEntity<'_>);

    /// Returns true if [`overwrite`](Self::overwrite) may be called: no value of the checkpoint
    /// refers to entities or has to be made with the world at hand.
    fn can_overwrite(&self) -> bool {
        false
    }

    /// Writes a row to an entity's component in place, so that no hook and no observer runs.
    fn overwrite(&mut self, _: u32, _: &mut EntityWorldMut<'_>) {}

    /// Inserts a row into an entity that is in the world, if all entities that it refers to exist.
    /// Returns true if it did.
    fn link(
        &mut self,
        row: u32,
        references: &mut References<'_>,
        world: &mut World,
        entity: Entity,
    ) -> bool;

    /// The existing entities to which the checkpoint's value refers.
    fn names(&self, saved: &[u8], references: &mut References<'_>) -> Vec<Entity>;

    /// Returns true if an entity's component is as in the checkpoint.
    fn is_as_saved(&self, saved: &[u8], entity: EntityRef<'_>, names: &mut Names<'_>) -> bool;

    /// Writes the checkpoint's value again, in place if possible.
    fn write_again(
        &self,
        saved: &[u8],
        references: &mut References<'_>,
        world: &mut World,
        entity: Entity,
    ) -> WrittenAgain;

    /// Inserts an entity's link once more, which moves it to the end of its target's list.
    fn link_again(&self, world: &mut World, entity: Entity);

    /// Remembers the components of some entities that aren't being restored.
    fn keep(&mut self, world: &mut World, entities: &EntityHashSet);

    /// Restores the components of those entities. Returns the way in which that was done for each
    /// that had changed.
    fn put_back(&self, world: &mut World, others: &Others) -> Vec<WrittenAgain>;
}

/// The way in which a value was written again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum WrittenAgain {
    /// In place: none of the game's code ran.
    InPlace,
    /// Inserted, since it was gone or is immutable: hooks and observers ran.
    Inserted,
    /// It can't be: its entity, or one that it refers to, doesn't exist.
    Not,
}

impl WrittenAgain {
    /// Makes `value` an entity's component.
    pub(crate) fn write<T: Component>(world: &mut World, entity: Entity, value: T) -> Self {
        let Ok(mut entity) = world.get_entity_mut(entity) else { return Self::Not };
        match overwrite(&mut entity, value) {
            Ok(()) => Self::InPlace,
            Err(value) => {
                entity.insert(value);
                Self::Inserted
            }
        }
    }
}

/// A decoded resource.
pub(crate) trait ResourceValue: Send + Sync {
    /// Decodes the value.
    fn decode(&mut self, bytes: &[u8]) -> Result<(), DecodeError>;

    /// The resource's component in `world`.
    fn component(&self, world: &mut World) -> ComponentId;

    /// Inserts the resource.
    fn insert(&mut self, saved: &[u8], references: &mut References<'_>, world: &mut World);

    /// Writes the checkpoint's value again, in place if possible.
    fn write_again(
        &self,
        saved: &[u8],
        references: &mut References<'_>,
        world: &mut World,
    ) -> WrittenAgain;

    /// Remembers the world's resource as it is, whatever the checkpoint has.
    fn keep(&mut self, world: &World);

    /// Restores the world's resource to what it was when it was kept.
    fn put_back(&self, world: &mut World) -> WrittenAgain;

    /// Inserts the kept resource, or removes the present one if there was none.
    fn give_back(&mut self, world: &mut World);

    /// Returns true if the value of the checkpoint refers to entities.
    fn names_entities(&self) -> bool;

    /// Returns true if the world's resource is as in the checkpoint.
    fn is_as_saved(&self, saved: &[u8], world: &World, names: &mut Names<'_>) -> bool;

    /// The checkpoint's value as it is written with placeholders for entities which `is_there`
    /// doesn't know; `None` if that can't be said.
    fn with_placeholders(&self, saved: &[u8], is_there: &dyn Fn(SaveId) -> bool)
    -> Option<Vec<u8>>;
}

/// A decoded state.
pub(crate) trait StateValue: Send + Sync {
    /// The state's type.
    fn state_type(&self) -> TypeId;

    /// Decodes the value.
    fn decode(&mut self, bytes: &[u8]) -> Result<(), DecodeError>;

    /// Makes the state the next one, unless it is current. Returns true if there is one.
    fn set(&self, world: &mut World) -> bool;

    /// Restores the pending transition.
    fn set_pending(&self, world: &mut World);

    /// Remembers the world's state and its pending transition, whatever the checkpoint has.
    fn keep(&mut self, world: &World);

    /// Returns true if the world is in another state than when it was kept.
    fn was_left(&self, world: &World) -> bool;

    /// Makes the kept state the next one, unless it is current.
    fn give_back(&self, world: &mut World);

    /// Restores the transition that was pending when the state was kept.
    fn give_back_pending(&self, world: &mut World);
}

/// The decoded order of a relationship's sources, row by row.
pub(crate) struct DecodedOrder {
    /// The column of the links.
    pub(crate) relationship: Arc<str>,
    pub(crate) lists: Vec<Vec<Entity>>,
}

impl DecodedOrder {
    /// No rows, for the order of a column of links.
    pub(crate) fn of(relationship: Arc<str>) -> Self {
        Self { relationship, lists: Vec::new() }
    }

    fn decode(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        self.lists.push(OrderCodec.decode(bytes)?);
        Ok(())
    }
}
