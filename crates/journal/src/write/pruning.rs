//! Removes what retention doesn't keep, a part at a time: what must stay is read whole before, and so is
//! what was left behind. Checkpoints are written in between.

use std::collections::BTreeSet;
use std::io;

use tracing::{debug, warn};

use super::event_gathering::EventGathering;
use super::slices::{SLICE_BYTES, open_slice};
use crate::disk::{
    DirectoryStore, OpenError, SessionOpening, StoreError, StoredSession, changeable, with_sources,
};
use crate::format::{
    Blocks, GroupRef, MOST_LINES, ReadError, SegmentHeader, SessionIndex, Validity,
};
use crate::model::ids::{CheckpointId, RunId, SessionId};
use crate::write::retention::Quota;
use crate::write::retention::events::prune_events;
use crate::write::retention::history::{PruneTo, Verdict, judge, must_stay, repeats_one_of};

/// The pruning of one session.
///
/// It decides by the files that were there when the session was opened. All writes and failures after that come later
/// than these, and can only make more of them dispensable.
pub(super) struct Pruning {
    terms: Terms,
    stage: Stage,
}

/// The terms of pruning.
#[derive(Clone, Copy)]
struct Terms {
    quota: Quota,
    extent: PruneTo,
    /// The run that prunes its own session.
    own: Option<Own>,
}

enum Stage {
    Opening(SessionOpening),
    Reading(Box<Reading>),
    /// Opens what is left, to remove the attachments of checkpoints that aren't there any more.
    Attachments(SessionOpening, Pruned),
}

/// The checkpoints that must stay, and those that were left behind, while they are read.
struct Reading {
    stored: StoredSession,
    /// Groups that are read next, the first one last.
    waiting: Vec<GroupRef>,
    reading: Option<(GroupRef, Blocks)>,
    /// True if the group that is read is on no line, so that no other takes its place if it is damaged.
    is_left_behind: bool,
    /// Files of events that are to be gathered.
    gather_events: Option<EventGathering>,
}

/// The rest of the work after pruning.
#[derive(Default)]
pub(super) struct Pruned {
    /// The named checkpoints that are to be put into an archive before anything else can go, the oldest first.
    pub gather: Vec<CheckpointId>,
    /// Files of events that are to be gathered.
    pub gather_events: Option<EventGathering>,
    /// True if only data that must stay is left, and named checkpoints. False if files of events made enough room, or
    /// there are more lines than anybody plays.
    pub is_to_the_bone: bool,
}

/// The run that prunes its own session.
#[derive(Clone, Copy)]
pub(super) struct Own {
    /// It may have no checkpoint yet.
    pub run: RunId,
    /// Bytes that it wants to write now.
    pub bytes_wanted: u64,
}

/// The reason that nothing is pruned, or not everything.
#[derive(Debug, thiserror::Error)]
pub(super) enum PruneFailure {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Logs a failure of pruning, which costs nothing but room.
pub(super) fn logged<T>(session: SessionId, pruned: Result<T, PruneFailure>) -> Option<T> {
    pruned
        .inspect_err(|failure| {
            warn!(%session, error = %with_sources(failure), "some of the session's old files can't be pruned");
        })
        .ok()
}

impl Pruning {
    /// Files of events go before history does, but for those of `own`.
    pub(super) fn new(
        store: &DirectoryStore,
        session: SessionId,
        quota: Quota,
        extent: PruneTo,
        own: Option<Own>,
    ) -> Self {
        let terms = Terms { quota, extent, own };
        Self { terms, stage: Stage::Opening(store.opening(session)) }
    }

