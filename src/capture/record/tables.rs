//! The tables that hold saved entities, and their rows that became saved only lately.

use std::ops::Range;

use bevy::ecs::change_detection::{Ref, Tick};
use bevy::ecs::entity::Entity;
use bevy::ecs::query::QueryState;
use bevy::ecs::world::World;

use super::moment::Extent;
use super::read_ahead::visit_tables;
use super::ticks::rows_within;
use crate::engine;
use crate::saved::{IsSaved, Saved};

/// The tables of one capture, looked at once for all columns.
#[derive(Default)]
pub(crate) struct SavedTables {
    tables: Vec<SavedTable>,
    /// Rows that became saved since the base, table by table.
    fresh_rows: Vec<u32>,
    /// The entities to send: all of them, or the fresh ones.
    entities: Vec<Entity>,
    live: u64,
}

/// One table.
struct SavedTable {
    /// The address of its entities in memory: the same in every query, so it identifies the table.
    address: usize,
    /// Its rows in [`SavedTables::fresh_rows`].
    fresh: Range<usize>,
    /// Its entities in [`SavedTables::entities`], if all of them are sent.
    entities: Range<usize>,
}

/// The query behind [`SavedTables`].
pub(crate) type SavedQuery = QueryState<(Entity, Ref<'static, Saved>), IsSaved>;

impl SavedTables {
    /// Looks at all tables with saved entities. `entities` is an empty buffer.
    pub(crate) fn scan(
        &mut self,
        query: &mut SavedQuery,
        world: &World,
        extent: Extent,
        entities: Vec<Entity>,
    ) {
        self.tables.clear();
        self.fresh_rows.clear();
        self.entities = entities;
        self.live = 0;
        // Neither `Saved` nor the filter is in sparse storage, so the query is always dense.
        let Ok(tables) = query.contiguous_iter(world) else { return };
        let tables =
            tables.map(|(entities, saved)| (engine::added_since_last_run(saved), entities));
        visit_tables(tables, |added_ticks, table_entities| {
            self.live += table_entities.len() as u64;
            self.add_table(table_entities, added_ticks, extent);
        });
    }

    fn add_table(&mut self, table_entities: &[Entity], added_ticks: &[Tick], extent: Extent) {
        let (first_fresh, first_entity) = (self.fresh_rows.len(), self.entities.len());
        match extent {
            Extent::All => self.entities.extend_from_slice(table_entities),
            Extent::Within(span) => {
                rows_within(span, added_ticks, &mut self.fresh_rows);
                let fresh = self.fresh_rows.get(first_fresh..).unwrap_or_default();
                self.entities.extend(pick(table_entities, fresh));
            }
        }
        self.tables.push(SavedTable {
            address: table_entities.as_ptr().addr(),
            fresh: first_fresh..self.fresh_rows.len(),
            entities: first_entity..self.entities.len(),
        });
    }

    /// Saved entities in the world.
    pub(crate) fn live(&self) -> u64 {
        self.live
    }

    /// The entities to send.
    pub(crate) fn entities(&self) -> &[Entity] {
        &self.entities
    }

    /// Takes the entities to send.
    pub(crate) fn take_entities(&mut self) -> Vec<Entity> {
        std::mem::take(&mut self.entities)
    }

    /// Finds tables one after the other, in the order in which queries see them.
    pub(crate) fn cursor(&self) -> TableCursor<'_> {
        TableCursor { tables: self, next: 0 }
    }
}

/// Finds tables. Queries see them in one order, so the next one is close to the last.
pub(crate) struct TableCursor<'a> {
    tables: &'a SavedTables,
    next: usize,
}

impl TableCursor<'_> {
    /// The rows of a table that became saved since the base, ascending.
    pub(crate) fn fresh_rows(&mut self, table_entities: &[Entity]) -> &[u32] {
        if self.tables.fresh_rows.is_empty() {
            return &[];
        }
        let fresh = self.find(table_entities).map_or(0..0, |table| table.fresh.clone());
        self.tables.fresh_rows.get(fresh).unwrap_or_default()
    }

    /// The place of a table's entities among those that are sent.
    pub(crate) fn entities(&mut self, table_entities: &[Entity]) -> Option<Range<usize>> {
        self.find(table_entities).map(|table| table.entities.clone())
    }

    fn find(&mut self, table_entities: &[Entity]) -> Option<&SavedTable> {
        let address = table_entities.as_ptr().addr();
        let (seen, ahead) = self.tables.tables.split_at_checked(self.next)?;
        let distance = ahead.iter().chain(seen).position(|table| table.address == address)?;
        let place = (self.next + distance) % self.tables.tables.len();
        self.next = place + 1;
        self.tables.tables.get(place)
    }
}

/// The entities or values at some rows of a table.
pub(crate) fn pick<'a, T: Copy>(
    table: &'a [T],
    rows: &'a [u32],
) -> impl Iterator<Item = T> + use<'a, T> {
    rows.iter().filter_map(|row| table.get(*row as usize).copied())
}
