//! A session's history, read a piece at a time: its entry for listings, and all events of its newest line, the oldest
//! first.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::detect::{entry, open};
use super::event_line::{lengthen, line_of};
use super::event_walk::{EventWalk, Step, Stretch, WalkedFrame};
use super::standing::{LockHolder, Standing, standing};
use super::{KnownTypes, SessionEntry, SessionFinder};
use crate::disk::process::HowItEnded;
use crate::disk::{StoreError, StoredSession};
use crate::format::{EventFrame, EventStretch, FileProblemKind, RecordedEvent};
use crate::model::ids::SessionId;

/// The facts about a session beside what it has recorded.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct SessionFacts {
    /// Its entry for listings. Bytes of slots aren't counted.
    pub entry: SessionEntry,
    /// The end of the process that played it last, if the session has no end: the crash that waits for an answer.
    pub cause: Option<HowItEnded>,
    /// The time at which that process is known to have lived last.
    pub died_at: Option<Timestamp>,
}

impl SessionFacts {
    /// The facts of this entry, if nothing is known of the process that played the session.
    #[must_use]
    pub fn of(entry: SessionEntry) -> Self {
        Self { entry, cause: None, died_at: None }
    }
}

/// The parts of a session's history that couldn't be read, so that a value that is made of it is incomplete.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HistoryLosses {
    /// Frames of events that are damaged.
    pub damaged_frames: u64,
    /// Files that can't be read, or not in full.
    pub unreadable_files: u64,
    /// True if the oldest events are gone: files of events are removed when they are over their quota.
    pub begin_is_missing: bool,
}

impl HistoryLosses {
    /// Returns true if all was read.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// A session's history as it is read.
pub struct SessionHistory {
    /// The stamp of its files before anything was read.
    pub stamp: u64,
    /// `None` if no checkpoint of it can be read.
    pub facts: Option<SessionFacts>,
    walk: EventWalk,
    has_begun: bool,
    losses: HistoryLosses,
}

impl SessionHistory {
    /// Begins to read. `played` is the line of a session that this process plays. `None` if there is nothing of the
    /// session: it was deleted, or never had a checkpoint.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if its directory can't be listed now.
    pub fn open(
        finder: &mut SessionFinder,
        types: &dyn KnownTypes,
        session: SessionId,
        played: Option<&[EventStretch]>,
    ) -> Result<Option<Self>, StoreError> {
        let stored = open(finder, session)?;
        if stored.index().is_forgotten() {
            return Ok(None);
        }
        let files = finder.store().event_files(session)?;
        let facts = facts(finder, types, &stored);
        let segments = stored.index().problems().iter();
        let segments = segments.filter(|it| it.kind.is_damage() || it.why_unreadable().is_some());
        // The header of a segment may be torn by a crash. One of events that is may have held what was synced.
        let events = files.problems().iter();
        let events = events.filter(|it| it.kind != FileProblemKind::OfAnotherSession);
        let unreadable = (segments.count() + events.count()) as u64;
        if facts.is_none() && unreadable == 0 {
            return Ok(None);
        }
        let line = match played {
            Some(played) => {
                let mut line = played.to_vec();
                lengthen(&mut line, &files, |_| None);
                line
            }
            None => line_of(stored.index(), &files, None).unwrap_or_default(),
        };
        let stretches: Vec<Stretch> = line
            .into_iter()
            .map(|EventStretch { run, through }| Stretch { run, low: 0, high: through })
            .collect();
        let walk = EventWalk::new(&files, &stretches, false);
        let losses = HistoryLosses { unreadable_files: unreadable, ..HistoryLosses::default() };
        Ok(Some(Self { stamp: stored.stamp(), facts, walk, has_begun: false, losses }))
    }

    /// Reads the next piece, and hands out its events. Returns true if there is more.
    pub fn step(&mut self, take: &mut dyn FnMut(&RecordedEvent)) -> bool {
        let Some(step) = self.walk.step() else { return false };
        if let Step::Frame(frame) = step {
            self.take_in(&frame, take);
        }
        let problems = self.walk.take_problems();
        let damaged = problems.iter().filter(|problem| problem.kind.is_damage());
        self.losses.unreadable_files += damaged.count() as u64;
        true
    }

    fn take_in(&mut self, walked: &WalkedFrame, take: &mut dyn FnMut(&RecordedEvent)) {
        let Ok(frame) = EventFrame::decode(&walked.payload) else { return };
        for event in frame.events(|_| true) {
            if self.walk.admit(walked, event.sequence) {
                if !std::mem::replace(&mut self.has_begun, true) {
                    self.losses.begin_is_missing = event.sequence > 1;
                }
                if !event.event_type.is_of_frames() {
                    take(&event);
                }
            }
        }
    }

    /// The parts that couldn't be read so far.
    pub fn losses(&self) -> HistoryLosses {
        HistoryLosses { damaged_frames: self.walk.damaged_frames(), ..self.losses }
    }
}

/// The facts about a session at its newest checkpoint; `None` if none can be read.
fn facts(
    finder: &mut SessionFinder,
    types: &dyn KnownTypes,
    stored: &StoredSession,
) -> Option<SessionFacts> {
    let head = stored.index().newest_head()?;
    let standing = standing(finder, stored.id(), head, LockHolder::Unknown);
    let entry = entry(stored, types, head, &standing);
    let Standing { cause, died_at, .. } = standing;
    Some(SessionFacts { entry, cause, died_at })
}
