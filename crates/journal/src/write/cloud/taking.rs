//! Brings here what other devices have put into the folder.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use tracing::{info, warn};

use super::{
    CloudError, CloudFolder, CloudFork, CloudNews, DEVICE, EXTENSION, copy, forgotten_file,
    own_file,
};
use crate::disk::{Disk, Layout, LocalStore, StoreError, StoredSession};
use crate::format::{Head, Segment, SegmentError, SegmentHeader, Validity};
use crate::model::ids::{CheckpointId, RunId, SessionId};
use crate::model::session::{FailureCause, RequestError};
use crate::read::recovery::Fork;

/// A file of the folder that is whole and of this game.
struct Found {
    path: PathBuf,
    header: SegmentHeader,
    /// Its one checkpoint.
    head: CheckpointId,
}

/// Looks at all files of the folder, and brings here what goes on from what is here, or beside it. No session is played.
pub(in crate::write) fn take_in(
    local: &LocalStore,
    game: &str,
    folder: &CloudFolder,
) -> Vec<CloudNews> {
    let directory = folder.of_profile(&local.store.layout().profile);
    let entries = match local.outside.list(&directory) {
        Ok(entries) => entries,
        // Nobody has put anything there yet.
        Err(error) if error.kind() == ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            let error = CloudError::folder(&directory, error);
            warn!(%error, folder = %directory.display(), "the cloud's folder isn't read");
            return vec![CloudNews::NotTaken { path: directory, error }];
        }
    };
    let mut news = Vec::new();
    let mut of_sessions = BTreeMap::<SessionId, Vec<Found>>::new();
    let is_ours = |name: &str| {
        let is_unfinished = Layout::place_of_unfinished(name).is_some();
        !is_unfinished && Path::new(name).extension().is_some_and(|it| it == EXTENSION)
    };
    for entry in entries.iter().filter(|entry| entry.is_file && is_ours(&entry.name)) {
        let path = directory.join(&entry.name);
        match look_at(&*local.outside, path.clone(), game) {
            Ok(found) => of_sessions.entry(found.header.session).or_default().push(found),
            Err(error) => {
                warn!(file = %path.display(), %error, "a file of the cloud's folder isn't taken");
                news.push(CloudNews::NotTaken { path, error });
            }
        }
    }
    for (session, found) in of_sessions {
        take_session(local, folder, session, found, &mut news);
    }
    news
}

/// Opens a file, and reads all of it.
fn look_at(disk: &dyn Disk, path: PathBuf, game: &str) -> Result<Found, CloudError> {
    let file = disk.open(&path).map_err(|error| CloudError::folder(&path, error))?;
    let segment = Segment::open(&path, file).map_err(|error| match error {
        SegmentError::NewerFormat { .. }
        | SegmentError::UnknownFeatures { .. }
        | SegmentError::UnknownCipher { .. } => CloudError::NewerBuild,
        _ => CloudError::NotWhole,
    })?;
    if !segment.may_be_taken_up() {
        return Err(CloudError::NewerBuild);
    }
    let header = segment.header().clone();
    if header.metadata.context.is_of_another_game(game) {
        return Err(CloudError::OtherGame { game: header.metadata.context.game.clone() });
    }
    let mut stored = StoredSession::of_file(disk, &path, header.session);
    let [head] = stored.index().heads() else { return Err(CloudError::NotWhole) };
    // Whoever put it there has said at its end how the session was left.
    let (head, is_ended) = (head.id, head.end.is_some());
    let is_only_one = head.run == header.run && is_ended && !header.ancestors.is_empty();
    let plan = stored.index().plan(head).filter(|_| is_only_one).ok_or(CloudError::NotWhole)?;
    match stored.verify(&plan) {
        Ok(Validity::Verified) => Ok(Found { path, header, head }),
        _ => Err(CloudError::NotWhole),
    }
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
    for Found { path, header, head } in found {
        match take(local, &path, &header, head) {
            Ok(false) => remove_if_forgotten(local, folder, session, &path),
            Ok(true) => {
                info!(%session, file = %path.display(), "brought here from the cloud's folder");
                if !matches!(news.last(), Some(CloudNews::Taken { session: of }) if *of == session)
                {
                    news.push(CloudNews::Taken { session });
                }
            }
            Err(error) => {
                warn!(%session, %error, "a session of the cloud's folder isn't taken");
                news.push(CloudNews::NotTaken { path, error });
            }
        }
    }
    if let Ok(Some(fork)) = fork(local, session, &runs) {
        info!(%session, ?fork, "the session went on here and on another device");
        news.push(CloudNews::Forked(fork));
    }
}

