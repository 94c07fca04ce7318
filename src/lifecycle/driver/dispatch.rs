//! Handles the game's requests, in the order in which they were made, or a later one first if the
//! earlier one waits.

use bevy::platform::collections::HashSet;
use bevy::prelude::*;
use bevy_session_journal::internal::model::clock;
use bevy_session_journal::{RequestError, SessionId};
use tracing::{debug, info_span};

use super::routes::handle_by_topic;
use crate::content::Order;
use crate::lifecycle::CurrentSession;
use crate::lifecycle::external::{is_looking_for_backups, take_external_answers};
use crate::lifecycle::guards::ask_guards;
use crate::lifecycle::requests::open_requests::{close, finish, reject};
use crate::lifecycle::requests::queue::{Asked, RequestQueue};
use crate::lifecycle::requests::{AboutOthers, Needs, Request, Rules, SessionRequest};
use crate::lifecycle::runtime::RuntimeParts;
use crate::lifecycle::runtime::transition::Transition;
use crate::lifecycle::transitions::backups::{cancel_loading_if_asked, follow_loading};
use crate::lifecycle::transitions::ending::go_on_ending;
use crate::lifecycle::transitions::profiles::refuse_during_restore;
use crate::lifecycle::transitions::starting::admit_session;
use crate::lifecycle::transitions::take_up::cancel_preparing_if_asked;
use crate::lifecycle::transitions::whereabouts::{
    Whereabouts, cancel_search_if_asked, whereabouts,
};

/// Handles requests until one has to wait for the writer.
pub(in crate::lifecycle) fn handle_requests(parts: &mut RuntimeParts, world: &mut World) {
    go_on_ending(parts, world);
    if parts.start_up.begin_next_look(parts.time.now()) {
        parts.order(Order::Detect { ticket: None });
    }
    take_external_answers(parts, world);
    follow_loading(parts, world);
    cancel_preparing_if_asked(parts, world);
    cancel_loading_if_asked(parts, world);
    cancel_search_if_asked(parts, world);
    handle_what_can_be(parts, world);
    refuse_during_restore(parts, world);
    if let Some(mut queue) = world.get_resource_mut::<RequestQueue>() {
        queue.note_left_over();
    }
}

fn handle_what_can_be(parts: &mut RuntimeParts, world: &mut World) {
    let mut order = Overtaking::default();
    while let Some(asked) = next_request(parts, world, &mut order) {
        // A restore has led the game on from there.
        if asked.is_by_state && !parts.hooks.is_where_sessions_close(world) {
            continue;
        }
        let session = world.get_resource::<CurrentSession>().map(CurrentSession::id);
        let session = session.map(tracing::field::display);
        let _span =
            info_span!("session_request", request = asked.request.name(), session.id = session)
                .entered();
        debug!("request");
        let begun = parts.writer.stopwatch.is_some().then(clock::instant);
        let handled = handle(parts, world, &asked);
        if let (Some(stopwatch), Some(begun), Ok(())) =
            (&mut parts.writer.stopwatch, begun, &handled)
        {
            stopwatch.note_request(begun);
        }
        match handled {
            Ok(()) if asked.request.rules().is_done_at_once => finish(world, asked.ticket),
            Ok(()) => {}
            // The game has ended or closed it in the same moment.
            Err(RequestError::NoSession | RequestError::OtherSession { .. })
                if asked.is_by_state =>
            {
                drop(close(world, asked.ticket));
            }
            Err(error) => reject(world, asked.ticket, error),
        }
    }
}

/// Takes the next request that can be handled now.
fn next_request(
    parts: &mut RuntimeParts,
    world: &mut World,
    order: &mut Overtaking,
) -> Option<Asked> {
    let queue = world.get_resource::<RequestQueue>()?;
    match &parts.transition {
        None => order.begin(queue, None),
        // What is played goes on until the other one was read.
        Some(Transition::Preparing(preparing)) if parts.is_captured() => {
            order.begin(queue, Some(preparing.session));
        }
        Some(_) => return None,
    }
    while let Some(asked) = queue.get(order.place) {
        let rules = asked.request.rules();
        let about = rules.about_others(world);
        let may_be_handled = order.may_be_handled(asked, &rules, &about, parts.session());
        if must_wait(parts, &asked.request) {
            order.wait_for(rules.needs);
            order.pass(&rules, about);
        } else if !may_be_handled || waits_for_filing(parts, &about) {
            order.pass(&rules, about);
        } else if waits_for_replica(parts, world, asked) {
            // What is said of a session meanwhile decides whether it is the one that is wanted.
            order.pass(&rules, AboutOthers::None);
        } else {
            break;
        }
    }
    queue.get(order.place)?;
    let mut queue = world.get_resource_mut::<RequestQueue>()?;
    order.left = queue.len() - 1;
    queue.remove(order.place)
}

