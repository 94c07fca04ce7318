//! What the game answers, and asks for, about its own saves.

use bevy::prelude::*;

use super::RuntimeParts;
use crate::external_saves::{
    Answer, ExternalDone, ExternalOperations, ExternalOutcome, ExternalRequestId,
};
use crate::ids::Ticket;
use crate::journal::SessionId;
use crate::lifecycle::requests::{Request, RequestQueue, ask, finish, reject};
use crate::session::{ExternalError, RequestError};

/// A request that is about the game's own saves.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum ExternalRequest {
    /// [`SessionCommands::external_done`](crate::SessionCommands::external_done) and
    /// [`SessionCommands::external_failed`](crate::SessionCommands::external_failed), or the same by
    /// [`ExternalAnswer`](crate::ExternalAnswer).
    Answer {
        /// What the plugin had asked for.
        request: ExternalRequestId,
        /// What was done, or why it wasn't.
        result: Result<ExternalDone, String>,
    },
    /// [`SessionCommands::recover_external`](crate::SessionCommands::recover_external).
    Recover {
        /// The session.
        session: SessionId,
        /// The slot of the backup.
        slot: String,
    },
}

impl From<Answer> for ExternalRequest {
    fn from(Answer { request, result }: Answer) -> Self {
        Self::Answer { request, result }
    }
}

impl RuntimeParts {
    pub(in crate::lifecycle) fn handle_external_request(
        &mut self,
        world: &mut World,
        ticket: Ticket,
        request: &ExternalRequest,
    ) -> Result<(), RequestError> {
        match request {
            ExternalRequest::Answer { request, result } => {
                self.answer_external(world, *request, result.clone())
            }
            ExternalRequest::Recover { session, slot } => {
                self.recover_external(world, ticket, (*session, slot), None)
            }
        }
    }

    /// Takes in the answers that are there, out of turn: what is asked of sessions may have to wait for
    /// them.
    pub(in crate::lifecycle) fn take_external_answers(&mut self, world: &mut World) {
        let Some(external) = &self.external else { return };
        let answers = std::iter::from_fn(|| external.answers.take());
        let answers: Vec<ExternalRequest> = answers.map(ExternalRequest::from).collect();
        for answer in answers {
            self.take_answer(world, answer);
        }
        let is_answer = |request: &Request| {
            matches!(request, Request::External(ExternalRequest::Answer { .. }))
        };
        let Some(mut queue) = world.get_resource_mut::<RequestQueue>() else { return };
        if queue.is_empty() {
            return;
        }
        let asked = queue.take(is_answer);
        for asked in &asked {
            queue.open(asked);
        }
        for asked in asked {
            if let Request::External(answer) = &*asked.request {
                self.take_asked_answer(world, asked.ticket, answer);
            }
        }
    }

    /// Takes in an answer that came by another way than a request.
    pub(super) fn take_answer(&mut self, world: &mut World, answer: ExternalRequest) {
        let ticket = ask(world, answer.clone());
        self.take_asked_answer(world, ticket, &answer);
    }

    fn take_asked_answer(&mut self, world: &mut World, ticket: Ticket, answer: &ExternalRequest) {
        match self.handle_external_request(world, ticket, answer) {
            Ok(()) => finish(world, ticket),
            Err(error) => reject(world, ticket, error),
        }
    }

    fn answer_external(
        &mut self,
        world: &mut World,
        request: ExternalRequestId,
        result: Result<ExternalDone, String>,
    ) -> Result<(), RequestError> {
        let external = self.external.as_ref().ok_or(ExternalError::NoProvider)?;
        if external.open.iter().any(|open| open.request == request) {
            self.finish_operation(world, request, ExternalOutcome::of(result));
            return Ok(());
        }
        if !external.answers.has_asked(request) {
            return Err(ExternalError::UnknownRequest.into());
        }
        let operations = world.get_resource::<ExternalOperations>();
        let outcome = operations.and_then(|known| known.get(request)).map(|known| &known.outcome);
        let error = match outcome {
            Some(ExternalOutcome::Done { .. } | ExternalOutcome::Failed { .. }) => {
                ExternalError::AlreadyAnswered
            }
            _ => ExternalError::TooLate,
        };
        Err(error.into())
    }
}
