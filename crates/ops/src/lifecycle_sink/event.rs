//! Lifecycle events, as plain data.

use bevy_session::recovery::RestoreReason;
use bevy_session::{EndReason, LeaveCause, SessionId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A lifecycle event of a session. In JSON it is one flat object:
///
/// ```json
/// {"time":"2026-11-28T04:00:00Z","session":"0198c6f0-…","name":"Evening","player":"Ann","event":"paused"}
/// ```
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LifecycleEvent {
    /// The time, by the machine's clock: that of the frame in which it happened.
    pub time: Timestamp,
    /// The session; `None` if it is about none.
    pub session: Option<SessionId>,
    /// The session's name at that time; `None` if it isn't known. Players choose it, so it may be personal.
    pub name: Option<String>,
    /// The name of the session's player, if the game set one. It is personal.
    pub player: Option<String>,
    /// The change.
    #[serde(flatten)]
    pub change: LifecycleChange,
}

/// A change in the life of a session. In JSON its name is `event`, such as `checkpoint_failed`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum LifecycleChange {
    /// A new session was started.
    Started,
    /// A checkpoint was restored: the session was continued, recovered after a crash, or went back.
    Restored {
        /// The number of the checkpoint.
        checkpoint: u64,
        /// The reason.
        reason: RestoreReason,
    },
    /// The session was paused.
    Paused,
    /// The paused session continues.
    Resumed,
    /// The session was left and can be continued.
    Closed {
        /// The cause.
        cause: LeaveCause,
        /// True if all of it is on disk.
        complete: bool,
        /// Play time of all its runs, in seconds.
        play_seconds: f64,
    },
    /// The session ended for good.
    Ended {
        /// The reason.
        reason: EndReason,
        /// The cause.
        cause: LeaveCause,
        /// True if all of it is on disk.
        complete: bool,
        /// Play time of all its runs, in seconds.
        play_seconds: f64,
    },
    /// The process before this one crashed, or was killed. Sent once, as soon as this one knows its sessions. It is
    /// about no session if that process played none.
    Crashed {
        /// [`HowItEnded::name`](bevy_session::recovery::HowItEnded::name), such as `killed` or `not_responding`.
        how: String,
        /// The last time at which it is known to have been alive.
        alive_at: Timestamp,
    },
    /// Checkpoints could not be written.
    CheckpointFailed {
        /// The number of the newest of them.
        checkpoint: u64,
        /// The error, in a sentence.
        error: String,
        /// True if the same is tried again.
        is_tried_again: bool,
    },
    /// Nothing is saved from now on.
    SavingStopped {
        /// The reason, in a sentence.
        reason: String,
    },
    /// The session is saved again.
    SavingResumed,
    /// This machine owns the session in the replica.
    Claimed {
        /// The epoch, which is higher for each later owner.
        epoch: u64,
    },
    /// The session no longer belongs to this machine: another one took it over, or the replica lost it.
    TakenOver {
        /// The epoch in which this machine owned it; 0 if it never did.
        epoch: u64,
        /// `owned`, `forked`, `removed` or `went_back`, as in
        /// [`FenceReason`](bevy_session::replica::FenceReason).
        reason: String,
    },
    /// The session was left, and released for other machines.
    HandedOver {
        /// True if all of it is in the replica.
        complete: bool,
    },
    /// Events were dropped in this place, as the sink was too slow. The time is that of the first of them.
    Dropped {
        /// Their number.
        count: u64,
    },
}
