//! One process: what the plugin and the writer's worker do, without a world and without a thread.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::World;
use super::opening::layout;
use crate::clock::Moment;
use crate::ids::{CheckpointId, RunId, SaveId, SessionId, SlotId};
use crate::journal::{CheckpointKind, Commit, Lineage, Record, TypeList};
use crate::process::{ProcessGuard, ProcessOptions};
use crate::recovery::{Found, Machine, NoTypes, PrepareFailure, Prepared, Wanted, detect, prepare};
use crate::session::{
    NewSession, RequestError, RestoreFrom, RestoreReason, SessionMetadata, SessionStatus,
};
use crate::store::simulated_disk::SimulatedDisk;
use crate::store::{Disk, LocalStore, SessionLock};
use crate::writer::pending::PendingCheckpoint;
use crate::writer::retention::Quota;
use crate::writer::run_journal::{RunIdentity, RunJournal};
use crate::writer::{Leave, News, SlotOrder, SlotWork, filing};

/// One process, alive.
pub struct Game {
    pub local: Arc<LocalStore>,
    process: ProcessGuard,
    machine: Machine,
    pub playing: Option<Playing>,
    quota: Quota,
    settled: bool,
    slots: SlotWork,
}

/// The session that is being played.
pub struct Playing {
    journal: RunJournal,
    pub session: SessionId,
    pub run: RunId,
    pub world: World,
    /// The last capture: its number, and the world as it was.
    captured: Option<(u64, World)>,
    counter: u64,
    pub needs_full: bool,
    pub name: String,
    play_time: Duration,
}

/// A run that is to begin.
pub struct Beginning {
    pub run: RunId,
    pub metadata: SessionMetadata,
    pub lineage: Lineage,
    pub newest_counter: u64,
    pub world: World,
}

/// What a turn of the writer came to.
#[derive(Default)]
pub struct Turned {
    pub reports: Vec<News>,
    /// The session that was left, and whether its end is durable.
    pub left: Option<(SessionId, bool)>,
}

impl Game {
    /// Starts a process.
    pub fn boot(disk: &SimulatedDisk, now: Timestamp) -> Self {
        let shared: Arc<dyn Disk> = Arc::new(disk.clone());
        let local = Arc::new(LocalStore::new(shared, layout()));
        let options = ProcessOptions { panics: false };
        let (process, dead) = ProcessGuard::begin(&local, "1.0", options, now);
        let machine = Machine::new(Arc::clone(&local), dead, Duration::ZERO);
        let quota = Quota::default();
        let slots = SlotWork::default();
        Self { local, process, machine, playing: None, quota, settled: false, slots }
    }

    pub fn detect(&mut self, now: Timestamp) -> Vec<Found> {
        detect(&mut self.machine, &NoTypes, now)
    }

    /// Takes the session's lock, unless it is played here, and reads a checkpoint.
    pub fn prepare(
        &mut self,
        wanted: Wanted,
        now: Timestamp,
    ) -> Option<(Prepared<()>, Option<SessionLock>)> {
        let is_played =
            self.playing.as_ref().is_some_and(|playing| playing.session == wanted.session);
        let lock = match is_played {
            true => None,
            false => Some(self.machine.lock_session(wanted.session).ok().flatten()?),
        };
        match prepare(&mut self.machine, &NoTypes, wanted, now) {
            Ok(prepared) => Some((prepared, lock)),
            Err(
                PrepareFailure::Rejected(_)
                | PrepareFailure::Damaged(_)
                | PrepareFailure::Unrecoverable(_),
            ) => None,
        }
    }

    /// Begins a run, which takes over the lock of the one before. What that one had to report comes
    /// back.
    pub fn take_up(
        &mut self,
        beginning: Beginning,
        lock: Option<SessionLock>,
        now: Moment,
    ) -> Vec<News> {
        let mut reports = Vec::new();
        let Beginning { run, metadata, lineage, newest_counter, world } = beginning;
        let session = metadata.id;
        let before = self.playing.take_if(|playing| playing.session == session);
        let hold = match before {
            Some(before) => before.journal.into_hold(&mut reports),
            None => lock.into(),
        };
        let name = metadata.name.clone();
        let identity = RunIdentity {
            metadata,
            run,
            lineage,
            game_version: "1.0".to_owned(),
            schema: 5,
            unknown_frames: Vec::new(),
        };
        let (local, process) = (Arc::clone(&self.local), self.process.clone());
        let journal = RunJournal::new(local, process, identity, hold, self.quota, now);
        self.settled = false;
        // Whatever is given up by it was never acknowledged.
        self.slots.begin_run(run, &mut Vec::new());
        self.playing = Some(Playing {
            journal,
            session,
            run,
            world,
            captured: None,
            counter: newest_counter,
            needs_full: true,
            name,
            play_time: Duration::ZERO,
        });
        reports
    }

    /// Lets the writer do the next piece of work.
    pub fn turn(&mut self, now: Moment) -> Turned {
        let mut turned = Turned::default();
        self.process.frame_completed(now.wall);
        self.process.beat(&self.local, now.wall);
        if let Some(playing) = &mut self.playing {
            playing.journal.check_hold(now, &mut turned.reports);
        }
        self.write_journal(now, &mut turned);
        self.slots.turn(&mut self.machine, now, &mut turned.reports);
        let Some(playing) = &self.playing else { return turned };
        if let Some(left) = playing.journal.has_left(now) {
            let session = playing.session;
            self.slots.give_up_waiting(&mut turned.reports);
            if self.slots.is_done() {
                turned.left = Some((session, left.complete));
                self.process.release(session);
                self.playing = None;
            }
        }
        turned
    }

