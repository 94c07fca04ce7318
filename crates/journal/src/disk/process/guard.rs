//! Holds this process's record while it lives.

use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use tracing::warn;

use super::log_writer::{LogPlace, LogWriter};
use super::logged::LOGGED_BYTES;
use super::{LOG_BYTES, LogQueue, Logged, RecentLog, deaths_up_to, panic_hook, recent_deaths};
use crate::disk::{
    Disk, FoundRecord, HeldRun, Liveness, LocalStore, PanicInfo, ProcessId, ProcessRecord,
    ProcessRecordFile, StandingAlert, SurvivedFailure, end_of_log, read_log, read_records_besides,
    remove_record, with_sources,
};
use crate::model::clock;
use crate::model::ids::{CheckpointId, RunId, SessionId};

/// The number of times, a millisecond apart, that writing a panic down is tried.
const PANIC_TRIES: u32 = 50;
/// The time that an exit or a suspend waits for being written down by others than the writer.
const EXIT_PATIENCE: Duration = Duration::from_secs(1);

/// Dead processes that a record names at the most. Each has a session that was never resumed.
const MAX_AFTER: usize = 1_000;

/// The ends of the process that are noticed.
#[derive(Clone, Copy, Debug)]
pub struct ProcessOptions {
    /// Panics, by a hook.
    pub panics: bool,
}

/// The record of a process that is gone.
#[derive(Clone, Debug)]
pub struct DeadProcess {
    /// The record as it was written first.
    pub record: ProcessRecord,
    /// The path of the record.
    pub path: PathBuf,
    /// The end of its log, once the files are removed.
    pub log: Option<String>,
}

/// This process's record, written before the first frame and kept up to date by the writer.
///
/// Clones are handles to the same record.
#[derive(Clone)]
pub struct ProcessGuard {
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    frames: AtomicU64,
    /// Frames that were complete when the last panic was written down; `u64::MAX` without one.
    frames_at_panic: AtomicU64,
    /// Milliseconds of the Unix epoch.
    last_frame: AtomicI64,
    /// Milliseconds between that frame and the one before it.
    frame_gap: AtomicU64,
    exiting: AtomicBool,
    suspended: AtomicBool,
    /// The alerts that stand, on their way into the record: a change of them waits for no disk.
    alerts: Mutex<Vec<StandingAlert>>,
    /// The newest failure that the game survived, likewise.
    failure: Mutex<Option<SurvivedFailure>>,
    signalled: Arc<AtomicBool>,
    file: Mutex<RecordFile>,
    /// The recent log, if the game keeps it.
    log: OnceLock<RecentLog>,
    /// The log on its way to files, if the game wants them.
    log_queue: OnceLock<LogQueue>,
    /// Writes those files. Beside the record: a panic and an exit want that at once, and these may take a while.
    log_files: Mutex<Option<LogWriter>>,
}

struct RecordFile {
    /// `None` if the state directory can't be written.
    file: Option<ProcessRecordFile>,
    record: ProcessRecord,
    /// True once it is on disk, which it isn't after a start on a full one.
    is_written: bool,
    /// True if the last write failed.
    has_failed: bool,
}

impl fmt::Debug for ProcessGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessGuard").finish_non_exhaustive()
    }
}

impl ProcessGuard {
    /// Installs the handlers, then writes the first record, and hands out what dead processes left.
    ///
    /// A state directory that can't be written costs the knowledge of how this process will end, nothing else: the game
    /// continues.
    pub fn begin(
        local: &LocalStore,
        game_version: &str,
        options: ProcessOptions,
        now: Timestamp,
    ) -> (Self, Vec<DeadProcess>) {
        let dead = dead_processes(local);
        let file = create_file(local);
        let process = file.as_ref().map_or(ProcessId(0), ProcessRecordFile::process);
        let record = ProcessRecord {
            boot: local.boot.clone(),
            app_version: game_version.to_owned(),
            after: dead.iter().map(|dead| dead.record.process).take(MAX_AFTER).collect(),
            deaths: recent_deaths(dead.iter().flat_map(|dead| deaths_up_to(&dead.record)), now),
            ..ProcessRecord::begun(process, now)
        };
        let shared = Arc::new(Shared {
            frames: AtomicU64::new(0),
            frames_at_panic: AtomicU64::new(u64::MAX),
            last_frame: AtomicI64::new(now.as_millisecond()),
            frame_gap: AtomicU64::new(0),
            exiting: AtomicBool::new(false),
            suspended: AtomicBool::new(false),
            alerts: Mutex::default(),
            failure: Mutex::default(),
            signalled: Arc::new(AtomicBool::new(false)),
            file: Mutex::new(RecordFile { file, record, is_written: false, has_failed: false }),
            log: OnceLock::new(),
            log_queue: OnceLock::new(),
            log_files: Mutex::default(),
        });
        if options.panics {
            panic_hook::watch(Arc::downgrade(&shared));
        }
        let guard = Self { shared };
        guard.update(|_| {});
        (guard, dead)
    }

