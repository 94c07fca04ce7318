//! Seeds that failed once. Every test run plays them again.

/// Of crashes in recoveries.
pub const COMPOUND: [u64; 1] = [1093];