    /// Asks for something to be done with slots.
    pub fn order_slot(&mut self, order: SlotOrder) {
        self.slots.add(order);
    }

    /// Tells the slots what became of checkpoints.
    pub fn tell_slots(&mut self, reports: &mut Vec<News>) {
        let mut consequences = Vec::new();
        self.slots.note(reports, &mut consequences);
        reports.append(&mut consequences);
    }

    /// The slots as they are now, by name.
    pub fn slots(&mut self) -> Vec<(String, SlotId)> {
        let _ = self.machine.look_at_slots();
        let slots = self.machine.slots().slots().into_iter();
        slots.map(|file| (file.slot.name.clone(), file.slot.id)).collect()
    }

    fn write_journal(&mut self, now: Moment, turned: &mut Turned) {
        let Some(playing) = &mut self.playing else { return };
        let journal = &mut playing.journal;
        journal.turn(now, &mut turned.reports);
        if turned.reports.iter().any(|report| matches!(report, News::NeedFull)) {
            playing.needs_full = true;
        }
        if journal.has_begun() && !std::mem::replace(&mut self.settled, true) {
            self.machine.settle(playing.session);
        }
        self.tell_slots(&mut turned.reports);
    }

    /// Whether the writer has nothing to do before time passes.
    pub fn is_idle(&self, now: Moment) -> bool {
        let journal = self.playing.as_ref().and_then(|playing| playing.journal.wake(now));
        let mut waits = journal.into_iter().chain(self.slots.wake());
        waits.all(|wait| wait > Duration::ZERO)
    }

    pub fn set_quota(&mut self, session_bytes: u64) {
        self.keep_to(Quota { session_bytes, ..self.quota });
    }

    /// How many checkpoints are kept because somebody asked for them.
    pub fn set_named(&mut self, named: usize) {
        self.keep_to(Quota { named, ..self.quota });
    }

    pub fn set_total_quota(&mut self, total_bytes: u64) {
        self.keep_to(Quota { total_bytes, ..self.quota });
    }

    fn keep_to(&mut self, quota: Quota) {
        self.quota = quota;
        if let Some(playing) = &mut self.playing {
            playing.journal.set_quota(self.quota);
        }
    }

    /// Lets go of a session that is being thinned.
    pub fn let_go_of_others(&mut self) {
        if let Some(playing) = &mut self.playing {
            playing.journal.let_go_of_others();
        }
    }

    pub fn decline(&mut self, session: SessionId, now: Timestamp) -> Result<(), RequestError> {
        let declined = filing::decline(&mut self.machine, session, now);
        if declined.is_ok() {
            self.machine.settle(session);
        }
        declined
    }

    pub fn forget(&mut self, session: SessionId, now: Timestamp) -> Result<(), RequestError> {
        let forgotten = filing::forget(&mut self.machine, session, now);
        if forgotten.is_ok() {
            self.machine.settle(session);
        }
        forgotten
    }
}

impl Playing {
    /// Captures the world, and hands the checkpoint over. What it is comes back.
    pub fn checkpoint(
        &mut self,
        kind: CheckpointKind,
        label: Option<String>,
        now: Moment,
        reports: &mut Vec<News>,
    ) -> Commit {
        self.counter += 1;
        self.play_time += Duration::from_secs(1);
        let full = std::mem::take(&mut self.needs_full);
        let base = self.captured.as_ref().filter(|_| !full);
        let blocks = match base {
            Some((_, before)) => self.world.since(before),
            None => self.world.full(),
        };
        let commit = Commit {
            counter: self.counter,
            base: base.map(|(counter, _)| *counter),
            kind,
            label,
            time: now.wall,
            play_time: self.play_time,
            entities: self.world.entity_count(),
            types: self.world.types(),
            carried: TypeList::default(),
            incomplete: Vec::new(),
            next_save_id: self.world.next_id(),
            events_through: 0,
            origin: None,
        };
        self.captured = Some((self.counter, self.world.clone()));
        let handed_over = Instant::now();
        self.journal
            .checkpoint(PendingCheckpoint { blocks, commit: commit.clone(), handed_over }, reports);
        if reports.iter().any(|report| matches!(report, News::NeedFull)) {
            self.needs_full = true;
        }
        commit
    }

    pub fn record(&mut self, record: Record) {
        self.journal.record(record);
    }

    pub fn leave(&mut self, status: SessionStatus, now: Moment) {
        let reason = None;
        let leave = Leave { status, reason, time: now.wall, play_time: self.play_time };
        self.journal.leave(leave, now);
    }

    /// The checkpoint that was captured last.
    pub fn newest(&self) -> CheckpointId {
        CheckpointId { run: self.run, counter: self.counter }
    }

    pub fn play_time(&self) -> Duration {
        self.play_time
    }
}

/// What a session is called.
pub fn metadata(id: SessionId, name: &str, now: Timestamp) -> SessionMetadata {
    NewSession::named(name).begin(id, now)
}

/// What is asked of recovery.
pub fn wanted(session: SessionId, from: RestoreFrom, reason: RestoreReason) -> Wanted {
    Wanted { session, from, reason, tail: None }
}

/// The ids that a world restored from this must not give away again.
pub fn next_id(prepared: &Prepared<()>) -> SaveId {
    prepared.next_save_id
}
