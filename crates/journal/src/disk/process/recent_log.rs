//! The recent log, kept for reports: also of a process that was killed.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use jiff::{SignedDuration, Timestamp};

/// Bytes of log that are kept.
pub const LOG_BYTES: usize = 256 << 10;
/// The time that a line is kept.
const LONGEST: SignedDuration = SignedDuration::from_mins(10);
/// Bytes of one line that are kept.
const LINE_BYTES: usize = 4 << 10;

/// The lines that were logged in the last ten minutes, of 256 KiB together. Clones are handles to the same.
#[derive(Clone, Debug, Default)]
pub struct RecentLog {
    lines: Arc<Mutex<Lines>>,
}

#[derive(Debug, Default)]
struct Lines {
    lines: VecDeque<(Timestamp, String)>,
    bytes: usize,
    /// True if there are lines that weren't written down.
    has_news: bool,
}

impl RecentLog {
    /// Adds a line. One that is too long is cut.
    pub fn add(&self, now: Timestamp, line: &str) {
        // A panic in between has left nothing half done.
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let line = line.split_at(line.floor_char_boundary(LINE_BYTES)).0;
        lines.bytes += line.len() + 1;
        lines.lines.push_back((now, line.to_owned()));
        lines.has_news = true;
        lines.forget(now);
    }

    /// All lines, each with its end.
    pub fn text(&self, now: Timestamp) -> String {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.forget(now);
        lines.text()
    }

    /// The same, if there is anything new. Nothing while another thread adds a line, or this one that has
    /// panicked in the middle of it.
    pub(super) fn news(&self) -> Option<String> {
        let mut lines = match self.lines.try_lock() {
            Ok(lines) => lines,
            Err(TryLockError::Poisoned(lines)) => lines.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        std::mem::take(&mut lines.has_news).then(|| lines.text())
    }
}

impl Lines {
    fn forget(&mut self, now: Timestamp) {
        let is_old = |then: Timestamp| now.duration_since(then) > LONGEST;
        while self.lines.front().is_some_and(|(then, _)| self.bytes > LOG_BYTES || is_old(*then)) {
            let bytes = self.lines.pop_front().map_or(0, |(_, line)| line.len() + 1);
            self.bytes = self.bytes.saturating_sub(bytes);
        }
    }

    fn text(&self) -> String {
        self.lines.iter().flat_map(|(_, line)| [line, "\n"]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_recent_log_is_bounded_in_time_and_bytes() {
        let log = RecentLog::default();
        log.add(second(0), "first");
        log.add(second(599), "second");
        assert_eq!(log.text(second(600)), "first\nsecond\n");
        assert_eq!(log.text(second(601)), "second\n");
        for number in 0..10_000 {
            log.add(second(600), &format!("{number:99}"));
        }
        let text = log.text(second(600));
        assert!(text.len() <= LOG_BYTES && text.len() > LOG_BYTES - 100, "{}", text.len());
        assert!(text.ends_with("9999\n"));
        log.add(second(600), &"é".repeat(100_000));
        assert!(log.text(second(600)).len() <= LOG_BYTES);
    }

    #[test]
    fn the_recent_log_is_written_only_if_it_has_new_lines() {
        let log = RecentLog::default();
        assert_eq!(log.news(), None);
        log.add(second(0), "one");
        assert_eq!(log.news().as_deref(), Some("one\n"));
        assert_eq!(log.news(), None);
    }
}
