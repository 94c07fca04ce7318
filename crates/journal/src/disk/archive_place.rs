//! A place of its own for the files of archived sessions: a directory on another drive.
//!
//! A directory that holds archives names itself by a random id (`bevy_session.archives`), and each session whose files are
//! there has a small file in its own directory that says which place that is (`archives.place`). So an empty mount point, or
//! another drive on the same one, is never taken for the place: what it would hold is away, not gone.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::directory::create_directory;
use super::error::Attempt;
use super::layout::{ARCHIVES_ID, ARCHIVES_MARK, ARCHIVES_NOTE};
use super::{Disk, Layout, StoreAction, StoreError};
use crate::model::ids::random_u64;

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
        write!(formatter, "the place of archives at {} can't be reached", self.root.display())
    }
}

impl Error for ArchivesAway {}

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
        let place = match read(disk, &own).attempt(StoreAction::Read, &own)? {
            Some(text) => {
                let id = id_of(&text).ok_or_else(|| away(root));
                Self { id: id.attempt(StoreAction::Read, &own)?, root: root.to_owned() }
            }
            None if noted.as_ref().is_some_and(|noted| noted.root == root) => {
                return Err(away(root)).attempt(StoreAction::LookFor, &own);
            }
            None => Self::begin(disk, root)?,
        };
        if noted.as_ref() != Some(&place) {
            let text = place.text("").attempt(StoreAction::Replace, &note)?;
            create_directory(disk, &layout.state)?;
            disk.replace(&note, text.as_bytes()).attempt(StoreAction::Replace, &note)?;
        }
        Ok(place)
    }

    fn begin(disk: &dyn Disk, root: &Path) -> Result<Self, StoreError> {
        let (place, own) =
            (Self { id: random_u64(), root: root.to_owned() }, root.join(ARCHIVES_ID));
        // A name that no note can hold is found before anything is made.
        place.text("").attempt(StoreAction::Replace, &own)?;
        let changed = create_directory(disk, root)?;
        changed.iter().for_each(|directory| {
            // Those above the place may be others' to sync.
            let _ = disk.sync_dir(directory);
        });
        let id = format!("{:016x}\n", place.id);
        disk.replace(&own, id.as_bytes()).attempt(StoreAction::Replace, &own)?;
        Ok(place)
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

    /// The directory of a session's files here.
    pub fn directory_of(&self, session: &Path) -> PathBuf {
        self.root.join(inside(session))
    }

    /// Notes in a session's own directory that files of it are here, durably.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn mark(&self, disk: &dyn Disk, session: &Path) -> Result<(), StoreError> {
        let mark = session.join(ARCHIVES_MARK);
        let marked =
            self.text(&inside(session)).and_then(|text| disk.replace(&mark, text.as_bytes()));
        marked.attempt(StoreAction::Replace, &mark)
    }
}

/// Returns true if files of a session are at a place of archives.
pub fn is_marked(disk: &dyn Disk, session: &Path) -> bool {
    disk.open(&session.join(ARCHIVES_MARK)).is_ok()
}

/// The directory of archives that has files of a session, by the session's own; `None` if it has none.
///
/// # Errors
///
/// Any [`io::Error`], also if the place can't be reached: that is never [`io::ErrorKind::NotFound`], which would mean that
/// the files are gone.
pub fn directory_of_marked(disk: &dyn Disk, session: &Path) -> io::Result<Option<PathBuf>> {
    let Some(text) = read(disk, &session.join(ARCHIVES_MARK))? else { return Ok(None) };
    let (place, inside) = of_text(&text).ok_or(io::ErrorKind::InvalidData)?;
    let own = read(disk, &place.root.join(ARCHIVES_ID)).map_err(|_| away(&place.root))?;
    match own.as_deref().and_then(id_of) {
        Some(id) if id == place.id => Ok(Some(place.root.join(inside))),
        _ => Err(away(&place.root)),
    }
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
    let is_inside = inside.split('/').all(|part| !matches!(part, "." | ".."));
    let place = ArchivePlace { id: id_of(id)?, root: PathBuf::from(root) };
    is_inside.then_some((place, inside))
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
