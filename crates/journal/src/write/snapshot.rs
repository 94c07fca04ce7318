//! One file with one checkpoint of a session: its content, and the way it is written. It takes the place of all others
//! that the session has, is the begin of a line beside them, or is a session of its own.

use std::iter::Peekable;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use super::group_copy::{CopyFailure, GroupCopy};
use super::open_segment::{OpenSegment, Preamble};
use super::unplayed_run;
use crate::disk::{DirectoryStore, LocalStore, MergedBlocks, StoredSession};
use crate::format::{
    Begun, Block, CheckpointKind, Commit, FEATURE_WITHOUT_WORLD, FrameKind, Head, Lineage,
    ReadError, Record, SegmentHeader, SessionIndex, Values,
};
use crate::model::ids::{CheckpointId, SaveId};
use crate::model::session::{
    FailureCause, Fields, Leaving, ProcessDeath, RequestError, RestoreReason, SessionMetadata,
    SessionStatus,
};
use crate::read::recovery::{FIELDS, THUMBNAIL, newest_thumbnail, next_save_id, remembered};

/// The part of a session that is kept.
pub(super) struct Snapshot {
    head: Head,
    header: SegmentHeader,
    lineage: Lineage,
    /// The checkpoint that is kept.
    kept: CheckpointId,
    /// Play time at the end of the new run.
    play_time: Duration,
    /// True if the session goes back to it, and the files of what was newer stay.
    goes_back: bool,
    /// Its number in the new run.
    counter: u64,
    /// The next id, which no line of the session has used.
    next_save_id: SaveId,
    /// The records of how the session was left, to be written again.
    left: Vec<Record>,
    /// True if it is made for other devices, and never takes its place in its session's directory.
    is_for_elsewhere: bool,
    /// The file that was written for other devices, once it is whole.
    written_for_elsewhere: Option<PathBuf>,
}

impl Snapshot {
    /// Of a session that says this of itself from then on, and was left like this. Nothing is read or written yet.
    pub(super) fn of(
        local: &LocalStore,
        stored: &StoredSession,
        head: &Head,
        (status, metadata): (SessionStatus, SessionMetadata),
        now: Timestamp,
    ) -> Self {
        let index = stored.index();
        let build = (&*head.game_version, head.schema);
        // A copy has died of nothing.
        let is_same = metadata.id == stored.id();
        let deaths = if is_same { deaths_of_declined(index) } else { Vec::new() };
        let header = unplayed_run::header(local, metadata, build, now);
        let (run, counter) = (header.run, index.newest_counter() + 1);
        let kept = CheckpointId { run, counter };
        let left = how_it_was_left(head, status, kept, deaths);
        let mut snapshot = Self {
            head: head.clone(),
            header,
            lineage: Lineage::default(),
            kept: head.id,
            play_time: head.play_time,
            goes_back: false,
            counter,
            next_save_id: next_save_id(index),
            left,
            is_for_elsewhere: false,
            written_for_elsewhere: None,
        };
        snapshot.go_on_from(stored, head.id);
        snapshot
    }

    /// Of a session that goes back to an older checkpoint, and is closed there. `deaths` are those of the line that it
    /// leaves.
    pub(super) fn going_back(
        local: &LocalStore,
        stored: &StoredSession,
        head: &Head,
        (to, play_time): (CheckpointId, Duration),
        deaths: Vec<ProcessDeath>,
        now: Timestamp,
    ) -> Self {
        let status = SessionStatus::Closed;
        let metadata = head.metadata.clone().taken_up();
        let mut snapshot = Self::of(local, stored, head, (status, metadata), now);
        let before = stored.index().begun(to);
        snapshot.header.begun = Some(Begun::after(before, RestoreReason::Rewound, Some(head.id)));
        let (reason, leaving) = (None, Leaving::default());
        let end = Record::End { status, reason, leaving, time: now, play_time };
        snapshot.left = after_deaths(deaths, end);
        (snapshot.play_time, snapshot.goes_back) = (play_time, true);
        snapshot.go_on_from(stored, to);
        snapshot
    }

