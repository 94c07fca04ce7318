//! A type that is recorded.

use std::any::TypeId;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bevy::ecs::entity::EntityMapper;
use bevy::ecs::world::World;
use bevy_session_journal::{EventPrivacy, EventSource, EventType, RecordedEvent};

use super::Recordable;
use super::hand_out::HandOut;
use super::replaying::ToCome;
use super::source::{Batch, Source};
use super::taken::{MapEntities, Taken, TakenColumn};
use crate::capture::Migrations;
use crate::saved::{decode_message_pack, panic_message};

/// Decides if a value is replayed, and as what.
pub(super) type Review<T> = Box<dyn FnMut(T, &RecordedEvent) -> Option<T> + Send + Sync>;

/// A type that is recorded, with its options.
pub(super) struct RecordedType<T> {
    pub path: Arc<str>,
    pub former_paths: Vec<String>,
    pub migrations: Option<Migrations<T>>,
    pub source_kind: EventSource,
    pub privacy: EventPrivacy,
    pub durable: bool,
    pub map_entities: Option<MapEntities<T>>,
    pub source: Box<dyn Source<T>>,
    /// Gives the game a value as if it were new.
    pub deliver: fn(&mut World, T),
    /// Decides which values are replayed that no checkpoint holds; `None` if none are.
    pub review: Option<Review<T>>,
}

/// The values that were taken of one type.
pub(super) struct TakenOfType {
    /// The values in lots, each with its tick; no tick for values that aren't inputs.
    pub lots: Vec<(Option<u64>, Box<dyn Taken>)>,
    pub durable: bool,
    /// Values that were dropped.
    pub dropped: u64,
}

/// A type that is recorded.
pub(super) trait AnyRecordedType: Send + Sync {
    /// Its key: one type may be recorded as a message and as an event.
    fn key(&self) -> (TypeId, EventSource);

    /// The type's name in files.
    fn path(&self) -> &Arc<str>;

    /// Returns true if events of this type belong to it, now or in older builds.
    fn is(&self, event_type: &EventType) -> bool;

    /// Returns true if values are replayed that no checkpoint holds.
    fn is_replayed(&self) -> bool;

    /// The values since the last call; `None` if there are none.
    fn take(&mut self, world: &mut World) -> Option<TakenOfType>;

    /// The values since the last call, as far as they can be read without the world.
    fn take_last(&mut self) -> Option<TakenOfType>;

    /// Keeps the values since the last call for the next one.
    fn keep(&mut self, world: &mut World);

    /// Skips the values since the last call.
    fn skip(&mut self, world: &mut World);

    /// Replays an event.
    fn hand_out(
        &mut self,
        world: &mut World,
        event: &RecordedEvent,
        entities: &mut dyn EntityMapper,
    ) -> HandOut;

    /// Queues an input for the tick in which it was recorded.
    fn lay_out(
        &mut self,
        world: &mut World,
        event: &RecordedEvent,
        entities: &mut dyn EntityMapper,
    ) -> Result<(), String>;

    /// Forgets queued inputs.
    fn forget_laid_out(&mut self, world: &mut World);

    fn as_any(&mut self) -> &mut dyn std::any::Any;
}

impl<T: Recordable> RecordedType<T> {
    fn taken(&self, batch: Batch<T>) -> Option<TakenOfType> {
        let Batch { mut values, ticks, dropped } = batch;
        if values.is_empty() && dropped == 0 {
            return None;
        }
        let mut lots = Vec::new();
        // From the last tick back, so that each is cut off at the end.
        for (place, (tick, end)) in ticks.iter().enumerate().rev() {
            let begin =
                place.checked_sub(1).and_then(|before| ticks.get(before)).map_or(0, |it| it.1);
            let of_tick = values.split_off(begin.min(values.len()));
            debug_assert_eq!(begin + of_tick.len(), *end);
            lots.push((Some(*tick), self.column(of_tick)));
        }
        lots.reverse();
        if !values.is_empty() {
            lots.push((None, self.column(values)));
        }
        Some(TakenOfType { lots, durable: self.durable, dropped })
    }

