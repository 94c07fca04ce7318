//! Saved entities, resources and states as the writer sees them.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

use bevy::ecs::entity::{Entity, EntityHashMap};
use bevy_session_journal::internal::format::{Block, Commit, EventBatch, ReadError, TypeRows};
use bevy_session_journal::internal::read::recovery::{Decode, KnownTypes, ReadProgress};
use bevy_session_journal::internal::write::{Content, Encoded, Everything};
use bevy_session_journal::{RunId, SaveId, VersionFit};
use xxhash_rust::xxh3::Xxh3;

use crate::capture::{
    Capture, Carried, ClaimedRows, DriftedType, EncodeFailure, Encoder, Form, KeyedIds, NamedOrder,
    Parking, SaveKey, SavedTypes, Settled, drift_between,
};
use crate::recording::{NotWritten, TakenEvents};
use crate::restore::WorldImage;

/// The saved part of a world. It has no world: captures come from there.
pub(crate) struct WorldContent(pub Arc<SavedTypes>);

/// The state with which a run continues.
pub(crate) struct Start {
    pub next_save_id: SaveId,
    /// The entities that a restore put into the world.
    pub seeds: Vec<(Entity, SaveId)>,
    /// What it has put in the places of those that wait for their level.
    pub absent: Vec<(Entity, SaveId)>,
    pub carried: Carried,
    /// Placed entities that were despawned in play.
    pub gone: KeyedIds,
    /// Entities with a key that aren't saved, whether they are there or not.
    pub anchors: KeyedIds,
    /// The checkpoint that was restored, if the first capture is a delta to it.
    pub opening: Option<Box<WorldImage>>,
}

/// Placed entities that the level has spawned, with the values that were kept for them.
pub(crate) struct Claimed {
    /// The run whose level that is.
    pub run: RunId,
    /// The entities, by their keys.
    pub claims: Vec<(SaveKey, Entity)>,
    pub image: WorldImage,
    /// All entities that the values may refer to.
    pub known: HashMap<SaveId, Entity>,
    /// The lists of other entities that name them.
    pub orders: Vec<NamedOrder>,
    /// Who they are now, by who they were when they left.
    pub came_back: EntityHashMap<Entity>,
}

/// An order between captures.
pub(crate) enum ContentOrder {
    /// Take in the values of placed entities that left the world.
    Park(Box<Parking>),
    /// Take note of unsaved entities with a key that have come.
    Anchors(Vec<(Entity, SaveKey)>),
    /// Give out the values that were kept for placed entities which are back in this run. They are
    /// kept until the outcome is known.
    Claim { run: RunId, claims: Vec<(SaveKey, Entity)> },
    /// The outcome of that.
    Settle(Box<Settled>),
    /// Free memory that would take the main thread too long.
    Free(Box<dyn Any + Send>),
}

/// A report.
pub(crate) enum ContentReport {
    /// The values that were kept for placed entities that are back.
    Claimed(Box<Claimed>),
    /// The writer's rows differ from the world's; the next capture must be full.
    Drifted { types: Vec<DriftedType> },
    /// Events could not be written.
    EventsNotWritten(NotWritten),
    /// The game's own code failed while a type was written.
    TypeFailed { type_path: String, message: String },
}

impl KnownTypes for WorldContent {
    fn fit(&self, rows: &TypeRows<'_>) -> VersionFit {
        let mut steps = self.0.checkpoint_migrations().iter();
        if steps.any(|step| *step.type_path == *rows.path && step.version == rows.version) {
            return VersionFit::Migratable;
        }
        let Some(history) = self.0.history(rows.path) else { return VersionFit::Lossy };
        let has_former_name = history.former_names.iter().any(|name| **name == *rows.path);
        match history.form(rows.version) {
            Form::Current if has_former_name => VersionFit::Migratable,
            Form::Current => VersionFit::Exact,
            Form::Older(_) => VersionFit::Migratable,
            Form::TooOld { .. } => VersionFit::Lossy,
            Form::Newer { .. } => VersionFit::Newer,
        }
    }

    fn fingerprint(&self) -> Option<u64> {
        let mut hasher = Xxh3::new();
        for (name, history) in self.0.histories() {
            let former = history.former_names.iter().map(|name| &**name);
            for name in former.chain([name]) {
                hasher.update(&(name.len() as u64).to_le_bytes());
                hasher.update(name.as_bytes());
            }
            hasher.update(&history.version().to_le_bytes());
            hasher.update(&history.oldest().map_or(u64::MAX, u64::from).to_le_bytes());
        }
        for step in self.0.checkpoint_migrations() {
            hasher.update(&(step.type_path.len() as u64).to_le_bytes());
            hasher.update(step.type_path.as_bytes());
            hasher.update(&step.version.to_le_bytes());
        }
        Some(hasher.digest())
    }
}

