//! The debt of slots.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::torture::Fact;
use crate::torture::history::SlotChange;
use crate::torture::opening::{Key, OpenedSlot, Reading, key};

/// The slots, by name.
type Shelf = BTreeMap<String, Slot>;

/// The content of a slot.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Slot {
    checkpoint: Key,
    /// The version of the attachment that it has at least.
    attached: Option<u32>,
}

/// Every way in which the slots may be found.
#[derive(Clone, Debug)]
pub struct OwedSlots {
    /// The ways in which they may be, as far as it is known what was done.
    possible: BTreeSet<Shelf>,
    /// The changes in progress, one after the other.
    in_flight: VecDeque<(u64, SlotChange)>,
}

impl Default for OwedSlots {
    fn default() -> Self {
        Self { possible: BTreeSet::from([Shelf::new()]), in_flight: VecDeque::new() }
    }
}

impl OwedSlots {
    /// Takes in a fact. `durable` returns the version of a checkpoint's attachment that is known to be there.
    pub fn follow(&mut self, fact: &Fact, durable: impl Fn(Key) -> Option<u32>) {
        match fact {
            Fact::SlotAsked { number, change } => {
                self.in_flight.push_back((*number, change.clone()));
            }
            Fact::SlotRefused { number } => drop(self.take(*number)),
            Fact::SlotMayHaveChanged { number } => {
                let change = self.take(*number);
                self.possible.extend(changed(&self.possible, &change, &durable));
            }
            Fact::SlotChanged { number } => {
                let change = self.take(*number);
                self.possible = changed(&self.possible, &change, &durable);
            }
            Fact::SlotRefreshed { name } => {
                let shelves = std::mem::take(&mut self.possible).into_iter();
                let refreshed = shelves.map(|mut shelf| {
                    if let Some(slot) = shelf.get_mut(name) {
                        slot.attached = slot.attached.max(durable(slot.checkpoint));
                    }
                    shelf
                });
                self.possible = refreshed.collect();
            }
            Fact::ProcessEnded => {
                self.possible = self.all();
                self.in_flight.clear();
            }
            _ => {}
        }
    }

    fn take(&mut self, number: u64) -> SlotChange {
        let place = self.in_flight.iter().position(|(other, _)| *other == number);
        let change = place.and_then(|place| self.in_flight.remove(place));
        change.expect("it should have been asked for").1
    }

    /// The states in which they may be found now, with any part of the changes in progress done.
    fn all(&self) -> BTreeSet<Shelf> {
        let mut all = self.possible.clone();
        for (_, change) in &self.in_flight {
            all.extend(changed(&all, change, &|_| None));
        }
        all
    }

    /// Checks that the slots that were found are in one of the states in which they may be.
    pub fn check(&self, found: &[OpenedSlot]) -> Result<(), String> {
        let all = self.all();
        match all.iter().any(|shelf| is_like(shelf, found)) {
            true => Ok(()),
            false => Err(format!("the slots are {found:?}, and should be one of {all:?}")),
        }
    }
}

/// The slots after a change, for each way in which it can be made.
fn changed(
    shelves: &BTreeSet<Shelf>,
    change: &SlotChange,
    durable: &dyn Fn(Key) -> Option<u32>,
) -> BTreeSet<Shelf> {
    let after = |shelf: &Shelf| {
        let mut shelf = shelf.clone();
        match change {
            SlotChange::Save { name, id } => {
                let (checkpoint, attached) = (key(*id), durable(key(*id)));
                shelf.insert(name.clone(), Slot { checkpoint, attached });
            }
            SlotChange::Copy { from, to } => {
                let slot = *shelf.get(from)?;
                shelf.insert(to.clone(), slot);
            }
            SlotChange::Rename { from, to } => {
                let slot = shelf.remove(from)?;
                shelf.insert(to.clone(), slot);
            }
            SlotChange::Delete { name } => drop(shelf.remove(name)?),
        }
        Some(shelf)
    };
    shelves.iter().filter_map(after).collect()
}

/// Returns true if these are the slots that were found, each of them whole.
fn is_like(shelf: &Shelf, found: &[OpenedSlot]) -> bool {
    let fits = |slot: &OpenedSlot| {
        let owed = shelf.get(&slot.name).filter(|owed| owed.checkpoint == slot.checkpoint);
        let is_whole = slot.reading != Reading::Lost;
        is_whole && owed.is_some_and(|owed| slot.attached.flatten() >= owed.attached)
    };
    shelf.len() == found.len() && found.iter().all(fits)
}
