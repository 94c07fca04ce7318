//! Encodes captures, one after the other.

mod opening;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bevy::ecs::entity::{Entity, EntityMapper};
use bevy_session_journal::SaveId;
use bevy_session_journal::internal::format::{Block, ENTITIES, Rows, TypeSummary, Values};

use super::anchors::Anchors;
use super::awaited::NamedOrder;
use super::carried::{Carried, CarriedRow};
use super::claims::Claims;
use super::column::ColumnWriter;
use super::failure::{EncodeFailure, EncodeFailureReason, Failures};
use super::places::KeyedIds;
use super::presence::Presence;
use super::row_order::RowOrder;
use super::save_ids::{SaveIds, SavedEntity};
use super::split::{Split, split_ids};
use crate::capture::drift::DriftedType;
use crate::capture::placed::{Departure, Parking, SaveKey};
use crate::capture::record::{Capture, CaptureScope, CapturedColumn};
use crate::capture::saved_type::Role;
use crate::capture::types::SavedTypes;
use crate::saved::{ANCHORS, BUILD, CameBack, GONE, encode_message_pack, panic_message};

pub(crate) use opening::WrittenRows;

/// Encodes the captures of one run, in order. Has no world.
pub(crate) struct Encoder {
    types: Arc<SavedTypes>,
    entities_path: Arc<str>,
    pub(super) ids: SaveIds,
    columns: Vec<ColumnState>,
    pub(super) carried: Carried,
    /// Placed entities that were despawned in play.
    gone: KeyedIds,
    /// Entities with a key that aren't saved.
    pub(super) anchors: Anchors,
    /// Placed entities that were parked since the last capture.
    pub(super) parked: BTreeSet<SaveId>,
    /// Placed entities that are back and wait for their values.
    pub(super) claims: Claims,
    /// Placed entities that were carried whole until lately. The journal still has their old rows.
    pub(super) claimed: BTreeSet<SaveId>,
    /// Ids whose rows leave the journal with the next capture.
    departed: Vec<SaveId>,
    /// A checkpoint to which the first capture may be a delta.
    opening: Option<Vec<Block>>,
}

/// Placed entities that the level has spawned, with the values that were kept for them.
pub(crate) struct ClaimedRows {
    /// Their values, as a small checkpoint.
    pub blocks: Vec<Block>,
    /// All entities that the values may refer to.
    pub known: HashMap<SaveId, Entity>,
    /// The lists of other entities that name them.
    pub orders: Vec<NamedOrder>,
    /// Who they are now, by who they were when they left: something in the world may refer to that.
    pub came_back: CameBack,
}

/// The state of a column between captures.
#[derive(Clone, Default)]
struct ColumnState {
    presence: Presence,
    /// True if values are missing or old since the last full capture.
    is_incomplete: bool,
    /// True if a value of the last capture couldn't be read to look for references.
    is_unsure: bool,
}

/// A capture that was encoded as a whole.
#[derive(Debug)]
pub(crate) struct Encoded {
    /// The rows, in the order of [`Block::key`].
    pub blocks: Vec<Block>,
    pub facts: EncodedFacts,
}

#[cfg(test)]
impl std::ops::Deref for Encoded {
    type Target = EncodedFacts;

    fn deref(&self) -> &EncodedFacts {
        &self.facts
    }
}

/// The facts about an encoded capture.
#[derive(Debug)]
pub(crate) struct EncodedFacts {
    /// Saved entities.
    pub entities: u64,
    /// Every type that the game saves, also those without a row.
    pub types: Vec<TypeSummary>,
    /// The rows that are carried along, since this build can't use them.
    pub carried: Vec<TypeSummary>,
    /// Types with missing or old values, now or since the last full capture.
    pub incomplete: Vec<String>,
    /// The next id that a saved entity will get.
    pub next_save_id: SaveId,
    /// The first values that could not be written now.
    pub failures: Vec<EncodeFailure>,
    /// Types whose number of rows differs between writer and world. Something changed without a
    /// trace, and a full capture is due.
    pub drift: Vec<DriftedType>,
    /// True if a value that was encoded at the capture couldn't be read to look for references, so that
    /// the next capture should copy everything.
    pub is_unsure: bool,
    /// The capture's emptied buffers, for use again.
    pub emptied: Box<Capture>,
}

