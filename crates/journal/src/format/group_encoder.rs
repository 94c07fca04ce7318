//! Writing one checkpoint, frame by frame.

use std::borrow::BorrowMut;
use std::collections::VecDeque;
use std::mem;

use super::block_codec::Piece;
use super::frame::FrameKind;
use super::order::GroupOrder;
use super::segment_writer::check_len;
use super::{Block, Commit, EncodeError, SegmentEncoder};
use crate::model::ids::{SaveId, limits};

/// The size of a group that was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct GroupWritten {
    /// Bytes in the segment.
    pub bytes: u64,
    /// Bytes before they were packed.
    pub raw_bytes: u64,
}

/// Turns the blocks of one checkpoint into frames, one at a time.
///
/// For a long group whose writing is interrupted between frames: push blocks, take frames as they
/// fill up, and finish with the commit. It owns its [`SegmentEncoder`] or borrows it. A group that
/// is dropped before it is finished was never there for a reader, whether frames were taken or not.
#[derive(Debug)]
pub struct GroupEncoder<E> {
    encoder: E,
    counter: u64,
    order: GroupOrder,
    /// The payload that is being filled.
    filling: Vec<u8>,
    /// Payloads that are full. They get their sequence numbers only when they are taken, so that
    /// a group that is given up leaves no gap.
    full: VecDeque<Vec<u8>>,
    frames_taken: u64,
    written: GroupWritten,
}

impl<E: BorrowMut<SegmentEncoder>> GroupEncoder<E> {
    /// Begins the group of the checkpoint with this number.
    pub fn new(encoder: E, counter: u64) -> Self {
        Self {
            encoder,
            counter,
            order: GroupOrder::default(),
            filling: Vec::new(),
            full: VecDeque::new(),
            frames_taken: 0,
            written: GroupWritten::default(),
        }
    }

    /// Adds a block, in the order of [`Block::key`]. It is split where a frame is full.
    ///
    /// # Errors
    ///
    /// [`EncodeError`]. The group can't be finished then.
    pub fn push(&mut self, block: &Block) -> Result<(), EncodeError> {
        check_string_len(&block.type_path)?;
        if !self.order.admit(block) {
            return Err(EncodeError::OutOfOrder { type_path: block.type_path.to_string() });
        }
        // Readers take any other id for damage.
        let is_one = |id: &&SaveId| **id == SaveId::WORLD || id.is_entity();
        if let Some(id) = block.ids().iter().find(|id| !is_one(id)) {
            let type_path = block.type_path.to_string();
            return Err(EncodeError::NoId { type_path, id: *id });
        }
        let mut row = 0;
        while row < block.len() {
            row = self.push_rows(block, row)?;
        }
        self.check_checkpoint_len()
    }

    /// The next frame that is full, if there is one.
    pub fn take_frame(&mut self) -> Option<Vec<u8>> {
        let raw = self.full.pop_front()?;
        Some(self.seal(FrameKind::DATA, false, &raw))
    }

    /// The remaining frames, ending with the commit; what was written altogether; and the encoder.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if the commit is over a limit.
    pub fn finish(mut self, commit: &Commit) -> Result<(Vec<u8>, GroupWritten, E), EncodeError> {
        debug_assert_eq!(commit.counter, self.counter, "a group is finished by its own commit");
        let commit_bytes = encode_commit(commit)?;
        self.close_payload();
        let mut bytes = Vec::new();
        while let Some(frame) = self.take_frame() {
            bytes.extend_from_slice(&frame);
        }
        bytes.extend_from_slice(&self.seal(FrameKind::COMMIT, true, &commit_bytes));
        self.encoder.borrow_mut().note_commit(commit.counter);
        Ok((bytes, self.written, self.encoder))
    }

    /// Gives the group up, and the encoder back. Readers pass over the part that was written.
    pub fn give_up(self) -> E {
        self.encoder
    }

    /// Adds as many rows from `row` on as the payload has room for, and returns the next row.
    fn push_rows(&mut self, block: &Block, row: usize) -> Result<usize, EncodeError> {
        let room = limits::FILLED_BYTES.saturating_sub(self.filling.len());
        let piece = Piece::fitting(block, row, room);
        if !piece.is_empty() {
            piece.encode(&mut self.filling);
            return Ok(piece.end());
        }
        if !self.filling.is_empty() {
            self.close_payload();
            return Ok(row);
        }
        // Not even an empty payload has room: the value gets a frame of its own.
        let piece = Piece::single(block, row);
        check_value_len(block, row, &piece)?;
        piece.encode(&mut self.filling);
        self.close_payload();
        Ok(piece.end())
    }

    fn close_payload(&mut self) {
        if !self.filling.is_empty() {
            self.full.push_back(mem::take(&mut self.filling));
        }
    }

    fn seal(&mut self, kind: FrameKind, last: bool, raw: &[u8]) -> Vec<u8> {
        let first = self.frames_taken == 0;
        let frame = self.encoder.borrow_mut().seal(kind, self.counter, first, last, raw);
        self.frames_taken += 1;
        self.written.bytes += frame.len() as u64;
        self.written.raw_bytes += raw.len() as u64;
        frame
    }

    fn check_checkpoint_len(&self) -> Result<(), EncodeError> {
        let waiting: usize = self.full.iter().map(Vec::len).sum();
        let raw_bytes = self.written.raw_bytes + (waiting + self.filling.len()) as u64;
        if raw_bytes <= limits::CHECKPOINT_BYTES {
            return Ok(());
        }
        Err(EncodeError::CheckpointTooLarge {
            counter: self.counter,
            limit: limits::CHECKPOINT_BYTES,
        })
    }
}

fn encode_commit(commit: &Commit) -> Result<Vec<u8>, EncodeError> {
    if commit.types.len() > limits::TYPES {
        return Err(EncodeError::TooManyTypes { types: commit.types.len(), limit: limits::TYPES });
    }
    let paths = commit.types.iter().map(|summary| summary.path);
    let others = commit.incomplete.iter().chain(&commit.label).map(String::as_str);
    for text in paths.chain(others) {
        check_string_len(text)?;
    }
    let raw = rmp_serde::to_vec_named(commit).map_err(EncodeError::Unwritable)?;
    check_len(FrameKind::COMMIT, &raw)?;
    Ok(raw)
}

fn check_string_len(text: &str) -> Result<(), EncodeError> {
    let limit = limits::STRING_BYTES;
    if text.len() <= limit {
        return Ok(());
    }
    let beginning = text.chars().take(40).collect();
    Err(EncodeError::StringTooLong { beginning, bytes: text.len(), limit })
}

fn check_value_len(block: &Block, row: usize, piece: &Piece<'_>) -> Result<(), EncodeError> {
    let bytes = block.value(row).map_or(0, <[u8]>::len);
    let fits = piece.encoded_len() <= limits::LARGE_FRAME_BYTES;
    if bytes <= limits::VALUE_BYTES && fits {
        return Ok(());
    }
    Err(EncodeError::ValueTooLarge {
        type_path: block.type_path.to_string(),
        id: block.ids().get(row).copied().unwrap_or(SaveId::WORLD),
        bytes,
        limit: limits::VALUE_BYTES,
    })
}
