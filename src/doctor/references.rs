//! References that a restore loses.

use std::collections::{BTreeMap, HashSet};

use bevy::ecs::component::ComponentId;
use bevy::ecs::entity::{Entity, EntityMapper};
use bevy::ecs::hierarchy::ChildOf;
use bevy::ecs::reflect::ReflectComponent;
use bevy::reflect::{Reflect, ReflectFromReflect, TypeRegistry};

use super::patient::Patient;
use super::{Finding, FoundEntities};
use crate::saved::CHILD_OF;
use crate::values::{Reference, Reflected, Target, given_name};

/// References from saved values to entities that aren't restored, and entities that aren't mapped.
/// Those of one field are one finding.
pub(super) fn references(patient: &Patient<'_>) -> Vec<Finding> {
    let mut search = Search { patient, found: BTreeMap::new() };
    let registry = patient.registry.read();
    for (component, type_path) in &patient.components {
        let entity = patient.world.resource_entities().get(*component);
        if &**type_path == CHILD_OF {
            search.look_at_parents();
        } else if let Some(entity) = entity {
            search.look_at(&registry, *component, entity, None);
        } else {
            for entity in &patient.saved {
                search.look_at(&registry, *component, *entity, Some(*entity));
            }
        }
    }
    search.found.into_values().collect()
}

struct Search<'a> {
    patient: &'a Patient<'a>,
    /// By type, sort of finding, and field without places in lists.
    found: BTreeMap<(String, bool, String), Finding>,
}

impl Search<'_> {
    /// Looks at parents. The hierarchy is saved whether or not reflection knows it.
    fn look_at_parents(&mut self) {
        let world = self.patient.world;
        let reflected = Reflected { world, known: &self.patient.known };
        for child in &self.patient.saved {
            let Some(parent) = world.get::<ChildOf>(*child) else { continue };
            let reference = reflected.reference(parent.parent());
            if let Target::Unsaved(_) = reference.target {
                self.add_unsaved(CHILD_OF, String::new(), Some(*child), &reference);
            }
        }
    }

    fn look_at(
        &mut self,
        registry: &TypeRegistry,
        component: ComponentId,
        holder: Entity,
        entity: Option<Entity>,
    ) {
        let type_id =
            self.patient.type_id(component).filter(|id| !self.patient.doctor.ignores(Some(*id)));
        let registration = type_id.and_then(|type_id| registry.get(type_id));
        let (Some(registration), Ok(holder)) =
            (registration, self.patient.world.get_entity(holder))
        else {
            return;
        };
        let Some(functions) = registration.data::<ReflectComponent>() else { return };
        let Some(value) = functions.reflect(holder) else { return };
        let type_path = registration.type_info().type_path();
        let reflected = Reflected { world: self.patient.world, known: &self.patient.known };
        let tree = reflected.tree(value.as_partial_reflect());
        let references = tree.references();
        if references.is_empty() {
            return;
        }
        let unmapped = unmapped(&reflected, value, functions, registration.data());
        for (field, reference) in references {
            if unmapped.contains(&(without_places(&field), reference.entity)) {
                self.add_unmapped(type_path, field, entity);
            } else if let Target::Unsaved(_) = reference.target {
                self.add_unsaved(type_path, field, entity, reference);
            }
        }
    }

    fn add_unsaved(
        &mut self,
        type_path: &str,
        field: String,
        entity: Option<Entity>,
        reference: &Reference,
    ) {
        let world = self.patient.world;
        let new = |on| Finding::ReferenceToUnsaved {
            type_path: type_path.to_owned(),
            field: field.clone(),
            on,
            target: reference.entity,
            target_name: given_name(world, reference.entity),
        };
        let key = (type_path.to_owned(), true, without_places(&field));
        self.add(key, entity, new);
    }

    fn add_unmapped(&mut self, type_path: &str, field: String, entity: Option<Entity>) {
        let key = (type_path.to_owned(), false, without_places(&field));
        let type_path = type_path.to_owned();
        self.add(key, entity, |on| Finding::EntityNotMapped { type_path, field, on });
    }

    fn add(
        &mut self,
        key: (String, bool, String),
        entity: Option<Entity>,
        new: impl FnOnce(Option<FoundEntities>) -> Finding,
    ) {
        let world = self.patient.world;
        match self.found.get_mut(&key) {
            Some(
                Finding::ReferenceToUnsaved { on: Some(on), .. }
                | Finding::EntityNotMapped { on: Some(on), .. },
            ) => on.count += 1,
            Some(_) => {}
            None => {
                let on = entity.map(|entity| FoundEntities::one(world, entity));
                self.found.insert(key, new(on));
            }
        }
    }
}

