//! Events on their way from the main thread to the writer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bevy::ecs::entity::EntityMapper;
use bevy_session_journal::internal::format::{EventBatch, EventColumn};
use bevy_session_journal::{EventMoment, EventType};
use serde::Serialize;

use super::in_flight::OnTheirWay;
use crate::saved::{encode_message_pack, panic_message};

/// Replaces the entities in a value.
pub(super) type MapEntities<T> = fn(&mut T, &mut dyn EntityMapper);

/// Events of one moment, as they were copied.
pub(crate) struct TakenEvents {
    /// The number of the first; the others follow without a gap.
    pub(crate) first: u64,
    pub(super) moment: EventMoment,
    pub(super) columns: Vec<Box<dyn Taken>>,
    /// True if they are durable as soon as they are written.
    pub(super) durable: bool,
    pub(super) _on_their_way: OnTheirWay,
}

/// Values of a type that could not be written.
pub(crate) struct NotWritten {
    pub type_path: Arc<str>,
    pub count: u64,
    /// The reason for the first of them.
    pub message: String,
}

impl TakenEvents {
    /// Writes them, on the writer's thread. A value that can't be written is left out, and so is
    /// its number.
    pub(crate) fn encode(self, names: &mut dyn EntityMapper) -> (EventBatch, Vec<NotWritten>) {
        let mut failures = Vec::new();
        let mut first = self.first;
        let columns = self.columns.into_iter().map(|column| {
            let count = column.len() as u64;
            let (column, failure) = column.encode(first, names);
            first += count;
            failures.extend(failure);
            column
        });
        let columns = columns.collect();
        let (moment, durable) = (self.moment, self.durable);
        (EventBatch { moment, columns, durable }, failures)
    }
}

/// Values of one type.
pub(super) trait Taken: Send {
    /// The type's name in files.
    fn path(&self) -> &Arc<str>;

    fn len(&self) -> usize;

    /// Writes them, under the numbers from `first` on.
    fn encode(
        self: Box<Self>,
        first: u64,
        names: &mut dyn EntityMapper,
    ) -> (EventColumn, Option<NotWritten>);
}

/// Values of one type.
pub(super) struct TakenColumn<T> {
    pub event_type: EventType,
    pub values: Vec<T>,
    pub map_entities: Option<MapEntities<T>>,
}

impl<T: Serialize + Send> Taken for TakenColumn<T> {
    fn path(&self) -> &Arc<str> {
        &self.event_type.path
    }

    fn len(&self) -> usize {
        self.values.len()
    }

    fn encode(
        self: Box<Self>,
        first: u64,
        names: &mut dyn EntityMapper,
    ) -> (EventColumn, Option<NotWritten>) {
        let Self { event_type, values, map_entities } = *self;
        let type_path = event_type.path.clone();
        let mut column = EventColumn::new(event_type);
        let mut bytes = Vec::new();
        let mut failure: Option<NotWritten> = None;
        for (sequence, mut value) in (first..).zip(values) {
            // It is the game's code that maps and writes.
            let written = catch_unwind(AssertUnwindSafe(|| {
                if let Some(map_entities) = map_entities {
                    map_entities(&mut value, names);
                }
                encode_message_pack(&value, &mut bytes).map_err(|error| error.to_string())
            }));
            match written.unwrap_or_else(|panic| Err(panic_message(&*panic))) {
                Ok(()) => column.push(sequence, &bytes),
                Err(message) => {
                    let first = NotWritten { type_path: type_path.clone(), count: 0, message };
                    failure.get_or_insert(first).count += 1;
                }
            }
        }
        (column, failure)
    }
}
