//! The index of a session's checkpoints, with the plans to restore them.
//!
//! The index is built from the headers and scans of all segments of a session. It reads nothing
//! itself, so it can be asked again whenever something more is known: a group that turned out to be
//! damaged is marked, and the next plan goes around it.

mod branches;
mod builds;
mod collapses;
mod copies;
mod deletion;
mod ending;
mod head;
mod line;
mod problem;
mod run;
mod superseding;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;

use super::{
    CheckpointKind, Commit, DamagedRange, GroupEntry, Lineage, Record, Scan, SegmentHeader,
    TypeList,
};
use crate::model::ids::{CheckpointId, RunId, limits};
use crate::model::session::{CheckpointSummary, FailureCause, ProcessDeath};
use run::{CommitPlace, Moment, Run};

pub use collapses::is_collapse;
pub use ending::{good_end, missing_ends};
pub use head::Head;
#[cfg(test)]
pub use line::steps_of;
pub use line::{LineWalk, Lines, MOST_LINES};
pub use problem::{FileProblem, FileProblemKind};

/// A segment as the index sees it.
#[derive(Clone, Debug)]
pub struct SegmentSummary {
    /// The file's name. Only a hint: a copy of a segment is as good as the segment.
    pub name: String,
    /// The segment's header.
    pub header: Arc<SegmentHeader>,
    /// The segment's content.
    pub scan: Scan,
}

/// A group, by its place in the index.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct GroupRef {
    /// The segment, as a position in [`SessionIndex::segments`].
    pub segment: usize,
    /// The group, as a position in its [`Scan::groups`].
    pub group: usize,
}

/// The groups to merge for a checkpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// The checkpoint.
    pub checkpoint: CheckpointId,
    /// A snapshot and the deltas after it, the oldest first.
    pub groups: Vec<GroupRef>,
}

/// The state of a checkpoint's data, as far as it is known.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq, Hash))]
pub enum Validity {
    /// All of it has been read and is good.
    Verified,
    /// Its commit is good; its data hasn't been read yet.
    Unread,
    /// It can't be restored: of every way to it some part is damaged or missing.
    Damaged,
}

/// A checkpoint, for listings.
#[derive(Clone, PartialEq, Debug)]
pub struct CheckpointInfo {
    /// Its identity.
    pub id: CheckpointId,
    /// The checkpoint before it on its line.
    pub parent: Option<CheckpointId>,
    /// The reason for which it was taken.
    pub kind: CheckpointKind,
    /// The game's label for it.
    pub label: Option<String>,
    /// The time, by the clock of the machine that it was taken on.
    pub time: Timestamp,
    /// Play time at that moment.
    pub play_time: Duration,
    /// Bytes that its own group takes, of all its copies the smallest.
    pub bytes: u64,
    /// Saved entities at that moment.
    pub entities: u64,
    /// The types that were saved.
    pub types: TypeList,
    /// The types that were carried along.
    pub carried: TypeList,
    /// True if it is on the line of a head. It isn't if what followed was rewound.
    pub is_on_line: bool,
    /// True if something of the game's own code failed since the checkpoint before, and the game continued: the world
    /// may be in the middle of a step.
    pub after_failure: bool,
    /// The state of its data: if it can be restored, as far as that is known.
    pub validity: Validity,
}

/// All that is known of a session from its journal.
#[derive(Clone, Debug)]
pub struct SessionIndex {
    segments: Vec<SegmentSummary>,
    problems: Vec<FileProblem>,
    runs: BTreeMap<RunId, Run>,
    /// Found when they are asked for, since damage may make them others.
    heads: OnceLock<Vec<Head>>,
    damaged: BTreeSet<GroupRef>,
    verified: HashSet<GroupRef>,
}

impl SessionIndex {
    /// Puts the segments of one session together. `problems` are the files that could not be read.
    #[must_use]
    pub fn new(segments: Vec<SegmentSummary>, problems: Vec<FileProblem>) -> Self {
        let (runs, heads) = (run::collect(&segments), OnceLock::new());
        Self { segments, problems, runs, heads, damaged: BTreeSet::new(), verified: HashSet::new() }
    }

    /// The names of all players of the session, on each line and before one became another's; some of them often.
    pub fn players(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().flat_map(|segment| {
            let records = segment.scan.records.iter().filter_map(|(_, record)| match record {
                Record::Metadata(metadata) => metadata.player.as_deref(),
                _ => None,
            });
            segment.header.metadata.player.as_deref().into_iter().chain(records)
        })
    }

