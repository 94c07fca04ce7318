//! Declarations of saved types, before the world is complete.

use std::any::TypeId;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::mem::needs_drop;
use std::sync::Arc;

use bevy::app::App;
use bevy::ecs::component::{Component, RequiredComponentsError};
use bevy::ecs::message::MessageReader;
use bevy::ecs::reflect::AppTypeRegistry;
use bevy::ecs::resource::Resource;
use bevy::ecs::schedule::{IntoScheduleConfigs, SystemSet};
use bevy::ecs::system::ResMut;
use bevy::ecs::world::World;
use bevy::reflect::{FromReflect, GetTypeRegistration, Reflect, TypePath};
use bevy::state::state::{FreelyMutableState, NextState, StateTransition, StateTransitionEvent};
use bevy::state::state_scoped::{DespawnOnEnter, DespawnOnExit};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::follow_state_scopes;
use super::record::{StateMapping, StateRecorder, StatesBeingLeft, WaysOut, leads_out};
use super::saved_type::{Registration, SavedType, StateType, ValueType};
use super::state_log::StateLog;
use crate::saved::{
    Codec, Contents, RebuiltCodec, ReflectedCodec, Saved, SavedState, SerdeCodec, StateCodec,
    scope_on_enter_codec, scope_on_exit_codec,
};

/// A type that the game declared as saved: functions made from the concrete type.
#[derive(Clone)]
pub(crate) struct Declaration {
    pub(super) type_id: TypeId,
    pub(super) type_path: Arc<str>,
    pub(super) kind: DeclaredKind,
}

#[derive(Clone)]
pub(super) enum DeclaredKind {
    /// A component or a resource; only a world can tell which.
    Component {
        registration: Registration,
        require_marker: fn(&mut World) -> Result<(), RequiredComponentsError>,
        as_component: MakeType,
        as_resource: MakeType,
        /// True if it is one of the two components of a relationship.
        is_half_of_relationship: fn() -> bool,
    },
    State {
        is_added: fn(&World) -> bool,
        saved_type: MakeType,
        compare: CompareState,
        describe: DescribeState,
        watch: fn(&mut App),
    },
}

/// Makes a saved type with this name, using what the world knows of it.
type MakeType = Arc<dyn Fn(Arc<str>, &World) -> Arc<dyn SavedType> + Send + Sync>;

/// A state's name without its module, and the value that would be saved; `None` if it doesn't exist
/// now.
type DescribeState = Arc<dyn Fn(&World) -> Option<(String, String)> + Send + Sync>;

