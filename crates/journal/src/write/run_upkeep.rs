//! What the run that is written does with the files of its session between its checkpoints: it is pruned, gathered,
//! merged and read for its timeline.

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

    /// What there is to do depends on what the run writes, which knows it.
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
