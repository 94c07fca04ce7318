//! What the main thread orders, and what the writer reports.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use bevy::ecs::entity::Entity;
use jiff::Timestamp;

use super::retention::Quota;
use super::{SlotDone, SlotOrder};
use crate::capture::{
    Capture, Carried, Claimed, DriftedType, KeyedIds, Parking, Recorder, SaveKey,
};
use crate::crash_report::CrashReportOrder;
use crate::journal::{
    CheckpointId, CheckpointKind, FrameKind, Lineage, Record, RunId, SaveId, SessionId,
};
use crate::process::LastRun;
use crate::recovery::{Found, Prepared, SlotListing, Wanted};
use crate::restore::WorldImage;
use crate::session::GameClock;
use crate::session::StateChange;
use crate::session::{
    Attachment, AttachmentError, AttachmentOf, CheckpointError, RecoveryError, RequestError,
    SlotError,
};
use crate::session::{
    EndReason, Fields, SessionContext, SessionMetadata, SessionStatus, StopReason,
};

/// What the main thread orders. Orders are carried out one after the other.
pub(crate) enum Order {
    /// Look at all sessions on this machine.
    Detect,
    /// Read and decode a checkpoint. Takes the session's lock, unless this process plays it.
    Prepare(Wanted),
    /// Take a session up: from here on, captures are its checkpoints. The first one must be full.
    TakeUp(Box<TakeUp>),
    /// Make a checkpoint of a capture.
    Checkpoint(CheckpointOrder),
    /// Write something down about the session that is being played.
    Write(Record),
    /// Take up the values of placed entities that left the world.
    Park(Box<Parking>),
    /// Hand out the values that were kept for placed entities which are back.
    Claim(Vec<(SaveKey, Entity)>),
    /// Keep on what nobody could use of them.
    Unclaim(Box<Carried>),
    /// Let go of a session that was prepared and isn't taken up after all.
    Release(SessionId),
    /// End the run.
    Leave(Leave),
    /// Set a crashed session aside.
    Decline(SessionId),
    /// Delete a session.
    Forget(SessionId),
    /// Do something with slots, after everything that was ordered before.
    Slot(SlotOrder),
    /// Read an attachment.
    ReadAttachment { of: AttachmentOf, name: String },
    /// Write down how the last process ended.
    Describe(Box<CrashReportOrder>),
    /// From now on, the sessions are those of this profile. Look at all of them.
    UseProfile(String),
    /// The session was played for so long that its restore has proven itself.
    EndTrial(SessionId),
    /// A new session is started instead of restoring this one once more.
    SetAside(SessionId),
    /// How much room there is.
    Quota(Quota),
    /// Free memory that would take the main thread too long.
    Free(Box<Recorder>),
    /// Write the process record anew, since what it says would be wrong: the process is exiting, or
    /// survived a panic.
    Beat,
}

impl Order {
    /// Whether it changes what a listing finds, or goes by what it found.
    pub(super) fn is_about_sessions(&self) -> bool {
        matches!(
            self,
            Self::Prepare(_)
                | Self::TakeUp(_)
                | Self::Decline(_)
                | Self::Forget(_)
                | Self::UseProfile(_)
        )
    }
}

/// Begins a run.
pub(crate) struct TakeUp {
    pub metadata: SessionMetadata,
    pub run: RunId,
    /// The checkpoint that was restored and those before it, and the runs that are left behind.
    pub lineage: Lineage,
    pub next_save_id: SaveId,
    /// The entities that a restore put into the world.
    pub seeds: Vec<(Entity, SaveId)>,
    pub carried: Carried,
    /// Placed entities that were despawned in play.
    pub gone: KeyedIds,
    /// Frames that this version doesn't know and must not lose.
    pub unknown_frames: Vec<(FrameKind, Vec<u8>)>,
}