    /// From now on, the log is kept beside the record.
    pub fn keep_log(&self, log: RecentLog) {
        // An app has one.
        let _ = self.shared.log.set(log);
    }

    /// From now on, what is logged is written into files. It happens with each heartbeat and at a panic.
    pub fn keep_log_files(&self, log: LogQueue) {
        *unpoisoned(&self.shared.log_files) = Some(LogWriter::new(log.clone()));
        let _ = self.shared.log_queue.set(log);
    }

    /// The log until now.
    pub fn logged(&self, now: Timestamp) -> Logged {
        self.shared.write_log_files();
        let recent = self.shared.log.get().map(|log| log.text(now)).unwrap_or_default();
        let place = self.shared.lock().log_place();
        let end_of = |LogPlace { disk, state, process, .. }| {
            end_of_log(&*disk, &state, process, LOGGED_BYTES)
        };
        Logged { recent, lines: place.map(end_of).unwrap_or_default() }
    }

    /// A frame was completed: the process lives. Says whether it survived a panic that the record
    /// still names.
    pub fn frame_completed(&self, now: Timestamp) -> bool {
        self.shared.frames.fetch_add(1, Ordering::Relaxed);
        let before = self.shared.last_frame.swap(now.as_millisecond(), Ordering::Relaxed);
        let gap = u64::try_from(now.as_millisecond() - before).unwrap_or(0);
        self.shared.frame_gap.store(gap, Ordering::Relaxed);
        self.shared.has_survived_panic()
    }

    /// The frame that goes on, counted from 0: as many are completed.
    pub fn frame(&self) -> u64 {
        self.shared.frames.load(Ordering::Relaxed)
    }

    /// The process, as its record names it.
    pub fn id(&self) -> ProcessId {
        self.shared.lock().record.process
    }

    /// The time at which it began, by the machine's clock.
    pub fn began(&self) -> Timestamp {
        self.shared.lock().record.started
    }

    /// Returns true if the exit was seen.
    pub fn is_exiting(&self) -> bool {
        self.shared.exiting.load(Ordering::Relaxed) || self.was_signalled()
    }

