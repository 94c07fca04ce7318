//! The changes of a session's files on this machine as they become durable, noted at the disk.
//!
//! [`RecordingDisk`] stands between the writer and its disk and changes nothing of what either does: it notes names and
//! lengths, never bytes, and only once the sync has succeeded by which they are durable here. The bytes are read from the
//! disk when they are sent. A [`Recorder`] notes that for one session; the disk has one for each that is sent.
//!
//! Slots are beside those of other sessions, and one of another may take the name of one of this. Their headers say
//! whose they are; a header is read when a slot takes its place.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use super::{FileName, Source};
use crate::disk::{AppendFile, DirEntry, Disk, Layout, Lock, Room, session_of_slot};
use crate::format::ReadAt;
use crate::model::ids::SessionId;

/// The number of changes that may wait to be sent. If there are more, they are found by a comparison.
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
        /// Its number, which others of its name don't have.
        file: u64,
        /// Its length before.
        from: u64,
        /// Its length after.
        to: u64,
    },
    /// A file is another one as a whole.
    Replaced {
        /// The file.
        name: FileName,
        /// Its number, which others of its name don't have.
        file: u64,
        /// Its length in bytes.
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

/// The places of a session's files on this machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionFiles {
    /// The session.
    pub session: SessionId,
    /// Its own directory.
    pub directory: PathBuf,
    /// The directory of its slots, and of others.
    pub slots: PathBuf,
}

impl SessionFiles {
    /// The files of a session in a layout.
    #[must_use]
    pub fn of(layout: &Layout, session: SessionId) -> Self {
        Self { session, directory: layout.session(session), slots: layout.slots() }
    }

    /// The path of a file.
    #[must_use]
    pub fn path(&self, name: &FileName) -> PathBuf {
        let directory = if name.is_slot() { &self.slots } else { &self.directory };
        directory.join(name.name())
    }

    /// A path of this name in the session's own directory, where its slots aren't.
    pub(super) fn path_in_session(&self, name: &FileName) -> PathBuf {
        self.directory.join(name.name())
    }

    /// The name of a path's file, if it may be one of the session.
    fn name_of(&self, path: &Path) -> Option<FileName> {
        let (directory, name) = (path.parent()?, path.file_name()?.to_str()?);
        if directory == self.directory {
            FileName::in_session(name)
        } else if directory == self.slots {
            FileName::of_slot(name)
        } else {
            None
        }
    }

    /// Returns true if the file of a path is a slot of which it can't be known whose it is.
    fn is_damaged(&self, disk: &dyn Disk, path: &Path) -> bool {
        path.parent() == Some(&self.slots) && session_of_slot(disk, path).is_none()
    }

    /// Returns true if the file of a path is the session's own, and no slot of another.
    fn has(&self, disk: &dyn Disk, path: &Path) -> bool {
        path.parent() != Some(&self.slots) || session_of_slot(disk, path) == Some(self.session)
    }
}

/// Returns true if a file is the new content of a small one, or an old one that makes way for it: the disk does that within one
/// operation, and nothing but the small file's own name is noted of it, so this one would be missed from then on.
fn is_of_a_replacement(name: &FileName) -> bool {
    let name = name.name();
    let is_small = |place| {
        Layout::is_card_name(place)
            || Layout::is_manifest_name(place)
            || Layout::is_attachment(place)
    };
    Layout::place_of_aside(name).is_some()
        || Layout::place_of_unfinished(name).is_some_and(is_small)
}

/// Notes what becomes durable of one session's files. Clones share it.
#[derive(Clone, Debug)]
pub struct Recorder {
    place: Arc<SessionFiles>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    files: BTreeMap<FileName, Note>,
    /// Slots of which can't be said whose they are.
    damaged: BTreeSet<FileName>,
    happened: VecDeque<Happened>,
    /// The changes of names that aren't durable yet, in order.
    unsynced: Vec<Happened>,
    /// The number of times that something became durable.
    count: u64,
    /// More happened than is kept.
    is_over: bool,
}

