//! A mission that is begun, won and tried again.

use bevy::prelude::*;
use bevy_session::MemoryDisk;
use bevy_session::chapters::{ChapterOutcome, NewChapter};
use bevy_session::prelude::*;

use super::stage::{assert_said, said};
use crate::common::{frames, game, request, seconds, start};

mod page {
    include!("samples/chapters.rs");

    pub fn enter(app: &mut App) {
        app.world_mut().run_system_cached::<(), _, _>(enter_mission).unwrap();
    }

    pub fn win(app: &mut App) {
        app.world_mut().run_system_cached(mission_is_won).unwrap();
    }
}

mod again {
    include!("samples/try_again.rs");

    pub fn press(app: &mut App) {
        app.world_mut().run_system_cached(try_again).unwrap();
    }
}

fn begun() -> App {
    let mut app = game(&MemoryDisk::default());
    start(&mut app, "Campaign");
    page::enter(&mut app);
    frames(&mut app, 3);
    assert_eq!(convoys(&mut app), 1);
    app
}

fn convoys(app: &mut App) -> usize {
    let world = app.world_mut();
    world.query_filtered::<(), With<Name>>().iter(world).count()
}

#[test]
fn a_mission_that_is_won_takes_its_entities_along() {
    let mut app = begun();
    page::win(&mut app);
    frames(&mut app, 3);
    assert_eq!(convoys(&mut app), 0);
    let chapters = app.world().resource::<CurrentSession>().chapters();
    assert!(chapters.current().is_none());
    let ends = chapters.ended().iter().filter_map(|chapter| chapter.end.as_ref());
    let outcomes: Vec<_> = ends.map(|end| end.outcome).collect();
    assert_eq!(outcomes, [ChapterOutcome::Completed]);
    assert_eq!(chapters.ended()[0].kind, "mission");
}

#[test]
fn a_mission_is_tried_again_from_its_beginning() {
    let mut app = begun();
    let world = app.world_mut();
    let convoy = world.query_filtered::<Entity, With<Name>>().single(world).unwrap();
    world.despawn(convoy);
    seconds(&mut app, 6.0);
    again::press(&mut app);
    frames(&mut app, 4);
    assert_eq!(convoys(&mut app), 1);
}

/// Begins a chapter within the mission.
fn begin_ambush(app: &mut App) {
    request(app, |commands| commands.session().chapters().begin(NewChapter::named("Ambush")));
    frames(app, 3);
}

#[test]
fn a_chapter_within_the_mission_is_tried_again_by_itself() {
    let mut app = begun();
    seconds(&mut app, 6.0);
    begin_ambush(&mut app);
    seconds(&mut app, 6.0);
    again::press(&mut app);
    frames(&mut app, 4);
    let chapters = app.world().resource::<CurrentSession>().chapters();
    let open: Vec<_> = chapters.open().iter().map(|chapter| &*chapter.name).collect();
    assert_eq!(open, ["Mission 3", "Ambush"]);
}

mod shown {
    include!("samples/show_chapter.rs");

    pub fn show(app: &mut App) {
        app.world_mut().run_system_cached(show_chapter).unwrap();
    }
}

#[test]
fn the_chapter_is_shown_with_its_difficulty_and_attempt() {
    let mut app = begun();
    let first = said(|| shown::show(&mut app));
    assert_said(&first, "Mission 3, Some(\"hard\")");
    assert_said(&first, "attempt 1");
    seconds(&mut app, 6.0);
    again::press(&mut app);
    frames(&mut app, 4);
    assert_said(&said(|| shown::show(&mut app)), "attempt 2");
}

#[test]
fn the_time_of_the_chapter_has_that_of_a_chapter_within_it() {
    let mut app = begun();
    begin_ambush(&mut app);
    seconds(&mut app, 20.0);
    request(&mut app, |commands| {
        commands.session().chapters().end_current(ChapterOutcome::Completed);
    });
    frames(&mut app, 3);
    // 20 seconds and some.
    assert_said(&said(|| shown::show(&mut app)), "Mission 3, Some(\"hard\"): 2");
}
