//! The begin of a run, and the checkpoints that a rewind or load can be undone to.

use serde::{Deserialize, Serialize};

use crate::model::ids::CheckpointId;
use crate::model::session::RestoreReason;

/// The largest number of rewinds and loads on a line that a run names, so that they can be undone.
const UNDOABLE: usize = 16;

/// The begin of a run that continues from a checkpoint.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Begun {
    /// The reason for which the checkpoint was put back.
    pub reason: RestoreReason,
    /// The newest checkpoint of the line that was left, which may be the one that was put back. `None`
    /// if there was none, as when only a slot was left of a session.
    #[serde(default)]
    pub left: Option<CheckpointId>,
    /// The checkpoints that the rewinds and loads on the run's line went back from, its own included, the newest first.
    /// Every run names them all, since retention may remove the runs in between.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undoable: Vec<Left>,
    /// True if the run is a copy of the checkpoint, made for a player's other devices. Nobody has played in it, so it may
    /// go behind whatever goes on from that checkpoint.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub copied: bool,
    /// True if copies of the session went to the run's device, or from it. Its lineage names checkpoints then that are
    /// only on other devices, and so do those of the runs after it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shared: bool,
}

/// The checkpoint that a rewind or a load went back from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Left {
    /// The one of the two that it was.
    pub by: RestoreReason,
    /// The newest checkpoint of the line that was left.
    pub checkpoint: CheckpointId,
}

impl Begun {
    /// The begin of a run that continues from a checkpoint of a run that began like `before`, if that is known.
    pub fn after(before: Option<&Self>, reason: RestoreReason, left: Option<CheckpointId>) -> Self {
        let can_be_undone = matches!(reason, RestoreReason::Rewound | RestoreReason::Loaded);
        let own = left.filter(|_| can_be_undone).map(|checkpoint| Left { by: reason, checkpoint });
        let earlier = before.map(|before| before.undoable.as_slice()).unwrap_or_default();
        let undoable = own.into_iter().chain(earlier.iter().copied()).take(UNDOABLE).collect();
        Self { reason, left, undoable, copied: false, shared: false }
    }

    /// The begin of a run that returns to a fork on a run that began like `before`. What is left can't be undone to, and
    /// what could be undone before still can.
    pub fn returned(before: Option<&Self>, left: CheckpointId) -> Self {
        let undoable = before.map(|before| before.undoable.clone()).unwrap_or_default();
        let (reason, left) = (RestoreReason::Rewound, Some(left));
        Self { reason, left, undoable, copied: false, shared: false }
    }

    /// The begin of a run that nobody has played, in a session of which copies are on several devices.
    pub fn unplayed(undoable: Option<&Self>) -> Self {
        let undoable = undoable.map(|before| before.undoable.clone()).unwrap_or_default();
        let (reason, left) = (RestoreReason::Continued, None);
        Self { reason, left, undoable, copied: false, shared: true }
    }

    /// The checkpoint that the newest rewind or load on the line went back from.
    pub fn left_by(&self, reason: RestoreReason) -> Option<CheckpointId> {
        self.undoable.iter().find(|left| left.by == reason).map(|left| left.checkpoint)
    }
}
