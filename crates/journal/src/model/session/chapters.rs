//! The chapters of a session: which are open within each other, and which have ended.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::chapter::ChapterEnd;
use super::{
    Chapter, ChapterError, ChapterFigures, ChapterOutcome, ChapterSummary, Fields, InnerChapters,
    NewChapter, OpenChapter, RequestError,
};
use crate::model::ids::{ChapterId, CheckpointId};

/// Ended chapters that are listed.
const LISTED: usize = 256;
/// Bytes of their texts and fields together.
const LISTED_BYTES: usize = 1 << 20;
/// Letters of a name that lists show.
const LETTERS: usize = 80;

/// The chapters of a session, as its newest checkpoint will have them.
///
/// Time and all that is counted goes to the innermost chapter that is open. The figures of a chapter together with
/// those within it are computed from that, so that sums always agree.
///
/// Of the chapters that have ended, the newest 256 are listed, as far as their names and fields take 1 MiB at most. The
/// figures of older ones stay in the sums.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
pub struct Chapters {
    /// The outermost first, each within the one before.
    #[serde(default)]
    open: Vec<Chapter>,
    /// In the order in which they ended, so each before the chapter around it.
    #[serde(default)]
    ended: Vec<Chapter>,
    /// The sums of chapters within none that aren't listed any more.
    #[serde(default)]
    unlisted: ChapterFigures,
}

impl Chapters {
    /// The number of chapters that may be open within each other.
    pub const DEPTH: usize = 8;

    /// The chapters that are open, the outermost first: each is a part of the one before.
    #[must_use]
    pub fn open(&self) -> &[Chapter] {
        &self.open
    }

    /// The chapters that have ended and are listed, in the order in which they ended.
    #[must_use]
    pub fn ended(&self) -> &[Chapter] {
        &self.ended
    }

    /// The innermost chapter that is open.
    #[must_use]
    pub fn current(&self) -> Option<&Chapter> {
        self.open.last()
    }

    /// A chapter that is open, or has ended and is listed.
    #[must_use]
    pub fn get(&self, chapter: ChapterId) -> Option<&Chapter> {
        self.newest_first().find(|known| known.id == chapter)
    }

