//! The requests that were handled and wait for their answer.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy_session_journal::internal::model::clock;
use bevy_session_journal::{RequestError, Ticket};
use tracing::{debug, warn};

use super::{Request, RequestQueue, SessionRequest};
use crate::lifecycle::CurrentSession;
use crate::lifecycle::notifications::{RequestDone, RequestRejected, notify};
use crate::restore::RestoreManner;

/// The section of the guide that explains why a request is rejected, as [`Code::page`](bevy_session_journal::Code::page)
/// names others.
const PAGE: &str = "docs/guide/troubleshooting.md#my-request-did-nothing";

/// The requests that were handled and wait for their answer. An answered request is removed, so
/// that nothing is answered twice, and the rest is known when no answers will come any more.
#[derive(Default)]
pub(super) struct OpenRequests(HashMap<Ticket, OpenRequest>);

/// A request, and the player who made it.
struct OpenRequest {
    request: Arc<Request>,
    by: Option<String>,
    /// The time at which it was made, before it waited for others.
    made_at: Instant,
    /// The manner in which its checkpoint is restored, if the request chose one.
    manner: Option<RestoreManner>,
    /// Requests that have the same answer.
    joined: Vec<Ticket>,
}

impl OpenRequests {
    /// Notes a request that is handled. A step of one is no other request.
    pub fn open(
        &mut self,
        ticket: Ticket,
        request: &Arc<Request>,
        (by, manner): (Option<&String>, Option<RestoreManner>),
        made_at: Instant,
    ) {
        let open = || {
            let (request, by) = (Arc::clone(request), by.cloned());
            OpenRequest { request, by, made_at, manner, joined: Vec::new() }
        };
        self.0.entry(ticket).or_insert_with(open);
    }

    fn tickets(&self) -> Vec<Ticket> {
        let mut tickets: Vec<Ticket> = self.0.keys().copied().collect();
        tickets.sort_unstable();
        tickets
    }
}

fn take(world: &mut World, ticket: Ticket) -> Option<OpenRequest> {
    world.get_resource_mut::<RequestQueue>()?.open.0.remove(&ticket)
}

/// The manner in which a request's checkpoint is restored, if the request chose one.
pub(in crate::lifecycle) fn manner_of(world: &World, ticket: Ticket) -> Option<RestoreManner> {
    world.get_resource::<RequestQueue>()?.open.0.get(&ticket)?.manner
}

/// The time at which a request was made that isn't answered yet.
pub(in crate::lifecycle) fn made_at(world: &World, ticket: Ticket) -> Option<Instant> {
    Some(world.get_resource::<RequestQueue>()?.open.0.get(&ticket)?.made_at)
}

/// Makes a request of the plugin itself, which is already handled.
pub(in crate::lifecycle) fn ask(world: &mut World, request: impl Into<Request>) -> Ticket {
    let (ticket, request) = (Ticket::new(), Arc::new(request.into()));
    let mut queue = world.get_resource_or_init::<RequestQueue>();
    queue.open.open(ticket, &request, (None, None), clock::instant());
    ticket
}

/// Gives a request the same answer as another one.
pub(in crate::lifecycle) fn join(world: &mut World, ticket: Ticket, to: Ticket) {
    let mut queue = world.get_resource_or_init::<RequestQueue>();
    if let Some(open) = queue.open.0.get_mut(&to) {
        open.joined.push(ticket);
    }
}

/// Reports that a request is done.
pub(in crate::lifecycle) fn finish(world: &mut World, ticket: Ticket) {
    let Some(OpenRequest { joined, .. }) = take(world, ticket) else { return };
    notify(world, RequestDone { ticket });
    joined.into_iter().for_each(|joined| finish(world, joined));
}

/// The same, if it was a request.
pub(in crate::lifecycle) fn finish_if_asked(world: &mut World, ticket: Option<Ticket>) {
    if let Some(ticket) = ticket {
        finish(world, ticket);
    }
}

/// Another notification answers a request. Returns the tickets that each need one.
pub(in crate::lifecycle) fn close(world: &mut World, ticket: Ticket) -> Vec<Ticket> {
    let Some(OpenRequest { joined, .. }) = take(world, ticket) else { return Vec::new() };
    let joined = joined.into_iter().flat_map(|joined| close(world, joined));
    std::iter::once(ticket).chain(joined).collect()
}

/// Reports that a request failed.
pub(in crate::lifecycle) fn reject(world: &mut World, ticket: Ticket, error: RequestError) {
    let Some(OpenRequest { request, by, joined, .. }) = take(world, ticket) else {
        return debug!(%ticket, %error, "the request was answered already");
    };
    if let Some(mut queue) = world.get_resource_mut::<RequestQueue>() {
        queue.start_was_refused |= starts_a_session(&request);
    }
    let (ticket, request) = (Some(ticket), Arc::unwrap_or_clone(request));
    say_rejected(world, RequestRejected { ticket, request, by, error: error.clone() });
    joined.into_iter().for_each(|joined| reject(world, joined, error.clone()));
}

fn starts_a_session(request: &Request) -> bool {
    use SessionRequest::{Start, StartIn, StartOrContinue};

    let Request::Session(request) = request else { return false };
    matches!(request, Start(_) | StartIn { .. } | StartOrContinue(_))
}

/// Reports that a part of a request failed: the part about one of many sessions.
pub(in crate::lifecycle) fn reject_part(
    world: &mut World,
    request: impl Into<Request>,
    error: RequestError,
) {
    let (request, ticket, by) = (request.into(), None, None);
    say_rejected(world, RequestRejected { ticket, request, by, error });
}

/// Answers all requests that won't be answered any more, except these.
pub(in crate::lifecycle) fn reject_all(
    world: &mut World,
    but_for: Option<Ticket>,
    error: &RequestError,
) {
    let Some(queue) = world.get_resource::<RequestQueue>() else { return };
    for ticket in queue.open.tickets() {
        if Some(ticket) != but_for {
            reject(world, ticket, error.clone());
        }
    }
}

pub(super) fn say_rejected(world: &mut World, rejected: RequestRejected) {
    let RequestRejected { request, by, error, .. } = &rejected;
    let rules = request.rules();
    let (name, about) = (rules.name, rules.about.name());
    let what = format!("{by:?} {request:?}: {error}");
    if world.get_resource_or_init::<RequestQueue>().logged.is_new(what) {
        let is_unsaved = starts_a_session(request) && !world.contains_resource::<CurrentSession>();
        let but = if is_unsaved { ": nothing is saved until a session is started" } else { "" };
        warn!(request = name, about, by, %error, page = PAGE, "request rejected{but}");
    } else {
        debug!(?request, by, %error, "request rejected once more");
    }
    notify(world, rejected);
}

/// The rejections that were logged lately: a game may ask in every frame.
#[derive(Default)]
pub(super) struct LoggedRejections(HashMap<String, Instant>);

impl LoggedRejections {
    /// The time after which the same rejection is logged again.
    const QUIET: Duration = Duration::from_secs(10);

    /// Notes a rejection. Returns true if it wasn't logged lately.
    fn is_new(&mut self, what: String) -> bool {
        let now = clock::instant();
        self.0.retain(|_, logged| now.duration_since(*logged) < Self::QUIET);
        let is_new = !self.0.contains_key(&what);
        if is_new {
            self.0.insert(what, now);
        }
        is_new
    }
}
