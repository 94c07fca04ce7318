//! Encodes captures, one after the other.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bevy::ecs::entity::Entity;

use super::carried::Carried;
use super::column::ColumnWriter;
use super::failure::{EncodeFailure, EncodeFailureReason, Failures, panic_message};
use super::presence::Presence;
use super::save_ids::{SaveIds, SavedEntity};
use super::split::{Split, split_ids};
use crate::capture::codec::encode_message_pack;
use crate::capture::record::{Capture, CaptureScope, CapturedColumn};
use crate::capture::types::SavedTypes;
use crate::journal::{Block, ENTITIES, SaveId, TypeSummary, Values};

/// Encodes the captures of one run, in order. Has no world.
pub(crate) struct Encoder {
    types: Arc<SavedTypes>,
    entities_path: Arc<str>,
    ids: SaveIds,
    columns: Vec<ColumnState>,
    carried: Carried,
}

/// What is known of a column between captures.
#[derive(Clone, Default)]
struct ColumnState {
    presence: Presence,
    /// Whether values are missing or old since the last full capture.
    is_incomplete: bool,
}

/// An encoded capture.
#[derive(Debug)]
pub(crate) struct Encoded {
    /// The rows, in the order of [`Block::key`].
    pub blocks: Vec<Block>,
    /// Saved entities.
    pub entities: u64,
    /// Every type that the game saves, also those without a row.
    pub types: Vec<TypeSummary>,
    /// What is carried along, since this build can't use it.
    pub carried: Vec<TypeSummary>,
    /// Types of which values are missing or old, now or since the last full capture.
    pub incomplete: Vec<String>,
    /// The next id that a saved entity will get.
    pub next_save_id: SaveId,
    /// What could not be written now; the first of them.
    pub failures: Vec<EncodeFailure>,
    /// Types whose rows the writer counts differently from the world. Something changed without a
    /// trace, and a full capture is due.
    pub drift: Vec<String>,
    /// The capture's buffers, for use again.
    pub emptied: Capture,
}

impl Encoder {
    /// An encoder that gives out ids from `next_save_id` on. Its first capture must be full.
    pub(crate) fn new(types: Arc<SavedTypes>, next_save_id: SaveId) -> Self {
        let columns = vec![ColumnState::default(); types.columns().count()];
        Self {
            types,
            entities_path: ENTITIES.into(),
            ids: SaveIds::starting_at(next_save_id),
            columns,
            carried: Carried::default(),
        }
    }

    /// Makes the ids known that a restore has kept.
    pub(crate) fn seed(&mut self, seeds: impl IntoIterator<Item = (Entity, SaveId)>) {
        for (entity, id) in seeds {
            self.ids.seed(entity, id);
        }
    }

    /// Carries rows along that this build can't use.
    pub(crate) fn carry(&mut self, carried: Carried) {
        self.carried = carried;
    }

    /// Encodes a capture.
    ///
    /// A panic in the game's own code costs the rest of that type, an error that row; both are
    /// listed, and everything else is written.
    pub(crate) fn encode(&mut self, mut capture: Capture) -> Encoded {
        let mut failures = Failures::default();
        let mut blocks = self.track_entities(&capture);
        for (place, saved_type) in self.types.clone().columns().enumerate() {
            let column =
                self.encode_column(place, saved_type.type_path(), &mut capture, &mut failures);
            blocks.extend(column);
        }
        let is_full = capture.scope() == CaptureScope::Full;
        if is_full && !self.carried.is_empty() {
            let known: HashSet<&str> = self.types.type_paths().collect();
            blocks.extend(self.carried.blocks_of_unknown_types(&known));
            blocks.sort_by(|one, other| one.key().cmp(&other.key()));
        }
        Encoded {
            blocks,
            entities: capture.entities(),
            types: self.summaries(),
            carried: self.carried.summaries(),
            incomplete: self.incomplete(),
            next_save_id: self.ids.next(),
            drift: if is_full { Vec::new() } else { self.drift(&capture) },
            failures: failures.into_listed(),
            emptied: capture,
        }
    }

    /// Takes note of which entities are saved, and says what changed about that.
    fn track_entities(&mut self, capture: &Capture) -> Vec<Block> {
        let entities = &capture.entities;
        let (saved, removed) = match capture.scope() {
            CaptureScope::Full => {
                self.ids.recount(&entities.saved, &entities.unmarked);
                self.carried.keep_only(self.ids.saved_ids());
                let mut ids: Vec<SaveId> = self.ids.saved_ids().collect();
                ids.sort_unstable();
                (ids, Vec::new())
            }
            CaptureScope::Delta => {
                let removed = self.remove_entities(&entities.despawned, &entities.unmarked);
                let mut ids: Vec<SaveId> =
                    entities.saved.iter().map(|entity| self.ids.add(*entity).id).collect();
                ids.sort_unstable();
                (ids, removed)
            }
        };
        let path = &self.entities_path;
        let mut marker = Vec::new();
        let removed = split_ids(&removed).map(|ids| Block::removed(path.clone(), ids));
        let mut rows = Split::default();
        if encode_message_pack(&(), &mut marker).is_ok() {
            saved.iter().for_each(|id| rows.push(*id, &marker));
        }
        let saved = rows.finish().into_iter().map(|rows| Block::values(path.clone(), 0, rows));
        removed.chain(saved).collect()
    }

