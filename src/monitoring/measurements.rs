//! Measurements of the plugin's own work.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session_journal::internal::write::Surroundings;

use super::SessionOperation;

/// The most operations that are kept for a reader.
const MOST_DONE: usize = 4096;

/// Measurements of the plugin's own work. Insert this resource before the app is finished to turn
/// them on; without it nothing is timed.
///
/// [`SessionSystems::Report`](crate::SessionSystems) updates it once a frame.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session::monitoring::Measurements;
/// use bevy_session::prelude::*;
/// use bevy_session::{SessionLast, SessionSystems};
///
/// fn watch(mut measurements: ResMut<Measurements>) {
///     for (operation, took) in measurements.take_done() {
///         debug!("{}: {took:?}", operation.name());
///     }
/// }
///
/// # let mut app = App::new();
/// app.add_plugins((MinimalPlugins, SessionPlugin::new("Studio", "Hop").in_memory()))
///     .init_resource::<Measurements>()
///     .add_systems(SessionLast, watch.after(SessionSystems::Run));
/// ```
#[derive(Resource, Debug, Default)]
#[non_exhaustive]
pub struct Measurements {
    done: Vec<(SessionOperation, Option<Duration>)>,
    /// Counts of the work that isn't done yet.
    pub load: WriterLoad,
    /// The number of times that a start waited for a session that another process held.
    pub lock_waits: u64,
    /// The disk and the process. Read about every ten seconds, on the writer's thread.
    pub surroundings: Surroundings,
    /// True if the writer's thread is gone. Nothing is saved any more then.
    pub writer_is_gone: bool,
}

/// Counts of the work that isn't done yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct WriterLoad {
    /// Captures that the writer hasn't finished.
    pub captures: usize,
    /// Operations on slots that the writer hasn't finished.
    pub slots: usize,
    /// Requests that wait for an earlier one.
    pub requests: usize,
}

impl Measurements {
    /// Takes the operations since the last call, and the time that each took; `None` if it failed.
    /// If nobody takes them, the newest 4096 are kept.
    ///
    /// Captures, checkpoints and restores aren't among them: their notifications have the time that
    /// they took.
    pub fn take_done(
        &mut self,
    ) -> impl Iterator<Item = (SessionOperation, Option<Duration>)> + use<'_> {
        self.done.drain(..)
    }

    /// Adds operations that were done.
    pub(crate) fn add_done(&mut self, done: &mut Vec<(SessionOperation, Option<Duration>)>) {
        self.done.append(done);
        let surplus = self.done.len().saturating_sub(MOST_DONE);
        self.done.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn untaken_measurements_are_bounded() {
        let mut measurements = Measurements::default();
        for number in 0..MOST_DONE as u64 + 7 {
            let took = Some(Duration::from_micros(number));
            measurements.add_done(&mut vec![(SessionOperation::Slot, took)]);
        }
        let kept: Vec<_> = measurements.take_done().collect();
        assert_eq!(kept.len(), MOST_DONE);
        assert_eq!(kept[0], (SessionOperation::Slot, Some(Duration::from_micros(7))));
        assert_eq!(measurements.take_done().count(), 0);
    }
}
