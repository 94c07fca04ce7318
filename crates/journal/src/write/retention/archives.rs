//! Decides which of the named checkpoints are kept, and which file holds each.
//!
//! A named checkpoint outlives the segment that it was written into: it is gathered,
//! with others, into an archive. Archives are gathered themselves, eight of about one size into one,
//! so that few files hold thousands of checkpoints and none is copied more than a few times.

use std::cmp::Reverse;
use std::collections::HashSet;

use super::history::{Keep, needs};
use crate::format::SessionIndex;
use crate::model::ids::CheckpointId;

/// Archives of about one size that are gathered into one.
const FAN_IN: usize = 8;
/// Archives of this number of bytes aren't gathered any more.
const LARGE: u64 = 64 << 20;

/// The named checkpoints that are kept in archives, or are to be.
pub(super) struct Archives {
    kept: Vec<Archive>,
    /// Checkpoints that are in no archive, the newest first.
    loose: Vec<CheckpointId>,
}

/// An archive that is kept.
struct Archive {
    segment: usize,
    bytes: u64,
    /// Checkpoints in it.
    count: usize,
    /// Those that are kept because of it, and in no other file.
    wanted: Vec<CheckpointId>,
    /// A damaged file stays as it is.
    is_damaged: bool,
}

impl Archives {
    /// Finds room for the named checkpoints, the newest first, and keeps the archives that hold them.
    pub(super) fn choose(keep: &mut Keep<'_>, is_damaged: impl Fn(usize) -> bool) -> Self {
        let stored = keep.stored;
        let index = stored.index();
        let archives: Vec<(usize, Vec<CheckpointId>)> =
            index.archives().map(|segment| (segment, index.archived(segment).collect())).collect();
        let archived = archives.iter().flat_map(|(_, held)| held).copied().collect();
        let Wanted { archived: mut wanted, loose, loose_bytes } = Wanted::choose(keep, &archived);
        keep.reserve(loose_bytes);
        let mut archives: Vec<Archive> = archives
            .into_iter()
            .map(|(segment, held)| Archive {
                segment,
                bytes: stored.segment_bytes(segment),
                count: held.len(),
                wanted: held.into_iter().filter(|id| wanted.contains(id)).collect(),
                is_damaged: is_damaged(segment),
            })
            .collect();
        // Of two that hold the same, the one that holds more of it.
        archives.sort_by_key(|archive| {
            let newest = archive.wanted.iter().map(|id| id.counter).max();
            Reverse((newest, archive.wanted.len(), archive.segment))
        });
        for archive in &mut archives {
            archive.wanted.retain(|id| wanted.remove(id));
        }
        archives.retain(|archive| !archive.wanted.is_empty());
        archives.iter().for_each(|archive| keep.add([archive.segment]));
        Self { kept: archives, loose }
    }

    /// The checkpoints that a new archive is to hold, the oldest first; none if there is no need of
    /// one. The segments that they are in are kept until then.
    pub(super) fn gather(mut self, keep: &mut Keep<'_>) -> Vec<CheckpointId> {
        let index = keep.stored.index();
        // A checkpoint that is kept for another reason is gathered when that is gone.
        self.loose.retain(|id| !needs(index, *id).is_subset(&keep.segments));
        self.loose.iter().for_each(|id| keep.add(needs(index, *id)));
        let mut gathered = self.take_in();
        gathered.append(&mut self.loose);
        gathered.sort_by_key(|id| (id.counter, id.run));
        gathered
    }

    /// Takes over the checkpoints of the archives that the new one takes the place of.
    fn take_in(&mut self) -> Vec<CheckpointId> {
        let mut taken = Vec::new();
        let mut take = |archives: Vec<Archive>| {
            taken.extend(archives.into_iter().flat_map(|archive| archive.wanted));
            taken.len()
        };
        let is_sparse = |archive: &mut Archive| {
            !archive.is_damaged && archive.count >= 2 * archive.wanted.len()
        };
        let mut size = self.loose.len() + take(self.kept.extract_if(.., is_sparse).collect());
        while size > 0 {
            let is_peer = |archive: &Archive| {
                let is_small = archive.bytes < LARGE && archive.wanted.len() <= peers_of(size);
                is_small && !archive.is_damaged
            };
            if self.kept.iter().filter(|archive| is_peer(archive)).count() + 1 < FAN_IN {
                break;
            }
            let peers = self.kept.extract_if(.., |archive| is_peer(archive)).collect();
            size = self.loose.len() + take(peers);
        }
        taken
    }
}

/// The most checkpoints that an archive may hold to be of about one size with one of `size`.
fn peers_of(size: usize) -> usize {
    let mut most = FAN_IN;
    while most <= size {
        most = most.saturating_mul(FAN_IN);
    }
    most - 1
}

/// The named checkpoints that there is room for.
struct Wanted {
    archived: HashSet<CheckpointId>,
    loose: Vec<CheckpointId>,
    loose_bytes: u64,
}

impl Wanted {
    fn choose(keep: &Keep<'_>, archived: &HashSet<CheckpointId>) -> Self {
        let index = keep.stored.index();
        let mut room = keep.room();
        let mut wanted = Self { archived: HashSet::new(), loose: Vec::new(), loose_bytes: 0 };
        for id in named(index).into_iter().take(keep.quota.named) {
            let Some(plan) = index.plan(id) else { continue };
            let is_archived = archived.contains(&id);
            if !is_archived && needs(index, id).is_subset(&keep.segments) {
                continue;
            }
            let groups = plan.groups.iter().filter_map(|group| index.group(*group));
            let bytes: u64 = groups.map(|group| group.stored_bytes()).sum();
            let Some(left) = room.checked_sub(bytes) else { continue };
            room = left;
            if is_archived {
                wanted.archived.insert(id);
            } else {
                wanted.loose.push(id);
                wanted.loose_bytes += bytes;
            }
        }
        wanted
    }
}

/// The named checkpoints, the most important first: those with which chapters began that are open, then
/// the newest.
pub(super) fn named(index: &SessionIndex) -> Vec<CheckpointId> {
    let begins = begins_of_chapters(index);
    let named = index.commits().filter(|(_, commit)| commit.is_named());
    let mut named: Vec<CheckpointId> = named.map(|(id, _)| id).collect();
    named.sort_by_key(|id| Reverse((begins.contains(id), id.counter, id.run)));
    named
}

/// The checkpoints with which the chapters began that are open at the newest checkpoint of a line.
fn begins_of_chapters(index: &SessionIndex) -> HashSet<CheckpointId> {
    let summaries = index.heads().iter().filter_map(|head| index.summary(head.id));
    let open = summaries.flat_map(|summary| &summary.chapters);
    open.filter_map(|chapter| chapter.first_checkpoint).collect()
}
