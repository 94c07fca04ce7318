//! Brings the sessions here that other devices have put into the folder.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use tracing::{info, warn};

use super::known::{Known, is_erased, is_forgotten};
use super::opening::{Found, header_of, look_at, verify};
use super::own_files::{OwnFiles, remove_unfinished};
use super::{EXTENSION, device, entries_of};
use crate::disk::{
    Erasure, ErasureFiles, LocalStore, SessionLock, StoreError, StoredSession, with_sources,
};
use crate::format::{Head, SegmentHeader};
use crate::model::ids::{CheckpointId, RunId, SessionId};
use crate::read::recovery::{Fork, KnownTypes};
use crate::write::cloud_folder::CloudFolder;
use crate::write::cloud_news::{CloudError, CloudFork, CloudNews};
use crate::write::file_copy::FileCopy;

/// Looks at all files of the folder, and brings here what goes on from what is here, or beside it. No session is played.
pub(in crate::write) fn take_in(
    local: &LocalStore,
    game: &str,
    folder: &CloudFolder,
    types: &dyn KnownTypes,
) -> Vec<CloudNews> {
    let mut news = Vec::new();
    let mut of_sessions = BTreeMap::<SessionId, Vec<Found>>::new();
    let erasures = match ErasureFiles::of(&local.store).read() {
        Ok(erasures) => erasures,
        // What they name would come back.
        Err(error) => {
            refuse(folder.path.clone(), CloudError::here(error), &mut news);
            return news;
        }
    };
    for path in files_of(local, folder, &mut news) {
        match find(local, &erasures, path.clone(), game, types) {
            Ok(found) => of_sessions.entry(found.header.session).or_default().push(found),
            Err(error) => refuse(path, error, &mut news),
        }
    }
    if of_sessions.is_empty() {
        return news;
    }
    // From now on what is deleted here is noted.
    if let Err(error) = device(local) {
        let state = &local.store.layout().state;
        refuse(folder.path.clone(), CloudError::here_at(state, error), &mut news);
        return news;
    }
    // Otherwise it is tried again with the next file.
    let _ = remove_unfinished(local, &folder.of_profile(&local.store.layout().profile));
    for (session, found) in of_sessions {
        take_session(local, folder, session, found, &mut news);
    }
    news
}

/// Opens a file of the folder. One of a player who was erased here is removed, however much of it is there.
fn find(
    local: &LocalStore,
    erasures: &[Erasure],
    path: PathBuf,
    game: &str,
    types: &dyn KnownTypes,
) -> Result<Found, CloudError> {
    let header = header_of(&*local.outside, &path)?;
    if is_erased(erasures, &header) {
        // Where it can't be removed, the next start tries again.
        let _ = local.outside.remove(&path);
        return Err(CloudError::Erased);
    }
    look_at(&*local.outside, (path, header), game, types)
}

/// The files in the folder that devices may have put there.
fn files_of(local: &LocalStore, folder: &CloudFolder, news: &mut Vec<CloudNews>) -> Vec<PathBuf> {
    let directory = folder.of_profile(&local.store.layout().profile);
    let entries = match entries_of(local, &directory) {
        Ok(entries) => entries,
        Err(error) => {
            let error = CloudError::folder(&directory, error);
            refuse(directory, error, news);
            return Vec::new();
        }
    };
    let is_ours = |name: &str| Path::new(name).extension().is_some_and(|it| it == EXTENSION);
    let ours = entries.iter().filter(|entry| entry.is_file && is_ours(&entry.name));
    ours.map(|entry| directory.join(&entry.name)).collect()
}

fn refuse(path: PathBuf, error: CloudError, news: &mut Vec<CloudNews>) {
    let (file, cause) = (path.display(), with_sources(&error));
    warn!(%file, error = %cause, "a file of the cloud's folder isn't taken");
    news.push(CloudNews::NotTaken { path, error });
}

fn take_session(
    local: &LocalStore,
    folder: &CloudFolder,
    session: SessionId,
    mut found: Vec<Found>,
    news: &mut Vec<CloudNews>,
) {
    // The newest first: it may know of all others.
    found.sort_by_key(|it| std::cmp::Reverse((it.head.counter, it.head.run)));
    let runs: BTreeSet<RunId> = found.iter().map(|it| it.header.run).collect();
    let mut is_taken = false;
    for found in found {
        match take(local, &found) {
            Ok(true) => {
                info!(%session, file = %found.path.display(), "brought here from the cloud's folder");
                is_taken = true;
            }
            Ok(false) => remove_if_forgotten(local, folder, &found),
            Err(error) => refuse(found.path, error, news),
        }
    }
    if is_taken {
        news.push(CloudNews::Taken { session });
    }
    if let Ok(Some(fork)) = fork(local, session, &runs) {
        info!(%session, ?fork, "the session went on here and on another device");
        news.push(CloudNews::Forked(fork));
    }
}

/// Brings a file here, unless everything that it has is known here. Returns true if it was brought.
fn take(local: &LocalStore, found: &Found) -> Result<bool, CloudError> {
    let session = found.header.session;
    if is_known(&Known::of(local, session)?, found) {
        return Ok(false);
    }
    let _lock = lock(local, session)?;
    let known = Known::of(local, session)?;
    // Another process may have been faster.
    if is_known(&known, found) {
        return Ok(false);
    }
    // The run of a file in the folder is no other's: this one would be written over a file of its own.
    if known.has_run(found.header.run) {
        return Err(CloudError::NotOurs);
    }
    bring(local, found)?;
    remove_copies_of_older(local, session, found.head).map_err(CloudError::here)?;
    Ok(true)
}

