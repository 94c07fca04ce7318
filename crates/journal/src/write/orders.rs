//! The orders of the main thread, and the reports of the writer.

use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::asked::{EditMany, SessionAttachmentOrder, SlotOrder};
use super::cleanup_rules::CleanupRules;
use super::content::Content;
use super::news::News;
use crate::format::{
    Begun, CheckpointKind, EventStretch, FrameKind, Lineage, Record, RecordedEvent, TapePosition,
};
use crate::model::ids::{RunId, SessionId, Ticket};
use crate::model::session::{
    AttachmentOf, ChaptersWritten, CheckpointSummary, EndReason, Fields, GameClock, Leaving,
    NewSession, PlayerConsent, RestoreFrom, SessionMetadata, SessionStatus, SessionUpdate,
    ShelfMove, StartingWorld, StateChange,
};
use crate::read::digest::DigestOrder;
use crate::read::recovery::{EventQuery, OfferedSession, Prepared, Wanted};
use crate::read::report::ReportOrder;
use crate::write::retention::Quota;

/// An order of the main thread. Orders are carried out one after the other.
///
/// An order that is answered has a ticket, and the answer brings it back: an order that takes slices may be answered
/// later than those after it.
pub enum Order<C: Content> {
    /// Look at all sessions on this machine.
    Detect { ticket: Option<Ticket> },
    /// Look at the sessions whose files changed.
    Refresh,
    /// Read and decode a checkpoint. Takes the session's lock, unless this process plays it.
    Prepare { wanted: Wanted, ticket: Ticket },
    /// Read and decode a world that a new session begins with.
    PrepareWorld { order: Box<WorldOrder>, ticket: Ticket },
    /// Take a session up: from here on, captures are its checkpoints. The first one must be full.
    TakeUp(Box<TakeUp<C::Start>>),
    /// Make a checkpoint of a capture.
    Checkpoint(Box<CheckpointOrder<C::Capture>>),
    /// Write something down about the session that is being played.
    Write(Record),
    /// Something that only the content knows.
    Content(C::Order),
    /// Record what happened in the session that is being played.
    Events(C::Events),
    /// Read a page of what happened in a session.
    ReadEvents { query: Box<EventQuery>, ticket: Ticket },
    /// Look at all that a session has recorded, and say what is whole.
    ValidateEvents { session: SessionId, ticket: Ticket },
    /// Bring what the program keeps of each session up to date, or remove it.
    Digest { order: DigestOrder, ticket: Ticket },
    /// Release a session that was prepared and isn't resumed after all.
    Release(SessionId),
    /// End the run.
    Leave(Leave),
    /// Set a crashed session aside, or one side of a forked one.
    Decline { decline: OfferedSession, ticket: Ticket },
    /// Delete a session.
    Forget { session: SessionId, ticket: Ticket },
    /// Write a session down that begins later.
    Draft { order: Box<DraftOrder>, ticket: Ticket },
    /// Make a new session out of one that isn't played.
    Copy { session: SessionId, name: String, ticket: Ticket },
    /// Move a session to another place.
    Shelve { session: SessionId, how: ShelfMove, ticket: Ticket },
    /// Change what a session that isn't played says about itself.
    Edit { session: SessionId, update: Box<SessionUpdate>, ticket: Ticket },
    /// Do one thing with each of many sessions.
    EditMany { order: Box<EditMany>, ticket: Ticket },
    /// Write everything that is kept of a player into a file.
    ExportPlayer { player: String, path: PathBuf, ticket: Ticket },
    /// Remove everything that is kept of a player.
    ErasePlayer { player: String, ticket: Ticket },
    /// A player makes the request of this ticket, which is ordered next.
    AskedBy { player: String, ticket: Ticket },
    /// Read the newest entries of the audit log.
    ReadAudit { limit: usize, ticket: Ticket },
    /// Do with all sessions what the rules say, and remove leftovers. Without a ticket, as the time for it has come.
    CleanUp { rules: Box<CleanupRules>, ticket: Option<Ticket> },
    /// Do something with slots, after everything that was ordered before. Without a ticket, as a step of something else.
    Slot { order: SlotOrder, ticket: Option<Ticket> },
    /// Attach something to the session that is being played, once that is on the disk, or take it away.
    SessionAttachment { order: SessionAttachmentOrder, ticket: Ticket },
    /// Read an attachment.
    ReadAttachment { of: AttachmentOf, name: String, ticket: Ticket },
    /// Write a report, or a session that is handed on.
    Describe { order: Box<ReportOrder>, ticket: Ticket },
    /// From now on, the sessions are those of this profile. Look at all of them.
    UseProfile { profile: String, ticket: Ticket },
    /// The session was played for so long that its restore has proven itself.
    EndTrial(SessionId),
    /// A new session is started instead of restoring this one once more.
    SetAside(SessionId),
    /// Sets the quota.
    Quota(Quota),
    /// Switches the audit log on or off. It is off by default.
    KeepAudit(bool),
    /// Keep the answers of a player of this profile about the use of their data.
    KeepConsent { profile: String, consent: Box<PlayerConsent> },
    /// Switches reading and writing the index of sessions on or off. It is on by default.
    KeepIndex(bool),
    /// Measure what is around the journal.
    Measure,
    /// Write the process record again, since what it says would be wrong: the process is exiting, or
    /// survived a panic.
    Beat,
}

