//! A session's files in the replica, as a mirror reads them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;

use xxhash_rust::xxh3::Xxh3;

use crate::disk::Layout;
use crate::replica::extents::Extents;
use crate::replica::{
    Direct, Extent, FileName, FileState, Files, Log, ReadError, Source, block_on,
};

/// The files of a session in the replica, at one moment of its log. At most one entry of it is in memory.
pub(super) struct ReplicaSource {
    files: Files,
    extents: RefCell<Extents<Direct>>,
}

impl ReplicaSource {
    pub fn new(reach: &Direct, log: &Log) -> Result<Self, ReadError> {
        let extents = RefCell::new(Extents::of(reach, log.session()));
        Ok(Self { files: log.replay()?, extents })
    }

    /// The files, but for those that are still being written under another name.
    pub fn all(&self) -> impl Iterator<Item = (&FileName, &FileState)> {
        let is_whole = |name: &FileName| Layout::place_of_unfinished(name.name()).is_none();
        self.files.all().iter().filter(move |(name, _)| is_whole(name))
    }

    pub fn get(&self, name: &FileName) -> Option<&FileState> {
        self.files.get(name)
    }

    /// A number of what a file holds. A copy that was begun goes on if the file is still the same, also in another process.
    pub fn number(&self, name: &FileName) -> u64 {
        let mut hash = Xxh3::new();
        hash.update(name.name().as_bytes());
        for Extent { len, hash: piece, .. } in self.get(name).iter().flat_map(|it| &it.extents) {
            hash.update(&len.to_le_bytes());
            hash.update(&piece.to_le_bytes());
        }
        hash.digest()
    }

    fn read_piece(&self, name: &FileName, offset: u64, len: u64) -> Result<Vec<u8>, ReadError> {
        let (mut at, end, mut bytes) = (0, offset.saturating_add(len), Vec::new());
        let mut extents = self.extents.borrow_mut();
        for extent in self.get(name).iter().flat_map(|file| &file.extents) {
            let (first, after) = (at, at + extent.len);
            at = after;
            if after <= offset || first >= end {
                continue;
            }
            let piece = block_on(extents.read(*extent))?;
            let [from, to] = [offset.max(first) - first, end.min(after) - first]
                .map(|at| usize::try_from(at).unwrap_or(usize::MAX));
            bytes.extend_from_slice(piece.get(from..to).unwrap_or_default());
        }
        Ok(bytes)
    }
}

impl Source for ReplicaSource {
    fn files(&self) -> io::Result<BTreeMap<FileName, u64>> {
        Ok(self.all().map(|(name, file)| (name.clone(), file.bytes)).collect())
    }

    fn read(&self, name: &FileName, offset: u64, len: u64) -> io::Result<Vec<u8>> {
        let bytes = self.read_piece(name, offset, len).map_err(io::Error::other)?;
        match bytes.len() as u64 == len {
            true => Ok(bytes),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}
