//! Writing one column.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bevy::ecs::entity::Entity;
use bevy_session_journal::SaveId;
use bevy_session_journal::internal::disk::process::without_report;
use bevy_session_journal::internal::format::{Rows as BlockRows, Values};

use super::failure::{EncodeFailure, EncodeFailureReason, Failures};
use super::presence::Presence;
use super::save_ids::{SaveIds, WORLD_SLOT};
use super::split::{Filling, split_ids};
use crate::capture::record::Rows;
use crate::saved::{Codec, NameEntities, NamesEntities};

/// Hands over the rows of one column, block by block: what was removed, and then the values.
pub(crate) struct ColumnWriter<'a> {
    type_path: &'a str,
    /// The entities that the capture sends.
    sent: &'a [Entity],
    ids: &'a mut SaveIds,
    presence: &'a mut Presence,
    failures: &'a mut Failures,
    values: Filling,
    removed: Vec<SaveId>,
    hand_over: &'a mut dyn FnMut(BlockRows),
    scratch: Vec<u8>,
    /// True once reading an encoded value has panicked: each of the others might.
    panics: bool,
    is_unsure: bool,
}

/// A row to be written.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    /// The entity's id in the session.
    pub id: SaveId,
    /// The entity; `None` for a resource or state.
    pub entity: Option<Entity>,
    /// The place of the value in its column.
    pub index: usize,
}

impl<'a> ColumnWriter<'a> {
    pub(super) fn new(
        type_path: &'a str,
        sent: &'a [Entity],
        ids: &'a mut SaveIds,
        presence: &'a mut Presence,
        failures: &'a mut Failures,
        hand_over: &'a mut dyn FnMut(BlockRows),
    ) -> Self {
        // References of anchors and events that there was no room for: no row is to blame.
        ids.take_refused();
        let (values, removed, scratch) = Default::default();
        let (panics, is_unsure) = Default::default();
        Self {
            type_path,
            sent,
            ids,
            presence,
            failures,
            values,
            removed,
            hand_over,
            scratch,
            panics,
            is_unsure,
        }
    }

    /// Forgets all rows.
    pub(super) fn start_over(&mut self) {
        self.presence.clear();
    }

    /// Hands over what was removed. From here on there are only values.
    pub(super) fn end_removals(&mut self) {
        let removed = std::mem::take(&mut self.removed);
        split_ids(&removed).for_each(|ids| (self.hand_over)(BlockRows::Removed(ids)));
    }

    /// Hands over the last values.
    pub(super) fn finish(self) {
        debug_assert!(self.removed.is_empty(), "removals come before values");
        if let Some(rows) = self.values.finish() {
            (self.hand_over)(BlockRows::Values(rows));
        }
    }

    fn push(&mut self, id: SaveId, value: &[u8]) {
        let full = self.values.push(id, value);
        self.pass_on(full);
    }

    fn pass_on(&mut self, full: Option<Values>) {
        if let Some(rows) = full {
            (self.hand_over)(BlockRows::Values(rows));
        }
    }

    /// Notes that these entities have a row, whether or not it can be written.
    pub(crate) fn count_entities(&mut self, rows: &Rows) {
        for entity in rows.iter(self.sent) {
            if let Some(saved) = self.ids.saved(entity) {
                self.presence.add(saved.slot);
            }
        }
    }

    /// Notes that an entity has a row, or has none and may have had one.
    pub(crate) fn count_entity(&mut self, entity: Entity, has_row: bool) {
        let Some(saved) = self.ids.saved(entity) else { return };
        if has_row {
            self.presence.add(saved.slot);
        } else if self.presence.remove(saved.slot) {
            self.removed.push(saved.id);
            self.removed.sort_unstable();
        }
    }

    /// Returns true if several of these entities are saved, so that their order matters.
    pub(crate) fn have_order(&self, entities: &[Entity]) -> bool {
        entities.iter().filter(|entity| self.ids.is_saved(**entity)).nth(1).is_some()
    }

