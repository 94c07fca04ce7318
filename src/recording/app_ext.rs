//! How a game says what is recorded.

use std::any::TypeId;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use bevy::app::{App, FixedFirst, FixedLast, FixedPostUpdate, FixedPreUpdate, FixedUpdate};
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
use super::source::{
    FromMessages, FromNotes, InputReader, Noted, Observer, Source, note_event, note_inputs,
};
use super::tape_feed::{TapeFeed, ToCome, feed_inputs};
use super::trigger::RecordedTrigger;
use crate::capture::{LateCalls, Migrations};

/// What can be recorded: every message and event that has what is named here.
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

/// Says what is recorded of what happens in a game, beside its checkpoints.
///
/// What is recorded gets a number, a date and the play time, frame and tick, and is appended to files
/// beside the session's journal, in the same frame: when the process dies, at most one frame of it is
/// lost. After a power cut, everything is there that a checkpoint names as having come before it.
///
/// Calls may stand before or after the plugin. One that comes after the app is complete has no effect,
/// and [`SessionHint::CalledTooLate`](crate::hints::SessionHint::CalledTooLate) says so.
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
    /// Records the messages of a type: all that are written while a session is played, in their order,
    /// whether or not anything reads them. They are read at the end of each frame, so a message that
    /// is cleared or drained before isn't seen.
    ///
    /// Between messages of several types in one frame there is no order, since Bevy keeps none.
    fn record_messages<T>(&mut self) -> RecordedAs<'_, T>
    where
        T: Message + Recordable;

    /// Records the events of a type that observers see: each once, where it was triggered, also if it
    /// bubbles.
    fn record_events<E>(&mut self) -> RecordedAs<'_, E>
    where
        E: Event + Recordable,
        for<'a> E::Trigger<'a>: RecordedTrigger<E> + Default;

    /// Records messages tick by tick: for a game that reads its inputs from messages in a fixed schedule,
    /// so that what was played can be played again. Each value has the number of the schedule's run
    /// in which it was read, from 1 in each process.
    ///
    /// They are read by a system of the schedule, in the set
    /// [`RecordInputs`]: order those that write
    /// them in the same schedule before it, and those that use them after it. So the inputs of the step in which the
    /// game panics are known, and [`Replay`](crate::replay::Replay) can hand its own in place of them. A type is read in one schedule: a further call that names
    /// another is warned of, and changes nothing.
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
        declare(self, "record_messages", EventSource::Message, source, write_message).0
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
            declare(self, "record_inputs", EventSource::Input, source, write_message);
        let schedule = schedule.intern();
        if is_new {
            let is_played_again = resource_exists::<TapeFeed>;
            app.insert_resource(noted)
                .init_resource::<ToCome<T>>()
                .insert_resource(InputSchedule::<T>::new(schedule))
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
            warn!("inputs {inputs} are recorded in {read_in:?} already, so not in {schedule:?}");
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
    is_fixed: bool,
    of: PhantomData<fn() -> T>,
}

impl<T> InputSchedule<T> {
    fn new(schedule: InternedScheduleLabel) -> Self {
        let fixed = [
            FixedFirst.intern(),
            FixedPreUpdate.intern(),
            FixedUpdate.intern(),
            FixedPostUpdate.intern(),
            FixedLast.intern(),
        ];
        Self { schedule, is_fixed: fixed.contains(&schedule), of: PhantomData }
    }

    /// Whether it runs with each step of the fixed clock, and not with each frame.
    pub(super) fn is_fixed(&self) -> bool {
        self.is_fixed
    }
}

fn write_message<T: Message>(world: &mut World, message: T) {
    world.write_message(message);
}

/// How a type is recorded. The app again, so that calls can be chained.
pub struct RecordedAs<'a, T> {
    app: &'a mut App,
    source: EventSource,
    recorded: PhantomData<fn() -> T>,
}

impl<T: Recordable> RecordedAs<'_, T> {
    /// Makes each frame that has some durable at once, instead of with the next checkpoint: a power cut
    /// takes none of them away. For what is rare, and worth a sync: a purchase, a boss.
    pub fn durable(self) -> Self {
        self.set(|recorded| recorded.durable = true)
    }

    /// Says that values are about the player as a person: what is shown or leaves the machine has them
    /// masked.
    pub fn personal(self) -> Self {
        self.set(|recorded| recorded.privacy = EventPrivacy::Personal)
    }

    /// Says that values never leave this machine: they are in no report and no export.
    pub fn private(self) -> Self {
        self.set(|recorded| recorded.privacy = EventPrivacy::Private)
    }

    /// Keeps the entities that values refer to, as in components: by `#[entities]` and
    /// `#[derive(MapEntities)]`. Without it, an `Entity` in a value means nothing after a restore, and
    /// of an [`EntityEvent`](bevy::ecs::event::EntityEvent) that is its target.
    ///
    /// An entity that isn't saved, or is gone when the value is handed out, is
    /// [`Entity::PLACEHOLDER`](bevy::ecs::entity::Entity::PLACEHOLDER).
    pub fn map_entities(self) -> Self
    where
        T: MapEntities,
    {
        self.set(|recorded| {
            recorded.map_entities = Some(|value, mut mapper| value.map_entities(&mut mapper));
        })
    }

    /// Says what the type has been in older builds; see [`Migrations`].
    pub fn migrate(self, migrations: Migrations<T>) -> Self {
        self.set(|recorded| recorded.migrations = Some(migrations))
    }

    /// Says that older builds knew the type by another path.
    pub fn renamed_from(self, former_path: impl Into<String>) -> Self {
        self.set(|recorded| recorded.former_paths.push(former_path.into()))
    }

    /// After a crash, hands out once more and in order what was recorded after the newest checkpoint, when
    /// the session is recovered at that: messages are written, events triggered. The game deals
    /// with them as if they came just now, and its player loses nothing of what they stand for.
    ///
    /// What a checkpoint holds is never handed out: that is what was recorded up to the frame in which it
    /// was taken. So a message should be read in the frame in which it is written.
    /// Nothing is handed out after a rewind, a load, or the recovery of an older checkpoint.
    /// [`EventsReplayed`](crate::events::EventsReplayed) says what was.
    pub fn replay_after_restore(self) -> Self {
        self.replay_after_restore_as(|value, _| Some(value))
    }

    /// As [`replay_after_restore`](Self::replay_after_restore), with a say: what `review` returns is handed
    /// out, and nothing for `None`.
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

/// Declares a type, unless it is already; whether it wasn't.
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
