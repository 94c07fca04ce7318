//! One run: its checkpoints, and the ways to them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{GroupRef, SegmentSummary, Validity};
use crate::format::{Commit, GroupEntry, KnownLineage, Lineage, Origin, Record};
use crate::model::ids::{CheckpointId, RunId};

/// A run, put together from its segments.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its identity.
    pub id: RunId,
    /// Its segments by number. Copies of one segment stand side by side. Archives aren't among them.
    pub segments: Vec<usize>,
    /// The newest of its checkpoints that is in a segment of its own.
    newest: Option<u64>,
    /// The checkpoint that it set out from with the ones before on its line, and the heads that it
    /// takes the place of, once it has committed something itself.
    pub lineage: Lineage,
    /// Its checkpoints by counter.
    pub moments: BTreeMap<u64, Moment>,
    /// For each checkpoint, those with a group that is the difference to it.
    followers: HashMap<u64, Vec<u64>>,
    /// The number of its checkpoints that are at hand: there is a way to them, or they never had a world.
    at_hand: usize,
    /// The number of runs that name it as an ancestor and have a checkpoint at hand.
    descendants: usize,
}

/// A checkpoint, with every group that stands for it.
///
/// There can be several: the delta that was captured, the snapshot that rotation merged at the same
/// counter, and copies of either.
#[derive(Clone, Debug)]
pub struct Moment {
    /// The place of its commit.
    pub commit: CommitPlace,
    /// Bytes of the smallest group that stands for it.
    pub bytes: u64,
    groups: Vec<Candidate>,
    way: Option<Way>,
    /// True if a commit of it has no world.
    is_without_world: bool,
}

/// The place of a commit, in a group that is whole or in one that isn't.
#[derive(Clone, Copy, Debug)]
pub enum CommitPlace {
    /// In a group whose frames are all there.
    Group(GroupRef),
    /// In [`Scan::broken`](crate::format::Scan::broken).
    Broken { segment: usize, broken: usize },
}

impl CommitPlace {
    /// The file that it is in.
    pub fn segment(self) -> usize {
        match self {
            Self::Group(group) => group.segment,
            Self::Broken { segment, .. } => segment,
        }
    }
}

/// A group that can be used to get to a checkpoint.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    place: GroupRef,
    base: Option<u64>,
    bytes: u64,
    validity: Validity,
}

/// The last step of the shortest intact way to a checkpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Way {
    group: GroupRef,
    base: Option<u64>,
    groups: usize,
    bytes: u64,
    is_verified: bool,
}

/// The runs of a session.
pub fn collect(segments: &[SegmentSummary]) -> BTreeMap<RunId, Run> {
    let mut order: Vec<usize> = (0..segments.len()).collect();
    order.sort_by_key(|place| {
        segments.get(*place).map(|segment| (segment.header.segment, &segment.name))
    });
    let mut runs = BTreeMap::new();
    // The checkpoints that the lineage of each names so far.
    let mut known: HashMap<RunId, KnownLineage> = HashMap::new();
    for place in order {
        let Some(segment) = segments.get(place) else { continue };
        if !segment.header.is_archive() {
            let id = segment.header.run;
            let run = runs.entry(id).or_insert_with(|| Run::new(id));
            run.add(place, segment, known.entry(id).or_default());
            continue;
        }
        for (commit, group) in archived(place, segment) {
            if let Some(origin) = &commit.origin {
                let run = runs.entry(origin.run).or_insert_with(|| Run::new(origin.run));
                run.add_archived(origin, commit, group, known.entry(origin.run).or_default());
            }
        }
    }
    runs.values_mut().for_each(Run::find_ways);
    let at_hand: Vec<RunId> =
        runs.values().filter(|run| run.is_at_hand()).map(|run| run.id).collect();
    at_hand.into_iter().for_each(|run| tell_ancestors(&mut runs, run));
    runs
}

/// Tells the ancestors of a run whether a checkpoint of it can be had, once that has changed.
pub fn tell_ancestors(runs: &mut BTreeMap<RunId, Run>, id: RunId) {
    let Some(run) = runs.get_mut(&id) else { return };
    let is_at_hand = run.is_at_hand();
    let ancestors = std::mem::take(&mut run.lineage.ancestors);
    for ancestor in ancestors.iter().filter(|ancestor| ancestor.run != id) {
        if let Some(ancestor) = runs.get_mut(&ancestor.run) {
            ancestor.descendants = match is_at_hand {
                true => ancestor.descendants + 1,
                false => ancestor.descendants.saturating_sub(1),
            };
        }
    }
    if let Some(run) = runs.get_mut(&id) {
        run.lineage.ancestors = ancestors;
    }
}

