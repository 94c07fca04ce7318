//! A session on disk.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_128;

use super::findings::Findings;
use super::session_attachments::own_attachments;
use super::{DirEntry, Disk, Layout, Manifest, SessionOpening, StoreError};
#[cfg(test)]
use crate::format::FileProblem;
use crate::format::{
    Block, Blocks, Damage, FileProblemKind, FrameKind, GroupEntry, GroupRef, LineWalk, Merge, Plan,
    ReadError, Segment, SessionIndex, Validity, decode_attachment, merge, rounds, too_large,
};
use crate::model::ids::{CheckpointId, SessionId, limits};
use crate::model::session::{Attachment, AttachmentVersion, WrittenBy};

/// The blocks of a checkpoint, merged from all groups that lead to it.
pub type MergedBlocks = Merge<BlockSource>;
type BlockSource = Box<dyn Iterator<Item = Result<Block, ReadError>> + Send>;

/// A session whose segments have been opened and scanned.
#[derive(Clone, Debug)]
pub struct StoredSession {
    session: SessionId,
    directory: PathBuf,
    segments: Vec<Segment>,
    index: SessionIndex,
    beside: Beside,
    /// The stamp of the directory before anything in it was read.
    stamp: u64,
    /// True if its files are those of one moment: none vanished while they were opened, for another to take its place.
    is_complete: bool,
    /// The newest checkpoint that was acknowledged, as its manifest says.
    witness: Option<CheckpointId>,
}

/// The files beside a session's segments.
#[derive(Clone, Debug, Default)]
pub(super) struct Beside {
    /// Bytes of all attachments, those of checkpoints and those of the session itself.
    bytes: u64,
    /// The number of files of events.
    event_files: usize,
    /// Their bytes.
    event_bytes: u64,
    /// The attachments of checkpoints: the checkpoint and the name of each.
    attachments: Vec<(CheckpointId, String)>,
    /// The attachments of the session itself, by name and then by version.
    own_attachments: Vec<AttachmentVersion>,
}

impl Beside {
    pub(super) fn of(entries: &[DirEntry]) -> Self {
        let mut beside = Self { own_attachments: own_attachments(entries), ..Self::default() };
        for entry in entries {
            if let Some((checkpoint, name)) = Layout::attachment_of(&entry.name) {
                beside.attachments.push((checkpoint, name.to_owned()));
                beside.bytes += entry.len;
            } else if Layout::session_attachment_of(&entry.name).is_some() {
                beside.bytes += entry.len;
            } else if Layout::is_events_name(&entry.name) {
                beside.event_files += 1;
                beside.event_bytes += entry.len;
            }
        }
        beside
    }
}

impl StoredSession {
    /// Opens every segment in a session's directory. A file that can't be read becomes a problem in the index. Unless
    /// all of it was left in good order, it is checked against the session's manifest.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the directory can't be listed.
    pub fn open(
        disk: &dyn Disk,
        directory: PathBuf,
        session: SessionId,
    ) -> Result<Self, StoreError> {
        SessionOpening::new(directory, session).finish(disk)
    }

    /// Adds the files beside its segments.
    pub(super) fn with(self, beside: Beside, stamp: u64, has_card: bool) -> Self {
        let mut stored = Self { beside, stamp, ..self };
        if has_card && stored.index.heads().is_empty() {
            stored.index.doubt_torn_files(|_| true);
        }
        stored
    }

    /// Notes whether its files are those of one moment.
    pub(super) fn of_one_moment(self, is_complete: bool) -> Self {
        Self { is_complete, ..self }
    }

    /// Notes what its manifest says is missing.
    pub(super) fn held_against(mut self, manifest: &Manifest) -> Self {
        self.witness = manifest.newest();
        for (place, range) in manifest.missing_ends(self.index.segments()) {
            if let Some(segment) = self.segments.get(place) {
                self.index.note_damage(segment.path(), range);
            }
        }
        self.index.doubt_torn_files(|path| manifest.names(path));
        self
    }

    pub(super) fn agrees_with(&self, manifest: &Manifest) -> bool {
        let has_torn = self.index.problems().iter().any(|problem| manifest.names(&problem.path));
        let newest = self.index.heads().iter().map(|head| head.id.counter).max();
        let has_newest = manifest.newest().map(|it| it.counter) <= newest;
        !has_torn && has_newest && manifest.missing_ends(self.index.segments()).is_empty()
    }

    /// The newest checkpoint that was acknowledged, as far as its manifest was read and says so.
    pub fn witness(&self) -> Option<CheckpointId> {
        self.witness
    }

    /// Opens a single file that holds all of a checkpoint.
    pub fn of_file(disk: &dyn Disk, path: &Path, session: SessionId) -> Self {
        let directory = path.parent().unwrap_or(path).to_owned();
        let mut found = Findings::default();
        // Removed since it was listed, it holds nothing.
        let _ = found.add(disk, path, session);
        Self::of_findings(found, directory, session)
    }

