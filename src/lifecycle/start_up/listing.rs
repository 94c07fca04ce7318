//! What is known of the sessions on this machine, and the looks at them while they can't be listed.

use std::time::Duration;

use bevy_session_journal::internal::model::clock::Moment;
use bevy_session_journal::{FailureCause, RequestError};

use super::{BETWEEN_LOOKS, LONGEST_RACE};

/// The time between two looks once requests are answered though the sessions can't be listed.
const BETWEEN_LATER_LOOKS: Duration = Duration::from_secs(5);

/// What is known of the sessions on this machine.
#[derive(Default)]
pub(super) struct Listing {
    /// True once the sessions were read.
    is_known: bool,
    /// The reason that not all of them have a name: one can't be read.
    unread: Option<RequestError>,
    /// Set while they can't be listed.
    failing: Option<Failing>,
}

/// Sessions that can't be listed.
struct Failing {
    reason: FailureCause,
    since: Duration,
    next_look: Duration,
    is_looking: bool,
}

impl Listing {
    /// Returns true once the sessions were read.
    pub fn is_known(&self) -> bool {
        self.is_known
    }

    /// All of them were looked at; `unread` is the reason that one of them couldn't be read.
    pub fn note_read(&mut self, unread: Option<RequestError>) {
        *self = Self { is_known: true, unread, failing: None };
    }

    /// They can't be listed. Returns true if they could be until now.
    pub fn note_failure(&mut self, reason: FailureCause, now: Moment) -> bool {
        let before = self.failing.as_ref().map(|failing| failing.since);
        let since = before.unwrap_or(now.elapsed);
        let is_early = now.elapsed < since + LONGEST_RACE;
        let wait = if is_early { BETWEEN_LOOKS } else { BETWEEN_LATER_LOOKS };
        let next_look = now.elapsed + wait;
        self.failing = Some(Failing { reason, since, next_look, is_looking: false });
        before.is_none()
    }

    /// They are read again. What was known until now is outdated.
    pub fn expire(&mut self) {
        self.is_known = false;
    }

    /// Returns true if it is time to look again whether they can be listed.
    pub fn begin_next_look(&mut self, now: Moment) -> bool {
        let waiting = self.failing.as_mut().filter(|failing| !failing.is_looking);
        let Some(failing) = waiting.filter(|it| now.elapsed >= it.next_look) else { return false };
        failing.is_looking = true;
        true
    }

    /// Returns true if they couldn't be listed for so long that a request is answered without.
    pub fn has_failed(&self, now: Moment) -> bool {
        self.failing.as_ref().is_some_and(|it| now.elapsed >= it.since + LONGEST_RACE)
    }

    /// The reason that there may be a session of which nobody here knows.
    pub fn why_incomplete(&self) -> Option<RequestError> {
        let failing = self.failing.as_ref().map(|it| RequestError::Store(it.reason.clone()));
        failing.or_else(|| self.unread.clone())
    }
}
