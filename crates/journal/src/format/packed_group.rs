//! The rows of one checkpoint, packed before it is known which segment they go into.
//!
//! A checkpoint of everything is several times as large before it is packed. So each column is packed as soon as it is
//! encoded, and what waits for the disk, or is kept for a merge, waits packed.

use std::borrow::Cow;
use std::fmt;
use std::slice;
use std::sync::Arc;

use super::block_codec::{self, BlockError};
use super::frame::{FRAME_HEADER_BYTES, FrameError};
use super::group_payloads::GroupPayloads;
use super::payload::{Packer, Payload, Unpacker};
use super::{Block, EncodeError};

/// The rows of one checkpoint, packed.
#[derive(Debug, Default)]
pub struct PackedGroup {
    payloads: Vec<Payload>,
    /// Bytes of each type's blocks, before they are packed.
    type_bytes: Vec<(Arc<str>, u64)>,
}

impl PackedGroup {
    /// The payloads of its frames, in order.
    pub fn payloads(&self) -> &[Payload] {
        &self.payloads
    }

    /// Bytes of each type, before they were packed.
    pub fn type_bytes(&self) -> &[(Arc<str>, u64)] {
        &self.type_bytes
    }

    /// Bytes that it takes.
    pub fn stored_bytes(&self) -> usize {
        self.payloads.iter().map(|payload| payload.stored.len()).sum()
    }

    /// Bytes that its frames take.
    pub fn framed_bytes(&self) -> usize {
        self.stored_bytes() + self.payloads.len() * FRAME_HEADER_BYTES
    }

    /// Its blocks, unpacked one payload after the other.
    pub fn blocks(&self) -> PackedBlocks<'_> {
        PackedBlocks {
            payloads: self.payloads.iter(),
            unpacker: Unpacker::default(),
            raw: Cow::Borrowed(&[]),
            position: 0,
        }
    }
}

/// Packs the blocks of one checkpoint.
#[derive(Debug)]
pub struct GroupPacker<'a> {
    packer: &'a mut Packer,
    payloads: GroupPayloads,
    group: PackedGroup,
    outcome: Result<(), EncodeError>,
}

impl<'a> GroupPacker<'a> {
    /// Begins with the checkpoint that has this number.
    pub fn new(packer: &'a mut Packer, counter: u64) -> Self {
        let payloads = GroupPayloads::of(counter);
        Self { packer, payloads, group: PackedGroup::default(), outcome: Ok(()) }
    }

    /// Adds a block, in the order of [`Block::key`]. What follows an error is left out.
    pub fn push(&mut self, block: &Block) {
        if self.outcome.is_ok() {
            // It stays if this panics and somebody catches that.
            self.outcome = Err(EncodeError::Interrupted);
            self.outcome = self.add(block);
        }
    }

    /// All of it, packed.
    ///
    /// # Errors
    ///
    /// The [`EncodeError`] of the first block that can't be part of a group.
    pub fn finish(mut self) -> Result<PackedGroup, EncodeError> {
        std::mem::replace(&mut self.outcome, Ok(()))?;
        self.payloads.close();
        self.pack_full();
        Ok(self.group)
    }

    fn add(&mut self, block: &Block) -> Result<(), EncodeError> {
        self.count(block);
        self.payloads.push(block)?;
        self.pack_full();
        Ok(())
    }

    fn pack_full(&mut self) {
        while let Some(raw) = self.payloads.take() {
            self.group.payloads.push(self.packer.pack(raw));
        }
    }

    fn count(&mut self, block: &Block) {
        let bytes = block.byte_len() as u64;
        match self.group.type_bytes.last_mut().filter(|(path, _)| *path == block.type_path) {
            Some((_, known)) => *known += bytes,
            None => self.group.type_bytes.push((Arc::clone(&block.type_path), bytes)),
        }
    }
}

/// The error of reading what was packed in this process. It means that memory ran out, or is damaged.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(transparent)]
pub enum UnpackError {
    /// A payload can't be unpacked.
    Payload(#[from] FrameError),
    /// What was unpacked is no block.
    Block(#[from] BlockError),
}

/// The blocks of a [`PackedGroup`].
pub struct PackedBlocks<'a> {
    payloads: slice::Iter<'a, Payload>,
    unpacker: Unpacker,
    raw: Cow<'a, [u8]>,
    position: usize,
}

impl fmt::Debug for PackedBlocks<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("PackedBlocks").finish_non_exhaustive()
    }
}

