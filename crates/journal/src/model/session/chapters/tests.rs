//! The rules of chapters, apart from where they are kept.

use super::*;
use crate::model::ids::RunId;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const SECOND: Duration = Duration::from_secs(1);

fn begin(chapters: &mut Chapters, chapter: NewChapter) -> ChapterId {
    let id = ChapterId::random();
    chapters.begin(id, chapter, NOW, Duration::ZERO).unwrap();
    id
}

fn named(name: &str) -> NewChapter {
    NewChapter::named(name)
}

fn end(chapters: &mut Chapters) -> ChapterSummary {
    chapters.end_current(ChapterOutcome::Completed, NOW, Duration::ZERO).unwrap()
}

fn first() -> CheckpointId {
    CheckpointId { run: RunId(7), counter: 3 }
}

#[test]
fn time_goes_to_the_innermost_and_outer_figures_are_the_sums() {
    let mut chapters = Chapters::default();
    chapters.let_time_pass(SECOND);
    assert!(chapters.is_empty(), "time outside of chapters is none of theirs");
    let campaign = begin(&mut chapters, named("Campaign"));
    chapters.let_time_pass(SECOND);
    let mission = begin(&mut chapters, named("Mission"));
    chapters.let_time_pass(2 * SECOND);
    assert!(chapters.note_checkpoint(first()));
    assert!(!chapters.note_checkpoint(first()));
    assert_eq!(end(&mut chapters).total.play_time, 2 * SECOND);
    chapters.note_events(5);
    assert_eq!(chapters.get(campaign).unwrap().own.play_time, SECOND);
    let total = chapters.total(campaign).unwrap();
    assert_eq!((total.play_time, total.checkpoints, total.events), (3 * SECOND, 2, 5));
    assert_eq!(chapters.total(mission).unwrap().checkpoints, 2);
    assert_eq!(end(&mut chapters).total, total);
    assert_eq!(chapters.total_of_all(), total);
    assert_eq!(chapters.get(campaign).unwrap().first_checkpoint, Some(first()));
}

#[test]
fn a_field_is_that_of_the_innermost_chapter_that_has_it() {
    let mut chapters = Chapters::default();
    let hard = named("Campaign").field("difficulty", "hard").unwrap().field("lives", &3).unwrap();
    begin(&mut chapters, hard);
    begin(&mut chapters, named("Mission").field("difficulty", "easy").unwrap());
    assert_eq!(chapters.field::<String>("difficulty").as_deref(), Some("easy"));
    assert_eq!(chapters.field::<u32>("difficulty"), None, "an outer one of that type isn't meant");
    assert_eq!(chapters.field("lives"), Some(3));
    end(&mut chapters);
    assert_eq!(chapters.field::<String>("difficulty").as_deref(), Some("hard"));
    end(&mut chapters);
    assert_eq!(chapters.field::<u32>("lives"), None);
}

#[test]
fn inner_chapters_end_as_the_outer_ones_say() {
    use ChapterOutcome::{Abandoned, Completed};
    let mut chapters = Chapters::default();
    let outer = begin(&mut chapters, named("Day").inner(InnerChapters::EndAlike));
    let middle = begin(&mut chapters, named("Match"));
    let inner = begin(&mut chapters, named("Round").inner(InnerChapters::Refuse));
    let ends = |chapters: &Chapters, id| chapters.ends_with(id, Completed);
    assert_eq!(ends(&chapters, outer), Ok(vec![Abandoned, Completed, Completed]));
    assert_eq!(ends(&chapters, middle), Ok(vec![Abandoned, Completed]));
    assert_eq!(ends(&chapters, inner), Ok(vec![Completed]));
    let innermost = begin(&mut chapters, named("Duel"));
    assert_eq!(ends(&chapters, outer), Err(ChapterError::InnerOpen { inner: innermost }));
    end(&mut chapters);
    assert_eq!(ends(&chapters, innermost), Err(ChapterError::HasEnded { chapter: innermost }));
    let unknown = ChapterId::random();
    assert_eq!(ends(&chapters, unknown), Err(ChapterError::Unknown { chapter: unknown }));
}

#[test]
fn chapters_over_the_size_or_nesting_limit_are_refused() {
    let mut chapters = Chapters::default();
    let mut refused = |id, chapter| chapters.begin(id, chapter, NOW, SECOND).unwrap_err();
    let long = named(&"x".repeat(5000));
    assert!(matches!(
        refused(ChapterId::random(), long),
        RequestError::TextTooLong { bytes: 5000, .. }
    ));
    let large = "x".repeat(40_000);
    let large = named("").field("a", &large).unwrap().field("b", &large).unwrap();
    assert!(matches!(refused(ChapterId::random(), large), RequestError::TextTooLong { .. }));
    assert!(chapters.is_empty());
    let ids: Vec<_> = (0..Chapters::DEPTH).map(|_| begin(&mut chapters, named("In"))).collect();
    let error = chapters.begin(ChapterId::random(), named("In"), NOW, SECOND).unwrap_err();
    assert_eq!(error, ChapterError::TooDeep { limit: 8 }.into());
    end(&mut chapters);
    let error = chapters.begin(ids[7], named("Again"), NOW, SECOND).unwrap_err();
    assert_eq!(error, ChapterError::HasBegun { chapter: ids[7] }.into());
}

#[test]
fn sums_include_chapters_dropped_from_the_list() {
    let mut chapters = Chapters::default();
    let game = begin(&mut chapters, named("Game"));
    for _ in 0..200 {
        begin(&mut chapters, named("Round"));
        chapters.let_time_pass(SECOND);
        begin(&mut chapters, named("Half"));
        chapters.let_time_pass(SECOND);
        end(&mut chapters);
        end(&mut chapters);
    }
    assert_eq!(chapters.ended().len(), LISTED);
    assert_eq!(chapters.total(game).unwrap().play_time, 400 * SECOND);
    end(&mut chapters);
    let large = "x".repeat(60_000);
    for _ in 0..300 {
        begin(&mut chapters, named("Level").field("map", &large).unwrap());
        chapters.let_time_pass(SECOND);
        end(&mut chapters);
    }
    assert!(chapters.ended().len() < 20, "{}", chapters.ended().len());
    assert_eq!(chapters.total_of_all().play_time, 700 * SECOND);
    assert_eq!(chapters.total(game), None);
    assert!(rmp_serde::to_vec_named(&chapters).unwrap().len() < 2 << 20);
}

#[test]
fn figures_counted_later_are_added_to_their_own_chapter() {
    let mut chapters = Chapters::default();
    begin(&mut chapters, named("Mission"));
    let written = rmp_serde::to_vec_named(&chapters).unwrap();
    chapters.let_time_pass(SECOND);
    let counted = rmp_serde::to_vec_named(&chapters.counted().unwrap()).unwrap();
    let counted: Counted = rmp_serde::from_slice(&counted).unwrap();
    let mut read: Chapters = rmp_serde::from_slice(&written).unwrap();
    read.take_up(counted);
    assert_eq!(read, chapters);
    read.take_up(Counted { chapter: ChapterId::random(), own: ChapterFigures::default() });
    assert_eq!(read, chapters, "a stale one is of another chapter");
}

#[test]
fn the_count_of_restores_survives_a_rewind() {
    let mut chapters = Chapters::default();
    let mission = begin(&mut chapters, named("Mission"));
    let begun = chapters.clone();
    for attempt in 1..4 {
        let before = std::mem::replace(&mut chapters, begun.clone());
        chapters.note_restore(Some(&before));
        assert_eq!(chapters.get(mission).unwrap().own.restores, attempt);
    }
}
