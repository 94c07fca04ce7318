//! The sessions on this machine, and the processes that died on it: the ground of detection and restores.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tracing::warn;

use super::deaths::Deaths;
use super::{Index, KnownSessions, SessionEntry, SlotListing};
use crate::disk::process::{
    DeadProcess, HowItEnded, LastRun, Logged, deaths_besides, how_it_ended, living_besides,
};
use crate::disk::{
    DirectoryStore, LocalStore, ProcessId, ProcessRecord, SessionLock, SlotShelf, StoreError,
    StoredSession, with_sources,
};
use crate::model::clock;
use crate::model::ids::{CheckpointId, RunId, SessionId};
use crate::model::session::{ProvenTime, ShelfPlace};
use crate::read::recovery::ReadProgress;

/// The reason that a session may need cleanup.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    /// It is in the trash.
    InTrash,
    /// It is in the archive, and files are left that it doesn't need any more.
    HalfArchived,
}

/// The moment at which the records of processes are read, for a session whose last holder isn't known.
#[derive(Debug, Default)]
pub enum Records {
    /// For this session.
    #[default]
    ReadAtOnce,
    /// Once for all such sessions. Until then they are put off.
    ReadLater,
    /// They were read after all such sessions had been put off. These are of processes that lived.
    WereRead(Vec<ProcessRecord>),
}

/// Finds the sessions on this machine, and knows which processes died on it while they played them.
pub struct SessionFinder {
    local: Arc<LocalStore>,
    deaths: Deaths,
    records: Records,
    /// The moment until which a lock that is held may be that of a process that is just being killed.
    patience: Instant,
    /// Sessions that this process left, though their ends could not be written.
    left_here: HashSet<SessionId>,
    /// The checkpoint that was last offered as the newest one of each line, by the line's head.
    offered: HashMap<(SessionId, CheckpointId), CheckpointId>,
    known: KnownSessions,
    index: Index,
    /// Sessions that were deleted, and of which files are left.
    forgotten: BTreeSet<SessionId>,
    /// Sessions that needed cleanup when they were looked at last.
    to_sweep: BTreeMap<SessionId, Found>,
    /// A lower bound of the current time.
    time: ProvenTime,
    slots: SlotShelf,
    /// True if anything about them changed since they were listed.
    slots_changed: bool,
    progress: ReadProgress,
}

impl fmt::Debug for SessionFinder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SessionFinder").finish_non_exhaustive()
    }
}

impl SessionFinder {
    /// `patience` is how long, from now on, a lock that is held is tried again: the system needs a
    /// while to tear a large process down, and until then its locks are held.
    pub fn new(local: Arc<LocalStore>, dead: Vec<DeadProcess>, patience: Duration) -> Self {
        Self {
            local,
            deaths: Deaths::of(dead),
            records: Records::ReadAtOnce,
            to_sweep: BTreeMap::new(),
            time: ProvenTime::default(),
            patience: clock::instant() + patience,
            left_here: HashSet::new(),
            offered: HashMap::new(),
            known: KnownSessions::default(),
            index: Index::default(),
            forgotten: BTreeSet::new(),
            slots: SlotShelf::default(),
            slots_changed: true,
            progress: ReadProgress::default(),
        }
    }

    /// Tells the game's slots from those of other games.
    pub fn of_game(mut self, game: String) -> Self {
        self.slots = SlotShelf::of_game(game);
        self
    }

    /// Sets the moment at which this process began. The data of earlier ones gives a lower bound of the current time.
    #[must_use]
    pub fn begun(mut self, began: Timestamp) -> Self {
        self.time = ProvenTime::of_process(began);
        let beats = self.deaths.iter().map(|dead| dead.record.heartbeat);
        beats.for_each(|beat| self.time.witness(beat));
        self
    }

    /// A lower bound of the current time, by what earlier processes have written.
    pub fn time(&self) -> ProvenTime {
        self.time
    }

    /// Takes note of a session that was looked at: its place, and the time of its last write. `is_half_archived` is
    /// true if files are left of its way into the archive.
    pub fn note_entry(&mut self, entry: &SessionEntry, is_half_archived: bool) {
        let found = match entry.session.place {
            ShelfPlace::Trash { .. } => Some(Found::InTrash),
            _ => is_half_archived.then_some(Found::HalfArchived),
        };
        match found {
            Some(found) => drop(self.to_sweep.insert(entry.session.id, found)),
            None => drop(self.to_sweep.remove(&entry.session.id)),
        }
        self.time.witness(entry.updated);
    }

    /// Takes note of a moment at which a session was written.
    pub(super) fn witness(&mut self, moment: Timestamp) {
        self.time.witness(moment);
    }

    /// Returns true if a session needed cleanup when it was looked at last.
    pub(super) fn is_to_be_swept(&self, session: SessionId) -> bool {
        self.to_sweep.contains_key(&session)
    }

    /// The sessions that needed cleanup when they were looked at last.
    pub fn to_sweep(&self) -> impl Iterator<Item = (SessionId, Found)> {
        self.to_sweep.iter().map(|(session, found)| (*session, *found))
    }

