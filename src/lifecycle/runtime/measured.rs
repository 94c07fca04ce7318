//! Measurements of the plugin itself, if [`Measurements`] are requested. Without them the cost is
//! one look-up.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bevy_session_journal::Ticket;
use bevy_session_journal::internal::model::clock;
use bevy_session_journal::internal::write::{News, Surroundings};

use super::last_look::LastLook;
use crate::content::Order;
use crate::monitoring::{Measurements, SessionOperation};

/// Time between two looks at the disk and the process, on the writer's thread.
const BETWEEN_LOOKS: Duration = Duration::from_secs(10);
/// The most orders whose answers are waited for. A writer that is gone answers none.
const WAITING: usize = 256;

/// Times orders, and keeps the measurements until they are published.
#[derive(Default)]
pub(crate) struct Stopwatch {
    begun: VecDeque<Begun>,
    /// The time of the oldest listing that was ordered. One listing answers all orders before it.
    listing_since: Option<Instant>,
    done: Vec<(SessionOperation, Option<Duration>)>,
    /// The time at which the session was asked for whose first checkpoint is still to be captured.
    starting: Option<Instant>,
    lock_waits: u64,
    surroundings: Surroundings,
    looked: LastLook,
}

/// An order whose answer is waited for.
struct Begun {
    ticket: Ticket,
    operation: SessionOperation,
    at: Instant,
}

impl Stopwatch {
    /// A stopwatch that is set up when the first listing was ordered.
    pub(in crate::lifecycle) fn since_first_listing() -> Self {
        Self { listing_since: Some(clock::instant()), ..Self::default() }
    }

    pub(in crate::lifecycle) fn note_order(&mut self, order: &Order) {
        if let Order::Detect { .. } = order {
            self.listing_since.get_or_insert_with(clock::instant);
        }
        let Some((operation, ticket)) = operation_of(order) else { return };
        if self.begun.len() == WAITING {
            self.begun.pop_front();
        }
        self.begun.push_back(Begun { ticket, operation, at: clock::instant() });
    }

    pub(in crate::lifecycle) fn note_answer(&mut self, news: &News) {
        match news {
            News::Measured(surroundings) => self.surroundings = *surroundings,
            News::Detected { is_asked_for: true, .. } => {
                let since = self.listing_since.take();
                let listed = since.map(|at| (SessionOperation::Listing, Some(at.elapsed())));
                self.done.extend(listed);
            }
            _ => {}
        }
        let Some((ticket, has_failed)) = answered_by(news) else { return };
        let place = self.begun.iter().position(|begun| begun.ticket == ticket);
        let Some(begun) = place.and_then(|place| self.begun.remove(place)) else { return };
        self.done.push((begun.operation, (!has_failed).then(|| begun.at.elapsed())));
    }

    /// A request was handled.
    pub(in crate::lifecycle) fn note_request(&mut self, begun: Instant) {
        self.done.push((SessionOperation::Request, Some(begun.elapsed())));
    }

    /// A session is played from now on that was asked for at this time.
    pub(in crate::lifecycle) fn note_start(&mut self, made_at: Option<Instant>) {
        self.starting = made_at;
    }

    /// A frame is over; `has_captured` says if a checkpoint was captured of the session that is
    /// played, and is `None` if none is: one that was left before that was never started.
    pub(in crate::lifecycle) fn follow_start(&mut self, has_captured: Option<bool>) {
        if has_captured == Some(false) {
            return;
        }
        if let Some(made_at) = self.starting.take()
            && has_captured.is_some()
        {
            self.done.push((SessionOperation::Start, Some(made_at.elapsed())));
        }
    }

    /// Counts a retry because another process holds the session.
    pub(in crate::lifecycle) fn note_lock_wait(&mut self) {
        self.lock_waits += 1;
    }

    /// Publishes the measurements since the last time.
    pub(in crate::lifecycle) fn publish(&mut self, measured: &mut Measurements) {
        measured.add_done(&mut self.done);
        measured.lock_waits = self.lock_waits;
        measured.surroundings = self.surroundings;
    }

    /// Returns true if it is time to look at the disk and the process.
    pub(in crate::lifecycle) fn is_look_due(&mut self, now: Duration) -> bool {
        self.looked.is_due(now, BETWEEN_LOOKS)
    }
}

/// The operation that an order begins, if it is timed from order to answer, and the order's ticket.
fn operation_of(order: &Order) -> Option<(SessionOperation, Ticket)> {
    Some(match order {
        Order::Slot { ticket, .. } => (SessionOperation::Slot, (*ticket)?),
        Order::Shelve { ticket, .. } => (SessionOperation::Archive, *ticket),
        Order::EditMany { ticket, .. } => (SessionOperation::Retention, *ticket),
        Order::ReadEvents { ticket, .. } => (SessionOperation::EventPage, *ticket),
        Order::Describe { ticket, .. } => (SessionOperation::Report, *ticket),
        Order::ReadAttachment { ticket, .. } | Order::SessionAttachment { ticket, .. } => {
            (SessionOperation::Attachment, *ticket)
        }
        _ => return None,
    })
}

/// The ticket of the order that a report answers, and true if it failed.
fn answered_by(news: &News) -> Option<(Ticket, bool)> {
    Some(match news {
        News::Slot { result, ticket, .. } => ((*ticket)?, result.is_err()),
        News::Shelved { result, ticket, .. } => ((*ticket)?, result.is_err()),
        News::EditedMany { edited, ticket } => (*ticket, !edited.refused.is_empty()),
        News::EventsRead { result, ticket, .. } => (*ticket, result.is_err()),
        News::Described { result, ticket, .. } => (*ticket, result.is_err()),
        News::SessionAttachment { result, ticket, .. } => (*ticket, result.is_err()),
        News::AttachmentRead { result, ticket, .. } => (*ticket, result.is_err()),
        _ => return None,
    })
}