/// The checkpoints in an archive: each is whole and names its run.
fn archived(
    place: usize,
    segment: &SegmentSummary,
) -> impl Iterator<Item = (&Commit, (CommitPlace, Option<Candidate>))> {
    let groups = segment.scan.groups.iter().enumerate();
    let groups = groups.filter(|(_, group)| group.commit.base.is_none()).map(move |(at, group)| {
        let (at, candidate) = Candidate::new(place, at, group);
        (&group.commit, (CommitPlace::Group(at), Some(candidate)))
    });
    let broken = segment.scan.broken.iter().enumerate().map(move |(broken, group)| {
        (&group.commit, (CommitPlace::Broken { segment: place, broken }, None))
    });
    groups.chain(broken)
}

/// The commit at a place.
pub fn commit_at(segments: &[SegmentSummary], place: CommitPlace) -> Option<&Commit> {
    match place {
        CommitPlace::Group(GroupRef { segment, group }) => {
            segments.get(segment)?.scan.groups.get(group).map(|group| &group.commit)
        }
        CommitPlace::Broken { segment, broken } => {
            segments.get(segment)?.scan.broken.get(broken).map(|broken| &broken.commit)
        }
    }
}

impl Run {
    fn new(id: RunId) -> Self {
        Self {
            id,
            segments: Vec::new(),
            newest: None,
            lineage: Lineage::default(),
            moments: BTreeMap::new(),
            followers: HashMap::new(),
            at_hand: 0,
            descendants: 0,
        }
    }

    fn add(&mut self, place: usize, segment: &SegmentSummary, known: &mut KnownLineage) {
        self.segments.push(place);
        let header = &segment.header;
        known.teach(&mut self.lineage, &header.ancestors, &header.supersedes);
        for (_, record) in &segment.scan.records {
            if let Record::Lineage { ancestors, supersedes } = record {
                known.teach(&mut self.lineage, ancestors, supersedes);
            }
        }
        for (position, group) in segment.scan.groups.iter().enumerate() {
            let (place, candidate) = Candidate::new(place, position, group);
            // Without a world no way leads to it.
            let candidate = Some(candidate).filter(|_| !group.commit.without_world);
            self.add_moment(&group.commit, CommitPlace::Group(place), candidate);
        }
        for (broken, group) in segment.scan.broken.iter().enumerate() {
            let place = CommitPlace::Broken { segment: place, broken };
            self.add_moment(&group.commit, place, None);
        }
        // Not those that an archive holds as well, which may have been added before.
        let groups = segment.scan.groups.iter().map(|group| group.commit.counter);
        let broken = segment.scan.broken.iter().map(|group| group.commit.counter);
        self.newest = groups.chain(broken).max().max(self.newest);
    }

    /// Adds a checkpoint that is in an archive.
    fn add_archived(
        &mut self,
        origin: &Origin,
        commit: &Commit,
        (place, group): (CommitPlace, Option<Candidate>),
        known: &mut KnownLineage,
    ) {
        known.teach(&mut self.lineage, &origin.ancestors, &[]);
        self.add_moment(commit, place, group);
    }

    fn add_moment(&mut self, commit: &Commit, place: CommitPlace, group: Option<Candidate>) {
        let moment = self.moments.entry(commit.counter).or_insert_with(|| Moment {
            commit: place,
            bytes: 0,
            groups: Vec::new(),
            way: None,
            is_without_world: false,
        });
        moment.is_without_world |= commit.without_world;
        let Some(group) = group else { return };
        if moment.groups.is_empty() || group.bytes < moment.bytes {
            moment.bytes = group.bytes;
            moment.commit = place;
        }
        moment.groups.push(group);
    }

    /// Its checkpoints, the oldest first.
    pub fn checkpoints(&self) -> impl Iterator<Item = CheckpointId> {
        self.moments.keys().map(|counter| self.checkpoint(*counter))
    }

