//! Hints at entities that were despawned or unmarked, and components that were removed, since the
//! last capture.
//!
//! Removal messages are only hints: the world at the moment of the capture is the truth. That is
//! right even for reused ids, and components that were removed and added again.

use bevy::ecs::component::ComponentId;
use bevy::ecs::entity::Entity;
use bevy::ecs::lifecycle::RemovedComponentEntity;
use bevy::ecs::message::MessageCursor;
use bevy::ecs::world::{EntityRef, World};

use super::entities::{CapturedEntities, RemovedRows};
use super::related::target_of;

/// The component whose removal removes a row.
#[derive(Clone, Copy)]
pub(crate) enum Watched {
    Component(ComponentId),
    /// The component that lists the sources of this relationship. Bevy registers it with the first
    /// link.
    TargetOf(ComponentId),
}

impl Watched {
    fn component(self, world: &World) -> Option<ComponentId> {
        match self {
            Self::Component(component) => Some(component),
            Self::TargetOf(relationship) => target_of(world, relationship),
        }
    }
}

/// The number of hints at which they are checked, to drop the outdated ones. A game whose gate is
/// closed may run for hours without a capture that takes them.
const LOOK_THROUGH: usize = 4_096;
/// The most entities that may have been saved and left. Beyond, a full capture costs less than
/// tracking each.
const MOST_DEPARTURES: usize = 1 << 18;

/// Follows the removals of the marker and of every saved component.
pub(crate) struct Removals {
    marker_id: ComponentId,
    marker: Watch,
    columns: Vec<(usize, Watch)>,
}

/// Follows the removals of one component, with a separate cursor.
struct Watch {
    watched: Watched,
    cursor: MessageCursor<RemovedComponentEntity>,
    candidates: Vec<Entity>,
    /// The number of candidates at which they are checked next.
    look_through_at: usize,
}

impl Removals {
    /// Follows the removals of `marker`, and of the components of some columns.
    pub(crate) fn new(
        marker: ComponentId,
        columns: impl IntoIterator<Item = (usize, Watched)>,
    ) -> Self {
        let watch = |(column, watched)| (column, Watch::new(watched));
        let columns = columns.into_iter().map(watch).collect();
        Self { marker_id: marker, marker: Watch::new(Watched::Component(marker)), columns }
    }

    /// Notes removals since the last call. Bevy forgets removals after two frames.
    pub(crate) fn note(&mut self, world: &World) {
        let marker = self.marker_id;
        // The writer doesn't know yet that it left, or lost its marker.
        let has_left = |entity: Option<EntityRef<'_>>, _| {
            entity.is_none_or(|entity| !entity.contains_id(marker))
        };
        self.marker.note(world, has_left);
        // What left the world takes all its rows along.
        let has_lost = |entity: Option<EntityRef<'_>>, component| {
            entity.is_some_and(|entity| !entity.contains_id(component))
        };
        for (_, watch) in &mut self.columns {
            watch.note(world, has_lost);
        }
    }

    /// Returns true if so many entities have left that they are no longer worth tracking; then all
    /// are forgotten.
    pub(crate) fn give_up(&mut self, world: &World) -> bool {
        let gives_up = self.marker.candidates.len() > MOST_DEPARTURES;
        if gives_up {
            self.skip(world);
        }
        gives_up
    }

    /// Forgets everything up to now.
    pub(crate) fn skip(&mut self, world: &World) {
        self.marker.skip(world);
        for (_, watch) in &mut self.columns {
            watch.skip(world);
        }
    }

    /// Reports the entities whose marker was removed.
    pub(crate) fn take_entities(&mut self, world: &World, entities: &mut CapturedEntities) {
        for candidate in self.marker.take() {
            match world.get_entity(candidate) {
                Err(_) => entities.despawned.push(candidate),
                Ok(entity) if !entity.contains_id(self.marker_id) => {
                    entities.unmarked.push(candidate);
                }
                Ok(_) => {}
            }
        }
    }

    /// Reports the saved entities that lost a component.
    pub(crate) fn take_rows(&mut self, world: &World, removed: &mut Vec<RemovedRows>) {
        let marker = self.marker_id;
        for (column, watch) in &mut self.columns {
            let Some(component) = watch.watched.component(world) else { continue };
            let mut entities = watch.take();
            entities.retain(|entity| {
                world.get_entity(*entity).is_ok_and(|entity| {
                    entity.contains_id(marker) && !entity.contains_id(component)
                })
            });
            if !entities.is_empty() {
                removed.push(RemovedRows { column: *column, entities });
            }
        }
    }
}