    /// Of a session that a player's other devices can go on with. It stays beside its place, where nobody reads it, until
    /// it was copied.
    pub(super) fn for_elsewhere(
        local: &LocalStore,
        stored: &StoredSession,
        head: &Head,
        now: Timestamp,
    ) -> Self {
        // Left in good order: another device needn't ask about a crash.
        let described = (SessionStatus::Closed, head.metadata.clone());
        let mut snapshot = Self::of(local, stored, head, described, now);
        snapshot.is_for_elsewhere = true;
        snapshot.go_on_from(stored, head.id);
        snapshot
    }

    /// The file that was written for other devices, once it is whole.
    pub(super) fn written_for_elsewhere(&self) -> Option<&Path> {
        self.written_for_elsewhere.as_deref()
    }

    /// The newest checkpoint of the session until now.
    pub(super) fn head(&self) -> CheckpointId {
        self.head.id
    }

    /// The checkpoint that is kept.
    pub(super) fn kept(&self) -> CheckpointId {
        self.kept
    }

    /// The checkpoint that the new run begins with.
    pub(super) fn begins_with(&self) -> CheckpointId {
        CheckpointId { run: self.header.run, counter: self.counter }
    }

    /// Returns true if another checkpoint does as well, where this one can't be read.
    pub(super) fn takes_another(&self) -> bool {
        !self.goes_back
    }

    /// The header of the file.
    pub(super) fn header(&self) -> &SegmentHeader {
        &self.header
    }

    /// The metadata that the session will have.
    pub(super) fn metadata(&self) -> &SessionMetadata {
        &self.header.metadata
    }

    /// Returns true if it is a session of its own, beside the one that it is made of.
    fn is_copy(&self) -> bool {
        self.header.session != self.head.metadata.id
    }

    /// Keeps this checkpoint.
    pub(super) fn go_on_from(&mut self, stored: &StoredSession, kept: CheckpointId) {
        self.kept = kept;
        if !self.is_copy() {
            self.lineage = stored.index().lineage_from(kept, self.head.id);
        }
        let Lineage { ancestors, supersedes, is_shared } = self.lineage.in_header();
        (self.header.ancestors, self.header.supersedes) = (ancestors, supersedes);
        if is_shared || self.is_for_elsewhere {
            let before = stored.index().begun(kept);
            let begun = self.header.begun.get_or_insert_with(|| Begun::unplayed(before));
            (begun.shared, begun.copied) = (true, self.is_for_elsewhere);
        }
        if let Some((game_version, schema)) = stored.index().build(kept.run) {
            (self.header.game_version, self.header.schema) = (game_version.to_owned(), schema);
        }
    }

    /// Begins to copy the checkpoint into a file beside its place.
    pub(super) fn copy(
        &mut self,
        stored: &StoredSession,
        store: &DirectoryStore,
    ) -> Result<Box<GroupCopy>, RequestError> {
        let plan = stored.index().plan(self.kept).ok_or(RequestError::NothingToRestore)?;
        let frames = stored.carried()?;
        let blocks = stored.blocks(&plan)?;
        let fields = self.head.fields_at(self.kept).map(block_of).transpose()?;
        let commit = self.commit(stored, false)?;
        self.keep_thumbnail(stored, store)?;
        let segment = self.begin(store, &frames)?;
        Ok(GroupCopy::begin(WithFields { blocks: blocks.peekable(), fields }, segment, commit))
    }

