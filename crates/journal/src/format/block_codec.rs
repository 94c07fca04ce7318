//! Blocks as bytes.
//!
//! ```text
//! path length, path, version, operation, rows,          every number as a varint
//! first id, then the differences from id to id,
//! value lengths (one if all are equal),
//! values one after the other
//! ```
//!
//! The payload of a data frame is one block after the other. Everything that a block announces is
//! checked against what is left of the payload before memory is set aside for it.

use std::ops::Range;
use std::str;
use std::sync::Arc;

use super::wire::{Reader, WireError, put_varint, varint_len};
use super::{Block, ENTITIES, Rows, Values};
use crate::model::ids::{SaveId, limits};

const REMOVED: u8 = 0;
const VALUES: u8 = 1;
const VALUES_OF_EQUAL_LENGTH: u8 = 2;

/// The error of a block that can't be read, although the checksum of its frame holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlockError {
    /// A number or string of bytes is cut off or over a limit.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// The type path isn't UTF-8.
    #[error("a type path isn't text")]
    PathIsNoText,
    /// The type version is larger than 32 bits.
    #[error("a type version doesn't fit")]
    Version,
    /// The operation is none that this version knows.
    #[error("operation {0} is unknown")]
    UnknownOperation(u8),
    /// A block has no row.
    #[error("a block has no row")]
    Empty,
    /// An id isn't larger than the one before it.
    #[error("ids don't ascend")]
    IdsDontAscend,
    /// An id is neither an entity's nor the world's.
    #[error("{0} is no id")]
    NoId(SaveId),
    /// A block is out of the order of its group.
    #[error("blocks are out of order")]
    OutOfOrder,
}

/// Some consecutive rows of a block, as they go into one frame.
#[derive(Debug)]
pub struct Piece<'a> {
    block: &'a Block,
    rows: Range<usize>,
}

impl<'a> Piece<'a> {
    /// As many of the rows from `start` on as fit into `room` bytes: none, if not even one does.
    pub fn fitting(block: &'a Block, start: usize, room: usize) -> Self {
        let mut bytes = fixed_len(block);
        let mut end = start;
        while end < block.len() && end - start < limits::BLOCK_ROWS {
            bytes += row_len(block, end);
            if bytes > room {
                break;
            }
            end += 1;
        }
        Self { block, rows: start..end }
    }

    /// The row at `row` alone.
    pub fn single(block: &'a Block, row: usize) -> Self {
        Self { block, rows: row..row + 1 }
    }

    /// The row after the last one of this piece.
    pub fn end(&self) -> usize {
        self.rows.end
    }

    /// Returns true if it has no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// No fewer than the bytes that [`Self::encode`] will append.
    pub fn encoded_len(&self) -> usize {
        let rows = self.rows.clone().map(|row| row_len(self.block, row));
        fixed_len(self.block) + rows.sum::<usize>()
    }

    /// Appends the rows as a block of their own.
    pub fn encode(&self, bytes: &mut Vec<u8>) {
        let block = self.block;
        put_varint(bytes, block.type_path.len() as u64);
        bytes.extend_from_slice(block.type_path.as_bytes());
        put_varint(bytes, u64::from(block.type_version));
        match &block.rows {
            Rows::Removed(_) => {
                bytes.push(REMOVED);
                self.encode_ids(bytes);
            }
            Rows::Values(values) => self.encode_values(values, bytes),
        }
    }

    fn encode_ids(&self, bytes: &mut Vec<u8>) {
        put_varint(bytes, self.rows.len() as u64);
        let ids = self.block.ids().get(self.rows.clone()).unwrap_or_default();
        let mut previous = 0;
        for id in ids {
            put_varint(bytes, id.0.wrapping_sub(previous));
            previous = id.0;
        }
    }

    fn encode_values(&self, values: &Values, bytes: &mut Vec<u8>) {
        let encoded = || self.rows.clone().filter_map(|row| values.value(row));
        let first_len = encoded().next().map_or(0, <[u8]>::len);
        if encoded().all(|value| value.len() == first_len) {
            bytes.push(VALUES_OF_EQUAL_LENGTH);
            self.encode_ids(bytes);
            put_varint(bytes, first_len as u64);
        } else {
            bytes.push(VALUES);
            self.encode_ids(bytes);
            encoded().for_each(|value| put_varint(bytes, value.len() as u64));
        }
        encoded().for_each(|value| bytes.extend_from_slice(value));
    }
}

