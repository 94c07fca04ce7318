//! A session that is being opened, a file at a time.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};

use super::directory::stamp_of;
use super::error::Attempt;
use super::findings::Findings;
use super::stored_session::Beside;
use super::{DirEntry, Disk, Layout, Manifest, StoreAction, StoreError, StoredSession};
use crate::format::Validity;
use crate::model::ids::SessionId;

/// The number of times that the files of a session are opened if they change meanwhile: another process prunes it.
const TRIES: u32 = 8;

/// A session whose segments are opened and scanned one after the other, so that something else can be done in
/// between.
#[derive(Debug)]
pub(crate) struct SessionOpening {
    session: SessionId,
    directory: PathBuf,
    /// The number of times that the directory was listed.
    tries: u32,
    /// The files that were listed, and what was found in those that were opened.
    scan: Option<Box<Scan>>,
    /// The manifest, once the files disagreed with it.
    manifest: Option<Manifest>,
}

/// The files of a directory, as they were listed.
#[derive(Debug)]
struct Scan {
    entries: Vec<DirEntry>,
    /// The places of the segments among them that aren't open yet.
    segments: VecDeque<usize>,
    found: Findings,
}

impl SessionOpening {
    /// Begins to open a session. A file that can't be read becomes a problem in the index. The files are checked against
    /// the session's manifest.
    pub fn new(directory: PathBuf, session: SessionId) -> Self {
        Self { session, directory, tries: 0, scan: None, manifest: None }
    }

    /// Opens the next file. The session once all of them are open; a further call opens them once more.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the directory can't be listed, or no more files may be open.
    pub fn step(&mut self, disk: &dyn Disk) -> Result<Option<StoredSession>, StoreError> {
        let mut scan = match self.scan.take() {
            Some(scan) => scan,
            None => {
                self.tries += 1;
                Box::new(Scan::begin(disk, &self.directory)?)
            }
        };
        scan.open_next(disk, self)?;
        if !scan.segments.is_empty() {
            self.scan = Some(scan);
            return Ok(None);
        }
        let (has_missed_one, stored) = (scan.found.has_missed_one(), scan.end(self));
        let is_moment = !has_missed_one && !self.is_of_two_moments(disk, &stored);
        if !is_moment && self.tries < TRIES {
            return Ok(None);
        }
        self.tries = 0;
        Ok(self.held_against_manifest(disk, stored.of_one_moment(is_moment)))
    }

    /// Returns true if a checkpoint has no way to its base, and the directory is another one by now: a process that prunes may
    /// have written a file after the listing had passed its place, and removed those that it replaces before.
    fn is_of_two_moments(&self, disk: &dyn Disk, stored: &StoredSession) -> bool {
        let index = stored.index();
        index.commits().any(|(id, _)| index.validity(id) == Some(Validity::Damaged))
            && disk.list(&self.directory).is_ok_and(|now| stamp_of(&now) != stored.stamp())
    }

    /// Opens what is left.
    ///
    /// # Errors
    ///
    /// As [`Self::step`].
    pub fn finish(mut self, disk: &dyn Disk) -> Result<StoredSession, StoreError> {
        loop {
            if let Some(stored) = self.step(disk)? {
                return Ok(stored);
            }
        }
    }

    /// Notes what its manifest says is missing. `None` if the files have to be opened once more: a process that plays
    /// it may have written between the looks at them and at the manifest.
    fn held_against_manifest(
        &mut self,
        disk: &dyn Disk,
        stored: StoredSession,
    ) -> Option<StoredSession> {
        if let Some(manifest) = self.manifest.take() {
            return Some(stored.held_against(&manifest));
        }
        let manifest = Manifest::read(disk, &self.directory, self.session);
        let Some(manifest) = manifest else { return Some(stored) };
        if stored.agrees_with(&manifest) {
            return Some(stored.held_against(&manifest));
        }
        self.manifest = Some(manifest);
        None
    }
}

impl Scan {
    fn begin(disk: &dyn Disk, directory: &Path) -> Result<Self, StoreError> {
        let entries = disk.list(directory).attempt(StoreAction::List, directory)?;
        let places = entries.iter().enumerate();
        let segments = places.filter(|(_, entry)| Layout::is_segment_name(&entry.name));
        let segments = segments.map(|(place, _)| place).collect();
        Ok(Self { entries, segments, found: Findings::default() })
    }

    fn open_next(&mut self, disk: &dyn Disk, of: &SessionOpening) -> Result<(), StoreError> {
        let next = self.segments.pop_front().and_then(|place| self.entries.get(place));
        let Some(entry) = next else { return Ok(()) };
        let path = of.directory.join(&entry.name);
        self.found.add_entry(disk, &path, entry, of.session);
        match self.found.out_of_handles() {
            Some(path) => Err(io::ErrorKind::ResourceBusy.into()).attempt(StoreAction::Open, path),
            None => Ok(()),
        }
    }

    fn end(self, of: &SessionOpening) -> StoredSession {
        let has_card = self.entries.iter().any(|entry| Layout::is_card_name(&entry.name));
        let (beside, stamp) = (Beside::of(&self.entries), stamp_of(&self.entries));
        let found = StoredSession::of_findings(self.found, of.directory.clone(), of.session);
        found.with(beside, stamp, has_card)
    }
}
