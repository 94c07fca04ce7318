//! The files of a session's events.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::error::Attempt;
use super::findings::{problem_of_file, problem_of_header};
use super::{DirectoryStore, Disk, Layout, Manifest, StoreAction, StoreError};
use crate::format::{
    EventFileHeader, EventStretch, FileProblem, FileProblemKind, HeldEvents, Segment, SegmentHeader,
};
use crate::model::ids::{RunId, SessionId, limits};

/// A file of events whose header was read.
#[derive(Clone, Debug)]
pub struct EventFile {
    segment: Segment,
    /// The number of the first event in it.
    pub first: u64,
    /// Bytes of the file when it was listed.
    pub bytes: u64,
    /// Bytes that it has to have, all of them good, as the session's manifest says.
    pub least_bytes: u64,
    /// The runs and events that it holds, by rising numbers. The end of a run's own file isn't known.
    held: Vec<HeldEvents>,
}

impl EventFile {
    /// The segment, which knows where its frames are.
    pub fn segment(&self) -> &Segment {
        &self.segment
    }

    /// The runs and events that it holds, by rising numbers. A run's own file may end before the end that is given
    /// here.
    pub fn held(&self) -> &[HeldEvents] {
        &self.held
    }

    /// The events of a run that it holds.
    pub fn held_of(&self, run: RunId) -> Option<HeldEvents> {
        self.held.iter().copied().find(|held| held.run == run)
    }

    /// The run of the event with a number.
    pub fn run_of(&self, number: u64) -> Option<RunId> {
        let held = self.held.iter().find(|held| (held.first..=held.through).contains(&number))?;
        Some(held.run)
    }

    /// Returns true if it was gathered from files of several runs.
    pub fn is_gathered(&self) -> bool {
        self.events().is_some_and(|events| !events.gathered.is_empty())
    }

    /// The stretches of events on the line before a run whose events it holds, as far as it names them.
    fn line_before(&self, run: RunId) -> Vec<EventStretch> {
        let line = self.events().map(|events| events.line.as_slice()).unwrap_or_default();
        // The line is that before the newest of its runs.
        if self.held.last().is_some_and(|newest| newest.run == run) {
            return line.to_vec();
        }
        if let Some(own) = line.iter().position(|stretch| stretch.run == run) {
            return line.get(own + 1..).unwrap_or_default().to_vec();
        }
        let own = self.held.iter().position(|held| held.run == run).unwrap_or_default();
        let older = self.held.iter().take(own).rev();
        older.map(|held| EventStretch { run: held.run, through: held.through }).collect()
    }

    fn events(&self) -> Option<&EventFileHeader> {
        self.segment.header().events()
    }
}

/// The files of events of a session, of which the headers were read.
#[derive(Clone, Debug, Default)]
pub struct EventFiles {
    /// Those that were gathered first, then by run, and of each run in the order in which they were begun.
    files: Vec<EventFile>,
    problems: Vec<FileProblem>,
}