    /// Keeps what it finds for other processes of a game of this version.
    pub fn of_version(mut self, game: String) -> Self {
        self.index = self.index.of_version(game);
        self
    }

    /// Shows the index for this time after it was written, before any session is looked at.
    pub fn trusting_index(mut self, trust: Duration) -> Self {
        self.index = self.index.trusted_for(trust);
        self
    }

    pub(super) fn index(&self) -> &Index {
        &self.index
    }

    pub(super) fn index_mut(&mut self) -> &mut Index {
        &mut self.index
    }

    /// The progress of the checkpoint that is being read.
    pub fn progress(&self) -> &ReadProgress {
        &self.progress
    }

    /// The finding about a session that was left in good order, if its files are as they were then; `None` if it has to be
    /// looked at.
    pub fn known_entry(&self, session: SessionId) -> Option<SessionEntry> {
        let (stamp, entry) = self.known.entry(session)?;
        (self.store().session_stamp(session).ok() == Some(stamp)).then_some(entry)
    }

    /// The findings about the sessions when they were looked at last.
    pub(super) fn known_mut(&mut self) -> &mut KnownSessions {
        &mut self.known
    }

    /// The sessions that were found when they were looked at last, with the stamps of their files; `None` where
    /// these could not be read.
    pub fn stamps(&self) -> Vec<(SessionId, Option<u64>)> {
        self.known.stamps().collect()
    }

    /// A session was deleted, and files of it are left: the removal was interrupted.
    pub(super) fn note_forgotten(&mut self, session: SessionId) {
        self.forgotten.insert(session);
    }

    /// The sessions that are to be deleted to the end.
    pub fn take_forgotten(&mut self) -> BTreeSet<SessionId> {
        std::mem::take(&mut self.forgotten)
    }

    /// The slots, as they were when they were looked at last.
    pub fn slots(&self) -> &SlotShelf {
        &self.slots
    }

    pub fn slots_mut(&mut self) -> &mut SlotShelf {
        &mut self.slots
    }

    /// Looks at the slots.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if their directory can't be listed.
    pub fn look_at_slots(&mut self) -> Result<(), StoreError> {
        let changed = self.slots.look(&self.local.store)?;
        self.slots_changed |= changed;
        Ok(())
    }

    /// Looks at the slots, and lists them if anything changed since they were listed last.
    pub fn list_slots(&mut self) -> Option<SlotListing> {
        if let Err(error) = self.look_at_slots() {
            warn!(error = %with_sources(&error), "the slots can't be listed");
        }
        std::mem::take(&mut self.slots_changed).then(|| SlotListing::of(&self.slots))
    }

    /// Notes that the slots that were listed weren't reported.
    pub(super) fn note_slots_changed(&mut self) {
        self.slots_changed = true;
    }

    /// Takes a session's lock; `None` if another process holds it.
    pub fn lock_session(&mut self, session: SessionId) -> Result<Option<SessionLock>, StoreError> {
        self.once_free(|store| store.lock_session(session))
    }

    /// Returns true if no process holds a session's lock. It isn't taken: a process that wants it at that moment gets
    /// it, and no file is made if no process plays.
    pub fn is_free(&mut self, session: SessionId) -> Result<bool, StoreError> {
        let free = self.once_free(|store| Ok((!store.is_session_locked(session)?).then_some(())));
        Ok(free?.is_some())
    }

