//! Entities that aren't part of a player's progress, whatever their types.

use bevy::ecs::component::{Component, ComponentId};
use bevy::ecs::entity::{Entity, EntityHashMap};
use bevy::ecs::hierarchy::ChildOf;
use bevy::ecs::query::{Or, QueryState, With};
use bevy::ecs::reflect::ReflectComponent;
use bevy::ecs::resource::Resource;
use bevy::ecs::system::ResMut;
use bevy::ecs::world::World;
use bevy::prelude::ReflectDefault;
use bevy::reflect::Reflect;

use super::descendants::Descendants;
use crate::engine::{OnAdd, OnInsert, OnRemove};
use crate::saved::Saved;

/// Keeps an entity and its descendants out of all checkpoints, whatever types they have.
///
/// For entities that look like progress and aren't: the turning model in a character menu, a ghost
/// of an earlier race, a preview of a building that is being placed. When the component is removed,
/// the entity and its descendants are saved again.
///
/// ```
/// # use bevy::prelude::*;
/// # use bevy_session::Unsaved;
/// # #[derive(Component)] struct Health(u32);
/// # fn open_menu(mut commands: Commands) {
/// commands.spawn((Health(100), Unsaved));
/// # }
/// ```
#[derive(Component, Reflect, Clone, Copy, PartialEq, Eq, Debug, Default)]
#[reflect(Component, Default)]
pub struct Unsaved;

/// Was [`Saved`] before it or an ancestor became [`Unsaved`].
#[derive(Component, Clone, Copy)]
struct SavedBefore;

/// Removes the marker [`Saved`] from unsaved entities, and inserts it again on entities that no
/// longer are.
///
/// This runs before a capture or a restore reads the markers, so that nothing else has to know of
/// it: to a capture, an unsaved entity is one without the marker.
///
/// The first time in a world with an unsaved entity, all of them are looked at. From then on
/// [`Unsettled`] notes changes, and only those are looked at.
#[derive(Debug)]
pub(crate) struct UnsavedMarkers {
    roots: QueryState<Entity, With<Unsaved>>,
    set_aside: QueryState<Entity, With<SavedBefore>>,
    any: QueryState<(), Or<(With<Unsaved>, With<SavedBefore>)>>,
}

impl UnsavedMarkers {
    /// For a world that has no default query filters now.
    pub(crate) fn new(world: &mut World) -> Self {
        let (roots, set_aside) = (QueryState::new(world), QueryState::new(world));
        Self { roots, set_aside, any: QueryState::new(world) }
    }

    /// Returns true if anything is or was unsaved.
    pub(crate) fn has_work(world: &World) -> bool {
        let markers = [world.component_id::<Unsaved>(), world.component_id::<SavedBefore>()];
        world.contains_resource::<Unsettled>()
            || world.archetypes().iter().any(|archetype| {
                let is_there = |id: ComponentId| !archetype.is_empty() && archetype.contains(id);
                markers.into_iter().flatten().any(is_there)
            })
    }

    /// Updates the markers. Returns the number of entities that it looked at.
    pub(crate) fn settle(&mut self, world: &mut World) -> usize {
        if self.any.iter(world).next().is_none() {
            Unsettled::stop(world);
            return 0;
        }
        let affected = match Unsettled::take(world) {
            Some(touched) if touched.is_empty() => return 0,
            Some(touched) => Descendants::of(world, touched.into_iter()),
            None => {
                Unsettled::watch(world);
                let roots = self.roots.iter(world);
                Descendants::of(world, roots.chain(self.set_aside.iter(world)))
            }
        };
        let mut verdicts = Verdicts::default();
        for entity in affected.iter() {
            verdicts.is_unsaved(world, entity);
        }
        for entity in affected.iter() {
            let is_unsaved = verdicts.is_unsaved(world, entity);
            mark(world, entity, is_unsaved);
        }
        world.flush();
        verdicts.known.len()
    }
}

/// Removes an entity's marker, or inserts it again.
fn mark(world: &mut World, entity: Entity, is_unsaved: bool) {
    let Ok(mut entity) = world.get_entity_mut(entity) else { return };
    if is_unsaved && entity.contains::<Saved>() {
        entity.insert(SavedBefore).remove::<Saved>();
    } else if !is_unsaved && entity.contains::<SavedBefore>() {
        entity.remove::<SavedBefore>().insert(Saved);
    }
}

