//! The stop at which an event is recorded.

use bevy::ecs::event::{EntityEvent, EntityTrigger, Event, GlobalTrigger, PropagateEntityTrigger};
use bevy::ecs::traversal::Traversal;

/// The way in which an event reaches its observers, as far as recording needs it: a bubbling event
/// is recorded once, where it was triggered.
///
/// The triggers that `#[derive(Event)]` and `#[derive(EntityEvent)]` use implement it.
pub trait RecordedTrigger<E: Event>: sealed::Sealed {
    /// Returns true if this is the first stop of the event.
    #[doc(hidden)]
    fn is_at_its_origin(&self, event: &E) -> bool;
}

mod sealed {
    pub trait Sealed {}
}

impl sealed::Sealed for GlobalTrigger {}

impl<E: for<'a> Event<Trigger<'a> = Self>> RecordedTrigger<E> for GlobalTrigger {
    fn is_at_its_origin(&self, _: &E) -> bool {
        true
    }
}

impl sealed::Sealed for EntityTrigger {}

impl<E: EntityEvent + for<'a> Event<Trigger<'a> = Self>> RecordedTrigger<E> for EntityTrigger {
    fn is_at_its_origin(&self, _: &E) -> bool {
        true
    }
}

impl<const AUTO: bool, E: EntityEvent, T: Traversal<E>> sealed::Sealed
    for PropagateEntityTrigger<AUTO, E, T>
{
}

impl<const AUTO: bool, E: EntityEvent, T: Traversal<E>> RecordedTrigger<E>
    for PropagateEntityTrigger<AUTO, E, T>
where
    E: for<'a> Event<Trigger<'a> = Self>,
{
    fn is_at_its_origin(&self, event: &E) -> bool {
        self.original_event_target == event.event_target()
    }
}
