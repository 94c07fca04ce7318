//! Components without serde, written through reflection. Slower, and a solution for types such as
//! Bevy's `Visibility`.

use std::any::TypeId;

use bevy::ecs::reflect::AppTypeRegistry;
use bevy::prelude::ReflectDefault;
use bevy::reflect::serde::{TypedReflectDeserializer, TypedReflectSerializer};
use bevy::reflect::{FromReflect, Reflect, TypePath};
use serde::Serialize;
use serde::de::DeserializeSeed;

use super::cloned::{CloneCodec, Format};
use super::{DecodeError, EncodeError, message_pack};
use crate::schema::{Schema, trace};

/// Clones a component and writes the clone through reflection.
pub(crate) type ReflectedCodec<T> = CloneCodec<T, Reflection>;

/// Serialization by reflection, with the types that it knows.
#[derive(Clone)]
pub(crate) struct Reflection(AppTypeRegistry);

impl<T> ReflectedCodec<T> {
    /// A codec that knows the types of `registry`.
    pub(crate) fn new(registry: AppTypeRegistry) -> Self {
        Self::with(Reflection(registry))
    }
}

impl<T: Reflect + FromReflect + TypePath> Format<T> for Reflection {
    fn encode(&self, value: &T, bytes: &mut Vec<u8>) -> Result<(), EncodeError> {
        let registry = self.0.read();
        let value = TypedReflectSerializer::new(value.as_partial_reflect(), &registry);
        message_pack::encode_with(bytes, |serializer| value.serialize(serializer)).map_err(advise)
    }

    fn decode(&self, bytes: &[u8]) -> Result<T, DecodeError> {
        message_pack::check_depth(bytes)?;
        let registry = self.0.read();
        let Some(registration) = registry.get(TypeId::of::<T>()) else {
            return Err(DecodeError::Refused(format!("{} isn't registered", T::type_path())));
        };
        let value = TypedReflectDeserializer::new(registration, &registry)
            .deserialize(&mut rmp_serde::Deserializer::from_read_ref(bytes))
            .map_err(|error| DecodeError::Refused(error.to_string()))?;
        T::from_reflect(value.as_partial_reflect())
            .ok_or_else(|| DecodeError::Refused("a field without default is missing".to_owned()))
    }

    fn schema(&self) -> Schema {
        let registry = self.0.read();
        let Some(registration) = registry.get(TypeId::of::<T>()) else { return Schema::Unknown };
        let schema = trace(|tracer| {
            TypedReflectDeserializer::new(registration, &registry).deserialize(tracer).map(drop)
        });
        // Reflection reads any part of a value, and only then asks whether the rest has a default.
        let has_default = registration.contains::<ReflectDefault>();
        if has_default { schema } else { schema.without_defaults() }
    }
}

/// Adds advice about a value that reflection can't write.
fn advise(error: EncodeError) -> EncodeError {
    match error {
        EncodeError::Refused(message) => EncodeError::Refused(format!(
            "{message}. What has no serde, such as a handle, is saved as something else with \
             `save_component_as(describe, rebuild)`"
        )),
        error => error,
    }
}
