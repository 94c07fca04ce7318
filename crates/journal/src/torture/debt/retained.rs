//! The acknowledged checkpoints that retention must keep, by its documented rules.
//!
//! A generation needs a file that is begun for it, and a checkpoint is in a file that was begun before it was
//! acknowledged. So as long as fewer files were begun since than generations are kept, it is in one of those. That is
//! less than is kept in truth, since not each file is a generation.

use std::collections::{BTreeMap, HashMap};

use crate::torture::Fact;
use crate::torture::opening::{Key, key};

/// Generations of a line that are kept where there is room, and where there is none.
const GENERATIONS: usize = 3;
const LEAST_GENERATIONS: usize = 2;
/// So many branches are kept where there is room.
const BRANCHES: usize = 10;

/// The checkpoints of one session that must be there.
#[derive(Clone, Debug, Default)]
pub struct Retained {
    /// The reasons for which each is owed.
    owed: BTreeMap<Key, Reasons>,
    /// The checkpoints that were captured on the line that is played, the oldest first.
    line: Vec<Key>,
    /// The checkpoint that each was captured after.
    before: HashMap<Key, Key>,
    captured: HashMap<Key, Captured>,
    /// The ends of the lines that were left and never continued, the oldest first.
    branches: Vec<Key>,
    /// Files that were begun so far.
    files: usize,
    is_crowded: bool,
    is_short: bool,
    /// True if the file that is written now continues one that failed, and belongs to no generation.
    is_continued: bool,
}

#[derive(Clone, Copy, Debug)]
struct Captured {
    is_full: bool,
    is_named: bool,
}

/// The reasons for which a checkpoint is owed. It isn't any more when there is no reason left.
#[derive(Clone, Copy, Debug)]
struct Reasons {
    /// Files that there were when it was acknowledged, as long as it is on the line that is played.
    on_line_since: Option<usize>,
    /// The player or the game asked for it.
    is_named: bool,
    /// It is the oldest generation of all.
    is_first: bool,
    /// It is the end of one of the newest branches.
    is_branch: bool,
}

impl Reasons {
    fn are_left(&self) -> bool {
        self.on_line_since.is_some() || self.is_named || self.is_first || self.is_branch
    }
}

impl Retained {
    pub fn checkpoints(&self) -> impl Iterator<Item = Key> {
        self.owed.keys().copied()
    }

    /// The reasons for which a checkpoint is owed, if it is.
    pub fn why(&self, id: Key) -> Option<&impl std::fmt::Debug> {
        self.owed.get(&id)
    }

    pub fn follow(&mut self, fact: &Fact) {
        match fact {
            Fact::Captured { id, is_full, is_named, .. } => {
                let id = key(*id);
                self.before.extend(self.line.last().map(|before| (id, *before)));
                let (is_full, is_named) = (*is_full, *is_named);
                self.captured.insert(id, Captured { is_full, is_named });
                self.line.push(id);
            }
            Fact::Acknowledged { id } => self.acknowledged(key(*id)),
            Fact::SaveFailed => self.is_continued = true,
            Fact::JournalBegun => self.files += 1,
            Fact::Crowded(is_crowded) => self.is_crowded = *is_crowded || self.is_short,
            Fact::TakingUp { checkpoint: Some(id) } | Fact::Loading { checkpoint: id } => {
                self.go_on_from(key(*id));
            }
            _ => {}
        }
        self.settle();
    }

    /// From now on there is room for no more than must be kept.
    pub fn disk_is_short(&mut self) {
        (self.is_short, self.is_crowded) = (true, true);
        self.settle();
    }

    /// There is room for no more than must be kept now.
    pub fn thin(&mut self) {
        let is_crowded = std::mem::replace(&mut self.is_crowded, true);
        self.settle();
        self.is_crowded = is_crowded;
    }

    fn acknowledged(&mut self, id: Key) {
        let Some(captured) = self.captured.get(&id) else { return };
        self.is_continued &= !captured.is_full;
        let is_named = captured.is_named;
        let is_first = self.owed.is_empty() && self.line.first() == Some(&id);
        let on_line_since = Some(self.files).filter(|_| !self.is_continued);
        let is_branch = false;
        self.owed.insert(id, Reasons { on_line_since, is_named, is_first, is_branch });
    }

    /// The line continues from a checkpoint. Checkpoints after it are left behind.
    fn go_on_from(&mut self, id: Key) {
        self.branches.retain(|end| *end != id);
        self.branches.extend(self.line.last().copied().filter(|newest| *newest != id));
        let surplus = self.branches.len().saturating_sub(BRANCHES);
        self.branches.drain(..surplus);
        let mut line: Vec<Key> =
            std::iter::successors(Some(id), |id| self.before.get(id).copied()).collect();
        line.reverse();
        self.line = line;
        // An end that the line passes through was not left: nothing had been played there.
        self.branches.retain(|end| !self.line.contains(end));
        for (id, reasons) in &mut self.owed {
            if !self.line.contains(id) {
                reasons.on_line_since = None;
            }
            reasons.is_branch = self.branches.contains(id);
        }
    }

    /// Drops the reasons that don't hold any more.
    fn settle(&mut self) {
        let kept = if self.is_crowded { LEAST_GENERATIONS } else { GENERATIONS };
        let (files, is_crowded) = (self.files, self.is_crowded);
        self.owed.retain(|_, reasons| {
            reasons.on_line_since = reasons.on_line_since.filter(|since| files - since < kept);
            reasons.is_named &= !is_crowded;
            reasons.is_first &= !is_crowded;
            reasons.is_branch &= !is_crowded;
            reasons.are_left()
        });
    }
}
