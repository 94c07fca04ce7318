//! A system that suspends the game in the middle of play, and may end it without another word.

// Feature: A game that a phone ends in the background doesn't count as dead.
// Page: guide/platforms.md#phones-and-sleep
// Feature: A suspend waits for its checkpoint, and time in the background isn't play time.
// Page: guide/platforms.md#phones-and-sleep

use std::io;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::chapters::NewChapter;
use bevy_session::checkpoints::Patience;
use bevy_session::events::{EventQuery, EventsRead, EventsReplayed, RecordingExt};
use bevy_session::external::Operation;
use bevy_session::prelude::*;
use bevy_session::recovery::RestoreStalled;
use bevy_session::{CheckpointCaptured, CheckpointKind, MemoryDisk};
use bevy_window::AppLifecycle;
use serde::{Deserialize, Serialize};

use crate::common::*;
use crate::waiting::wait_until;

const HOURS: Duration = Duration::from_secs(2 * 60 * 60);
const LONGEST_FRAME: Duration = Duration::from_secs(10);

/// A game on a phone: it hears from the system, as one with windows does.
fn phone(disk: &MemoryDisk, add: impl FnOnce(&mut App)) -> App {
    let mut app = game_with(plugin(disk), |app| {
        listen_on_phone(app);
        add(app);
    });
    // What winit sends in the first frame, in which `WillResume` has become `Running`.
    hears(&mut app, AppLifecycle::Running);
    app
}

fn listen_on_phone(app: &mut App) {
    app.init_state::<Game>().add_message::<AppLifecycle>().init_resource::<Saved>();
    app.add_observer(|saved: On<CheckpointSaved>, mut all: ResMut<Saved>| {
        all.0.push((saved.kind, saved.label.clone()));
    });
    listen::<CheckpointCaptured>(app);
    listen::<CheckpointFailed>(app);
    listen::<RecoveryAvailable>(app);
    listen::<RestoreStalled>(app);
    listen::<SessionRestored>(app);
}

/// The checkpoints that are durable, in the frame in which the game hears of them.
#[derive(Resource, Default)]
struct Saved(Vec<(CheckpointKind, Option<String>)>);

fn hears(app: &mut App, phase: AppLifecycle) {
    app.world_mut().write_message(phase);
    app.update();
}

/// The frame in which winit suspends the game: it has turned `WillSuspend` into `Suspended` before it sends
/// it, and runs one update with it, after which there is none until the game is resumed.
fn suspend(app: &mut App) {
    hears(app, AppLifecycle::Suspended);
}

/// The first frame after `away`.
fn resume(app: &mut App, away: Duration) {
    app.world_mut().write_message(AppLifecycle::Running);
    slow_frames(app, 1, away);
}

fn saved(app: &App) -> &[(CheckpointKind, Option<String>)] {
    &app.world().resource::<Saved>().0
}

fn suspended() -> (CheckpointKind, Option<String>) {
    (CheckpointKind::State, Some("suspended".to_owned()))
}

fn play_time(app: &App) -> Duration {
    app.world().resource::<CurrentSession>().play_time()
}

fn score(app: &mut App, score: u32) {
    app.world_mut().resource_mut::<Score>().0 = score;
}

/// Kills the game, starts it again and takes what it is offered; the score that is there then.
fn killed_and_recovered(disk: &MemoryDisk) -> u32 {
    let mut app = phone(&disk.snapshot(), |_| ());
    frames(&mut app, 2);
    let session = received::<RecoveryAvailable>(&app)[0].offer.session.id;
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(&mut app, 4);
    assert_eq!(received::<SessionRestored>(&app).len(), 1);
    app.world().resource::<Score>().0
}

#[test]
fn a_suspended_game_that_the_system_kills_loses_nothing() {
    let disk = MemoryDisk::default();
    let mut app = phone(&disk, |_| ());
    start(&mut app, "Phone");
    seconds(&mut app, 1.0);
    score(&mut app, 41);
    suspend(&mut app);
    assert_eq!(saved(&app).last(), Some(&suspended()));
    assert_eq!(killed_and_recovered(&disk), 41);
    // The next time as well.
    resume(&mut app, HOURS);
    score(&mut app, 42);
    suspend(&mut app);
    assert_eq!(killed_and_recovered(&disk), 42);
}

