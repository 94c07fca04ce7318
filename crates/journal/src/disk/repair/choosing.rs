//! The frames of a session's files that are kept.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;

use super::copying::Copied;
use super::{Fate, RepairedFile, RepairedKind};
use crate::disk::{EventFiles, Layout, StoredSession, with_sources};
use crate::format::{
    FileProblemKind, FrameEntry, FrameKind, GroupRef, ReadError, Scan, Segment, SegmentHeader,
    SegmentSummary, SessionIndex, Validity,
};
use crate::model::ids::CheckpointId;

/// The groups that are kept: those by which some checkpoint can be restored.
pub(super) struct Choice {
    groups: BTreeSet<GroupRef>,
    /// Of each segment, the frames that are kept.
    frames: Vec<Frames>,
}

/// The frames of a file that are kept.
#[derive(Default)]
struct Frames {
    kept: Vec<FrameEntry>,
    /// True if a frame that was written is missing among them.
    is_loss: bool,
    error: Option<String>,
}

impl Choice {
    /// Reads every group, and chooses.
    pub fn of(stored: &mut StoredSession) -> Self {
        mark_all(stored);
        let index = stored.index();
        let groups: BTreeSet<GroupRef> =
            places(index).filter(|place| can_be_used(index, *place)).collect();
        let frames = stored.segments().iter().zip(index.segments()).enumerate();
        let frames = frames
            .map(|(position, (segment, summary))| {
                let kept = groups.range(of_segment(position)).map(|place| place.group).collect();
                Frames::of(segment, &summary.scan, &kept)
            })
            .collect();
        Self { groups, frames }
    }

    /// The segments, with what is kept of each.
    pub fn files(&self, stored: &StoredSession) -> Vec<(RepairedFile, Copied)> {
        let shortened: HashSet<usize> = self.shortened(stored).collect();
        let segments = stored.segments().iter().zip(&self.frames).enumerate();
        let file = |(position, (segment, frames)): (usize, (&Segment, &Frames))| {
            let summary = stored.index().segments().get(position)?;
            let lost = lost_in(stored.index(), summary);
            let problems = problems_of(stored.index(), segment.path());
            let is_loss = frames.is_loss || !lost.is_empty() || !problems.is_empty();
            let fate = match (is_loss, frames.kept.is_empty()) {
                (true, true) => Fate::Lost,
                (true, false) => Fate::InPart,
                (false, _) => Fate::Whole,
            };
            let file = RepairedFile {
                name: name_of(segment.path()),
                kind: kind_of(&summary.header),
                bytes: summary.scan.length,
                fate,
                problems,
                error: frames.error.clone(),
                lost,
            };
            let is_shortened = shortened.contains(&position);
            let forgets = forgets_predecessor(stored, &shortened, &summary.header);
            let copied = match is_shortened || forgets {
                true => Copied::Frames {
                    segment: segment.clone(),
                    predecessor: summary.header.predecessor.filter(|_| !forgets),
                    frames: frames.kept.clone(),
                },
                false => Copied::Segment(segment.clone(), summary.scan.length),
            };
            Some((file, copied))
        };
        segments.filter_map(file).collect()
    }

    /// The index that the copy of these segments will have.
    pub fn index_of_copy(&self, stored: &StoredSession) -> SessionIndex {
        let segments = stored.index().segments().iter().enumerate();
        let copied = segments.map(|(segment, summary)| {
            let groups = summary.scan.groups.iter().enumerate();
            let is_kept =
                |group: &usize| self.groups.contains(&GroupRef { segment, group: *group });
            let groups = groups.filter(|(group, _)| is_kept(group)).map(|(_, it)| it.clone());
            let scan = Scan {
                groups: groups.collect(),
                broken: Vec::new(),
                damage: Vec::new(),
                ..summary.scan.clone()
            };
            SegmentSummary { scan, ..summary.clone() }
        });
        SessionIndex::new(copied.collect(), Vec::new())
    }

    /// The checkpoints that can be restored, the newest first.
    pub fn kept(&self, stored: &StoredSession) -> Vec<CheckpointId> {
        ids(stored.index(), true)
    }

    /// The checkpoints that can't be restored, the newest first.
    pub fn lost(&self, stored: &StoredSession) -> Vec<CheckpointId> {
        ids(stored.index(), false)
    }

