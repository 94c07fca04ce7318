//! Components without serde, written through reflection. Slower, and a solution for types such as
//! Bevy's `Visibility`.

use std::any::TypeId;

use bevy::ecs::reflect::AppTypeRegistry;
use bevy::prelude::{ReflectDefault, ReflectDeserialize};
use bevy::reflect::enums::VariantInfo;
use bevy::reflect::serde::{TypedReflectDeserializer, TypedReflectSerializer};
use bevy::reflect::{
    FromReflect, GetTypeRegistration, NamedField, PartialReflect, Reflect, ReflectFromReflect,
    ReflectRef, TypeInfo, TypePath, TypeRegistry, UnnamedField,
};
use bevy_session_journal::limits;
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
    fn append(&self, value: &T, bytes: &mut Vec<u8>, most: usize) -> Result<(), EncodeError> {
        append_by(&self.0.read(), value, bytes, most)
    }

    fn decode(&self, bytes: &[u8]) -> Result<T, DecodeError> {
        message_pack::check_depth(bytes)?;
        let registry = self.0.read();
        let read = |registry: &TypeRegistry| {
            let Some(registration) = registry.get(TypeId::of::<T>()) else {
                return Err(DecodeError::Refused(format!("{} isn't registered", T::type_path())));
            };
            TypedReflectDeserializer::new(registration, registry)
                .deserialize(&mut rmp_serde::Deserializer::from_read_ref(bytes))
                .map_err(|error| DecodeError::Refused(error.to_string()))
        };
        let incomplete = || DecodeError::Refused("a field without default is missing".to_owned());
        let value =
            T::from_reflect(read(&registry)?.as_partial_reflect()).ok_or_else(incomplete)?;
        let mut again = Vec::new();
        if append_by(&registry, &value, &mut again, limits::VALUE_BYTES)
            .is_ok_and(|()| again == bytes)
        {
            return Ok(value);
        }
        // Another build wrote it, or it is a set in another order.
        let parts = read(&in_parts(TypeId::of::<T>(), &registry))?;
        match parts_are_complete(parts.as_partial_reflect(), &registry) {
            true => Ok(value),
            false => Err(incomplete()),
        }
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

fn append_by<T: Reflect>(
    registry: &TypeRegistry,
    value: &T,
    bytes: &mut Vec<u8>,
    most: usize,
) -> Result<(), EncodeError> {
    let value = TypedReflectSerializer::new(value.as_partial_reflect(), registry);
    message_pack::append_with(bytes, most, |serializer| value.serialize(serializer)).map_err(advise)
}

/// A form in which those fields have a default whose struct has one. Reflection reads any part of a value, and only then
/// asks whether the rest has a default.
fn with_defaults_of(schema: Schema, info: &TypeInfo, registry: &TypeRegistry) -> Schema {
    let registration = registry.get(info.type_id());
    if registration.is_some_and(|it| it.contains::<ReflectDeserialize>()) {
        // Serde reads it, by its own defaults.
        return schema;
    }
    let of = |schema: Schema, info: Option<&'static TypeInfo>| match info {
        Some(info) => with_defaults_of(schema, info, registry),
        None => schema.without_defaults(),
    };
    let boxed = |schema: Box<Schema>, info| Box::new(of(*schema, info));
    match (schema, info) {
        (Schema::Struct(fields), TypeInfo::Struct(info)) => {
            let has_default = registration.is_some_and(|it| it.contains::<ReflectDefault>());
            let fields = fields.into_iter().map(|(name, field)| {
                let schema = of(field.schema, info.field(&name).and_then(NamedField::type_info));
                (name, Field { schema, optional: field.optional && has_default, ..field })
            });
            Schema::Struct(fields.collect())
        }
        // The form of its only field.
        (schema, TypeInfo::TupleStruct(info)) if info.field_len() == 1 => {
            of(schema, info.field_at(0).and_then(UnnamedField::type_info))
        }
        (Schema::List(item), TypeInfo::List(info)) => Schema::List(boxed(item, info.item_info())),
        (Schema::Map(key, value), TypeInfo::Map(info)) => {
            Schema::Map(boxed(key, info.key_info()), boxed(value, info.value_info()))
        }
        (Schema::Option(some), TypeInfo::Enum(info)) => {
            let held = info.variant("Some").and_then(|some| match some {
                VariantInfo::Tuple(some) => some.field_at(0)?.type_info(),
                _ => None,
            });
            Schema::Option(boxed(some, held))
        }
        (schema, _) => schema.without_defaults(),
    }
}

/// A type that no value can be made of.
#[derive(Reflect)]
#[reflect(from_reflect = false)]
#[reflect(FromReflect)]
struct Unmade;

impl FromReflect for Unmade {
    fn from_reflect(_: &dyn PartialReflect) -> Option<Self> {
        None
    }
}

/// The types of which values of this one consist, by which a value is read into its parts, and nothing is made of them.
fn in_parts(whole: TypeId, registry: &TypeRegistry) -> TypeRegistry {
    let unmade = Unmade::get_type_registration().data::<ReflectFromReflect>().cloned();
    let (mut types, mut next) = (TypeRegistry::empty(), vec![whole]);
    while let Some(id) = next.pop() {
        let Some(registration) = registry.get(id).filter(|_| !types.contains(id)) else { continue };
        next.extend(parts_of(registration.type_info()));
        let mut registration = registration.clone();
        if let Some(unmade) = unmade.clone() {
            registration.insert(unmade);
        }
        types.add_registration(registration);
    }
    types
}

fn parts_of(info: &TypeInfo) -> Vec<TypeId> {
    match info {
        TypeInfo::Struct(info) => info.iter().map(NamedField::type_id).collect(),
        TypeInfo::TupleStruct(info) => info.iter().map(UnnamedField::type_id).collect(),
        TypeInfo::Tuple(info) => info.iter().map(UnnamedField::type_id).collect(),
        TypeInfo::List(info) => vec![info.item_ty().id()],
        TypeInfo::Array(info) => vec![info.item_ty().id()],
        TypeInfo::Map(info) => vec![info.key_ty().id(), info.value_ty().id()],
        TypeInfo::Set(info) => vec![info.value_ty().id()],
        TypeInfo::Enum(info) => info.iter().flat_map(parts_of_variant).collect(),
        TypeInfo::Opaque(_) => Vec::new(),
    }
}

fn parts_of_variant(variant: &VariantInfo) -> Vec<TypeId> {
    match variant {
        VariantInfo::Struct(info) => info.iter().map(NamedField::type_id).collect(),
        VariantInfo::Tuple(info) => info.iter().map(UnnamedField::type_id).collect(),
        VariantInfo::Unit(_) => Vec::new(),
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
        format().append(&bag, &mut bytes, limits::VALUE_BYTES).unwrap();
        let read: Result<Bag, _> = format().decode(&bytes);
        assert_eq!(read, Ok(bag));
        let read: Result<PricedBag, _> = format().decode(&bytes);
        assert!(matches!(read, Err(DecodeError::Refused(_))), "the items would be gone: {read:?}");
        // What the whole lacks has its default.
        bytes.clear();
        format().append(&Bag::default(), &mut bytes, limits::VALUE_BYTES).unwrap();
        let read: Result<PricedBag, _> = format().decode(&bytes);
        assert_eq!(read, Ok(PricedBag::default()));
    }
}