    /// Tries something until no other process is in the way, for as long as there is patience.
    fn once_free<T>(
        &mut self,
        attempt: impl Fn(&DirectoryStore) -> Result<Option<T>, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut waited = false;
        loop {
            let done = attempt(self.store())?;
            if done.is_some() && waited {
                // Only now is its process known to be dead.
                self.learn_of_deaths();
            }
            if done.is_some() || clock::instant() >= self.patience {
                return Ok(done);
            }
            waited = true;
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Adds those that died since. The records of others are kept: they may hold more than is left of them on disk.
    pub(crate) fn learn_of_deaths(&mut self) {
        let news = deaths_besides(&self.local, &|record| self.deaths.has_record(record));
        news.into_iter().for_each(|dead| self.deaths.add(dead));
    }

    /// Does something that goes by `records` for processes whose death isn't known.
    pub(super) fn going_by<T>(
        &mut self,
        records: &mut Records,
        work: impl FnOnce(&mut Self) -> T,
    ) -> T {
        std::mem::swap(&mut self.records, records);
        let done = work(self);
        std::mem::swap(&mut self.records, records);
        done
    }

    /// Finds out who held the lines of a session that have no end, whose lock is held. Says `false` if that is to be
    /// done later, for many sessions at once.
    pub(super) fn learn_of_holders(&mut self, stored: &StoredSession) -> bool {
        let mut open = stored.index().heads().iter().filter(|head| head.end.is_none());
        if open.all(|head| self.holder(stored.id(), head.id.run).is_some()) {
            return true;
        }
        match self.records {
            Records::ReadAtOnce => self.learn_of_deaths(),
            Records::ReadLater => return false,
            Records::WereRead(_) => {}
        }
        true
    }

    /// Reads the records of all processes, for sessions of which the holders aren't known.
    pub fn read_records(&mut self) -> Records {
        self.learn_of_deaths();
        Records::WereRead(self.living())
    }

    fn living(&self) -> Vec<ProcessRecord> {
        living_besides(&self.local, &|record| self.deaths.has_record(record))
    }

    /// Returns true if a process that still lives has left this run, or is exiting, without being able to write that
    /// into the journal.
    pub(super) fn is_left_by_the_living(&self, session: SessionId, run: RunId) -> bool {
        let left = |record: &ProcessRecord| {
            let mut runs = record.runs.iter();
            runs.any(|held| {
                held.session == session
                    && held.run == run
                    && (held.left || record.exiting.is_some())
            })
        };
        match &self.records {
            Records::WereRead(living) => living.iter().any(left),
            Records::ReadAtOnce | Records::ReadLater => self.living().iter().any(left),
        }
    }

    /// This process left a session, though its end could not be written.
    pub fn note_left(&mut self, session: SessionId) {
        self.left_here.insert(session);
    }

    /// Returns true if this process left a session without being able to write that into its journal.
    pub(super) fn was_left_here(&self, session: SessionId) -> bool {
        self.left_here.contains(&session)
    }

    /// The process that died last.
    pub fn last_to_die(&self) -> Option<&ProcessRecord> {
        self.deaths.last()
    }

    pub fn local(&self) -> &LocalStore {
        &self.local
    }

    pub fn store(&self) -> &DirectoryStore {
        &self.local.store
    }

    /// A session was resumed or deleted: the way in which it was left before is of no interest any more.
    pub fn settle(&mut self, session: SessionId) {
        self.offered.retain(|(offered, _), _| *offered != session);
        self.left_here.remove(&session);
        self.deaths.settle(session, &**self.local.store.disk());
    }

    /// A session was erased: nothing of it is to be in the index that is written next.
    pub fn forget_known(&mut self, session: SessionId) {
        self.known.forget(session);
        self.to_sweep.remove(&session);
        self.forgotten.remove(&session);
        self.index.note_stale();
    }

    /// Forgets the records of sessions that never began, or are gone. Those of other profiles wait until these are
    /// looked at.
    pub(super) fn settle_all_but_existing(&mut self) {
        let held: Vec<SessionId> = self.deaths.sessions().collect();
        if held.is_empty() {
            return;
        }
        // Sessions that can't be listed now may be there, also where the drive of their directory is away.
        let profiles = self.store().layout().profiles();
        if self.store().disk().list(&profiles).is_err() {
            return;
        }
        let Ok(existing) = self.store().sessions_of_all_profiles() else { return };
        let existing: HashSet<SessionId> = existing.into_iter().collect();
        for gone in held.into_iter().filter(|held| !existing.contains(held)) {
            self.deaths.settle(gone, &**self.local.store.disk());
        }
    }

    /// From now on, the sessions are those of another profile.
    pub fn move_to(&mut self, local: Arc<LocalStore>) {
        self.local = local;
        self.known = KnownSessions::default();
        self.index.of_another_profile();
        self.forgotten.clear();
        self.to_sweep.clear();
        self.slots.clear();
        self.slots_changed = true;
    }

    /// The log of a dead process.
    pub fn logged_by(&self, last: &LastRun) -> Logged {
        let is_it = |dead: &&DeadProcess| dead.record.started == last.started_at;
        let dead = self.deaths.iter().find(is_it);
        dead.map(|dead| dead.logged(&**self.local.store.disk())).unwrap_or_default()
    }

    /// The record of the dead process that held this run.
    pub(super) fn holder(&self, session: SessionId, run: RunId) -> Option<&ProcessRecord> {
        self.deaths.holder(session, run)
    }

    /// The record of a process that died.
    pub(super) fn record_of(&self, process: ProcessId) -> Option<&ProcessRecord> {
        self.deaths.record(process)
    }

    /// Returns true if a process is known to have exited in good order.
    pub(super) fn has_exited(&self, process: ProcessId) -> bool {
        let record = self.record_of(process);
        record.is_some_and(|record| how_it_ended(record, &self.local.boot) == HowItEnded::Exited)
    }

    /// Returns true if a process that died held this session.
    pub(super) fn was_held_by_dead(&self, session: SessionId) -> bool {
        self.deaths.held(session).next().is_some()
    }

    /// The newest checkpoint of a session that a dead process saw acknowledged.
    pub(super) fn witnessed(&self, session: SessionId) -> Option<CheckpointId> {
        let acknowledged = self.deaths.held(session).filter_map(|(_, held)| {
            Some(CheckpointId { run: held.run, counter: held.last_acknowledged? })
        });
        acknowledged.max_by_key(|id| id.counter)
    }

    pub(super) fn offered(&self, session: SessionId, head: CheckpointId) -> Option<CheckpointId> {
        self.offered.get(&(session, head)).copied()
    }

    pub(super) fn note_offer(
        &mut self,
        session: SessionId,
        head: CheckpointId,
        newest: CheckpointId,
    ) {
        self.offered.insert((session, head), newest);
    }
}
