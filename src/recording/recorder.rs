//! Takes what is recorded, once a frame and before each checkpoint.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::sync::Arc;

use bevy::ecs::entity::EntityMapper;
use bevy::ecs::resource::Resource;
use bevy::ecs::world::World;
use bevy_session_journal::{EventMoment, EventPrivacy, EventSource, EventType, RecordedEvent};
use serde::Serialize;

use super::hand_out::HandOut;
use super::in_flight::InFlight;
use super::recorded_type::AnyRecordedType;
use super::taken::{Taken, TakenColumn, TakenEvents};

/// The types that the game records, as it declares them.
#[derive(Resource, Default)]
pub(crate) struct Declared(Vec<Box<dyn AnyRecordedType>>);

impl Declared {
    /// The declaration of a type.
    pub(super) fn find(
        &mut self,
        key: (TypeId, EventSource),
    ) -> Option<&mut Box<dyn AnyRecordedType>> {
        self.0.iter_mut().find(|declared| declared.key() == key)
    }

    /// Adds one.
    pub(super) fn add(&mut self, declared: Box<dyn AnyRecordedType>) {
        self.0.push(declared);
    }
}

/// Takes what is recorded.
pub(crate) struct EventRecorder {
    types: Vec<Box<dyn AnyRecordedType>>,
    in_flight: InFlight,
    /// What the plugin itself has done since the last time.
    lifecycle: Vec<Box<dyn Taken>>,
}

/// What was recorded since the last time.
#[derive(Default)]
pub(crate) struct Recorded {
    /// By their moments, in order.
    pub batches: Vec<TakenEvents>,
    /// How many follow each other in all of them.
    pub count: u64,
    /// What was dropped, by the paths of the types.
    pub dropped: BTreeMap<Arc<str>, u64>,
}

impl EventRecorder {
    /// Records what was declared.
    pub(crate) fn new(declared: Declared) -> Self {
        Self { types: declared.0, in_flight: InFlight::default(), lifecycle: Vec::new() }
    }

    /// Whether the game records anything of its own.
    pub(crate) fn has_types(&self) -> bool {
        !self.types.is_empty()
    }

    /// Whether an event is handed out again after a crash.
    pub(crate) fn is_replayed(&self, event: &RecordedEvent) -> bool {
        let of_type = self.types.iter().find(|recorded| recorded.is(&event.event_type));
        of_type.is_some_and(|recorded| recorded.is_replayed())
    }

    /// Notes something that the plugin has done, under a name of its own.
    pub(crate) fn note<T: Serialize + Send + 'static>(&mut self, path: &str, value: T) {
        let event_type = EventType {
            path: path.into(),
            version: 0,
            source: EventSource::Lifecycle,
            privacy: EventPrivacy::Shared,
        };
        let (values, map_entities) = (vec![value], None);
        self.lifecycle.push(Box::new(TakenColumn { event_type, values, map_entities }));
    }

    /// Passes over what came since the last time.
    pub(crate) fn skip(&mut self, world: &mut World) {
        self.lifecycle.clear();
        self.skip_types(world);
    }

    /// Keeps what came since the last time for the next time, until when it may be forgotten elsewhere.
    pub(crate) fn keep(&mut self, world: &mut World) {
        self.types.iter_mut().for_each(|recorded| recorded.keep(world));
    }

    /// Passes over what the game records: because it was handed out and is recorded already, or because it isn't to be
    /// recorded.
    pub(crate) fn skip_types(&mut self, world: &mut World) {
        self.types.iter_mut().for_each(|recorded| recorded.skip(world));
    }

    /// What came since the last time. `first` is the number of the next event.
    pub(crate) fn take(&mut self, world: &mut World, first: u64, moment: EventMoment) -> Recorded {
        let mut recorded = Recorded::default();
        // Inputs by their ticks, which come before whatever else the frame has.
        let mut ticks: BTreeMap<u64, Lot> = BTreeMap::new();
        let mut frame = Lot::default();
        frame.columns.append(&mut self.lifecycle);
        for recorded_type in &mut self.types {
            let Some(taken) = recorded_type.take(world) else { continue };
            if taken.dropped > 0 {
                *recorded.dropped.entry(recorded_type.path().clone()).or_default() += taken.dropped;
            }
            for (tick, column) in taken.lots {
                let lot = tick.map_or(&mut frame, |tick| ticks.entry(tick).or_default());
                lot.durable |= taken.durable;
                lot.columns.push(column);
            }
        }
        for (tick, lot) in ticks {
            self.send(&mut recorded, first, EventMoment { tick, ..moment }, lot);
        }
        self.send(&mut recorded, first, moment, frame);
        recorded
    }

    fn send(&self, recorded: &mut Recorded, first: u64, moment: EventMoment, lot: Lot) {
        let Lot { columns, durable } = lot;
        let count = columns.iter().map(|column| column.len()).sum();
        if count == 0 {
            return;
        }
        let Some(on_their_way) = self.in_flight.send(count) else {
            for column in columns {
                *recorded.dropped.entry(column.path().clone()).or_default() += column.len() as u64;
            }
            return;
        };
        let first = first + recorded.count;
        recorded.count += count as u64;
        recorded.batches.push(TakenEvents {
            first,
            moment,
            columns,
            durable,
            _on_their_way: on_their_way,
        });
    }

    /// Hands an event out; `None` if it is of no type that is recorded.
    pub(crate) fn hand_out(
        &mut self,
        world: &mut World,
        event: &RecordedEvent,
        entities: &mut dyn EntityMapper,
    ) -> Option<HandOut> {
        let of_type = |recorded: &&mut Box<dyn AnyRecordedType>| recorded.is(&event.event_type);
        let recorded = self.types.iter_mut().find(of_type)?;
        Some(recorded.hand_out(world, event, entities))
    }
}

/// Events of one moment.
#[derive(Default)]
struct Lot {
    columns: Vec<Box<dyn Taken>>,
    durable: bool,
}