    /// The flag that is set when the process is asked to exit.
    pub fn asked_to_exit(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.shared.signalled)
    }

    /// Returns true if a signal asked the process to exit.
    pub fn was_signalled(&self) -> bool {
        self.shared.signalled.load(Ordering::Relaxed)
    }

    /// The exit was seen for the first time. The writer writes it down at its next turn.
    pub fn exit_seen(&self) {
        self.shared.exiting.store(true, Ordering::Relaxed);
    }

    /// No one took notice of the exit. The writer writes that down at its next turn.
    pub fn exit_ignored(&self) {
        self.shared.exiting.store(false, Ordering::Relaxed);
    }

    /// Writes the record: the heart beats. Called by the writer, once a second and when the exit
    /// was seen. A state directory that vanished is made again.
    pub fn beat(&self, local: &LocalStore, now: Timestamp) {
        self.update(|record| record.heartbeat = now);
        self.shared.write_log_files();
        let mut file = self.shared.lock();
        self.shared.write_log(&file);
        let is_missing = file.file.as_ref().is_some_and(|file| !file.is_there());
        if is_missing && file.is_written {
            warn!("the state directory was removed while the game runs; it is created again");
            local.restore_state();
            file.file = create_file(local);
            file.is_written = false;
            if let Some(process) = file.file.as_ref().map(ProcessRecordFile::process) {
                file.record.process = process;
            }
            file.write();
        }
    }

    /// Writes the exit down although the writer hasn't, since it hangs in a disk that doesn't answer or is gone. The
    /// record may be on that disk too, so it is waited for no longer than a second.
    pub fn write_exit_down(&self) {
        // Also while something else is written, by somebody who knew nothing of the exit.
        if self.is_exit_to_write(true) {
            self.write_with_patience();
        }
    }

    /// The system puts the process into the background, where it may end it without a word. Written down at once, for
    /// which it waits no longer than a second, since there may be no other frame.
    pub fn suspended(&self) {
        if !self.shared.suspended.swap(true, Ordering::Relaxed) {
            self.write_with_patience();
        }
    }

    /// The process is in the foreground again. The writer writes it down at its next turn.
    pub fn resumed(&self) {
        self.shared.suspended.store(false, Ordering::Relaxed);
    }

    /// Writes the record beside the writer, which may hang.
    fn write_with_patience(&self) {
        let guard = self.clone();
        let write = move || guard.update(|_| {});
        let Ok(thread) = thread::Builder::new().name("session record".into()).spawn(write) else {
            return;
        };
        let deadline = clock::deadline(EXIT_PATIENCE);
        while !thread.is_finished() && clock::instant() < deadline {
            thread::sleep(Duration::from_micros(200));
        }
    }

    /// Returns true if the process is exiting and its record doesn't say so yet. Returns false while the record is
    /// being written. Waits for no disk.
    pub fn exit_is_news(&self) -> bool {
        self.is_exit_to_write(false)
    }

    fn is_exit_to_write(&self, while_being_written: bool) -> bool {
        let exiting = self.shared.exiting.load(Ordering::Relaxed) || self.was_signalled();
        let file = self.shared.file.try_lock();
        exiting && file.map_or(while_being_written, |file| file.record.exiting.is_none())
    }

    /// From now on, this process holds a run. Until something in it is durable, it also holds the
    /// run before: a death in between is the death of that one.
    pub fn hold(&self, session: SessionId, run: RunId) {
        self.update(|record| {
            record.runs.push(HeldRun {
                session,
                run,
                held_since: Some(clock::timestamp()),
                last_acknowledged: None,
                acknowledged_at: None,
                left: false,
            });
        });
    }

    /// These alerts stand, and no others. Written with the next heartbeat.
    pub fn alerts_stand(&self, alerts: Vec<StandingAlert>) {
        *unpoisoned(&self.shared.alerts) = alerts;
    }

    /// Notes that the game failed `times` in the frame that ends, `failure` the last time, and continues. Written with
    /// the next heartbeat. Returns true if it is the first failure, so that a heartbeat is due at once.
    pub fn went_on_after(&self, failure: SurvivedFailure, times: u64) -> bool {
        let frame = self.frame();
        let mut newest = unpoisoned(&self.shared.failure);
        let before = newest.as_ref().map_or(0, |before| before.count);
        *newest = Some(SurvivedFailure { frame, count: before + times, ..failure });
        before == 0
    }

    /// A checkpoint became durable. Witness for the dialog after a crash; written with the next
    /// heartbeat.
    pub fn acknowledged(&self, session: SessionId, id: CheckpointId, now: Timestamp) {
        let mut file = self.shared.lock();
        file.record.runs.retain_mut(|held| {
            if held.session == session && held.run == id.run {
                held.last_acknowledged = Some(id.counter);
                held.acknowledged_at = Some(now);
            }
            held.session != session || held.run == id.run
        });
    }

    /// The game left the session, and its end could not be written. The record says so instead.
    pub fn left_without_end(&self, session: SessionId) {
        self.update(|record| {
            for held in record.runs.iter_mut().filter(|held| held.session == session) {
                held.left = true;
            }
        });
    }

    /// The process no longer holds a run of this session.
    pub fn release(&self, session: SessionId) {
        self.update(|record| record.runs.retain(|held| held.session != session));
    }

    fn update(&self, change: impl FnOnce(&mut ProcessRecord)) {
        let shared = &self.shared;
        let mut file = shared.lock();
        let record = &mut file.record;
        change(record);
        record.alerts.clone_from(&unpoisoned(&shared.alerts));
        record.failure.clone_from(&unpoisoned(&shared.failure));
        if let Ok(last_frame) =
            Timestamp::from_millisecond(shared.last_frame.load(Ordering::Relaxed))
        {
            record.last_frame = Some(last_frame);
            record.frame_gap = shared.frame_gap.load(Ordering::Relaxed);
        }
        let exiting = shared.exiting.load(Ordering::Relaxed) || self.was_signalled();
        if exiting && record.exiting.is_none() {
            let last_frame = record.last_frame.unwrap_or(record.started);
            record.exiting = Some(record.heartbeat.max(last_frame));
        } else if !exiting {
            record.exiting = None;
        }
        if !shared.suspended.load(Ordering::Relaxed) {
            record.suspended = None;
        } else if record.suspended.is_none() {
            record.suspended =
                Some(record.heartbeat.max(record.last_frame.unwrap_or(record.started)));
        }
        if shared.has_survived_panic() {
            record.panic = None;
            shared.frames_at_panic.store(u64::MAX, Ordering::Relaxed);
        }
        file.write();
    }
}

