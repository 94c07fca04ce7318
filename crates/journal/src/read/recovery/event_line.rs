//! The events that belong to a line of a session, and those of them that go with a checkpoint.

use std::collections::{HashMap, HashSet};

use tracing::warn;

use super::event_walk::{EventWalk, Step, Stretch};
use crate::disk::{DirectoryStore, EventFile, EventFiles, StoredSession};
use crate::format::{CheckpointKind, EventFrame, EventStretch, RecordedEvent, SessionIndex};
use crate::model::ids::{CheckpointId, RunId, limits};

/// The events that go with a checkpoint.
#[derive(Debug)]
pub struct EventsAt {
    /// The last event whose effect is in the checkpoint.
    pub through: u64,
    /// The number of the next event: no event of the session has it or a higher one.
    pub next: u64,
    /// The events that were recorded after the checkpoint, if it is the newest and its process crashed: to be handed
    /// out again, and to `EventStart::replayed`.
    pub after: Vec<RecordedEvent>,
    /// The stretches of events up to the checkpoint, the nearest run first. For `EventStart::line`.
    pub line: Vec<EventStretch>,
}

impl Default for EventsAt {
    /// The events of a session that has none.
    fn default() -> Self {
        Self { through: 0, next: 1, after: Vec::new(), line: Vec::new() }
    }
}

impl EventsAt {
    /// Reads the events of a checkpoint whose commit has `through`. Unreadable ones are left out: they never keep a
    /// checkpoint from being restored.
    pub fn read(
        store: &DirectoryStore,
        stored: &StoredSession,
        (checkpoint, through): (CheckpointId, u64),
        hands_out_after: bool,
    ) -> Self {
        let index = stored.index();
        let files = match EventFiles::open(&**store.disk(), stored.directory(), stored.id()) {
            Ok(files) => files,
            Err(error) => {
                warn!(%error, "files of events can't be listed");
                EventFiles::default()
            }
        };
        for problem in files.problems() {
            warn!(path = %problem.path.display(), kind = ?problem.kind, "a file of events can't be read");
        }
        let mut line = vec![EventStretch { run: checkpoint.run, through }];
        line.extend(line_before(index, &files, checkpoint.run));
        line.retain(|stretch| stretch.through > 0);
        line.truncate(limits::EVENT_STRETCHES);
        let after = match hands_out_after {
            true => events_after(&files, checkpoint.run, through),
            false => Vec::new(),
        };
        // A file that was forged counts for as little here as there.
        let counted = if through < limits::COUNTERS { through } else { 0 };
        let newest = newest_number(index, &files).max(counted);
        Self { through, next: newest + 1, after, line }
    }
}

/// The stretches of events on the line that ends with a checkpoint, or on the newest line and after it if `None`: the
/// nearest run first. `None` if the session has no such checkpoint.
pub fn line_of(
    index: &SessionIndex,
    files: &EventFiles,
    checkpoint: Option<CheckpointId>,
) -> Option<Vec<EventStretch>> {
    let (run, through) = match checkpoint {
        Some(checkpoint) => (checkpoint.run, index.commit(checkpoint)?.events_through),
        None => (index.newest_head()?.id.run, u64::MAX),
    };
    let mut line = vec![EventStretch { run, through }];
    line.extend(line_before(index, files, run));
    Some(line)
}

/// The stretches of events on the line before a run.
pub fn line_before(index: &SessionIndex, files: &EventFiles, run: RunId) -> Vec<EventStretch> {
    let mut line = vec![EventStretch { run, through: u64::MAX }];
    lengthen(&mut line, files, |run| before_by_lineage(index, run));
    line.split_off(1)
}

/// Adds the stretches before the first run of a line, as files know them: a header names a limited number of runs, and
/// the last of them may know of more. `lineage` is asked about runs that have recorded nothing.
pub fn lengthen(
    line: &mut Vec<EventStretch>,
    files: &EventFiles,
    lineage: impl Fn(RunId) -> Option<EventStretch>,
) {
    let mut seen: HashSet<RunId> = line.iter().map(|stretch| stretch.run).collect();
    let mut next = line.last().map(|stretch| stretch.run);
    while let Some(run) = next {
        let before = line_step(files, &lineage, run);
        let length = line.len();
        line.extend(before.into_iter().filter(|stretch| seen.insert(stretch.run)));
        next = line.get(length..).and_then(<[EventStretch]>::last).map(|stretch| stretch.run);
    }
}

/// The stretches before a run, by its files, or by its lineage if it has recorded nothing.
fn line_step(
    files: &EventFiles,
    lineage: impl Fn(RunId) -> Option<EventStretch>,
    run: RunId,
) -> Vec<EventStretch> {
    files.line_before(run).unwrap_or_else(|| lineage(run).into_iter().collect())
}

/// The number up to which each run's events are named by a checkpoint that is there, or by what came before it on its
/// line. A run may have no checkpoint any more, and be part of a branch all the same. `own` counts as well, for it may
/// have no checkpoint yet.
pub fn named_by_checkpoints(
    index: &SessionIndex,
    files: &EventFiles,
    own: Option<RunId>,
) -> HashMap<RunId, u64> {
    let mut named: HashMap<RunId, u64> = HashMap::new();
    for (id, commit) in index.commits() {
        name(&mut named, EventStretch { run: id.run, through: commit.events_through });
    }
    let mut walked: HashSet<RunId> = HashSet::new();
    let ends: Vec<RunId> = named.keys().copied().chain(own).collect();
    for end in ends {
        let mut next = Some(end);
        // From a run that was walked to, everything before it is named already.
        while let Some(run) = next.take_if(|run| walked.insert(*run)) {
            let before = line_step(files, |run| before_by_lineage(index, run), run);
            before.iter().for_each(|stretch| name(&mut named, *stretch));
            next = before.last().map(|stretch| stretch.run);
        }
    }
    named
}

