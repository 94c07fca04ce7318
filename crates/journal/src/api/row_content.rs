//! A program's rows as what is kept in a session: what the writer and recovery ask of its types.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::convert::Infallible;

use xxhash_rust::xxh3::Xxh3;

use super::written::Written;
use super::{Codec, RowReader, RowWriter, Scope};
use crate::format::{Block, Commit, ENTITIES, EventBatch, ReadError, TypeRows};
use crate::model::ids::SaveId;
use crate::read::recovery::{Decode, KnownTypes, ReadProgress, VersionFit};
use crate::write::{Content, Encoded};

/// A program's rows as what is kept in a session.
pub(super) struct RowContent<C>(pub C);

/// A capture, and what it contains.
pub(super) struct ScopedCapture<T> {
    pub scope: Scope,
    pub capture: T,
}

/// The data that a run starts with.
pub(super) struct Start {
    pub next_id: SaveId,
    pub carried: Vec<Block>,
    /// The entities that have such rows alone: the program doesn't know of them, so they stay.
    pub unseen: BTreeSet<SaveId>,
}

/// A checkpoint that was read.
pub(super) struct Decoded<I> {
    pub image: I,
    /// Rows of types that this build doesn't know.
    pub carried: Vec<Block>,
    /// The entities that have such rows alone.
    pub unseen: BTreeSet<SaveId>,
    /// Types of which there are rows in a newer version than this build's.
    pub newer: Vec<String>,
}

impl<C: Codec> KnownTypes for RowContent<C> {
    fn fit(&self, rows: &TypeRows<'_>) -> VersionFit {
        self.fit_of(rows.path, rows.version)
    }
}

impl<C: Codec> RowContent<C> {
    fn fit_of(&self, path: &str, version: u32) -> VersionFit {
        if path == ENTITIES {
            return VersionFit::Exact;
        }
        let Some(known) = self.0.types().iter().find(|known| known.path == path) else {
            return VersionFit::Lossy;
        };
        match version.cmp(&known.version) {
            Ordering::Less => VersionFit::Migratable,
            Ordering::Equal => VersionFit::Exact,
            Ordering::Greater => VersionFit::Newer,
        }
    }
}

impl<C: Codec> Decode for RowContent<C> {
    type Image = Decoded<C::Image>;

    fn decode(
        &self,
        commit: &Commit,
        blocks: &mut dyn Iterator<Item = Result<Block, ReadError>>,
        progress: &ReadProgress,
    ) -> Result<Decoded<C::Image>, ReadError> {
        progress.begin(commit);
        let is_newer = |rows: &TypeRows<'_>| rows.rows > 0 && self.fit(rows) == VersionFit::Newer;
        let types = commit.types.iter().chain(commit.carried.iter());
        let newer = types.filter(is_newer).map(|rows| rows.path.to_owned()).collect();
        let (mut carried, mut seen) = (Vec::new(), BTreeSet::new());
        let mut known = blocks.filter_map(|block| {
            let Ok(block) = block else { return Some(block) };
            match self.fit_of(&block.type_path, block.type_version) {
                VersionFit::Exact | VersionFit::Migratable => {
                    if &*block.type_path != ENTITIES {
                        seen.extend(block.ids().iter().copied());
                    }
                    return Some(Ok(block));
                }
                VersionFit::Lossy => carried.push(block),
                VersionFit::Newer => {}
            }
            None
        });
        let mut rows = RowReader::new(&mut known, progress);
        let image = self.0.decode(&mut rows);
        rows.finish()?;
        let unseen = carried.iter().flat_map(|block: &Block| block.ids()).copied();
        let unseen = unseen.filter(|id| *id != SaveId::WORLD && !seen.contains(id)).collect();
        Ok(Decoded { image, carried, unseen, newer })
    }
}

impl<C: Codec> Content for RowContent<C> {
    type Capture = ScopedCapture<C::Capture>;
    type Start = Start;
    type Run = Written;
    type Order = Infallible;
    type Events = Infallible;
    type Report = Infallible;

    fn schema(&self) -> u64 {
        let mut hasher = Xxh3::new();
        for saved in self.0.types() {
            hasher.update(saved.path.as_bytes());
            hasher.update(&[0]);
            hasher.update(&saved.version.to_le_bytes());
        }
        hasher.digest()
    }

    fn begin(&self, start: Start) -> Written {
        Written::after(start.next_id, start.carried, start.unseen)
    }

    fn execute(&self, _: &mut Written, order: Infallible) -> Vec<Infallible> {
        match order {}
    }

    fn encode_events(&self, _: &mut Written, events: Infallible) -> (EventBatch, Vec<Infallible>) {
        match events {}
    }

    fn encode(
        &self,
        written: &mut Written,
        capture: ScopedCapture<C::Capture>,
        blocks: &mut dyn FnMut(Block),
    ) -> Encoded<Self> {
        let mut rows = RowWriter::new(capture.scope);
        self.0.encode(capture.capture, &mut rows);
        let incomplete = rows.incomplete.iter().map(|path| (*path).to_owned()).collect();
        written.add(rows).into_iter().for_each(blocks);
        Encoded {
            entities: written.entities(),
            types: written.types(),
            carried: written.carried(),
            incomplete,
            next_save_id: written.next_id(),
            has_drifted: false,
            needs_full: false,
            emptied: None,
            reports: Vec::new(),
        }
    }
}
