//! Entities with a key that aren't saved, and that others may refer to: the root of a room.
//!
//! A level that comes again has a new root, which is the same to who refers to it. So an anchor keeps its id while it isn't
//! there. Those that come are noted in their frame: what names one may be written, or leave with it, before the next
//! capture.

use std::collections::{HashMap, HashSet};

use bevy::ecs::entity::{Entity, EntityHashSet, EntityMapper};
use bevy_session_journal::SaveId;

use super::encoder::Encoder;
use super::places::KeyedIds;
use crate::capture::placed::SaveKey;

/// The most anchors that are kept while some of them aren't there.
const MOST: usize = 65_536;

/// Entities with a key that aren't saved, whether they are there or not.
#[derive(Clone, Default)]
pub(super) struct Anchors {
    pub ids: KeyedIds,
    /// The entity that had each key last.
    entities: HashMap<SaveKey, Entity>,
}

impl Anchors {
    pub(super) fn of(ids: KeyedIds) -> Self {
        Self { ids, entities: HashMap::new() }
    }

    /// The ids of all anchors, with the entity that had their key last.
    pub(super) fn entities(&self) -> impl Iterator<Item = (SaveId, Entity)> {
        let ids = self.ids.iter();
        ids.filter_map(|(id, key)| Some((id, *self.entities.get(key)?)))
    }
}

impl Encoder {
    /// Notes anchors that have come since the last look, or have another key.
    pub(crate) fn note_arrived(&mut self, anchors: &[(Entity, SaveKey)]) {
        let there: EntityHashSet = anchors.iter().map(|(entity, _)| *entity).collect();
        anchors.iter().for_each(|(entity, key)| self.bind_anchor(*entity, key, &there));
    }

    /// Notes the anchors that are there, and forgets those that are saved now.
    pub(super) fn note_anchors(&mut self, anchors: &[(Entity, SaveKey)], saved: &[Entity]) {
        self.note_arrived(anchors);
        if self.anchors.ids.len() <= anchors.len() {
            return;
        }
        let there: HashSet<SaveId> =
            anchors.iter().filter_map(|(entity, _)| self.ids.id(*entity)).collect();
        let saved: HashSet<SaveId> = saved.iter().filter_map(|it| self.ids.id(*it)).collect();
        let Anchors { ids, entities } = &mut self.anchors;
        let are_too_many = ids.len() > MOST;
        ids.retain(|id| there.contains(&id) || !are_too_many && !saved.contains(&id));
        entities.retain(|key, _| ids.id(key).is_some());
    }

    /// Gives an anchor the id that its key had, unless it has one, or the one that has that is there.
    fn bind_anchor(&mut self, entity: Entity, key: &SaveKey, there: &EntityHashSet) {
        let known = self.anchors.ids.id(key).filter(|_| self.ids.id(entity).is_none());
        if let Some(id) = known {
            let before = self.anchors.entities.get(key).copied();
            if !before.is_some_and(|before| there.contains(&before)) {
                if let Some(before) = before {
                    self.ids.leave(before);
                }
                self.ids.seed(entity, id);
            }
        }
        let id = SaveId(self.ids.get_mapped(entity).to_bits());
        if id.is_entity() {
            self.anchors.ids.set(key.clone(), id);
            self.anchors.entities.insert(key.clone(), entity);
        }
    }
}
