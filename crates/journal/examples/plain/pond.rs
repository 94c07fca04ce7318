//! The program's state, and how the journal keeps it: what any program writes for its own state.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use bevy_session_journal::journal::{
    Block, Commit, ENTITIES, ReadError, TypeRows, TypeSummary, Values,
};
use bevy_session_journal::recovery::{Decode, KnownTypes, ReadProgress};
use bevy_session_journal::writer::{Content, Encoded, Everything};
use bevy_session_journal::{SaveId, VersionFit};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

/// A type's name on disk. It stays, whatever becomes of the type's name in the program.
const FISH: &str = "pond::Fish";
const STEPS: &str = "pond::Steps";

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Fish {
    place: (i32, i32),
    meals: u32,
}

/// The program's state, and what it notes for the next capture.
pub struct Pond {
    pub steps: u64,
    fish: BTreeMap<SaveId, Fish>,
    /// The next id that is free.
    pub next_id: SaveId,
    changed: BTreeSet<SaveId>,
    gone: Vec<SaveId>,
    /// Fish from here on were born since the last capture.
    born_from: SaveId,
}

impl Pond {
    /// A pond with a few hundred fish in it.
    pub fn new() -> Self {
        let (first, fish) = (SaveId::FIRST, BTreeMap::new());
        let (changed, gone) = (BTreeSet::new(), Vec::new());
        let mut pond = Self { steps: 0, fish, next_id: first, changed, gone, born_from: first };
        (0..300).for_each(|_| pond.bear());
        pond
    }

    fn bear(&mut self) {
        let id = self.next_id;
        self.fish.insert(id, Fish { place: (0, 0), meals: 0 });
        self.changed.insert(id);
        // An id is never given away a second time.
        self.next_id = id.next();
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
    pub fn capture(&mut self, full: bool) -> Capture {
        let changed = std::mem::take(&mut self.changed);
        let gone = std::mem::take(&mut self.gone);
        let born_from = std::mem::replace(&mut self.born_from, self.next_id);
        let rows = self.fish.iter().filter(|(id, _)| full || changed.contains(id));
        Capture {
            steps: self.steps,
            rows: rows.map(|(id, fish)| (*id, *fish)).collect(),
            gone: if full { Vec::new() } else { gone },
            born_from: if full { SaveId::FIRST } else { born_from },
            count: self.fish.len() as u64,
            next_id: self.next_id,
        }
    }

    /// Distinguishes one state from another: what was saved and what is recovered must have the same.
    pub fn hash(&self) -> u64 {
        let bytes = rmp_serde::to_vec(&(self.steps, &self.fish)).unwrap_or_default();
        xxh3_64(&bytes)
    }
}

/// What a checkpoint is made of.
pub struct Capture {
    steps: u64,
    rows: Vec<(SaveId, Fish)>,
    gone: Vec<SaveId>,
    born_from: SaveId,
    count: u64,
    next_id: SaveId,
}

/// What is kept in a session: how a pond becomes columns of rows, and a pond again.
pub struct Ponds;

impl KnownTypes for Ponds {
    fn fit(&self, rows: &TypeRows<'_>) -> VersionFit {
        match (rows.path, rows.version) {
            (ENTITIES | FISH | STEPS, 0) => VersionFit::Exact,
            (FISH | STEPS, _) => VersionFit::Newer,
            _ => VersionFit::Lossy,
        }
    }
}

impl Decode for Ponds {
    type Image = Pond;

    fn decode(
        &self,
        commit: &Commit,
        blocks: &mut dyn Iterator<Item = Result<Block, ReadError>>,
        progress: &ReadProgress,
    ) -> Result<Pond, ReadError> {
        progress.begin(commit);
        let mut pond = Pond { fish: BTreeMap::new(), ..Pond::new() };
        // They come merged: each row once, as it was at the checkpoint. What a game's build doesn't
        // know it keeps, and hands over with its full captures as `carried`; here it is dropped.
        for block in blocks {
            let block = block?;
            progress.has_read(&block.rows);
            match &*block.type_path {
                FISH => pond.fish.extend(values(&block)),
                STEPS => pond.steps = values(&block).next().map_or(0, |(_, steps)| steps),
                _ => {}
            }
        }
        Ok(pond)
    }
}

/// The values of a column. One that can't be read is left out.
fn values<T: DeserializeOwned>(block: &Block) -> impl Iterator<Item = (SaveId, T)> {
    let rows = (0..block.len()).zip(block.ids());
    rows.filter_map(|(row, id)| Some((*id, rmp_serde::from_slice(block.value(row)?).ok()?)))
}

impl Content for Ponds {
    type Capture = Capture;
    // A run of this program needs nothing to begin with, and nothing between its captures. In a game
    // it is where ids of entities are kept.
    type Start = ();
    type Run = ();
    type Order = Infallible;
    type Report = Infallible;

    fn schema(&self) -> u64 {
        0
    }

    fn begin(&self, (): ()) {}

    fn execute(&self, (): &mut (), order: Infallible) -> Vec<Infallible> {
        match order {}
    }

    fn encode(&self, (): &mut (), capture: Capture) -> Encoded<Self> {
        let summary = |path: &str, rows| TypeSummary { path: path.to_owned(), version: 0, rows };
        let (entities, next_save_id) = (capture.count, capture.next_id);
        // A type that can't be written is named, and then missing in this checkpoint only.
        let Everything { blocks, incomplete } = self.encode_beside(&(), capture);
        Encoded {
            blocks,
            entities,
            types: vec![summary(ENTITIES, entities), summary(FISH, entities), summary(STEPS, 1)],
            carried: Vec::new(),
            incomplete,
            next_save_id,
            has_drifted: false,
            emptied: None,
            reports: Vec::new(),
        }
    }

    fn encode_beside(&self, (): &(), capture: Capture) -> Everything {
        let mut incomplete = Vec::new();
        let born = capture.rows.iter().filter(|(id, _)| *id >= capture.born_from);
        let (mut exist, mut fish, mut steps) =
            (Values::default(), Values::default(), Values::default());
        born.for_each(|(id, _)| exist.push(*id, &[]));
        for (id, one) in &capture.rows {
            put(&mut fish, *id, FISH, one, &mut incomplete);
        }
        put(&mut steps, SaveId::WORLD, STEPS, &capture.steps, &mut incomplete);
        // In the order of `Block::key`. With its entity, all rows of a fish are gone.
        let blocks = vec![
            Block::removed(ENTITIES.into(), capture.gone),
            Block::values(ENTITIES.into(), 0, exist),
            Block::values(FISH.into(), 0, fish),
            Block::values(STEPS.into(), 0, steps),
        ];
        let blocks = blocks.into_iter().filter(|block| !block.is_empty()).collect();
        Everything { blocks, incomplete }
    }

    // Only self-tests compare, and this program orders none.
    fn compare(&self, _: Vec<Block>, _: Vec<Block>, _: &[String]) -> Option<Infallible> {
        None
    }
}

/// Appends a row to a column.
fn put<T: Serialize>(
    column: &mut Values,
    id: SaveId,
    path: &str,
    value: &T,
    incomplete: &mut Vec<String>,
) {
    match rmp_serde::to_vec(value) {
        Ok(bytes) => column.push(id, &bytes),
        Err(_) if incomplete.iter().any(|named| named == path) => {}
        Err(_) => incomplete.push(path.to_owned()),
    }
}
