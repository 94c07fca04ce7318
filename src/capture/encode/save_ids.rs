//! The ids that entities have in the session.

use std::collections::HashSet;

use bevy::ecs::entity::{Entity, EntityHashMap, EntityMapper};
use bevy_session_journal::SaveId;

use crate::saved::NameEntities;

/// The most unsaved entities with an id: targets of references, and entities that lost their
/// marker. Bounded, since it isn't noticed when one of them is despawned.
const OUTSIDERS: usize = 65_536;

/// The slot of resources and states, each in its own column.
pub(super) const WORLD_SLOT: u32 = 0;
/// The slot of the first entity.
const FIRST_SLOT: u32 = WORLD_SLOT + 1;

/// The ids that entities have in the session. An entity keeps its id until it is despawned, whether
/// it is saved or not.
#[derive(Clone)]
pub(crate) struct SaveIds {
    identities: EntityHashMap<Identity>,
    /// Entities that left with their level and to which something may refer. Their ids live on, and
    /// so do references to them.
    left: EntityHashMap<Left>,
    /// Others that left since the last capture. Only what was written since then may refer to them.
    left_since: EntityHashMap<SaveId>,
    /// Those whose values are kept, named or not: kept values may name them, and those are bytes.
    absent: EntityHashMap<SaveId>,
    next: SaveId,
    free_slots: Vec<u32>,
    slots: u32,
    /// Entities with an id that aren't saved, or of which isn't known yet whether they are.
    outsiders: usize,
    /// The most outsiders now.
    room: usize,
    /// Counts full captures, to find outsiders that nothing refers to any more.
    round: u32,
    refused: bool,
}

#[derive(Clone, Copy)]
struct Identity {
    id: SaveId,
    place: Place,
    /// The last round in which it was saved or referred to.
    round: u32,
    /// True if something may refer to it.
    is_named: bool,
}

/// An entity that isn't there any more, and the id that its values are kept under.
#[derive(Clone, Copy)]
struct Left {
    id: SaveId,
    /// The last round in which it was referred to.
    round: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Not saved now.
    Outside,
    /// Saved, with the entity's bit in every column.
    Saved(u32),
    /// Saved before the full capture that is being counted.
    Unconfirmed,
}

/// The places of a saved entity's rows.
#[derive(Clone, Copy)]
pub(super) struct SavedEntity {
    pub id: SaveId,
    pub slot: u32,
}

impl SaveIds {
    /// Ids from `next` on.
    pub(super) fn starting_at(next: SaveId) -> Self {
        let next = if next.is_entity() { next } else { SaveId::FIRST };
        Self {
            identities: EntityHashMap::default(),
            left: EntityHashMap::default(),
            left_since: EntityHashMap::default(),
            absent: EntityHashMap::default(),
            next,
            free_slots: Vec::new(),
            slots: FIRST_SLOT,
            outsiders: 0,
            room: OUTSIDERS,
            round: 0,
            refused: false,
        }
    }

    /// The id that comes next.
    pub(super) fn next(&self) -> SaveId {
        self.next
    }

    /// Sets an id that a restore has kept. What refers to the entity isn't known.
    pub(super) fn seed(&mut self, entity: Entity, id: SaveId) {
        self.give(entity, id, true);
    }

    /// Makes room for as many outsiders as there are now: most of what a restore has brought is saved.
    pub(super) fn make_room(&mut self) {
        self.room = OUTSIDERS + self.outsiders;
    }

    /// Takes that room back: it is known who is saved.
    pub(super) fn end_restore(&mut self) {
        self.room = OUTSIDERS;
    }

    /// Gives an entity the id of one that left, to which nothing refers yet.
    pub(super) fn pass_on(&mut self, entity: Entity, id: SaveId) {
        self.give(entity, id, false);
    }

    fn give(&mut self, entity: Entity, id: SaveId, is_named: bool) {
        let identity = Identity { id, place: Place::Outside, round: self.round, is_named };
        if self.identities.insert(entity, identity).is_none() {
            self.outsiders += 1;
        }
        while self.next <= id {
            self.next = id.next();
        }
    }