    fn remove_entities(&mut self, despawned: &[Entity], unmarked: &[Entity]) -> Vec<SaveId> {
        let despawned = despawned.iter().filter_map(|entity| self.ids.remove(*entity));
        let mut gone: Vec<SavedEntity> = despawned.collect();
        gone.extend(unmarked.iter().filter_map(|entity| self.ids.unmark(*entity)));
        for entity in &gone {
            self.carried.forget(entity.id);
            for column in &mut self.columns {
                column.presence.remove(entity.slot);
            }
        }
        let mut ids: Vec<SaveId> = gone.into_iter().map(|entity| entity.id).collect();
        ids.sort_unstable();
        ids
    }

    fn encode_column(
        &mut self,
        place: usize,
        type_path: &Arc<str>,
        capture: &mut Capture,
        failures: &mut Failures,
    ) -> Vec<Block> {
        let scope = capture.scope();
        let Capture { entities, columns, removed, .. } = capture;
        let (Some(state), Some(column)) = (self.columns.get_mut(place), columns.get_mut(place))
        else {
            return Vec::new();
        };
        let failed_before = failures.total();
        let mut writer = ColumnWriter::new(
            type_path,
            &entities.saved,
            &mut self.ids,
            &mut state.presence,
            failures,
        );
        if scope == CaptureScope::Full {
            writer.start_anew();
        } else if let Some(removed) = removed.iter().find(|removed| removed.column == place) {
            writer.remove(&removed.entities);
        }
        column.count(&mut writer);
        write_values(&mut **column, &mut writer);
        let (removed, values) = writer.finish();
        let failed = failures.total() > failed_before;
        state.is_incomplete = failed || (state.is_incomplete && scope == CaptureScope::Delta);
        let version = self.types.version(type_path);
        self.consume_carried(type_path, &values);
        let values = match scope {
            CaptureScope::Full => self.carried.merge(type_path, version, values),
            CaptureScope::Delta => values.into_iter().map(|rows| (version, rows)).collect(),
        };
        let removed = split_ids(&removed).map(|ids| Block::removed(type_path.clone(), ids));
        let values = values.into_iter();
        let values = values.map(|(version, rows)| Block::values(type_path.clone(), version, rows));
        removed.chain(values).collect()
    }

    /// Values that the game wrote take the place of carried ones, under whatever name those are.
    fn consume_carried(&mut self, type_path: &str, written: &[Values]) {
        if self.carried.is_empty() {
            return;
        }
        self.carried.consume(type_path, written);
        let history = self.types.history(type_path).cloned().unwrap_or_default();
        for name in &history.former_names {
            self.carried.consume(name, written);
        }
    }

    fn summaries(&self) -> Vec<TypeSummary> {
        let rows = self.columns.iter().map(|column| column.presence.count());
        let rows = std::iter::once(self.ids.saved_count()).chain(rows);
        let types = self.types.type_paths().zip(rows);
        types
            .map(|(path, rows)| TypeSummary {
                path: path.to_owned(),
                version: self.types.version(path),
                rows: rows + self.carried.rows(path) as u64,
            })
            .collect()
    }

    fn incomplete(&self) -> Vec<String> {
        let columns = self.types.columns().zip(&self.columns);
        let incomplete = columns.filter(|(_, column)| column.is_incomplete);
        incomplete.map(|(saved_type, _)| saved_type.type_path().to_string()).collect()
    }

    /// Types of which the world has another number of rows than it has told.
    fn drift(&self, capture: &Capture) -> Vec<String> {
        let told = self.columns.iter().map(|column| column.presence.count());
        let told = std::iter::once(self.ids.saved_count()).chain(told);
        let live = capture.columns.iter().map(|column| column.live());
        let live = std::iter::once(capture.entities()).chain(live);
        let columns = self.types.type_paths().zip(told.zip(live));
        let drifted = columns.filter(|(_, (told, live))| told != live);
        drifted.map(|(path, _)| path.to_owned()).collect()
    }
}

/// Lets the column write its values, whatever the game's own code does.
fn write_values(column: &mut dyn CapturedColumn, writer: &mut ColumnWriter<'_>) {
    // Nothing that a panic may leave half done is looked at again: values are dropped or written
    // over, and a row is in the block or it isn't.
    let outcome = catch_unwind(AssertUnwindSafe(|| column.encode(writer)));
    if let Err(payload) = outcome {
        writer.fail(None, EncodeFailureReason::Panicked(panic_message(&*payload)));
    }
}