    fn event_type(&self) -> EventType {
        EventType {
            path: self.path.clone(),
            version: self.version(),
            source: self.source_kind,
            privacy: self.privacy,
        }
    }

    fn version(&self) -> u32 {
        self.migrations.as_ref().map_or(0, Migrations::version)
    }

    fn column(&self, values: Vec<T>) -> Box<dyn Taken> {
        let (event_type, map_entities) = (self.event_type(), self.map_entities);
        Box::new(TakenColumn { event_type, values, map_entities })
    }

    /// The value in its current form, with the entities of this world.
    fn value(&self, event: &RecordedEvent, entities: &mut dyn EntityMapper) -> Result<T, String> {
        let (version, known) = (event.event_type.version, self.version());
        let decoded = match &self.migrations {
            _ if version == known => decode_message_pack(&event.data),
            Some(migrations) if version < known => migrations.read(version, &event.data),
            _ => return Err(format!("version {version} isn't known, {known} is today's")),
        };
        let mut value: T = decoded.map_err(|error| error.to_string())?;
        if let Some(map_entities) = self.map_entities {
            map_entities(&mut value, entities);
        }
        Ok(value)
    }
}

impl<T: Recordable> AnyRecordedType for RecordedType<T> {
    fn key(&self) -> (TypeId, EventSource) {
        (TypeId::of::<T>(), self.source_kind)
    }

    fn path(&self) -> &Arc<str> {
        &self.path
    }

    fn is(&self, event_type: &EventType) -> bool {
        let is_path = |path: &str| *path == *event_type.path;
        event_type.source == self.source_kind
            && (is_path(&self.path) || self.former_paths.iter().any(|path| is_path(path)))
    }

    fn is_replayed(&self) -> bool {
        self.review.is_some()
    }

    fn take(&mut self, world: &mut World) -> Option<TakenOfType> {
        let batch = self.source.read(world);
        self.taken(batch)
    }

    fn take_last(&mut self) -> Option<TakenOfType> {
        let batch = self.source.read_last();
        self.taken(batch)
    }

    fn keep(&mut self, world: &mut World) {
        self.source.keep(world);
    }

    fn skip(&mut self, world: &mut World) {
        self.source.skip(world);
    }

    fn hand_out(
        &mut self,
        world: &mut World,
        event: &RecordedEvent,
        entities: &mut dyn EntityMapper,
    ) -> HandOut {
        // Decoding, migrating and reviewing are the game's own code.
        let reviewed = catch_unwind(AssertUnwindSafe(|| {
            let value = self.value(event, entities)?;
            Ok(self.review.as_mut().and_then(|review| review(value, event)))
        }));
        match reviewed.unwrap_or_else(|panic| Err(panic_message(&*panic))) {
            Ok(Some(value)) => {
                (self.deliver)(world, value);
                HandOut::Done
            }
            Ok(None) => HandOut::Rejected,
            Err(message) => HandOut::Failed(message),
        }
    }

    fn lay_out(
        &mut self,
        world: &mut World,
        event: &RecordedEvent,
        entities: &mut dyn EntityMapper,
    ) -> Result<(), String> {
        // Decoding and migrating are the game's own code.
        let value = catch_unwind(AssertUnwindSafe(|| self.value(event, entities)));
        let value = value.unwrap_or_else(|panic| Err(panic_message(&*panic)))?;
        world.get_resource_or_init::<ToCome<T>>().0.push_back((event.moment, value));
        Ok(())
    }

    fn forget_laid_out(&mut self, world: &mut World) {
        if let Some(mut to_come) = world.get_resource_mut::<ToCome<T>>() {
            to_come.0.clear();
        }
    }

    fn as_any(&mut self) -> &mut dyn std::any::Any {
        self
    }
}
