//! The lengths of a session's files, written down once they are finished, so that a missing end is noticed.
//!
//! Frames prove the bytes between them, and each segment the end of the one before it. Only the manifest proves the end
//! of the last one, and of files that no other follows.

use std::collections::{BTreeMap, HashMap};
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tracing::debug;

use super::error::Attempt;
use super::sealed::{SealKind, seal_for, unseal};
use super::{DirEntry, DirectoryStore, Disk, Layout, StoreAction, StoreError, with_sources};
use crate::format::{DamagedRange, SegmentHeader, SegmentSummary, good_end};
use crate::model::ids::{CheckpointId, SessionId};

const KIND: SealKind = SealKind { magic: *b"bvymani\x1a", version: 1 };
/// The largest manifest that is read.
const MAX_BYTES: usize = 4 << 20;

/// A file to which nothing more is appended, or nothing for now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FinishedFile {
    /// Its name by its header.
    pub name: String,
    /// The number of its good bytes; `None` if all of its bytes are good.
    pub bytes: Option<u64>,
}

impl FinishedFile {
    /// One of which all is good that was written to it.
    pub fn whole(header: &SegmentHeader) -> Self {
        Self { name: Layout::name_of(header), bytes: None }
    }
}

/// The lengths of a session's files, and the newest checkpoint in them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Manifest {
    session: SessionId,
    /// The newest checkpoint that was acknowledged.
    newest: Option<CheckpointId>,
    /// The least number of good bytes of each file, by its name by its header.
    files: BTreeMap<String, u64>,
    /// True if it forgets a file before that is removed. A build that doesn't do so drops this when it writes the
    /// manifest.
    #[serde(default)]
    announces: bool,
}

impl Manifest {
    /// Reads the manifest of a session; `None` if there is none that can be gone by. It is written without a sync,
    /// so after a power cut anything may be in it.
    pub fn read(disk: &dyn Disk, directory: &Path, session: SessionId) -> Option<Self> {
        let bytes = disk.read(&Layout::manifest_in(directory), MAX_BYTES).ok()?;
        Self::of(&bytes, session)
    }

    fn of(bytes: &[u8], session: SessionId) -> Option<Self> {
        let manifest: Self = unseal(KIND, bytes).ok()?;
        (manifest.session == session).then_some(manifest)
    }

    /// The newest checkpoint that was acknowledged.
    pub fn newest(&self) -> Option<CheckpointId> {
        self.newest
    }

    /// The least number of good bytes that a file has, by its name by its header.
    pub fn least_bytes(&self, name: &str) -> Option<u64> {
        self.files.get(name).copied()
    }

    /// The ends that are missing of segments and archives, by their places. One copy that is whole makes good for
    /// the others.
    pub fn missing_ends(&self, segments: &[SegmentSummary]) -> Vec<(usize, DamagedRange)> {
        let mut copies: HashMap<String, Vec<(usize, u64)>> = HashMap::new();
        for (place, segment) in segments.iter().enumerate() {
            let name = Layout::name_of(&segment.header);
            copies.entry(name).or_default().push((place, good_end(segment)));
        }
        let cut = self.files.iter().filter_map(|(name, bytes)| {
            let copies = copies.get(name)?;
            copies.iter().all(|(_, end)| end < bytes).then_some((copies, *bytes))
        });
        let ranges = cut.flat_map(|(copies, to)| {
            copies.iter().map(move |(place, from)| (*place, DamagedRange { from: *from, to }))
        });
        ranges.collect()
    }

    /// The files that it names and that are gone, though no rule has removed them.
    pub fn gone<'a>(&'a self, is_there: impl Fn(&str) -> bool) -> impl Iterator<Item = &'a str> {
        let names = self.files.keys().filter(|_| self.announces).map(String::as_str);
        names.filter(move |name| !is_there(name))
    }

    /// Without the files that another one doesn't name, which was read later: they were removed meanwhile.
    pub fn without_removed(mut self, later: Option<&Self>) -> Self {
        match later {
            Some(later) => self.files.retain(|name, _| later.files.contains_key(name)),
            None => self.announces = false,
        }
        self
    }

    /// Returns true if something was written to the file of this name.
    pub fn names(&self, path: &Path) -> bool {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| self.files.contains_key(name))
    }

    /// Takes further files in. A file never becomes shorter.
    fn update(
        &mut self,
        newest: Option<CheckpointId>,
        finished: impl IntoIterator<Item = FinishedFile>,
        there: &[DirEntry],
    ) {
        self.newest = self.newest.into_iter().chain(newest).max_by_key(|it| it.counter);
        let there: HashMap<&str, u64> =
            there.iter().map(|entry| (entry.name.as_str(), entry.len)).collect();
        // What a build removed that says nothing of it can't be told from what is missing.
        if !std::mem::replace(&mut self.announces, true) {
            self.files.retain(|name, _| there.contains_key(name.as_str()));
        }
        for FinishedFile { name, bytes } in finished {
            let Some(length) = there.get(name.as_str()).copied() else { continue };
            let known = self.files.entry(name).or_default();
            *known = bytes.unwrap_or(length).max(*known);
        }
    }
}