impl<C: Content> fmt::Debug for Report<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Report").finish_non_exhaustive()
    }
}

impl<C: Content> fmt::Debug for Order<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Order").finish_non_exhaustive()
    }
}

impl<C: Content> Order<C> {
    /// Its name in logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Detect { .. } => "detect",
            Self::Refresh => "refresh",
            Self::Prepare { .. } => "prepare",
            Self::PrepareWorld { .. } => "prepare world",
            Self::TakeUp(_) => "take up",
            Self::Checkpoint(_) => "checkpoint",
            Self::Write(_) => "write",
            Self::Content(_) => "content",
            Self::Events(_) => "events",
            Self::ReadEvents { .. } => "read events",
            Self::ValidateEvents { .. } => "validate events",
            Self::Digest { .. } => "digest",
            Self::Release(_) => "release",
            Self::Leave(_) => "leave",
            Self::Decline { .. } => "decline",
            Self::Forget { .. } => "forget",
            Self::Draft { .. } => "draft",
            Self::Copy { .. } => "copy",
            Self::Shelve { .. } => "shelve",
            Self::Edit { .. } => "edit",
            Self::EditMany { .. } => "edit many",
            Self::ExportPlayer { .. } => "export player",
            Self::ErasePlayer { .. } => "erase player",
            Self::AskedBy { .. } => "asked by",
            Self::ReadAudit { .. } => "read audit",
            Self::CleanUp { .. } => "clean up",
            Self::Slot { .. } => "slot",
            Self::SessionAttachment { .. } => "session attachment",
            Self::ReadAttachment { .. } => "read attachment",
            Self::Describe { .. } => "describe",
            Self::UseProfile { .. } => "use profile",
            Self::EndTrial(_) => "end trial",
            Self::SetAside(_) => "set aside",
            Self::Quota(_) => "quota",
            Self::KeepAudit(_) => "keep audit",
            Self::KeepConsent { .. } => "keep consent",
            Self::KeepIndex(_) => "keep index",
            Self::Measure => "measure",
            Self::Beat => "beat",
        }
    }

    /// Returns true if it changes the result of a listing, or depends on it.
    pub(super) fn is_about_sessions(&self) -> bool {
        self.leads_elsewhere() || self.is_filing()
    }

    /// Returns true if another run may follow.
    pub(super) fn leads_elsewhere(&self) -> bool {
        matches!(self, Self::Prepare { .. } | Self::TakeUp(_) | Self::UseProfile { .. })
    }

    /// Returns true if it is about the run that is written, and about nothing else.
    pub(super) fn is_of_run(&self) -> bool {
        matches!(self, Self::Checkpoint(_) | Self::Write(_) | Self::Content(_) | Self::Events(_))
    }

    /// Returns true if orders after it are about another run, or other sessions.
    pub(super) fn changes_run(&self) -> bool {
        matches!(self, Self::TakeUp(_) | Self::Leave(_) | Self::UseProfile { .. })
    }

    /// Returns true if the end of a run waits for it.
    pub(super) fn is_of_player(&self) -> bool {
        matches!(self, Self::Slot { .. } | Self::SessionAttachment { .. })
    }

    /// Returns true if it reads a checkpoint that is to be restored.
    pub(super) fn reads(&self) -> bool {
        matches!(self, Self::Prepare { .. })
    }

    /// Returns true if it is about sessions that aren't played, or reads a checkpoint that is to be restored.
    pub(super) fn is_of_others(&self) -> bool {
        let is_job_of_all = matches!(
            self,
            Self::CleanUp { .. } | Self::ExportPlayer { .. } | Self::ErasePlayer { .. }
        );
        self.reads() || self.is_filing() || is_job_of_all || matches!(self, Self::Release(_))
    }

    /// Returns true if it reads one that is in a slot.
    pub(super) fn reads_slot(&self) -> bool {
        matches!(self, Self::Prepare { wanted, .. } if matches!(wanted.from, RestoreFrom::Slot(_)))
    }

    /// Returns true if it changes sessions that aren't played.
    pub(super) fn is_filing(&self) -> bool {
        matches!(
            self,
            Self::Decline { .. }
                | Self::Forget { .. }
                | Self::Draft { .. }
                | Self::Copy { .. }
                | Self::Shelve { .. }
                | Self::Edit { .. }
                | Self::EditMany { .. }
        )
    }
}

