//! The state of a trace, and the values that are made up for it.

use std::cell::Cell;

/// Texts that are made up, for types that don't take every text.
const TEXTS: [&str; 5] = ["", "1970-01-01T00:00:00Z", "1970-01-01", "1", "a"];
/// Bytes that are made up: none, and a UUID.
const BYTES: [&[u8]; 2] = [&[], &[0; 16]];

/// The state of a trace, and the values that are made up for it.
#[derive(Default)]
pub(super) struct Progress {
    learnt: Cell<usize>,
    sample: Cell<usize>,
    /// The sample with which something was last found out.
    good: Cell<usize>,
}

impl Progress {
    /// Something was found out. A pass that finds out nothing would be repeated for ever.
    pub(super) fn learn(&self) {
        self.learnt.set(self.learnt.get() + 1);
        self.good.set(self.sample.get());
    }

    /// A number that grows with each finding.
    pub(super) fn learnt(&self) -> usize {
        self.learnt.get()
    }

    /// Makes up other values from now on, for another try. Returns true if there are any that
    /// weren't tried since something was found out.
    pub(super) fn try_next_sample(&self) -> bool {
        let next = (self.sample.get() + 1) % TEXTS.len();
        self.sample.set(next);
        self.learnt.set(self.learnt.get() + 1);
        next != self.good.get()
    }

    pub(super) fn text(&self) -> &'static str {
        TEXTS.get(self.sample.get()).copied().unwrap_or_default()
    }

    pub(super) fn bytes(&self) -> &'static [u8] {
        let sample = self.sample.get().min(BYTES.len() - 1);
        BYTES.get(sample).copied().unwrap_or_default()
    }
}