/// Brings a file here, unless everything that it has is known here. Whether it was.
fn take(
    local: &LocalStore,
    path: &Path,
    header: &SegmentHeader,
    head: CheckpointId,
) -> Result<bool, CloudError> {
    let store = &local.store;
    let known = known(local, header.session).map_err(in_session)?;
    let is_known = |id: &CheckpointId| known.get(&id.run).is_some_and(|most| *most >= id.counter);
    // The checkpoint that it was made of says as much as the file.
    if is_known(&head) || header.ancestors.first().is_some_and(is_known) {
        return Ok(false);
    }
    let lock = match store.lock_session(header.session) {
        Ok(Some(lock)) => Some(lock),
        Ok(None) => return Err(CloudError::InUse),
        // There is none to be had.
        Err(error) if error.io_kind() == Some(ErrorKind::Unsupported) => None,
        Err(error) => return Err(in_session(error)),
    };
    let place = store.layout().segment(header);
    let directory = place.parent().unwrap_or(&place);
    let above: Vec<PathBuf> =
        store.create_directory(directory).map_err(in_session)?.into_iter().collect();
    store.sync_directories(&above).map_err(in_session)?;
    let unfinished = Layout::unfinished(&place);
    let copied = copy(&*local.outside, path, &**store.disk(), &unfinished);
    let put = copied.map_err(|error| in_session_io(&place, error)).and_then(|_| {
        // The cloud may have put another there meanwhile.
        let stored = StoredSession::of_file(&**store.disk(), &unfinished, header.session);
        let is_same = matches!(stored.index().heads(), [it] if it.id == head);
        if !is_same {
            return Err(CloudError::NotWhole);
        }
        store.put_archive_in_place(&unfinished, header).map_err(in_session)
    });
    if put.is_err() {
        let _ = store.disk().remove(&unfinished);
    }
    put?;
    remove_copies_of_older(local, header.session, head).map_err(in_session)?;
    drop(lock);
    Ok(true)
}

/// Removes what was brought here before and nobody has played since: a copy of a moment that the newer file goes on from. Neither
/// names the other, so they would look like a fork.
fn remove_copies_of_older(
    local: &LocalStore,
    session: SessionId,
    newer: CheckpointId,
) -> Result<(), StoreError> {
    let stored = local.store.open_session(session)?;
    let Some(lineage) = stored.index().lineage_of(newer.run) else { return Ok(()) };
    let is_named =
        |id: &CheckpointId| lineage.named().any(|it| it.run == id.run && it.counter >= id.counter);
    for head in stored.index().heads().iter().filter(|head| head.id != newer) {
        let of_run = |segment: &&Segment| segment.header().run == head.id.run;
        let [segment] = stored.segments().iter().filter(of_run).collect::<Vec<_>>()[..] else {
            continue;
        };
        let header = segment.header();
        // A run that was played says why it began, unless it is a session's first.
        let is_copy = header.begun.is_none() && !header.metadata.place.is_archived();
        if is_copy && header.ancestors.first().is_some_and(is_named) {
            local.store.remove_segment(segment.path())?;
        }
    }
    Ok(())
}

/// What is known of each run: its newest checkpoint.
type Known = BTreeMap<RunId, u64>;

/// What is known here of a session, or was when it was deleted here.
fn known(local: &LocalStore, session: SessionId) -> Result<Known, StoreError> {
    let mut known = forgotten(local, session).unwrap_or_default();
    for (run, counter) in local.store.open_session(session)?.index().known() {
        let most = known.entry(run).or_insert(counter);
        *most = counter.max(*most);
    }
    Ok(known)
}

fn forgotten(local: &LocalStore, session: SessionId) -> Option<Known> {
    const MOST: usize = 16 << 20;
    let bytes = local.store.disk().read(&forgotten_file(local, session), MOST).ok()?;
    rmp_serde::from_slice(&bytes).ok()
}

/// Notes what is known of a session that is about to be deleted, so that its files in the folder don't bring it back. What
/// another device plays on after that does.
pub(in crate::write) fn note_forgotten(local: &LocalStore, stored: &StoredSession) {
    let disk = local.store.disk();
    // A device that has never put anything into a folder has no name there.
    if disk.open(&local.store.layout().state.join(DEVICE)).is_err() {
        return;
    }
    let noted = rmp_serde::to_vec(&stored.index().known()).map_err(io::Error::other);
    let noted = noted.and_then(|bytes| disk.replace(&forgotten_file(local, stored.id()), &bytes));
    if let Err(error) = noted {
        warn!(session = %stored.id(), %error, "the session may be brought back by the cloud's folder");
    }
}

/// Removes this device's own file of a session that was deleted here.
fn remove_if_forgotten(local: &LocalStore, folder: &CloudFolder, session: SessionId, path: &Path) {
    let is_own = || own_file(local, folder, session).is_ok_and(|own| own == path);
    let is_gone =
        || local.store.open_session(session).is_ok_and(|it| it.index().heads().is_empty());
    if forgotten(local, session).is_some() && is_own() && is_gone() {
        // Otherwise it is tried again at the next start.
        let _ = local.outside.remove(path);
    }
}

/// Where a session parted that has a line of one of these runs, and another one.
fn fork(
    local: &LocalStore,
    session: SessionId,
    runs: &BTreeSet<RunId>,
) -> Result<Option<CloudFork>, StoreError> {
    let stored = local.store.open_session(session)?;
    let heads = stored.index().heads().iter().filter(|head| !head.declined);
    let heads: Vec<&Head> = heads.collect();
    // Where the folder has neither side any more, the one with the lower number counts as the other.
    let there = heads.iter().find(|head| runs.contains(&head.id.run)).or(heads.last());
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

fn in_session(error: StoreError) -> CloudError {
    CloudError::Session(RequestError::from(error))
}

fn in_session_io(path: &Path, error: io::Error) -> CloudError {
    CloudError::Session(RequestError::Store(FailureCause::at(path, error)))
}
