//! The memory budget for the scans of a session.

use std::io;

use super::{BrokenGroup, FrameEntry, GroupEntry};
use crate::format::type_list::KnownTypes;
use crate::format::{Commit, Origin};
use crate::model::ids::{CheckpointId, limits};
use crate::model::session::CheckpointSummary;

/// Bytes that the index takes for each checkpoint, beside its group.
const INDEX_ENTRY_BYTES: usize = 192;
/// Bytes that the summaries of all checkpoints take at most, beyond what games write. Lists show the
/// others without one.
const SUMMARY_BYTES: usize = 64 << 20;

/// The memory that the scans of a session take so far, which is at most [`limits::INDEX_BYTES`].
#[derive(Debug, Default)]
pub struct ScanBudget {
    held: u64,
    summaries: usize,
    types: KnownTypes,
}

impl ScanBudget {
    /// Counts a frame that is remembered.
    pub fn take_frame(&mut self) -> io::Result<()> {
        self.take(size_of::<FrameEntry>())
    }

    /// Counts a commit, whose lists are shared with those of commits before.
    pub fn take_commit(&mut self, commit: &mut Commit) -> io::Result<()> {
        let shared = self.types.share(&mut commit.types) + self.types.share(&mut commit.carried);
        let texts = commit.incomplete.iter().chain(&commit.label);
        let text_bytes: usize = texts.map(|text| text.len() + size_of::<String>()).sum();
        let own = size_of::<GroupEntry>().max(size_of::<BrokenGroup>()) + INDEX_ENTRY_BYTES;
        let origin = commit.origin.as_deref().map_or(0, |origin| {
            // The run knows its ancestors as well.
            let ancestors = origin.ancestors.len() * 2 * size_of::<CheckpointId>();
            size_of::<Origin>() + origin.game_version.len() + ancestors
        });
        let summary = commit.summary.as_deref().map_or(0, CheckpointSummary::held_bytes);
        match self.summaries + summary <= SUMMARY_BYTES {
            true => self.summaries += summary,
            // None at all would mean that it is as before.
            false => commit.summary = Some(Box::new(CheckpointSummary::left_out())),
        }
        self.take(shared + text_bytes + own + origin)
    }

    /// Counts anything else.
    pub fn take(&mut self, bytes: usize) -> io::Result<()> {
        self.held = self.held.saturating_add(bytes as u64);
        if self.held <= limits::INDEX_BYTES { Ok(()) } else { Err(too_large()) }
    }
}

/// The error for files that announce more than any reader holds.
pub fn too_large() -> io::Error {
    let message = "the session's files hold more than a reader may";
    io::Error::new(io::ErrorKind::FileTooLarge, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::sample::commit;

    #[test]
    fn summaries_over_the_memory_budget_are_dropped() {
        let mut budget = ScanBudget::default();
        let mut held = 0;
        for counter in 1..100 {
            let mut commit = commit(counter, None);
            let mut summary = CheckpointSummary::default();
            summary.states.insert("Level".to_owned(), "x".repeat(1 << 20));
            commit.summary = Some(Box::new(summary));
            budget.take_commit(&mut commit).unwrap();
            held += commit.summary.as_deref().map_or(0, CheckpointSummary::held_bytes);
        }
        assert!((SUMMARY_BYTES / 2..=SUMMARY_BYTES).contains(&held), "{held}");
    }
}
