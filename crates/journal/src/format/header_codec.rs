//! A segment's header as bytes.
//!
//! ```text
//! magic 8 │ major 2 │ minor 2 │ body length 4 │ checksum 8 │ body: MessagePack with field names
//! ```
//!
//! The prelude of 24 bytes is the same in every version to come, and the checksum covers all of it and the body. So
//! "this file is newer" is only reported of a header that is whole, and a flipped bit in the version is what it is:
//! damage.

use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use xxhash_rust::xxh3::Xxh3;

use super::wire::{Reader, WireError};
use super::{
    EncodeError, FEATURE_EVENTS, FEATURE_WITHOUT_WORLD, FORMAT_MAJOR, FORMAT_MINOR, MAGIC, ReadAt,
    SegmentHeader, header_room,
};
use crate::model::ids::limits;
use crate::model::session::WrittenBy;

/// Required features that this version knows. None has been needed yet.
const KNOWN_REQUIRED: u64 = 0;
/// Optional features that this version knows.
pub const KNOWN_OPTIONAL: u64 = FEATURE_EVENTS | FEATURE_WITHOUT_WORLD;
/// Bytes before the body.
const PRELUDE_BYTES: usize = 24;
/// Bytes of the prelude before its checksum.
const CHECKED_BYTES: usize = 16;

/// The error of opening a segment.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SegmentError {
    /// The file ends before its header does, or holds nothing but zeros: the process or machine
    /// stopped before the header was written. Nothing in such a file was ever acknowledged.
    #[error("{path} ends before its header does")]
    Torn {
        /// The file.
        path: PathBuf,
    },
    /// The header isn't what was written, or no header of a segment at all.
    #[error("the header of {path} is damaged")]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a newer version.
    #[error("{path} has {written_by}, which is newer than {FORMAT_MAJOR}.{FORMAT_MINOR}")]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// The version that wrote it.
        written_by: WrittenBy,
    },
    /// Reading the file takes features that this version doesn't have.
    #[error("{path} needs features {features:#x}, which this version doesn't know")]
    UnknownFeatures {
        /// The file.
        path: PathBuf,
        /// The bits that are unknown.
        features: u64,
        /// The version that wrote it.
        written_by: WrittenBy,
    },
    /// The file could not be read. That says nothing about its content.
    #[error("failed to read the header of {path}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
}

/// The header as it is written. Texts that it has no room for are cut, see [`header_room`].
///
/// # Errors
///
/// [`EncodeError::HeaderTooLarge`] if it names more checkpoints or runs than the format allows.
pub fn encode(header: &SegmentHeader) -> Result<Vec<u8>, EncodeError> {
    let body = header_room::body(header)?;
    let mut bytes = Vec::with_capacity(PRELUDE_BYTES + body.len());
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&FORMAT_MAJOR.to_le_bytes());
    bytes.extend_from_slice(&FORMAT_MINOR.to_le_bytes());
    bytes.extend_from_slice(&(body.len() as u32).to_le_bytes());
    let checksum = checksum(&bytes, &body);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    bytes.extend_from_slice(&body);
    Ok(bytes)
}

/// A header that was read.
#[derive(Debug)]
pub struct OpenedHeader {
    /// The header.
    pub header: SegmentHeader,
    /// The version that wrote it.
    pub written_by: WrittenBy,
    /// The offset of the file's first frame.
    pub frames_start: u64,
}

/// Reads the header of a file.
///
/// # Errors
///
/// [`SegmentError`]; see its variants.
pub fn read(path: &Path, file: &dyn ReadAt) -> Result<OpenedHeader, SegmentError> {
    let unreadable = |source| SegmentError::Unreadable { path: path.to_owned(), source };
    let bytes = first_bytes(file).map_err(unreadable)?;
    let parts = match split(&bytes) {
        Ok(Some(parts)) => parts,
        Ok(None) if is_zeroed(&bytes, file).map_err(unreadable)? => {
            return Err(SegmentError::Torn { path: path.to_owned() });
        }
        Ok(None) => return Err(SegmentError::Damaged { path: path.to_owned() }),
        Err(_) => return Err(SegmentError::Torn { path: path.to_owned() }),
    };
    let header = parts.open(path)?;
    let written_by = parts.written_by(&header.game_version);
    let frames_start = (PRELUDE_BYTES + parts.body.len()) as u64;
    Ok(OpenedHeader { header, written_by, frames_start })
}

