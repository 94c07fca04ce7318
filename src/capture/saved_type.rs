//! A saved type, with its concrete type erased.

use std::collections::BTreeSet;
use std::sync::Arc;

use bevy::ecs::component::{Component, ComponentId};
use bevy::ecs::entity::Entity;
use bevy::ecs::world::World;
use bevy::state::state::FreelyMutableState;
use bevy_session_journal::SaveId;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::migrations::{AnyMigrations, MigrateRows, MigrateStates, MigrateValues};
use super::record::{
    Captured, CapturedComponents, CapturedOrders, ComponentRecorder, OrderRecorder, RecordColumn,
    ResourceRecorder, StateMapping, StateRecorder, Watched,
};
use crate::saved::{
    CameBack, Codec, ComponentCodec, CopyCodec, DecodeError, DecodedColumn, DecodedComponents,
    DecodedOrder, DecodedResource, DecodedState, Proxy, RebuiltCodec, RebuiltComponents,
    StateCodec, lead_to_who_came_back, reads_the_same,
};
use crate::schema::Schema;

/// The role of a saved type in the world.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Role {
    /// A component.
    Component,
    /// The order of a relationship's sources.
    Order,
    /// A resource.
    Resource,
    /// A state.
    State,
}

/// A saved type. It depends on no world and no thread.
pub(crate) trait SavedType: Send + Sync {
    /// Its name in the journal.
    fn type_path(&self) -> &Arc<str>;

    /// Its role in the world.
    fn role(&self) -> Role;

    /// The component whose removal removes a row.
    fn watched(&self, _: &mut World) -> Option<Watched> {
        None
    }

    /// A recorder that copies it out of `world`, which has no default query filters now.
    fn recorder(&self, world: &mut World) -> Box<dyn RecordColumn>;

    /// Copies its rows of some entities, if they have any; for lists, also the lists that they are
    /// in.
    fn copy(&self, _: &World, _: &[Entity]) -> Option<Captured> {
        None
    }

    /// Lets references in its values lead to entities that have come back.
    fn lead_to_who_came_back(&self, _: &mut World, _: &CameBack) {}

    /// A decoder for its values in a checkpoint.
    fn decoder(&self) -> DecodedColumn;

    /// Returns true if a restore would read the same from two values that are written differently.
    fn reads_the_same(&self, _: &[u8], _: &[u8], _saved: &BTreeSet<SaveId>) -> bool {
        false
    }

    /// The form in which its values are currently read; `None` if it is this crate's own.
    fn schema(&self) -> Option<Schema> {
        None
    }

    /// A row as this build would write it; `None` if it has nothing of the game in it.
    ///
    /// # Errors
    ///
    /// The reason why it can't be read.
    fn rewrite(&self, _: &[u8]) -> Option<Result<Vec<u8>, DecodeError>> {
        None
    }

    /// The migrations of its rows, if these are migrations of the type that it writes.
    fn migrated_by(&self, _: &AnyMigrations) -> Option<Arc<dyn MigrateRows>> {
        None
    }
}

/// A type whose values a codec writes: a component or a resource.
pub(crate) struct ValueType<C: CopyCodec> {
    type_path: Arc<str>,
    role: Role,
    codec: C,
    recorder: fn(&mut World, C) -> Box<dyn RecordColumn>,
    decoder: fn(C) -> DecodedColumn,
    lead: fn(&C, &mut World, &CameBack),
}

impl<C: CopyCodec> ValueType<C> {
    /// A component.
    pub(crate) fn component(type_path: Arc<str>, codec: C) -> Arc<dyn SavedType>
    where
        C: ComponentCodec,
    {
        Arc::new(Self {
            type_path,
            role: Role::Component,
            codec,
            recorder: |world, codec| Box::new(ComponentRecorder::new(world, codec)),
            decoder: |codec| DecodedColumn::Component(Box::new(DecodedComponents::new(codec))),
            lead: lead_to_who_came_back,
        })
    }

    /// A resource.
    pub(crate) fn resource(type_path: Arc<str>, codec: C) -> Arc<dyn SavedType>
    where
        C: ComponentCodec,
    {
        Arc::new(Self {
            type_path,
            role: Role::Resource,
            codec,
            recorder: |world, codec| Box::new(ResourceRecorder::new(world, codec)),
            decoder: |codec| DecodedColumn::Resource(Box::new(DecodedResource::new(codec))),
            lead: lead_to_who_came_back,
        })
    }
}

impl<T: Component, P: Proxy> ValueType<RebuiltCodec<T, P>> {
    /// A component that the game rebuilds from the written value.
    pub(crate) fn rebuilt(type_path: Arc<str>, codec: RebuiltCodec<T, P>) -> Arc<dyn SavedType> {
        Arc::new(Self {
            type_path,
            role: Role::Component,
            codec,
            recorder: |world, codec| Box::new(ComponentRecorder::new(world, codec)),
            decoder: |codec| DecodedColumn::Component(Box::new(RebuiltComponents::new(codec))),
            // The entities in what the game rebuilds aren't mapped.
            lead: |_, _, _| {},
        })
    }
}

impl<C: CopyCodec> SavedType for ValueType<C> {
    fn type_path(&self) -> &Arc<str> {
        &self.type_path
    }

    fn role(&self) -> Role {
        self.role
    }