    /// The segments of which less than all is kept.
    fn shortened(&self, stored: &StoredSession) -> impl Iterator<Item = usize> {
        let segments = stored.index().segments().iter().zip(&self.frames).enumerate();
        let shortened = segments.filter(|(position, (summary, frames))| {
            let kept = self.groups.range(of_segment(*position)).count();
            frames.is_loss || !summary.scan.damage.is_empty() || kept < summary.scan.groups.len()
        });
        shortened.map(|(position, _)| position)
    }
}

/// The checkpoints of a segment that can't be restored, this way or another.
fn lost_in(index: &SessionIndex, summary: &SegmentSummary) -> Vec<CheckpointId> {
    let groups = summary.scan.groups.iter().map(|group| &group.commit);
    let commits = groups.chain(summary.scan.broken.iter().map(|broken| &broken.commit));
    let ids = commits.filter_map(|commit| {
        let run = match (summary.header.is_archive(), &commit.origin) {
            (true, origin) => origin.as_ref()?.run,
            (false, _) => summary.header.run,
        };
        Some(CheckpointId { run, counter: commit.counter })
    });
    let mut lost: Vec<CheckpointId> = ids.filter(|id| !is_kept(index, *id)).collect();
    lost.sort_by_key(|id| (id.counter, id.run));
    lost.dedup();
    lost
}

/// Reads every group whole, and notes in the index which are good. Bytes that the system doesn't hand out
/// are as lost as those that are wrong.
fn mark_all(stored: &mut StoredSession) {
    let places: Vec<GroupRef> = places(stored.index()).collect();
    for place in places {
        let read = stored
            .group_blocks(place)
            .and_then(|mut blocks| blocks.try_for_each(|it| it.map(drop)));
        if !matches!(stored.note(place, read), Ok(Validity::Verified)) {
            stored.mark_damaged(place);
        }
    }
}

fn places(index: &SessionIndex) -> impl Iterator<Item = GroupRef> {
    let segments = index.segments().iter().enumerate();
    segments.flat_map(|(segment, summary)| {
        (0..summary.scan.groups.len()).map(move |group| GroupRef { segment, group })
    })
}

fn of_segment(segment: usize) -> std::ops::Range<GroupRef> {
    GroupRef { segment, group: 0 }..GroupRef { segment: segment + 1, group: 0 }
}

/// Returns true if a group helps to restore a checkpoint: it is good, and its base can be restored.
fn can_be_used(index: &SessionIndex, place: GroupRef) -> bool {
    let Some(group) = index.group(place) else { return false };
    let Some(summary) = index.segments().get(place.segment) else { return false };
    if !index.is_verified(place) {
        return false;
    }
    let base = group.commit.base.map(|counter| CheckpointId { run: summary.header.run, counter });
    base.is_none_or(|base| index.plan(base).is_some())
}

fn is_kept(index: &SessionIndex, id: CheckpointId) -> bool {
    index.plan(id).is_some() || index.is_without_world(id)
}

fn ids(index: &SessionIndex, kept: bool) -> Vec<CheckpointId> {
    let ids = index.commits().map(|(id, _)| id);
    let mut ids: Vec<CheckpointId> = ids.filter(|id| is_kept(index, *id) == kept).collect();
    ids.sort_by_key(|id| (std::cmp::Reverse(id.counter), id.run));
    ids
}

/// Returns true if a segment remembers more of the one before it than there will be.
fn forgets_predecessor(
    stored: &StoredSession,
    shortened: &HashSet<usize>,
    header: &SegmentHeader,
) -> bool {
    let (Some(before), Some(number)) = (header.predecessor, header.segment.checked_sub(1)) else {
        return false;
    };
    let summaries = stored.index().segments().iter().enumerate();
    let mut copies = summaries
        .filter(|(_, it)| it.header.run == header.run && it.header.segment == number)
        .peekable();
    let is_whole = |(position, it): (usize, &SegmentSummary)| {
        let end = it.scan.tail.unwrap_or(it.scan.length);
        !shortened.contains(&position) && end >= before.length
    };
    copies.peek().is_some() && !copies.any(is_whole)
}