    /// The places of a saved entity's rows.
    pub(super) fn saved(&self, entity: Entity) -> Option<SavedEntity> {
        let identity = self.identities.get(&entity)?;
        match identity.place {
            Place::Saved(slot) => Some(SavedEntity { id: identity.id, slot }),
            Place::Outside | Place::Unconfirmed => None,
        }
    }

    /// The id of an entity that may be saved, or may be gone before it was ever written.
    pub(super) fn id_or_new(&mut self, entity: Entity) -> SaveId {
        match self.identities.get(&entity) {
            Some(identity) => identity.id,
            None => take_next(&mut self.next),
        }
    }

    /// Notes that an entity's values are kept under its id.
    pub(super) fn note_absent(&mut self, entity: Entity, id: SaveId) {
        self.absent.insert(entity, id);
    }

    /// Forgets those whose values aren't kept any more.
    pub(super) fn keep_absent(&mut self, waiting: &HashSet<SaveId>) {
        self.absent.retain(|_, id| waiting.contains(id));
    }

    /// Forgets an entity, if it isn't a saved one.
    pub(super) fn forget_outsider(&mut self, entity: Entity) {
        if self.saved(entity).is_none() {
            self.remove(entity);
        }
    }

    /// The id of an entity, if it has one.
    pub(super) fn id(&self, entity: Entity) -> Option<SaveId> {
        self.identities.get(&entity).map(|identity| identity.id)
    }

    /// All entities that have an id.
    pub(super) fn entities(&self) -> impl Iterator<Item = (SaveId, Entity)> {
        self.identities.iter().map(|(entity, identity)| (identity.id, *entity))
    }

    /// Entities that left with their level, as far as something may refer to them.
    pub(super) fn left(&self) -> impl Iterator<Item = (SaveId, Entity)> {
        let since = self.left_since.iter().chain(&self.absent);
        let since = since.map(|(entity, id)| (*id, *entity));
        self.left.iter().map(|(entity, left)| (left.id, *entity)).chain(since)
    }

    /// All that was written until now is captured.
    pub(super) fn end_capture(&mut self) {
        self.left_since.clear();
    }

    #[cfg(test)]
    pub(super) fn take_over_left(&mut self, other: &Self) {
        self.left = other.left.clone();
        self.left.values_mut().for_each(|left| left.round = self.round);
    }

    /// The ids of all saved entities.
    pub(super) fn saved_ids(&self) -> impl Iterator<Item = SaveId> {
        let identities = self.identities.values();
        identities
            .filter(|identity| matches!(identity.place, Place::Saved(_)))
            .map(|identity| identity.id)
    }

    /// The number of saved entities.
    pub(super) fn saved_count(&self) -> u64 {
        (self.identities.len() - self.outsiders) as u64
    }

    /// Counts from scratch: `saved` are saved, `unmarked` exist and aren't, and the rest is gone.
    pub(super) fn recount(&mut self, saved: &[Entity], unmarked: &[Entity]) {
        self.round += 1;
        self.end_restore();
        self.slots = FIRST_SLOT;
        self.free_slots.clear();
        for identity in self.identities.values_mut() {
            // The rows of this capture say who is.
            identity.is_named = false;
            if let Place::Saved(_) = identity.place {
                identity.place = Place::Unconfirmed;
            }
        }
        let newcomers = saved.len().saturating_sub(self.identities.len());
        self.identities.reserve(newcomers);
        for entity in saved {
            self.add(*entity);
        }
        for entity in unmarked {
            if let Some(identity) = self.identities.get_mut(entity)
                && identity.place == Place::Unconfirmed
            {
                identity.place = Place::Outside;
            }
        }
        self.identities.retain(|_, identity| identity.place != Place::Unconfirmed);
        let last_round = self.round.saturating_sub(1);
        self.left.retain(|_, left| left.round >= last_round);
        self.outsiders = self.identities.len() - saved.len().min(self.identities.len());
        self.forget_outsiders();
    }

    /// Removes outsiders if there are too many.
    fn forget_outsiders(&mut self) {
        if self.outsiders <= OUTSIDERS / 2 {
            return;
        }
        // A full capture names everything that is referred to. What the last one hasn't named,
        // nothing refers to.
        let last_round = self.round.saturating_sub(1);
        self.identities
            .retain(|_, identity| identity.place != Place::Outside || identity.round >= last_round);
        let outside = |identity: &&Identity| identity.place == Place::Outside;
        self.outsiders = self.identities.values().filter(outside).count();
    }