impl Drop for Shared {
    /// The handlers stay for as long as the program. The request to exit was for this app, and another app of the
    /// program isn't to be ended at once when it is asked for the first time.
    fn drop(&mut self) {
        self.signalled.store(false, Ordering::Relaxed);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, RecordFile> {
        unpoisoned(&self.file)
    }

    /// Writes what was logged since into the files of the log, if there are to be any.
    fn write_log_files(&self) {
        let Some(place) = self.lock().log_place() else { return };
        if let Some(log) = &mut *unpoisoned(&self.log_files) {
            log.write(&place);
        }
    }

    fn has_survived_panic(&self) -> bool {
        self.frames.load(Ordering::Relaxed) > self.frames_at_panic.load(Ordering::Relaxed)
    }

    /// Writes down what was logged since. If that fails it costs nothing else, and is no news.
    fn write_log(&self, file: &RecordFile) {
        let news = self.log.get().and_then(RecentLog::news);
        if let Some((file, text)) = file.file.as_ref().zip(news) {
            let _ = file.write_log(&text);
        }
    }

    /// Called by the panic hook, on whichever thread panicked.
    pub(super) fn panicked(&self, panic: &PanicInfo) {
        self.frames_at_panic.store(self.frames.load(Ordering::Relaxed), Ordering::Relaxed);
        if let Some(queue) = self.log_queue.get() {
            queue.add_panic(panic);
        }
        // The writer may hold the record, for the moment that a write takes.
        let Some(mut file) = lock_within_a_moment(&self.file) else { return };
        file.record.panic = Some(panic.clone());
        if let Ok(failure) = self.failure.try_lock() {
            file.record.failure.clone_from(&failure);
        }
        file.write();
        self.write_log(&file);
        let place = file.log_place();
        drop(file);
        if let Some(place) = place
            && let Some(mut log) = lock_within_a_moment(&self.log_files)
            && let Some(log) = &mut *log
        {
            log.write(&place);
        }
    }
}

impl RecordFile {
    fn write(&mut self) {
        let Some(file) = &self.file else { return };
        match file.write(&self.record) {
            Ok(()) => {
                self.is_written = true;
                self.has_failed = false;
            }
            // Tried again each second, and said once.
            Err(error) if !std::mem::replace(&mut self.has_failed, true) => {
                warn!(error = %with_sources(&error), "the process record can't be written");
            }
            Err(_) => {}
        }
    }

    /// The process that writes the log into files, and their place; `None` if the state directory can't be written.
    fn log_place(&self) -> Option<LogPlace> {
        let file = self.file.as_ref()?;
        let (disk, state) = (Arc::clone(file.disk()), file.state().to_owned());
        let ProcessRecord { process, started, .. } = self.record;
        Some(LogPlace { disk, state, process, started })
    }
}

/// Locks a mutex, even if a thread that held it panicked: its data is as good as any.
fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// For a panic: it may be on the very thread that holds the lock, and waiting for ever would be a hang.
fn lock_within_a_moment<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    for _ in 0..PANIC_TRIES {
        if let Ok(guard) = mutex.try_lock() {
            return Some(guard);
        }
        thread::sleep(Duration::from_millis(1));
    }
    None
}

