//! Bringing a session to the machine that is about to play it.
//!
//! Files that differ are written under temporary names that no reader looks at, and are durable before any of them gets
//! its place. Then the files get their places in the order in which a replica is caught up: journals after what they
//! name, the manifest last. Slots get theirs under the lock of all slots, so no other session's is overwritten. A machine that dies meanwhile has some of them, which are the replica's: the next start
//! finds itself behind once more, and brings the rest.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::catch_up::Turn;
use super::comparison::is_derived;
use super::extents::Extents;
use super::recorder::SessionFiles;
use super::{
    CompareError, Difference, Extent, FileName, FileState, Files, Log, MAX_PAYLOAD, Reach,
    ReadError, Source, difference,
};
use crate::disk::{AppendFile, DirectoryStore, Disk, Layout, StoreError, session_of_slot};

/// Bytes that a piece counts for at least, since it may be a request of its own.
const LEAST: u64 = 64 << 10;

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
        Self::Write(io::Error::new(error.io_kind().unwrap_or(io::ErrorKind::Other), error))
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

/// Files that are being brought to the machine that is about to play their session. The caller makes sure that nothing else
/// changes them meanwhile.
///
/// What is dropped before it is done leaves the files as they were.
pub(super) struct Arrival<R: Reach> {
    disk: Arc<dyn Disk>,
    place: SessionFiles,
    directories: Vec<PathBuf>,
    extents: Extents<R>,
    /// The files that are still to be fetched.
    wanted: VecDeque<(FileName, FileState)>,
    writing: Option<Writing>,
    /// The files that were fetched, or are being fetched, and aren't in their places yet.
    fetched: Vec<Fetched>,
    /// The files that the replica doesn't have. They are removed last.
    gone: Vec<FileName>,
}

/// A file that is being fetched.
struct Writing {
    file: Box<dyn AppendFile>,
    extents: VecDeque<Extent>,
}

struct Fetched {
    name: FileName,
    written: PathBuf,
}

/// What a step of an [`Arrival`] has come to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Arrived {
    /// There is more to fetch.
    Partly,
    /// Everything is fetched, and another process saves a slot at this moment.
    WaitsForSlots,
    /// All files have their places.
    Whole,
}

impl<R: Reach> Arrival<R> {
    /// Brings the files of a machine to the replica's state.
    pub async fn replacing(
        (reach, log): (&R, &Log),
        here: &impl Source,
        store: &DirectoryStore,
        place: &SessionFiles,
    ) -> Result<Self, ArrivalError> {
        let there = log.replay()?;
        let differences = difference(reach, log, here, &there).await?;
        let mut arrival = Self::new((reach, log), store, place, &there)?;
        arrival.want(&there, &differences, false);
        let is_gone = |difference: &Difference| *difference == Difference::OnlyHere;
        let gone = differences.into_iter().filter(|(_, difference)| is_gone(difference));
        arrival.gone = gone.map(|(name, _)| name).collect();
        Ok(arrival)
    }

    /// Brings what the replica has to a machine that has forked, and keeps what the machine has: runs of both, and of a run
    /// that both have the longer part. Its files are those of a session with a fork then, as in `docs/FORMAT.md`, and go on
    /// from what the replica has. Returns `None` if a file has changed on both sides, as a slot of which both have saved
    /// their own, or is damaged here: then one would take the place of the other.
    pub async fn joining(
        (reach, log): (&R, &Log),
        here: &impl Source,
        store: &DirectoryStore,
        place: &SessionFiles,
    ) -> Result<Option<Self>, ArrivalError> {
        let there = log.replay()?;
        let differences = difference(reach, log, here, &there).await?;
        let is_conflict = |(name, difference): (&FileName, &Difference)| {
            matches!(difference, Difference::Other | Difference::Damaged) && !is_derived(name)
        };
        if differences.iter().any(is_conflict) {
            return Ok(None);
        }
        let mut arrival = Self::new((reach, log), store, place, &there)?;
        arrival.want(&there, &differences, true);
        Ok(Some(arrival))
    }

    fn new(
        (reach, log): (&R, &Log),
        store: &DirectoryStore,
        place: &SessionFiles,
        there: &Files,
    ) -> Result<Self, ArrivalError> {
        Ok(Self {
            disk: Arc::clone(store.disk()),
            place: place.clone(),
            directories: make_directories(store, place, there)?,
            extents: Extents::of(reach, log.session()),
            wanted: VecDeque::new(),
            writing: None,
            fetched: Vec::new(),
            gone: Vec::new(),
        })
    }

    /// Takes in the files that are to be fetched. With `keeps_own`, nothing that this machine has is given up.
    fn want(
        &mut self,
        there: &Files,
        differences: &BTreeMap<FileName, Difference>,
        keeps_own: bool,
    ) {
        let is_wanted = |name: &FileName| match differences.get(name) {
            None | Some(Difference::Same | Difference::OnlyHere | Difference::Damaged) => false,
            Some(Difference::Longer) => !keeps_own,
            Some(Difference::Shorter | Difference::Other | Difference::OnlyThere) => true,
        };
        let wanted = there.all().iter().filter(|(name, _)| is_wanted(name));
        self.wanted = wanted.map(|(name, file)| (name.clone(), file.clone())).collect();
    }

    /// Fetches a piece, of about the size of an entry. Once all files are there and durable, they get their places.
    ///
    /// After [`ArrivalError::Read`] because of the store, call it again.
    pub async fn step(&mut self, store: &DirectoryStore) -> Result<Arrived, ArrivalError> {
        let mut left = MAX_PAYLOAD as u64;
        while left > 0 {
            match self.fetch_piece().await? {
                Some(len) => left = left.saturating_sub(len),
                None => return self.place_all(store),
            }
        }
        Ok(Arrived::Partly)
    }

