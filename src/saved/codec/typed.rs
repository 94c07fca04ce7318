//! Components and resources that serde can write: the ordinary case.

use std::marker::PhantomData;

use bevy::ecs::component::Component;
use bevy::ecs::entity::EntityMapper;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Codec, ComponentCodec, CopyCodec, DecodeError, EncodeError, message_pack};

/// Clones a component and hands the clone to serde.
pub(crate) struct SerdeCodec<T>(PhantomData<fn() -> T>);

impl<T> Clone for SerdeCodec<T> {
    fn clone(&self) -> Self {
        Self(PhantomData)
    }
}

impl<T> Default for SerdeCodec<T> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T: Component + Clone + Serialize + DeserializeOwned> Codec for SerdeCodec<T> {
    type Value = T;

    fn map_entities<M: EntityMapper>(&self, value: &mut T, mapper: &mut M) {
        T::map_entities(value, mapper);
    }

    fn encode(&self, value: &T, bytes: &mut Vec<u8>) -> Result<(), EncodeError> {
        message_pack::encode(value, bytes)
    }

    fn decode(&self, bytes: &[u8]) -> Result<T, DecodeError> {
        message_pack::decode(bytes)
    }
}

impl<T: Component + Clone + Serialize + DeserializeOwned> CopyCodec for SerdeCodec<T> {
    type Component = T;

    fn copy(&self, component: &T) -> T {
        component.clone()
    }

    fn copy_into(&self, component: &T, value: &mut T) {
        value.clone_from(component);
    }

    fn copy_all(&self, components: &[T], values: &mut Vec<T>) {
        values.extend_from_slice(components);
    }
}

impl<T: Component + Clone + Serialize + DeserializeOwned> ComponentCodec for SerdeCodec<T> {
    fn rebuild(&self, value: T) -> T {
        value
    }
}
