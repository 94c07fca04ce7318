//! The captures that aren't durable yet.
//!
//! Events aren't in this queue but in one of their own (`EventLog`), since nothing about them may delay a checkpoint or
//! fail it. Events are retried at times of their own, and dropped where memory has no room. Checkpoints are merged, and
//! where even the bound here has no room for them, a full one is asked for. In one queue each would have to pass the other.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Instant;

use crate::format::{Block, Commit, Record, merge};

/// One thing to be written, in the order in which it happened.
pub enum Item {
    Checkpoint(Box<PendingCheckpoint>),
    Record(Record),
}

/// An encoded checkpoint.
pub struct PendingCheckpoint {
    pub blocks: Vec<Block>,
    pub commit: Commit,
    /// The time at which it was handed over.
    pub handed_over: Instant,
}

impl PendingCheckpoint {
    pub fn is_snapshot(&self) -> bool {
        self.commit.base.is_none()
    }

    /// Returns true if a later checkpoint may take its place.
    fn may_be_merged(&self) -> bool {
        !self.commit.kind.keeps_its_moment() && self.commit.label.is_none()
    }

    fn raw_bytes(&self) -> usize {
        self.blocks.iter().map(Block::byte_len).sum()
    }

    /// `self` and `later` as one checkpoint: the difference from this one's base to `later`.
    fn merged_with(self, later: Self) -> Self {
        // A step that was half done before is half done in the later world, too.
        let after_failure = self.commit.after_failure || later.commit.after_failure;
        if later.is_snapshot() {
            let commit = Commit { after_failure, ..later.commit };
            return Self { handed_over: self.handed_over, commit, ..later };
        }
        let keep_removals = !self.is_snapshot();
        let blocks = merge_in_memory([self.blocks, later.blocks], keep_removals);
        let mut commit = later.commit;
        commit.base = self.commit.base;
        commit.after_failure = after_failure;
        commit.summary = commit.summary.or(self.commit.summary);
        let missing = self.commit.incomplete.into_iter();
        let missing: Vec<_> = missing.filter(|path| !commit.incomplete.contains(path)).collect();
        commit.incomplete.extend(missing);
        Self { blocks, commit, handed_over: self.handed_over }
    }
}

/// The queue of what isn't durable yet. It only shrinks when something became durable, or when it
/// outgrows its bound.
#[derive(Default)]
pub struct Pending(VecDeque<Item>);

impl Pending {
    /// Adds an item. Of what is said again and again, the last word is enough.
    pub fn push(&mut self, item: Item) {
        if let Item::Record(record) = &item {
            self.0.retain(
                |other| !matches!(other, Item::Record(other) if is_overruled(other, record)),
            );
        }
        self.0.push_back(item);
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn checkpoints(&self) -> impl DoubleEndedIterator<Item = &PendingCheckpoint> {
        self.0.iter().filter_map(|item| match item {
            Item::Checkpoint(checkpoint) => Some(&**checkpoint),
            Item::Record(_) => None,
        })
    }

    /// Raw bytes of all checkpoints.
    pub fn raw_bytes(&self) -> usize {
        self.checkpoints().map(PendingCheckpoint::raw_bytes).sum()
    }

    /// Bytes that they take on the disk, about: at least one.
    pub fn bytes_wanted(&self) -> u64 {
        (self.raw_bytes() as u64).max(1)
    }

    /// Merges automatic checkpoints into the one that follows them, so that a slow disk costs
    /// moments and not memory.
    pub fn coalesce(&mut self) {
        let mut merged: VecDeque<Item> = VecDeque::with_capacity(self.0.len());
        for item in self.0.drain(..) {
            let earlier = match item {
                Item::Checkpoint(_) => take_mergeable(&mut merged),
                Item::Record(_) => None,
            };
            merged.push_back(match (earlier, item) {
                (Some(earlier), Item::Checkpoint(later)) => {
                    Item::Checkpoint(Box::new(earlier.merged_with(*later)))
                }
                (_, item) => item,
            });
        }
        self.0 = merged;
    }

    /// The items that belong into one segment: up to the next snapshot that isn't the first
    /// checkpoint.
    pub fn batch(&self) -> impl Iterator<Item = &Item> {
        let mut checkpoints = 0;
        self.0.iter().take_while(move |item| match item {
            Item::Checkpoint(checkpoint) => {
                checkpoints += 1;
                checkpoints == 1 || !checkpoint.is_snapshot()
            }
            Item::Record(_) => true,
        })
    }

    /// Takes the first `count` items out.
    pub fn take(&mut self, count: usize) -> impl Iterator<Item = Item> {
        self.0.drain(..count.min(self.0.len()))
    }

    /// Forgets all that belongs into the next segment.
    pub fn drop_batch(&mut self) {
        let count = self.batch().count();
        self.0.drain(..count);
    }

    /// Takes every checkpoint out, and keeps the records.
    pub fn give_up_checkpoints(&mut self) {
        self.0.retain(|item| matches!(item, Item::Record(_)));
    }
}

/// Returns true if `later` replaces all of `earlier`.
fn is_overruled(earlier: &Record, later: &Record) -> bool {
    matches!(
        (earlier, later),
        (Record::Metadata(_), Record::Metadata(_)) | (Record::Status { .. }, Record::Status { .. })
    )
}

fn merge_in_memory(groups: [Vec<Block>; 2], keep_removals: bool) -> Vec<Block> {
    let sources = groups.map(|blocks| blocks.into_iter().map(Ok::<Block, Infallible>));
    let Ok(blocks) = merge(sources.into(), keep_removals).collect();
    blocks
}

/// Takes out the last checkpoint, if a later one may take its place. Records after it stay: what
/// they say doesn't depend on it.
fn take_mergeable(items: &mut VecDeque<Item>) -> Option<PendingCheckpoint> {
    let last = items.iter().rposition(|item| matches!(item, Item::Checkpoint(_)))?;
    let Some(Item::Checkpoint(checkpoint)) = items.get(last) else { return None };
    if !checkpoint.may_be_merged() {
        return None;
    }
    match items.remove(last) {
        Some(Item::Checkpoint(checkpoint)) => Some(*checkpoint),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::sample::commit;

    #[test]
    fn a_coalesced_checkpoint_keeps_the_mark_of_an_earlier_failure() {
        for base in [None, Some(1)] {
            let mut pending = Pending::default();
            for (counter, base, after_failure) in
                [(1, None, false), (2, Some(1), true), (3, base, false)]
            {
                let commit = Commit { after_failure, ..commit(counter, base) };
                let handed_over = crate::model::clock::instant();
                let checkpoint = PendingCheckpoint { blocks: Vec::new(), commit, handed_over };
                pending.push(Item::Checkpoint(Box::new(checkpoint)));
            }
            pending.coalesce();
            let left: Vec<_> = pending.checkpoints().map(|it| &it.commit).collect();
            let [commit] = &left[..] else { panic!("{left:?}") };
            assert!(commit.counter == 3 && commit.after_failure, "{commit:?}");
        }
    }
}
