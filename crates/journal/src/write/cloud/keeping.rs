//! Puts the session that was left or paused into the folder, a slice at a time.

use std::ops::ControlFlow::{Break, Continue};
use std::path::PathBuf;
use std::sync::Arc;

use tracing::{debug, warn};

use super::putting::{Put, Putting};
use crate::disk::{LocalStore, StoredSession, with_sources};
use crate::format::Head;
use crate::model::ids::{CheckpointId, RunId, SessionId};
use crate::model::session::Archived;
use crate::read::recovery::SessionFinder;
use crate::write::cloud_folder::CloudFolder;
use crate::write::cloud_news::{CloudError, CloudNews};
use crate::write::filing::refuse_to_guess;
use crate::write::jobs::{Holds, Job, Queue, Slice, Tools, Urgency, WaitsFor};
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
    stage: Stage,
}

/// The stage of the work.
enum Stage {
    Asked,
    /// The session is written into a file here.
    Writing(Box<SnapshotWriting>),
    /// That file is put into the folder.
    Putting {
        written: PathBuf,
        putting: Box<Putting>,
    },
}

impl KeepInCloud {
    pub(in crate::write) fn new(
        folder: Arc<CloudFolder>,
        session: SessionId,
        run: RunId,
        after: Option<CheckpointId>,
    ) -> Self {
        Self { folder, session, run, after, stage: Stage::Asked }
    }

    /// Begins to write the session as it is now; `None` if there is nothing to keep.
    fn begin(&self, tools: &Tools<'_>) -> Result<Option<SnapshotWriting>, CloudError> {
        let local = tools.finder.local();
        let stored = local.store.open_session(self.session).map_err(CloudError::here)?;
        // What can't be read now may be what the folder alone would have then.
        refuse_to_guess(stored.index()).map_err(CloudError::Session)?;
        let head = stored.index().heads().iter().find(|head| head.id.run == self.run).cloned();
        let Some(head) = head.filter(|head| is_worth_it(&stored, head)) else { return Ok(None) };
        let snapshot = Snapshot::for_elsewhere(local, &stored, &head, tools.now.wall);
        let begun = SnapshotWriting::begin(stored, snapshot, Archived::WithWorld, &local.store);
        begun.map(Some).map_err(CloudError::Session)
    }

    fn step(&mut self, tools: &Tools<'_>) -> Result<Step, CloudError> {
        let local = tools.finder.local();
        self.stage = match std::mem::replace(&mut self.stage, Stage::Asked) {
            Stage::Asked => match self.begin(tools)? {
                Some(writing) => Stage::Writing(Box::new(writing)),
                None => return Ok(Step::Nothing),
            },
            Stage::Writing(writing) => {
                match writing.step(&local.store).map_err(CloudError::Session)? {
                    Continue(writing) => Stage::Writing(Box::new(writing)),
                    Break((stored, snapshot)) => self.begin_to_put(local, stored, &snapshot)?,
                }
            }
            Stage::Putting { written, putting } => match putting.step(local) {
                Ok(Put::Going(putting)) => Stage::Putting { written, putting },
                put => {
                    // It has served its turn.
                    let _ = local.store.remove_segment(&written);
                    return put.map(|put| match put {
                        Put::Done(bytes) => Step::Done(bytes),
                        Put::Going(_) => Step::Going,
                    });
                }
            },
        };
        Ok(Step::Going)
    }

    fn begin_to_put(
        &self,
        local: &LocalStore,
        mut stored: StoredSession,
        snapshot: &Snapshot,
    ) -> Result<Stage, CloudError> {
        let written = snapshot.written_for_elsewhere().ok_or(CloudError::NotWhole)?.to_owned();
        let made = (&*written, snapshot.header());
        match Putting::begin(local, &self.folder, &mut stored, made) {
            Ok(putting) => Ok(Stage::Putting { written, putting }),
            Err(error) => {
                let _ = local.store.remove_segment(&written);
                Err(error)
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
    /// The end of a run doesn't wait for it; an exit does, as long as it has patience.
    fn urgency(&self) -> Urgency {
        Urgency::Asked
    }

    fn waits_for(&self) -> WaitsFor {
        self.after.map_or(WaitsFor::Nothing, WaitsFor::Checkpoint)
    }

    /// An older state never takes the place of a newer one.
    fn queue(&self) -> Option<Queue> {
        Some(Queue::CloudFiles)
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

    /// A folder may be slow, and the player may play on meanwhile.
    fn is_long(&self) -> bool {
        true
    }

    fn holds(&self) -> Holds {
        match self.stage {
            Stage::Writing(_) => Holds::Session(self.session),
            Stage::Asked | Stage::Putting { .. } => Holds::Nothing,
        }
    }

    fn cancel(&mut self, finder: &mut SessionFinder) {
        let local = finder.local();
        match std::mem::replace(&mut self.stage, Stage::Asked) {
            Stage::Asked => {}
            Stage::Writing(writing) => writing.let_go(&local.store),
            Stage::Putting { written, putting } => {
                putting.let_go(local);
                let _ = local.store.remove_segment(&written);
            }
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
