//! Begins and ends the chapters of the session that is being played.

use bevy::prelude::*;
use tracing::info;

use super::asked_checkpoints::WantedCheckpoint;
use super::leaving::Departure;
use super::notifications::{ChapterBegun, ChapterEnded, notify};
use super::runtime::RuntimeParts;
use crate::capture::InChapter;
use crate::journal::{ChapterId, CheckpointKind};
use crate::restore::despawn_all;
use crate::session::{
    ChapterError, ChapterOutcome, EndReason, EventTrigger, NewChapter, RequestError,
};

impl RuntimeParts {
    /// Begins a chapter, and takes the checkpoint with which it begins: behind a closed gate, as soon as
    /// that opens.
    pub(super) fn begin_chapter(
        &mut self,
        world: &mut World,
        chapter: ChapterId,
        new: &NewChapter,
    ) -> Result<(), RequestError> {
        // What happened until now belongs to the chapter around it.
        self.take_events(world);
        let now = self.time.now().wall;
        let mut current = self.played_session(world)?;
        let (session, play_time) = (current.id(), current.play_time);
        current.chapters.begin(chapter, new.clone(), now, play_time)?;
        current.chapters_changed = true;
        info!(%session, %chapter, name = new.name(), "chapter begun");
        self.note_lifecycle("chapter_begun", EventTrigger::Player, |event| {
            event.details(new.name())
        });
        notify(world, ChapterBegun { session, chapter });
        let label = Some(new.name().to_owned());
        self.take_or_defer(world, WantedCheckpoint::unasked(CheckpointKind::Manual, label));
        Ok(())
    }

    pub(super) fn end_chapter(
        &mut self,
        world: &mut World,
        chapter: ChapterId,
        outcome: ChapterOutcome,
    ) -> Result<(), RequestError> {
        let outcomes = self.played_session(world)?.chapters.ends_with(chapter, outcome)?;
        self.end_innermost(world, outcomes);
        if self.saves_by_itself(world) && self.may_capture() {
            self.take_checkpoint(world, CheckpointKind::State, Some("chapter ended".to_owned()));
        }
        Ok(())
    }

    pub(super) fn end_current_chapter(
        &mut self,
        world: &mut World,
        outcome: ChapterOutcome,
    ) -> Result<(), RequestError> {
        let current = self.played_session(world)?.chapters.current().map(|current| current.id);
        self.end_chapter(world, current.ok_or(ChapterError::NoneOpen)?, outcome)
    }

    /// Ends all chapters that are open, if the session is over for good. They end as it does if it was
    /// completed, and are abandoned otherwise.
    pub(super) fn end_chapters_with_session(&mut self, world: &mut World, departure: &Departure) {
        let Some(reason) = departure.end else { return };
        let Ok(current) = self.played_session(world) else { return };
        let outcome = match reason {
            EndReason::Completed => ChapterOutcome::Completed,
            _ => ChapterOutcome::Abandoned,
        };
        let outcomes = vec![outcome; current.chapters.open().len()];
        self.end_innermost(world, outcomes);
    }

    /// Ends so many chapters, the innermost first. What belongs to one leaves with it.
    fn end_innermost(&mut self, world: &mut World, outcomes: Vec<ChapterOutcome>) {
        let now = self.time.now().wall;
        for outcome in outcomes {
            self.take_events(world);
            let Ok(mut current) = self.played_session(world) else { return };
            let (session, play_time) = (current.id(), current.play_time);
            let Some(summary) = current.chapters.end_current(outcome, now, play_time) else {
                return;
            };
            current.chapters_changed = true;
            let chapter = summary.chapter.id;
            info!(%session, %chapter, ?outcome, name = summary.chapter.name, "chapter ended");
            self.note_lifecycle("chapter_ended", EventTrigger::Player, |event| {
                let status = format!("{outcome:?}").to_lowercase();
                event.between(Some("open".to_owned()), Some(status)).details(&summary.chapter.name)
            });
            notify(world, ChapterEnded { session, chapter, outcome, summary });
            let leaving = InChapter::leaving(world, chapter);
            despawn_all(world, &leaving);
            world.flush();
        }
    }
}
