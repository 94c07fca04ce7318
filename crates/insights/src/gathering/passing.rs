//! Adds the time from one event to the next to the figures that it belongs to.

use std::time::Duration;

use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

use super::LONGEST_PAUSE;
use crate::session::SessionInsights;

/// Play between two events that takes longer isn't divided among hours: no clock was right then.
const LONGEST_DIVIDED: Duration = Duration::from_secs(31 * 24 * 60 * 60);

impl SessionInsights {
    /// Until this moment, and this play time, all was as it is now.
    pub(super) fn pass_to(&mut self, time: Timestamp, at: Duration, offset: &Offset) {
        let passed = at.saturating_sub(self.running.at);
        let since = self.running.time.unwrap_or(time);
        // What is handed out again after a crash was played later than the checkpoint that follows it.
        self.running.at = self.running.at.max(at);
        self.running.time = Some(time);
        if passed.is_zero() {
            return;
        }
        self.running.stretch += passed;
        if self.running.is_unfocused {
            self.times.unfocused += passed;
        }
        for (state, value) in &self.running.states {
            *self.states.entry(state.clone()).or_default().entry(value.clone()).or_default() +=
                passed;
        }
        for name in distinct(&self.running.chapters) {
            self.chapters.entry(name.clone()).or_default().play += passed;
        }
        self.spread(since, passed, offset);
    }

    /// Divides play from a moment on among the days and hours in which it was.
    fn spread(&mut self, since: Timestamp, played: Duration, offset: &Offset) {
        let (mut moment, mut left) = (since, played);
        loop {
            let local = offset.to_datetime(moment);
            let in_hour = Duration::new(
                u64::from(local.minute().unsigned_abs()) * 60
                    + u64::from(local.second().unsigned_abs()),
                local.subsec_nanosecond().unsigned_abs(),
            );
            let until_next = Duration::from_secs(3600).saturating_sub(in_hour);
            let part = if left > LONGEST_DIVIDED { left } else { left.min(until_next) };
            *self.times.days.entry(local.date()).or_default() += part;
            *self.times.hours.entry(local.hour()).or_default() += part;
            left = left.saturating_sub(part);
            if left.is_zero() {
                return;
            }
            let part = SignedDuration::try_from(part).unwrap_or(SignedDuration::ZERO);
            moment = moment.saturating_add(part).unwrap_or(moment);
        }
    }

    /// Ends the stretch of play.
    pub(super) fn end_stretch(&mut self) {
        let stretch = std::mem::take(&mut self.running.stretch);
        if !stretch.is_zero() {
            self.times.stretches.push(stretch);
        }
    }

    /// A pause is over, if there was one.
    pub(super) fn end_pause(&mut self, now: Timestamp) {
        let Some(since) = self.running.paused.take() else { return };
        let paused = Duration::try_from(now.duration_since(since)).unwrap_or_default();
        if paused <= LONGEST_PAUSE {
            self.times.paused += paused;
        }
    }

    /// Another process goes on with what was left.
    pub(super) fn interrupt(&mut self) {
        self.running.paused = None;
        self.running.is_unfocused = false;
        self.end_stretch();
    }
}

/// Each name once: a chapter within one of the same name is played once.
pub(super) fn distinct(names: &[String]) -> impl Iterator<Item = &String> {
    let is_first =
        |(place, name): &(usize, &String)| !names.iter().take(*place).any(|it| it == *name);
    names.iter().enumerate().filter(is_first).map(|(_, name)| name)
}
