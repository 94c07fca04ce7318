//! Lifecycle events of sessions, on their way to a sink of the game's choice.

mod event;
mod hearing;
#[cfg(feature = "log")]
mod json_lines;
mod queue;
mod sink;

use std::fmt;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::internal::notify;
use bevy_session::presentation::wall_clock;
use bevy_session::{SessionLast, SessionSystems};
use tracing::error;

pub use event::{LifecycleChange, LifecycleEvent};
#[cfg(feature = "log")]
pub use json_lines::JsonLines;
pub use sink::{LifecycleSink, LifecycleSinkError};

use hearing::Heard;
use queue::{Counts, Queue};

/// Events that wait for the sink at most, unless the game sets another number.
const CAPACITY: usize = 1024;
/// The time that an exit waits for the sink, unless the game sets another one.
const EXIT_WAITS: Duration = Duration::from_secs(1);

/// Sends lifecycle events of sessions to a [`LifecycleSink`]: a file, a table, a message queue.
///
/// Added beside [`SessionPlugin`](bevy_session::SessionPlugin), before or after it, once in an app. The sink runs on
/// a thread of its own, so a slow one delays no frame. If it falls behind by [`capacity`](Self::capacity) events,
/// newer ones are dropped, and [`LifecycleChange::Dropped`] in their place says how many. An exit waits for it as long
/// as [`exit_waits`](Self::exit_waits) says, and what it hasn't taken by then is lost.
///
/// A sink that panics isn't called again: [`LifecycleSinkFailed`] is sent, and the game continues. This needs
/// unwinding; with `panic = "abort"` the panic ends the process.
///
/// Events have names of sessions and players, which are personal data: a sink that keeps them is the game's to erase.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session::prelude::*;
/// use bevy_session_ops::{LifecycleEvent, LifecycleSink, LifecycleSinkError, LifecycleSinkPlugin};
///
/// struct Log;
///
/// impl LifecycleSink for Log {
///     fn deliver(&mut self, event: &LifecycleEvent) -> Result<(), LifecycleSinkError> {
///         info!("{} {:?}: {:?}", event.time, event.name, event.change);
///         Ok(())
///     }
/// }
///
/// App::new().add_plugins((
///     MinimalPlugins,
///     SessionPlugin::new("Studio", "Hop").in_memory(),
///     LifecycleSinkPlugin::new(Log),
/// ));
/// ```
pub struct LifecycleSinkPlugin {
    /// Taken out once the plugin is built.
    sink: Mutex<Option<Box<dyn LifecycleSink>>>,
    capacity: usize,
    exit_waits: Duration,
}

/// A sink of lifecycle events panicked. It isn't called again. Sent once.
#[derive(Event, Message, Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct LifecycleSinkFailed {
    /// The message of the panic, or why the sink's thread can't be started.
    pub message: String,
}

/// The number of lifecycle events that a sink took, and that it didn't. Inserted by [`LifecycleSinkPlugin`].
#[derive(Resource, Debug)]
pub struct LifecycleDeliveries {
    queue: Queue,
    exit_waits: Duration,
    is_exiting: bool,
}

impl LifecycleSinkPlugin {
    /// Sends events to this sink.
    #[must_use]
    pub fn new(sink: impl LifecycleSink) -> Self {
        let sink = Mutex::new(Some(Box::new(sink) as Box<dyn LifecycleSink>));
        Self { sink, capacity: CAPACITY, exit_waits: EXIT_WAITS }
    }

    /// Sets the number of events that wait for the sink before newer ones are dropped: 1,024 by default, one at least.
    #[must_use]
    pub fn capacity(mut self, events: usize) -> Self {
        self.capacity = events.max(1);
        self
    }

    /// Sets the longest time that an exit waits until the sink has all events: one second by default. The exit waits
    /// for the last checkpoint and for a replica before that.
    #[must_use]
    pub fn exit_waits(mut self, time: Duration) -> Self {
        self.exit_waits = time;
        self
    }
}

impl fmt::Debug for LifecycleSinkPlugin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("LifecycleSinkPlugin").finish_non_exhaustive()
    }
}

impl Plugin for LifecycleSinkPlugin {
    fn build(&self, app: &mut App) {
        let sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(sink) = sink else { return };
        let queue = Queue::new(self.capacity);
        if let Err(error) = start(sink, queue.clone()) {
            queue.give_up(format!("its thread can't be started: {error}"));
        }
        let exit_waits = self.exit_waits;
        app.insert_resource(LifecycleDeliveries { queue, exit_waits, is_exiting: false })
            .add_message::<LifecycleSinkFailed>()
            .init_schedule(SessionLast)
            .add_systems(SessionLast, hand_over.after(SessionSystems::Run));
        hearing::listen(app);
    }
}

impl LifecycleDeliveries {
    /// Events that the sink took.
    #[must_use]
    pub fn delivered(&self) -> u64 {
        self.queue.counts().delivered
    }

    /// Events for which the sink returned an error. They aren't delivered again.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.queue.counts().failed
    }

    /// Events that the sink never got: it was too slow, or had panicked.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.queue.counts().dropped
    }

    /// Returns true once the sink isn't called any more, after [`LifecycleSinkFailed`].
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.queue.is_over()
    }
}

impl Drop for LifecycleDeliveries {
    fn drop(&mut self) {
        self.queue.close();
    }
}

/// Starts the thread that calls the sink, until the app is gone.
fn start(mut sink: Box<dyn LifecycleSink>, queue: Queue) -> io::Result<()> {
    let deliver = move || queue.serve(&mut *sink);
    thread::Builder::new().name("lifecycle sink".into()).spawn(deliver).map(drop)
}

/// Hands over the events of a frame. The last frame waits until the sink has them.
fn hand_over(world: &mut World, mut counted: Local<Counts>) {
    let is_exiting =
        world.get_resource::<Messages<AppExit>>().is_some_and(|asked| !asked.is_empty());
    let heard = world.get_resource_or_init::<Heard>().take();
    let now = wall_clock(world);
    let Some(mut deliveries) = world.get_resource_mut::<LifecycleDeliveries>() else { return };
    let queue = deliveries.queue.clone();
    for heard in heard {
        queue.add(heard.at(now));
    }
    let was_exiting = std::mem::replace(&mut deliveries.is_exiting, is_exiting);
    if is_exiting && !was_exiting {
        queue.wait(deliveries.exit_waits);
    }
    let counts = queue.counts();
    #[cfg(feature = "metrics")]
    queue::report(counts, *counted);
    *counted = counts;
    if let Some(message) = queue.take_failure() {
        error!(%message, "the sink of lifecycle events panicked and isn't called again");
        notify(world, LifecycleSinkFailed { message });
    }
}