impl PackedBlocks<'_> {
    fn next_block(&mut self) -> Result<Option<Block>, UnpackError> {
        while self.position >= self.raw.len() {
            let Some(Payload { stored, raw_len, codec }) = self.payloads.next() else {
                return Ok(None);
            };
            let unpacked = self.unpacker.unpack(*codec, stored, *raw_len)?;
            self.raw = unpacked.map_or(Cow::Borrowed(&**stored), Cow::Owned);
            self.position = 0;
        }
        Ok(Some(block_codec::decode_at(&self.raw, &mut self.position)?))
    }
}

impl Iterator for PackedBlocks<'_> {
    type Item = Result<Block, UnpackError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_block().transpose()
    }
}

#[cfg(test)]
impl PackedGroup {
    /// A group that can't be unpacked.
    pub fn broken() -> Self {
        let payloads = vec![Payload { stored: vec![1, 2, 3], raw_len: 5_000, codec: 1 }];
        Self { payloads, type_bytes: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::sample::{self, SegmentBytes, commit, header, noise, removed, values};
    use crate::model::ids::{SaveId, limits};

    fn packed(blocks: &[Block]) -> Result<PackedGroup, EncodeError> {
        let mut packer = Packer::default();
        let mut packing = GroupPacker::new(&mut packer, 1);
        blocks.iter().for_each(|block| packing.push(block));
        packing.finish()
    }

    #[test]
    fn a_group_that_was_packed_before_is_written_as_the_same_bytes() {
        let (hard, soft) = (noise(limits::VALUE_BYTES, 1), vec![7; 5_000]);
        let blocks = [
            removed("game::Health", &[2]),
            values("game::Health", &[(3, b"x"), (4, &soft), (5, &hard), (6, b"y")]),
            values("game::Score", &[(0, &[1; 100]), (2, &[2; 100]), (3, &[3; 100])]),
        ];
        let group = packed(&blocks).unwrap();
        assert!(group.payloads().len() > 3 && group.stored_bytes() < limits::VALUE_BYTES + 2_000);

        let mut at_once = SegmentBytes::new(&header(1, 0));
        at_once.group(blocks.to_vec(), &commit(1, None));
        let mut segment = SegmentBytes::new(&header(1, 0));
        let before = segment.bytes.len() as u64;
        let SegmentBytes { encoder, bytes } = &mut segment;
        let written = encoder.append_packed(&group, &commit(1, None), &mut |frames| {
            bytes.extend_from_slice(frames);
            Ok::<(), EncodeError>(())
        });
        assert_eq!(before + written.unwrap(), segment.bytes.len() as u64);
        assert!(segment.bytes == at_once.bytes, "the bytes differ");
        let segment = segment.segment();
        let entry = segment.scan().unwrap().groups.remove(0);
        let read = sample::blocks(&segment, &entry).unwrap();
        let in_memory: Vec<Block> = group.blocks().map(Result::unwrap).collect();
        assert_eq!(in_memory, read);
    }

    #[test]
    fn bytes_of_a_type_are_those_of_all_its_blocks_before_they_are_packed() {
        let blocks = [values("game::A", &[(2, b"xyz")]), values("game::A", &[(3, &[0; 400])])];
        let group = packed(&blocks).unwrap();
        let bytes = blocks.iter().map(|block| block.byte_len() as u64).sum();
        assert_eq!(group.type_bytes(), [("game::A".into(), bytes)]);
        assert!(bytes > 400);
    }

    #[test]
    fn the_first_block_that_cannot_be_written_fails_the_group() {
        let too_large = vec![0; limits::VALUE_BYTES + 1];
        let blocks = [
            values("game::B", &[(2, b"x"), (9, &too_large)]),
            values("game::A", &[(2, b"out of order")]),
        ];
        let Err(EncodeError::ValueTooLarge { id, .. }) = packed(&blocks) else {
            panic!("the value should be refused");
        };
        assert_eq!(id, SaveId(9));
        let Err(EncodeError::OutOfOrder { type_path }) =
            packed(&[values("game::B", &[(2, b"x")]), values("game::A", &[(2, b"x")])])
        else {
            panic!("the order should be refused");
        };
        assert_eq!(type_path, "game::A");
    }

    #[test]
    fn payloads_that_cannot_be_unpacked_are_an_error() {
        let read: Vec<_> = PackedGroup::broken().blocks().collect();
        assert_eq!(read, [Err(UnpackError::Payload(FrameError::RawLength))]);
    }
}
