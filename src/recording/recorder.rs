//! Takes recorded values, once a frame and before each checkpoint.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::sync::Arc;

use bevy::ecs::entity::EntityMapper;
use bevy::ecs::resource::Resource;
use bevy::ecs::world::World;
use bevy_session_journal::internal::format::TapePosition;
use bevy_session_journal::{EventMoment, EventPrivacy, EventSource, EventType, RecordedEvent};
use serde::Serialize;

use super::frame_log::FrameLog;
use super::hand_out::HandOut;
use super::in_flight::InFlight;
use super::recorded_type::{AnyRecordedType, TakenOfType};
use super::taken::{Taken, TakenColumn, TakenEvents};

/// The types that the game has declared as recorded.
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

/// The reason why an event of a tape can't be played.
pub(crate) const NOT_RECORDED: &str = "this build doesn't record the type";

/// Takes recorded values.
pub(crate) struct EventRecorder {
    types: Vec<Box<dyn AnyRecordedType>>,
    in_flight: InFlight,
    /// The plugin's own events since the last time.
    lifecycle: Vec<Box<dyn Taken>>,
    /// The frames, if the game records inputs.
    frames: Option<FrameLog>,
    /// True while the game's systems have yet to run in the frame.
    pub(crate) is_within_frame: bool,
    /// The time of the last call.
    newest: EventMoment,
}

/// The values that were recorded since the last time.
#[derive(Default)]
pub(crate) struct Recorded {
    /// By their moments, in order.
    pub batches: Vec<TakenEvents>,
    /// The number of consecutive events in all of them.
    pub count: u64,
    /// The number of frames of the tape among them.
    pub frames: u64,
    /// The number of dropped values, by the paths of their types.
    pub dropped: BTreeMap<Arc<str>, u64>,
}

impl EventRecorder {
    /// Records what was declared. Frames are recorded with inputs, and if a tape is wanted.
    pub(crate) fn new(declared: Declared, has_tape: bool) -> Self {
        let has_inputs = declared.0.iter().any(|it| it.key().1 == EventSource::Input);
        Self {
            types: declared.0,
            in_flight: InFlight::default(),
            lifecycle: Vec::new(),
            frames: (has_inputs || has_tape).then(FrameLog::default),
            is_within_frame: false,
            newest: EventMoment::default(),
        }
    }

    /// The log of frames, if the game records inputs.
    pub(crate) fn frames(&self) -> Option<&FrameLog> {
        self.frames.as_ref()
    }

    /// Returns true if the game records anything.
    pub(crate) fn has_types(&self) -> bool {
        !self.types.is_empty() || self.frames.is_some()
    }

    /// Where the tape goes on after a checkpoint of now; `None` if no frames are recorded.
    pub(crate) fn tape_position(&self, is_paused: bool) -> Option<TapePosition> {
        let frames = self.frames.as_ref()?.passed();
        Some(TapePosition { frames, is_paused, is_within_frame: self.is_within_frame })
    }

    /// Returns true if an event is replayed after a crash.
    pub(crate) fn is_replayed(&self, event: &RecordedEvent) -> bool {
        let of_type = self.types.iter().find(|recorded| recorded.is(&event.event_type));
        of_type.is_some_and(|recorded| recorded.is_replayed())
    }

    /// Notes an event of the plugin itself, with its own type path.
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

    /// Skips the values since the last time.
    pub(crate) fn skip(&mut self, world: &mut World) {
        self.lifecycle.clear();
        self.skip_types(world);
    }

    /// Keeps the values since the last time for the next one, since they may be dropped elsewhere
    /// until then.
    pub(crate) fn keep(&mut self, world: &mut World) {
        self.types.iter_mut().for_each(|recorded| recorded.keep(world));
    }

    /// Skips the game's values: because they were handed out and are recorded already, or because
    /// they aren't to be recorded.
    pub(crate) fn skip_types(&mut self, world: &mut World) {
        self.types.iter_mut().for_each(|recorded| recorded.skip(world));
        if let Some(frames) = &self.frames {
            frames.skip();
        }
    }

    /// Takes the values since the last time. `first` is the number of the next event; with
    /// `before_capture`, even a few frames are taken.
    pub(crate) fn take(
        &mut self,
        world: &mut World,
        (first, moment): (u64, EventMoment),
        before_capture: bool,
    ) -> Recorded {
        self.newest = moment;
        let taken: Vec<_> = self
            .types
            .iter_mut()
            .filter_map(|recorded| Some((recorded.path().clone(), recorded.take(world)?)))
            .collect();
        // Between two frames it is known of the session what happened at the end of the one before.
        let happened = if before_capture { moment.frame } else { moment.frame.saturating_sub(1) };
        self.put_together(taken, (first, moment), happened, before_capture)
    }

    /// Takes the available values of a frame in which the game panics: its inputs, and the frame
    /// itself.
    pub(crate) fn take_last(&mut self, first: u64) -> Recorded {
        let moment = EventMoment { frame: self.newest.frame + 1, ..self.newest };
        let taken: Vec<_> = self
            .types
            .iter_mut()
            .filter(|recorded| recorded.key().1 == EventSource::Input)
            .filter_map(|recorded| Some((recorded.path().clone(), recorded.take_last()?)))
            .collect();
        self.put_together(taken, (first, moment), self.newest.frame, true)
    }

    fn put_together(
        &mut self,
        taken: Vec<(Arc<str>, TakenOfType)>,
        (first, moment): (u64, EventMoment),
        happened_in: u64,
        all_frames: bool,
    ) -> Recorded {
        let mut recorded = Recorded::default();
        // Inputs by their ticks, which come before whatever else the frame has.
        let mut ticks: BTreeMap<u64, Lot> = BTreeMap::new();
        let mut frame = Lot::default();
        let happened = Lot { columns: std::mem::take(&mut self.lifecycle), ..Lot::default() };
        for (path, taken) in taken {
            if taken.dropped > 0 {
                *recorded.dropped.entry(path).or_default() += taken.dropped;
            }
            for (tick, column) in taken.lots {
                let lot = tick.map_or(&mut frame, |tick| ticks.entry(tick).or_default());
                lot.durable |= taken.durable;
                lot.columns.push(column);
            }
        }
        if let Some(frames) = self.frames.as_ref().and_then(|frames| frames.take(all_frames)) {
            let (event_type, values) = (EventType::of_frames(), vec![frames]);
            frame.columns.push(Box::new(TakenColumn { event_type, values, map_entities: None }));
            recorded.frames = 1;
        }
        self.send(&mut recorded, first, EventMoment { frame: happened_in, ..moment }, happened);
        for (tick, lot) in ticks {
            self.send(&mut recorded, first, EventMoment { tick, ..moment }, lot);
        }
        self.send(&mut recorded, first, moment, frame);
        recorded
    }

    /// Forgets queued inputs.
    pub(crate) fn forget_laid_out(&mut self, world: &mut World) {
        self.types.iter_mut().for_each(|recorded| recorded.forget_laid_out(world));
    }

    /// Queues an input of a tape for the tick in which it was recorded.
    pub(crate) fn lay_out(
        &mut self,
        world: &mut World,
        event: &RecordedEvent,
        entities: &mut dyn EntityMapper,
    ) -> Result<(), String> {
        let of_type = |recorded: &&mut Box<dyn AnyRecordedType>| recorded.is(&event.event_type);
        let recorded = self.types.iter_mut().find(of_type);
        let recorded = recorded.ok_or_else(|| NOT_RECORDED.to_owned())?;
        recorded.lay_out(world, event, entities)
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

    /// Replays an event; `None` if its type isn't recorded.
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