    pub(super) fn of_findings(mut found: Findings, directory: PathBuf, session: SessionId) -> Self {
        found.compare_with_successors();
        let problems = found.problems();
        let index = SessionIndex::new(found.summaries, problems);
        let segments = found.segments;
        Self {
            session,
            directory,
            segments,
            index,
            beside: Beside::default(),
            stamp: 0,
            is_complete: true,
            witness: None,
        }
    }

    /// Returns true if its files are those of one moment: none vanished while they were opened, for another to take its place.
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Its directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The session.
    pub fn id(&self) -> SessionId {
        self.session
    }

    /// The file of a segment, by its place in the index.
    pub fn path_of(&self, segment: usize) -> Option<&Path> {
        self.segments.get(segment).map(Segment::path)
    }

    /// Bytes of a segment's file, by its place in the index.
    pub fn segment_bytes(&self, segment: usize) -> u64 {
        self.index.segments().get(segment).map_or(0, |summary| summary.scan.length)
    }

    /// Bytes of all segments that could be read.
    pub fn bytes(&self) -> u64 {
        self.index.segments().iter().map(|summary| summary.scan.length).sum()
    }

    /// Bytes of all segments that could be read, and of the attachments and files of events beside them.
    pub fn bytes_with_attachments(&self) -> u64 {
        self.bytes() + self.beside.bytes + self.beside.event_bytes
    }

    /// The number of files of events beside the segments, and their bytes.
    pub fn event_files(&self) -> (usize, u64) {
        (self.beside.event_files, self.beside.event_bytes)
    }

    /// The blocks of one group alone.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if the group isn't one of this session's.
    pub fn group_blocks(&self, group: GroupRef) -> Result<Blocks, ReadError> {
        let (segment, group) = self.group(group)?;
        Ok(segment.blocks(group))
    }

    /// All groups that its files hold, each with its blocks: copies, and what is on no line, as well.
    pub fn groups(&self) -> impl Iterator<Item = (&GroupEntry, Blocks)> {
        let segments = self.segments.iter().zip(self.index.segments());
        segments.flat_map(|(segment, summary)| {
            let groups = summary.scan.groups.iter();
            groups.map(move |group| (group, segment.blocks(group)))
        })
    }

    /// Its segments, at the positions that [`GroupRef::segment`] means.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The index of its checkpoints, and of the ways to them.
    pub fn index(&self) -> &SessionIndex {
        &self.index
    }

    /// The files that could not be read, or not in full.
    #[cfg(test)]
    pub fn problems(&self) -> &[FileProblem] {
        self.index.problems()
    }

    /// The writer of data that only a newer version can read, or continue writing; `None` if this one can.
    pub fn newer_format(&self) -> Option<&WrittenBy> {
        let unreadable = self.index.problems().iter().find_map(|problem| match &problem.kind {
            FileProblemKind::Newer(written_by) => Some(written_by),
            _ => None,
        });
        let unwritable = || self.segments.iter().find(|segment| !segment.may_be_taken_up());
        unreadable.or_else(|| unwritable().map(Segment::written_by))
    }

    /// The blocks of a checkpoint, as one snapshot in the order of [`Block::key`].
    ///
    /// Long chains of deltas are folded in rounds first, so that the memory for open frames stays
    /// bounded; the folded deltas themselves are held.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if a delta can't be read while folding. Others come out of the iterator.
    pub fn blocks(&self, plan: &Plan) -> Result<MergedBlocks, ReadError> {
        let mut sources = Vec::with_capacity(plan.groups.len());
        for place in &plan.groups {
            let (segment, group) = self.group(*place)?;
            let blocks: BlockSource = Box::new(segment.blocks(group));
            sources.push(blocks);
        }
        Ok(merge(fold(sources)?, false))
    }

    /// Reads everything that a plan needs, and notes in the index which groups are good. Groups that were verified
    /// before aren't read again.
    ///
    /// # Errors
    ///
    /// [`ReadError`], if something could not be read. Damage is no error: it is the answer.
    pub fn verify(&mut self, plan: &Plan) -> Result<Validity, ReadError> {
        for place in &plan.groups {
            if self.index.is_verified(*place) {
                continue;
            }
            let (segment, group) = self.group(*place)?;
            let ended = segment.verify(group);
            if self.note(*place, ended)? == Validity::Damaged {
                return Ok(Validity::Damaged);
            }
        }
        Ok(Validity::Verified)
    }

    /// Notes in the index how reading a group whole ended, and says what that makes of it.
    ///
    /// # Errors
    ///
    /// The [`ReadError`] that it ended with, if that is no damage: then nothing is known.
    pub fn note(
        &mut self,
        group: GroupRef,
        ended: Result<(), ReadError>,
    ) -> Result<Validity, ReadError> {
        match ended {
            Ok(()) => {
                self.index.mark_verified(group);
                Ok(Validity::Verified)
            }
            Err(error) if error.is_damage() => {
                self.index.mark_damaged(group);
                Ok(Validity::Damaged)
            }
            Err(error) => Err(error),
        }
    }

