//! The captures that aren't durable yet.
//!
//! Events aren't in this queue but in one of their own (`EventLog`), since nothing about them may delay a checkpoint or
//! fail it. Events are retried at times of their own, and dropped where memory has no room. Checkpoints are merged, and
//! where even the bound here has no room for them, a full one is asked for. In one queue each would have to pass the other.

use std::collections::VecDeque;
use std::time::Instant;

use crate::format::{Commit, EncodeError, GroupPacker, PackedGroup, Packer, Record, merge};

/// One thing to be written, in the order in which it happened.
pub enum Item {
    Checkpoint(Box<PendingCheckpoint>),
    Record(Record),
}

/// An encoded checkpoint.
pub struct PendingCheckpoint {
    /// Its rows.
    pub group: PackedGroup,
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

    /// `self` and `later` as one checkpoint: the difference from this one's base to `later`.
    fn merged_with(self, later: Self, packer: &mut Packer) -> Result<Self, EncodeError> {
        // A step that was half done before is half done in the later world, too.
        let after_failure = self.commit.after_failure || later.commit.after_failure;
        if later.is_snapshot() {
            let commit = Commit { after_failure, ..later.commit };
            return Ok(Self { handed_over: self.handed_over, commit, ..later });
        }
        let mut commit = later.commit;
        let sources = vec![self.group.into_blocks(), later.group.into_blocks()];
        let mut packing = GroupPacker::new(packer, commit.counter);
        for block in merge(sources, self.commit.base.is_some()) {
            packing.push(&block.map_err(EncodeError::Unmergeable)?);
        }
        let group = packing.finish()?;
        commit.base = self.commit.base;
        commit.after_failure = after_failure;
        commit.summary = commit.summary.or(self.commit.summary);
        let missing = self.commit.incomplete.into_iter();
        let missing: Vec<_> = missing.filter(|path| !commit.incomplete.contains(path)).collect();
        commit.incomplete.extend(missing);
        Ok(Self { group, commit, handed_over: self.handed_over })
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
        self.items.iter().filter_map(|item| match item {
            Item::Checkpoint(checkpoint) => Some(&**checkpoint),
            Item::Record(_) => None,
        })
    }

    /// Packs the rows of a checkpoint that is about to wait here.
    pub fn pack(&mut self, counter: u64) -> GroupPacker<'_> {
        GroupPacker::new(&mut self.packer, counter)
    }

    /// Bytes that all checkpoints take here, and about what they will take on the disk.
    pub fn bytes(&self) -> usize {
        self.checkpoints().map(|checkpoint| checkpoint.group.stored_bytes()).sum()
    }

    /// Bytes that they take on the disk, about: at least one.
    pub fn bytes_wanted(&self) -> u64 {
        (self.bytes() as u64).max(1)
    }

    /// Merges automatic checkpoints into the one that follows them, so that a slow disk costs
    /// moments and not memory.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if some are over a limit together. Those are lost, and with them what later ones build on.
    pub fn coalesce(&mut self) -> Result<(), EncodeError> {
        let mut outcome = Ok(());
        let mut merged: VecDeque<Item> = VecDeque::with_capacity(self.items.len());
        for item in self.items.drain(..) {
            let earlier = match item {
                Item::Checkpoint(_) => take_mergeable(&mut merged),
                Item::Record(_) => None,
            };
            match (earlier, item) {
                (Some(earlier), Item::Checkpoint(later)) => {
                    match earlier.merged_with(*later, &mut self.packer) {
                        Ok(both) => merged.push_back(Item::Checkpoint(Box::new(both))),
                        Err(error) => outcome = Err(error),
                    }
                }
                (_, item) => merged.push_back(item),
            }
        }
        self.items = merged;
        outcome
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

    /// Takes the first `count` items out.
    pub fn take(&mut self, count: usize) -> impl Iterator<Item = Item> {
        self.items.drain(..count.min(self.items.len()))
    }

    /// Forgets all that belongs into the next segment.
    pub fn drop_batch(&mut self) {
        let count = self.batch().count();
        self.items.drain(..count);
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
                let checkpoint =
                    PendingCheckpoint { group: PackedGroup::default(), commit, handed_over };
                pending.push(Item::Checkpoint(Box::new(checkpoint)));
            }
            pending.coalesce().unwrap();
            let left: Vec<_> = pending.checkpoints().map(|it| &it.commit).collect();
            let [commit] = &left[..] else { panic!("{left:?}") };
            assert!(commit.counter == 3 && commit.after_failure, "{commit:?}");
        }
    }
    #[test]
    fn checkpoints_that_cannot_be_merged_are_lost_and_records_stay() {
        let checkpoint = |counter, base: Option<u64>, group| {
            let (commit, handed_over) = (commit(counter, base), crate::model::clock::instant());
            Item::Checkpoint(Box::new(PendingCheckpoint { group, commit, handed_over }))
        };
        let end = Record::End {
            status: SessionStatus::Closed,
            reason: None,
            leaving: Leaving::default(),
            time: Timestamp::UNIX_EPOCH,
            play_time: Duration::ZERO,
        };
        let mut pending = Pending::default();
        pending.push(checkpoint(1, None, PackedGroup::broken()));
        pending.push(checkpoint(2, Some(1), PackedGroup::default()));
        pending.push(Item::Record(end));
        let error = pending.coalesce().unwrap_err();
        assert!(matches!(error, EncodeError::Unmergeable(_)), "{error}");
        assert_eq!(pending.checkpoints().count(), 0);
        assert!(!pending.is_empty(), "the end is still to be written");
    }
}
