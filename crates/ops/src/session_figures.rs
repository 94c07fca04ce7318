//! The figures of the plugin.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::SessionId;
use bevy_session::library::IndexFigures;
use bevy_session::monitoring::{SessionOperation, WriterLoad};
use bevy_session::recovery::EarlierDeath;
use jiff::Timestamp;

use super::operation::OperationFigures;

/// The figures of the plugin, for an operator or a developer: durations, errors, what waits, and what there is. Filled
/// once a frame by [`SessionFiguresPlugin`](super::SessionFiguresPlugin).
///
/// It takes less than 64 KB, however long the app runs.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session_ops::{SessionFigures, SessionOperation, Window};
///
/// fn overlay(figures: Res<SessionFigures>) {
///     let checkpoints = figures.operation(SessionOperation::Checkpoint);
///     let lately = checkpoints.over(Window::FiveMinutes);
///     info!("{} checkpoints, p95 {:?}, {} failed", lately.count, lately.p95, lately.errors);
/// }
/// # bevy::ecs::system::assert_is_system(overlay);
/// ```
#[derive(Resource, Clone, Debug, Default)]
pub struct SessionFigures {
    operations: Box<Operations>,
    pub(super) sessions: SessionCounts,
    pub(super) load: WriterLoad,
    pub(super) locks: LockFigures,
    pub(super) process: ProcessFigures,
    pub(super) played: Option<PlayedFigures>,
    pub(super) index: IndexFigures,
    pub(super) bytes_written: u64,
    pub(super) events_dropped: u64,
    pub(super) disk_left: Option<u64>,
    pub(super) behind: Behind,
    pub(super) deaths: Deaths,
    /// Damaged sessions, as far as there is room for their ids.
    pub(super) damaged: Vec<SessionId>,
}

/// The age of what was captured and isn't safe yet.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Behind {
    pub unsaved_since: Option<Duration>,
    pub unsaved: Option<Duration>,
    /// For how long something durable has been missing in the replica.
    pub replica: Option<Duration>,
}

/// The processes that died before this one.
#[derive(Clone, Debug, Default)]
pub(super) struct Deaths {
    pub all: Vec<EarlierDeath>,
    /// The moment by the machine's clock.
    pub now: Timestamp,
}

#[derive(Clone, Debug, Default)]
struct Operations {
    capture: OperationFigures,
    checkpoint: OperationFigures,
    restore: OperationFigures,
    start: OperationFigures,
    listing: OperationFigures,
    slot: OperationFigures,
    archive: OperationFigures,
    retention: OperationFigures,
    event_page: OperationFigures,
    report: OperationFigures,
    attachment: OperationFigures,
    request: OperationFigures,
}

/// The number of sessions, as of the last count.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct SessionCounts {
    /// All that are listed, those in the archive and the trash included.
    pub all: u64,
    /// Sessions that are played, by this process or another.
    pub active: u64,
    /// Paused sessions among these.
    pub paused: u64,
    /// Sessions in the archive.
    pub archived: u64,
    /// Sessions in the trash.
    pub in_trash: u64,
    /// Sessions that a crash left, and that were neither recovered nor set aside.
    pub crashed: u64,
    /// Sessions that were found to be damaged since the app started; 64 at most.
    pub damaged: u64,
    /// All sessions that were left within the 24 hours before the newest.
    pub left_lately: u64,
    /// Sessions among these that were left by a crash.
    pub crashed_lately: u64,
}

/// The number of times that sessions were held by other processes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct LockFigures {
    /// The number of times that a start waited for a session that another process was playing.
    pub waits: u64,
    /// The number of requests that were rejected because another process played the session.
    pub refusals: u64,
    /// The number of times that another process took over the session that was being played.
    pub lost: u64,
    /// Locks of processes that are gone and that no start has cleared away; `None` until they were counted.
    pub stale: Option<u32>,
}

/// The session that is played, in figures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct PlayedFigures {
    /// The session.
    pub session: SessionId,
    /// Its play time, pauses excluded.
    pub play_time: Duration,
    /// Bytes that it takes on disk, without its slots; `None` until that was asked, which is about every ten seconds.
    pub bytes: Option<u64>,
    /// Saved entities at its newest checkpoint; `None` before the first one of this run.
    pub entities: Option<u64>,
}

/// The memory and processor time of the whole process. Measured about every ten seconds, on the writer's thread.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
#[non_exhaustive]
pub struct ProcessFigures {
    /// Bytes of memory; `None` if the system doesn't say.
    pub memory: Option<u64>,
    /// Processor time since the process began.
    pub cpu: Option<Duration>,
    /// The number of processors that it kept busy between the last two measurements: 1 is one of them all the time.
    pub busy: Option<f64>,
    /// Processor time of the thread that writes: most of what the plugin takes. `None` on Windows.
    pub writer_cpu: Option<Duration>,
    /// The share of one processor that this thread kept busy between the last two measurements.
    pub writer_busy: Option<f64>,
    /// When the processor time was asked last, by the app's real time.
    pub(super) looked: Duration,
}