impl DirectoryStore {
    /// Writes down that files of a session are finished, and what is acknowledged. That it fails costs nothing but
    /// that a missing end may go unnoticed. The session's lock is held.
    pub fn note_finished(
        &self,
        session: SessionId,
        newest: Option<CheckpointId>,
        finished: impl IntoIterator<Item = FinishedFile>,
    ) {
        if let Err(error) = try_note_finished(self, session, newest, finished) {
            debug!(%session, error = %with_sources(&error), "the manifest can't be written");
        }
    }

    /// Takes files out of the manifest of their session, durably, since they are about to be removed: one that it names
    /// and that isn't there is missed.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. They must not be removed then.
    pub fn announce_removal<'a>(
        &self,
        directory: &Path,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), StoreError> {
        let name = directory.file_name().and_then(|name| name.to_str());
        let Some(session) = name.and_then(|name| name.parse().ok()) else { return Ok(()) };
        let names = names.into_iter();
        let named: Vec<&str> = names.filter(|name| Layout::is_logged_name(name)).collect();
        if named.is_empty() {
            return Ok(());
        }
        let path = Layout::manifest_in(directory);
        let read = self.disk().read(&path, MAX_BYTES);
        let none = [ErrorKind::NotFound, ErrorKind::FileTooLarge];
        let bytes = match read {
            // One that can't be read now may name them.
            Err(error) if !none.contains(&error.kind()) => {
                return Err(error).attempt(StoreAction::Read, &path);
            }
            read => read.unwrap_or_default(),
        };
        let Some(mut manifest) = Manifest::of(&bytes, session) else { return Ok(()) };
        let before = manifest.files.len();
        manifest.files.retain(|name, _| !named.contains(&name.as_str()));
        if manifest.files.len() == before {
            return Ok(());
        }
        let bytes = seal_for(&path, KIND, &manifest)?;
        let replaced = self.disk().replace(&path, &bytes).attempt(StoreAction::Replace, &path);
        replaced.or_else(|error| {
            debug!(%session, error = %with_sources(&error), "the manifest goes, since it can't be changed");
            // A full disk has no room for another one, and without one nothing is missed.
            self.disk().remove(&path).attempt(StoreAction::RemoveFile, &path)?;
            self.sync_directories(&[directory.to_owned()])
        })
    }
}

