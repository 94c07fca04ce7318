//! A saved type, with its concrete type erased.

use std::collections::BTreeSet;
use std::sync::Arc;

use bevy::ecs::component::{Component, ComponentId};
use bevy::ecs::world::World;
use bevy::state::state::FreelyMutableState;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::codec::{ComponentCodec, RebuiltCodec};
use super::drift::reads_the_same;
use super::history::AnyMigrations;
use super::migrations::{MigrateRows, MigrateStates, MigrateValues};
use super::record::{
    ComponentRecorder, OrderRecorder, RecordColumn, ResourceRecorder, StateCodec, StateMapping,
    StateRecorder, Watched,
};
use crate::journal::SaveId;
use crate::restore::{
    DecodedColumn, DecodedComponents, DecodedOrder, DecodedResource, DecodedState,
    RebuiltComponents,
};

/// What a saved type is to the world.
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

/// A saved type. It belongs to no world and to no thread.
pub(crate) trait SavedType: Send + Sync {
    /// Its name in the journal.
    fn type_path(&self) -> &Arc<str>;

    /// What it is to the world.
    fn role(&self) -> Role;

    /// The component whose removal takes a row away.
    fn watched(&self, _: &mut World) -> Option<Watched> {
        None
    }

    /// What copies it out of `world`, which has no default query filters now.
    fn recorder(&self, world: &mut World) -> Box<dyn RecordColumn>;

    /// What takes its values up from a checkpoint.
    fn decoder(&self) -> DecodedColumn;

    /// Whether a restore would read the same from two values that are written differently.
    fn reads_the_same(&self, _: &[u8], _: &[u8], _saved: &BTreeSet<SaveId>) -> bool {
        false
    }

    /// What brings its rows into the form of today, if these are migrations of what it writes.
    fn migrated_by(&self, _: &AnyMigrations) -> Option<Arc<dyn MigrateRows>> {
        None
    }
}

/// A component.
pub(crate) struct ComponentType<C> {
    type_path: Arc<str>,
    codec: C,
}

impl<C: ComponentCodec> ComponentType<C> {
    pub(crate) fn shared(type_path: Arc<str>, codec: C) -> Arc<dyn SavedType> {
        Arc::new(Self { type_path, codec })
    }
}

impl<C: ComponentCodec> SavedType for ComponentType<C> {
    fn type_path(&self) -> &Arc<str> {
        &self.type_path
    }

    fn role(&self) -> Role {
        Role::Component
    }

    fn watched(&self, world: &mut World) -> Option<Watched> {
        Some(Watched::Component(world.register_component::<C::Component>()))
    }

    fn recorder(&self, world: &mut World) -> Box<dyn RecordColumn> {
        Box::new(ComponentRecorder::new(world, self.codec.clone()))
    }

    fn decoder(&self) -> DecodedColumn {
        DecodedColumn::Component(Box::new(DecodedComponents::new(self.codec.clone())))
    }

    fn reads_the_same(&self, one: &[u8], other: &[u8], saved: &BTreeSet<SaveId>) -> bool {
        reads_the_same(&self.codec, one, other, saved)
    }

    fn migrated_by(&self, migrations: &AnyMigrations) -> Option<Arc<dyn MigrateRows>> {
        let migrations = migrations.of::<C::Value>()?;
        Some(Arc::new(MigrateValues { codec: self.codec.clone(), migrations }))
    }
}

/// A component that the game makes anew of what was written of it.
pub(crate) struct RebuiltType<T, P> {
    type_path: Arc<str>,
    codec: RebuiltCodec<T, P>,
}

impl<T, P> RebuiltType<T, P>
where
    T: Component,
    P: Serialize + DeserializeOwned + Send + Sync + 'static,
{
    pub(crate) fn shared(type_path: Arc<str>, codec: RebuiltCodec<T, P>) -> Arc<dyn SavedType> {
        Arc::new(Self { type_path, codec })
    }
}

impl<T, P> SavedType for RebuiltType<T, P>
where
    T: Component,
    P: Serialize + DeserializeOwned + Send + Sync + 'static,
{
    fn type_path(&self) -> &Arc<str> {
        &self.type_path
    }

    fn role(&self) -> Role {
        Role::Component
    }

    fn watched(&self, world: &mut World) -> Option<Watched> {
        Some(Watched::Component(world.register_component::<T>()))
    }

    fn recorder(&self, world: &mut World) -> Box<dyn RecordColumn> {
        Box::new(ComponentRecorder::new(world, self.codec.clone()))
    }

    fn decoder(&self) -> DecodedColumn {
        DecodedColumn::Component(Box::new(RebuiltComponents::new(self.codec.clone())))
    }

    fn reads_the_same(&self, one: &[u8], other: &[u8], saved: &BTreeSet<SaveId>) -> bool {
        reads_the_same(&self.codec, one, other, saved)
    }

    fn migrated_by(&self, migrations: &AnyMigrations) -> Option<Arc<dyn MigrateRows>> {
        let migrations = migrations.of::<P>()?;
        Some(Arc::new(MigrateValues { codec: self.codec.clone(), migrations }))
    }
}

/// The order of a relationship's sources.
pub(crate) struct OrderType {
    type_path: Arc<str>,
    /// The column of the links.
    relationship: Arc<str>,
    register: fn(&mut World) -> ComponentId,
}

impl OrderType {
    /// The order that belongs to a column of links.
    pub(crate) fn shared(
        type_path: Arc<str>,
        relationship: Arc<str>,
        register: fn(&mut World) -> ComponentId,
    ) -> Arc<dyn SavedType> {
        Arc::new(Self { type_path, relationship, register })
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
        Some(Watched::TargetOf((self.register)(world)))
    }

    fn recorder(&self, world: &mut World) -> Box<dyn RecordColumn> {
        let relationship = (self.register)(world);
        Box::new(OrderRecorder::new(world, relationship))
    }

    fn decoder(&self) -> DecodedColumn {
        DecodedColumn::Order(DecodedOrder::of(self.relationship.clone()))
    }
}

/// A resource.
pub(crate) struct ResourceType<C> {
    type_path: Arc<str>,
    codec: C,
}

impl<C: ComponentCodec> ResourceType<C> {
    pub(crate) fn shared(type_path: Arc<str>, codec: C) -> Arc<dyn SavedType> {
        Arc::new(Self { type_path, codec })
    }
}

impl<C: ComponentCodec> SavedType for ResourceType<C> {
    fn type_path(&self) -> &Arc<str> {
        &self.type_path
    }

    fn role(&self) -> Role {
        Role::Resource
    }

    fn recorder(&self, world: &mut World) -> Box<dyn RecordColumn> {
        Box::new(ResourceRecorder::new(world, self.codec.clone()))
    }

    fn decoder(&self) -> DecodedColumn {
        DecodedColumn::Resource(Box::new(DecodedResource::new(self.codec.clone())))
    }

    fn reads_the_same(&self, one: &[u8], other: &[u8], saved: &BTreeSet<SaveId>) -> bool {
        reads_the_same(&self.codec, one, other, saved)
    }

    fn migrated_by(&self, migrations: &AnyMigrations) -> Option<Arc<dyn MigrateRows>> {
        let migrations = migrations.of::<C::Value>()?;
        Some(Arc::new(MigrateValues { codec: self.codec.clone(), migrations }))
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

    fn migrated_by(&self, migrations: &AnyMigrations) -> Option<Arc<dyn MigrateRows>> {
        Some(Arc::new(MigrateStates { migrations: migrations.of::<S>()? }))
    }
}