fn create_file(local: &LocalStore) -> Option<ProcessRecordFile> {
    let store = &local.store;
    let created = store
        .create_state_directory()
        .and_then(|()| ProcessRecordFile::create(Arc::clone(store.disk()), store.layout()));
    match created {
        Ok(file) => Some(file),
        Err(error) => {
            let error = with_sources(&error);
            warn!(%error, "no process record can be created: the next start can't tell whether this process crashed");
            None
        }
    }
}

impl DeadProcess {
    /// Removes its files, which would only be read again. Its log is still known here.
    pub fn remove(&mut self, disk: &dyn Disk) {
        self.log = Some(self.log(disk));
        let _ = remove_record(disk, &self.path);
    }

    /// Its log.
    pub fn logged(&self, disk: &dyn Disk) -> Logged {
        let state = self.path.parent().unwrap_or(&self.path);
        let lines = end_of_log(disk, state, self.record.process, LOGGED_BYTES);
        Logged { recent: self.log(disk), lines }
    }

    /// The end of its log.
    fn log(&self, disk: &dyn Disk) -> String {
        self.log.clone().unwrap_or_else(|| read_log(disk, &self.path, LOG_BYTES))
    }
}

/// The one that died last. Clocks decide only where no record does.
pub fn last_to_die(dead: &[DeadProcess]) -> Option<&ProcessRecord> {
    let records = || dead.iter().map(|dead| &dead.record);
    let earlier: HashSet<&ProcessId> = records().flat_map(|record| &record.after).collect();
    let is_last = |record: &&ProcessRecord| !earlier.contains(&record.process);
    records().filter(is_last).max_by_key(|record| record.heartbeat)
}

/// The records of processes that are gone. Those that hold no run, and didn't die while they restored one, have said
/// what they had to say, and are removed.
pub fn dead_processes(local: &LocalStore) -> Vec<DeadProcess> {
    let mut dead = known_dead(local);
    if dead.iter().all(|process| !process.record.runs.is_empty()) {
        return dead;
    }
    let restoring = local.store.restoring_processes();
    let is_done = |process: &&mut DeadProcess| {
        process.record.runs.is_empty() && !restoring.contains(&process.record.process)
    };
    for process in dead.iter_mut().filter(is_done) {
        process.remove(&**local.store.disk());
    }
    dead
}

/// The records of processes that are gone. All of them stay: only a start carries their deaths on.
pub fn known_dead(local: &LocalStore) -> Vec<DeadProcess> {
    deaths_besides(local, &|_| false)
}

/// The records of processes that aren't known to be gone, but for those that can't be read.
pub fn living_besides(local: &LocalStore, is_known: &dyn Fn(&Path) -> bool) -> Vec<ProcessRecord> {
    let found = found_besides(local, is_known).into_iter();
    let living = found.filter(|found| found.liveness != Liveness::Dead);
    living.filter_map(|found| found.record.ok()).collect()
}

fn found_besides(local: &LocalStore, is_known: &dyn Fn(&Path) -> bool) -> Vec<FoundRecord> {
    let state = &local.store.layout().state;
    read_records_besides(&**local.store.disk(), state, is_known).unwrap_or_else(|error| {
        warn!(error = %with_sources(&error), "the process records can't be listed");
        Vec::new()
    })
}

/// The records of processes that are gone, but for those that are known. All of them stay.
pub fn deaths_besides(local: &LocalStore, is_known: &dyn Fn(&Path) -> bool) -> Vec<DeadProcess> {
    let mut dead = Vec::new();
    for FoundRecord { path, record, liveness } in found_besides(local, is_known) {
        if liveness != Liveness::Dead {
            continue;
        }
        match record {
            Ok(record) => dead.push(DeadProcess { record, path, log: None }),
            Err(error) => warn!(error = %with_sources(&error), "a process record can't be read"),
        }
    }
    dead
}