    /// Writes the summary alone into a file beside its place.
    pub(super) fn write_summary(
        &mut self,
        stored: &StoredSession,
        store: &DirectoryStore,
    ) -> Result<PathBuf, RequestError> {
        self.header.optional_features |= FEATURE_WITHOUT_WORLD;
        let commit = self.commit(stored, true)?;
        self.keep_thumbnail(stored, store)?;
        let segment = self.begin(store, &[])?;
        let path = segment.path().to_path_buf();
        let group = segment.begin_group(self.counter);
        let written = group
            .finish(&commit)
            .map_err(CopyFailure::from)
            .and_then(|segment| self.complete(segment, store));
        if written.is_err() {
            let _ = store.remove_segment(&path);
        }
        Ok(written?)
    }

    /// Writes what stands behind the checkpoint, and makes the file durable.
    pub(super) fn complete(
        &self,
        mut segment: OpenSegment,
        store: &DirectoryStore,
    ) -> Result<PathBuf, CopyFailure> {
        for record in &self.left {
            segment.append_record(record)?;
        }
        segment.sync(store)?;
        Ok(segment.path().to_path_buf())
    }

    /// The blocks of the file that was written; `None` of a summary.
    pub(super) fn blocks_of(
        &self,
        store: &DirectoryStore,
        written: &Path,
    ) -> Result<Option<MergedBlocks>, RequestError> {
        let stored = StoredSession::of_file(&**store.disk(), written, self.header.session);
        let index = stored.index();
        let id = self.begins_with();
        let is_as_written = matches!(index.heads(), [head] if head.id == id
            && head.metadata.place == self.metadata().place
            && head.play_time == self.play_time);
        let is_summary = index.is_without_world(id);
        match index.plan(id) {
            _ if !is_as_written => Err(not_as_written(written)),
            Some(plan) => Ok(Some(stored.blocks(&plan)?)),
            None if is_summary => Ok(None),
            None => Err(not_as_written(written)),
        }
    }

    /// Puts the file in its place, durably: from then on it is what there is of the session.
    pub(super) fn put_in_place(
        &mut self,
        store: &DirectoryStore,
        written: &Path,
    ) -> Result<(), RequestError> {
        if self.is_for_elsewhere {
            self.written_for_elsewhere = Some(written.to_owned());
            return Ok(());
        }
        if let Err(error) = store.put_archive_in_place(written, &self.header) {
            // It may be there and not be durable, and nothing is to be removed because of it.
            let _ = store.remove_segment(&store.layout().segment(&self.header));
            let _ = store.remove_segment(written);
            return Err(error.into());
        }
        Ok(())
    }

    fn begin(
        &self,
        store: &DirectoryStore,
        frames: &[(FrameKind, Vec<u8>)],
    ) -> Result<OpenSegment, RequestError> {
        let created = store.create_segment_beside(&self.header)?;
        let path = created.path.clone();
        let lineage = self.lineage.in_records();
        let preamble = Preamble { lineage: &lineage, unknown_frames: frames, status: None };
        let segment = OpenSegment::of(created, 0, preamble);
        if segment.is_err() {
            let _ = store.remove_segment(&path);
        }
        Ok(segment?)
    }

    fn commit(&self, stored: &StoredSession, without_world: bool) -> Result<Commit, RequestError> {
        let index = stored.index();
        let commit = index.commit(self.kept).ok_or(RequestError::NothingToRestore)?;
        let summary = self.head.summary_at(self.kept, index.summary(self.kept));
        let commit = match self.goes_back {
            true => self.opening(commit),
            false => commit.clone(),
        };
        Ok(Commit {
            counter: self.counter,
            base: None,
            next_save_id: self.next_save_id,
            summary: Some(Box::new(summary)),
            // Events stay in the session in which they happened.
            events_through: if self.is_copy() { 0 } else { commit.events_through },
            origin: None,
            without_world,
            ..commit
        })
    }

    /// The commit of a line that begins with what another one has, which keeps its name and its tape.
    fn opening(&self, commit: &Commit) -> Commit {
        let (kind, time) = (CheckpointKind::Opening, self.header.created);
        Commit { kind, time, label: None, tape: None, ..commit.clone() }
    }

