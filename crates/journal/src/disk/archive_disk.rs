//! A disk that keeps archived sessions in a place of their own, such as another disk.
//!
//! A session is at home either in the data or in one place of archives, with all of its files, and is found under its
//! path in the data in both cases: `ArchiveDisk` leads each operation on its directory to where it is at home. Nothing
//! else knows that there are places.
//!
//! A rename can't cross file systems, so a move is a copy (`archive_disk/relocation.rs`), and a mark says which of the two
//! directories counts (`archive_disk/marks.rs`). These are the states that a power cut can leave, and the home in each:
//!
//! | in the data | in the place | home |
//! | --- | --- | --- |
//! | files | nothing, or files and a mark | the data |
//! | files and a mark | files, with a mark or without | the place |
//! | nothing | files | the place |
//!
//! Unfinished files are nothing. A mark is durable before what it excludes is copied or removed, and it is the last file
//! that is removed beside those that it excludes. So in each state one of the two is whole and counts.
//!
//! A place that isn't there, as its disk isn't mounted, has no sessions. It holds a directory whose name has a random
//! number, and which is made only once: a directory without that is no place, even if something can be written to it.

mod marks;
mod places;
#[cfg(test)]
mod power_cuts;
mod relocation;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::error::Attempt;
use super::{AppendFile, DirEntry, Disk, Layout, Lock, Room, StoreAction, StoreError};
use crate::format::ReadAt;
use crate::model::session::ArchivePlaceError;
use marks::{holding, is_marked, read_mark};
pub use places::WantedPlace;
use places::{ArchivePlace, ArchivePlaces};
pub use relocation::Relocation;

/// The name of the directory of sessions, in that of a profile.
const SESSIONS: &str = "sessions";

/// Another disk, on which sessions may be at home in places of archives. They are found under their paths in the data.
#[derive(Debug)]
pub struct ArchiveDisk {
    disk: Arc<dyn Disk>,
    /// The directory of the profiles.
    profiles: PathBuf,
    places: Mutex<ArchivePlaces>,
    /// The sessions that were in a place when they were looked at last, by their paths among the profiles. When their
    /// place is gone, nothing of them is to be begun in the data: it would hide them for good.
    seen: Mutex<BTreeSet<PathBuf>>,
}

