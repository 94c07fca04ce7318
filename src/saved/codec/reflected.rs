//! Components that have no serde, written through reflection. Slower, and the way out for types
//! such as Bevy's `Visibility`.

use std::marker::PhantomData;

use bevy::ecs::component::Component;
use bevy::ecs::entity::EntityMapper;
use bevy::ecs::reflect::AppTypeRegistry;
use bevy::reflect::serde::{TypedReflectDeserializer, TypedReflectSerializer};
use bevy::reflect::{FromReflect, Reflect, TypePath};
use serde::Serialize;
use serde::de::DeserializeSeed;

use super::{Codec, ComponentCodec, CopyCodec, DecodeError, EncodeError, message_pack};

/// Clones a component and writes the clone through reflection.
pub(crate) struct ReflectedCodec<T> {
    registry: AppTypeRegistry,
    component: PhantomData<fn() -> T>,
}

impl<T> ReflectedCodec<T> {
    /// A codec that knows the types of `registry`.
    pub(crate) fn new(registry: AppTypeRegistry) -> Self {
        Self { registry, component: PhantomData }
    }
}

impl<T> Clone for ReflectedCodec<T> {
    fn clone(&self) -> Self {
        Self::new(self.registry.clone())
    }
}

impl<T: Component + Clone + Reflect + FromReflect + TypePath> Codec for ReflectedCodec<T> {
    type Value = T;

    fn map_entities<M: EntityMapper>(&self, value: &mut T, mapper: &mut M) {
        <T as Component>::map_entities(value, mapper);
    }

    fn encode(&self, value: &T, bytes: &mut Vec<u8>) -> Result<(), EncodeError> {
        let registry = self.registry.read();
        let value = TypedReflectSerializer::new(value.as_partial_reflect(), &registry);
        message_pack::encode_with(bytes, |serializer| value.serialize(serializer)).map_err(advise)
    }

    fn decode(&self, bytes: &[u8]) -> Result<T, DecodeError> {
        message_pack::check_depth(bytes)?;
        let registry = self.registry.read();
        let Some(registration) = registry.get(std::any::TypeId::of::<T>()) else {
            return Err(DecodeError::Refused(format!("{} isn't registered", T::type_path())));
        };
        let value = TypedReflectDeserializer::new(registration, &registry)
            .deserialize(&mut rmp_serde::Deserializer::from_read_ref(bytes))
            .map_err(|error| DecodeError::Refused(error.to_string()))?;
        T::from_reflect(value.as_partial_reflect())
            .ok_or_else(|| DecodeError::Refused("a field without default is missing".to_owned()))
    }
}

/// Says what to do about a value that reflection can't write.
fn advise(error: EncodeError) -> EncodeError {
    match error {
        EncodeError::Refused(message) => EncodeError::Refused(format!(
            "{message}. What has no serde, such as a handle, is saved as something else with \
             `save_component_as(describe, rebuild)`"
        )),
        error => error,
    }
}

impl<T: Component + Clone + Reflect + FromReflect + TypePath> CopyCodec for ReflectedCodec<T> {
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

impl<T: Component + Clone + Reflect + FromReflect + TypePath> ComponentCodec for ReflectedCodec<T> {
    fn rebuild(&self, value: T) -> T {
        value
    }
}
