//! The methods by which a game declares what is recorded.

use std::any::TypeId;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use bevy::app::{App, First, FixedMainScheduleOrder};
use bevy::ecs::entity::MapEntities;
use bevy::ecs::event::Event;
use bevy::ecs::message::Message;
use bevy::ecs::resource::Resource;
use bevy::ecs::schedule::common_conditions::{not, resource_exists};
use bevy::ecs::schedule::{InternedScheduleLabel, IntoScheduleConfigs, ScheduleLabel, SystemSet};
use bevy::ecs::world::World;
use bevy::reflect::TypePath;
use bevy_session_journal::{EventPrivacy, EventSource, RecordedEvent};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::warn;

use super::recorded_type::RecordedType;
use super::recorder::Declared;
use super::replaying::{Replaying, ToCome, feed_inputs, forget_fed};
use super::source::{
    FromMessages, FromNotes, InputCursor, InputReader, Noted, Observer, Source, deliver_message,
    note_event, note_inputs,
};
use super::trigger::RecordedTrigger;
use crate::capture::{LateCalls, Migrations};

/// A type that can be recorded: any message or event with these bounds.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be recorded",
    label = "needs `Clone`, `TypePath`, `Serialize` and `Deserialize`",
    note = "write `#[derive(Message, TypePath, Clone, Serialize, Deserialize)]`, or `Event` instead of \
            `Message`"
)]
pub trait Recordable:
    TypePath + Clone + Serialize + DeserializeOwned + Send + Sync + 'static
{
}

#[diagnostic::do_not_recommend]
impl<T> Recordable for T where
    T: TypePath + Clone + Serialize + DeserializeOwned + Send + Sync + 'static
{
}

/// Declares the messages, events and inputs that are recorded beside the checkpoints.
///
/// Each recorded value gets a number, a date, the play time, the frame and the tick, and is
/// appended to files beside the session's journal, in the same frame: when the process dies, at
/// most one frame of it is lost. After a power cut, everything is there that came before a
/// surviving checkpoint.
///
/// Calls may come before or after the plugin. A call after the app is complete has no effect;
/// [`SessionHint::CalledTooLate`](crate::hints::SessionHint::CalledTooLate) reports it.
///
/// ```
/// use bevy::ecs::entity::MapEntities;
/// use bevy::prelude::*;
/// use bevy_session::events::RecordingExt;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Message, TypePath, Clone, Serialize, Deserialize)]
/// struct Looted {
///     item: String,
///     gold: u32,
/// }
///
/// #[derive(EntityEvent, MapEntities, TypePath, Clone, Serialize, Deserialize)]
/// struct BossDefeated {
///     #[entities]
///     entity: Entity,
/// }
///
/// let mut app = App::new();
/// app.add_message::<Looted>();
/// // What was looted since the last checkpoint is handed out again after a crash.
/// app.record_messages::<Looted>().replay_after_restore();
/// app.record_events::<BossDefeated>().map_entities().durable();
/// ```
pub trait RecordingExt {
    /// Records the messages of a type: all that are written while a session is played, in order,
    /// whether or not anything reads them. They are read at the end of each frame, so a message
    /// that is cleared or drained before isn't recorded.
    ///
    /// Messages of different types in one frame have no order, since Bevy keeps none.
    fn record_messages<T>(&mut self) -> RecordedAs<'_, T>
    where
        T: Message + Recordable;

    /// Records the events of a type that observers see: each once, where it was triggered, even if
    /// it bubbles.
    fn record_events<E>(&mut self) -> RecordedAs<'_, E>
    where
        E: Event + Recordable,
        for<'a> E::Trigger<'a>: RecordedTrigger<E> + Default;

    /// Records messages tick by tick: for a game that reads its inputs from messages in a fixed
    /// schedule, so that they can be replayed. Each value has the number of the schedule's run in
    /// which it was read, from 1 in each process.
    ///
    /// They are read by a system of the schedule, in the set [`RecordInputs`]: order systems that
    /// write them in the same schedule before it, and systems that use them after it. So the inputs
    /// of the step in which the game panics are recorded, and [`Replay`](crate::replay::Replay) can
    /// put its own in their place. A type is read in one schedule: a further call with another
    /// schedule logs a warning and changes nothing.
    ///
    /// In a replay, the recording's inputs take the place of what the game's own systems wrote before
    /// that system. Where those write more than the recording has in a step, systems that read inputs
    /// once a frame miss some: give those that write the condition
    /// `not(resource_exists::<Replaying>)`.
    fn record_inputs<T>(&mut self, schedule: impl ScheduleLabel) -> RecordedAs<'_, T>
    where
        T: Message + Recordable;
}

