//! What is known of a saved type before the world is complete.

use std::any::TypeId;
use std::sync::Arc;

use bevy::ecs::component::{Component, ComponentId, RequiredComponentsError};
use bevy::ecs::reflect::AppTypeRegistry;
use bevy::ecs::resource::Resource;
use bevy::ecs::world::World;
use bevy::reflect::{FromReflect, GetTypeRegistration, Reflect, TypePath};
use bevy::state::state::{FreelyMutableState, NextState};
use bevy::state::state_scoped::{DespawnOnEnter, DespawnOnExit};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Saved;
use super::codec::{ReflectedCodec, SerdeCodec, scope_on_enter_codec, scope_on_exit_codec};
use super::saved_type::{ComponentType, ResourceType, SavedType, StateType};

/// A type that the game declared as saved, as functions made from the concrete type.
#[derive(Clone)]
pub(crate) struct Declaration {
    pub(super) type_id: TypeId,
    pub(super) type_path: Arc<str>,
    pub(super) kind: DeclaredKind,
}

#[derive(Clone, Copy)]
pub(super) enum DeclaredKind {
    /// A component, or a resource, which only a world can tell.
    Component {
        register: fn(&mut World) -> ComponentId,
        require_marker: fn(&mut World) -> Result<(), RequiredComponentsError>,
        as_component: fn(Arc<str>, &World) -> Arc<dyn SavedType>,
        as_resource: fn(Arc<str>, &World) -> Arc<dyn SavedType>,
    },
    State {
        is_added: fn(&World) -> bool,
        saved_type: fn(Arc<str>) -> Arc<dyn SavedType>,
    },
}

impl Declaration {
    /// The type's name in the journal.
    pub(super) fn type_path(&self) -> &str {
        &self.type_path
    }

    /// A component or resource that serde writes.
    pub(super) fn serde<T>() -> Self
    where
        T: Component + TypePath + Clone + Serialize + DeserializeOwned,
    {
        Self::component::<T>(
            T::type_path().into(),
            |path, _| ComponentType::shared(path, SerdeCodec::<T>::default()),
            |path, _| ResourceType::shared(path, SerdeCodec::<T>::default()),
        )
    }

    /// A component or resource that reflection writes.
    pub(super) fn reflected<T>() -> Self
    where
        T: Component + Clone + Reflect + FromReflect + TypePath + GetTypeRegistration,
    {
        fn codec<T: GetTypeRegistration>(world: &World) -> ReflectedCodec<T> {
            let registry = world.get_resource::<AppTypeRegistry>().cloned().unwrap_or_default();
            registry.write().register::<T>();
            ReflectedCodec::new(registry)
        }
        Self::component::<T>(
            T::type_path().into(),
            |path, world| ComponentType::shared(path, codec::<T>(world)),
            |path, world| ResourceType::shared(path, codec::<T>(world)),
        )
    }

    /// A state.
    pub(super) fn state<S>() -> Self
    where
        S: FreelyMutableState + TypePath + Serialize + DeserializeOwned,
    {
        Self {
            type_id: TypeId::of::<S>(),
            type_path: S::type_path().into(),
            kind: DeclaredKind::State {
                is_added: |world| world.contains_resource::<NextState<S>>(),
                saved_type: StateType::<S>::shared,
            },
        }
    }

    /// The components that tie entities to a state.
    pub(super) fn state_scopes<S>() -> [Self; 2]
    where
        S: FreelyMutableState + TypePath + Serialize + DeserializeOwned,
    {
        // Named by us, since these names are in save files and Bevy moves its types.
        let exit = format!("bevy_state::state_scoped::DespawnOnExit<{}>", S::type_path());
        let enter = format!("bevy_state::state_scoped::DespawnOnEnter<{}>", S::type_path());
        [
            Self::component::<DespawnOnExit<S>>(
                exit.into(),
                |path, _| ComponentType::shared(path, scope_on_exit_codec::<S>()),
                |path, _| ResourceType::shared(path, scope_on_exit_codec::<S>()),
            ),
            Self::component::<DespawnOnEnter<S>>(
                enter.into(),
                |path, _| ComponentType::shared(path, scope_on_enter_codec::<S>()),
                |path, _| ResourceType::shared(path, scope_on_enter_codec::<S>()),
            ),
        ]
    }

    fn component<T: Component>(
        type_path: Arc<str>,
        as_component: fn(Arc<str>, &World) -> Arc<dyn SavedType>,
        as_resource: fn(Arc<str>, &World) -> Arc<dyn SavedType>,
    ) -> Self {
        Self {
            type_id: TypeId::of::<T>(),
            type_path,
            kind: DeclaredKind::Component {
                register: World::register_component::<T>,
                require_marker: World::try_register_required_components::<T, Saved>,
                as_component,
                as_resource,
            },
        }
    }
}

/// What the game declared with `save_component` and its like, in the order of the calls.
#[derive(Resource, Default)]
pub(crate) struct Declarations {
    declared: Vec<Declaration>,
}

impl Declarations {
    /// Adds a declaration, unless there is one of the type.
    pub(super) fn add(&mut self, declaration: Declaration) {
        if !self.declared.iter().any(|known| known.type_id == declaration.type_id) {
            self.declared.push(declaration);
        }
    }

    /// All declarations.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Declaration> {
        self.declared.iter()
    }
}
