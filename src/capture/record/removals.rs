//! Hints at what was despawned, unmarked or removed since the last capture.
//!
//! Removal messages are hints and nothing more: the world at the moment of the capture is the
//! truth. That gets ids right that were reused, and components that were removed and added again.

use bevy::ecs::component::ComponentId;
use bevy::ecs::entity::Entity;
use bevy::ecs::lifecycle::RemovedComponentEntity;
use bevy::ecs::message::MessageCursor;
use bevy::ecs::world::World;

use super::moment::{CapturedEntities, RemovedRows};
use super::related::target_of;

/// The component whose removal takes a row away.
#[derive(Clone, Copy)]
pub(crate) enum Watched {
    Component(ComponentId),
    /// The one that lists the sources of this relationship. Bevy gets to know it with the first link.
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

/// Follows the removals of the marker and of every saved component.
pub(crate) struct Removals {
    marker_id: ComponentId,
    marker: Watch,
    columns: Vec<(usize, Watch)>,
}

/// Follows the removals of one component, with a cursor of its own.
struct Watch {
    watched: Watched,
    cursor: MessageCursor<RemovedComponentEntity>,
    candidates: Vec<Entity>,
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

    /// Notes what was removed since the last call. Bevy forgets removals after two frames.
    pub(crate) fn note(&mut self, world: &World) {
        self.marker.note(world);
        for (_, watch) in &mut self.columns {
            watch.note(world);
        }
    }

    /// Forgets everything up to now.
    pub(crate) fn skip(&mut self, world: &World) {
        self.marker.skip(world);
        for (_, watch) in &mut self.columns {
            watch.skip(world);
        }
    }

    /// Says what became of the entities whose marker was removed.
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

    /// Says which saved entities lost a component.
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
        Self { watched, cursor: MessageCursor::default(), candidates: Vec::new() }
    }

    fn note(&mut self, world: &World) {
        if let Some(component) = self.watched.component(world)
            && let Some(removals) = world.removed_components().get(component)
            && !self.cursor.is_empty(removals)
        {
            let removals = self.cursor.read(removals);
            self.candidates.extend(removals.map(|removal| Entity::from(removal.clone())));
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
        candidates.sort_unstable();
        candidates.dedup();
        candidates
    }
}
