//! The captures that aren't durable yet.
//!
//! Events aren't in this queue but in one of their own (`EventLog`), since nothing about them may delay a checkpoint or
//! fail it. Events are retried at times of their own, and dropped where memory has no room. Checkpoints are merged, and
//! where even the bound here has no room for them, a full one is asked for. In one queue each would have to pass the other.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use crate::format::{Commit, EncodeError, GroupPacker, PackedGroup, Packer, Record, merge};

/// One thing to be written, in the order in which it happened.
pub enum Item {
    Checkpoint(Box<PendingCheckpoint>),
    Record(Record),
}

impl Item {
    /// The checkpoint that it is, if it is one.
    pub fn checkpoint(&self) -> Option<&PendingCheckpoint> {
        match self {
            Self::Checkpoint(checkpoint) => Some(checkpoint),
            Self::Record(_) => None,
        }
    }
}

/// An encoded checkpoint.
pub struct PendingCheckpoint {
    /// Its rows, or why they can't be written. That fails when it is to be written, since what the run is about to do by
    /// then decides what comes of it.
    pub group: Result<PackedGroup, Arc<EncodeError>>,
    pub commit: Commit,
    /// The time at which it was handed over.
    pub handed_over: Instant,
    /// True once the one after it couldn't take its place, which isn't tried again.
    pub stays: bool,
}

impl PendingCheckpoint {
    pub fn is_snapshot(&self) -> bool {
        self.commit.base.is_none()
    }

    /// Returns true if a later checkpoint may take its place.
    fn may_be_merged(&self) -> bool {
        !self.stays && !self.commit.kind.keeps_its_moment() && self.commit.label.is_none()
    }

    /// Takes the place of an earlier one, as the difference from that one's base to this. Returns false if it can't: it can't
    /// be written itself, or together they are over a limit.
    fn take_place_of(&mut self, earlier: &Self, packer: &mut Packer) -> bool {
        if self.group.is_err() {
            return false;
        }
        if !self.is_snapshot() {
            let Some(group) = self.rows_with(earlier, packer) else { return false };
            self.group = Ok(group);
            let (commit, earlier) = (&mut self.commit, &earlier.commit);
            commit.base = earlier.base;
            commit.summary = commit.summary.take().or_else(|| earlier.summary.clone());
            let known = commit.incomplete.clone();
            let missing = earlier.incomplete.iter().filter(|path| !known.contains(path));
            commit.incomplete.extend(missing.cloned());
        }
        // A step that was half done before is half done in the later world, too.
        self.commit.after_failure |= earlier.commit.after_failure;
        self.handed_over = earlier.handed_over;
        true
    }

    fn rows_with(&self, earlier: &Self, packer: &mut Packer) -> Option<PackedGroup> {
        let sources = [&earlier.group, &self.group];
        let sources = sources.map(|group| group.as_ref().ok().map(PackedGroup::blocks));
        let sources: Vec<_> = sources.into_iter().collect::<Option<_>>()?;
        let mut packing = GroupPacker::new(packer, self.commit.counter);
        for block in merge(sources, !earlier.is_snapshot()) {
            packing.push(&block.ok()?);
        }
        packing.finish().ok()
    }
}

/// The queue of what isn't durable yet. It only shrinks when something became durable, or when it
/// outgrows its bound.
#[derive(Default)]
pub struct Pending {
    items: VecDeque<Item>,
    packer: Packer,
}

impl Pending {
    /// Adds an item. Of what is said again and again, the last word is enough.
    pub fn push(&mut self, item: Item) {
        if let Item::Record(record) = &item {
            self.items.retain(
                |other| !matches!(other, Item::Record(other) if is_overruled(other, record)),
            );
        }
        self.items.push_back(item);
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub fn checkpoints(&self) -> impl DoubleEndedIterator<Item = &PendingCheckpoint> {
        self.items.iter().filter_map(Item::checkpoint)
    }

    /// Packs the rows of a checkpoint that is about to wait here.
    pub fn pack(&mut self, counter: u64) -> GroupPacker<'_> {
        GroupPacker::new(&mut self.packer, counter)
    }

    /// Bytes that all checkpoints take here.
    pub fn bytes(&self) -> usize {
        self.groups().map(PackedGroup::stored_bytes).sum()
    }

    /// Bytes that they take on the disk, about, with a segment's header and their commits.
    pub fn bytes_wanted(&self) -> u64 {
        const BESIDE_ROWS: usize = 4 << 10;
        let groups = self.groups().map(PackedGroup::framed_bytes);
        groups.map(|bytes| (bytes + BESIDE_ROWS) as u64).sum::<u64>().max(1)
    }

    fn groups(&self) -> impl Iterator<Item = &PackedGroup> {
        self.checkpoints().filter_map(|checkpoint| checkpoint.group.as_ref().ok())
    }

    /// Merges automatic checkpoints into the one that follows them, so that a slow disk costs
    /// moments and not memory. Those that are over a limit together stay apart.
    pub fn coalesce(&mut self) {
        let mut merged: VecDeque<Item> = VecDeque::with_capacity(self.items.len());
        for mut item in self.items.drain(..) {
            if let Item::Checkpoint(later) = &mut item
                && let Some(mut earlier) = take_mergeable(&mut merged)
                && !later.take_place_of(&earlier, &mut self.packer)
            {
                earlier.stays = true;
                merged.push_back(Item::Checkpoint(earlier));
            }
            merged.push_back(item);
        }
        self.items = merged;
    }

