//! Values as trees, through reflection.

use std::any::TypeId;
use std::collections::HashSet;

use bevy::ecs::entity::{Entity, EntityHashMap};
use bevy::ecs::world::World;
use bevy::reflect::enums::{Enum, VariantInfo, VariantType};
use bevy::reflect::{PartialReflect, ReflectRef, TypeInfo};
use bevy_session_journal::SaveId;

use super::label::name_of;
use super::tree::{DEPTH, Reference, Target, Tree};

/// Turns values of a world into trees.
#[derive(Clone, Copy)]
pub(crate) struct Reflected<'a> {
    pub world: &'a World,
    /// The entities that are restored.
    pub known: &'a EntityHashMap<SaveId>,
}

impl Reflected<'_> {
    /// A value as a tree.
    pub(crate) fn tree(&self, value: &dyn PartialReflect) -> Tree {
        self.within(value, DEPTH)
    }

    /// An entity as a reference.
    pub(crate) fn reference(&self, entity: Entity) -> Reference {
        let target = if let Some(id) = self.known.get(&entity) {
            Target::Known(*id)
        } else if self.world.get_entity(entity).is_ok() {
            Target::Unsaved(entity)
        } else {
            Target::NoOne
        };
        let name = match target {
            Target::NoOne => "no one".to_owned(),
            Target::Known(_) | Target::Unsaved(_) => name_of(self.world, entity),
        };
        Reference { target, entity, name }
    }

    fn within(&self, value: &dyn PartialReflect, depth: usize) -> Tree {
        if let Some(leaf) = self.leaf(value) {
            return leaf;
        }
        let Some(depth) = depth.checked_sub(1) else { return Tree::Opaque("…".to_owned()) };
        let tree = |value: &dyn PartialReflect| self.within(value, depth);
        match value.reflect_ref() {
            ReflectRef::Struct(value) => {
                let names = (0..value.field_len()).filter_map(|at| value.name_at(at));
                let fields = names.filter_map(|name| Some((name, value.field(name)?)));
                Tree::Fields(fields.map(|(name, value)| (name.to_owned(), tree(value))).collect())
            }
            ReflectRef::TupleStruct(value) => numbered(value.iter_fields().map(tree)),
            ReflectRef::Tuple(value) => numbered(value.iter_fields().map(tree)),
            ReflectRef::List(value) => Tree::List(value.iter().map(tree).collect()),
            ReflectRef::Array(value) => Tree::List(value.iter().map(tree).collect()),
            ReflectRef::Set(value) => Tree::set(value.iter().map(tree).collect()),
            ReflectRef::Map(value) => {
                Tree::map(value.iter().map(|(key, value)| (tree(key), tree(value))).collect())
            }
            ReflectRef::Enum(value) => variant(value, tree),
            _ => Tree::Opaque(format!("{value:?}")),
        }
    }

    /// A value that isn't made of parts, or shouldn't be looked into.
    fn leaf(&self, value: &dyn PartialReflect) -> Option<Tree> {
        let value = value.try_as_reflect()?.as_any();
        macro_rules! numbers {
            ($($number:ty),*) => {
                $(if let Some(value) = value.downcast_ref::<$number>() {
                    return Some(Tree::Number((*value).into()));
                })*
            };
        }
        numbers!(u8, u16, u32, u64, i8, i16, i32, i64, i128);
        if let Some(value) = value.downcast_ref::<usize>() {
            return i128::try_from(*value).ok().map(Tree::Number);
        }
        if let Some(value) = value.downcast_ref::<isize>() {
            return i128::try_from(*value).ok().map(Tree::Number);
        }
        if let Some(value) = value.downcast_ref::<Entity>() {
            return Some(Tree::Reference(self.reference(*value)));
        }
        if let Some(value) = value.downcast_ref::<bool>() {
            return Some(Tree::Bool(*value));
        }
        if let Some(value) = value.downcast_ref::<f32>() {
            return Some(Tree::single(*value));
        }
        if let Some(value) = value.downcast_ref::<f64>() {
            return Some(Tree::double(*value));
        }
        value.downcast_ref::<String>().map(|value| Tree::Text(value.clone()))
    }
}

