//! What the game is notified of about a replica.

use bevy::prelude::*;
use bevy_session_journal::replica::Over;
use bevy_session_journal::{CheckpointId, FailureCause, SessionId};

use super::notifications;

notifications! {
    /// A checkpoint, and what is kept before it, can be had from the replica, whatever becomes of this machine.
    ///
    /// It isn't sent for each: a newer one has what an older one has.
    CheckpointReplicated {
        /// The session.
        session: SessionId,
        /// The checkpoint.
        checkpoint: CheckpointId,
    }

    /// A checkpoint waits for the replica for longer than [`Replica::may_lag`](crate::replica::Replica::may_lag). It is said once,
    /// until nothing waits for so long any more.
    ReplicaLagging {
        /// The session.
        session: SessionId,
        /// The checkpoint.
        checkpoint: CheckpointId,
    }

    /// This machine owns a session in the replica: before it is played, or, where the replica couldn't be reached, once
    /// it can. Also when an owner has tidied up there, by which it takes another epoch.
    SessionClaimed {
        /// The session.
        session: SessionId,
        /// The epoch. Whoever owns it later has a higher one.
        epoch: u64,
    }

    /// Nothing more of a session is replicated, since it isn't this machine's any more. If it is played,
    /// [`WhenFenced`](crate::replica::WhenFenced) says what becomes of it. What was replicated before is there.
    SessionFenced {
        /// The session.
        session: SessionId,
        /// The epoch in which this machine owned it; 0 if it never did.
        epoch: u64,
        /// Why.
        reason: FenceReason,
    }

    /// The session that is about to be played has gone on here and in the replica, apart from each other. What is here
    /// goes on as a session of its own; the files of both stay as they are.
    SessionForked {
        /// The session.
        session: SessionId,
    }

    /// A session was left, and everything of it is in the replica, where another machine can take it up at once; or the
    /// replica couldn't be reached, and what is missing is sent when this machine plays it again.
    SessionReleased {
        /// The session.
        session: SessionId,
        /// Whether everything of it is there.
        complete: bool,
    }

    /// The replica gives no answer. Play goes on, and so do saves on this machine.
    ReplicaLost {
        /// What was said.
        error: FailureCause,
    }

    /// The replica answers again. What it lacks is sent now.
    ReplicaBack {}

    /// What the replica has was looked at, and [`ReplicaSessions`](crate::replica::ReplicaSessions) is up to date.
    ReplicaListed {}
}

/// Why a session isn't this machine's any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum FenceReason {
    /// Another machine owns it.
    Owned,
    /// The replica couldn't be reached for a while, and meanwhile another machine has changed it.
    Forked,
    /// It was removed from the replica.
    Removed,
    /// The replica has lost what it had acknowledged, as one that was restored from a backup.
    WentBack,
}

impl FenceReason {
    /// `None` where it is this machine's all the same.
    pub(in crate::lifecycle) fn of(over: &Over) -> Option<Self> {
        match over {
            Over::Fenced => Some(Self::Owned),
            Over::Forked => Some(Self::Forked),
            Over::Removed => Some(Self::Removed),
            Over::WentBack => Some(Self::WentBack),
            Over::Released | Over::Unreadable(_) | Over::Unread(_) => None,
        }
    }
}
