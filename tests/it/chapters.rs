//! Chapters: sessions within a session, which go back with it.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::chapters::{
    ChapterBegun, ChapterEnded, ChapterError, ChapterId, ChapterOutcome, Chapters, InChapter,
    InnerChapters, NewChapter,
};
use bevy_session::prelude::*;
use bevy_session::{
    CheckpointCaptured, CheckpointId, CheckpointKind, MemoryDisk, RequestError, SessionEnded,
    SessionId,
};

use crate::common::*;

const SECOND: Duration = Duration::from_secs(1);

fn game_of(disk: &MemoryDisk, add: impl FnOnce(&mut App)) -> App {
    game_with(plugin(disk), |app| {
        listen::<ChapterBegun>(app);
        listen::<ChapterEnded>(app);
        listen::<CheckpointCaptured>(app);
        listen::<CheckpointSaved>(app);
        listen::<RecoveryAvailable>(app);
        listen::<RequestRejected>(app);
        listen::<SessionEnded>(app);
        listen::<SessionRestored>(app);
        add(app);
    })
}

/// A game that plays a session.
fn playing(disk: &MemoryDisk) -> App {
    let mut app = game_of(disk, |_| {});
    start(&mut app, "Campaign");
    app
}

fn begin(app: &mut App, chapter: NewChapter) -> ChapterId {
    let mut id = None;
    request(app, |commands| id = Some(commands.session().chapters().begin(chapter)));
    app.update();
    id.unwrap()
}

fn end(app: &mut App, chapter: ChapterId, outcome: ChapterOutcome) {
    request(app, |commands| commands.session().chapters().end(chapter, outcome));
    app.update();
}

fn chapters(app: &App) -> &Chapters {
    app.world().resource::<CurrentSession>().chapters()
}

fn session(app: &App) -> SessionId {
    app.world().resource::<CurrentSession>().id()
}

fn names(chapters: &Chapters) -> Vec<&str> {
    chapters.open().iter().map(|chapter| &*chapter.name).collect()
}

fn last_error(app: &mut App) -> RequestError {
    app.update();
    received::<RequestRejected>(app).pop().expect("something should be rejected").error
}

fn recover(app: &mut App, session: SessionId, from: RestoreFrom) {
    request(app, |commands| commands.session().recover(session, from));
    frames(app, 4);
    assert!(received::<SessionRestored>(app).pop().is_some(), "it should be restored");
}

fn entities(app: &mut App) -> usize {
    app.world_mut().query::<&Health>().iter(app.world()).count()
}

#[test]
fn nested_chapters_inherit_fields() {
    let disk = MemoryDisk::default();
    let mut app = playing(&disk);
    let mut session = app.world_mut().resource_mut::<CurrentSession>();
    session.set("difficulty", "normal").unwrap();
    session.set("hero", "Ada").unwrap();
    let act = NewChapter::named("Act 1").kind("act").field("difficulty", "hard").unwrap();
    let act = begin(&mut app, act.field("weather", "rain").unwrap());
    let mission = NewChapter::named("Mission 3").kind("mission").field("difficulty", "easy");
    let mission = begin(&mut app, mission.unwrap());
    assert_eq!(names(chapters(&app)), ["Act 1", "Mission 3"]);
    let current = chapters(&app).current().unwrap();
    assert_eq!((current.id, current.outer, &*current.kind), (mission, Some(act), "mission"));
    let field = |app: &App, name| app.world().resource::<CurrentSession>().inherited(name);
    let seen = |app: &App| ["difficulty", "weather", "hero"].map(|name| field(app, name));
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(seen(&app), [text("easy"), text("rain"), text("Ada")]);
    end(&mut app, mission, ChapterOutcome::Failed);
    assert_eq!(seen(&app), [text("hard"), text("rain"), text("Ada")]);
    end(&mut app, act, ChapterOutcome::Completed);
    assert_eq!(seen(&app), [text("normal"), None, text("Ada")]);
    app.update();
    let begun: Vec<_> = received::<ChapterBegun>(&app).iter().map(|it| it.chapter).collect();
    let ended = received::<ChapterEnded>(&app);
    let ended: Vec<_> = ended.iter().map(|it| (it.chapter, it.outcome)).collect();
    assert_eq!(begun, [act, mission]);
    assert_eq!(ended, [(mission, ChapterOutcome::Failed), (act, ChapterOutcome::Completed)]);
}

