//! Counts the runs of the fixed schedule.

use bevy::ecs::resource::Resource;
use bevy::ecs::system::ResMut;

/// The number of times that the fixed schedule has run in this process.
#[derive(Resource, Default)]
pub(crate) struct FixedTicks(pub u64);

/// A system of `FixedFirst`.
pub(crate) fn count_ticks(mut ticks: ResMut<FixedTicks>) {
    ticks.0 += 1;
}
