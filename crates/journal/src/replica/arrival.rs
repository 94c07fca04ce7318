//! Bringing a session to the machine that is about to play it.
//!
//! Files that differ are written under temporary names that no reader looks at, and are durable before any of them gets
//! its place. Then the files get their places in the order in which a replica is caught up: journals after what they
//! name, the manifest last. A machine that dies meanwhile has some of them, which are the replica's: the next start
//! finds itself behind once more, and brings the rest.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::catch_up::Turn;
use super::comparison::is_derived;
use super::extents::Extents;
use super::recorder::SessionFiles;
use super::{
    CompareError, Difference, FileName, FileState, Files, Log, Reach, ReadError, Source, difference,
};
use crate::disk::{DirectoryStore, Disk, Layout, StoreError, session_of_slot};

/// The reason that a session wasn't brought here. The files from before are still there.
#[derive(Debug, thiserror::Error)]
pub enum ArrivalError {
    /// The replica can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The files can't be written.
    #[error("failed to write the files of the session on this machine")]
    Write(#[from] io::Error),
}

impl From<StoreError> for ArrivalError {
    fn from(error: StoreError) -> Self {
        Self::Write(io::Error::other(error))
    }
}

impl From<CompareError> for ArrivalError {
    fn from(error: CompareError) -> Self {
        match error {
            CompareError::Here(error) => Self::Write(error),
            CompareError::There(error) => Self::Read(error),
        }
    }
}

/// Brings the files of a machine to the replica's state. The caller makes sure that they don't change meanwhile.
pub async fn bring_here(
    reach: &impl Reach,
    log: &Log,
    here: &impl Source,
    store: &DirectoryStore,
    place: &SessionFiles,
) -> Result<(), ArrivalError> {
    let there = log.replay()?;
    let differences = difference(reach, log, here, &there).await?;
    let arrival = Arrival { disk: &**store.disk(), place, keeps_own: false };
    let directories = make_directories(store, place, &there)?;
    arrival.bring(reach, log, store, (&there, &differences)).await?;
    let is_gone = |difference: &Difference| *difference == Difference::OnlyHere;
    for (name, _) in differences.iter().filter(|(_, difference)| is_gone(difference)) {
        arrival.disk.remove(&place.path(name))?;
    }
    Ok(store.sync_directories(&directories)?)
}

/// Brings what the replica has to a machine that has forked, and keeps what the machine has: runs of both, and of a run that
/// both have the longer part. Its files are those of a session with a fork then, as in `docs/FORMAT.md`, and go on from
/// what the replica has. Returns false, and has done nothing, if a file has changed on both sides, as a slot of which both
/// have saved their own, or is damaged here: then one would take the place of the other.
pub async fn join_here(
    reach: &impl Reach,
    log: &Log,
    here: &impl Source,
    store: &DirectoryStore,
    place: &SessionFiles,
) -> Result<bool, ArrivalError> {
    let there = log.replay()?;
    let differences = difference(reach, log, here, &there).await?;
    let is_conflict = |(name, difference): (&FileName, &Difference)| {
        matches!(difference, Difference::Other | Difference::Damaged) && !is_derived(name)
    };
    if differences.iter().any(is_conflict) {
        return Ok(false);
    }
    let arrival = Arrival { disk: &**store.disk(), place, keeps_own: true };
    let directories = make_directories(store, place, &there)?;
    arrival.bring(reach, log, store, (&there, &differences)).await?;
    store.sync_directories(&directories)?;
    Ok(true)
}

/// Makes the directories that are missing, durably; the session's own come out.
fn make_directories(
    store: &DirectoryStore,
    place: &SessionFiles,
    there: &Files,
) -> Result<Vec<PathBuf>, StoreError> {
    let slots = there.all().keys().any(FileName::is_slot).then_some(&place.slots);
    let own: Vec<PathBuf> = slots.into_iter().chain([&place.directory]).cloned().collect();
    for directory in &own {
        let above: Vec<PathBuf> = store.create_directory(directory)?.into_iter().collect();
        store.sync_directories(&above)?;
    }
    Ok(own)
}

struct Arrival<'a> {
    disk: &'a dyn Disk,
    place: &'a SessionFiles,
    /// True if nothing that this machine has is given up.
    keeps_own: bool,
}

