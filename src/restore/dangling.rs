//! Finds the field of a reference without a target.

use bevy::ecs::entity::Entity;
use bevy::ecs::reflect::{AppTypeRegistry, ReflectComponent};
use bevy::ecs::world::World;
use bevy::reflect::{PartialReflect, ReflectRef};

use super::report::DanglingReference;

/// The greatest depth at which a field is found.
const DEPTH: usize = 16;

/// Sets the reference's field, if the type is registered for reflection. The reference is a
/// placeholder by now. It can't be distinguished from a field that was one from the start, so the
/// first placeholder is named.
pub(super) fn name_field(reference: &mut DanglingReference, world: &World) {
    if reference.is_relationship {
        return;
    }
    let Some(registry) = world.get_resource::<AppTypeRegistry>() else { return };
    let registry = registry.read();
    let component = registry
        .get_with_type_path(&reference.type_path)
        .and_then(|registration| registration.data::<ReflectComponent>());
    let (Some(component), Ok(entity)) = (component, world.get_entity(reference.entity)) else {
        return;
    };
    let value = component.reflect(entity);
    reference.field = value.and_then(|value| placeholder_in(value.as_partial_reflect(), DEPTH));
}

/// The path of the first placeholder in a value.
fn placeholder_in(value: &dyn PartialReflect, depth: usize) -> Option<String> {
    if value.try_downcast_ref::<Entity>() == Some(&Entity::PLACEHOLDER) {
        return Some(String::new());
    }
    let depth = depth.checked_sub(1)?;
    let search = |name: String, value: &dyn PartialReflect| {
        placeholder_in(value, depth).map(|rest| format!("{name}{rest}"))
    };
    let numbered = |index: usize| format!(".{index}");
    let listed = |index: usize| format!("[{index}]");
    match value.reflect_ref() {
        ReflectRef::Struct(fields) => (0..fields.field_len()).find_map(|index| {
            search(format!(".{}", fields.name_at(index)?), fields.field_at(index)?)
        }),
        ReflectRef::TupleStruct(fields) => {
            (0..fields.field_len()).find_map(|index| search(numbered(index), fields.field(index)?))
        }
        ReflectRef::Tuple(fields) => {
            (0..fields.field_len()).find_map(|index| search(numbered(index), fields.field(index)?))
        }
        ReflectRef::Enum(fields) => (0..fields.field_len()).find_map(|index| {
            let name =
                fields.name_at(index).map_or_else(|| numbered(index), |name| format!(".{name}"));
            search(name, fields.field_at(index)?)
        }),
        ReflectRef::List(items) => {
            items.iter().enumerate().find_map(|(index, item)| search(listed(index), item))
        }
        ReflectRef::Array(items) => {
            items.iter().enumerate().find_map(|(index, item)| search(listed(index), item))
        }
        ReflectRef::Map(entries) => entries.iter().find_map(|(key, value)| {
            search("{key}".to_owned(), key).or_else(|| search("{value}".to_owned(), value))
        }),
        ReflectRef::Set(items) => items.iter().find_map(|item| search("{item}".to_owned(), item)),
        _ => None,
    }
}