    /// Opens a part of the session; then reads a part of what must stay, and of what was left behind; once all of that
    /// was read, removes the rest. `None` while there is more to do.
    ///
    /// `failed` are segments of which nothing ever became durable: they go first, since they may be readable and are
    /// on no disk, so nothing may be removed because of them.
    pub(super) fn step(
        &mut self,
        store: &DirectoryStore,
        failed: impl Fn(&SegmentHeader) -> bool,
    ) -> Result<Option<Pruned>, PruneFailure> {
        let terms = self.terms;
        if let Stage::Opening(opening) = &mut self.stage {
            let Some(stored) = open_slice(opening, store)? else { return Ok(None) };
            let stored = changeable(stored)?;
            if remove_failed(store, &stored, failed)? {
                // It is opened once more, without them.
                return Ok(None);
            }
            let (is_spared, reading) = Reading::begin(store, stored, terms)?;
            if is_spared {
                return Ok(Some(Pruned {
                    gather_events: reading.gather_events,
                    ..Pruned::default()
                }));
            }
            self.stage = Stage::Reading(Box::new(reading));
        }
        match &mut self.stage {
            Stage::Opening(_) => Ok(None),
            Stage::Reading(reading) => {
                if reading.step(terms)? {
                    return Ok(None);
                }
                let (pruned, has_attachments_left) = reading.remove(store, terms)?;
                if !has_attachments_left {
                    return Ok(Some(pruned));
                }
                let opening = store.opening(reading.stored.id());
                self.stage = Stage::Attachments(opening, pruned);
                Ok(None)
            }
            Stage::Attachments(opening, pruned) => {
                match open_slice(opening, store) {
                    Ok(None) => return Ok(None),
                    Ok(Some(stored)) => stored.remove_left_attachments(&**store.disk()),
                    // The next generation tries again.
                    Err(error) => {
                        debug!(error = %with_sources(&error), "attachments aren't pruned");
                    }
                }
                Ok(Some(std::mem::take(pruned)))
            }
        }
    }

    /// Does all that there is to do, at once.
    pub(super) fn finish(
        mut self,
        store: &DirectoryStore,
        failed: impl Fn(&SegmentHeader) -> bool,
    ) -> Result<(), PruneFailure> {
        while self.step(store, &failed)?.is_none() {}
        Ok(())
    }
}

impl Reading {
    /// Removes files of events. Returns true if that is enough, so that history stays.
    fn begin(
        store: &DirectoryStore,
        stored: StoredSession,
        Terms { quota, extent, own }: Terms,
    ) -> Result<(bool, Self), PruneFailure> {
        let most_bytes = match extent {
            PruneTo::Quota => quota.event_bytes,
            PruneTo::Bone { .. } => 0,
        };
        let is_full_disk = matches!(extent, PruneTo::Bone { .. });
        let run = own.map(|own| own.run);
        let (files, freed) = prune_events(store, &stored, most_bytes, is_full_disk, run)?;
        let gather_events = match (run, is_full_disk) {
            (Some(run), false) => EventGathering::choose(&stored, &files, run),
            _ => None,
        };
        let is_enough = |own: Own| freed > 0 && freed >= own.bytes_wanted;
        let has_many_lines = stored.index().heads().len() > MOST_LINES;
        let is_spared = has_many_lines || is_full_disk && own.is_some_and(is_enough);
        let (waiting, reading, is_left_behind) = (Vec::new(), None, false);
        Ok((is_spared, Self { stored, waiting, reading, is_left_behind, gather_events }))
    }

    /// Reads a part. Returns true if there is more.
    fn step(&mut self, terms: Terms) -> Result<bool, ReadError> {
        let mut read = 0;
        while read < SLICE_BYTES {
            if self.reading.is_none() && !self.begin_group(terms)? {
                return Ok(false);
            }
            read += self.read_block()?;
        }
        Ok(true)
    }

    /// Takes up the next group that must be read; false if all of them were.
    fn begin_group(&mut self, terms: Terms) -> Result<bool, ReadError> {
        if self.waiting.is_empty() {
            self.waiting = unread(self.stored.index());
            self.is_left_behind = self.waiting.is_empty();
            if self.is_left_behind {
                self.waiting = self.left_behind(terms);
            }
        }
        let Some(group) = self.waiting.pop() else { return Ok(false) };
        self.reading = Some((group, self.stored.group_blocks(group)?));
        Ok(true)
    }

