//! Components and resources that the checkpoint doesn't have.

use std::collections::BTreeMap;
use std::sync::Arc;

use bevy::ecs::archetype::{Archetype, ArchetypeId};
use bevy::ecs::component::ComponentId;
use bevy::ecs::entity::Entity;
use bevy::ecs::world::World;
use bevy::platform::collections::HashMap;

use super::image::{ImageColumn, WorldImage};
use super::replacement::{Origin, Replacement};
use super::report::NewComponents;

/// The number of times that components are removed, if that adds others.
const ROUNDS: usize = 3;

/// Components that entities have and the checkpoint doesn't.
#[derive(Default)]
struct NotSaved {
    /// To remove: the game had removed them, or hooks and observers added them.
    removed: Vec<(Entity, ComponentId)>,
    /// To keep, since they came with an update of the game: the number of entities that have each,
    /// by column.
    new: BTreeMap<u32, u64>,
}

impl Replacement {
    /// Removes the components that the checkpoint knows and doesn't have on an entity: those that
    /// others require and the game had removed, and additions by hooks and observers.
    /// What the game adds when they are removed goes as well.
    pub(super) fn remove_what_was_not_saved(&mut self, world: &mut World) {
        let mut not_saved = self.not_saved(world);
        for _ in 0..ROUNDS {
            if not_saved.removed.is_empty() {
                break;
            }
            self.stamps.note_hooks();
            for (entity, component) in not_saved.removed {
                if let Ok(mut entity) = world.get_entity_mut(entity) {
                    entity.remove_by_id(component);
                }
            }
            world.flush();
            not_saved = self.not_saved(world);
        }
        let NotSaved { removed, new } = not_saved;
        self.is_settled &= removed.is_empty();
        let left = self.components().filter(|(_, it, _)| removed.iter().any(|(_, id)| id == it));
        let left: Vec<Arc<str>> = left.map(|(.., column)| column.type_path.clone()).collect();
        left.iter().for_each(|type_path| self.report.add_not_as_saved(type_path));
        let new = new.into_iter().filter_map(|(place, entities)| {
            let type_path = self.image.columns.get(place as usize)?.type_path.to_string();
            Some(NewComponents { type_path, entities })
        });
        self.report.new_components = new.collect();
    }

    fn not_saved(&self, world: &World) -> NotSaved {
        let mut layouts = Layouts::new(self);
        let mut not_saved = NotSaved::default();
        let nothing_ran = self.stamps.nothing_ran_until_now(world);
        for (rank, (id, origin)) in (0_u32..).zip(self.entities.iter().zip(&self.origins)) {
            // What it has more than the checkpoint was taken from it before, but for what an update
            // gives to an entity with a key.
            let stays = *origin == Origin::Staying && !self.image.has_key(rank);
            if stays && nothing_ran && self.difference.written.of(rank).is_empty() {
                continue;
            }
            let Ok(entity) = world.get_entity(*id) else { continue };
            let saved = self.image.rows.of(rank);
            let there = layouts.of(entity.archetype());
            // Nearly all have just what was saved.
            if saved.iter().map(|row| row.column).eq(there.iter().map(|(place, _)| *place)) {
                continue;
            }
            for (place, component) in there {
                let is_saved = saved.iter().any(|row| row.column == *place);
                let column = self.image.columns.get(*place as usize);
                let Some(column) = column.filter(|column| !column.unreadable.contains(&rank))
                else {
                    continue;
                };
                if is_saved {
                    continue;
                } else if self.came_with_an_update(rank, column) {
                    *not_saved.new.entry(*place).or_default() += 1;
                } else {
                    not_saved.removed.push((*id, *component));
                }
            }
        }
        not_saved
    }

    /// Returns true if the checkpoint lacks an entity's component because the build that took it
    /// never gave it one.
    pub(super) fn came_with_an_update(&self, rank: u32, column: &ImageColumn) -> bool {
        if !column.was_saved {
            return true;
        }
        let builds = &self.image.builds;
        // Nobody but the level says what it gives to an entity.
        let is_placed = self.image.keys.contains_key(&rank);
        let id = self.image.ranks.ids().get(rank as usize);
        let has_waited = id.is_some_and(|id| builds.earlier.contains(id));
        if is_placed && (builds.are_other_versions() || has_waited) {
            return true;
        }
        let saved = || {
            let columns = self.image.rows.of(rank).iter();
            let columns = columns.filter_map(|row| self.image.columns.get(row.column as usize));
            columns.map(|column| &*column.type_path)
        };
        let was_required =
            builds.then.as_ref().is_some_and(|then| then.requires(saved(), &column.type_path));
        builds.now.requires(saved(), &column.type_path) && !was_required
    }
}

/// The resources that came with an update.
pub(super) fn new_resources(image: &WorldImage, world: &mut World) -> Vec<NewComponents> {
    let columns = image.columns.iter();
    let columns = columns.filter(|column| !column.was_saved && column.unreadable.is_empty());
    let there = columns.filter(|column| {
        let component = column.resource_component(world);
        component.is_some_and(|component| world.get_resource_by_id(component).is_some())
    });
    let new = there.map(|column| column.type_path.to_string());
    new.map(|type_path| NewComponents { type_path, entities: 1 }).collect()
}

/// The saved types of each archetype.
pub(super) struct Layouts {
    known: Vec<(u32, ComponentId)>,
    archetypes: HashMap<ArchetypeId, Layout>,
    /// The layout of the entity that was looked at last, which most have.
    last: Option<(ArchetypeId, Layout)>,
}

/// Saved types, ascending.
type Layout = Arc<[(u32, ComponentId)]>;

impl Layouts {
    pub(super) fn new(replacement: &Replacement) -> Self {
        let components = replacement.components();
        // A built-in type that the checkpoint doesn't know is no component of the game's.
        let known = components.filter(|(_, _, column)| column.was_saved || !column.is_built_in());
        let known = known.map(|(place, component, _)| (place, component)).collect();
        Self { known, archetypes: HashMap::default(), last: None }
    }

    pub(super) fn of(&mut self, archetype: &Archetype) -> &[(u32, ComponentId)] {
        let id = archetype.id();
        if self.last.as_ref().is_none_or(|(last, _)| *last != id) {
            let known = self.known.iter().copied();
            let layout = self.archetypes.entry(id).or_insert_with(|| {
                known.filter(|(_, component)| archetype.contains(*component)).collect()
            });
            self.last = Some((id, Arc::clone(layout)));
        }
        self.last.as_ref().map_or(&[], |(_, layout)| layout)
    }
}
