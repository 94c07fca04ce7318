//! Carries out orders, one after the other.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::{debug, debug_span, warn};
use xxhash_rust::xxh3::Xxh3;

use super::pending::PendingCheckpoint;
use super::retention::Quota;
use super::run_journal::{RunIdentity, RunJournal};
use super::{CheckpointOrder, Order, Report, TakeUp};
use crate::capture::{Encoder, SavedTypes};
use crate::clock::Moment;
use crate::journal::{Block, Commit, SaveId, SessionId, Values};
use crate::process::PreviousRun;
use crate::process::{DeadProcess, ProcessGuard};
use crate::recovery::{self, FIELDS, Machine, PrepareFailure, Wanted};
use crate::session::RequestError;
use crate::session::{Fields, SessionContext};
use crate::store::{Home, SessionLock, with_sources};

/// Time between two heartbeats.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// A type that fails again and again doesn't make every capture a full one.
const FULL_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// The writer's state. A thread or the main loop drives it.
pub(crate) struct Worker {
    home: Arc<Home>,
    types: Arc<SavedTypes>,
    process: ProcessGuard,
    machine: Machine,
    game_version: String,
    context: Option<SessionContext>,
    /// Sessions that were read to be taken up, and their locks.
    prepared: HashMap<SessionId, Option<SessionLock>>,
    playing: Option<(RunJournal, Encoder)>,
    quota: Quota,
    reports: Vec<Report>,
    last_beat: Duration,
    /// Whether the records of dead processes that held the session were dealt with.
    settled: bool,
    /// When a full capture was last asked for because a type could not be written.
    asked_for_full: Option<Duration>,
}

impl Worker {
    pub(crate) fn new(
        home: Arc<Home>,
        types: Arc<SavedTypes>,
        process: ProcessGuard,
        dead: Vec<DeadProcess>,
        game_version: &str,
        lock_patience: Duration,
    ) -> Self {
        let machine = Machine::new(Arc::clone(&home), dead, lock_patience);
        Self {
            home,
            types,
            process,
            machine,
            game_version: game_version.to_owned(),
            context: None,
            prepared: HashMap::new(),
            playing: None,
            quota: Quota::default(),
            reports: Vec::new(),
            last_beat: Duration::ZERO,
            settled: false,
            asked_for_full: None,
        }
    }

    /// What there is to report.
    pub(crate) fn reports(&mut self) -> impl Iterator<Item = Report> {
        self.reports.drain(..)
    }

    /// Carries out one order. What takes a disk is left to [`turn`](Self::turn), unless the order
    /// itself asks for it.
    pub(crate) fn carry_out(&mut self, order: Order, now: Moment) {
        match order {
            Order::Detect => self.detect(now),
            Order::Prepare(wanted) => {
                // A rewind reads what this very run has written.
                self.turn(now);
                self.prepare(wanted, now);
            }
            Order::TakeUp(take_up) => self.take_up(*take_up, now),
            Order::Checkpoint(checkpoint) => self.checkpoint(*checkpoint, now),
            Order::Write(record) => {
                if let Some((journal, _)) = &mut self.playing {
                    journal.record(record);
                }
            }
            Order::Leave(leave) => {
                if let Some((journal, _)) = &mut self.playing {
                    journal.leave(leave, now);
                }
            }
            Order::Decline(session) => {
                let result = super::filing::decline(&mut self.machine, session, now.wall);
                if result.is_ok() {
                    self.machine.settle(session);
                }
                self.reports.push(Report::Declined { session, result });
            }
            Order::Forget(session) => {
                let result = super::filing::forget(&mut self.machine, session, now.wall);
                if result.is_ok() {
                    self.machine.settle(session);
                }
                self.reports.push(Report::Forgotten { session, result });
            }
            Order::Quota { session_bytes, total_bytes } => {
                self.quota = Quota { session_bytes, total_bytes };
                if let Some((journal, _)) = &mut self.playing {
                    journal.set_quota(self.quota);
                }
            }
            Order::Beat => self.beat(now),
        }
    }