impl DirectoryStore {
    /// Reads the headers of a session's files of events. A file that can't be read is listed as a problem.
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
        // Before the files, which only grow.
        let manifest = Manifest::read(disk, directory, session);
        let entries = disk.list(directory).attempt(StoreAction::List, directory)?;
        let mut found = Self::default();
        for entry in entries.iter().filter(|entry| Layout::is_events_name(&entry.name)) {
            let path = directory.join(&entry.name);
            let opened = match entry.is_dir {
                true => Err(FileProblemKind::NoFile),
                false => open(disk, &path, session),
            };
            match opened {
                Ok((segment, held)) => {
                    let first = held.first().map_or(u64::MAX, |held| held.first);
                    let (bytes, least_bytes) = (entry.len, 0);
                    found.files.push(EventFile { segment, first, bytes, least_bytes, held });
                }
                Err(kind) => found.problems.push(FileProblem { path, kind }),
            }
        }
        if let Some(manifest) = manifest {
            found.hold_against(&manifest);
        }
        found.files.sort_by(|one, other| order(one).cmp(&order(other)));
        Ok(found)
    }

    /// Notes what the manifest says of the files. Of copies one that is long enough makes good for the others.
    fn hold_against(&mut self, manifest: &Manifest) {
        let name = |file: &EventFile| Layout::name_of(file.segment.header());
        let mut longest: HashMap<String, u64> = HashMap::new();
        for file in &self.files {
            let longest = longest.entry(name(file)).or_default();
            *longest = file.bytes.max(*longest);
        }
        for file in &mut self.files {
            let is_longest = longest.get(&name(file)) == Some(&file.bytes);
            file.least_bytes =
                manifest.least_bytes(&name(file)).filter(|_| is_longest).unwrap_or(0);
        }
        let torn = self.problems.iter_mut().filter(|it| it.kind == FileProblemKind::Torn);
        for problem in torn.filter(|problem| manifest.names(&problem.path)) {
            problem.kind = FileProblemKind::Damaged;
        }
    }

    /// All of them, by run.
    pub fn iter(&self) -> impl Iterator<Item = &EventFile> {
        self.files.iter()
    }

    /// The files that can't be read.
    pub fn problems(&self) -> &[FileProblem] {
        &self.problems
    }

    /// Those that hold events of a run: what was gathered first, then its own in the order in which they were
    /// begun. Copies stand side by side.
    pub fn of_run(&self, run: RunId) -> impl DoubleEndedIterator<Item = &EventFile> {
        self.files.iter().filter(move |file| file.held_of(run).is_some())
    }

    /// The runs' own files, by run.
    pub fn by_run(&self) -> impl Iterator<Item = (RunId, &[EventFile])> {
        let own = self.files.partition_point(EventFile::is_gathered);
        let own = self.files.get(own..).unwrap_or_default();
        let run = |file: &EventFile| file.segment.header().run;
        let of_runs = own.chunk_by(move |one, next| run(one) == run(next));
        of_runs.filter_map(move |files| Some((run(files.first()?), files)))
    }

    /// Those that were gathered.
    pub fn gathered(&self) -> impl Iterator<Item = &EventFile> {
        self.files.iter().take_while(|file| file.is_gathered())
    }

    /// The known stretches of events on the line before a run, the nearest run first. It may continue before the last
    /// of them. `None` if no file holds anything of the run.
    pub fn line_before(&self, run: RunId) -> Option<Vec<EventStretch>> {
        Some(self.of_run(run).next_back()?.line_before(run))
    }
}

fn order(file: &EventFile) -> (bool, RunId, u32, &Path) {
    let SegmentHeader { run, segment, .. } = file.segment.header();
    (!file.is_gathered(), *run, *segment, file.segment.path())
}

fn open(
    disk: &dyn Disk,
    path: &Path,
    session: SessionId,
) -> Result<(Segment, Vec<HeldEvents>), FileProblemKind> {
    let file: Arc<_> = disk.open(path).map_err(|error| problem_of_file(&error))?;
    let segment = Segment::open(path, file).map_err(problem_of_header)?;
    if segment.header().session != session {
        return Err(FileProblemKind::OfAnotherSession);
    }
    let held = held_in(segment.header()).ok_or(FileProblemKind::Damaged)?;
    Ok((segment, held))
}

/// The runs and events of a file with this header; `None` if no such file was ever written.
fn held_in(header: &SegmentHeader) -> Option<Vec<HeldEvents>> {
    let EventFileHeader { first, gathered, .. } = header.events()?;
    if gathered.is_empty() {
        return Some(vec![HeldEvents { run: header.run, first: *first, through: u64::MAX }]);
    }
    let is_rising = gathered.iter().all(|held| held.first <= held.through)
        && gathered.is_sorted_by(|held, next| held.through < next.first);
    (is_rising && gathered.len() <= limits::GATHERED_RUNS).then(|| gathered.clone())
}