/// Entities that may have become descendants of an unsaved entity, or no longer are, since the
/// markers were last settled.
///
/// Observers note them. They exist only in a world that has something unsaved, so that no other
/// world pays for them.
#[derive(Resource, Default)]
pub(crate) struct Unsettled {
    touched: Vec<Entity>,
    /// True if so many were noted that looking at all entities costs less.
    is_too_much: bool,
    observers: Vec<Entity>,
}

/// The most entities that are noted between two captures.
const MOST_TOUCHED: usize = 1 << 16;

impl Unsettled {
    /// Starts to note such entities.
    fn watch(world: &mut World) {
        if let Some(mut unsettled) = world.get_resource_mut::<Self>() {
            unsettled.is_too_much = false;
            return;
        }
        world.init_resource::<Self>();
        let observers = [
            world.add_observer(|on: OnAdd<Unsaved>, it: ResMut<Self>| touch(it, on.entity)).id(),
            world.add_observer(|on: OnRemove<Unsaved>, it: ResMut<Self>| touch(it, on.entity)).id(),
            world.add_observer(|on: OnInsert<ChildOf>, it: ResMut<Self>| touch(it, on.entity)).id(),
            world.add_observer(|on: OnRemove<ChildOf>, it: ResMut<Self>| touch(it, on.entity)).id(),
            world.add_observer(|on: OnAdd<Saved>, it: ResMut<Self>| touch(it, on.entity)).id(),
        ];
        if let Some(mut unsettled) = world.get_resource_mut::<Self>() {
            unsettled.observers = observers.into();
        }
    }

    /// Stops, since nothing is unsaved any more.
    fn stop(world: &mut World) {
        let Some(Self { observers, .. }) = world.remove_resource() else { return };
        for observer in observers {
            if let Ok(observer) = world.get_entity_mut(observer) {
                observer.despawn();
            }
        }
    }

    /// Takes the entities that were noted since the last call, each once; `None` if all have to be
    /// looked at.
    fn take(world: &mut World) -> Option<Vec<Entity>> {
        let mut unsettled = world.get_resource_mut::<Self>().filter(|it| !it.is_too_much)?;
        let mut touched = std::mem::take(&mut unsettled.touched);
        touched.sort_unstable();
        touched.dedup();
        Some(touched)
    }

    /// Returns true if this observer is one of those that note entities.
    pub(crate) fn is_noted_by(&self, observer: Entity) -> bool {
        self.observers.contains(&observer)
    }
}

fn touch(mut unsettled: ResMut<Unsettled>, entity: Entity) {
    if unsettled.is_too_much {
        return;
    }
    if unsettled.touched.len() < MOST_TOUCHED {
        unsettled.touched.push(entity);
    } else {
        unsettled.touched = Vec::new();
        unsettled.is_too_much = true;
    }
}

/// Remembers which entities are unsaved, or below one that is. Each is looked at once.
#[derive(Default)]
struct Verdicts {
    known: EntityHashMap<bool>,
    passed: Vec<Entity>,
}

impl Verdicts {
    fn is_unsaved(&mut self, world: &World, entity: Entity) -> bool {
        let mut next = entity;
        let is_unsaved = loop {
            // One that was just passed: they hang from each other in a circle, without anything unsaved.
            if let Some(known) = self.known.get(&next) {
                break *known;
            }
            let Ok(found) = world.get_entity(next) else { break false };
            self.known.insert(next, false);
            self.passed.push(next);
            if found.contains::<Unsaved>() {
                break true;
            }
            let Some(parent) = found.get::<ChildOf>() else { break false };
            next = parent.parent();
        };
        self.known.extend(self.passed.drain(..).map(|passed| (passed, is_unsaved)));
        is_unsaved
    }
}

/// Returns true if an entity or one of its ancestors is unsaved.
pub(crate) fn is_unsaved(world: &World, entity: Entity) -> bool {
    // Nothing keeps a game from hanging entities from each other in a circle, so one of those that
    // were passed is remembered: after one step, two more, four more, and so on.
    let (mut remembered, mut steps, mut remembered_for) = (entity, 0_u64, 1_u64);
    let mut next = entity;
    while let Ok(found) = world.get_entity(next) {
        if found.contains::<Unsaved>() {
            return true;
        }
        let Some(parent) = found.get::<ChildOf>().map(ChildOf::parent) else { return false };
        if parent == remembered {
            return false;
        }
        steps += 1;
        if steps == remembered_for {
            (remembered, steps, remembered_for) = (parent, 0, remembered_for * 2);
        }
        next = parent;
    }
    false
}