    /// The groups that are about to go and are on no line, as after a restore around damage. They are read before,
    /// since a file in which anything is damaged stays.
    fn left_behind(&self, terms: Terms) -> Vec<GroupRef> {
        let index = self.stored.index();
        let lines = index.lines(index.heads().iter().map(|head| head.id));
        let Verdict { removable, .. } = judge(&self.stored, terms.quota, terms.extent);
        let mut groups = Vec::new();
        for segment in removable {
            let Some(summary) = index.segments().get(segment) else { continue };
            for (group, entry) in summary.scan.groups.iter().enumerate() {
                let id = CheckpointId { run: summary.header.run, counter: entry.commit.counter };
                let group = GroupRef { segment, group };
                if !summary.header.is_archive() && !lines.contain(id) && !index.is_verified(group) {
                    groups.push(group);
                }
            }
        }
        groups
    }

    /// Reads a block of the group that is being read, and notes how that ended. Its bytes.
    fn read_block(&mut self) -> Result<usize, ReadError> {
        let Some((group, blocks)) = &mut self.reading else { return Ok(0) };
        let group = *group;
        let ended = match blocks.next() {
            Some(Ok(block)) => return Ok(block.byte_len()),
            Some(Err(error)) => Err(error),
            None => Ok(()),
        };
        self.reading = None;
        if self.stored.note(group, ended)? == Validity::Damaged && !self.is_left_behind {
            // Damage makes room for an older generation among those that must stay.
            self.waiting.clear();
        }
        Ok(0)
    }

