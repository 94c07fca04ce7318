//! What a play was told, and what is owed because of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::opening::{Key, Opened, OpenedSession, OpenedSlot, Reading, key};
use crate::ids::{CheckpointId, SessionId};

/// Everything that happened, each with the number of steps that the disk had taken by then.
#[derive(Clone, Debug, Default)]
pub struct History {
    facts: Vec<(usize, SessionId, Fact)>,
}

/// Something that happened.
#[derive(Clone, PartialEq, Debug)]
pub enum Fact {
    /// A checkpoint was captured, so from now on it may be found.
    Captured { id: CheckpointId, digest: u64 },
    /// The game was told that a checkpoint is safe.
    Acknowledged { id: CheckpointId },
    /// The session is being left, and may be found closed.
    Leaving,
    /// The session was left in good order.
    Left,
    /// Somebody takes the session up, or sets it aside: it may be found either way.
    TakingUp,
    /// It was taken up while files couldn't be read, so there may be a fork.
    TakenUpHalfBlind,
    /// The player doesn't want it back.
    Declined,
    /// It is being deleted, and may be gone, but never be half of what it was.
    Forgetting,
    /// It is gone.
    Forgotten,
    /// Somebody wants it to be called something else.
    Naming { name: String },
    /// Whatever it was to be called last is durable.
    Named,
    /// The player saves under a name, so from now on the slot may be found.
    SlotSaving { name: String, id: CheckpointId },
    /// The game was told that the slot is safe.
    SlotSaved { name: String, id: CheckpointId },
    /// The slot is being deleted, and may be gone.
    SlotDeleting { name: String },
    /// The game was told that it is gone.
    SlotDeleted { name: String },
}

/// What the promise amounts to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Promise {
    /// The disk does what it says: nothing acknowledged is lost.
    NothingIsLost,
    /// The disk lies, or somebody damaged files: what is found was there once.
    NoFalseState,
}

impl History {
    pub fn note(&mut self, position: usize, session: SessionId, fact: Fact) {
        self.facts.push((position, session, fact));
    }

    /// The same for a disk that begins where this history is: all of it was before the first step.
    pub fn of_the_past(&self, position: usize) -> Self {
        let before = self.facts.iter().filter(|(at, ..)| *at <= position);
        Self { facts: before.map(|(_, session, fact)| (0, *session, fact.clone())).collect() }
    }

    /// When facts of some sort were noted.
    pub fn positions(&self, is_meant: impl Fn(&Fact) -> bool) -> Vec<usize> {
        let meant = self.facts.iter().filter(|(.., fact)| is_meant(fact));
        meant.map(|(position, ..)| *position).collect()
    }

    /// The checkpoint that was acknowledged last.
    pub fn newest_acknowledged(&self) -> Option<CheckpointId> {
        self.facts.iter().rev().find_map(|(.., fact)| match fact {
            Fact::Acknowledged { id } => Some(*id),
            _ => None,
        })
    }

    /// Whether the game was told that a checkpoint is safe.
    pub fn has_acknowledged(&self, id: CheckpointId) -> bool {
        self.facts.iter().any(|(.., fact)| *fact == Fact::Acknowledged { id })
    }

    /// Whether the checkpoint that was captured last was so before this many steps.
    pub fn newest_was_captured_before(&self, position: usize) -> bool {
        let captured = self.positions(|fact| matches!(fact, Fact::Captured { .. }));
        captured.last().is_none_or(|captured| *captured < position)
    }

    /// Whether the checkpoint that was captured last was acknowledged.
    pub fn newest_is_acknowledged(&self) -> bool {
        let newest = self.facts.iter().rev().find_map(|(.., fact)| match fact {
            Fact::Captured { id, .. } => Some(*id),
            _ => None,
        });
        newest.is_none_or(|newest| {
            self.facts.iter().any(|(.., fact)| *fact == Fact::Acknowledged { id: newest })
        })
    }
}

/// What is owed at some moment.
#[derive(Clone, Debug, Default)]
pub struct Debt {
    noted: usize,
    captured: HashMap<Key, Captured>,
    sessions: BTreeMap<SessionId, Owed>,
    slots: BTreeMap<String, OwedSlot>,
}

/// What is owed of the slot of one name.
#[derive(Clone, Debug, Default)]
struct OwedSlot {
    /// The checkpoint that it was told to hold.
    told: Option<Key>,
    /// What it may hold since somebody wanted it to.
    wanted: BTreeSet<Key>,
    may_be_gone: bool,
}

#[derive(Clone, Copy, Debug)]
struct Captured {
    digest: u64,
    /// Its place among all captures: later ones are newer, whatever run they belong to.
    order: usize,
}

impl Captured {
    fn may_read(self, reading: Reading) -> bool {
        match reading {
            Reading::Lost | Reading::Intact => true,
            Reading::Restored(digest) => digest == self.digest,
        }
    }
}