impl SessionFigures {
    /// The figures of one operation.
    #[must_use]
    pub fn operation(&self, operation: SessionOperation) -> &OperationFigures {
        let all = &self.operations;
        match operation {
            SessionOperation::Capture => &all.capture,
            SessionOperation::Checkpoint => &all.checkpoint,
            SessionOperation::Restore => &all.restore,
            SessionOperation::Start => &all.start,
            SessionOperation::Listing => &all.listing,
            SessionOperation::Slot => &all.slot,
            SessionOperation::Archive => &all.archive,
            SessionOperation::Retention => &all.retention,
            SessionOperation::EventPage => &all.event_page,
            SessionOperation::Report => &all.report,
            SessionOperation::Attachment => &all.attachment,
            SessionOperation::Request => &all.request,
        }
    }

    fn operation_mut(&mut self, operation: SessionOperation) -> &mut OperationFigures {
        let all = &mut self.operations;
        match operation {
            SessionOperation::Capture => &mut all.capture,
            SessionOperation::Checkpoint => &mut all.checkpoint,
            SessionOperation::Restore => &mut all.restore,
            SessionOperation::Start => &mut all.start,
            SessionOperation::Listing => &mut all.listing,
            SessionOperation::Slot => &mut all.slot,
            SessionOperation::Archive => &mut all.archive,
            SessionOperation::Retention => &mut all.retention,
            SessionOperation::EventPage => &mut all.event_page,
            SessionOperation::Report => &mut all.report,
            SessionOperation::Attachment => &mut all.attachment,
            SessionOperation::Request => &mut all.request,
        }
    }

    /// Counts an operation that was done, as the plugin does with its own: for a game that times something
    /// beside them, and for tests of alerts. `None` stands for one that failed.
    pub fn note(&mut self, operation: SessionOperation, took: Option<Duration>) {
        self.operation_mut(operation).note(took);
    }

    /// Brings the windows up to this moment of the app's real time.
    pub(super) fn turn(&mut self, now: Duration) {
        for operation in SessionOperation::ALL {
            self.operation_mut(*operation).turn(now);
        }
        let behind = &mut self.behind;
        behind.unsaved = behind.unsaved_since.map(|since| now.saturating_sub(since));
    }

    /// The number of sessions.
    #[must_use]
    pub fn sessions(&self) -> SessionCounts {
        self.sessions
    }

    /// The work that waits to be done.
    #[must_use]
    pub fn load(&self) -> WriterLoad {
        self.load
    }

    /// The number of times that sessions were held by other processes.
    #[must_use]
    pub fn locks(&self) -> LockFigures {
        self.locks
    }

    /// The session that is played; `None` if none is.
    #[must_use]
    pub fn played(&self) -> Option<PlayedFigures> {
        self.played
    }

    /// The memory and processor time of the process.
    #[must_use]
    pub fn process(&self) -> ProcessFigures {
        self.process
    }

    /// The hits and misses of the index of sessions.
    #[must_use]
    pub fn index(&self) -> IndexFigures {
        self.index
    }

    /// The share of the sessions that was known from the index without being read, from 0 to 1; `None` before they were
    /// looked at.
    #[must_use]
    pub fn index_hits(&self) -> Option<f64> {
        super::window::share(self.index.hits, self.index.hits + self.index.misses)
    }

    /// Bytes of all checkpoints that became durable.
    #[must_use]
    pub fn bytes_written(&self) -> u64 {
        self.bytes_written
    }

    /// Recorded events that were lost.
    #[must_use]
    pub fn events_dropped(&self) -> u64 {
        self.events_dropped
    }

    /// Bytes that can still be written where sessions are; `None` until it was asked, and if that can't be known.
    #[must_use]
    pub fn disk_left(&self) -> Option<u64> {
        self.disk_left
    }

    /// For how long something has been captured that isn't durable yet; `None` if all of it is. Where
    /// nothing changes, nothing is captured, and this stays `None`.
    #[must_use]
    pub fn unsaved(&self) -> Option<Duration> {
        self.behind.unsaved
    }

    /// For how long a durable checkpoint has been missing in the replica, by the oldest that is; `None` if none is, and
    /// without a replica. A replica is sent what is new at its own [pace](bevy_session::replica::Replica::send_every), so up to
    /// that it is as it should be.
    #[must_use]
    pub fn replica_lag(&self) -> Option<Duration> {
        self.behind.replica
    }

    /// The number of processes of this game on this machine that died within this time, a day at most, while they played
    /// the session that is played now, or before they played one: the larger of both numbers. So several servers that die
    /// in one moment, each with a session of its own, are no crash loop. None are counted in development.
    #[must_use]
    pub fn deaths_within(&self, time: Duration) -> u64 {
        let played = self.played.map(|played| played.session);
        EarlierDeath::most_alike(&self.deaths.all, played, time, self.deaths.now) as u64
    }
}