/// The value of a state that would be saved, and the value that its bytes are read as, if they
/// differ.
type CompareState = Arc<dyn Fn(&World, &[u8]) -> Option<(String, String)> + Send + Sync>;

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
        fn codec<T>(world: &World) -> SerdeCodec<T>
        where
            T: Component + TypePath + Clone + Serialize + DeserializeOwned,
        {
            SerdeCodec::default().keeping_copies(copies_may_stay::<T>(world)).encoding_at_once(
                cfg!(panic = "unwind") && needs_drop::<T>() && is_data::<T>(world),
            )
        }
        Self::component::<T>(
            T::type_path().into(),
            |path, world| ValueType::component(path, codec::<T>(world)),
            |path, _| ValueType::resource(path, SerdeCodec::<T>::default()),
        )
    }

    /// A component or resource that reflection writes.
    pub(super) fn reflected<T>() -> Self
    where
        T: Component + Clone + Reflect + FromReflect + TypePath + GetTypeRegistration,
    {
        fn codec<T: GetTypeRegistration + TypePath>(world: &World) -> ReflectedCodec<T> {
            let registry = world.get_resource::<AppTypeRegistry>().cloned().unwrap_or_default();
            registry.write().register::<T>();
            ReflectedCodec::new(registry).keeping_copies(copies_may_stay::<T>(world))
        }
        Self::component::<T>(
            T::type_path().into(),
            |path, world| ValueType::component(path, codec::<T>(world)),
            |path, world| ValueType::resource(path, codec::<T>(world)),
        )
    }

    /// A component that is written as a serializable value, and rebuilt from it.
    pub(super) fn proxy<T, P>(codec: RebuiltCodec<T, P>) -> Self
    where
        T: Component,
        P: TypePath + Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        let as_component: MakeType =
            Arc::new(move |path, _| ValueType::rebuilt(path, codec.clone()));
        let as_resource = as_component.clone();
        Self {
            type_id: TypeId::of::<T>(),
            // Named after what is written, which is the game's own type.
            type_path: P::type_path().into(),
            kind: DeclaredKind::Component {
                registration: Registration::of::<T>(),
                require_marker: World::try_register_required_components::<T, Saved>,
                as_component,
                as_resource,
                is_half_of_relationship: || T::relationship_accessor().is_some(),
            },
        }
    }

    /// A state, and the mapping to the saved one, if there is one.
    pub(super) fn state<S>(mapping: Option<StateMapping<S>>) -> Self
    where
        S: FreelyMutableState + TypePath + Serialize + DeserializeOwned,
    {
        Self {
            type_id: TypeId::of::<S>(),
            type_path: S::type_path().into(),
            kind: DeclaredKind::State {
                is_added: |world| world.contains_resource::<NextState<S>>(),
                compare: compare_states::<S>(mapping.clone()),
                describe: describe_state::<S>(mapping.clone()),
                saved_type: Arc::new(move |path, _| StateType::<S>::shared(path, mapping.clone())),
                watch: watch_transitions::<S>,
            },
        }
    }

    /// If this is a state, adds the systems that note it when it is left.
    pub(super) fn watch(&self, app: &mut App) {
        if let DeclaredKind::State { is_added, watch, .. } = &self.kind
            && is_added(app.world())
        {
            watch(app);
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
                |path, _| ValueType::component(path, scope_on_exit_codec::<S>()),
                |path, _| ValueType::resource(path, scope_on_exit_codec::<S>()),
            ),
            Self::component::<DespawnOnEnter<S>>(
                enter.into(),
                |path, _| ValueType::component(path, scope_on_enter_codec::<S>()),
                |path, _| ValueType::resource(path, scope_on_enter_codec::<S>()),
            ),
        ]
    }

    fn component<T: Component>(
        type_path: Arc<str>,
        as_component: impl Fn(Arc<str>, &World) -> Arc<dyn SavedType> + Send + Sync + 'static,
        as_resource: impl Fn(Arc<str>, &World) -> Arc<dyn SavedType> + Send + Sync + 'static,
    ) -> Self {
        Self {
            type_id: TypeId::of::<T>(),
            type_path,
            kind: DeclaredKind::Component {
                registration: Registration::of::<T>(),
                require_marker: World::try_register_required_components::<T, Saved>,
                as_component: Arc::new(as_component),
                as_resource: Arc::new(as_resource),
                is_half_of_relationship: || T::relationship_accessor().is_some(),
            },
        }
    }
}

/// Returns true if encoded copies of a component may stay in a buffer: if they keep nothing alive
/// that the game believes to be gone.
fn copies_may_stay<T: TypePath + 'static>(world: &World) -> bool {
    let type_id = TypeId::of::<T>();
    if world.get_resource::<Declarations>().is_some_and(|known| known.unkept.contains(&type_id)) {
        return false;
    }
    let Some(registry) = world.get_resource::<AppTypeRegistry>() else { return true };
    // Of a type that reflection doesn't know, only the game can say so.
    Contents::of(&registry.read(), type_id).is_none_or(|contents| !contents.shared)
}

/// Returns true if reflection knows a component whole, and it is data: nothing that is shared, no
/// entity, and nothing that contains itself, which may be nested deeper than a game's stack.
fn is_data<T: 'static>(world: &World) -> bool {
    let Some(registry) = world.get_resource::<AppTypeRegistry>() else { return false };
    let contents = Contents::of(&registry.read(), TypeId::of::<T>());
    contents == Some(Contents::default())
}

/// Systems in [`StateTransition`] that run when the next states are known and nothing of the last
/// ones was despawned.
#[derive(SystemSet, Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum BeforeExit {
    /// Notes the former states.
    Note,
    /// Looks for placed entities.
    Look,
    /// Forgets the keys of entities that are despawned with the left states. The last look has
    /// still seen them.
    EndRound,
}

fn watch_transitions<S: FreelyMutableState + TypePath>(app: &mut App) {
    app.add_systems(StateTransition, note_exit::<S>.in_set(BeforeExit::Note));
    app.world_mut().get_resource_or_init::<WaysOut>().0.push(leads_out::<S>);
    follow_state_scopes::<S>(app);
}

fn note_exit<S: FreelyMutableState + TypePath>(
    mut transitions: MessageReader<StateTransitionEvent<S>>,
    mut left: ResMut<StatesBeingLeft>,
    mut log: ResMut<StateLog>,
) {
    let Some(transition) = transitions.read().last() else { return };
    left.note(transition.exited.clone());
    if transition.exited != transition.entered {
        log.note(&transition.exited, &transition.entered);
    }
}

