//! Finds out if the order of lists in a written value matters.

use std::any::TypeId;

use bevy::ecs::component::Components;
use bevy::reflect::{TypeRegistration, TypeRegistry};

use super::reflected::may_have_sets;
use crate::saved::{BUILT_IN, order_of};

/// Returns true if the order of lists in the written values of a type matters.
///
/// Sets are written as lists, in any order. Only reflection knows whether there are any, and for a
/// type that it doesn't know, the order doesn't count. The order of a relationship's sources
/// matters if the collection in which their target keeps them is ordered.
pub(crate) fn lists_have_order(
    type_path: &str,
    components: &Components,
    registry: &TypeRegistry,
) -> bool {
    if BUILT_IN.contains(&type_path) {
        return true;
    }
    let registration = registry
        .get_with_type_path(type_path)
        .or_else(|| registry.get(target_of_order(type_path, components, registry)?));
    registration.is_some_and(|registration| !may_have_sets(registration.type_info()))
}

/// The type that keeps the sources whose order is in this column.
fn target_of_order(
    type_path: &str,
    components: &Components,
    registry: &TypeRegistry,
) -> Option<TypeId> {
    let is_ordered = |link: &&TypeRegistration| {
        let path = link.type_info().type_path();
        type_path.contains(path) && *order_of(path) == *type_path
    };
    let link = registry.iter().find(is_ordered)?;
    let link = components.get_info(components.get_id(link.type_id())?)?;
    components.get_info(link.relationship_accessor()?.counterpart_id())?.type_id()
}
