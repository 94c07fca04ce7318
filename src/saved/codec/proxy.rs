//! Components that are written as another type, and rebuilt from it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bevy::ecs::component::Component;
use bevy::ecs::entity::EntityMapper;
use bevy::ecs::entity_disabling::Disabled;
use bevy::ecs::world::World;
use bevy::state::state::States;
use bevy::state::state_scoped::{DespawnOnEnter, DespawnOnExit};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Codec, ComponentCodec, CopyCodec, DecodeError, EncodeError, message_pack};
use crate::saved::panic_message;
use crate::schema::Schema;

/// A value that serde writes in place of a component.
pub(crate) trait Proxy: Serialize + DeserializeOwned + Send + Sync + 'static {}

impl<P: Serialize + DeserializeOwned + Send + Sync + 'static> Proxy for P {}

/// Writes a component `T` as a value `P`, from which `R` rebuilds it.
pub(crate) struct ProxyCodec<T, P, R> {
    describe: Arc<dyn Fn(&T) -> P + Send + Sync>,
    rebuild: R,
}

/// A component that can be rebuilt from its value alone.
type PlainCodec<T, P> = ProxyCodec<T, P, fn(P) -> T>;

/// A component that the game rebuilds with the world at hand.
pub(crate) type RebuiltCodec<T, P> = ProxyCodec<T, P, Rebuild<T, P>>;

type Rebuild<T, P> = Arc<dyn Fn(P, &mut World) -> T + Send + Sync>;

impl<T, P> PlainCodec<T, P> {
    fn plain(describe: impl Fn(&T) -> P + Send + Sync + 'static, rebuild: fn(P) -> T) -> Self {
        Self { describe: Arc::new(describe), rebuild }
    }
}

impl<T, P> RebuiltCodec<T, P> {
    /// A codec of the game's two directions.
    pub(crate) fn new(
        describe: impl Fn(&T) -> P + Send + Sync + 'static,
        rebuild: impl Fn(P, &mut World) -> T + Send + Sync + 'static,
    ) -> Self {
        Self { describe: Arc::new(describe), rebuild: Arc::new(rebuild) }
    }

    /// Rebuilds a component. Returns the message if the game's code panicked.
    pub(crate) fn rebuild(&self, value: P, world: &mut World) -> Result<T, String> {
        // What it left half done in the world is the game's own affair, as after any panic of a
        // system that somebody catches.
        catch_unwind(AssertUnwindSafe(|| (self.rebuild)(value, world)))
            .map_err(|payload| panic_message(&*payload))
    }
}

impl<T, P, R: Clone> Clone for ProxyCodec<T, P, R> {
    fn clone(&self) -> Self {
        Self { describe: Arc::clone(&self.describe), rebuild: self.rebuild.clone() }
    }
}

impl<T: Component, P: Proxy, R: Clone + Send + Sync + 'static> Codec for ProxyCodec<T, P, R> {
    type Value = P;

    fn map_entities<M: EntityMapper>(&self, _: &mut P, _: &mut M) {}

    fn append(&self, value: &P, bytes: &mut Vec<u8>, most: usize) -> Result<(), EncodeError> {
        message_pack::append(value, bytes, most)
    }

    fn decode(&self, bytes: &[u8]) -> Result<P, DecodeError> {
        message_pack::decode(bytes)
    }

    fn schema(&self) -> Schema {
        Schema::of::<P>()
    }
}

impl<T: Component, P: Proxy, R: Clone + Send + Sync + 'static> CopyCodec for ProxyCodec<T, P, R> {
    type Component = T;

    fn copy(&self, component: &T) -> P {
        (self.describe)(component)
    }
}

impl<T: Component, P: Proxy> ComponentCodec for PlainCodec<T, P> {
    fn rebuild(&self, value: P) -> T {
        (self.rebuild)(value)
    }
}

/// [`Disabled`] has no value.
pub(crate) fn disabled_codec() -> impl ComponentCodec<Component = Disabled> {
    PlainCodec::plain(|_: &Disabled| (), |()| Disabled)
}

/// [`DespawnOnExit`] as its state.
pub(crate) fn scope_on_exit_codec<S>() -> impl ComponentCodec<Component = DespawnOnExit<S>>
where
    S: States + Serialize + DeserializeOwned,
{
    PlainCodec::plain(|scope: &DespawnOnExit<S>| scope.0.clone(), DespawnOnExit)
}

/// [`DespawnOnEnter`] as its state.
pub(crate) fn scope_on_enter_codec<S>() -> impl ComponentCodec<Component = DespawnOnEnter<S>>
where
    S: States + Serialize + DeserializeOwned,
{
    PlainCodec::plain(|scope: &DespawnOnEnter<S>| scope.0.clone(), DespawnOnEnter)
}