impl Arrival<'_> {
    /// Brings the files that are wanted, and puts them in their places once all of them are durable.
    async fn bring(
        &self,
        reach: &impl Reach,
        log: &Log,
        store: &DirectoryStore,
        (there, differences): (&Files, &BTreeMap<FileName, Difference>),
    ) -> Result<(), ArrivalError> {
        let mut fetched = Vec::new();
        if let Err(error) = self.fetch_all(reach, log, (there, differences), &mut fetched).await {
            // It is tried again, perhaps for want of room.
            for (_, written, _) in fetched {
                let _ = self.disk.remove(&written);
            }
            return Err(error);
        }
        fetched.sort_by_key(|(name, ..)| Turn::of(name));
        for (_, written, path) in fetched {
            self.disk.put_in_place(&written, &path)?;
            let directory = path.parent().map(Path::to_owned);
            store.sync_directories(directory.as_slice())?;
        }
        Ok(())
    }

    /// Writes the files that are wanted into the session's directory, durably: name, where it is written, and its place.
    async fn fetch_all(
        &self,
        reach: &impl Reach,
        log: &Log,
        (there, differences): (&Files, &BTreeMap<FileName, Difference>),
        fetched: &mut Vec<(FileName, PathBuf, PathBuf)>,
    ) -> Result<(), ArrivalError> {
        for (name, file) in there.all().iter().filter(|(name, _)| self.wants(name, differences)) {
            let is_taken = |path: &Path| fetched.iter().any(|(_, _, taken)| taken == path);
            let path = self.free_place(name, &is_taken)?;
            // In the slots' directory, whoever saves a slot takes it for one that a dead process has left.
            let written = Layout::unfinished(&self.place.path_in_session(name));
            fetched.push((name.clone(), written.clone(), path));
            self.fetch(reach, log, file, &written).await?;
        }
        Ok(())
    }

    fn wants(&self, name: &FileName, differences: &BTreeMap<FileName, Difference>) -> bool {
        match differences.get(name) {
            None | Some(Difference::Same | Difference::OnlyHere | Difference::Damaged) => false,
            Some(Difference::Longer) => !self.keeps_own,
            Some(Difference::Shorter | Difference::Other | Difference::OnlyThere) => true,
        }
    }

    async fn fetch(
        &self,
        reach: &impl Reach,
        log: &Log,
        file: &FileState,
        written: &Path,
    ) -> Result<(), ArrivalError> {
        let mut fetched = self.disk.create_new(written)?;
        let mut extents = Extents::of(reach, log.session());
        for extent in &file.extents {
            fetched.append(extents.read(*extent).await?)?;
        }
        Ok(fetched.sync()?)
    }

    /// The path for a file. A slot of another session keeps the name that it has here, and so does one that was fetched
    /// before.
    fn free_place(&self, name: &FileName, is_taken: &dyn Fn(&Path) -> bool) -> io::Result<PathBuf> {
        let path = self.place.path(name);
        if !name.is_slot() {
            return Ok(path);
        }
        for number in 1_u32.. {
            let path = match number {
                1 => path.clone(),
                _ => numbered(&path, number),
            };
            let owner = session_of_slot(self.disk, &path);
            let is_replaced = owner == Some(self.place.session);
            if !is_taken(&path) && (is_replaced || self.is_free(&path)?) {
                return Ok(path);
            }
        }
        Ok(path)
    }

    fn is_free(&self, path: &Path) -> io::Result<bool> {
        match self.disk.open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            opened => opened.map(|_| false),
        }
    }
}

/// The name of a slot whose own is another's.
fn numbered(path: &Path, number: u32) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-{number}.{extension}"))
}