    /// Does the next piece of work that takes a disk, and says how long there is none.
    pub(crate) fn turn(&mut self, now: Moment) -> Duration {
        let beat_is_due = now.elapsed.saturating_sub(self.last_beat) >= HEARTBEAT;
        if beat_is_due || self.process.exit_is_news() {
            self.beat(now);
        }
        let mut wake = HEARTBEAT.saturating_sub(now.elapsed.saturating_sub(self.last_beat));
        if let Some((journal, _)) = &mut self.playing {
            journal.turn(now, &mut self.reports);
            if journal.has_begun() && !std::mem::replace(&mut self.settled, true) {
                // Only now is what was left behind before of no use to anybody.
                self.machine.settle(journal.session());
            }
            if let Some(left) = journal.has_left(now) {
                let session = journal.session();
                self.playing = None;
                if left.complete {
                    self.process.release(session);
                } else {
                    self.process.left_without_end(session);
                    self.machine.note_left(session);
                }
                self.reports.push(Report::Left { session, complete: left.complete });
            } else if let Some(busy) = journal.wake(now) {
                wake = wake.min(busy);
            }
        }
        wake
    }

    /// Writes what was captured, once the app is gone. There is no end mark: only the app knows
    /// whether this is one.
    pub(crate) fn finish(&mut self, now: Moment) {
        if let Some((journal, _)) = &mut self.playing {
            journal.turn(now, &mut self.reports);
        }
        self.beat(now);
    }

    fn beat(&mut self, now: Moment) {
        self.last_beat = now.elapsed;
        let state_vanished = self.process.beat(&self.home, now.wall);
        if state_vanished && let Some((journal, _)) = &mut self.playing {
            journal.renew_lock();
        }
    }

    fn detect(&mut self, now: Moment) {
        let _span = debug_span!("detect_sessions").entered();
        let found = recovery::detect(&mut self.machine, now.wall);
        let last = self.machine.last_to_die();
        let previous = last.map(|record| Box::new(PreviousRun::told_by(record, &self.home.boot)));
        self.reports.push(Report::Detected { found, previous });
    }

    fn prepare(&mut self, wanted: Wanted, now: Moment) {
        let session = wanted.session;
        let _span = debug_span!("prepare_restore", %session).entered();
        let is_playing =
            self.playing.as_ref().is_some_and(|(journal, _)| journal.session() == session);
        if !is_playing && !self.prepared.contains_key(&session) {
            match lock(&mut self.machine, session) {
                Ok(lock) => self.prepared.insert(session, lock),
                Err(error) => return self.reports.push(Report::NotPrepared { error }),
            };
        }
        let begun = Instant::now();
        let prepared = recovery::prepare(&mut self.machine, &self.types, wanted, now.wall);
        debug!(elapsed = ?begun.elapsed(), "checkpoint read and decoded");
        let failure = match prepared {
            Ok(prepared) => return self.reports.push(Report::Prepared(Box::new(prepared))),
            Err(failure) => failure,
        };
        self.prepared.remove(&session);
        self.reports.push(match failure {
            PrepareFailure::Rejected(error) => Report::NotPrepared { error },
            PrepareFailure::Damaged(found) => Report::Damaged(found),
            PrepareFailure::Unrecoverable(error) => Report::Unrecoverable { session, error },
        });
    }

    fn take_up(&mut self, mut take_up: TakeUp, now: Moment) {
        let session = take_up.metadata.id;
        if take_up.ancestors.is_empty() {
            take_up.metadata.context = self.context();
        }
        let context = take_up.metadata.context.clone();
        let lock = self.lock_for_run(session);
        let mut encoder = Encoder::new(Arc::clone(&self.types), take_up.next_save_id);
        encoder.seed(take_up.seeds);
        encoder.carry(take_up.carried);
        let identity = RunIdentity {
            metadata: take_up.metadata,
            run: take_up.run,
            ancestors: take_up.ancestors,
            supersedes: take_up.supersedes,
            game_version: self.game_version.clone(),
            schema: fingerprint(&self.types),
            unknown_frames: take_up.unknown_frames,
        };
        let (home, process) = (Arc::clone(&self.home), self.process.clone());
        let journal = RunJournal::new(home, process, identity, lock, self.quota, now);
        self.playing = Some((journal, encoder));
        self.settled = false;
        self.reports.push(Report::TakenUp { session, context });
    }

