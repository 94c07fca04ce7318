//! Decides what of a session's history is kept.
//!
//! Whole segments are the unit, since a segment is never rewritten.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::time::Duration;

use super::Quota;
use super::archives::{Archives, named};
use crate::disk::StoredSession;
use crate::format::{
    CheckpointKind, FileProblem, FileProblemKind, Head, Plan, Record, SegmentHeader,
    SegmentSummary, SessionIndex,
};
use crate::model::ids::CheckpointId;

/// Snapshots that are kept in any case where there is room.
const NEWEST: usize = 3;
/// Snapshots that are kept on a full disk.
const NEWEST_ON_FULL_DISK: usize = 2;
/// Of older ones, one is kept for each of these stretches of play time, as long as it is no older than this number of
/// them: so there is always one about 10 minutes old, and one about an hour.
const STRETCHES: [(Duration, u32); 2] =
    [(Duration::from_secs(5 * 60), 3), (Duration::from_secs(30 * 60), 3)];
/// The same of a session whose frames are recorded, where there is room left: an exact replay goes to a moment from the
/// checkpoint before it.
const STRETCHES_OF_TAPE: (Duration, u32) = (Duration::from_secs(60), 10);
/// For this much play time the checkpoint that another build of the game resumed from is kept in any case, so that the
/// build before can be gone back to.
const YOUNG_BUILD: Duration = Duration::from_secs(60 * 60);

/// The extent of pruning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PruneTo {
    /// Everything that its quota has no room for is removed.
    Quota,
    /// All unnamed checkpoints that may go are removed; and of the named ones the oldest, until this number of bytes is
    /// freed in all.
    Bone { freeing: u64 },
}

/// The checkpoints that stay in any case, and those by which it is known that others were left: they are read before
/// anything is removed, so that nothing goes for one that turns out to be damaged.
pub(crate) fn must_stay(index: &SessionIndex) -> impl Iterator<Item = Plan> {
    let of_lines = index.heads().iter().flat_map(move |head| {
        let generations = generations(index, &index.line(head.id)).into_iter();
        let newest = generations.take(NEWEST_ON_FULL_DISK).filter_map(|id| index.plan(id));
        index.newest_intact(head.id).into_iter().chain(newest)
    });
    of_lines.chain(index.witnesses())
}

/// The decision about a session's files.
#[derive(Default)]
pub(crate) struct Verdict {
    /// The segments that aren't kept.
    pub removable: Vec<usize>,
    /// The named checkpoints that are to be put into a new archive, the oldest first.
    pub gather: Vec<CheckpointId>,
}

/// Decides what is kept.
///
/// Kept in any case: the groups that the newest intact checkpoint of every line needs; the last generation of the run
/// before, until the new run has two of its own; the last checkpoint of the build before, for the new build's first
/// hour; two generations in all; damaged files; and the records about a line that is still there. If a file can't be
/// read, its content isn't known, and nothing is removed.
pub(crate) fn judge(stored: &StoredSession, quota: Quota, extent: PruneTo) -> Verdict {
    let index = stored.index();
    let unknown = |kind: &FileProblemKind| {
        matches!(kind, FileProblemKind::Newer(_) | FileProblemKind::Unreadable { .. })
    };
    let has_no_world = index.heads().iter().any(|head| index.is_without_world(head.id));
    let is_unknown = index.problems().iter().any(|problem| unknown(&problem.kind));
    if index.heads().is_empty() || has_no_world || is_unknown {
        return Verdict::default();
    }
    let mut keep = Keep::new(stored, quota);
    let numbers = 0..index.segments().len();
    keep.add(
        numbers
            .clone()
            .filter(|number| is_damaged(stored, *number) || speaks_of_a_head(index, *number)),
    );
    for head in index.heads() {
        let line = index.line(head.id);
        keep.always(index.newest_intact(head.id).map(|plan| plan.checkpoint));
        let generations = generations(index, &line);
        keep.always(generations.iter().take(NEWEST_ON_FULL_DISK).copied());
        let own = generations.iter().filter(|id| id.run == head.id.run).count();
        if own < 2 {
            let before = line.iter().find(|id| id.run != head.id.run);
            keep.always(before.and_then(|id| index.newest_intact(*id)).map(|plan| plan.checkpoint));
        }
        keep.always(of_build_before(index, head));
    }
    let gather = match extent {
        PruneTo::Quota => keep_within_quota(&mut keep),
        PruneTo::Bone { freeing } => {
            keep.named_beside(freeing);
            Vec::new()
        }
    };
    while let Some(segments) = index.last_to_supersede(&keep.segments) {
        keep.add(segments);
    }
    let removable = numbers.filter(|number| !keep.segments.contains(number)).collect();
    Verdict { removable, gather }
}

