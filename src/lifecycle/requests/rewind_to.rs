//! The targets of a rewind.

use std::time::Duration;

#[cfg(feature = "reflect")]
use bevy::reflect::Reflect;

use bevy_session_journal::{ChapterId, CheckpointId};

use super::WorldFork;

/// The target of [`SessionCommands::rewind`](crate::SessionCommands::rewind): the moment to which
/// the played session goes back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Debug))]
#[non_exhaustive]
pub enum RewindTo {
    /// Back by this much play time, pauses excluded: to the newest checkpoint that is at least this
    /// old or, if there is none, to the oldest.
    Ago(Duration),
    /// To this checkpoint of the session, on the current branch or on another one.
    Checkpoint(CheckpointId),
    /// To the beginning of this chapter: to the checkpoint with which it began, which is kept while
    /// the chapter is open.
    Chapter(ChapterId),
    /// To where the session was before the newest rewind on this branch, even if the game was
    /// closed or has crashed since. What is left by this becomes a branch in turn. Used again, it
    /// undoes the rewind before that, until [`NothingToUndo`](crate::RequestError::NothingToUndo)
    /// says that there is none left.
    ///
    /// Everything that goes back within the played session counts as a rewind, so a
    /// [`recover`](crate::SessionCommands::recover) of it can be undone too. If retention has
    /// removed that checkpoint, the request is rejected with
    /// [`CheckpointPruned`](crate::RequestError::CheckpointPruned).
    BeforeRewind,
    /// To where the session was before the newest load of a slot on this branch, in the same way.
    BeforeLoad,
    /// To this fork of the world, in place unless the request says otherwise. What was played since
    /// is left, and can't be restored by an undo.
    Fork(WorldFork),
}
