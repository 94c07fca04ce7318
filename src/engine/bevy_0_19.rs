//! Bevy 0.19.

use bevy::ecs::change_detection::{ContiguousRef, Tick};
use bevy::ecs::component::{ComponentId, ComponentInfo, Components};
use bevy::ecs::error::BevyError;
use bevy::ecs::lifecycle::{Add, Insert, Remove};
use bevy::ecs::observer::On;
use bevy::ecs::query::{FilteredAccessSet, QueryData, QueryFilter, QueryState};
use bevy::ecs::system::ReadOnlySystem;
use bevy::ecs::world::World;
use bevy::state::state::{FreelyMutableState, NextState};

use super::Pending;

/// The version, as far as this crate depends on it.
pub(crate) const VERSION: &str = "0.19";

pub(crate) type OnAdd<'w, 't, T> = On<'w, 't, Add, T>;
pub(crate) type OnInsert<'w, 't, T> = On<'w, 't, Insert, T>;
pub(crate) type OnRemove<'w, 't, T> = On<'w, 't, Remove, T>;

/// All components that `components` knows.
pub(crate) fn registered(
    components: &Components,
) -> impl Iterator<Item = (ComponentId, &ComponentInfo)> {
    components.iter_registered().map(|info| (info.id(), info))
}

/// A failure, `true` if it was a panic, and its message. Panics aren't passed to handlers.
pub(crate) fn described(error: BevyError) -> (BevyError, bool, String) {
    let words = error.to_string();
    (error, false, words)
}

/// Initializes a condition. Returns what it reads.
pub(crate) fn initialize(
    system: &mut dyn ReadOnlySystem<In = (), Out = bool>,
    world: &mut World,
) -> FilteredAccessSet {
    system.initialize(world)
}

/// Returns true, since it can't be known if values of a component were written.
pub(crate) fn may_have_been_written<D: QueryData, F: QueryFilter>(
    _: &mut QueryState<D, F>,
    _: &World,
    _: ComponentId,
) -> bool {
    true
}

/// The values of a table's column, and their change ticks.
pub(crate) fn values_and_ticks<T>(column: ContiguousRef<'_, T>) -> (&[T], &[Tick]) {
    let ticks = column.changed_ticks_slice();
    (column.into_inner(), ticks)
}

/// Returns false: this engine can't skip a component's table in which nothing was written.
pub(crate) fn could_have_summary_tick(_: &ComponentInfo) -> bool {
    false
}

/// The ticks at which the components of a table's column were added.
pub(crate) fn added_since_last_run<T>(column: ContiguousRef<'_, T>) -> &[Tick] {
    column.added_ticks_slice()
}

/// The transition to a state, unless it is already current.
pub(crate) fn pending_if_different<S: FreelyMutableState>(state: S) -> NextState<S> {
    NextState::PendingIfNeq(state)
}

/// The transition that the game has pending.
pub(crate) fn pending<S: FreelyMutableState>(next: &NextState<S>) -> Pending<'_, S> {
    match next {
        NextState::Unchanged => Pending::No,
        NextState::Pending(state) => Pending::Always(state),
        NextState::PendingIfNeq(state) => Pending::IfDifferent(state),
    }
}

/// Makes a type the data of others in the registry, if they meet some bounds.
macro_rules! type_data {
    ($data:ty, of $($bound:tt)+) => {
        impl<T: $($bound)+> bevy::reflect::FromType<T> for $data {
            fn from_type() -> Self {
                Self::of::<T>()
            }
        }
    };
}
pub(crate) use type_data;
