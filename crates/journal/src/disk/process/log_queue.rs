//! Lines of a log on their way from whoever logs to the writer's thread.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::disk::PanicInfo;

/// Bytes of lines that wait at the most. Further ones are dropped, and counted.
pub const QUEUE_BYTES: usize = 4 << 20;

/// How much of a log is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LogBounds {
    /// Bytes after which another file is begun.
    pub file_bytes: u64,
    /// Files that a process keeps.
    pub files: usize,
}

/// What a log says of itself, in the form that its lines have.
pub trait LogWords: Send + Sync {
    /// A line about a panic.
    fn panicked(&self, panic: &PanicInfo) -> String;

    /// A line in the place of so many that there was no room for.
    fn dropped(&self, lines: u64) -> String;
}

/// Lines that wait to be written into the files of this process's log. Clones are handles to the same.
#[derive(Clone)]
pub struct LogQueue {
    shared: Arc<Shared>,
}

struct Shared {
    waiting: Mutex<Waiting>,
    bounds: LogBounds,
    words: Box<dyn LogWords>,
}

#[derive(Default)]
struct Waiting {
    lines: String,
    /// Lines that came after these, and for which there was no room.
    dropped: u64,
}

impl LogQueue {
    /// An empty one.
    pub fn new(bounds: LogBounds, words: impl LogWords + 'static) -> Self {
        let (waiting, words) = (Mutex::default(), Box::new(words));
        Self { shared: Arc::new(Shared { waiting, bounds, words }) }
    }

    /// Adds a line, or counts it where there is no room. Whoever logs never waits for a disk.
    pub fn add(&self, line: &str) {
        self.shared.waiting().add(line);
    }

    pub(super) fn add_panic(&self, panic: &PanicInfo) {
        let line = self.shared.words.panicked(panic);
        self.add(&line);
    }

    /// Everything that waits, each line with its end; empty if there is nothing.
    pub(super) fn take(&self) -> String {
        let Waiting { mut lines, dropped } = std::mem::take(&mut *self.shared.waiting());
        if dropped > 0 {
            lines.push_str(&self.shared.words.dropped(dropped));
            lines.push('\n');
        }
        lines
    }

    /// Removes the lines of which this holds.
    pub(super) fn remove(&self, is_gone: &dyn Fn(&str) -> bool) {
        let mut waiting = self.shared.waiting();
        waiting.lines = without(&waiting.lines, is_gone);
    }

    pub(super) fn bounds(&self) -> LogBounds {
        self.shared.bounds
    }
}

/// Lines without those of which this holds.
pub(super) fn without(lines: &str, is_gone: &dyn Fn(&str) -> bool) -> String {
    lines.split_inclusive('\n').filter(|line| !is_gone(line)).collect()
}

impl Shared {
    fn waiting(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn add(&mut self, line: &str) {
        // Once one was dropped, so are all until there is room: what is said of them stands in their place.
        if self.dropped > 0 || self.lines.len() + line.len() + 1 > QUEUE_BYTES {
            self.dropped += 1;
            return;
        }
        self.lines.push_str(line);
        self.lines.push('\n');
    }
}

impl fmt::Debug for LogQueue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LogQueue")
            .field("bounds", &self.shared.bounds)
            .finish_non_exhaustive()
    }
}