/// The beginning of the file, up to the largest size of a header.
fn first_bytes(file: &dyn ReadAt) -> io::Result<Vec<u8>> {
    /// Nearly every header is shorter than this.
    const USUAL_BYTES: usize = 4096;
    const MOST_BYTES: usize = PRELUDE_BYTES + limits::HEADER_BYTES;

    let length = usize::try_from(file.len()?).unwrap_or(usize::MAX);
    let mut bytes = vec![0; length.min(USUAL_BYTES)];
    file.read_exact_at(0, &mut bytes)?;
    if length > USUAL_BYTES && split(&bytes).is_err() {
        bytes.resize(length.min(MOST_BYTES), 0);
        file.read_exact_at(0, &mut bytes)?;
    }
    Ok(bytes)
}

/// Returns true if the whole file is zeros, as some file systems leave one whose bytes never got there. A long one
/// isn't read to its end, and counts as damaged, since it is looked at again and again.
fn is_zeroed(first: &[u8], file: &dyn ReadAt) -> io::Result<bool> {
    const BYTES_AT_ONCE: u64 = 64 << 10;

    let all_zero = |bytes: &[u8]| bytes.iter().all(|byte| *byte == 0);
    let length = file.len()?;
    if length > limits::ZEROED_BYTES {
        return Ok(false);
    }
    let mut offset = 0;
    let mut bytes = first.to_vec();
    while all_zero(&bytes) && offset < length {
        bytes.resize(BYTES_AT_ONCE.min(length - offset) as usize, 0);
        file.read_exact_at(offset, &mut bytes)?;
        offset += bytes.len() as u64;
    }
    Ok(all_zero(&bytes))
}

/// A header taken apart, before anything in it is believed.
struct Parts<'a> {
    major: u16,
    minor: u16,
    is_whole: bool,
    body: &'a [u8],
}

/// Takes a header apart: `None` if it isn't one, an error if it is cut off.
fn split(bytes: &[u8]) -> Result<Option<Parts<'_>>, WireError> {
    let known = bytes.len().min(MAGIC.len());
    if bytes.get(..known) != MAGIC.get(..known) {
        return Ok(None);
    }
    let mut reader = Reader::new(bytes);
    reader.take(MAGIC.len())?;
    let major = reader.u16()?;
    let minor = reader.u16()?;
    let body_len = reader.u32()? as usize;
    let announced = reader.u64()?;
    if body_len > limits::HEADER_BYTES {
        return Ok(None);
    }
    let body = reader.take(body_len)?;
    let prelude = bytes.get(..CHECKED_BYTES).unwrap_or_default();
    Ok(Some(Parts { major, minor, is_whole: checksum(prelude, body) == announced, body }))
}

impl Parts<'_> {
    fn open(&self, path: &Path) -> Result<SegmentHeader, SegmentError> {
        let path = || path.to_owned();
        if !self.is_whole {
            return Err(SegmentError::Damaged { path: path() });
        }
        let is_newer = (self.major, self.minor) > (FORMAT_MAJOR, FORMAT_MINOR);
        let newer = || SegmentError::NewerFormat {
            path: path(),
            written_by: self.written_by(&self.game_version()),
        };
        if self.major > FORMAT_MAJOR {
            return Err(newer());
        }
        let header: SegmentHeader = match rmp_serde::from_slice(self.body) {
            Ok(header) if self.major == FORMAT_MAJOR => header,
            Err(_) if is_newer => return Err(newer()),
            _ => return Err(SegmentError::Damaged { path: path() }),
        };
        let features = header.required_features & !KNOWN_REQUIRED;
        if features != 0 {
            let written_by = self.written_by(&header.game_version);
            return Err(SegmentError::UnknownFeatures { path: path(), features, written_by });
        }
        Ok(header)
    }

    fn written_by(&self, game_version: &str) -> WrittenBy {
        WrittenBy::new(self.major, self.minor, game_version)
    }

    /// The one thing that is asked of a body that can't be read otherwise; empty if it doesn't say.
    fn game_version(&self) -> String {
        #[derive(Deserialize)]
        struct AnyBody {
            game_version: String,
        }
        rmp_serde::from_slice(self.body)
            .map_or_else(|_| String::new(), |body: AnyBody| body.game_version)
    }
}

