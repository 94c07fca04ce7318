//! Components without serde, written through reflection. Slower, and a solution for types such as
//! Bevy's `Visibility`.

use std::any::TypeId;

use bevy::ecs::reflect::AppTypeRegistry;
use bevy::prelude::ReflectDefault;
use bevy::reflect::enums::VariantInfo;
use bevy::reflect::serde::{TypedReflectDeserializer, TypedReflectSerializer};
use bevy::reflect::{
    FromReflect, PartialReflect, Reflect, ReflectFromReflect, ReflectRef, TypeInfo, TypePath,
    TypeRegistry,
};
use serde::Serialize;
use serde::de::DeserializeSeed;

use super::cloned::{CloneCodec, Format};
use super::{DecodeError, EncodeError, message_pack};
use crate::schema::{Field, Schema, trace};

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
        let incomplete = || DecodeError::Refused("a field without default is missing".to_owned());
        if !parts_are_complete(value.as_partial_reflect(), &registry) {
            return Err(incomplete());
        }
        T::from_reflect(value.as_partial_reflect()).ok_or_else(incomplete)
    }

    fn schema(&self) -> Schema {
        let registry = self.0.read();
        let Some(registration) = registry.get(TypeId::of::<T>()) else { return Schema::Unknown };
        let schema = trace(|tracer| {
            TypedReflectDeserializer::new(registration, &registry).deserialize(tracer).map(drop)
        });
        with_defaults_of(schema, registration.type_info(), &registry)
    }
}

/// A form in which those fields have a default whose struct has one. Reflection reads any part of a value, and only then
/// asks whether the rest has a default.
fn with_defaults_of(schema: Schema, info: &TypeInfo, registry: &TypeRegistry) -> Schema {
    let of = |schema: Box<Schema>, info: Option<&'static TypeInfo>| match info {
        Some(info) => Box::new(with_defaults_of(*schema, info, registry)),
        None => schema,
    };
    let registration = registry.get(info.type_id());
    let has_default = registration.is_some_and(|it| it.contains::<ReflectDefault>());
    match (schema, info) {
        (Schema::Struct(fields), TypeInfo::Struct(info)) => {
            let fields = fields.into_iter().map(|(name, field)| {
                let inner = info.field(&name).and_then(|field| field.type_info());
                let schema = *of(Box::new(field.schema), inner);
                (name, Field { schema, optional: field.optional && has_default, ..field })
            });
            Schema::Struct(fields.collect())
        }
        (Schema::List(item), TypeInfo::List(info)) => Schema::List(of(item, info.item_info())),
        (Schema::Map(key, value), TypeInfo::Map(info)) => {
            Schema::Map(of(key, info.key_info()), of(value, info.value_info()))
        }
        (Schema::Tuple(items), TypeInfo::Array(info)) => {
            let items = items.into_iter().map(|item| *of(Box::new(item), info.item_info()));
            Schema::Tuple(items.collect())
        }
        (Schema::Option(some), TypeInfo::Enum(info)) => {
            let some_info = info.variant("Some").and_then(|some| match some {
                VariantInfo::Tuple(some) => some.field_at(0)?.type_info(),
                _ => None,
            });
            Schema::Option(of(some, some_info))
        }
        (schema, _) => schema,
    }
}

/// Returns true if all parts of a value can be made of what was read. The derived `FromReflect` of a type with a default
/// takes that for a part that can't be made, and the value that was saved would be lost unnoticed.
fn parts_are_complete(value: &dyn PartialReflect, registry: &TypeRegistry) -> bool {
    let is_complete = |part: &dyn PartialReflect| {
        let info = part.get_represented_type_info();
        let registration = info.and_then(|info| registry.get(info.type_id()));
        let maker = registration.and_then(|it| it.data::<ReflectFromReflect>());
        let is_made = maker.is_none_or(|maker| maker.from_reflect(part).is_some());
        is_made && parts_are_complete(part, registry)
    };
    match value.reflect_ref() {
        ReflectRef::Struct(value) => {
            (0..value.field_len()).all(|place| value.field_at(place).is_none_or(is_complete))
        }
        ReflectRef::TupleStruct(value) => value.iter_fields().all(is_complete),
        ReflectRef::Tuple(value) => value.iter_fields().all(is_complete),
        ReflectRef::List(value) => value.iter().all(is_complete),
        ReflectRef::Array(value) => value.iter().all(is_complete),
        ReflectRef::Map(value) => value.iter().all(|(key, it)| is_complete(key) && is_complete(it)),
        ReflectRef::Set(value) => value.iter().all(is_complete),
        ReflectRef::Enum(value) => value.iter_fields().all(|part| is_complete(part.value())),
        _ => true,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Reflect, Clone, Default, PartialEq, Debug)]
    struct Item {
        uses: u32,
    }

    #[derive(Reflect, Clone, Default, PartialEq, Debug)]
    #[reflect(Default)]
    struct Bag {
        items: Vec<Item>,
    }

    /// With a price, which no saved item has.
    #[derive(Reflect, Clone, Default, PartialEq, Debug)]
    struct PricedItem {
        uses: u32,
        price: u32,
    }

    #[derive(Reflect, Clone, Default, PartialEq, Debug)]
    #[reflect(Default)]
    struct PricedBag {
        items: Vec<PricedItem>,
        size: u32,
    }

    fn format() -> Reflection {
        let registry = AppTypeRegistry::default();
        let mut types = registry.write();
        types.register::<Bag>();
        types.register::<PricedBag>();
        drop(types);
        Reflection(registry)
    }

    #[test]
    fn a_part_that_cannot_be_made_is_not_replaced_by_the_default_of_the_whole() {
        let bag = Bag { items: vec![Item { uses: 3 }] };
        let mut bytes = Vec::new();
        format().encode(&bag, &mut bytes).unwrap();
        let read: Result<Bag, _> = format().decode(&bytes);
        assert_eq!(read, Ok(bag));
        let read: Result<PricedBag, _> = format().decode(&bytes);
        assert!(matches!(read, Err(DecodeError::Refused(_))), "the items would be gone: {read:?}");
        // What the whole lacks has its default.
        format().encode(&Bag::default(), &mut bytes).unwrap();
        let read: Result<PricedBag, _> = format().decode(&bytes);
        assert_eq!(read, Ok(PricedBag::default()));
    }
}
