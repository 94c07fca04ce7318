//! What becomes durable of a session's files on this machine, noted at the disk.
//!
//! [`RecordingDisk`] stands between the writer and its disk and changes nothing of what either does: it notes names and
//! lengths, never bytes, and only once the sync has succeeded by which they are durable here. The bytes are read from the
//! disk when they are sent.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{FileName, Source};
use crate::disk::{AppendFile, DirEntry, Disk, Layout, Lock, Room};
use crate::format::ReadAt;

/// How much may wait to be sent. Beyond that it is found by a comparison.
const MOST: usize = 4_096;

/// Something that is durable on this machine, in the order in which it became so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Happened {
    /// A file is there.
    Created(FileName),
    /// A file has bytes behind those that it had.
    Grew {
        /// The file.
        name: FileName,
        /// How many it had.
        from: u64,
        /// How many it has.
        to: u64,
    },
    /// A file is another one as a whole.
    Replaced {
        /// The file.
        name: FileName,
        /// How many bytes it has.
        len: u64,
    },
    /// A file is gone.
    Removed(FileName),
}

impl Happened {
    /// The file that it is about.
    #[must_use]
    pub fn name(&self) -> &FileName {
        match self {
            Self::Created(name)
            | Self::Grew { name, .. }
            | Self::Replaced { name, .. }
            | Self::Removed(name) => name,
        }
    }
}

/// Notes what becomes durable in one directory. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    directory: Option<PathBuf>,
    files: BTreeMap<FileName, Note>,
    happened: VecDeque<Happened>,
    /// What was done to names and isn't durable yet, in order.
    unsynced: Vec<Happened>,
    /// How often something became durable.
    count: u64,
    /// More happened than is kept.
    is_over: bool,
}

/// What is known of a file.
#[derive(Clone, Copy, Default, Debug)]
struct Note {
    appended: u64,
    synced: u64,
    /// Its name is durable.
    is_named: bool,
    /// Distinguishes it from others that had its name.
    file: u64,
}

impl Recorder {
    /// From now on what happens in a session's directory is noted. What is in it already counts as durable.
    ///
    /// Fails where the directory can't be listed; one that isn't there yet is empty.
    pub fn watch(&self, disk: &dyn Disk, directory: &Path) -> io::Result<()> {
        let entries = match disk.list(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            entries => entries?,
        };
        let mut state = self.lock();
        // Those that this process appends to are known better than a listing knows them.
        let is_same = state.directory.as_deref() == Some(directory);
        let known = if is_same { std::mem::take(&mut state.files) } else { BTreeMap::new() };
        let count = state.count + 1;
        *state = State { directory: Some(directory.to_owned()), count, ..State::default() };
        for entry in entries.into_iter().filter(|entry| entry.is_file) {
            let Some(name) = FileName::in_session(&entry.name) else { continue };
            let listed =
                Note { appended: entry.len, synced: entry.len, is_named: true, file: count };
            let note = known.get(&name).copied().unwrap_or(listed);
            state.files.insert(name, note);
        }
        Ok(())
    }

