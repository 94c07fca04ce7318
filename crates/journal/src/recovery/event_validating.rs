//! Looks at all that a session has recorded, a slice at a time.

use super::event_query::{EventGap, EventValidation};
use super::event_reading::unknown_if_gone;
use super::event_walk::{EventWalk, Step, Stretch, WalkedFrame};
use crate::ids::{RunId, SessionId, limits};
use crate::journal::EventFrame;
use crate::session::RequestError;
use crate::store::{DirectoryStore, EventFiles};

/// Gaps that are listed at the most.
const MOST_GAPS: usize = 100;

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

    pub fn finish(self) -> (SessionId, EventValidation) {
        (self.session, self.found)
    }

    /// Does a piece of it, and says how many bytes that was; `None` if all was looked at.
    ///
    /// # Errors
    ///
    /// [`RequestError`] if there is no such session, or it can't be listed.
    pub fn step(&mut self, store: &DirectoryStore) -> Result<Option<usize>, RequestError> {
        let Some(runs) = &mut self.runs else {
            self.files = store.event_files(self.session).map_err(unknown_if_gone)?;
            self.runs = Some(self.files.runs());
            self.found.files = self.files.iter().count() as u64;
            self.found.bytes = self.files.iter().map(|file| file.bytes).sum();
            self.found.problems = self.files.problems().to_vec();
            return Ok(Some(limits::FRAME_BYTES));
        };
        let Some((run, walk)) = &mut self.walk else {
            let Some(run) = runs.pop() else { return Ok(None) };
            let all = Stretch { run, low: 0, high: u64::MAX };
            self.walk = Some((run, EventWalk::new(&self.files, &[all], false)));
            self.last = None;
            return Ok(Some(1));
        };
        let (run, step) = (*run, walk.step());
        self.found.problems.extend(walk.take_problems());
        match step {
            None => self.walk = None,
            Some(Step::Scanned(bytes)) => {
                return Ok(Some(usize::try_from(bytes).unwrap_or(usize::MAX)));
            }
            Some(Step::Damaged) => self.found.damaged_frames += 1,
            Some(Step::Frame(frame)) => {
                self.take_in(run, &frame);
                return Ok(Some(frame.payload.len()));
            }
        }
        Ok(Some(1))
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
