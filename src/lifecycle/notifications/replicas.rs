//! Notifications about a replica.

use bevy::prelude::*;
use bevy_session_journal::replica::{Over, Unmirrored};
use bevy_session_journal::{CheckpointId, FailureCause, SessionId};

use crate::replication::ReplicaTier;

use super::notifications;

notifications! {
    /// A checkpoint, and the kept ones before it, can be read from the replica or its mirror, even
    /// if this machine is lost.
    ///
    /// It isn't sent for each checkpoint: a newer one includes the older ones.
    CheckpointReplicated {
        /// The session.
        session: SessionId,
        /// The checkpoint.
        checkpoint: CheckpointId,
        /// Where it is.
        tier: ReplicaTier,
    }

    /// A checkpoint has waited for the replica for longer than
    /// [`Replica::may_lag`](crate::replica::Replica::may_lag). Sent once, until no checkpoint waits
    /// that long any more.
    ReplicaLagging {
        /// The session.
        session: SessionId,
        /// The checkpoint.
        checkpoint: CheckpointId,
    }

    /// This machine owns a session in the replica: before the session is played or, if the replica
    /// couldn't be reached, as soon as it can. Also sent after the owner has removed files there,
    /// for which it takes a new epoch.
    SessionClaimed {
        /// The session.
        session: SessionId,
        /// The epoch. A later owner has a higher one.
        epoch: u64,
    }

    /// A session is no longer replicated, since another machine owns it or the replica lost it. If
    /// it is played, [`WhenFenced`](crate::replica::WhenFenced) decides what happens. What was
    /// replicated before stays there.
    SessionFenced {
        /// The session.
        session: SessionId,
        /// The epoch in which this machine owned it; 0 if it never did.
        epoch: u64,
        /// Why.
        reason: FenceReason,
    }

    /// The session that is about to be played has diverged: it continued here and in the replica.
    /// This machine's state continues as a separate session; the files of both stay as they are.
    SessionForked {
        /// The session.
        session: SessionId,
    }

    /// A session was left, and all of it is in the replica, where another machine can resume it at
    /// once; or the replica couldn't be reached, and the rest is sent when this machine plays the
    /// session again; or the player has withheld the rest ([`Consent`](crate::consent::Consent)).
    SessionReleased {
        /// The session.
        session: SessionId,
        /// True if all of the session is in the replica.
        complete: bool,
    }

    /// A session of a player who was [erased](crate::library::LibraryCommands::erase_player) is removed
    /// from the replica. No machine plays it any more, and random numbers are all that is left of it
    /// there.
    ReplicaErased {
        /// The session.
        session: SessionId,
        /// Where it was. It is sent for the mirror as well when somebody else has removed the session
        /// in the replica.
        tier: ReplicaTier,
    }

    /// The replica, or its mirror, doesn't answer. The game continues, and so do saves on this
    /// machine.
    ReplicaLost {
        /// The error.
        error: FailureCause,
        /// The one that doesn't answer.
        tier: ReplicaTier,
    }

    /// The replica, or its mirror, answers again. It is now sent what it lacks.
    ReplicaBack {
        /// The one that answers.
        tier: ReplicaTier,
    }

    /// A session isn't mirrored: the [mirror](crate::replica::Replica::mirror) has something that the
    /// replica has lost, or one of them can't be read. It is tried again every ten minutes.
    MirrorRefused {
        /// The session.
        session: SessionId,
        /// Why.
        reason: MirrorRefusal,
        /// The same in words.
        error: FailureCause,
    }

    /// The replica was listed, and [`ReplicaSessions`](crate::replica::ReplicaSessions) is up to
    /// date.
    ReplicaListed {}
}

/// The reason why a session isn't mirrored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum MirrorRefusal {
    /// The mirror has something that the replica has lost or never had, for example because the
    /// replica was restored from a backup. It stays as it is.
    MirrorIsAhead,
    /// It was removed in the mirror alone, and never comes there again.
    Removed,
    /// Both are the same store.
    SameStore,
    /// The log of one of them can't be read, or that of the replica has a gap.
    Unreadable,
}

impl MirrorRefusal {
    pub(in crate::lifecycle) fn of(why: &Unmirrored) -> Self {
        match why {
            Unmirrored::MirrorIsAhead => Self::MirrorIsAhead,
            Unmirrored::RemovedThere => Self::Removed,
            Unmirrored::SameStore => Self::SameStore,
            Unmirrored::Unreadable(..) | Unmirrored::Gap => Self::Unreadable,
        }
    }
}

/// The reason why a session no longer belongs to this machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum FenceReason {
    /// Another machine owns it.
    Owned,
    /// The replica couldn't be reached for a while, and meanwhile another machine has changed it.
    Forked,
    /// It was removed from the replica.
    Removed,
    /// The replica has lost acknowledged data, for example because it was restored from a backup.
    WentBack,
}

impl FenceReason {
    /// `None` if it still belongs to this machine.
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
