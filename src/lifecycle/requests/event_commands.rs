//! The requests about recorded events as methods of `Commands`.

use bevy_session_journal::{EventQuery, SessionId, Ticket};

use super::{Request, SessionCommands};

/// Requests about the recorded events of sessions, from [`SessionCommands::events`].
#[derive(Debug)]
pub struct EventCommands<'w, 's>(pub(super) SessionCommands<'w, 's>);

impl EventCommands<'_, '_> {
    /// Reads a page of a session's recorded events, off the main thread.
    /// [`EventsRead`](crate::events::EventsRead) follows, and
    /// [`SessionEvents`](crate::events::SessionEvents) has the page from then on.
    ///
    /// The page of the session that is played holds what was recorded up to this frame, and nothing
    /// later. Where the session has no durable checkpoint of this run yet, the page waits for it. References
    /// to entities in the values are the ids that they have in the session.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::prelude::*;
    /// use bevy_session::events::EventQuery;
    ///
    /// fn show_the_last_ten(current: Res<CurrentSession>, mut commands: Commands) {
    ///     let query = EventQuery { limit: 10, ..EventQuery::of(current.id()) };
    ///     commands.session().events().read(query);
    /// }
    /// # bevy::ecs::system::assert_is_system(show_the_last_ten);
    /// ```
    pub fn read(&mut self, query: EventQuery) -> Ticket {
        self.0.request(Request::ReadEvents(Box::new(query)))
    }

    /// Checks all recorded events of a session, and reports which are intact.
    /// [`EventsValidated`](crate::events::EventsValidated) follows.
    pub fn validate(&mut self, session: SessionId) -> Ticket {
        self.0.request(Request::ValidateEvents(session))
    }
}
