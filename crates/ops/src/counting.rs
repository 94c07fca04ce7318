//! Counts sessions and processor time.

use std::time::Duration;

use bevy_session::library::{ListedSessions, SessionEntry, ShelfPlace};
use bevy_session::monitoring::Surroundings;
use bevy_session::{CurrentSession, SessionStatus};
use jiff::SignedDuration;

use super::session_figures::{ProcessFigures, SessionCounts};

/// The age up to which a session counts as left lately.
const LATELY: SignedDuration = SignedDuration::from_hours(24);

/// Counts what is listed. The session that this process plays may not be listed yet, or be listed as it was.
pub(super) fn count_sessions(
    entries: ListedSessions<'_>,
    current: Option<&CurrentSession>,
    damaged: u64,
) -> SessionCounts {
    let mut counts = SessionCounts { damaged, ..SessionCounts::default() };
    let is_current = |entry: &SessionEntry| current.is_some_and(|it| it.id() == entry.session.id);
    let newest = entries.iter().map(|entry| entry.updated).max().unwrap_or_default();
    for entry in entries {
        counts.all += 1;
        match entry.session.place {
            ShelfPlace::Archive { .. } => counts.archived += 1,
            ShelfPlace::Trash { .. } => counts.in_trash += 1,
            _ => {}
        }
        let is_running = matches!(entry.status, SessionStatus::Active | SessionStatus::Paused);
        if is_current(entry) {
            continue;
        }
        if entry.in_use {
            counts.active += 1;
            counts.paused += u64::from(entry.status == SessionStatus::Paused);
            continue;
        }
        counts.crashed += u64::from(is_running && !entry.declined);
        if newest.duration_since(entry.updated) <= LATELY && !entry.session.draft {
            counts.left_lately += 1;
            counts.crashed_lately += u64::from(is_running || entry.declined);
        }
    }
    if let Some(current) = current {
        counts.all += u64::from(!entries.iter().any(is_current));
        counts.active += 1;
        counts.paused += u64::from(current.status() == SessionStatus::Paused);
    }
    counts
}

impl ProcessFigures {
    /// Takes over what the system says, and how busy the process was since it said so before.
    pub(super) fn take_over(&mut self, now: Duration, surroundings: &Surroundings) {
        self.memory = surroundings.memory;
        if surroundings.cpu == self.cpu {
            return;
        }
        let passed = now.saturating_sub(self.looked).as_secs_f64();
        let busy = |before: Option<Duration>, used: Option<Duration>| {
            let used = used?.saturating_sub(before?).as_secs_f64();
            (passed > 0.0).then(|| used / passed)
        };
        self.busy = busy(self.cpu, surroundings.cpu).or(self.busy);
        self.writer_busy = busy(self.writer_cpu, surroundings.writer_cpu).or(self.writer_busy);
        self.writer_cpu = surroundings.writer_cpu;
        (self.cpu, self.looked) = (surroundings.cpu, now);
    }
}
