//! The components whose insertion or removal runs code of the game.

use bevy::ecs::component::{ComponentId, Components};
use bevy::ecs::entity::Entity;
use bevy::ecs::lifecycle::{ADD, ComponentHooks, DISCARD, HookContext, INSERT, REMOVE};
use bevy::ecs::observer::CachedComponentObservers;
use bevy::ecs::resource::IsResource;
use bevy::ecs::world::{DeferredWorld, World};

use crate::capture::{SaveKey, Unsettled};
use crate::saved::Saved;

/// Returns true if hooks of the game run when a component, or one that comes with it, is inserted
/// or removed. Hooks of relationships and of each resource's required components are Bevy's and
/// change nothing saved.
pub(super) fn runs_hooks(world: &World, component: ComponentId) -> bool {
    let components = world.components();
    let own = [
        world.component_id::<Saved>(),
        world.component_id::<SaveKey>(),
        world.component_id::<IsResource>(),
    ];
    let required = world.get_required_components_by_id(component);
    let required = required.into_iter().flat_map(|required| required.iter_ids());
    std::iter::once(component)
        .chain(required)
        .any(|id| !own.contains(&Some(id)) && has_hooks(components, id))
}

/// Returns true if a component can be written in place.
pub(super) fn is_mutable(world: &World, component: ComponentId) -> bool {
    world.components().get_info(component).is_some_and(|info| info.mutable())
}

/// Returns true if code of the game, a hook or an observer, runs when a component is inserted.
pub(super) fn runs_code(world: &World, component: ComponentId) -> bool {
    runs_hooks(world, component) || is_observed(world, component)
}

/// Returns true if an observer runs when a component is inserted, or one that comes with it: the
/// components that it requires, and the list of the entity that it links to.
fn is_observed(world: &World, component: ComponentId) -> bool {
    let required = world.get_required_components_by_id(component);
    let required = required.into_iter().flat_map(|required| required.iter_ids());
    let info = world.components().get_info(component);
    let list = info.and_then(|info| info.relationship_accessor()).map(|link| link.counterpart_id());
    let come: Vec<ComponentId> = std::iter::once(component).chain(required).chain(list).collect();
    let events = [ADD, INSERT, DISCARD, REMOVE].into_iter();
    events.filter_map(|event| world.observers().try_get_observers(event)).any(|observers| {
        let mut observed = come.iter().filter_map(|id| observers.component_observers().get(id));
        !observers.global_observers().is_empty()
            || !observers.entity_observers().is_empty()
            || observed.any(|observed| is_observed_by_game(world, observed))
    })
}

/// Returns true if the game observes a component, not only the plugin.
fn is_observed_by_game(world: &World, observed: &CachedComponentObservers) -> bool {
    let own = world.get_resource::<Unsettled>();
    let is_own = |observer: &Entity| own.is_some_and(|own| own.is_noted_by(*observer));
    !observed.entity_component_observers().is_empty()
        || !observed.global_observers().keys().all(is_own)
}

fn has_hooks(components: &Components, component: ComponentId) -> bool {
    components.get_info(component).is_some_and(|info| {
        info.relationship_accessor().is_none() && any_is_set(info.hooks().clone())
    })
}

/// True if any hook is set. Bevy can't be asked that, but it refuses to set a hook twice.
fn any_is_set(mut hooks: ComponentHooks) -> bool {
    fn nothing(_: DeferredWorld<'_>, _: HookContext) {}
    hooks.try_on_add(nothing).is_none()
        || hooks.try_on_insert(nothing).is_none()
        || hooks.try_on_discard(nothing).is_none()
        || hooks.try_on_remove(nothing).is_none()
}