// Feature: Chapters have their own play time, attempts, fields and outcome, and can be tried again.
#[test]
fn outer_figures_are_the_sums_of_the_inner_ones() {
    let disk = MemoryDisk::default();
    let mut app = playing(&disk);
    let campaign = begin(&mut app, NewChapter::named("Campaign"));
    let begun_at = chapters(&app).get(campaign).unwrap().begun_at;
    seconds(&mut app, 2.0);
    for name in ["One", "Two"] {
        let mission = begin(&mut app, NewChapter::named(name));
        seconds(&mut app, 3.0);
        request(&mut app, |commands| commands.session().pause());
        seconds(&mut app, 5.0);
        request(&mut app, |commands| commands.session().resume());
        app.update();
        end(&mut app, mission, ChapterOutcome::Completed);
    }
    app.update();
    let all = chapters(&app);
    let total = all.total(campaign).unwrap();
    let mut sum = all.get(campaign).unwrap().own;
    for mission in all.ended() {
        assert!(mission.own.play_time >= 3 * SECOND && mission.own.play_time < 4 * SECOND);
        sum += all.total(mission.id).unwrap();
    }
    assert_eq!(sum, total);
    let play_time = app.world().resource::<CurrentSession>().play_time();
    assert_eq!(total.play_time, play_time - begun_at);
    let first = all.get(campaign).unwrap().first_checkpoint.unwrap().counter;
    let captured = received::<CheckpointCaptured>(&app);
    let within = captured.iter().filter(|it| it.checkpoint.counter >= first).count() as u64;
    assert_eq!(total.checkpoints, within);
    end(&mut app, campaign, ChapterOutcome::Abandoned);
    app.update();
    let ended = received::<ChapterEnded>(&app).pop().unwrap().summary;
    assert!(ended.total.play_time >= total.play_time && ended.chapter.end.is_some());
}

#[test]
fn open_chapters_continue_after_a_crash() {
    let disk = MemoryDisk::default();
    let mut app = playing(&disk);
    let act = begin(&mut app, NewChapter::named("Act 1"));
    let mission = begin(&mut app, NewChapter::named("Mission 3").kind("mission"));
    seconds(&mut app, 6.0);
    app.world_mut().resource_mut::<Score>().0 = 1;
    request(&mut app, |commands| commands.session().checkpoint("now"));
    frames(&mut app, 2);
    let saved = app.world().resource::<CurrentSession>().last_checkpoint().unwrap();
    seconds(&mut app, 1.0);
    let session = session(&app);

    let mut next = game_of(&disk.snapshot(), |_| {});
    frames(&mut next, 2);
    let entry = next.world().resource::<SessionCatalog>().get(session).unwrap().clone();
    let listed: Vec<_> = entry.summary.chapters.iter().map(|it| (it.id, &*it.name)).collect();
    assert_eq!(listed, [(act, "Act 1"), (mission, "Mission 3")]);
    let offer = received::<RecoveryAvailable>(&next).pop().unwrap().offer;
    assert_eq!(offer.checkpoints[0].summary.chapters, entry.summary.chapters);
    recover(&mut next, session, RestoreFrom::Latest);
    assert_eq!(names(chapters(&next)), ["Act 1", "Mission 3"]);
    let at = |app: &App| chapters(app).get(mission).unwrap().clone();
    let played = at(&next).begun_at + at(&next).own.play_time;
    let since = next.world().resource::<CurrentSession>().play_time() - saved.play_time;
    assert_eq!(played, saved.play_time + since, "what was played in it should be back");
    assert_eq!(at(&next).own.restores, 1);
    assert_eq!(chapters(&next).total(act).unwrap().restores, 1);
    end(&mut next, act, ChapterOutcome::Completed);
    assert!(chapters(&next).open().is_empty());
}

