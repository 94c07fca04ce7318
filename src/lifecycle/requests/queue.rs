//! The game's requests, in the order in which they were made.

use std::collections::VecDeque;
use std::sync::Arc;

use bevy::platform::collections::HashSet;
use bevy::prelude::*;
use tracing::{debug, info_span};

use super::open_requests::{OpenRequests, finish, reject, say_rejected};
use super::{Request, SessionRequest};
use crate::clock;
use crate::content::Order;
use crate::ids::Ticket;
use crate::journal::{SessionId, limits};
use crate::lifecycle::CurrentSession;
use crate::lifecycle::notifications::RequestRejected;
use crate::lifecycle::runtime::{RuntimeParts, Transition};
use crate::lifecycle::starting::admit_session;
use crate::session::RequestError;

/// Requests that wait for the end of the frame, or for the one before them to be finished.
#[derive(Resource, Default)]
pub(crate) struct RequestQueue {
    waiting: VecDeque<Asked>,
    /// How many of them were there when requests were handled last.
    left_over: usize,
    /// What was handled, and isn't answered yet.
    pub(super) open: OpenRequests,
}

/// A request, and the session that it is about where it is known.
pub(in crate::lifecycle) struct Asked {
    pub ticket: Ticket,
    pub request: Arc<Request>,
    of: Option<SessionId>,
    /// The player who asks; `None` if the game itself does.
    by: Option<String>,
    /// Whether it is a step of a request that the game's guards have let through.
    is_step: bool,
}

impl RequestQueue {
    /// Takes up a request, which is about the session that is being played: unless what was asked
    /// before in the same frame may lead to another.
    pub(crate) fn push(&mut self, request: Request, current: Option<SessionId>) {
        self.push_by(None, (Ticket::new(), request), current);
    }

    /// The same, for a player who asks.
    pub(super) fn push_by(
        &mut self,
        by: Option<String>,
        (ticket, request): (Ticket, Request),
        current: Option<SessionId>,
    ) {
        let mut asked_before = self.waiting.iter().skip(self.left_over);
        let may_change = asked_before.any(|asked| asked.request.may_change_session());
        let of = current.filter(|_| request.is_about_current() && !may_change);
        let request = Arc::new(request);
        self.waiting.push_back(Asked { ticket, request, of, by, is_step: false });
    }

    /// Puts off all requests until this step of one is done.
    pub(in crate::lifecycle) fn do_first(&mut self, ticket: Ticket, request: Request) {
        let (request, of, by, is_step) = (Arc::new(request), None, None, true);
        self.waiting.push_front(Asked { ticket, request, of, by, is_step });
    }

    /// Forgets the steps that wait: their requests are answered at once.
    pub(in crate::lifecycle) fn drop_steps(&mut self) {
        self.waiting.retain(|asked| !asked.is_step);
    }

    /// Handles a request that was taken out of turn; its ticket.
    pub(in crate::lifecycle) fn open(&mut self, asked: &Asked) -> Ticket {
        self.open.open(asked.ticket, &asked.request, asked.by.as_ref());
        asked.ticket
    }

    /// How many wait.
    pub(in crate::lifecycle) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether nothing waits.
    pub(in crate::lifecycle) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes out of turn what is like this.
    pub(in crate::lifecycle) fn take(
        &mut self,
        is_wanted: impl Fn(&Request) -> bool,
    ) -> Vec<Asked> {
        let asked = std::mem::take(&mut self.waiting).into_iter();
        let (taken, kept): (VecDeque<_>, VecDeque<_>) =
            asked.partition(|asked| is_wanted(&asked.request));
        self.waiting = kept;
        taken.into()
    }

    /// Takes everything.
    pub(in crate::lifecycle) fn take_all(&mut self) -> Vec<Asked> {
        std::mem::take(&mut self.waiting).into()
    }
}