    /// The items that belong into one segment: up to the next snapshot that isn't the first
    /// checkpoint.
    pub fn batch(&self) -> impl Iterator<Item = &Item> {
        let mut checkpoints = 0;
        self.items.iter().take_while(move |item| match item {
            Item::Checkpoint(checkpoint) => {
                checkpoints += 1;
                checkpoints == 1 || !checkpoint.is_snapshot()
            }
            Item::Record(_) => true,
        })
    }

    /// The number of the newest checkpoint that belongs into the next segment.
    pub fn newest_of_batch(&self) -> Option<u64> {
        self.batch().filter_map(Item::checkpoint).last().map(|newest| newest.commit.counter)
    }

    /// Takes the first `count` items out.
    pub fn take(&mut self, count: usize) -> impl Iterator<Item = Item> {
        self.items.drain(..count.min(self.items.len()))
    }

    /// Forgets all that belongs into the next segment.
    pub fn drop_batch(&mut self) {
        let count = self.batch().count();
        self.items.drain(..count);
    }

    /// Takes the checkpoints out that belong into the next segment, and keeps the records. A snapshot after them depends on
    /// none of them.
    pub fn give_up_batch(&mut self) {
        let later = self.items.split_off(self.batch().count());
        self.give_up_checkpoints();
        self.items.extend(later);
    }

    /// Takes every checkpoint out, and keeps the records.
    pub fn give_up_checkpoints(&mut self) {
        self.items.retain(|item| matches!(item, Item::Record(_)));
    }
}

/// Returns true if `later` replaces all of `earlier`.
fn is_overruled(earlier: &Record, later: &Record) -> bool {
    matches!(
        (earlier, later),
        (Record::Metadata(_), Record::Metadata(_)) | (Record::Status { .. }, Record::Status { .. })
    )
}

/// Takes out the last checkpoint, if a later one may take its place. Records after it stay: what
/// they say doesn't depend on it.
fn take_mergeable(items: &mut VecDeque<Item>) -> Option<Box<PendingCheckpoint>> {
    let last = items.iter().rposition(|item| matches!(item, Item::Checkpoint(_)))?;
    let Some(Item::Checkpoint(checkpoint)) = items.get(last) else { return None };
    if !checkpoint.may_be_merged() {
        return None;
    }
    match items.remove(last) {
        Some(Item::Checkpoint(checkpoint)) => Some(checkpoint),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::format::sample::commit;
    use crate::model::session::{Leaving, SessionStatus};

    #[test]
    fn a_coalesced_checkpoint_keeps_the_mark_of_an_earlier_failure() {
        for base in [None, Some(1)] {
            let mut pending = Pending::default();
            for (counter, base, after_failure) in
                [(1, None, false), (2, Some(1), true), (3, base, false)]
            {
                let commit = Commit { after_failure, ..commit(counter, base) };
                let handed_over = crate::model::clock::instant();
                let checkpoint = PendingCheckpoint {
                    group: Ok(PackedGroup::default()),
                    commit,
                    handed_over,
                    stays: false,
                };
                pending.push(Item::Checkpoint(Box::new(checkpoint)));
            }
            pending.coalesce();
            let left: Vec<_> = pending.checkpoints().map(|it| &it.commit).collect();
            let [commit] = &left[..] else { panic!("{left:?}") };
            assert!(commit.counter == 3 && commit.after_failure, "{commit:?}");
        }
    }

    #[test]
    fn checkpoints_that_cannot_be_merged_stay_apart_and_none_is_lost() {
        let error = || Err(Arc::new(EncodeError::Interrupted));
        for (earlier, later, base) in [
            (Ok(PackedGroup::broken()), Ok(PackedGroup::default()), Some(1)),
            (Ok(PackedGroup::default()), error(), Some(1)),
            (Ok(PackedGroup::default()), error(), None),
            (error(), Ok(PackedGroup::default()), Some(1)),
        ] {
            let mut pending = Pending::default();
            for (counter, base, group) in [(1, None, earlier), (2, base, later)] {
                let (commit, handed_over) = (commit(counter, base), crate::model::clock::instant());
                let checkpoint = PendingCheckpoint { group, commit, handed_over, stays: false };
                pending.push(Item::Checkpoint(Box::new(checkpoint)));
            }
            pending.push(Item::Record(Record::End {
                status: SessionStatus::Closed,
                reason: None,
                leaving: Leaving::default(),
                time: Timestamp::UNIX_EPOCH,
                play_time: Duration::ZERO,
            }));
            pending.coalesce();
            let there: Vec<_> =
                pending.checkpoints().map(|it| (it.commit.counter, it.commit.base)).collect();
            assert_eq!(there, [(1, None), (2, base)]);
            // A snapshot begins a batch of its own.
            assert_eq!(pending.batch().count(), if base.is_some() { 3 } else { 1 });
            pending.give_up_batch();
            assert_eq!(pending.checkpoints().count(), usize::from(base.is_none()));
            assert!(!pending.is_empty(), "the end is still to be written");
        }
    }

    #[test]
    fn a_snapshot_takes_the_place_of_one_that_cannot_be_written() {
        let mut pending = Pending::default();
        for group in [Err(Arc::new(EncodeError::Interrupted)), Ok(PackedGroup::default())] {
            let (commit, handed_over) = (commit(2, None), crate::model::clock::instant());
            let checkpoint = PendingCheckpoint { group, commit, handed_over, stays: false };
            pending.push(Item::Checkpoint(Box::new(checkpoint)));
        }
        pending.coalesce();
        assert!(pending.checkpoints().all(|it| it.group.is_ok()));
        assert_eq!(pending.checkpoints().count(), 1);
    }
}
