//! Bevy 0.20.

use bevy::ecs::change_detection::{ContiguousRef, Tick};
use bevy::ecs::component::{ComponentId, ComponentInfo, Components, StorageType};
use bevy::ecs::error::BevyError;
use bevy::ecs::lifecycle::{Add, Insert, Remove};
use bevy::ecs::observer::On;
use bevy::ecs::query::{FilteredAccessSet, QueryData, QueryFilter, QueryState};
use bevy::ecs::system::ReadOnlySystem;
use bevy::ecs::world::World;
use bevy::state::state::{FreelyMutableState, NextState};

use super::Pending;

/// The version, as far as this crate depends on it.
pub(crate) const VERSION: &str = "0.20";

pub(crate) type OnAdd<'w, 't, T> = On<'w, 't, Add<T>>;
pub(crate) type OnInsert<'w, 't, T> = On<'w, 't, Insert<T>>;
pub(crate) type OnRemove<'w, 't, T> = On<'w, 't, Remove<T>>;

/// All components that `components` knows.
pub(crate) fn registered(
    components: &Components,
) -> impl Iterator<Item = (ComponentId, &ComponentInfo)> {
    components.iter_registered()
}

/// A failure, `true` if it was a panic, and its message: the panic's own, since the error only says
/// that there was one.
pub(crate) fn described(mut error: BevyError) -> (BevyError, bool, String) {
    let Some(payload) = error.take_payload() else {
        let words = error.to_string();
        return (error, false, words);
    };
    let message = payload.downcast_ref::<&str>().copied();
    let message = message.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let words = message.map_or_else(|| error.to_string(), str::to_owned);
    (error.with_payload(payload), true, words)
}

/// Initializes a condition. Returns what it reads.
pub(crate) fn initialize(
    system: &mut dyn ReadOnlySystem<In = (), Out = bool>,
    world: &mut World,
) -> FilteredAccessSet {
    system.initialize(world).to_filtered_access_set().into_owned()
}

/// Returns true if values of a component may have been written since the world's last change tick,
/// in any table that a query matches. It is false only for components with
/// `#[component(summary_tick)]`.
///
/// A value that is written while its entity moves to another table raises the summary of the table
/// that it leaves, and may not raise that of the other. So all tables are asked, also those that
/// are empty now, which no iteration visits.
pub(crate) fn may_have_been_written<D: QueryData, F: QueryFilter>(
    query: &mut QueryState<D, F>,
    world: &World,
    component: ComponentId,
) -> bool {
    query.update_archetypes(world);
    let (last_run, this_run) = (world.last_change_tick(), world.read_change_tick());
    let tables = &world.storages().tables;
    let mut summaries =
        query.matched_tables().map(|id| tables.get(id)?.get_summary_tick(component));
    summaries.any(|summary| summary.is_none_or(|it| it.get().is_newer_than(last_run, this_run)))
}

/// The values of a table's column, and their change ticks.
pub(crate) fn values_and_ticks<T>(column: ContiguousRef<'_, T>) -> (&[T], &[Tick]) {
    let (values, ticks) = ContiguousRef::split(column);
    (values, ticks.changed())
}

/// Returns true if a component's tables could be skipped when nothing in them was written, and
/// aren't.
pub(crate) fn could_have_summary_tick(info: &ComponentInfo) -> bool {
    info.storage_type() == StorageType::Table && !info.summary_tick()
}

/// The ticks at which the components of a table's column were added: none where the column wasn't written since the
/// world's last change tick, as far as is known.
pub(crate) fn added_since_last_run<T>(column: ContiguousRef<'_, T>) -> &[Tick] {
    let (_, ticks) = ContiguousRef::split(column);
    let was_written = ticks.summary_tick_is_changed() != Some(false);
    if was_written { ticks.added() } else { &[] }
}

/// The transition to a state, unless it is already current.
pub(crate) fn pending_if_different<S: FreelyMutableState>(state: S) -> NextState<S> {
    NextState::PendingIfDifferent(state)
}

/// The transition that the game has pending.
pub(crate) fn pending<S: FreelyMutableState>(next: &NextState<S>) -> Pending<'_, S> {
    match next {
        NextState::Unchanged => Pending::No,
        NextState::Pending(state) => Pending::Always(state),
        NextState::PendingIfDifferent(state) => Pending::IfDifferent(state),
    }
}

/// Makes a type the data of others in the registry, if they meet some bounds.
macro_rules! type_data {
    ($data:ty, of $($bound:tt)+) => {
        impl<T: $($bound)+> bevy::reflect::CreateTypeData<T> for $data {
            fn create_type_data((): ()) -> Self {
                Self::of::<T>()
            }
        }
    };
}
pub(crate) use type_data;
