//! The reports of the writer that are the same for every content.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::Surroundings;
use super::asked::{EditedMany, SessionAttachmentOrder, SlotDone, SlotOrder};
use super::cleanup_outcome::CleanupOutcome;
use super::cloud_news::CloudNews;
use crate::disk::process::LastRun;
use crate::format::CheckpointKind;
use crate::model::ids::{CheckpointId, SessionId, SlotId, Ticket};
use crate::model::session::{
    Attachment, AttachmentError, AttachmentOf, AttachmentVersion, AuditEntry, CheckpointError,
    ErasedConsent, ErasureReceipt, FailureCause, KeptConsents, LeaveCause, ProvenTime,
    RecoveryError, RequestError, SessionContext, SessionUpdate, ShelfMove, ShelfMoved, SlotError,
    StopReason,
};
use crate::read::digest::{DigestFigures, ErasedDigests};
use crate::read::finding::Shelf;
use crate::read::recovery::{
    EventPage, EventQuery, EventValidation, FoundSession, IndexFigures, OfferedSession,
    SessionEntry, SlotListing, Timeline,
};
use crate::read::report::ReportOrder;

/// A report of the writer that is the same for every content.
#[derive(Debug)]
pub enum News {
    /// All sessions were looked at. If the process before was still dying at the start, it is only
    /// known now how it ended.
    Detected {
        /// A lower bound of the current time.
        time: ProvenTime,
        /// Sessions that were found or changed since, and of which there is nothing to report.
        settled: Box<Shelf>,
        /// The others that were found or changed since, and those that wait for an answer.
        found: Vec<FoundSession>,
        /// The sessions that aren't there any more.
        gone: Vec<SessionId>,
        /// The slots, if anything about them changed.
        slots: Option<Box<SlotListing>>,
        previous: Option<Box<LastRun>>,
        /// True if it was asked for, false if it only looked for changes.
        is_asked_for: bool,
        /// The savings by the index.
        index: IndexFigures,
        /// The reason that the sessions can't be listed, so that there may be others.
        failure: Option<Box<FailureCause>>,
        ticket: Option<Ticket>,
    },
    /// The result of a file in a file cloud's folder.
    Cloud(CloudNews),
    /// The sessions in the index, which the game wants to show before they are looked at.
    Remembered(Box<Shelf>),
    /// The sessions are those of this profile from now on. The findings follow.
    ProfileChanged { profile: String, consents: KeptConsents, ticket: Ticket },
    /// A report was written, with this number of bytes, or not.
    Described { order: Box<ReportOrder>, result: Result<u64, RequestError>, ticket: Ticket },
    /// The run began. Its context is found out here, since asking the machine takes a while.
    TakenUp { session: SessionId, context: Box<SessionContext> },
    /// A checkpoint can't be restored for a reason that another request can avoid.
    NotPrepared { error: RequestError, ticket: Ticket },
    /// The chosen checkpoint is damaged; what is there instead was found.
    Damaged { found: Box<FoundSession>, ticket: Ticket },
    /// A session can't be restored at all.
    Unrecoverable { session: SessionId, error: RecoveryError, ticket: Ticket },
    /// A checkpoint is durable.
    Saved(Saved),
    /// Checkpoints could not be written.
    Failed { checkpoint: CheckpointId, error: CheckpointError, retry_in: Option<Duration> },
    /// The timeline of the session that is played: at the run's begin, and whenever something was removed.
    Timeline { session: SessionId, timeline: Box<Timeline> },
    /// The next capture must be full.
    NeedFull,
    /// Checkpoints that are acknowledged from here on may not survive a power cut.
    PowerCutsNotCovered,
    /// Nothing is saved from here on.
    SavingStopped(StopReason),
    /// Captures are saved again.
    SavingResumed,
    /// The run ended.
    Left {
        session: SessionId,
        complete: bool,
        /// Bytes of its journal, if they are known.
        bytes: Option<u64>,
        /// Bytes of each type that the run has encoded, before they were compressed, the largest first.
        types: Vec<(String, u64)>,
    },
    /// A session was set aside, or one side of it, or not.
    Declined {
        decline: OfferedSession,
        /// The session with the sides that are left, if one alone was.
        result: Result<Option<Box<FoundSession>>, RequestError>,
        ticket: Ticket,
    },
    /// A session was deleted, or not. Without a ticket, as one of many.
    Forgotten { session: SessionId, result: Result<(), RequestError>, ticket: Option<Ticket> },
    /// A session was planned, or not.
    Drafted { result: Result<Box<SessionEntry>, RequestError>, ticket: Ticket },
    /// A session was made of another one, which isn't played, or not.
    Copied { session: SessionId, result: Result<Box<SessionEntry>, RequestError>, ticket: Ticket },
    /// A session was moved to another place, or not. Without a ticket, as one of many.
    Shelved {
        session: SessionId,
        how: ShelfMove,
        result: Result<ShelfMoved, RequestError>,
        ticket: Option<Ticket>,
    },
    /// A session that had been in the trash for long was removed, which freed this number of bytes.
    Emptied { session: SessionId, bytes: u64 },
    /// A crash was given up: its session has ended as failed, at the time of its last sign of life.
    GivenUp { session: SessionId, cause: LeaveCause, left: Timestamp },
    /// Everything that is kept of a player was written into a file of this many bytes, or not.
    PlayerExported { path: PathBuf, result: Result<u64, RequestError>, ticket: Ticket },
    /// Slots of an erased player were removed.
    SlotsErased { slots: Vec<SlotId> },
    /// The answers of an erased player about the use of their data were removed.
    ConsentErased { profile: String, erased: ErasedConsent },
    /// A player was erased, or not.
    PlayerErased {
        player: String,
        result: Result<Box<ErasureReceipt>, RequestError>,
        ticket: Ticket,
    },
    /// The newest entries of the audit log were read, the oldest of them first, with the number of all; or not.
    AuditRead { result: Result<(Vec<AuditEntry>, usize), RequestError>, ticket: Ticket },
    /// A cleanup is done. Without a ticket, as the time for it had come.
    CleanedUp { outcome: Box<CleanupOutcome>, ticket: Option<Ticket> },
    /// A session's metadata or fields were changed, or not. Without a ticket, as one of many.
    Edited {
        session: SessionId,
        update: Box<SessionUpdate>,
        result: Result<(), RequestError>,
        ticket: Option<Ticket>,
    },
    /// An edit of many sessions is done, as far as it could be. The outcome of each was reported before.
    EditedMany { edited: Box<EditedMany>, ticket: Ticket },
    /// Something was done with slots, or not.
    Slot { order: SlotOrder, result: Result<SlotDone, SlotError>, ticket: Option<Ticket> },
    /// Events can't be written, or not durably. They are tried again, unless `EventsDropped` says otherwise.
    EventsFailed { cause: FailureCause, retry_in: Duration },
    /// Events are lost: this number, for this reason. Checkpoints continue.
    EventsDropped { count: u64, cause: EventsDropCause },
    /// A page of what happened was read, or not.
    EventsRead { query: Box<EventQuery>, result: Result<EventPage, RequestError>, ticket: Ticket },
    /// All that a session has recorded was looked at, or not.
    EventsValidated {
        session: SessionId,
        result: Result<EventValidation, RequestError>,
        ticket: Ticket,
    },
    /// The digests under a name are up to date, or were removed. Without a ticket if that is because the profile is
    /// another one.
    Digested {
        name: &'static str,
        digests: ErasedDigests,
        figures: DigestFigures,
        ticket: Option<Ticket>,
    },
    /// The surroundings of the journal were measured.
    Measured(Surroundings),
    /// Something was attached to a session itself, or taken away, or not. Says what is attached to it now.
    SessionAttachment {
        order: SessionAttachmentOrder,
        result: Result<Vec<AttachmentVersion>, AttachmentError>,
        ticket: Ticket,
    },
    /// An attachment was read, or not.
    AttachmentRead {
        of: AttachmentOf,
        name: String,
        result: Result<Attachment, AttachmentError>,
        ticket: Ticket,
    },
}

