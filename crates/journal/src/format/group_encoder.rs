//! Writing one checkpoint, frame by frame.

use std::borrow::BorrowMut;

use super::frame::FrameKind;
use super::group_payloads::{GroupPayloads, check_string_len};
use super::segment_writer::check_len;
use super::{Block, Commit, EncodeError, SegmentEncoder};
use crate::model::ids::limits;

/// Turns the blocks of one checkpoint into frames, one at a time.
///
/// For a long group whose writing is interrupted between frames: push blocks, take frames as they
/// fill up, and finish with the commit. It owns its [`SegmentEncoder`] or borrows it. A group that
/// is dropped before it is finished was never there for a reader, whether frames were taken or not.
#[derive(Debug)]
pub struct GroupEncoder<E> {
    encoder: E,
    counter: u64,
    /// Full ones get their sequence numbers only when they are taken, so that a group that is given up leaves no gap.
    payloads: GroupPayloads,
    frames_taken: u64,
}

impl<E: BorrowMut<SegmentEncoder>> GroupEncoder<E> {
    /// Begins the group of the checkpoint with this number.
    pub fn new(encoder: E, counter: u64) -> Self {
        let payloads = GroupPayloads::of(counter);
        Self { encoder, counter, payloads, frames_taken: 0 }
    }

    /// Adds a block, in the order of [`Block::key`]. It is split where a frame is full.
    ///
    /// # Errors
    ///
    /// [`EncodeError`]. The group can't be finished then.
    pub fn push(&mut self, block: &Block) -> Result<(), EncodeError> {
        self.payloads.push(block)
    }

    /// The next frame that is full, if there is one.
    pub fn take_frame(&mut self) -> Option<Vec<u8>> {
        let raw = self.payloads.take()?;
        Some(self.seal(FrameKind::DATA, false, &raw))
    }

    /// The remaining frames, ending with the commit, and the encoder.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if the commit is over a limit.
    pub fn finish(mut self, commit: &Commit) -> Result<(Vec<u8>, E), EncodeError> {
        debug_assert_eq!(commit.counter, self.counter, "a group is finished by its own commit");
        let commit_bytes = encode_commit(commit)?;
        self.payloads.close();
        let mut bytes = Vec::new();
        while let Some(frame) = self.take_frame() {
            bytes.extend_from_slice(&frame);
        }
        bytes.extend_from_slice(&self.seal(FrameKind::COMMIT, true, &commit_bytes));
        self.encoder.borrow_mut().note_commit(commit.counter);
        Ok((bytes, self.encoder))
    }

    /// Gives the group up, and the encoder back. Readers pass over the part that was written.
    pub fn give_up(self) -> E {
        self.encoder
    }

    fn seal(&mut self, kind: FrameKind, last: bool, raw: &[u8]) -> Vec<u8> {
        let first = self.frames_taken == 0;
        let frame = self.encoder.borrow_mut().seal(kind, self.counter, first, last, raw);
        self.frames_taken += 1;
        frame
    }
}

pub(super) fn encode_commit(commit: &Commit) -> Result<Vec<u8>, EncodeError> {
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
