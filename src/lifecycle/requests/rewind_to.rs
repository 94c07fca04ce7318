//! How far a session goes back.

use std::time::Duration;

use bevy::prelude::*;

use crate::journal::{ChapterId, CheckpointId};

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
