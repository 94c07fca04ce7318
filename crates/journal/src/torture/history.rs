//! The facts of a play, as far as anything is owed because of them.

use std::path::{Path, PathBuf};

use super::properties::is_journal;
use super::reports::Report;
use crate::disk::simulated_disk::What;
use crate::model::ids::{CheckpointId, SessionId};
use crate::model::session::SessionStatus;

/// Everything that happened, each with the number of steps that the disk had taken by then.
#[derive(Clone, Debug, Default)]
pub struct History {
    facts: Vec<(usize, SessionId, Fact)>,
}

/// Something that happened.
#[derive(Clone, PartialEq, Debug)]
pub enum Fact {
    /// A checkpoint was captured, so from now on it may be found.
    Captured { id: CheckpointId, digest: u64, is_full: bool, is_named: bool },
    /// A checkpoint was captured with the effects of these events.
    Effects { id: CheckpointId, events: Vec<u64> },
    /// Events were reported as lost, or as tried again.
    EventsLost,
    /// A checkpoint was reported as durable.
    Acknowledged { id: CheckpointId },
    /// A checkpoint was reported as failed, and will be written into another file.
    SaveFailed,
    /// A file of the session was begun.
    JournalBegun,
    /// True if there is room for no more of the session than must be kept.
    Crowded(bool),
    /// There is room for no more than must be kept of the sessions that aren't played.
    OthersCrowded { played: Option<SessionId> },
    /// The disk has no room left, or is going to say so.
    DiskIsShort,
    /// The session is being left, and may be found closed.
    Leaving,
    /// The session was left in good order.
    Left,
    /// The session is resumed from a checkpoint, or set aside: it may be found either way.
    TakingUp { checkpoint: Option<CheckpointId> },
    /// It is resumed from a slot, in any state.
    Loading { checkpoint: CheckpointId },
    /// It was resumed while files couldn't be read, so there may be a fork.
    TakenUpHalfBlind,
    /// The player doesn't want it back.
    Declined,
    /// It is being deleted, and may be gone, but never be half of what it was.
    Forgetting,
    /// It is gone.
    Forgotten,
    /// It is to get another name.
    Naming { name: String },
    /// It is played or paused from now on.
    Standing { status: SessionStatus },
    /// Its last statement, with its name and status, is durable.
    Stated,
    /// Something is laid beside a checkpoint, so from now on it may be found.
    Attaching { id: CheckpointId, version: u32 },
    /// That was reported as done.
    Attached { id: CheckpointId, version: u32 },
    /// The session's map is to be this drawing, or none, and may be found so from now on.
    MapAsked { number: u64, drawing: Option<u32> },
    /// It was reported as done.
    MapChanged { number: u64 },
    /// It wasn't done.
    MapRefused { number: u64 },
    /// Something is to be done with slots, and may be found done from now on.
    SlotAsked { number: u64, change: SlotChange },
    /// It was reported as done.
    SlotChanged { number: u64 },
    /// It was reported as failed, by a disk that may have done it.
    SlotMayHaveChanged { number: u64 },
    /// It wasn't done.
    SlotRefused { number: u64 },
    /// A slot was reported as written again, with the attachment of its checkpoint.
    SlotRefreshed { name: String },
    /// A crash report was reported as written, with this in it.
    Reported { path: PathBuf, report: Report },
    /// The process ended, and everything that it was doing.
    ProcessEnded,
}

/// Something to be done with slots, which are known by their names.
#[derive(Clone, PartialEq, Debug)]
pub enum SlotChange {
    Save { name: String, id: CheckpointId },
    Copy { from: String, to: String },
    Rename { from: String, to: String },
    Delete { name: String },
}

impl History {
    pub fn note(&mut self, position: usize, session: SessionId, fact: Fact) {
        self.facts.push((position, session, fact));
    }

    /// The facts after the first `known`, up to a step of the disk.
    pub fn between(
        &self,
        known: usize,
        position: usize,
    ) -> impl Iterator<Item = (SessionId, &Fact)> {
        let later = self.facts.iter().skip(known);
        later.take_while(move |(at, ..)| *at <= position).map(|(_, session, fact)| (*session, fact))
    }

    /// The same for a disk that begins where this history is: all of it was before the first step.
    pub fn of_the_past(&self, position: usize) -> Self {
        let before = self.facts.iter().filter(|(at, ..)| *at <= position);
        Self { facts: before.map(|(_, session, fact)| (0, *session, fact.clone())).collect() }
    }

    /// The positions at which facts of some sort were noted.
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

    /// Returns true if a checkpoint was reported as durable.
    pub fn has_acknowledged(&self, id: CheckpointId) -> bool {
        self.facts.iter().any(|(.., fact)| *fact == Fact::Acknowledged { id })
    }

    /// Returns true if the checkpoint that was captured last was so before this many steps.
    pub fn newest_was_captured_before(&self, position: usize) -> bool {
        let captured = self.positions(|fact| matches!(fact, Fact::Captured { .. }));
        captured.last().is_none_or(|captured| *captured < position)
    }

    /// Returns true if the checkpoint that was captured last was acknowledged.
    pub fn newest_is_acknowledged(&self) -> bool {
        let newest = self.facts.iter().rev().find_map(|(.., fact)| match fact {
            Fact::Captured { id, .. } => Some(*id),
            _ => None,
        });
        newest.is_none_or(|newest| self.has_acknowledged(newest))
    }
}

/// The session whose journal gets another file by a step, if that is what it does.
pub fn journal_begun(what: &What) -> Option<SessionId> {
    let What::Create { path, .. } = what else { return None };
    let directory = path.path().parent().and_then(Path::file_name)?.to_str()?;
    directory.parse().ok().filter(|_| is_journal(path.path()))
}
