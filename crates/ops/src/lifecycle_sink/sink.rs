//! The trait that a game implements.

use std::error::Error;

use super::event::LifecycleEvent;

/// The reason why a sink didn't take an event.
pub type LifecycleSinkError = Box<dyn Error + Send + Sync>;

/// Takes lifecycle events: into a file, a table, a message queue. A game implements it, and hands it to
/// [`LifecycleSinkPlugin`](super::LifecycleSinkPlugin).
pub trait LifecycleSink: Send + 'static {
    /// Takes one event. Events arrive one at a time, in the order in which they happened, on a thread of the sink's
    /// own, where it may wait.
    ///
    /// # Errors
    ///
    /// An error is counted, and logged if the delivery before it succeeded. The event isn't delivered again; the next
    /// one is.
    fn deliver(&mut self, event: &LifecycleEvent) -> Result<(), LifecycleSinkError>;
}
