//! A program's own code runs on the writer's thread here, and must not take it down.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tracing::error;

/// Runs a digester's code. Returns true if it didn't panic.
pub fn survives(name: &str, work: impl FnOnce()) -> bool {
    let ended = catch_unwind(AssertUnwindSafe(work)).is_ok();
    if !ended {
        error!(name, "a digester panicked; it is left out for this session");
    }
    ended
}