impl Frames {
    fn of(segment: &Segment, scan: &Scan, kept: &BTreeSet<usize>) -> Self {
        let mut frames =
            Self { is_loss: !scan.damage.is_empty() || !scan.broken.is_empty(), ..Self::default() };
        for frame in segment.good_frames(scan) {
            let is_wanted = frame
                .and_then(|frame| Ok(is_wanted(segment, scan, kept, &frame)?.then_some(frame)));
            match is_wanted {
                Ok(frame) => frames.kept.extend(frame),
                Err(error) => {
                    frames.is_loss = true;
                    frames.error.get_or_insert_with(|| with_sources(&error));
                }
            }
        }
        frames
    }
}

/// Returns true if a frame is kept; or the error that it can't be kept for, if it holds something of its own.
fn is_wanted(
    segment: &Segment,
    scan: &Scan,
    kept: &BTreeSet<usize>,
    frame: &FrameEntry,
) -> Result<bool, ReadError> {
    match frame.header.kind {
        FrameKind::DATA | FrameKind::COMMIT => {
            let next = scan.groups.partition_point(|group| group.start <= frame.offset);
            let group = next.checked_sub(1).filter(|at| kept.contains(at));
            let group = group.and_then(|at| scan.groups.get(at));
            Ok(group.is_some_and(|group| frame.offset < group.end))
        }
        FrameKind::RECORD => Ok(true),
        _ => segment.payload(frame).map(|_| true),
    }
}

/// The files in which nothing can be read.
pub(super) fn unread_files(stored: &StoredSession) -> Vec<(RepairedFile, Copied)> {
    let is_read = |path: &Path| stored.segments().iter().any(|segment| segment.path() == path);
    let problems = stored.index().problems().iter();
    let unread = problems.filter(|problem| !is_read(&problem.path));
    unread.map(|problem| unread_file(&problem.path, &problem.kind)).collect()
}

fn unread_file(path: &Path, kind: &FileProblemKind) -> (RepairedFile, Copied) {
    let fate = match kind {
        FileProblemKind::Torn | FileProblemKind::OfAnotherSession | FileProblemKind::NoFile => {
            Fate::LeftOut
        }
        _ => Fate::Lost,
    };
    let name = name_of(path);
    let kind_of_file = match (Layout::is_archive_name(&name), Layout::is_events_name(&name)) {
        (true, _) => RepairedKind::Archive,
        (_, true) => RepairedKind::Events,
        _ => RepairedKind::Journal,
    };
    let file = RepairedFile {
        name,
        kind: kind_of_file,
        bytes: 0,
        fate,
        problems: vec![kind.clone()],
        error: None,
        lost: Vec::new(),
    };
    (file, Copied::Nothing)
}

/// The files of events, with what is kept of each.
pub(super) fn event_files(events: &EventFiles) -> Vec<(RepairedFile, Copied)> {
    let read = events.iter().map(|file| {
        let segment = file.segment();
        let mut repaired = RepairedFile {
            name: name_of(segment.path()),
            kind: RepairedKind::Events,
            bytes: file.bytes,
            fate: Fate::Lost,
            problems: Vec::new(),
            error: None,
            lost: Vec::new(),
        };
        let scan = match segment.scan_events() {
            Ok(scan) => scan,
            Err(error) => {
                repaired.error = Some(with_sources(&error));
                return (repaired, Copied::Nothing);
            }
        };
        let frames = Frames::of(segment, &scan, &BTreeSet::new());
        if !scan.damage.is_empty() {
            repaired.problems.push(FileProblemKind::PartlyDamaged(scan.damage.clone()));
        }
        repaired.error = frames.error;
        let copied = match frames.is_loss {
            true => {
                Copied::Frames { segment: segment.clone(), predecessor: None, frames: frames.kept }
            }
            false => Copied::Segment(segment.clone(), scan.length),
        };
        repaired.fate = if frames.is_loss { Fate::InPart } else { Fate::Whole };
        (repaired, copied)
    });
    let unread = events.problems().iter();
    read.chain(unread.map(|problem| unread_file(&problem.path, &problem.kind))).collect()
}

fn problems_of(index: &SessionIndex, path: &Path) -> Vec<FileProblemKind> {
    let problems = index.problems().iter().filter(|problem| problem.path == path);
    problems.map(|problem| problem.kind.clone()).collect()
}

fn kind_of(header: &SegmentHeader) -> RepairedKind {
    if header.is_archive() { RepairedKind::Archive } else { RepairedKind::Journal }
}

pub(super) fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