    /// Notes in the index that a group is damaged.
    pub(super) fn mark_damaged(&mut self, group: GroupRef) {
        self.index.mark_damaged(group);
    }

    /// The newest checkpoint on the line of `head` that was read whole and is good, and the way to
    /// it. `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`ReadError`], if something could not be read.
    pub fn newest_verified(&mut self, head: CheckpointId) -> Result<Option<Plan>, ReadError> {
        let mut walk = LineWalk::from(head);
        while let Some(checkpoint) = walk.next(&self.index) {
            if let Some(plan) = self.verified_plan(checkpoint)? {
                return Ok(Some(plan));
            }
        }
        Ok(None)
    }

    /// A way to exactly this checkpoint that was read whole and is good. `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`ReadError`], if something could not be read.
    pub fn verified_plan(&mut self, checkpoint: CheckpointId) -> Result<Option<Plan>, ReadError> {
        // Each round marks at least one group more as damaged, so this ends.
        while let Some(plan) = self.index.plan(checkpoint) {
            if self.verify(&plan)? == Validity::Verified {
                return Ok(Some(plan));
            }
        }
        Ok(None)
    }

    /// A number that changes when anything in its directory does.
    pub fn stamp(&self) -> u64 {
        self.stamp
    }

    /// The attachments beside its segments: the checkpoint and the name of each.
    pub fn beside(&self) -> &[(CheckpointId, String)] {
        &self.beside.attachments
    }

    /// The attachments of the session itself: all versions of each, by name, the oldest first.
    pub fn own_attachments(&self) -> &[AttachmentVersion] {
        &self.beside.own_attachments
    }

    /// The attachments that its files hold, those of a slot, one after the other. Damaged ones are left
    /// out.
    ///
    /// # Errors
    ///
    /// [`ReadError`] of one that can't be read now.
    pub fn attachments(&self) -> impl Iterator<Item = Result<Attachment, ReadError>> {
        let segments = self.segments.iter().zip(self.index.segments());
        let payloads = segments.flat_map(|(segment, summary)| {
            summary.scan.attachments.iter().map(|frame| segment.payload(frame))
        });
        payloads.filter_map(|payload| match payload {
            Ok(payload) => decode_attachment(&payload).map(Ok),
            Err(error) if error.is_damage() => None,
            Err(error) => Some(Err(error)),
        })
    }

    /// The frames in its files that this version doesn't know and must not lose. Damaged ones stay where they are.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if some of it can't be read now, or is more than [`limits::CARRIED_BYTES`].
    pub fn carried(&self) -> Result<Vec<(FrameKind, Vec<u8>)>, ReadError> {
        let mut carried = Vec::new();
        let mut known = HashSet::new();
        let mut bytes = 0;
        for (segment, summary) in self.segments.iter().zip(self.index.segments()) {
            for frame in &summary.scan.carried {
                let kind = frame.header.kind;
                let payload = match segment.payload(frame) {
                    Err(error) if error.is_damage() => continue,
                    read => read?,
                };
                // Every segment holds them all.
                if !known.insert((kind, xxh3_128(&payload))) {
                    continue;
                }
                bytes += payload.len() as u64;
                if bytes > limits::CARRIED_BYTES {
                    return Err(segment.unreadable(frame.offset, too_large()));
                }
                carried.push((kind, payload));
            }
        }
        Ok(carried)
    }

    fn group(&self, place: GroupRef) -> Result<(&Segment, &GroupEntry), ReadError> {
        let found = self.segments.get(place.segment).zip(
            self.index
                .segments()
                .get(place.segment)
                .and_then(|summary| summary.scan.groups.get(place.group)),
        );
        // Only a plan that was made for another session gets here.
        found.ok_or_else(|| ReadError::Damaged {
            path: self.directory.clone(),
            offset: 0,
            source: Damage::Missing,
        })
    }
}

/// Folds the deltas of a long chain in rounds. The snapshot that it begins with stays as it is.
fn fold(mut sources: Vec<BlockSource>) -> Result<Vec<BlockSource>, ReadError> {
    while let Some(ranges) = rounds(sources.len()) {
        let mut waiting = sources.into_iter();
        let mut folded: Vec<BlockSource> = waiting.by_ref().take(1).collect();
        for range in ranges {
            let deltas: Vec<BlockSource> = waiting.by_ref().take(range.len()).collect();
            let blocks: Vec<Block> = merge(deltas, true).collect::<Result<_, _>>()?;
            folded.push(Box::new(blocks.into_iter().map(Ok)));
        }
        sources = folded;
    }
    Ok(sources)
}