#[cfg(test)]
mod tests {
    use bevy::ecs::name::Name;

    use super::*;

    /// Entities in a row, each a child of the one before, and the last one linked to that at `link`
    /// if given.
    fn row(world: &mut World, length: usize, link: Option<usize>) -> Vec<Entity> {
        let row: Vec<Entity> = (0..length).map(|_| world.spawn(Saved).id()).collect();
        let parents = row.iter().skip(1).copied().chain(link.map(|at| row[at]));
        for (child, parent) in row.iter().zip(parents) {
            world.entity_mut(*child).insert(ChildOf(parent));
        }
        row
    }

    #[test]
    fn unsaved_is_inherited_along_circles_and_long_chains() {
        for length in 2..40 {
            for link in 0..length - 1 {
                let mut world = World::new();
                let circle = row(&mut world, length, Some(link));
                for entity in &circle {
                    assert!(!is_unsaved(&world, *entity), "{length}, {link}");
                }
                world.entity_mut(circle[link]).insert(Unsaved);
                assert!(circle.iter().all(|entity| is_unsaved(&world, *entity)));
            }
        }
        let mut world = World::new();
        let row = row(&mut world, 5_000, None);
        assert!(!is_unsaved(&world, row[0]));
        world.entity_mut(row[4_999]).insert(Unsaved);
        assert!(is_unsaved(&world, row[0]));
    }

    #[test]
    fn markers_settle_in_a_circle_and_far_below() {
        let mut world = World::new();
        let circle = row(&mut world, 3, Some(0));
        let deep = row(&mut world, 3_000, None);
        let mut markers = UnsavedMarkers::new(&mut world);
        for unsaved in [circle[1], deep[2_999]] {
            world.entity_mut(unsaved).insert(Unsaved);
        }
        for _ in 0..2 {
            markers.settle(&mut world);
            assert_eq!(world.query::<&Saved>().iter(&world).count(), 0);
        }
        for unsaved in [circle[1], deep[2_999]] {
            world.entity_mut(unsaved).remove::<Unsaved>();
        }
        markers.settle(&mut world);
        assert_eq!(world.query::<&Saved>().iter(&world).count(), 3_003);
    }

    /// A world that has been settled, with something unsaved and this many saved entities below it.
    fn tiles(world: &mut World, count: usize) -> (UnsavedMarkers, Entity, Vec<Entity>) {
        let root = world.spawn(Unsaved).id();
        let tiles = world.spawn_batch((0..count).map(move |_| (Saved, ChildOf(root)))).collect();
        let mut markers = UnsavedMarkers::new(world);
        assert!(markers.settle(world) > count);
        (markers, root, tiles)
    }

    fn is_marked(world: &World, entity: Entity) -> bool {
        world.get::<Saved>(entity).is_some()
    }

    #[test]
    fn markers_visit_no_entity_without_a_change() {
        let mut world = World::new();
        let (mut markers, root, tiles) = tiles(&mut world, 100_000);
        for _ in 0..3 {
            assert_eq!(markers.settle(&mut world), 0);
        }
        // Entities that have nothing to do with it come and go.
        world.spawn(Name::new("beside"));
        assert_eq!(markers.settle(&mut world), 0);
        // A few change, and those are looked at.
        let late = world.spawn((Saved, ChildOf(root))).id();
        world.entity_mut(tiles[7]).remove::<ChildOf>();
        world.entity_mut(tiles[8]).insert(Saved);
        assert!((3..10).contains(&markers.settle(&mut world)));
        assert!(!is_marked(&world, late) && !is_marked(&world, tiles[8]));
        assert!(is_marked(&world, tiles[7]) && !is_marked(&world, tiles[9]));
        // What was given back is looked at once more.
        assert!(markers.settle(&mut world) < 3);
        assert_eq!(markers.settle(&mut world), 0);
    }