    /// Removes all that doesn't stay. Returns true if attachments may have lost their checkpoint.
    fn remove(
        &mut self,
        store: &DirectoryStore,
        terms: Terms,
    ) -> Result<(Pruned, bool), StoreError> {
        let session = self.stored.id();
        let index = self.stored.index();
        let Verdict { mut removable, gather } = judge(&self.stored, terms.quota, terms.extent);
        let thins_history = !removable.is_empty();
        if thins_history && index.archives().next().is_some() {
            // A process may have stopped before it made an archive's name durable.
            store.sync_session(session)?;
        }
        let numbers = 0..index.segments().len();
        let mut kept: BTreeSet<usize> =
            numbers.filter(|number| !removable.contains(number)).collect();
        // In the order in which they were written, so that the one that is repeated comes first.
        removable.sort_by_key(|number| {
            index
                .segments()
                .get(*number)
                .map(|segment| (segment.header.run, segment.header.segment))
        });
        for number in removable {
            if repeats_one_of(&kept, index, number) {
                kept.insert(number);
                continue;
            }
            let Some(path) = self.stored.path_of(number) else { continue };
            debug!(%session, path = %path.display(), "segment pruned");
            if let Err(error) = store.remove_segment(path) {
                warn!(%session, %error, "a segment can't be pruned");
                kept.insert(number);
            }
        }
        let gather_events = self.gather_events.take();
        let is_to_the_bone = matches!(terms.extent, PruneTo::Bone { .. });
        let has_attachments = thins_history && !self.stored.beside().is_empty();
        Ok((Pruned { gather, gather_events, is_to_the_bone }, has_attachments))
    }
}

/// Removes the segments that failed. Returns true if there were any.
fn remove_failed(
    store: &DirectoryStore,
    stored: &StoredSession,
    failed: impl Fn(&SegmentHeader) -> bool,
) -> Result<bool, StoreError> {
    let segments = stored.index().segments().iter().enumerate();
    let failed = segments.filter(|(_, segment)| failed(&segment.header));
    let paths: Vec<_> = failed.filter_map(|(number, _)| stored.path_of(number)).collect();
    for path in &paths {
        match store.remove_segment(path) {
            // It was removed when it was given up.
            Err(error) if error.io_kind() == Some(io::ErrorKind::NotFound) => {}
            removed => removed?,
        }
    }
    Ok(!paths.is_empty())
}

/// The groups on the way to the first checkpoint that must stay and wasn't read whole, the first one
/// last.
fn unread(index: &SessionIndex) -> Vec<GroupRef> {
    let unread = must_stay(index).map(|plan| {
        let groups = plan.groups.into_iter().rev();
        groups.filter(|group| !index.is_verified(*group)).collect::<Vec<_>>()
    });
    unread.into_iter().find(|groups| !groups.is_empty()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::disk::{CreatedSegment, Layout, MemoryDisk};
    use crate::format::sample::{at, commit, header, session, values};
    use crate::model::session::Attachment;

    /// Writes a segment that begins with a snapshot. Its path.
    fn write(
        store: &DirectoryStore,
        (run, segment, counter): (u64, u32, u64),
        supersedes: &[CheckpointId],
    ) -> std::path::PathBuf {
        let ancestors = if run == 9 { Vec::new() } else { vec![at(9, 1)] };
        let supersedes = supersedes.to_vec();
        let header = SegmentHeader { ancestors, supersedes, ..header(run, segment) };
        let CreatedSegment { mut file, mut encoder, path, .. } =
            store.create_segment(&header).unwrap();
        let block = values("game::Health", &[(2, &[7; 100])]);
        let commit = commit(counter, None);
        encoder.encode_group([block], &commit, &mut |bytes| file.append(bytes)).unwrap();
        path
    }

    fn is_attached(store: &DirectoryStore, checkpoint: CheckpointId) -> bool {
        !store.attachments(session(), checkpoint).is_empty()
    }

    #[test]
    fn attachments_added_during_a_pruning_are_kept() {
        let layout =
            Layout { data: "data".into(), state: "state".into(), profile: "default".to_owned() };
        let store = DirectoryStore::new(Arc::new(MemoryDisk::default()), layout);
        let save = |number: u32| {
            let checkpoint = at(9, u64::from(number) + 1);
            write(&store, (9, number, checkpoint.counter), &[]);
            let thumbnail = Attachment::new("thumbnail".to_owned(), vec![7; 10]);
            store.write_attachment(session(), checkpoint, &thumbnail).unwrap();
            checkpoint
        };
        let first: Vec<CheckpointId> = (0..12).map(save).collect();
        let mut pruning = Pruning::new(&store, session(), Quota::default(), PruneTo::Quota, None);
        while !matches!(pruning.stage, Stage::Attachments(..)) {
            assert!(pruning.step(&store, |_| false).unwrap().is_none());
        }
        assert!(pruning.step(&store, |_| false).unwrap().is_none(), "the first file is opened");
        let meanwhile = save(12);
        pruning.finish(&store, |_| false).unwrap();
        assert!(is_attached(&store, meanwhile) && is_attached(&store, first[11]));
        assert!(first.iter().any(|it| !is_attached(&store, *it)), "some are pruned");
    }

    /// A cloud brought the first run when the third had begun: only the second knows that it was left.
    #[test]
    fn an_unreadable_run_does_not_cause_a_left_one_to_be_pruned() {
        for is_damaged in [false, true] {
            let disk = MemoryDisk::default();
            let layout = Layout {
                data: "data".into(),
                state: "state".into(),
                profile: "default".to_owned(),
            };
            let store = DirectoryStore::new(Arc::new(disk.clone()), layout);
            write(&store, (9, 0, 1), &[]);
            let left = write(&store, (1, 0, 4), &[]);
            let second = write(&store, (2, 0, 5), &[at(9, 1), at(1, 4)]);
            (0..3).for_each(|number| {
                write(&store, (3, number, 6 + u64::from(number)), &[at(2, 5)]);
            });
            if is_damaged {
                let stored = store.open_session(session()).unwrap();
                let mut segments = stored.index().segments().iter();
                let group = segments.find(|it| it.header.run == at(2, 5).run).unwrap();
                let start = group.scan.groups[0].start as usize;
                disk.corrupt(&second, start + 60, 0xff);
            }
            let quota = Quota { branches: 1, ..Quota::default() };
            let pruning = Pruning::new(&store, session(), quota, PruneTo::Quota, None);
            pruning.finish(&store, |_| false).unwrap();
            assert_eq!(disk.paths().contains(&left), is_damaged, "{:?}", disk.paths());
            assert!(disk.paths().contains(&second));
        }
    }
}
