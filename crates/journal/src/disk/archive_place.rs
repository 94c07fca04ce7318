//! A place of its own for the files of archived sessions: a directory on another drive.
//!
//! A directory that holds archives names itself by a random id (`bevy_session.archives`), and each session whose files are
//! there has a small file in its own directory that says which place that is (`archives.place`). So an empty mount point, or
//! another drive on the same one, is never taken for the place: what it would hold is away, not gone. Beside the session's
//! files there stands to which directory they belong (`archives.owner`): a copy of that directory only reads them.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::directory::{create_directory, sync_directory};
use super::error::Attempt;
use super::layout::{ARCHIVES_ID, ARCHIVES_LOCK, ARCHIVES_MARK, ARCHIVES_NOTE, ARCHIVES_OWNER};
use super::{Disk, Layout, StoreAction, StoreError};
use crate::model::ids::{SessionId, random_u64};

/// The longest of the small files.
const MAX_LEN: usize = 16 << 10;

/// A place of archives, by the id that it gives itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ArchivePlace {
    id: u64,
    root: PathBuf,
}

/// The place of archives can't be reached: its drive isn't there, or another one is.
#[derive(Debug)]
pub struct ArchivesAway {
    root: PathBuf,
}

impl fmt::Display for ArchivesAway {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the archives directory {} can't be reached", self.root.display())
    }
}

impl Error for ArchivesAway {}

/// The files at a place of archives belong to another directory, of which this one is a copy.
#[derive(Debug)]
pub struct ArchivesOfAnother {
    owner: PathBuf,
}

impl fmt::Display for ArchivesOfAnother {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "the archived files belong to the session in {}, and this session is a copy",
            self.owner.display()
        )
    }
}

impl Error for ArchivesOfAnother {}

impl ArchivePlace {
    /// Opens the place that the game names. At its first use it is given an id, which this machine notes: one that has lost
    /// its id is away.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it can't be reached or made, or its name can't be written down.
    pub fn open(disk: &dyn Disk, layout: &Layout, root: &Path) -> Result<Self, StoreError> {
        let (own, note) = (root.join(ARCHIVES_ID), layout.state.join(ARCHIVES_NOTE));
        let noted = read(disk, &note).attempt(StoreAction::Read, &note)?;
        let noted = noted.as_deref().and_then(of_text).map(|(place, _)| place);
        let mut text = read(disk, &own).attempt(StoreAction::Read, &own)?;
        if text.is_none() {
            if noted.as_ref().is_some_and(|noted| noted.root == root) {
                return Err(away(root)).attempt(StoreAction::LookFor, &own);
            }
            Self::begin(disk, root)?;
            // Another process may have begun the place as well.
            text = read(disk, &own).attempt(StoreAction::Read, &own)?;
        }
        let id = text.as_deref().and_then(id_of).ok_or_else(|| away(root));
        let place = Self { id: id.attempt(StoreAction::Read, &own)?, root: root.to_owned() };
        if noted.as_ref() != Some(&place) {
            let text = place.text("").attempt(StoreAction::Replace, &note)?;
            create_directory(disk, &layout.state)?;
            disk.replace(&note, text.as_bytes()).attempt(StoreAction::Replace, &note)?;
        }
        Ok(place)
    }

    /// Gives the place an id, unless another process has done so meanwhile: a session that is marked with an id that was
    /// replaced would be away for good.
    fn begin(disk: &dyn Disk, root: &Path) -> Result<(), StoreError> {
        let (place, own) =
            (Self { id: random_u64(), root: root.to_owned() }, root.join(ARCHIVES_ID));
        // A name that no note can hold is found before anything is made.
        place.text("").attempt(StoreAction::Replace, &own)?;
        create_directory(disk, root)?.iter().for_each(|directory| {
            // Those above the place may be others' to sync.
            let _ = disk.sync_dir(directory);
        });
        let path = root.join(ARCHIVES_LOCK);
        // Where none can be had, as on some network drives, two that begin at once aren't kept apart.
        let lock = disk.try_lock(&path);
        if read(disk, &own).attempt(StoreAction::Read, &own)?.is_some() {
            return Ok(());
        }
        if matches!(lock, Ok(None)) {
            return Err(io::ErrorKind::ResourceBusy.into()).attempt(StoreAction::Lock, &path);
        }
        let id = format!("{:016x}\n", place.id);
        disk.replace(&own, id.as_bytes()).attempt(StoreAction::Replace, &own)
    }

    /// The text by which a session says that its files are here, below `inside`.
    fn text(&self, inside: &str) -> io::Result<String> {
        let root = self.root.to_str().filter(|root| !root.contains(['\n', '\r']));
        let root = root.ok_or_else(|| {
            let why = "a place of archives has a name without line breaks, in Unicode";
            io::Error::new(io::ErrorKind::InvalidFilename, why)
        })?;
        Ok(format!("{:016x}\n{root}\n{inside}\n", self.id))
    }