// Feature: Chapters have their own play time, attempts, fields and outcome, and can be tried again.
// Page: guide/chapters.md
#[test]
fn a_chapter_is_tried_again_from_its_begin() {
    let disk = MemoryDisk::default();
    let mut app = playing(&disk);
    app.world_mut().resource_mut::<Score>().0 = 3;
    let mission = begin(&mut app, NewChapter::named("Mission"));
    let first = chapters(&app).get(mission).unwrap().first_checkpoint.unwrap();
    frames(&mut app, 2);
    let captured = received::<CheckpointCaptured>(&app);
    let captured = captured.iter().find(|it| it.checkpoint == first).expect("it is captured");
    assert_eq!(captured.kind, CheckpointKind::Manual);
    for attempt in 1..4 {
        app.world_mut().resource_mut::<Score>().0 = 100;
        seconds(&mut app, 7.0);
        let inner = begin(&mut app, NewChapter::named("The bridge"));
        request(&mut app, |commands| commands.session().rewind(RewindTo::Chapter(mission)));
        frames(&mut app, 4);
        assert_eq!(*app.world().resource::<Score>(), Score(3));
        let again = chapters(&app).get(mission).unwrap().clone();
        assert_eq!(again.first_checkpoint, Some(first));
        assert_eq!(again.own.restores, attempt, "attempts should be counted");
        assert!(again.own.play_time < SECOND, "{:?}", again.own);
        assert_eq!(chapters(&app).get(inner), None, "it never began");
    }
    end(&mut app, mission, ChapterOutcome::Failed);
    request(&mut app, |commands| commands.session().rewind(RewindTo::Chapter(mission)));
    frames(&mut app, 4);
    assert!(chapters(&app).get(mission).unwrap().end.is_none(), "it should be open again");
    let unknown = ChapterId::random();
    request(&mut app, |commands| commands.session().rewind(RewindTo::Chapter(unknown)));
    app.update();
    assert_eq!(last_error(&mut app), ChapterError::Unknown { chapter: unknown }.into());
}

#[test]
fn the_first_checkpoint_of_an_open_chapter_outlives_other_named_ones() {
    let disk = MemoryDisk::default();
    let mut app = playing(&disk);
    app.world_mut().resource_mut::<SessionSettings>().storage.max_named_checkpoints = 2;
    let save_often = |app: &mut App| {
        for number in 0..60 {
            app.world_mut().resource_mut::<Score>().0 = number;
            request(app, |commands| commands.session().checkpoint(format!("number {number}")));
            // No frame counts for more than ten seconds.
            slow_frames(app, 18, 10 * SECOND);
        }
    };
    // It isn't in the oldest file, which is always kept.
    save_often(&mut app);
    let mission = begin(&mut app, NewChapter::named("Mission"));
    let first = chapters(&app).get(mission).unwrap().first_checkpoint.unwrap();
    let session = session(&app);
    save_often(&mut app);
    let mut next = game_of(&disk.snapshot(), |_| {});
    recover(&mut next, session, RestoreFrom::Checkpoint(first));
    assert_eq!(names(chapters(&next)), ["Mission"]);
    assert!(chapters(&next).get(mission).unwrap().own.play_time < SECOND);

    end(&mut app, mission, ChapterOutcome::Completed);
    save_often(&mut app);
    request(&mut app, |commands| {
        commands.session().recover(session, RestoreFrom::Checkpoint(first));
    });
    frames(&mut app, 4);
    assert!(received::<SessionRestored>(&app).is_empty(), "it should have gone with the chapter");
}

#[test]
fn behind_a_closed_gate_a_chapter_begins_and_its_checkpoint_waits() {
    let disk = MemoryDisk::default();
    let mut app = game_of(&disk, |app| {
        app.checkpoint_session_while(|score: Res<Score>| score.0 != 13);
    });
    start(&mut app, "Gated");
    app.world_mut().resource_mut::<Score>().0 = 13;
    frames(&mut app, 2);
    let mission = begin(&mut app, NewChapter::named("Mission"));
    frames(&mut app, 3);
    assert_eq!(chapters(&app).get(mission).unwrap().first_checkpoint, None);
    app.world_mut().resource_mut::<Score>().0 = 14;
    frames(&mut app, 3);
    let first = chapters(&app).get(mission).unwrap().first_checkpoint.unwrap();
    let captured = received::<CheckpointCaptured>(&app);
    assert_eq!(captured.last().unwrap().checkpoint, first);
}

