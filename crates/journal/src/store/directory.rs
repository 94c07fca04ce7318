//! The store as a directory of sessions on a [`Disk`].

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::warn;
use xxhash_rust::xxh3::Xxh3;

use super::error::Attempt;
use super::{
    AppendFile, DirEntry, Disk, HostId, Layout, Lock, SessionCard, StoreAction, StoreError,
    StoredSession, host,
};
use crate::ids::SessionId;
use crate::journal::{FileProblemKind, Record, Segment, SegmentEncoder, SegmentHeader};

/// Where all sessions of a profile live.
///
/// Cheap to clone. Reading and writing need no coordination with each other; two writers of one
/// session are kept apart by [`Self::lock_session`].
#[derive(Clone, Debug)]
pub struct DirectoryStore {
    disk: Arc<dyn Disk>,
    layout: Layout,
    /// Whether the file system has refused to sync one of the game's directories.
    refuses_directory_syncs: Arc<AtomicBool>,
}

/// A segment that was just begun.
#[derive(Debug)]
pub struct CreatedSegment {
    /// Its file.
    pub path: PathBuf,
    /// The file, with the header appended and nothing synced.
    pub file: Box<dyn AppendFile>,
    /// What makes frames for it.
    pub encoder: SegmentEncoder,
    /// The directories that must be synced, by [`DirectoryStore::sync_directories`], before
    /// anything in the file counts as durable.
    pub unsynced_directories: Vec<PathBuf>,
}

/// The right to write a session, for as long as this lives.
#[derive(Debug)]
#[must_use = "the lock is released when this is dropped"]
pub struct SessionLock {
    lock: Box<dyn Lock>,
    path: PathBuf,
}

impl SessionLock {
    /// Whether no other process can have taken it. One can once the file that stands for it was
    /// deleted.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if that can't be told.
    pub fn is_held(&self) -> Result<bool, StoreError> {
        self.lock.is_held().attempt(StoreAction::LookFor, &self.path)
    }
}

impl DirectoryStore {
    /// A store on a disk. Nothing is read or created yet.
    pub fn new(disk: Arc<dyn Disk>, layout: Layout) -> Self {
        Self { disk, layout, refuses_directory_syncs: Arc::default() }
    }

    /// The same disk with files elsewhere.
    #[must_use]
    pub fn with_layout(&self, layout: Layout) -> Self {
        Self { layout, ..self.clone() }
    }

    /// Where which file lies.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The disk below.
    pub fn disk(&self) -> &Arc<dyn Disk> {
        &self.disk
    }

    /// The sessions that have a directory, the oldest first.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. That there is no directory yet is none: there are no sessions then.
    pub fn sessions(&self) -> Result<Vec<SessionId>, StoreError> {
        self.sessions_below(&self.layout.sessions())
    }