/// Returns true if a session that the request is about is busy with another operation.
fn waits_for_filing(parts: &RuntimeParts, about: &AboutOthers) -> bool {
    match about {
        AboutOthers::None => false,
        AboutOthers::One(session) => parts.filings.are_of(*session),
        AboutOthers::Any => !parts.filings.are_done(),
    }
}

/// Returns true if a request has to wait for the list of sessions or of slots.
fn must_wait(parts: &RuntimeParts, request: &Request) -> bool {
    let sessions_are_known = parts.start_up.sessions_are_decided(parts.time.now());
    match request.rules().needs {
        Needs::Nothing => false,
        Needs::Sessions => {
            let is_known = sessions_are_known && !is_looking_for_backups(parts);
            !is_known || parts.start_up.waits_for_next_look()
        }
        // A writer that is gone answers nothing, and this request is rejected for that.
        _ if parts.writer.link.is_broken() => false,
        Needs::Slots => !sessions_are_known || parts.writer.link.slots_in_flight() > 0,
        Needs::SlotAnswers => parts.writer.link.slots_in_flight() > 0,
    }
}

/// Returns true if the request names a session of which it isn't known yet whether another machine has it.
fn waits_for_replica(parts: &mut RuntimeParts, world: &World, asked: &Asked) -> bool {
    let Request::Session(SessionRequest::StartOrContinue(new)) = &*asked.request else {
        return false;
    };
    parts.session().is_none()
        && matches!(whereabouts(parts, world, asked.ticket, new), Ok(Whereabouts::Unknown))
}

pub(in crate::lifecycle) fn handle(
    parts: &mut RuntimeParts,
    world: &mut World,
    asked: &Asked,
) -> Result<(), RequestError> {
    world.get_resource_or_init::<RequestQueue>().open(asked);
    if let (Some(asked_of), Some(session)) = (asked.of, parts.session())
        && asked_of != session
    {
        return Err(RequestError::OtherSession { asked_of });
    }
    // Where the world was left, there is nothing else to do.
    let has_left_world = parts.playing.as_ref().is_some_and(|playing| playing.has_left_world);
    let is_guarded = !(asked.is_step || asked.is_by_state && has_left_world);
    if is_guarded {
        ask_guards(&mut parts.hooks.guards, world, &asked.request, asked.by.as_deref())?;
        if asked.request.rules().starts_session {
            admit_session(world)?;
        }
    }
    if let Some(player) = asked.by.as_ref().filter(|_| asked.request.is_audited()) {
        let (player, ticket) = (player.clone(), asked.ticket);
        parts.order(Order::AskedBy { player, ticket });
    }
    handle_by_topic(parts, world, asked.ticket, &asked.request)
}

/// Finds the requests that may be handled before earlier ones that wait.
///
/// A waiting request about a session delays others about the same one. A request that may lead to
/// another session delays all that don't name their session.
#[derive(Default)]
struct Overtaking {
    /// The next request to look at.
    place: usize,
    /// The number of requests left after the last look.
    left: usize,
    sessions: HashSet<SessionId>,
    /// True if one of them depends on the list of all sessions.
    any: bool,
    /// True if one of them may lead to another session.
    leads_elsewhere: bool,
    /// True if one of them is about the sessions that are listed then.
    needs_sessions: bool,
    /// True if one of them is about the slots that are there then.
    needs_slots: bool,
}

impl Overtaking {
    /// Continues the search, considering the session that is being read; from the beginning if
    /// requests were added.
    fn begin(&mut self, queue: &RequestQueue, read: Option<SessionId>) {
        if queue.len() != self.left {
            *self = Self::default();
        }
        self.leads_elsewhere |= read.is_some();
        self.sessions.extend(read);
    }

    /// One waits for the list of sessions or slots. None that changes the list may be handled before it.
    fn wait_for(&mut self, needs: Needs) {
        self.needs_sessions |= needs == Needs::Sessions;
        self.needs_slots |= matches!(needs, Needs::Slots | Needs::SlotAnswers);
    }

    fn pass(&mut self, rules: &Rules, about: AboutOthers) {
        self.place += 1;
        self.leads_elsewhere |= rules.leads_elsewhere;
        match about {
            AboutOthers::None => {}
            AboutOthers::One(session) => drop(self.sessions.insert(session)),
            AboutOthers::Any => self.any = true,
        }
    }

    fn may_be_handled(
        &self,
        asked: &Asked,
        rules: &Rules,
        about: &AboutOthers,
        played: Option<SessionId>,
    ) -> bool {
        let means_played = asked.of.is_some() && asked.of == played;
        let is_kept_back =
            self.needs_sessions && !means_played || self.needs_slots && asked.request.writes_slot();
        if is_kept_back {
            return false;
        }
        let means_one = means_played || matches!(about, AboutOthers::One(_));
        if self.leads_elsewhere && !(means_one && rules.leaves_all_as_it_is()) {
            return false;
        }
        match about {
            AboutOthers::None => true,
            AboutOthers::One(session) => !self.any && !self.sessions.contains(session),
            AboutOthers::Any => !self.any && self.sessions.is_empty(),
        }
    }
}