#[test]
fn open_inner_chapters_end_as_the_outer_one_says() {
    use ChapterOutcome::{Abandoned, Completed};
    let disk = MemoryDisk::default();
    for (policy, expected) in [
        (InnerChapters::Abandon, Some(Abandoned)),
        (InnerChapters::EndAlike, Some(Completed)),
        (InnerChapters::Refuse, None),
    ] {
        let mut app = playing(&disk);
        let outer = begin(&mut app, NewChapter::named("Outer").inner(policy));
        let inner = begin(&mut app, NewChapter::named("Inner"));
        end(&mut app, outer, Completed);
        app.update();
        let ended = received::<ChapterEnded>(&app);
        let ended: Vec<_> = ended.iter().map(|it| (it.chapter, it.outcome)).collect();
        match expected {
            Some(expected) => assert_eq!(ended, [(inner, expected), (outer, Completed)]),
            None => {
                assert_eq!(ended, []);
                assert_eq!(last_error(&mut app), ChapterError::InnerOpen { inner }.into());
                assert_eq!(names(chapters(&app)), ["Outer", "Inner"]);
            }
        }
    }
}

#[test]
fn entities_of_a_chapter_are_despawned_at_its_end_and_restored_with_it() {
    let disk = MemoryDisk::default();
    let mut app = playing(&disk);
    app.world_mut().spawn(Health(1));
    let act = begin(&mut app, NewChapter::named("Act"));
    let mission = begin(&mut app, NewChapter::named("Mission"));
    app.world_mut().spawn((Health(2), InChapter(act)));
    let convoy = app.world_mut().spawn((Health(3), InChapter(mission))).id();
    app.world_mut().spawn((Health(4), ChildOf(convoy)));
    app.world_mut().spawn((Health(5), InChapter(mission), SaveKey::new("placed")));
    let unsaved = app.world_mut().spawn(InChapter(mission)).id();
    request(&mut app, |commands| commands.session().checkpoint("all there"));
    frames(&mut app, 2);
    let there = app.world().resource::<CurrentSession>().last_checkpoint().unwrap().id;
    let session = session(&app);

    let mut next = game_of(&disk.snapshot(), |_| {});
    recover(&mut next, session, RestoreFrom::Checkpoint(there));
    let world = next.world_mut();
    let within = world.query::<&InChapter>().iter(world).filter(|it| it.0 == mission).count();
    // The placed one waits for its level.
    assert_eq!((entities(&mut next), within), (4, 1));

    end(&mut app, mission, ChapterOutcome::Completed);
    assert!(app.world().get_entity(unsaved).is_err());
    assert_eq!(entities(&mut app), 2);
    frames(&mut app, 2);
    let saved = app.world().resource::<CurrentSession>().last_checkpoint().unwrap();
    assert_eq!(saved.kind, CheckpointKind::State, "the end should be saved");
    let captured = received::<CheckpointCaptured>(&app).pop().unwrap();
    assert_eq!((captured.checkpoint, captured.entities), (saved.id, 2));
    // The level is loaded again, and what it places isn't gone.
    app.world_mut().spawn((Health(6), SaveKey::new("placed")));
    frames(&mut app, 3);
    assert_eq!(entities(&mut app), 3);
    end(&mut app, act, ChapterOutcome::Completed);
    assert_eq!(entities(&mut app), 2);
}

#[test]
fn observers_of_a_chapter_end_see_its_entities() {
    let disk = MemoryDisk::default();
    let mut app = game_of(&disk, |app| {
        app.add_observer(
            |_: On<ChapterEnded>,
             living: Query<&Health, With<InChapter>>,
             mut score: ResMut<Score>| {
                score.0 = living.iter().map(|health| health.0).sum();
            },
        );
        app.add_observer(|begun: On<ChapterBegun>, mut commands: Commands| {
            commands.spawn((Health(7), InChapter(begun.chapter)));
        });
    });
    start(&mut app, "Observed");
    let mission = begin(&mut app, NewChapter::named("Mission"));
    let first = received_after(&mut app);
    assert_eq!(first.entities, 1, "what an observer spawns should be in the first checkpoint");
    end(&mut app, mission, ChapterOutcome::Completed);
    assert_eq!((app.world().resource::<Score>().0, entities(&mut app)), (7, 0));
}

fn received_after(app: &mut App) -> CheckpointCaptured {
    app.update();
    received::<CheckpointCaptured>(app).pop().unwrap()
}

