//! Has the report of the last process written.

use std::path::{Path, PathBuf};

use bevy::prelude::*;
use tracing::info;

use super::notifications::{CrashReportWritten, notify};
use super::requests::{Request, reject};
use super::runtime::RuntimeParts;
use super::{GameContext, PreviousRun};
use crate::content::Order;
use crate::crash_report::CrashReportOrder;
use crate::session::RequestError;

impl RuntimeParts {
    /// Orders a report of how the last process ended.
    pub(super) fn write_crash_report(
        &mut self,
        world: &World,
        path: &Path,
    ) -> Result<(), RequestError> {
        let previous = world.get_resource::<PreviousRun>().ok_or(RequestError::NothingToReport)?;
        let (path, previous) = (path.to_owned(), previous.clone().into());
        let context = GameContext::of(world);
        self.order(Order::Describe(Box::new(CrashReportOrder { path, previous, context })));
        Ok(())
    }
}

/// The writer has written the report, or could not.
pub(super) fn crash_report_written(
    world: &mut World,
    path: PathBuf,
    result: Result<u64, RequestError>,
) {
    match result {
        Ok(bytes) => {
            info!(path = %path.display(), bytes, "crash report written");
            notify(world, CrashReportWritten { path, bytes });
        }
        Err(error) => reject(world, Request::WriteCrashReport(path), error),
    }
}