    /// The segments that could be read, in the order in which they were given.
    pub fn segments(&self) -> &[SegmentSummary] {
        &self.segments
    }

    /// The files that could not be read, or not in full.
    pub fn problems(&self) -> &[FileProblem] {
        &self.problems
    }

    /// Notes that a part of a file is missing or damaged.
    pub fn note_damage(&mut self, path: &Path, range: DamagedRange) {
        problem::note_damage(&mut self.problems, path, range);
    }

    /// Notes of files that end before their headers do that something was written to them: they are damaged.
    pub fn doubt_torn_files(&mut self, was_written: impl Fn(&Path) -> bool) {
        let torn = self.problems.iter_mut().filter(|it| it.kind == FileProblemKind::Torn);
        for problem in torn.filter(|problem| was_written(&problem.path)) {
            problem.kind = FileProblemKind::Damaged;
        }
    }

    /// The first file that can't be read now, which may hold anything: which, and why.
    pub fn unreadable_file(&self) -> Option<FailureCause> {
        self.problems.iter().find_map(FileProblem::why_unreadable)
    }

    /// The newest checkpoint of every line, the highest counter first; those that the player has declined come last.
    ///
    /// More than one is a fork: two lines that never saw each other. None means that nothing was
    /// ever committed.
    pub fn heads(&self) -> &[Head] {
        self.heads.get_or_init(|| head::find(&self.segments, &self.runs))
    }

    /// The lines that the player hasn't declined.
    pub fn open_heads(&self) -> impl Iterator<Item = &Head> {
        self.heads().iter().filter(|head| !head.declined)
    }

    /// What was written down of lines that were declined: when, and what they had died of. In no order.
    pub fn declines(&self) -> impl Iterator<Item = (&SegmentHeader, &[ProcessDeath])> {
        self.segments.iter().flat_map(|segment| {
            segment.scan.records.iter().filter_map(|(_, record)| match record {
                Record::Declined { deaths, .. } => Some((&*segment.header, &**deaths)),
                _ => None,
            })
        })
    }

    /// The line that is meant where none is named: the newest that the player hasn't declined, or else
    /// the newest.
    pub fn newest_head(&self) -> Option<&Head> {
        self.heads().first()
    }

    /// Every checkpoint whose commit is known, the highest counter first, but for that of a draft that has
    /// begun: it has no world, and nothing leads there.
    pub fn checkpoints(&self) -> Vec<CheckpointInfo> {
        let lines = self.lines(self.heads().iter().map(|head| head.id));
        let ids = self.runs.values().flat_map(Run::checkpoints);
        let is_head = |id: CheckpointId| self.heads().iter().any(|head| head.id == id);
        let ids = ids.filter(|id| !self.is_without_world(*id) || is_head(*id));
        let mut found: Vec<_> = ids.filter_map(|id| self.info(id, lines.contain(id))).collect();
        found.sort_by_key(|info| (std::cmp::Reverse(info.id.counter), info.id.run));
        found
    }

    /// The commit of a checkpoint.
    pub fn commit(&self, id: CheckpointId) -> Option<&Commit> {
        self.commit_at(self.moment(id)?.commit)
    }

    /// Returns the plan to read a checkpoint by, and its commit as that of a snapshot, which needs none before it.
    pub fn as_snapshot(&self, id: CheckpointId) -> Option<(Plan, Commit)> {
        let (plan, commit) = (self.plan(id)?, self.commit(id)?);
        let summary = self.summary(id).cloned().map(Box::new);
        Some((plan, Commit { base: None, summary, ..commit.clone() }))
    }

    /// The summary of a checkpoint: its own, or else that of the nearest one before it on the way to it.
    pub fn summary(&self, id: CheckpointId) -> Option<&CheckpointSummary> {
        let way = self.plan(id).map(|plan| plan.groups).unwrap_or_default();
        let commits = way.iter().rev().filter_map(|group| Some(&self.group(*group)?.commit));
        self.commit(id).into_iter().chain(commits).find_map(|commit| commit.summary.as_deref())
    }

    /// The commits of all checkpoints, in no order.
    pub fn commits(&self) -> impl Iterator<Item = (CheckpointId, &Commit)> {
        let ids = self.runs.values().flat_map(Run::checkpoints);
        ids.filter_map(|id| Some((id, self.commit(id)?)))
    }

    /// The archives, as positions in [`Self::segments`].
    pub fn archives(&self) -> impl Iterator<Item = usize> {
        let segments = self.segments.iter().enumerate();
        segments.filter(|(_, segment)| segment.header.is_archive()).map(|(place, _)| place)
    }