/// Returns true if a file has nothing new. The checkpoint that it was made of says as much as the file.
fn is_known(known: &Known, found: &Found) -> bool {
    known.has(&found.head) || found.header.ancestors.first().is_some_and(|of| known.has(of))
}

fn lock(local: &LocalStore, session: SessionId) -> Result<Option<SessionLock>, CloudError> {
    match local.store.lock_session(session) {
        Ok(Some(lock)) => Ok(Some(lock)),
        Ok(None) => Err(CloudError::InUse),
        // There is none to be had.
        Err(error) if error.io_kind() == Some(ErrorKind::Unsupported) => Ok(None),
        Err(error) => Err(CloudError::here(error)),
    }
}

/// Copies a file into the session's directory, where it is read whole before it counts and again in its place.
fn bring(local: &LocalStore, found: &Found) -> Result<(), CloudError> {
    let (store, Found { path, header, head }) = (&local.store, found);
    let disk = &**store.disk();
    let place = store.layout().segment(header);
    let directory = place.parent().unwrap_or(&place);
    let above: Vec<PathBuf> =
        store.create_directory(directory).map_err(CloudError::here)?.into_iter().collect();
    store.sync_directories(&above).map_err(CloudError::here)?;
    let copy = FileCopy::begin((&*local.outside, path.clone()), (disk, place.clone()));
    let mut copy = copy.map_err(|error| CloudError::of_copy(path, error))?;
    let unfinished = copy.written().to_owned();
    let copied = write_all(&mut copy)
        .map_err(|error| CloudError::of_copy(path, error))
        .and_then(|()| verify(disk, &unfinished, header, *head));
    if let Err(error) = copied {
        copy.remove(disk);
        return Err(error);
    }
    drop(copy);
    let put = store.put_archive_in_place(&unfinished, header).map_err(CloudError::here);
    let put = put.and_then(|()| verify(disk, &place, header, *head));
    if put.is_err() {
        let _ = store.remove_segment(&unfinished);
        let _ = store.remove_segment(&place);
    }
    put
}

fn write_all(copy: &mut FileCopy) -> Result<(), StoreError> {
    while copy.write_on()? {}
    Ok(())
}

/// Removes what was brought here before and nobody has played since: a copy of a moment that the newer file goes on from. One of
/// a moment that the other device went back from stays, as a branch: there it may be damaged.
fn remove_copies_of_older(
    local: &LocalStore,
    session: SessionId,
    newer: CheckpointId,
) -> Result<(), StoreError> {
    let stored = local.store.open_session(session)?;
    let Some(lineage) = stored.index().lineage_of(newer.run) else { return Ok(()) };
    let is_named = |id: &CheckpointId| {
        lineage.ancestors.iter().any(|it| it.run == id.run && it.counter >= id.counter)
    };
    let played = named_in_play(&stored);
    for segment in stored.segments().iter().filter(|segment| segment.header().run != newer.run) {
        let header: &SegmentHeader = segment.header();
        if !header.is_copied() || played.contains(&header.run) {
            continue;
        }
        if header.ancestors.first().is_some_and(is_named) {
            local.store.remove_segment(segment.path())?;
        }
    }
    Ok(())
}

/// The runs that those of this device name: a copy among them was played on.
fn named_in_play(stored: &StoredSession) -> BTreeSet<RunId> {
    let played = stored.segments().iter().filter(|segment| !segment.header().is_copied());
    let runs: BTreeSet<RunId> = played.map(|segment| segment.header().run).collect();
    let lineages = runs.iter().filter_map(|run| stored.index().lineage_of(*run));
    lineages.flat_map(|lineage| lineage.named().map(|id| id.run)).collect()
}

/// Removes this device's own file of a session that was deleted here.
fn remove_if_forgotten(local: &LocalStore, folder: &CloudFolder, found: &Found) {
    let session = found.header.session;
    let directory = folder.of_profile(&local.store.layout().profile);
    let own = || OwnFiles::of(local, &directory, session);
    let is_own = || own().is_ok_and(|own| own.files.contains(&found.path));
    if is_forgotten(local, session) && is_own() {
        // Otherwise it is tried again at the next start.
        let _ = local.outside.remove(&found.path);
    }
}

/// The fork of a session that has a line of one of these runs, and another one.
fn fork(
    local: &LocalStore,
    session: SessionId,
    runs: &BTreeSet<RunId>,
) -> Result<Option<CloudFork>, StoreError> {
    let stored = local.store.open_session(session)?;
    let heads: Vec<&Head> = stored.index().open_heads().collect();
    let of_folder = || heads.iter().find(|head| runs.contains(&head.id.run));
    // Where nothing else says so, the one with the lower number counts as the other.
    let there = heads.iter().find(|head| local.is_elsewhere(head.host)).or_else(of_folder);
    let there = there.or(heads.last());
    let here = heads.iter().find(|head| there.is_some_and(|there| there.id != head.id));
    let (Some(here), Some(there)) = (here, there) else { return Ok(None) };
    let Some(fork) = Fork::of(stored.index(), local, here) else { return Ok(None) };
    let other = fork.others.iter().find(|line| line.newest == there.id);
    let common = fork.common.and_then(|common| stored.index().commit(common));
    Ok(Some(CloudFork {
        session,
        common: common.map(|commit| commit.play_time),
        here: fork.own.played,
        there: other.map(|line| line.played).unwrap_or_default(),
    }))
}
