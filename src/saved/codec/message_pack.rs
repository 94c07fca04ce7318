//! Values as MessagePack with field names, within the limits of the format.

use std::io;

use rmp_serde::Serializer;
use rmp_serde::config::{DefaultConfig, StructMapConfig};
use serde::Serialize;
use serde::de::DeserializeOwned;

use bevy_session_journal::limits;

/// The reason why a value could not be written.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum EncodeError {
    /// The value's own `Serialize` returned an error.
    #[error("{0}")]
    Refused(String),
    /// The value is larger than the format allows.
    #[error("the value is larger than {} bytes", limits::VALUE_BYTES)]
    TooLarge,
    /// The value is nested deeper than the format allows.
    #[error("the value is nested deeper than {} levels", limits::VALUE_DEPTH)]
    TooDeep,
}

/// The reason why bytes could not be read as a value.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum DecodeError {
    /// The value's own `Deserialize` returned an error.
    #[error("{0}")]
    Refused(String),
    /// The value is nested deeper than the format allows.
    #[error("the value is nested deeper than {} levels", limits::VALUE_DEPTH)]
    TooDeep,
    /// The bytes are no MessagePack.
    #[error("the bytes are no MessagePack")]
    Malformed,
    /// The type's own `Deserialize`, or a migration, panicked.
    #[error("the game's own code panicked")]
    Panicked,
}

/// The serializer that every value goes through.
pub(crate) type ValueSerializer<'a> = Serializer<Bounded<'a>, StructMapConfig<DefaultConfig>>;

/// Writes a value into a buffer, in place of what is in it.
pub(crate) fn encode<T: Serialize + ?Sized>(
    value: &T,
    bytes: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    bytes.clear();
    append(value, bytes, limits::VALUE_BYTES)
}

/// Appends a value to a buffer, in at most so many bytes. After an error the buffer may end with a
/// part of it.
pub(crate) fn append<T: Serialize + ?Sized>(
    value: &T,
    bytes: &mut Vec<u8>,
    most: usize,
) -> Result<(), EncodeError> {
    append_with(bytes, most, |serializer| value.serialize(serializer))
}

/// Appends whatever `write` passes to the serializer, in at most so many bytes.
pub(crate) fn append_with(
    bytes: &mut Vec<u8>,
    most: usize,
    write: impl FnOnce(&mut ValueSerializer<'_>) -> Result<(), rmp_serde::encode::Error>,
) -> Result<(), EncodeError> {
    let start = bytes.len();
    let longest = start + most.min(limits::VALUE_BYTES);
    let mut serializer =
        Serializer::new(Bounded { bytes, longest, overflowed: false }).with_struct_map();
    let result = write(&mut serializer);
    if serializer.get_ref().overflowed {
        return Err(EncodeError::TooLarge);
    }
    result.map_err(|error| EncodeError::Refused(error.to_string()))?;
    match check_depth(bytes.get(start..).unwrap_or_default()) {
        Ok(()) => Ok(()),
        Err(DecodeError::TooDeep) => Err(EncodeError::TooDeep),
        Err(error) => Err(EncodeError::Refused(error.to_string())),
    }
}

/// Returns true if a value is written as these bytes, which must be readable. Stops at the first
/// difference.
pub(crate) fn is_written_as<T: Serialize + ?Sized>(value: &T, bytes: &[u8]) -> bool {
    let mut serializer = Serializer::new(Expected { bytes }).with_struct_map();
    value.serialize(&mut serializer).is_ok() && serializer.get_ref().bytes.is_empty()
}

/// The bytes that are still expected.
struct Expected<'a> {
    bytes: &'a [u8],
}

impl io::Write for Expected<'_> {
    #[inline]
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        self.bytes = self.bytes.strip_prefix(part).ok_or(io::ErrorKind::InvalidData)?;
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads a value.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    check_depth(bytes)?;
    rmp_serde::from_slice(bytes).map_err(|error| DecodeError::Refused(error.to_string()))
}

/// A buffer to which no more is appended than one value may have.
#[derive(Debug)]
pub(crate) struct Bounded<'a> {
    bytes: &'a mut Vec<u8>,
    /// The most bytes of the buffer.
    longest: usize,
    overflowed: bool,
}

impl io::Write for Bounded<'_> {
    #[inline]
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + part.len() > self.longest {
            self.overflowed = true;
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        self.bytes.extend_from_slice(part);
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Refuses values whose decoding could exhaust the stack.
///
/// The deserializer's own counter doesn't see every way to nest, so the bytes are walked, without
/// recursion. Every level takes at least a byte, so short values need no check.
pub(crate) fn check_depth(bytes: &[u8]) -> Result<(), DecodeError> {
    if bytes.len() <= limits::VALUE_DEPTH {
        return Ok(());
    }
    let mut rest = Reader { bytes };
    let mut items_left_per_level = vec![1_u64];
    while let Some(items_left) = items_left_per_level.last_mut() {
        if *items_left == 0 {
            items_left_per_level.pop();
            continue;
        }
        *items_left -= 1;
        if let Some(items) = rest.item()? {
            // The outermost level is the value itself.
            if items_left_per_level.len() > limits::VALUE_DEPTH {
                return Err(DecodeError::TooDeep);
            }
            items_left_per_level.push(items);
        }
    }
    Ok(())
}

/// Walks MessagePack.
pub(super) struct Reader<'a> {
    pub bytes: &'a [u8],
}

