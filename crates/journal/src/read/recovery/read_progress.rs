//! The progress of reading a checkpoint.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::format::{Commit, Rows};

/// The progress of reading and decoding a checkpoint. The reader counts, and others look on.
#[derive(Clone, Default, Debug)]
pub struct ReadProgress(Arc<Counts>);

#[derive(Default, Debug)]
struct Counts {
    /// Rows that were read, and rows that were decoded as well.
    done: AtomicU64,
    /// Twice the rows that the checkpoint has; 0 before they are known.
    total: AtomicU64,
}

impl ReadProgress {
    /// The reading of a checkpoint begins.
    pub fn begin(&self, commit: &Commit) {
        let rows = commit.types.iter().map(|saved| saved.rows).fold(0, u64::saturating_add);
        self.0.done.store(0, Ordering::Relaxed);
        self.0.total.store(rows.saturating_mul(2), Ordering::Relaxed);
    }

    /// Nothing is being read any more.
    pub fn end(&self) {
        self.0.total.store(0, Ordering::Relaxed);
    }

    /// Rows of a block were read.
    pub fn has_read(&self, rows: &Rows) {
        if let Rows::Values(values) = rows {
            self.add(values.len());
        }
    }

    /// Rows of a column were decoded.
    pub fn has_decoded(&self, rows: usize) {
        self.add(rows);
    }

    /// The share that is done, from 0 to 1.
    pub fn share(&self) -> f32 {
        let total = self.0.total.load(Ordering::Relaxed);
        let done = self.0.done.load(Ordering::Relaxed).min(total);
        #[expect(clippy::cast_precision_loss, reason = "a bar on a screen need not be exact")]
        let share = done as f32 / total.max(1) as f32;
        share
    }

    fn add(&self, rows: usize) {
        self.0.done.fetch_add(rows as u64, Ordering::Relaxed);
    }
}
