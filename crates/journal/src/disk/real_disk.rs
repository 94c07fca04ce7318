//! The disk of this machine.

#![expect(clippy::disallowed_methods, reason = "this is the disk")]

mod locks;
#[cfg(any(windows, test))]
mod patience;
mod syncs;
#[cfg(windows)]
mod windows;

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use xxhash_rust::xxh3::xxh3_64;

use super::directory_syncs::has_no_syncs;
use super::open_files::{self, OpenFile, open_at_once, open_regular, with_a_free_handle};
use super::replacing::{open_small_file, put_over, slot_aside, small_file_aside};
use super::{AppendFile, DirEntry, Disk, Lock, Room};
use crate::format::ReadAt;
use crate::model::ids::random_u64;

pub use syncs::sync_all;

/// The file system, through the standard library.
///
/// The meaning of a sync is up to the platform: `fdatasync` on Linux and Android, `F_FULLFSYNC` on macOS and iOS, or
/// `fsync` where a file system refuses that, and `FlushFileBuffers` on Windows. There another program that has a file
/// can keep it from the game, and is waited for; an operation takes up to a quarter of a second longer then.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn AppendFile>> {
        let file = patiently(path, || {
            with_a_free_handle(|| owner_only().append(true).create_new(true).open(path))
        })?;
        Ok(Box::new(NewFile { file }))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadAt>> {
        Ok(Arc::new(OpenFile::open(path)?))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<DirEntry>> {
        let mut entries = Vec::new();
        for entry in patiently(directory, || with_a_free_handle(|| fs::read_dir(directory)))? {
            entries.extend(describe(&entry?)?);
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        patiently(path, || owner_only_directory().create(path))
    }

    #[cfg(unix)]
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        // The parent of a relative name is empty.
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let directory = with_a_free_handle(|| File::open(path))?;
        sync_all(&directory).map_err(|error| {
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
        open_files::before_removal(path)?;
        patiently(path, || fs::remove_file(path))
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        patiently(path, || fs::remove_dir(path))
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
        refuse_no_file(place)?;
        open_files::before_removal(place)?;
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
        let limit = (max_len as u64).saturating_add(1);
        let bytes = patiently(path, || {
            let mut bytes = Vec::new();
            let open = |path: &Path| open_at_once(OpenOptions::new().read(true), path);
            open_small_file(path, open)?.take(limit).read_to_end(&mut bytes)?;
            Ok(bytes)
        })?;
        if bytes.len() > max_len {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(bytes)
    }

    fn covers_power_cuts(&self) -> bool {
        syncs::were_all_full()
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>> {
        let mut tries = 0;
        loop {
            let file = open_lock(path)?;
            match locks::try_lock(&file) {
                // The holder before removed the file after it was opened here: try the new one.
                Ok(()) if !is_same_file(&file, path)? => {}
                Ok(()) => return Ok(Some(Box::new(HeldLock { file, path: path.to_owned() }))),
                // A process that only asks has it for an instant, together with others that ask.
                Err(TryLockError::WouldBlock) if tries < ASKED_TRIES && !is_held(&file)? => {
                    tries += 1;
                    // On a busy machine they may be stopped in that instant, and yielding doesn't let them run.
                    match tries < YIELDS {
                        true => std::thread::yield_now(),
                        false => std::thread::sleep(BETWEEN_TRIES),
                    }
                }
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }

    fn is_locked(&self, path: &Path) -> io::Result<bool> {
        let file = match open_regular(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            opened => opened?,
        };
        is_held(&file)
    }
}

/// The number of tries for a lock while other processes ask about it: for a second at least.
const ASKED_TRIES: u32 = 2_000;
/// The number of tries after which it is waited for longer.
const YIELDS: u32 = 1_000;
const BETWEEN_TRIES: Duration = Duration::from_millis(1);

/// Returns true if a process holds a lock. The answer takes a shared lock, which is released with the file.
fn is_held(file: &File) -> io::Result<bool> {
    match locks::try_lock_shared(file) {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(windows)]
pub(super) use windows::{number_of, patiently};

/// Elsewhere no other program is in the way of one that has the right to a file.
#[cfg(not(windows))]
pub(super) fn patiently<T, F: ?Sized>(
    _: &F,
    mut operation: impl FnMut() -> io::Result<T>,
) -> io::Result<T> {
    operation()
}

/// Options for files that only their owner can read.
#[cfg(unix)]
fn owner_only() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;

    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

/// Elsewhere a file has the rights of its directory, and a player's is the player's alone.
#[cfg(not(unix))]
fn owner_only() -> OpenOptions {
    OpenOptions::new()
}

#[cfg(unix)]
fn owner_only_directory() -> DirBuilder {
    use std::os::unix::fs::DirBuilderExt;

    let mut builder = DirBuilder::new();
    builder.mode(0o700);
    builder
}

#[cfg(not(unix))]
fn owner_only_directory() -> DirBuilder {
    DirBuilder::new()
}

/// Opens the file of a lock for writing, and creates it if need be.
fn open_lock(path: &Path) -> io::Result<File> {
    let mut options = owner_only();
    options.write(true).create(true).truncate(false);
    open_files::open_regular_with(&options, path)
}

/// A small file or slot takes the place of another one, and never of what is none.
fn refuse_no_file(place: &Path) -> io::Result<()> {
    match fs::metadata(place) {
        Ok(there) if there.is_file() => Ok(()),
        Ok(_) => Err(open_files::no_file()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn describe(entry: &fs::DirEntry) -> io::Result<Option<DirEntry>> {
    let Ok(name) = entry.file_name().into_string() else { return Ok(None) };
    // Most systems report this with the name, and a directory of a thousand sessions is listed often.
    let kind = entry.file_type();
    if kind.as_ref().is_ok_and(fs::FileType::is_dir) {
        return Ok(Some(DirEntry { name, is_dir: true, is_file: false, len: 0, stamp: 0 }));
    }
    match look_up(entry, name) {
        // Removed since the listing began.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        found => found.map(Some),
    }
}

#[cfg(windows)]
use windows::describe as look_up;

#[cfg(not(windows))]
fn look_up(entry: &fs::DirEntry, name: String) -> io::Result<DirEntry> {
    let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
    let followed = is_link.then(|| fs::metadata(entry.path()));
    // The target of a link counts if it is a file; a directory elsewhere never does.
    let metadata = followed.and_then(Result::ok).map_or_else(|| entry.metadata(), Ok)?;
    let (len, stamp) = (metadata.len(), stamp(&metadata));
    Ok(DirEntry { name, is_dir: false, is_file: metadata.is_file(), len, stamp })
}

/// A number for the file, and the time at which anything about it changed. The time of change can't be set by hand, so
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

#[cfg(not(any(unix, windows)))]
use stamp_of_times as stamp;

#[cfg(not(unix))]
fn stamp_of_times(metadata: &fs::Metadata) -> u64 {
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

/// Replaces a small file.
fn replace_by_rename(path: &Path, bytes: &[u8], durability: Durability) -> io::Result<()> {
    refuse_no_file(path)?;
    let temporary = temporary_beside(path)?;
    let replaced = write_new(&temporary, bytes, durability)
        .and_then(|()| put_over(&temporary, path, &small_file_aside(path), rename));
    if replaced.is_err() {
        // Even if this fails, the first error is the one that says what happened.
        let _ = fs::remove_file(&temporary);
    }
    replaced
}

fn rename(written: &Path, place: &Path) -> io::Result<()> {
    patiently(place, || fs::rename(written, place))
}

fn write_new(path: &Path, bytes: &[u8], durability: Durability) -> io::Result<()> {
    let mut file = with_a_free_handle(|| owner_only().write(true).create_new(true).open(path))?;
    file.write_all(bytes)?;
    if durability == Durability::Unsynced {
        return Ok(());
    }
    sync_all(&file)
}

/// A name in the same directory, since a rename can't cross file systems.
fn temporary_beside(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut temporary = name.to_owned();
    temporary.push(format!(".{:016x}.new", random_u64()));
    Ok(path.with_file_name(temporary))
}

/// Returns true if `path` leads to the file that is open.
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

#[cfg(windows)]
use windows::is_same_file;

/// If files have no numbers, a name has to do.
#[cfg(not(any(unix, windows)))]
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
        syncs::sync_data(&self.file)
    }
}

/// The operating system releases the lock when the file is closed.
#[derive(Debug)]
struct HeldLock {
    file: File,
    path: PathBuf,
}

impl Drop for HeldLock {
    /// The file is of no use without its lock, and there would be one for each session and process that ever was. If a
    /// file can't be removed while it is open, it stays.
    fn drop(&mut self) {
        if is_same_file(&self.file, &self.path).unwrap_or(false) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Lock for HeldLock {
    fn is_held(&self) -> io::Result<bool> {
        is_same_file(&self.file, &self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At a start all locks are asked about, and another process may begin to play just then.
    #[test]
    fn asking_about_a_lock_never_keeps_another_from_taking_it() {
        use std::sync::atomic::{AtomicBool, Ordering};

        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let _kept = fs::write(&path, b"");
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while !is_over.load(Ordering::Relaxed) {
                        RealDisk.is_locked(&path).unwrap();
                    }
                });
            }
            let taken = (0..2_000).filter(|_| RealDisk.try_lock(&path).unwrap().is_some()).count();
            is_over.store(true, Ordering::Relaxed);
            assert_eq!(taken, 2_000);
        });
    }

    #[test]
    fn a_lock_leaves_no_file_behind() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let lock = RealDisk.try_lock(&path).unwrap();
        assert!(path.exists());
        drop(lock);
        assert_eq!(RealDisk.list(directory.path()).unwrap(), []);
    }

    #[test]
    #[cfg(unix)]
    fn dropping_a_lost_lock_leaves_the_file_of_its_new_holder() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let lost = RealDisk.try_lock(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let held = RealDisk.try_lock(&path).unwrap();
        assert!(held.is_some(), "the new file isn't locked");
        drop(lost);
        assert!(RealDisk.try_lock(&path).unwrap().is_none());
        assert!(held.is_some_and(|held| held.is_held().unwrap()));
    }

    #[test]
    #[cfg(unix)]
    fn threads_that_lock_at_once_never_hold_the_lock_together() {
        use std::sync::atomic::{AtomicUsize, Ordering};

        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let holders = AtomicUsize::new(0);
        let lock_and_unlock = || {
            for _ in 0..3_000 {
                let Some(lock) = RealDisk.try_lock(&path).unwrap() else { continue };
                assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0, "two hold the lock");
                assert!(lock.is_held().unwrap(), "of a file that was removed");
                holders.fetch_sub(1, Ordering::SeqCst);
            }
        };
        std::thread::scope(|scope| (0..3).for_each(|_| drop(scope.spawn(lock_and_unlock))));
    }

    #[test]
    #[cfg(unix)]
    fn files_and_directories_belong_to_their_owner_only() {
        use std::os::unix::fs::PermissionsExt;

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
