//! Frames: the unit that is written, compressed and checked by itself.
//!
//! A frame is a header of [`FRAME_HEADER_BYTES`] bytes and a payload. Both checksums are seeded with the nonce of the
//! segment, so neither a frame of an older file whose sectors were reused nor one that is embedded in a value passes
//! for a frame of this segment.
//!
//! To add a kind, unless it is a statement of the session (see `commit`): `FrameKind` here, a file like `attachment` for its bytes;
//! `write/open_segment.rs` or `write/slot_begin.rs` writes it, `scan` reads it and `disk/stored_session.rs` hands it out;
//! `FORMAT_MINOR` in `header`, `NEWEST` and a golden file in `tests/it/golden.rs`, where older ones are never written again, and
//! the tables of `docs/FORMAT.md`. Without the bit `MAY_BE_SKIPPED` older builds refuse the file, and it needs a bit of the
//! required features (`header_codec`); with `MUST_BE_CARRIED` they copy the frame into what they write.

use std::borrow::Cow;
use std::fmt;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::payload::{Packer, Payload, RAW, Unpacker, ZSTD};
use super::wire::{Reader, WireError};
use crate::model::ids::limits;

/// First bytes of every frame. A search for the next frame looks for them.
pub const FRAME_MAGIC: [u8; 4] = *b"bvF\x1e";
/// Bytes of a frame's header.
pub const FRAME_HEADER_BYTES: usize = 48;
/// Bytes of a frame's header that its checksum covers: all but the checksum.
const CHECKED_BYTES: usize = FRAME_HEADER_BYTES - size_of::<u64>();

const FLAG_FIRST: u8 = 1;
const FLAG_LAST: u8 = 2;

/// The kind of a frame's content.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FrameKind(u8);

impl FrameKind {
    /// Column blocks of a checkpoint.
    pub const DATA: Self = Self(1);
    /// The commit of a checkpoint.
    pub const COMMIT: Self = Self(2);
    /// A statement that stands by itself.
    pub const RECORD: Self = Self(3);

    /// Bytes of the game's own, in a slot.
    pub const ATTACHMENT: Self = Self(4 | Self::MAY_BE_SKIPPED);

    /// Events of one moment, in a file of events.
    pub const EVENTS: Self = Self(5 | Self::MAY_BE_SKIPPED);

    /// Set if a reader that doesn't know the kind may skip the frame.
    pub const MAY_BE_SKIPPED: u8 = 0x80;
    /// Set if a writer that doesn't know the kind must carry the frame to the segments it writes.
    pub const MUST_BE_CARRIED: u8 = 0x40;
    const NUMBER: u8 = !(Self::MAY_BE_SKIPPED | Self::MUST_BE_CARRIED);

    /// The kind that a byte stands for. Number 0 is none, so zeroed bytes are never a frame.
    pub fn from_byte(byte: u8) -> Option<Self> {
        (byte & Self::NUMBER != 0).then_some(Self(byte))
    }

    /// The kind as it is written.
    pub fn byte(self) -> u8 {
        self.0
    }

    /// The most raw bytes that a frame of this kind may have.
    pub fn most_raw_bytes(self) -> usize {
        match self {
            Self::COMMIT => limits::COMMIT_BYTES,
            Self::RECORD => limits::RECORD_BYTES,
            Self::EVENTS => limits::EVENT_FRAME_BYTES,
            _ => limits::LARGE_FRAME_BYTES,
        }
    }

    /// Returns true if a reader that doesn't know the kind may skip the frame.
    pub fn may_be_skipped(self) -> bool {
        self.0 & Self::MAY_BE_SKIPPED != 0
    }

    /// Returns true if a writer that doesn't know the kind must carry the frame along.
    pub fn must_be_carried(self) -> bool {
        self.0 & Self::MUST_BE_CARRIED != 0
    }
}

impl fmt::Debug for FrameKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::DATA => formatter.write_str("Data"),
            Self::COMMIT => formatter.write_str("Commit"),
            Self::RECORD => formatter.write_str("Record"),
            Self::ATTACHMENT => formatter.write_str("Attachment"),
            Self::EVENTS => formatter.write_str("Events"),
            Self(byte) => write!(formatter, "Unknown({byte:#04x})"),
        }
    }
}