/// Makes a checkpoint.
pub(crate) struct CheckpointOrder {
    pub counter: u64,
    /// The checkpoint that a delta is the difference to.
    pub base: Option<u64>,
    pub kind: CheckpointKind,
    pub label: Option<String>,
    pub time: Timestamp,
    pub play_time: Duration,
    /// The custom fields, if they changed or the capture is full.
    pub fields: Option<Fields>,
    /// The way through the game's states, likewise.
    pub state_changes: Option<Vec<StateChange>>,
    pub clock: GameClock,
    pub capture: Box<Capture>,
    /// Everything at the same moment, to hold against what was written.
    pub self_test: Option<Box<Capture>>,
    pub handed_over: Instant,
}

/// Ends the run that is being written.
#[derive(Clone, Copy)]
pub(crate) struct Leave {
    pub status: SessionStatus,
    pub reason: Option<EndReason>,
    pub time: Timestamp,
    pub play_time: Duration,
}

/// What the writer reports.
pub(crate) enum Report {
    /// All sessions were looked at. If the process before was still dying at the start, it is only
    /// known now how it ended.
    Detected {
        /// What was found anew, or waits for an answer.
        found: Vec<Found>,
        /// The sessions that aren't there any more.
        gone: Vec<SessionId>,
        /// The slots, if anything about them changed.
        slots: Option<SlotListing>,
        previous: Option<Box<LastRun>>,
    },
    /// The sessions are those of this profile from now on. What was found follows.
    ProfileChanged { profile: String },
    /// The report of how the last process ended was written, with so many bytes, or not.
    Described { path: PathBuf, result: Result<u64, RequestError> },
    /// The run began. A new session's context is told, since asking the machine takes a while.
    TakenUp { session: SessionId, context: SessionContext },
    /// A checkpoint is ready to be restored.
    Prepared(Box<Prepared<WorldImage>>),
    /// What was kept for placed entities that are back.
    Claimed(Box<Claimed>),
    /// A checkpoint can't be restored for a reason that the one who asked can mend.
    NotPrepared { error: RequestError },
    /// The chosen checkpoint is damaged; what is there instead was found.
    Damaged(Box<Found>),
    /// A session can't be restored at all.
    Unrecoverable { session: SessionId, error: RecoveryError },
    /// A checkpoint is durable.
    Saved(Saved),
    /// Checkpoints could not be written.
    Failed { checkpoint: CheckpointId, error: CheckpointError, retry_in: Option<Duration> },
    /// The next capture must be full.
    NeedFull,
    /// What is acknowledged from here on may not survive a power cut.
    PowerCutsNotCovered,
    /// Nothing is saved from here on.
    SavingStopped(StopReason),
    /// What is captured is saved again.
    SavingResumed,
    /// The writer has other rows than the world; the next capture must be full.
    Drifted { types: Vec<DriftedType> },
    /// The game's own code failed while a type was written.
    TypeFailed { type_path: String, message: String },
    /// The run ended.
    Left {
        session: SessionId,
        complete: bool,
        /// Bytes of its journal, if they can be told.
        bytes: Option<u64>,
    },
    /// A session was set aside, or not.
    Declined { session: SessionId, result: Result<(), RequestError> },
    /// A session was deleted, or not.
    Forgotten { session: SessionId, result: Result<(), RequestError> },
    /// Something was done with slots, or not.
    Slot { order: SlotOrder, result: Result<SlotDone, SlotError> },
    /// An attachment was read, or not.
    AttachmentRead { of: AttachmentOf, name: String, result: Result<Attachment, AttachmentError> },
    /// A capture was encoded. Its emptied buffers, if they are to be used again.
    WorkedOff { buffers: Option<Box<Capture>> },
}

/// A durable checkpoint.
#[derive(Clone, Debug)]
pub(crate) struct Saved {
    pub id: CheckpointId,
    pub kind: CheckpointKind,
    pub play_time: Duration,
    pub bytes: u64,
    pub write_time: Duration,
}
