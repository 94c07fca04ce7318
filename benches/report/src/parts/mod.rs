//! The measurements, part by part.

mod action;
mod against_peers;
mod durable;
mod full_capture;
mod grid;
mod growth;
mod hour;
mod listing;
mod living;
mod memory;
mod paced;
mod restore;
mod rivals;
mod size;
mod writer;

use bevy_session_benchmarks::Outcome;

use crate::report::Report;

/// Something that is measured.
type Part = fn(&mut Report) -> Outcome;

/// All parts, in the order in which they are measured.
pub const PARTS: [(&str, Part); 14] = [
    ("peers", against_peers::measure),
    ("grid", grid::measure),
    ("living", living::measure),
    ("full", full_capture::measure),
    ("paced", paced::measure),
    ("action", action::measure),
    ("durable", durable::measure),
    ("writer", writer::measure),
    ("restore", restore::measure),
    ("listing", listing::measure),
    ("size", size::measure),
    ("hour", hour::measure),
    ("rivals", rivals::measure),
    ("memory", memory::measure),
];

/// Entities of the world that most figures are about.
const ENTITIES: usize = 100_000;

/// A place for files that is gone when it is dropped.
fn directory() -> Outcome<tempfile::TempDir> {
    Ok(tempfile::Builder::new().prefix("bevy_session-report-").tempdir()?)
}

/// The same, on a disk in memory if there is one: there a sync takes no time.
fn directory_without_sync() -> Outcome<tempfile::TempDir> {
    let in_memory = std::path::Path::new("/dev/shm");
    if !in_memory.is_dir() {
        return Err("there is no disk in memory at /dev/shm".into());
    }
    Ok(tempfile::Builder::new().prefix("bevy_session-report-").tempdir_in(in_memory)?)
}
