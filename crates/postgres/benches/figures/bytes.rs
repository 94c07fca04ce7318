//! Bytes that don't compress.

use crate::world::random_numbers;

/// Bytes of a generator.
pub fn random_bytes(bytes: usize, seed: u64) -> Vec<u8> {
    random_numbers(bytes / 8, seed).into_iter().flat_map(u64::to_le_bytes).collect()
}
