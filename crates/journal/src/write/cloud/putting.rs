//! Puts a file into the folder, a slice at a time: whole and durable, in the place of one that it goes on from, and within
//! the folder's quota.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::opening::header_of;
use super::own_files::{OwnFiles, remove_unfinished};
use crate::disk::{DirectoryStore, Disk, LocalStore, StoredSession};
use crate::format::{Lineage, SegmentHeader, Validity};
use crate::model::ids::{CheckpointId, RunId, SessionId};
use crate::write::cloud_folder::CloudFolder;
use crate::write::cloud_news::CloudError;
use crate::write::file_copy::FileCopy;

/// A file on its way into the folder.
pub(super) struct Putting {
    copy: FileCopy,
    session: SessionId,
    directory: PathBuf,
    /// Files of this device that it goes on from. The first gives it its place.
    replaced: Vec<PathBuf>,
    /// The runs of the files that this device had there when it began.
    before: Vec<RunId>,
    stage: Stage,
}

#[derive(Clone, Copy)]
enum Stage {
    Writing,
    ReadingBack,
}

/// The progress of a file.
pub(super) enum Put {
    Going(Box<Putting>),
    /// It is in its place; its bytes.
    Done(u64),
}

impl Putting {
    /// Begins to put a file there that was written and read back here, with a checkpoint of `stored`.
    pub(super) fn begin(
        local: &LocalStore,
        folder: &CloudFolder,
        stored: &mut StoredSession,
        (written, header): (&Path, &SegmentHeader),
    ) -> Result<Box<Self>, CloudError> {
        let (inside, outside) = (&**local.store.disk(), &*local.outside);
        let directory = folder.of_profile(&local.store.layout().profile);
        let store = DirectoryStore::new(Arc::clone(&local.outside), local.store.layout().clone());
        let above = store.create_directory(&directory).map_err(CloudError::in_folder)?;
        store
            .sync_directories(&above.into_iter().collect::<Vec<_>>())
            .map_err(CloudError::in_folder)?;
        let own = OwnFiles::of(local, &directory, header.session)?;
        remove_unfinished(local, &directory)
            .map_err(|error| CloudError::folder(&directory, error))?;
        let new = StoredSession::of_file(inside, written, header.session);
        let lineage = new.index().lineage_of(header.run).cloned().unwrap_or_default();
        let before = runs_of(outside, &own.files);
        let mut replaced = own.files.clone();
        replaced.retain(|path| goes_on_from(outside, path, &lineage, stored));
        let place = match replaced.first() {
            Some(first) => first.clone(),
            None => own.free_place(header.run),
        };
        let bytes = inside.open(written).and_then(|file| file.len());
        let bytes = bytes.map_err(|error| CloudError::here_at(written, error))?;
        check_room(outside, folder, &replaced, bytes)?;
        let copy = FileCopy::begin((inside, written.to_owned()), (outside, place));
        let copy = copy.map_err(|error| CloudError::of_copy(&directory, error))?;
        let session = header.session;
        Ok(Box::new(Self { copy, session, directory, replaced, before, stage: Stage::Writing }))
    }

    /// Does the next slice. If it fails, the folder is as it was.
    pub(super) fn step(mut self: Box<Self>, local: &LocalStore) -> Result<Put, CloudError> {
        let (inside, outside) = (&**local.store.disk(), &*local.outside);
        let more = match self.stage {
            Stage::Writing => self.copy.write_on(),
            Stage::ReadingBack => self.copy.read_back(inside, outside),
        };
        match (more, self.stage) {
            (Err(error), _) => {
                let error = CloudError::of_copy(&self.directory, error);
                self.let_go(local);
                Err(error)
            }
            (Ok(true), _) => Ok(Put::Going(self)),
            (Ok(false), Stage::Writing) => {
                self.stage = Stage::ReadingBack;
                Ok(Put::Going(self))
            }
            (Ok(false), Stage::ReadingBack) => self.put_in_place(local).map(Put::Done),
        }
    }

    /// The ones before go only behind one that was read back.
    fn put_in_place(self, local: &LocalStore) -> Result<u64, CloudError> {
        let Self { copy, session, directory, replaced, before, .. } = self;
        let bytes = copy.len();
        // Another process of this device may have put something newer there meanwhile.
        let now = OwnFiles::of(local, &directory, session)?;
        if runs_of(&*local.outside, &now.files) != before {
            copy.remove(&*local.outside);
            return Err(CloudError::InUse);
        }
        copy.put_in_place(&*local.outside).map_err(CloudError::in_folder)?;
        let store = DirectoryStore::new(Arc::clone(&local.outside), local.store.layout().clone());
        store.sync_directories(std::slice::from_ref(&directory)).map_err(CloudError::in_folder)?;
        for other in replaced.iter().skip(1) {
            // Otherwise the next one is tried in its place.
            let _ = local.outside.remove(other);
        }
        Ok(bytes)
    }

    /// Gives it up: the folder is as it was.
    pub(super) fn let_go(self, local: &LocalStore) {
        self.copy.remove(&*local.outside);
    }
}

/// The runs of these files, as far as they can be read.
fn runs_of(disk: &dyn Disk, files: &[PathBuf]) -> Vec<RunId> {
    let headers = files.iter().filter_map(|path| header_of(disk, path).ok());
    headers.map(|header| header.run).collect()
}

/// Refuses a file of so many bytes that has no room beside those that stay.
fn check_room(
    disk: &dyn Disk,
    folder: &CloudFolder,
    replaced: &[PathBuf],
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
        // One that is the system's or another program's isn't counted.
        for entry in disk.list(&directory).unwrap_or_default() {
            if entry.is_dir || replaced.contains(&directory.join(&entry.name)) {
                continue;
            }
            files += 1;
            all += entry.len;
        }
    }
    let fits = files <= folder.most_files && all <= folder.most_bytes;
    if fits { Ok(()) } else { Err(CloudError::Full { files, bytes: all }) }
}

/// Returns true if a file of this device in the folder has nothing that would be lost with it: the new one goes on from it, or
/// the player went back from it and it can be read here as well. What was damaged or lost here may be there alone.
fn goes_on_from(
    disk: &dyn Disk,
    path: &Path,
    lineage: &Lineage,
    stored: &mut StoredSession,
) -> bool {
    let Ok(header) = header_of(disk, path) else { return false };
    let Some(original) = header.ancestors.first().copied() else { return false };
    let is_in = |named: &[CheckpointId]| {
        named.iter().any(|it| it.run == original.run && it.counter >= original.counter)
    };
    is_in(&lineage.ancestors) || is_in(&lineage.supersedes) && is_good_here(stored, original)
}

/// Returns true if a checkpoint can be read here, or isn't kept here any more.
fn is_good_here(stored: &mut StoredSession, checkpoint: CheckpointId) -> bool {
    if stored.index().commit(checkpoint).is_none() {
        return true;
    }
    let plan = stored.index().plan(checkpoint);
    plan.is_some_and(|plan| matches!(stored.verify(&plan), Ok(Validity::Verified)))
}