/// The place of a frame in its segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FramePlace {
    /// True if a group begins with it.
    pub first: bool,
    /// True if a group ends with it.
    pub last: bool,
    /// Its number in the segment, from 0 and without gaps.
    pub sequence: u64,
    /// The checkpoint that it belongs to.
    pub counter: u64,
}

/// The header of a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FrameHeader {
    /// The kind of its content.
    pub kind: FrameKind,
    /// Its place.
    pub place: FramePlace,
    /// Bytes of the payload as stored.
    pub stored_len: u32,
    /// Bytes of the payload once it is unpacked.
    pub raw_len: u32,
    codec: u8,
    payload_checksum: u64,
}

impl FrameHeader {
    /// Returns true if this is the payload that was stored, in the segment with this nonce.
    pub fn is_of(&self, stored: &[u8], nonce: u64) -> bool {
        xxh3_64_with_seed(stored, nonce) == self.payload_checksum
    }

    /// The same under another number.
    pub fn numbered(self, sequence: u64) -> Self {
        Self { place: FramePlace { sequence, ..self.place }, ..self }
    }

    /// The header as it is written.
    pub fn encode(&self, nonce: u64) -> [u8; FRAME_HEADER_BYTES] {
        let first = if self.place.first { FLAG_FIRST } else { 0 };
        let last = if self.place.last { FLAG_LAST } else { 0 };
        let mut bytes = Vec::with_capacity(FRAME_HEADER_BYTES);
        bytes.extend_from_slice(&FRAME_MAGIC);
        bytes.extend_from_slice(&[self.kind.byte(), first | last, self.codec, 0]);
        bytes.extend_from_slice(&self.place.sequence.to_le_bytes());
        bytes.extend_from_slice(&self.place.counter.to_le_bytes());
        bytes.extend_from_slice(&self.stored_len.to_le_bytes());
        bytes.extend_from_slice(&self.raw_len.to_le_bytes());
        bytes.extend_from_slice(&self.payload_checksum.to_le_bytes());
        let checksum = xxh3_64_with_seed(&bytes, nonce);
        bytes.extend_from_slice(&checksum.to_le_bytes());

        let mut header = [0; FRAME_HEADER_BYTES];
        header.copy_from_slice(&bytes);
        header
    }

    /// The header at the front of `bytes`, if there is one that a writer of this segment wrote.
    pub fn decode(bytes: &[u8], nonce: u64) -> Option<Self> {
        let checked = bytes.get(..CHECKED_BYTES)?;
        if !checked.starts_with(&FRAME_MAGIC) {
            return None;
        }
        let checksum = Reader::new(bytes.get(CHECKED_BYTES..)?).u64().ok()?;
        if checksum != xxh3_64_with_seed(checked, nonce) {
            return None;
        }
        Self::decode_checked(checked).ok().flatten().filter(Self::keeps_the_limits)
    }

    fn decode_checked(checked: &[u8]) -> Result<Option<Self>, WireError> {
        let mut reader = Reader::new(checked);
        reader.array::<{ FRAME_MAGIC.len() }>()?;
        let kind = FrameKind::from_byte(reader.u8()?);
        let flags = reader.u8()?;
        let codec = reader.u8()?;
        // Reserved: written as 0, ignored by this version.
        reader.u8()?;
        let place = FramePlace {
            first: flags & FLAG_FIRST != 0,
            last: flags & FLAG_LAST != 0,
            sequence: reader.u64()?,
            counter: reader.u64()?,
        };
        let stored_len = reader.u32()?;
        let raw_len = reader.u32()?;
        let payload_checksum = reader.u64()?;
        Ok(kind.map(|kind| Self { kind, place, stored_len, raw_len, codec, payload_checksum }))
    }

    fn keeps_the_limits(&self) -> bool {
        let (raw_len, stored_len) = (self.raw_len as usize, self.stored_len as usize);
        // A payload that doesn't get smaller is stored as it is, so stored bytes are never more than raw ones.
        raw_len <= self.kind.most_raw_bytes()
            && stored_len <= raw_len
            && raw_len <= stored_len.saturating_mul(limits::PACKING)
    }

    /// Bytes of the whole frame, header and payload.
    pub fn frame_len(&self) -> u64 {
        FRAME_HEADER_BYTES as u64 + u64::from(self.stored_len)
    }
}

