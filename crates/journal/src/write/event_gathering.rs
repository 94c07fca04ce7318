//! Gathers the small files of events of past runs into few, a file at a time: each run leaves one, and a session
//! may have thousands of runs.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use tracing::{debug, warn};

use super::event_log::batches_of;
use super::open_segment::{OpenSegment, Preamble, WriteFailure};
use crate::disk::{DirectoryStore, EventFile, EventFiles, StoredSession};
use crate::format::{
    EventFileHeader, EventFrame, EventPayload, EventStretch, FrameEntry, HeldEvents, SegmentHeader,
    encode_events,
};
use crate::model::ids::{RunId, limits};
use crate::read::recovery::{line_before, named_by_checkpoints};

/// Files that are worth the work.
const FAN_IN: usize = if cfg!(test) { 3 } else { 8 };
/// Bytes of a run's files, or of one that was gathered, that isn't gathered any more.
const LARGE: u64 = if cfg!(test) { 16 << 10 } else { 1 << 20 };
/// Runs in a file that isn't gathered any more.
const MANY: usize = limits::GATHERED_RUNS / 2;
/// Bytes that are gathered at once, and held in memory for as long, about.
const AT_ONCE: usize = 4 << 20;

/// Files of events that are being gathered.
pub(super) struct EventGathering {
    /// The sources still to be read, the newest first.
    waiting: Vec<Source>,
    /// The sources that were read, by rising numbers.
    read: Vec<ReadSource>,
    read_bytes: usize,
    /// The line of the run that gathers, the nearest run first.
    line: Vec<EventStretch>,
}

/// Files that are gathered together or not at all: those of one run, or one that was gathered.
struct Source {
    files: Vec<EventFile>,
    /// The events of them that are on the line, by rising numbers.
    held: Vec<HeldEvents>,
}

struct ReadSource {
    held: Vec<HeldEvents>,
    payloads: Vec<EventPayload>,
}

impl EventGathering {
    /// Looks for files that are worth it. Only runs are gathered from which the session was continued, and of which no
    /// checkpoint that is there names more than is on the line of the run that plays.
    pub(super) fn choose(stored: &StoredSession, files: &EventFiles, own: RunId) -> Option<Self> {
        let index = stored.index();
        let heads: HashSet<RunId> = index.heads().iter().map(|head| head.id.run).collect();
        if !heads.contains(&own) || index.unreadable_file().is_some() {
            return None;
        }
        let line = line_before(index, files, own);
        let through = line.iter().map(|stretch| (stretch.run, stretch.through));
        let mut gatherable: HashMap<RunId, u64> =
            through.filter(|(run, _)| !heads.contains(run)).collect();
        for (run, named) in named_by_checkpoints(index, files, Some(own)) {
            if gatherable.get(&run).is_some_and(|through| *through < named) {
                gatherable.remove(&run);
            }
        }
        let mut sources = sources(files, &gatherable);
        if sources.len() < FAN_IN {
            return None;
        }
        sources.reverse();
        Some(Self { waiting: sources, read: Vec::new(), read_bytes: 0, line })
    }

    /// Reads the next files; after the last ones, writes what was read. Returns the number of files that became one,
    /// once that is in its place.
    pub(super) fn step(
        &mut self,
        store: &DirectoryStore,
        header: impl FnOnce(EventFileHeader) -> SegmentHeader,
    ) -> Result<Option<usize>, WriteFailure> {
        if let Some(source) = self.waiting.pop() {
            self.take_in(&source);
            return Ok(None);
        }
        if self.read.len() < 2 {
            return Ok(Some(0));
        }
        let header = header(self.header());
        store.sweep_archives(header.session);
        let segment = OpenSegment::of(store.create_archive(&header)?, 0, Preamble::default())?;
        let path = segment.path().to_owned();
        let written = self.write(segment, store, &path, &header);
        if written.is_err() {
            let _ = store.remove_segment(&path);
        }
        written.map(|()| Some(self.read.len()))
    }

    /// Reads files, unless they are damaged: those stay as they are.
    fn take_in(&mut self, source: &Source) {
        let follows = self.read.last().and_then(|read| read.held.last());
        let is_next = follows
            .is_none_or(|last| source.held.first().is_some_and(|next| last.through < next.first));
        let runs: usize = self.read.iter().map(|read| read.held.len()).sum();
        let has_room = runs + source.held.len() <= limits::GATHERED_RUNS;
        if !is_next || !has_room || self.read_bytes >= AT_ONCE {
            return;
        }
        match source.read() {
            Some(read) => {
                self.read_bytes += read.payloads.iter().map(|it| it.bytes.len()).sum::<usize>();
                self.read.push(read);
            }
            None => warn!("a file of events is damaged and isn't merged with others"),
        }
    }

