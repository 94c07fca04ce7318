//! The game's requests, in the order in which they were made.

use std::any::TypeId;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use bevy::prelude::*;
use bevy_session_journal::internal::model::clock;
use bevy_session_journal::{Leaving, RequestError, SessionId, Ticket, limits};

use super::open_requests::{LoggedRejections, OpenRequests, reject, say_rejected};
use super::{About, CurrentRequest, Request, SessionRequest, SlotRequest};
use crate::capture::SaveKey;
use crate::lifecycle::notifications::RequestRejected;
use crate::restore::RestoreManner;

/// Requests that wait for the end of the frame, or for an earlier one to be finished.
#[derive(Resource, Default)]
pub(crate) struct RequestQueue {
    waiting: VecDeque<Asked>,
    /// The number of requests left when they were last handled, of those that still wait.
    left_over: usize,
    /// Requests that were handled and aren't answered yet.
    pub(super) open: OpenRequests,
    /// True if the game wanted to start a session, and was refused.
    pub(super) start_was_refused: bool,
    pub(super) logged: LoggedRejections,
    /// The state by which the game has entered its menu, until that is dealt with.
    entered_menu: Option<MenuEntered>,
}

/// A state that closes the session, and was entered.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(in crate::lifecycle) struct MenuEntered {
    /// Its type; `None` if it follows other states, as sub-states and computed ones do.
    root: Option<TypeId>,
}

impl MenuEntered {
    pub(in crate::lifecycle) fn by<S: States>() -> Self {
        Self { root: (S::DEPENDENCY_DEPTH == 1).then(TypeId::of::<S>) }
    }

    /// Returns true if it may be a consequence of setting states of these types.
    pub(in crate::lifecycle) fn comes_of(self, is_set: impl Fn(TypeId) -> bool) -> bool {
        self.root.is_none_or(is_set)
    }
}

/// A request, and the session that it is about, if known.
pub(in crate::lifecycle) struct Asked {
    pub ticket: Ticket,
    pub request: Arc<Request>,
    pub(in crate::lifecycle) of: Option<SessionId>,
    /// The player who makes the request; `None` if the game itself does.
    pub(in crate::lifecycle) by: Option<String>,
    /// The manner in which its checkpoint is restored, if the request chose one.
    manner: Option<RestoreManner>,
    made_at: Instant,
    /// True if it is a step of a request that the game's guards have let through.
    pub(in crate::lifecycle) is_step: bool,
    /// True if a state of the game closes the session, and nobody minds if that has been left before.
    pub(in crate::lifecycle) is_by_state: bool,
}

impl RequestQueue {
    /// Adds a request, which is about the session that is being played, unless an earlier one in
    /// the same frame may lead to another.
    pub(crate) fn push(&mut self, request: Request, current: Option<SessionId>) {
        self.push_by((None, None), (Ticket::new(), request), current);
    }

    /// The same, for a player, with the manner of a restore.
    pub(super) fn push_by(
        &mut self,
        (by, manner): (Option<String>, Option<RestoreManner>),
        (ticket, request): (Ticket, Request),
        current: Option<SessionId>,
    ) {
        let is_about_played = matches!(request.rules().about, About::Played);
        let mut asked_before = self.waiting.iter().skip(self.left_over);
        let may_change = asked_before.any(|asked| asked.request.rules().leads_elsewhere);
        let of = current.filter(|_| is_about_played && !may_change);
        let request = Arc::new(request);
        let (made_at, is_step) = (clock::instant(), false);
        let is_by_state = false;
        let asked = Asked { ticket, request, of, by, manner, made_at, is_step, is_by_state };
        self.waiting.push_back(asked);
    }

    /// Closes the session that is played, since the game has entered a state.
    pub(in crate::lifecycle) fn close_by_state(&mut self, current: SessionId) {
        let close = CurrentRequest::Close(Leaving::default()).into();
        self.push_about(current, Ticket::new(), close);
        if let Some(asked) = self.waiting.back_mut() {
            asked.is_by_state = true;
        }
    }

    /// Notes that a state was entered that closes the session.
    pub(in crate::lifecycle) fn note_menu(&mut self, menu: MenuEntered) {
        self.entered_menu = Some(menu);
    }

    /// Such a state, if one was entered since the last call.
    pub(in crate::lifecycle) fn take_menu(&mut self) -> Option<MenuEntered> {
        self.entered_menu.take()
    }