    /// The lock of a session that was prepared, or is being played. A new one has none yet.
    fn lock_for_run(&mut self, session: SessionId) -> Option<SessionLock> {
        match self.playing.take_if(|(journal, _)| journal.session() == session) {
            Some((journal, _)) => journal.into_lock(&mut self.reports),
            None => self.prepared.remove(&session).flatten(),
        }
    }

    fn checkpoint(&mut self, order: CheckpointOrder, now: Moment) {
        let Some((journal, encoder)) = &mut self.playing else { return };
        let _span = debug_span!(
            "encode_checkpoint",
            session = %journal.session(),
            checkpoint = order.counter
        )
        .entered();
        let encoded = encoder.encode(order.capture);
        self.reports.push(Report::Emptied(Box::new(encoded.emptied)));
        for failure in encoded.failures {
            self.reports.push(Report::TypeFailed {
                type_path: failure.type_path,
                message: failure.reason.to_string(),
            });
        }
        if !encoded.drift.is_empty() {
            self.reports.push(Report::Drifted { types: encoded.drift });
        }
        let asked_lately = self
            .asked_for_full
            .is_some_and(|asked| now.elapsed.saturating_sub(asked) < FULL_AGAIN_AFTER);
        if !encoded.incomplete.is_empty() && !asked_lately {
            self.asked_for_full = Some(now.elapsed);
            self.reports.push(Report::NeedFull);
        }
        let mut blocks = encoded.blocks;
        if let Some(fields) = &order.fields {
            insert_fields(&mut blocks, fields);
        }
        let commit = Commit {
            counter: order.counter,
            base: order.base,
            kind: order.kind,
            label: order.label,
            time: order.time,
            play_time: order.play_time,
            entities: encoded.entities,
            types: encoded.types,
            incomplete: encoded.incomplete,
            next_save_id: encoded.next_save_id,
            events_through: 0,
        };
        let checkpoint = PendingCheckpoint { blocks, commit, handed_over: order.handed_over };
        journal.checkpoint(checkpoint, &mut self.reports);
    }

    /// What this machine is. Asked once, since it takes a few milliseconds.
    fn context(&mut self) -> SessionContext {
        let game_version = &self.game_version;
        self.context.get_or_insert_with(|| super::context::of_this_machine(game_version)).clone()
    }
}

/// Takes a session's lock, so that no other process plays it meanwhile. There is none to take on a
/// file system without locks.
fn lock(machine: &mut Machine, session: SessionId) -> Result<Option<SessionLock>, RequestError> {
    match machine.lock_session(session) {
        Ok(Some(lock)) => Ok(Some(lock)),
        Ok(None) => Err(RequestError::SessionInUse),
        Err(error) if error.io_kind() == Some(ErrorKind::Unsupported) => Ok(None),
        Err(error) => {
            let message = with_sources(&error);
            warn!(%session, message, "the session's lock can't be taken");
            Err(RequestError::Store { message })
        }
    }
}

/// Tells apart builds that save different types.
fn fingerprint(types: &SavedTypes) -> u64 {
    let mut hasher = Xxh3::new();
    for path in types.type_paths() {
        hasher.update(path.as_bytes());
        hasher.update(&[0]);
    }
    hasher.digest()
}

/// Adds the custom fields, as a column of their own.
fn insert_fields(blocks: &mut Vec<Block>, fields: &Fields) {
    let Ok(bytes) = rmp_serde::to_vec_named(fields) else { return };
    let mut values = Values::default();
    values.push(SaveId::WORLD, &bytes);
    let block = Block::values(FIELDS.into(), 0, values);
    let place = blocks.partition_point(|other| other.key() < block.key());
    blocks.insert(place, block);
}
