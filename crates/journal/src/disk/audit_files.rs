//! The audit log of a profile: files of the state directory to which entries are only ever added.
//!
//! ```text
//! magic 8 │ version 2 │ nonce 8 │ frames, as in a segment: each a record with one entry in MessagePack
//! ```
//!
//! Each process writes a file of its own, so that processes needn't wait for each other. An entry is synced before what
//! it says is reported as done. A torn tail ends a file; what stands before it holds.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::error::Attempt;
use super::{AppendFile, DirectoryStore, StoreAction, StoreError};
use crate::format::{
    FRAME_HEADER_BYTES, FrameHeader, FrameKind, FrameOpener, FramePlace, FrameSealer,
};
use crate::model::ids::random_u64;
use crate::model::session::AuditEntry;

const MAGIC: [u8; 8] = *b"bvyaudt\x1a";
const VERSION: u16 = 1;
/// Bytes before the first frame.
const PRELUDE_BYTES: usize = 18;
/// Bytes after which a process begins another file.
const FILE_BYTES: usize = 256 << 10;
/// The largest file that is read.
const MOST_BYTES: usize = 1 << 20;
/// Bytes of all files of a profile together, beyond which the oldest go.
const LOG_BYTES: usize = 8 << 20;

/// The audit log of a profile.
#[derive(Clone, Copy, Debug)]
pub struct AuditFiles<'a> {
    store: &'a DirectoryStore,
}

/// The file to which this process adds entries.
#[derive(Debug)]
pub struct AuditFile {
    path: PathBuf,
    file: Box<dyn AppendFile>,
    sealer: FrameSealer,
    entries: u64,
    bytes: usize,
}

/// A file of the log, as it is read.
struct ReadFile {
    path: PathBuf,
    bytes: usize,
    entries: Vec<AuditEntry>,
}

impl DirectoryStore {
    /// The audit log of the profile.
    pub fn audit(&self) -> AuditFiles<'_> {
        AuditFiles { store: self }
    }
}

impl AuditFiles<'_> {
    /// All entries, the oldest first. What can't be read is left out.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the state directory can't be listed.
    pub fn read(&self) -> Result<Vec<AuditEntry>, StoreError> {
        let files = self.read_files()?;
        let mut entries: Vec<AuditEntry> = files.into_iter().flat_map(|it| it.entries).collect();
        entries.sort_by_key(|entry| entry.at);
        Ok(entries)
    }

    /// Adds entries, durably, to the file that this process has open, or to another one if that isn't there any more.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. Any part of them may have been added then; the next call begins another file.
    pub fn add(
        &self,
        open: &mut Option<AuditFile>,
        entries: &[AuditEntry],
    ) -> Result<(), StoreError> {
        let mut left = entries;
        while !left.is_empty() {
            let usable = open.take().filter(AuditFile::is_there);
            let mut file = match usable.filter(|file| file.bytes < FILE_BYTES) {
                Some(file) => file,
                None => self.begin()?,
            };
            let added = file.append(left).attempt(StoreAction::Append, &file.path)?;
            // An erasure may have put another file in its place meanwhile, without these entries.
            if file.is_there() {
                left = left.get(added..).unwrap_or_default();
                *open = Some(file);
            }
        }
        Ok(())
    }

    /// Changes all entries, file by file, each in one step that a power cut can't cut in two. How many files changed.
    ///
    /// # Errors
    ///
    /// [`StoreError`] at the first file that can't be replaced.
    pub fn change(&self, change: impl Fn(&mut AuditEntry)) -> Result<usize, StoreError> {
        let mut changed = 0;
        for ReadFile { path, entries, .. } in self.read_files()? {
            let mut after = entries.clone();
            after.iter_mut().for_each(&change);
            if after != entries {
                let bytes = whole_file(&after);
                self.store.disk().replace(&path, &bytes).attempt(StoreAction::Replace, &path)?;
                changed += 1;
            }
        }
        Ok(changed)
    }

    /// Removes the files whose last entry is older than this, and the oldest of those that are too many together; never
    /// `spared`. How many went.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the state directory can't be listed. A file that can't be removed stays.
    pub fn prune(
        &self,
        is_old: impl Fn(Timestamp) -> bool,
        spared: Option<&AuditFile>,
    ) -> Result<usize, StoreError> {
        let mut files = self.read_files()?;
        files.sort_by_key(|file| std::cmp::Reverse(file.last()));
        let (mut total, mut removed) = (0, 0);
        for file in files {
            total += file.bytes;
            let is_due = total > LOG_BYTES || file.last().is_some_and(&is_old);
            let is_spared = spared.is_some_and(|spared| spared.path == file.path);
            if is_due && !is_spared && self.store.disk().remove(&file.path).is_ok() {
                removed += 1;
            }
        }
        Ok(removed)
    }

    fn begin(&self) -> Result<AuditFile, StoreError> {
        self.store.create_state_directory()?;
        let path = self.store.layout().new_audit_file();
        let file = self.store.disk().create_new(&path).attempt(StoreAction::CreateFile, &path)?;
        let mut file = AuditFile::new(path, file);
        let prelude = prelude(file.sealer.nonce());
        file.file.append(&prelude).attempt(StoreAction::Append, &file.path)?;
        let state = self.store.layout().state.clone();
        self.store.sync_directories(&[state])?;
        Ok(file)
    }

    fn read_files(&self) -> Result<Vec<ReadFile>, StoreError> {
        let layout = self.store.layout();
        let entries = match self.store.disk().list(&layout.state) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            listed => listed.attempt(StoreAction::List, &layout.state)?,
        };
        let own = entries.iter().filter(|it| it.is_file && layout.is_audit_name(&it.name));
        let read = |name: &str| self.read_file(&layout.state.join(name));
        Ok(own.filter_map(|entry| read(&entry.name)).collect())
    }

    fn read_file(&self, path: &Path) -> Option<ReadFile> {
        let bytes = self.store.disk().read(path, MOST_BYTES).ok()?;
        let entries = entries_in(&bytes)?;
        Some(ReadFile { path: path.to_owned(), bytes: bytes.len(), entries })
    }
}

