//! Replicas, with which sessions survive the loss of their machine: a copy on other machines, its
//! owner, and resuming a session on another machine.

pub use bevy_session_journal::replica::{
    Created, DirectoryReplica, Epoch, Key, Listing, MemoryReplica, Position, ReplicaOwner,
    ReplicaSession, ReplicaStore, Standing, StoreFault,
};

pub use crate::lifecycle::{
    CheckpointReplicated, FenceReason, ReplicaBack, ReplicaLagging, ReplicaListed, ReplicaLost,
    ReplicaSessions, SessionClaimed, SessionFenced, SessionForked, SessionReleased,
};
pub use crate::replication::{Replica, WhenFenced};
