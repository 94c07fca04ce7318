//! One saved component type: copying its changed rows, and encoding them on the writer's thread.

use std::any::Any;
use std::ops::Range;

use bevy::ecs::change_detection::{DetectChanges, Ref, Tick};
use bevy::ecs::component::{Component, StorageType};
use bevy::ecs::entity::Entity;
use bevy::ecs::query::QueryState;
use bevy::ecs::world::World;

use super::copies::Copies;
use super::encoded::{AtOnce, EncodedValues, try_out};
use super::moment::{Extent, Moment};
use super::read_ahead::visit_tables;
use super::spare_room::SpareRoom;
use super::tables::{TableCursor, pick};
use super::ticks::{TickSpan, rows_within};
use crate::capture::encode::ColumnWriter;
use crate::engine;
use crate::saved::{CopyCodec, IsSaved, Saved};

/// Copies one type out of the world. Columns share no mutable state, so they may run in parallel.
pub(crate) trait RecordColumn: Send + Sync {
    /// Copies the rows that belong to `moment`, into the emptied buffer of an earlier capture if
    /// there is one.
    fn record(&mut self, world: &World, moment: &Moment<'_>, buffer: Option<Captured>) -> Captured;

    /// Copies the rows that changed because these entities became saved, or no longer are.
    fn follow_markers(&self, _: &World, _: TickSpan, _: &[Entity], _: &mut dyn CapturedColumn) {}

    /// The entities whose value was written or inserted in a span.
    fn changed_within(&mut self, _: &World, _: TickSpan) -> Vec<Entity> {
        Vec::new()
    }

    /// Forgets what was recorded, so that the next capture is full.
    fn restart(&mut self) {}

    /// The tick up to which each value's own tick was looked at, if captures since then have
    /// skipped them.
    fn passed_over_since(&self) -> Option<Tick> {
        None
    }

    /// Treats the present values as recorded.
    fn take_for_recorded(&mut self, _: &World) {}
}

/// Copied rows of one type, whatever that is.
pub(crate) type Captured = Box<dyn CapturedColumn>;

/// Copied rows of one type.
pub(crate) trait CapturedColumn: Send + Sync + Any {
    /// Values that were copied.
    fn rows(&self) -> usize;

    /// The number of rows in the world at the moment of the capture, if it is known.
    fn live(&self) -> Option<u64>;