    /// Its checkpoints up to a counter, the newest first.
    pub fn checkpoints_up_to(&self, counter: u64) -> impl Iterator<Item = CheckpointId> {
        self.moments.range(..=counter).rev().map(|(counter, _)| self.checkpoint(*counter))
    }

    /// The newest checkpoint in its own segments, which a line may end with.
    pub fn newest(&self) -> Option<CheckpointId> {
        self.newest.map(|counter| self.checkpoint(counter))
    }

    /// Its newest checkpoint, including those in archives.
    pub fn newest_anywhere(&self) -> Option<CheckpointId> {
        self.moments.keys().next_back().map(|counter| self.checkpoint(*counter))
    }

    /// The checkpoint before the one with this counter.
    pub fn before(&self, counter: u64) -> Option<CheckpointId> {
        let before = self.moments.range(..counter).next_back();
        before
            .map(|(counter, _)| self.checkpoint(*counter))
            .or_else(|| self.goes_on_from().next().copied())
    }

    /// Returns true if a checkpoint of it is at hand.
    pub fn is_at_hand(&self) -> bool {
        self.at_hand > 0
    }

    /// Returns true if a checkpoint of it would be at hand if only these segments were left.
    pub fn is_at_hand_in(&self, kept: &BTreeSet<usize>) -> bool {
        let is_kept = |segment: usize| kept.contains(&segment);
        // A checkpoint that is reached over others is no nearer than they are.
        self.moments.values().any(|moment| match moment.way {
            Some(way) => way.base.is_none() && is_kept(way.group.segment),
            None => moment.is_without_world && is_kept(moment.commit.segment()),
        })
    }

    /// Returns true if a checkpoint of it is at hand, and all of that was read.
    pub fn is_verified(&self) -> bool {
        self.moments.values().any(Moment::is_verified)
    }

    /// Returns true if nothing is left of it: no checkpoint of it is at hand, nor of a run that started from it. For
    /// all that is known it never went back.
    pub fn has_come_to_nothing(&self) -> bool {
        !self.is_at_hand() && self.descendants == 0
    }

    /// The checkpoints before its first one on its line, the nearest first: where it started from; but first the head
    /// that it resumed, if that has come to nothing.
    pub fn goes_on_from(&self) -> impl Iterator<Item = &CheckpointId> {
        self.head_taken_up().into_iter().chain(&self.lineage.ancestors)
    }

    /// The checkpoints that it takes the place of, once it has committed something: all that it names, or those on its
    /// line if it has come to nothing.
    pub fn takes_the_place_of(&self) -> impl Iterator<Item = &CheckpointId> {
        let others = if self.has_come_to_nothing() { 0 } else { usize::MAX };
        self.goes_on_from().chain(self.lineage.supersedes.iter().take(others))
    }

    /// The head that it resumed, if nothing is left of its own checkpoints.
    pub fn head_taken_up(&self) -> Option<&CheckpointId> {
        self.lineage.supersedes.first().filter(|_| self.has_come_to_nothing())
    }