    /// A group with its commit.
    pub fn group(&self, place: GroupRef) -> Option<&GroupEntry> {
        self.segments.get(place.segment)?.scan.groups.get(place.group)
    }

    /// The checkpoints that an archive holds and that aren't known to be damaged there.
    pub fn archived(&self, segment: usize) -> impl Iterator<Item = CheckpointId> {
        let summary = self.segments.get(segment).filter(|summary| summary.header.is_archive());
        let groups = summary.into_iter().flat_map(|summary| summary.scan.groups.iter().enumerate());
        groups.filter_map(move |(group, entry)| {
            let commit = &entry.commit;
            let is_intact = !self.damaged.contains(&GroupRef { segment, group });
            let origin = commit.origin.as_ref().filter(|_| commit.base.is_none() && is_intact)?;
            Some(CheckpointId { run: origin.run, counter: commit.counter })
        })
    }

    /// Returns true if a checkpoint has nothing but its summary, since its session was archived so or is a draft.
    pub fn is_without_world(&self, id: CheckpointId) -> bool {
        self.commit(id).is_some_and(|commit| commit.without_world)
    }

    /// Returns true if a session is in the archive, and files of the runs before are left beside the one that took
    /// their place.
    pub fn is_half_archived(&self) -> bool {
        let [head] = self.heads() else { return false };
        let is_before = |segment: &SegmentSummary| {
            let is_other = segment.header.is_archive() || segment.header.run != head.id.run;
            is_other && !segment.scan.groups.is_empty()
        };
        head.metadata.place.is_archived() && self.segments.iter().any(is_before)
    }

    /// The state of a checkpoint's data; `None` if there is no such checkpoint. One without a world has none that could
    /// be damaged.
    pub fn validity(&self, id: CheckpointId) -> Option<Validity> {
        let validity = self.moment(id)?.validity();
        Some(if self.is_without_world(id) { Validity::Verified } else { validity })
    }

    /// The highest checkpoint number that any segment names, committed or not; 0 if there is none.
    ///
    /// A run that resumes the session counts on from here, so no number is ever used twice.
    pub fn newest_counter(&self) -> u64 {
        let others = self.runs.values().flat_map(|run| run.lineage.named());
        let written = self
            .segments
            .iter()
            .flat_map(|segment| segment.header.base.into_iter().chain(segment.scan.newest_counter));
        let named = others.map(|checkpoint| checkpoint.counter).chain(written);
        named.filter(|counter| *counter < limits::COUNTERS).max().unwrap_or(0)
    }

    /// The highest number that is known of each run: of its own checkpoints, or of those that other runs name.
    pub fn known(&self) -> BTreeMap<RunId, u64> {
        let own = self.runs.values().filter_map(Run::newest_anywhere);
        let named = self.runs.values().flat_map(|run| run.lineage.named());
        let mut known = BTreeMap::new();
        for CheckpointId { run, counter } in own.chain(named) {
            let most = known.entry(run).or_insert(counter);
            *most = counter.max(*most);
        }
        known
    }

    /// The lineage of a run that starts from `checkpoint` and takes the place of `head`: the ways back, and every
    /// checkpoint that was superseded before and is still there. All of it is named again, for retention may remove the
    /// runs that named it.
    pub fn lineage_from(&self, checkpoint: CheckpointId, head: CheckpointId) -> Lineage {
        let ancestors = self.ancestry(checkpoint);
        let on_line: HashMap<RunId, u64> =
            ancestors.iter().map(|ancestor| (ancestor.run, ancestor.counter)).collect();
        let is_on_line =
            |id: &CheckpointId| on_line.get(&id.run).is_some_and(|newest| *newest >= id.counter);
        let heads: HashSet<CheckpointId> = self.heads().iter().map(|head| head.id).collect();
        let newest = self.runs.values().filter_map(Run::newest);
        let superseded = newest.filter(|id| !heads.contains(id) && !is_on_line(id));
        // The other side of a fork may be all that another device has, and this run takes the place of none of it.
        let is_shared = self.is_shared();
        let others = heads.iter().copied().filter(|id| is_shared && *id != head);
        let others = self.lines(others);
        let superseded = superseded.filter(|id| !others.contain(*id));
        let supersedes = std::iter::once(head).chain(superseded).collect();
        let mut lineage = Lineage { ancestors, supersedes, is_shared: false };
        if is_shared {
            let on_line = lineage.ancestors.clone().into_iter();
            lineage.carry(on_line.filter_map(|id| self.lineage_of(id.run)));
            if let Some(left) = self.lineage_of(head.run).filter(|_| !is_on_line(&head)) {
                lineage.learn(&[], &left.named().collect::<Vec<_>>());
            }
        }
        lineage
    }

