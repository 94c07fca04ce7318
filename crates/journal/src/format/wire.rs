//! Numbers and bytes as the format writes them: little-endian, or as integers of variable length.
//!
//! The reader never goes past its input and allocates nothing, so what it is given may be hostile.

/// Bits of a number that each byte of a variable-length integer holds.
const BITS_PER_BYTE: u32 = 7;
/// The bit that says that another byte follows.
const MORE: u8 = 0x80;

/// The error of reading a number or a string of bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// The input ends in the middle of a value.
    #[error("the bytes end in the middle of a value")]
    Truncated,
    /// A variable-length integer has more bits than its type, or more bytes than it needs.
    #[error("a number is too large, or not in its shortest form")]
    Malformed,
    /// A count or length is larger than the format allows.
    #[error("{value} is over the limit of {limit}")]
    OverLimit {
        /// The number that was read.
        value: u64,
        /// The largest one allowed.
        limit: u64,
    },
}

/// Reads values from the front of a slice.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader at the front of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The number of bytes that are left.
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Returns true if everything has been read.
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `count` bytes.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], WireError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(WireError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(WireError::Truncated)?;
        self.rest = rest;
        Ok(*taken)
    }

    /// The next byte.
    pub fn u8(&mut self) -> Result<u8, WireError> {
        self.array().map(u8::from_le_bytes)
    }

    /// The next two bytes as a number.
    pub fn u16(&mut self) -> Result<u16, WireError> {
        self.array().map(u16::from_le_bytes)
    }

    /// The next four bytes as a number.
    pub fn u32(&mut self) -> Result<u32, WireError> {
        self.array().map(u32::from_le_bytes)
    }

    /// The next eight bytes as a number.
    pub fn u64(&mut self) -> Result<u64, WireError> {
        self.array().map(u64::from_le_bytes)
    }

    /// The next variable-length integer.
    pub fn varint(&mut self) -> Result<u64, WireError> {
        let mut value = 0;
        let mut shift = 0;
        loop {
            let byte = self.u8()?;
            let bits = u64::from(byte & !MORE);
            let shifted = bits.checked_shl(shift).ok_or(WireError::Malformed)?;
            if shifted >> shift != bits {
                return Err(WireError::Malformed);
            }
            value |= shifted;
            if byte & MORE == 0 {
                // One number has one encoding, or equal content could differ in its bytes.
                let is_padded = byte == 0 && shift != 0;
                return if is_padded { Err(WireError::Malformed) } else { Ok(value) };
            }
            shift += BITS_PER_BYTE;
        }
    }

    /// The next variable-length integer, if it is a count of at most `limit`.
    pub fn count(&mut self, limit: usize) -> Result<usize, WireError> {
        let value = self.varint()?;
        match usize::try_from(value) {
            Ok(count) if count <= limit => Ok(count),
            _ => Err(WireError::OverLimit { value, limit: limit as u64 }),
        }
    }
}

/// Appends a variable-length integer.
pub fn put_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= u64::from(MORE) {
        bytes.push(value as u8 | MORE);
        value >>= BITS_PER_BYTE;
    }
    bytes.push(value as u8);
}

/// The number of bytes that [`put_varint`] appends for `value`.
pub fn varint_len(value: u64) -> usize {
    let bits = (u64::BITS - value.leading_zeros()).max(1);
    bits.div_ceil(BITS_PER_BYTE) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_varint_survives_in_the_length_that_was_announced() {
        let edges = (0..64).flat_map(|bit| {
            let power = 1_u64 << bit;
            [power - 1, power, power + 1]
        });
        for value in edges.chain([u64::MAX]) {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, value);
            assert_eq!(bytes.len(), varint_len(value), "length of {value}");
            let mut reader = Reader::new(&bytes);
            assert_eq!(reader.varint(), Ok(value));
            assert!(reader.is_empty());
        }
    }

    #[test]
    fn a_varint_with_too_many_bits_is_malformed() {
        let eleven = [0xff; 11];
        assert_eq!(Reader::new(&eleven).varint(), Err(WireError::Malformed));
        let sixty_five_bits = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02];
        assert_eq!(Reader::new(&sixty_five_bits).varint(), Err(WireError::Malformed));
    }

    #[test]
    fn a_padded_varint_is_malformed() {
        assert_eq!(Reader::new(&[0x81, 0x00]).varint(), Err(WireError::Malformed));
        assert_eq!(Reader::new(&[0x00]).varint(), Ok(0));
    }

    #[test]
    fn nothing_is_read_past_the_end() {
        assert_eq!(Reader::new(&[1, 2, 3]).u32(), Err(WireError::Truncated));
        assert_eq!(Reader::new(&[0x80]).varint(), Err(WireError::Truncated));
        assert_eq!(Reader::new(&[1]).take(2), Err(WireError::Truncated));
    }

    #[test]
    fn a_count_over_the_limit_is_refused_before_use() {
        let mut bytes = Vec::new();
        put_varint(&mut bytes, u64::MAX);
        let refused = WireError::OverLimit { value: u64::MAX, limit: 8 };
        assert_eq!(Reader::new(&bytes).count(8), Err(refused));
    }
}