fn name(named: &mut HashMap<RunId, u64>, stretch: EventStretch) {
    let through = named.entry(stretch.run).or_default();
    *through = (*through).max(stretch.through);
}

/// The stretch of the run from which another one continued, of which no file of events can be read.
fn before_by_lineage(index: &SessionIndex, run: RunId) -> Option<EventStretch> {
    let parent = index.before_run(run)?;
    // The first checkpoint of a run is the same moment as the one that it continued from.
    let own = index.commits().filter(|(id, _)| id.run == run).min_by_key(|(id, _)| id.counter);
    let opening = own.map(|(_, commit)| commit).filter(|it| it.kind == CheckpointKind::Opening);
    let at_parent = index.commit(parent).or(opening).map(|commit| commit.events_through);
    // If neither is there any more, events after the last one before it may belong to another line.
    let earlier =
        index.commits().filter(|(id, _)| id.run == parent.run && id.counter < parent.counter);
    let before_parent = earlier.map(|(_, commit)| commit.events_through).max();
    let through = at_parent.or(before_parent).unwrap_or_default();
    Some(EventStretch { run: parent.run, through })
}

/// The highest number that the session names anywhere.
fn newest_number(index: &SessionIndex, files: &EventFiles) -> u64 {
    let commits = index.commits().map(|(_, commit)| commit.events_through);
    let firsts = files.iter().map(|file| file.first);
    let headers = files.iter().filter_map(|file| file.segment().header().events());
    let left = headers.flat_map(|events| events.line.iter().map(|stretch| stretch.through));
    let gathered = files.gathered().flat_map(EventFile::held).map(|held| held.through);
    // Numbers rise within a run, so its last file has the highest.
    let last = files.by_run().filter_map(|(_, files)| files.last());
    let written = last.filter_map(|file| {
        let scan = file.segment().scan_events();
        scan.inspect_err(|error| warn!(%error, "a file of events can't be read"))
            .ok()?
            .newest_counter
    });
    let named = commits.chain(firsts).chain(left).chain(gathered).chain(written);
    named.filter(|number| *number < limits::COUNTERS).max().unwrap_or_default()
}

/// The events of a run after a number, in their order.
fn events_after(files: &EventFiles, run: RunId, through: u64) -> Vec<RecordedEvent> {
    let low = through.saturating_add(1);
    let mut walk = EventWalk::new(files, &[Stretch { run, low, high: u64::MAX }], false);
    let mut events = Vec::new();
    let mut bytes = 0;
    while let Some(step) = walk.step() {
        let Step::Frame(frame) = step else { continue };
        let Ok(read) = EventFrame::decode(&frame.payload) else { continue };
        for event in read.events(|_| true) {
            if walk.admit(&frame, event.sequence) {
                bytes += event.data.len() + size_of::<RecordedEvent>();
                events.push(event);
            }
        }
        if bytes > limits::EVENTS_AT_ONCE {
            warn!("too many events came after the newest checkpoint: the later ones are left out");
            break;
        }
    }
    if walk.damaged_frames() > 0 {
        warn!(frames = walk.damaged_frames(), "events after the newest checkpoint are damaged");
    }
    events
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::disk::{Layout, MemoryDisk};
    use crate::format::sample::{at, commit, header, session, values};
    use crate::format::{Commit, SegmentHeader};

    /// A run of which this checkpoint is the first that is left, after one of which the first two are.
    fn line_before_second_run(first: Commit) -> Vec<EventStretch> {
        let layout =
            Layout { data: "data".into(), state: "state".into(), profile: "default".to_owned() };
        let store = DirectoryStore::new(Arc::new(MemoryDisk::default()), layout);
        let write = |header: &SegmentHeader, commit: &Commit| {
            let mut created = store.create_segment(header).unwrap();
            let mut append = |bytes: &[u8]| created.file.append(bytes);
            created
                .encoder
                .encode_group([values("game::Health", &[])], commit, &mut append)
                .unwrap();
        };
        write(&header(1, 0), &Commit { events_through: 10, ..commit(1, None) });
        write(&header(1, 1), &Commit { events_through: 20, ..commit(2, None) });
        // It continued from the third, which is gone, and the first run from there to 40.
        let second = SegmentHeader { ancestors: vec![at(1, 3)], ..header(2, 1) };
        write(&second, &first);
        let stored = store.open_session(session()).unwrap();
        line_before(stored.index(), &EventFiles::default(), at(2, 1).run)
    }

    #[test]
    fn the_branch_point_of_a_run_is_never_later_than_its_restored_checkpoint() {
        let first = Commit { events_through: 50, ..commit(7, None) };
        let opening = CheckpointKind::Opening;
        let opening = Commit { kind: opening, events_through: 30, ..commit(4, None) };
        for (first, through) in [(first, 20), (opening, 30)] {
            let expected = EventStretch { run: at(1, 3).run, through };
            assert_eq!(line_before_second_run(first), [expected]);
        }
    }
}