    /// How often something became durable. What did by then is sent once that number is reported.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.lock().count
    }

    /// The oldest of what happened and wasn't taken yet; an error if that can't be known any more, or what it is about is
    /// another file by now: then both sides are to be compared.
    pub(super) fn front(&self) -> Result<Option<Happened>, Lost> {
        let state = self.lock();
        match state.is_over {
            true => Err(Lost),
            false => Ok(state.happened.front().cloned()),
        }
    }

    /// Takes what [`Self::front`] gave. The number is the one that is reached by it.
    pub(super) fn take_front(&self) -> u64 {
        let mut state = self.lock();
        state.happened.pop_front();
        state.count - state.happened.len() as u64
    }

    /// The files as they are, and the number that is reached by them. What happened up to now is forgotten.
    pub(super) fn begin_comparison(&self, disk: &Arc<dyn Disk>) -> (RecordedFiles, u64) {
        let mut state = self.lock();
        state.happened.clear();
        state.is_over = false;
        let named = state.files.iter().filter(|(_, note)| note.is_named);
        let files = named.map(|(name, note)| (name.clone(), (note.synced, note.file))).collect();
        let recorder = self.clone();
        (RecordedFiles { disk: Arc::clone(disk), recorder, files }, state.count)
    }

    /// Where the file of this name lies, if it is the one with this number, or any one without.
    fn path_of(&self, name: &FileName, file: Option<u64>) -> io::Result<PathBuf> {
        let state = self.lock();
        let is_it = |note: &&Note| file.is_none_or(|file| file == note.file);
        let note = state.files.get(name).filter(is_it);
        let directory = note.and(state.directory.as_ref()).ok_or(io::ErrorKind::NotFound)?;
        Ok(directory.join(name.name()))
    }

    /// Reads bytes of a file as it is now.
    pub(super) fn read(
        &self,
        disk: &dyn Disk,
        name: &FileName,
        from: u64,
        len: u64,
    ) -> io::Result<Vec<u8>> {
        let number = |state: &State| state.files.get(name).map(|note| note.file);
        let before = number(&self.lock());
        let bytes = read(disk, &self.path_of(name, None)?, from, len)?;
        match number(&self.lock()) == before {
            true => Ok(bytes),
            false => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets something be noted of a file in the directory that is watched.
    fn note(&self, path: &Path, note: impl FnOnce(&mut State, FileName)) {
        let mut state = self.lock();
        if path.parent().is_none() || path.parent() != state.directory.as_deref() {
            return;
        }
        let name = path.file_name().and_then(|name| FileName::in_session(name.to_str()?));
        if let Some(name) = name {
            note(&mut state, name);
        }
    }

    fn note_synced_directory(&self, directory: &Path) {
        let mut state = self.lock();
        if state.directory.as_deref() == Some(directory) {
            state.sync_names();
        }
    }
}

/// What happened isn't known any more.
#[derive(Debug)]
pub(super) struct Lost;

impl State {
    fn create(&mut self, name: FileName) {
        let file = self.number();
        self.files.insert(name.clone(), Note { file, ..Note::default() });
        self.unsynced.push(Happened::Created(name));
    }

    fn append(&mut self, name: &FileName, len: u64) {
        if let Some(note) = self.files.get_mut(name) {
            note.appended += len;
        }
    }

    fn sync(&mut self, name: FileName) {
        let Some(note) = self.files.get_mut(&name) else { return };
        let (from, to) = (note.synced, note.appended);
        note.synced = to;
        if note.is_named && to > from {
            self.add(Happened::Grew { name, from, to });
        }
    }

    fn remove(&mut self, name: FileName) {
        let Some(note) = self.files.remove(&name) else { return };
        match note.is_named {
            true => self.unsynced.push(Happened::Removed(name)),
            false => self.unsynced.retain(|other| *other.name() != name),
        }
    }

    fn place(&mut self, from: &FileName, to: FileName) {
        let Some(note) = self.files.get(from).copied() else { return };
        self.remove(from.clone());
        self.replace(to, note.synced);
    }

    fn replace(&mut self, name: FileName, len: u64) {
        let file = self.number();
        let note = Note { appended: len, synced: len, is_named: false, file };
        self.files.insert(name.clone(), note);
        self.unsynced.push(Happened::Replaced { name, len });
    }

    fn sync_names(&mut self) {
        for happened in std::mem::take(&mut self.unsynced) {
            let name = happened.name().clone();
            let note = self.files.get_mut(&name);
            let synced = note.as_ref().map_or(0, |note| note.synced);
            if let Some(note) = note {
                note.is_named = true;
            }
            let is_created = matches!(happened, Happened::Created(_));
            self.add(happened);
            if is_created && synced > 0 {
                self.add(Happened::Grew { name, from: 0, to: synced });
            }
        }
    }

    fn add(&mut self, happened: Happened) {
        // What is still being written is sent once it has its place.
        if Layout::place_of_unfinished(happened.name().name()).is_some() {
            return;
        }
        self.count += 1;
        self.happened.push_back(happened);
        if self.happened.len() > MOST {
            self.happened.clear();
            self.is_over = true;
        }
    }

    fn number(&mut self) -> u64 {
        // Also what isn't durable yet distinguishes files.
        self.files.values().map(|note| note.file).max().unwrap_or(0).max(self.count) + 1
    }
}

/// The files of a session at the moment of a comparison.
#[derive(Debug)]
pub struct RecordedFiles {
    disk: Arc<dyn Disk>,
    recorder: Recorder,
    files: BTreeMap<FileName, (u64, u64)>,
}

impl Source for RecordedFiles {
    fn files(&self) -> io::Result<BTreeMap<FileName, u64>> {
        Ok(self.files.iter().map(|(name, (len, _))| (name.clone(), *len)).collect())
    }

    fn read(&self, name: &FileName, offset: u64, len: u64) -> io::Result<Vec<u8>> {
        let (_, file) = self.files.get(name).ok_or(io::ErrorKind::NotFound)?;
        let path = self.recorder.path_of(name, Some(*file))?;
        let bytes = read(&*self.disk, &path, offset, len)?;
        self.recorder.path_of(name, Some(*file))?;
        Ok(bytes)
    }
}

fn read(disk: &dyn Disk, path: &Path, offset: u64, len: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(len).map_err(io::Error::other)?];
    if !bytes.is_empty() {
        disk.open(path)?.read_exact_at(offset, &mut bytes)?;
    }
    Ok(bytes)
}

