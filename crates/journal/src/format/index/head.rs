//! Heads: where the lines of a session end.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use jiff::Timestamp;

use super::copies;
use super::deletion::Deleted;
use super::line::{Lines, MOST_LINES};
use super::run::{self, Run};
use super::{SegmentSummary, SessionIndex};
use crate::format::Record;
use crate::model::ids::{CheckpointId, RunId};
use crate::model::session::{
    CheckpointSummary, EndReason, Fields, Leaving, SessionMetadata, SessionStatus, ShelfPlace,
};

/// The newest checkpoint of a line, and how the run that wrote it stands.
#[derive(Clone, PartialEq, Debug)]
pub struct Head {
    /// The checkpoint.
    pub id: CheckpointId,
    /// The run's end; `None` if it still goes on or died.
    pub end: Option<RunEnd>,
    /// The session's last status on this line. Without an end: active or paused.
    pub status: SessionStatus,
    /// The highest play time that the line has.
    pub play_time: Duration,
    /// The time of the checkpoint, by the clock of its machine.
    pub time: Timestamp,
    /// The session's description as it was last changed on this line.
    pub metadata: SessionMetadata,
    /// The custom fields that the checkpoint was given after it was taken, if it was given any.
    pub fields: Option<Fields>,
    /// True if the player doesn't want it back.
    pub declined: bool,
    /// The machine that the run was on.
    pub host: u64,
    /// The boot of that machine.
    pub boot: String,
    /// The version of the game that wrote it.
    pub game_version: String,
    /// Fingerprint of the types that the game saved.
    pub schema: u64,
}

/// The end of a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RunEnd {
    /// The session's status from there on.
    pub status: SessionStatus,
    /// The reason for the session's end; `None` if it was closed.
    pub reason: Option<EndReason>,
    /// The cause, and the game's words about it.
    pub leaving: Leaving,
    /// The time.
    pub time: Timestamp,
}

/// The heads of a session, the highest counter first.
pub fn find(segments: &[SegmentSummary], runs: &BTreeMap<RunId, Run>) -> Vec<Head> {
    let begun: Vec<&Run> = runs.values().filter(|run| !never_began(run, runs, segments)).collect();
    let newest = || begun.iter().filter_map(|run| Some((*run, run.newest()?)));
    let superseded = superseded_by(begun.iter().copied());
    let copies = copies::superseded(begun.iter().copied(), segments);
    let is_head = |id: CheckpointId| !superseded.contain(id) && !copies.contains(&id.run);
    let mut found: Vec<_> = newest().filter(|(_, id)| is_head(*id)).collect();
    if found.is_empty() {
        // Runs that supersede each other are the work of damage. Nothing is hidden because of it.
        found = newest().collect();
    }
    if let Some(deleted) = Deleted::of(segments) {
        // A line that another device played later continues alone.
        let came_later =
            |(run, id): &(&Run, CheckpointId)| !deleted.covers(*id) && !run.has_come_to_nothing();
        if found.iter().any(came_later) {
            found.retain(came_later);
        }
    }
    if found.is_empty() {
        // Of every run nothing but what archives hold is left. The newest of that is better than
        // nothing.
        let archived = runs.values().filter_map(|run| Some((run, run.newest_anywhere()?)));
        found = archived.max_by_key(|(run, id)| (id.counter, run.id)).into_iter().collect();
    }
    found.sort_by_key(|(run, id)| (Reverse(id.counter), run.id));
    let heads = found.into_iter().filter_map(|(run, id)| Head::new(id, run, segments));
    let mut heads: Vec<Head> = heads.collect();
    apply_statements(&mut heads, segments, runs);
    agree_on_place(&mut heads);
    // What is said of the session, and goes on, is a line that is wanted.
    heads.sort_by_key(|head| head.declined);
    heads
}

impl SessionIndex {
    /// The line that goes on where the session is asked for by its name: of those that have neither ended nor were
    /// declined, the one that was played last, by the clocks of the machines. `None` if there is none.
    ///
    /// Whichever once went on stays the one that does, even on a machine whose clock is behind: of each line its latest
    /// checkpoint counts that isn't common to all.
    pub fn played_last(&self) -> Option<&Head> {
        let is_open = |head: &&Head| !head.declined && !head.status.has_ended();
        let open: Vec<&Head> = self.heads().iter().filter(is_open).take(MOST_LINES).collect();
        let lines: Vec<Lines> = open.iter().map(|head| self.lines([head.id])).collect();
        let is_common = |id: &CheckpointId| lines.iter().all(|line| line.contain(*id));
        let latest = |head: &Head| {
            let own = self.line(head.id).into_iter().filter(|id| !is_common(id));
            own.filter_map(|id| Some(self.commit(id)?.time)).max()
        };
        // Of two of one moment, the one with the higher counter.
        open.iter().rev().copied().max_by_key(|head| latest(head))
    }
}

