//! Despawns many entities, however they are linked.

use bevy::ecs::entity::{Entity, EntityHashSet};
use bevy::ecs::hierarchy::{ChildOf, Children};
use bevy::ecs::world::World;

/// Bevy despawns a hierarchy by recursion. One that is deeper than this is despawned in pieces.
const DEPTH_AT_ONCE: u32 = 256;

/// Despawns these entities with their descendants, parents before their children as a game does it.
///
/// A despawned entity is searched among its siblings, from the last one. So if a parent stays, its
/// children are despawned from the last to the first, and even a million of them take little time.
pub(crate) fn despawn_all(world: &mut World, entities: &[Entity]) {
    let doomed: EntityHashSet = entities.iter().copied().collect();
    let mut tops = Tops::default();
    for entity in entities {
        tops.add(world, &doomed, *entity);
    }
    for top in tops.roots.into_iter().chain(tops.children) {
        despawn_deep(world, top);
    }
    // What is left hangs from itself in circles, each of which has to be opened somewhere.
    for entity in entities {
        if let Ok(mut member) = world.get_entity_mut(*entity) {
            member.remove::<ChildOf>();
            despawn_deep(world, *entity);
        }
    }
}

/// Despawns an entity with its descendants, however deep they are.
fn despawn_deep(world: &mut World, top: Entity) {
    for piece in lowest_first(world, top) {
        despawn(world, piece);
    }
    despawn(world, top);
}

/// Entities whose parents stay, if they have any.
#[derive(Default)]
struct Tops {
    roots: Vec<Entity>,
    /// The last of its siblings first.
    children: Vec<Entity>,
    parents: EntityHashSet,
}

impl Tops {
    fn add(&mut self, world: &World, doomed: &EntityHashSet, entity: Entity) {
        let Some(parent) = world.get::<ChildOf>(entity).map(ChildOf::parent) else {
            return self.roots.push(entity);
        };
        if !doomed.contains(&parent) && self.parents.insert(parent) {
            let siblings = world.get::<Children>(parent).into_iter().flatten().rev();
            self.children.extend(siblings.filter(|sibling| doomed.contains(*sibling)));
        }
    }
}

/// The entities at which a hierarchy that is too deep to be despawned at once is cut, lowest first.
fn lowest_first(world: &World, top: Entity) -> Vec<Entity> {
    let mut cuts = Vec::new();
    let mut waiting = vec![(top, 0_u32)];
    while let Some((entity, depth)) = waiting.pop() {
        let Some(children) = world.get::<Children>(entity) else { continue };
        // It has one parent and comes once, unless it is the top of a circle.
        if entity == top && depth > 0 {
            continue;
        }
        if depth > 0 && depth.is_multiple_of(DEPTH_AT_ONCE) {
            cuts.push((depth, entity));
        }
        waiting.extend(children.iter().map(|child| (*child, depth + 1)));
    }
    cuts.sort_by(|(depth, _), (other, _)| other.cmp(depth));
    cuts.into_iter().map(|(_, entity)| entity).collect()
}

fn despawn(world: &mut World, entity: Entity) {
    // A parent took its children along.
    if let Ok(entity) = world.get_entity_mut(entity) {
        entity.despawn();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row in which each entity is a child of the one before.
    fn row(world: &mut World, length: usize) -> Vec<Entity> {
        let mut row = vec![world.spawn_empty().id()];
        for place in 1..length {
            row.push(world.spawn(ChildOf(row[place - 1])).id());
        }
        row
    }

    #[test]
    fn a_chain_of_a_hundred_thousand_entities_is_despawned() {
        let mut world = World::new();
        let row = row(&mut world, 100_000);
        despawn_all(&mut world, &row);
        assert!(row.iter().all(|entity| world.get_entity(*entity).is_err()));
    }

    #[test]
    fn a_hierarchy_cycle_is_despawned_with_its_children() {
        for length in [2, 3, 1_000, 50_000] {
            let mut world = World::new();
            let circle = row(&mut world, length);
            world.entity_mut(circle[0]).insert(ChildOf(circle[length - 1]));
            let beside = world.spawn(ChildOf(circle[length / 2])).id();
            despawn_all(&mut world, &circle);
            let all = circle.iter().chain([&beside]);
            assert!(all.into_iter().all(|entity| world.get_entity(*entity).is_err()), "{length}");
        }
    }

    #[test]
    fn despawning_many_siblings_keeps_their_parent() {
        let mut world = World::new();
        let parent = world.spawn_empty().id();
        let stays = world.spawn(ChildOf(parent)).id();
        let siblings: Vec<Entity> =
            (0..200_000).map(|_| world.spawn(ChildOf(parent)).id()).collect();
        despawn_all(&mut world, &siblings);
        assert!(siblings.iter().all(|entity| world.get_entity(*entity).is_err()));
        assert_eq!(world.get::<Children>(parent).unwrap().to_vec(), [stays]);
    }
}
