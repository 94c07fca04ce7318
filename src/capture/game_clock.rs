//! The game's own clocks, as its systems see them.

use std::time::Duration;

use bevy::ecs::world::World;
use bevy::time::{Fixed, Time, Virtual};

use bevy_session_journal::internal::model::session::{FixedClock, GameClock};

/// The values of a world's [`Time<Virtual>`] and [`Time<Fixed>`].
///
/// Speed and pause are left out: they belong to what pauses and speeds up, a menu or a power-up,
/// and a game that was restored with a stopped clock would be stuck.
pub(crate) fn clock_of(world: &World) -> GameClock {
    let elapsed = world.get_resource::<Time<Virtual>>().map(Time::elapsed);
    let fixed = world.get_resource::<Time<Fixed>>().map(|time| FixedClock {
        elapsed: micros(time.elapsed()),
        elapsed_rest: rest(time.elapsed()),
        overstep: micros(time.overstep()),
        overstep_rest: rest(time.overstep()),
    });
    let elapsed_rest = elapsed.map_or(0, rest);
    GameClock { elapsed: elapsed.map(micros), elapsed_rest, fixed, played_rest: 0 }
}

/// Sets the clocks of a world that has them. `Time<Real>` isn't changed.
pub(crate) fn set_clock(saved: GameClock, world: &mut World) {
    if let Some(elapsed) = saved.elapsed
        && let Some(mut time) = world.get_resource_mut::<Time<Virtual>>()
    {
        let mut clock = Time::new_with(*time.context());
        clock.set_wrap_period(time.wrap_period());
        put_forward(&mut clock, duration(elapsed, saved.elapsed_rest));
        *time = clock;
        // Until the next frame this is what systems are shown.
        let shown = clock.as_generic();
        if let Some(mut time) = world.get_resource_mut::<Time>() {
            *time = shown;
        }
    }
    if let Some(saved) = saved.fixed
        && let Some(mut time) = world.get_resource_mut::<Time<Fixed>>()
    {
        let mut clock = Time::<Fixed>::from_duration(time.timestep());
        clock.set_wrap_period(time.wrap_period());
        put_forward(&mut clock, duration(saved.elapsed, saved.elapsed_rest));
        // A game that needs more than one step to catch up would only jerk.
        let overstep = duration(saved.overstep, saved.overstep_rest);
        clock.accumulate_overstep(overstep.min(time.timestep()));
        *time = clock;
    }
}

fn put_forward<T: Default>(clock: &mut Time<T>, elapsed: Duration) {
    clock.advance_by(elapsed);
    // That was no frame.
    clock.advance_by(Duration::ZERO);
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// The nanoseconds beyond whole microseconds.
fn rest(duration: Duration) -> u32 {
    duration.subsec_nanos() % 1_000
}

fn duration(micros: u64, rest: u32) -> Duration {
    Duration::from_micros(micros).saturating_add(Duration::from_nanos(rest.into()))
}
