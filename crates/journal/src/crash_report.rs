//! What a player can send after a crash: one file with all that is known of how the last process
//! ended, and with the newest checkpoint.
//!
//! Runs on the writer's thread, only reads what belongs to sessions, and fails nothing but itself.

mod addresses;
mod archive;
mod content;
mod journals;
mod personal;

use std::error::Error;
use std::path::PathBuf;
use std::{fmt, io};

use jiff::Timestamp;

use crate::process::LastRun;
use crate::session::{RequestError, SessionContext};
use crate::store::{Disk, LocalStore, StoreAction, StoreError};
use archive::Archive;
use content::CrashReport;
use journals::Journals;
use personal::Personal;

/// What is reported, and where to.
#[derive(Clone, Debug)]
pub struct CrashReportOrder {
    /// The file to write.
    pub path: PathBuf,
    pub previous: LastRun,
    /// What the game says of itself, to which the writer adds what it knows.
    pub context: SessionContext,
}

/// Bytes that one step reads or writes, about.
const STEP_BYTES: usize = 1 << 20;

/// A report that is being written, a slice at a time.
pub struct Describing {
    order: CrashReportOrder,
    context: SessionContext,
    now: Timestamp,
    stage: Stage,
}

enum Stage {
    Begun,
    /// Reads what goes with it.
    Reading(Box<Journals>),
    /// Writes it.
    Writing(Box<Archive>),
}

/// A report that was written, with so many bytes, or what is in the way. No part of it is left behind
/// then.
pub type Described = (PathBuf, Result<u64, RequestError>);

impl fmt::Debug for Describing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Describing").finish_non_exhaustive()
    }
}

impl Describing {
    pub fn new(order: CrashReportOrder, context: SessionContext, now: Timestamp) -> Self {
        Self { order, context, now, stage: Stage::Begun }
    }

    /// Does the next slice; at the end, says what came of it.
    pub fn step(mut self: Box<Self>, local: &LocalStore) -> Result<Box<Self>, Described> {
        let disk = &**local.store.disk();
        let mut done = 0;
        while done < STEP_BYTES {
            let (stage, bytes) = match self.stage {
                // Looking at a session is a slice of its own.
                Stage::Begun => {
                    let journals = Journals::begin(local, &self.order.previous);
                    (Stage::Reading(Box::new(journals)), STEP_BYTES)
                }
                Stage::Reading(mut journals) => match journals.step(disk) {
                    Some(bytes) => (Stage::Reading(journals), bytes),
                    None => {
                        let archive =
                            self.order.begin_archive(disk, &journals, &self.context, self.now);
                        match archive {
                            Ok(archive) => (Stage::Writing(Box::new(archive)), 0),
                            Err(error) => return Err((self.order.path, Err(error))),
                        }
                    }
                },
                Stage::Writing(mut archive) => match archive.step() {
                    Ok(Some(bytes)) => (Stage::Writing(archive), bytes),
                    Ok(None) => {
                        let bytes = archive.bytes();
                        drop(archive);
                        return Err(self.order.finish(local, bytes));
                    }
                    Err(error) => {
                        drop(archive);
                        let error = self.order.refused(StoreAction::Append, error);
                        return Err(self.order.give_up(disk, error));
                    }
                },
            };
            self.stage = stage;
            done += bytes;
        }
        Ok(self)
    }
}

impl CrashReportOrder {
    fn begin_archive(
        &self,
        disk: &dyn Disk,
        journals: &Journals,
        context: &SessionContext,
        now: Timestamp,
    ) -> Result<Archive, RequestError> {
        let personal = Personal::of_this_machine();
        let report = CrashReport::new(&self.previous, context, journals, &personal, now);
        let text = report.to_text().map_err(|error| self.indescribable(error))?;
        let content = archive::pack(&text, journals).map_err(|error| self.indescribable(error))?;
        let file = disk.create_new(&self.path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => RequestError::FileExists { path: self.path.clone() },
            _ => self.refused(StoreAction::CreateFile, error),
        })?;
        Ok(Archive::new(file, content))
    }

    /// Makes the name of the report durable, as its content is.
    fn finish(self, local: &LocalStore, bytes: u64) -> Described {
        let directory = self.path.parent().unwrap_or(&self.path).to_owned();
        match local.store.sync_directories(&[directory]) {
            Ok(()) => (self.path, Ok(bytes)),
            Err(error) => self.give_up(&**local.store.disk(), error.into()),
        }
    }

    /// On a full disk half of it would be left behind, in the way of the next try.
    fn give_up(self, disk: &dyn Disk, error: RequestError) -> Described {
        let _ = disk.remove(&self.path);
        (self.path, Err(error))
    }

    fn refused(&self, action: StoreAction, source: io::Error) -> RequestError {
        StoreError::Disk { action, path: self.path.clone(), source }.into()
    }

    fn indescribable(&self, error: impl Error + Send + Sync + 'static) -> RequestError {
        StoreError::Content { path: self.path.clone(), source: Box::new(error) }.into()
    }
}
