//! The log of a process, as far as it goes into a report.

/// Bytes of the end of a log in files that are taken along.
pub(super) const LOGGED_BYTES: u64 = 1 << 20;

/// The log of a process.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Logged {
    /// The newest lines, as text.
    pub recent: String,
    /// The end of the log that the game keeps in files, in whole lines of 1 MiB together.
    pub lines: String,
}

impl Logged {
    /// Its bytes.
    pub fn bytes(&self) -> usize {
        self.recent.len() + self.lines.len()
    }
}
