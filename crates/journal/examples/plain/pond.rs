//! The program's state, and how the journal keeps it: what any program writes for its own state.

use std::collections::{BTreeMap, BTreeSet};

use bevy_session_journal::{Codec, RowReader, RowWriter, SaveId, SavedType, Scope};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

const FISH: SavedType = SavedType::new("pond::Fish");
const STEPS: SavedType = SavedType::new("pond::Steps");

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Fish {
    place: (i32, i32),
    meals: u32,
}

/// The program's state, and what it notes for the next capture.
#[derive(Default)]
pub struct Pond {
    pub steps: u64,
    fish: BTreeMap<SaveId, Fish>,
    /// The next id that is free. An id is never given away a second time.
    next_id: Option<SaveId>,
    changed: BTreeSet<SaveId>,
    gone: Vec<SaveId>,
}

impl Pond {
    /// A pond with a few hundred fish in it.
    pub fn new() -> Self {
        let mut pond = Self::default();
        (0..300).for_each(|_| pond.bear());
        pond
    }

    /// The same pond, whose fish that are still to be born have ids from here on.
    pub fn going_on_with(self, next_id: SaveId) -> Self {
        Self { next_id: Some(next_id), ..self }
    }

    fn bear(&mut self) {
        let id = self.next_id.unwrap_or(SaveId::FIRST);
        self.fish.insert(id, Fish { place: (0, 0), meals: 0 });
        self.changed.insert(id);
        self.next_id = Some(id.next());
    }

    /// Some fish swim and eat. From time to time the eldest dies, and another is born.
    pub fn step(&mut self) {
        self.steps += 1;
        let chance = xxh3_64(&self.steps.to_le_bytes());
        for (id, fish) in self.fish.iter_mut().skip((chance % 13) as usize).step_by(13) {
            fish.place.0 += (chance >> 8) as i32 % 5;
            fish.place.1 += (chance >> 16) as i32 % 5;
            fish.meals += 1;
            self.changed.insert(*id);
        }
        if self.steps.is_multiple_of(3)
            && let Some((id, _)) = self.fish.pop_first()
        {
            self.changed.remove(&id);
            self.gone.push(id);
            self.bear();
        }
    }

    /// Copies everything, or what changed since the last capture. This is all that the program itself
    /// pays for a checkpoint; the writer's thread does the rest.
    pub fn capture(&mut self, scope: Scope) -> Capture {
        let changed = std::mem::take(&mut self.changed);
        let is_captured = |id: &SaveId| scope.is_everything() || changed.contains(id);
        let rows = self.fish.iter().filter(|(id, _)| is_captured(id));
        Capture {
            steps: self.steps,
            rows: rows.map(|(id, fish)| (*id, *fish)).collect(),
            gone: std::mem::take(&mut self.gone),
        }
    }

    /// Distinguishes one state from another: what was saved and what is recovered must have the same.
    pub fn hash(&self) -> u64 {
        let bytes = rmp_serde::to_vec(&(self.steps, &self.fish)).unwrap_or_default();
        xxh3_64(&bytes)
    }
}

/// The data of a checkpoint.
pub struct Capture {
    steps: u64,
    rows: Vec<(SaveId, Fish)>,
    gone: Vec<SaveId>,
}

/// The codec of a pond.
pub struct Ponds;

impl Codec for Ponds {
    type Capture = Capture;
    type Image = Pond;

    fn types(&self) -> &[SavedType] {
        &[FISH, STEPS]
    }

    fn encode(&self, capture: Capture, rows: &mut RowWriter) {
        rows.put(STEPS, SaveId::WORLD, &capture.steps);
        capture.gone.iter().for_each(|id| rows.remove_entity(*id));
        capture.rows.iter().for_each(|(id, fish)| rows.put(FISH, *id, fish));
    }

    fn decode(&self, rows: &mut RowReader<'_>) -> Pond {
        let mut pond = Pond::default();
        while let Some(row) = rows.next_row() {
            if row.is(STEPS) {
                pond.steps = row.value().unwrap_or_default();
            } else if let Some(fish) = row.value() {
                pond.fish.insert(row.id(), fish);
            }
        }
        pond
    }
}
