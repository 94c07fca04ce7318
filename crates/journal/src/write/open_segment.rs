//! The segment that is being appended to.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::pending::PendingCheckpoint;
use super::slices::{MOST_BYTES, SYNC_EVERY};
use crate::disk::{AppendFile, CreatedSegment, DirectoryStore, StoreError};
use crate::format::{
    Block, Commit, EncodeError, FrameKind, GroupEncoder, Predecessor, Record, SegmentEncoder,
    SegmentHeader,
};
use crate::model::session::FailureCause;

/// The error of writing.
#[derive(Debug, thiserror::Error)]
pub(super) enum WriteFailure {
    /// The disk refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The disk refused an operation on the segment. It must not be written to again.
    #[error("failed to {action} {path}")]
    Segment { action: &'static str, path: PathBuf, source: io::Error },
    /// The segment is no longer where it was made.
    #[error("{path} vanished")]
    Vanished { path: PathBuf },
    /// Another process plays the session.
    #[error("another process holds the session's lock")]
    InUse,
    /// The segment has no room left for what should be written, and must not be written to again.
    #[error("{path} would be over the limit of {limit} bytes")]
    Full { path: PathBuf, limit: u64 },
    /// The data can't be encoded. The segment can still be written to.
    #[error(transparent)]
    Encode(Arc<EncodeError>),
}

impl From<EncodeError> for WriteFailure {
    fn from(error: EncodeError) -> Self {
        Self::Encode(Arc::new(error))
    }
}

impl From<WriteFailure> for FailureCause {
    fn from(failure: WriteFailure) -> Self {
        match failure {
            WriteFailure::Store(error) => error.into(),
            WriteFailure::Encode(error) => Self::new(error),
            WriteFailure::InUse => Self::new(failure),
            WriteFailure::Segment { ref path, .. }
            | WriteFailure::Vanished { ref path }
            | WriteFailure::Full { ref path, .. } => Self::at(&path.clone(), failure),
        }
    }
}

/// The frames before the snapshot in every segment that begins with one, since the segments that held them first may be
/// pruned.
#[derive(Clone, Copy, Default)]
pub struct Preamble<'a> {
    /// The part of the run's lineage that has no room in the header.
    pub lineage: &'a [Record],
    /// Frames that this version doesn't know.
    pub unknown_frames: &'a [(FrameKind, Vec<u8>)],
    /// The run's last change of status, if there was one.
    pub status: Option<&'a Record>,
}

/// A file that this run created and appends to.
pub(super) struct OpenSegment {
    target: Target,
    encoder: SegmentEncoder,
    number: u32,
    /// The end of the last successful sync.
    synced: Option<Predecessor>,
}

/// The file itself.
struct Target {
    file: Box<dyn AppendFile>,
    path: PathBuf,
    /// Directories whose entries aren't durable yet.
    unsynced_directories: Vec<PathBuf>,
    unsynced_bytes: u64,
    /// Bytes so far.
    length: u64,
}

impl OpenSegment {
    /// Creates the file, and the directories on the way to it.
    pub(super) fn begin(
        store: &DirectoryStore,
        header: &SegmentHeader,
        preamble: Preamble<'_>,
    ) -> Result<Self, WriteFailure> {
        Self::of(store.create_segment(header)?, header.segment, preamble)
    }

    /// Goes on with a file that was just created.
    pub(super) fn of(
        created: CreatedSegment,
        number: u32,
        preamble: Preamble<'_>,
    ) -> Result<Self, WriteFailure> {
        let CreatedSegment { file, path, encoder, unsynced_directories } = created;
        let length = encoder.length();
        let target = Target { file, path, unsynced_directories, unsynced_bytes: 0, length };
        let mut segment = Self { target, encoder, number, synced: None };
        for record in preamble.lineage {
            segment.append_record(record)?;
        }
        for (kind, payload) in preamble.unknown_frames {
            let bytes = segment.encoder.encode_opaque(*kind, payload)?;
            segment.target.append(&bytes)?;
        }
        if let Some(status) = preamble.status {
            segment.append_record(status)?;
        }
        Ok(segment)
    }

    pub(super) fn path(&self) -> &Path {
        &self.target.path
    }

    pub(super) fn number(&self) -> u32 {
        self.number
    }

    /// Bytes so far.
    pub(super) fn length(&self) -> u64 {
        self.encoder.length()
    }

