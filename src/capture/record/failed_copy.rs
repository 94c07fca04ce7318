//! A type whose values could not be copied.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::columns::{Captured, CapturedColumn};
use crate::capture::encode::ColumnWriter;
use crate::saved::panic_message;

/// Takes the place of a column that the game's own code failed to copy.
///
/// The writer leaves the values of earlier captures as they are, and reports the failure.
struct FailedCopy {
    message: String,
}

/// Runs the game's code that copies values of one type, in a `Clone` or a closure. If it panics,
/// that costs this type alone: there is a column in its place that reports the panic.
pub(crate) fn copied_or_failed<T>(copy: impl FnOnce() -> T) -> Result<T, Captured> {
    // What was copied until then is dropped, and nothing else of it is looked at again.
    catch_unwind(AssertUnwindSafe(copy)).map_err(|payload| -> Captured {
        Box::new(FailedCopy { message: panic_message(&*payload) })
    })
}

impl CapturedColumn for FailedCopy {
    fn rows(&self) -> usize {
        // It has something to report, so its capture may not be dropped as one without changes.
        1
    }

    fn live(&self) -> Option<u64> {
        None
    }

    fn count(&self, _: &mut ColumnWriter<'_>) {}

    fn encode(&mut self, writer: &mut ColumnWriter<'_>) {
        writer.fail_to_copy(&self.message);
    }
}