/// No fewer than the bytes of a block that don't depend on its rows.
fn fixed_len(block: &Block) -> usize {
    const OPERATION: usize = 1;
    let path = block.type_path.len();
    let version = u64::from(block.type_version);
    varint_len(path as u64)
        + path
        + varint_len(version)
        + OPERATION
        + varint_len(limits::BLOCK_ROWS as u64)
}

/// No fewer than the bytes that a row adds to a block, wherever the block begins.
fn row_len(block: &Block, row: usize) -> usize {
    let id = block.ids().get(row).map_or(0, |id| varint_len(id.0));
    match &block.rows {
        Rows::Removed(_) => id,
        Rows::Values(values) => {
            let value = values.value(row).map_or(0, <[u8]>::len);
            id + varint_len(value as u64) + value
        }
    }
}

/// Reads the block of a payload that begins at `position`, and moves that behind it.
///
/// # Errors
///
/// [`BlockError`], as of [`decode`].
pub fn decode_at(payload: &[u8], position: &mut usize) -> Result<Block, BlockError> {
    let mut reader = Reader::new(payload.get(*position..).unwrap_or_default());
    let block = decode(&mut reader)?;
    *position = payload.len() - reader.remaining();
    Ok(block)
}

/// Reads the next block of a payload.
///
/// # Errors
///
/// [`BlockError`] if the bytes are none that a writer writes.
pub fn decode(reader: &mut Reader<'_>) -> Result<Block, BlockError> {
    let path_len = reader.count(limits::STRING_BYTES)?;
    let path = str::from_utf8(reader.take(path_len)?).map_err(|_| BlockError::PathIsNoText)?;
    let type_version = u32::try_from(reader.varint()?).map_err(|_| BlockError::Version)?;
    let operation = reader.u8()?;
    let ids = decode_ids(reader, path == ENTITIES)?;
    let rows = match operation {
        REMOVED => Rows::Removed(ids),
        VALUES => Rows::Values(decode_values(reader, ids)?),
        VALUES_OF_EQUAL_LENGTH => Rows::Values(decode_equal_values(reader, ids)?),
        unknown => return Err(BlockError::UnknownOperation(unknown)),
    };
    Ok(Block { type_path: Arc::from(path), type_version, rows })
}

fn decode_ids(reader: &mut Reader<'_>, entities_only: bool) -> Result<Vec<SaveId>, BlockError> {
    // Every id takes a byte at least, so the payload itself bounds what is set aside.
    let count = reader.count(limits::BLOCK_ROWS.min(reader.remaining()))?;
    if count == 0 {
        return Err(BlockError::Empty);
    }
    let mut ids = Vec::with_capacity(count);
    let mut previous = None;
    for _ in 0..count {
        let id = next_id(previous, reader.varint()?)?;
        let is_world = id == SaveId::WORLD && !entities_only;
        if !is_world && !id.is_entity() {
            return Err(BlockError::NoId(id));
        }
        ids.push(id);
        previous = Some(id);
    }
    Ok(ids)
}

fn next_id(previous: Option<SaveId>, difference: u64) -> Result<SaveId, BlockError> {
    let Some(previous) = previous else { return Ok(SaveId(difference)) };
    match previous.0.checked_add(difference) {
        Some(id) if difference != 0 => Ok(SaveId(id)),
        _ => Err(BlockError::IdsDontAscend),
    }
}

fn decode_values(reader: &mut Reader<'_>, ids: Vec<SaveId>) -> Result<Values, BlockError> {
    let mut lengths = Vec::with_capacity(ids.len());
    let mut total = 0_usize;
    for _ in &ids {
        let length = reader.count(limits::VALUE_BYTES)?;
        total = total.saturating_add(length);
        lengths.push(length);
    }
    let mut bytes = Reader::new(reader.take(total)?);
    let mut values = Values::with_capacity(ids.len(), total);
    for (id, length) in ids.into_iter().zip(lengths) {
        values.push(id, bytes.take(length)?);
    }
    Ok(values)
}

