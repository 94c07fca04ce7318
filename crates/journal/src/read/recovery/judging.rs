//! The judgement of a session's files, shared by the game's reports and the tool.

use std::path::PathBuf;

use crate::disk::StoredSession;
use crate::format::{FileProblemKind, Head, SessionIndex, Validity};
use crate::model::ids::CheckpointId;

/// The verdict on a session's files, as far as they were read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Verdict {
    /// All is there that was acknowledged, as far as anything bears witness of it.
    Good,
    /// Something is damaged, missing or can't be read, and there is something to restore.
    Damaged,
    /// Something is damaged, missing or can't be read, and nothing can be restored.
    Lost,
}

/// Judges a session. `witness` is the newest checkpoint that a dead process saw acknowledged, by its record.
#[must_use]
pub fn judge(stored: &StoredSession, witness: Option<CheckpointId>) -> Verdict {
    let index = stored.index();
    let is_whole = damaged_files(stored).is_empty() && !has_damaged_commit(stored);
    if is_whole && !may_hold_more(index) && vanished(stored, witness).is_none() {
        return Verdict::Good;
    }
    let is_intact = |id| index.newest_intact(id).is_some() || index.is_without_world(id);
    match index.heads().iter().any(|head| is_intact(head.id)) {
        true => Verdict::Damaged,
        false => Verdict::Lost,
    }
}

/// The files in which damage was found.
pub(super) fn damaged_files(stored: &StoredSession) -> Vec<PathBuf> {
    let index = stored.index();
    let whole_files = index.problems().iter().filter(|problem| problem.kind.is_damage());
    let mut files: Vec<PathBuf> = whole_files.map(|problem| problem.path.clone()).collect();
    let segments = index.damaged_groups().filter_map(|group| stored.path_of(group.segment));
    files.extend(segments.map(PathBuf::from));
    files.sort();
    files.dedup();
    files
}

/// The newest checkpoint that was acknowledged, if it isn't there and neither is anything after it: by the record of a
/// dead process (`witness`), or the session's manifest.
#[must_use]
pub fn vanished(stored: &StoredSession, witness: Option<CheckpointId>) -> Option<CheckpointId> {
    let witnesses = witness.into_iter().chain(stored.witness());
    witnesses.filter(|it| is_gone(stored.index(), *it)).max_by_key(|it| it.counter)
}

/// Returns true if the end of a line is missing that held this checkpoint. Numbers rise along a line, so a run that has
/// the line's place now has higher ones.
fn is_gone(index: &SessionIndex, checkpoint: CheckpointId) -> bool {
    let is_older = |head: CheckpointId| head.counter < checkpoint.counter;
    let heads = || index.heads().iter().map(|head| head.id);
    heads().find(|head| head.run == checkpoint.run).map_or_else(|| heads().all(is_older), is_older)
}

/// Returns true if a checkpoint is known that can't be had: the newest of a line, or one that was asked for. A file may be
/// missing in which others begin, as while files are pruned, and after that was interrupted: the older ones that nobody asked
/// for would have gone with it.
pub(super) fn has_damaged_commit(stored: &StoredSession) -> bool {
    let index = stored.index();
    let is_lost = |head: &Head| {
        let intact = index.newest_intact(head.id).map(|plan| plan.checkpoint);
        intact != Some(head.id) && !index.is_without_world(head.id)
    };
    let is_damaged = |id| index.validity(id) == Some(Validity::Damaged);
    let mut commits = index.commits();
    index.heads().iter().any(is_lost)
        || stored.is_complete() && commits.any(|(id, commit)| commit.is_named() && is_damaged(id))
}

/// Returns true if a file may hold something that can't be read now, or not by this version. Torn files never held
/// anything, and files of other sessions nothing of this one.
pub(super) fn may_hold_more(index: &SessionIndex) -> bool {
    let cannot_be_read = |kind: &FileProblemKind| {
        matches!(kind, FileProblemKind::Newer(_) | FileProblemKind::Unreadable { .. })
    };
    index.problems().iter().any(|problem| cannot_be_read(&problem.kind))
}
