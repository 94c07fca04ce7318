//! Clocks that are wrong, machines that sleep, processes that are stopped: nothing of it is a crash.

// Feature: An exit is never called a crash, by a signal and on a wrong clock too.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::MemoryDisk;
use bevy_session::prelude::*;
use bevy_session::recovery::{CorruptionDetected, HowItEnded};

use crate::common::*;

const YEARS: [&str; 6] = ["2026", "2027", "2025", "2026", "2024", "2026"];
const HOUR: Duration = Duration::from_secs(60 * 60);

/// A game whose clock shows the first of January of this year at its start.
fn game_in(year: &str, disk: &MemoryDisk) -> App {
    let origin = format!("{year}-01-01T00:00:00Z").parse().unwrap();
    // However long ago a crash seems to be.
    let settings = SessionSettings { recovery_age: None, ..default() };
    let mut app = game_with(plugin(disk).settings(settings).clock_from(origin), |app| {
        listen::<RecoveryAvailable>(app);
        listen::<CorruptionDetected>(app);
        listen::<SessionRestored>(app);
    });
    frames(&mut app, 2);
    app
}

fn exit(mut app: App) {
    app.world_mut().write_message(AppExit::Success);
    app.update();
}

fn start_or_continue(app: &mut App) {
    request(app, |commands| commands.session().start_or_continue(NewSession::named("World")));
    frames(app, 4);
}

fn previous(app: &App) -> HowItEnded {
    app.world().resource::<PreviousRun>().ended.clone()
}

const KILLED: HowItEnded = HowItEnded::Abnormal { machine_restarted: false };

#[test]
fn a_clock_that_is_a_year_off_makes_no_crash_of_an_exit() {
    let disk = MemoryDisk::default();
    for (start, year) in YEARS.into_iter().enumerate() {
        let mut app = game_in(year, &disk);
        assert!(received::<RecoveryAvailable>(&app).is_empty(), "start {start}");
        assert!(start == 0 || previous(&app) == HowItEnded::Exited, "start {start}");
        start_or_continue(&mut app);
        assert_eq!(app.world().resource::<Score>().0, start as u32, "the newest should go on");
        app.world_mut().resource_mut::<Score>().0 += 1;
        exit(app);
    }
}

#[test]
fn after_a_crash_the_newest_is_offered_whatever_the_clocks_say() {
    let mut disk = MemoryDisk::default();
    for (start, year) in YEARS.into_iter().enumerate() {
        let mut app = game_in(year, &disk);
        if start > 0 {
            let offers = received::<RecoveryAvailable>(&app);
            assert_eq!(offers.len(), 1, "start {start}: {offers:?}");
            assert_eq!(previous(&app), KILLED, "start {start}");
            assert_eq!(offers[0].offer.unsaved.acknowledged, 0, "start {start}");
        }
        start_or_continue(&mut app);
        assert_eq!(app.world().resource::<Score>().0, start as u32, "the newest should go on");
        app.world_mut().resource_mut::<Score>().0 += 1;
        seconds(&mut app, 6.0);
        assert!(received::<CorruptionDetected>(&app).is_empty(), "start {start}");
        disk = disk.snapshot();
    }
}

#[test]
fn an_old_crash_is_not_taken_for_the_last_end_because_its_clock_was_ahead() {
    let disk = MemoryDisk::default();
    let mut app = game_in("2027", &disk);
    start(&mut app, "Crashed");
    let disk = disk.snapshot();
    // The offer isn't answered, so what is known of that end is kept.
    for _ in 0..2 {
        exit(game_in("2026", &disk));
        let app = game_in("2026", &disk);
        assert_eq!(previous(&app), HowItEnded::Exited);
        assert_eq!(
            received::<RecoveryAvailable>(&app).len(),
            1,
            "the crash is still to be answered"
        );
        exit(app);
    }
}

#[test]
fn a_machine_that_slept_is_neither_a_hang_nor_a_crash() {
    for pause in [HOUR / 60, HOUR * 8, HOUR * 24 * 365] {
        let disk = MemoryDisk::default();
        let mut app = game_in("2026", &disk);
        start(&mut app, "Asleep");
        slow_frames(&mut app, 1, pause);
        // At once after it woke up, and a while later.
        let mut killed = vec![disk.snapshot()];
        seconds(&mut app, 2.0);
        killed.push(disk.snapshot());
        for disk in killed {
            let app = game_in("2026", &disk);
            assert_eq!(previous(&app), KILLED, "after {pause:?}");
            assert_eq!(received::<RecoveryAvailable>(&app).len(), 1);
        }
        slow_frames(&mut app, 1, pause);
        exit(app);
        let app = game_in("2026", &disk);
        assert_eq!(previous(&app), HowItEnded::Exited, "after {pause:?}");
        assert!(received::<RecoveryAvailable>(&app).is_empty());
    }
}

#[test]
fn a_playing_instance_is_no_crash_to_other_instances() {
    let disk = MemoryDisk::default();
    let mut playing = game_in("2026", &disk);
    start(&mut playing, "Played");
    // All of them have the number of the process that plays, as if it were used again.
    for come_and_gone in 0..4 {
        let mut app = game_in("2026", &disk);
        assert!(received::<RecoveryAvailable>(&app).is_empty(), "it is being played");
        let ended = app.world().get_resource::<PreviousRun>().map(|run| run.ended.clone());
        assert_eq!(ended, (come_and_gone > 0).then_some(HowItEnded::Exited));
        let other = format!("Other {come_and_gone}");
        start(&mut app, &other);
        exit(app);
        playing.update();
    }
    assert!(playing.world().get_resource::<CurrentSession>().is_some());
    let app = game_in("2026", &disk.snapshot());
    assert_eq!(received::<RecoveryAvailable>(&app).len(), 1, "now it was killed");
}
