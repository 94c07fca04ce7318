//! Reports: one file that a player can send and a developer can open, with a checkpoint, the newest events and log
//! lines, and the end of a process. The same file hands a session on to another machine.
//!
//! Writing one only reads what belongs to sessions, and fails nothing but itself. The writer puts the parts
//! together; here is what they are, what they look like, and how a file is opened.

mod addresses;
mod archive;
mod content;
mod events;
mod journals;
mod opening;
mod parts;
mod personal;
mod tape;

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use crate::disk::process::LastRun;
use crate::disk::{AppendFile, DirectoryStore, Disk, LocalStore, StoreAction, StoreError};
use crate::model::ids::{CheckpointId, SessionId};
use crate::model::scenario::Scenario;
use crate::model::session::{FailureCause, Report, RequestError, SessionContext, WorldOf};

pub(crate) use archive::{Archive, Contents as TarParts};
pub(crate) use journals::Journals;
pub use opening::{Opened, open, open_of_any_game};
pub(crate) use parts::{LeftOut, Picture, ReportParts, SlotBytes};
pub(crate) use personal::Personal;

/// Bytes of a report at the most, apart from its checkpoint.
pub const MOST_BYTES: u64 = 16 << 20;
/// Bytes of a checkpoint at the most. It is held in memory, here and where it is opened.
pub const MOST_SLOT_BYTES: u64 = 256 << 20;
/// Bytes that one step reads or writes, about.
pub const STEP_BYTES: usize = 1 << 20;

/// The report's text.
const REPORT: &str = "report.ron";
/// The checkpoint, as the file of a slot.
const CHECKPOINT: &str = "checkpoint.slot";
/// The newest events.
const EVENTS: &str = "events.ron";
/// The events that were recorded after the checkpoint.
const TAPE: &str = "tape.bin";
/// The end of the log.
const LOG: &str = "log.txt";
/// The end of the log that the game keeps in files.
const LOG_LINES: &str = "log.jsonl";

/// The content of a report to write, and its path.
#[derive(Clone, PartialEq, Debug)]
pub struct ReportOrder {
    /// The file to write.
    pub path: PathBuf,
    /// Its subject.
    pub of: ReportOf,
    /// The session whose checkpoint goes into it.
    pub session: Option<SessionId>,
    /// The checkpoint that is meant. The newest, if there is none or it isn't there.
    pub checkpoint: Option<CheckpointId>,
    /// The player's note, and the parts that were asked for.
    pub report: Report,
    /// The version of the text to which players have to agree before they are reported on; `None` if they needn't.
    pub asked: Option<u32>,
    /// The game's own context, to which the writer adds what it knows.
    pub context: SessionContext,
}

/// The subject of a report.
#[derive(Clone, PartialEq, Debug)]
pub enum ReportOf {
    /// The session that is being played.
    Now,
    /// The process before this one.
    LastRun(Box<LastRun>),
    /// Nothing: it hands a session on.
    Session,
    /// Nothing: it is the world that a scenario begins with.
    Scenario(Box<ScenarioFile>),
}

/// The scenario that stands beside its world.
#[derive(Clone, PartialEq, Debug)]
pub struct ScenarioFile {
    /// The file.
    pub path: PathBuf,
    /// The scenario that it has.
    pub scenario: Scenario,
    /// The source of its world.
    pub of: WorldOf,
}

impl ReportOf {
    /// Returns true if it is of no use without its checkpoint.
    pub(crate) fn is_a_world(&self) -> bool {
        matches!(self, Self::Session | Self::Scenario(_))
    }
}

impl ReportOrder {
    /// Begins the file, once all that goes into it is there.
    pub(crate) fn begin_archive(
        &self,
        disk: &dyn Disk,
        parts: ReportParts,
        personal: &Personal,
        now: Timestamp,
    ) -> Result<Archive, RequestError> {
        let packed = parts.pack(self, personal, now);
        let contents = packed.map_err(|error| self.refused(StoreAction::Append, error))?;
        Ok(Archive::new(create_new(disk, &self.path)?, contents))
    }

    /// Makes the name of the file durable, as its content is. A scenario is written beside its world.
    pub(crate) fn finish(&self, local: &LocalStore) -> Result<(), RequestError> {
        if let ReportOf::Scenario(scenario) = &self.of
            && let Err(error) = self.write_scenario(&*local.outside, scenario)
        {
            return Err(self.give_up(&*local.outside, error));
        }
        let directory = self.path.parent().unwrap_or(&self.path).to_owned();
        let layout = local.store.layout().clone();
        let outside = DirectoryStore::new(Arc::clone(&local.outside), layout);
        let synced = outside.sync_directories(&[directory]);
        synced.map_err(|error| {
            if let ReportOf::Scenario(scenario) = &self.of {
                let _ = local.outside.remove(&scenario.path);
            }
            self.give_up(&*local.outside, error.into())
        })
    }

    /// Writes the text of a scenario where no file is yet.
    fn write_scenario(&self, disk: &dyn Disk, file: &ScenarioFile) -> Result<(), RequestError> {
        let ScenarioFile { path, scenario, .. } = file;
        let world = self.path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        let text = scenario.to_text_with_world(world);
        let text = text.map_err(|error| RequestError::Store(FailureCause::at(path, error)))?;
        let mut file = create_new(disk, path)?;
        let written = file.append(text.as_bytes()).and_then(|()| file.sync());
        written.map_err(|error| {
            // Some systems don't remove what is open.
            drop(file);
            let _ = disk.remove(path);
            refused(path, StoreAction::Append, error)
        })
    }

    /// On a full disk half of it would be left behind, in the way of the next try.
    pub(crate) fn give_up(&self, disk: &dyn Disk, error: RequestError) -> RequestError {
        let _ = disk.remove(&self.path);
        error
    }

    /// The error for an operation that the disk refused.
    pub(crate) fn refused(&self, action: StoreAction, source: io::Error) -> RequestError {
        refused(&self.path, action, source)
    }
}

/// Creates a file where none is yet.
pub(crate) fn create_new(
    disk: &dyn Disk,
    path: &Path,
) -> Result<Box<dyn AppendFile>, RequestError> {
    disk.create_new(path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => RequestError::FileExists { path: path.to_owned() },
        _ => refused(path, StoreAction::CreateFile, error),
    })
}

fn refused(path: &Path, action: StoreAction, source: io::Error) -> RequestError {
    StoreError::Disk { action, path: path.to_owned(), source }.into()
}