    /// The rows in the order of their ids. A row whose entity isn't known to be saved is left out,
    /// and shows in the count.
    pub(crate) fn sorted_entities(&self, rows: &Rows) -> Vec<Row> {
        self.sorted_rows(rows.iter(self.sent))
    }

    /// The rows of these entities, likewise.
    pub(crate) fn sorted_rows(&self, entities: impl Iterator<Item = Entity>) -> Vec<Row> {
        let rows = entities.enumerate();
        let mut sorted: Vec<Row> = rows
            .filter_map(|(index, entity)| {
                let saved = self.ids.saved(entity)?;
                Some(Row { id: saved.id, entity: Some(entity), index })
            })
            .collect();
        if !sorted.is_sorted_by_key(|row| row.id) {
            sorted.sort_unstable_by_key(|row| row.id);
        }
        sorted
    }

    /// Encodes a value and writes it.
    pub(crate) fn write<C: Codec>(&mut self, codec: &C, row: Row, value: &mut C::Value) {
        codec.name_entities(value, self.ids);
        if self.ids.take_refused() {
            self.fail(row.entity, EncodeFailureReason::TooManyReferences);
        }
        match codec.encode(value, &mut self.scratch) {
            Ok(()) => {
                let full = self.values.push(row.id, &self.scratch);
                self.pass_on(full);
            }
            Err(error) => self.fail(row.entity, error.into()),
        }
    }

    /// Writes a value that was encoded at the capture, before its entities got their ids.
    ///
    /// Returns false if the values of its type have to be copied from now on: this one refers to an
    /// entity that reflection hasn't seen, or can't be read again to find that out.
    pub(crate) fn write_encoded<C: Codec>(&mut self, codec: &C, row: Row, bytes: &[u8]) -> bool {
        if self.panics {
            self.push(row.id, bytes);
            return false;
        }
        // A panic of the game's code costs nothing here: the value is there.
        let read = without_report(|| catch_unwind(AssertUnwindSafe(|| codec.decode(bytes))));
        self.panics = read.is_err();
        let Ok(Ok(mut value)) = read else {
            self.is_unsure = true;
            self.push(row.id, bytes);
            return false;
        };
        let mut names = NamesEntities::default();
        codec.map_entities(&mut value, &mut names);
        if names.0 {
            self.write(codec, row, &mut value);
        } else {
            self.push(row.id, bytes);
        }
        !names.0
    }

    /// True if a value couldn't be read: it may refer to an entity, and a copy of it would say so.
    pub(super) fn is_unsure(&self) -> bool {
        self.is_unsure
    }

    /// Encodes the value of a resource or state and writes it.
    pub(crate) fn write_world_value<C: Codec>(&mut self, codec: &C, value: &mut C::Value) {
        self.write(codec, Row { id: SaveId::WORLD, entity: None, index: 0 }, value);
    }

    /// Notes if the world has the resource or state.
    pub(crate) fn count_world_value(&mut self, is_present: bool) {
        if is_present {
            self.presence.add(WORLD_SLOT);
        }
    }

    /// Removes the value of a resource or state.
    pub(crate) fn remove_world_value(&mut self) {
        if self.presence.remove(WORLD_SLOT) {
            self.removed.push(SaveId::WORLD);
        }
    }

    /// Removes the rows of entities that have one.
    pub(super) fn remove(&mut self, entities: &[Entity]) {
        for entity in entities {
            if let Some(saved) = self.ids.saved(*entity)
                && self.presence.remove(saved.slot)
            {
                self.removed.push(saved.id);
            }
        }
        self.removed.sort_unstable();
    }

    pub(super) fn fail(&mut self, entity: Option<Entity>, reason: EncodeFailureReason) {
        self.failures.add(EncodeFailure { type_path: self.type_path.to_owned(), entity, reason });
    }
}
