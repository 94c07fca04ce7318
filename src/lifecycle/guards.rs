//! What a game may have to say before a request is handled.

use std::fmt::{self, Debug, Formatter};

use bevy::prelude::*;
use tracing::error;

use super::requests::Request;
use super::runtime::RuntimeParts;
use crate::session::RequestError;

/// A request that is about to be handled, as a [guard](crate::SessionHooksExt::guard_requests) sees it.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct GuardedRequest {
    /// The request.
    pub request: Request,
    /// The player who asks, as the game calls them; `None` if it is the game itself. See
    /// [`SessionCommands::by`](crate::SessionCommands::by).
    pub by: Option<String>,
}

/// A system that may refuse requests.
pub(crate) struct RequestGuard {
    ask: Box<dyn FnMut(&mut World, GuardedRequest) -> Result<(), String> + Send + Sync>,
}

impl Debug for RequestGuard {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestGuard").finish_non_exhaustive()
    }
}

impl RequestGuard {
    pub(super) fn new<M>(
        guard: impl IntoSystem<In<GuardedRequest>, Result<(), String>, M> + 'static,
    ) -> Self {
        let mut system = IntoSystem::into_system(guard);
        let mut is_initialized = false;
        Self {
            ask: Box::new(move |world, request| {
                if !std::mem::replace(&mut is_initialized, true) {
                    system.initialize(world);
                }
                let answer = system.run(request, world);
                system.apply_deferred(world);
                answer.unwrap_or_else(|failure| {
                    // A right that can't be looked up is none.
                    error!(guard = %system.name(), error = %failure, "a guard could not be asked");
                    Err("it can't be found out whether this is allowed".to_owned())
                })
            }),
        }
    }
}

impl RuntimeParts {
    /// Asks all guards whether a request may be handled. The first that refuses it has the say.
    pub(super) fn ask_guards(
        &mut self,
        world: &mut World,
        request: &Request,
        by: Option<&str>,
    ) -> Result<(), RequestError> {
        for guard in &mut self.hooks.guards {
            let asked = GuardedRequest { request: request.clone(), by: by.map(str::to_owned) };
            (guard.ask)(world, asked).map_err(|reason| RequestError::Refused { reason })?;
        }
        Ok(())
    }
}
