//! What a process has logged, as far as a report takes it along.

/// Bytes of the end of a log in files that are taken along.
pub(super) const LOGGED_BYTES: u64 = 1 << 20;

/// What was logged.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Logged {
    /// What was logged last, as text.
    pub recent: String,
    /// The end of the log that the game keeps in files, in whole lines of 1 MiB together.
    pub lines: String,
}

impl Logged {
    /// How much it is.
    pub fn bytes(&self) -> usize {
        self.recent.len() + self.lines.len()
    }
}
