//! Sessions that outlive their machine: a replica beside the disk, who owns a session there, and what another machine
//! takes over or follows.

pub use bevy_session_journal::replica::{
    Created, DirectoryReplica, Epoch, Key, Listing, MemoryReplica, Pace, Position, ReplicaOwner,
    ReplicaSession, ReplicaStore, Standing, StoreFault,
};

pub use crate::following::{
    Followed, FollowedLeft, FollowedSession, FollowerStalled, SessionFollower,
};
pub use crate::lifecycle::{
    CheckpointReplicated, FenceReason, MirrorRefusal, MirrorRefused, ReplicaBack, ReplicaErased,
    ReplicaLagging, ReplicaListed, ReplicaLost, ReplicaSessions, SessionClaimed, SessionFenced,
    SessionForked, SessionReleased,
};
pub use crate::replication::{Replica, ReplicaTier, WhenFenced};