impl News {
    /// The session and the ticket of a request about one session, if this is the answer. An edit of a session as one of
    /// many has no ticket.
    pub fn filed(&self) -> Option<(SessionId, Ticket)> {
        match self {
            Self::Declined { decline: OfferedSession { session, .. }, ticket, .. }
            | Self::Copied { session, ticket, .. } => Some((*session, *ticket)),
            Self::Forgotten { session, ticket, .. }
            | Self::Shelved { session, ticket, .. }
            | Self::Edited { session, ticket, .. } => ticket.map(|ticket| (*session, ticket)),
            _ => None,
        }
    }
}

#[cfg(test)]
impl News {
    /// All sessions that a listing has found; none if this isn't about one.
    pub(crate) fn into_found(self) -> Vec<FoundSession> {
        let Self::Detected { settled, mut found, .. } = self else { return Vec::new() };
        found.extend(settled.into_entries().into_iter().map(FoundSession::settled));
        found
    }
}

/// The reason that events are lost.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum EventsDropCause {
    /// Their values are over the limit of one event. One of their types.
    TooLarge { type_path: Arc<str> },
    /// The disk hasn't taken them for so long that no more of them can wait.
    Disk(FailureCause),
    /// Another process took the session over.
    LockLost,
    /// The run ended before its first checkpoint was durable, so there is no session that they belong to.
    NeverBegun,
    /// Their numbers don't rise.
    OutOfOrder,
}

/// A durable checkpoint.
#[derive(Clone, Debug)]
pub struct Saved {
    pub id: CheckpointId,
    pub kind: CheckpointKind,
    /// Its label.
    pub label: Option<String>,
    /// The time at which it was captured.
    pub time: Timestamp,
    pub play_time: Duration,
    pub bytes: u64,
    pub write_time: Duration,
}