/// The fields of one value that hold entities that aren't mapped, with the value's type; `None` if there
/// is no entity in it.
pub(super) fn unmapped_fields(
    reflected: &Reflected<'_>,
    registry: &TypeRegistry,
    component: ComponentId,
    holder: Entity,
) -> Option<Vec<(String, String)>> {
    let info = reflected.world.components().get_info(component)?;
    let registration = registry.get(info.type_id()?)?;
    let functions = registration.data::<ReflectComponent>()?;
    let value = functions.reflect(reflected.world.get_entity(holder).ok()?)?;
    let tree = reflected.tree(value.as_partial_reflect());
    let references = tree.references();
    if references.is_empty() {
        return None;
    }
    let unmapped = unmapped(reflected, value, functions, registration.data());
    let type_path = registration.type_info().type_path();
    let fields = references.into_iter().map(|(field, held)| (without_places(&field), held.entity));
    let fields = fields.filter(|held| unmapped.contains(held));
    Some(fields.map(|(field, _)| (type_path.to_owned(), field)).collect())
}

/// The entities in a value that don't change when it is mapped, with their fields.
fn unmapped(
    reflected: &Reflected<'_>,
    value: &dyn Reflect,
    functions: &ReflectComponent,
    from_reflect: Option<&ReflectFromReflect>,
) -> HashSet<(String, Entity)> {
    let copy = value.reflect_clone().ok();
    let copy = copy.or_else(|| from_reflect?.from_reflect(value.as_partial_reflect()));
    let Some(mut copy) = copy else { return HashSet::new() };
    functions.map_entities(&mut *copy, &mut Elsewhere);
    let mapped = reflected.tree(copy.as_partial_reflect());
    let left = mapped.references().into_iter();
    let left = left.map(|(field, reference)| (without_places(&field), reference.entity));
    // What `Elsewhere` leads to is in no world of today.
    left.filter(|(_, entity)| *entity != Entity::PLACEHOLDER && *entity == Elsewhere::back(*entity))
        .collect()
}

/// Maps each entity to one of a much later generation.
struct Elsewhere;

/// The bit that distinguishes the entities of the two.
const LATER: u64 = 1 << 63;

impl Elsewhere {
    /// The original of a mapped entity, whether or not it was mapped.
    fn back(entity: Entity) -> Entity {
        Entity::try_from_bits(entity.to_bits() & !LATER).unwrap_or(entity)
    }
}

impl EntityMapper for Elsewhere {
    fn get_mapped(&mut self, source: Entity) -> Entity {
        Entity::try_from_bits(source.to_bits() | LATER).unwrap_or(source)
    }

    fn set_mapped(&mut self, _: Entity, _: Entity) {}
}

/// A field without the indices in lists, of which there may be thousands.
pub(super) fn without_places(field: &str) -> String {
    let mut within = false;
    let letters = field.chars().filter(|letter| {
        match letter {
            '[' => within = true,
            ']' => within = false,
            _ => return !within,
        }
        true
    });
    letters.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_items_of_a_list_are_one_field() {
        assert_eq!(without_places(".crew[12].of[3]"), ".crew[].of[]");
    }
}
