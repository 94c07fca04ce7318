//! A disk that says what it does.

#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::{Level, Span, field, span_enabled, trace, trace_span};

use super::{AppendFile, DirEntry, Disk, Lock, Room};
use crate::format::{Hold, ReadAt};
use crate::model::clock::instant;

/// Another disk, with a span for each operation.
///
/// Spans are of the level TRACE and named `disk`. Their fields are `operation`; `place` and `path`, the name of the
/// root below which it is done and the path from there on; and `bytes`, where some are written or read. An event at the
/// end of each has the time that it took (`elapsed`), and the error of the operating system if it failed (`error`).
/// With the level off, an operation costs one comparison more.
#[derive(Debug)]
pub struct TracedDisk {
    disk: Arc<dyn Disk>,
    tracer: Tracer,
}

impl TracedDisk {
    /// The same disk. Paths below one of `roots` are given from there on, with the name of the root.
    pub fn new(
        disk: Arc<dyn Disk>,
        roots: impl IntoIterator<Item = (&'static str, PathBuf)>,
    ) -> Self {
        Self { disk, tracer: Tracer { roots: roots.into_iter().collect() } }
    }
}

/// The maker of spans.
#[derive(Clone, Debug)]
struct Tracer {
    roots: Arc<[(&'static str, PathBuf)]>,
}

impl Tracer {
    /// Does something, with a span around it if anybody wants one. The span is handed on so that `bytes`
    /// can be recorded that weren't known before.
    fn run<T>(
        &self,
        operation: &'static str,
        path: &Path,
        bytes: Option<usize>,
        run: impl FnOnce(&Span) -> io::Result<T>,
    ) -> io::Result<T> {
        if !span_enabled!(Level::TRACE) {
            return run(&Span::none());
        }
        let (place, inside) = self.place_of(path);
        let path = inside.display();
        let span = trace_span!("disk", operation, place, %path, bytes = field::Empty);
        if let Some(bytes) = bytes {
            span.record("bytes", bytes);
        }
        let begun = instant();
        let result = span.in_scope(|| run(&span));
        let elapsed = begun.elapsed();
        match &result {
            Ok(_) => trace!(parent: &span, ?elapsed, "done"),
            Err(error) => trace!(parent: &span, ?elapsed, %error, "failed"),
        }
        result
    }

    /// The root of a path, the innermost if there are several, and the path within it.
    fn place_of<'a>(&self, path: &'a Path) -> (Option<&'static str>, &'a Path) {
        let found = self.roots.iter().filter_map(|(name, root)| {
            let inside = path.strip_prefix(root).ok()?;
            Some((Some(*name), inside))
        });
        found.min_by_key(|(_, inside)| inside.components().count()).unwrap_or((None, path))
    }
}

impl Disk for TracedDisk {
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn AppendFile>> {
        let file = self.tracer.run("create", path, None, |_| self.disk.create_new(path))?;
        Ok(Box::new(TracedFile { file, path: path.to_owned(), tracer: self.tracer.clone() }))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadAt>> {
        let file = self.tracer.run("open", path, None, |_| self.disk.open(path))?;
        Ok(Arc::new(TracedReader { file, path: path.to_owned(), tracer: self.tracer.clone() }))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<DirEntry>> {
        self.tracer.run("list", directory, None, |_| self.disk.list(directory))
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.tracer.run("create_dir", path, None, |_| self.disk.create_dir(path))
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.tracer.run("sync_dir", path, None, |_| self.disk.sync_dir(path))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.tracer.run("remove", path, None, |_| self.disk.remove(path))
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.tracer.run("remove_dir", path, None, |_| self.disk.remove_dir(path))
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let replace = |_: &Span| self.disk.replace(path, bytes);
        self.tracer.run("replace", path, Some(bytes.len()), replace)
    }

    fn replace_unsynced(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let replace = |_: &Span| self.disk.replace_unsynced(path, bytes);
        self.tracer.run("replace_unsynced", path, Some(bytes.len()), replace)
    }

    fn put_in_place(&self, written: &Path, place: &Path) -> io::Result<()> {
        self.tracer.run("put_in_place", place, None, |_| self.disk.put_in_place(written, place))
    }

    fn room(&self, path: &Path) -> io::Result<Room> {
        self.tracer.run("room", path, None, |_| self.disk.room(path))
    }

    fn read(&self, path: &Path, max_len: usize) -> io::Result<Vec<u8>> {
        self.tracer.run("read", path, None, |span| {
            let bytes = self.disk.read(path, max_len)?;
            span.record("bytes", bytes.len());
            Ok(bytes)
        })
    }

    fn copies(&self, path: &Path, max_len: usize) -> Vec<io::Result<Vec<u8>>> {
        self.disk.copies(path, max_len)
    }

    fn covers_power_cuts(&self) -> bool {
        self.disk.covers_power_cuts()
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>> {
        let lock = self.tracer.run("lock", path, None, |_| self.disk.try_lock(path))?;
        let (path, tracer) = (path.to_owned(), self.tracer.clone());
        Ok(lock.map(|lock| Box::new(TracedLock { lock, path, tracer }) as Box<dyn Lock>))
    }

    fn is_locked(&self, path: &Path) -> io::Result<bool> {
        self.tracer.run("is_locked", path, None, |_| self.disk.is_locked(path))
    }
}

/// A new file that is written.
#[derive(Debug)]
struct TracedFile {
    file: Box<dyn AppendFile>,
    path: PathBuf,
    tracer: Tracer,
}

impl AppendFile for TracedFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Self { file, path, tracer } = self;
        tracer.run("append", path, Some(bytes.len()), |_| file.append(bytes))
    }

    fn sync(&mut self) -> io::Result<()> {
        let Self { file, path, tracer } = self;
        tracer.run("sync", path, None, |_| file.sync())
    }

    fn is_at(&self, path: &Path) -> io::Result<bool> {
        self.tracer.run("is_at", path, None, |_| self.file.is_at(path))
    }
}

/// A lock that is held.
#[derive(Debug)]
struct TracedLock {
    lock: Box<dyn Lock>,
    path: PathBuf,
    tracer: Tracer,
}

impl Lock for TracedLock {
    fn is_held(&self) -> io::Result<bool> {
        self.tracer.run("is_held", &self.path, None, |_| self.lock.is_held())
    }
}

/// A file that is read.
struct TracedReader {
    file: Arc<dyn ReadAt>,
    path: PathBuf,
    tracer: Tracer,
}

impl ReadAt for TracedReader {
    fn len(&self) -> io::Result<u64> {
        self.tracer.run("length", &self.path, None, |_| self.file.len())
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let bytes = Some(buffer.len());
        self.tracer.run("read_at", &self.path, bytes, |_| self.file.read_exact_at(offset, buffer))
    }

    fn hold(&self) -> Hold {
        self.file.hold()
    }
}