/// Keeps what there is room for beside what must stay, the most important first. The named checkpoints
/// that are to be gathered.
fn keep_within_quota(keep: &mut Keep<'_>) -> Vec<CheckpointId> {
    let stored = keep.stored;
    let index = stored.index();
    for head in index.heads() {
        let line = index.line(head.id);
        let generations = generations(index, &line);
        keep.if_room(generations.iter().take(NEWEST).copied());
    }
    let archives = Archives::choose(keep, |number| is_damaged(stored, number));
    keep.if_room(kept_branches(index, keep.quota.branches));
    for head in index.heads() {
        let line = index.line(head.id);
        let generations = generations(index, &line);
        keep.if_room(index.last_of_other_builds(head.id).into_iter().take(NEWEST));
        keep.if_room(index.before_collapses(head.id).into_iter().take(NEWEST));
        keep.if_room(thinned(index, &generations, &STRETCHES));
        keep.if_room(generations.last().copied());
    }
    keep.if_room(oldest(index));
    if let Some(head) = index.newest_head() {
        keep.if_room(of_tape(index, &generations(index, &index.line(head.id))));
    }
    archives.gather(keep)
}

/// The segments that are kept, as they are being collected.
pub(crate) struct Keep<'a> {
    pub stored: &'a StoredSession,
    pub quota: Quota,
    pub segments: BTreeSet<usize>,
    bytes: u64,
}

impl<'a> Keep<'a> {
    fn new(stored: &'a StoredSession, quota: Quota) -> Self {
        Self { stored, quota, segments: BTreeSet::new(), bytes: 0 }
    }

    fn always(&mut self, checkpoints: impl IntoIterator<Item = CheckpointId>) {
        for id in checkpoints {
            self.add(needs(self.stored.index(), id));
        }
    }

    pub(crate) fn add(&mut self, segments: impl IntoIterator<Item = usize>) {
        for number in segments {
            if self.segments.insert(number) {
                self.bytes += self.stored.segment_bytes(number);
            }
        }
    }

    /// Sets room aside for what will be written.
    pub(crate) fn reserve(&mut self, bytes: u64) {
        self.bytes += bytes;
    }

    /// Bytes that may be kept beside what already is.
    pub(crate) fn room(&self) -> u64 {
        self.quota.session_bytes.saturating_sub(self.bytes)
    }

    fn if_room(&mut self, checkpoints: impl IntoIterator<Item = CheckpointId>) {
        for id in checkpoints {
            let more = needs(self.stored.index(), id);
            if self.bytes_of(&more) <= self.room() {
                self.add(more);
            }
        }
    }

    /// Keeps the named checkpoints in the files in which they are, the newest first, as far as `freed` bytes are freed
    /// all the same.
    fn named_beside(&mut self, freed: u64) {
        let index = self.stored.index();
        let all = 0..index.segments().len();
        let bytes: u64 = all.map(|number| self.stored.segment_bytes(number)).sum();
        let most = bytes.saturating_sub(freed);
        for id in named(index).into_iter().take(self.quota.named) {
            let more = needs(index, id);
            if self.bytes + self.bytes_of(&more) > most {
                break;
            }
            self.add(more);
        }
    }

    /// Bytes of those of the segments that aren't kept yet.
    fn bytes_of(&self, segments: &BTreeSet<usize>) -> u64 {
        let new = segments.difference(&self.segments);
        new.map(|number| self.stored.segment_bytes(*number)).sum()
    }
}

/// The segments without which a checkpoint can't be restored.
pub(crate) fn needs(index: &SessionIndex, id: CheckpointId) -> BTreeSet<usize> {
    let groups = index.plan(id).map(|plan| plan.groups).unwrap_or_default();
    groups.into_iter().map(|group| group.segment).collect()
}

/// The snapshots on a line that segments hold, newest first.
fn generations(index: &SessionIndex, line: &[CheckpointId]) -> Vec<CheckpointId> {
    let is_archived = |number: usize| {
        index.segments().get(number).is_some_and(|segment| segment.header.is_archive())
    };
    let is_snapshot = |id: &&CheckpointId| {
        let groups = index.plan(**id).map(|plan| plan.groups).unwrap_or_default();
        matches!(*groups, [only] if !is_archived(only.segment))
    };
    line.iter().filter(is_snapshot).copied().collect()
}

