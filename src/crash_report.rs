//! What a player can send after a crash: one file with all that is known of how the last process
//! ended, and with the newest checkpoint.
//!
//! Runs on the writer's thread, only reads what belongs to sessions, and fails nothing but itself.

mod archive;
mod content;
mod journals;
mod personal;

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::process::PreviousRun;
use crate::session::{RequestError, SessionContext};
use crate::store::{Disk, Home};
use content::CrashReport;
use journals::Journals;
use personal::Personal;

/// What is reported, and where to.
#[derive(Clone, Debug)]
pub(crate) struct CrashReportOrder {
    /// The file to write.
    pub path: PathBuf,
    pub previous: PreviousRun,
}

/// Writes a report, and says how many bytes it has.
///
/// # Errors
///
/// What is in the way. No part of a report is left behind then.
pub(crate) fn write(
    home: &Home,
    order: &CrashReportOrder,
    context: SessionContext,
    now: Timestamp,
) -> Result<u64, RequestError> {
    let personal = Personal::of_this_machine();
    let journals = Journals::of(home, &order.previous);
    let report = CrashReport::new(&order.previous, context, &journals, &personal, now);
    let text = report.to_text().map_err(|error| store_error(&order.path, &error))?;
    let disk = &**home.store.disk();
    create(disk, &order.path, &text, &journals).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => RequestError::FileExists { path: order.path.clone() },
        _ => store_error(&order.path, &error),
    })
}

fn create(disk: &dyn Disk, path: &Path, text: &str, journals: &Journals) -> io::Result<u64> {
    let file = disk.create_new(path)?;
    let written = archive::write(file, text, journals);
    if written.is_err() {
        // On a full disk half of it would be left behind, in the way of the next try.
        let _ = disk.remove(path);
    }
    written
}

fn store_error(path: &Path, error: &dyn std::error::Error) -> RequestError {
    RequestError::Store { message: format!("{}: {error}", path.display()) }
}