    /// Notes in a session's own directory that files of it are here, durably, and makes the directory for them. The place
    /// itself isn't made: where it is missing, its drive is.
    ///
    /// # Errors
    ///
    /// [`StoreError`], also if another process has begun the place at the same time, so that it has another id. The session
    /// isn't marked then, unless that can't be taken back.
    pub fn mark(&self, disk: &dyn Disk, session: &Path) -> Result<PathBuf, StoreError> {
        let (inside, mark) = (inside(session), session.join(ARCHIVES_MARK));
        let own = self.root.join(ARCHIVES_ID);
        let id = read(disk, &own).attempt(StoreAction::Read, &own)?;
        if id.as_deref().and_then(id_of) != Some(self.id) {
            return Err(away(&self.root)).attempt(StoreAction::LookFor, &own);
        }
        let text = self.text(&inside).attempt(StoreAction::Replace, &mark)?;
        disk.replace(&mark, text.as_bytes()).attempt(StoreAction::Replace, &mark)?;
        let there = self.root.join(inside);
        if let Err(error) = make_directory(disk, session, &there) {
            let _ = disk.remove(&mark);
            return Err(error);
        }
        Ok(there)
    }
}

/// Makes the directory of a session's files at a place of archives, if it isn't there.
///
/// # Errors
///
/// [`StoreError`], also if the place is missing.
pub fn make_directory(disk: &dyn Disk, session: &Path, there: &Path) -> Result<(), StoreError> {
    let profile = there.parent().unwrap_or(there);
    let root = profile.parent().unwrap_or(profile);
    for (directory, above) in [(profile, root), (there, profile)] {
        match disk.create_dir(directory) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made.attempt(StoreAction::CreateDirectory, directory)?,
        }
        sync_directory(disk, above).attempt(StoreAction::SyncDirectory, above)?;
    }
    own(disk, session, there).attempt(StoreAction::Replace, there)
}

/// Takes a session's mark back, if nothing of it is at the place any more. Its lock is held.
///
/// # Errors
///
/// Any [`io::Error`]. The mark stays then, and so does all else.
pub fn unmark(disk: &dyn Disk, session: &Path, there: &Path) -> io::Result<()> {
    let left = match disk.list(there) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        listed => listed?,
    };
    let is_own = |name: &str| is_archived_name(Layout::place_of_unfinished(name).unwrap_or(name));
    if left.iter().any(|entry| is_own(&entry.name)) {
        return Err(io::ErrorKind::DirectoryNotEmpty.into());
    }
    for removed in [disk.remove(&there.join(ARCHIVES_OWNER)), disk.remove_dir(there)] {
        match removed {
            // What others have put there stays.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::DirectoryNotEmpty
                ) => {}
            removed => removed?,
        }
    }
    // The mark goes last: without it, nobody would find what a power cut brings back there.
    sync_directory(disk, there.parent().unwrap_or(there))?;
    disk.remove(&session.join(ARCHIVES_MARK))
}

/// Returns true if a file of this name may be at a place of archives: a segment, an archive, events or an attachment.
pub fn is_archived_name(name: &str) -> bool {
    Layout::is_segment_name(name) || Layout::is_events_name(name) || Layout::is_attachment(name)
}

/// Returns true if files of a session are at a place of archives.
pub fn is_marked(disk: &dyn Disk, session: &Path) -> bool {
    disk.open(&session.join(ARCHIVES_MARK)).is_ok()
}

/// Returns true if files of a session are at a place of archives that can't be reached now. The disk finds them there.
pub fn is_away(disk: &dyn Disk, session: &Path) -> bool {
    disk.list(session).is_err_and(|error| error.kind() == io::ErrorKind::NotConnected)
}

/// The directory of archives that has files of a session, by the session's own; `None` if it has none. The place may be
/// where the game says, or where it was when the session was marked.
///
/// # Errors
///
/// Any [`io::Error`], also if the place can't be reached: that is never [`io::ErrorKind::NotFound`], which would mean that
/// the files are gone.
pub fn directory_of_marked(
    disk: &dyn Disk,
    session: &Path,
    named: Option<&Path>,
) -> io::Result<Option<PathBuf>> {
    // Only a session is followed elsewhere, and only into a directory of its name.
    let name = session.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if name.parse::<SessionId>().is_err() {
        return Ok(None);
    }
    let Some(text) = read(disk, &session.join(ARCHIVES_MARK))? else { return Ok(None) };
    let (place, inside) = of_text(&text).ok_or(io::ErrorKind::InvalidData)?;
    if Path::new(inside).file_name().is_none_or(|last| last != name) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let is_there = |root: &&Path| {
        let own = read(disk, &root.join(ARCHIVES_ID));
        own.is_ok_and(|own| own.as_deref().and_then(id_of) == Some(place.id))
    };
    let found = named.into_iter().chain([&*place.root]).find(is_there);
    found.map(|root| Some(root.join(inside))).ok_or_else(|| away(&place.root))
}

