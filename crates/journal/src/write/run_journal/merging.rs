//! Renewing a run's snapshot by merging, between its own checkpoints.

use std::ops::ControlFlow::{Break, Continue};
use std::time::Duration;

use tracing::{debug, warn};

use super::RunJournal;
use crate::disk::{DirectoryStore, with_sources};
use crate::model::clock::Moment;
use crate::write::News;
use crate::write::rotation::{Rotation, Schedule};

/// A merge, and when there is to be another one.
pub(super) struct Merging {
    pub rotation: Option<Rotation>,
    pub schedule: Schedule,
}

impl Merging {
    pub(super) fn new(now: Duration) -> Self {
        Self { rotation: None, schedule: Schedule::new(now) }
    }

    pub(super) fn abandon(&mut self, store: &DirectoryStore) {
        if let Some(rotation) = self.rotation.take() {
            rotation.abandon(store);
        }
    }
}

impl RunJournal {
    /// Merges for a slice, which has more steps the more was written since the merge began.
    pub(super) fn rotate_slice(&mut self, now: Moment, reports: &mut Vec<News>) {
        let steps = self.merging.rotation.as_ref().map_or(1, Rotation::steps_in_a_slice);
        for _ in 0..steps {
            self.rotate(now, reports);
            if self.merging.rotation.is_none() {
                break;
            }
        }
    }

    fn rotate(&mut self, now: Moment, reports: &mut Vec<News>) {
        if self.merging.rotation.is_none()
            && let Some(through) = self.acknowledged()
            && self.has_to_rotate(now)
        {
            let header = self.next_header(None, now);
            debug!(through, "merging begins");
            let rotation = Rotation::new(&self.local.store, header, self.id(through));
            self.merging.rotation = Some(rotation);
        }
        let Some(rotation) = self.merging.rotation.take() else { return };
        match rotation.step(&self.local.store, self.preamble()) {
            Ok(Continue(rotation)) => self.merging.rotation = Some(*rotation),
            Ok(Break((segment, checkpoints))) => {
                self.segments.note_durable(segment.durable_end());
                self.segments.open = Some(segment);
                self.merging.schedule.rotated(now.elapsed, checkpoints);
                self.housekeeping.generation_begun();
            }
            Err(failure) => {
                warn!(
                    error = %with_sources(&failure),
                    "merging the session's checkpoints failed; it is tried again later"
                );
                self.merging.schedule.rotation_failed(now.elapsed);
                if failure.is_damage() {
                    reports.push(News::NeedFull);
                }
            }
        }
    }

    /// Returns true if a merge is under way or due.
    pub(super) fn has_to_rotate(&self, now: Moment) -> bool {
        let may_begin = self.acknowledged().is_some() && self.segments.open.is_some();
        self.merging.rotation.is_some() || may_begin && self.merging.schedule.is_due(now.elapsed)
    }
}
