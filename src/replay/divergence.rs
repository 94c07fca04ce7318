//! The difference between a replay and its recording.

use std::fmt;
use std::ops::RangeInclusive;

use crate::testing::{Difference, DifferenceKind};

/// The most differences that the text of a divergence lists.
const LISTED: usize = 20;

/// The difference between a replay and its recording, at a checkpoint.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Divergence {
    /// The frames in which it occurred, numbered as in the recorded process.
    pub frames: RangeInclusive<u64>,
    /// The fixed steps in which it occurred, numbered as in the recorded process.
    pub ticks: RangeInclusive<u64>,
    /// Type, entity and field of each difference. The replayed value is in `before`, the recorded
    /// one in `after`, and entities are those of the replaying app.
    pub differences: Vec<Difference>,
}

impl fmt::Display for Divergence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { frames, ticks, differences } = self;
        write!(
            formatter,
            "{} differences came about in frames {} to {}, steps {} to {}",
            differences.len(),
            frames.start(),
            frames.end(),
            ticks.start(),
            ticks.end(),
        )?;
        for difference in differences.iter().take(LISTED) {
            write!(formatter, "\n- {}", OnTape(difference))?;
        }
        match differences.len().checked_sub(LISTED) {
            Some(more) if more > 0 => write!(formatter, "\n- and {more} more"),
            _ => Ok(()),
        }
    }
}

/// A difference, worded for a replay.
struct OnTape<'a>(&'a Difference);

impl fmt::Display for OnTape<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = self.0.subject();
        match &self.0.kind {
            DifferenceKind::Value { before, after } => {
                write!(formatter, "{what}: recorded as {after}, played as {before}")
            }
            DifferenceKind::Missing => write!(formatter, "{what}: played, and not recorded"),
            DifferenceKind::Extra => write!(formatter, "{what}: recorded, and not played"),
            other => write!(formatter, "{what}: {other}"),
        }
    }
}
