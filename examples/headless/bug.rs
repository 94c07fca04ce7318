//! `--panic-seed`: a bug in the colony's rules, for those who look whether a crash can be played again.
//!
//! A game has no need of this.

use crate::colony::{Bug, Colony};
use crate::report::{Line, Reporter};

/// The number of ticks, from the first on which the bug can show, after which any chosen member meets it.
const AT_THE_LATEST: u64 = 1_500;

/// Panics, if the one who was chosen meets the bug: who that is, the inputs have made.
pub fn show(bug: &Bug, colony: &Colony, number: Option<u32>, reporter: Option<&Reporter>) {
    let (Some(seed), Some(number)) = (bug.seed, number) else { return };
    let Some(since) = colony.tick.checked_sub(bug.from) else { return };
    let mixed = (seed ^ u64::from(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ colony.mined;
    if since < AT_THE_LATEST && !(mixed >> 32).is_multiple_of(8) {
        return;
    }
    let message =
        format!("number {number} fell into the well that {} veins have left", colony.mined);
    if let Some(reporter) = reporter {
        reporter.say(&Line::Panicking { tick: colony.tick, message: message.clone() });
    }
    panic!("{message}");
}
