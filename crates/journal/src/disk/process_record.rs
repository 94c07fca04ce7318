//! Process records: what a process leaves behind, so that the next one can say how it ended.
//!
//! A record is written before the first frame and again about once a second, without a sync: it has to outlive the
//! process, and if the machine stops as well, an older or damaged one is no loss. Beside it is a lock file that the
//! process holds for as long as it lives.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::Attempt;
use super::sealed::{SealError, SealKind, seal_for, unseal};
use super::{Disk, Layout, Lock, StoreAction, StoreError, SurvivedFailure};
use crate::model::clock::between;
use crate::model::ids::{RunId, SessionId, limits, random_u64};
use crate::model::session::{PanicInfo, cut};

const KIND: SealKind = SealKind { magic: *b"bvyproc\x1a", version: 1 };
/// The largest record that is read.
const MAX_BYTES: usize = 256 << 10;
/// The time by which a death may be ahead of the clock, since clocks are put right by a little.
const MOST_AHEAD: Duration = Duration::from_secs(60);
/// Alerts that a record names at the most.
const MOST_ALERTS: usize = 64;
/// Bytes of an alert's sentence that are kept.
const ALERT_TEXT_BYTES: usize = 512;

/// Identifies a process among all that ever ran here; process numbers are used again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProcessId(pub u64);

impl fmt::Display for ProcessId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

/// The record of a process.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ProcessRecord {
    /// Its identity.
    pub process: ProcessId,
    /// Its number in the operating system.
    pub pid: u32,
    /// The machine's boot: another one since then means that it was restarted.
    #[serde(default)]
    pub boot: String,
    /// The time at which it started.
    pub started: Timestamp,
    /// The time at which it last wrote the record: it died after that, and not much later.
    pub heartbeat: Timestamp,
    /// The time at which it last completed a frame.
    #[serde(default)]
    pub last_frame: Option<Timestamp>,
    /// Milliseconds between that frame and the one before it: a game in the background may draw one
    /// a minute.
    #[serde(default)]
    pub frame_gap: u64,
    /// The game's version.
    #[serde(default)]
    pub app_version: String,
    /// Those that were dead when it started and whose records were kept: it is the later one, even if the clocks
    /// disagree.
    #[serde(default)]
    pub after: Vec<ProcessId>,
    /// The runs that it holds.
    #[serde(default)]
    pub runs: Vec<HeldRun>,
    /// The time at which it was first asked to exit. A process that ends after that has exited, however slowly.
    #[serde(default)]
    pub exiting: Option<Timestamp>,
    /// The time at which the system put it into the background, as a phone does; `None` while it is in the foreground.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<Timestamp>,
    /// The last panic that it saw.
    #[serde(default)]
    pub panic: Option<PanicInfo>,
    /// The time at which it ended in good order.
    #[serde(default)]
    pub ended: Option<Timestamp>,
    /// The alerts that stand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alerts: Vec<StandingAlert>,
    /// The newest failure that the game survived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<SurvivedFailure>,
    /// The processes that died within the day before it began, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deaths: Vec<EarlierDeath>,
}

/// A process that died, as later ones name it once its own record is gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EarlierDeath {
    /// The process.
    pub process: ProcessId,
    /// The last time at which it is known to have been alive.
    pub at: Timestamp,
    /// The session that it was playing; `None` if it died before it played one.
    #[serde(default)]
    pub session: Option<SessionId>,
}

impl ProcessRecord {
    /// The record of a process that has done nothing yet but to begin.
    pub(crate) fn begun(process: ProcessId, now: Timestamp) -> Self {
        Self {
            process,
            pid: std::process::id(),
            boot: String::new(),
            started: now,
            heartbeat: now,
            last_frame: None,
            frame_gap: 0,
            app_version: String::new(),
            after: Vec::new(),
            runs: Vec::new(),
            exiting: None,
            suspended: None,
            panic: None,
            ended: None,
            alerts: Vec::new(),
            failure: None,
            deaths: Vec::new(),
        }
    }
}

impl EarlierDeath {
    /// Returns true if it is no longer ago than `time`. A death more than a minute ahead of `now` isn't: the clock was
    /// wrong, then or now, and nobody knows how long ago it is.
    #[must_use]
    pub fn is_within(&self, time: Duration, now: Timestamp) -> bool {
        between(self.at, now) <= time && between(now, self.at) <= MOST_AHEAD
    }