    /// Returns true if there is no chapter, and never was one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The value of a custom field in the innermost open chapter that has it; `None` if none has, or
    /// if it is of another type there.
    #[must_use]
    pub fn field<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        self.fields_with(name)?.get(name)
    }

    /// The fields of the innermost open chapter that has one of this name.
    #[doc(hidden)]
    #[must_use]
    pub fn fields_with(&self, name: &str) -> Option<&Fields> {
        let fields = self.open.iter().rev().map(|chapter| &chapter.fields);
        fields.into_iter().find(|fields| fields.contains(name))
    }

    /// The figures of a chapter and all chapters within it; `None` if it isn't listed.
    #[must_use]
    pub fn total(&self, chapter: ChapterId) -> Option<ChapterFigures> {
        self.get(chapter)?;
        let mut within = HashSet::from([chapter]);
        let mut total = ChapterFigures::default();
        // Each chapter comes after the one around it.
        for known in self.newest_first() {
            if known.outer.is_some_and(|outer| within.contains(&outer)) {
                within.insert(known.id);
            }
            if within.contains(&known.id) {
                total += known.own;
                total += known.unlisted;
            }
        }
        Some(total)
    }

    /// The figures of all chapters that the session ever had.
    #[must_use]
    pub fn total_of_all(&self) -> ChapterFigures {
        let mut total = self.unlisted;
        for chapter in self.newest_first() {
            total += chapter.own;
            total += chapter.unlisted;
        }
        total
    }

    /// Those that are open, outermost first, then those that have ended, newest first.
    fn newest_first(&self) -> impl Iterator<Item = &Chapter> {
        self.open.iter().chain(self.ended.iter().rev())
    }

    /// Begins a chapter within the innermost one that is open.
    ///
    /// # Errors
    ///
    /// [`RequestError`] names what is in the way. Nothing has changed then.
    #[doc(hidden)]
    pub fn begin(
        &mut self,
        id: ChapterId,
        chapter: NewChapter,
        now: Timestamp,
        play_time: Duration,
    ) -> Result<(), RequestError> {
        chapter.check()?;
        if self.open.len() >= Self::DEPTH {
            return Err(ChapterError::TooDeep { limit: Self::DEPTH }.into());
        }
        if self.get(id).is_some() {
            return Err(ChapterError::HasBegun { chapter: id }.into());
        }
        let outer = self.current().map(|current| current.id);
        self.open.push(chapter.begin(id, outer, now, play_time));
        Ok(())
    }

    /// The outcomes of the open chapters, the innermost first, if this one ends.
    ///
    /// # Errors
    ///
    /// [`ChapterError`] if it isn't open, or may not end yet.
    #[doc(hidden)]
    pub fn ends_with(
        &self,
        chapter: ChapterId,
        outcome: ChapterOutcome,
    ) -> Result<Vec<ChapterOutcome>, ChapterError> {
        let Some(place) = self.open.iter().position(|open| open.id == chapter) else {
            let has_ended = self.get(chapter).is_some();
            return Err(match has_ended {
                true => ChapterError::HasEnded { chapter },
                false => ChapterError::Unknown { chapter },
            });
        };
        let mut outcomes = vec![outcome];
        let mut next = outcome;
        for outer in self.open.iter().skip(place).take(self.open.len() - place - 1) {
            next = match outer.inner {
                InnerChapters::EndAlike => next,
                InnerChapters::Abandon => ChapterOutcome::Abandoned,
                InnerChapters::Refuse => {
                    let inner = self.current().map_or(chapter, |current| current.id);
                    return Err(ChapterError::InnerOpen { inner });
                }
            };
            outcomes.push(next);
        }
        outcomes.reverse();
        Ok(outcomes)
    }

    /// Ends the innermost chapter that is open, and returns it with its figures.
    #[doc(hidden)]
    pub fn end_current(
        &mut self,
        outcome: ChapterOutcome,
        now: Timestamp,
        play_time: Duration,
    ) -> Option<ChapterSummary> {
        let total = self.total(self.current()?.id)?;
        let mut chapter = self.open.pop()?;
        chapter.end = Some(ChapterEnd::new(outcome, now, play_time));
        self.ended.push(chapter.clone());
        self.keep_newest();
        Some(ChapterSummary::new(chapter, total))
    }

    /// Lists no more of the ended chapters than there is room for.
    fn keep_newest(&mut self) {
        let mut bytes = 0;
        let fits = |chapter: &&Chapter| {
            bytes += chapter.name.len() + chapter.kind.len() + chapter.fields.bytes();
            bytes <= LISTED_BYTES
        };
        let listed = self.ended.iter().rev().take(LISTED).take_while(fits).count();
        let surplus = self.ended.len() - listed;
        for chapter in self.ended.drain(..surplus).collect::<Vec<_>>() {
            // The chapter around it is open, or ended later.
            let mut outer = self.open.iter_mut().chain(&mut self.ended);
            let outer = outer.find(|outer| Some(outer.id) == chapter.outer);
            let sums = outer.map_or(&mut self.unlisted, |outer| &mut outer.unlisted);
            *sums += chapter.own;
            *sums += chapter.unlisted;
        }
    }

    /// Adds this play time.
    #[doc(hidden)]
    pub fn let_time_pass(&mut self, passed: Duration) {
        self.count(ChapterFigures { play_time: passed, ..ChapterFigures::default() });
    }

    /// A checkpoint is taken: for chapters that have none so far, it is the one as they began. Returns true if it is
    /// that for any.
    #[doc(hidden)]
    pub fn note_checkpoint(&mut self, checkpoint: CheckpointId) -> bool {
        self.count(ChapterFigures { checkpoints: 1, ..ChapterFigures::default() });
        let new = self.open.iter_mut().filter(|chapter| chapter.first_checkpoint.is_none());
        new.map(|chapter| chapter.first_checkpoint = Some(checkpoint)).count() > 0
    }

    /// A checkpoint could not be written: the next one is the first of the chapters that began with it. Returns true if
    /// there are any.
    #[doc(hidden)]
    pub fn forget_checkpoint(&mut self, checkpoint: CheckpointId) -> bool {
        let began = |chapter: &&mut Chapter| chapter.first_checkpoint == Some(checkpoint);
        self.open.iter_mut().filter(began).map(|chapter| chapter.first_checkpoint = None).count()
            > 0
    }

    /// A checkpoint was put back into the world, in place of what was played there `before`. That
    /// players went back before isn't taken back with the world.
    #[doc(hidden)]
    pub fn note_restore(&mut self, before: Option<&Self>) {
        for chapter in self.open.iter_mut().chain(&mut self.ended) {
            let known = before.and_then(|before| before.get(chapter.id));
            let restores = known.map_or(0, |known| known.own.restores);
            chapter.own.restores = chapter.own.restores.max(restores);
        }
        self.count(ChapterFigures { restores: 1, ..ChapterFigures::default() });
    }

    /// So many events were recorded.
    #[doc(hidden)]
    pub fn note_events(&mut self, events: u64) {
        self.count(ChapterFigures { events, ..ChapterFigures::default() });
    }

    fn count(&mut self, more: ChapterFigures) {
        if let Some(current) = self.open.last_mut() {
            current.own += more;
        }
    }

    /// The figures that change with every frame: those of the innermost open chapter.
    #[doc(hidden)]
    #[must_use]
    pub fn counted(&self) -> Option<Counted> {
        self.current().map(|current| Counted { chapter: current.id, own: current.own })
    }

    /// Takes up what was counted later than the rest was written.
    #[doc(hidden)]
    pub fn take_up(&mut self, counted: Counted) {
        let current = self.open.last_mut().filter(|current| current.id == counted.chapter);
        if let Some(current) = current {
            current.own = counted.own;
        }
    }

    /// The open chapters as lists show them, the outermost first.
    #[doc(hidden)]
    #[must_use]
    pub fn listed(&self) -> Vec<OpenChapter> {
        self.open.iter().take(Self::DEPTH).map(listed).collect()
    }

    /// The chapters that were open at this play time as lists show them, the outermost first.
    #[doc(hidden)]
    #[must_use]
    pub fn listed_at(&self, play_time: Duration) -> Vec<OpenChapter> {
        // Checkpoints count milliseconds.
        let moment = play_time.as_millis();
        let was_open = |chapter: &&Chapter| {
            let has_begun = chapter.begun_at.as_millis() <= moment;
            has_begun && chapter.end.is_none_or(|end| end.play_time.as_millis() > moment)
        };
        self.newest_first().filter(was_open).take(Self::DEPTH).map(listed).collect()
    }
}

/// The figures of the innermost open chapter.
#[doc(hidden)]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Counted {
    pub chapter: ChapterId,
    pub own: ChapterFigures,
}

/// The chapters as a checkpoint writes them.
#[doc(hidden)]
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ChaptersWritten {
    /// All of them, if they changed or the capture is full.
    pub all: Option<Chapters>,
    /// The figures of the innermost open one.
    pub counted: Option<Counted>,
}

impl ChaptersWritten {
    /// As an order has it; `None` if there is nothing to say.
    #[must_use]
    pub fn into_order(self) -> Option<Box<Self>> {
        let says_something = self.all.is_some() || self.counted.is_some();
        says_something.then(|| Box::new(self))
    }
}

/// A chapter as lists show it.
fn listed(chapter: &Chapter) -> OpenChapter {
    OpenChapter {
        id: chapter.id,
        name: chapter.name.chars().take(LETTERS).collect(),
        kind: chapter.kind.chars().take(LETTERS).collect(),
        first_checkpoint: chapter.first_checkpoint,
    }
}

#[cfg(test)]
mod tests;
