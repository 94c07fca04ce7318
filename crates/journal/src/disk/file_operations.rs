//! The few file operations that the store is made of.

use std::fmt::Debug;
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::format::ReadAt;

/// A file system, reduced to what a journal of append-only files needs.
///
/// # Contract
///
/// - Files and directories that are created can be read and written by their owner only.
/// - A file is written by the one who created it, and only at its end. Nothing is ever truncated,
///   overwritten or renamed, except by [`Self::replace`] and [`Self::replace_unsynced`], which are
///   for small files, and by [`Self::put_in_place`], which is for slots. None of them is for a part of
///   a journal.
/// - Synced data, together with the entries of the directories on the way to it, is there after the machine stopped.
///   Data that wasn't synced may be there in part.
/// - Every operation may fail at any time with any [`io::Error`], and says so.
pub trait Disk: Debug + Send + Sync {
    /// Creates a file that doesn't exist yet, to be appended to.
    ///
    /// Fails with [`io::ErrorKind::AlreadyExists`] otherwise.
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn AppendFile>>;

    /// Opens a file for reading, also while its writer appends to it.
    ///
    /// It may be closed and opened again between two reads, so that any number can be read from. One
    /// that this process removes meanwhile stays readable for who has a `ReadAt::hold` on it.
    /// [`io::ErrorKind::ResourceBusy`], here and in any read, means that no more files may be open
    /// now, which says nothing about this one.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadAt>>;

    /// The entries of a directory, by name. Names that aren't Unicode are none of ours and left out.
    fn list(&self, directory: &Path) -> io::Result<Vec<DirEntry>>;

    /// Creates a directory in one that exists.
    ///
    /// Fails with [`io::ErrorKind::AlreadyExists`] if it does already.
    fn create_dir(&self, path: &Path) -> io::Result<()>;

    /// Makes the entries of a directory durable: which names it holds, not what is in those files.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Removes an empty directory.
    fn remove_dir(&self, path: &Path) -> io::Result<()>;

    /// Puts `bytes` in the place of a small file, durably: whenever the machine stops, either the
    /// old content is there or the new.
    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Like [`Self::replace`], but only processes that stop leave the old content or the new. If
    /// the machine stops, the file may be damaged.
    fn replace_unsynced(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Gives a file that was written and synced under another name in the same directory the name
    /// `place`, and takes that from the file that had it: who looks finds the one or the other, whole.
    /// Durable after [`Self::sync_dir`].
    fn put_in_place(&self, written: &Path, place: &Path) -> io::Result<()>;

    /// The room on the file system of a file or directory.
    ///
    /// Fails with [`io::ErrorKind::Unsupported`] if that can't be known.
    fn room(&self, path: &Path) -> io::Result<Room>;

    /// Reads a small file whole.
    ///
    /// Fails with [`io::ErrorKind::FileTooLarge`] if it has more than `max_len` bytes.
    fn read(&self, path: &Path, max_len: usize) -> io::Result<Vec<u8>>;

    /// The copies of a small file, of a disk that keeps files in several places; the one that [`Self::read`] returns
    /// comes first.
    fn copies(&self, path: &Path, max_len: usize) -> Vec<io::Result<Vec<u8>>> {
        vec![self.read(path, max_len)]
    }

    /// Returns true if synced data survives a power cut, as far as is known. On some file systems the drive's own cache
    /// can't be reached.
    fn covers_power_cuts(&self) -> bool {
        true
    }

    /// Returns true if there is a file or directory.
    #[cfg(test)]
    fn exists(&self, path: &Path) -> io::Result<bool>;

    /// Takes the lock of a file, and creates the file if need be; `None` if the lock is held. It is released when the
    /// guard is dropped or the process stops.
    ///
    /// Fails with [`io::ErrorKind::Unsupported`] where the file system has no locks.
    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>>;

    /// Returns true if any process holds the lock of this file. Creates nothing; several may ask at once, but one that
    /// asks can make a [`Self::try_lock`] at the same moment fail.
    fn is_locked(&self, path: &Path) -> io::Result<bool>;
}

/// A new file that is being written.
///
/// There is no way to open one again: after a failed append or sync there is no knowing what is in the
/// file, so it is left as it is and another one is begun.
pub trait AppendFile: Debug + Send {
    /// Appends all of `bytes`. If that fails, any part of them may have been appended.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Makes everything that was appended durable. The file's directory entry isn't covered, see
    /// [`Disk::sync_dir`]. A sync that failed is never tried again on the same file.
    fn sync(&mut self) -> io::Result<()>;

    /// Returns true if `path` leads to this very file, and not to nothing or to a copy that took its place.
    fn is_at(&self, path: &Path) -> io::Result<bool>;
}

/// A lock that is held for as long as this lives.
pub trait Lock: Debug + Send + Sync {
    /// Returns true if the file of the lock is still where it was locked. If it was deleted, another process can lock a
    /// new one of the same name, and neither notices the other.
    ///
    /// It is a single question to the file system, so it can be asked before each acknowledgement.
    fn is_held(&self) -> io::Result<bool>;
}

/// The room on a file system.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Room {
    /// Bytes that can still be written.
    pub free: u64,
    /// The number of the file system. Only to be compared with others of the same process.
    pub file_system: u64,
}

/// Something in a directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DirEntry {
    /// Its name in the directory.
    pub name: String,
    /// True if it is a directory itself.
    pub is_dir: bool,
    /// True if it is a regular file, or a link to one. An entry that is neither that nor a directory isn't ours: it is
    /// reported and left alone.
    pub is_file: bool,
    /// The length of a file; 0 for anything else.
    pub len: u64,
    /// A number that changes when the file is written to or replaced; 0 for anything else. Only to be compared with one
    /// from the same path on the same machine.
    pub stamp: u64,
}
