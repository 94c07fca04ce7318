//! The frame of a watched replay in which nothing is played.

use bevy::app::{First, Last, PostUpdate, PreUpdate};
use bevy::ecs::schedule::{Schedule, ScheduleLabel, SingleThreadedExecutor};
use bevy::ecs::world::World;

use super::watched::ReplayPaused;

/// Runs in place of `Main` while no recorded frame is played.
#[derive(ScheduleLabel, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Idle;

/// The schedule of such a frame: what the window and the bar need.
pub(super) fn idle_schedule() -> Schedule {
    let mut schedule = Schedule::new(Idle);
    schedule.set_executor(SingleThreadedExecutor::new());
    schedule.add_systems(|world: &mut World| {
        let before = [First.intern(), PreUpdate.intern(), ReplayPaused.intern()];
        for label in before.into_iter().chain([PostUpdate.intern(), Last.intern()]) {
            // A panic may have taken one along.
            let _ = world.try_run_schedule(label);
        }
    });
    schedule
}
