//! One moment of the world, copied.

use std::fmt;

use bevy::ecs::entity::Entity;

use super::columns::Captured;
use super::entities::{CapturedEntities, RemovedRows};
use super::moment::CaptureScope;
use crate::capture::placed::{Departure, SaveKey};

/// One moment of the world, copied: plain values and entity ids, ready to leave the main thread.
#[derive(Default)]
pub(crate) struct Capture {
    pub(crate) scope: CaptureScope,
    pub(crate) entities: CapturedEntities,
    /// One for each saved type but the first, which is `entities`.
    pub(crate) columns: Vec<Captured>,
    pub(crate) removed: Vec<RemovedRows>,
    pub(crate) placed: CapturedPlaces,
    /// True if its buffers return to the recorder once it is encoded. Otherwise the encoding thread
    /// frees them.
    pub(crate) comes_back: bool,
}

/// Departed placed entities, and anchors.
#[derive(Default)]
pub(crate) struct CapturedPlaces {
    /// Departures since the previous capture, in order.
    pub departures: Vec<Departure>,
    /// All unsaved entities with a key; `None` if they are the same as in the previous capture.
    pub anchors: Option<Vec<(Entity, SaveKey)>>,
}

impl CapturedPlaces {
    fn is_empty(&self) -> bool {
        self.departures.is_empty() && self.anchors.is_none()
    }
}

impl Capture {
    /// Returns true if this is a delta between two equal worlds, and can be dropped.
    pub(crate) fn is_empty(&self) -> bool {
        self.scope == CaptureScope::Delta
            && self.rows() == 0
            && self.removed.is_empty()
            && self.entities.despawned.is_empty()
            && self.entities.unmarked.is_empty()
            && self.placed.is_empty()
    }

    /// Empties its buffers. This also frees what isn't worth keeping, so it is work for the thread
    /// that encoded it.
    pub(crate) fn empty(&mut self) {
        let Self { scope: _, entities, columns, removed, placed, comes_back: _ } = self;
        columns.iter_mut().for_each(|column| column.empty());
        removed.clear();
        let CapturedEntities { saved, live: _, despawned, unmarked, spare_room } = entities;
        let used = saved.len();
        for entities in [&mut *saved, despawned, unmarked] {
            entities.clear();
        }
        spare_room.give_back(saved, used);
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

    /// The scope of the capture.
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
