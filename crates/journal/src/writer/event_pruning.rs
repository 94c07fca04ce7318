//! Decides which files of events go, and removes them.

use std::collections::{HashMap, HashSet};

use tracing::{debug, warn};

use crate::ids::RunId;
use crate::recovery::line_before;
use crate::store::{
    DirectoryStore, EventFile, EventFiles, StoreError, StoredSession, with_sources,
};

/// Removes files of events until they are together no longer than this: first those of which the session
/// knows nothing any more, then the oldest. How many bytes that freed.
///
/// What came after the newest checkpoint of each line stays; where the disk isn't full, so does the newest
/// file of each; and everything of `own`, as long as that run has no checkpoint.
pub(super) fn prune_events(
    store: &DirectoryStore,
    stored: &StoredSession,
    most_bytes: u64,
    is_full_disk: bool,
    own: Option<RunId>,
) -> Result<u64, StoreError> {
    let files = EventFiles::open(&**store.disk(), stored.directory(), stored.id())?;
    let mut bytes: u64 = files.iter().map(|file| file.bytes).sum();
    if bytes <= most_bytes || stored.index().unreadable_file().is_some() {
        return Ok(0);
    }
    let mut removable = removable(stored, &files, own, is_full_disk);
    removable.sort_by_key(|(is_known, file)| (*is_known, file.first));
    let mut freed = 0;
    for (_, file) in removable {
        if bytes <= most_bytes {
            break;
        }
        let path = file.segment().path();
        debug!(path = %path.display(), "a file of events goes");
        match store.remove_segment(path) {
            Ok(()) => {
                bytes -= file.bytes;
                freed += file.bytes;
            }
            Err(error) => {
                warn!(error = %with_sources(&error), "a file of events can't be removed");
            }
        }
    }
    Ok(freed)
}

/// Whether a checkpoint that holds everything up to a number holds all that is in a file.
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
    let lines = heads.keys().flat_map(|run| line_before(index, files, *run));
    let mut known: HashSet<RunId> = lines.map(|stretch| stretch.run).collect();
    known.extend(index.commits().map(|(id, _)| id.run));
    let stays = |file: &EventFile| match heads.get(&file.run()) {
        None => own == Some(file.run()),
        Some(through) => {
            let number = file.segment().header().segment;
            let mut later =
                files.of_run(file.run()).filter(|it| it.segment().header().segment > number);
            // All of it is in the checkpoint if another one begins before what isn't.
            let is_passed = later.any(|later| later.first <= through.saturating_add(1));
            !(is_passed || is_full_disk && is_held(file, *through))
        }
    };
    let removable = files.iter().filter(|file| !stays(file));
    removable.map(|file| (known.contains(&file.run()), file)).collect()
}