    /// Counts the deaths that are no longer ago than `time`, with the one of these sessions with which most are, or before
    /// any session was played: the larger of both numbers. So processes that die in one moment, each with a session of its
    /// own, count as one.
    #[must_use]
    pub fn most_alike(
        deaths: &[Self],
        played: impl IntoIterator<Item = SessionId>,
        time: Duration,
        now: Timestamp,
    ) -> usize {
        let with = |session: Option<SessionId>| {
            let alike = deaths.iter().filter(|death| death.session == session);
            alike.filter(|death| death.is_within(time, now)).count()
        };
        played.into_iter().map(Some).chain([None]).map(with).max().unwrap_or(0)
    }
}

/// An alert that was raised and isn't cleared.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
#[non_exhaustive]
pub struct StandingAlert {
    /// Its code, as `BS0705`, of which `docs/RUNBOOK.md` has a section.
    pub code: String,
    /// The alert, in a sentence without a full stop.
    #[serde(default)]
    pub what: String,
    /// True if something is wrong, false if it is only a note.
    #[serde(default)]
    pub is_problem: bool,
    /// The time since which it stands.
    #[cfg_attr(feature = "bevy_reflect", reflect(ignore))]
    pub since: Timestamp,
}

impl StandingAlert {
    /// One that stands from now on.
    pub fn new(code: &str, what: &str, is_problem: bool, now: Timestamp) -> Self {
        Self { code: code.to_owned(), what: what.to_owned(), is_problem, since: now }
    }

    /// The same with its texts cut to what a record has room for.
    fn bounded(&self) -> Self {
        let short = |text: &str| cut(text, ALERT_TEXT_BYTES).to_owned();
        Self { code: short(&self.code), what: short(&self.what), ..self.clone() }
    }
}

/// A run that a process holds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HeldRun {
    /// Its session.
    pub session: SessionId,
    /// The run.
    pub run: RunId,
    /// The time at which the process took it; `None` in records of releases that don't write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_since: Option<Timestamp>,
    /// The newest checkpoint that was reported to the game as safe: a witness for what must be there.
    #[serde(default)]
    pub last_acknowledged: Option<u64>,
    /// The time at which it was reported.
    #[serde(default)]
    pub acknowledged_at: Option<Timestamp>,
    /// True if the game left the run, though its end could not be written.
    #[serde(default)]
    pub left: bool,
}

/// This process's own record, and the lock that says that it lives.
#[derive(Debug)]
pub struct ProcessRecordFile {
    disk: Arc<dyn Disk>,
    process: ProcessId,
    path: PathBuf,
    /// Shows other processes that this one lives.
    _lock: Option<Box<dyn Lock>>,
}

impl ProcessRecordFile {
    /// Draws an id for this process and takes its lock. The state directory must exist.
    ///
    /// On a file system without locks there is none, and others will not know whether this process
    /// lives.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the lock file can't be created.
    pub fn create(disk: Arc<dyn Disk>, layout: &Layout) -> Result<Self, StoreError> {
        let process = ProcessId(random_u64());
        let path = layout.process_record(process);
        let lock_path = Layout::process_lock(&path);
        let lock = match disk.try_lock(&lock_path) {
            Err(error) if error.kind() == io::ErrorKind::Unsupported => None,
            taken => taken.attempt(StoreAction::Lock, &lock_path)?,
        };
        Ok(Self { disk, process, path, _lock: lock })
    }

    /// The disk that it is written to.
    pub fn disk(&self) -> &Arc<dyn Disk> {
        &self.disk
    }

    /// Its directory.
    pub fn state(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
    }

    /// The id that was drawn, for [`ProcessRecord::process`].
    pub fn process(&self) -> ProcessId {
        self.process
    }

    /// Returns true if the record can still be found where it was written.
    pub fn is_there(&self) -> bool {
        !matches!(
            self.disk.read(&self.path, MAX_BYTES),
            Err(error) if error.kind() == io::ErrorKind::NotFound
        )
    }

    /// Writes what the process logged last beside the record.
    ///
    /// # Errors
    ///
    /// [`StoreError`], which may be ignored: nothing depends on it.
    pub fn write_log(&self, text: &str) -> Result<(), StoreError> {
        let path = Layout::process_log(&self.path);
        self.disk.replace_unsynced(&path, text.as_bytes()).attempt(StoreAction::Replace, &path)
    }

    /// Writes the record over the one before, without a sync.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the record before is then still there.
    pub fn write(&self, record: &ProcessRecord) -> Result<(), StoreError> {
        let panic = record.panic.as_ref().map(PanicInfo::bounded);
        let alerts = record.alerts.iter().take(MOST_ALERTS).map(StandingAlert::bounded).collect();
        let app_version = cut(&record.app_version, limits::CONTEXT_TEXT_BYTES).to_owned();
        let failure = record.failure.as_ref().map(SurvivedFailure::bounded);
        let record = ProcessRecord { panic, alerts, failure, app_version, ..record.clone() };
        let bytes = seal_for(&self.path, KIND, &record)?;
        self.disk.replace_unsynced(&self.path, &bytes).attempt(StoreAction::Replace, &self.path)
    }
}