    /// Returns true if a state closes the session, and the request waits.
    pub(in crate::lifecycle) fn is_closed_by_state(&self) -> bool {
        self.waiting.iter().any(|asked| asked.is_by_state)
    }

    /// Takes the requests of earlier frames that lead to another world.
    pub(in crate::lifecycle) fn take_what_led_on(&mut self) -> Vec<Asked> {
        self.take_among(self.left_over, Request::leads_on)
    }

    /// Returns true if a request waits that saves to a slot.
    pub(in crate::lifecycle) fn wants_slot(&self) -> bool {
        let is_save = |request: &Request| matches!(request, Request::Slot(SlotRequest::Save(_)));
        self.waiting.iter().any(|asked| is_save(&asked.request))
    }

    /// Adds a request about this session, and about no other, whatever was asked before it.
    fn push_about(&mut self, session: SessionId, ticket: Ticket, request: Request) {
        let request = Arc::new(request);
        let (of, made_at, is_step) = (Some(session), clock::instant(), false);
        let (by, manner, is_by_state) = Default::default();
        let asked = Asked { ticket, request, of, by, manner, made_at, is_step, is_by_state };
        self.waiting.push_back(asked);
    }

    /// Delays all requests until this step of one is done.
    pub(in crate::lifecycle) fn do_first(&mut self, ticket: Ticket, request: Request) {
        let (request, made_at, is_step) = (Arc::new(request), clock::instant(), true);
        let (of, by, manner, is_by_state) = Default::default();
        let asked = Asked { ticket, request, of, by, manner, made_at, is_step, is_by_state };
        self.waiting.push_front(asked);
    }

    /// Returns true if a request waits that names its session.
    pub(in crate::lifecycle) fn wants_session_by_name(&self) -> bool {
        let mut waiting = self.waiting.iter().map(|asked| &*asked.request);
        waiting.any(|it| matches!(it, Request::Session(SessionRequest::StartOrContinue(_))))
    }

    /// Returns true if a request waits after which the next entity with a key begins as the game spawns it: the game
    /// ends its session and spawns the next round in one go.
    pub(in crate::lifecycle) fn lets_start_fresh(&self, key: &SaveKey) -> bool {
        self.waiting.iter().any(|asked| match &*asked.request {
            Request::Current(CurrentRequest::End { .. }) => true,
            Request::Current(CurrentRequest::ForgetKey(forgotten)) => forgotten == key,
            Request::Current(CurrentRequest::ForgetKeys(prefix)) => {
                key.as_str().starts_with(prefix)
            }
            _ => false,
        })
    }

    /// Returns true if the game wanted to start a session, and was refused.
    pub(in crate::lifecycle) fn start_was_refused(&self) -> bool {
        self.start_was_refused
    }

    /// Forgets the steps that wait: their requests are answered at once.
    pub(in crate::lifecycle) fn drop_steps(&mut self) {
        self.waiting.retain(|asked| !asked.is_step);
    }

    /// Handles a request that was taken out of turn. Returns its ticket.
    pub(in crate::lifecycle) fn open(&mut self, asked: &Asked) -> Ticket {
        let of_it = (asked.by.as_ref(), asked.manner);
        self.open.open(asked.ticket, &asked.request, of_it, asked.made_at);
        asked.ticket
    }

    /// The request at a place, from the earliest on.
    pub(in crate::lifecycle) fn get(&self, place: usize) -> Option<&Asked> {
        self.waiting.get(place)
    }

    /// Takes the request at a place.
    pub(in crate::lifecycle) fn remove(&mut self, place: usize) -> Option<Asked> {
        self.left_over -= usize::from(place < self.left_over);
        self.waiting.remove(place)
    }

    /// Notes that requests were handled, as far as they could be.
    pub(in crate::lifecycle) fn note_left_over(&mut self) {
        self.left_over = self.waiting.len();
    }

    /// The number of waiting requests.
    pub(in crate::lifecycle) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Returns true if no request waits.
    pub(in crate::lifecycle) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes matching requests out of turn.
    pub(in crate::lifecycle) fn take(
        &mut self,
        is_wanted: impl Fn(&Request) -> bool,
    ) -> Vec<Asked> {
        self.take_among(self.waiting.len(), is_wanted)
    }

