//! Fills the payloads of one checkpoint.

use std::collections::VecDeque;
use std::mem;

use super::block_codec::Piece;
use super::order::GroupOrder;
use super::{Block, EncodeError};
use crate::model::ids::{SaveId, limits};

/// The payloads of one checkpoint, as they fill up with its blocks.
#[derive(Debug)]
pub(super) struct GroupPayloads {
    counter: u64,
    order: GroupOrder,
    /// The payload that is being filled.
    filling: Vec<u8>,
    full: VecDeque<Vec<u8>>,
    /// Bytes of all payloads that are full or were taken.
    full_bytes: u64,
}

impl GroupPayloads {
    /// None yet, of the checkpoint with this number.
    pub fn of(counter: u64) -> Self {
        let (order, filling, full) = Default::default();
        Self { counter, order, filling, full, full_bytes: 0 }
    }

    /// Adds a block, in the order of [`Block::key`]. It is split where a payload is full.
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

    /// The next payload that is full, if there is one.
    pub fn take(&mut self) -> Option<Vec<u8>> {
        self.full.pop_front()
    }

    /// Ends the payload that is being filled.
    pub fn close(&mut self) {
        if !self.filling.is_empty() {
            self.full_bytes += self.filling.len() as u64;
            self.full.push_back(mem::take(&mut self.filling));
        }
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
            self.close();
            return Ok(row);
        }
        // Not even an empty payload has room: the value gets a frame of its own.
        let piece = Piece::single(block, row);
        check_value_len(block, row, &piece)?;
        piece.encode(&mut self.filling);
        self.close();
        Ok(piece.end())
    }

    fn check_checkpoint_len(&self) -> Result<(), EncodeError> {
        let raw_bytes = self.full_bytes + self.filling.len() as u64;
        if raw_bytes <= limits::CHECKPOINT_BYTES {
            return Ok(());
        }
        Err(EncodeError::CheckpointTooLarge {
            counter: self.counter,
            limit: limits::CHECKPOINT_BYTES,
        })
    }
}

pub(super) fn check_string_len(text: &str) -> Result<(), EncodeError> {
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