/// The facts about a file.
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
    /// A recorder that notes from now on which of these files become durable. Files that are there already count as
    /// durable.
    ///
    /// Fails where a directory can't be listed; one that isn't there yet is empty.
    pub fn new(disk: &dyn Disk, place: SessionFiles) -> io::Result<Self> {
        let recorder = Self { place: Arc::new(place), state: Arc::default() };
        recorder.look_again(disk)?;
        Ok(recorder)
    }

    /// The session of the files, and their places.
    #[must_use]
    pub fn place(&self) -> &SessionFiles {
        &self.place
    }

    /// Takes in the files on the disk. Writes meanwhile are noted after them.
    pub(super) fn look_again(&self, disk: &dyn Disk) -> io::Result<()> {
        let mut state = self.lock();
        let count = state.count + 1;
        *state = State { count, ..State::default() };
        for directory in [&self.place.directory, &self.place.slots] {
            for entry in list(disk, directory)?.into_iter().filter(|entry| entry.is_file) {
                let path = directory.join(&entry.name);
                let Some(name) = self.place.name_of(&path) else { continue };
                if is_of_a_replacement(&name) {
                    continue;
                }
                let (appended, synced) = (entry.len, entry.len);
                let note = Note { appended, synced, is_named: true, file: count };
                // The session of a slot that is still being written is seen when it takes its place.
                let is_unfinished = Layout::place_of_unfinished(name.name()).is_some();
                if is_unfinished || self.place.has(disk, &path) {
                    state.files.insert(name, note);
                } else if self.place.is_damaged(disk, &path) {
                    state.damaged.insert(name);
                }
            }
        }
        Ok(())
    }

    /// Returns true if the session has a file on this machine.
    pub(super) fn has_files(&self) -> bool {
        self.lock().files.keys().any(|name| !name.is_slot())
    }

    /// The number of times that something became durable. Everything that did by then is sent once that number is
    /// reported.
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

    /// The files as they are, and the number that is reached by them. Changes up to now are forgotten.
    pub(super) fn begin_comparison(&self, disk: &Arc<dyn Disk>) -> (RecordedFiles, u64) {
        let mut state = self.lock();
        state.happened.clear();
        state.is_over = false;
        let named = state.files.iter().filter(|(_, note)| note.is_named);
        let files = named.map(|(name, note)| (name.clone(), (note.synced, note.file))).collect();
        let (recorder, damaged) = (self.clone(), state.damaged.clone());
        (RecordedFiles { disk: Arc::clone(disk), recorder, files, damaged }, state.count)
    }

    /// The path of the file of this name, if it is the one with this number.
    fn path_of(&self, name: &FileName, file: u64) -> io::Result<PathBuf> {
        let state = self.lock();
        let is_it = |note: &&Note| file == note.file;
        state.files.get(name).filter(is_it).ok_or(io::ErrorKind::NotFound)?;
        Ok(self.place.path(name))
    }

    /// Reads bytes of the file with this number, if it is still the one of this name.
    pub(super) fn read(
        &self,
        disk: &dyn Disk,
        (name, file): (&FileName, u64),
        from: u64,
        len: u64,
    ) -> io::Result<Vec<u8>> {
        let bytes = read(disk, &self.path_of(name, file)?, from, len)?;
        self.path_of(name, file)?;
        Ok(bytes)
    }

    /// Returns true if it is in the middle of something, so that it can't be told anything on this thread.
    #[cfg(test)]
    pub(super) fn is_busy(&self) -> bool {
        self.state.try_lock().is_err()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets something be noted of a file, if it may be the session's.
    fn note(&self, path: &Path, note: impl FnOnce(&mut State, FileName)) {
        if let Some(name) = self.place.name_of(path) {
            note(&mut self.lock(), name);
        }
    }

    fn note_synced_directory(&self, directory: &Path) {
        if directory == self.place.directory {
            self.lock().sync_names(FileName::is_in_session);
        } else if directory == self.place.slots {
            self.lock().sync_names(FileName::is_slot);
        }
    }

    /// A file is another one as a whole. A slot may have been the session's, or be so now.
    fn note_replaced(&self, disk: &dyn Disk, path: &Path, note: impl FnOnce(&mut State, FileName)) {
        let Some(name) = self.place.name_of(path) else { return };
        let is_own = self.place.has(disk, path);
        let mut state = self.lock();
        if is_own { note(&mut state, name) } else { state.remove(name) }
    }
}

