//! How a run renews its snapshot by merging, between its own checkpoints.

use tracing::{debug, warn};

use super::RunJournal;
use crate::clock::Moment;
use crate::store::with_sources;
use crate::writer::News;
use crate::writer::rotation::{Progress, Rotation};

impl RunJournal {
    pub(super) fn rotate(&mut self, now: Moment, reports: &mut Vec<News>) {
        if self.rotation.is_none() {
            self.begin_rotation(now);
        }
        let Some(rotation) = self.rotation.take() else { return };
        match rotation.step(&self.local.store, self.preamble()) {
            Ok(Progress::Going(rotation)) => self.rotation = Some(*rotation),
            Ok(Progress::Done { segment, checkpoints }) => {
                self.note_durable(segment.durable_end());
                self.segment = Some(segment);
                self.schedule.rotated(now.elapsed, checkpoints);
                self.generation_begun();
            }
            Err(failure) => {
                warn!(error = %with_sources(&failure), "merging was given up");
                self.schedule.rotation_failed(now.elapsed);
                if failure.is_damage() {
                    reports.push(News::NeedFull);
                }
            }
        }
    }

    /// Whether a merge is under way or due.
    pub(super) fn has_to_rotate(&self, now: Moment) -> bool {
        let may_begin = self.acknowledged.is_some() && self.segment.is_some();
        self.rotation.is_some() || may_begin && self.schedule.is_due(now.elapsed)
    }

    fn begin_rotation(&mut self, now: Moment) {
        let Some(through) = self.acknowledged else { return };
        if self.has_to_rotate(now) {
            let header = self.next_header(None, now);
            debug!(through, "merging begins");
            self.rotation = Some(Rotation::new(&self.local.store, header, self.id(through)));
        }
    }

    pub(super) fn drop_rotation(&mut self) {
        if let Some(rotation) = self.rotation.take() {
            rotation.abandon(&self.local.store);
        }
    }

    /// A new generation is durable, so older ones may go.
    pub(super) fn generation_begun(&mut self) {
        self.prune_is_due = true;
        self.may_gather = true;
        self.may_gather_events = true;
    }
}
