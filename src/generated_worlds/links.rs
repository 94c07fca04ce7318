//! References, relationships and hierarchies, at random.

use bevy::ecs::entity::{EntityHashSet, MapEntities};
use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use super::churn::Churn;
use super::levels::may_hang;
use crate::ReflectSaved;
use crate::capture::test_kit::*;

/// A link of exactly one entity to another.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[relationship(relationship_target = PairedBy)]
pub struct PairedWith(pub Entity);

#[derive(Component, Reflect, Debug)]
#[relationship_target(relationship = PairedWith)]
pub struct PairedBy(Entity);

/// Despawned with its owner.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[relationship(relationship_target = Owns)]
pub struct OwnedBy(pub Entity);

#[derive(Component, Reflect, Debug)]
#[relationship_target(relationship = OwnedBy, linked_spawn)]
pub struct Owns(Vec<Entity>);

/// A link to an entity that keeps no order.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[relationship(relationship_target = Herd)]
pub struct InHerd(pub Entity);

#[derive(Component, Reflect, Debug)]
#[relationship_target(relationship = InHerd)]
pub struct Herd(EntityHashSet);

/// A reference that never changes.
#[derive(Component, Reflect, MapEntities, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[component(immutable)]
pub struct Home(#[entities] pub Entity);

/// An entity: saved, not saved, despawned, or a placeholder.
pub fn anybody(churn: &mut Churn) -> Entity {
    let somebody = match churn.random.below(8) {
        0..5 => churn.random.pick(&churn.alive),
        5 | 6 => churn.random.pick(&churn.dead),
        _ => None,
    };
    somebody.copied().unwrap_or(Entity::PLACEHOLDER)
}

/// Makes an entity refer to another.
pub fn refer(churn: &mut Churn, world: &mut World, entity: Entity) {
    let strength = churn.number();
    let targets = (0..churn.random.below(4)).map(|_| anybody(churn)).collect();
    if churn.random.one_in(6) {
        let home = anybody(churn);
        world.entity_mut(entity).insert(Home(home));
        return;
    }
    let target = Target { strength, targets };
    let change = churn.random.one_in(2);
    match world.get_mut::<Target>(entity) {
        Some(mut known) if change => *known = target,
        _ => _ = world.entity_mut(entity).insert(target),
    }
}

/// Links an entity to another one, or removes the link.
pub fn relate(churn: &mut Churn, world: &mut World, entity: Entity) {
    let Some(other) = churn.random.pick(&churn.alive).copied() else { return };
    match churn.random.below(16) {
        9 | 10 if entity != other => {
            world.entity_mut(entity).insert(PairedWith(other));
        }
        // Nobody owns an owner, so that no circle comes of it.
        11 if entity != other && may_own(world, other, entity) => {
            world.entity_mut(entity).insert(OwnedBy(other));
        }
        12 => _ = world.entity_mut(entity).remove::<(PairedWith, OwnedBy)>(),
        13 | 14 if entity != other => _ = world.entity_mut(entity).insert(InHerd(other)),
        15 => _ = world.entity_mut(entity).remove::<(InHerd, Home)>(),
        0..2 if entity != other => _ = world.entity_mut(entity).insert(MemberOf(other)),
        2 => _ = world.entity_mut(entity).remove::<MemberOf>(),
        3..6 if !is_above(world, entity, other) && may_hang(world, entity, other) => {
            world.entity_mut(entity).insert(ChildOf(other));
        }
        6 => _ = world.entity_mut(entity).remove::<ChildOf>(),
        7 => reorder(churn, world, entity),
        8 => _ = world.entity_mut(entity).detach_all_children(),
        _ => {}
    }
}

fn may_own(world: &World, owner: Entity, owned: Entity) -> bool {
    world.get::<OwnedBy>(owner).is_none()
        && world.get::<Owns>(owned).is_none()
        && may_hang(world, owned, owner)
}

/// Gives a new entity a parent.
pub fn adopt(churn: &mut Churn, world: &mut World, entity: Entity) {
    if let Some(parent) = churn.random.pick(&churn.alive)
        && world.get_entity(*parent).is_ok()
    {
        world.entity_mut(entity).insert(ChildOf(*parent));
    }
}

fn reorder(churn: &mut Churn, world: &mut World, parent: Entity) {
    let Some(children) = world.get::<Children>(parent).map(|children| children.to_vec()) else {
        return;
    };
    let Some(child) = churn.random.pick(&children).copied() else { return };
    let place = churn.random.below(children.len() as u64) as usize;
    world.entity_mut(parent).insert_children(place, &[child]);
}