/// The checkpoint of another build that the line's build resumed from, unless that was long ago.
fn of_build_before(index: &SessionIndex, head: &Head) -> Option<CheckpointId> {
    let taken_up = index.last_of_other_builds(head.id).first().copied()?;
    let intact = index.newest_intact(taken_up)?.checkpoint;
    let played_since = head.play_time.saturating_sub(index.commit(taken_up)?.play_time);
    (played_since < YOUNG_BUILD).then_some(intact)
}

/// The oldest snapshot of the session that a segment holds. A line that continues from an archive need not reach back
/// to it.
fn oldest(index: &SessionIndex) -> Option<CheckpointId> {
    let mut all: Vec<CheckpointId> = index.commits().map(|(id, _)| id).collect();
    all.sort_by_key(|id| (Reverse(id.counter), id.run));
    generations(index, &all).pop()
}

/// The newest intact checkpoint of each branch that is kept: of the newest ones, and of the one whose end has the most play
/// of all. A game that dies at each start leaves a short branch each time, and must not lose the one that it died on first,
/// even if nothing was played at its end.
///
/// Other branches on which nothing was played come last: each rewind right after another leaves one, and they must not take
/// the place of what was played.
fn kept_branches(index: &SessionIndex, count: usize) -> Vec<CheckpointId> {
    let commit = |end: &CheckpointId| index.commit(*end);
    let was_played =
        |end: &CheckpointId| commit(end).is_none_or(|it| it.kind != CheckpointKind::Opening);
    let all = index.branches();
    let furthest = all.iter().rev().copied().max_by_key(|end| commit(end).map(|it| it.play_time));
    let (played, unplayed): (Vec<_>, Vec<_>) = all.into_iter().partition(was_played);
    let mut kept: Vec<CheckpointId> = played.into_iter().chain(unplayed).take(count).collect();
    let furthest = furthest.filter(|end| !kept.is_empty() && !kept.contains(end));
    // Where there isn't room for all, only the one that was just left comes first.
    furthest.into_iter().for_each(|end| kept.insert(1, end));
    let newest = kept.into_iter().filter_map(|end| index.newest_intact(end));
    newest.map(|plan| plan.checkpoint).collect()
}

/// Of the generations on a line, newest first, the oldest one in each stretch of play time.
///
/// Stretches are counted from the start of the session, so the choice is the same at each pruning,
/// and the oldest one of a long stretch is also the oldest of a short one: it was never in danger.
fn thinned(
    index: &SessionIndex,
    generations: &[CheckpointId],
    stretches: &[(Duration, u32)],
) -> Vec<CheckpointId> {
    let play_time = |id: &CheckpointId| index.commit(*id).map(|commit| commit.play_time);
    let Some(newest) = generations.first().and_then(play_time) else { return Vec::new() };
    let mut kept = Vec::new();
    for (stretch, count) in stretches.iter().copied() {
        let number = |id: &CheckpointId| {
            play_time(id).map(|play_time| play_time.as_secs() / stretch.as_secs())
        };
        let newest = newest.as_secs() / stretch.as_secs();
        let oldest_of_its_stretch = generations.windows(2).filter_map(|pair| match pair {
            [id, older] if number(id) != number(older) => Some(*id),
            _ => None,
        });
        kept.extend(oldest_of_its_stretch.filter(|id| {
            number(id).is_some_and(|number| newest - number.min(newest) <= u64::from(count))
        }));
    }
    kept
}

/// Of the generations on a line whose frames are recorded, those of the last minutes.
fn of_tape(index: &SessionIndex, generations: &[CheckpointId]) -> Vec<CheckpointId> {
    let is_taped = generations.first().and_then(|id| index.commit(*id)?.tape).is_some();
    if is_taped { thinned(index, generations, &[STRETCHES_OF_TAPE]) } else { Vec::new() }
}

/// Returns true if anything in a segment's file is known to be damaged, even if only its end is missing.
pub(crate) fn is_damaged(stored: &StoredSession, segment: usize) -> bool {
    let index = stored.index();
    let path = stored.path_of(segment);
    let is_its = |problem: &&FileProblem| Some(&*problem.path) == path && problem.kind.is_damage();
    index.problems().iter().any(|problem| is_its(&problem))
        || index.damaged_groups().any(|group| group.segment == segment)
}

