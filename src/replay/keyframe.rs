//! A keyframe that a playback has reached.

use std::fmt;

use super::{Divergence, Keyframe};

/// A checkpoint that a playback has reached.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct KeyframeReached {
    /// The checkpoint.
    pub keyframe: Keyframe,
    /// The frames that were played since the previous one; 0 if the world was restored without
    /// playing them.
    pub frames: u64,
    /// True if an exact replay has played no frames, although the process went on from the previous one:
    /// the recording between them was switched off, removed to stay within its quota, or is damaged,
    /// or one of both was taken in the middle of a frame, as a state was left.
    pub after_gap: bool,
    /// The difference between the replay and the recording. The next step continues from the
    /// recorded world all the same.
    pub divergence: Option<Divergence>,
}

impl fmt::Display for KeyframeReached {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { keyframe, frames, after_gap, divergence } = self;
        write!(formatter, "checkpoint {}", keyframe.checkpoint)?;
        match divergence {
            Some(divergence) => write!(formatter, ": {divergence}"),
            None if *frames > 0 => write!(formatter, ", the same after {frames} frames"),
            None if *after_gap => formatter.write_str(", whose recording has a gap before it"),
            None => Ok(()),
        }
    }
}
