//! The files in which a session's events lie.

use std::path::Path;
use std::sync::Arc;

use super::error::Attempt;
use super::findings::{problem_of_file, problem_of_header};
use super::{DirectoryStore, Disk, Layout, StoreAction, StoreError};
use crate::ids::{RunId, SessionId};
use crate::journal::{
    EventFileHeader, EventStretch, FileProblem, FileProblemKind, Segment, SegmentHeader,
};

/// A file of events whose header was read.
#[derive(Clone, Debug)]
pub struct EventFile {
    segment: Segment,
    /// The number of the first event in it.
    pub first: u64,
    /// Bytes of the file when it was listed.
    pub bytes: u64,
}

impl EventFile {
    /// What says where its frames are.
    pub fn segment(&self) -> &Segment {
        &self.segment
    }

    /// Whose events they are.
    pub fn run(&self) -> RunId {
        self.segment.header().run
    }
}

/// The files of events of a session, of which the headers were read.
#[derive(Clone, Debug, Default)]
pub struct EventFiles {
    /// By run, and of each run in the order in which they were begun.
    files: Vec<EventFile>,
    problems: Vec<FileProblem>,
}

impl DirectoryStore {
    /// Reads the headers of a session's files of events. What can't be read is a problem of its own.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the directory can't be listed.
    pub fn event_files(&self, session: SessionId) -> Result<EventFiles, StoreError> {
        EventFiles::open(&**self.disk(), &self.layout().session(session), session)
    }
}

impl EventFiles {
    /// Reads the headers of the files of events in a session's directory.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the directory can't be listed.
    pub fn open(disk: &dyn Disk, directory: &Path, session: SessionId) -> Result<Self, StoreError> {
        let entries = disk.list(directory).attempt(StoreAction::List, directory)?;
        let mut found = Self::default();
        for entry in entries.iter().filter(|entry| Layout::is_events_name(&entry.name)) {
            let path = directory.join(&entry.name);
            let opened = match entry.is_dir {
                true => Err(FileProblemKind::NoFile),
                false => open(disk, &path, session),
            };
            match opened {
                Ok((segment, first)) => {
                    found.files.push(EventFile { segment, first, bytes: entry.len });
                }
                Err(kind) => found.problems.push(FileProblem { path, kind }),
            }
        }
        found.files.sort_by(|one, other| order(one).cmp(&order(other)));
        Ok(found)
    }

    /// All of them, by run.
    pub fn iter(&self) -> impl Iterator<Item = &EventFile> {
        self.files.iter()
    }

    /// The files that can't be read.
    pub fn problems(&self) -> &[FileProblem] {
        &self.problems
    }

    /// Those of a run, in the order in which they were begun. Copies stand side by side.
    pub fn of_run(&self, run: RunId) -> impl DoubleEndedIterator<Item = &EventFile> {
        self.files.iter().filter(move |file| file.run() == run)
    }

    /// The runs that have any.
    pub fn runs(&self) -> Vec<RunId> {
        let mut runs: Vec<RunId> = self.files.iter().map(EventFile::run).collect();
        runs.dedup();
        runs
    }

    /// What a run says about what happened on the line before it.
    pub fn line_before(&self, run: RunId) -> Option<&[EventStretch]> {
        let header: &EventFileHeader =
            self.of_run(run).next_back()?.segment.header().events.as_ref()?;
        Some(&header.line)
    }
}

fn order(file: &EventFile) -> (RunId, u32, &Path) {
    let SegmentHeader { run, segment, .. } = file.segment.header();
    (*run, *segment, file.segment.path())
}

fn open(
    disk: &dyn Disk,
    path: &Path,
    session: SessionId,
) -> Result<(Segment, u64), FileProblemKind> {
    let file: Arc<_> = disk.open(path).map_err(|error| problem_of_file(&error))?;
    let segment = Segment::open(path, file).map_err(problem_of_header)?;
    if segment.header().session != session {
        return Err(FileProblemKind::OfAnotherSession);
    }
    match &segment.header().events {
        Some(events) => {
            let first = events.first;
            Ok((segment, first))
        }
        None => Err(FileProblemKind::Damaged),
    }
}