/// Returns true if a value has more parts than this, without looking at all of them.
pub(crate) fn is_large(value: &dyn PartialReflect, parts: usize) -> bool {
    let mut left = parts;
    !fits(value, &mut left, DEPTH)
}

/// Returns true if a value has no more parts than are left.
fn fits(value: &dyn PartialReflect, left: &mut usize, depth: usize) -> bool {
    let (Some(rest), Some(depth)) = (left.checked_sub(1), depth.checked_sub(1)) else {
        return false;
    };
    *left = rest;
    let mut fits = |value: &dyn PartialReflect| fits(value, left, depth);
    match value.reflect_ref() {
        ReflectRef::Struct(value) => {
            (0..value.field_len()).filter_map(|at| value.field_at(at)).all(fits)
        }
        ReflectRef::TupleStruct(value) => value.iter_fields().all(fits),
        ReflectRef::Tuple(value) => value.iter_fields().all(fits),
        ReflectRef::List(value) => value.iter().all(fits),
        ReflectRef::Array(value) => value.iter().all(fits),
        ReflectRef::Set(value) => value.iter().all(fits),
        ReflectRef::Map(value) => value.iter().all(|(key, value)| fits(key) && fits(value)),
        ReflectRef::Enum(value) => value.iter_fields().all(|field| fits(field.value())),
        _ => true,
    }
}

fn numbered(values: impl Iterator<Item = Tree>) -> Tree {
    Tree::Fields(values.enumerate().map(|(place, value)| (place.to_string(), value)).collect())
}

fn variant(value: &dyn Enum, tree: impl Fn(&dyn PartialReflect) -> Tree) -> Tree {
    let fields = value.iter_fields().map(|field| field.value());
    let content = match value.variant_type() {
        VariantType::Unit => Tree::Nothing,
        VariantType::Tuple => {
            let mut fields: Vec<Tree> = fields.map(tree).collect();
            match fields.pop() {
                Some(only) if fields.is_empty() => only,
                last => numbered(fields.into_iter().chain(last)),
            }
        }
        VariantType::Struct => {
            let names = (0..value.field_len()).filter_map(|at| value.name_at(at));
            Tree::Fields(names.map(str::to_owned).zip(fields.map(tree)).collect())
        }
    };
    Tree::Variant(value.variant_name().to_owned(), Box::new(content))
}

/// Returns true if values of a type may have sets in them, whose order doesn't matter.
pub(super) fn may_have_sets(info: &'static TypeInfo) -> bool {
    let mut seen = HashSet::<TypeId>::new();
    let mut waiting = vec![info];
    while let Some(info) = waiting.pop() {
        if !seen.insert(info.type_id()) {
            continue;
        }
        match info {
            TypeInfo::Set(_) => return true,
            TypeInfo::Struct(info) => {
                waiting.extend(info.iter().filter_map(|field| field.type_info()));
            }
            TypeInfo::TupleStruct(info) => {
                waiting.extend(info.iter().filter_map(|field| field.type_info()));
            }
            TypeInfo::Tuple(info) => {
                waiting.extend(info.iter().filter_map(|field| field.type_info()));
            }
            TypeInfo::List(info) => waiting.extend(info.item_info()),
            TypeInfo::Array(info) => waiting.extend(info.item_info()),
            TypeInfo::Map(info) => {
                waiting.extend(info.key_info());
                waiting.extend(info.value_info());
            }
            TypeInfo::Enum(info) => {
                for variant in info.iter() {
                    match variant {
                        VariantInfo::Struct(info) => {
                            waiting.extend(info.iter().filter_map(|field| field.type_info()));
                        }
                        VariantInfo::Tuple(info) => {
                            waiting.extend(info.iter().filter_map(|field| field.type_info()));
                        }
                        VariantInfo::Unit(_) => {}
                    }
                }
            }
            TypeInfo::Opaque(_) => {}
        }
    }
    false
}