/// A record in the state directory, and whether its process lives.
#[derive(Debug)]
pub struct FoundRecord {
    /// Its file.
    pub path: PathBuf,
    /// Its content, if it can be read.
    pub record: Result<ProcessRecord, RecordError>,
    /// The state of its process.
    pub liveness: Liveness,
}

/// The state of a process, by its lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Liveness {
    /// It holds its lock.
    Alive,
    /// No process holds its lock.
    Dead,
    /// The file system has no locks, or doesn't answer.
    Unknown,
}

/// The error of reading a process record. Never fatal: the process counts as one that left no end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// It isn't what was written, as can happen when the machine stops.
    #[error("the process record {path} is damaged")]
    Damaged {
        /// The record.
        path: PathBuf,
    },
    /// A newer version wrote it.
    #[error("the process record {path} has version {version}, which is newer than {}", KIND.version)]
    Newer {
        /// The record.
        path: PathBuf,
        /// Its version.
        version: u16,
    },
    /// It could not be read.
    #[error("failed to read the process record {path}")]
    Unreadable {
        /// The record.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
}

/// All records in the state directory. None if there is no such directory yet.
///
/// # Errors
///
/// [`StoreError`] if the directory can't be listed.
pub fn read_all(disk: &dyn Disk, directory: &Path) -> Result<Vec<FoundRecord>, StoreError> {
    read_besides(disk, directory, &|_| false)
}

/// The same without those that are known.
///
/// # Errors
///
/// [`StoreError`] if the directory can't be listed.
pub fn read_besides(
    disk: &dyn Disk,
    directory: &Path,
    is_known: &dyn Fn(&Path) -> bool,
) -> Result<Vec<FoundRecord>, StoreError> {
    let entries = match disk.list(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        listed => listed.attempt(StoreAction::List, directory)?,
    };
    let records = entries.iter().filter(|entry| Layout::is_process_record_name(&entry.name));
    let paths = records.map(|entry| directory.join(&entry.name)).filter(|path| !is_known(path));
    Ok(paths.map(|path| find(disk, path)).collect())
}

/// Removes a record that was evaluated, and its lock file.
///
/// # Errors
///
/// [`StoreError`].
pub fn remove(disk: &dyn Disk, record: &Path) -> Result<(), StoreError> {
    let lock = Layout::process_lock(record);
    // Without its record no one would find it.
    let _ = disk.remove(&Layout::process_log(record));
    // The record goes first: a lock file without a record says nothing, a record without a lock
    // file would be one of a dead process.
    disk.remove(record).attempt(StoreAction::RemoveFile, record)?;
    match disk.remove(&lock) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.attempt(StoreAction::RemoveFile, &lock),
    }
}

