//! Looks at all that a session has recorded, a slice at a time.

use std::collections::HashMap;

use super::event_query::{EventGap, EventValidation};
use super::event_walk::{EventWalk, Step, Stretch, WalkedFrame};
use crate::disk::{DirectoryStore, Disk, EventFiles, StoreError, StoredSession, unknown_if_gone};
use crate::format::{EventFrame, HeldEvents, SessionIndex};
use crate::model::ids::{CheckpointId, RunId, SessionId, limits};
use crate::model::session::RequestError;

/// Gaps that are listed at the most.
const MOST_GAPS: usize = 100;

/// Looks at all events of a session at once.
///
/// # Errors
///
/// [`StoreError`] if its directory can't be listed.
pub fn validate_events(
    disk: &dyn Disk,
    stored: &StoredSession,
) -> Result<EventValidation, StoreError> {
    let mut validating = EventValidating::new(stored.id());
    let files = EventFiles::open(disk, stored.directory(), stored.id())?;
    validating.begin(files, stored.index());
    while validating.go_on().is_some() {}
    Ok(validating.finish().1)
}

/// A validation of a session's events, in progress.
pub struct EventValidating {
    session: SessionId,
    files: EventFiles,
    /// The parts that are left, the next one last.
    parts: Option<Vec<Vec<Stretch>>>,
    walk: Option<EventWalk>,
    /// The event that was counted last, and its run.
    last: Option<(RunId, u64)>,
    /// The highest number that was read.
    newest: u64,
    /// The number up to which the newest checkpoints say that there are events.
    named_through: u64,
    found: EventValidation,
}

impl EventValidating {
    pub fn new(session: SessionId) -> Self {
        let (files, found) = (EventFiles::default(), EventValidation::default());
        let (parts, walk, last) = (None, None, None);
        Self { session, files, parts, walk, last, newest: 0, named_through: 0, found }
    }

    fn begin(&mut self, files: EventFiles, index: &SessionIndex) {
        self.parts = Some(parts_of(&files));
        let heads = index.heads().iter().map(|head| head.id);
        self.named_through =
            heads.filter_map(|head| recorded_through(index, head)).max().unwrap_or(0);
        self.found.files = files.iter().count() as u64;
        self.found.bytes = files.iter().map(|file| file.bytes).sum();
        self.found.problems = files.problems().to_vec();
        self.files = files;
    }

    pub fn finish(self) -> (SessionId, EventValidation) {
        let lost_through = Some(self.named_through).filter(|through| *through > self.newest);
        (self.session, EventValidation { lost_through, ..self.found })
    }

    /// Does a piece of it, and returns its bytes; `None` if all was looked at.
    ///
    /// # Errors
    ///
    /// [`RequestError`] if there is no such session, or it can't be listed.
    pub fn step(&mut self, store: &DirectoryStore) -> Result<Option<usize>, RequestError> {
        if self.parts.is_none() {
            let files = store.event_files(self.session).map_err(unknown_if_gone)?;
            let stored = store.open_session(self.session).map_err(unknown_if_gone)?;
            self.begin(files, stored.index());
            return Ok(Some(limits::FRAME_BYTES));
        }
        Ok(self.go_on())
    }

    /// Looks at the next piece, and returns its bytes.
    fn go_on(&mut self) -> Option<usize> {
        let parts = self.parts.as_mut()?;
        let Some(walk) = &mut self.walk else {
            self.walk = Some(EventWalk::new(&self.files, &parts.pop()?, false));
            return Some(1);
        };
        let step = walk.step();
        self.found.problems.extend(walk.take_problems());
        match step {
            None => self.walk = None,
            Some(Step::Scanned(bytes)) => {
                return Some(usize::try_from(bytes).unwrap_or(usize::MAX));
            }
            Some(Step::Damaged) => self.found.damaged_frames += 1,
            Some(Step::Frame(frame)) => {
                self.take_in(&frame);
                return Some(frame.payload.len());
            }
        }
        Some(1)
    }

    fn take_in(&mut self, walked: &WalkedFrame) {
        let (Some(walk), Ok(frame)) = (&mut self.walk, EventFrame::decode(&walked.payload)) else {
            return;
        };
        let run = walked.stretch.run;
        self.found.frames += 1;
        for sequence in frame.sequences(|_| true) {
            self.newest = self.newest.max(sequence);
            if !walk.admit(walked, sequence) {
                continue;
            }
            self.found.events += 1;
            let before = self.last.replace((run, sequence)).filter(|(last, _)| *last == run);
            let gap = before.map(|(_, after)| after).filter(|after| after + 1 != sequence);
            if let Some(after) = gap.filter(|_| self.found.gaps.len() < MOST_GAPS) {
                self.found.gaps.push(EventGap { run, after, before: sequence });
            }
        }
    }
}

/// The number up to which the run of a head has recorded events itself, by its checkpoint. The newest of its files is
/// never pruned. `None` if it may have recorded none.
fn recorded_through(index: &SessionIndex, head: CheckpointId) -> Option<u64> {
    let through = index.commit(head)?.events_through;
    let before = match index.lineage_of(head.run)?.ancestors.first() {
        Some(before) => index.commit(*before)?.events_through,
        None => 0,
    };
    (through > before).then_some(through)
}

/// The parts to look through, each event once: each file that was gathered, and those events of each run that are in
/// none of them.
fn parts_of(files: &EventFiles) -> Vec<Vec<Stretch>> {
    let mut parts = Vec::new();
    let mut through: HashMap<RunId, u64> = HashMap::new();
    for file in files.gathered() {
        let mut part: Vec<Stretch> = Vec::new();
        for HeldEvents { run, first, through: high } in file.held() {
            let counted = through.entry(*run).or_default();
            let low = (*first).max(counted.saturating_add(1));
            if low <= *high {
                part.push(Stretch { run: *run, low, high: *high });
                *counted = *high;
            }
        }
        part.reverse();
        parts.push(part);
    }
    parts.extend(files.by_run().map(|(run, _)| {
        let low = through.get(&run).map_or(0, |through| through.saturating_add(1));
        vec![Stretch { run, low, high: u64::MAX }]
    }));
    parts
}