    fn header(&self) -> EventFileHeader {
        let gathered: Vec<HeldEvents> =
            self.read.iter().flat_map(|read| read.held.iter().copied()).collect();
        let newest = gathered.last().map(|held| held.run);
        let before = self.line.iter().skip_while(|stretch| Some(stretch.run) != newest).skip(1);
        EventFileHeader {
            first: gathered.first().map_or(0, |held| held.first),
            line: before.copied().take(limits::MOST_STRETCHES).collect(),
            gathered,
        }
    }

    fn write(
        &self,
        mut segment: OpenSegment,
        store: &DirectoryStore,
        path: &Path,
        header: &SegmentHeader,
    ) -> Result<(), WriteFailure> {
        for payload in self.read.iter().flat_map(|read| &read.payloads) {
            segment.append_events(payload.last, &payload.bytes)?;
        }
        segment.sync(store)?;
        // Some systems don't rename what is open.
        drop(segment);
        let in_place = store.put_archive_in_place(path, header);
        if in_place.is_err() {
            // It may be there and not be durable, and nothing is to be removed because of it.
            let _ = store.remove_segment(&store.layout().segment(header));
        }
        in_place?;
        debug!(session = %header.session, files = self.read.len(), "files of events gathered");
        Ok(())
    }
}

impl Source {
    /// All that is wanted of it; `None` if not all of it can be read.
    fn read(&self) -> Option<ReadSource> {
        let mut payloads: Vec<EventPayload> = Vec::new();
        for file in &self.files {
            let scan = file.segment().scan_events().ok().filter(|scan| scan.damage.is_empty())?;
            for frame in &scan.events {
                let newest = payloads.last().map_or(0, |payload| payload.last);
                payloads.extend(self.payloads_of(file, frame, newest)?);
            }
        }
        Some(ReadSource { held: self.held.clone(), payloads })
    }

    /// The wanted events of a frame that come after a number.
    fn payloads_of(
        &self,
        file: &EventFile,
        entry: &FrameEntry,
        newest: u64,
    ) -> Option<Vec<EventPayload>> {
        let bytes = file.segment().payload(entry).ok()?;
        let frame = EventFrame::decode(&bytes).ok()?;
        let is_wanted = |number: &u64| {
            let is_held = |held: &HeldEvents| (held.first..=held.through).contains(number);
            *number > newest && self.held.iter().any(is_held)
        };
        let numbers = frame.sequences(|_| true);
        if numbers.iter().all(is_wanted) {
            let (first, last) = (*numbers.first()?, *numbers.last()?);
            let count = numbers.len() as u64;
            return Some(vec![EventPayload { first, last, count, bytes }]);
        }
        let events: Vec<_> =
            frame.events(|_| true).filter(|event| is_wanted(&event.sequence)).collect();
        let encoded = batches_of(&events).into_iter().map(|batch| encode_events(&batch));
        Some(encoded.flat_map(|encoded| encoded.payloads).collect())
    }
}

/// The small files of runs that may be gathered, by rising numbers.
fn sources(files: &EventFiles, gatherable: &HashMap<RunId, u64>) -> Vec<Source> {
    let gathered = files.gathered().filter(|file| file.held().len() < MANY).filter_map(|file| {
        let is_on_line = |held: &HeldEvents| gatherable.contains_key(&held.run);
        let held = file.held().to_vec();
        held.iter().all(is_on_line).then(|| Source { files: vec![file.clone()], held })
    });
    let own = files.by_run().filter_map(|(run, own)| {
        let through = *gatherable.get(&run)?;
        if files.gathered().any(|file| file.held_of(run).is_some()) {
            return None;
        }
        let first = own.iter().map(|file| file.first).min()?;
        let held = vec![HeldEvents { run, first, through }];
        (first <= through).then(|| Source { files: own.to_vec(), held })
    });
    let is_small =
        |source: &Source| source.files.iter().map(|file| file.bytes).sum::<u64>() < LARGE;
    let mut sources: Vec<Source> = gathered.chain(own).filter(is_small).collect();
    sources.sort_by_key(|source| source.held.first().map(|held| held.first));
    sources
}
