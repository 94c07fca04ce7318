//! The keeper's orders, and its reports.

use std::io;
use std::time::Duration;

use crate::model::ids::{CheckpointId, SessionId};
use crate::replica::survey::ReplicaSession;
use crate::replica::{Epoch, Over, StoreFault};

/// An order about a session in the replica.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ReplicaOrder {
    /// It is about to be played: this machine is to own it, and to have what is newest of it. Answered by
    /// [`ReplicaReport::Ready`], however long another owns it.
    Ready(SessionId),
    /// The same for a session that is asked for by its name, so that nobody is there to choose: a fork is joined, and it is
    /// given up in time.
    ReadyByName(SessionId, Patience),
    /// It was begun here, so that no other machine knows it: it is claimed while it is played.
    Begin(SessionId),
    /// A checkpoint is durable here.
    Saved(SessionId, CheckpointId),
    /// It isn't played any more: everything is sent, then it is free. Answered by [`ReplicaReport::LetGo`].
    LetGo(SessionId),
    /// Nothing more of it is sent, as its player doesn't agree to that, or all of it may be sent again. It holds until the
    /// opposite is said, also if it is readied or begun later. The session stays this machine's: with signs of life, which
    /// are no data of a player. One that was begun here isn't claimed meanwhile.
    Withhold(SessionId, bool),
    /// Its player has withdrawn: what the store tells people of it is taken out, and what was shared of it ends, whether it is
    /// played or not. It holds until the session isn't withheld any more.
    Forget(SessionId),
    /// The replica's sessions are wanted now, even while a session is played. Looks are numbered in the order in which
    /// they are asked for. Answered by [`ReplicaReport::Found`], if need be after [`ReplicaReport::Lost`]. If it is true,
    /// sessions that have an owner are read again.
    Look(u64, bool),
    /// A player may have been erased, or a session of theirs removed from the disk: what the replica has of it is removed.
    /// [`ReplicaReport::Erased`] follows for each, once nobody owns it.
    Erase,
    /// The sessions of another profile come next.
    UseProfile(String),
}

/// The times for which a session by its name is waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Patience {
    /// The time that another machine may own it; it is given up with [`Readiness::Owned`].
    pub owner: Duration,
    /// The time that the store may give no answer, where it has more than this machine; it is given up with
    /// [`Readiness::Unreachable`]. With `None` it is [`Readiness::Unclaimed`] at once.
    pub store: Option<Duration>,
}

impl Patience {
    /// The readiness of a session of which nothing can be fetched, now or ever. What is waited for is never played as it
    /// is here.
    pub(super) fn without_replica(patience: Option<Self>) -> Readiness {
        match patience.and_then(|patience| patience.store) {
            Some(_) => Readiness::Unreachable,
            None => Readiness::Unclaimed,
        }
    }
}

/// A report about the replica.
#[derive(Debug)]
pub enum ReplicaReport {
    /// Its sessions, compared with those that are here, as they were found after the look of this number was asked for.
    Found(Vec<ReplicaSession>, u64),
    /// A session can be played, or can't.
    Ready(SessionId, Readiness),
    /// This machine owns a session there.
    Claimed(SessionId, Epoch),
    /// A checkpoint, and what is kept before it, can be had there.
    Replicated(SessionId, CheckpointId),
    /// A checkpoint waits for longer than it may.
    Lagging(SessionId, CheckpointId),
    /// The store gives no answer. Its sessions are reported once it does, unless one is played then.
    Lost(StoreFault),
    /// It answers again.
    Back,
    /// Files of a session that is played as it is here can't be read or written for the replica. It is tried again.
    Failed(SessionId, io::Error),
    /// Nothing more of a session is sent.
    Over(SessionId, Epoch, Over),
    /// A session of an erased player is removed: nothing of it is left but random numbers.
    Erased(SessionId),
    /// A session was released; true if everything of it is in the replica.
    LetGo(SessionId, bool),
}

/// The readiness of a session that is to be played.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Readiness {
    /// This machine owns it, and has what is newest of it.
    Claimed,
    /// The store gives no answer, or none that can be read: it is as it is here.
    Unclaimed,
    /// The replica has more of it, and that can't be had: the store has given no answer for longer than was to be waited, or
    /// what it has can't be read, or not be written here.
    Unreachable,
    /// Another process of this machine has it.
    InUse,
    /// Another machine owns it, and has for longer than was to be waited.
    Owned,
    /// This machine and the replica have changed without each other.
    Forked,
    /// It was removed from the replica.
    Removed,
}