impl RecordingExt for App {
    fn record_messages<T>(&mut self) -> RecordedAs<'_, T>
    where
        T: Message + Recordable,
    {
        let source = Box::new(FromMessages::<T>::default());
        declare(self, "record_messages", EventSource::Message, source, deliver_message).0
    }

    fn record_events<E>(&mut self) -> RecordedAs<'_, E>
    where
        E: Event + Recordable,
        for<'a> E::Trigger<'a>: RecordedTrigger<E> + Default,
    {
        let deliver = |world: &mut World, event: E| {
            world.trigger(event);
        };
        let noted = Noted::<E, Observer>::default();
        let source = Box::new(FromNotes(noted.clone()));
        let (mut app, is_new) = declare(self, "record_events", EventSource::Event, source, deliver);
        if is_new {
            app.insert_resource(noted).add_observer(note_event::<E>);
        }
        app
    }

    fn record_inputs<T>(&mut self, schedule: impl ScheduleLabel) -> RecordedAs<'_, T>
    where
        T: Message + Recordable,
    {
        let noted = Noted::<T, InputReader>::default();
        let source = Box::new(FromNotes(noted.clone()));
        let (mut app, is_new) =
            declare(self, "record_inputs", EventSource::Input, source, deliver_message);
        let schedule = schedule.intern();
        if is_new {
            let is_played_again = resource_exists::<Replaying>;
            app.insert_resource(noted)
                .init_resource::<InputCursor<T>>()
                .init_resource::<ToCome<T>>()
                .insert_resource(InputSchedule::<T> { schedule, of: PhantomData })
                .add_systems(First, forget_fed::<T>.run_if(is_played_again))
                .add_systems(
                    schedule,
                    (
                        note_inputs::<T>.run_if(not(is_played_again)),
                        feed_inputs::<T>.run_if(is_played_again),
                    )
                        .in_set(RecordInputs),
                );
        } else if let Some(InputSchedule { schedule: read_in, .. }) =
            app.world().get_resource::<InputSchedule<T>>()
            && *read_in != schedule
        {
            let inputs = T::short_type_path();
            warn!(
                "inputs {inputs} are recorded in {read_in:?} already: the call for {schedule:?} \
                 is ignored"
            );
        }
        app
    }
}

/// The systems that read recorded inputs, in the schedules that
/// [`record_inputs`](RecordingExt::record_inputs) names.
#[derive(SystemSet, Clone, Debug, PartialEq, Eq, Hash)]
pub struct RecordInputs;

/// The schedule in which the inputs of a type are read.
#[derive(Resource)]
pub(super) struct InputSchedule<T> {
    schedule: InternedScheduleLabel,
    of: PhantomData<fn() -> T>,
}

impl<T> InputSchedule<T> {
    /// Returns true if it runs with each step of the fixed clock, not with each frame. A system of
    /// the schedule asks, with what it finds: while Bevy runs the fixed schedules, and what they run
    /// themselves, it takes their order out of the world.
    pub(super) fn is_fixed(&self, order: Option<&FixedMainScheduleOrder>) -> bool {
        order.is_none_or(|order| order.labels.contains(&self.schedule))
    }
}

/// Options for recording a type. Dereferences to the app, so that calls can be chained.
pub struct RecordedAs<'a, T> {
    app: &'a mut App,
    source: EventSource,
    recorded: PhantomData<fn() -> T>,
}

