//! Chapters: sessions within a session.

use std::ops::AddAssign;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{FieldError, Fields, RequestError};
use crate::model::ids::{ChapterId, CheckpointId, limits};

/// Bytes of a chapter's fields together.
const FIELDS_BYTES: usize = limits::FRAME_BYTES / 16;

/// A chapter of a session: a mission, a match, a day, a visit to a dungeon.
///
/// It is stored in the session's checkpoints, so a restore takes it back with the world.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
#[non_exhaustive]
pub struct Chapter {
    /// The chapter's identity.
    pub id: ChapterId,
    /// The chapter that it is a part of, if it is a part of one.
    #[serde(default)]
    pub outer: Option<ChapterId>,
    /// Its name, as the player sees it.
    pub name: String,
    /// The kind of chapter, in the game's own words: "mission", "match". May be empty.
    #[serde(default)]
    pub kind: String,
    /// Its own custom fields, without those of the chapters around it.
    #[serde(default)]
    pub fields: Fields,
    /// The time at which it began, by the machine's clock.
    #[cfg_attr(feature = "bevy_reflect", reflect(ignore))]
    pub begun: Timestamp,
    /// The session's play time when it began.
    #[serde(with = "crate::model::session::milliseconds")]
    pub begun_at: Duration,
    /// The figures of the time in which it was the innermost open chapter. [`Chapters::total`](super::Chapters::total)
    /// adds the chapters within it.
    #[serde(default)]
    pub own: ChapterFigures,
    /// The fate of chapters within it that are open when it ends.
    #[serde(default)]
    pub inner: InnerChapters,
    /// Its end; `None` while it is open.
    #[serde(default)]
    pub end: Option<ChapterEnd>,
    /// The first checkpoint in it, as it began. It is kept as long as the chapter is open.
    #[serde(default)]
    pub first_checkpoint: Option<CheckpointId>,
    /// The sums of chapters within it that ended so long ago that they aren't listed any more.
    #[serde(default)]
    pub(super) unlisted: ChapterFigures,
}

/// The figures of a chapter.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
#[non_exhaustive]
pub struct ChapterFigures {
    /// Time played, pauses excluded.
    #[serde(default, with = "crate::model::session::milliseconds")]
    pub play_time: Duration,
    /// Checkpoints that were taken.
    #[serde(default)]
    pub checkpoints: u64,
    /// Times that a checkpoint in it was put back into the world.
    #[serde(default)]
    pub restores: u64,
    /// Events that were recorded.
    #[serde(default)]
    pub events: u64,
}

impl AddAssign for ChapterFigures {
    fn add_assign(&mut self, other: Self) {
        self.play_time = self.play_time.saturating_add(other.play_time);
        self.checkpoints = self.checkpoints.saturating_add(other.checkpoints);
        self.restores = self.restores.saturating_add(other.restores);
        self.events = self.events.saturating_add(other.events);
    }
}

/// The outcome of a chapter.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq, Hash))]
#[non_exhaustive]
pub enum ChapterOutcome {
    /// The player reached its goal.
    Completed,
    /// The player lost, or the chapter could not continue.
    Failed,
    /// The player gave it up.
    Abandoned,
}

/// The end of a chapter.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
#[non_exhaustive]
pub struct ChapterEnd {
    /// The outcome that the game gave: completed, failed or abandoned.
    pub outcome: ChapterOutcome,
    /// The time, by the machine's clock.
    #[cfg_attr(feature = "bevy_reflect", reflect(ignore))]
    pub time: Timestamp,
    /// The session's play time at that moment.
    #[serde(with = "crate::model::session::milliseconds")]
    pub play_time: Duration,
}

impl ChapterEnd {
    pub(super) fn new(outcome: ChapterOutcome, time: Timestamp, play_time: Duration) -> Self {
        Self { outcome, time, play_time }
    }
}

/// The fate of the open chapters within one that ends.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq, Hash))]
#[non_exhaustive]
pub enum InnerChapters {
    /// They are abandoned. The default.
    #[default]
    Abandon,
    /// They end as it does.
    EndAlike,
    /// It can't end before they have.
    Refuse,
}

/// A chapter that has ended, with its figures.
#[derive(Clone, PartialEq, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
#[non_exhaustive]
pub struct ChapterSummary {
    /// The chapter, with its end.
    pub chapter: Chapter,
    /// The figures of the chapter and of all chapters within it.
    pub total: ChapterFigures,
}