/// The error of a payload that can't be unpacked, although its frame's header is good.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The payload isn't what was written.
    #[error("the payload doesn't match its checksum")]
    Checksum,
    /// The payload doesn't unpack to the length that the header announces.
    #[error("the payload doesn't unpack to its announced length")]
    RawLength,
    /// The payload is packed in a way that this version doesn't know.
    #[error("the payload is packed with codec {0}, which this version doesn't know")]
    UnknownCodec(u8),
}

/// Packs and checksums payloads, keeping the compressor's memory from one to the next.
#[derive(Debug)]
pub struct FrameSealer {
    nonce: u64,
    packer: Packer,
}

impl FrameSealer {
    /// A sealer for the segment with this nonce.
    pub fn new(nonce: u64) -> Self {
        Self { nonce, packer: Packer::default() }
    }

    /// The nonce of the segment.
    pub fn nonce(&self) -> u64 {
        self.nonce
    }

    /// A whole frame around `raw`, packed if that makes it smaller.
    ///
    /// `raw` is at most [`FrameKind::most_raw_bytes`] long; callers check, since only they can say
    /// what was too large.
    pub fn seal(&mut self, kind: FrameKind, place: FramePlace, raw: &[u8]) -> Vec<u8> {
        match self.packer.packed(raw) {
            Some(packed) => self.frame(kind, place, ZSTD, &packed, raw.len()),
            None => self.frame(kind, place, RAW, raw, raw.len()),
        }
    }

    /// A whole frame around a payload that was packed before.
    pub fn seal_packed(&self, kind: FrameKind, place: FramePlace, payload: &Payload) -> Vec<u8> {
        self.frame(kind, place, payload.codec, &payload.stored, payload.raw_len)
    }

    fn frame(
        &self,
        kind: FrameKind,
        place: FramePlace,
        codec: u8,
        stored: &[u8],
        raw_len: usize,
    ) -> Vec<u8> {
        let header = FrameHeader {
            kind,
            place,
            stored_len: stored.len() as u32,
            raw_len: raw_len as u32,
            codec,
            payload_checksum: xxh3_64_with_seed(stored, self.nonce),
        };
        let mut frame = Vec::with_capacity(FRAME_HEADER_BYTES + stored.len());
        frame.extend_from_slice(&header.encode(self.nonce));
        frame.extend_from_slice(stored);
        frame
    }
}

/// Checks and unpacks payloads, keeping the decompressor's memory from one to the next.
pub struct FrameOpener {
    nonce: u64,
    unpacker: Unpacker,
}

impl fmt::Debug for FrameOpener {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("FrameOpener").finish_non_exhaustive()
    }
}

impl FrameOpener {
    /// An opener for the segment with this nonce.
    pub fn new(nonce: u64) -> Self {
        Self { nonce, unpacker: Unpacker::default() }
    }

    /// The raw payload of a frame, from its header and its stored bytes.
    pub fn open(&mut self, header: &FrameHeader, stored: Vec<u8>) -> Result<Vec<u8>, FrameError> {
        match self.open_slice(header, &stored)? {
            Cow::Owned(raw) => Ok(raw),
            Cow::Borrowed(_) => Ok(stored),
        }
    }

    /// The same, without taking the bytes: a payload that isn't packed isn't copied.
    pub fn open_slice<'a>(
        &mut self,
        header: &FrameHeader,
        stored: &'a [u8],
    ) -> Result<Cow<'a, [u8]>, FrameError> {
        let raw_len = header.raw_len as usize;
        #[cfg(test)]
        work::count(&work::CHECKED, stored.len());
        if !header.is_of(stored, self.nonce) {
            return Err(FrameError::Checksum);
        }
        let unpacked = self.unpacker.unpack(header.codec, stored, raw_len)?;
        Ok(unpacked.map_or(Cow::Borrowed(stored), Cow::Owned))
    }
}

/// Counters of the work that was done on this thread.
#[cfg(test)]
pub mod work {
    use std::cell::Cell;
    use std::thread::LocalKey;

    thread_local! {
        /// Bytes of payloads whose checksum was looked at.
        pub static CHECKED: Cell<u64> = const { Cell::new(0) };
        /// Bytes that were unpacked.
        pub static UNPACKED: Cell<u64> = const { Cell::new(0) };
    }

    /// Bytes that were checked and unpacked so far.
    pub fn done() -> u64 {
        CHECKED.get() + UNPACKED.get()
    }