    /// The sessions of all profiles.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn sessions_of_all_profiles(&self) -> Result<Vec<SessionId>, StoreError> {
        let mut sessions = Vec::new();
        for profile in self.directories_in(&self.layout.profiles())? {
            sessions.extend(self.sessions_below(&self.layout.sessions_in(&profile))?);
        }
        Ok(sessions)
    }

    fn sessions_below(&self, directory: &Path) -> Result<Vec<SessionId>, StoreError> {
        let names = self.directories_in(directory)?;
        let mut sessions: Vec<SessionId> =
            names.into_iter().filter_map(|name| name.parse().ok()).collect();
        sessions.sort();
        Ok(sessions)
    }

    /// A number that changes when anything in a session's directory does.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the session's directory can't be listed.
    pub fn session_stamp(&self, session: SessionId) -> Result<u64, StoreError> {
        let directory = self.layout.session(session);
        let entries = self.disk.list(&directory).attempt(StoreAction::List, &directory)?;
        Ok(stamp_of(&entries))
    }

    /// Bytes of a session's segments, as its directory tells them.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the session's directory can't be listed.
    pub fn session_bytes(&self, session: SessionId) -> Result<u64, StoreError> {
        let directory = self.layout.session(session);
        let entries = self.disk.list(&directory).attempt(StoreAction::List, &directory)?;
        let segments = entries.iter().filter(|entry| Layout::is_segment_name(&entry.name));
        Ok(segments.map(|entry| entry.len).sum())
    }

    /// The names of the directories in one, which need not exist.
    fn directories_in(&self, directory: &Path) -> Result<Vec<String>, StoreError> {
        let entries = match self.disk.list(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            listed => listed.attempt(StoreAction::List, directory)?,
        };
        Ok(entries.into_iter().filter(|entry| entry.is_dir).map(|entry| entry.name).collect())
    }

    /// Opens and scans all segments of a session.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the session's directory can't be listed.
    pub fn open_session(&self, session: SessionId) -> Result<StoredSession, StoreError> {
        StoredSession::open(&*self.disk, self.layout.session(session), session)
    }

    /// Opens and scans all segments of a session of whatever profile.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the session's directory can't be listed, or isn't there.
    pub fn open_session_of_any_profile(
        &self,
        session: SessionId,
    ) -> Result<StoredSession, StoreError> {
        let here = self.open_session(session);
        if !here.as_ref().is_err_and(|error| error.io_kind() == Some(io::ErrorKind::NotFound)) {
            return here;
        }
        let profiles = self.directories_in(&self.layout.profiles())?.into_iter();
        let mut elsewhere = profiles.filter_map(|profile| {
            let directory = self.layout.sessions_in(&profile).join(session.to_string());
            StoredSession::open(&*self.disk, directory, session).ok()
        });
        elsewhere.next().map_or(here, Ok)
    }

    /// Begins a segment: its directories, its file, its header.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. A file that was created may be left behind, without a header that holds.
    pub fn create_segment(&self, header: &SegmentHeader) -> Result<CreatedSegment, StoreError> {
        let directory = self.layout.session(header.session);
        let mut unsynced: BTreeSet<PathBuf> = self.create_directory(&directory)?;
        let mut created = self.create_file(self.layout.segment(header), header)?;
        unsynced.insert(directory);
        // Not by the number: a segment may follow others of which nothing became durable, nor did the
        // directories that were made for them.
        if header.predecessor.is_none() {
            // The directories may have been made by a process that stopped before it synced them, or
            // by this one on the way to its state directory.
            unsynced.extend(self.layout.directories_to_sessions());
            unsynced.extend(self.layout.data.ancestors().skip(1).map(Path::to_owned));
        }
        created.unsynced_directories = unsynced.into_iter().collect();
        Ok(created)
    }

    /// Creates a file that begins with a header.
    pub(super) fn create_file(
        &self,
        path: PathBuf,
        header: &SegmentHeader,
    ) -> Result<CreatedSegment, StoreError> {
        let (encoder, bytes) = SegmentEncoder::new(header)
            .map_err(|source| StoreError::Header { path: path.clone(), source })?;
        let mut file = self.disk.create_new(&path).attempt(StoreAction::CreateFile, &path)?;
        if let Err(error) = file.append(&bytes) {
            // On a full disk one would be left behind with each try.
            drop(file);
            let _ = self.disk.remove(&path);
            return Err(error).attempt(StoreAction::Append, &path);
        }
        Ok(CreatedSegment { path, file, encoder, unsynced_directories: Vec::new() })
    }

    /// Appends to a file that isn't a segment.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn append_to(
        &self,
        file: &mut dyn AppendFile,
        bytes: &[u8],
        path: &Path,
    ) -> Result<(), StoreError> {
        file.append(bytes).attempt(StoreAction::Append, path)
    }

    /// Makes such a file durable and puts it in its place.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn finish_file(
        &self,
        file: &mut dyn AppendFile,
        path: &Path,
        place: &Path,
    ) -> Result<(), StoreError> {
        file.sync().attempt(StoreAction::Sync, path)?;
        self.disk.put_in_place(path, place).attempt(StoreAction::Replace, place)
    }

    /// Makes directory entries durable.
    ///
    /// # Errors
    ///
    /// [`StoreError`] at the first that fails. What lies in it doesn't count as durable then. That the
    /// file system has no such thing is no failure, since there is nothing better to be had on it: then
    /// a crash of the game costs nothing, and [`Self::covers_power_cuts`] says that a power cut may.
    pub fn sync_directories(&self, directories: &[PathBuf]) -> Result<(), StoreError> {
        directories.iter().try_for_each(|directory| match self.disk.sync_dir(directory) {
            Err(error) if self.is_of_others(directory) && refuses_syncs(&error) => Ok(()),
            Err(error) if has_no_syncs(&error) => {
                if !self.refuses_directory_syncs.swap(true, Ordering::Relaxed) {
                    let directory = directory.display();
                    warn!(%directory, %error, "new files may not survive a power cut here");
                }
                Ok(())
            }
            synced => synced.attempt(StoreAction::SyncDirectory, directory),
        })
    }

    /// Whether what is acknowledged survives a power cut, as far as the file system has said. It
    /// doesn't surely where directories can't be synced.
    pub fn covers_power_cuts(&self) -> bool {
        !self.refuses_directory_syncs.load(Ordering::Relaxed)
    }

    /// Whether a file is still where it was put. A writer keeps writing without noticing into a file
    /// whose directory was deleted, or replaced by a copy, so it asks before it acknowledges.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if that can't be told.
    pub fn is_still_there(&self, file: &dyn AppendFile, path: &Path) -> Result<bool, StoreError> {
        file.is_at(path).attempt(StoreAction::LookFor, path)
    }

    /// Removes a segment.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn remove_segment(&self, path: &Path) -> Result<(), StoreError> {
        self.disk.remove(path).attempt(StoreAction::RemoveFile, path)
    }

    /// Removes a session with everything in its directory.
    ///
    /// Segments that say that it was forgotten go last, so that what an interrupted removal leaves
    /// is still known to be unwanted. Before them go those of which nobody knows what they say.
    ///
    /// # Errors
    ///
    /// [`StoreError`] at the first file that can't be removed.
    pub fn remove_session(&self, session: SessionId) -> Result<(), StoreError> {
        let directory = self.layout.session(session);
        let unreadable_and_last = self.segments_to_spare(session)?;
        self.remove_content(&directory, &unreadable_and_last.concat())?;
        for segments in unreadable_and_last.iter().filter(|segments| !segments.is_empty()) {
            // Removals may become durable in any order, and without what says that it was forgotten
            // the rest would be a session again, of an older state.
            self.sync_directories(std::slice::from_ref(&directory))?;
            segments.iter().try_for_each(|path| self.remove_segment(path))?;
        }
        self.remove_directory(&directory)?;
        self.sync_directories(&[self.layout.sessions()])
    }

    /// Takes the right to write a session; `None` if somebody else has it.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. Its [`io_kind`](StoreError::io_kind) is [`io::ErrorKind::Unsupported`] where
    /// the file system has no locks: then nobody can know, and the player has to be asked.
    pub fn lock_session(&self, session: SessionId) -> Result<Option<SessionLock>, StoreError> {
        self.create_state_directory()?;
        let path = self.layout.lock(session);
        let lock = self.disk.try_lock(&path).attempt(StoreAction::Lock, &path)?;
        Ok(lock.map(|lock| SessionLock { lock, path }))
    }

    /// Writes the card that people find in a session's directory.
    ///
    /// # Errors
    ///
    /// [`StoreError`], which may be ignored: nothing depends on the card.
    pub fn write_session_card(&self, card: &SessionCard) -> Result<(), StoreError> {
        let path = self.layout.session_card(card.metadata.id);
        let text = card
            .to_text()
            .map_err(|error| StoreError::Content { path: path.clone(), source: Box::new(error) })?;
        self.disk.replace_unsynced(&path, text.as_bytes()).attempt(StoreAction::Replace, &path)
    }

    /// The id of this machine. Drawn and written if there is none that can be read.
    pub fn host_id(&self) -> HostId {
        // If that fails, the id can't be stored, and says so itself.
        let _ = self.create_state_directory();
        host::host_id(&*self.disk, &self.layout)
    }

    /// Creates the state directory if need be.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn create_state_directory(&self) -> Result<(), StoreError> {
        self.create_directory(&self.layout.state).map(drop)
    }

    /// Creates a directory and those that lead to it, and says which directories have a new entry.
    pub(super) fn create_directory(&self, path: &Path) -> Result<BTreeSet<PathBuf>, StoreError> {
        let mut changed = BTreeSet::new();
        let mut created = self.disk.create_dir(path);
        let parent = path.parent();
        if let (Err(error), Some(parent)) = (&created, parent)
            && error.kind() == io::ErrorKind::NotFound
        {
            changed = self.create_directory(parent)?;
            created = self.disk.create_dir(path);
        }
        match created {
            Ok(()) => changed.extend(parent.map(Path::to_owned)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).attempt(StoreAction::CreateDirectory, path),
        }
        Ok(changed)
    }

    /// Whether a directory lies above all that belongs to the game.
    fn is_of_others(&self, directory: &Path) -> bool {
        let Layout { data, state, .. } = &self.layout;
        ![data, state].iter().any(|root| directory.starts_with(root))
    }

    fn remove_content(&self, directory: &Path, spared: &[PathBuf]) -> Result<(), StoreError> {
        let entries = self.disk.list(directory).attempt(StoreAction::List, directory)?;
        for entry in entries {
            let path = directory.join(entry.name);
            if entry.is_dir {
                self.remove_content(&path, &[])?;
                self.remove_directory(&path)?;
            } else if !spared.contains(&path) {
                self.remove_segment(&path)?;
            }
        }
        Ok(())
    }

    fn remove_directory(&self, path: &Path) -> Result<(), StoreError> {
        self.disk.remove_dir(path).attempt(StoreAction::RemoveDirectory, path)
    }

    /// The segments of which nobody knows what they say, and those that say that the session is being
    /// deleted.
    fn segments_to_spare(&self, session: SessionId) -> Result<[Vec<PathBuf>; 2], StoreError> {
        let stored = self.open_session(session)?;
        let problems = stored.index().problems().iter();
        let unreadable = problems
            .filter(|problem| matches!(problem.kind, FileProblemKind::Unreadable { .. }))
            .map(|problem| problem.path.clone());
        let summaries = stored.index().segments().iter();
        let says_so = |(_, record): &(u64, Record)| matches!(record, Record::Forgotten);
        let forgetting = summaries.zip(stored.segments());
        let forgetting = forgetting
            .filter(|(summary, _)| summary.scan.records.iter().any(says_so))
            .map(|(_, segment): (_, &Segment)| segment.path().to_owned());
        Ok([unreadable.collect(), forgetting.collect()])
    }
}

