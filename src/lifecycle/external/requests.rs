//! The game's answers about its own saves, and its requests.

use bevy::prelude::*;
use bevy_session_journal::{ExternalError, RequestError, Ticket};

use super::operations::finish_operation;
use crate::external_saves::{ExternalDone, ExternalOperations, ExternalOutcome, ExternalRequestId};
use crate::lifecycle::requests::{ExternalRequest, Request, RequestQueue, ask, finish, reject};
use crate::lifecycle::runtime::RuntimeParts;

/// Handles the answers that have come, out of turn: requests about sessions may have to wait for
/// them.
pub(in crate::lifecycle) fn take_external_answers(parts: &mut RuntimeParts, world: &mut World) {
    let Some(external) = &parts.external else { return };
    let answers = std::iter::from_fn(|| external.answers.take());
    let answers: Vec<ExternalRequest> = answers.map(ExternalRequest::from).collect();
    for answer in answers {
        take_answer(parts, world, answer);
    }
    let is_answer =
        |request: &Request| matches!(request, Request::External(ExternalRequest::Answer { .. }));
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
            take_asked_answer(parts, world, asked.ticket, answer);
        }
    }
}

/// Handles an answer that didn't come as a request.
pub(super) fn take_answer(parts: &mut RuntimeParts, world: &mut World, answer: ExternalRequest) {
    let ticket = ask(world, answer.clone());
    take_asked_answer(parts, world, ticket, &answer);
}

fn take_asked_answer(
    parts: &mut RuntimeParts,
    world: &mut World,
    ticket: Ticket,
    answer: &ExternalRequest,
) {
    let ExternalRequest::Answer { request, result } = answer else { return };
    match answer_external(parts, world, *request, result.clone()) {
        Ok(()) => finish(world, ticket),
        Err(error) => reject(world, ticket, error),
    }
}

/// Handles the game's answer to a request.
pub(in crate::lifecycle) fn answer_external(
    parts: &mut RuntimeParts,
    world: &mut World,
    request: ExternalRequestId,
    result: Result<ExternalDone, String>,
) -> Result<(), RequestError> {
    let external = parts.external.as_ref().ok_or(ExternalError::NoProvider)?;
    if external.open.iter().any(|open| open.request == request) {
        finish_operation(parts, world, request, ExternalOutcome::of(result));
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
