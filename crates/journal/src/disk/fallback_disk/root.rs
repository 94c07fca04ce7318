//! A directory that a game wants its files in, and the one that stands in for it.

use std::io;
use std::path::{Path, PathBuf};

use tracing::{debug, warn};

use crate::disk::directory::create_directory;
use crate::disk::error::Attempt;
use crate::disk::{Disk, Layout, StoreAction, StoreError, with_sources};
use crate::model::session::FailureCause;

/// The name of the file by which a place is tried.
const PROBE: &str = "probe";
/// Its content: enough that no file system keeps it beside the name, where a full disk has room for it.
const PROBE_BYTES: [u8; 4 << 10] = [0x5a; 4 << 10];

/// A directory that is kept in one of two places, and searched in both.
#[derive(Debug)]
pub struct Root {
    wanted: PathBuf,
    fallback: PathBuf,
    /// The place where files are written.
    used: Used,
    /// True if the place that isn't written to can be reached.
    searches_both: bool,
}

/// One of the two places.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Used {
    Wanted,
    Fallback,
}

/// A directory that can't be written, and where its files are written instead.
#[derive(Debug)]
pub struct MovedRoot {
    /// The directory.
    pub wanted: PathBuf,
    /// The directory in which its files are written from now on.
    pub used: PathBuf,
    /// The reason that the directory can't be written.
    pub error: FailureCause,
}

impl Root {
    /// Tries which of the two can be written. If neither can, the wanted one is used, and writing fails with the
    /// reason.
    pub fn choose(
        disk: &dyn Disk,
        wanted: PathBuf,
        fallback: PathBuf,
    ) -> (Self, Option<MovedRoot>) {
        let in_wanted = |searches_both| {
            let (wanted, fallback) = (wanted.clone(), fallback.clone());
            Self { wanted, fallback, used: Used::Wanted, searches_both }
        };
        let error = match probe(disk, &wanted, &fallback) {
            // Searched as another place, each of its files would be taken for an older one of itself.
            Ok(Neighbour::Same) => return (in_wanted(false), None),
            Ok(Neighbour::Other) => return (in_wanted(is_reachable(disk, &fallback)), None),
            Err(error) => error,
        };
        if let Err(no_better) = probe(disk, &fallback, &wanted) {
            let (error, no_better) = (with_sources(&error), with_sources(&no_better));
            warn!(%error, %no_better, "neither the data directory nor its fallback can be written");
            return (in_wanted(is_reachable(disk, &fallback)), None);
        }
        let searches_both = is_reachable(disk, &wanted);
        let moved =
            MovedRoot { wanted: wanted.clone(), used: fallback.clone(), error: error.into() };
        (Self { wanted, fallback, used: Used::Fallback, searches_both }, Some(moved))
    }

    /// The part of a path below this directory; `None` if it is elsewhere.
    pub fn inside<'a>(&self, path: &'a Path) -> Option<&'a Path> {
        path.strip_prefix(&self.wanted).ok()
    }

    /// Returns true if a path leads to this directory, which is in another place.
    pub fn is_moved_from_below(&self, path: &Path) -> bool {
        self.used == Used::Fallback && self.wanted.starts_with(path)
    }

    /// Returns true if a path leads to where this directory is written.
    pub fn is_written_below(&self, path: &Path) -> bool {
        self.used_root().starts_with(path)
    }

    /// Returns true if a path is in either place.
    pub fn has(&self, path: &Path) -> bool {
        path.starts_with(&self.wanted) || path.starts_with(&self.fallback)
    }

    /// The path at which something is written.
    pub fn written(&self, inside: &Path) -> PathBuf {
        below(self.used_root(), inside)
    }

    /// The directory that is written.
    pub fn used_root(&self) -> &Path {
        match self.used {
            Used::Wanted => &self.wanted,
            Used::Fallback => &self.fallback,
        }
    }

    /// The directories above the one that is written, if that is the fallback. Code that knows only the wanted one
    /// can't sync them.
    pub fn above_fallback(&self) -> impl Iterator<Item = &Path> {
        let is_used = self.used == Used::Fallback;
        self.fallback.ancestors().skip(1).filter(move |_| is_used)
    }

    /// The other place of a path, which isn't written to.
    pub fn elsewhere(&self, inside: &Path) -> Option<PathBuf> {
        let other = match self.used {
            Used::Wanted => &self.fallback,
            Used::Fallback => &self.wanted,
        };
        self.searches_both.then(|| below(other, inside))
    }

    /// The places where something may be, the newer first. The fallback is newer, since it holds only what was written
    /// while the wanted place could not be.
    pub fn searched(&self, inside: &Path) -> impl DoubleEndedIterator<Item = PathBuf> + use<> {
        let (written, elsewhere) = (Some(self.written(inside)), self.elsewhere(inside));
        let newer_first = match self.used {
            Used::Wanted => [elsewhere, written],
            Used::Fallback => [written, elsewhere],
        };
        newer_first.into_iter().flatten()
    }

    /// The file that hides a file that is written, if there is one.
    pub fn shadow(&self, inside: &Path) -> Option<PathBuf> {
        self.elsewhere(inside).filter(|_| self.used == Used::Wanted)
    }
}

/// The root itself isn't to end in a slash.
fn below(root: &Path, inside: &Path) -> PathBuf {
    if inside.as_os_str().is_empty() { root.to_owned() } else { root.join(inside) }
}

/// Returns true if a directory can be listed, or isn't there and may be later. A directory that can't be listed is
/// ignored, so that it isn't in the way of all else.
fn is_reachable(disk: &dyn Disk, directory: &Path) -> bool {
    match disk.list(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            debug!(directory = %directory.display(), %error, "what lies here can't be found");
            false
        }
        _ => true,
    }
}

/// Another directory, compared with one that was tried.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Neighbour {
    /// The same one, by another path.
    Same,
    /// Another one.
    Other,
}

/// Does in a directory all that is done to files later on, and leaves nothing but the directory.
fn probe(disk: &dyn Disk, root: &Path, other: &Path) -> Result<Neighbour, StoreError> {
    create_directory(disk, root)?;
    let path = Layout::unfinished(&root.join(PROBE));
    let mut file = disk.create_new(&path).attempt(StoreAction::CreateFile, &path)?;
    let appended = file.append(&PROBE_BYTES).attempt(StoreAction::Append, &path);
    let written = appended.and_then(|()| file.sync().attempt(StoreAction::Sync, &path));
    drop(file);
    let beside = path.file_name().map(|name| other.join(name));
    let is_same = beside.is_some_and(|path| disk.open(&path).is_ok());
    let removed = disk.remove(&path).attempt(StoreAction::RemoveFile, &path);
    written.and(removed)?;
    Ok(if is_same { Neighbour::Same } else { Neighbour::Other })
}