impl Decode for WorldContent {
    type Image = WorldImage;

    fn decode(
        &self,
        commit: &Commit,
        blocks: &mut dyn Iterator<Item = Result<Block, ReadError>>,
        progress: &ReadProgress,
    ) -> Result<WorldImage, ReadError> {
        WorldImage::decode(&self.0, commit, blocks, progress)
    }
}

impl Content for WorldContent {
    type Capture = Box<Capture>;
    type Start = Start;
    type Run = Encoder;
    type Order = ContentOrder;
    type Report = ContentReport;
    type Events = TakenEvents;

    fn schema(&self) -> u64 {
        let mut hasher = Xxh3::new();
        for path in self.0.type_paths() {
            hasher.update(path.as_bytes());
            hasher.update(&[0]);
            hasher.update(&self.0.version(path).to_le_bytes());
        }
        hasher.digest()
    }

    fn begin(&self, start: Start) -> Encoder {
        let mut encoder = Encoder::new(Arc::clone(&self.0), start.next_save_id);
        encoder.seed(start.seeds);
        encoder.seed_absent(start.absent);
        encoder.carry(start.carried);
        encoder.note_places(start.gone, start.anchors);
        if let Some(image) = start.opening {
            encoder.open_with(image.into_written());
        }
        encoder
    }

    fn execute(&self, encoder: &mut Encoder, order: ContentOrder) -> Vec<ContentReport> {
        match order {
            ContentOrder::Park(parking) => {
                let failures = encoder.park(*parking);
                failures.into_iter().map(ContentReport::from).collect()
            }
            ContentOrder::Anchors(anchors) => {
                encoder.note_arrived(&anchors);
                Vec::new()
            }
            ContentOrder::Claim { run, claims } => {
                let ClaimedRows { blocks, known, orders, came_back } = encoder.claim(&claims);
                let image = WorldImage::of_own_blocks(&self.0, blocks);
                let claimed = Claimed { run, claims, image, known, orders, came_back };
                vec![ContentReport::Claimed(Box::new(claimed))]
            }
            ContentOrder::Settle(settled) => {
                encoder.settle(*settled);
                Vec::new()
            }
            ContentOrder::Free(remains) => {
                drop(remains);
                Vec::new()
            }
        }
    }

    fn note_played(&self, encoder: &Encoder, image: &mut WorldImage) {
        image.note_living(encoder.ids());
        image.note_left(encoder.left());
    }

    fn encode(
        &self,
        encoder: &mut Encoder,
        capture: Box<Capture>,
        blocks: &mut dyn FnMut(Block),
    ) -> Encoded<Self> {
        let encoded = encoder.encode_into(capture, blocks);
        let has_drifted = !encoded.drift.is_empty();
        let mut reports: Vec<_> = encoded.failures.into_iter().map(ContentReport::from).collect();
        if has_drifted {
            reports.push(ContentReport::Drifted { types: encoded.drift });
        }
        Encoded {
            entities: encoded.entities,
            types: encoded.types,
            carried: encoded.carried,
            incomplete: encoded.incomplete,
            next_save_id: encoded.next_save_id,
            has_drifted,
            needs_full: encoded.is_unsure,
            emptied: Some(encoded.emptied).filter(|emptied| emptied.comes_back),
            reports,
        }
    }

    fn encode_events(
        &self,
        encoder: &mut Encoder,
        events: TakenEvents,
    ) -> (EventBatch, Vec<ContentReport>) {
        let (batch, failures) = encoder.name_entities(|names| events.encode(names));
        (batch, failures.into_iter().map(ContentReport::EventsNotWritten).collect())
    }

    fn encode_beside(&self, encoder: &Encoder, capture: Box<Capture>) -> Everything {
        let encoded = encoder.beside().encode(capture);
        Everything { blocks: encoded.blocks, incomplete: encoded.facts.incomplete }
    }

    fn compare(
        &self,
        journal: Vec<Block>,
        everything: Vec<Block>,
        left_out: &[String],
    ) -> Option<ContentReport> {
        let types = drift_between(&self.0, journal, everything, left_out);
        (!types.is_empty()).then_some(ContentReport::Drifted { types })
    }
}

impl From<EncodeFailure> for ContentReport {
    fn from(failure: EncodeFailure) -> Self {
        Self::TypeFailed { type_path: failure.type_path, message: failure.reason.to_string() }
    }
}