impl Reader<'_> {
    /// Skips one item. Returns the number of items in it if it is a container.
    pub fn item(&mut self) -> Result<Option<u64>, DecodeError> {
        let marker = self.number(1)?;
        let skipped = match marker {
            0x00..=0x7f | 0xc0 | 0xc2 | 0xc3 | 0xe0..=0xff => 0,
            0x80..=0x8f => return Ok(Some((marker & 0x0f) * 2)),
            0x90..=0x9f => return Ok(Some(marker & 0x0f)),
            0xa0..=0xbf => marker & 0x1f,
            0xc4 | 0xd9 => self.number(1)?,
            0xc5 | 0xda => self.number(2)?,
            0xc6 | 0xdb => self.number(4)?,
            0xc7 => self.number(1)? + 1,
            0xc8 => self.number(2)? + 1,
            0xc9 => self.number(4)? + 1,
            0xcc | 0xd0 => 1,
            0xcd | 0xd1 | 0xd4 => 2,
            0xd5 => 3,
            0xca | 0xce | 0xd2 => 4,
            0xd6 => 5,
            0xcb | 0xcf | 0xd3 => 8,
            0xd7 => 9,
            0xd8 => 17,
            0xdc => return Ok(Some(self.number(2)?)),
            0xdd => return Ok(Some(self.number(4)?)),
            0xde => return Ok(Some(self.number(2)? * 2)),
            0xdf => return Ok(Some(self.number(4)? * 2)),
            _ => return Err(DecodeError::Malformed),
        };
        self.take(skipped)?;
        Ok(None)
    }

    fn number(&mut self, length: u64) -> Result<u64, DecodeError> {
        let digits = self.take(length)?;
        Ok(digits.iter().fold(0, |number, digit| number << 8 | u64::from(*digit)))
    }

    fn take(&mut self, length: u64) -> Result<&[u8], DecodeError> {
        let length = usize::try_from(length).map_err(|_| DecodeError::Malformed)?;
        let (taken, rest) = self.bytes.split_at_checked(length).ok_or(DecodeError::Malformed)?;
        self.bytes = rest;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Serialize, Deserialize)]
    enum Chain {
        Link(Box<Chain>),
        End,
    }

    fn chain(links: usize) -> Chain {
        (0..links).fold(Chain::End, |rest, _| Chain::Link(Box::new(rest)))
    }

    #[test]
    fn every_kind_of_item_is_walked() {
        #[derive(Serialize)]
        struct Everything<'a> {
            numbers: (u8, i8, u16, i16, u32, i32, u64, i64, f32, f64, bool),
            texts: Vec<String>,
            list: Vec<u32>,
            map: BTreeMap<u32, Option<u8>>,
            #[serde(with = "serde_bytes_like")]
            bytes: &'a [u8],
        }
        mod serde_bytes_like {
            pub fn serialize<S: serde::Serializer>(b: &&[u8], s: S) -> Result<S::Ok, S::Error> {
                s.serialize_bytes(b)
            }
        }
        let everything = Everything {
            numbers: (
                200,
                -100,
                60_000,
                -30_000,
                1 << 31,
                -1 << 31,
                1 << 63,
                i64::MIN,
                1.0,
                2.0,
                true,
            ),
            texts: [0, 31, 32, 300, 70_000].map(|length| "x".repeat(length)).to_vec(),
            list: (0..70_000).collect(),
            map: (0..70_000).map(|key| (key, None)).collect(),
            bytes: &[7; 70_000],
        };
        let mut bytes = Vec::new();
        assert_eq!(encode(&everything, &mut bytes), Ok(()));
        let whole = check_depth(&bytes);
        assert_eq!(whole, Ok(()));
        bytes.pop();
        assert_eq!(check_depth(&bytes), Err(DecodeError::Malformed));
    }

    #[test]
    fn a_value_is_compared_with_its_bytes_exactly() {
        let value = (1_u8, "words".to_owned(), vec![0.5_f32], None::<u8>, BTreeMap::from([(1, 2)]));
        let mut bytes = Vec::new();
        assert_eq!(encode(&value, &mut bytes), Ok(()));
        assert!(is_written_as(&value, &bytes));
        for length in 0..bytes.len() {
            assert!(!is_written_as(&value, &bytes[..length]), "the first {length} bytes");
            let mut other = bytes.clone();
            other[length] ^= 1;
            assert!(!is_written_as(&value, &other), "another byte at {length}");
        }
        bytes.push(0xc0);
        assert!(!is_written_as(&value, &bytes), "a byte more");
    }

    #[test]
    fn nesting_is_bounded_both_ways() {
        let mut bytes = Vec::new();
        assert_eq!(encode(&chain(limits::VALUE_DEPTH), &mut bytes), Ok(()));
        assert!(decode::<Chain>(&bytes).is_ok());
        assert_eq!(encode(&chain(limits::VALUE_DEPTH + 1), &mut bytes), Err(EncodeError::TooDeep));
    }

    #[test]
    fn a_hostile_tower_of_arrays_is_refused_without_recursion() {
        let tower = vec![0x91; 1 << 20];
        assert!(matches!(decode::<Chain>(&tower), Err(DecodeError::TooDeep)));
    }

    #[test]
    fn a_value_over_the_limit_is_refused_before_it_takes_the_memory() {
        let mut bytes = Vec::new();
        let large = "x".repeat(limits::VALUE_BYTES);
        assert_eq!(encode(&large, &mut bytes), Err(EncodeError::TooLarge));
        assert!(bytes.capacity() < 2 * limits::VALUE_BYTES);
    }
}
