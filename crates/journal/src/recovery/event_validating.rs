//! Looks at all that a session has recorded, a slice at a time.

use std::path::Path;

use super::event_query::{EventGap, EventValidation};
use super::event_walk::{EventWalk, Step, Stretch, WalkedFrame};
use crate::ids::{RunId, SessionId, limits};
use crate::journal::EventFrame;
use crate::session::RequestError;
use crate::store::{DirectoryStore, Disk, EventFiles, StoreError, unknown_if_gone};

/// Gaps that are listed at the most.
const MOST_GAPS: usize = 100;

/// Looks at all events in a session's directory at once.
///
/// # Errors
///
/// [`StoreError`] if the directory can't be listed.
pub fn validate_events(
    disk: &dyn Disk,
    directory: &Path,
    session: SessionId,
) -> Result<EventValidation, StoreError> {
    let mut validating = EventValidating::new(session);
    validating.begin(EventFiles::open(disk, directory, session)?);
    while validating.go_on().is_some() {}
    Ok(validating.found)
}

/// A validation of a session's events, as it goes on.
pub struct EventValidating {
    session: SessionId,
    files: EventFiles,
    /// The runs that are left, the next one last.
    runs: Option<Vec<RunId>>,
    walk: Option<(RunId, EventWalk)>,
    last: Option<u64>,
    found: EventValidation,
}

impl EventValidating {
    pub fn new(session: SessionId) -> Self {
        let (files, found) = (EventFiles::default(), EventValidation::default());
        Self { session, files, runs: None, walk: None, last: None, found }
    }

    fn begin(&mut self, files: EventFiles) {
        self.runs = Some(files.runs());
        self.found.files = files.iter().count() as u64;
        self.found.bytes = files.iter().map(|file| file.bytes).sum();
        self.found.problems = files.problems().to_vec();
        self.files = files;
    }

    pub fn finish(self) -> (SessionId, EventValidation) {
        (self.session, self.found)
    }

    /// Does a piece of it, and says how many bytes that was; `None` if all was looked at.
    ///
    /// # Errors
    ///
    /// [`RequestError`] if there is no such session, or it can't be listed.
    pub fn step(&mut self, store: &DirectoryStore) -> Result<Option<usize>, RequestError> {
        if self.runs.is_none() {
            self.begin(store.event_files(self.session).map_err(unknown_if_gone)?);
            return Ok(Some(limits::FRAME_BYTES));
        }
        Ok(self.go_on())
    }

    /// Does a piece of what is to be looked at, and says how many bytes that was.
    fn go_on(&mut self) -> Option<usize> {
        let runs = self.runs.as_mut()?;
        let Some((run, walk)) = &mut self.walk else {
            let run = runs.pop()?;
            let all = Stretch { run, low: 0, high: u64::MAX };
            self.walk = Some((run, EventWalk::new(&self.files, &[all], false)));
            self.last = None;
            return Some(1);
        };
        let (run, step) = (*run, walk.step());
        self.found.problems.extend(walk.take_problems());
        match step {
            None => self.walk = None,
            Some(Step::Scanned(bytes)) => {
                return Some(usize::try_from(bytes).unwrap_or(usize::MAX));
            }
            Some(Step::Damaged) => self.found.damaged_frames += 1,
            Some(Step::Frame(frame)) => {
                self.take_in(run, &frame);
                return Some(frame.payload.len());
            }
        }
        Some(1)
    }

    fn take_in(&mut self, run: RunId, walked: &WalkedFrame) {
        let (Some((_, walk)), Ok(frame)) = (&mut self.walk, EventFrame::decode(&walked.payload))
        else {
            return;
        };
        self.found.frames += 1;
        for sequence in frame.sequences(|_| true) {
            if !walk.admit(walked, sequence) {
                continue;
            }
            self.found.events += 1;
            let before = self.last.replace(sequence);
            let gap = before.filter(|after| after + 1 != sequence);
            if let Some(after) = gap.filter(|_| self.found.gaps.len() < MOST_GAPS) {
                self.found.gaps.push(EventGap { run, after, before: sequence });
            }
        }
    }
}
