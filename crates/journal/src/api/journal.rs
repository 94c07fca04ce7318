//! The journal of a program.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::io;
use std::mem;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::guard::{OpenSession, Stage};
use super::row_content::{RowContent, Start};
use super::{Codec, JournalError, JournalOptions, ManualClock, Restored, Run};
use crate::disk::process::{LastRun, ProcessGuard, ProcessOptions, last_to_die};
use crate::disk::{ArchivesDisk, LocalStore};
use crate::format::Lineage;
use crate::model::clock::{self, Clock, Moment};
use crate::model::ids::Ticket;
use crate::model::ids::{RunId, SaveId, SessionId};
use crate::model::session::{NewSession, RequestError, RestoreFrom, RestoreReason};
use crate::read::recovery::{FoundSession, OfferedSession, PROBATION, Wanted};
use crate::write::{CloudNews, EventStart, Link, News, Order, Report, TakeUp, Versions, Worker};

/// The journal of a program: its sessions, and the thread that writes them.
///
/// [`detect`](Self::detect) returns the sessions. One of them is [restored](Self::restore), or a new one is
/// [started](Self::start); both lead to a [`Run`], which takes checkpoints. A run borrows the journal, so that one
/// session is open at a time.
///
/// Calls that return a [`JournalError`] wait for the writer, no longer than
/// [`JournalOptions::patience`]; [`open`](Self::open) and `drop` touch the disk themselves. All others
/// return at once.
///
/// Dropping the journal waits up to three seconds for what was captured to be saved. Unless a run was
/// dropped without being left, or a panic is under way, the next start finds that this process
/// [exited](crate::HowItEnded::Exited).
pub struct Journal<C: Codec> {
    pub(super) link: Link<RowContent<C>>,
    pub(super) process: ProcessGuard,
    time: Time,
    last_run: Option<LastRun>,
    found: HashMap<SessionId, FoundSession>,
    /// What was heard of the cloud's folder.
    pub(super) cloud_news: Vec<CloudNews>,
    patience: Duration,
    /// The reason that the writer can't be asked any more.
    broken: Option<JournalError>,
    /// True if a run was dropped without being left.
    was_abandoned: bool,
}

/// The source of moments.
enum Time {
    Machine(Clock),
    Manual(ManualClock),
}

impl<C: Codec> fmt::Debug for Journal<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal").finish_non_exhaustive()
    }
}

impl<C: Codec> Journal<C> {
    /// Opens the journal in a directory, as [`JournalOptions`] are by default.
    ///
    /// # Errors
    ///
    /// If the operating system has no thread to give.
    pub fn open(directory: impl Into<PathBuf>, codec: C) -> io::Result<Self> {
        JournalOptions::new(directory).open(codec)
    }

    pub(super) fn with_options(options: JournalOptions, codec: C) -> io::Result<Self> {
        let JournalOptions { layout, disk, program_version, patience, .. } = options;
        let disk = Arc::new(ArchivesDisk::new(disk));
        let local = Arc::new(LocalStore::new(disk, layout));
        let time = options.clock.map_or_else(|| Time::Machine(Clock::system()), Time::Manual);
        let watched = ProcessOptions { panics: options.watch_panics };
        // From here on this process has a record of its own. Those of dead ones say how they ended.
        let (process, dead) =
            ProcessGuard::begin(&local, &program_version, watched, time.moment().wall);
        let last_run = last_to_die(&dead).map(|last| LastRun::from_record(last, &local.boot));
        let versions = Versions::new(&program_version, "");
        let (content, guard) = (RowContent(codec), process.clone());
        let worker = Worker::new(local, content, guard, dead, versions, options.lock_patience)
            .with_cloud(options.cloud);
        let link = match time {
            Time::Machine(clock) => Link::thread(worker, clock)?,
            Time::Manual(_) => Link::inline(worker, 0),
        };
        let (found, cloud_news) = (HashMap::new(), Vec::new());
        let (broken, was_abandoned) = (None, false);
        Ok(Self {
            link,
            process,
            time,
            last_run,
            found,
            cloud_news,
            patience,
            broken,
            was_abandoned,
        })
    }