fn describe_state<S: FreelyMutableState + TypePath>(
    mapping: Option<StateMapping<S>>,
) -> DescribeState {
    Arc::new(move |world| {
        let recorder = StateRecorder::new(mapping.clone());
        let saved = recorder.mapped(SavedState::<S>::of(world)?);
        Some((S::short_type_path().to_owned(), format!("{:?}", saved.current?)))
    })
}

fn compare_states<S>(mapping: Option<StateMapping<S>>) -> CompareState
where
    S: FreelyMutableState + Serialize + DeserializeOwned,
{
    Arc::new(move |world, bytes| {
        let recorder = StateRecorder::new(mapping.clone());
        let saved = recorder.mapped(SavedState::<S>::of(world)?);
        match StateCodec::<S>::default().decode(bytes) {
            Ok(read) if read == saved => None,
            Ok(read) => Some((format!("{saved:?}"), format!("{read:?}"))),
            Err(error) => Some((format!("{saved:?}"), error.to_string())),
        }
    })
}

/// The types that the game declared with `save_component` and its like, in the order of the calls.
#[derive(Resource, Clone, Default)]
pub(crate) struct Declarations {
    declared: Vec<Declaration>,
    /// Types whose copies are dropped.
    unkept: HashSet<TypeId>,
    /// Types that hold personal data, with their paths: a component that is written as another type
    /// may be marked by either.
    personal_types: HashMap<TypeId, &'static str>,
    personal_fields: BTreeSet<String>,
}

impl Declarations {
    /// Adds a declaration, unless there is one of the type.
    pub(super) fn add(&mut self, declaration: Declaration) {
        if !self.has(&declaration) {
            self.declared.push(declaration);
        }
    }

    /// Drops the copies of a type once they are written.
    pub(super) fn keep_no_saved_copies<T: 'static>(&mut self) {
        self.unkept.insert(TypeId::of::<T>());
    }

    /// Marks a type as personal data.
    pub(super) fn mark_personal<T: TypePath>(&mut self) {
        self.personal_types.insert(TypeId::of::<T>(), T::type_path());
    }

    /// Marks a custom field as personal data.
    pub(super) fn mark_personal_field(&mut self, name: &str) {
        self.personal_fields.insert(name.to_owned());
    }

    /// Returns true if a declared type, or the one that it is written as, is marked as personal data.
    pub(super) fn is_personal(&self, declaration: &Declaration) -> bool {
        self.personal_types.contains_key(&declaration.type_id)
            || self.personal_types.values().any(|path| **path == *declaration.type_path)
    }

    /// The custom fields that are marked as personal data.
    pub(super) fn personal_fields(&self) -> &BTreeSet<String> {
        &self.personal_fields
    }

    /// Returns true if there is a declaration of this type.
    pub(super) fn has(&self, declaration: &Declaration) -> bool {
        self.declared.iter().any(|known| known.type_id == declaration.type_id)
    }

    /// The saved states that a world is in, by their names without modules.
    pub(crate) fn states_of(&self, world: &World) -> BTreeMap<String, String> {
        let states = self.declared.iter().filter_map(|declaration| match &declaration.kind {
            DeclaredKind::State { describe, .. } => describe(world),
            DeclaredKind::Component { .. } => None,
        });
        states.collect()
    }

    /// Returns true if a saved type is a state.
    pub(crate) fn is_state(&self, type_path: &str) -> bool {
        self.declared.iter().any(|declaration| {
            matches!(declaration.kind, DeclaredKind::State { .. })
                && *declaration.type_path == *type_path
        })
    }

    /// The value of a state that would be saved, and the value that its bytes are read as, if they
    /// differ.
    pub(crate) fn compare_state(
        &self,
        type_path: &str,
        world: &World,
        bytes: &[u8],
    ) -> Option<(String, String)> {
        self.declared.iter().find_map(|declaration| match &declaration.kind {
            DeclaredKind::State { compare, .. } if *declaration.type_path == *type_path => {
                compare(world, bytes)
            }
            _ => None,
        })
    }

    /// All declarations.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Declaration> {
        self.declared.iter()
    }
}

/// Adds the systems that note saved states when they are left.
pub(crate) fn watch_saved_states(app: &mut App) {
    let declared = app.world().get_resource::<Declarations>();
    let declared: Vec<Declaration> =
        declared.into_iter().flat_map(Declarations::iter).cloned().collect();
    declared.iter().for_each(|declaration| declaration.watch(app));
}
