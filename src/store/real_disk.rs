//! The disk of this machine.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use super::directory::has_no_syncs;
use super::replacing::{put_over, slot_aside, small_file_aside};
use super::{AppendFile, DirEntry, Disk, Lock, Room};
use crate::journal::{ReadAt, random_u64};

/// The file system, through the standard library.
///
/// What a sync means is up to the platform: `fdatasync` on Linux, `F_FULLFSYNC` on macOS,
/// `FlushFileBuffers` on Windows.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn AppendFile>> {
        let file = owner_only().append(true).create_new(true).open(path)?;
        Ok(Box::new(NewFile { file }))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadAt>> {
        Ok(Arc::new(OpenFile::new(File::open(path)?)))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<DirEntry>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(directory)? {
            entries.extend(describe(&entry?)?);
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path)
    }

    #[cfg(unix)]
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        // The parent of a relative name is empty.
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let directory = File::open(path)?;
        directory.sync_all().or_else(|error| weaker_sync(&directory, error)).map_err(|error| {
            // With this, some FUSE file systems say of a directory that is surely open that they
            // can't sync any.
            let is_refusal = error.raw_os_error() == Some(rustix::io::Errno::BADF.raw_os_error());
            if is_refusal { io::ErrorKind::Unsupported.into() } else { error }
        })
    }

    /// Windows has no way to sync a directory: NTFS journals its entries, best effort.
    #[cfg(not(unix))]
    fn sync_dir(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        replace_by_rename(path, bytes, Durability::Synced)?;
        match self.sync_dir(path.parent().unwrap_or(path)) {
            // There is nothing better to be had on such a file system.
            Err(error) if has_no_syncs(&error) => Ok(()),
            synced => synced,
        }
    }

    fn replace_unsynced(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        replace_by_rename(path, bytes, Durability::Unsynced)
    }

    fn put_in_place(&self, written: &Path, place: &Path) -> io::Result<()> {
        put_over(written, place, &slot_aside(place), rename)
    }

    #[cfg(unix)]
    fn room(&self, path: &Path) -> io::Result<Room> {
        use std::os::unix::fs::MetadataExt;
        let file_system = rustix::fs::statvfs(path)?;
        let free = file_system.f_bavail.saturating_mul(file_system.f_frsize);
        Ok(Room { free, file_system: fs::metadata(path)?.dev() })
    }

    #[cfg(windows)]
    fn room(&self, path: &Path) -> io::Result<Room> {
        let volume = fs::canonicalize(path)?;
        let volume = volume.components().next().ok_or(io::ErrorKind::InvalidInput)?;
        let file_system = xxh3_64(volume.as_os_str().as_encoded_bytes());
        Ok(Room { free: fs4::available_space(path)?, file_system })
    }

    #[cfg(not(any(unix, windows)))]
    fn room(&self, _: &Path) -> io::Result<Room> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn read(&self, path: &Path, max_len: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let limit = (max_len as u64).saturating_add(1);
        let file = match File::open(path) {
            // Another was about to take its place.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                File::open(small_file_aside(path)).map_err(|_| error)?
            }
            opened => opened?,
        };
        file.take(limit).read_to_end(&mut bytes)?;
        if bytes.len() > max_len {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(bytes)
    }

    #[cfg(test)]
    fn exists(&self, path: &Path) -> io::Result<bool> {
        path.try_exists()
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>> {
        loop {
            let file = owner_only().write(true).create(true).truncate(false).open(path)?;
            match file.try_lock() {
                // Whoever held it before removed the file after it was opened here: try the new one.
                Ok(()) if !is_same_file(&file, path)? => {}
                Ok(()) => return Ok(Some(Box::new(HeldLock { file, path: path.to_owned() }))),
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }

    fn is_locked(&self, path: &Path) -> io::Result<bool> {
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            opened => opened?,
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// Options for files that only their owner can read.
fn owner_only() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn describe(entry: &fs::DirEntry) -> io::Result<Option<DirEntry>> {
    let Ok(name) = entry.file_name().into_string() else { return Ok(None) };
    // Most systems tell this with the name, and a directory of a thousand sessions is listed often.
    if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
        return Ok(Some(DirEntry { name, is_dir: true, len: 0, stamp: 0 }));
    }
    match entry.metadata() {
        Ok(metadata) => {
            let (len, stamp) = (metadata.len(), stamp(&metadata));
            Ok(Some(DirEntry { name, is_dir: metadata.is_dir(), len, stamp }))
        }
        // Removed since the listing began.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Which file it is, and when anything about it changed. The time of change can't be set by hand, so
/// copies that keep the time of writing are noticed as well.
#[cfg(unix)]
fn stamp(metadata: &fs::Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let numbers = [
        metadata.dev(),
        metadata.ino(),
        metadata.mtime().cast_unsigned(),
        metadata.mtime_nsec().cast_unsigned(),
        metadata.ctime().cast_unsigned(),
        metadata.ctime_nsec().cast_unsigned(),
    ];
    mixed(&numbers)
}

#[cfg(not(unix))]
fn stamp(metadata: &fs::Metadata) -> u64 {
    let nanoseconds = |time: io::Result<std::time::SystemTime>| {
        let since = time.ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
        Some(since.as_nanos() as u64)
    };
    let times = [nanoseconds(metadata.created()), nanoseconds(metadata.modified())];
    mixed(&times.map(Option::unwrap_or_default))
}

fn mixed(numbers: &[u64]) -> u64 {
    let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    xxh3_64(&bytes)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Durability {
    Synced,
    Unsynced,
}

/// How every small file is replaced.
fn replace_by_rename(path: &Path, bytes: &[u8], durability: Durability) -> io::Result<()> {
    let temporary = temporary_beside(path)?;
    let replaced = write_new(&temporary, bytes, durability)
        .and_then(|()| put_over(&temporary, path, &small_file_aside(path), rename));
    if replaced.is_err() {
        // Whether this works or not, the first error is the one that tells what happened.
        let _ = fs::remove_file(&temporary);
    }
    replaced
}

fn rename(written: &Path, place: &Path) -> io::Result<()> {
    fs::rename(written, place)
}

fn write_new(path: &Path, bytes: &[u8], durability: Durability) -> io::Result<()> {
    let mut file = owner_only().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    if durability == Durability::Unsynced {
        return Ok(());
    }
    file.sync_all().or_else(|error| weaker_sync(&file, error))
}

/// A name in the same directory, since a rename can't cross file systems.
fn temporary_beside(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut temporary = name.to_owned();
    temporary.push(format!(".{:016x}.new", random_u64()));
    Ok(path.with_file_name(temporary))
}

/// Whether `path` leads to the file that is open.
#[cfg(unix)]
fn is_same_file(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let there = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        there => there?,
    };
    let here = file.metadata()?;
    Ok((here.dev(), here.ino()) == (there.dev(), there.ino()))
}

/// A file that is open can't be moved away or replaced on these systems, so a name is enough.
#[cfg(not(unix))]
fn is_same_file(_: &File, path: &Path) -> io::Result<bool> {
    path.try_exists()
}

#[derive(Debug)]
struct NewFile {
    file: File,
}

impl AppendFile for NewFile {
    fn is_at(&self, path: &Path) -> io::Result<bool> {
        is_same_file(&self.file, path)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data().or_else(|error| weaker_sync(&self.file, error))
    }
}

/// `F_FULLFSYNC`, which the standard library uses here, isn't known to every file system. What they have
/// then is `fsync`: the drive has it all, and may still lose it in a power cut.
#[cfg(target_vendor = "apple")]
fn weaker_sync(file: &File, refused: io::Error) -> io::Result<()> {
    use rustix::io::Errno;

    let refusals = [Errno::NOTSUP, Errno::OPNOTSUPP, Errno::INVAL, Errno::NOTTY];
    let is_refusal = refused
        .raw_os_error()
        .is_some_and(|code| refusals.iter().any(|refusal| refusal.raw_os_error() == code));
    if is_refusal { Ok(rustix::fs::fsync(file)?) } else { Err(refused) }
}

/// Elsewhere there is one kind of sync.
#[cfg(not(target_vendor = "apple"))]
fn weaker_sync(_: &File, refused: io::Error) -> io::Result<()> {
    Err(refused)
}

/// The operating system releases the lock when the file is closed.
#[derive(Debug)]
struct HeldLock {
    file: File,
    path: PathBuf,
}

impl Drop for HeldLock {
    /// The file is of no use without its lock, and there would be one for each session and process
    /// that ever was. Where a file can't be removed while it is open, it stays.
    fn drop(&mut self) {
        if cfg!(unix) && is_same_file(&self.file, &self.path).unwrap_or(false) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Lock for HeldLock {
    fn is_held(&self) -> io::Result<bool> {
        is_same_file(&self.file, &self.path)
    }
}

#[cfg(any(unix, windows))]
#[derive(Debug)]
struct OpenFile {
    file: File,
}

#[cfg(any(unix, windows))]
impl OpenFile {
    fn new(file: File) -> Self {
        Self { file }
    }
}

#[cfg(unix)]
impl ReadAt for OpenFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.file, buffer, offset)
    }
}

#[cfg(windows)]
impl ReadAt for OpenFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn read_exact_at(&self, mut offset: u64, mut buffer: &mut [u8]) -> io::Result<()> {
        use std::os::windows::fs::FileExt;

        while !buffer.is_empty() {
            match self.file.seek_read(buffer, offset) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => {
                    buffer = buffer.get_mut(read..).unwrap_or_default();
                    offset += read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Elsewhere there is one position per file, which readers share.
#[cfg(not(any(unix, windows)))]
#[derive(Debug)]
struct OpenFile {
    file: std::sync::Mutex<File>,
}

#[cfg(not(any(unix, windows)))]
impl OpenFile {
    fn new(file: File) -> Self {
        Self { file: std::sync::Mutex::new(file) }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, File> {
        self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(not(any(unix, windows)))]
impl ReadAt for OpenFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.lock().metadata()?.len())
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        use std::io::{Seek, SeekFrom};

        let mut file = self.lock();
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(buffer)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn files_and_directories_belong_to_their_owner_only() {
        let directory = tempfile::tempdir().unwrap();
        let inner = directory.path().join("inner");
        RealDisk.create_dir(&inner).unwrap();
        RealDisk.create_new(&inner.join("a")).unwrap();
        RealDisk.replace(&inner.join("b"), b"x").unwrap();
        let _lock = RealDisk.try_lock(&inner.join("c")).unwrap();

        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&inner), 0o700);
        for name in ["a", "b", "c"] {
            assert_eq!(mode(&inner.join(name)), 0o600, "mode of {name}");
        }
    }

    #[test]
    fn a_replacement_that_fails_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("target");
        RealDisk.create_dir(&target).unwrap();
        assert!(RealDisk.replace(&target, b"x").is_err(), "a directory can't be replaced");
        let names: Vec<_> = RealDisk.list(directory.path()).unwrap();
        assert_eq!(names.len(), 1, "no temporary file should remain");
    }
}
