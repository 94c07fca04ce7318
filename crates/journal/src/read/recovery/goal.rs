//! The checkpoint that a request means.

use std::time::Duration;

use super::Wanted;
use crate::format::{Head, LineWalk, Lines, SessionIndex};
use crate::model::ids::CheckpointId;
use crate::model::session::{RequestError, RestoreFrom, RestoreReason};

/// The checkpoints that would do, the first choice first: the others are for where that is damaged.
///
/// They are found one after the other, since what turns out to be damaged may lead to others.
pub(super) enum Candidates {
    One(Option<CheckpointId>),
    /// The checkpoints of a line until a moment, the newest first, and then those after it, the oldest first.
    ByPlayTime {
        walk: LineWalk,
        until: Duration,
        later: Vec<CheckpointId>,
    },
    /// The end of a branch, and then what is older on it.
    OnBranch {
        walk: LineWalk,
        end: CheckpointId,
        line: Lines,
    },
}

impl Candidates {
    /// `offered` is what a crash offered, if it did.
    pub fn of(
        index: &SessionIndex,
        head: &Head,
        wanted: Wanted,
        offered: Option<CheckpointId>,
    ) -> Result<Self, RequestError> {
        match wanted.from {
            RestoreFrom::Checkpoint(id) | RestoreFrom::OnSide { checkpoint: id, .. } => {
                Ok(Self::One(Some(id)))
            }
            RestoreFrom::PlayTime(until) => {
                let (walk, later) = (LineWalk::from(head.id), Vec::new());
                Ok(Self::ByPlayTime { walk, until, later })
            }
            RestoreFrom::BeforeRewind => Self::left_by(index, head.id, RestoreReason::Rewound),
            RestoreFrom::BeforeLoad => Self::left_by(index, head.id, RestoreReason::Loaded),
            RestoreFrom::Latest | RestoreFrom::Slot(_) => Ok(Self::One(Some(match wanted.tail {
                Some(tail) => newest_before(index, head.id, tail),
                // Checkpoints that were known to be damaged when the offer was made aren't tried again.
                None => offered.unwrap_or(head.id),
            }))),
        }
    }

    /// The branch that the newest rewind or load on a line went back from.
    fn left_by(
        index: &SessionIndex,
        head: CheckpointId,
        reason: RestoreReason,
    ) -> Result<Self, RequestError> {
        let left = index.begun(head).and_then(|begun| begun.left_by(reason));
        let end = left.ok_or(RequestError::NothingToUndo)?;
        if index.commit(end).is_none() {
            return Err(RequestError::CheckpointPruned);
        }
        Ok(Self::OnBranch { walk: LineWalk::from(end), end, line: index.lines([head]) })
    }

    /// The next one to try.
    pub fn next(&mut self, index: &SessionIndex) -> Option<CheckpointId> {
        match self {
            Self::One(id) => id.take(),
            Self::ByPlayTime { walk, until, later } => {
                let taken_by_then = |id: CheckpointId| {
                    index.commit(id).is_some_and(|commit| commit.play_time <= *until)
                };
                while let Some(id) = walk.next(index) {
                    if taken_by_then(id) {
                        return Some(id);
                    }
                    later.push(id);
                }
                later.pop()
            }
            Self::OnBranch { walk, end, line } => {
                let mut branch = std::iter::from_fn(|| walk.next(index));
                branch.find(|id| *id == *end || !line.contain(*id))
            }
        }
    }
}

/// The newest checkpoint of a line before the one with this number, if there is one.
fn newest_before(index: &SessionIndex, head: CheckpointId, tail: u64) -> CheckpointId {
    index.line(head).into_iter().find(|id| id.counter < tail).unwrap_or(head)
}