/// The recorders of the sessions that are sent. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Recorders {
    all: Arc<RwLock<Vec<Recorder>>>,
}

impl Recorders {
    /// A recorder that notes from now on which of these files become durable, also while a writer writes them. Files
    /// that are there already count as durable.
    ///
    /// Fails where a directory can't be listed; one that isn't there yet is empty.
    pub fn begin(&self, disk: &dyn Disk, place: SessionFiles) -> io::Result<Recorder> {
        let recorder = Recorder { place: Arc::new(place), state: Arc::default() };
        // A write between both is listed, and noted for nothing.
        self.add(recorder.clone());
        recorder.look_again(disk).inspect_err(|_| self.remove(&recorder))?;
        Ok(recorder)
    }

    /// From now on this recorder notes what becomes durable. Changes between its creation and this call aren't seen, so
    /// there must be none.
    pub fn add(&self, recorder: Recorder) {
        self.all.write().unwrap_or_else(PoisonError::into_inner).push(recorder);
    }

    /// One that isn't asked any more notes nothing any more.
    pub fn remove(&self, recorder: &Recorder) {
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        all.retain(|other| !Arc::ptr_eq(&other.state, &recorder.state));
    }

    fn each(&self, tell: impl FnMut(&Recorder)) {
        self.all.read().unwrap_or_else(PoisonError::into_inner).iter().for_each(tell);
    }
}

fn list(disk: &dyn Disk, directory: &Path) -> io::Result<Vec<DirEntry>> {
    match disk.list(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        listed => listed,
    }
}

/// The changes aren't known any more.
#[derive(Debug)]
pub(super) struct Lost;

impl State {
    fn create(&mut self, name: FileName) {
        // It was listed before it was noted.
        if self.files.contains_key(&name) {
            return;
        }
        let file = self.number();
        self.files.insert(name.clone(), Note { file, ..Note::default() });
        self.unsynced.push(Happened::Created(name));
    }

    /// Notes that a file has this length. That may have been seen already, if it was listed meanwhile.
    fn append(&mut self, name: &FileName, len: u64) {
        if let Some(note) = self.files.get_mut(name) {
            note.appended = note.appended.max(len);
        }
    }

