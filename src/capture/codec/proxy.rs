//! Components that have no serde, written as another type that does.

use std::marker::PhantomData;

use bevy::ecs::component::Component;
use bevy::ecs::entity::EntityMapper;
use bevy::ecs::entity_disabling::Disabled;
use bevy::state::state::States;
use bevy::state::state_scoped::{DespawnOnEnter, DespawnOnExit};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Codec, ComponentCodec, CopyCodec, DecodeError, EncodeError, message_pack};

/// Writes a component `T` as a value `P`.
pub(crate) struct ProxyCodec<T, P> {
    to_proxy: fn(&T) -> P,
    from_proxy: fn(P) -> T,
    component: PhantomData<fn() -> T>,
}

impl<T, P> ProxyCodec<T, P> {
    /// A codec of the two directions.
    pub(crate) fn new(to_proxy: fn(&T) -> P, from_proxy: fn(P) -> T) -> Self {
        Self { to_proxy, from_proxy, component: PhantomData }
    }
}

impl<T, P> Clone for ProxyCodec<T, P> {
    fn clone(&self) -> Self {
        Self::new(self.to_proxy, self.from_proxy)
    }
}

impl<T, P> Codec for ProxyCodec<T, P>
where
    T: Component,
    P: Serialize + DeserializeOwned + Send + Sync + 'static,
{
    type Value = P;

    fn map_entities<M: EntityMapper>(&self, _: &mut P, _: &mut M) {}

    fn encode(&self, value: &P, bytes: &mut Vec<u8>) -> Result<(), EncodeError> {
        message_pack::encode(value, bytes)
    }

    fn decode(&self, bytes: &[u8]) -> Result<P, DecodeError> {
        message_pack::decode(bytes)
    }
}

impl<T, P> CopyCodec for ProxyCodec<T, P>
where
    T: Component,
    P: Serialize + DeserializeOwned + Send + Sync + 'static,
{
    type Component = T;

    fn copy(&self, component: &T) -> P {
        (self.to_proxy)(component)
    }
}

impl<T, P> ComponentCodec for ProxyCodec<T, P>
where
    T: Component,
    P: Serialize + DeserializeOwned + Send + Sync + 'static,
{
    fn rebuild(&self, value: P) -> T {
        (self.from_proxy)(value)
    }
}

/// [`Disabled`] says nothing but that it is there.
pub(crate) fn disabled_codec() -> ProxyCodec<Disabled, ()> {
    ProxyCodec::new(|_| (), |()| Disabled)
}

/// [`DespawnOnExit`] as the state that it names.
pub(crate) fn scope_on_exit_codec<S: States>() -> ProxyCodec<DespawnOnExit<S>, S> {
    ProxyCodec::new(|scope| scope.0.clone(), DespawnOnExit)
}

/// [`DespawnOnEnter`] as the state that it names.
pub(crate) fn scope_on_enter_codec<S: States>() -> ProxyCodec<DespawnOnEnter<S>, S> {
    ProxyCodec::new(|scope| scope.0.clone(), DespawnOnEnter)
}
