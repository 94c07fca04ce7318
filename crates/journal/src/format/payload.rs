//! Payloads as they are stored: packed, if that makes them smaller.

use std::fmt;

use zstd::bulk::{Compressor, Decompressor};

use super::frame::FrameError;
use crate::model::ids::limits;

/// The codec of a payload that is stored as it is.
pub(super) const RAW: u8 = 0;
/// The codec of a packed payload.
pub(super) const ZSTD: u8 = 1;
/// More would save little room and cost time that the next capture needs.
const COMPRESSION_LEVEL: i32 = 1;
/// Payloads of fewer bytes are stored as they are. Commits and records nearly always are that
/// small, and a listing reads many of them: unpacking each would cost it most of its time.
const BYTES_WORTH_PACKING: usize = 1 << 10;

/// A payload as it is stored, in whichever segment.
#[derive(Debug)]
pub struct Payload {
    pub(super) stored: Vec<u8>,
    pub(super) raw_len: usize,
    pub(super) codec: u8,
}

/// Packs payloads, keeping the compressor's memory from one to the next.
pub struct Packer {
    /// Without one, payloads are stored unpacked, which is larger and just as good.
    compressor: Option<Compressor<'static>>,
}

impl Default for Packer {
    fn default() -> Self {
        Self { compressor: Compressor::new(COMPRESSION_LEVEL).ok() }
    }
}

impl fmt::Debug for Packer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Packer").finish_non_exhaustive()
    }
}

impl Packer {
    /// Packs `raw` if that makes it smaller. A payload that is a frame's has at most
    /// [`FrameKind::most_raw_bytes`](super::FrameKind::most_raw_bytes) bytes; callers check, since only they can say
    /// what was too large.
    pub fn pack(&mut self, mut raw: Vec<u8>) -> Payload {
        let raw_len = raw.len();
        if let Some(stored) = self.packed(&raw) {
            return Payload { stored, raw_len, codec: ZSTD };
        }
        raw.shrink_to_fit();
        Payload { stored: raw, raw_len, codec: RAW }
    }

    /// The packed bytes; `None` if they are no fewer.
    pub(super) fn packed(&mut self, raw: &[u8]) -> Option<Vec<u8>> {
        if raw.len() < BYTES_WORTH_PACKING {
            return None;
        }
        let mut packed = Vec::with_capacity(zstd::zstd_safe::compress_bound(raw.len()));
        self.compressor.as_mut()?.compress_to_buffer(raw, &mut packed).ok()?;
        pad(&mut packed, raw.len().div_ceil(limits::PACKING));
        packed.shrink_to_fit();
        (packed.len() < raw.len()).then_some(packed)
    }
}

/// Makes packed bytes no shorter than `least`, by a part that every unpacker skips. So no few bytes
/// of a hostile file unpack to many.
fn pad(packed: &mut Vec<u8>, least: usize) {
    const SKIPPED: [u8; 4] = 0x184d_2a50_u32.to_le_bytes();
    const PRELUDE: usize = 2 * size_of::<u32>();

    if packed.len() < least {
        let padding = (least - packed.len()).saturating_sub(PRELUDE);
        packed.extend_from_slice(&SKIPPED);
        packed.extend_from_slice(&(padding as u32).to_le_bytes());
        packed.resize(packed.len() + padding, 0);
    }
}

/// Unpacks payloads, keeping the decompressor's memory from one to the next.
#[derive(Default)]
pub struct Unpacker {
    /// Set up with the first packed payload: it is large, and a listing rarely meets one.
    decompressor: Option<Decompressor<'static>>,
}

impl Unpacker {
    /// The raw bytes of what was stored. `None` if it is stored as it is.
    pub fn unpack(
        &mut self,
        codec: u8,
        stored: &[u8],
        raw_len: usize,
    ) -> Result<Option<Vec<u8>>, FrameError> {
        let raw = match codec {
            RAW => None,
            ZSTD => Some(self.decompress(stored, raw_len)?),
            unknown => return Err(FrameError::UnknownCodec(unknown)),
        };
        let is_whole = raw.as_ref().map_or(stored.len(), Vec::len) == raw_len;
        if is_whole { Ok(raw) } else { Err(FrameError::RawLength) }
    }

    fn decompress(&mut self, stored: &[u8], raw_len: usize) -> Result<Vec<u8>, FrameError> {
        #[cfg(test)]
        super::frame::work::count(&super::frame::work::UNPACKED, raw_len);
        // The capacity bounds the unpacked bytes, even if the packed ones claim more.
        let mut raw = Vec::with_capacity(raw_len);
        self.decompressor
            .get_or_insert_default()
            .decompress_to_buffer(stored, &mut raw)
            .map_err(|_| FrameError::RawLength)?;
        Ok(raw)
    }
}
