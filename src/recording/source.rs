//! The sources of the values of a recorded type.

use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};

use bevy::app::FixedMainScheduleOrder;
use bevy::ecs::event::Event;
use bevy::ecs::message::{Message, MessageCursor, Messages};
use bevy::ecs::observer::On;
use bevy::ecs::resource::Resource;
use bevy::ecs::system::{Local, Res, ResMut};
use bevy::ecs::world::World;

use super::app_ext::InputSchedule;
use super::trigger::RecordedTrigger;
use super::{FixedTicks, Recordable};

/// The most values of one type that are taken in a frame. Further ones are dropped, and counted.
pub(super) const MOST_IN_A_FRAME: usize = 65_536;

/// Values that were read since the last time.
pub(super) struct Batch<T> {
    /// In the order in which they were written.
    pub values: Vec<T>,
    /// For inputs, the ticks: the number of each, and the number of values after it. Empty if only
    /// the frame is known.
    pub ticks: Vec<(u64, usize)>,
    /// Values that were dropped.
    pub dropped: u64,
}

impl<T> Default for Batch<T> {
    fn default() -> Self {
        Self { values: Vec::new(), ticks: Vec::new(), dropped: 0 }
    }
}

impl<T: Clone> Batch<T> {
    fn extend<'a>(&mut self, values: impl ExactSizeIterator<Item = &'a T>)
    where
        T: 'a,
    {
        let room = MOST_IN_A_FRAME.saturating_sub(self.values.len());
        self.dropped += values.len().saturating_sub(room) as u64;
        self.values.extend(values.take(room).cloned());
    }
}

/// The source of the values of a recorded type.
pub(super) trait Source<T>: Send + Sync {
    /// The values since the last call.
    fn read(&mut self, world: &mut World) -> Batch<T>;

    /// Keeps the values since the last call for the next one.
    fn keep(&mut self, world: &mut World);

    /// Skips the values since the last call, and the kept ones.
    fn skip(&mut self, world: &mut World);

    /// The values since the last call, as far as they can be read without the world.
    fn read_last(&mut self) -> Batch<T> {
        Batch::default()
    }
}

/// Messages, read with a separate cursor: it doesn't matter if the game reads, clears or drains
/// them, as long as it does so after the end of the frame.
pub(super) struct FromMessages<T: Message> {
    cursor: MessageCursor<T>,
    /// Values that were read already, since Bevy forgets messages after two frames.
    kept: Batch<T>,
}

impl<T: Message> Default for FromMessages<T> {
    fn default() -> Self {
        Self { cursor: MessageCursor::default(), kept: Batch::default() }
    }
}

impl<T: Message + Clone> Source<T> for FromMessages<T> {
    fn read(&mut self, world: &mut World) -> Batch<T> {
        self.keep(world);
        std::mem::take(&mut self.kept)
    }

    fn keep(&mut self, world: &mut World) {
        if let Some(messages) = world.get_resource::<Messages<T>>() {
            self.kept.extend(self.cursor.read(messages));
        }
    }

    fn skip(&mut self, world: &mut World) {
        self.kept = Batch::default();
        if let Some(messages) = world.get_resource::<Messages<T>>() {
            self.cursor = messages.get_cursor_current();
        }
    }
}

/// The values of a type that were noted since the last frame, for one way of noting: one type may
/// be recorded both as events and as inputs. Shared with the recorder, which can read it even if a
/// panic unwinds the world.
#[derive(Resource)]
pub(super) struct Noted<T, By> {
    batch: Arc<Mutex<Batch<T>>>,
    by: PhantomData<fn(By)>,
}

/// The observer that sees events.
pub(super) struct Observer;

/// The system that reads inputs.
pub(super) struct InputReader;

impl<T, By> Default for Noted<T, By> {
    fn default() -> Self {
        Self { batch: Arc::default(), by: PhantomData }
    }
}

impl<T, By> Clone for Noted<T, By> {
    fn clone(&self) -> Self {
        Self { batch: Arc::clone(&self.batch), by: PhantomData }
    }
}

impl<T, By> Noted<T, By> {
    fn with<R>(&self, work: impl FnOnce(&mut Batch<T>) -> R) -> R {
        work(&mut self.batch.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Values that an observer or a system has noted.
pub(super) struct FromNotes<T, By>(pub Noted<T, By>);

impl<T: Send + Sync + 'static, By: 'static> Source<T> for FromNotes<T, By> {
    fn read(&mut self, _: &mut World) -> Batch<T> {
        self.read_last()
    }

    /// It is noted elsewhere, until it is read.
    fn keep(&mut self, _: &mut World) {}

    fn skip(&mut self, _: &mut World) {
        self.0.with(|batch| *batch = Batch::default());
    }

    fn read_last(&mut self) -> Batch<T> {
        self.0.with(std::mem::take)
    }
}

/// The position up to which inputs of a type were noted.
#[derive(Resource)]
pub(super) struct InputCursor<T: Message>(MessageCursor<T>);

impl<T: Message> Default for InputCursor<T> {
    fn default() -> Self {
        Self(MessageCursor::default())
    }
}

/// Hands a message out again. It is recorded already, so the next tick must not note it as an input.
/// An ordinary skip leaves the cursor: what was written before a session's first tick is an input of
/// that tick.
pub(super) fn deliver_message<T: Message>(world: &mut World, message: T) {
    world.write_message(message);
    let current = world.get_resource::<Messages<T>>().map(Messages::get_cursor_current);
    if let Some((mut cursor, current)) = world.get_resource_mut::<InputCursor<T>>().zip(current) {
        cursor.0 = current;
    }
}

/// Notes an event where it was triggered.
pub(super) fn note_event<E: Event + Recordable>(event: On<E>, noted: Res<Noted<E, Observer>>)
where
    for<'a> E::Trigger<'a>: RecordedTrigger<E>,
{
    if event.trigger().is_at_its_origin(event.event()) {
        noted.with(|batch| batch.extend(std::iter::once(event.event())));
    }
}

/// Notes the inputs since the last run of this system's schedule.
pub(super) fn note_inputs<T: Message + Recordable>(
    messages: Option<Res<Messages<T>>>,
    noted: Res<Noted<T, InputReader>>,
    schedule: Res<InputSchedule<T>>,
    order: Option<Res<FixedMainScheduleOrder>>,
    ticks: Option<Res<FixedTicks>>,
    mut cursor: ResMut<InputCursor<T>>,
    mut runs: Local<u64>,
) {
    *runs += 1;
    // Also where the game doesn't let this system run in each step.
    let fixed = ticks.filter(|_| schedule.is_fixed(order.as_deref()));
    let tick = fixed.map_or(*runs, |ticks| ticks.0);
    let Some(messages) = messages else { return };
    let inputs = cursor.0.read(&messages);
    if inputs.len() > 0 {
        noted.with(|batch| {
            let before = batch.values.len();
            batch.extend(inputs);
            if batch.values.len() > before {
                batch.ticks.push((tick, batch.values.len()));
            }
        });
    }
}
