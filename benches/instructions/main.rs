//! Does what the plugin does all the time, so that callgrind can count its instructions: `ci/instructions.sh`.
//!
//! A count doesn't depend on what else the machine does, as a time does. Everything happens on one thread and in
//! memory, and the writer is driven. What remains by chance are ids and the seeds of hash maps.
//!
//! Callgrind writes its counters down and begins with zero whenever [`boundary`] is called. What it has counted by
//! then belongs to the workload that is named there. In the end the names are printed, a line for each call.

#![expect(clippy::print_stdout, reason = "the names are what this program is for")]

mod game;
mod workloads;

use std::sync::{Mutex, PoisonError};

/// The workload before each boundary.
static COUNTED: Mutex<Vec<&str>> = Mutex::new(Vec::new());

/// The workload of instructions that aren't counted.
const NOTHING: &str = "nothing";

/// Ends a stretch of instructions, which belong to this workload.
#[inline(never)]
fn boundary(workload: &'static str) {
    COUNTED.lock().unwrap_or_else(PoisonError::into_inner).push(workload);
}

fn main() {
    workloads::idle();
    workloads::tape();
    workloads::replica();
    workloads::checkpoints_and_restore();
    workloads::scan();
    workloads::list();
    for workload in &*COUNTED.lock().unwrap_or_else(PoisonError::into_inner) {
        println!("{workload}");
    }
}
