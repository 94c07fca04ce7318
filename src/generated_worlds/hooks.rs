//! Components with hooks of each kind: what they keep fits the components, whatever came back.

use std::collections::BTreeMap;

use bevy::ecs::entity::{EntityHashMap, EntityHashSet};
use bevy::ecs::lifecycle::HookContext;
use bevy::ecs::world::DeferredWorld;
use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use crate::capture::test_kit::*;
use crate::{ReflectSaved, Saved};

/// Is in an index by its entity.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[component(on_insert = enter, on_discard = strike_out)]
pub struct Titled(pub u32);

/// Is in an index by its value, and never changes.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[component(immutable, on_insert = put_on, on_discard = take_off)]
pub struct Badge(pub u32);

/// Has a [`Light`], an entity of its own.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[component(on_add = light, on_remove = put_out, on_despawn = put_out)]
#[require(Lit)]
pub struct Lamp(pub u32);

/// Isn't saved, and adds and removes another component.
#[derive(Component, Clone, Default)]
#[component(on_add = begin_to_glow, on_remove = go_dark)]
pub struct Lit;

#[derive(Component, Clone)]
pub struct Glow;

/// A lamp's helper, which is its child and isn't saved.
#[derive(Component)]
pub struct Light;

/// The data that the hooks keep.
#[derive(Resource, Default)]
pub struct Kept {
    pub titles: EntityHashMap<u32>,
    pub wearers: BTreeMap<u32, EntityHashSet>,
    pub lights: EntityHashMap<Entity>,
    /// Hooks that ran.
    pub ran: u64,
}

/// Registers the types, and makes room for what their hooks keep.
pub fn add_to(app: &mut App) {
    app.init_resource::<Kept>()
        .register_type::<Titled>()
        .register_type::<Badge>()
        .register_type::<Lamp>();
}

/// Hooks that change saved data, as those of [`Kept`] don't.
pub fn meddle(world: &mut World) {
    world.register_component_hooks::<Look>().on_add(lose_the_name).on_remove(leave_armor);
    world.register_component_hooks::<Player>().on_despawn(leave_a_ghost);
}

/// Fails if what the hooks keep isn't what the components say.
pub fn must_fit(world: &World) {
    let kept = world.resource::<Kept>();
    let (mut titles, mut wearers) = (EntityHashMap::default(), BTreeMap::new());
    let (mut lamps, mut lights) = (EntityHashSet::default(), EntityHashSet::default());
    // By archetype, since a query passes over what is disabled.
    let entities = world.archetypes().iter().flat_map(|archetype| archetype.entities());
    for entity in entities.map(|entity| world.entity(entity.id())) {
        let id = entity.id();
        titles.extend(entity.get::<Titled>().map(|titled| (id, titled.0)));
        if let Some(Badge(number)) = entity.get() {
            wearers.entry(*number).or_insert_with(EntityHashSet::default).insert(id);
        }
        lamps.extend(entity.get::<Lamp>().map(|_| id));
        lights.extend(entity.get::<Light>().map(|_| id));
        assert_eq!(entity.contains::<Lit>(), entity.contains::<Glow>(), "{id}: what is lit glows");
    }
    assert_eq!(kept.titles, titles, "the index by entities");
    assert_eq!(kept.wearers, wearers, "the index by values");
    assert_eq!(kept.lights.keys().copied().collect::<EntityHashSet>(), lamps, "who has a light");
    assert_eq!(kept.lights.values().copied().collect::<EntityHashSet>(), lights, "the lights");
}

/// Changes what is kept, once for each hook that runs.
fn keep(world: &mut DeferredWorld<'_>, change: impl FnOnce(&mut Kept)) {
    if let Some(mut kept) = world.get_resource_mut::<Kept>() {
        kept.ran += 1;
        change(&mut kept);
    }
}

fn enter(mut world: DeferredWorld<'_>, HookContext { entity, .. }: HookContext) {
    let Some(Titled(number)) = world.get(entity).cloned() else { return };
    keep(&mut world, |kept| _ = kept.titles.insert(entity, number));
}

fn strike_out(mut world: DeferredWorld<'_>, HookContext { entity, .. }: HookContext) {
    keep(&mut world, |kept| _ = kept.titles.remove(&entity));
}

fn put_on(mut world: DeferredWorld<'_>, HookContext { entity, .. }: HookContext) {
    let Some(Badge(number)) = world.get(entity).cloned() else { return };
    keep(&mut world, |kept| {
        kept.wearers.entry(number).or_default().insert(entity);
    });
}

fn take_off(mut world: DeferredWorld<'_>, HookContext { entity, .. }: HookContext) {
    keep(&mut world, |kept| {
        kept.wearers.values_mut().for_each(|wearers| _ = wearers.remove(&entity));
        kept.wearers.retain(|_, wearers| !wearers.is_empty());
    });
}

fn light(mut world: DeferredWorld<'_>, HookContext { entity, .. }: HookContext) {
    let light = world.commands().spawn((Light, ChildOf(entity))).id();
    keep(&mut world, |kept| _ = kept.lights.insert(entity, light));
}

fn put_out(mut world: DeferredWorld<'_>, HookContext { entity, .. }: HookContext) {
    let mut light = None;
    keep(&mut world, |kept| light = kept.lights.remove(&entity));
    if let Some(light) = light {
        world.commands().entity(light).try_despawn();
    }
}

fn begin_to_glow(mut world: DeferredWorld<'_>, HookContext { entity, .. }: HookContext) {
    keep(&mut world, |_| {});
    world.commands().entity(entity).try_insert(Glow);
}

fn go_dark(mut world: DeferredWorld<'_>, HookContext { entity, .. }: HookContext) {
    keep(&mut world, |_| {});
    world.commands().entity(entity).try_remove::<Glow>();
}

fn lose_the_name(mut world: DeferredWorld<'_>, HookContext { entity, .. }: HookContext) {
    keep(&mut world, |_| {});
    world.commands().entity(entity).try_remove::<Name>();
}

fn leave_armor(mut world: DeferredWorld<'_>, HookContext { entity, .. }: HookContext) {
    keep(&mut world, |_| {});
    world.commands().entity(entity).try_insert(Armor(99));
}

fn leave_a_ghost(mut world: DeferredWorld<'_>, _: HookContext) {
    keep(&mut world, |_| {});
    world.commands().spawn((Name::new("ghost"), Saved));
}
