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
/// **Names.** A path leads through directories that were created; the root, and the empty path, is one that is always
/// there. Where a directory on the way or the thing itself is missing, the error is [`io::ErrorKind::NotFound`], and
/// in no other case: the journal takes for gone what isn't found. Files and directories can be read and written by
/// their owner only.
///
/// **Files.** A file is written by the one who created it, and only at its end. Nothing is ever truncated, overwritten or
/// renamed, except by [`replace`](Self::replace) and [`replace_unsynced`](Self::replace_unsynced), which are for small
/// files, and by [`put_in_place`](Self::put_in_place), which is for slots. None of them is for a part of a journal.
///
/// **Durability.** Once [`AppendFile::sync`] has returned, the bytes of a file survive a stop of the machine, and once
/// [`sync_dir`](Self::sync_dir) has, so do the entries of a directory, removals included. Other bytes and entries may be
/// there in part. A stop of the process alone takes nothing.
///
/// **Failures.** Every operation may fail at any time with any [`io::Error`], and says so: nothing is reported as done
/// that isn't. The journal tries again, on another file.
///
/// **Threads and processes.** Every operation may be called by several threads at once, and by other processes that use
/// the same files, such as a second start of the game. All see a change from the moment on at which its operation
/// returns. Callers wait for it, so it should end within seconds, or fail.
///
/// **Locks.** One process at a time writes a session, by [`try_lock`](Self::try_lock). A disk needs no system's file
/// lock for that. A row of a table, a lease or an entry of a map will do, if the contract of [`Lock`] holds.
///
/// # Examples
///
/// A disk that counts the files that are created, and leaves the rest to another. Methods with a default may be left
/// out; a disk that wraps another one should hand on those as well.
///
/// ```
/// use std::io;
/// use std::path::Path;
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicUsize, Ordering};
///
/// use bevy_session_journal::disk::{AppendFile, DirEntry, Disk, Lock, ReadAt, RealDisk};
///
/// #[derive(Debug, Default)]
/// struct CountedDisk(AtomicUsize);
///
/// impl Disk for CountedDisk {
///     fn create_new(&self, path: &Path) -> io::Result<Box<dyn AppendFile>> {
///         self.0.fetch_add(1, Ordering::Relaxed);
///         RealDisk.create_new(path)
///     }
/// #   fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadAt>> { RealDisk.open(path) }
/// #   fn list(&self, path: &Path) -> io::Result<Vec<DirEntry>> { RealDisk.list(path) }
/// #   fn create_dir(&self, path: &Path) -> io::Result<()> { RealDisk.create_dir(path) }
/// #   fn sync_dir(&self, path: &Path) -> io::Result<()> { RealDisk.sync_dir(path) }
/// #   fn remove(&self, path: &Path) -> io::Result<()> { RealDisk.remove(path) }
/// #   fn remove_dir(&self, path: &Path) -> io::Result<()> { RealDisk.remove_dir(path) }
/// #   fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> { RealDisk.replace(path, bytes) }
/// #   fn put_in_place(&self, from: &Path, to: &Path) -> io::Result<()> { RealDisk.put_in_place(from, to) }
/// #   fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>> { RealDisk.try_lock(path) }
/// #   fn is_locked(&self, path: &Path) -> io::Result<bool> { RealDisk.is_locked(path) }
///     // …and so on.
/// }
///
/// # let directory = tempfile::tempdir()?;
/// let disk = CountedDisk::default();
/// disk.create_new(&directory.path().join("log"))?.append(b"one")?;
/// assert_eq!(disk.0.into_inner(), 1);
/// # Ok::<(), io::Error>(())
/// ```
pub trait Disk: Debug + Send + Sync {
    /// Creates a file that doesn't exist yet, to be appended to.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::AlreadyExists`] if there is a file of this name. Of those who create it at once, one succeeds.
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn AppendFile>>;

    /// Opens a file for reading, also while its writer appends to it. A reader sees what was appended after it was
    /// opened.
    ///
    /// The file may be closed and opened again between two reads, so that any number can be read from. One that this
    /// process removes or replaces meanwhile stays readable for who has a [`ReadAt::hold`] on it.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::ResourceBusy`], here and in any read, means that no more files may be open now, which says
    /// nothing about this one.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadAt>>;

    /// The entries of a directory, sorted by name. Names that aren't Unicode are none of the journal's and left out.
    ///
    /// # Errors
    ///
    /// Any [`io::Error`]. A listing is never a part.
    fn list(&self, directory: &Path) -> io::Result<Vec<DirEntry>>;

    /// Creates a directory in one that exists.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::AlreadyExists`] if it does already.
    fn create_dir(&self, path: &Path) -> io::Result<()>;

