//! The bounds of saved types, with helpful compile errors.

use bevy::ecs::component::Component;
use bevy::reflect::TypePath;
use bevy::state::state::FreelyMutableState;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A component or resource that can be saved as it is. Implemented for every type with these
/// bounds.
///
/// If one is missing, the compiler says what to write:
///
/// ```compile_fail
/// # use bevy::prelude::*;
/// # use bevy_session::SessionAppExt;
/// #[derive(Component, TypePath, Clone)]
/// struct Health(u32); // no `Serialize`, no `Deserialize`
///
/// App::new().save_component::<Health>();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be saved as it is",
    label = "needs `Clone`, `Serialize`, `Deserialize` and `Reflect` (or `TypePath`)",
    note = "for a type of your own, write `#[derive(Component, Reflect, Clone, Serialize, Deserialize)]` \
            and `#[reflect(Component, Saved)]`, with `Resource` in place of `Component` for a resource",
    note = "for a type of another crate, switch on that crate's feature for serde (`serialize` in Bevy), \
            or call `save_reflected::<{Self}>()`",
    note = "for a handle, a collider or anything else that can't be written, call \
            `save_component_as(describe, rebuild)`"
)]
pub trait Saveable: Component + TypePath + Clone + Serialize + DeserializeOwned {}

#[diagnostic::do_not_recommend]
impl<T> Saveable for T where T: Component + TypePath + Clone + Serialize + DeserializeOwned {}

/// A state that can be saved. Implemented for every state or sub-state with these bounds.
#[diagnostic::on_unimplemented(
    message = "the state `{Self}` can't be saved",
    label = "needs `States` or `SubStates`, `Serialize`, `Deserialize` and `TypePath`",
    note = "write `#[derive(States, TypePath, Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, \
            Deserialize)]`; a computed state follows from those that are saved"
)]
pub trait SaveableState: FreelyMutableState + TypePath + Serialize + DeserializeOwned {}

#[diagnostic::do_not_recommend]
impl<S> SaveableState for S where S: FreelyMutableState + TypePath + Serialize + DeserializeOwned {}
