//! Copies a file a slice at a time: beside its place, synced and read back before it is put there.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::slices::{SLICE_BYTES, SYNC_EVERY};
use crate::disk::{AppendFile, Attempt, Disk, Layout, ReadAt, StoreAction, StoreError};

/// A file that is being copied, from one disk to another or within one.
pub(super) struct FileCopy {
    from: Side,
    file: Box<dyn AppendFile>,
    written: PathBuf,
    place: PathBuf,
    len: u64,
    at: u64,
    unsynced: u64,
    read_back: Option<Pair>,
}

impl FileCopy {
    /// Begins to copy a file to a place of this path.
    pub(super) fn begin(
        (from, source): (&dyn Disk, PathBuf),
        (to, place): (&dyn Disk, PathBuf),
    ) -> Result<Self, StoreError> {
        let (from, written) = (Side::open(from, source)?, Layout::unfinished(&place));
        let len = from.len()?;
        let file = to.create_new(&written).attempt(StoreAction::CreateFile, &written)?;
        Ok(Self { from, file, written, place, len, at: 0, unsynced: 0, read_back: None })
    }

    /// The file beside its place.
    pub(super) fn written(&self) -> &Path {
        &self.written
    }

    /// Its length.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Copies a slice. Returns true if there is more.
    pub(super) fn write_on(&mut self) -> Result<bool, StoreError> {
        let len = (self.len - self.at).min(SLICE_BYTES as u64);
        let bytes = self.from.read(self.at, len)?;
        self.file.append(&bytes).attempt(StoreAction::Append, &self.written)?;
        (self.at, self.unsynced) = (self.at + len, self.unsynced + len);
        let is_whole = self.at >= self.len;
        if is_whole || self.unsynced >= SYNC_EVERY {
            self.file.sync().attempt(StoreAction::Sync, &self.written)?;
            self.unsynced = 0;
        }
        Ok(!is_whole)
    }

    /// Reads a slice back. Returns true if there is more.
    pub(super) fn read_back(&mut self, from: &dyn Disk, to: &dyn Disk) -> Result<bool, StoreError> {
        let pair = match self.read_back.take() {
            Some(pair) => pair,
            None => {
                let one = Side::open(from, self.from.path.clone())?;
                Pair::of(one, Side::open(to, self.written.clone())?)
            }
        };
        match self.read_back.insert(pair).compare_on()? {
            Compared::Equal => Ok(false),
            Compared::SoFar => Ok(true),
            Compared::Different => {
                let why = "what was written isn't what is read back";
                let other = io::Error::new(io::ErrorKind::InvalidData, why);
                Err(other).attempt(StoreAction::Read, &self.written)
            }
        }
    }

    /// Gives it its name.
    pub(super) fn put_in_place(mut self, to: &dyn Disk) -> Result<(), StoreError> {
        self.read_back = None;
        let put = to.put_in_place(&self.written, &self.place);
        let put = put.attempt(StoreAction::Replace, &self.place);
        if put.is_err() {
            self.remove(to);
        }
        put
    }

    /// Gives it up. What can't be removed is removed when it is copied again.
    pub(super) fn remove(self, to: &dyn Disk) {
        let Self { written, file, read_back, .. } = self;
        drop((file, read_back));
        let _ = to.remove(&written);
    }
}

/// A file and its copy, compared a slice at a time.
pub(super) struct Pair {
    one: Side,
    other: Side,
    at: u64,
}

/// The outcome of a slice of a comparison.
pub(super) enum Compared {
    Equal,
    Different,
    /// There is more.
    SoFar,
}

impl Pair {
    pub(super) fn of(one: Side, other: Side) -> Self {
        Self { one, other, at: 0 }
    }

    pub(super) fn paths(&self) -> (&Path, &Path) {
        (&self.one.path, &self.other.path)
    }

    /// Compares a slice.
    pub(super) fn compare_on(&mut self) -> Result<Compared, StoreError> {
        let (len, other) = (self.one.len()?, self.other.len()?);
        if len != other {
            return Ok(Compared::Different);
        }
        let slice = (len - self.at).min(SLICE_BYTES as u64);
        let is_same = self.one.read(self.at, slice)? == self.other.read(self.at, slice)?;
        self.at += slice;
        Ok(match is_same {
            false => Compared::Different,
            true if self.at < len => Compared::SoFar,
            true => Compared::Equal,
        })
    }
}

/// A file that is read.
pub(super) struct Side {
    path: PathBuf,
    file: Arc<dyn ReadAt>,
}

impl Side {
    pub(super) fn open(disk: &dyn Disk, path: PathBuf) -> Result<Self, StoreError> {
        let file = disk.open(&path).attempt(StoreAction::Open, &path)?;
        Ok(Self { path, file })
    }

    fn len(&self) -> Result<u64, StoreError> {
        self.file.len().attempt(StoreAction::Read, &self.path)
    }

    fn read(&self, at: u64, len: u64) -> Result<Vec<u8>, StoreError> {
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(SLICE_BYTES)];
        let read = self.file.read_exact_at(at, &mut bytes);
        read.attempt(StoreAction::Read, &self.path).map(|()| bytes)
    }
}