    /// Notes that an entity is saved.
    pub(super) fn add(&mut self, entity: Entity) -> SavedEntity {
        let slot = self.free_slots.pop().unwrap_or_else(|| {
            self.slots += 1;
            self.slots - 1
        });
        let round = self.round;
        let next = &mut self.next;
        let identity = self.identities.entry(entity).or_insert_with(|| Identity {
            id: take_next(next),
            place: Place::Unconfirmed,
            round,
            is_named: false,
        });
        identity.round = round;
        match identity.place {
            Place::Saved(known) => {
                self.free_slots.push(slot);
                return SavedEntity { id: identity.id, slot: known };
            }
            Place::Outside => self.outsiders = self.outsiders.saturating_sub(1),
            Place::Unconfirmed => {}
        }
        identity.place = Place::Saved(slot);
        SavedEntity { id: identity.id, slot }
    }

    /// Notes that a saved entity left the world. Returns its places, if it was saved.
    pub(super) fn remove(&mut self, entity: Entity) -> Option<SavedEntity> {
        let saved = self.unmark(entity);
        if self.identities.remove(&entity).is_some() {
            self.outsiders = self.outsiders.saturating_sub(1);
        }
        saved
    }

    /// Notes that a saved entity left with its level, and that its values are kept under its id.
    /// Returns its places, if it was saved.
    pub(super) fn leave(&mut self, entity: Entity) -> Option<SavedEntity> {
        if let Some(Identity { id, is_named, .. }) = self.identities.get(&entity).copied() {
            if is_named && self.left.len() < OUTSIDERS {
                self.left.insert(entity, Left { id, round: self.round });
            } else {
                // Bounded, since a game may take no captures for long.
                if self.left_since.len() >= OUTSIDERS {
                    self.left_since.clear();
                }
                self.left_since.insert(entity, id);
            }
        }
        self.remove(entity)
    }

    /// Notes that an entity is no longer saved. Returns its places, if it was.
    pub(super) fn unmark(&mut self, entity: Entity) -> Option<SavedEntity> {
        let saved = self.saved(entity)?;
        let identity = self.identities.get_mut(&entity)?;
        identity.place = Place::Outside;
        self.outsiders += 1;
        self.free_slots.push(saved.slot);
        Some(saved)
    }

    /// Returns true if a reference had to be given up since the last call, because there are too
    /// many to entities that aren't saved.
    pub(super) fn take_refused(&mut self) -> bool {
        std::mem::take(&mut self.refused)
    }

    fn refer(&mut self, entity: Entity) -> Option<SaveId> {
        if let Some(identity) = self.identities.get_mut(&entity) {
            identity.round = self.round;
            identity.is_named = true;
            return Some(identity.id);
        }
        if let Some(id) = self.left_since.remove(&entity) {
            self.left.insert(entity, Left { id, round: self.round });
            return Some(id);
        }
        if let Some(left) = self.left.get_mut(&entity) {
            left.round = self.round;
            return Some(left.id);
        }
        if let Some(id) = self.absent.get(&entity).copied() {
            // It is named from now on, also when its values have gone to another one.
            self.left.insert(entity, Left { id, round: self.round });
            return Some(id);
        }
        if self.outsiders >= self.room {
            return None;
        }
        let id = take_next(&mut self.next);
        let (place, round) = (Place::Outside, self.round);
        self.identities.insert(entity, Identity { id, place, round, is_named: true });
        self.outsiders += 1;
        Some(id)
    }
}

/// Replaces entities by their ids, which are valid bits of one.
///
/// A target gets an id whether it is saved or not: it may be saved by the time of a restore.
impl EntityMapper for SaveIds {
    fn get_mapped(&mut self, source: Entity) -> Entity {
        if source == Entity::PLACEHOLDER {
            return source;
        }
        let id = self.refer(source);
        self.refused |= id.is_none();
        id.and_then(|id| Entity::try_from_bits(id.0)).unwrap_or(Entity::PLACEHOLDER)
    }