impl Encoder {
    /// An encoder whose next id is `next_save_id`. Its first capture must be full, unless it is
    /// [opened with](Self::open_with) a checkpoint.
    pub(crate) fn new(types: Arc<SavedTypes>, next_save_id: SaveId) -> Self {
        let columns = vec![ColumnState::default(); types.columns().count()];
        Self {
            types,
            entities_path: ENTITIES.into(),
            ids: SaveIds::starting_at(next_save_id),
            columns,
            carried: Carried::default(),
            gone: KeyedIds::default(),
            anchors: Anchors::default(),
            parked: BTreeSet::new(),
            claims: Claims::default(),
            claimed: BTreeSet::new(),
            departed: Vec::new(),
            opening: None,
        }
    }

    /// Sets the ids that a restore has kept.
    pub(crate) fn seed(&mut self, seeds: impl IntoIterator<Item = (Entity, SaveId)>) {
        for (entity, id) in seeds {
            self.ids.seed(entity, id);
        }
        self.ids.make_room();
    }

    /// Sets what a restore has put in the places of entities that wait for their level.
    pub(crate) fn seed_absent(&mut self, absent: impl IntoIterator<Item = (Entity, SaveId)>) {
        absent.into_iter().for_each(|(entity, id)| self.ids.note_absent(entity, id));
    }

    /// Replaces the entities of values that are in no column by their ids.
    pub(crate) fn name_entities<R>(&mut self, write: impl FnOnce(&mut dyn EntityMapper) -> R) -> R {
        write(&mut self.ids)
    }

    /// An encoder that knows the same ids and carries the same rows, for a full capture that is
    /// encoded beside the chain and must not affect it.
    pub(crate) fn beside(&self) -> Self {
        Self {
            types: self.types.clone(),
            entities_path: self.entities_path.clone(),
            ids: self.ids.clone(),
            columns: vec![ColumnState::default(); self.columns.len()],
            carried: self.carried.clone(),
            gone: self.gone.clone(),
            anchors: self.anchors.clone(),
            parked: self.parked.clone(),
            claims: self.claims.clone(),
            claimed: self.claimed.clone(),
            departed: Vec::new(),
            opening: None,
        }
    }

    /// Takes over what another encoder knows of entities that aren't in the world, and of anchors.
    #[cfg(test)]
    pub(crate) fn take_over(&mut self, other: &Self) {
        self.carried = other.carried.clone();
        (self.gone, self.anchors) = (other.gone.clone(), other.anchors.clone());
        self.ids.take_over_left(&other.ids);
    }

