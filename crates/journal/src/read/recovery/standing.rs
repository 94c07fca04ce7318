//! The standing of a session, put together from its journal, its lock and the record of its process.

use jiff::Timestamp;

use super::SessionFinder;
use crate::disk::process::{HowItEnded, how_it_ended, time_of_death};
use crate::format::Head;
use crate::model::ids::{CheckpointId, SessionId};
use crate::model::session::SessionStatus;

/// The standing of a session's line.
#[derive(Clone, PartialEq, Debug)]
pub struct Standing {
    /// The status that decides what may be done with it.
    pub status: SessionStatus,
    /// True if a process plays it now.
    pub in_use: bool,
    /// The end of the process that played it last, if the session has no end.
    pub cause: Option<HowItEnded>,
    /// The ends of those before, the oldest first, if the last died while it restored the session.
    pub causes_before: Vec<HowItEnded>,
    /// The time at which that process is known to have lived last.
    pub died_at: Option<Timestamp>,
    /// The newest checkpoint that the process saw acknowledged.
    pub witness: Option<CheckpointId>,
}

/// The possible holder of a session's lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LockHolder {
    /// No other process: this one has the lock, or none had it when the files were as they were read.
    NoOther,
    /// Another process plays the session.
    Another,
    /// It has to be asked.
    Unknown,
}

/// Tells where the line that ends in `head` stands.
pub fn standing(
    finder: &mut SessionFinder,
    session: SessionId,
    head: &Head,
    lock: LockHolder,
) -> Standing {
    let lock = match (lock, &head.end) {
        (LockHolder::NoOther, _) | (_, Some(_)) => Ok(true),
        (LockHolder::Another, None) => Ok(false),
        (LockHolder::Unknown, None) => finder.is_free(session),
    };
    let record = finder.holder(session, head.id.run);
    let held = record.and_then(|record| record.runs.iter().find(|held| held.run == head.id.run));
    let mut standing = Standing {
        status: head.status,
        in_use: lock.as_ref().is_ok_and(|free| !free),
        cause: None,
        causes_before: Vec::new(),
        died_at: record.map(time_of_death),
        witness: held
            .and_then(|held| held.last_acknowledged)
            .map(|counter| CheckpointId { run: head.id.run, counter }),
    };
    if head.end.is_some() || standing.in_use {
        return standing;
    }
    let boot = &finder.local().boot;
    // Without locks it isn't known whether it is played somewhere: ask, don't claim a crash.
    // Nor where another machine may play it, unless it is this one's in a replica. A process that has noted the run here ran
    // here, though its machine may have another id by now: of two first starts at once, one draws what the other replaces.
    let local = finder.local();
    let was_here = held.is_some() || local.claimed.has(session);
    let is_elsewhere = local.is_elsewhere(head.host) && !was_here;
    let cause = if lock.is_err() || is_elsewhere {
        HowItEnded::Elsewhere
    } else {
        match record {
            _ if finder.was_left_here(session) => HowItEnded::Exited,
            Some(_) if held.is_some_and(|held| held.left) => HowItEnded::Exited,
            Some(record) => how_it_ended(record, boot),
            None if finder.is_left_by_the_living(session, head.id.run) => HowItEnded::Exited,
            None => HowItEnded::Abnormal { machine_restarted: head.boot != *boot },
        }
    };
    // An exit is never a crash, even if it was too slow to write the session's end.
    if cause == HowItEnded::Exited {
        standing.status = SessionStatus::Closed;
    }
    standing.cause = Some(cause);
    standing
}

impl Standing {
    /// The same after a further process died, which restored the session.
    pub fn after(mut self, (cause, died_at): (HowItEnded, Timestamp)) -> Self {
        self.causes_before.extend(self.cause.replace(cause));
        Self { died_at: self.died_at.or(Some(died_at)), ..self }
    }

    /// Returns true if the line was left by a crash, or may be played elsewhere.
    pub fn has_crashed(&self) -> bool {
        self.cause.as_ref().is_some_and(|cause| *cause != HowItEnded::Exited)
    }
}