    #[test]
    fn a_million_unsaved_tiles_are_visited_once() {
        let mut world = World::new();
        world.spawn_batch((0..1_000_000).map(|_| Unsaved));
        let mut markers = UnsavedMarkers::new(&mut world);
        assert_eq!(markers.settle(&mut world), 1_000_000);
        assert_eq!(markers.settle(&mut world), 0);
        let saved = world.spawn((Saved, Unsaved)).id();
        assert_eq!(markers.settle(&mut world), 1);
        assert!(!is_marked(&world, saved));
    }

    #[test]
    fn more_changes_than_are_tracked_are_found_by_a_full_look() {
        let mut world = World::new();
        let (mut markers, root, _) = tiles(&mut world, 10);
        let many = (0..2 * MOST_TOUCHED).map(move |_| (Saved, ChildOf(root)));
        let many: Vec<Entity> = world.spawn_batch(many).collect();
        assert!(world.resource::<Unsettled>().touched.len() <= MOST_TOUCHED);
        assert!(markers.settle(&mut world) > many.len());
        assert!(many.iter().all(|tile| !is_marked(&world, *tile)));
        assert_eq!(markers.settle(&mut world), 0);
    }

    fn observers(world: &mut World) -> usize {
        world.query::<&bevy::ecs::observer::Observer>().iter(world).count()
    }

    #[test]
    fn a_world_without_anything_unsaved_is_not_watched() {
        let mut world = World::new();
        let mut markers = UnsavedMarkers::new(&mut world);
        let saved = world.spawn((Saved, Unsaved)).id();
        markers.settle(&mut world);
        assert!(!is_marked(&world, saved) && observers(&mut world) > 0);
        world.entity_mut(saved).remove::<Unsaved>();
        markers.settle(&mut world);
        assert!(is_marked(&world, saved));
        markers.settle(&mut world);
        assert!(!world.contains_resource::<Unsettled>());
        assert_eq!(observers(&mut world), 0);
    }

    /// A relationship that isn't the hierarchy.
    #[derive(Component)]
    #[relationship(relationship_target = Members)]
    struct MemberOf(Entity);

    #[derive(Component)]
    #[relationship_target(relationship = MemberOf)]
    struct Members(Vec<Entity>);

    #[test]
    fn only_the_hierarchy_inherits_unsaved() {
        let mut world = World::new();
        let (mut markers, root, _) = tiles(&mut world, 2);
        let member = world.spawn((Saved, MemberOf(root))).id();
        markers.settle(&mut world);
        assert!(is_marked(&world, member));
    }

    struct Chance(u64);

    impl Chance {
        fn below(&mut self, limit: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (self.0 >> 33) as usize % limit
        }
    }

    /// Makes one random change in a world of a few entities.
    fn change(world: &mut World, entities: &mut Vec<Entity>, chance: &mut Chance) {
        let one = entities[chance.below(entities.len())];
        let other = entities[chance.below(entities.len())];
        let Ok(mut one) = world.get_entity_mut(one) else { return };
        match chance.below(10) {
            0 => {
                one.insert(Unsaved);
            }
            1 | 2 => {
                one.remove::<Unsaved>();
            }
            3 | 4 if one.id() != other => {
                one.insert(ChildOf(other));
            }
            5 => {
                one.remove::<ChildOf>();
            }
            6 => {
                one.insert(Saved);
            }
            7 => {
                one.remove::<(Saved, SavedBefore)>();
            }
            8 => one.despawn(),
            _ => entities.push(world.spawn((Saved, ChildOf(other))).id()),
        }
    }

    #[test]
    fn incremental_markers_equal_those_of_a_full_look() {
        for seed in 1..=300 {
            let (mut world, mut chance) = (World::new(), Chance(seed));
            let mut entities: Vec<Entity> = (0..12).map(|_| world.spawn(Saved).id()).collect();
            let mut markers = UnsavedMarkers::new(&mut world);
            for _ in 0..60 {
                for _ in 0..chance.below(4) {
                    change(&mut world, &mut entities, &mut chance);
                }
                markers.settle(&mut world);
                for entity in &entities {
                    let Ok(found) = world.get_entity(*entity) else { continue };
                    let has_marker = found.contains::<Saved>() || found.contains::<SavedBefore>();
                    let is_to_be_saved = has_marker && !is_unsaved(&world, *entity);
                    assert_eq!(found.contains::<Saved>(), is_to_be_saved, "seed {seed}, {entity}");
                }
            }
        }
    }
}
