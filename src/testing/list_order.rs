//! Whether the order of lists in a written value says something.

use bevy::reflect::TypeRegistry;

use super::reflected::may_have_sets;
use crate::capture::{CHILD_OF, CHILD_ORDER, DISABLED, SAVE_KEYS};

/// Whether the order of lists in the written values of a type says something.
///
/// Sets are written as lists, in whatever order. Only reflection knows whether there are any, and
/// where it doesn't know the type, nothing is said of the order.
pub(super) fn lists_have_order(type_path: &str, registry: &TypeRegistry) -> bool {
    if [CHILD_OF, CHILD_ORDER, DISABLED, SAVE_KEYS].contains(&type_path) {
        return true;
    }
    let registration = registry.get_with_type_path(type_path);
    registration.is_some_and(|registration| !may_have_sets(registration.type_info()))
}
