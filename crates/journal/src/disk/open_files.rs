//! Files that are open for reading: few at a time in the whole process, however many are read from.
//!
//! A session may have a thousand segments, and a process may open 256 files on some systems. So a file is opened when
//! it is read from, and the ones that were read from longest ago are closed to make room. Opened again, a file must be
//! the one that it was: another one in its place is an error, and never other data.

#![expect(clippy::disallowed_methods, reason = "the disk's open files")]

mod pool;
#[cfg(all(test, unix))]
mod tests;

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::real_disk::patiently;
use crate::format::{Hold, ReadAt};
use pool::{FileKey, pool};
#[cfg(unix)]
use rustix::fs::OFlags;
#[cfg(unix)]
use rustix::io::Errno;

/// Another file is in the place of one that was read from before.
#[derive(Debug, thiserror::Error)]
#[error("another file took its place while it was read")]
struct FileChanged;

/// A device, a pipe, a directory, or a link that leads nowhere is in the place of a file.
#[derive(Debug, thiserror::Error)]
#[error("it isn't a regular file")]
struct NoFile;

/// More files are being read from, and were removed meanwhile, than can be kept open.
#[derive(Debug, thiserror::Error)]
#[error("too many removed files are still being read")]
struct BeingRead;

/// A file to read from, which may be closed and opened again between two reads.
#[derive(Debug)]
pub struct OpenFile {
    key: FileKey,
    path: PathBuf,
    identity: Identity,
    holds: Arc<()>,
}

impl OpenFile {
    /// Opens a file. Never waits, even for a pipe.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = open_regular(path)?;
        let identity = Identity::of(&file)?;
        let holds = Arc::new(());
        let key = pool().admit(path, identity, Arc::clone(&holds), Arc::new(file));
        Ok(Self { key, path: path.to_owned(), identity, holds })
    }

    fn handle(&self) -> io::Result<Arc<File>> {
        if let Some(file) = pool().find(self.key) {
            return Ok(file);
        }
        let file = Arc::new(reopen(&self.path, self.identity)?);
        pool().put(self.key, Arc::clone(&file));
        Ok(file)
    }
}

impl Drop for OpenFile {
    fn drop(&mut self) {
        pool().dismiss(self.key, &self.path);
    }
}

impl ReadAt for OpenFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.handle()?.metadata()?.len())
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        read_exact_at(&*self.handle()?, offset, buffer)
    }

    fn hold(&self) -> Hold {
        Hold::of(Arc::clone(&self.holds))
    }
}

/// Keeps what is being read from a file readable when its name is about to go.
///
/// # Errors
///
/// [`io::ErrorKind::ResourceBusy`] if too many such files are kept open already. The file may be
/// removed later.
pub fn before_removal(path: &Path) -> io::Result<()> {
    let read_from = pool().read_from(path);
    for (key, identity) in read_from {
        if !pool().pin(key)? {
            let file = match reopen(path, identity) {
                // Another program removed or replaced it: nothing is left to be kept.
                Err(error) if error.kind() != io::ErrorKind::ResourceBusy => continue,
                reopened => reopened?,
            };
            pool().put(key, Arc::new(file));
            pool().pin(key)?;
        }
    }
    Ok(())
}

/// Opens a file that was open before.
fn reopen(path: &Path, before: Identity) -> io::Result<File> {
    let file = open_regular(path)?;
    if before.may_have_become(Identity::of(&file)?) {
        return Ok(file);
    }
    Err(io::Error::other(FileChanged))
}

/// Opens a file for reading, if it is a regular one.
pub fn open_regular(path: &Path) -> io::Result<File> {
    open_regular_with(OpenOptions::new().read(true), path)
}

/// Opens a file with these options, if it is a regular one. A pipe without anybody at its other end
/// makes no one wait.
pub fn open_regular_with(options: &OpenOptions, path: &Path) -> io::Result<File> {
    patiently(path, || open_at_once(options, path))
}