    /// The ids of entities that wait for their level.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> impl Iterator<Item = SaveId> {
        self.carried.waiting_ids()
    }

    /// The id that a saved entity has in the session.
    #[cfg(test)]
    pub(crate) fn id_of(&self, entity: Entity) -> Option<SaveId> {
        self.ids.saved(entity).map(|saved| saved.id)
    }

    /// Every entity that has an id: the saved ones, and those that were referred to.
    pub(crate) fn ids(&self) -> impl Iterator<Item = (SaveId, Entity)> {
        self.ids.entities()
    }

    /// Entities that left with their level, as far as something may refer to them: in the world
    /// that is a reference to the dead, also when the ids are those of other entities that came
    /// back.
    pub(crate) fn left(&self) -> impl Iterator<Item = (SaveId, Entity)> {
        self.ids.left()
    }

    /// Carries rows that can't be used now.
    pub(crate) fn carry(&mut self, carried: Carried) {
        self.carried = carried;
    }

    /// Sets the placed entities that are gone, and the ids of anchors, whether they are there or not.
    pub(crate) fn note_places(&mut self, gone: KeyedIds, anchors: KeyedIds) {
        (self.gone, self.anchors) = (gone, Anchors::of(anchors));
    }

    /// Takes in the values of placed entities that left with their scope.
    pub(crate) fn park(&mut self, parking: Parking) -> Vec<EncodeFailure> {
        let mut failures = Failures::default();
        let Parking { before, mut entities, columns } = parking;
        self.note_departures(&before);
        // Where something is kept for a key, this one never had it, and that goes on being kept.
        entities.retain(|(entity, key)| {
            let was_on_its_way = self.claims.end(*entity).is_some();
            let is_kept = self.carried.waits_for(key);
            if was_on_its_way && is_kept {
                self.ids.leave(*entity);
            }
            !is_kept
        });
        for (entity, key) in &entities {
            let id = self.ids.add(*entity).id;
            self.ids.note_absent(*entity, id);
            // It may have been one until lately.
            self.anchors.ids.remove_id(id);
            self.carried.wait_for(key.clone(), id);
            self.parked.insert(id);
        }
        for (saved_type, column) in self.types.clone().columns().zip(columns) {
            let Some(mut column) = column else { continue };
            let type_path = saved_type.type_path();
            let (mut nowhere, mut rows) = (Presence::default(), HeldRows::default());
            let mut hold = |next| rows.hold(next);
            let (ids, failures) = (&mut self.ids, &mut failures);
            let mut writer =
                ColumnWriter::new(type_path, &[], ids, &mut nowhere, failures, &mut hold);
            write_values(&mut *column, &mut writer);
            writer.finish();
            for (id, value) in rows.values.iter().flat_map(Values::iter) {
                match saved_type.role() {
                    // Those who stay have a list as well, in which those who leave keep their places.
                    Role::Order => self.carried.await_in(NamedOrder::of(type_path, id, value)),
                    _ if self.parked.contains(&id) => {
                        self.carried.add(type_path, self.types.version(type_path), id, value);
                    }
                    _ => {}
                }
            }
        }
        for id in &self.parked {
            for (type_path, value) in self.carried.orders.take(*id) {
                self.carried.add(&type_path, self.types.version(&type_path), *id, &value);
            }
        }
        for (entity, _) in &entities {
            if let Some(saved) = self.ids.leave(*entity) {
                for column in &mut self.columns {
                    column.presence.remove(saved.slot);
                }
            }
        }
        failures.into_listed()
    }

    /// Copies of the values that were kept for placed entities which are in the world now. They are
    /// kept until [`settle`](Self::settle) reports the outcome.
    pub(crate) fn claim(&mut self, claims: &[(SaveKey, Entity)]) -> ClaimedRows {
        // Where one has come twice, the last is there.
        let last: HashMap<&SaveKey, Entity> =
            claims.iter().map(|(key, entity)| (key, *entity)).collect();
        let (mut ids, mut back) = (Vec::new(), HashMap::new());
        let mut rows = Vec::new();
        for (key, entity) in claims {
            let is_last = last.get(key) == Some(entity);
            if let Some((id, kept)) = self.carried.kept_for(key).filter(|_| is_last) {
                self.forget_saved(*entity);
                self.ids.pass_on(*entity, id);
                self.claims.begin(*entity, key.clone(), id);
                ids.push(id);
                back.insert(id, *entity);
                rows.extend(kept.into_iter().map(|(type_path, row)| (type_path, id, row)));
            }
        }
        rows.sort_by(|(path, id, _), (other_path, other_id, _)| {
            (path, id).cmp(&(other_path, other_id))
        });
        let mut marked = Values::default();
        ids.sort_unstable();
        ids.iter().for_each(|id| marked.push(*id, &[]));
        let marked = Block::values(self.entities_path.clone(), 0, marked);
        let blocks = rows.into_iter().map(|(type_path, id, row)| {
            let mut values = Values::default();
            values.push(id, &row.value);
            Block::values(type_path, row.version, values)
        });
        let blocks = std::iter::once(marked).chain(blocks).collect();
        let claimed: HashSet<SaveId> = ids.into_iter().collect();
        let mut orders = self.carried.orders.naming(&claimed);
        orders.retain(|order| !claimed.contains(&order.target));
        // Those that left as well and aren't back are named as before, by who is.
        let known = self.ids.left().chain(self.ids.entities()).chain(self.anchors.entities());
        let known = known.collect();
        let came_back = self.ids.left().filter_map(|(id, left)| Some((left, *back.get(&id)?)));
        let came_back = came_back.collect();
        ClaimedRows { blocks, known, orders, came_back }
    }

    /// Forgets an entity that was captured before it was known to be a placed one with an id.
    pub(super) fn forget_saved(&mut self, entity: Entity) {
        let Some(saved) = self.ids.remove(entity) else { return };
        for column in &mut self.columns {
            column.presence.remove(saved.slot);
        }
        self.departed.push(saved.id);
    }

    /// Keeps waiting for sources that the lists of claimed entities name and that are still
    /// missing.
    pub(super) fn await_the_rest(&mut self, claimed: &[(Arc<str>, SaveId, CarriedRow)]) {
        let columns = self.types.columns().filter(|column| column.role() == Role::Order);
        let columns: HashSet<&str> = columns.map(|column| &**column.type_path()).collect();
        self.carried.await_the_rest(&columns, claimed);
    }

    /// Encodes a capture as a whole.
    pub(crate) fn encode(&mut self, capture: Box<Capture>) -> Encoded {
        let mut blocks = Vec::new();
        let facts = self.encode_into(capture, &mut |block| blocks.push(block));
        Encoded { blocks, facts }
    }

    /// Encodes a capture. Hands over the rows in the order of [`Block::key`], each block as soon as it is full, unless
    /// something is carried or the capture is put into an older checkpoint.
    ///
    /// A panic in the game's own code costs the rest of that type, an error that row; both are
    /// listed, and everything else is written.
    pub(crate) fn encode_into(
        &mut self,
        mut capture: Box<Capture>,
        blocks: &mut dyn FnMut(Block),
    ) -> EncodedFacts {
        let mut failures = Failures::default();
        let is_full = capture.scope() == CaptureScope::Full;
        let opening = self.opening.take().filter(|_| !is_full);
        self.note_departures(&capture.placed.departures);
        if let Some(anchors) = &capture.placed.anchors {
            self.note_anchors(anchors, &capture.entities.saved);
        }
        let mut gone = self.end_claims_of_gone(&capture);
        gone.append(&mut self.departed);
        // Of what is carried, a delta has what was parked since the last capture.
        let parked = std::mem::take(&mut self.parked);
        let lately = if is_full { None } else { Some(&parked) };
        let mut known = self.gone.blocks(&GONE.into(), is_full);
        known.extend(self.anchors.ids.blocks(&ANCHORS.into(), is_full));
        known.extend(self.block_of_build().filter(|_| is_full));
        let mut rows = if opening.is_some() || !self.carried.is_empty() {
            RowOrder::together(known, opening, blocks)
        } else {
            RowOrder::at_once(known, blocks)
        };
        let entities = self.track_entities(&capture, &parked, gone);
        entities.into_iter().for_each(|block| rows.push(block));
        for (place, saved_type) in self.types.clone().columns().enumerate() {
            let path = saved_type.type_path();
            self.encode_column(place, path, &mut capture, lately, &mut failures, &mut rows);
        }
        if !self.carried.is_empty() {
            let known: HashSet<&str> = self.types.type_paths().collect();
            let unknown = self.carried.blocks_of_unknown_types(&known, lately);
            unknown.into_iter().for_each(|block| rows.push(block));
        }
        rows.finish();
        if is_full {
            // Whoever is still referred to was named by a row.
            let waiting: HashSet<SaveId> = self.carried.waiting_ids().collect();
            self.ids.keep_absent(&waiting);
        }
        // Those who wait for their values are in the world and carried.
        let entities = capture.entities() + self.carried.waiting_count();
        let entities = entities.saturating_sub(self.claims.len());
        let is_countable = !is_full && self.claims.is_empty();
        let drift = if is_countable { self.drift(&capture) } else { Vec::new() };
        if failures.total() == 0 {
            self.ids.end_capture();
        }
        capture.empty();
        EncodedFacts {
            entities,
            types: self.summaries(),
            carried: self.carried.summaries(),
            incomplete: self.incomplete(),
            next_save_id: self.ids.next(),
            drift,
            failures: failures.into_listed(),
            is_unsure: self.columns.iter().any(|column| column.is_unsure),
            emptied: capture,
        }
    }

    /// Updates the saved entities, and returns the changes.
    fn track_entities(
        &mut self,
        capture: &Capture,
        parked: &BTreeSet<SaveId>,
        gone: Vec<SaveId>,
    ) -> Vec<Block> {
        let entities = &capture.entities;
        let (saved, removed) = match capture.scope() {
            CaptureScope::Full => {
                self.ids.recount(&self.claims.without(&entities.saved), &entities.unmarked);
                self.carried.keep_only(self.ids.saved_ids());
                self.claimed.clear();
                let saved = self.ids.saved_ids().chain(self.carried.waiting_ids());
                let mut ids: Vec<SaveId> = saved.collect();
                ids.sort_unstable();
                (ids, Vec::new())
            }
            CaptureScope::Delta => {
                let mut removed = self.remove_entities(&entities.despawned, &entities.unmarked);
                let saved = self.claims.without(&entities.saved);
                let mut ids: Vec<SaveId> =
                    saved.iter().map(|entity| self.ids.add(*entity).id).collect();
                // Sent whole, so whatever the journal has of them goes.
                removed.extend(ids.iter().filter(|id| self.claimed.remove(id)));
                removed.extend(parked);
                removed.extend(gone);
                ids.extend(parked);
                ids.sort_unstable();
                removed.sort_unstable();
                removed.dedup();
                (ids, removed)
            }
        };
        let path = &self.entities_path;
        let removed = split_ids(&removed).map(|ids| Block::removed(path.clone(), ids));
        removed.chain(self.blocks_of_entities(&saved)).collect()
    }

    /// The markers of saved entities, by their ids, which ascend.
    fn blocks_of_entities(&self, saved: &[SaveId]) -> Vec<Block> {
        let path = &self.entities_path;
        let mut marker = Vec::new();
        let mut rows = Split::default();
        if encode_message_pack(&(), &mut marker).is_ok() {
            saved.iter().for_each(|id| rows.push(*id, &marker));
        }
        let rows = rows.finish().into_iter();
        rows.map(|rows| Block::values(path.clone(), 0, rows)).collect()
    }

    fn remove_entities(&mut self, despawned: &[Entity], unmarked: &[Entity]) -> Vec<SaveId> {
        // Of those that went before they were sent again, the journal has what was kept for them.
        let departed = despawned.iter().chain(unmarked).filter_map(|entity| self.ids.id(*entity));
        let mut ids: Vec<SaveId> = departed.filter(|id| self.claimed.remove(id)).collect();
        ids.iter().for_each(|id| self.carried.forget(*id));
        let despawned = despawned.iter().filter_map(|entity| self.ids.remove(*entity));
        let mut gone: Vec<SavedEntity> = despawned.collect();
        gone.extend(unmarked.iter().filter_map(|entity| self.ids.unmark(*entity)));
        for entity in &gone {
            self.carried.forget(entity.id);
            for column in &mut self.columns {
                column.presence.remove(entity.slot);
            }
        }
        ids.extend(gone.into_iter().map(|entity| entity.id));
        ids
    }

    fn encode_column(
        &mut self,
        place: usize,
        type_path: &Arc<str>,
        capture: &mut Capture,
        lately: Option<&BTreeSet<SaveId>>,
        failures: &mut Failures,
        rows: &mut RowOrder<'_>,
    ) {
        let scope = capture.scope();
        let Capture { entities, columns, removed, .. } = capture;
        let (Some(state), Some(column)) = (self.columns.get_mut(place), columns.get_mut(place))
        else {
            return;
        };
        let failed_before = failures.total();
        let version = self.types.version(type_path);
        // Where something is carried, these rows aren't all of them.
        let mut held = (!self.carried.is_empty()).then(HeldRows::default);
        let mut hand_over = |next: Rows| match &mut held {
            Some(held) => held.hold(next),
            None => rows.push(block_of(type_path, version, next)),
        };
        let mut writer = ColumnWriter::new(
            type_path,
            &entities.saved,
            &mut self.ids,
            &mut state.presence,
            failures,
            &mut hand_over,
        );
        if scope == CaptureScope::Full {
            writer.start_over();
        } else if let Some(removed) = removed.iter().find(|removed| removed.column == place) {
            writer.remove(&removed.entities);
        }
        column.count(&mut writer);
        writer.end_removals();
        write_values(&mut **column, &mut writer);
        state.is_unsure = writer.is_unsure();
        writer.finish();
        let failed = failures.total() > failed_before;
        state.is_incomplete = failed || (state.is_incomplete && scope == CaptureScope::Delta);
        if let Some(held) = held {
            self.add_carried(type_path, scope, held, lately, rows);
        }
    }

    /// Adds the rows of a column, with those that are carried beside them.
    fn add_carried(
        &mut self,
        type_path: &Arc<str>,
        scope: CaptureScope,
        held: HeldRows,
        lately: Option<&BTreeSet<SaveId>>,
        rows: &mut RowOrder<'_>,
    ) {
        let HeldRows { removed, values } = held;
        let is_full = scope == CaptureScope::Full;
        let (removed, values) = self.carried.complete_order(type_path, is_full, removed, values);
        let version = self.types.version(type_path);
        let replaced = self.consume_carried(type_path, &values);
        let replaced = replaced.into_iter().filter(|_| !is_full);
        let values = self.carried.merge(type_path, version, values, lately);
        let removed = split_ids(&removed).map(|ids| Block::removed(type_path.clone(), ids));
        let values = values.into_iter();
        let values = values.map(|(version, rows)| Block::values(type_path.clone(), version, rows));
        removed.chain(values).chain(replaced).for_each(|block| rows.push(block));
    }

    fn note_departures(&mut self, departures: &[Departure]) {
        for departure in departures {
            match departure {
                Departure::Gone(entity, key) => {
                    let id = self.ids.id_or_new(*entity);
                    self.end_claim(*entity);
                    self.claimed.remove(&id);
                    self.gone.add(key.clone(), id);
                    self.departed.push(id);
                    self.forget_kept(key);
                }
                Departure::Released(key) => {
                    self.gone.remove(key);
                    self.forget_kept(key);
                }
            }
        }
    }

    /// Forgets what is kept for a key, unless that is on its way: then this is about the next
    /// entity.
    fn forget_kept(&mut self, key: &SaveKey) {
        if !self.claims.are_of(key)
            && let Some((id, _)) = self.carried.claim(key)
        {
            self.parked.remove(&id);
            self.departed.push(id);
        }
    }

    /// The facts about this build for later builds. They are the same for the whole run.
    fn block_of_build(&self) -> Option<Block> {
        let mut bytes = Vec::new();
        encode_message_pack(self.types.build(), &mut bytes).ok()?;
        let mut rows = Split::default();
        rows.push(SaveId::WORLD, &bytes);
        let row = rows.finish().into_iter().next()?;
        Some(Block::values(BUILD.into(), 0, row))
    }

    /// Values that the game wrote replace carried ones, under whatever name those are. Returns the
    /// removals of those under another name, for readers that have them already.
    fn consume_carried(&mut self, type_path: &str, written: &[Values]) -> Vec<Block> {
        let mut replaced = Vec::new();
        if self.carried.is_empty() {
            return replaced;
        }
        self.carried.consume(type_path, written);
        let history = self.types.history(type_path).cloned().unwrap_or_default();
        for name in &history.former_names {
            let consumed = self.carried.consume(name, written);
            replaced.extend(split_ids(&consumed).map(|ids| Block::removed(name.clone(), ids)));
        }
        replaced
    }

    fn summaries(&self) -> Vec<TypeSummary> {
        let rows = self.columns.iter().map(|column| column.presence.count());
        let entities = self.ids.saved_count() + self.carried.waiting_count();
        let rows = std::iter::once(entities).chain(rows);
        let types = self.types.type_paths().zip(rows);
        types
            .map(|(path, rows)| TypeSummary {
                path: path.to_owned(),
                version: self.types.version(path),
                rows: rows + self.carried.rows(path) as u64 + self.carried.orders.rows(path),
            })
            .collect()
    }

    fn incomplete(&self) -> Vec<String> {
        let columns = self.types.columns().zip(&self.columns);
        let incomplete = columns.filter(|(_, column)| column.is_incomplete);
        incomplete.map(|(saved_type, _)| saved_type.type_path().to_string()).collect()
    }

    /// Types whose number of rows in the world differs from the captured ones.
    fn drift(&self, capture: &Capture) -> Vec<DriftedType> {
        let known = self.columns.iter().map(|column| column.presence.count());
        let known = std::iter::once(self.ids.saved_count()).chain(known);
        let live = capture.columns.iter().map(|column| column.live());
        let live = std::iter::once(Some(capture.entities())).chain(live);
        let columns = self.types.type_paths().zip(known.zip(live));
        let drifted = columns.filter_map(|(path, (known, live))| {
            let rows = known.abs_diff(live?);
            (rows > 0).then(|| DriftedType { type_path: path.to_owned(), rows })
        });
        drifted.collect()
    }
}

/// The rows of a column that are put beside others before they are handed over.
#[derive(Default)]
struct HeldRows {
    removed: Vec<SaveId>,
    values: Vec<Values>,
}

impl HeldRows {
    fn hold(&mut self, rows: Rows) {
        match rows {
            Rows::Removed(ids) => self.removed.extend(ids),
            Rows::Values(values) => self.values.push(values),
        }
    }
}

fn block_of(type_path: &Arc<str>, version: u32, rows: Rows) -> Block {
    match rows {
        Rows::Removed(ids) => Block::removed(type_path.clone(), ids),
        Rows::Values(values) => Block::values(type_path.clone(), version, values),
    }
}

/// Writes the column's values, catching panics of the game's own code.
fn write_values(column: &mut dyn CapturedColumn, writer: &mut ColumnWriter<'_>) {
    // Nothing that a panic may leave half done is looked at again: values are dropped or written
    // over, and a row is in the block or it isn't.
    let outcome = catch_unwind(AssertUnwindSafe(|| column.encode(writer)));
    if let Err(payload) = outcome {
        writer.fail(None, EncodeFailureReason::Panicked(panic_message(&*payload)));
    }
}