impl RuntimeParts {
    /// Handles requests until one has to wait for the writer.
    pub(in crate::lifecycle) fn handle_requests(&mut self, world: &mut World) {
        self.go_on_ending(world);
        if self.start_up.begin_next_look(self.time.now()) {
            self.order(Order::Detect { ticket: None });
        }
        self.take_external_answers(world);
        self.cancel_preparing_if_asked(world);
        self.cancel_loading_if_asked(world);
        self.handle_what_can_be(world);
        self.refuse_during_restore(world);
        if let Some(mut queue) = world.get_resource_mut::<RequestQueue>() {
            queue.left_over = queue.waiting.len();
        }
    }

    fn handle_what_can_be(&mut self, world: &mut World) {
        let mut order = Overtaking::default();
        while let Some(asked) = self.next_request(world, &mut order) {
            let session = world.get_resource::<CurrentSession>().map(CurrentSession::id);
            let session = session.map(tracing::field::display);
            let _span =
                info_span!("session_request", request = asked.request.name(), session.id = session)
                    .entered();
            debug!("request");
            let begun = self.writer.stopwatch.is_some().then(clock::instant);
            let handled = self.handle(world, &asked);
            if let (Some(stopwatch), Some(begun), Ok(())) =
                (&mut self.writer.stopwatch, begun, &handled)
            {
                stopwatch.note_request(begun);
            }
            match handled {
                Ok(()) if asked.request.is_done_at_once() => finish(world, asked.ticket),
                Ok(()) => {}
                Err(error) => reject(world, asked.ticket, error),
            }
        }
    }

    /// Takes the next request that can be handled now.
    fn next_request(&self, world: &mut World, order: &mut Overtaking) -> Option<Asked> {
        let queue = world.get_resource::<RequestQueue>()?;
        match &self.transition {
            None => order.begin(queue, None),
            // What is played goes on until the other one was read.
            Some(Transition::Preparing(preparing)) if self.is_captured() => {
                order.begin(queue, Some(preparing.session));
            }
            Some(_) => return None,
        }
        while let Some(asked) = queue.waiting.get(order.place) {
            let about = asked.request.about_others(world);
            let may_be_handled = order.may_be_handled(asked, &about, self.session());
            if may_be_handled && !self.waits_for_filing(&about) {
                break;
            }
            order.pass(&asked.request, about);
        }
        let next = queue.waiting.get(order.place)?;
        if self.must_wait(&next.request) {
            return None;
        }
        let mut queue = world.get_resource_mut::<RequestQueue>()?;
        order.left = queue.waiting.len() - 1;
        queue.waiting.remove(order.place)
    }

    /// Whether something is being done with sessions that a request is about.
    fn waits_for_filing(&self, about: &AboutOthers) -> bool {
        match about {
            AboutOthers::None => false,
            AboutOthers::One(session) => self.filings.are_of(*session),
            AboutOthers::Any => !self.filings.are_done(),
        }
    }

    /// Whether a request has to wait, although the writer owes no answer, and all behind it.
    fn must_wait(&self, request: &Request) -> bool {
        let must_know_sessions = matches!(
            request,
            Request::Session(SessionRequest::StartOrContinue(_) | SessionRequest::EditAll(..))
        );
        let is_known = self.start_up.sessions_are_known() && !self.is_looking_for_backups();
        let must_look = !is_known || self.start_up.waits_for_next_look();
        (must_know_sessions && must_look) || self.must_wait_for_slots(request)
    }

    fn handle(&mut self, world: &mut World, asked: &Asked) -> Result<(), RequestError> {
        world.get_resource_or_init::<RequestQueue>().open(asked);
        if let (Some(asked_of), Some(session)) = (asked.of, self.session())
            && asked_of != session
        {
            return Err(RequestError::OtherSession { asked_of });
        }
        if !asked.is_step {
            self.ask_guards(world, &asked.request, asked.by.as_deref())?;
            if asked.request.starts_session() {
                admit_session(world)?;
            }
        }
        self.handle_by_topic(world, asked.ticket, &asked.request)
    }

