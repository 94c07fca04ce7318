//! Numbers that no other process draws.

use uuid::Uuid;

/// A random number from the operating system, never zero.
///
/// Version 4 UUIDs carry 122 random bits; the upper half holds all but four of its own.
pub fn random_u64() -> u64 {
    let (high, low) = Uuid::new_v4().as_u64_pair();
    (high ^ low.rotate_left(32)).max(1)
}
