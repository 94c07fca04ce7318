//! The game's own clocks, as they are saved.

use serde::{Deserialize, Serialize};

/// The time that the game has been played, as its systems see it, in microseconds and nanoseconds beyond them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct GameClock {
    /// The clock that can be paused and sped up.
    #[serde(rename = "virtual")]
    pub elapsed: Option<u64>,
    /// The nanoseconds beyond that.
    #[serde(default, rename = "virtual_ns", skip_serializing_if = "is_zero")]
    pub elapsed_rest: u32,
    /// The clock of fixed steps.
    pub fixed: Option<FixedClock>,
    /// The nanoseconds of play time beyond the milliseconds of the checkpoint.
    #[serde(default, rename = "played_ns", skip_serializing_if = "is_zero")]
    pub played_rest: u32,
}

/// A clock of fixed steps.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FixedClock {
    /// Steps that were made, as time.
    pub elapsed: u64,
    /// The nanoseconds beyond that.
    #[serde(default, rename = "elapsed_ns", skip_serializing_if = "is_zero")]
    pub elapsed_rest: u32,
    /// Time that was not yet made up for by a fixed step.
    pub overstep: u64,
    /// The nanoseconds beyond that: a microsecond less, and a step falls into another frame.
    #[serde(default, rename = "overstep_ns", skip_serializing_if = "is_zero")]
    pub overstep_rest: u32,
}

fn is_zero(nanoseconds: &u32) -> bool {
    *nanoseconds == 0
}