    fn watched(&self, world: &mut World) -> Option<Watched> {
        // A resource that was removed is missing at the next capture.
        let is_component = self.role == Role::Component;
        is_component.then(|| Watched::Component(world.register_component::<C::Component>()))
    }

    fn recorder(&self, world: &mut World) -> Box<dyn RecordColumn> {
        (self.recorder)(world, self.codec.clone())
    }

    fn copy(&self, world: &World, entities: &[Entity]) -> Option<Captured> {
        let is_component = self.role == Role::Component;
        is_component.then(|| -> Captured {
            Box::new(CapturedComponents::of(self.codec.clone(), world, entities))
        })
    }

    fn lead_to_who_came_back(&self, world: &mut World, came_back: &CameBack) {
        (self.lead)(&self.codec, world, came_back);
    }

    fn decoder(&self) -> DecodedColumn {
        (self.decoder)(self.codec.clone())
    }

    fn reads_the_same(&self, one: &[u8], other: &[u8], saved: &BTreeSet<SaveId>) -> bool {
        reads_the_same(&self.codec, one, other, saved)
    }

    fn schema(&self) -> Option<Schema> {
        Some(self.codec.schema())
    }

    fn rewrite(&self, row: &[u8]) -> Option<Result<Vec<u8>, DecodeError>> {
        Some(rewrite(&self.codec, row))
    }

    fn migrated_by(&self, migrations: &AnyMigrations) -> Option<Arc<dyn MigrateRows>> {
        let migrations = migrations.of::<C::Value>()?;
        Some(Arc::new(MigrateValues { codec: self.codec.clone(), migrations }))
    }
}

/// The bytes of a value that is read and written again.
fn rewrite<C: Codec>(codec: &C, row: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let value = codec.decode(row)?;
    let mut again = Vec::new();
    let written = codec.encode(&value, &mut again);
    written.map_err(|error| DecodeError::Refused(error.to_string()))?;
    Ok(again)
}

/// The order of a relationship's sources.
pub(crate) struct OrderType {
    type_path: Arc<str>,
    /// The column of the links.
    relationship: Arc<str>,
    registration: Registration,
}

/// Functions that register a component in a world, or look it up.
#[derive(Clone, Copy)]
pub(crate) struct Registration {
    pub register: fn(&mut World) -> ComponentId,
    /// Its id, if it is registered.
    pub id: fn(&World) -> Option<ComponentId>,
}

impl Registration {
    pub(crate) fn of<T: Component>() -> Self {
        Self { register: World::register_component::<T>, id: World::component_id::<T> }
    }
}

impl OrderType {
    /// The order that belongs to a column of links.
    pub(crate) fn shared(
        type_path: Arc<str>,
        relationship: Arc<str>,
        registration: Registration,
    ) -> Arc<dyn SavedType> {
        Arc::new(Self { type_path, relationship, registration })
    }
}

impl SavedType for OrderType {
    fn type_path(&self) -> &Arc<str> {
        &self.type_path
    }

    fn role(&self) -> Role {
        Role::Order
    }

    fn watched(&self, world: &mut World) -> Option<Watched> {
        Some(Watched::TargetOf((self.registration.register)(world)))
    }

    fn recorder(&self, world: &mut World) -> Box<dyn RecordColumn> {
        let relationship = (self.registration.register)(world);
        Box::new(OrderRecorder::new(world, relationship))
    }

    fn copy(&self, world: &World, entities: &[Entity]) -> Option<Captured> {
        let relationship = (self.registration.id)(world)?;
        Some(Box::new(CapturedOrders::of(world, relationship, entities)))
    }

    fn decoder(&self) -> DecodedColumn {
        DecodedColumn::Order(DecodedOrder::of(self.relationship.clone()))
    }
}

/// A state.
pub(crate) struct StateType<S> {
    type_path: Arc<str>,
    mapping: Option<StateMapping<S>>,
}

impl<S: FreelyMutableState + Serialize + DeserializeOwned> StateType<S> {
    pub(crate) fn shared(
        type_path: Arc<str>,
        mapping: Option<StateMapping<S>>,
    ) -> Arc<dyn SavedType> {
        Arc::new(Self { type_path, mapping })
    }
}

impl<S: FreelyMutableState + Serialize + DeserializeOwned> SavedType for StateType<S> {
    fn type_path(&self) -> &Arc<str> {
        &self.type_path
    }

    fn role(&self) -> Role {
        Role::State
    }

    fn recorder(&self, _: &mut World) -> Box<dyn RecordColumn> {
        Box::new(StateRecorder::new(self.mapping.clone()))
    }

    fn decoder(&self) -> DecodedColumn {
        DecodedColumn::State(Box::new(DecodedState::<S>::new(StateCodec::default())))
    }

    fn schema(&self) -> Option<Schema> {
        Some(StateCodec::<S>::default().schema())
    }

    fn rewrite(&self, row: &[u8]) -> Option<Result<Vec<u8>, DecodeError>> {
        Some(rewrite(&StateCodec::<S>::default(), row))
    }

    fn migrated_by(&self, migrations: &AnyMigrations) -> Option<Arc<dyn MigrateRows>> {
        Some(Arc::new(MigrateStates { migrations: migrations.of::<S>()? }))
    }
}
