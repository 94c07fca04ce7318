//! The lengths of a session's files, written down once they are finished, so that a missing end is noticed.
//!
//! Frames prove the bytes between them, and each segment the end of the one before it. Only the manifest proves the end
//! of the last one, and of files that no other follows.

use std::collections::{BTreeMap, HashMap};
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
}

impl Manifest {
    /// Reads the manifest of a session; `None` if there is none that can be gone by. It is written without a sync,
    /// so after a power cut anything may be in it.
    pub fn read(disk: &dyn Disk, directory: &Path, session: SessionId) -> Option<Self> {
        let bytes = disk.read(&Layout::manifest_in(directory), MAX_BYTES).ok()?;
        let manifest: Self = unseal(KIND, &bytes).ok()?;
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

    /// Returns true if something was written to the file of this name.
    pub fn names(&self, path: &Path) -> bool {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| self.files.contains_key(name))
    }

    /// Takes further files in, and drops those that aren't there any more. A file never becomes shorter.
    fn update(
        &mut self,
        newest: Option<CheckpointId>,
        finished: impl IntoIterator<Item = FinishedFile>,
        there: &[DirEntry],
    ) {
        self.newest = self.newest.into_iter().chain(newest).max_by_key(|it| it.counter);
        let there: HashMap<&str, u64> =
            there.iter().map(|entry| (entry.name.as_str(), entry.len)).collect();
        for FinishedFile { name, bytes } in finished {
            let Some(bytes) = bytes.or_else(|| there.get(name.as_str()).copied()) else { continue };
            let known = self.files.entry(name).or_default();
            *known = bytes.max(*known);
        }
        self.files.retain(|name, _| there.contains_key(name.as_str()));
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
        if let Err(error) = self.try_note_finished(session, newest, finished) {
            debug!(%session, error = %with_sources(&error), "the manifest can't be written");
        }
    }

    fn try_note_finished(
        &self,
        session: SessionId,
        newest: Option<CheckpointId>,
        finished: impl IntoIterator<Item = FinishedFile>,
    ) -> Result<(), StoreError> {
        let directory = self.layout().session(session);
        let there = self.disk().list(&directory).attempt(StoreAction::List, &directory)?;
        let known = Manifest::read(&**self.disk(), &directory, session);
        let mut manifest = known.clone().unwrap_or_else(|| Manifest {
            session,
            newest: None,
            files: BTreeMap::new(),
        });
        manifest.update(newest, finished, &there);
        if known.as_ref() == Some(&manifest) {
            return Ok(());
        }
        let path = Layout::manifest_in(&directory);
        let bytes = seal_for(&path, KIND, &manifest)?;
        self.disk().replace_unsynced(&path, &bytes).attempt(StoreAction::Replace, &path)
    }
}
