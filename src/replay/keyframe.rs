//! A keyframe that a playback came to.

use std::fmt;

use super::{Divergence, Keyframe};

/// A playback came to a checkpoint.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct KeyframeReached {
    /// The checkpoint.
    pub keyframe: Keyframe,
    /// The frames that were played since the one before; 0 where the world was put there without playing them.
    pub frames: u64,
    /// Where what was played differs from what was recorded. With the next step, the world is the recorded one all the same.
    pub divergence: Option<Divergence>,
}

impl fmt::Display for KeyframeReached {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { keyframe, frames, divergence } = self;
        write!(formatter, "checkpoint {}", keyframe.checkpoint)?;
        match divergence {
            Some(divergence) => write!(formatter, ": {divergence}"),
            None if *frames > 0 => write!(formatter, ", the same after {frames} frames"),
            None => Ok(()),
        }
    }
}
