//! Puts the session that was left or paused into the folder, a slice at a time.

use std::ops::ControlFlow::{Break, Continue};
use std::sync::Arc;

use tracing::{debug, warn};

use super::putting::put;
use crate::disk::{StoredSession, with_sources};
use crate::format::Head;
use crate::model::ids::{CheckpointId, RunId, SessionId};
use crate::model::session::Archived;
use crate::read::recovery::SessionFinder;
use crate::write::cloud_folder::CloudFolder;
use crate::write::cloud_news::{CloudError, CloudNews};
use crate::write::jobs::{Holds, Job, Slice, Tools, Urgency, WaitsFor};
use crate::write::news::News;
use crate::write::snapshot::Snapshot;
use crate::write::snapshot_writing::SnapshotWriting;

/// A session that is to be put into the folder.
pub(in crate::write) struct KeepInCloud {
    folder: Arc<CloudFolder>,
    session: SessionId,
    /// The run that was played.
    run: RunId,
    /// The newest checkpoint that was captured. It becomes durable first.
    after: Option<CheckpointId>,
    /// `None` before its first slice.
    begun: Option<SnapshotWriting>,
}

impl KeepInCloud {
    pub(in crate::write) fn new(
        folder: Arc<CloudFolder>,
        session: SessionId,
        run: RunId,
        after: Option<CheckpointId>,
    ) -> Self {
        Self { folder, session, run, after, begun: None }
    }

    /// Begins to write the session as it is now; `None` if there is nothing to keep.
    fn begin(&self, tools: &Tools<'_>) -> Result<Option<SnapshotWriting>, CloudError> {
        let local = tools.finder.local();
        let stored = local.store.open_session(self.session).map_err(CloudError::here)?;
        let head = stored.index().heads().iter().find(|head| head.id.run == self.run).cloned();
        let Some(head) = head.filter(|head| is_worth_it(&stored, head)) else { return Ok(None) };
        let snapshot = Snapshot::for_elsewhere(local, &stored, &head, tools.now.wall);
        let begun = SnapshotWriting::begin(stored, snapshot, Archived::WithWorld, &local.store);
        begun.map(Some).map_err(CloudError::Session)
    }

    fn step(&mut self, tools: &Tools<'_>) -> Result<Step, CloudError> {
        let local = tools.finder.local();
        let writing = match self.begun.take() {
            Some(writing) => writing,
            None => match self.begin(tools)? {
                Some(writing) => writing,
                None => return Ok(Step::Nothing),
            },
        };
        match writing.step(&local.store).map_err(CloudError::Session)? {
            Continue(writing) => {
                self.begun = Some(writing);
                Ok(Step::Going)
            }
            Break((_, snapshot)) => {
                let Some(written) = snapshot.written_for_elsewhere() else {
                    return Ok(Step::Nothing);
                };
                let made = (snapshot.header(), snapshot.begins_with());
                let put = put(local, &self.folder, written, made);
                // It has served its turn.
                let _ = local.store.remove_segment(written);
                put.map(Step::Done)
            }
        }
    }
}

enum Step {
    Going,
    Nothing,
    Done(u64),
}

impl Job for KeepInCloud {
    /// So the end of a run waits for it, and an exit does as long as it has patience.
    fn urgency(&self) -> Urgency {
        Urgency::Saving
    }

    fn waits_for(&self) -> WaitsFor {
        self.after.map_or(WaitsFor::Nothing, WaitsFor::Checkpoint)
    }

    fn is_about(&self, session: SessionId) -> bool {
        session == self.session
    }

    fn slice(mut self: Box<Self>, tools: &mut Tools<'_>) -> Slice {
        let session = self.session;
        let news = match self.step(tools) {
            Ok(Step::Going) => return Slice::Going(self),
            Ok(Step::Nothing) => return Slice::Done,
            Ok(Step::Done(bytes)) => {
                debug!(%session, bytes, "put into the cloud's folder");
                CloudNews::Kept { session, bytes }
            }
            Err(error) => {
                let cause = with_sources(&error);
                warn!(%session, error = %cause, "the session isn't put into the cloud's folder");
                CloudNews::NotKept { session, error }
            }
        };
        tools.news.push(News::Cloud(news));
        Slice::Done
    }

    fn holds(&self) -> Holds {
        self.begun.as_ref().map_or(Holds::Nothing, |_| Holds::Session(self.session))
    }

    fn cancel(&mut self, finder: &mut SessionFinder) {
        if let Some(writing) = self.begun.take() {
            writing.let_go(&finder.local().store);
        }
    }

    /// The checkpoint before it is worth as much.
    fn in_vain(mut self: Box<Self>, _news: &mut Vec<News>) -> Option<Box<dyn Job>> {
        self.after = None;
        Some(self)
    }
}

/// Returns true if a line has something that another device could go on with.
fn is_worth_it(stored: &StoredSession, head: &Head) -> bool {
    !head.metadata.draft && !stored.index().is_without_world(head.id)
}
