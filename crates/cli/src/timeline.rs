//! A session's timeline as data: checkpoints, the lines that they are on, and chapters.

use bevy_session_journal::internal::disk::StoredSession;
use bevy_session_journal::{
    OpenChapter, RestoreReason, Timeline, TimelineCheckpoint, TimelineLine,
};
use jiff::Timestamp;
use serde::Serialize;

use crate::output::milliseconds;

/// A session's timeline.
#[derive(Serialize)]
pub struct ShownTimeline {
    /// Each after the one before it.
    checkpoints: Vec<Moment>,
    /// The line that is played or was written last, then those of a fork, then the branches, the newest
    /// first.
    lines: Vec<Line>,
    /// The chapters that the checkpoints are in, in the order in which these name them.
    chapters: Vec<Chapter>,
}

#[derive(Serialize)]
struct Moment {
    id: String,
    /// The nearest checkpoint before it that is kept.
    parent: Option<String>,
    label: Option<String>,
    time: Timestamp,
    play_time_ms: u64,
    /// The ids of the chapters that were open, the outermost first.
    chapters: Vec<String>,
    /// The attachment with its picture.
    picture: Option<String>,
}

/// The end of a line.
#[derive(Serialize)]
struct Line {
    end: String,
    /// True if it was left by going back.
    is_branch: bool,
    /// The newest checkpoint that it has in common with the first line.
    leaves_at: Option<String>,
    /// Why the run of its end began.
    begun: Option<RestoreReason>,
}

/// A chapter, for lists.
#[derive(Serialize)]
pub struct Chapter {
    id: String,
    pub name: String,
    pub kind: String,
    /// The first checkpoint in it.
    first_checkpoint: Option<String>,
}

impl From<&OpenChapter> for Chapter {
    fn from(chapter: &OpenChapter) -> Self {
        let first_checkpoint = chapter.first_checkpoint.map(|id| id.to_string());
        Self {
            id: chapter.id.to_string(),
            name: chapter.name.clone(),
            kind: chapter.kind.clone(),
            first_checkpoint,
        }
    }
}

impl ShownTimeline {
    pub fn of(stored: &StoredSession) -> Self {
        let timeline = Timeline::of(stored);
        let mut chapters: Vec<Chapter> = Vec::new();
        for chapter in timeline.checkpoints.iter().flat_map(|it| &it.chapters) {
            let shown = Chapter::from(chapter);
            match chapters.iter_mut().find(|known| known.id == shown.id) {
                // The first to name it may not know yet which checkpoint is its first.
                Some(known) => known.first_checkpoint = shown.first_checkpoint,
                None => chapters.push(shown),
            }
        }
        Self {
            checkpoints: timeline.checkpoints.iter().map(Moment::of).collect(),
            lines: timeline.lines.iter().map(Line::of).collect(),
            chapters,
        }
    }
}

impl Moment {
    fn of(checkpoint: &TimelineCheckpoint) -> Self {
        Self {
            id: checkpoint.id.to_string(),
            parent: checkpoint.parent.map(|id| id.to_string()),
            label: checkpoint.label.clone(),
            time: checkpoint.time,
            play_time_ms: milliseconds(checkpoint.play_time),
            chapters: checkpoint.chapters.iter().map(|it| it.id.to_string()).collect(),
            picture: checkpoint.picture.clone(),
        }
    }
}

impl Line {
    fn of(line: &TimelineLine) -> Self {
        Self {
            end: line.end.to_string(),
            is_branch: line.is_branch,
            leaves_at: line.leaves_at.map(|id| id.to_string()),
            begun: line.begun,
        }
    }
}
