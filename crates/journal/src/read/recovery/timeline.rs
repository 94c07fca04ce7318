//! A session's checkpoints and branches, as a tree.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;

use super::THUMBNAIL;
use crate::disk::StoredSession;
use crate::format::{CheckpointInfo, CheckpointKind, Validity};
use crate::model::ids::CheckpointId;
use crate::model::session::{AttachmentVersion, OpenChapter, RestoreReason};

/// The content of a session: its checkpoints and the lines that they are on, as a tree in which each checkpoint names
/// the one before it, and the attachments of the session itself.
#[derive(Clone, PartialEq, Debug, Default)]
#[non_exhaustive]
pub struct Timeline {
    /// All checkpoints that are kept, those with the lowest numbers first: each comes after its parent.
    pub checkpoints: Vec<TimelineCheckpoint>,
    /// The lines, by their ends: the one that is played or was written last, then those of a fork, then the branches,
    /// the newest first.
    pub lines: Vec<TimelineLine>,
    /// The attachments of the session itself: all versions of each, by name, the oldest first.
    pub attachments: Vec<AttachmentVersion>,
}

/// A checkpoint in a [`Timeline`].
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct TimelineCheckpoint {
    /// Its identity, for [`RestoreFrom::Checkpoint`](crate::RestoreFrom::Checkpoint).
    pub id: CheckpointId,
    /// The nearest checkpoint before it that is kept; `None` for the oldest.
    pub parent: Option<CheckpointId>,
    /// The reason for which it was taken. The first of each run is an [`Opening`](CheckpointKind::Opening): the same
    /// moment as its parent.
    pub kind: CheckpointKind,
    /// The game's label for it.
    pub label: Option<String>,
    /// The time at which it was taken, by the clock of the machine that took it.
    pub time: Timestamp,
    /// Play time at its moment, pauses excluded.
    pub play_time: Duration,
    /// The chapters that were open, the outermost first. It is the begin of one whose first checkpoint it
    /// is.
    pub chapters: Vec<OpenChapter>,
    /// The attachment with its picture, if it has one, for `AttachmentCommands::read`.
    pub picture: Option<String>,
    /// The state of its data, as far as it is known.
    pub validity: Validity,
}

/// The end of a line in a [`Timeline`].
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct TimelineLine {
    /// The newest checkpoint of the line.
    pub end: CheckpointId,
    /// True if it was left by going back. Otherwise a crash comes back to it.
    pub is_branch: bool,
    /// The newest checkpoint that it has in common with the first line; `None` for that one, and if there
    /// is none.
    pub leaves_at: Option<CheckpointId>,
    /// The reason for which the run of its end began; `None` of a session's first run, and if that isn't known.
    pub begun: Option<RestoreReason>,
}

impl Timeline {
    /// Reads it from a session's index.
    #[must_use]
    pub fn of(stored: &StoredSession) -> Self {
        let index = stored.index();
        let mut found = index.checkpoints();
        found.sort_by_key(|info| (info.id.counter, info.id.run));
        let with_picture = stored.beside().iter().filter(|(_, name)| name == THUMBNAIL);
        let with_picture: HashSet<CheckpointId> = with_picture.map(|(id, _)| *id).collect();
        let attachments = stored.own_attachments().to_vec();
        let mut timeline = Self { attachments, ..Self::default() };
        for info in found {
            let parent = index.kept_before(info.id);
            // Facts that a checkpoint doesn't hold are as they were at the one before.
            let summary = index.commit(info.id).and_then(|commit| commit.summary.as_deref());
            let before = || timeline.get(parent?).map(|before| &before.chapters);
            let chapters = summary.map(|summary| &summary.chapters).or_else(before);
            let chapters = chapters.cloned().unwrap_or_default();
            let picture = with_picture.contains(&info.id).then(|| THUMBNAIL.to_owned());
            let checkpoint = TimelineCheckpoint::new(parent, info, chapters, picture);
            timeline.checkpoints.push(checkpoint);
        }
        let heads = index.heads().iter().map(|head| (head.id, false));
        let branches = index.branches().into_iter().map(|end| (end, true));
        let ends: Vec<(CheckpointId, bool)> = heads.chain(branches).collect();
        let leaves_at = timeline.leaves_first_line_at(ends.first().map(|(end, _)| *end));
        for (end, is_branch) in ends {
            let leaves_at = leaves_at.get(&end).copied().filter(|_| !timeline.lines.is_empty());
            let begun = index.begun(end).map(|begun| begun.reason);
            timeline.lines.push(TimelineLine { end, is_branch, leaves_at, begun });
        }
        timeline
    }