impl<T: Recordable> RecordedAs<'_, T> {
    /// Makes each frame with such values durable at once, instead of with the next checkpoint: a
    /// power cut loses none of them. For rare events that are worth a sync: a purchase, a boss.
    pub fn durable(self) -> Self {
        self.set(|recorded| recorded.durable = true)
    }

    /// Marks values as personal data of the player: they are masked when they are shown or leave
    /// the machine.
    pub fn personal(self) -> Self {
        self.set(|recorded| recorded.privacy = EventPrivacy::Personal)
    }

    /// Keeps values on this machine: they are left out of reports and exports.
    pub fn private(self) -> Self {
        self.set(|recorded| recorded.privacy = EventPrivacy::Private)
    }

    /// Maps the entities that values refer to, as in components: by `#[entities]` and
    /// `#[derive(MapEntities)]`. Without it, an `Entity` in a value has no meaning after a restore,
    /// including the target of an [`EntityEvent`](bevy::ecs::event::EntityEvent).
    ///
    /// An entity that isn't saved, or is gone when the value is replayed, becomes
    /// [`Entity::PLACEHOLDER`](bevy::ecs::entity::Entity::PLACEHOLDER).
    pub fn map_entities(self) -> Self
    where
        T: MapEntities,
    {
        self.set(|recorded| {
            recorded.map_entities = Some(|value, mut mapper| value.map_entities(&mut mapper));
        })
    }

    /// Declares the older versions of the type; see [`Migrations`].
    pub fn migrate(self, migrations: Migrations<T>) -> Self {
        self.set(|recorded| recorded.migrations = Some(migrations))
    }

    /// Declares a former path of the type.
    pub fn renamed_from(self, former_path: impl Into<String>) -> Self {
        self.set(|recorded| recorded.former_paths.push(former_path.into()))
    }

    /// Replays, after a crash, the values that were recorded after the newest checkpoint, in order,
    /// when the session is recovered from that checkpoint: messages are written, events triggered.
    /// The game handles them as if they were new, and its player loses nothing of their effects.
    ///
    /// Values that a checkpoint includes are never replayed: all that were recorded up to the frame
    /// in which it was taken. So a message should be read in the frame in which it is written.
    /// Nothing is replayed after a rewind, a load, or the recovery of an older checkpoint.
    /// [`EventsReplayed`](crate::events::EventsReplayed) has the numbers.
    pub fn replay_after_restore(self) -> Self {
        self.replay_after_restore_as(|value, _| Some(value))
    }

    /// Like [`replay_after_restore`](Self::replay_after_restore), with a filter: the value that
    /// `review` returns is replayed, and nothing for `None`.
    ///
    /// ```
    /// # use bevy::prelude::*;
    /// # use bevy_session::events::RecordingExt;
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Message, TypePath, Clone, Serialize, Deserialize)]
    /// # struct Looted { item: String, gold: u32 }
    /// # let mut app = App::new();
    /// app.record_messages::<Looted>()
    ///     .replay_after_restore_as(|looted, _event| (looted.gold < 1_000).then_some(looted));
    /// ```
    pub fn replay_after_restore_as(
        self,
        review: impl FnMut(T, &RecordedEvent) -> Option<T> + Send + Sync + 'static,
    ) -> Self {
        self.set(|recorded| recorded.review = Some(Box::new(review)))
    }

    fn set(self, change: impl FnOnce(&mut RecordedType<T>)) -> Self {
        let key = (TypeId::of::<T>(), self.source);
        if let Some(mut declared) = self.app.world_mut().get_resource_mut::<Declared>()
            && let Some(recorded) = declared.find(key)
            && let Some(recorded) = recorded.as_any().downcast_mut::<RecordedType<T>>()
        {
            change(recorded);
        }
        self
    }
}

impl<T> fmt::Debug for RecordedAs<'_, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RecordedAs").field("source", &self.source).finish_non_exhaustive()
    }
}

impl<T> Deref for RecordedAs<'_, T> {
    type Target = App;

    fn deref(&self) -> &App {
        self.app
    }
}

impl<T> DerefMut for RecordedAs<'_, T> {
    fn deref_mut(&mut self) -> &mut App {
        self.app
    }
}

/// Declares a type, unless it is declared already. Returns true if it wasn't.
fn declare<'a, T: Recordable>(
    app: &'a mut App,
    call: &str,
    source_kind: EventSource,
    source: Box<dyn Source<T>>,
    deliver: fn(&mut World, T),
) -> (RecordedAs<'a, T>, bool) {
    let key = (TypeId::of::<T>(), source_kind);
    let call = format!("{call}::<{}>()", T::short_type_path());
    let is_new = !LateCalls::note(app.world_mut(), &call) && {
        let mut declared = app.world_mut().get_resource_or_init::<Declared>();
        let is_new = declared.find(key).is_none();
        if is_new {
            declared.add(Box::new(RecordedType::<T> {
                path: T::type_path().into(),
                former_paths: Vec::new(),
                migrations: None,
                source_kind,
                privacy: EventPrivacy::Shared,
                durable: false,
                map_entities: None,
                source,
                deliver,
                review: None,
            }));
        }
        is_new
    };
    (RecordedAs { app, source: source_kind, recorded: PhantomData }, is_new)
}