    fn set_mapped(&mut self, _: Entity, _: Entity) {}
}

impl NameEntities for SaveIds {
    fn is_saved(&self, entity: Entity) -> bool {
        self.saved(entity).is_some()
    }
}

fn take_next(next: &mut SaveId) -> SaveId {
    let id = *next;
    *next = id.next();
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entity(index: u32) -> Entity {
        Entity::from_raw_u32(index).unwrap()
    }

    #[test]
    fn an_entity_keeps_its_id_while_its_marker_comes_and_goes() {
        let mut ids = SaveIds::starting_at(SaveId::FIRST);
        let first = ids.add(entity(1)).id;
        assert!(ids.unmark(entity(1)).is_some());
        ids.recount(&[], &[]);
        assert_eq!(ids.add(entity(1)).id, first);
    }

    #[test]
    fn those_that_wait_leave_room_for_who_is_named_and_left() {
        let mut ids = SaveIds::starting_at(SaveId(1 << 20));
        for number in 0..OUTSIDERS as u32 {
            ids.note_absent(entity((1 << 21) + number), SaveId(2 + u64::from(number)));
        }
        let named = ids.get_mapped(entity(1));
        let id = ids.add(entity(1)).id;
        ids.note_absent(entity(1), id);
        ids.leave(entity(1));
        ids.end_capture();
        ids.recount(&[], &[]);
        ids.keep_absent(&HashSet::new());
        assert_eq!(ids.get_mapped(entity(1)), named);
    }

    #[test]
    fn a_target_keeps_its_id_when_it_becomes_saved() {
        let mut ids = SaveIds::starting_at(SaveId::FIRST);
        let referred = ids.get_mapped(entity(7)).to_bits();
        assert_eq!(ids.add(entity(7)).id.0, referred);
    }

    #[test]
    fn ids_are_never_given_twice() {
        let mut ids = SaveIds::starting_at(SaveId(5));
        ids.seed(entity(1), SaveId(9));
        assert_eq!(ids.add(entity(2)).id, SaveId(10));
        ids.remove(entity(2));
        assert_eq!(ids.add(entity(2)).id, SaveId(11));
    }

    #[test]
    fn references_to_unsaved_entities_are_bounded_and_make_room() {
        let mut ids = SaveIds::starting_at(SaveId::FIRST);
        for index in 0..OUTSIDERS as u32 {
            assert_ne!(ids.get_mapped(entity(index)), Entity::PLACEHOLDER);
        }
        assert_eq!(ids.get_mapped(entity(1 << 20)), Entity::PLACEHOLDER);
        assert!(ids.take_refused());
        ids.recount(&[], &[]);
        ids.recount(&[], &[]);
        assert_ne!(ids.get_mapped(entity(1 << 20)), Entity::PLACEHOLDER);
    }

    #[test]
    fn entities_of_a_restore_take_no_room_from_references_to_unsaved_entities() {
        let mut ids = SaveIds::starting_at(SaveId::FIRST);
        let restored = OUTSIDERS as u32;
        for index in 0..restored {
            ids.seed(entity(index), SaveId(SaveId::FIRST.0 + u64::from(index)));
        }
        ids.make_room();
        assert_ne!(ids.get_mapped(entity(1 << 20)), Entity::PLACEHOLDER);
        let saved: Vec<_> = (0..restored / 2).map(entity).collect();
        ids.recount(&saved, &[]);
        assert_eq!(ids.saved_count(), u64::from(restored / 2));
        // The others of the restore aren't saved, and take room from now on.
        for index in restored / 2 + 1..restored {
            assert_ne!(ids.get_mapped(entity((1 << 20) + index)), Entity::PLACEHOLDER);
        }
        assert_eq!(ids.get_mapped(entity(1 << 21)), Entity::PLACEHOLDER);
    }

    #[test]
    fn a_placeholder_reference_gets_no_id() {
        let mut ids = SaveIds::starting_at(SaveId::FIRST);
        assert_eq!(ids.get_mapped(Entity::PLACEHOLDER), Entity::PLACEHOLDER);
        assert_eq!(ids.next(), SaveId::FIRST);
    }
}