/// Returns true if a segment has a record about a line that is still there: how its run ended, that it was declined, or
/// its name and place; or is the last of its run, which may be the one that is being written.
pub(crate) fn speaks_of_a_head(index: &SessionIndex, number: usize) -> bool {
    let Some(segment) = index.segments().get(number) else { return true };
    let heads = index.heads();
    let of_a_head = heads.iter().any(|head| head.id.run == segment.header.run);
    let same_run = index.segments().iter().filter(|other| other.header.run == segment.header.run);
    let is_last = same_run.map(|other| other.header.segment).max() == Some(segment.header.segment);
    let declines = segment.scan.records.iter().any(|(_, record)| match record {
        Record::Declined { heads: declined, .. } => {
            heads.iter().any(|head| declined.contains(&head.id))
        }
        Record::Forgotten => true,
        _ => false,
    });
    let is_statement = segment.scan.groups.is_empty() && segment.scan.broken.is_empty();
    let states =
        is_statement && heads.iter().any(|head| segment.header.supersedes.contains(&head.id));
    of_a_head && is_last || declines || states
}

/// Returns true if a segment was begun because one before it failed, and holds again what can be read in that one,
/// which is kept. There it may be on no disk, and what came later is in this one alone.
pub(crate) fn repeats_one_of(kept: &BTreeSet<usize>, index: &SessionIndex, number: usize) -> bool {
    let segments = index.segments();
    let Some(own) = segments.get(number) else { return false };
    let others = kept.iter().filter_map(|number| segments.get(*number));
    others.filter(|other| is_before(&other.header, &own.header)).any(|other| repeats(own, other))
}

/// Returns true if a segment is an earlier one of the same run. Archives are of no run.
fn is_before(other: &SegmentHeader, own: &SegmentHeader) -> bool {
    let is_archive = other.is_archive() || own.is_archive();
    !is_archive && other.run == own.run && other.segment < own.segment
}

/// Returns true if a segment holds again what another holds. A merge begins with a snapshot where the other has a
/// difference, and repeats nothing.
fn repeats(own: &SegmentSummary, other: &SegmentSummary) -> bool {
    let is_begun_with_snapshot = own.header.base.is_none();
    let counters = |segment: &SegmentSummary| -> BTreeSet<u64> {
        let commits = segment.scan.groups.iter().map(|group| &group.commit);
        let meant = commits.filter(|commit| !is_begun_with_snapshot || commit.base.is_none());
        meant.map(|commit| commit.counter).collect()
    };
    !counters(own).is_disjoint(&counters(other))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::disk::{CreatedSegment, DirectoryStore, Layout, MemoryDisk};
    use crate::format::sample::{commit, header, session, values};
    use crate::format::{Commit, TapePosition};

    /// The minutes of play that are left of an hour with a snapshot in each half minute.
    fn minutes_left(tape: Option<TapePosition>) -> Vec<f64> {
        let layout =
            Layout { data: "data".into(), state: "state".into(), profile: "default".to_owned() };
        let store = DirectoryStore::new(Arc::new(MemoryDisk::default()), layout);
        for number in 0..120 {
            let CreatedSegment { mut file, mut encoder, .. } =
                store.create_segment(&header(1, number)).unwrap();
            let play_time = Duration::from_secs(u64::from(number) * 30);
            let commit = Commit { play_time, tape, ..commit(u64::from(number) + 1, None) };
            let block = values("game::Health", &[(2, &[7; 100])]);
            encoder.encode_group([block], &commit, &mut |bytes| file.append(bytes)).unwrap();
        }
        let stored = store.open_session(session()).unwrap();
        let removable = judge(&stored, Quota::default(), PruneTo::Quota).removable;
        let index = stored.index();
        let left = index.commits().filter(|(id, _)| {
            let segment = index
                .segments()
                .iter()
                .position(|it| u64::from(it.header.segment) + 1 == id.counter);
            !segment.is_some_and(|segment| removable.contains(&segment))
        });
        let mut minutes: Vec<f64> =
            left.map(|(_, commit)| commit.play_time.as_secs_f64() / 60.0).collect();
        minutes.sort_by(f64::total_cmp);
        minutes
    }

    #[test]
    fn a_checkpoint_a_minute_is_kept_of_the_last_ten_that_can_be_replayed() {
        let position = TapePosition { frames: 1, ..TapePosition::default() };
        let (plain, taped) = (minutes_left(None), minutes_left(Some(position)));
        assert!(plain.len() < taped.len() && plain.iter().all(|it| taped.contains(it)));
        let last: Vec<f64> = taped.into_iter().filter(|minute| *minute >= 49.0).collect();
        assert!(last.len() >= 11, "{last:?}");
        assert!(last.windows(2).all(|pair| pair[1] - pair[0] <= 1.0), "{last:?}");
    }
}