    pub fn count(what: &'static LocalKey<Cell<u64>>, bytes: usize) {
        what.set(what.get() + bytes as u64);
    }
}

#[cfg(test)]
impl FrameHeader {
    /// A header that announces a payload of this many bytes, which isn't there.
    pub fn forged(kind: FrameKind, place: FramePlace, stored_len: u32, raw_len: u32) -> Self {
        let codec = if stored_len == raw_len { RAW } else { ZSTD };
        Self { kind, place, stored_len, raw_len, codec, payload_checksum: 0 }
    }

    /// The same with the checksum of this payload.
    pub fn sealing(self, stored: &[u8], nonce: u64) -> Self {
        Self { payload_checksum: xxh3_64_with_seed(stored, nonce), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: u64 = 0x1234_5678_9abc_def0;
    const PLACE: FramePlace = FramePlace { first: true, last: false, sequence: 7, counter: 42 };

    fn open(frame: &[u8], nonce: u64) -> Option<(FrameHeader, Result<Vec<u8>, FrameError>)> {
        let header = FrameHeader::decode(frame, nonce)?;
        let stored = frame[FRAME_HEADER_BYTES..].to_vec();
        Some((header, FrameOpener::new(nonce).open(&header, stored)))
    }

    #[test]
    fn a_frame_round_trips_packed_and_unpacked() {
        let noise: Vec<u8> =
            (0..5000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        for raw in [vec![], b"x".to_vec(), vec![7; 10_000], noise] {
            let frame = FrameSealer::new(NONCE).seal(FrameKind::DATA, PLACE, &raw);
            let (header, opened) = open(&frame, NONCE).expect("the header should hold");
            assert_eq!((header.kind, header.place), (FrameKind::DATA, PLACE));
            assert_eq!(header.frame_len(), frame.len() as u64);
            assert!(header.stored_len <= header.raw_len);
            assert_eq!(opened.as_deref(), Ok(&*raw));
        }
    }

    #[test]
    fn a_frame_of_another_segment_is_not_opened() {
        let frame = FrameSealer::new(NONCE).seal(FrameKind::DATA, PLACE, b"abc");
        assert!(open(&frame, NONCE ^ 1).is_none());
    }

    #[test]
    fn every_flipped_byte_is_noticed() {
        let frame = FrameSealer::new(NONCE).seal(FrameKind::COMMIT, PLACE, &[5; 300]);
        for position in 0..frame.len() {
            let mut flipped = frame.clone();
            flipped[position] ^= 0x10;
            let opened = open(&flipped, NONCE);
            assert!(opened.is_none_or(|(_, payload)| payload.is_err()), "byte {position}");
        }
    }

    #[test]
    fn zeros_are_never_packed_to_less_than_a_reader_accepts() {
        for raw_len in [1_024, 100_000, 1 << 20, limits::LARGE_FRAME_BYTES] {
            let raw = vec![0; raw_len];
            let frame = FrameSealer::new(NONCE).seal(FrameKind::DATA, PLACE, &raw);
            let (header, opened) = open(&frame, NONCE).expect("the header should hold");
            assert!(header.stored_len as usize * limits::PACKING >= raw_len);
            assert!(header.stored_len as usize <= raw_len / limits::PACKING + 40);
            assert!(opened == Ok(raw));
        }
    }

    #[test]
    fn a_frame_header_over_the_limits_is_refused() {
        let header = FrameHeader {
            kind: FrameKind::DATA,
            place: PLACE,
            stored_len: 10,
            raw_len: limits::LARGE_FRAME_BYTES as u32 + 1,
            codec: ZSTD,
            payload_checksum: 0,
        };
        assert!(FrameHeader::decode(&header.encode(NONCE), NONCE).is_none());
        let inflated = FrameHeader { stored_len: 11, raw_len: 10, ..header };
        assert!(FrameHeader::decode(&inflated.encode(NONCE), NONCE).is_none());
    }

    #[test]
    fn kind_zero_is_never_valid() {
        assert_eq!(FrameKind::from_byte(0), None);
        assert_eq!(FrameKind::from_byte(FrameKind::MAY_BE_SKIPPED), None);
        assert_eq!(FrameKind::from_byte(FrameKind::MUST_BE_CARRIED), None);
        assert!(FrameKind::from_byte(0x84).is_some_and(FrameKind::may_be_skipped));
    }
}
