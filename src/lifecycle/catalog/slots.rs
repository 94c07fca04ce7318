//! The slots in the catalogue.

use std::collections::{HashMap, HashSet};

use bevy::prelude::*;
use bevy_session_journal::internal::read::recovery::SlotListing;
use bevy_session_journal::{
    SessionId, SlotEntry, SlotError, SlotId, SlotKind, UnreadableSlot, Validity,
};

use crate::lifecycle::{CurrentSession, SessionCatalog};

impl SessionCatalog {
    /// All slots of all sessions and players, most recently captured first.
    #[must_use]
    pub fn slots(&self) -> &[SlotEntry] {
        &self.listing.slots
    }

    /// The slots of one session, most recently captured first.
    pub fn slots_of(&self, session: SessionId) -> impl Iterator<Item = &SlotEntry> {
        self.slots().iter().filter(move |slot| slot.session.id == session)
    }

    /// The slots of a session that can't be recovered, which can still be loaded.
    pub(in crate::lifecycle) fn slots_left(
        world: &mut World,
        session: SessionId,
    ) -> Vec<SlotEntry> {
        world.get_resource_or_init::<Self>().slots_of(session).cloned().collect()
    }

    /// The entry of one slot.
    #[must_use]
    pub fn slot(&self, slot: SlotId) -> Option<&SlotEntry> {
        self.slots().iter().find(|entry| entry.id == slot)
    }

    /// The manual slot of a player with exactly this name.
    #[must_use]
    pub fn slot_named(&self, player: Option<&str>, name: &str) -> Option<&SlotEntry> {
        self.slots().iter().find(|entry| {
            let is_own = entry.session.player.as_deref() == player;
            is_own && entry.kind == SlotKind::Manual && entry.name == name
        })
    }

    /// The files of slots that can't be used: damaged, of a newer release, of another game.
    #[must_use]
    pub fn unreadable_slots(&self) -> &[UnreadableSlot] {
        &self.listing.unreadable
    }

    pub(in crate::lifecycle) fn why_unreadable(&self, slot: SlotId) -> SlotError {
        let file = self.unreadable_slots().iter().find(|file| file.id == slot);
        file.map_or(SlotError::Unknown, |file| file.error.clone())
    }

    pub(in crate::lifecycle) fn list_slots(&mut self, listing: SlotListing) {
        self.listing = listing;
        self.count_slots();
    }

    pub(in crate::lifecycle) fn put_slot(&mut self, entry: SlotEntry) {
        self.listing.slots.retain(|known| known.id != entry.id);
        let slots = &mut self.listing.slots;
        let place = slots.partition_point(|known| known.newest_first(&entry).is_lt());
        slots.insert(place, entry);
        self.count_slots();
    }

    pub(in crate::lifecycle) fn remove_slots(&mut self, slots: &[SlotId]) {
        let slots: HashSet<&SlotId> = slots.iter().collect();
        let gone = self.listing.slots.extract_if(.., |known| slots.contains(&known.id));
        let gone: Vec<(SessionId, u64)> = gone.map(|slot| (slot.session.id, slot.bytes)).collect();
        self.listing.unreadable.retain(|known| !slots.contains(&known.id));
        for (session, bytes) in gone {
            if let Some(of_session) = self.slot_bytes.get_mut(&session) {
                *of_session = of_session.saturating_sub(bytes);
            }
            self.add_slots(session);
        }
    }

    pub(in crate::lifecycle) fn note_slot(&mut self, slot: SlotId, validity: Validity) {
        if let Some(entry) = self.listing.slots.iter_mut().find(|entry| entry.id == slot) {
            entry.validity = validity;
        }
    }

    /// Adds the sizes of slots to those of the sessions of which they have changed.
    pub(in crate::lifecycle) fn count_slots(&mut self) {
        let mut bytes: HashMap<SessionId, u64> = HashMap::new();
        for slot in &self.listing.slots {
            *bytes.entry(slot.session.id).or_default() += slot.bytes;
        }
        let before = std::mem::replace(&mut self.slot_bytes, bytes);
        let bytes = &self.slot_bytes;
        let gone = before.keys().filter(|session| !bytes.contains_key(session));
        let others = bytes.iter().filter(|(session, bytes)| before.get(session) != Some(bytes));
        let others = others.map(|(session, _)| session);
        let changed: Vec<SessionId> = gone.chain(others).copied().collect();
        changed.into_iter().for_each(|session| self.add_slots(session));
    }

    /// Adds the size of a session's slots to its own.
    fn add_slots(&mut self, session: SessionId) {
        let slots = self.bytes_of_slots(session);
        self.sessions.change(session, |entry| {
            let bytes = entry.journal_bytes + slots;
            std::mem::replace(&mut entry.bytes, bytes) != bytes
        });
    }

    pub(in crate::lifecycle) fn bytes_of_slots(&self, session: SessionId) -> u64 {
        self.slot_bytes.get(&session).copied().unwrap_or_default()
    }
}

/// The slot that is loaded for a quick load.
pub(in crate::lifecycle) fn quick_slot(world: &World) -> Option<&SlotEntry> {
    let player = world.get_resource::<CurrentSession>().map(|current| current.player());
    let mut slots = world.get_resource::<SessionCatalog>()?.slots().iter();
    // In a menu it isn't said yet who plays.
    slots.find(|slot| {
        let is_own = player.is_none_or(|player| slot.session.player.as_deref() == player);
        slot.kind == SlotKind::Quick && is_own
    })
}