    /// The last process that had this journal open on this machine, with its end; `None` if there was none.
    ///
    /// If that process was still being torn down when this one started, it is known after
    /// [`detect`](Self::detect).
    #[must_use]
    pub fn last_run(&self) -> Option<&LastRun> {
        self.last_run.as_ref()
    }

    /// Looks at all sessions, the one that was written last first. Of those that crashed, everything that
    /// their newest checkpoint needs is read.
    ///
    /// # Errors
    ///
    /// [`JournalError::Refused`] with [`RequestError::Store`] if the sessions can't be listed,
    /// [`JournalError::NoAnswer`] and [`JournalError::WriterGone`].
    pub fn detect(&mut self) -> Result<Vec<FoundSession>, JournalError> {
        let asked = Ticket::new();
        self.order(Order::Detect { ticket: Some(asked) });
        // Sessions of which nothing changed since aren't reported again.
        let (changed, gone, last, failure) = self.answer(|report| match report {
            Report::News(News::Detected {
                settled,
                mut found,
                gone,
                previous,
                failure,
                ticket,
                ..
            }) if ticket == Some(asked) => {
                found.extend(settled.into_entries().into_iter().map(FoundSession::settled));
                Some((found, gone, previous, failure))
            }
            _ => None,
        })?;
        self.last_run = last.map(|last| *last).or(self.last_run.take());
        if let Some(failure) = failure {
            return Err(JournalError::Refused(RequestError::Store(*failure)));
        }
        gone.iter().for_each(|session| drop(self.found.remove(session)));
        self.found.extend(changed.into_iter().map(|found| (found.session, found)));
        let mut found: Vec<FoundSession> = self.found.values().cloned().collect();
        let written = |found: &FoundSession| found.entry.as_ref().map(|entry| entry.updated);
        found.sort_by_key(|found| std::cmp::Reverse((written(found), found.session)));
        Ok(found)
    }

