//! The debt after the facts of a play, by this bookkeeping alone: the code under test isn't asked.

mod map;
mod retained;
mod session;
mod slots;
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

use super::history::{Fact, History};
use super::opening::{Key, Opened, OpenedSession, OpenedSlot, Reading, key};
use super::reports::Report;
use crate::model::ids::{CheckpointId, SessionId};
use session::OwedSession;
use slots::OwedSlots;

/// The promise that is checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Promise {
    /// The disk does what it says: nothing acknowledged is lost.
    NothingIsLost,
    /// The disk doesn't keep its promises, or files were damaged: all that is found was there once.
    NoFalseState,
}

/// The debt at some moment.
#[derive(Clone, Debug, Default)]
pub struct Debt {
    known: usize,
    captured: HashMap<Key, Captured>,
    attachments: HashMap<Key, Versions>,
    /// The newest drawing of a map that was ever asked for.
    newest_map: u32,
    /// The events whose effects checkpoints hold.
    effects: HashMap<Key, Vec<u64>>,
    /// The sessions of which events may be missing: that was reported, or there is no room for them.
    without_events: BTreeSet<SessionId>,
    sessions: BTreeMap<SessionId, OwedSession>,
    slots: OwedSlots,
    /// Crash reports, and what is in them.
    reports: BTreeMap<PathBuf, Report>,
    /// True if the disk has no room left, or is going to report that.
    is_short: bool,
}

#[derive(Clone, Copy, Debug)]
struct Captured {
    digest: u64,
    /// Its place among all captures: later ones are newer, even of another run.
    order: usize,
}

/// The versions of a checkpoint's attachment.
#[derive(Clone, Copy, Default, Debug)]
struct Versions {
    /// The one that is durable.
    durable: Option<u32>,
    /// The newest that was asked for.
    newest: u32,
}

impl Captured {
    fn may_read(self, reading: Reading) -> bool {
        match reading {
            Reading::Lost | Reading::Intact => true,
            Reading::Restored(digest) => digest == self.digest,
        }
    }
}

impl Debt {
    /// Takes in what had happened when the disk had taken this many steps.
    pub fn advance_to(&mut self, history: &History, position: usize) {
        for (session, fact) in history.between(self.known, position) {
            self.known += 1;
            self.follow(session, fact);
        }
    }

    fn follow(&mut self, session: SessionId, fact: &Fact) {
        match fact {
            Fact::Captured { id, digest, .. } => {
                let order = self.known;
                self.captured.insert(key(*id), Captured { digest: *digest, order });
                self.session(session).follow(fact);
            }
            Fact::Effects { id, events } => {
                self.effects.insert(key(*id), events.clone());
            }
            Fact::EventsLost => {
                self.without_events.insert(session);
            }
            // The files that are named may be gone with the session, or not known yet.
            Fact::Loading { .. } | Fact::TakenUpHalfBlind | Fact::Forgetting => {
                self.without_events.insert(session);
                self.session(session).follow(fact);
            }
            Fact::Attaching { id, version } => {
                self.attachments.entry(key(*id)).or_default().newest = *version;
            }
            Fact::Attached { id, version } => {
                self.attachments.entry(key(*id)).or_default().durable = Some(*version);
            }
            Fact::MapAsked { drawing, .. } => {
                self.newest_map = self.newest_map.max(drawing.unwrap_or_default());
                self.session(session).follow(fact);
            }
            Fact::SlotAsked { .. }
            | Fact::SlotChanged { .. }
            | Fact::SlotMayHaveChanged { .. }
            | Fact::SlotRefused { .. }
            | Fact::SlotRefreshed { .. }
            | Fact::ProcessEnded => self.follow_slots(fact),
            Fact::Reported { path, report } => {
                self.reports.insert(path.clone(), *report);
            }
            Fact::DiskIsShort => {
                self.is_short = true;
                self.sessions.values_mut().for_each(OwedSession::disk_is_short);
            }
            Fact::OthersCrowded { played } => {
                self.without_events
                    .extend(self.sessions.keys().filter(|id| Some(**id) != *played).copied());
                let others = self.sessions.iter_mut().filter(|(id, _)| Some(**id) != *played);
                others.for_each(|(_, owed)| owed.thin());
            }
            _ => self.session(session).follow(fact),
        }
    }

    fn session(&mut self, session: SessionId) -> &mut OwedSession {
        let owed = self.sessions.entry(session).or_default();
        if self.is_short {
            owed.disk_is_short();
        }
        owed
    }