    /// Its records in the order in which they were written.
    pub fn records<'a>(&self, segments: &'a [SegmentSummary]) -> impl Iterator<Item = &'a Record> {
        let mut records: Vec<_> = self
            .segments
            .iter()
            .filter_map(|place| segments.get(*place))
            .flat_map(|segment| {
                let number = segment.header.segment;
                segment
                    .scan
                    .records
                    .iter()
                    .map(move |(sequence, record)| (number, *sequence, record))
            })
            .collect();
        records.sort_by_key(|(number, sequence, _)| (*number, *sequence));
        records.into_iter().map(|(_, _, record)| record)
    }

    /// The groups that lead to a checkpoint, the oldest first.
    pub fn way_to(&self, counter: u64) -> Option<Vec<GroupRef>> {
        let mut groups = Vec::new();
        let mut next = Some(counter);
        while let Some(counter) = next {
            let way = self.moments.get(&counter)?.way?;
            groups.push(way.group);
            next = way.base;
        }
        groups.reverse();
        Some(groups)
    }

    /// The build of the game that wrote it: its version, and a fingerprint of what it saved.
    pub fn build<'a>(&self, segments: &'a [SegmentSummary]) -> Option<(&'a str, u64)> {
        if let Some(segment) = self.segments.last().and_then(|place| segments.get(*place)) {
            return Some((&segment.header.game_version, segment.header.schema));
        }
        let archived =
            self.moments.values().filter_map(|moment| commit_at(segments, moment.commit));
        let origin = archived.filter_map(|commit| commit.origin.as_ref()).next_back()?;
        Some((&origin.game_version, origin.schema))
    }

    /// Notes what reading a group, which is one of the checkpoint with this counter, has shown.
    pub fn mark(&mut self, group: GroupRef, counter: u64, validity: Validity) {
        let Some(moment) = self.moments.get_mut(&counter) else { return };
        let mut candidates = moment.groups.iter_mut();
        if let Some(candidate) = candidates.find(|candidate| candidate.place == group) {
            candidate.validity = validity;
            self.find_ways_from(counter);
        }
    }

    /// Finds the shortest way to every checkpoint, from the oldest to the newest.
    fn find_ways(&mut self) {
        let moments = self.moments.iter();
        let bases = moments.flat_map(|(counter, moment)| {
            moment.groups.iter().filter_map(|group| Some((group.base?, *counter)))
        });
        for (base, counter) in bases {
            self.followers.entry(base).or_default().push(counter);
        }
        let counters: Vec<u64> = self.moments.keys().copied().collect();
        for counter in counters {
            self.find_way(counter);
        }
        self.at_hand = self.moments.values().filter(|moment| moment.is_at_hand()).count();
    }

    /// Finds the ways again that may have changed with the one to this checkpoint: a session may have
    /// as many groups as fit into its files, and each of them may turn out to be damaged.
    fn find_ways_from(&mut self, counter: u64) {
        let mut waiting = BTreeSet::from([counter]);
        while let Some(counter) = waiting.pop_first() {
            if self.find_way(counter)
                && let Some(followers) = self.followers.get(&counter)
            {
                waiting.extend(followers);
            }
        }
    }

    /// Finds the shortest way to a checkpoint. Returns true if it is another one than before.
    fn find_way(&mut self, counter: u64) -> bool {
        let Some(moment) = self.moments.get(&counter) else { return false };
        let way_to = |base: u64| self.moments.get(&base).and_then(|moment| moment.way);
        let ways = moment.groups.iter().filter_map(|group| group.way(way_to));
        let found = ways.min_by_key(|way| (way.groups, way.bytes, way.group));
        let Some(moment) = self.moments.get_mut(&counter) else { return false };
        let was_at_hand = moment.is_at_hand();
        let is_another = std::mem::replace(&mut moment.way, found) != found;
        match (was_at_hand, moment.is_at_hand()) {
            (false, true) => self.at_hand += 1,
            (true, false) => self.at_hand -= 1,
            _ => {}
        }
        is_another
    }

    fn checkpoint(&self, counter: u64) -> CheckpointId {
        CheckpointId { run: self.id, counter }
    }
}

impl Moment {
    /// Returns true if it is at hand, as far as is known.
    fn is_at_hand(&self) -> bool {
        self.way.is_some() || self.is_without_world
    }

    /// Returns true if it is at hand for sure.
    fn is_verified(&self) -> bool {
        self.way.is_some_and(|way| way.is_verified) || self.is_without_world
    }

    /// The state of the data on the way to it.
    pub fn validity(&self) -> Validity {
        match self.way {
            None => Validity::Damaged,
            Some(way) if way.is_verified => Validity::Verified,
            Some(_) => Validity::Unread,
        }
    }
}

impl Candidate {
    fn new(segment: usize, position: usize, group: &GroupEntry) -> (GroupRef, Self) {
        let place = GroupRef { segment, group: position };
        let (base, bytes) = (group.commit.base, group.stored_bytes());
        (place, Self { place, base, bytes, validity: Validity::Unread })
    }

    /// The way that ends with this group, if it is intact. `way_to` knows those to older checkpoints.
    fn way(&self, way_to: impl Fn(u64) -> Option<Way>) -> Option<Way> {
        if self.validity == Validity::Damaged {
            return None;
        }
        let is_verified = self.validity == Validity::Verified;
        let (groups, bytes, base_is_verified) = match self.base {
            None => (0, 0, true),
            Some(base) => way_to(base).map(|way| (way.groups, way.bytes, way.is_verified))?,
        };
        Some(Way {
            group: self.place,
            base: self.base,
            groups: groups + 1,
            bytes: bytes.saturating_add(self.bytes),
            is_verified: is_verified && base_is_verified,
        })
    }
}
