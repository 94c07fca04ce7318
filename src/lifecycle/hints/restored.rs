//! Hints about what a restore could not restore, and what nothing has spawned or inserted since.

use std::collections::{BTreeMap, BTreeSet};

use bevy::ecs::component::ComponentId;
use bevy::ecs::world::World;
use bevy::prelude::*;
use bevy::reflect::TypeRegistry;
use tracing::info;

use super::{IgnoredTypes, SessionHint, give_hint};
use crate::capture::{crate_of, is_crate_of_engine, type_path_of};
use crate::lifecycle::notifications::SessionRestored;
use crate::restore::{DanglingReference, NotPutBack, Reappearance, RestoreReport};

/// Gives the hints about references of restored entities without a target.
pub(crate) fn hint_at_dangling(restored: On<SessionRestored>, mut commands: Commands) {
    let report = &restored.report;
    let hints = dangling(report);
    if report.dangling_total > 0 && hints.is_empty() {
        let first = report.dangling.first().map(|first| &first.type_path);
        info!(
            references = report.dangling_total,
            ?first,
            "restored references lead to entities that aren't saved"
        );
    }
    if !hints.is_empty() {
        commands.queue(|world: &mut World| {
            hints.into_iter().for_each(|hint| give_hint(world, hint));
        });
    }
}

/// A plain reference without a target may be to an entity that was despawned long ago, as in most
/// games. A relationship never is: its target existed and wasn't saved.
fn dangling(report: &RestoreReport) -> Vec<SessionHint> {
    let mut links = BTreeMap::<&str, Vec<&DanglingReference>>::new();
    let mut unmapped = BTreeSet::new();
    for reference in &report.dangling {
        if reference.is_relationship {
            links.entry(&reference.type_path).or_default().push(reference);
        } else if reference.was_unmapped {
            unmapped.insert((&reference.type_path, &reference.field));
        }
    }
    let links = links.into_iter().map(|(type_path, lost)| SessionHint::LinkNotRestored {
        type_path: type_path.to_owned(),
        entities: lost.len(),
    });
    let unmapped = unmapped.into_iter().map(|(type_path, field)| SessionHint::SavedUnmapped {
        type_path: type_path.clone(),
        field: field.clone(),
    });
    links.chain(unmapped).collect()
}

/// Gives the hint about components that entities had before a restore, and that nothing has
/// inserted since.
pub(super) fn hint_at_what_is_not_put_back(world: &mut World) {
    let Some(reappearance) = world.remove_resource::<Reappearance>() else { return };
    let registry = world.get_resource::<AppTypeRegistry>().cloned().unwrap_or_default();
    let found = reappearance.not_put_back(world);
    let named = found.iter().find_map(|lost| named(world, &registry.read(), lost));
    if let Some(hint) = named {
        give_hint(world, hint);
    }
}

/// The hint about lost components, unless the game may have meant it: if only its own components
/// were lost.
fn named(world: &World, registry: &TypeRegistry, lost: &NotPutBack) -> Option<SessionHint> {
    let saved: Vec<String> =
        lost.saved.iter().filter_map(|id| type_path_of(world, registry, *id)).collect();
    let is_own = |type_path: &str| {
        let name = crate_of(type_path);
        !is_crate_of_engine(name) && saved.iter().any(|known| crate_of(known) == name)
    };
    let counts =
        |id: &&ComponentId| !is_ignored(world, **id) && !comes_with_others(world, lost, **id);
    let names = lost.components.iter().filter(counts);
    let names = names.filter_map(|id| type_path_of(world, registry, *id));
    // Names of entities and observers, and the plugin's own: nobody sees or hears of them.
    let is_unseen = |name: &str| ["bevy_ecs", "bevy_session"].contains(&crate_of(name));
    let names = names.filter(|name| !is_unseen(name) || name == Children::type_path());
    let (own, mut components): (Vec<String>, Vec<String>) = names.partition(|name| is_own(name));
    if components.is_empty() {
        return None;
    }
    components.extend(own);
    Some(SessionHint::NotPutBack { saved, components })
}

pub(super) fn is_ignored(world: &World, component: ComponentId) -> bool {
    let type_id = world.components().get_info(component).and_then(|info| info.type_id());
    type_id.is_some_and(|type_id| IgnoredTypes::has(world, type_id))
}

/// Returns true if another lost component requires this one. [`Transform`] is reported all the
/// same.
fn comes_with_others(world: &World, lost: &NotPutBack, component: ComponentId) -> bool {
    let is_required_by = |other: &ComponentId| {
        let required = world.get_required_components_by_id(*other);
        required.is_some_and(|required| required.iter_ids().any(|id| id == component))
    };
    Some(component) != world.component_id::<Transform>()
        && lost.components.iter().filter(|other| **other != component).any(is_required_by)
}