/// A number that changes when anything in a directory does.
pub(super) fn stamp_of(entries: &[DirEntry]) -> u64 {
    let mut hasher = Xxh3::new();
    for entry in entries {
        hasher.update(entry.name.as_bytes());
        hasher.update(&[0]);
        hasher.update(&entry.len.to_le_bytes());
        hasher.update(&entry.stamp.to_le_bytes());
    }
    hasher.digest()
}

/// Whether a directory can't be synced because of what it is: the player may not open it, or its file
/// system has no such thing. No process of the game made such a directory, so its entry is durable.
fn refuses_syncs(error: &io::Error) -> bool {
    has_no_syncs(error) || error.kind() == io::ErrorKind::PermissionDenied
}

/// Whether the file system has no way to sync a directory.
pub(super) fn has_no_syncs(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{CheckpointId, SaveId};
    use crate::journal::sample::{at, blocks, commit, header, session, values};
    use crate::journal::{Block, Commit, FileProblemKind, Predecessor, Validity};
    use crate::session::SessionStatus;
    use crate::store::{HostIdOrigin, MemoryDisk, Operation};

    fn store(disk: &MemoryDisk) -> DirectoryStore {
        let layout =
            Layout { data: "data".into(), state: "state".into(), profile: "default".to_owned() };
        DirectoryStore::new(Arc::new(disk.clone()), layout)
    }

    fn append(segment: &mut CreatedSegment, group: Vec<Block>, commit: &Commit) {
        let CreatedSegment { file, encoder, .. } = segment;
        encoder.encode_group(group, commit, &mut |bytes| file.append(bytes)).unwrap();
    }

    /// A run with a snapshot and `deltas` deltas, each of which changes entity 2.
    fn write_run(store: &DirectoryStore, run: u64, deltas: u64) -> PathBuf {
        let mut segment = store.create_segment(&header(run, 0)).unwrap();
        append(&mut segment, vec![values("a", &[(2, b"0"), (3, b"0")])], &commit(1, None));
        for counter in 2..2 + deltas {
            let value = counter.to_string();
            let group = vec![values("a", &[(2, value.as_bytes())])];
            append(&mut segment, group, &commit(counter, Some(counter - 1)));
        }
        segment.path
    }

    fn rows(stored: &StoredSession, checkpoint: CheckpointId) -> Vec<(SaveId, Vec<u8>)> {
        let plan = stored.index().plan(checkpoint).unwrap();
        let mut rows = Vec::new();
        for block in stored.blocks(&plan).unwrap() {
            let block = block.unwrap();
            let values = block.ids().iter().enumerate();
            rows.extend(values.map(|(row, id)| (*id, block.value(row).unwrap().to_vec())));
        }
        rows
    }

    #[test]
    fn a_session_is_found_again_with_all_its_checkpoints() {
        let disk = MemoryDisk::default();
        assert!(store(&disk).sessions().unwrap().is_empty());
        write_run(&store(&disk), 1, 4);

        let store = store(&disk.snapshot());
        assert_eq!(store.sessions().unwrap(), [session()]);
        let stored = store.open_session(session()).unwrap();
        assert_eq!(stored.index().checkpoints().len(), 5);
        let expected = vec![(SaveId(2), b"5".to_vec()), (SaveId(3), b"0".to_vec())];
        assert_eq!(rows(&stored, at(1, 5)), expected);
    }

    #[test]
    fn a_chain_longer_than_one_merge_is_folded() {
        let disk = MemoryDisk::default();
        write_run(&store(&disk), 1, 200);
        let stored = store(&disk).open_session(session()).unwrap();
        let expected = vec![(SaveId(2), b"201".to_vec()), (SaveId(3), b"0".to_vec())];
        assert_eq!(rows(&stored, at(1, 201)), expected);
    }

    #[test]
    fn every_directory_on_the_way_has_to_be_synced() {
        let disk = MemoryDisk::default();
        let first = store(&disk).create_segment(&header(1, 0)).unwrap();
        let mut expected = store(&disk).layout().directories_to_sessions().to_vec();
        expected.push(store(&disk).layout().session(session()));
        expected.push(PathBuf::new());
        expected.sort();
        assert_eq!(first.unsynced_directories, expected);
        store(&disk).sync_directories(&first.unsynced_directories).unwrap();

        let after_a_failure = store(&disk).create_segment(&header(1, 1)).unwrap();
        assert_eq!(after_a_failure.unsynced_directories, expected);
        let predecessor = Some(Predecessor { length: 100, sequence: 1 });
        let rotated = SegmentHeader { predecessor, ..header(1, 2) };
        let rotated = store(&disk).create_segment(&rotated).unwrap();
        assert_eq!(rotated.unsynced_directories, [store(&disk).layout().session(session())]);
        let next_run = store(&disk).create_segment(&header(2, 0)).unwrap();
        assert_eq!(next_run.unsynced_directories, expected);
    }

    #[test]
    fn a_directory_above_that_cannot_be_synced_is_no_failure() {
        let disk = MemoryDisk::default();
        let created = store(&disk).create_segment(&header(1, 0)).unwrap();
        let above = [PathBuf::new()];
        disk.fail_always(Operation::SyncDirectory, io::ErrorKind::PermissionDenied);
        assert!(store(&disk).sync_directories(&above).is_ok());
        assert!(store(&disk).sync_directories(&created.unsynced_directories).is_err());
        disk.fail_always(Operation::SyncDirectory, io::ErrorKind::Other);
        assert!(store(&disk).sync_directories(&above).is_err());
    }

    #[test]
    fn damage_is_found_and_the_next_way_goes_around_it() {
        let disk = MemoryDisk::default();
        let path = write_run(&store(&disk), 1, 3);
        let damaged = {
            let stored = store(&disk).open_session(session()).unwrap();
            stored.index().segments()[0].scan.groups[2].frames[0].offset as usize + 50
        };
        disk.corrupt(&path, damaged, 1);

        let mut stored = store(&disk).open_session(session()).unwrap();
        assert!(stored.problems().is_empty(), "a listing doesn't read data");
        let plan = stored.newest_verified(at(1, 4)).unwrap().unwrap();
        assert_eq!(plan.checkpoint, at(1, 2));
        assert!(stored.verified_plan(at(1, 4)).unwrap().is_none());
        assert_eq!(stored.index().validity(at(1, 4)), Some(Validity::Damaged));
        assert_eq!(stored.index().validity(at(1, 2)), Some(Validity::Verified));
    }

    #[test]
    fn files_that_cannot_be_read_are_problems_of_their_kind() {
        let disk = MemoryDisk::default();
        let good = write_run(&store(&disk), 1, 2);
        let directory = good.parent().unwrap().to_owned();
        let bytes = disk.read(&good, 1 << 20).unwrap();
        let mut damaged = bytes.clone();
        damaged[30] ^= 1;
        disk.replace(&directory.join("damaged.journal"), &damaged).unwrap();
        disk.replace(&directory.join("empty.journal"), b"").unwrap();
        disk.replace(&directory.join("copy (2).journal"), &bytes).unwrap();
        disk.replace(&directory.join("notes.txt"), b"hello").unwrap();
        let stranger = header(5, 0);
        let stranger = SegmentHeader { session: SessionId::random(), ..stranger };
        let (_, stranger) = SegmentEncoder::new(&stranger).unwrap();
        disk.replace(&directory.join("stranger.journal"), &stranger).unwrap();

        let stored = store(&disk).open_session(session()).unwrap();
        assert_eq!(stored.segments().len(), 2);
        let problems: Vec<_> = stored
            .problems()
            .iter()
            .map(|problem| (problem.path.file_name().unwrap().to_str().unwrap(), &problem.kind))
            .collect();
        assert_eq!(
            problems,
            [
                ("damaged.journal", &FileProblemKind::Damaged),
                ("empty.journal", &FileProblemKind::Torn),
                ("stranger.journal", &FileProblemKind::OfAnotherSession),
            ]
        );

        disk.fail_next(Operation::Open, io::ErrorKind::PermissionDenied);
        let stored = store(&disk).open_session(session()).unwrap();
        let unreadable = FileProblemKind::Unreadable { error: io::ErrorKind::PermissionDenied };
        assert!(stored.problems().iter().any(|problem| problem.kind == unreadable));
    }

    #[test]
    fn a_torn_file_that_a_later_segment_remembers_is_damaged() {
        let disk = MemoryDisk::default();
        let path = write_run(&store(&disk), 1, 2);
        let length = disk.read(&path, 1 << 20).unwrap().len();
        let predecessor = Some(Predecessor { length: length as u64, sequence: 5 });
        let after = SegmentHeader { predecessor, base: Some(3), ..header(1, 1) };
        store(&disk).create_segment(&after).unwrap();

        let problem_after_cut = |length| {
            disk.truncate(&path, length);
            let stored = store(&disk).open_session(session()).unwrap();
            stored.problems().first().map(|problem| problem.kind.clone())
        };
        assert_eq!(problem_after_cut(length), None);
        let cut = problem_after_cut(length - 1);
        assert!(matches!(cut, Some(FileProblemKind::PartlyDamaged(_))), "{cut:?}");
        assert_eq!(problem_after_cut(10), Some(FileProblemKind::Damaged));
        assert_eq!(problem_after_cut(0), Some(FileProblemKind::Damaged));
    }

    #[test]
    fn a_file_that_is_pruned_after_it_was_listed_is_no_problem() {
        let disk = MemoryDisk::default();
        let store = store(&disk);
        write_run(&store, 1, 2);
        write_run(&store, 2, 2);
        disk.fail_next(Operation::Open, io::ErrorKind::NotFound);
        let stored = store.open_session(session()).unwrap();
        assert_eq!(stored.problems(), []);
        assert_eq!(stored.segments().len(), 1);
    }

    #[test]
    fn a_session_has_one_writer() {
        let disk = MemoryDisk::default();
        let held = store(&disk).lock_session(session()).unwrap();
        assert!(held.is_some());
        assert!(store(&disk).lock_session(session()).unwrap().is_none());
        drop(held);
        assert!(store(&disk).lock_session(session()).unwrap().is_some());

        disk.fail_next(Operation::Lock, io::ErrorKind::Unsupported);
        let error = store(&disk).lock_session(session()).unwrap_err();
        assert_eq!(error.io_kind(), Some(io::ErrorKind::Unsupported));
    }

    #[test]
    fn a_removed_session_leaves_nothing() {
        let disk = MemoryDisk::default();
        let path = write_run(&store(&disk), 1, 1);
        let mut forgetting = store(&disk).create_segment(&header(2, 0)).unwrap();
        let record = forgetting.encoder.encode_record(&Record::Forgotten).unwrap();
        forgetting.file.append(&record).unwrap();
        disk.create_dir(&path.with_file_name("attachments")).unwrap();
        disk.replace(&path.with_file_name("attachments").join("x"), b"x").unwrap();

        // Before the rest is durably gone, the record that says that it was meant stays.
        disk.fail_next(Operation::SyncDirectory, io::ErrorKind::Other);
        assert!(store(&disk).remove_session(session()).is_err());
        assert_eq!(disk.paths(), [forgetting.path]);
        store(&disk).remove_session(session()).unwrap();
        assert!(disk.paths().is_empty());
        assert!(store(&disk).sessions().unwrap().is_empty());
    }

    #[test]
    fn an_interrupted_removal_is_still_known_to_be_meant() {
        let disk = MemoryDisk::default();
        // The run that is forgotten sorts after the segment that says so.
        let mut forgetting = store(&disk).create_segment(&header(1, 0)).unwrap();
        let record = forgetting.encoder.encode_record(&Record::Forgotten).unwrap();
        forgetting.file.append(&record).unwrap();
        write_run(&store(&disk), 2, 1);
        disk.fail_always(Operation::Remove, io::ErrorKind::PermissionDenied);
        assert!(store(&disk).remove_session(session()).is_err());
        disk.heal();
        assert!(store(&disk).open_session(session()).unwrap().index().is_forgotten());
        store(&disk).remove_session(session()).unwrap();
        assert!(disk.paths().is_empty());
    }

    #[test]
    fn a_vanished_directory_is_noticed() {
        let disk = MemoryDisk::default();
        let CreatedSegment { file, path, .. } = store(&disk).create_segment(&header(1, 0)).unwrap();
        assert!(store(&disk).is_still_there(&*file, &path).unwrap());
        let copy = disk.content(&path).unwrap();
        store(&disk).remove_session(session()).unwrap();
        assert!(!store(&disk).is_still_there(&*file, &path).unwrap());
        disk.put(&path, &copy);
        assert!(!store(&disk).is_still_there(&*file, &path).unwrap(), "a copy isn't the file");
        assert!(store(&disk).create_segment(&header(1, 1)).is_ok(), "directories come back");
    }

    #[test]
    fn a_host_keeps_its_id_until_it_is_damaged() {
        let disk = MemoryDisk::default();
        let drawn = store(&disk).host_id();
        assert_eq!(drawn.origin, HostIdOrigin::Drawn { is_stored: true });
        let known = store(&disk).host_id();
        assert_eq!((known.id, known.origin), (drawn.id, HostIdOrigin::Known));

        disk.corrupt(&store(&disk).layout().host_id(), 20, 4);
        let redrawn = store(&disk).host_id();
        assert_ne!(redrawn.id, drawn.id);

        let broken = MemoryDisk::default();
        broken.fail_always(Operation::Replace, io::ErrorKind::ReadOnlyFilesystem);
        let origin = store(&broken).host_id().origin;
        assert_eq!(origin, HostIdOrigin::Drawn { is_stored: false });
    }

    #[test]
    fn the_card_is_written_and_never_read() {
        let disk = MemoryDisk::default();
        write_run(&store(&disk), 1, 1);
        let card = SessionCard {
            metadata: header(1, 0).metadata,
            status: SessionStatus::Closed,
            newest_checkpoint: Some(at(1, 2)),
            saved: None,
            play_time: std::time::Duration::from_secs(3),
        };
        store(&disk).write_session_card(&card).unwrap();
        let path = store(&disk).layout().session_card(session());
        let text = String::from_utf8(disk.read(&path, 1 << 16).unwrap()).unwrap();
        assert!(text.contains("name: \"Sample\"") && text.contains("counter: 2"), "{text}");
        disk.replace(&path, b"nonsense").unwrap();
        assert!(store(&disk).open_session(session()).is_ok());
    }

    #[test]
    fn reading_beside_a_writer_sees_whole_groups_only() {
        let disk = MemoryDisk::default();
        let mut segment = store(&disk).create_segment(&header(1, 0)).unwrap();
        append(&mut segment, vec![values("a", &[(2, b"x")])], &commit(1, None));
        let CreatedSegment { file, encoder, .. } = &mut segment;
        disk.fail_next(Operation::Append, io::ErrorKind::StorageFull);
        let result = encoder.encode_group([], &commit(2, Some(1)), &mut |bytes| file.append(bytes));
        assert!(result.is_err());
        let stored = store(&disk).open_session(session()).unwrap();
        let scan = &stored.index().segments()[0].scan;
        assert_eq!((scan.groups.len(), scan.tail), (1, Some(scan.groups[0].end)));
        assert!(blocks(&stored.segments()[0], &scan.groups[0]).is_ok());
    }
}
