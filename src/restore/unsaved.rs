//! Components that the checkpoint doesn't have.

use bevy::ecs::archetype::{Archetype, ArchetypeId};
use bevy::ecs::component::ComponentId;
use bevy::ecs::entity::Entity;
use bevy::ecs::world::World;
use bevy::platform::collections::HashMap;

use super::replacement::Replacement;

impl Replacement {
    /// Removes the components that the checkpoint knows and doesn't have on an entity: those that
    /// others require and the game had removed, and what hooks and observers added.
    pub(super) fn remove_what_was_not_saved(&mut self, world: &mut World) {
        let removed = self.not_saved(world);
        if !removed.is_empty() {
            self.stamps.note_hooks();
        }
        for (entity, component) in removed {
            if let Ok(mut entity) = world.get_entity_mut(entity) {
                entity.remove_by_id(component);
            }
        }
    }

    /// The components that the checkpoint knows and doesn't have on an entity.
    fn not_saved(&self, world: &World) -> Vec<(Entity, ComponentId)> {
        let mut layouts = Layouts::new(self);
        let mut removed: Vec<(Entity, ComponentId)> = Vec::new();
        for (rank, id) in (0_u32..).zip(&self.entities) {
            let Ok(entity) = world.get_entity(*id) else { continue };
            let saved = self.image.rows.of(rank);
            for (place, component) in layouts.of(entity.archetype()) {
                let is_saved = saved.iter().any(|row| row.column == *place);
                let column = self.image.columns.get(*place as usize);
                if !is_saved && column.is_some_and(|column| !column.unreadable.contains(&rank)) {
                    removed.push((*id, *component));
                }
            }
        }
        removed
    }
}

/// Which of the checkpoint's types an archetype has.
struct Layouts {
    known: Vec<(u32, ComponentId)>,
    archetypes: HashMap<ArchetypeId, Vec<(u32, ComponentId)>>,
}

impl Layouts {
    fn new(replacement: &Replacement) -> Self {
        let known = replacement.components().filter(|(_, _, column)| column.was_saved);
        let known = known.map(|(place, component, _)| (place, component)).collect();
        Self { known, archetypes: HashMap::default() }
    }

    fn of(&mut self, archetype: &Archetype) -> &[(u32, ComponentId)] {
        let known = &self.known;
        self.archetypes.entry(archetype.id()).or_insert_with(|| {
            known.iter().copied().filter(|(_, component)| archetype.contains(*component)).collect()
        })
    }
}