fn decode_equal_values(reader: &mut Reader<'_>, ids: Vec<SaveId>) -> Result<Values, BlockError> {
    let length = reader.count(limits::VALUE_BYTES)?;
    let total = length.saturating_mul(ids.len());
    let mut bytes = Reader::new(reader.take(total)?);
    let mut values = Values::with_capacity(ids.len(), total);
    for id in ids {
        values.push(id, bytes.take(length)?);
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::sample::{removed, values};

    fn encode(block: &Block) -> Vec<u8> {
        let piece = Piece::fitting(block, 0, usize::MAX);
        assert_eq!(piece.end(), block.len(), "all rows should fit");
        let mut bytes = Vec::new();
        piece.encode(&mut bytes);
        assert!(bytes.len() <= piece.encoded_len(), "the announced length should be enough");
        bytes
    }

    fn samples() -> Vec<Block> {
        vec![
            removed("game::Health", &[2, 3, 0x1_0000_0001]),
            values("game::Health", &[(2, b"abc"), (9, b"def"), (u64::MAX, b"ghi")]),
            values("game::Name", &[(2, b""), (3, b"longer"), (700, b"x")]),
            values("game::Score", &[(0, b"1000")]),
            values("game::Marker", &[(5, b""), (6, b"")]),
        ]
    }

    #[test]
    fn consecutive_blocks_are_decoded_as_written() {
        let blocks = samples();
        let bytes: Vec<u8> = blocks.iter().flat_map(encode).collect();
        let mut reader = Reader::new(&bytes);
        for block in &blocks {
            assert_eq!(decode(&mut reader).as_ref(), Ok(block));
        }
        assert!(reader.is_empty());
    }

    #[test]
    fn no_cut_and_no_flip_makes_the_decoder_panic() {
        for block in samples() {
            let bytes = encode(&block);
            for end in 0..bytes.len() {
                assert!(decode(&mut Reader::new(&bytes[..end])).is_err(), "cut at {end}");
            }
            for position in 0..bytes.len() {
                for bit in 0..8 {
                    let mut flipped = bytes.clone();
                    flipped[position] ^= 1 << bit;
                    // The frame's checksum would have noticed; here nothing may go wrong.
                    let _ = decode(&mut Reader::new(&flipped));
                }
            }
        }
    }

    #[test]
    fn a_count_larger_than_the_payload_is_refused() {
        let mut bytes = vec![1, b'x', 0, REMOVED];
        put_varint(&mut bytes, limits::BLOCK_ROWS as u64);
        bytes.push(2);
        assert!(matches!(
            decode(&mut Reader::new(&bytes)),
            Err(BlockError::Wire(WireError::OverLimit { .. }))
        ));
    }

    #[test]
    fn malformed_blocks_are_refused() {
        for (bytes, error) in [
            (vec![1, b'x', 0, REMOVED, 1, 1], BlockError::NoId(SaveId(1))),
            (vec![1, b'x', 0, REMOVED, 2, 2, 0], BlockError::IdsDontAscend),
            (vec![1, b'x', 0, 9, 1, 2], BlockError::UnknownOperation(9)),
            (vec![1, b'x', 0, REMOVED, 0], BlockError::Empty),
            (vec![1, 0xff, 0, REMOVED, 1, 2], BlockError::PathIsNoText),
        ] {
            assert_eq!(decode(&mut Reader::new(&bytes)), Err(error));
        }
        let world = encode(&values(ENTITIES, &[(0, b"")]));
        assert_eq!(decode(&mut Reader::new(&world)), Err(BlockError::NoId(SaveId::WORLD)));
    }

    #[test]
    fn a_piece_takes_the_rows_that_fit() {
        let block = values("game::Name", &[(2, b"12345"), (3, b"12345"), (4, b"12345")]);
        let room = Piece::fitting(&block, 0, usize::MAX).encoded_len() - 1;
        let piece = Piece::fitting(&block, 0, room);
        assert_eq!(piece.end(), 2);
        assert!(Piece::fitting(&block, 2, 8).is_empty());
    }
}
