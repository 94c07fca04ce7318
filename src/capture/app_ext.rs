//! The methods by which a game declares the types that it saves.

use std::sync::Arc;

use bevy::app::App;
use bevy::ecs::component::Component;
use bevy::ecs::error::BevyError;
use bevy::ecs::resource::Resource;
use bevy::ecs::world::World;
use bevy::reflect::{FromReflect, GetTypeRegistration, Reflect, TypePath};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::checkpoint_edit::CheckpointEdit;
use super::checkpoint_migration::CheckpointMigration;
use super::declaration::{Declaration, Declarations};
use super::history::DeclaredHistory;
use super::late_calls::LateCalls;
use super::migrations::Migrations;
use super::saveable::{Saveable, SaveableState};
use crate::saved::RebuiltCodec;

/// Declares the types that are saved, beside those with `#[reflect(Saved)]`.
///
/// Except for [`migrate_saved`](Self::migrate_saved), calls are idempotent. Their order doesn't
/// matter, nor whether they come before or after the plugin: they are collected, and resolved when
/// the app is complete. A later call has no effect;
/// [`SessionHint::CalledTooLate`](crate::hints::SessionHint::CalledTooLate) reports it.
///
/// ```
/// # use bevy::prelude::*;
/// # use bevy_session::SessionAppExt;
/// # use serde::{Deserialize, Serialize};
/// #[derive(Resource, TypePath, Clone, Default, Serialize, Deserialize)]
/// struct Score(u32);
///
/// #[derive(States, TypePath, Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
/// enum Game {
///     #[default]
///     Menu,
///     Playing,
/// }
///
/// let mut app = App::new();
/// app.save_component::<Transform>().save_resource::<Score>().save_state::<Game>();
/// ```
pub trait SessionAppExt {
    /// Saves a component on entities that are [`Saved`](crate::Saved).
    ///
    /// For types of other crates, which can't have `#[reflect(Saved)]`. It doesn't mark entities:
    /// in most games, many entities have a `Transform` and aren't part of the player's progress.
    ///
    /// Values are written as MessagePack with field names, so a new field gets its serde default,
    /// and a removed one is ignored. MessagePack can't distinguish `Some(None)` or `Some(())` from
    /// `None`: avoid options of options in saved types.
    fn save_component<T>(&mut self) -> &mut Self
    where
        T: Saveable;

    /// Saves a resource. If it is absent at a checkpoint, restoring that checkpoint removes it.
    fn save_resource<R>(&mut self) -> &mut Self
    where
        R: Resource + Saveable;

    /// Saves a state or sub-state, and a pending transition. It is restored through
    /// [`NextState`](bevy::state::state::NextState), so `OnExit` and `OnEnter` run.
    ///
    /// [`Saved`](crate::Saved) entities keep their `DespawnOnExit` and `DespawnOnEnter` of this
    /// state.
    fn save_state<S>(&mut self) -> &mut Self
    where
        S: SaveableState;