    /// Returns true if copies of the session went from one device to another.
    fn is_shared(&self) -> bool {
        self.segments.iter().any(|segment| segment.header.is_shared())
    }

    /// The checkpoint that another device made a copy of; `None` if it is no copy.
    pub fn original_of(&self, copy: CheckpointId) -> Option<CheckpointId> {
        let place = self.runs.get(&copy.run)?.segments.first()?;
        copies::original_in(&self.segments.get(*place)?.header)
    }

    /// The header of a checkpoint's run; of one that is in an archive only, as much as that knows.
    pub fn header_of(&self, checkpoint: CheckpointId) -> Option<SegmentHeader> {
        let run = self.runs.get(&checkpoint.run)?;
        let place = run.segments.last().copied();
        let place = place.or_else(|| Some(self.moment(checkpoint)?.commit.segment()))?;
        let (game_version, schema) = run.build(&self.segments)?;
        let header = SegmentHeader::clone(&self.segments.get(place)?.header);
        let game_version = game_version.to_owned();
        Some(SegmentHeader { run: run.id, game_version, schema, ..header })
    }

    /// The lineage of a run.
    pub fn lineage_of(&self, run: RunId) -> Option<&Lineage> {
        self.runs.get(&run).map(|run| &run.lineage)
    }

    /// The plan to restore a checkpoint by: the shortest intact way to it.
    ///
    /// A snapshot and a delta with one counter are the same moment, so where a snapshot is damaged
    /// the way leads over an older one and the deltas in between.
    pub fn plan(&self, id: CheckpointId) -> Option<Plan> {
        let groups = self.runs.get(&id.run)?.way_to(id.counter)?;
        Some(Plan { checkpoint: id, groups })
    }

    /// Notes that the data of a group was read and is damaged. Plans avoid it from now on.
    pub fn mark_damaged(&mut self, group: GroupRef) {
        self.damaged.insert(group);
        self.verified.remove(&group);
        self.mark(group, Validity::Damaged);
    }

    /// The groups that were noted as damaged.
    pub fn damaged_groups(&self) -> impl Iterator<Item = GroupRef> {
        self.damaged.iter().copied()
    }

    /// Notes that the data of a group was read and is good.
    pub fn mark_verified(&mut self, group: GroupRef) {
        self.verified.insert(group);
        self.mark(group, Validity::Verified);
    }

    /// Returns true if the data of a group was read and is good.
    pub fn is_verified(&self, group: GroupRef) -> bool {
        self.verified.contains(&group)
    }

    fn mark(&mut self, group: GroupRef, validity: Validity) {
        let Some(counter) = self.group(group).map(|entry| entry.commit.counter) else { return };
        let Some(run) = self.run_of(group).and_then(|run| self.runs.get_mut(&run)) else { return };
        let (id, was_at_hand) = (run.id, run.is_at_hand());
        run.mark(group, counter, validity);
        if run.is_at_hand() != was_at_hand {
            run::tell_ancestors(&mut self.runs, id);
            self.heads = OnceLock::new();
        }
    }

    /// The run of a group's checkpoint.
    fn run_of(&self, group: GroupRef) -> Option<RunId> {
        let segment = self.segments.get(group.segment)?;
        if !segment.header.is_archive() {
            return Some(segment.header.run);
        }
        segment.scan.groups.get(group.group)?.commit.origin.as_ref().map(|origin| origin.run)
    }

    fn moment(&self, id: CheckpointId) -> Option<&Moment> {
        self.runs.get(&id.run)?.moments.get(&id.counter)
    }

    fn commit_at(&self, place: CommitPlace) -> Option<&Commit> {
        run::commit_at(&self.segments, place)
    }

    fn info(&self, id: CheckpointId, is_on_line: bool) -> Option<CheckpointInfo> {
        let run = self.runs.get(&id.run)?;
        let moment = run.moments.get(&id.counter)?;
        let commit = self.commit_at(moment.commit)?;
        Some(CheckpointInfo {
            id,
            parent: run.before(id.counter),
            kind: commit.kind,
            label: commit.label.clone(),
            time: commit.time,
            play_time: commit.play_time,
            bytes: moment.bytes,
            entities: commit.entities,
            types: commit.types.clone(),
            carried: commit.carried.clone(),
            is_on_line,
            after_failure: commit.after_failure,
            validity: moment.validity(),
        })
    }
}