    fn follow_slots(&mut self, fact: &Fact) {
        let attachments = &self.attachments;
        let durable = |id: Key| attachments.get(&id).and_then(|versions| versions.durable);
        self.slots.follow(fact, durable);
    }

    /// Takes over what was captured elsewhere, so that it may be found.
    pub fn learn(&mut self, other: &Self) {
        self.captured.extend(other.captured.iter().map(|(id, captured)| (*id, *captured)));
        self.effects.extend(other.effects.iter().map(|(id, events)| (*id, events.clone())));
        self.without_events.extend(self.sessions.keys());
        self.newest_map = self.newest_map.max(other.newest_map);
    }

    /// Checks the findings, and returns the first error in words.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong.
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
            let checked = owed.check(found, &|id| self.order(id));
            let checked = checked.and_then(|()| self.check_attachments(owed, found));
            let checked = checked.and_then(|()| self.check_events(*session, found));
            checked.map_err(|wrong| format!("{session}: {wrong}"))?;
        }
        if opened.unread_slots > 0 {
            return Err(format!("{} slots can't be read", opened.unread_slots));
        }
        self.slots.check(&opened.slots)?;
        let is_there = |path: &PathBuf, report: &Report| opened.reports.get(path) == Some(report);
        match self.reports.iter().find(|(path, report)| !is_there(path, report)) {
            Some((path, _)) => Err(format!("the report {} isn't as it was", path.display())),
            None => Ok(()),
        }
    }

    /// Checks that everything that was found was there once.
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
        for (id, version) in &found.attachments {
            self.check_attachment(*id, *version)?;
        }
        if let Some(Some(drawing)) = found.map.filter(|map| *map > Some(self.newest_map)) {
            return Err(format!("its map is {drawing}, which never was"));
        }
        for (id, events) in &found.events {
            let Some(effects) = self.effects.get(id) else { continue };
            let mut left = effects.iter();
            if !events.iter().all(|event| left.by_ref().any(|effect| effect == event)) {
                return Err(format!("before {id:?} happened {events:?}, of {effects:?}"));
            }
        }
        for offer in &found.offers {
            if !found.restores(key(offer.newest)) {
                return Err(format!("{} is offered and can't be restored", offer.newest));
            }
        }
        Ok(())
    }

    /// Checks that a slot holds the captured world.
    fn check_slot_truth(&self, slot: &OpenedSlot) -> Result<(), String> {
        let OpenedSlot { name, checkpoint, reading, attached } = slot;
        match self.captured.get(checkpoint) {
            _ if *reading == Reading::Lost => return Ok(()),
            None => return Err(format!("slot {name:?} holds {checkpoint:?}, which never was")),
            Some(captured) if !captured.may_read(*reading) => {
                return Err(format!("slot {name:?} isn't what {checkpoint:?} was"));
            }
            Some(_) => {}
        }
        attached.map_or(Ok(()), |version| self.check_attachment(*checkpoint, version))
    }

    /// Checks that an attachment was put there once.
    fn check_attachment(&self, id: Key, version: Option<u32>) -> Result<(), String> {
        let newest = self.attachments.get(&id).map(|versions| versions.newest);
        match version <= newest {
            true => Ok(()),
            false => {
                Err(format!("{id:?} has version {version:?} of its attachment, of {newest:?}"))
            }
        }
    }

    /// Checks that the attachments of the owed checkpoints are there.
    fn check_attachments(
        &self,
        owed: &OwedSession,
        found: Option<&OpenedSession>,
    ) -> Result<(), String> {
        for id in owed.checkpoints() {
            let durable = self.attachments.get(&id).and_then(|versions| versions.durable);
            let there = found.and_then(|found| found.attachments.get(&id).copied()).flatten();
            if durable > there {
                return Err(format!("{id:?} lost its attachment: {there:?} of {durable:?}"));
            }
        }
        Ok(())
    }

    /// Checks that all events are there that the newest checkpoints name.
    fn check_events(
        &self,
        session: SessionId,
        found: Option<&OpenedSession>,
    ) -> Result<(), String> {
        if self.is_short || self.without_events.contains(&session) {
            return Ok(());
        }
        let there = found.into_iter().flat_map(|found| &found.events);
        for (id, events) in there {
            let lost = self.effects.get(id).filter(|effects| *effects != events);
            if let Some(effects) = lost {
                return Err(format!("{id:?} names {effects:?}, and there are {events:?}"));
            }
        }
        Ok(())
    }

    fn order(&self, id: CheckpointId) -> usize {
        self.captured.get(&key(id)).map_or(0, |captured| captured.order)
    }
}