impl ReadFile {
    fn last(&self) -> Option<Timestamp> {
        self.entries.iter().map(|entry| entry.at).max()
    }
}

impl AuditFile {
    fn new(path: PathBuf, file: Box<dyn AppendFile>) -> Self {
        Self {
            path,
            file,
            sealer: FrameSealer::new(random_u64()),
            entries: 0,
            bytes: PRELUDE_BYTES,
        }
    }

    /// Adds as many as have room in this file, at least one, and makes them durable. How many those are.
    fn append(&mut self, entries: &[AuditEntry]) -> io::Result<usize> {
        let mut bytes = Vec::new();
        let mut added = 0;
        for entry in entries {
            bytes.extend(frame(&mut self.sealer, self.entries + added as u64, entry));
            added += 1;
            if self.bytes + bytes.len() >= FILE_BYTES {
                break;
            }
        }
        self.file.append(&bytes)?;
        self.file.sync()?;
        self.entries += added as u64;
        self.bytes += bytes.len();
        Ok(added)
    }

    fn is_there(&self) -> bool {
        self.file.is_at(&self.path).unwrap_or(true)
    }
}

fn prelude(nonce: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(PRELUDE_BYTES);
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&nonce.to_le_bytes());
    bytes
}

/// A file that holds these entries and nothing else.
fn whole_file(entries: &[AuditEntry]) -> Vec<u8> {
    let mut sealer = FrameSealer::new(random_u64());
    let mut bytes = prelude(sealer.nonce());
    for (number, entry) in (0..).zip(entries) {
        bytes.extend(frame(&mut sealer, number, entry));
    }
    bytes
}

fn frame(sealer: &mut FrameSealer, sequence: u64, entry: &AuditEntry) -> Vec<u8> {
    // A player's id is the only text in an entry, and ids are short.
    let payload = rmp_serde::to_vec_named(entry).unwrap_or_default();
    let place = FramePlace { first: true, last: true, sequence, counter: 0 };
    sealer.seal(FrameKind::RECORD, place, &payload)
}