fn checksum(prelude: &[u8], body: &[u8]) -> u64 {
    let mut hasher = Xxh3::new();
    hasher.update(prelude);
    hasher.update(body);
    hasher.digest()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::sample::header;

    fn open(bytes: &[u8]) -> Result<(SegmentHeader, u64), SegmentError> {
        let opened = read(Path::new("sample.journal"), &bytes.to_vec())?;
        Ok((opened.header, opened.frames_start))
    }

    /// The bytes with a checksum that holds again after a change.
    fn sealed_again(mut bytes: Vec<u8>) -> Vec<u8> {
        let checksum = checksum(&bytes[..CHECKED_BYTES], &bytes[PRELUDE_BYTES..]);
        bytes[CHECKED_BYTES..PRELUDE_BYTES].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    #[test]
    fn a_header_round_trips() {
        let mut bytes = encode(&header(1, 0)).unwrap();
        let length = bytes.len() as u64;
        bytes.extend_from_slice(b"frames");
        let (read, frames) = open(&bytes).unwrap();
        assert_eq!((read, frames), (header(1, 0), length));
    }

    #[test]
    fn a_long_header_round_trips_cut_to_its_limits() {
        let mut long = header(1, 0);
        long.metadata.description = "x".repeat(30_000);
        let bytes = encode(&long).unwrap();
        assert_eq!(open(&bytes).unwrap().0, long);
        long.metadata.description = "x".repeat(limits::HEADER_BYTES);
        let read = open(&encode(&long).unwrap()).unwrap().0;
        assert_eq!(read.metadata.description, "x".repeat(limits::STRING_BYTES));
    }

    #[test]
    fn every_cut_is_torn() {
        let bytes = encode(&header(1, 0)).unwrap();
        for end in 0..bytes.len() {
            assert!(matches!(open(&bytes[..end]), Err(SegmentError::Torn { .. })), "cut at {end}");
        }
        assert!(matches!(open(&[0; 100_000]), Err(SegmentError::Torn { .. })));
        let mut erased = vec![0; 100_000];
        erased.push(1);
        assert!(matches!(open(&erased), Err(SegmentError::Damaged { .. })));
    }

    /// A file of zeros of a given length, which counts the bytes that are read.
    struct Zeros {
        length: u64,
        read: std::sync::atomic::AtomicU64,
    }

    impl ReadAt for Zeros {
        fn len(&self) -> io::Result<u64> {
            Ok(self.length)
        }

        fn read_exact_at(&self, _: u64, buffer: &mut [u8]) -> io::Result<()> {
            buffer.fill(0);
            let length = buffer.len() as u64;
            let read = self.read.fetch_add(length, std::sync::atomic::Ordering::Relaxed) + length;
            assert!(read <= 2 * limits::ZEROED_BYTES, "the file should not be read to its end");
            Ok(())
        }
    }

    #[test]
    fn a_long_run_of_zeros_is_damage_and_read_in_part() {
        let opened = |length| {
            let zeros = Zeros { length, read: Default::default() };
            read(Path::new("sample.journal"), &zeros).map(|_| ())
        };
        let torn = opened(limits::ZEROED_BYTES);
        assert!(matches!(torn, Err(SegmentError::Torn { .. })), "{torn:?}");
        for length in [limits::ZEROED_BYTES + 1, 1 << 40, u64::MAX] {
            let opened = opened(length);
            assert!(matches!(opened, Err(SegmentError::Damaged { .. })), "{opened:?}");
        }
    }

    #[test]
    fn every_flipped_byte_is_damage_and_never_a_newer_version() {
        let mut bytes = encode(&header(1, 0)).unwrap();
        bytes.extend_from_slice(&[1; 70_000]);
        let frames = bytes.len() - 70_000;
        for position in 0..frames {
            let mut flipped = bytes.clone();
            flipped[position] ^= 0x40;
            let opened = open(&flipped);
            assert!(matches!(opened, Err(SegmentError::Damaged { .. })), "byte {position}");
        }
    }

    #[test]
    fn a_valid_header_of_a_newer_format_gives_the_game_version() {
        let newer = |game_version: &str| {
            let header = SegmentHeader { game_version: game_version.to_owned(), ..header(1, 0) };
            let mut bytes = encode(&header).unwrap();
            bytes[8] = 9;
            bytes[10] = 3;
            sealed_again(bytes)
        };
        let mut without_a_body_to_read = newer("2.0");
        without_a_body_to_read[PRELUDE_BYTES] = 0xc1;
        for (bytes, written_by) in [
            (newer("2.0"), WrittenBy::new(9, 3, "2.0")),
            (newer(""), WrittenBy::new(9, 3, "")),
            (sealed_again(without_a_body_to_read), WrittenBy::new(9, 3, "")),
        ] {
            let Err(SegmentError::NewerFormat { written_by: reported, .. }) = open(&bytes) else {
                panic!("a newer format should be refused")
            };
            assert_eq!(reported, written_by);
        }
    }

    #[test]
    fn a_newer_minor_version_is_read() {
        let mut bytes = encode(&header(1, 0)).unwrap();
        bytes[10] = 3;
        assert!(open(&sealed_again(bytes)).is_ok());
    }

    #[test]
    fn unknown_features_are_refused() {
        let needy = SegmentHeader { required_features: 4, ..header(1, 0) };
        let opened = open(&encode(&needy).unwrap());
        assert!(matches!(opened, Err(SegmentError::UnknownFeatures { features: 4, .. })));
    }
}
