//! Small files that are replaced as a whole: process records and the host id.
//!
//! ```text
//! magic 8 │ version 2 │ payload length 4 │ checksum 8 │ payload: MessagePack with field names
//! ```
//!
//! They are written without a sync, so after a power cut anything may be in them. The checksum
//! covers everything else, so that is noticed.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use xxhash_rust::xxh3::Xxh3;

use super::StoreError;

/// Bytes before the payload.
const PRELUDE_BYTES: usize = 22;
/// Bytes before the checksum.
const CHECKED_BYTES: usize = 14;

/// The kind of a small file, by its first bytes, and the version that this library writes.
#[derive(Clone, Copy, Debug)]
pub struct SealKind {
    /// First bytes of the file.
    pub magic: [u8; 8],
    /// Version of the payload.
    pub version: u16,
}

/// The error of a small file that can't be understood.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SealError {
    /// It isn't what was written.
    Damaged,
    /// A newer version wrote it.
    Newer {
        /// The version.
        version: u16,
    },
}

/// A value as the content of a small file.
pub fn seal<T: Serialize>(kind: SealKind, value: &T) -> Result<Vec<u8>, rmp_serde::encode::Error> {
    let payload = rmp_serde::to_vec_named(value)?;
    let mut bytes = Vec::with_capacity(PRELUDE_BYTES + payload.len());
    bytes.extend_from_slice(&kind.magic);
    bytes.extend_from_slice(&kind.version.to_le_bytes());
    bytes.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    let checksum = checksum(&bytes, &payload);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    bytes.extend_from_slice(&payload);
    Ok(bytes)
}

/// A value as the content of the small file at `path`, which an error names.
///
/// # Errors
///
/// [`StoreError::Content`], which nothing in these values gives rise to.
pub fn seal_for<T: Serialize>(
    path: &Path,
    kind: SealKind,
    value: &T,
) -> Result<Vec<u8>, StoreError> {
    seal(kind, value)
        .map_err(|source| StoreError::Content { path: path.to_owned(), source: source.into() })
}

/// The value in a small file.
pub fn unseal<T: DeserializeOwned>(kind: SealKind, bytes: &[u8]) -> Result<T, SealError> {
    let (version, payload) = open(kind, bytes).ok_or(SealError::Damaged)?;
    match rmp_serde::from_slice(payload) {
        Ok(value) if version <= kind.version => Ok(value),
        Err(_) if version <= kind.version => Err(SealError::Damaged),
        _ => Err(SealError::Newer { version }),
    }
}

/// Version and payload, if the checksum holds.
fn open(kind: SealKind, bytes: &[u8]) -> Option<(u16, &[u8])> {
    let (prelude, payload) = bytes.split_at_checked(PRELUDE_BYTES)?;
    let (checked, announced) = prelude.split_at_checked(CHECKED_BYTES)?;
    let rest = checked.strip_prefix(&kind.magic)?;
    let (version, length) = rest.split_first_chunk()?;
    let length = u32::from_le_bytes(*length.first_chunk()?);
    let is_whole =
        length as usize == payload.len() && announced == checksum(checked, payload).to_le_bytes();
    is_whole.then_some((u16::from_le_bytes(*version), payload))
}

fn checksum(prelude: &[u8], payload: &[u8]) -> u64 {
    let mut hasher = Xxh3::new();
    hasher.update(prelude);
    hasher.update(payload);
    hasher.digest()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: SealKind = SealKind { magic: *b"bvytest\x1a", version: 2 };

    #[test]
    fn every_cut_and_every_flip_is_damage() {
        let bytes = seal(KIND, &vec![1_u32, 2, 3]).unwrap();
        assert_eq!(unseal::<Vec<u32>>(KIND, &bytes), Ok(vec![1, 2, 3]));
        for position in 0..bytes.len() {
            assert_eq!(unseal::<Vec<u32>>(KIND, &bytes[..position]), Err(SealError::Damaged));
            let mut flipped = bytes.clone();
            flipped[position] ^= 0x20;
            assert_eq!(unseal::<Vec<u32>>(KIND, &flipped), Err(SealError::Damaged));
        }
    }

    #[test]
    fn a_newer_version_is_reported_as_newer() {
        let newer = SealKind { version: 3, ..KIND };
        let bytes = seal(newer, &7_u8).unwrap();
        assert_eq!(unseal::<u8>(KIND, &bytes), Err(SealError::Newer { version: 3 }));
        assert_eq!(unseal::<u8>(newer, &seal(KIND, &7_u8).unwrap()), Ok(7));
    }
}