/// The entries up to the first that isn't whole; `None` if this is no file of an audit log, or one of a later version.
fn entries_in(bytes: &[u8]) -> Option<Vec<AuditEntry>> {
    let rest = bytes.strip_prefix(&MAGIC)?;
    let (version, rest) = rest.split_first_chunk()?;
    let (nonce, mut rest) = rest.split_first_chunk()?;
    if u16::from_le_bytes(*version) > VERSION {
        return None;
    }
    let nonce = u64::from_le_bytes(*nonce);
    let mut opener = FrameOpener::new(nonce);
    let mut entries = Vec::new();
    while let Some(header) = FrameHeader::decode(rest, nonce) {
        let stored =
            rest.get(FRAME_HEADER_BYTES..).and_then(|it| it.get(..header.stored_len as usize));
        let Some(stored) = stored else { break };
        let Ok(raw) = opener.open_slice(&header, stored) else { break };
        // One that a later version wrote differently is no reason to leave out those after it.
        entries.extend(rmp_serde::from_slice::<AuditEntry>(&raw).ok());
        rest = rest.get(FRAME_HEADER_BYTES + stored.len()..).unwrap_or_default();
    }
    Some(entries)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::disk::{Layout, MemoryDisk};
    use crate::model::session::{AuditActor, AuditDeed};

    fn store(disk: &MemoryDisk, profile: &str) -> DirectoryStore {
        let layout =
            Layout { data: "data".into(), state: "state".into(), profile: profile.to_owned() };
        DirectoryStore::new(Arc::new(disk.clone()), layout)
    }

    fn entry(second: i64, who: &str) -> AuditEntry {
        let at = Timestamp::from_second(second).unwrap();
        AuditEntry::new(at, AuditActor::Player(who.to_owned()), AuditDeed::Deleted, None)
    }

    fn paths(disk: &MemoryDisk) -> Vec<PathBuf> {
        let is_audit = |path: &PathBuf| path.extension().is_some_and(|it| it == AUDIT);
        disk.paths().into_iter().filter(is_audit).collect()
    }

    const AUDIT: &str = "audit";

    #[test]
    fn entries_of_all_processes_are_read_in_the_order_of_their_time() {
        let disk = MemoryDisk::default();
        let store = store(&disk, "default");
        let (mut one, mut other) = (None, None);
        store.audit().add(&mut one, &[entry(1, "Ann"), entry(4, "Ann")]).unwrap();
        store.audit().add(&mut other, &[entry(2, "Ben")]).unwrap();
        store.audit().add(&mut one, &[entry(5, "Ann")]).unwrap();
        let seconds = store.audit().read().unwrap().into_iter().map(|it| it.at.as_second());
        assert_eq!(seconds.collect::<Vec<_>>(), [1, 2, 4, 5]);
        assert_eq!(paths(&disk).len(), 2);
    }

    #[test]
    fn a_profile_whose_name_begins_like_another_has_a_log_of_its_own() {
        let disk = MemoryDisk::default();
        let (one, other) = (store(&disk, "a"), store(&disk, "a-b"));
        one.audit().add(&mut None, &[entry(1, "Ann")]).unwrap();
        other.audit().add(&mut None, &[entry(2, "Ben")]).unwrap();
        assert_eq!(one.audit().read().unwrap(), [entry(1, "Ann")]);
        assert_eq!(other.audit().read().unwrap(), [entry(2, "Ben")]);
    }

    #[test]
    fn what_stands_before_a_torn_tail_is_read() {
        let disk = MemoryDisk::default();
        let store = store(&disk, "default");
        store.audit().add(&mut None, &[entry(1, "Ann"), entry(2, "Ben")]).unwrap();
        let [path] = &*paths(&disk) else { panic!("there should be one file") };
        let whole = disk.content(path).unwrap();
        for cut in 0..whole.len() {
            disk.put(path, &whole[..cut]);
            let read = store.audit().read().unwrap();
            assert!(read.len() <= 1 && read.iter().all(|it| *it == entry(1, "Ann")), "{cut}");
        }
    }

    #[test]
    fn a_changed_file_has_none_of_the_old_bytes_and_its_writer_goes_on_in_another() {
        let disk = MemoryDisk::default();
        let store = store(&disk, "default");
        let mut open = None;
        store.audit().add(&mut open, &[entry(1, "Ann"), entry(2, "Annabel")]).unwrap();
        let is_ann = |entry: &AuditEntry| entry.who == AuditActor::Player("Ann".to_owned());
        let change = |entry: &mut AuditEntry| {
            if is_ann(entry) {
                entry.who = AuditActor::ErasedPlayer;
            }
        };
        assert_eq!(store.audit().change(change).unwrap(), 1);
        assert_eq!(store.audit().change(change).unwrap(), 0, "it is changed already");
        store.audit().add(&mut open, &[entry(3, "Ben")]).unwrap();
        let read = store.audit().read().unwrap();
        let who: Vec<_> = read.iter().map(|entry| entry.who.to_string()).collect();
        assert_eq!(who, ["an erased player", "Annabel", "Ben"]);
    }

    #[test]
    fn old_files_go_and_the_open_one_stays() {
        let disk = MemoryDisk::default();
        let store = store(&disk, "default");
        let mut open = None;
        store.audit().add(&mut None, &[entry(1, "Ann")]).unwrap();
        store.audit().add(&mut open, &[entry(2, "Ben")]).unwrap();
        store.audit().add(&mut None, &[entry(90, "Cleo")]).unwrap();
        let is_old = |at: Timestamp| at < Timestamp::UNIX_EPOCH + Duration::from_secs(50);
        assert_eq!(store.audit().prune(is_old, open.as_ref()).unwrap(), 1);
        assert_eq!(store.audit().read().unwrap(), [entry(2, "Ben"), entry(90, "Cleo")]);
    }

    #[test]
    fn a_file_stays_small() {
        let disk = MemoryDisk::default();
        let store = store(&disk, "default");
        let mut open = None;
        let many: Vec<AuditEntry> = (0..5_000).map(|second| entry(second, "Ann")).collect();
        store.audit().add(&mut open, &many).unwrap();
        assert_eq!(store.audit().read().unwrap(), many);
        assert!(paths(&disk).len() > 1);
        let largest = paths(&disk).iter().map(|path| disk.content(path).unwrap().len()).max();
        assert!(largest.unwrap() < FILE_BYTES + 4_096);
    }
}