/// Returns true if a run was to begin a draft and came to nothing, as by a power cut before its first checkpoint was
/// durable: then the session is still the draft.
fn never_began(run: &Run, runs: &BTreeMap<RunId, Run>, segments: &[SegmentSummary]) -> bool {
    let Some(before) = run.lineage.ancestors.first() else { return false };
    let moment = runs.get(&before.run).and_then(|draft| draft.moments.get(&before.counter));
    let commit = moment.and_then(|moment| run::commit_at(segments, moment.commit));
    commit.is_some_and(|commit| commit.without_world) && !run.is_at_hand()
}

/// A session has one place, even if its lines disagree: a line that knows nothing of the trash or the archive brings it
/// back, so that nothing is lost because of another.
fn agree_on_place(heads: &mut [Head]) {
    let how_far_away = |place: &ShelfPlace| match place {
        ShelfPlace::Open => (0, None),
        ShelfPlace::Archive { since } => (1, Some(*since)),
        ShelfPlace::Trash { since } => (2, Some(*since)),
    };
    let places = heads.iter().map(|head| head.metadata.place);
    // Of one place, since the latest moment that is named.
    let nearest = places.min_by_key(|place| {
        let (rank, since) = how_far_away(place);
        (rank, Reverse(since))
    });
    for head in heads {
        head.metadata.place = nearest.unwrap_or_default();
    }
}

/// The checkpoints that these runs took the place of: of each other run everything up to a counter.
///
/// A run that went on past what was superseded is a head again: the other one never saw that part. A run that never
/// committed a checkpoint supersedes nothing, and a run's statement about itself counts for nothing. An ancestor is
/// superseded like a head that was resumed: it is on the other's line. Of a run that has come to nothing only that
/// counts.
pub(super) fn superseded_by<'a>(runs: impl IntoIterator<Item = &'a Run>) -> Lines {
    let mut superseded = Lines::default();
    for run in runs.into_iter().filter(|run| !run.moments.is_empty()) {
        let seen = run.takes_the_place_of().filter(|seen| seen.run != run.id);
        seen.for_each(|seen| superseded.reach(*seen));
    }
    superseded
}

impl Head {
    fn new(id: CheckpointId, run: &Run, segments: &[SegmentSummary]) -> Option<Self> {
        let moment = run.moments.get(&id.counter)?;
        let commit = run::commit_at(segments, moment.commit)?;
        let last = run.segments.last().copied();
        let header = &segments.get(last.unwrap_or(moment.commit.segment()))?.header;
        let build = run.build(segments)?;
        let mut head = Self {
            id,
            end: None,
            status: SessionStatus::Active,
            play_time: commit.play_time,
            time: commit.time,
            metadata: header.metadata.clone(),
            fields: None,
            declined: false,
            host: header.host,
            boot: header.boot.clone(),
            game_version: build.0.to_owned(),
            schema: build.1,
        };
        run.records(segments).for_each(|record| head.follow(record));
        Some(head)
    }

    /// The time at which something was last written on the line, by the clock of its machine.
    pub fn updated(&self) -> Timestamp {
        self.end.as_ref().map_or(self.time, |end| end.time)
    }

    /// The custom fields that a checkpoint was given after it was taken.
    pub fn fields_at(&self, checkpoint: CheckpointId) -> Option<&Fields> {
        self.fields.as_ref().filter(|_| checkpoint == self.id)
    }

    /// The summary of a checkpoint on the head's line, of which `written` was written with it.
    pub fn summary_at(
        &self,
        checkpoint: CheckpointId,
        written: Option<&CheckpointSummary>,
    ) -> CheckpointSummary {
        let written = written.cloned().unwrap_or_default();
        self.fields_at(checkpoint).map_or(written.clone(), |fields| written.with_fields(fields))
    }

