//! When something is put into the folder of a file cloud, and when the folder is looked at.

use std::sync::Arc;

use super::{KeepInCloud, take_in};
use crate::disk::LocalStore;
use crate::model::ids::{CheckpointId, RunId, SessionId};
use crate::read::recovery::KnownTypes;
use crate::write::cloud_folder::CloudFolder;
use crate::write::cloud_news::CloudNews;

/// When something is put into the folder of a file cloud, if there is one, and when the folder is looked at.
#[derive(Default)]
pub(in crate::write) struct CloudTurns {
    folder: Option<Arc<CloudFolder>>,
    /// The newest checkpoint that was captured.
    captured: Option<CheckpointId>,
    /// The newest checkpoint of what was put there last.
    kept: Option<CheckpointId>,
    /// The run whose end was put there.
    ended: Option<RunId>,
    /// True if the files of other devices there were looked at; once a process and profile is enough.
    has_looked: bool,
}

impl CloudTurns {
    pub fn of(folder: Option<CloudFolder>) -> Self {
        Self { folder: folder.map(Arc::new), ..Self::default() }
    }

    /// Returns true if there is a folder.
    pub fn has_folder(&self) -> bool {
        self.folder.is_some()
    }

    /// The folder, if there is one.
    pub fn folder(&self) -> Option<&CloudFolder> {
        self.folder.as_deref()
    }

    /// A checkpoint was captured.
    pub fn note_captured(&mut self, checkpoint: CheckpointId) {
        self.captured = Some(checkpoint);
    }

    /// The session was paused. A pause after which nothing was captured is there already.
    pub fn keep_paused(&mut self, (session, run): (SessionId, RunId)) -> Option<KeepInCloud> {
        let is_new = self.captured.is_none() || self.kept != self.captured;
        is_new.then(|| self.keep(session, run)).flatten()
    }

    /// The run is over: its end is put there once.
    pub fn keep_ended(&mut self, (session, run): (SessionId, RunId)) -> Option<KeepInCloud> {
        let is_new = self.ended.replace(run) != Some(run);
        is_new.then(|| self.keep(session, run)).flatten()
    }

    /// Puts a session there once what was captured of it is durable.
    fn keep(&mut self, session: SessionId, run: RunId) -> Option<KeepInCloud> {
        let folder = Arc::clone(self.folder.as_ref()?);
        // What was captured before is a part of it.
        self.kept = self.captured;
        Some(KeepInCloud::new(folder, session, run, self.captured))
    }

    /// Brings here what other devices have put there, before anything is looked for here.
    pub fn take_in(
        &mut self,
        local: &LocalStore,
        game: &str,
        types: &dyn KnownTypes,
    ) -> Vec<CloudNews> {
        let Some(folder) = self.folder.as_ref().filter(|_| !self.has_looked) else {
            return Vec::new();
        };
        self.has_looked = true;
        take_in(local, game, folder, types)
    }

    /// Another profile comes next.
    pub fn look_again(&mut self) {
        self.has_looked = false;
    }
}
