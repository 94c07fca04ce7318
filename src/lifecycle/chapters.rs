//! Begins and ends the chapters of the session that is being played.
//!
//! A chapter isn't a session: it is an entry in a list that the session keeps like its custom
//! fields, in a column of each checkpoint (`model/session/chapters.rs` in the journal). So a
//! rewind, a slot or another branch has the chapters of its moment, and there is nothing else to
//! keep consistent. The counts of the innermost open one change with each checkpoint and are in a
//! small separate column; a chapter's totals with those within it are computed, so sums can't
//! disagree. Summaries in commits name the open ones, with the checkpoint that each began with.
//! Lists show that, and retention uses it: it keeps such a checkpoint before all other named ones.
//!
//! `lifecycle/chapters.rs` begins and ends them. At an end, observers run first, then entities that
//! are `InChapter` are despawned like those of a state, so that their keys don't count as gone, and
//! then a checkpoint is taken.

use bevy::prelude::*;
use bevy_session_journal::{
    ChapterError, ChapterId, ChapterOutcome, CheckpointKind, EndReason, EventTrigger, NewChapter,
    RequestError,
};
use tracing::info;

use super::checkpoints::take_checkpoint;
use super::deferring::take_or_defer;
use super::gates::saves_by_itself;
use super::notifications::{ChapterBegun, ChapterEnded, notify};
use super::recording::{note_lifecycle, take_events};
use super::runtime::RuntimeParts;
use super::runtime::asked_checkpoints::WantedCheckpoint;
use super::runtime::transition::Departure;
use crate::capture::InChapter;
use crate::restore::despawn_all;

/// Begins a chapter, and takes its first checkpoint: if a gate is closed, as soon as that opens.
pub(super) fn begin_chapter(
    parts: &mut RuntimeParts,
    world: &mut World,
    chapter: ChapterId,
    new: &NewChapter,
) -> Result<(), RequestError> {
    // What happened until now belongs to the chapter around it.
    take_events(parts, world);
    let now = parts.time.now().wall;
    let mut current = parts.played_session(world)?;
    let (session, play_time) = (current.id(), current.play_time);
    current.chapters.begin(chapter, new.clone(), now, play_time)?;
    current.chapters_changed = true;
    info!(%session, %chapter, name = new.name(), "chapter begun");
    note_lifecycle(parts, "chapter_begun", EventTrigger::Player, |event| event.details(new.name()));
    notify(world, ChapterBegun { session, chapter });
    let label = Some(new.name().to_owned());
    take_or_defer(parts, world, WantedCheckpoint::unasked(CheckpointKind::Manual, label));
    Ok(())
}

pub(super) fn end_chapter(
    parts: &mut RuntimeParts,
    world: &mut World,
    chapter: ChapterId,
    outcome: ChapterOutcome,
) -> Result<(), RequestError> {
    let outcomes = parts.played_session(world)?.chapters.ends_with(chapter, outcome)?;
    end_innermost(parts, world, outcomes);
    if saves_by_itself(world) && parts.may_capture() {
        take_checkpoint(parts, world, CheckpointKind::State, Some("chapter ended".to_owned()));
    }
    Ok(())
}

pub(super) fn end_current_chapter(
    parts: &mut RuntimeParts,
    world: &mut World,
    outcome: ChapterOutcome,
) -> Result<(), RequestError> {
    let current = parts.played_session(world)?.chapters.current().map(|current| current.id);
    end_chapter(parts, world, current.ok_or(ChapterError::NoneOpen)?, outcome)
}

/// Ends all open chapters, if the session is over for good: as completed if the session is, else as
/// abandoned.
pub(super) fn end_chapters_with_session(
    parts: &mut RuntimeParts,
    world: &mut World,
    departure: &Departure,
) {
    let Some(reason) = departure.end else { return };
    let Ok(current) = parts.played_session(world) else { return };
    let outcome = match reason {
        EndReason::Completed => ChapterOutcome::Completed,
        _ => ChapterOutcome::Abandoned,
    };
    let outcomes = vec![outcome; current.chapters.open().len()];
    end_innermost(parts, world, outcomes);
}

/// Ends this many chapters, innermost first, and despawns their entities.
fn end_innermost(parts: &mut RuntimeParts, world: &mut World, outcomes: Vec<ChapterOutcome>) {
    let now = parts.time.now().wall;
    for outcome in outcomes {
        take_events(parts, world);
        let Ok(mut current) = parts.played_session(world) else { return };
        let (session, play_time) = (current.id(), current.play_time);
        let Some(summary) = current.chapters.end_current(outcome, now, play_time) else {
            return;
        };
        current.chapters_changed = true;
        let chapter = summary.chapter.id;
        info!(%session, %chapter, ?outcome, name = summary.chapter.name, "chapter ended");
        note_lifecycle(parts, "chapter_ended", EventTrigger::Player, |event| {
            let status = format!("{outcome:?}").to_lowercase();
            event.between(Some("open".to_owned()), Some(status)).details(&summary.chapter.name)
        });
        notify(world, ChapterEnded { session, chapter, outcome, summary });
        let leaving = InChapter::leaving(world, chapter);
        despawn_all(world, &leaving);
        world.flush();
    }
}
