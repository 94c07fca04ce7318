//! The handles of this process that are open for reading.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use super::{BeingRead, Identity};

/// Files that are open to be read from, beside those that were removed while they were read.
pub const MOST_OPEN: usize = 32;
/// Files that are kept open because they were removed while they were read.
pub const MOST_PINNED: usize = 8;

/// The key of a file that may be read from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FileKey(u64);

/// The handles, and the files that are read from through them.
#[derive(Debug, Default)]
pub struct Pool {
    last_key: u64,
    /// Those that were used last stand at the end.
    open: Vec<Handle>,
    readers: HashMap<PathBuf, Vec<Reader>>,
}

#[derive(Debug)]
struct Handle {
    key: FileKey,
    file: Arc<File>,
    /// True if the file was removed, so that it could not be opened again.
    is_pinned: bool,
}

#[derive(Debug)]
struct Reader {
    key: FileKey,
    identity: Identity,
    /// Shared with the file itself, and with everybody who is in the middle of reading it.
    holds: Arc<()>,
}

impl Reader {
    fn is_held(&self) -> bool {
        const ITSELF_AND_THE_FILE: usize = 2;
        Arc::strong_count(&self.holds) > ITSELF_AND_THE_FILE
    }
}

/// The one pool of this process: what is bounded is what the process may open.
pub fn pool() -> MutexGuard<'static, Pool> {
    static POOL: LazyLock<Mutex<Pool>> = LazyLock::new(Mutex::default);
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    /// Takes in a file that was just opened.
    pub fn admit(
        &mut self,
        path: &Path,
        identity: Identity,
        holds: Arc<()>,
        file: Arc<File>,
    ) -> FileKey {
        self.last_key += 1;
        let key = FileKey(self.last_key);
        self.readers.entry(path.to_owned()).or_default().push(Reader { key, identity, holds });
        self.put(key, file);
        key
    }

    /// The handle of a file, if it is open.
    pub fn find(&mut self, key: FileKey) -> Option<Arc<File>> {
        let position = self.open.iter().position(|handle| handle.key == key)?;
        let handle = self.open.remove(position);
        let file = Arc::clone(&handle.file);
        self.open.push(handle);
        Some(file)
    }

    /// Keeps a handle, and closes the one that was used longest ago if there are too many.
    pub fn put(&mut self, key: FileKey, file: Arc<File>) {
        self.open.push(Handle { key, file, is_pinned: false });
        if self.open.iter().filter(|handle| !handle.is_pinned).count() > MOST_OPEN
            && let Some(oldest) = self.open.iter().position(|handle| !handle.is_pinned)
        {
            self.open.remove(oldest);
        }
    }

    /// Closes all but those that could not be opened again.
    pub fn close_all(&mut self) {
        self.open.retain(|handle| handle.is_pinned);
    }

    /// No one reads from the file any more.
    pub fn dismiss(&mut self, key: FileKey, path: &Path) {
        self.open.retain(|handle| handle.key != key);
        let Some(readers) = self.readers.get_mut(path) else { return };
        readers.retain(|reader| reader.key != key);
        if readers.is_empty() {
            self.readers.remove(path);
        }
    }

    /// The files of this name that are being read.
    pub fn read_from(&mut self, path: &Path) -> Vec<(FileKey, Identity)> {
        let readers = self.readers.get(path).map(Vec::as_slice).unwrap_or_default();
        let (held, idle): (Vec<_>, Vec<_>) = readers.iter().partition(|reader| reader.is_held());
        if cfg!(windows) {
            // There a file that is open keeps its name.
            self.open.retain(|handle| idle.iter().all(|reader| reader.key != handle.key));
        }
        held.into_iter().map(|reader| (reader.key, reader.identity)).collect()
    }

    /// Keeps a file open for as long as it is read from; false if it isn't open.
    pub fn pin(&mut self, key: FileKey) -> io::Result<bool> {
        let pinned = self.open.iter().filter(|handle| handle.is_pinned).count();
        let Some(handle) = self.open.iter_mut().find(|handle| handle.key == key) else {
            return Ok(false);
        };
        if !handle.is_pinned && pinned >= MOST_PINNED {
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, BeingRead));
        }
        handle.is_pinned = true;
        Ok(true)
    }

    /// The number of open handles.
    #[cfg(all(test, unix))]
    pub fn count(&self) -> usize {
        self.open.len()
    }
}