/// The part of the files to which a path leads.
enum Spot<'a> {
    /// None of a session.
    Outside,
    /// A directory that leads to sessions, by its path among the profiles.
    Above(&'a Path),
    /// A session's directory, by its path among the profiles, and the path within it.
    Session(PathBuf, &'a Path),
}

/// Where a session is at home.
enum Home {
    Data,
    Place(ArchivePlace),
    /// There is no file of it.
    Nowhere,
}

impl ArchiveDisk {
    /// The disk of a game that wants its archives in a place, or has ever wanted that; `None` if it never has.
    pub fn of_game(
        disk: &Arc<dyn Disk>,
        layout: &Layout,
        wanted: Option<WantedPlace>,
    ) -> Option<Arc<Self>> {
        let mut places = ArchivePlaces::read(&**disk, layout);
        if wanted.is_none() && places.are_none() {
            return None;
        }
        places.want(&**disk, layout, wanted);
        Some(Self::with_places(disk, layout, places))
    }

    /// The disk of a program that isn't the game, by what the game has written down; `None` if that has no place of
    /// archives. Places that are in the directory `mounted` are looked for there.
    pub fn found(
        disk: &Arc<dyn Disk>,
        layout: &Layout,
        mounted: Option<&Path>,
    ) -> Option<Arc<Self>> {
        let mut places = ArchivePlaces::read(&**disk, layout);
        if let Some(mounted) = mounted {
            places.look_in(&**disk, mounted);
        }
        (!places.are_none()).then(|| Self::with_places(disk, layout, places))
    }

    fn with_places(disk: &Arc<dyn Disk>, layout: &Layout, places: ArchivePlaces) -> Arc<Self> {
        let (disk, profiles) = (Arc::clone(disk), layout.profiles());
        let (places, seen) = (Mutex::new(places), Mutex::default());
        Arc::new(Self { disk, profiles, places, seen })
    }

    /// The directory to which sessions are archived; `None` if they stay in the data.
    ///
    /// # Errors
    ///
    /// [`ArchivePlaceError`] if it can't be used now.
    pub fn current(&self) -> Result<Option<PathBuf>, ArchivePlaceError> {
        let place = self.current_place()?;
        Ok(place.map(|place| place.directory().to_owned()))
    }

    /// The places that hold, or held, archives and aren't there now.
    pub fn missing(&self) -> Vec<PathBuf> {
        let places = self.places().known().into_iter();
        let missing = places.filter(|place| self.disk.list(place.directory()).is_err());
        missing.map(|place| place.directory().to_owned()).collect()
    }

    /// Refuses what must reach all archives, if it can't.
    ///
    /// # Errors
    ///
    /// [`ArchivePlaceError::NotThere`] with the first place that isn't there.
    pub fn refuse_if_missing(&self) -> Result<(), ArchivePlaceError> {
        match self.missing().into_iter().next() {
            Some(path) => Err(ArchivePlaceError::NotThere { path }),
            None => Ok(()),
        }
    }

    /// Returns true if the session of this directory in the data is at home in a place of archives.
    pub fn is_away(&self, session: &Path) -> bool {
        let inside = session.strip_prefix(&self.profiles);
        inside.is_ok_and(|inside| self.home(inside).is_ok_and(|home| home.is_some()))
    }

    /// Begins to move a session from the data to the place of archives; `None` if there is none, or the session isn't in
    /// the data. Its lock is held.
    ///
    /// # Errors
    ///
    /// [`ArchivePlaceError`] if the place can't be used now.
    pub fn to_archive(&self, session: &Path) -> Result<Option<Relocation>, ArchivePlaceError> {
        let Some(place) = self.current_place()? else { return Ok(None) };
        let Ok(inside) = session.strip_prefix(&self.profiles) else { return Ok(None) };
        let home = self.home(inside).attempt(StoreAction::List, session);
        let home = home.map_err(|error| ArchivePlaceError::Refused(error.into()))?;
        Ok(home.is_none().then(|| {
            let to = place.directory().to_owned();
            Relocation::new(&self.disk, (session.to_owned(), place.below(inside)), to, place.id())
        }))
    }

    /// Begins to move a session to the data; `None` if it is there. Its lock is held.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it can't be known where it is.
    pub fn to_data(&self, session: &Path) -> Result<Option<Relocation>, StoreError> {
        let Ok(inside) = session.strip_prefix(&self.profiles) else { return Ok(None) };
        let home = self.home(inside).attempt(StoreAction::List, session)?;
        Ok(home.map(|place| {
            // The directories above it are gone with a whole disk, and made again.
            let root = self.profiles.parent().unwrap_or(&self.profiles).to_owned();
            Relocation::new(&self.disk, (place.below(inside), session.to_owned()), root, place.id())
                .making_root()
        }))
    }

    /// Moves a session to the data, where it is played and changed. Returns true if it wasn't there. Its lock is held.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. Then it is at home where it was.
    pub fn bring_home(&self, session: &Path) -> Result<bool, StoreError> {
        let Some(mut relocation) = self.to_data(session)? else { return Ok(false) };
        while relocation.step()? {}
        Ok(true)
    }

    /// Begins to remove what an interrupted move has left of a session where it isn't at home; `None` if there is
    /// nothing. Its lock is held.
    pub fn to_clear(&self, session: &Path) -> Option<Relocation> {
        let inside = session.strip_prefix(&self.profiles).ok()?;
        let known = self.places().known();
        let home = self.home(inside).ok()?;
        if let Some(place) = home {
            let is_left = self.disk.list(session).is_ok();
            return is_left.then(|| {
                let (from, to) = (session.to_owned(), place.below(inside));
                let root = place.directory().to_owned();
                Relocation::new(&self.disk, (from, to), root, place.id()).turned()
            });
        }
        // What has no mark may be another version of the session, and isn't removed. Without a home nothing is.
        if !holding(&*self.disk, session).unwrap_or_default().files {
            return None;
        }
        let left = known.into_iter().find(|place| {
            holding(&*self.disk, &place.below(inside)).is_ok_and(|holding| holding.mark)
        })?;
        let root = left.directory().to_owned();
        let directories = (left.below(inside), session.to_owned());
        Some(Relocation::new(&self.disk, directories, root, left.id()).turned())
    }

    fn current_place(&self) -> Result<Option<ArchivePlace>, ArchivePlaceError> {
        self.places().current(&*self.disk)
    }

    fn places(&self) -> MutexGuard<'_, ArchivePlaces> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seen(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spot<'a>(&self, path: &'a Path) -> Spot<'a> {
        let Ok(inside) = path.strip_prefix(&self.profiles) else { return Spot::Outside };
        let mut parts = inside.components();
        let (profile, directory, session) = (parts.next(), parts.next(), parts.next());
        match (profile, directory, session) {
            (_, Some(directory), _) if directory != Component::Normal(SESSIONS.as_ref()) => {
                Spot::Outside
            }
            (Some(profile), Some(directory), Some(session)) => {
                let session = [profile, directory, session].iter().collect();
                Spot::Session(session, parts.as_path())
            }
            _ => Spot::Above(inside),
        }
    }

    /// The place where a session is at home, by its path among the profiles; `None` if that is the data.
    ///
    /// # Errors
    ///
    /// Those of the disk, and [`io::ErrorKind::NotFound`] for a session whose place is gone.
    fn home(&self, inside: &Path) -> io::Result<Option<ArchivePlace>> {
        match self.find(inside)? {
            Home::Place(place) => {
                self.seen().insert(inside.to_owned());
                Ok(Some(place))
            }
            Home::Data => {
                self.seen().remove(inside);
                Ok(None)
            }
            Home::Nowhere if self.seen().contains(inside) => Err(io::ErrorKind::NotFound.into()),
            Home::Nowhere => Ok(None),
        }
    }

    fn find(&self, inside: &Path) -> io::Result<Home> {
        let (disk, data) = (&*self.disk, self.profiles.join(inside));
        let mut known = self.places().known().into_iter();
        if let Some(id) = read_mark(disk, &data)? {
            let place = known.find(|place| place.id() == id).ok_or(io::ErrorKind::NotFound)?;
            // What is left in the data isn't the session, even if the place isn't there.
            disk.list(&place.below(inside))?;
            return Ok(Home::Place(place));
        }
        if holding(disk, &data)?.files {
            return Ok(Home::Data);
        }
        let place = known.find(|place| {
            // A place that can't be read has no sessions for now.
            let holding = holding(disk, &place.below(inside)).unwrap_or_default();
            holding.files && !holding.mark
        });
        Ok(place.map_or(Home::Nowhere, Home::Place))
    }

    /// The path at which something is.
    fn real(&self, path: &Path) -> io::Result<PathBuf> {
        let Spot::Session(session, rest) = self.spot(path) else { return Ok(path.to_owned()) };
        let home = self.home(&session)?;
        Ok(home.map_or_else(|| path.to_owned(), |place| below(place.below(&session), rest)))
    }

    /// Reads something where it is. It is looked for once more if it isn't there, since another process may be moving
    /// its session.
    fn look<T>(&self, path: &Path, ask: impl Fn(&Path) -> io::Result<T>) -> io::Result<T> {
        let Spot::Session(session, _) = self.spot(path) else { return ask(path) };
        if !is_marked(&*self.disk, &self.profiles.join(&session))? {
            match ask(path) {
                Err(error) if is_missing(&error) => {}
                answer => return answer,
            }
        }
        let real = self.real(path)?;
        match ask(&real) {
            Err(error) if is_missing(&error) => {
                let now = self.real(path)?;
                if now == real { Err(error) } else { ask(&now) }
            }
            answer => answer,
        }
    }

    /// Lists a directory that leads to sessions, in all places.
    fn list_above(&self, inside: &Path) -> io::Result<Vec<DirEntry>> {
        let in_data = match self.disk.list(&below(self.profiles.clone(), inside)) {
            Err(error) if is_missing(&error) => None,
            listed => Some(listed?),
        };
        let places = self.places().known().into_iter();
        // Of a place that can't be listed nothing is found, and all else is.
        let in_places: Vec<Vec<DirEntry>> =
            places.filter_map(|place| self.disk.list(&place.below(inside)).ok()).collect();
        if in_data.is_none() && in_places.is_empty() {
            return Err(io::ErrorKind::NotFound.into());
        }
        let in_data = in_data.into_iter().flatten();
        let in_places = in_places.into_iter().flatten().filter(|entry| entry.is_dir);
        let mut entries: BTreeMap<String, DirEntry> = BTreeMap::new();
        for entry in in_data.chain(in_places) {
            entries.entry(entry.name.clone()).or_insert(entry);
        }
        Ok(entries.into_values().collect())
    }

    /// Removes a session's directory, which is empty where the session was at home, with what else is left of it.
    fn remove_session(&self, inside: &Path) -> io::Result<()> {
        if !matches!(self.find(inside)?, Home::Nowhere) {
            return Err(io::ErrorKind::DirectoryNotEmpty.into());
        }
        let mut was_there = false;
        let places = self.places().known().into_iter().map(|place| place.below(inside));
        for place in places.chain([self.profiles.join(inside)]) {
            let listed = match self.disk.list(&place) {
                Err(error) if is_missing(&error) => continue,
                listed => listed?,
            };
            was_there = true;
            for entry in listed {
                self.disk.remove(&place.join(entry.name))?;
            }
            self.disk.remove_dir(&place)?;
            if !place.starts_with(&self.profiles) {
                relocation::sync(&*self.disk, place.parent().unwrap_or(&place))?;
            }
        }
        self.seen().remove(inside);
        if was_there { Ok(()) } else { Err(io::ErrorKind::NotFound.into()) }
    }
}

/// A path within a directory, which isn't to end in a slash.
fn below(directory: PathBuf, inside: &Path) -> PathBuf {
    if inside.as_os_str().is_empty() { directory } else { directory.join(inside) }
}

fn is_missing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

impl Disk for ArchiveDisk {
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn AppendFile>> {
        let real = self.real(path)?;
        let file = self.disk.create_new(&real)?;
        Ok(Box::new(LedFile { file, asked: path.to_owned(), real }))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadAt>> {
        self.look(path, |place| self.disk.open(place))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<DirEntry>> {
        match self.spot(directory) {
            Spot::Outside => self.disk.list(directory),
            Spot::Above(inside) => self.list_above(inside),
            Spot::Session(..) => {
                let mut entries = self.disk.list(&self.real(directory)?)?;
                entries.retain(|entry| !Layout::is_elsewhere_name(&entry.name));
                Ok(entries)
            }
        }
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.create_dir(&self.real(path)?)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        match self.disk.sync_dir(&self.real(path)?) {
            Err(error) if is_missing(&error) => match self.spot(path) {
                // It is in places of archives alone, in which this process has synced what it changed.
                Spot::Above(inside) => self.list_above(inside).map(drop),
                Spot::Outside | Spot::Session(..) => Err(error),
            },
            synced => synced,
        }
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(&self.real(path)?)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        match self.spot(path) {
            Spot::Session(session, rest) if rest.as_os_str().is_empty() => {
                self.remove_session(&session)
            }
            _ => self.disk.remove_dir(&self.real(path)?),
        }
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.disk.replace(&self.real(path)?, bytes)
    }

    fn replace_unsynced(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.disk.replace_unsynced(&self.real(path)?, bytes)
    }

    fn put_in_place(&self, written: &Path, place: &Path) -> io::Result<()> {
        self.disk.put_in_place(&self.real(written)?, &self.real(place)?)
    }

    fn room(&self, path: &Path) -> io::Result<Room> {
        self.disk.room(&self.real(path)?)
    }

    fn read(&self, path: &Path, max_len: usize) -> io::Result<Vec<u8>> {
        self.look(path, |place| self.disk.read(place, max_len))
    }

    fn copies(&self, path: &Path, max_len: usize) -> Vec<io::Result<Vec<u8>>> {
        match self.real(path) {
            Ok(real) => self.disk.copies(&real, max_len),
            Err(error) => vec![Err(error)],
        }
    }

    fn covers_power_cuts(&self) -> bool {
        self.disk.covers_power_cuts()
    }

    #[cfg(test)]
    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.disk.exists(&self.real(path)?)
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>> {
        self.disk.try_lock(path)
    }

    fn is_locked(&self, path: &Path) -> io::Result<bool> {
        self.disk.is_locked(path)
    }
}

/// A file where its session is at home.
#[derive(Debug)]
struct LedFile {
    file: Box<dyn AppendFile>,
    /// The path by which it was made, and where that led.
    asked: PathBuf,
    real: PathBuf,
}

impl AppendFile for LedFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.append(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync()
    }

    fn is_at(&self, path: &Path) -> io::Result<bool> {
        match path.file_name() {
            // It was made under another name in the same directory, perhaps.
            Some(name) if path.parent() == self.asked.parent() => {
                self.file.is_at(&self.real.with_file_name(name))
            }
            _ => self.file.is_at(path),
        }
    }
}