    /// Makes the entries of a directory durable: which names it holds, and which no more. The content of those files is a
    /// matter of [`AppendFile::sync`].
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::Unsupported`] or [`io::ErrorKind::InvalidInput`] if the file system can't do that: the journal
    /// then goes on, and says that a power cut may cost more.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    ///
    /// Any [`io::Error`]. The file is there as it was, then.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Removes an empty directory.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::DirectoryNotEmpty`] if it isn't.
    fn remove_dir(&self, path: &Path) -> io::Result<()>;

    /// Puts `bytes` in the place of a small file, durably: whenever the process or the machine stops, and for who reads
    /// meanwhile, either the old content is there or the new. No other name is left in the directory.
    ///
    /// # Errors
    ///
    /// Any [`io::Error`], as where there is a directory in its place. Then the old content is there, or the new.
    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Replaces a small file like [`replace`](Self::replace), but if the machine stops, the file may be damaged. It is
    /// called once a second. The default is `replace`.
    ///
    /// # Errors
    ///
    /// As [`replace`](Self::replace).
    fn replace_unsynced(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.replace(path, bytes)
    }

    /// Gives a file that was written and synced under another name in the same directory the name
    /// `place`, and takes that from the file that had it: who looks finds the one or the other, whole.
    /// Durable after [`sync_dir`](Self::sync_dir).
    ///
    /// # Errors
    ///
    /// Any [`io::Error`]. Then each file has the name that it had.
    fn put_in_place(&self, written: &Path, place: &Path) -> io::Result<()>;

    /// The room on the file system of a file or directory.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::Unsupported`] if that can't be known, which is the default.
    fn room(&self, _path: &Path) -> io::Result<Room> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Reads a small file whole. The default is to [`open`](Self::open) it.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::FileTooLarge`] if it has more than `max_len` bytes.
    fn read(&self, path: &Path, max_len: usize) -> io::Result<Vec<u8>> {
        let file = self.open(path)?;
        let len = usize::try_from(file.len()?).unwrap_or(usize::MAX);
        if len > max_len {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let mut bytes = vec![0; len];
        file.read_exact_at(0, &mut bytes)?;
        Ok(bytes)
    }

    /// The copies of a small file, of a disk that keeps files in several places. The first that could be read is the one
    /// that [`read`](Self::read) returns, and the only one by default.
    fn copies(&self, path: &Path, max_len: usize) -> Vec<io::Result<Vec<u8>>> {
        vec![self.read(path, max_len)]
    }

    /// Returns true if synced data survives a power cut, as far as is known, which is the default. On some file
    /// systems the drive's own cache can't be reached.
    fn covers_power_cuts(&self) -> bool {
        true
    }

    /// Takes the lock of this name; `None` if it is held, by this process or any other. Of those who try at once, one
    /// gets it.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::Unsupported`] if the disk has no locks. Then sessions are played without one, and two processes
    /// that play the same session aren't kept apart.
    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>>;

    /// Returns true if any process holds the lock of this name, this one included. Creates nothing. Several may ask at
    /// once, but one that asks can make a [`try_lock`](Self::try_lock) at the same moment fail.
    ///
    /// # Errors
    ///
    /// As [`try_lock`](Self::try_lock).
    fn is_locked(&self, path: &Path) -> io::Result<bool>;
}

/// A new file that is being written.
///
/// There is no way to open one again: after a failed append or sync there is no knowing what is in the
/// file, so it is left as it is and another one is begun.
pub trait AppendFile: Debug + Send {
    /// Appends all of `bytes`.
    ///
    /// # Errors
    ///
    /// Any [`io::Error`]. Any part of the bytes may have been appended then.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Makes everything that was appended durable. The file's directory entry isn't covered, see
    /// [`Disk::sync_dir`].
    ///
    /// # Errors
    ///
    /// Any [`io::Error`]. A sync that failed is never tried again on the same file.
    fn sync(&mut self) -> io::Result<()>;

    /// Returns true if `path` leads to this very file, and not to nothing or to a copy that took its place.
    ///
    /// # Errors
    ///
    /// Any [`io::Error`] if that can't be known. Nothing at that path is an answer, and no error.
    fn is_at(&self, path: &Path) -> io::Result<bool>;
}

/// A lock that is held for as long as this lives.
///
/// - It is free again once this is dropped, or its process has stopped in any way, or the machine. A store that can't
///   see a process die gives a lease that the holder's process renews, from a thread of the disk's own.
/// - While it is held, the lock is an entry of its directory: a file of that name, whose content is nobody's business. So
///   processes that live can be counted. Once it is free, the entry may stay or go.
/// - [`Disk::remove`] of that entry ends it, whoever holds it. Another one can be taken then, and the end of the
///   former doesn't concern it.
pub trait Lock: Debug + Send + Sync {
    /// Returns true if no other process can have taken the lock since it was taken here: its file wasn't deleted, its
    /// lease hasn't run out.
    ///
    /// It is asked before each acknowledgement, so it should be a single question to the file system.
    ///
    /// # Errors
    ///
    /// Any [`io::Error`] if that can't be known now.
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

/// An entry of a directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DirEntry {
    /// Its name in the directory.
    pub name: String,
    /// True if it is a directory itself.
    pub is_dir: bool,
    /// True if it is a regular file, or a link to one. An entry that is neither that nor a directory isn't the
    /// journal's: it is reported and left alone.
    pub is_file: bool,
    /// The length of a file in bytes; 0 for anything else.
    pub len: u64,
    /// A number that, with `len`, changes when the file is written to or replaced; 0 for anything else. Only to be
    /// compared with one from the same path on the same machine.
    pub stamp: u64,
}