    /// The checkpoint with this id; `None` if it isn't kept.
    #[must_use]
    pub fn get(&self, id: CheckpointId) -> Option<&TimelineCheckpoint> {
        self.place_of(id).and_then(|place| self.checkpoints.get(place))
    }

    /// The checkpoints that lead to this one, itself included, the newest first.
    pub fn line(&self, end: CheckpointId) -> impl Iterator<Item = &TimelineCheckpoint> {
        std::iter::successors(self.get(end), |checkpoint| self.get(checkpoint.parent?))
    }

    /// The lines that were left by going back, the newest first.
    pub fn branches(&self) -> impl Iterator<Item = &TimelineLine> {
        self.lines.iter().filter(|line| line.is_branch)
    }

    /// Adds the checkpoint that follows the first line's newest, without looking at the disk.
    #[doc(hidden)]
    pub fn follow(&mut self, next: TimelineCheckpoint) {
        let follows =
            |line: &TimelineLine| line.end.run == next.id.run && line.end.counter < next.id.counter;
        // The first of another run is read.
        let Some(line) = self.lines.first_mut().filter(|line| follows(line)) else { return };
        let parent = Some(std::mem::replace(&mut line.end, next.id));
        self.checkpoints.push(TimelineCheckpoint { parent, ..next });
    }

    /// Notes that a checkpoint has a picture.
    #[doc(hidden)]
    pub fn note_picture(&mut self, id: CheckpointId, name: &str) {
        let place = self.place_of(id).filter(|_| name == THUMBNAIL);
        if let Some(checkpoint) = place.and_then(|place| self.checkpoints.get_mut(place)) {
            checkpoint.picture = Some(name.to_owned());
        }
    }

    fn place_of(&self, id: CheckpointId) -> Option<usize> {
        let key = |checkpoint: &TimelineCheckpoint| (checkpoint.id.counter, checkpoint.id.run);
        self.checkpoints.binary_search_by_key(&(id.counter, id.run), key).ok()
    }

    /// For each checkpoint, the newest one that its line has in common with the first line.
    fn leaves_first_line_at(
        &self,
        first: Option<CheckpointId>,
    ) -> HashMap<CheckpointId, CheckpointId> {
        let first: HashSet<CheckpointId> =
            first.into_iter().flat_map(|first| self.line(first)).map(|it| it.id).collect();
        let mut found = HashMap::new();
        // Each comes after its parent.
        for TimelineCheckpoint { id, parent, .. } in &self.checkpoints {
            let before = parent.and_then(|parent| found.get(&parent).copied());
            let common = Some(*id).filter(|id| first.contains(id)).or(before);
            found.extend(common.map(|common| (*id, common)));
        }
        found
    }
}

impl TimelineCheckpoint {
    /// One that has just become durable, and of which nothing else is known yet.
    #[doc(hidden)]
    #[must_use]
    pub fn saved(
        id: CheckpointId,
        kind: CheckpointKind,
        time: Timestamp,
        play_time: Duration,
    ) -> Self {
        let (parent, label, picture, validity) = (None, None, None, Validity::Unread);
        let chapters = Vec::new();
        Self { id, parent, kind, label, time, play_time, chapters, picture, validity }
    }

    /// Sets the game's label for it.
    #[doc(hidden)]
    #[must_use]
    pub fn called(self, label: Option<String>) -> Self {
        Self { label, ..self }
    }

    /// The chapters that were open.
    #[doc(hidden)]
    #[must_use]
    pub fn within(self, chapters: Vec<OpenChapter>) -> Self {
        Self { chapters, ..self }
    }

    /// The chapter that began with it.
    #[must_use]
    pub fn begins(&self) -> Option<&OpenChapter> {
        self.chapters.iter().rev().find(|chapter| chapter.first_checkpoint == Some(self.id))
    }

    fn new(
        parent: Option<CheckpointId>,
        info: CheckpointInfo,
        chapters: Vec<OpenChapter>,
        picture: Option<String>,
    ) -> Self {
        let CheckpointInfo { id, kind, label, time, play_time, validity, .. } = info;
        Self { id, parent, kind, label, time, play_time, chapters, picture, validity }
    }
}