#[derive(Clone, Debug, Default)]
struct Owed {
    newest: Option<CheckpointId>,
    acknowledged: BTreeSet<Key>,
    stand: Stand,
    names: Vec<String>,
    may_be_forked: bool,
    /// Acknowledged checkpoints that are still there for who reads the disk as it is.
    kept: BTreeSet<Key>,
}

/// How a session stands.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
enum Stand {
    /// Nothing of it was acknowledged, or it is between two states.
    #[default]
    Open,
    /// It is being left, and may be found either way.
    BeingLeft,
    /// It is being played, so whoever finds it finds a crash.
    Played,
    /// It was left or declined, so nobody is to be bothered with it.
    SetAside,
    BeingForgotten,
    Forgotten,
}

impl Debt {
    /// Takes in what had happened when the disk had taken this many steps.
    pub fn advance_to(&mut self, history: &History, position: usize) {
        while let Some((at, session, fact)) = history.facts.get(self.noted)
            && *at <= position
        {
            self.noted += 1;
            let order = self.noted;
            if let Fact::Captured { id, digest } = fact {
                self.captured.insert(key(*id), Captured { digest: *digest, order });
            }
            if self.follow_slot(fact) {
                continue;
            }
            self.sessions.entry(*session).or_default().follow(fact);
        }
    }

    /// Takes in what was done with slots, and says whether that is what the fact is about.
    fn follow_slot(&mut self, fact: &Fact) -> bool {
        let (Fact::SlotSaving { name, .. }
        | Fact::SlotSaved { name, .. }
        | Fact::SlotDeleting { name }
        | Fact::SlotDeleted { name }) = fact
        else {
            return false;
        };
        let slot = self.slots.entry(name.clone()).or_default();
        match fact {
            Fact::SlotSaving { id, .. } => {
                slot.wanted.insert(key(*id));
            }
            Fact::SlotSaved { id, .. } => {
                // What was wanted before was overwritten by it; it was the first in the line.
                let later = slot.wanted.iter().copied().filter(|wanted| wanted.1 > id.counter);
                slot.wanted = later.collect();
                (slot.told, slot.may_be_gone) = (Some(key(*id)), false);
            }
            Fact::SlotDeleting { .. } => slot.may_be_gone = true,
            _ => *slot = OwedSlot::default(),
        }
        true
    }

    /// Takes over what was captured elsewhere, so that it may be found.
    pub fn learn(&mut self, other: &Self) {
        self.captured.extend(other.captured.iter().map(|(id, captured)| (*id, *captured)));
    }

    /// Notes what a reader finds who sees everything that was written: it mustn't be lost.
    pub fn keep(&mut self, kept: &Opened) {
        for (session, owed) in &mut self.sessions {
            let found = kept.sessions.get(session);
            let intact = found.map(|found| &found.checkpoints).into_iter().flatten();
            let intact =
                intact.filter(|(_, reading)| **reading != Reading::Lost).map(|(id, _)| *id);
            owed.kept = intact.filter(|id| owed.acknowledged.contains(id)).collect();
        }
    }

    /// What is wrong with what was found, in words.
    pub fn check(&self, opened: &Opened, promise: Promise) -> Result<(), String> {
        for (session, found) in &opened.sessions {
            self.check_truth(found).map_err(|wrong| format!("{session}: {wrong}"))?;
        }
        for slot in &opened.slots {
            self.check_slot_truth(slot)?;
        }
        if promise == Promise::NoFalseState {
            return Ok(());
        }
        for (session, owed) in &self.sessions {
            let found = opened.sessions.get(session);
            self.check_owed(owed, found).map_err(|wrong| format!("{session}: {wrong}"))?;
        }
        self.check_slots(opened)
    }

    /// Whether a slot holds what was captured.
    fn check_slot_truth(&self, slot: &OpenedSlot) -> Result<(), String> {
        let OpenedSlot { name, checkpoint, reading } = slot;
        match self.captured.get(checkpoint) {
            _ if *reading == Reading::Lost => Ok(()),
            None => Err(format!("slot {name:?} holds {checkpoint:?}, which never was")),
            Some(captured) if !captured.may_read(*reading) => {
                Err(format!("slot {name:?} isn't what {checkpoint:?} was"))
            }
            Some(_) => Ok(()),
        }
    }

    /// Whether every slot is there that was told to be, and holds what it was told to, or what somebody
    /// wanted it to hold since.
    fn check_slots(&self, opened: &Opened) -> Result<(), String> {
        if opened.unread_slots > 0 {
            return Err(format!("{} slots can't be read", opened.unread_slots));
        }
        for (name, owed) in &self.slots {
            let found: Vec<&OpenedSlot> =
                opened.slots.iter().filter(|slot| slot.name == *name).collect();
            let is_right = |slot: &OpenedSlot| {
                let wanted = owed.wanted.contains(&slot.checkpoint);
                slot.reading != Reading::Lost && (wanted || owed.told == Some(slot.checkpoint))
            };
            if let Some(wrong) = found.iter().find(|slot| !is_right(slot)) {
                return Err(format!("slot {wrong:?} is not what is owed: {owed:?}"));
            }
            if found.is_empty() && owed.told.is_some() && !owed.may_be_gone {
                return Err(format!("slot {name:?} is gone: {owed:?}"));
            }
        }
        Ok(())
    }