impl Watch {
    fn new(watched: Watched) -> Self {
        let (cursor, candidates) = (MessageCursor::default(), Vec::new());
        Self { watched, cursor, candidates, look_through_at: LOOK_THROUGH }
    }

    /// Notes removals, and checks them if there are many: `is_hint` returns true for an entity,
    /// existing or not, that may still have lost the component.
    fn note(
        &mut self,
        world: &World,
        is_hint: impl Fn(Option<EntityRef<'_>>, ComponentId) -> bool,
    ) {
        if let Some(component) = self.watched.component(world)
            && let Some(removals) = world.removed_components().get(component)
            && !self.cursor.is_empty(removals)
        {
            let removals = self.cursor.read(removals);
            self.candidates.extend(removals.map(|removal| Entity::from(removal.clone())));
            if self.candidates.len() >= self.look_through_at {
                let is_hint = |entity: &Entity| is_hint(world.get_entity(*entity).ok(), component);
                // One may have lost it again and again.
                self.candidates.sort_unstable();
                self.candidates.dedup();
                self.candidates.retain(is_hint);
                self.look_through_at = LOOK_THROUGH.max(self.candidates.len() * 2);
            }
        }
    }

    fn skip(&mut self, world: &World) {
        self.candidates.clear();
        if let Some(component) = self.watched.component(world)
            && let Some(removals) = world.removed_components().get(component)
        {
            self.cursor.clear(removals);
        }
    }

    /// The candidates, each once.
    fn take(&mut self) -> Vec<Entity> {
        let mut candidates = std::mem::take(&mut self.candidates);
        self.look_through_at = LOOK_THROUGH;
        candidates.sort_unstable();
        candidates.dedup();
        candidates
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::test_kit::Armor;
    use crate::saved::Saved;

    fn removals(world: &mut World) -> Removals {
        let marker = world.register_component::<Saved>();
        let armor = Watched::Component(world.register_component::<Armor>());
        Removals::new(marker, [(0, armor)])
    }

    fn frame(world: &mut World, removals: &mut Removals) {
        removals.note(world);
        world.clear_trackers();
    }

    #[test]
    fn removals_between_captures_are_bounded() {
        let mut world = World::new();
        let mut removals = removals(&mut world);
        let naked = world.spawn((Saved, Armor(1))).id();
        world.entity_mut(naked).remove::<Armor>();
        let restless = world.spawn(Saved).id();
        for _ in 0..2_000 {
            let bullets: Vec<Entity> = (0..20).map(|_| world.spawn(Armor(0)).id()).collect();
            bullets.into_iter().for_each(|bullet| _ = world.despawn(bullet));
            world.entity_mut(restless).remove::<Saved>().insert(Saved);
            frame(&mut world, &mut removals);
        }
        let kept = [&removals.marker, &removals.columns[0].1].map(|watch| watch.candidates.len());
        assert!(kept.iter().all(|kept| *kept <= LOOK_THROUGH), "{kept:?}");
        let mut rows = Vec::new();
        removals.take_rows(&world, &mut rows);
        assert_eq!(rows.remove(0).entities, [naked], "and what counts is still known");
    }

    #[test]
    fn more_removals_than_are_tracked_are_given_up() {
        let mut world = World::new();
        let mut removals = removals(&mut world);
        for _ in 0..9 {
            let many: Vec<Entity> = (0..30_000).map(|_| world.spawn(Saved).id()).collect();
            assert!(!removals.give_up(&world));
            many.into_iter().for_each(|saved| _ = world.despawn(saved));
            frame(&mut world, &mut removals);
        }
        assert!(removals.give_up(&world));
        assert!(!removals.give_up(&world));
        assert!(removals.marker.candidates.is_empty());
    }
}
