//! What the plugin measures of itself, where `figures` asks for it. Without that it costs nothing but a look
//! whether somebody does.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy_session_journal::clock;
use bevy_session_journal::writer::{News, SlotOrder, Surroundings};

use super::last_look::LastLook;
use crate::content::Order;

/// Time between two looks at the disk and the process, on the writer's thread.
const BETWEEN_LOOKS: Duration = Duration::from_secs(10);
/// Orders of one kind whose answers are waited for. A writer that is gone answers none.
const WAITING: usize = 64;

/// What the plugin does, and what is counted and timed of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum SessionOperation {
    /// Copying what changed out of the world: time of the main thread.
    Capture,
    /// Making a checkpoint durable: from the hand-over to the end of the sync. A failed try is an error.
    Checkpoint,
    /// Putting a checkpoint back into the world: from the request to the last entity, loading screens
    /// included.
    Restore,
    /// Looking at all sessions: from the order to the answer, as with all that follow.
    Listing,
    /// Saving, copying, renaming, importing or deleting a slot.
    Slot,
    /// Moving a session into the archive or the trash, or back.
    Archive,
    /// Doing one thing with many sessions, as [`prune`](crate::library::LibraryCommands::prune) does.
    Retention,
    /// Reading a page of what happened.
    EventPage,
    /// Writing a report or an export.
    Report,
    /// Reading an attachment.
    Attachment,
    /// Handling a request: time of the main thread. One that is rejected, then or later, is an error.
    Request,
}

impl SessionOperation {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Capture,
        Self::Checkpoint,
        Self::Restore,
        Self::Listing,
        Self::Slot,
        Self::Archive,
        Self::Retention,
        Self::EventPage,
        Self::Report,
        Self::Attachment,
        Self::Request,
    ];

    /// What it is called in logs, alerts and metrics: one word in small letters.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Capture => "capture",
            Self::Checkpoint => "checkpoint",
            Self::Restore => "restore",
            Self::Listing => "listing",
            Self::Slot => "slot",
            Self::Archive => "archive",
            Self::Retention => "retention",
            Self::EventPage => "event_page",
            Self::Report => "report",
            Self::Attachment => "attachment",
            Self::Request => "request",
        }
    }

    /// What an order asks for, if that is timed from order to answer.
    fn of_order(order: &Order) -> Option<Self> {
        Some(match order {
            Order::Detect { .. } => Self::Listing,
            Order::Slot { order: SlotOrder::Refresh { .. }, .. } => return None,
            Order::Slot { .. } => Self::Slot,
            Order::Shelve { .. } => Self::Archive,
            Order::EditMany { .. } => Self::Retention,
            Order::ReadEvents { .. } => Self::EventPage,
            Order::Describe { .. } => Self::Report,
            Order::ReadAttachment { .. } | Order::SessionAttachment { .. } => Self::Attachment,
            _ => return None,
        })
    }

    /// What was answered, and whether it failed.
    fn of_answer(news: &News) -> Option<(Self, bool)> {
        Some(match news {
            News::Detected { is_asked_for: true, .. } => (Self::Listing, false),
            News::Slot { order: SlotOrder::Refresh { .. }, .. } => return None,
            News::Slot { result, .. } => (Self::Slot, result.is_err()),
            News::Shelved { ticket: Some(_), result, .. } => (Self::Archive, result.is_err()),
            News::EditedMany { edited, .. } => (Self::Retention, !edited.refused.is_empty()),
            News::EventsRead { result, .. } => (Self::EventPage, result.is_err()),
            News::Described { result, .. } => (Self::Report, result.is_err()),
            News::SessionAttachment { result, .. } => (Self::Attachment, result.is_err()),
            News::AttachmentRead { result, .. } => (Self::Attachment, result.is_err()),
            _ => return None,
        })
    }
}

/// What was measured since it was looked at last. Its being there is what asks for it.
#[derive(Resource, Default)]
pub(crate) struct Measured {
    /// Operations that were done, and how long each took; `None` if it failed.
    pub done: Vec<(SessionOperation, Option<Duration>)>,
    pub load: WriterLoad,
    /// How often a start waited for a session that another process held.
    pub lock_waits: u64,
    pub surroundings: Surroundings,
    pub writer_is_gone: bool,
}

/// What waits to be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct WriterLoad {
    /// Captures that the writer isn't done with.
    pub captures: usize,
    /// Things to be done with slots that the writer isn't done with.
    pub slots: usize,
    /// Requests that wait for one before them.
    pub requests: usize,
}

/// Times orders, and keeps what was measured until it is published.
#[derive(Default)]
pub(crate) struct Stopwatch {
    begun: [VecDeque<Instant>; SessionOperation::ALL.len()],
    done: Vec<(SessionOperation, Option<Duration>)>,
    lock_waits: u64,
    surroundings: Surroundings,
    looked: LastLook,
}

impl Stopwatch {
    /// One that is set up when the first listing was ordered.
    pub(in crate::lifecycle) fn since_first_listing() -> Self {
        let mut stopwatch = Self::default();
        stopwatch.note_order(&Order::Detect { ticket: None });
        stopwatch
    }

    pub(in crate::lifecycle) fn note_order(&mut self, order: &Order) {
        let Some(operation) = SessionOperation::of_order(order) else { return };
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
        let Some((operation, has_failed)) = SessionOperation::of_answer(news) else { return };
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

    /// A session is held by another process, and is tried again.
    pub(in crate::lifecycle) fn note_lock_wait(&mut self) {
        self.lock_waits += 1;
    }

    /// Hands over what was measured since the last time.
    pub(in crate::lifecycle) fn publish(&mut self, measured: &mut Measured) {
        measured.done.append(&mut self.done);
        measured.lock_waits = self.lock_waits;
        measured.surroundings = self.surroundings;
    }

    /// Whether it is time to look at the disk and the process.
    pub(in crate::lifecycle) fn is_look_due(&mut self, now: Duration) -> bool {
        self.looked.is_due(now, BETWEEN_LOOKS)
    }
}
