//! Which components run code of the game where they are inserted or removed.

use bevy::ecs::component::{ComponentId, Components};
use bevy::ecs::lifecycle::{ComponentHooks, HookContext};
use bevy::ecs::world::{DeferredWorld, World};

use crate::capture::{SaveKey, Saved};

/// Whether code of the game runs where a component is inserted or removed, or one that comes with
/// it. Hooks of relationships are Bevy's own and change nothing that is saved.
pub(super) fn runs_hooks(world: &World, component: ComponentId) -> bool {
    let components = world.components();
    let own = [world.component_id::<Saved>(), world.component_id::<SaveKey>()];
    let required = world.get_required_components_by_id(component);
    let required = required.into_iter().flat_map(|required| required.iter_ids());
    std::iter::once(component)
        .chain(required)
        .any(|id| !own.contains(&Some(id)) && has_hooks(components, id))
}

fn has_hooks(components: &Components, component: ComponentId) -> bool {
    components.get_info(component).is_some_and(|info| {
        info.relationship_accessor().is_none() && any_is_set(info.hooks().clone())
    })
}

/// Bevy doesn't say which hooks are set, but that one can't be set twice.
fn any_is_set(mut hooks: ComponentHooks) -> bool {
    fn nothing(_: DeferredWorld<'_>, _: HookContext) {}
    hooks.try_on_add(nothing).is_none()
        || hooks.try_on_insert(nothing).is_none()
        || hooks.try_on_discard(nothing).is_none()
        || hooks.try_on_remove(nothing).is_none()
}
