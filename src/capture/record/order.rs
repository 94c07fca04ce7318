//! The order of a relationship's sources, which only their target knows: of siblings, of the things in
//! a bag.

use std::any::Any;

use bevy::ecs::change_detection::DetectChanges;
use bevy::ecs::component::ComponentId;
use bevy::ecs::entity::Entity;
use bevy::ecs::resource::IS_RESOURCE;
use bevy::ecs::storage::Table;
use bevy::ecs::world::World;

use super::columns::{Captured, CapturedColumn, RecordColumn, add_fresh_rows};
use super::moment::{Extent, Moment};
use super::related::Related;
use super::ticks::{TickSpan, rows_within};
use crate::capture::encode::ColumnWriter;
use crate::saved::{OrderCodec, Saved};

/// Copies the lists of one relationship's targets.
pub(crate) struct OrderRecorder {
    relationship: ComponentId,
    marker: ComponentId,
    changed_rows: Vec<u32>,
}

impl OrderRecorder {
    /// A recorder of the lists that belong to a relationship.
    pub(crate) fn new(world: &mut World, relationship: ComponentId) -> Self {
        let marker = world.register_component::<Saved>();
        Self { relationship, marker, changed_rows: Vec::new() }
    }

    fn copy_tables(
        &mut self,
        related: Related<'_>,
        world: &World,
        moment: &Moment<'_>,
        captured: &mut CapturedOrders,
    ) {
        let mut cursor = moment.tables.cursor();
        let marker = self.marker;
        let tables = world.storages().tables.iter();
        for table in tables.filter(|table| is_saved(table, marker)) {
            let Some(ticks) = related.changed_ticks(table) else { continue };
            match moment.extent {
                Extent::All => captured.copy(related, table.entities().iter().copied()),
                Extent::Within(span) => {
                    self.changed_rows.clear();
                    rows_within(span, ticks, &mut self.changed_rows);
                    add_fresh_rows(&mut cursor, table.entities(), &mut self.changed_rows);
                    let rows = self.changed_rows.iter();
                    let entities = rows.filter_map(|row| table.entities().get(*row as usize));
                    captured.copy(related, entities.copied());
                }
            }
        }
    }

    /// Lists in sparse storage.
    fn copy_sparse(
        &self,
        related: Related<'_>,
        world: &World,
        extent: Extent,
        captured: &mut CapturedOrders,
    ) {
        let archetypes = world.archetypes().iter().filter(|archetype| {
            [related.target(), self.marker].iter().all(|component| archetype.contains(*component))
                && !archetype.contains(IS_RESOURCE)
        });
        let entities =
            archetypes.flat_map(|archetype| archetype.entities()).map(|entity| entity.id());
        captured.copy(
            related,
            entities.filter(|entity| match extent {
                Extent::All => true,
                Extent::Within(span) => is_recorded(related, world, *entity, span),
            }),
        );
    }
}

impl RecordColumn for OrderRecorder {
    fn record(&mut self, world: &World, moment: &Moment<'_>, buffer: Option<Captured>) -> Captured {
        let buffer = buffer.map(|buffer| -> Box<dyn Any> { buffer });
        let buffer = buffer.and_then(|buffer| buffer.downcast::<CapturedOrders>().ok());
        let mut captured = buffer.unwrap_or_default();
        match Related::of(world, self.relationship) {
            Some(related) if related.is_in_tables() => {
                self.copy_tables(related, world, moment, &mut captured);
            }
            Some(related) => self.copy_sparse(related, world, moment.extent, &mut captured),
            None => {}
        }
        captured
    }

    /// Only saved sources have a place in the order, so it also changes when a source's marker is
    /// inserted or removed, which changes nothing on the target.
    fn follow_markers(
        &self,
        world: &World,
        span: TickSpan,
        entities: &[Entity],
        captured: &mut dyn CapturedColumn,
    ) {
        let captured: &mut dyn Any = captured;
        let Some(captured) = captured.downcast_mut::<CapturedOrders>() else { return };
        let Some(related) = Related::of(world, self.relationship) else { return };
        let targets = entities.iter().filter_map(|source| related.target_entity(*source));
        let mut targets: Vec<Entity> = targets
            .filter(|target| world.get::<Saved>(*target).is_some())
            .filter(|target| !is_recorded(related, world, *target, span))
            .collect();
        targets.sort_unstable();
        targets.dedup();
        captured.copy(related, targets.into_iter());
    }
}

fn is_saved(table: &Table, marker: ComponentId) -> bool {
    !table.is_empty() && table.has_column(marker) && !table.has_column(IS_RESOURCE)
}

/// Returns true if a saved entity's list is copied for its own sake.
fn is_recorded(related: Related<'_>, world: &World, entity: Entity, span: TickSpan) -> bool {
    let Ok(entity) = world.get_entity(entity) else { return false };
    let list = entity.get_change_ticks_by_id(related.target());
    let saved = entity.get_ref::<Saved>();
    list.is_some_and(|ticks| span.contains(ticks.changed))
        || saved.is_some_and(|saved| span.contains(saved.added()))
}

/// Copied lists, one after the other.
#[derive(Default)]
pub(crate) struct CapturedOrders {
    targets: Vec<Entity>,
    /// The end of each target's list in `sources`.
    ends: Vec<usize>,
    sources: Vec<Entity>,
}

impl CapturedOrders {
    /// The lists of some entities and the lists that they are in, which have their places. Between
    /// two captures.
    pub(crate) fn of(world: &World, relationship: ComponentId, entities: &[Entity]) -> Self {
        let mut captured = Self::default();
        if let Some(related) = Related::of(world, relationship) {
            let targets = entities.iter().filter_map(|source| related.target_entity(*source));
            let mut listed: Vec<Entity> = entities.iter().copied().chain(targets).collect();
            listed.sort_unstable();
            listed.dedup();
            captured.copy(related, listed.into_iter());
        }
        captured
    }

    fn copy(&mut self, related: Related<'_>, targets: impl Iterator<Item = Entity>) {
        for target in targets {
            if let Some(sources) = related.sources(target) {
                self.sources.extend(sources);
                self.targets.push(target);
                self.ends.push(self.sources.len());
            }
        }
    }

    fn list(&self, row: usize) -> &[Entity] {
        let start = row.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        let end = self.ends.get(row).copied().unwrap_or_default();
        self.sources.get(start.unwrap_or_default()..end).unwrap_or_default()
    }
}

impl CapturedColumn for CapturedOrders {
    fn rows(&self) -> usize {
        self.targets.len()
    }

    fn live(&self) -> Option<u64> {
        // Which lists say anything is known only where it is known who is saved.
        None
    }

    fn count(&self, writer: &mut ColumnWriter<'_>) {
        for (row, target) in self.targets.iter().enumerate() {
            writer.count_entity(*target, writer.have_order(self.list(row)));
        }
    }

    fn encode(&mut self, writer: &mut ColumnWriter<'_>) {
        let mut list = Vec::new();
        for row in writer.sorted_rows(self.targets.iter().copied()) {
            list.clear();
            list.extend_from_slice(self.list(row.index));
            if writer.have_order(&list) {
                writer.write(&OrderCodec, row, &mut list);
            }
        }
    }

    fn empty(&mut self) {
        self.targets.clear();
        self.ends.clear();
        self.sources.clear();
    }
}
