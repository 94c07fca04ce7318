//! The scope of a capture.

use bevy::ecs::change_detection::Tick;

use super::tables::SavedTables;
use super::ticks::TickSpan;

/// The scope of a capture.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) enum CaptureScope {
    /// Everything that is saved.
    #[default]
    Full,
    /// The changes since the previous capture.
    Delta,
}

/// The rows that a capture copies.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Extent {
    /// All of them.
    All,
    /// Those that changed within a span.
    Within(TickSpan),
}

impl Extent {
    /// The tick up to which nothing is copied.
    pub(crate) fn base(self) -> Option<Tick> {
        match self {
            Self::All => None,
            Self::Within(span) => Some(span.base()),
        }
    }

    /// The scope that this is the extent of.
    pub(crate) fn scope(self) -> CaptureScope {
        match self {
            Self::All => CaptureScope::Full,
            Self::Within(_) => CaptureScope::Delta,
        }
    }
}

/// Facts about a capture for each of its columns.
pub(crate) struct Moment<'a> {
    pub extent: Extent,
    /// True to look at each value's own tick, whatever the engine says of whole columns.
    pub is_thorough: bool,
    pub tables: &'a SavedTables,
}
