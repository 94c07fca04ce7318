//! Measurements of the plugin itself, if [`Measurements`] are requested. Without them the cost is
//! one look-up.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bevy_session_journal::internal::model::clock;
use bevy_session_journal::internal::write::{News, SlotOrder, Surroundings};

use super::last_look::LastLook;
use crate::content::Order;
use crate::monitoring::{Measurements, SessionOperation};

/// Time between two looks at the disk and the process, on the writer's thread.
const BETWEEN_LOOKS: Duration = Duration::from_secs(10);
/// The most orders of one kind whose answers are waited for. A writer that is gone answers none.
const WAITING: usize = 64;

/// Times orders, and keeps the measurements until they are published.
#[derive(Default)]
pub(crate) struct Stopwatch {
    begun: [VecDeque<Instant>; SessionOperation::ALL.len()],
    done: Vec<(SessionOperation, Option<Duration>)>,
    /// The time at which the session was asked for whose first checkpoint is still to be captured.
    starting: Option<Instant>,
    lock_waits: u64,
    surroundings: Surroundings,
    looked: LastLook,
}

impl Stopwatch {
    /// A stopwatch that is set up when the first listing was ordered.
    pub(in crate::lifecycle) fn since_first_listing() -> Self {
        let mut stopwatch = Self::default();
        stopwatch.note_order(&Order::Detect { ticket: None });
        stopwatch
    }

    pub(in crate::lifecycle) fn note_order(&mut self, order: &Order) {
        let Some(operation) = operation_of(order) else { return };
        let Some(begun) = self.begun.get_mut(operation as usize) else { return };
        if begun.len() == WAITING {
            begun.pop_front();
        }
        begun.push_back(clock::instant());
    }

    pub(in crate::lifecycle) fn note_answer(&mut self, news: &News) {
        if let News::Measured(surroundings) = news {
            self.surroundings = *surroundings;
        }
        let Some((operation, has_failed)) = answered_by(news) else { return };
        let Some(begun) = self.begun.get_mut(operation as usize) else { return };
        // What is done by itself has no order, and is waited for by none.
        let Some(since) = begun.pop_front() else { return };
        if operation == SessionOperation::Listing {
            // One listing answers all that were asked for until then.
            begun.clear();
        }
        self.done.push((operation, (!has_failed).then(|| since.elapsed())));
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

/// The operation that an order begins, if it is timed from order to answer.
fn operation_of(order: &Order) -> Option<SessionOperation> {
    Some(match order {
        Order::Detect { .. } => SessionOperation::Listing,
        Order::Slot { order: SlotOrder::Refresh { .. }, .. } => return None,
        Order::Slot { .. } => SessionOperation::Slot,
        Order::Shelve { .. } => SessionOperation::Archive,
        Order::EditMany { .. } => SessionOperation::Retention,
        Order::ReadEvents { .. } => SessionOperation::EventPage,
        Order::Describe { .. } => SessionOperation::Report,
        Order::ReadAttachment { .. } | Order::SessionAttachment { .. } => {
            SessionOperation::Attachment
        }
        _ => return None,
    })
}

/// The operation that a report ends, and true if it failed.
fn answered_by(news: &News) -> Option<(SessionOperation, bool)> {
    Some(match news {
        News::Detected { is_asked_for: true, .. } => (SessionOperation::Listing, false),
        News::Slot { order: SlotOrder::Refresh { .. }, .. } => return None,
        News::Slot { result, .. } => (SessionOperation::Slot, result.is_err()),
        News::Shelved { ticket: Some(_), result, .. } => {
            (SessionOperation::Archive, result.is_err())
        }
        News::EditedMany { edited, .. } => {
            (SessionOperation::Retention, !edited.refused.is_empty())
        }
        News::EventsRead { result, .. } => (SessionOperation::EventPage, result.is_err()),
        News::Described { result, .. } => (SessionOperation::Report, result.is_err()),
        News::SessionAttachment { result, .. } => (SessionOperation::Attachment, result.is_err()),
        News::AttachmentRead { result, .. } => (SessionOperation::Attachment, result.is_err()),
        _ => return None,
    })
}
