//! Seeds that failed once. Every test run plays them again.

/// Of crashes in recoveries.
pub const COMPOUND: [u64; 1] = [1093];

/// Of sequences of going back.
pub const BRANCHES: [u64; 1] = [1875];

/// Of scenarios with faults.
pub const FAULTS: [u64; 6] = [2, 3, 26, 34, 56, 105];