    /// Lays the newest picture beside what is kept, where the file that has it goes.
    fn keep_thumbnail(
        &self,
        stored: &StoredSession,
        store: &DirectoryStore,
    ) -> Result<(), RequestError> {
        if self.goes_back || self.is_for_elsewhere {
            return Ok(());
        }
        let of = newest_thumbnail(stored, &self.head);
        let picture = of.and_then(|of| stored.attachment(&**store.disk(), of, THUMBNAIL));
        let Some(picture) = picture else { return Ok(()) };
        Ok(store.write_attachment(self.header.session, self.begins_with(), &picture)?)
    }
}

/// The error if a file isn't as it was to be written.
#[derive(Debug, thiserror::Error)]
#[error("{path} doesn't hold what was written into it")]
struct NotAsWritten {
    path: PathBuf,
}

/// The failure of a file that doesn't hold what was written into it.
pub(super) fn not_as_written(path: &Path) -> RequestError {
    let path = path.to_path_buf();
    RequestError::Store(FailureCause::at(&path.clone(), NotAsWritten { path }))
}

/// The deaths of which lines were declined, the oldest first and the last few of them. The statements that hold them go
/// once the new run takes the place of all.
fn deaths_of_declined(index: &SessionIndex) -> Vec<ProcessDeath> {
    let mut declines: Vec<_> = index.declines().collect();
    declines.sort_by_key(|(header, _)| (header.created, header.run));
    remembered(declines.into_iter().flat_map(|(_, deaths)| deaths).cloned().collect())
}

/// The records of the end that are written in the new run, from those of the one before.
fn how_it_was_left(
    head: &Head,
    status: SessionStatus,
    kept: CheckpointId,
    deaths: Vec<ProcessDeath>,
) -> Vec<Record> {
    let play_time = head.play_time;
    let end = match &head.end {
        Some(end) => {
            let (status, reason, leaving) = (end.status, end.reason, end.leaving.clone());
            Record::End { status, reason, leaving, time: end.time, play_time }
        }
        // It was left in good order, and its end could not be written.
        None if !status.is_running() => {
            let (reason, leaving) = (None, Leaving::default());
            Record::End { status, reason, leaving, time: head.time, play_time }
        }
        None => {
            return vec![
                Record::Status { status, time: head.time, play_time },
                Record::Declined { heads: vec![kept], deaths },
            ];
        }
    };
    after_deaths(deaths, end)
}

/// The records of an end, and of the deaths before it.
fn after_deaths(deaths: Vec<ProcessDeath>, end: Record) -> Vec<Record> {
    match deaths.is_empty() {
        true => vec![end],
        false => vec![Record::Declined { heads: Vec::new(), deaths }, end],
    }
}

/// Blocks of a checkpoint, with custom fields that it was given after it was taken.
struct WithFields {
    blocks: Peekable<MergedBlocks>,
    /// Those fields, until they were handed out in their place.
    fields: Option<Block>,
}

impl Iterator for WithFields {
    type Item = Result<Block, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let Some(fields) = &self.fields else { return self.blocks.next() };
        let is_replaced = |block: &Self::Item| {
            block.as_ref().is_ok_and(|block| block.type_path == fields.type_path)
        };
        while self.blocks.next_if(is_replaced).is_some() {}
        let comes_before =
            |block: &Self::Item| block.as_ref().map_or(true, |block| block.key() < fields.key());
        self.blocks.next_if(comes_before).or_else(|| self.fields.take().map(Ok))
    }
}

fn block_of(fields: &Fields) -> Result<Block, RequestError> {
    let mut values = Values::default();
    let bytes = rmp_serde::to_vec_named(fields)
        .map_err(|error| RequestError::Store(FailureCause::new(error)))?;
    values.push(SaveId::WORLD, &bytes);
    Ok(Block::values(FIELDS.into(), 0, values))
}
