//! The game's guards, which may refuse a request before it is handled.

use bevy::prelude::*;
use bevy_session_journal::RequestError;
use tracing::error;

use super::hooks::HookSystem;
use super::requests::Request;

/// A request that is about to be handled, as a [guard](crate::SessionHooksExt::guard_session_requests) sees it.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct GuardedRequest {
    /// The request.
    pub request: Request,
    /// The name of the player who makes the request; `None` if it is the game itself. See
    /// [`SessionCommands::by`](crate::SessionCommands::by).
    pub by: Option<String>,
}

/// A system that may refuse requests.
pub(crate) struct RequestGuard(HookSystem<In<GuardedRequest>, Result<(), String>>);

impl RequestGuard {
    pub(super) fn new<M>(
        guard: impl IntoSystem<In<GuardedRequest>, Result<(), String>, M> + 'static,
    ) -> Self {
        Self(HookSystem::new(guard))
    }

    fn ask(&mut self, world: &mut World, request: GuardedRequest) -> Result<(), String> {
        self.0.run(request, world).unwrap_or_else(|failure| {
            // A right that can't be looked up is none.
            error!(guard = %self.0.name(), error = %failure, "a guard can't run, so it refuses the request");
            Err("it can't be found out whether this is allowed".to_owned())
        })
    }
}

/// Asks all guards if a request may be handled. The first that refuses it decides.
pub(super) fn ask_guards(
    guards: &mut [RequestGuard],
    world: &mut World,
    request: &Request,
    by: Option<&str>,
) -> Result<(), RequestError> {
    for guard in guards {
        let asked = GuardedRequest { request: request.clone(), by: by.map(str::to_owned) };
        guard.ask(world, asked).map_err(|reason| RequestError::Refused { reason })?;
    }
    Ok(())
}