    /// So many bytes of a file are durable.
    fn sync(&mut self, name: FileName, len: u64) {
        let Some(note) = self.files.get_mut(&name) else { return };
        let (from, to) = (note.synced, note.synced.max(len));
        note.appended = note.appended.max(len);
        note.synced = to;
        if note.is_named && to > from {
            let file = note.file;
            self.add(Happened::Grew { name, file, from, to });
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
        self.unsynced.push(Happened::Replaced { name, file, len });
    }

    /// The names in a directory are durable.
    fn sync_names(&mut self, is_there: fn(&FileName) -> bool) {
        let synced = self.unsynced.extract_if(.., |happened| is_there(happened.name()));
        for happened in synced.collect::<Vec<_>>() {
            let name = happened.name().clone();
            let note = self.files.get_mut(&name);
            let (synced, file) = note.as_ref().map_or((0, 0), |note| (note.synced, note.file));
            if let Some(note) = note {
                note.is_named = true;
            }
            let is_created = matches!(happened, Happened::Created(_));
            self.add(happened);
            if is_created && synced > 0 {
                self.add(Happened::Grew { name, file, from: 0, to: synced });
            }
        }
    }

    fn add(&mut self, happened: Happened) {
        // A file that is still being written is sent once it has its place.
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
    damaged: BTreeSet<FileName>,
}

impl RecordedFiles {
    /// Distinguishes a file from others that had or will have its name, for as long as its recorder notes it.
    pub(super) fn number(&self, name: &FileName) -> u64 {
        self.files.get(name).map_or(0, |(_, number)| *number)
    }
}

impl Source for RecordedFiles {
    fn files(&self) -> io::Result<BTreeMap<FileName, u64>> {
        Ok(self.files.iter().map(|(name, (len, _))| (name.clone(), *len)).collect())
    }

    fn read(&self, name: &FileName, offset: u64, len: u64) -> io::Result<Vec<u8>> {
        let (_, file) = self.files.get(name).ok_or(io::ErrorKind::NotFound)?;
        self.recorder.read(&*self.disk, (name, *file), offset, len)
    }

    fn is_damaged(&self, name: &FileName) -> bool {
        self.damaged.contains(name)
    }
}

fn read(disk: &dyn Disk, path: &Path, offset: u64, len: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(len).map_err(io::Error::other)?];
    let named =
        |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    if !bytes.is_empty() {
        let file = disk.open(path).map_err(named)?;
        file.read_exact_at(offset, &mut bytes).map_err(named)?;
    }
    Ok(bytes)
}

/// Another disk, of which [`Recorders`] note what becomes durable.
#[derive(Debug)]
pub struct RecordingDisk {
    disk: Arc<dyn Disk>,
    recorders: Recorders,
}

impl RecordingDisk {
    /// Stands in front of `disk`.
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>, recorders: Recorders) -> Self {
        Self { disk, recorders }
    }

    fn note(&self, path: &Path, mut note: impl FnMut(&mut State, FileName)) {
        self.recorders.each(|recorder| recorder.note(path, &mut note));
    }
}

impl Disk for RecordingDisk {
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn AppendFile>> {
        let file = self.disk.create_new(path)?;
        self.note(path, State::create);
        let (path, recorders) = (path.to_owned(), self.recorders.clone());
        Ok(Box::new(RecordedFile { file, path, len: 0, recorders }))
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
        self.recorders.each(|recorder| recorder.note_synced_directory(path));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)?;
        self.note(path, State::remove);
        Ok(())
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.remove_dir(path)
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.disk.replace(path, bytes)?;
        // The directory is synced with it.
        self.recorders.each(|recorder| {
            recorder.note_replaced(&*self.disk, path, |state, name| {
                state.replace(name, bytes.len() as u64);
            });
            path.parent().into_iter().for_each(|directory| {
                recorder.note_synced_directory(directory);
            });
        });
        Ok(())
    }

    fn replace_unsynced(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.disk.replace_unsynced(path, bytes)?;
        self.recorders.each(|recorder| {
            recorder.note_replaced(&*self.disk, path, |state, name| {
                state.replace(name, bytes.len() as u64);
            });
        });
        Ok(())
    }

    fn put_in_place(&self, written: &Path, place: &Path) -> io::Result<()> {
        self.disk.put_in_place(written, place)?;
        self.recorders.each(|recorder| {
            let Some(from) = recorder.place.name_of(written) else { return };
            recorder.note_replaced(&*self.disk, place, |state, to| state.place(&from, to));
            // Of another session's slot nothing is kept.
            recorder.note(written, State::remove);
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
    /// Its length in bytes.
    len: u64,
    recorders: Recorders,
}

impl AppendFile for RecordedFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.append(bytes)?;
        self.len += bytes.len() as u64;
        self.recorders.each(|recorder| {
            recorder.note(&self.path, |state, name| state.append(&name, self.len));
        });
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync()?;
        self.recorders.each(|recorder| {
            recorder.note(&self.path, |state, name| state.sync(name, self.len));
        });
        Ok(())
    }

    fn is_at(&self, path: &Path) -> io::Result<bool> {
        self.file.is_at(path)
    }
}