    /// Reads a checkpoint of a session, and takes the session's lock, so that no other process plays it
    /// meanwhile. The lock is released if what is returned is dropped.
    ///
    /// # Errors
    ///
    /// [`JournalError::Refused`], [`JournalError::Unrecoverable`] and [`JournalError::Damaged`], besides
    /// those of [`detect`](Self::detect). A checkpoint with rows of a newer version than the codec's is
    /// refused with [`RequestError::WouldLose`].
    pub fn restore(
        &mut self,
        session: SessionId,
        from: RestoreFrom,
    ) -> Result<Restored<'_, C>, JournalError> {
        // A session that can be continued can be recovered.
        let reason = match from {
            RestoreFrom::Slot(_) => RestoreReason::Loaded,
            _ => RestoreReason::Recovered,
        };
        let (tail, played, probation) = (None, None, PROBATION);
        let (by_name, is_return) = (false, false);
        let wanted = Wanted { session, from, reason, tail, played, by_name, is_return, probation };
        let asked = Ticket::new();
        self.order(Order::Prepare { wanted, ticket: asked });
        let answer = self.answer(|report| match report {
            Report::Prepared { prepared, ticket } if ticket == asked => Some(Ok(prepared)),
            Report::News(News::NotPrepared { error, ticket }) if ticket == asked => {
                Some(Err(error.into()))
            }
            Report::News(News::Unrecoverable { error, ticket, .. }) if ticket == asked => {
                Some(Err(error.into()))
            }
            Report::News(News::Damaged { found, ticket }) if ticket == asked => {
                Some(Err(JournalError::Damaged(found)))
            }
            _ => None,
        });
        let prepared = answer??;
        let open = OpenSession { journal: self, session, stage: Stage::Restored };
        match prepared.image.newer.is_empty() {
            true => Ok(Restored { open, prepared }),
            false => Err(RequestError::WouldLose { types: prepared.image.newer }.into()),
        }
    }

    /// Starts a session. It is on disk with its first checkpoint.
    pub fn start(&mut self, session: NewSession) -> Run<'_, C> {
        let metadata = session.begin(SessionId::random(), self.moment().wall);
        let (session, fields) = (metadata.id, session.fields);
        let take_up = TakeUp {
            metadata,
            run: RunId::random(),
            lineage: Lineage::default(),
            begun: None,
            start: Start { next_id: SaveId::FIRST, carried: Vec::new(), unseen: BTreeSet::new() },
            unknown_frames: Vec::new(),
            events: EventStart::default(),
        };
        let open = OpenSession { journal: self, session, stage: Stage::Played };
        Run::begin(open, take_up, fields, None, 0)
    }

    /// Declines a session that crashed, or the side of a fork that was offered: it isn't offered again, and stays on disk.
    ///
    /// # Errors
    ///
    /// [`JournalError::Refused`], besides those of [`detect`](Self::detect).
    pub fn decline(&mut self, decline: impl Into<OfferedSession>) -> Result<(), JournalError> {
        let (decline, asked) = (decline.into(), Ticket::new());
        self.order(Order::Decline { decline, ticket: asked });
        let declined = self.answer(|report| match report {
            Report::News(News::Declined { result, ticket, .. }) if ticket == asked => Some(result),
            _ => None,
        })?;
        declined?;
        Ok(())
    }

    /// Deletes a session with all its files.
    ///
    /// # Errors
    ///
    /// [`JournalError::Refused`], besides those of [`detect`](Self::detect).
    pub fn forget(&mut self, session: SessionId) -> Result<(), JournalError> {
        let asked = Ticket::new();
        self.order(Order::Forget { session, ticket: asked });
        let forgotten = self.answer(|report| match report {
            Report::News(News::Forgotten { result, ticket, .. }) if ticket == Some(asked) => {
                Some(result)
            }
            _ => None,
        })?;
        forgotten?;
        self.found.remove(&session);
        Ok(())
    }

    /// Takes what was heard of the [cloud's folder](JournalOptions::cloud_folder) since the last call.
    pub fn take_cloud_news(&mut self) -> Vec<CloudNews> {
        let now = self.now();
        self.link.turn(now);
        while let Some(report) = self.link.report() {
            if let Report::News(News::Cloud(news)) = report {
                self.cloud_news.push(news);
            }
        }
        mem::take(&mut self.cloud_news)
    }

    /// The moment.
    pub(super) fn moment(&self) -> Moment {
        self.time.moment()
    }

    /// The moment of a call by the program, which shows that it doesn't hang.
    pub(super) fn now(&mut self) -> Moment {
        let now = self.moment();
        if self.process.frame_completed(now.wall) {
            self.link.send(Order::Beat, now);
        }
        now
    }

    pub(super) fn order(&mut self, order: Order<RowContent<C>>) {
        let now = self.now();
        self.link.send(order, now);
    }

    /// Waits for the report that `take` takes.
    pub(super) fn answer<T>(
        &mut self,
        mut take: impl FnMut(Report<RowContent<C>>) -> Option<T>,
    ) -> Result<T, JournalError> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        let deadline = clock::deadline(self.patience);
        while let Some(report) = self.next_report(deadline) {
            if let Some(answer) = take(report) {
                return Ok(answer);
            }
        }
        // An answer that comes later would be taken for that to another question.
        let error = match self.link.is_broken() {
            true => JournalError::WriterGone,
            false => JournalError::NoAnswer { patience: self.patience },
        };
        self.broken = Some(error.clone());
        Err(error)
    }

    /// The next report, until `deadline`.
    pub(super) fn next_report(&mut self, deadline: Instant) -> Option<Report<RowContent<C>>> {
        loop {
            let now = self.now();
            match self.link.wait_for_report(deadline, now)? {
                Report::News(News::Cloud(news)) => self.cloud_news.push(news),
                report => return Some(report),
            }
        }
    }

    /// Returns true if the writer works while it is waited for, and not on a thread of its own.
    pub(super) fn is_driven(&self) -> bool {
        matches!(self.time, Time::Manual(_))
    }

    /// A run was dropped without being left: this is no exit in good order.
    pub(super) fn note_abandoned(&mut self) {
        self.was_abandoned = true;
    }
}

impl<C: Codec> Drop for Journal<C> {
    fn drop(&mut self) {
        if !self.was_abandoned && !thread::panicking() {
            self.process.exit_seen();
            self.order(Order::Beat);
        }
    }
}

impl Time {
    fn moment(&self) -> Moment {
        match self {
            Self::Machine(clock) => clock.moment(Duration::ZERO),
            Self::Manual(clock) => clock.moment(),
        }
    }
}