#[derive(Message, Clone, Serialize, Deserialize, TypePath)]
struct Rang(u32);

#[test]
fn a_game_that_the_system_ends_in_the_background_has_not_died() {
    let deaths = |disk: &MemoryDisk| {
        let app = phone(&disk.snapshot(), |_| ());
        app.world().resource::<PreviousRun>().recent_deaths.len()
    };
    let disk = MemoryDisk::default();
    let mut app = phone(&disk, |_| ());
    start(&mut app, "Phone");
    suspend(&mut app);
    assert_eq!(deaths(&disk), 0);
    // Where a runner goes on in the background as well.
    slow_frames(&mut app, 3, Duration::from_secs(2));
    assert_eq!(deaths(&disk), 0);
    resume(&mut app, HOURS);
    slow_frames(&mut app, 3, Duration::from_secs(2));
    assert_eq!(deaths(&disk), 1, "it was played");
}

#[test]
fn a_suspend_writes_events_even_without_other_changes() {
    let add = |app: &mut App| {
        app.add_message::<Rang>().record_messages::<Rang>().replay_after_restore();
        listen::<EventsReplayed>(app);
        listen::<EventsRead>(app);
    };
    let disk = MemoryDisk::default();
    let mut app = phone(&disk, add);
    start(&mut app, "Phone");
    seconds(&mut app, 1.0);
    let session = app.world().resource::<CurrentSession>().id();
    app.world_mut().write_message(Rang(7));
    suspend(&mut app);
    assert_eq!(saved(&app).last(), Some(&suspended()));
    let before = saved(&app).len();
    let mut next = phone(&disk.snapshot(), add);
    frames(&mut next, 2);
    request(&mut next, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(&mut next, 4);
    assert_eq!(received::<EventsReplayed>(&next).len(), 0, "the checkpoint holds it");
    request(&mut next, |commands| commands.session().events().read(EventQuery::of(session)));
    frames(&mut next, 4);
    let read = received::<EventsRead>(&next).pop().expect("it is answered");
    let events = read.result.expect("they can be read").events;
    let rang = events.iter().filter_map(|event| event.decode::<Rang>().ok());
    assert_eq!(rang.map(|rang| rang.0).collect::<Vec<_>>(), [7]);
    // Nothing has changed since, and nothing was recorded.
    resume(&mut app, HOURS);
    suspend(&mut app);
    assert_eq!(saved(&app).len(), before);
}

#[test]
fn a_runner_that_announces_a_suspend_first_is_understood() {
    let disk = MemoryDisk::default();
    let mut app = phone(&disk, |_| ());
    start(&mut app, "Phone");
    score(&mut app, 7);
    hears(&mut app, AppLifecycle::WillSuspend);
    assert_eq!(killed_and_recovered(&disk), 7);
    score(&mut app, 8);
    hears(&mut app, AppLifecycle::Suspended);
    assert_eq!(killed_and_recovered(&disk), 8);
    let before = saved(&app).len();
    hears(&mut app, AppLifecycle::WillResume);
    hears(&mut app, AppLifecycle::Running);
    seconds(&mut app, 1.0);
    assert_eq!(saved(&app).len(), before, "nothing is owed");
}

#[test]
fn a_repeated_suspend_in_the_first_frame_ends_with_one_resume() {
    let disk = MemoryDisk::default();
    // A game that plays at once, on a system that doesn't let it.
    let mut app = game_with(plugin(&disk), |app| {
        listen_on_phone(app);
        app.add_systems(Startup, |mut commands: Commands, mut score: ResMut<Score>| {
            score.0 = 6;
            commands.session().start(NewSession::named("Phone"));
        });
        app.world_mut().write_message(AppLifecycle::Suspended);
        app.world_mut().write_message(AppLifecycle::Suspended);
    });
    assert_eq!(saved(&app), [], "the session hasn't begun yet");
    resume(&mut app, HOURS);
    frames(&mut app, 3);
    assert_eq!(saved(&app).len(), 1, "its first one, and nothing is owed: {:?}", saved(&app));
    assert_eq!(killed_and_recovered(&disk), 6);
    let played = play_time(&app);
    assert!(played < LONGEST_FRAME, "no time in the background is played: {played:?}");
    // It is over with one resume.
    seconds(&mut app, 1.0);
    assert_eq!(play_time(&app), played + Duration::from_secs(1));
    score(&mut app, 7);
    suspend(&mut app);
    assert_eq!(saved(&app).last(), Some(&suspended()));
    assert_eq!(killed_and_recovered(&disk), 7);
}

#[test]
fn the_frame_of_a_suspend_ends_when_its_checkpoint_is_on_disk() {
    let directory = tempfile::tempdir().unwrap();
    // However slow the disk is: the writer runs on a thread.
    let patience = Duration::from_secs(60);
    let settings =
        SessionSettings { patience: Patience { suspend: patience, ..default() }, ..default() };
    let plugin = SessionPlugin::new("Tests", "Phone").directory(directory.path());
    let mut app = game_with(plugin.settings(settings), listen_on_phone);
    request(&mut app, |commands| commands.session().start(NewSession::named("Phone")));
    wait_until(|| {
        app.update();
        !saved(&app).is_empty()
    });
    for round in 1..=10 {
        score(&mut app, round);
        app.world_mut().spawn_batch((0..2_000).map(Health)).count();
        suspend(&mut app);
        assert_eq!(saved(&app).last(), Some(&suspended()), "round {round}");
        app.world_mut().resource_mut::<Saved>().0.clear();
        resume(&mut app, FRAME);
    }
}

#[test]
fn hours_in_the_background_are_no_play_time() {
    let mut app = phone(&MemoryDisk::default(), |_| ());
    start(&mut app, "Phone");
    let chapter = request_chapter(&mut app);
    seconds(&mut app, 1.0);
    suspend(&mut app);
    let before = play_time(&app);
    // Where a runner goes on in the background, that is no play either.
    slow_frames(&mut app, 3, Duration::from_secs(1));
    resume(&mut app, HOURS);
    assert_eq!(play_time(&app), before);
    let captured = received::<CheckpointCaptured>(&app).len();
    score(&mut app, 1);
    seconds(&mut app, 2.0);
    assert_eq!(play_time(&app), before + Duration::from_secs(2));
    let current = app.world().resource::<CurrentSession>();
    let own = current.chapters().get(chapter).unwrap().own.play_time;
    assert!(own <= play_time(&app), "{own:?}");
    assert_eq!(received::<CheckpointCaptured>(&app).len(), captured, "the interval isn't over");
    seconds(&mut app, 5.0);
    assert_eq!(received::<CheckpointCaptured>(&app).len(), captured + 1);
}

fn request_chapter(app: &mut App) -> bevy_session::chapters::ChapterId {
    let chapter = app.world_mut().commands().session().chapters().begin(NewChapter::named("Dive"));
    app.world_mut().flush();
    frames(app, 2);
    chapter
}

#[test]
fn a_computer_that_slept_has_played_for_ten_seconds_at_most() {
    let mut app = phone(&MemoryDisk::default(), |_| ());
    start(&mut app, "Laptop");
    let before = play_time(&app);
    slow_frames(&mut app, 1, HOURS);
    assert_eq!(play_time(&app), before + LONGEST_FRAME);
    // What a slow machine needs for loading counts, as far as somebody waits for it.
    slow_frames(&mut app, 2, Duration::from_secs(5));
    assert_eq!(play_time(&app), before + LONGEST_FRAME * 2);
}

#[test]
fn sleep_does_not_end_the_probation_of_a_restore() {
    let disk = MemoryDisk::default();
    let mut app = phone(&disk, |_| ());
    start(&mut app, "Laptop");
    seconds(&mut app, 6.0);
    let mut disk = disk.snapshot();
    // Each of these deaths comes a moment of play after a restore, hours later by the clock.
    let mut deaths = Vec::new();
    for _ in 0..3 {
        let mut app = phone(&disk, |_| ());
        frames(&mut app, 2);
        let offer = received::<RecoveryAvailable>(&app).remove(0).offer;
        deaths.push(offer.deaths_in_a_row);
        request(&mut app, |commands| {
            commands.session().recover(offer.session.id, RestoreFrom::Latest);
        });
        frames(&mut app, 4);
        slow_frames(&mut app, 1, HOURS);
        disk = disk.snapshot();
    }
    assert_eq!(deaths, [0, 1, 2]);
}

#[test]
fn behind_a_closed_gate_a_suspend_captures_nothing_and_leaves_nothing_behind() {
    let disk = MemoryDisk::default();
    let mut app = phone(&disk, |app| {
        app.checkpoint_session_while(in_state(Game::Playing));
    });
    let enter = |app: &mut App, state| {
        app.world_mut().resource_mut::<NextState<Game>>().set(state);
        app.update();
    };
    enter(&mut app, Game::Playing);
    start(&mut app, "Gated");
    score(&mut app, 5);
    enter(&mut app, Game::Menu);
    let before = saved(&app).len();
    score(&mut app, 6);
    suspend(&mut app);
    assert_eq!(saved(&app).len(), before);
    assert_eq!(killed_and_recovered(&disk), 5, "what was there as the gate closed");
    resume(&mut app, HOURS);
    enter(&mut app, Game::Playing);
    frames(&mut app, 2);
    assert!(!saved(&app).contains(&suspended()), "the moment is over");
}

#[test]
fn a_suspend_during_a_restore_waits_for_nothing_and_loses_nothing() {
    #[derive(Resource)]
    struct Loaded;
    let disk = MemoryDisk::default();
    let mut app = phone(&disk, |_| ());
    start(&mut app, "Phone");
    score(&mut app, 9);
    suspend(&mut app);

    let disk = disk.snapshot();
    let mut app = phone(&disk, |app| {
        app.restore_session_when(|loaded: Option<Res<Loaded>>| loaded.is_some());
    });
    frames(&mut app, 2);
    let session = received::<RecoveryAvailable>(&app)[0].offer.session.id;
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(&mut app, 3);
    assert!(received::<SessionRestored>(&app).is_empty());
    suspend(&mut app);
    assert_eq!(saved(&app), [], "there is nothing of this run");
    assert_eq!(killed_and_recovered(&disk), 9);
    resume(&mut app, HOURS);
    app.insert_resource(Loaded);
    frames(&mut app, 4);
    assert_eq!(received::<SessionRestored>(&app).len(), 1, "the restore goes on");
    assert_eq!(app.world().resource::<Score>().0, 9);
}

#[test]
fn a_disk_that_refuses_everything_ends_the_wait_and_what_was_captured_is_saved_later() {
    let disk = MemoryDisk::default();
    let mut app = phone(&disk, |_| ());
    start(&mut app, "Phone");
    let before = saved(&app).len();
    score(&mut app, 3);
    disk.fail_always(Operation::Append, io::ErrorKind::StorageFull);
    suspend(&mut app);
    assert_eq!(saved(&app).len(), before);
    assert_eq!(killed_and_recovered(&disk), 0, "what was acknowledged is there");
    resume(&mut app, HOURS);
    let failed = received::<CheckpointFailed>(&app);
    assert_eq!(failed.last().unwrap().label.as_deref(), Some("suspended"), "{failed:?}");
    disk.heal();
    seconds(&mut app, 8.0);
    assert_eq!(killed_and_recovered(&disk), 3);
}

#[test]
fn with_autosave_off_a_suspend_takes_no_checkpoint() {
    let settings = SessionSettings { autosave: false, ..default() };
    let plugin = plugin(&MemoryDisk::default()).settings(settings);
    let mut app = game_with(plugin, listen_on_phone);
    start(&mut app, "By hand");
    score(&mut app, 3);
    suspend(&mut app);
    assert!(!saved(&app).contains(&suspended()));
}