/// The same, for callers that wait for other programs themselves.
pub fn open_at_once(options: &OpenOptions, path: &Path) -> io::Result<File> {
    let options = without_waiting(options);
    let opened = with_a_free_handle(|| options.open(path));
    let file = opened.map_err(|error| if is_loop(&error) { no_file() } else { error })?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(no_file()) }
}

/// The same options, with which an open never waits for the other end of a pipe.
#[cfg(unix)]
fn without_waiting(options: &OpenOptions) -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;

    let mut options = options.clone();
    options.custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed());
    options
}

/// Elsewhere no open waits.
#[cfg(not(unix))]
fn without_waiting(options: &OpenOptions) -> OpenOptions {
    options.clone()
}

/// The error for a device, a pipe, or a directory in the place of a file.
pub fn no_file() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, NoFile)
}

/// Returns true if an error says that the path leads to something that is no regular file.
pub fn is_no_file(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|source| source.is::<NoFile>())
        || error.kind() == io::ErrorKind::IsADirectory
}

/// Opens something. If that takes more open files than there may be, those that are only read from
/// are closed first, and it is tried again.
///
/// # Errors
///
/// [`io::ErrorKind::ResourceBusy`] if even that leaves none to be had: others have them all, and it
/// may work later.
pub fn with_a_free_handle<T>(open: impl Fn() -> io::Result<T>) -> io::Result<T> {
    let opened = open();
    if !opened.as_ref().is_err_and(is_out_of_handles) {
        return opened;
    }
    pool().close_all();
    open().map_err(|error| match is_out_of_handles(&error) {
        true => io::Error::new(io::ErrorKind::ResourceBusy, error),
        false => error,
    })
}

/// Returns true if this process, or the whole system, has as many open files as it may.
fn is_out_of_handles(error: &io::Error) -> bool {
    #[cfg(unix)]
    const CODES: [i32; 2] = [Errno::MFILE.raw_os_error(), Errno::NFILE.raw_os_error()];
    /// `ERROR_TOO_MANY_OPEN_FILES`
    #[cfg(not(unix))]
    const CODES: [i32; 1] = [4];
    error.raw_os_error().is_some_and(|code| CODES.contains(&code))
}

/// Returns true if a link leads to itself.
fn is_loop(error: &io::Error) -> bool {
    #[cfg(unix)]
    const CODES: [i32; 1] = [Errno::LOOP.raw_os_error()];
    /// `ERROR_CANT_RESOLVE_FILENAME`
    #[cfg(not(unix))]
    const CODES: [i32; 1] = [1921];
    error.raw_os_error().is_some_and(|code| CODES.contains(&code))
}

/// The identity of a file, and its length.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Identity {
    /// Device and number, where there are such.
    number: (u64, u64),
    /// Numbers are given out again; with the time of birth they aren't.
    created: Option<SystemTime>,
    length: u64,
}

impl Identity {
    fn of(file: &File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        #[cfg(unix)]
        let number = {
            use std::os::unix::fs::MetadataExt;
            (metadata.dev(), metadata.ino())
        };
        #[cfg(windows)]
        let number = super::real_disk::number_of(file)?;
        #[cfg(not(any(unix, windows)))]
        let number = (0, 0);
        Ok(Self { number, created: metadata.created().ok(), length: metadata.len() })
    }

    /// Returns true if it may be the same file. Ours grow, and never get shorter.
    fn may_have_become(self, now: Self) -> bool {
        (self.number, self.created) == (now.number, now.created) && self.length <= now.length
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut offset: u64, mut buffer: &mut [u8]) -> io::Result<()> {
    use std::os::windows::fs::FileExt;

    while !buffer.is_empty() {
        match patiently(file, || file.seek_read(buffer, offset)) {
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

/// Elsewhere there is one position per file, which readers share.
#[cfg(not(any(unix, windows)))]
fn read_exact_at(mut file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
    use std::io::{Read, Seek, SeekFrom};

    static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(buffer)
}
