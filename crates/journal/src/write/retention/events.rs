//! Decides which files of events go, and removes them.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use tracing::{debug, warn};

use crate::disk::{DirectoryStore, EventFile, EventFiles, StoreError, StoredSession, with_sources};
use crate::format::{FrameEntry, HeldEvents};
use crate::model::ids::RunId;
use crate::read::recovery::named_by_checkpoints;

/// Removes files of events whose content was gathered in another; then others until they are together no
/// longer than this: first those of which the session knows nothing any more, then the oldest. The files that
/// are left, and how many bytes were freed.
///
/// Events after the newest checkpoint of each line stay; if the disk isn't full, so does the newest file of each; and
/// everything of `own`, as long as that run has no checkpoint.
pub(crate) fn prune_events(
    store: &DirectoryStore,
    stored: &StoredSession,
    most_bytes: u64,
    is_full_disk: bool,
    own: Option<RunId>,
) -> Result<(EventFiles, u64), StoreError> {
    let open = || EventFiles::open(&**store.disk(), stored.directory(), stored.id());
    let mut files = open()?;
    if stored.index().unreadable_file().is_some() {
        return Ok((files, 0));
    }
    let mut freed = 0;
    let repeated = repeated(stored, &files, own);
    if !repeated.is_empty() {
        // A process may have stopped before it made the name of what was gathered durable.
        store.sync_session(stored.id())?;
        freed += repeated.into_iter().map(|file| remove(store, file)).sum::<u64>();
        files = open()?;
    }
    let mut bytes: u64 = files.iter().map(|file| file.bytes).sum();
    if bytes > most_bytes {
        let mut removable = removable(stored, &files, own, is_full_disk);
        removable.sort_by_key(|(is_known, file)| (*is_known, file.first));
        for (_, file) in removable {
            if bytes <= most_bytes {
                break;
            }
            let removed = remove(store, file);
            bytes -= removed;
            freed += removed;
        }
        files = open()?;
    }
    Ok((files, freed))
}

/// Removes a file of events, if the disk lets it. Returns the bytes that this freed.
fn remove(store: &DirectoryStore, file: &EventFile) -> u64 {
    let path = file.segment().path();
    debug!(path = %path.display(), "a file of events goes");
    match store.remove_segment(path) {
        Ok(()) => file.bytes,
        Err(error) => {
            warn!(error = %with_sources(&error), "a file of events can't be removed");
            0
        }
    }
}

/// Returns true if a checkpoint that includes everything up to a number includes all events of a file.
fn is_held(file: &EventFile, through: u64) -> bool {
    let scan = file.segment().scan_events();
    scan.is_ok_and(|scan| {
        scan.damage.is_empty() && scan.newest_counter.is_some_and(|last| last <= through)
    })
}

/// The files that may go, and whether the session still knows the run of each.
fn removable<'a>(
    stored: &StoredSession,
    files: &'a EventFiles,
    own: Option<RunId>,
    is_full_disk: bool,
) -> Vec<(bool, &'a EventFile)> {
    let index = stored.index();
    // Through which number everything is in the newest checkpoint of a line.
    let heads: HashMap<RunId, u64> = index
        .heads()
        .iter()
        .map(|head| (head.id.run, index.commit(head.id).map_or(0, |commit| commit.events_through)))
        .collect();
    let known = named_by_checkpoints(index, files, own);
    let is_last_of = |file: &EventFile, run: RunId| match heads.get(&run) {
        None => own == Some(run),
        Some(through) => {
            let number = file.segment().header().segment;
            let is_later = |it: &&EventFile| {
                !it.is_gathered() && (file.is_gathered() || it.segment().header().segment > number)
            };
            let mut later = files.of_run(run).filter(is_later);
            // All of it is in the checkpoint if another one begins before what isn't.
            let is_passed = later.any(|later| later.first <= through.saturating_add(1));
            !(is_passed || is_full_disk && is_held(file, *through))
        }
    };
    let stays = |file: &EventFile| file.held().iter().any(|held| is_last_of(file, held.run));
    let is_known = |file: &EventFile| file.held().iter().any(|held| known.contains_key(&held.run));
    let removable = files.iter().filter(|file| !stays(file));
    removable.map(|file| (is_known(file), file)).collect()
}

/// The files whose events are all in another one that was gathered, and that no line needs more of: they may be
/// removed. The other files are read first.
fn repeated<'a>(
    stored: &StoredSession,
    files: &'a EventFiles,
    own: Option<RunId>,
) -> Vec<&'a EventFile> {
    if files.gathered().next().is_none() {
        return Vec::new();
    }
    let index = stored.index();
    let mut needed = named_by_checkpoints(index, files, own);
    let heads: HashSet<RunId> = index.heads().iter().map(|head| head.id.run).collect();
    for head in heads.iter().copied().chain(own) {
        needed.insert(head, u64::MAX);
    }
    let is_held_by = |holder: &EventFile, held: &HeldEvents| {
        let needed = needed.get(&held.run).copied().unwrap_or_default();
        let through = if held.through == u64::MAX { needed } else { held.through };
        let holds = holder.held_of(held.run);
        holds.is_some_and(|holds| holds.first <= held.first && holds.through >= through)
    };
    // Of two that hold the same, the one with the later name stays.
    let order = |file: &EventFile| (file.held().len(), file.segment().path().to_owned());
    let mut whole: HashMap<&Path, bool> = HashMap::new();
    let mut is_repeated = |file: &&EventFile| {
        files.gathered().any(|holder| {
            let is_other = !file.is_gathered() || order(file) < order(holder);
            is_other
                && file.held().iter().all(|held| is_held_by(holder, held))
                && *whole.entry(holder.segment().path()).or_insert_with(|| is_whole(holder))
        })
    };
    files.iter().filter(|file| is_repeated(file)).collect()
}

/// Returns true if all of a file can be read.
fn is_whole(file: &EventFile) -> bool {
    let Ok(scan) = file.segment().scan_events() else { return false };
    let is_read = |frame: &FrameEntry| file.segment().payload(frame).is_ok();
    scan.damage.is_empty() && scan.events.iter().all(is_read)
}