fn try_note_finished(
    store: &DirectoryStore,
    session: SessionId,
    newest: Option<CheckpointId>,
    finished: impl IntoIterator<Item = FinishedFile>,
) -> Result<(), StoreError> {
    let directory = store.layout().session(session);
    let there = store.disk().list(&directory).attempt(StoreAction::List, &directory)?;
    let known = Manifest::read(&**store.disk(), &directory, session);
    let mut manifest = known.clone().unwrap_or_else(|| Manifest {
        session,
        newest: None,
        files: BTreeMap::new(),
        announces: true,
    });
    manifest.update(newest, finished, &there);
    if known.as_ref() == Some(&manifest) {
        return Ok(());
    }
    let path = Layout::manifest_in(&directory);
    let bytes = seal_for(&path, KIND, &manifest)?;
    store.disk().replace_unsynced(&path, &bytes).attempt(StoreAction::Replace, &path)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::disk::{LocalStore, MemoryDisk, StoredSession};
    use crate::format::sample::{SegmentBytes, commit, header, session, values};
    use crate::format::{FileProblemKind, Record};
    use crate::model::session::{Leaving, SessionStatus};

    fn store(disk: &MemoryDisk) -> Arc<LocalStore> {
        let layout =
            Layout { data: "data".into(), state: "state".into(), profile: "default".to_owned() };
        Arc::new(LocalStore::new(Arc::new(disk.clone()), layout))
    }

    /// Two runs that were left in good order, the second of which knows nothing of the first; both are in the manifest.
    fn two_files() -> (MemoryDisk, Arc<LocalStore>, [SegmentHeader; 2]) {
        let disk = MemoryDisk::default();
        let local = store(&disk);
        let headers = [header(1, 0), header(2, 0)];
        for header in &headers {
            let mut segment = SegmentBytes::new(header);
            segment.group(vec![values("game::Health", &[(2, b"ten")])], &commit(1, None));
            segment.record(&Record::End {
                status: SessionStatus::Closed,
                reason: None,
                leaving: Leaving::default(),
                time: jiff::Timestamp::UNIX_EPOCH,
                play_time: std::time::Duration::ZERO,
            });
            disk.put(&local.store.layout().segment(header), &segment.bytes);
        }
        local.store.note_finished(session(), None, headers.iter().map(FinishedFile::whole));
        (disk, local, headers)
    }

    fn judged(disk: &MemoryDisk, local: &LocalStore) -> StoredSession {
        let directory = local.store.layout().session(session());
        StoredSession::open_to_judge(disk, directory, session()).unwrap()
    }

    #[test]
    fn a_file_that_is_gone_is_missed_however_much_is_written_down_later() {
        let (disk, local, headers) = two_files();
        assert_eq!(judged(&disk, &local).index().problems(), []);
        let path = local.store.layout().segment(&headers[0]);
        local.store.disk().remove(&path).unwrap();
        for _ in 0..2 {
            let stored = judged(&disk, &local);
            let [problem] = stored.index().problems() else { panic!("one file is gone") };
            assert_eq!((&problem.path, &problem.kind), (&path, &FileProblemKind::Gone));
            local.store.note_finished(session(), None, [FinishedFile::whole(&headers[1])]);
        }
        // A copy of it under another name will do.
        let (disk, local, headers) = two_files();
        let path = local.store.layout().segment(&headers[0]);
        let bytes = disk.read(&path, 1 << 20).unwrap();
        local.store.disk().remove(&path).unwrap();
        disk.put(&path.with_file_name("copy (2).journal"), &bytes);
        assert_eq!(judged(&disk, &local).index().problems(), []);
    }

    #[test]
    fn a_file_that_a_rule_removed_is_not_missed() {
        let (disk, local, headers) = two_files();
        local.store.remove_segment(&local.store.layout().segment(&headers[0])).unwrap();
        assert_eq!(judged(&disk, &local).index().problems(), []);
        assert_eq!(judged(&disk, &local).segments().len(), 1);
    }

    #[test]
    fn what_a_build_removed_that_says_nothing_of_it_is_not_missed() {
        let (disk, local, headers) = two_files();
        let directory = local.store.layout().session(session());
        let path = Layout::manifest_in(&directory);
        let known = Manifest::read(&disk, &directory, session()).unwrap();
        let of_older = Manifest { announces: false, ..known };
        disk.put(&path, &seal_for(&path, KIND, &of_older).unwrap());
        local.store.disk().remove(&local.store.layout().segment(&headers[0])).unwrap();
        assert_eq!(judged(&disk, &local).index().problems(), []);
        // This build doesn't know any more what was there, and begins afresh.
        local.store.note_finished(session(), None, [FinishedFile::whole(&headers[1])]);
        assert_eq!(judged(&disk, &local).index().problems(), []);
        local.store.disk().remove(&local.store.layout().segment(&headers[1])).unwrap();
        assert_eq!(judged(&disk, &local).index().problems().len(), 1);
    }

    #[test]
    fn a_file_stays_if_its_removal_cannot_be_announced() {
        let (disk, local, headers) = two_files();
        let path = local.store.layout().segment(&headers[0]);
        disk.fail_next(crate::disk::Operation::Read, ErrorKind::Other);
        assert!(local.store.remove_segment(&path).is_err());
        assert!(disk.read(&path, 1 << 20).is_ok());
    }

    #[test]
    fn on_a_disk_without_room_for_another_manifest_there_is_none() {
        let (disk, local, headers) = two_files();
        disk.fail_next(crate::disk::Operation::Replace, ErrorKind::StorageFull);
        local.store.remove_segment(&local.store.layout().segment(&headers[0])).unwrap();
        assert!(
            Manifest::read(&disk, &local.store.layout().session(session()), session()).is_none()
        );
        assert_eq!(judged(&disk, &local).index().problems(), []);
    }
}