    /// Applies a record of the head's own run.
    fn follow(&mut self, record: &Record) {
        match record {
            Record::Metadata(metadata) => self.metadata = SessionMetadata::clone(metadata),
            // Of a draft, which has no checkpoint that they could be in.
            Record::Fields(fields) => self.fields = Some(Fields::clone(fields)),
            Record::Status { status, play_time, .. } => {
                self.status = *status;
                self.play_time = self.play_time.max(*play_time);
            }
            Record::End { status, reason, leaving, time, play_time } => {
                self.status = *status;
                self.play_time = self.play_time.max(*play_time);
                let (status, reason, leaving) = (*status, *reason, leaving.clone());
                self.end = Some(RunEnd { status, reason, leaving, time: *time });
            }
            Record::Declined { .. } | Record::Forgotten | Record::Lineage { .. } => {}
        }
    }
}

/// Applies to heads what segments without a checkpoint say about those that they name, and notes which were declined.
///
/// Somebody may have forged many statements about many heads: each name is looked at once, and of what is said of a head
/// the last of each kind alone is taken over.
fn apply_statements(heads: &mut [Head], segments: &[SegmentSummary], runs: &BTreeMap<RunId, Run>) {
    let mut said: HashMap<RunId, Said<'_>> =
        heads.iter().map(|head| (head.id.run, Said::about(head.id.counter))).collect();
    let mut ordered: Vec<&SegmentSummary> = segments.iter().collect();
    // Nothing but a name or an end mark hangs on which of two statements is the later one, so here
    // a clock will do.
    ordered.sort_by_key(|segment| (segment.header.created, segment.header.run));
    let has_committed = |run| runs.get(&run).is_some_and(|run: &Run| !run.moments.is_empty());
    for segment in ordered {
        let records = || segment.scan.records.iter().map(|(_, record)| record);
        for record in records() {
            if let Record::Declined { heads: declined, .. } = record {
                for_each_named(&mut said, declined, |said| said.declined = true);
            }
        }
        // A run with a checkpoint speaks for itself.
        if !has_committed(segment.header.run) && records().next().is_some() {
            let about = &segment.header.supersedes;
            let mut statement = Statement::default();
            records().for_each(|record| statement.follow(record));
            for_each_named(&mut said, about, |said| said.last = statement.over(said.last));
        }
    }
    for head in heads {
        if let Some(said) = said.get(&head.id.run) {
            said.apply(head);
        }
    }
}

/// Does something with what is said of each of these heads.
fn for_each_named<'a>(
    said: &mut HashMap<RunId, Said<'a>>,
    names: &[CheckpointId],
    mut take: impl FnMut(&mut Said<'a>),
) {
    for named in names {
        #[cfg(test)]
        super::line::count_step();
        if let Some(said) = said.get_mut(&named.run).filter(|said| named.counter >= said.counter) {
            take(said);
        }
    }
}

/// The last statements about a head from outside of its run.
struct Said<'a> {
    /// The head's number.
    counter: u64,
    last: Statement<'a>,
    declined: bool,
}

/// The records that count of those of a segment, or of several.
#[derive(Clone, Copy, Default)]
struct Statement<'a> {
    metadata: Option<&'a SessionMetadata>,
    fields: Option<&'a Fields>,
    end: Option<&'a Record>,
}

impl<'a> Statement<'a> {
    /// Returns what counts if this was said later than another one.
    fn over(self, earlier: Self) -> Self {
        Self {
            metadata: self.metadata.or(earlier.metadata),
            fields: self.fields.or(earlier.fields),
            end: self.end.or(earlier.end),
        }
    }

    fn follow(&mut self, record: &'a Record) {
        #[cfg(test)]
        super::line::count_step();
        match record {
            Record::Metadata(metadata) => self.metadata = Some(metadata),
            Record::Fields(fields) => self.fields = Some(fields),
            // That a run which committed nothing was *closed* says nothing about the one before.
            Record::End { status, .. } if status.has_ended() => self.end = Some(record),
            _ => {}
        }
    }
}

impl Said<'_> {
    fn about(counter: u64) -> Self {
        Self { counter, last: Statement::default(), declined: false }
    }

    fn apply(&self, head: &mut Head) {
        let Statement { metadata, fields, end } = self.last;
        head.declined |= self.declined;
        if let Some(metadata) = metadata {
            head.metadata = metadata.clone();
        }
        if let Some(fields) = fields {
            head.fields = Some(fields.clone());
        }
        if let Some(Record::End { status, reason, leaving, time, .. }) = end {
            head.status = *status;
            let (status, reason, leaving) = (*status, *reason, leaving.clone());
            head.end = Some(RunEnd { status, reason, leaving, time: *time });
        }
    }
}