    /// The segment's number within its run, and how much of it is durable; for the header of the
    /// one that follows. `None` if nothing is.
    pub(super) fn durable_end(&self) -> Option<(u32, Predecessor)> {
        Some((self.number, self.synced?))
    }

    /// Appends a checkpoint, and says how many bytes it took.
    pub(super) fn append_checkpoint(
        &mut self,
        checkpoint: &PendingCheckpoint,
    ) -> Result<u64, WriteFailure> {
        let group = checkpoint.group.as_ref().map_err(Arc::clone).map_err(WriteFailure::Encode)?;
        let Self { target, encoder, .. } = self;
        encoder.append_packed(group, &checkpoint.commit, &mut |bytes| target.append(bytes))
    }

    /// Appends a record.
    pub(super) fn append_record(&mut self, record: &Record) -> Result<(), WriteFailure> {
        let bytes = self.encoder.encode_record(record)?;
        self.target.append(&bytes)
    }

    /// Appends a frame of events, up to the one with the number `last`.
    pub(super) fn append_events(&mut self, last: u64, payload: &[u8]) -> Result<(), WriteFailure> {
        let bytes = self.encoder.encode_events(last, payload)?;
        self.target.append(&bytes)
    }

    /// Makes everything durable that was appended: the file, then its entry and that of every
    /// directory that was created on the way. If it fails, the segment must not be written to
    /// again; above all, the sync must not be tried again.
    pub(super) fn sync(&mut self, store: &DirectoryStore) -> Result<(), WriteFailure> {
        self.target.sync_file()?;
        if !self.target.unsynced_directories.is_empty() {
            store.sync_directories(&self.target.unsynced_directories)?;
            self.target.unsynced_directories.clear();
        }
        // Bytes that are durable in a file that has no name any more are no checkpoint.
        if !store.is_still_there(&*self.target.file, &self.target.path)? {
            return Err(WriteFailure::Vanished { path: self.target.path.clone() });
        }
        let sequence = self.encoder.next_sequence().saturating_sub(1);
        self.synced = Some(Predecessor { length: self.encoder.length(), sequence });
        Ok(())
    }

    /// Turns into the writer of a long group, frame by frame.
    pub(super) fn begin_group(self, counter: u64) -> OpenGroup {
        let group = GroupEncoder::new(self.encoder, counter);
        OpenGroup { target: self.target, group, number: self.number }
    }
}

/// A segment in the middle of a long group.
pub(super) struct OpenGroup {
    target: Target,
    group: GroupEncoder<SegmentEncoder>,
    number: u32,
}

impl OpenGroup {
    pub(super) fn path(&self) -> &Path {
        &self.target.path
    }

    /// Adds a block, and appends the frames that it fills.
    pub(super) fn push(&mut self, block: &Block) -> Result<(), WriteFailure> {
        self.group.push(block)?;
        while let Some(frame) = self.group.take_frame() {
            self.target.append(&frame)?;
        }
        if self.target.unsynced_bytes >= SYNC_EVERY {
            self.target.sync_file()?;
        }
        Ok(())
    }

    /// Gives the group up. Readers pass over the part that was appended.
    pub(super) fn give_up(self) -> OpenSegment {
        let encoder = self.group.give_up();
        OpenSegment { target: self.target, encoder, number: self.number, synced: None }
    }

    /// Commits the group.
    pub(super) fn finish(mut self, commit: &Commit) -> Result<OpenSegment, WriteFailure> {
        let (bytes, encoder) = self.group.finish(commit)?;
        self.target.append(&bytes)?;
        Ok(OpenSegment { target: self.target, encoder, number: self.number, synced: None })
    }
}

impl Target {
    fn append(&mut self, bytes: &[u8]) -> Result<(), WriteFailure> {
        let length = self.length + bytes.len() as u64;
        if length > MOST_BYTES {
            return Err(WriteFailure::Full { path: self.path.clone(), limit: MOST_BYTES });
        }
        let appended = self.file.append(bytes);
        appended.map_err(|source| self.failure("append to", source))?;
        self.unsynced_bytes += bytes.len() as u64;
        self.length = length;
        Ok(())
    }

    fn sync_file(&mut self) -> Result<(), WriteFailure> {
        self.file.sync().map_err(|source| self.failure("sync", source))?;
        self.unsynced_bytes = 0;
        Ok(())
    }

    fn failure(&self, action: &'static str, source: io::Error) -> WriteFailure {
        WriteFailure::Segment { action, path: self.path.clone(), source }
    }
}
