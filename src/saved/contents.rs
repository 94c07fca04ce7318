//! The possible contents of a type's values, as far as reflection knows the type.

use std::any::TypeId;
use std::collections::HashMap;

use bevy::ecs::entity::Entity;
use bevy::reflect::enums::VariantInfo;
use bevy::reflect::{Type, TypeInfo, TypeRegistry};

/// The possible contents of a type's values. A part that reflection can't look into may hold
/// anything; fields with `#[reflect(ignore)]` aren't seen at all.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Contents {
    /// An [`Entity`].
    pub entities: bool,
    /// Something shared, which its last owner frees: a handle of an asset, an `Arc`.
    pub shared: bool,
    /// A type that contains itself.
    pub nested: bool,
}

/// A part of a type: the type of a field, or that of the items of a list.
type Part = (Type, Option<&'static TypeInfo>);

impl Contents {
    /// The possible contents of a type's values; `None` if reflection doesn't know the type.
    pub(crate) fn of(registry: &TypeRegistry, type_id: TypeId) -> Option<Self> {
        let info = registry.get_type_info(type_id)?;
        let mut contents = Self::default();
        contents.look_into((*info.ty(), Some(info)), registry, &mut HashMap::new());
        Some(contents)
    }

    /// Looks into a part. `seen` has those that were looked into, and whether they still are.
    fn look_into(
        &mut self,
        (part, info): Part,
        registry: &TypeRegistry,
        seen: &mut HashMap<TypeId, bool>,
    ) {
        if let Some(is_around) = seen.get(&part.id()) {
            self.nested |= is_around;
            return;
        }
        seen.insert(part.id(), true);
        self.note(&part);
        match info.or_else(|| registry.get_type_info(part.id())) {
            Some(TypeInfo::Opaque(_)) if is_plain(&part) => {}
            Some(TypeInfo::Opaque(_)) | None => (self.entities, self.shared) = (true, true),
            Some(info) => parts(info).into_iter().for_each(|it| self.look_into(it, registry, seen)),
        }
        seen.insert(part.id(), false);
    }

    fn note(&mut self, part: &Type) {
        self.entities |= part.id() == TypeId::of::<Entity>() || names(part, ENTITY);
        self.shared |= SHARED.iter().any(|shared| names(part, shared));
    }
}

const ENTITY: &str = "bevy_ecs::entity::Entity";
/// Substrings in the paths of types that share something.
const SHARED: [&str; 3] = ["::Arc<", "Handle<", "::UntypedHandle"];
/// The crates whose opaque types hold only plain values, or what their path names.
const PLAIN: [&str; 8] =
    ["core", "alloc", "std", "glam", "smol_str", "uuid", "bevy_platform", "bevy_ecs"];

/// Returns true if the path of a type contains this text: as the type itself, or as an argument.
fn names(part: &Type, text: &str) -> bool {
    part.path().contains(text)
}

/// Returns true if an opaque type is one whose path names its contents.
fn is_plain(part: &Type) -> bool {
    // Those of the language itself have no crate.
    part.crate_name().is_none_or(|name| PLAIN.contains(&name))
}

fn parts(info: &TypeInfo) -> Vec<Part> {
    match info {
        TypeInfo::Struct(info) => {
            info.iter().map(|field| (*field.ty(), field.type_info())).collect()
        }
        TypeInfo::TupleStruct(info) => {
            info.iter().map(|field| (*field.ty(), field.type_info())).collect()
        }
        TypeInfo::Tuple(info) => {
            info.iter().map(|field| (*field.ty(), field.type_info())).collect()
        }
        TypeInfo::List(info) => vec![(info.item_ty(), info.item_info())],
        TypeInfo::Array(info) => vec![(info.item_ty(), info.item_info())],
        TypeInfo::Set(info) => vec![(info.value_ty(), None)],
        TypeInfo::Map(info) => {
            vec![(info.key_ty(), info.key_info()), (info.value_ty(), info.value_info())]
        }
        TypeInfo::Enum(info) => info.iter().flat_map(variant_parts).collect(),
        TypeInfo::Opaque(_) => Vec::new(),
    }
}

fn variant_parts(variant: &VariantInfo) -> Vec<Part> {
    match variant {
        VariantInfo::Struct(info) => {
            info.iter().map(|field| (*field.ty(), field.type_info())).collect()
        }
        VariantInfo::Tuple(info) => {
            info.iter().map(|field| (*field.ty(), field.type_info())).collect()
        }
        VariantInfo::Unit(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use bevy::reflect::{GetTypeRegistration, Reflect};

    use super::*;

    fn contents<T: GetTypeRegistration + 'static>() -> (bool, bool) {
        let mut registry = TypeRegistry::new();
        registry.register::<T>();
        let Contents { entities, shared, .. } = Contents::of(&registry, TypeId::of::<T>()).unwrap();
        (entities, shared)
    }

    #[derive(Reflect)]
    struct Plain {
        names: Vec<String>,
        place: Option<(f32, [u8; 4])>,
        inner: Vec<Inner>,
    }

    #[derive(Reflect)]
    struct Inner(u32);

    #[derive(Reflect)]
    enum Refers {
        No,
        To(Entity),
        All { listed: BTreeSet<Entity> },
    }

    #[derive(Reflect)]
    struct Shares {
        picture: Vec<Option<Arc<Inner>>>,
    }

    #[derive(Reflect, Clone)]
    #[reflect(opaque)]
    struct Sealed;

    #[test]
    fn contents_of_a_type_are_found_at_any_depth() {
        assert_eq!(contents::<Plain>(), (false, false));
        assert_eq!(contents::<Refers>(), (true, false));
        assert_eq!(contents::<Vec<(u8, Option<Refers>)>>(), (true, false));
        assert!(contents::<Shares>().1);
        assert_eq!(contents::<Sealed>(), (true, true), "nobody can look into it");
        let unknown = Contents::of(&TypeRegistry::new(), TypeId::of::<Inner>());
        assert_eq!(unknown, None);
    }

    #[derive(Reflect)]
    struct Branch {
        leaves: Vec<Inner>,
        branches: Vec<Branch>,
    }

    #[test]
    fn a_type_that_contains_itself_is_told_from_one_that_occurs_twice() {
        let is_nested =
            |registry: &TypeRegistry, type_id| Contents::of(registry, type_id).unwrap().nested;
        let mut registry = TypeRegistry::new();
        registry.register::<(Branch, u8)>();
        registry.register::<(Inner, Vec<Inner>, Inner)>();
        assert!(is_nested(&registry, TypeId::of::<(Branch, u8)>()));
        assert!(!is_nested(&registry, TypeId::of::<(Inner, Vec<Inner>, Inner)>()));
    }
}
