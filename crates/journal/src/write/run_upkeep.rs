//! The work that the run that is written does on the files of its session between its checkpoints: pruning, gathering,
//! merging, and reading the timeline.

use super::jobs::{Job, Slice, Tools, Urgency};
use super::run_journal::RunJournal;
use crate::model::ids::RunId;

/// Goes on for as long as the run is written.
pub(super) struct RunUpkeep {
    run: RunId,
}

impl RunUpkeep {
    pub(super) fn of(run: &RunJournal) -> Self {
        Self { run: run.run() }
    }
}

impl Job for RunUpkeep {
    fn urgency(&self) -> Urgency {
        Urgency::Run
    }

    /// The work depends on what the run writes, so the run decides on it.
    fn slice(self: Box<Self>, tools: &mut Tools<'_>) -> Slice {
        match &mut tools.run {
            Some(run) if run.run() == self.run => {
                let again_in = run.upkeep(tools.now, tools.news);
                Slice::Later(self, again_in)
            }
            _ => Slice::Done,
        }
    }
}