    /// Whether everything that was found was there once.
    fn check_truth(&self, found: &OpenedSession) -> Result<(), String> {
        for (id, reading) in &found.checkpoints {
            let (run, counter) = id;
            match self.captured.get(id) {
                _ if *reading == Reading::Lost => {}
                None => return Err(format!("{counter}@{run:016x} never was")),
                Some(captured) if !captured.may_read(*reading) => {
                    return Err(format!("{counter}@{run:016x} is not what was captured"));
                }
                Some(_) => {}
            }
        }
        for offer in &found.offers {
            if !found.restores(key(offer.newest)) {
                return Err(format!("{} is offered and can't be restored", offer.newest));
            }
        }
        Ok(())
    }

    fn check_owed(&self, owed: &Owed, found: Option<&OpenedSession>) -> Result<(), String> {
        if owed.stand == Stand::Forgotten {
            return match found {
                Some(found) if found.is_listed() => Err("forgotten, and there again".to_owned()),
                _ => Ok(()),
            };
        }
        let Some(newest) = owed.newest else { return Ok(()) };
        if owed.stand == Stand::BeingForgotten && found.is_none_or(|found| !found.is_listed()) {
            return Ok(());
        }
        let Some(found) = found else { return Err("the session is gone".to_owned()) };
        let best = found.intact_heads().max_by_key(|id| self.order(*id));
        let Some(best) = best else {
            return Err(format!("{newest} was acknowledged, and nothing is there"));
        };
        if self.order(best) < self.order(newest) {
            return Err(format!("{newest} was acknowledged, the newest that is there is {best}"));
        }
        if owed.stand == Stand::BeingForgotten {
            return Ok(());
        }
        let lost = owed.kept.iter().find(|id| !found.restores(**id));
        if let Some((run, counter)) = lost {
            return Err(format!("{counter}@{run:016x} was kept, and can't be restored"));
        }
        if let Some(failure) = &found.failure {
            return Err(format!("a failure is told: {failure}"));
        }
        if found.offers.len() > 1 && !owed.may_be_forked {
            let heads = &found.heads;
            return Err(format!("played in one place, and offered as a fork: {heads:?}"));
        }
        // The lines of a fork are offered until it is decided which one goes on.
        if owed.stand == Stand::SetAside && !found.offers.is_empty() && !owed.may_be_forked {
            return Err("set aside, and offered again".to_owned());
        }
        if owed.stand == Stand::Played {
            let offered = found.offers.iter().map(|offer| self.order(offer.newest)).max();
            if offered < Some(self.order(newest)) {
                return Err(format!("{newest} was acknowledged, and isn't offered"));
            }
        }
        // Each line of a fork has the name that it was given.
        let names_fit = found.name.as_ref().is_none_or(|name| owed.names.contains(name));
        if !names_fit && !owed.may_be_forked {
            return Err(format!("it is called {:?}, and not {:?}", found.name, owed.names));
        }
        Ok(())
    }

    fn order(&self, id: CheckpointId) -> usize {
        self.captured.get(&key(id)).map_or(0, |captured| captured.order)
    }
}

impl Owed {
    fn follow(&mut self, fact: &Fact) {
        let is_over = self.stand == Stand::Forgotten;
        match fact {
            Fact::Captured { .. }
            | Fact::SlotSaving { .. }
            | Fact::SlotSaved { .. }
            | Fact::SlotDeleting { .. }
            | Fact::SlotDeleted { .. } => {}
            // Nothing can be done any more to what was deleted.
            Fact::TakingUp | Fact::Forgetting if is_over => {}
            // What was deleted in part isn't owed again because somebody tries to take it up.
            Fact::TakingUp if self.stand == Stand::BeingForgotten => {}
            Fact::Acknowledged { id } => {
                self.acknowledged.insert(key(*id));
                self.newest = Some(*id);
                // While it is being left, the end may get there together with the last checkpoint.
                if self.stand != Stand::BeingLeft {
                    self.stand = Stand::Played;
                }
            }
            Fact::TakenUpHalfBlind => self.may_be_forked = true,
            Fact::Leaving => self.stand = Stand::BeingLeft,
            Fact::TakingUp => self.stand = Stand::Open,
            Fact::Left | Fact::Declined => self.stand = Stand::SetAside,
            Fact::Forgetting => self.stand = Stand::BeingForgotten,
            Fact::Forgotten => self.stand = Stand::Forgotten,
            Fact::Naming { name } => self.names.push(name.clone()),
            Fact::Named => {
                let settled = self.names.len().saturating_sub(1);
                self.names.drain(..settled);
            }
        }
    }
}
