//! How far a session goes back.

use std::time::Duration;

#[cfg(feature = "reflect")]
use bevy::reflect::Reflect;

use bevy_session_journal::{ChapterId, CheckpointId};

/// How far the session that is being played goes back, for
/// [`SessionCommands::rewind`](crate::SessionCommands::rewind).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Debug))]
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
    /// To what the newest rewind on this line has left, also if the game was closed or has crashed since. What is left
    /// by this becomes a branch in turn. Once more takes back the rewind before that, until
    /// [`NothingToUndo`](crate::RequestError::NothingToUndo) says that there is none left.
    ///
    /// Whatever goes back within the session that is played counts as a rewind, so that a
    /// [`recover`](crate::SessionCommands::recover) of it can be undone too. If retention has removed what was left, the
    /// request is rejected with [`CheckpointPruned`](crate::RequestError::CheckpointPruned).
    BeforeRewind,
    /// To what the session had come to before the newest load of a slot on this line, in the same way.
    BeforeLoad,
}