#[test]
fn chapters_stay_open_when_a_session_is_closed_and_end_when_it_ends() {
    use ChapterOutcome::{Abandoned, Completed};
    let disk = MemoryDisk::default();
    let mut app = playing(&disk);
    begin(&mut app, NewChapter::named("Act").inner(InnerChapters::Refuse));
    begin(&mut app, NewChapter::named("Mission"));
    let session = session(&app);
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 3);
    request(&mut app, |commands| commands.session().continue_session(session));
    frames(&mut app, 4);
    assert_eq!(names(chapters(&app)), ["Act", "Mission"]);
    request(&mut app, |commands| commands.session().end(EndReason::Completed, LeaveCause::Player));
    frames(&mut app, 3);
    assert_eq!(received::<SessionEnded>(&app).len(), 1);
    let outcomes = |app: &App| -> Vec<_> {
        received::<ChapterEnded>(app).iter().map(|it| it.outcome).collect()
    };
    assert_eq!(outcomes(&app), [Completed, Completed]);

    start(&mut app, "Again");
    begin(&mut app, NewChapter::named("Act"));
    request(&mut app, |commands| commands.session().end(EndReason::Failed, LeaveCause::Player));
    frames(&mut app, 3);
    assert_eq!(outcomes(&app), [Completed, Completed, Abandoned]);
}

#[test]
fn a_slot_has_the_chapters_of_its_moment() {
    let disk = MemoryDisk::default();
    let mut app = playing(&disk);
    let mission = begin(&mut app, NewChapter::named("Mission"));
    seconds(&mut app, 2.0);
    request(&mut app, |commands| commands.session().slots().save(SaveSlot::manual("Inside")));
    frames(&mut app, 3);
    end(&mut app, mission, ChapterOutcome::Completed);
    let slot = app.world().resource::<SessionCatalog>().slots()[0].clone();
    assert_eq!(slot.summary.chapters[0].name, "Mission");
    request(&mut app, |commands| commands.session().slots().load(slot.id));
    frames(&mut app, 4);
    let back = chapters(&app).get(mission).unwrap();
    assert!(back.end.is_none() && back.own.play_time >= 2 * SECOND, "{back:?}");
}

#[test]
fn invalid_chapter_requests_are_refused_and_change_nothing() {
    let disk = MemoryDisk::default();
    let mut app = game_of(&disk, |_| {});
    begin(&mut app, NewChapter::named("Nowhere"));
    assert_eq!(last_error(&mut app), RequestError::NoSession);
    start(&mut app, "Refused");
    request(&mut app, |commands| {
        commands.session().chapters().end_current(ChapterOutcome::Completed);
    });
    app.update();
    assert_eq!(last_error(&mut app), ChapterError::NoneOpen.into());
    let unknown = ChapterId::random();
    end(&mut app, unknown, ChapterOutcome::Failed);
    assert_eq!(last_error(&mut app), ChapterError::Unknown { chapter: unknown }.into());
    begin(&mut app, NewChapter::named("x".repeat(5000)));
    let error = last_error(&mut app);
    assert!(matches!(error, RequestError::TextTooLong { bytes: 5000, .. }), "{error}");
    assert!(chapters(&app).is_empty());
    for depth in 0..Chapters::DEPTH {
        begin(&mut app, NewChapter::named(format!("Depth {depth}")));
    }
    begin(&mut app, NewChapter::named("Too deep"));
    assert_eq!(last_error(&mut app), ChapterError::TooDeep { limit: 8 }.into());
    let innermost = chapters(&app).current().unwrap().id;
    end(&mut app, innermost, ChapterOutcome::Completed);
    end(&mut app, innermost, ChapterOutcome::Completed);
    assert_eq!(last_error(&mut app), ChapterError::HasEnded { chapter: innermost }.into());
    let open = chapters(&app).open().len();
    assert_eq!(open, Chapters::DEPTH - 1);
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 3);
    end(&mut app, innermost, ChapterOutcome::Completed);
    assert_eq!(last_error(&mut app), RequestError::NoSession);
    assert_eq!(received::<ChapterEnded>(&app).len(), 1);
}

#[test]
fn a_chapter_that_is_begun_during_a_restore_waits_for_it() {
    let disk = MemoryDisk::default();
    let mut app = playing(&disk);
    let session = session(&app);
    frames(&mut app, 1);
    let first: CheckpointId = received::<CheckpointSaved>(&app)[0].checkpoint;
    app.world_mut().resource_mut::<Score>().0 = 5;
    request(&mut app, |commands| {
        commands.session().recover(session, RestoreFrom::Checkpoint(first));
        commands.session().chapters().begin(NewChapter::named("After"));
    });
    frames(&mut app, 5);
    assert_eq!(app.world().resource::<Score>().0, 0);
    assert_eq!(names(chapters(&app)), ["After"]);
}
