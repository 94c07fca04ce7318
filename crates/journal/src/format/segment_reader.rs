//! Reading a segment.

use std::path::Path;
use std::sync::Arc;
use std::{fmt, io, vec};

use super::frame::{FRAME_HEADER_BYTES, FrameOpener};
use super::header_codec::OpenedHeader;
use super::order::GroupOrder;
use super::{
    Block, BlockError, Damage, FrameEntry, FrameError, GroupEntry, Hold, ReadAt, ReadError,
    SegmentError, SegmentHeader, block_codec, header_codec,
};
use crate::model::session::WrittenBy;

/// A segment whose header has been read. Cheap to clone.
#[derive(Clone)]
pub struct Segment {
    path: Arc<Path>,
    file: Arc<dyn ReadAt>,
    header: Arc<SegmentHeader>,
    written_by: WrittenBy,
    frames_start: u64,
}

impl fmt::Debug for Segment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Segment").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Segment {
    /// Reads the header of a file. `path` is what errors call it.
    ///
    /// # Errors
    ///
    /// [`SegmentError`]; see its variants.
    pub fn open(path: &Path, file: Arc<dyn ReadAt>) -> Result<Self, SegmentError> {
        let OpenedHeader { header, written_by, frames_start } = header_codec::read(path, &*file)?;
        let (path, header) = (Arc::from(path), Arc::new(header));
        Ok(Self { path, file, header, written_by, frames_start })
    }

    /// The same segment, read from `file` from now on.
    pub fn reading_from(self, file: Arc<dyn ReadAt>) -> Self {
        Self { file, ..self }
    }

    /// The file's path, for errors.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The segment's header.
    pub fn header(&self) -> &SegmentHeader {
        &self.header
    }

    /// The version that wrote it.
    pub fn written_by(&self) -> &WrittenBy {
        &self.written_by
    }

    /// The same, to be kept.
    pub fn shared_header(&self) -> Arc<SegmentHeader> {
        Arc::clone(&self.header)
    }

    /// Returns true if a writer that knows no more than this version may resume the session.
    pub fn may_be_taken_up(&self) -> bool {
        self.header.optional_features & !header_codec::KNOWN_OPTIONAL == 0
    }

    /// The blocks of a checkpoint in order, checked, with one frame in memory at a time.
    ///
    /// The iterator ends after the first error.
    pub fn blocks(&self, group: &GroupEntry) -> Blocks {
        Blocks {
            _hold: self.file.hold(),
            segment: self.clone(),
            frames: group.frames.clone().into_iter(),
            opener: FrameOpener::new(self.header.nonce),
            order: GroupOrder::default(),
            frame_offset: group.start,
            payload: Vec::new(),
            position: 0,
        }
    }

    /// Reads a checkpoint whole, to know that it can be restored.
    ///
    /// # Errors
    ///
    /// The first [`ReadError`] that [`Self::blocks`] meets.
    pub fn verify(&self, group: &GroupEntry) -> Result<(), ReadError> {
        self.blocks(group).try_for_each(|block| block.map(drop))
    }

    /// The payload of a frame, checked and unpacked.
    ///
    /// # Errors
    ///
    /// [`ReadError`].
    pub fn payload(&self, frame: &FrameEntry) -> Result<Vec<u8>, ReadError> {
        self.open_frame(frame, &mut FrameOpener::new(self.header.nonce))
    }

    /// Holds a frame's checksum against its payload as it is stored.
    ///
    /// # Errors
    ///
    /// [`ReadError`].
    pub fn check(&self, frame: &FrameEntry) -> Result<(), ReadError> {
        self.checked(frame).map(drop)
    }

    /// A frame's payload as it is stored, if its checksum holds.
    ///
    /// # Errors
    ///
    /// [`ReadError`].
    pub fn checked(&self, frame: &FrameEntry) -> Result<Vec<u8>, ReadError> {
        let stored = self.stored(frame)?;
        match frame.header.is_of(&stored, self.header.nonce) {
            true => Ok(stored),
            false => Err(self.damaged(frame.offset, FrameError::Checksum)),
        }
    }

    /// The file that it is read from.
    pub fn file(&self) -> &dyn ReadAt {
        &*self.file
    }

    pub(super) fn frames_start(&self) -> u64 {
        self.frames_start
    }

    /// The error of a read that the operating system refused.
    pub fn unreadable(&self, offset: u64, source: io::Error) -> ReadError {
        ReadError::Unreadable { path: self.path.to_path_buf(), offset, source }
    }

    fn damaged(&self, offset: u64, damage: impl Into<Damage>) -> ReadError {
        ReadError::Damaged { path: self.path.to_path_buf(), offset, source: damage.into() }
    }

    fn open_frame(
        &self,
        frame: &FrameEntry,
        opener: &mut FrameOpener,
    ) -> Result<Vec<u8>, ReadError> {
        let stored = self.stored(frame)?;
        let opened = opener.open(&frame.header, stored);
        opened.map_err(|error: FrameError| self.damaged(frame.offset, error))
    }

    /// A frame's payload as it is stored.
    fn stored(&self, frame: &FrameEntry) -> Result<Vec<u8>, ReadError> {
        let mut stored = vec![0; frame.header.stored_len as usize];
        let start = frame.offset + FRAME_HEADER_BYTES as u64;
        self.file.read_exact_at(start, &mut stored).map_err(|source| match source.kind() {
            // The scan saw the whole frame, so the file has become shorter.
            io::ErrorKind::UnexpectedEof => self.damaged(frame.offset, Damage::Missing),
            _ => self.unreadable(frame.offset, source),
        })?;
        Ok(stored)
    }
}

/// The blocks of one checkpoint, see [`Segment::blocks`].
#[derive(Debug)]
pub struct Blocks {
    /// Retention may remove the file while a merge is at work on it.
    _hold: Hold,
    segment: Segment,
    frames: vec::IntoIter<FrameEntry>,
    opener: FrameOpener,
    order: GroupOrder,
    frame_offset: u64,
    payload: Vec<u8>,
    position: usize,
}

impl Blocks {
    fn next_block(&mut self) -> Result<Option<Block>, ReadError> {
        while self.position >= self.payload.len() {
            let Some(frame) = self.frames.next() else { return Ok(None) };
            // Not both at once: a frame may be large.
            self.payload = Vec::new();
            self.payload = self.segment.open_frame(&frame, &mut self.opener)?;
            self.position = 0;
            self.frame_offset = frame.offset;
        }
        let block =
            self.decode().map_err(|error| self.segment.damaged(self.frame_offset, error))?;
        Ok(Some(block))
    }

    fn decode(&mut self) -> Result<Block, BlockError> {
        let block = block_codec::decode_at(&self.payload, &mut self.position)?;
        if self.order.admit(&block) { Ok(block) } else { Err(BlockError::OutOfOrder) }
    }

    fn stop(&mut self) {
        self.frames = Vec::new().into_iter();
        self.payload.clear();
        self.position = 0;
    }
}

impl Iterator for Blocks {
    type Item = Result<Block, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.next_block();
        if next.is_err() {
            self.stop();
        }
        next.transpose()
    }
}