/// The end of the log of a record's process; empty if it logged nothing, or that can't be read.
pub fn read_log(disk: &dyn Disk, record: &Path, max_len: usize) -> String {
    let bytes = disk.read(&Layout::process_log(record), max_len).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads one record.
pub fn find(disk: &dyn Disk, path: PathBuf) -> FoundRecord {
    let liveness = match disk.is_locked(&Layout::process_lock(&path)) {
        Ok(true) => Liveness::Alive,
        Ok(false) => Liveness::Dead,
        Err(_) => Liveness::Unknown,
    };
    FoundRecord { record: read(disk, &path), path, liveness }
}

fn read(disk: &dyn Disk, path: &Path) -> Result<ProcessRecord, RecordError> {
    let bytes = disk
        .read(path, MAX_BYTES)
        .map_err(|source| RecordError::Unreadable { path: path.to_owned(), source })?;
    unseal(KIND, &bytes).map_err(|error| match error {
        SealError::Damaged => RecordError::Damaged { path: path.to_owned() },
        SealError::Newer { version } => RecordError::Newer { path: path.to_owned(), version },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::MemoryDisk;

    fn layout() -> Layout {
        Layout { data: "data".into(), state: "state".into(), profile: "default".to_owned() }
    }

    fn disk() -> MemoryDisk {
        let disk = MemoryDisk::default();
        disk.create_dir(Path::new("state")).unwrap();
        disk
    }

    fn record(process: ProcessId) -> ProcessRecord {
        ProcessRecord {
            boot: "boot".to_owned(),
            app_version: "1.0".to_owned(),
            runs: vec![HeldRun {
                session: SessionId::random(),
                run: RunId(7),
                held_since: None,
                last_acknowledged: Some(3),
                acknowledged_at: Some(Timestamp::UNIX_EPOCH),
                left: false,
            }],
            ..ProcessRecord::begun(process, Timestamp::UNIX_EPOCH)
        }
    }

    #[test]
    fn a_record_is_read_as_living_and_then_as_dead() {
        let disk = disk();
        let file = ProcessRecordFile::create(Arc::new(disk.clone()), &layout()).unwrap();
        let written = record(file.process());
        file.write(&written).unwrap();

        let found = read_all(&disk, Path::new("state")).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].liveness, Liveness::Alive);
        assert_eq!(found[0].record.as_ref().unwrap(), &written);

        let after_kill = disk.snapshot();
        let found = read_all(&after_kill, Path::new("state")).unwrap();
        assert_eq!(found[0].liveness, Liveness::Dead);

        drop(file);
        remove(&disk, &layout().process_record(written.process)).unwrap();
        assert!(read_all(&disk, Path::new("state")).unwrap().is_empty());
        assert!(disk.paths().is_empty(), "the lock file should be gone as well");
    }

    #[test]
    fn a_damaged_record_is_reported() {
        let disk = disk();
        let file = ProcessRecordFile::create(Arc::new(disk.clone()), &layout()).unwrap();
        file.write(&record(file.process())).unwrap();
        disk.corrupt(&layout().process_record(file.process()), 40, 1);
        let found = read_all(&disk, Path::new("state")).unwrap();
        assert!(matches!(found[0].record, Err(RecordError::Damaged { .. })));
    }

    #[test]
    fn a_huge_panic_is_cut_to_fit_the_record() {
        let disk = disk();
        let file = ProcessRecordFile::create(Arc::new(disk.clone()), &layout()).unwrap();
        let panic = PanicInfo {
            message: "é".repeat(1 << 20),
            place: None,
            thread: None,
            backtrace: Some("frame\n".repeat(1 << 20)),
            time: Timestamp::UNIX_EPOCH,
        };
        file.write(&ProcessRecord { panic: Some(panic), ..record(file.process()) }).unwrap();
        let found = read_all(&disk, Path::new("state")).unwrap();
        let panic = found[0].record.as_ref().unwrap().panic.as_ref().unwrap();
        assert_eq!(panic.message.len(), 8 << 10);
    }

    #[test]
    fn a_long_failure_is_cut_to_fit_the_record() {
        let disk = disk();
        let file = ProcessRecordFile::create(Arc::new(disk.clone()), &layout()).unwrap();
        let text = "é".repeat(1 << 20);
        let failure = SurvivedFailure::new(text.clone(), text, true, Timestamp::UNIX_EPOCH);
        let failure = Some(failure);
        file.write(&ProcessRecord { failure, ..record(file.process()) }).unwrap();
        let found = read_all(&disk, Path::new("state")).unwrap();
        let failure = found[0].record.as_ref().unwrap().failure.as_ref().unwrap();
        assert_eq!((failure.of.len(), failure.error.len()), (2 << 10, 2 << 10));
    }

    #[test]
    fn too_many_alerts_are_cut_to_fit_the_record() {
        let disk = disk();
        let file = ProcessRecordFile::create(Arc::new(disk.clone()), &layout()).unwrap();
        let alert = StandingAlert::new("BS0705", &"é".repeat(1 << 20), true, Timestamp::UNIX_EPOCH);
        let alerts = vec![alert; 1_000];
        file.write(&ProcessRecord { alerts, ..record(file.process()) }).unwrap();
        let found = read_all(&disk, Path::new("state")).unwrap();
        let alerts = &found[0].record.as_ref().unwrap().alerts;
        assert_eq!((alerts.len(), alerts[0].what.len()), (MOST_ALERTS, ALERT_TEXT_BYTES));
    }

    /// A record of an earlier version has none of them.
    #[test]
    fn a_record_without_alerts_is_read() {
        #[derive(Serialize)]
        struct Earlier {
            process: ProcessId,
            pid: u32,
            started: Timestamp,
            heartbeat: Timestamp,
        }
        let disk = disk();
        let file = ProcessRecordFile::create(Arc::new(disk.clone()), &layout()).unwrap();
        let (process, epoch) = (file.process(), Timestamp::UNIX_EPOCH);
        let earlier = Earlier { process, pid: 42, started: epoch, heartbeat: epoch };
        let path = layout().process_record(process);
        disk.put(&path, &seal_for(&path, KIND, &earlier).unwrap());
        let found = read_all(&disk, Path::new("state")).unwrap();
        assert_eq!(found[0].record.as_ref().unwrap().alerts, []);
    }

    #[test]
    fn a_missing_state_directory_holds_no_records() {
        assert!(read_all(&MemoryDisk::default(), Path::new("state")).unwrap().is_empty());
    }
}