/// Makes sure that the files of a session at a place of archives belong to this directory of it: they have no owner, or one
/// beside which the session is no more.
///
/// # Errors
///
/// [`io::ErrorKind::PermissionDenied`] if this is a copy, and any other [`io::Error`].
pub fn own(disk: &dyn Disk, session: &Path, there: &Path) -> io::Result<()> {
    let path = there.join(ARCHIVES_OWNER);
    let owner = read(disk, &path)?.map(|text| PathBuf::from(text.trim_end_matches('\n')));
    let name = session.to_string_lossy();
    if owner.as_deref() == Some(Path::new(&*name)) {
        return Ok(());
    }
    if let Some(owner) = owner
        && !(is_given_up(disk, &owner) || are_one(disk, session, &owner)?)
    {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, ArchivesOfAnother { owner }));
    }
    disk.replace(&path, format!("{name}\n").as_bytes())
}

/// Returns true if a session was surely moved away from its directory. On another machine nothing is known of that.
fn is_given_up(disk: &dyn Disk, owner: &Path) -> bool {
    let beside = owner.parent().unwrap_or(owner);
    disk.list(beside).is_ok() && matches!(read(disk, &owner.join(ARCHIVES_MARK)), Ok(None))
}

/// Returns true if two paths lead to one directory.
fn are_one(disk: &dyn Disk, one: &Path, other: &Path) -> io::Result<bool> {
    let probe = Layout::unfinished(&one.join(ARCHIVES_MARK));
    let made = disk.create_new(&probe)?;
    let is_there = probe.file_name().is_some_and(|name| disk.open(&other.join(name)).is_ok());
    drop(made);
    disk.remove(&probe).map(|()| is_there)
}

/// The place of a session's directory below that of archives: its profile's name and its own.
fn inside(session: &Path) -> String {
    let name = |directory: Option<&Path>| {
        let name = directory.and_then(Path::file_name).unwrap_or_default();
        name.to_string_lossy().into_owned()
    };
    format!("{}/{}", name(session.ancestors().nth(2)), name(Some(session)))
}

fn of_text(text: &str) -> Option<(ArchivePlace, &str)> {
    let mut lines = text.lines();
    let (id, root, inside) = (lines.next()?, lines.next()?, lines.next()?);
    let mut parts = Path::new(inside).components();
    let is_inside = parts.all(|part| matches!(part, Component::Normal(_)));
    let place = ArchivePlace { id: id_of(id)?, root: PathBuf::from(root) };
    (is_inside && inside.split('/').count() <= 2).then_some((place, inside))
}

fn id_of(text: &str) -> Option<u64> {
    u64::from_str_radix(text.trim_end(), 16).ok()
}

fn read(disk: &dyn Disk, path: &Path) -> io::Result<Option<String>> {
    match disk.read(path, MAX_LEN) {
        Ok(bytes) => {
            String::from_utf8(bytes).map(Some).map_err(|_| io::ErrorKind::InvalidData.into())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn away(root: &Path) -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, ArchivesAway { root: root.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::MemoryDisk;

    #[test]
    fn a_session_is_not_marked_with_an_id_that_the_place_no_longer_has() {
        let (disk, root) = (MemoryDisk::default(), Path::new("drive"));
        let layout =
            Layout { data: "data".into(), state: "state".into(), profile: "default".to_owned() };
        let place = ArchivePlace::open(&disk, &layout, root).unwrap();
        let session = layout.sessions().join(SessionId::random().to_string());
        create_directory(&disk, &session).unwrap();
        // Another process began it at the same time.
        disk.replace(&root.join(ARCHIVES_ID), b"00000000000000aa\n").unwrap();
        assert!(place.mark(&disk, &session).is_err());
        assert!(!is_marked(&disk, &session), "its files would be away for ever");
        let place = ArchivePlace::open(&disk, &layout, root).unwrap();
        let there = place.mark(&disk, &session).unwrap();
        assert_eq!(directory_of_marked(&disk, &session, Some(root)).unwrap(), Some(there));
    }

    #[test]
    fn of_two_processes_that_begin_a_place_the_second_takes_the_id_of_the_first() {
        let (disk, root) = (MemoryDisk::default(), Path::new("drive"));
        ArchivePlace::begin(&disk, root).unwrap();
        let id = disk.read(&root.join(ARCHIVES_ID), MAX_LEN).unwrap();
        ArchivePlace::begin(&disk, root).unwrap();
        assert_eq!(disk.read(&root.join(ARCHIVES_ID), MAX_LEN).unwrap(), id);
    }

    #[test]
    fn a_place_that_another_process_is_beginning_is_left_to_it() {
        let (disk, root) = (MemoryDisk::default(), Path::new("drive"));
        create_directory(&disk, root).unwrap();
        let held = disk.try_lock(&root.join(ARCHIVES_LOCK)).unwrap();
        let refused = ArchivePlace::begin(&disk, root).unwrap_err();
        assert_eq!(refused.io_kind(), Some(io::ErrorKind::ResourceBusy));
        assert!(read(&disk, &root.join(ARCHIVES_ID)).unwrap().is_none());
        drop(held);
        ArchivePlace::begin(&disk, root).unwrap();
    }
}
