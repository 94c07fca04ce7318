//! One moment of the world, copied.

use std::fmt;

use bevy::ecs::change_detection::Tick;
use bevy::ecs::entity::Entity;

use super::columns::Captured;
use super::tables::SavedTables;
use super::ticks::TickSpan;
use crate::capture::placed::{Departure, SaveKey};

/// How much a capture copies.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) enum CaptureScope {
    /// Everything that is saved.
    #[default]
    Full,
    /// What changed since the capture before.
    Delta,
}

/// Which rows a capture copies.
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

/// What every column knows about the capture that it is part of.
pub(crate) struct Moment<'a> {
    pub extent: Extent,
    /// Whether each value's own tick is looked at, whatever the engine says of whole columns.
    pub is_thorough: bool,
    pub tables: &'a SavedTables,
}

/// One moment of the world, copied: plain values and entity ids, ready to leave the main thread.
#[derive(Default)]
pub(crate) struct Capture {
    pub(crate) scope: CaptureScope,
    pub(crate) entities: CapturedEntities,
    /// One for each saved type but the first, which is `entities`.
    pub(crate) columns: Vec<Captured>,
    pub(crate) removed: Vec<RemovedRows>,
    pub(crate) placed: CapturedPlaces,
    /// Whether its buffers come back to the recorder once it is encoded. Where they don't, whoever
    /// encodes it frees them.
    pub(crate) comes_back: bool,
}

/// What became of placed entities that aren't in the world, and of anchors.
#[derive(Default)]
pub(crate) struct CapturedPlaces {
    /// What left since the capture before, in order.
    pub departures: Vec<Departure>,
    /// All entities that have a key and aren't saved; `None` if they are those of the capture
    /// before.
    pub anchors: Option<Vec<(Entity, SaveKey)>>,
}

impl CapturedPlaces {
    fn is_empty(&self) -> bool {
        self.departures.is_empty() && self.anchors.is_none()
    }
}

/// Which entities are saved.
#[derive(Default)]
pub(crate) struct CapturedEntities {
    /// All of them, or those that became saved since the base.
    pub saved: Vec<Entity>,
    /// How many there are in the world.
    pub live: u64,
    /// Entities that may have been saved and are no longer in the world.
    pub despawned: Vec<Entity>,
    /// Entities that are in the world and have lost their marker.
    pub unmarked: Vec<Entity>,
}

/// Entities that may have lost a component.
pub(crate) struct RemovedRows {
    /// The place of the type in [`Capture::columns`].
    pub column: usize,
    pub entities: Vec<Entity>,
}

impl Capture {
    /// Whether this is the difference between two equal worlds, and can be forgotten.
    pub(crate) fn is_empty(&self) -> bool {
        self.scope == CaptureScope::Delta
            && self.rows() == 0
            && self.removed.is_empty()
            && self.entities.despawned.is_empty()
            && self.entities.unmarked.is_empty()
            && self.placed.is_empty()
    }

    /// Makes empty buffers of it. What isn't worth keeping is freed, so this is work for whoever
    /// has encoded it.
    pub(crate) fn empty(&mut self) {
        let Self { scope: _, entities, columns, removed, placed, comes_back: _ } = self;
        columns.iter_mut().for_each(|column| column.empty());
        removed.clear();
        let CapturedEntities { saved, live: _, despawned, unmarked } = entities;
        for entities in [saved, despawned, unmarked] {
            entities.clear();
        }
        *placed = CapturedPlaces::default();
    }

    /// Values that were copied.
    pub(crate) fn rows(&self) -> usize {
        let values: usize = self.columns.iter().map(|column| column.rows()).sum();
        self.entities.saved.len() + values
    }

    /// Saved entities in the world.
    pub(crate) fn entities(&self) -> u64 {
        self.entities.live
    }

    /// How much was copied.
    pub(crate) fn scope(&self) -> CaptureScope {
        self.scope
    }
}

impl fmt::Debug for Capture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Capture")
            .field("scope", &self.scope)
            .field("rows", &self.rows())
            .field("entities", &self.entities())
            .finish_non_exhaustive()
    }
}