/// Another disk, of which a [`Recorder`] notes what becomes durable.
#[derive(Debug)]
pub struct RecordingDisk {
    disk: Arc<dyn Disk>,
    recorder: Recorder,
}

impl RecordingDisk {
    /// Stands in front of `disk`.
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>, recorder: Recorder) -> Self {
        Self { disk, recorder }
    }
}

impl Disk for RecordingDisk {
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn AppendFile>> {
        let file = self.disk.create_new(path)?;
        self.recorder.note(path, State::create);
        Ok(Box::new(RecordedFile { file, path: path.to_owned(), recorder: self.recorder.clone() }))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadAt>> {
        self.disk.open(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<DirEntry>> {
        self.disk.list(directory)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.create_dir(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.sync_dir(path)?;
        self.recorder.note_synced_directory(path);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)?;
        self.recorder.note(path, State::remove);
        Ok(())
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.remove_dir(path)
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.disk.replace(path, bytes)?;
        // The directory is synced with it.
        self.recorder.note(path, |state, name| {
            state.replace(name, bytes.len() as u64);
            state.sync_names();
        });
        Ok(())
    }

    fn replace_unsynced(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.disk.replace_unsynced(path, bytes)?;
        self.recorder.note(path, |state, name| state.replace(name, bytes.len() as u64));
        Ok(())
    }

    fn put_in_place(&self, written: &Path, place: &Path) -> io::Result<()> {
        self.disk.put_in_place(written, place)?;
        let from = written.file_name().and_then(|name| FileName::in_session(name.to_str()?));
        self.recorder.note(place, |state, to| {
            if let Some(from) = from {
                state.place(&from, to);
            }
        });
        Ok(())
    }

    fn room(&self, path: &Path) -> io::Result<Room> {
        self.disk.room(path)
    }

    fn read(&self, path: &Path, max_len: usize) -> io::Result<Vec<u8>> {
        self.disk.read(path, max_len)
    }

    fn copies(&self, path: &Path, max_len: usize) -> Vec<io::Result<Vec<u8>>> {
        self.disk.copies(path, max_len)
    }

    fn covers_power_cuts(&self) -> bool {
        self.disk.covers_power_cuts()
    }

    #[cfg(test)]
    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.disk.exists(path)
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>> {
        self.disk.try_lock(path)
    }

    fn is_locked(&self, path: &Path) -> io::Result<bool> {
        self.disk.is_locked(path)
    }
}

/// A new file that is written.
#[derive(Debug)]
struct RecordedFile {
    file: Box<dyn AppendFile>,
    path: PathBuf,
    recorder: Recorder,
}

impl AppendFile for RecordedFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.append(bytes)?;
        self.recorder.note(&self.path, |state, name| state.append(&name, bytes.len() as u64));
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync()?;
        self.recorder.note(&self.path, State::sync);
        Ok(())
    }

    fn is_at(&self, path: &Path) -> io::Result<bool> {
        self.file.is_at(path)
    }
}