    fn handle_by_topic(
        &mut self,
        world: &mut World,
        ticket: Ticket,
        request: &Request,
    ) -> Result<(), RequestError> {
        match request {
            Request::Session(request) => self.handle_session_request(world, ticket, request)?,
            Request::Current(request) => self.handle_current_request(world, ticket, request)?,
            Request::Slot(request) => self.handle_slot_request(world, ticket, request)?,
            Request::Attachment(request) => {
                self.handle_attachment_request(world, ticket, request)?;
            }
            Request::ReadEvents(query) => {
                self.order(Order::ReadEvents { query: query.clone(), ticket });
            }
            Request::ValidateEvents(session) => {
                self.order(Order::ValidateEvents { session: *session, ticket });
            }
            Request::Digest(order) => self.order_digests(world, ticket, order)?,
            Request::External(request) => self.handle_external_request(world, ticket, request)?,
            Request::UseProfile(profile) => self.use_profile(world, ticket, profile)?,
            Request::Report { report, path } => self.report(world, ticket, report, path)?,
            Request::SaveAsScenario { of, scenario, path } => {
                self.save_as_scenario(world, ticket, (*of, scenario), path)?;
            }
            Request::Export { session, path } => self.export(world, ticket, *session, path),
        }
        Ok(())
    }
}

/// The sessions that aren't played which a request is about.
pub(super) enum AboutOthers {
    None,
    One(SessionId),
    /// It goes by what is known of all of them.
    Any,
}

/// Which requests come before those that were made earlier and wait.
///
/// What waits for a session keeps back what is about the same one. What may lead to another session being played keeps
/// back all that doesn't say which one it means.
#[derive(Default)]
struct Overtaking {
    /// The next request to look at.
    place: usize,
    /// How many there were after the last look.
    left: usize,
    sessions: HashSet<SessionId>,
    /// Whether one of them goes by what is known of all sessions.
    any: bool,
    /// Whether one of them may lead to another session.
    leads_elsewhere: bool,
}

impl Overtaking {
    /// Looks on, beside the session that is being read; from the beginning where requests came.
    fn begin(&mut self, queue: &RequestQueue, read: Option<SessionId>) {
        if queue.waiting.len() != self.left {
            *self = Self::default();
        }
        self.leads_elsewhere |= read.is_some();
        self.sessions.extend(read);
    }

    fn pass(&mut self, request: &Request, about: AboutOthers) {
        self.place += 1;
        self.leads_elsewhere |= request.may_change_session();
        match about {
            AboutOthers::None => {}
            AboutOthers::One(session) => drop(self.sessions.insert(session)),
            AboutOthers::Any => self.any = true,
        }
    }

    fn may_be_handled(
        &self,
        asked: &Asked,
        about: &AboutOthers,
        played: Option<SessionId>,
    ) -> bool {
        let means_played = asked.of.is_some() && asked.of == played;
        let means_one = means_played || matches!(about, AboutOthers::One(_));
        if self.leads_elsewhere && !(means_one && asked.request.leaves_all_as_it_is()) {
            return false;
        }
        match about {
            AboutOthers::None => true,
            AboutOthers::One(session) => !self.any && !self.sessions.contains(session),
            AboutOthers::Any => !self.any && self.sessions.is_empty(),
        }
    }
}

/// Answers a request that was taken out of the queue, and not handled or as a step alone.
pub(in crate::lifecycle) fn reject_asked(world: &mut World, asked: Asked, error: RequestError) {
    let Asked { ticket, request, by, is_step, .. } = asked;
    if is_step {
        return reject(world, ticket, error);
    }
    let (ticket, request) = (Some(ticket), Arc::unwrap_or_clone(request));
    say_rejected(world, RequestRejected { ticket, request, by, error });
}

/// Whether a text is short enough to be kept.
pub(in crate::lifecycle) fn check_text(text: &str) -> Result<(), RequestError> {
    RequestError::refuse_longer(text.len(), limits::STRING_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::{CurrentRequest, SlotRequest};
    use crate::session::{Leaving, NewSession, SaveSlot};

    fn newest_is_about(queue: &RequestQueue) -> Option<SessionId> {
        queue.waiting.back().and_then(|asked| asked.of)
    }

    #[test]
    fn a_request_names_its_session_unless_another_may_come_of_what_was_asked_with_it() {
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
}
