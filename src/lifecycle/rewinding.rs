//! Goes back within the session that is being played, and takes that back.

use std::time::Duration;

use bevy::prelude::*;

use super::CurrentSession;
use super::runtime::RuntimeParts;
use crate::ids::Ticket;
use crate::journal::{ChapterId, CheckpointId};
use crate::session::{ChapterError, RequestError, RestoreFrom, RestoreReason};

/// How far the session that is being played goes back, for
/// [`SessionCommands::rewind`](crate::SessionCommands::rewind).
#[derive(Reflect, Clone, Copy, PartialEq, Eq, Debug)]
#[reflect(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum RewindTo {
    /// By this much play time, pauses excluded: to the newest checkpoint that was taken so long ago or
    /// earlier, or, where there is none, to the oldest.
    Ago(Duration),
    /// To this checkpoint of the session, be it on the line that is played or on a branch.
    Checkpoint(CheckpointId),
    /// To the begin of this chapter: to the checkpoint with which it began, which is kept for as long as
    /// the chapter is open.
    Chapter(ChapterId),
}

impl RuntimeParts {
    /// Goes back as this request asks.
    pub(super) fn go_back(
        &mut self,
        world: &mut World,
        ticket: Ticket,
        (from, reason): (RestoreFrom, RestoreReason),
    ) -> Result<(), RequestError> {
        let session = self.session().ok_or(RequestError::NoSession)?;
        self.prepare_after_capture(world, ticket, (session, from, reason))
    }

    /// Goes back to an earlier moment.
    pub(super) fn rewind(
        &mut self,
        world: &mut World,
        ticket: Ticket,
        to: RewindTo,
    ) -> Result<(), RequestError> {
        let from = match to {
            RewindTo::Checkpoint(checkpoint) => RestoreFrom::Checkpoint(checkpoint),
            RewindTo::Chapter(chapter) => {
                let current =
                    world.get_resource::<CurrentSession>().ok_or(RequestError::NoSession)?;
                let known = current.chapters().get(chapter);
                let known = known.ok_or(ChapterError::Unknown { chapter })?;
                let began_with = known.first_checkpoint.ok_or(RequestError::CheckpointPruned)?;
                RestoreFrom::Checkpoint(began_with)
            }
            RewindTo::Ago(ago) => {
                let current = world.get_resource::<CurrentSession>();
                let now = current.ok_or(RequestError::NoSession)?.play_time;
                RestoreFrom::PlayTime(as_checkpoints_count(now.saturating_sub(ago)))
            }
        };
        self.go_back(world, ticket, (from, RestoreReason::Rewound))
    }
}

/// Play time without the part of it that checkpoints don't keep.
fn as_checkpoints_count(play_time: Duration) -> Duration {
    let below = play_time.subsec_nanos() % 1_000_000;
    play_time.saturating_sub(Duration::from_nanos(below.into()))
}
