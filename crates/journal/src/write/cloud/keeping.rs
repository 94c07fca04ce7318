//! Puts the session that was left or paused into the folder, a slice at a time.

use std::ffi::OsStr;
use std::ops::ControlFlow::{Break, Continue};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::{debug, warn};

use super::{CloudError, CloudFolder, CloudNews, copy, own_file};
use crate::disk::{DirectoryStore, Disk, Layout, LocalStore, StoredSession};
use crate::format::Head;
use crate::model::ids::{RunId, SessionId};
use crate::model::session::{Archived, FailureCause, RequestError, SessionStatus};
use crate::read::recovery::SessionFinder;
use crate::write::News;
use crate::write::jobs::{Holds, Job, Slice, Tools, Urgency};
use crate::write::snapshot::Snapshot;
use crate::write::snapshot_writing::SnapshotWriting;

/// A session that is to be put into the folder.
pub(in crate::write) struct KeepInCloud {
    folder: Arc<CloudFolder>,
    session: SessionId,
    /// The run that was played.
    run: RunId,
    /// `None` before its first slice.
    begun: Option<SnapshotWriting>,
}

impl KeepInCloud {
    pub fn new(folder: Arc<CloudFolder>, session: SessionId, run: RunId) -> Self {
        Self { folder, session, run, begun: None }
    }

    /// Begins to write what the session is now; `None` where there is nothing to keep.
    fn begin(&self, tools: &Tools<'_>) -> Result<Option<SnapshotWriting>, CloudError> {
        let local = tools.finder.local();
        let stored = local.store.open_session(self.session);
        let stored = stored.map_err(|error| CloudError::Session(error.into()))?;
        let head = stored.index().heads().iter().find(|head| head.id.run == self.run).cloned();
        let Some(head) = head.filter(|head| is_worth_it(&stored, head)) else { return Ok(None) };
        // Left in good order: whoever takes it up elsewhere needn't be asked about a crash.
        let described = (SessionStatus::Closed, head.metadata.clone());
        let snapshot =
            Snapshot::of(local, &stored, &head, described, tools.now.wall).for_elsewhere();
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
                let put = put(local, &self.folder, self.session, written);
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
                warn!(%session, %error, "not put into the cloud's folder");
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
}

/// Whether a line has something that another device could go on with.
fn is_worth_it(stored: &StoredSession, head: &Head) -> bool {
    !head.metadata.draft && !stored.index().is_without_world(head.id)
}

/// Puts a file that was written and read back into the folder: whole, durably, in the place of the one before.
fn put(
    local: &LocalStore,
    folder: &CloudFolder,
    session: SessionId,
    written: &Path,
) -> Result<u64, CloudError> {
    let place = own_file(local, folder, session)
        .map_err(|error| CloudError::Session(RequestError::Store(FailureCause::new(error))))?;
    let outside = &*local.outside;
    let directory = place.parent().unwrap_or(&place).to_owned();
    let refused = |error| CloudError::folder(&directory, error);
    let layout = local.store.layout().clone();
    let store = DirectoryStore::new(Arc::clone(&local.outside), layout);
    let as_refused = |error| CloudError::Session(RequestError::from(error));
    let above: Vec<PathBuf> =
        store.create_directory(&directory).map_err(as_refused)?.into_iter().collect();
    store.sync_directories(&above).map_err(as_refused)?;
    let bytes = length(&**local.store.disk(), written).map_err(refused)?;
    check_room(outside, folder, &place, bytes)?;
    let unfinished = Layout::unfinished(&place);
    let put = copy(&**local.store.disk(), written, outside, &unfinished)
        .and_then(|_| outside.put_in_place(&unfinished, &place));
    if put.is_err() {
        let _ = outside.remove(&unfinished);
    }
    put.map_err(refused)?;
    store.sync_directories(&[directory]).map_err(as_refused)?;
    Ok(bytes)
}

fn length(disk: &dyn Disk, path: &Path) -> std::io::Result<u64> {
    disk.open(path)?.len()
}

/// Looks whether a file has room beside those that are there already.
fn check_room(
    disk: &dyn Disk,
    folder: &CloudFolder,
    place: &Path,
    bytes: u64,
) -> Result<(), CloudError> {
    let most = folder.most_bytes_of_a_file;
    if bytes > most {
        return Err(CloudError::TooLarge { bytes, most });
    }
    let (mut files, mut all) = (1, bytes);
    let refused = |error| CloudError::folder(&folder.path, error);
    for profile in disk.list(&folder.path).map_err(refused)?.iter().filter(|it| it.is_dir) {
        let directory = folder.path.join(&profile.name);
        for entry in disk.list(&directory).map_err(refused)? {
            let path = directory.join(&entry.name);
            if entry.is_dir || path == place || is_own_leftover(disk, place, &path) {
                continue;
            }
            files += 1;
            all += entry.len;
        }
    }
    let fits = files <= folder.most_files && all <= folder.most_bytes;
    if fits { Ok(()) } else { Err(CloudError::Full { files, bytes: all }) }
}

/// Whether a file is what this device left unfinished when it died. It goes.
fn is_own_leftover(disk: &dyn Disk, place: &Path, path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str);
    let of = name.and_then(Layout::place_of_unfinished).map(OsStr::new);
    path.parent() == place.parent() && of == place.file_name() && disk.remove(path).is_ok()
}
