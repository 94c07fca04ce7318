//! Requests about slots, and their answers.

use super::super::Fact;
use super::super::attachments::{attachment, version_of};
use super::super::game::Slot;
use super::super::history::SlotChange;
use super::super::opening::PROFILES;
use super::Play;
use crate::format::CheckpointKind;
use crate::model::ids::Ticket;
use crate::model::session::{SaveSlot, SlotError};
use crate::write::{Order, SlotDone, SlotOrder};

/// The names of slots. Two of them are nearly one.
const NAMES: [&str; 3] = ["Boss", "boss", "Cave"];

/// Something that was asked of slots, and by which number the history knows it.
pub(super) struct Asked {
    order: String,
    number: u64,
}

impl Play {
    pub(super) fn save_slot(&mut self, overwrite: bool) {
        let name = self.slot_name();
        self.checkpoint(CheckpointKind::Manual);
        let Some(playing) = &self.game.playing else { return };
        let (session, checkpoint) = (playing.session, playing.newest());
        let slot = SaveSlot::manual(name.clone());
        let slot = if overwrite { slot.overwrite() } else { slot };
        let change = SlotChange::Save { name: self.place(&name), id: checkpoint };
        self.ask(SlotOrder::Save { slot, session, checkpoint }, change);
        self.turn();
    }

    /// Returns true if a request about slots wasn't answered yet.
    pub fn waits_for_slots(&self) -> bool {
        !self.asked.is_empty()
    }

    pub(super) fn copy_slot(&mut self) {
        let Some((from, slot)) = self.any_slot() else { return };
        let to = self.slot_name();
        let order = SlotOrder::Copy { slot: slot.id, name: to.clone() };
        let change = SlotChange::Copy { from: self.place(&from), to: self.place(&to) };
        self.ask(order, change);
        self.turn();
    }

    pub(super) fn rename_slot(&mut self) {
        // An earlier request may give the name to another slot.
        self.settle();
        let Some((from, slot)) = self.any_slot() else { return };
        let to = self.slot_name();
        let order = SlotOrder::Rename { slot: slot.id, name: to.clone() };
        let change = SlotChange::Rename { from: self.place(&from), to: self.place(&to) };
        self.ask(order, change);
        self.turn();
    }

    pub(super) fn delete_slot(&mut self) {
        self.settle();
        let Some((name, slot)) = self.any_slot() else { return };
        let order = SlotOrder::Delete { slot: slot.id };
        let change = SlotChange::Delete { name: self.place(&name) };
        self.ask(order, change);
        self.turn();
    }

    /// Lays something beside the newest checkpoint, be it durable or not.
    pub(super) fn attach(&mut self) {
        let Some(playing) = &self.game.playing else { return };
        let (session, checkpoint) = (playing.session, playing.newest());
        self.attachments += 1;
        let version = self.attachments;
        self.note(session, Fact::Attaching { id: checkpoint, version });
        let attachment = attachment(checkpoint, version);
        let news = self.order_slot(SlotOrder::Attach { session, checkpoint, attachment });
        self.take_news(Some(session), news);
        self.turn();
    }

    fn ask(&mut self, order: SlotOrder, change: SlotChange) {
        let number = self.number();
        self.asked.push(Asked { order: format!("{order:?}"), number });
        self.note_of_all(Fact::SlotAsked { number, change });
        let session = self.played();
        let news = self.order_slot(order);
        self.take_news(session, news);
    }

    fn order_slot(&mut self, order: SlotOrder) -> Vec<crate::write::News> {
        self.game.order(Order::Slot { order, ticket: Some(Ticket::new()) }, self.now)
    }

    pub(super) fn hear_of_slot(&mut self, order: &SlotOrder, result: &Result<SlotDone, SlotError>) {
        match (order, result) {
            (SlotOrder::Attach { session, checkpoint, attachment }, Ok(_)) => {
                let version = version_of(*checkpoint, attachment.bytes());
                self.note(*session, Fact::Attached { id: *checkpoint, version });
            }
            (SlotOrder::Attach { .. } | SlotOrder::Refresh { .. }, Err(_)) => {}
            (SlotOrder::Refresh { .. }, Ok(done)) => {
                if let SlotDone::Written { entry, .. } = done {
                    let name = self.place(&entry.name);
                    self.note_of_all(Fact::SlotRefreshed { name });
                }
            }
            _ => self.hear_of_change(order, result),
        }
    }

    fn hear_of_change(&mut self, order: &SlotOrder, result: &Result<SlotDone, SlotError>) {
        let order = format!("{order:?}");
        let place = self.asked.iter().position(|asked| asked.order == order);
        let asked = self.asked.remove(place.expect("it should have been asked for"));
        let number = asked.number;
        self.note_of_all(match result {
            Ok(_) => Fact::SlotChanged { number },
            // The disk may have done it, and only then have said that it failed.
            Err(SlotError::Disk { .. }) => Fact::SlotMayHaveChanged { number },
            Err(_) => Fact::SlotRefused { number },
        });
    }

    /// One of the slots that are there.
    pub(super) fn any_slot(&mut self) -> Option<(String, Slot)> {
        let slots: Vec<(String, Slot)> = self.game.slots.clone().into_iter().collect();
        self.random.pick(&slots).cloned()
    }

    fn slot_name(&mut self) -> String {
        NAMES[self.random.below(NAMES.len() as u64) as usize].to_owned()
    }

    /// The name of a slot, as the only one of all profiles.
    fn place(&self, name: &str) -> String {
        format!("{}/{name}", PROFILES[self.profile])
    }
}