    /// Saves a state as another one: a game that is quit in its pause menu may prefer to be
    /// restored while playing. Otherwise like [`save_state`](Self::save_state).
    ///
    /// ```
    /// # use bevy::prelude::*;
    /// # use bevy_session::SessionAppExt;
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(States, TypePath, Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
    /// # enum Game { #[default] Menu, Playing, Paused }
    /// # let mut app = App::new();
    /// app.save_state_as(|state| match state {
    ///     Game::Paused => Game::Playing,
    ///     other => other,
    /// });
    /// ```
    fn save_state_as<S>(&mut self, mapping: impl Fn(S) -> S + Send + Sync + 'static) -> &mut Self
    where
        S: SaveableState;

    /// Saves a component as a value of another type: for a component without serde, such as a
    /// collider, a handle or a random generator. On entities that are [`Saved`](crate::Saved).
    ///
    /// `describe` makes the value to write at a capture. `rebuild` makes the component from it at a
    /// restore; resources and states are restored by then, and no entity has been written yet. If
    /// it panics, its entity is restored without the component, the report lists it with
    /// [`NotRebuilt`](crate::recovery::RestoreLossReason::NotRebuilt), and the value is kept for
    /// another try.
    ///
    /// The values are saved under the path of `P`, so each component needs its own `P`. Entities in
    /// it are not mapped.
    ///
    /// ```
    /// # use bevy::prelude::*;
    /// # use bevy_session::SessionAppExt;
    /// # use serde::{Deserialize, Serialize};
    /// #[derive(Component)]
    /// struct Collider { radius: f32 /* and much that can't be written */ }
    ///
    /// #[derive(TypePath, Serialize, Deserialize)]
    /// struct ColliderSpec { radius: f32 }
    ///
    /// # let mut app = App::new();
    /// app.save_component_as(
    ///     |collider: &Collider| ColliderSpec { radius: collider.radius },
    ///     |spec, _world| Collider { radius: spec.radius },
    /// );
    /// ```
    fn save_component_as<T, P>(
        &mut self,
        describe: impl Fn(&T) -> P + Send + Sync + 'static,
        rebuild: impl Fn(P, &mut World) -> T + Send + Sync + 'static,
    ) -> &mut Self
    where
        T: Component,
        P: TypePath + Serialize + DeserializeOwned + Send + Sync + 'static;

    /// Saves a component without serde through reflection, on entities that are
    /// [`Saved`](crate::Saved). Slower than [`save_component`](Self::save_component). A type
    /// without `#[reflect(Default)]`, also one within another, can't read values from before a field
    /// was added, and none can read values from before one was removed.
    fn save_reflected<T>(&mut self) -> &mut Self
    where
        T: Component + Clone + Reflect + FromReflect + TypePath + GetTypeRegistration;

    /// Drops the copies of a saved component as soon as they are written.
    ///
    /// A checkpoint is a copy of what changed. The copies of the last three checkpoints are kept,
    /// up to 16,384 values of each type, so that the next ones can reuse their memory. They are
    /// dropped if reflection finds a handle or an `Arc` in the type, which they would keep alive,
    /// or can't look into it. Call this if it can't see one: if the type isn't registered, or the
    /// field has `#[reflect(ignore)]`. Copies are dropped on the writer's thread in any case,
    /// unless the next ones replace them.
    ///
    /// ```
    /// # use bevy::prelude::*;
    /// # use bevy_session::SessionAppExt;
    /// # use std::sync::Arc;
    /// # use serde::{Deserialize, Serialize};
    /// #[derive(Component, TypePath, Clone, Serialize, Deserialize)]
    /// struct Portrait {
    ///     of: String,
    ///     #[serde(skip)]
    ///     picture: Arc<[u8]>,
    /// }
    ///
    /// # let mut app = App::new();
    /// app.save_component::<Portrait>().keep_no_saved_copies::<Portrait>();
    /// ```
    fn keep_no_saved_copies<T: TypePath>(&mut self) -> &mut Self;

    /// Marks a saved type as personal data of players, so that programs that don't know the game leave out its values.
    ///
    /// It applies to components and resources, also those with `#[reflect(Saved)]`. Of a type that is saved by
    /// [`save_component_as`](Self::save_component_as), mark the component or the type that it is written as. Neither
    /// capture nor restore changes. Each full checkpoint names the marked types, and `bevy-session export` writes their
    /// values only with `--private`. A type that isn't saved needs no mark, and gets none.
    /// Reports, slots and a player's own export have the values still: they are the game's or the player's.
    ///
    /// ```
    /// # use bevy::prelude::*;
    /// # use bevy_session::SessionAppExt;
    /// # use serde::{Deserialize, Serialize};
    /// #[derive(Component, TypePath, Clone, Serialize, Deserialize)]
    /// struct Diary(Vec<String>);
    ///
    /// # let mut app = App::new();
    /// app.save_component::<Diary>().personal::<Diary>();
    /// ```
    fn personal<T: TypePath>(&mut self) -> &mut Self;

    /// Marks a custom field of sessions and their chapters as personal data of players, as
    /// [`personal`](Self::personal) does with a type.
    ///
    /// ```
    /// # use bevy::prelude::*;
    /// # use bevy_session::SessionAppExt;
    /// # let mut app = App::new();
    /// app.personal_field("home town");
    /// ```
    fn personal_field(&mut self, name: &str) -> &mut Self;

    /// Declares the older versions of a saved type, so that values of older builds can be restored.
    /// See [`Migrations`].
    ///
    /// `T` is the type that is written: the component, resource or state itself, also one with
    /// `#[reflect(Saved)]`. A state's migrations also apply to its `DespawnOnExit` and
    /// `DespawnOnEnter`.
    ///
    /// Call it once for a type. A second chain for it, or one for a type that isn't saved, is a
    /// [`TypeProblem`](crate::checkpoints::TypeProblem).
    fn migrate_saved<T: TypePath>(&mut self, migrations: Migrations<T>) -> &mut Self;

    /// Declares a former type path of a saved component, resource or state: values under that path
    /// are of this type.
    ///
    /// Call it once for each path that the type had. It also applies if the type is an argument, as
    /// in `Stat<Strength>`. The values are written under the new path from the next full checkpoint
    /// on. If an entity has values under several paths, the current path's is used, else that of
    /// the first call.
    ///
    /// A path that another saved type has or had is a [`TypeProblem`](crate::checkpoints::TypeProblem).
    ///
    /// ```
    /// # use bevy::prelude::*;
    /// # use bevy_session::SessionAppExt;
    /// # use serde::{Deserialize, Serialize};
    /// #[derive(Component, TypePath, Clone, Serialize, Deserialize)]
    /// struct Health(u32);
    ///
    /// # let mut app = App::new();
    /// // It was called `Hp`, and before that it was in another module.
    /// app.save_component::<Health>()
    ///     .rename_saved::<Health>("hop::combat::Hp")
    ///     .rename_saved::<Health>("hop::Hp");
    /// ```
    fn rename_saved<T: TypePath>(&mut self, former_path: &str) -> &mut Self;

    /// Declares a migration for values of older builds that aren't one value of one type today: a
    /// component became two, an entity became a field of another one, a resource became entities.
    ///
    /// `step` is called for each value that was written under `type_path` in `version` (0 for a
    /// type that never had [`Migrations`]), in the order of the entities, before anything of the
    /// checkpoint is restored. The value is removed, and the step puts its replacement into the
    /// checkpoint. `Old` needs nothing but `Deserialize`, and only the fields that the step uses.
    ///
    /// Steps run where values are decoded, not on the main thread. If one fails or panics, it
    /// changes nothing: that value is listed as a [`RestoreLoss`](crate::recovery::RestoreLoss),
    /// and carried along unchanged. A step for a version that the game writes today, or a second
    /// one for the same version, is a [`TypeProblem`](crate::checkpoints::TypeProblem).
    ///
    /// ```
    /// # use bevy::prelude::*;
    /// # use bevy_session::SessionAppExt;
    /// # use serde::{Deserialize, Serialize};
    /// // Until 1.2 it was one component.
    /// #[derive(Deserialize)]
    /// struct Body {
    ///     health: u32,
    ///     armor: u32,
    /// }
    ///
    /// #[derive(Component, TypePath, Clone, Serialize, Deserialize)]
    /// struct Health(u32);
    ///
    /// #[derive(Component, TypePath, Clone, Serialize, Deserialize)]
    /// struct Armor(u32);
    ///
    /// # let mut app = App::new();
    /// app.save_component::<Health>().save_component::<Armor>().migrate_checkpoint(
    ///     "hop::Body",
    ///     0,
    ///     |body: Body, checkpoint| {
    ///         let Some(entity) = checkpoint.entity() else { return Ok(()) };
    ///         checkpoint.insert(entity, &Health(body.health))?;
    ///         checkpoint.insert(entity, &Armor(body.armor))?;
    ///         Ok(())
    ///     },
    /// );
    /// ```
    fn migrate_checkpoint<Old>(
        &mut self,
        type_path: &str,
        version: u32,
        step: impl Fn(Old, &mut CheckpointEdit<'_>) -> Result<(), BevyError> + Send + Sync + 'static,
    ) -> &mut Self
    where
        Old: DeserializeOwned + 'static;
}

impl SessionAppExt for App {
    fn save_component<T>(&mut self) -> &mut Self
    where
        T: Saveable,
    {
        declare::<T>(self, "save_component", [Declaration::serde::<T>()])
    }

    fn save_resource<R>(&mut self) -> &mut Self
    where
        R: Resource + Saveable,
    {
        declare::<R>(self, "save_resource", [Declaration::serde::<R>()])
    }

    fn save_state<S>(&mut self) -> &mut Self
    where
        S: SaveableState,
    {
        let [exit, enter] = Declaration::state_scopes::<S>();
        declare::<S>(self, "save_state", [Declaration::state::<S>(None), exit, enter])
    }

    fn save_state_as<S>(&mut self, mapping: impl Fn(S) -> S + Send + Sync + 'static) -> &mut Self
    where
        S: SaveableState,
    {
        let [exit, enter] = Declaration::state_scopes::<S>();
        let state = Declaration::state::<S>(Some(Arc::new(mapping)));
        declare::<S>(self, "save_state_as", [state, exit, enter])
    }

    fn save_component_as<T, P>(
        &mut self,
        describe: impl Fn(&T) -> P + Send + Sync + 'static,
        rebuild: impl Fn(P, &mut World) -> T + Send + Sync + 'static,
    ) -> &mut Self
    where
        T: Component,
        P: TypePath + Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        let codec = RebuiltCodec::new(describe, rebuild);
        declare::<P>(self, "save_component_as", [Declaration::proxy(codec)])
    }

    fn save_reflected<T>(&mut self) -> &mut Self
    where
        T: Component + Clone + Reflect + FromReflect + TypePath + GetTypeRegistration,
    {
        declare::<T>(self, "save_reflected", [Declaration::reflected::<T>()])
    }

    fn keep_no_saved_copies<T: TypePath>(&mut self) -> &mut Self {
        if !LateCalls::note(self.world_mut(), &call::<T>("keep_no_saved_copies")) {
            self.world_mut().get_resource_or_init::<Declarations>().keep_no_saved_copies::<T>();
        }
        self
    }

    fn personal<T: TypePath>(&mut self) -> &mut Self {
        if !LateCalls::note(self.world_mut(), &call::<T>("personal")) {
            self.world_mut().get_resource_or_init::<Declarations>().mark_personal::<T>();
        }
        self
    }

    fn personal_field(&mut self, name: &str) -> &mut Self {
        if !LateCalls::note(self.world_mut(), &format!("personal_field({name:?})")) {
            self.world_mut().get_resource_or_init::<Declarations>().mark_personal_field(name);
        }
        self
    }

    fn migrate_saved<T: TypePath>(&mut self, migrations: Migrations<T>) -> &mut Self {
        let call = call::<T>("migrate_saved");
        if !LateCalls::note(self.world_mut(), &call) {
            self.world_mut().get_resource_or_init::<DeclaredHistory>().migrate(migrations);
        }
        self
    }

    fn rename_saved<T: TypePath>(&mut self, former_path: &str) -> &mut Self {
        let call = call::<T>("rename_saved");
        if !LateCalls::note(self.world_mut(), &call) {
            self.world_mut().get_resource_or_init::<DeclaredHistory>().rename::<T>(former_path);
        }
        self
    }

    fn migrate_checkpoint<Old>(
        &mut self,
        type_path: &str,
        version: u32,
        step: impl Fn(Old, &mut CheckpointEdit<'_>) -> Result<(), BevyError> + Send + Sync + 'static,
    ) -> &mut Self
    where
        Old: DeserializeOwned + 'static,
    {
        let call = format!("migrate_checkpoint({type_path:?}, {version}, …)");
        if !LateCalls::note(self.world_mut(), &call) {
            let migration = CheckpointMigration::new(type_path, version, step);
            let mut declared = self.world_mut().get_resource_or_init::<DeclaredHistory>();
            declared.migrate_checkpoint(migration);
        }
        self
    }
}

/// Collects the declarations of one call, unless the app is complete already.
fn declare<'a, T: TypePath>(
    app: &'a mut App,
    function: &str,
    declarations: impl IntoIterator<Item = Declaration>,
) -> &'a mut App {
    let declared = app.world_mut().get_resource_or_init::<Declarations>();
    let new: Vec<Declaration> =
        declarations.into_iter().filter(|declaration| !declared.has(declaration)).collect();
    if LateCalls::is_app_complete(app.world()) && !new.is_empty() {
        LateCalls::note(app.world_mut(), &call::<T>(function));
        return app;
    }
    let mut declared = app.world_mut().get_resource_or_init::<Declarations>();
    new.into_iter().for_each(|declaration| declared.add(declaration));
    app
}

/// A call as it is written in code.
fn call<T: TypePath>(function: &str) -> String {
    format!("{function}::<{}>()", T::short_type_path())
}