    /// Fetches one piece of one file, and returns what it counts for; `None` if all files are fetched.
    async fn fetch_piece(&mut self) -> Result<Option<u64>, ArrivalError> {
        let Some(writing) = &mut self.writing else {
            let Some((name, file)) = self.wanted.pop_front() else { return Ok(None) };
            self.writing = Some(self.begin(name, file)?);
            return Ok(Some(0));
        };
        match writing.extents.front().copied() {
            Some(extent) => {
                writing.file.append(self.extents.read(extent).await?)?;
                writing.extents.pop_front();
                Ok(Some(extent.len.max(LEAST)))
            }
            None => {
                writing.file.sync()?;
                self.writing = None;
                Ok(Some(0))
            }
        }
    }

    /// Begins to write a file, in the session's directory: in that of the slots, a process that saves one takes it for
    /// one that a dead process has left.
    fn begin(&mut self, name: FileName, file: FileState) -> io::Result<Writing> {
        let written = Layout::unfinished(&self.place.path_in_session(&name));
        self.fetched.push(Fetched { name, written: written.clone() });
        Ok(Writing { file: self.disk.create_new(&written)?, extents: file.extents.into() })
    }

    /// Gives all files their places: slots first, under their lock.
    fn place_all(&mut self, store: &DirectoryStore) -> Result<Arrived, ArrivalError> {
        self.fetched.sort_by_key(|fetched| Turn::of(&fetched.name));
        let has_slots = self.fetched.iter().any(|fetched| fetched.name.is_slot())
            || self.gone.iter().any(FileName::is_slot);
        if has_slots {
            let _lock = match store.slots().lock() {
                Ok(None) => return Ok(Arrived::WaitsForSlots),
                Ok(lock) => lock,
                // There is none to be had.
                Err(error) if error.io_kind() == Some(io::ErrorKind::Unsupported) => None,
                Err(error) => return Err(error.into()),
            };
            self.place(store, FileName::is_slot)?;
        }
        self.place(store, |_| true)?;
        store.sync_directories(&self.directories)?;
        Ok(Arrived::Whole)
    }

    fn place(
        &mut self,
        store: &DirectoryStore,
        is_meant: impl Fn(&FileName) -> bool,
    ) -> Result<(), ArrivalError> {
        let mut placed = Vec::new();
        while let Some(at) = self.fetched.iter().position(|fetched| is_meant(&fetched.name)) {
            let Some(Fetched { name, written }) = self.fetched.get(at) else { break };
            let path = self.free_place(name, written, &placed)?;
            self.disk.put_in_place(written, &path)?;
            let directory = path.parent().map(Path::to_owned);
            store.sync_directories(directory.as_slice())?;
            // What goes has made way.
            self.gone.retain(|name| self.place.path(name) != path);
            placed.push(path);
            self.fetched.remove(at);
        }
        while let Some(at) = self.gone.iter().position(&is_meant) {
            let name = self.gone.remove(at);
            self.remove(&name)?;
        }
        Ok(())
    }

    /// Removes a file that the replica doesn't have. Under the name of a slot there may be another session's by now.
    fn remove(&self, name: &FileName) -> io::Result<()> {
        let path = self.place.path(name);
        if name.is_slot() && session_of_slot(&*self.disk, &path) != Some(self.place.session) {
            return Ok(());
        }
        match self.disk.remove(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    /// The path for a file. A slot of another session keeps the name that it has here. One of this session makes way only if
    /// the file is a newer one of it, if it goes anyway, or if it is this one, which a process has placed that died then.
    fn free_place(
        &self,
        name: &FileName,
        written: &Path,
        placed: &[PathBuf],
    ) -> io::Result<PathBuf> {
        let path = self.place.path(name);
        if !name.is_slot() {
            return Ok(path);
        }
        for number in 1_u32.. {
            let path = match number {
                1 => path.clone(),
                _ => numbered(&path, number),
            };
            let goes = || self.gone.iter().any(|name| self.place.path(name) == path);
            let makes_way = session_of_slot(&*self.disk, &path) == Some(self.place.session)
                && (number == 1 || goes() || self.are_equal(written, &path)?);
            if !placed.contains(&path) && (makes_way || self.is_free(&path)?) {
                return Ok(path);
            }
        }
        Ok(path)
    }

    fn are_equal(&self, one: &Path, other: &Path) -> io::Result<bool> {
        let [one, other] = [self.disk.open(one)?, self.disk.open(other)?];
        let len = one.len()?;
        if len != other.len()? {
            return Ok(false);
        }
        let [mut own, mut others] = [vec![0; MAX_PAYLOAD], vec![0; MAX_PAYLOAD]];
        let mut at = 0;
        while at < len {
            let piece = usize::try_from(len - at).map_or(MAX_PAYLOAD, |left| left.min(MAX_PAYLOAD));
            own.truncate(piece);
            others.truncate(piece);
            one.read_exact_at(at, &mut own)?;
            other.read_exact_at(at, &mut others)?;
            if own != others {
                return Ok(false);
            }
            at += piece as u64;
        }
        Ok(true)
    }

    fn is_free(&self, path: &Path) -> io::Result<bool> {
        match self.disk.open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            opened => opened.map(|_| false),
        }
    }
}

impl<R: Reach> Drop for Arrival<R> {
    fn drop(&mut self) {
        // Windows removes no file that is open.
        self.writing = None;
        for Fetched { written, .. } in self.fetched.drain(..) {
            let _ = self.disk.remove(&written);
        }
    }
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

/// The name of a slot whose own is another's.
fn numbered(path: &Path, number: u32) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-{number}.{extension}"))
}