    /// Counts the rows, before any of the game's own code runs.
    fn count(&self, writer: &mut ColumnWriter<'_>);

    /// Encodes all values, in the order of their ids.
    fn encode(&mut self, writer: &mut ColumnWriter<'_>);

    /// Makes an empty buffer of it, which may free much.
    fn empty(&mut self) {}
}

/// The entities of a column's values.
#[derive(Default)]
pub(crate) struct Rows {
    /// Whole tables: ranges of the entities that are sent.
    tables: Vec<Range<usize>>,
    /// Single entities.
    entities: Vec<Entity>,
    spare_room: SpareRoom,
}

impl Rows {
    /// The entity of each value.
    pub(crate) fn iter<'a>(&'a self, sent: &'a [Entity]) -> impl Iterator<Item = Entity> + use<'a> {
        let tables =
            self.tables.iter().flat_map(|table| sent.get(table.clone()).unwrap_or_default());
        tables.chain(&self.entities).copied()
    }

    fn empty(&mut self) {
        let used = self.entities.len();
        self.tables.clear();
        self.entities.clear();
        self.spare_room.give_back(&mut self.entities, used);
    }
}

/// Copied components of one type.
pub(crate) struct CapturedComponents<C: CopyCodec> {
    codec: C,
    rows: Rows,
    at_once: AtOnce,
    /// The first values.
    encoded: EncodedValues,
    /// The values after those that are encoded.
    copies: Copies<C::Value>,
    live: u64,
}

impl<C: CopyCodec> CapturedComponents<C> {
    fn new(codec: C, at_once: AtOnce) -> Self {
        let copies = Copies::new(codec.keeps_copies());
        let (rows, encoded) = Default::default();
        Self { codec, rows, at_once, encoded, copies, live: 0 }
    }

    /// The components of some entities, between two captures.
    pub(crate) fn of(codec: C, world: &World, entities: &[Entity]) -> Self {
        let mut captured = Self::new(codec, AtOnce::default());
        captured.encoded.copy_all();
        for entity in entities {
            if let Some(component) = world.get::<C::Component>(*entity) {
                captured.copy_one(*entity, component);
            }
        }
        captured
    }

    fn copy_table(&mut self, entities: Range<usize>, table: &[C::Component]) {
        self.rows.tables.push(entities);
        let encoded = self.encoded.extend(&self.codec, table.iter(), &self.at_once);
        self.copies.copy_all(&self.codec, table.get(encoded..).unwrap_or_default());
    }

    fn copy_rows(&mut self, entities: &[Entity], table: &[C::Component], rows: &[u32]) {
        self.rows.entities.extend(pick(entities, rows));
        let components = rows.iter().filter_map(|row| table.get(*row as usize));
        let encoded = self.encoded.extend(&self.codec, components, &self.at_once);
        self.copies.copy_rows(&self.codec, table, rows.get(encoded..).unwrap_or_default());
    }

    fn copy_one(&mut self, entity: Entity, component: &C::Component) {
        self.rows.entities.push(entity);
        self.copies.copy_one(&self.codec, component);
    }
}

impl<C: CopyCodec> CapturedColumn for CapturedComponents<C> {
    fn rows(&self) -> usize {
        self.encoded.len() + self.copies.len()
    }

    fn live(&self) -> Option<u64> {
        Some(self.live)
    }

    fn count(&self, writer: &mut ColumnWriter<'_>) {
        writer.count_entities(&self.rows);
    }

    fn encode(&mut self, writer: &mut ColumnWriter<'_>) {
        let encoded = self.encoded.len();
        for row in writer.sorted_entities(&self.rows) {
            if let Some(bytes) = self.encoded.get(row.index) {
                if !writer.write_encoded(&self.codec, row, bytes) {
                    self.at_once.forbid();
                }
            } else if let Some(place) = row.index.checked_sub(encoded)
                && let Some(value) = self.copies.get_mut(place)
            {
                writer.write(&self.codec, row, value);
            }
        }
    }

    fn empty(&mut self) {
        self.rows.empty();
        self.encoded.empty();
        self.copies.empty();
        self.live = 0;
    }
}

/// Copies one component type.
pub(crate) struct ComponentRecorder<C: CopyCodec> {
    codec: C,
    at_once: AtOnce,
    /// True if the last trial has found that components are encoded faster than they are copied.
    encodes: bool,
    query: ColumnQuery<C::Component>,
    /// The tick up to which ticks were looked at, if captures since then have skipped them.
    passed_over_since: Option<Tick>,
    changed_rows: Vec<u32>,
}

/// A query for the columns of tables, or one for components in sparse storage, which has none.
enum ColumnQuery<T: Component> {
    Tables(QueryState<(Entity, Ref<'static, T>), IsSaved>),
    Sparse(QueryState<(Entity, Ref<'static, T>, Ref<'static, Saved>), IsSaved>),
}

impl<C: CopyCodec> ComponentRecorder<C> {
    /// A recorder for `world`, which has no default query filters now.
    pub(crate) fn new(world: &mut World, codec: C) -> Self {
        let query = match <C::Component as Component>::STORAGE_TYPE {
            StorageType::Table => ColumnQuery::Tables(QueryState::new(world)),
            StorageType::SparseSet => ColumnQuery::Sparse(QueryState::new(world)),
        };
        let (at_once, encodes) = Default::default();
        Self { codec, at_once, encodes, query, passed_over_since: None, changed_rows: Vec::new() }
    }

    /// Finds out whether components are encoded faster than they are copied, by one of the first tables that is large enough.
    fn try_out(&mut self, world: &World) {
        const LOOKED_AT: usize = 1_000;
        let ColumnQuery::Tables(query) = &mut self.query else { return };
        let Ok(tables) = query.contiguous_iter(world) else { return };
        let mut tables = tables.take(LOOKED_AT);
        let pays = tables.find_map(|(_, table)| try_out(&self.codec, &table, &self.at_once));
        self.encodes = pays.unwrap_or(false);
    }
}

impl<C: CopyCodec> RecordColumn for ComponentRecorder<C> {
    fn record(&mut self, world: &World, moment: &Moment<'_>, buffer: Option<Captured>) -> Captured {
        let buffer = buffer.map(|buffer| -> Box<dyn Any> { buffer });
        let mut captured = match buffer.map(|buffer| buffer.downcast::<CapturedComponents<C>>()) {
            Some(Ok(buffer)) => buffer,
            _ => Box::new(CapturedComponents::new(self.codec.clone(), self.at_once.clone())),
        };
        let may_encode = self.codec.encodes_at_once() && self.at_once.is_allowed();
        if may_encode && moment.is_thorough {
            self.try_out(world);
        }
        if !may_encode || !self.encodes {
            captured.encoded.copy_all();
        }
        match (&mut self.query, moment.extent) {
            (ColumnQuery::Tables(query), Extent::All) => {
                self.passed_over_since = None;
                copy_tables(query, world, moment, &mut captured);
            }
            (ColumnQuery::Tables(query), Extent::Within(span)) => {
                let span = span_to_look_at(query, world, moment, span, &mut self.passed_over_since);
                copy_changes(query, world, moment, span, &mut self.changed_rows, &mut captured);
            }
            (ColumnQuery::Sparse(query), extent) => {
                copy_sparse(query, world, extent, &mut captured);
            }
        }
        captured
    }

    fn changed_within(&mut self, world: &World, span: TickSpan) -> Vec<Entity> {
        match &mut self.query {
            ColumnQuery::Tables(query) => {
                changed_in_tables(query, world, span, &mut self.changed_rows)
            }
            ColumnQuery::Sparse(query) => {
                let rows = query.iter(world);
                let rows = rows.filter(|(_, component, _)| span.contains(component.last_changed()));
                rows.map(|(entity, ..)| entity).collect()
            }
        }
    }

    fn restart(&mut self) {
        self.passed_over_since = None;
    }

    fn passed_over_since(&self) -> Option<Tick> {
        self.passed_over_since
    }
}

type TableQuery<T> = QueryState<(Entity, Ref<'static, T>), IsSaved>;

fn copy_tables<C: CopyCodec>(
    query: &mut TableQuery<C::Component>,
    world: &World,
    moment: &Moment<'_>,
    captured: &mut CapturedComponents<C>,
) {
    let Ok(tables) = query.contiguous_iter(world) else { return };
    let mut cursor = moment.tables.cursor();
    for (entities, components) in tables {
        captured.live += entities.len() as u64;
        if let Some(sent) = cursor.entities(entities) {
            captured.copy_table(sent, &components);
        }
    }
}

/// The span in which ticks are looked for; `None` if nothing in the tables was written, so that all
/// of them can be skipped.
///
/// It is all tables or none: an entity that is written while it moves leaves its trace in the table
/// that it comes from.
fn span_to_look_at<T: Component>(
    query: &mut TableQuery<T>,
    world: &World,
    moment: &Moment<'_>,
    span: TickSpan,
    passed_over_since: &mut Option<Tick>,
) -> Option<TickSpan> {
    let component = world.component_id::<T>()?;
    if moment.is_thorough || engine::may_have_been_written(query, world, component) {
        return Some(passed_over_since.take().map_or(span, |since| span.from(since)));
    }
    passed_over_since.get_or_insert(span.base());
    None
}

fn copy_changes<C: CopyCodec>(
    query: &mut TableQuery<C::Component>,
    world: &World,
    moment: &Moment<'_>,
    span: Option<TickSpan>,
    changed_rows: &mut Vec<u32>,
    captured: &mut CapturedComponents<C>,
) {
    let Ok(tables) = query.contiguous_iter(world) else { return };
    let mut cursor = moment.tables.cursor();
    let tables = tables.map(|(entities, components)| {
        let (components, ticks) = engine::values_and_ticks(components);
        (if span.is_some() { ticks } else { &[] }, (entities, components))
    });
    visit_tables(tables, |ticks, (entities, components)| {
        captured.live += entities.len() as u64;
        changed_rows.clear();
        if let Some(span) = span {
            rows_within(span, ticks, changed_rows);
        }
        add_fresh_rows(&mut cursor, entities, changed_rows);
        // Values are gathered only now that all rows are known, so that cache misses overlap.
        if !changed_rows.is_empty() {
            captured.copy_rows(entities, components, changed_rows);
        }
    });
}

fn changed_in_tables<T: Component>(
    query: &mut TableQuery<T>,
    world: &World,
    span: TickSpan,
    changed_rows: &mut Vec<u32>,
) -> Vec<Entity> {
    let mut changed = Vec::new();
    let Ok(tables) = query.contiguous_iter(world) else { return changed };
    let tables = tables.map(|(entities, components)| {
        let (_, ticks) = engine::values_and_ticks(components);
        (ticks, entities)
    });
    visit_tables(tables, |ticks, entities| {
        changed_rows.clear();
        rows_within(span, ticks, changed_rows);
        changed.extend(pick(entities, changed_rows));
    });
    changed
}

/// Adds the rows of an entity that became saved lately: its components' ticks don't show it.
pub(super) fn add_fresh_rows(
    cursor: &mut TableCursor<'_>,
    entities: &[Entity],
    rows: &mut Vec<u32>,
) {
    let fresh = cursor.fresh_rows(entities);
    if !fresh.is_empty() {
        rows.extend_from_slice(fresh);
        // Two ascending runs, which the stable sort merges.
        rows.sort();
        rows.dedup();
    }
}

fn copy_sparse<C: CopyCodec>(
    query: &mut QueryState<(Entity, Ref<'static, C::Component>, Ref<'static, Saved>), IsSaved>,
    world: &World,
    extent: Extent,
    captured: &mut CapturedComponents<C>,
) {
    for (entity, component, saved) in query.iter(world) {
        captured.live += 1;
        let is_sent = match extent {
            Extent::All => true,
            Extent::Within(span) => {
                span.contains(component.last_changed()) || span.contains(saved.added())
            }
        };
        if is_sent {
            captured.copy_one(entity, &component);
        }
    }
}
