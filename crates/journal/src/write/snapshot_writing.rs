//! Writes one checkpoint of a session into a new file, a slice at a time: beside its place, synced and read back before
//! it is put there.

use std::ops::ControlFlow::{self, Break, Continue};
use std::path::PathBuf;

use super::group_copy::{CopyFailure, GroupCopy};
use super::open_segment::WriteFailure;
use super::slices::SLICE_BYTES;
use super::snapshot::{Snapshot, not_as_written};
use crate::disk::{DirectoryStore, MergedBlocks, StoredSession};
use crate::format::ReadError;
use crate::model::session::{Archived, RequestError};

/// A file that is being written.
pub(super) struct SnapshotWriting {
    /// The session that it is made of.
    stored: StoredSession,
    snapshot: Snapshot,
    stage: Stage,
}

/// The stage of the writing.
enum Stage {
    Copying(Box<GroupCopy>),
    ReadingBack {
        written: PathBuf,
        /// The blocks left to read; `None` of a summary, which is known by its commit.
        blocks: Option<Box<MergedBlocks>>,
    },
}

/// The rest of the work after a slice; or the session and its new snapshot, once that is in its place, durably.
pub(super) type Written = ControlFlow<(StoredSession, Snapshot), SnapshotWriting>;

impl SnapshotWriting {
    /// Begins to write the file.
    pub(super) fn begin(
        stored: StoredSession,
        mut snapshot: Snapshot,
        what: Archived,
        store: &DirectoryStore,
    ) -> Result<Self, RequestError> {
        let stage = match what {
            Archived::WithWorld => Stage::Copying(snapshot.copy(&stored, store)?),
            Archived::SummaryOnly => {
                let written = snapshot.write_summary(&stored, store)?;
                read_back(store, &snapshot, written)?
            }
        };
        Ok(Self { stored, snapshot, stage })
    }

    /// Does the next slice. If anything fails, the file is removed.
    pub(super) fn step(mut self, store: &DirectoryStore) -> Result<Written, RequestError> {
        self.stage = match self.stage {
            Stage::Copying(copy) => {
                let snapshot = &self.snapshot;
                let complete = |segment| snapshot.complete(segment, store);
                match copy.step(store, SLICE_BYTES, complete) {
                    Ok(Continue(copy)) => Stage::Copying(copy),
                    Ok(Break(written)) => read_back(store, &self.snapshot, written)?,
                    Err(failure) if failure.is_damage() && snapshot.takes_another() => {
                        return copy_what_is_whole(self.stored, self.snapshot, store);
                    }
                    Err(failure) => return Err(failure.into()),
                }
            }
            Stage::ReadingBack { written, blocks } => {
                let rest = match blocks.map(read_slice).transpose() {
                    Ok(rest) => rest.flatten(),
                    Err(error) => {
                        let _ = store.remove_segment(&written);
                        return Err(error.into());
                    }
                };
                let Some(blocks) = rest else {
                    self.snapshot.put_in_place(store, &written)?;
                    let Self { stored, snapshot, .. } = self;
                    return Ok(Break((stored, snapshot)));
                };
                Stage::ReadingBack { written, blocks: Some(blocks) }
            }
        };
        Ok(Continue(self))
    }

    /// Gives it up, and removes the file.
    pub(super) fn let_go(self, store: &DirectoryStore) {
        match self.stage {
            Stage::Copying(copy) => copy.abandon(store),
            Stage::ReadingBack { written, blocks } => {
                drop(blocks);
                let _ = store.remove_segment(&written);
            }
        }
    }
}

/// The newest checkpoint turned out to be damaged: the newest one that is whole is kept.
fn copy_what_is_whole(
    mut stored: StoredSession,
    mut snapshot: Snapshot,
    store: &DirectoryStore,
) -> Result<Written, RequestError> {
    let whole = stored.newest_verified(snapshot.head())?;
    let whole = whole.ok_or(RequestError::NothingToRestore)?.checkpoint;
    if whole == snapshot.kept() {
        // A file that can be read now and then has no damage that could be avoided by another way.
        return Err(not_as_written(stored.directory()));
    }
    snapshot.go_on_from(&stored, whole);
    SnapshotWriting::begin(stored, snapshot, Archived::WithWorld, store).map(Continue)
}

/// Opens what was written, and looks whether it says what it is to say.
fn read_back(
    store: &DirectoryStore,
    snapshot: &Snapshot,
    written: PathBuf,
) -> Result<Stage, RequestError> {
    let blocks = snapshot.blocks_of(store, &written);
    if blocks.is_err() {
        let _ = store.remove_segment(&written);
    }
    Ok(Stage::ReadingBack { blocks: blocks?.map(Box::new), written })
}

/// Reads a slice, which checks it; what is left.
fn read_slice(mut blocks: Box<MergedBlocks>) -> Result<Option<Box<MergedBlocks>>, ReadError> {
    let mut read = 0;
    while read < SLICE_BYTES {
        let Some(block) = blocks.next() else { return Ok(None) };
        read += block?.byte_len();
    }
    Ok(Some(blocks))
}

impl From<CopyFailure> for RequestError {
    fn from(failure: CopyFailure) -> Self {
        Self::Store(match failure {
            CopyFailure::Read(error) => error.into(),
            CopyFailure::Store(error) => error.into(),
            CopyFailure::Write(error) => error.into(),
        })
    }
}

impl From<WriteFailure> for RequestError {
    fn from(failure: WriteFailure) -> Self {
        Self::Store(failure.into())
    }
}

impl From<ReadError> for RequestError {
    fn from(error: ReadError) -> Self {
        Self::Store(error.into())
    }
}