/// Makes a world the beginning of a new session.
#[derive(Debug)]
pub struct WorldOrder {
    /// The session's metadata.
    pub metadata: SessionMetadata,
    /// Its other properties, beside the world.
    pub session: NewSession,
    pub world: StartingWorld,
}

/// Plans a session.
#[derive(Debug)]
pub struct DraftOrder {
    /// The session's metadata. Its context is the game's part; the writer adds what it knows.
    pub metadata: SessionMetadata,
    /// Its other properties.
    pub session: NewSession,
}

/// Begins a run.
#[derive(Debug)]
pub struct TakeUp<S> {
    /// Its context is what the game says of itself. The writer adds what it knows.
    pub metadata: SessionMetadata,
    pub run: RunId,
    /// The checkpoint that was restored and those before it, and the runs that are left behind.
    pub lineage: Lineage,
    /// The reason of the run's begin; `None` for a session's first.
    pub begun: Option<Begun>,
    /// The state that the content starts with.
    pub start: S,
    /// Frames that this version doesn't know and must not lose.
    pub unknown_frames: Vec<(FrameKind, Vec<u8>)>,
    /// The events before the run begins.
    pub events: EventStart,
}

/// The events at the begin of a run.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EventStart {
    /// True if the game records events of its own. Then an older build, which doesn't know events, doesn't resume the
    /// session.
    pub records: bool,
    /// The events that are handed out again, see [`Prepared::events`]. They are this run's from here
    /// on, so that they aren't lost should it crash before its first checkpoint that includes them.
    pub replayed: Vec<RecordedEvent>,
    /// The stretches of events before on the line, see [`Prepared::events`].
    pub line: Vec<EventStretch>,
}

/// Makes a checkpoint.
#[derive(Debug)]
pub struct CheckpointOrder<C> {
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
    /// The session's chapters, if they changed.
    pub chapters: Option<Box<ChaptersWritten>>,
    /// Its summary for lists, likewise.
    pub summary: Option<CheckpointSummary>,
    pub clock: GameClock,
    /// The number of the last event whose effect is in it. An event with a higher number is handed out
    /// again after a crash.
    pub events_through: u64,
    /// True if something of the game failed since the checkpoint before, and the game continued.
    pub after_failure: bool,
    pub tape: Option<TapePosition>,
    pub capture: C,
    /// Everything at the same moment, to hold against what was written.
    pub self_test: Option<C>,
    pub handed_over: Instant,
}

/// Ends the run that is being written.
#[derive(Clone, Debug)]
pub struct Leave {
    pub status: SessionStatus,
    pub reason: Option<EndReason>,
    pub leaving: Leaving,
    pub time: Timestamp,
    pub play_time: Duration,
}

/// A report of the writer.
pub enum Report<C: Content> {
    /// A report that is the same for every content.
    News(News),
    /// A checkpoint is ready to be restored.
    Prepared { prepared: Box<Prepared<C::Image>>, ticket: Ticket },
    /// Something that only the content knows.
    Content(C::Report),
    /// A capture was encoded, with the emptied capture, if that is to be used again.
    WorkedOff { emptied: Option<C::Capture> },
}