    /// Takes those among the first ones that match.
    fn take_among(&mut self, first: usize, is_wanted: impl Fn(&Request) -> bool) -> Vec<Asked> {
        let asked = std::mem::take(&mut self.waiting).into_iter().enumerate();
        let (taken, kept): (Vec<_>, Vec<_>) =
            asked.partition(|(place, asked)| *place < first && is_wanted(&asked.request));
        self.left_over -= taken.iter().filter(|(place, _)| *place < self.left_over).count();
        self.waiting = kept.into_iter().map(|(_, asked)| asked).collect();
        taken.into_iter().map(|(_, asked)| asked).collect()
    }

    /// Returns true if this request waits.
    pub(in crate::lifecycle) fn has(&self, ticket: Ticket) -> bool {
        self.waiting.iter().any(|asked| asked.ticket == ticket)
    }

    /// Takes this request out of turn.
    pub(in crate::lifecycle) fn take_one(&mut self, ticket: Ticket) -> Option<Asked> {
        let place = self.waiting.iter().position(|asked| asked.ticket == ticket)?;
        self.remove(place)
    }

    /// Takes everything.
    pub(in crate::lifecycle) fn take_all(&mut self) -> Vec<Asked> {
        self.left_over = 0;
        std::mem::take(&mut self.waiting).into()
    }
}

/// Run condition: a state was entered that closes the session.
pub(crate) fn menu_was_entered(queue: Option<Res<RequestQueue>>) -> bool {
    queue.is_some_and(|queue| queue.entered_menu.is_some())
}

/// Answers a request that was taken out of the queue and not handled, or handled only as a step.
pub(in crate::lifecycle) fn reject_asked(world: &mut World, asked: Asked, error: RequestError) {
    let Asked { ticket, request, by, is_step, .. } = asked;
    if is_step {
        return reject(world, ticket, error);
    }
    let (ticket, request) = (Some(ticket), Arc::unwrap_or_clone(request));
    say_rejected(world, RequestRejected { ticket, request, by, error });
}

/// Fails if a text is too long to be kept.
pub(in crate::lifecycle) fn check_text(text: &str) -> Result<(), RequestError> {
    RequestError::refuse_longer(text.len(), limits::STRING_BYTES)
}

/// Asks to close this session, if it is still the one that is played when the request is handled.
pub fn ask_to_close(world: &mut World, ticket: Ticket, session: SessionId, leaving: Leaving) {
    let request = CurrentRequest::Close(leaving).into();
    world.get_resource_or_init::<RequestQueue>().push_about(session, ticket, request);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::SlotRequest;
    use bevy_session_journal::{NewSession, SaveSlot};

    fn newest_is_about(queue: &RequestQueue) -> Option<SessionId> {
        queue.waiting.back().and_then(|asked| asked.of)
    }

    #[test]
    fn a_request_queued_after_a_start_or_close_has_no_session() {
        let played = Some(SessionId::random());
        let mut queue = RequestQueue::default();
        let save = || Request::Slot(SlotRequest::Save(SaveSlot::quick()));
        queue.push(save(), played);
        assert_eq!(newest_is_about(&queue), played);
        queue.push(CurrentRequest::Close(Leaving::default()).into(), played);
        queue.push(SessionRequest::Start(NewSession::named("Next")).into(), played);
        queue.push(save(), played);
        assert_eq!(newest_is_about(&queue), None, "it is about the next one");
        // In a later frame the start still waits, and the session before is there.
        queue.left_over = queue.waiting.len();
        queue.push(save(), played);
        assert_eq!(newest_is_about(&queue), played);
    }

    #[test]
    fn a_request_behind_one_that_leads_elsewhere_has_no_session_after_another_was_taken_out_of_turn()
     {
        let played = Some(SessionId::random());
        let mut queue = RequestQueue::default();
        queue.push(SessionRequest::CancelRestore.into(), played);
        queue.note_left_over();
        let taken = queue.take(|request| *request == SessionRequest::CancelRestore.into());
        assert_eq!(taken.len(), 1);
        queue.push(SessionRequest::Continue(SessionId::random()).into(), played);
        queue.push(Request::Slot(SlotRequest::Save(SaveSlot::quick())), played);
        assert_eq!(newest_is_about(&queue), None, "it is about the one that is continued");
    }
}