impl ChapterSummary {
    pub(super) fn new(chapter: Chapter, total: ChapterFigures) -> Self {
        Self { chapter, total }
    }
}

/// A chapter that was open at a checkpoint, as lists show it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
#[non_exhaustive]
pub struct OpenChapter {
    /// The chapter.
    pub id: ChapterId,
    /// Its name; at most 80 letters of it.
    pub name: String,
    /// The kind of chapter; at most 80 letters of it. May be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// The first checkpoint in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_checkpoint: Option<CheckpointId>,
}

/// A chapter to be begun.
///
/// ```
/// use bevy_session_journal::NewChapter;
///
/// let chapter = NewChapter::named("Mission 3").kind("mission").field("difficulty", "hard");
/// assert!(chapter.is_ok());
/// ```
#[derive(Clone, PartialEq, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
pub struct NewChapter {
    name: String,
    kind: String,
    fields: Fields,
    inner: InnerChapters,
}

impl NewChapter {
    /// A chapter with this name.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        let (kind, fields, inner) = Default::default();
        Self { name: name.into(), kind, fields, inner }
    }

    /// Sets the kind of chapter, in the game's own words. Empty by default.
    #[must_use]
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = kind.into();
        self
    }

    /// Sets the fate of the chapters within it that are open when it ends. [`InnerChapters::Abandon`] by default.
    #[must_use]
    pub fn inner(mut self, inner: InnerChapters) -> Self {
        self.inner = inner;
        self
    }

    /// Sets a custom field. All of a chapter's together may take 64 KiB.
    ///
    /// # Errors
    ///
    /// [`FieldError`] if the value can't be written.
    pub fn field<T: Serialize + ?Sized>(
        mut self,
        name: &str,
        value: &T,
    ) -> Result<Self, FieldError> {
        self.fields.set(name, value)?;
        Ok(self)
    }

    /// The chapter's name, as the player sees it.
    #[doc(hidden)]
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns an error if its texts or fields are too large to be kept.
    pub(super) fn check(&self) -> Result<(), RequestError> {
        let longest = self.name.len().max(self.kind.len());
        let limits = [(longest, limits::STRING_BYTES), (self.fields.bytes(), FIELDS_BYTES)];
        match limits.into_iter().find(|(bytes, limit)| bytes > limit) {
            Some((bytes, limit)) => Err(RequestError::TextTooLong { bytes, limit }),
            None => Ok(()),
        }
    }

    /// The chapter that begins with this.
    pub(super) fn begin(
        self,
        id: ChapterId,
        outer: Option<ChapterId>,
        begun: Timestamp,
        begun_at: Duration,
    ) -> Chapter {
        let Self { name, kind, fields, inner } = self;
        let (own, end, first_checkpoint, unlisted) = Default::default();
        Chapter {
            id,
            outer,
            name,
            kind,
            fields,
            begun,
            begun_at,
            own,
            inner,
            end,
            first_checkpoint,
            unlisted,
        }
    }
}

/// The error of an operation on a chapter.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(opaque, Clone, Debug, PartialEq, Hash))]
#[non_exhaustive]
pub enum ChapterError {
    /// The session has no such chapter, or it ended so long ago that it isn't listed any more.
    #[error("the session has no chapter {chapter}")]
    Unknown {
        /// The chapter that was asked for.
        chapter: ChapterId,
    },
    /// The chapter has ended before.
    #[error("chapter {chapter} has already ended")]
    HasEnded {
        /// The chapter.
        chapter: ChapterId,
    },
    /// No chapter is open.
    #[error("no chapter is open")]
    NoneOpen,
    /// A chapter within this one is open, and [`InnerChapters::Refuse`] wants it ended first.
    #[error("chapter {inner} within it is open")]
    InnerOpen {
        /// The innermost chapter that is open.
        inner: ChapterId,
    },
    /// So many chapters within each other are open already.
    #[error("{limit} nested chapters are open, and there can't be more")]
    TooDeep {
        /// The most there may be.
        limit: usize,
    },
    /// A chapter with this id has begun before.
    #[error("chapter {chapter} has already begun")]
    HasBegun {
        /// The chapter.
        chapter: ChapterId,
    },
}
