//! Pauses after faults of a store.

use std::time::Duration;

/// The pause after a fault.
pub(super) const AFTER_FAULT: Duration = Duration::from_millis(500);
/// The longest one after faults that follow each other.
const LONGEST: Duration = Duration::from_secs(30);

/// The pause after a fault that follows another one, or the first if there was none.
pub(super) fn longer(pause: Duration) -> Duration {
    (pause * 2).clamp(AFTER_FAULT, LONGEST)
}
