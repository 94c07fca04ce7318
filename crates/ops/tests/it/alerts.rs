//! Alerts: each is raised once and cleared once.

// Feature: Alerts are raised and cleared, and are changed while the game runs.
// Page: guide/monitoring.md#alerts

use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::external::Operation;
use bevy_session::prelude::*;
use bevy_session::{MemoryDisk, PreviousRun, RestoreFrom};
use bevy_session_ops::{
    Alert, AlertError, AlertLevel, AlertMeasure, AlertsExt, Code, SessionAlertCleared,
    SessionAlertRaised, SessionAlerts, SessionFigures, SessionHealth, SessionOperation,
};

use crate::common::*;
use crate::figures::measured;

const MINUTE: Duration = Duration::from_secs(60);

/// A game with an alert.
fn watched(disk: &MemoryDisk, alert: Alert) -> App {
    let mut app = measured(disk, |app| {
        app.raise_session_alert(alert).unwrap();
        listen::<SessionAlertRaised>(app);
        listen::<SessionAlertCleared>(app);
    });
    frames(&mut app, 1);
    app
}

/// The number of alerts that were raised and cleared by now.
fn heard(app: &App) -> (usize, usize) {
    (received::<SessionAlertRaised>(app).len(), received::<SessionAlertCleared>(app).len())
}

/// It is raised, with words for an operator, and health has it.
fn assert_raised(app: &App, code: Code) {
    assert_eq!(heard(app), (1, 0));
    let raised = received::<SessionAlertRaised>(app).remove(0);
    assert_eq!(raised.code, code);
    assert!(raised.what.contains(&raised.level.to_string()), "{}", raised.what);
    assert!(raised.what.contains(&raised.value.to_string()), "{}", raised.what);
    let health = app.world().resource::<SessionHealth>();
    assert!(health.is_degraded() && health.has(code), "{health:?}");
    let standing = app.world().resource::<SessionAlerts>().standing().cloned().collect::<Vec<_>>();
    assert_eq!(standing, [raised]);
}

fn assert_cleared(app: &App) {
    assert_eq!(heard(app), (1, 1));
    assert!(received::<SessionAlertCleared>(app)[0].lasted > Duration::ZERO);
    assert_eq!(app.world().resource::<SessionAlerts>().standing().count(), 0);
}

fn note(app: &mut App, operation: SessionOperation, count: usize, took: Option<Duration>) {
    let mut figures = app.world_mut().resource_mut::<SessionFigures>();
    (0..count).for_each(|_| figures.note(operation, took));
}

#[test]
fn errors_raise_an_alert_on_a_disk_that_refuses() {
    let disk = MemoryDisk::default();
    let alert = Alert::errors_above(0.1).over(MINUTE).clears_below(0.05);
    let mut app = watched(&disk, alert);
    start(&mut app, "Campaign");
    long(&mut app, 30);
    assert_eq!(heard(&app), (0, 0));
    disk.fail_always(Operation::Append, ErrorKind::Other);
    disk.fail_always(Operation::Create, ErrorKind::Other);
    long(&mut app, 60);
    assert_raised(&app, Code::ManyErrors);
    disk.heal();
    long(&mut app, 240);
    assert_cleared(&app);
    assert!(!app.world().resource::<SessionHealth>().is_degraded());
}

#[test]
fn a_slow_operation_raises_an_alert_that_does_not_flicker() {
    let mut app = watched(
        &MemoryDisk::default(),
        Alert::p95_above(SessionOperation::Slot, Duration::from_millis(100))
            .over(MINUTE)
            .clears_below(Duration::from_millis(50)),
    );
    note(&mut app, SessionOperation::Slot, 4, Some(Duration::from_secs(1)));
    long(&mut app, 3);
    assert_eq!(heard(&app), (0, 0), "four samples say nothing");
    note(&mut app, SessionOperation::Slot, 1, Some(Duration::from_secs(1)));
    long(&mut app, 3);
    assert_raised(&app, Code::SlowOperation);
    // Between the two levels, once up and down.
    long(&mut app, 125);
    assert_cleared(&app);
    note(&mut app, SessionOperation::Slot, 20, Some(Duration::from_millis(80)));
    long(&mut app, 3);
    assert_eq!(heard(&app), (1, 1), "80 ms raise nothing");
    note(&mut app, SessionOperation::Slot, 20, Some(Duration::from_millis(130)));
    long(&mut app, 3);
    assert_eq!(heard(&app), (2, 1));
    note(&mut app, SessionOperation::Slot, 900, Some(Duration::from_millis(80)));
    long(&mut app, 3);
    assert_eq!(heard(&app), (2, 1), "80 ms clear nothing");
    note(&mut app, SessionOperation::Slot, 30_000, Some(Duration::from_millis(20)));
    long(&mut app, 3);
    assert_eq!(heard(&app), (2, 2));
}

#[test]
fn little_free_space_raises_an_alert_after_its_duration() {
    let disk = MemoryDisk::default();
    let alert = Alert::disk_left_below(512 << 20).over(Duration::from_secs(30));
    let mut app = watched(&disk, alert);
    disk.leave_room_for(300 << 20);
    long(&mut app, 25);
    assert_eq!(heard(&app), (0, 0), "it hasn't lasted");
    disk.leave_room_for(600 << 20);
    long(&mut app, 12);
    disk.leave_room_for(300 << 20);
    long(&mut app, 25);
    assert_eq!(heard(&app), (0, 0), "it was better meanwhile");
    long(&mut app, 25);
    assert_raised(&app, Code::DiskLow);
    disk.leave_room_for(600 << 20);
    long(&mut app, 25);
    assert_eq!(heard(&app), (1, 0), "600 MB are less than five fourths");
    disk.leave_room_for(700 << 20);
    long(&mut app, 12);
    assert_cleared(&app);
}

#[test]
fn an_old_checkpoint_raises_an_alert() {
    let disk = MemoryDisk::default();
    let mut app = watched(&disk, Alert::checkpoint_age_above(Duration::from_secs(10)));
    start(&mut app, "Campaign");
    disk.fail_always(Operation::Append, ErrorKind::Other);
    disk.fail_always(Operation::Create, ErrorKind::Other);
    long(&mut app, 9);
    assert_eq!(heard(&app), (0, 0));
    long(&mut app, 9);
    assert_raised(&app, Code::CheckpointOld);
    disk.heal();
    long(&mut app, 70);
    assert_cleared(&app);
}

fn state_directory(disk: &MemoryDisk) -> PathBuf {
    let is_of_process = |path: &PathBuf| {
        path.file_name().is_some_and(|it| it.to_string_lossy().starts_with("process-"))
    };
    let record = disk.paths().into_iter().find(is_of_process).unwrap();
    record.parent().unwrap().to_owned()
}

#[test]
fn locks_that_processes_left_behind_raise_an_alert() {
    let disk = MemoryDisk::default();
    let mut app = watched(&disk, Alert::stale_locks_above(5));
    let state = state_directory(&disk);
    let lock = |number: u32| state.join(format!("process-{number:016x}.lock"));
    (0..5).for_each(|number| disk.put(&lock(number), b""));
    long(&mut app, 12);
    assert_eq!(heard(&app), (0, 0), "its own lock is held");
    disk.put(&lock(5), b"");
    long(&mut app, 12);
    assert_raised(&app, Code::StaleLocks);
    (0..6).for_each(|number| disk.remove_all(&lock(number)));
    long(&mut app, 12);
    assert_cleared(&app);
}

fn use_profile(app: &mut App, profile: &str) {
    let profile = profile.to_owned();
    request(app, |commands| commands.session().library().use_profile(profile));
    frames(app, 5);
}

#[test]
fn a_low_rate_of_index_hits_raises_an_alert() {
    let disk = MemoryDisk::default();
    let play = |app: &mut App, count: usize| {
        for _ in 0..count {
            begin(app, NewSession::named("Evening"));
            close(app);
        }
    };
    let mut app = measured(&disk, |_| {});
    // Fewer are read faster than an index.
    play(&mut app, 32);
    use_profile(&mut app, "Ben");
    play(&mut app, 90);
    drop(app);
    // One that finds them all, and writes that down.
    let mut app = measured(&disk, |_| {});
    use_profile(&mut app, "Ben");
    drop(app);
    let is_index = |path: &PathBuf| path.to_string_lossy().ends_with("catalog-default.index");
    let index = disk.paths().into_iter().find(is_index).unwrap();
    disk.remove_all(&index);
    let mut app = watched(&disk, Alert::index_hits_below(0.7).clears_above(0.7));
    long(&mut app, 3);
    assert_raised(&app, Code::IndexMisses);
    assert!(app.world().resource::<SessionHealth>().has(Code::IndexMade));
    use_profile(&mut app, "Ben");
    long(&mut app, 3);
    assert_cleared(&app);
}

#[test]
fn sessions_that_crash_raise_an_alert() {
    let disk = MemoryDisk::default();
    let mut app = measured(&disk, |_| {});
    for name in ["A", "B", "C", "D"] {
        begin(&mut app, NewSession::named(name));
        close(&mut app);
    }
    let crashed = begin(&mut app, NewSession::named("E"));
    let left = disk.snapshot();
    drop(app);
    let mut app = watched(&left, Alert::crashes_above(0.1));
    long(&mut app, 3);
    assert_raised(&app, Code::ManyCrashes);
    request(&mut app, move |commands| commands.session().recover(crashed, RestoreFrom::Latest));
    frames(&mut app, 10);
    close(&mut app);
    long(&mut app, 3);
    assert_cleared(&app);
}

#[test]
fn an_alert_is_changed_and_removed_at_run_time() {
    let disk = MemoryDisk::default();
    disk.leave_room_for(300 << 20);
    let mut app = watched(&disk, Alert::disk_left_below(200 << 20));
    long(&mut app, 12);
    assert_eq!(heard(&app), (0, 0));
    let mut alerts = app.world_mut().resource_mut::<SessionAlerts>();
    alerts.raise(Alert::disk_left_below(400 << 20)).unwrap();
    frames(&mut app, 2);
    assert_raised(&app, Code::DiskLow);
    let mut alerts = app.world_mut().resource_mut::<SessionAlerts>();
    alerts.raise(Alert::disk_left_below(390 << 20)).unwrap();
    assert_eq!(alerts.alerts().count(), 1, "it takes the place of the one before");
    long(&mut app, 12);
    assert_eq!(heard(&app), (1, 0), "what is raised isn't raised again");
    let mut alerts = app.world_mut().resource_mut::<SessionAlerts>();
    assert!(alerts.remove(AlertMeasure::DiskLeft) && !alerts.remove(AlertMeasure::DiskLeft));
    frames(&mut app, 2);
    assert_cleared(&app);
    assert_eq!(received::<SessionAlertCleared>(&app)[0].value, None);
}

#[test]
fn the_usual_alerts_are_valid_and_quiet_in_a_healthy_game() {
    let disk = MemoryDisk::default();
    let mut app = measured(&disk, |app| {
        for alert in Alert::usual() {
            app.raise_session_alert(alert).unwrap();
        }
        listen::<SessionAlertRaised>(app);
    });
    start(&mut app, "Campaign");
    long(&mut app, 120);
    let raised = received::<SessionAlertRaised>(&app);
    // Times are those of this machine.
    assert!(raised.iter().all(|raised| raised.code == Code::SlowOperation), "{raised:?}");
    assert_eq!(app.world().resource::<SessionAlerts>().alerts().count(), 8);
}

#[test]
fn invalid_alerts_are_refused_and_change_nothing() {
    let slow = |time| Alert::p95_above(SessionOperation::Restore, time);
    let deaths = || Alert::deaths_above(2);
    let second = Duration::from_secs(1);
    let wrong = [
        (Alert::errors_above(f64::INFINITY), AlertError::NotANumber),
        (Alert::errors_above(1.5), AlertError::NotAShare(1.5)),
        (Alert::index_hits_below(-0.1), AlertError::NotAShare(-0.1)),
        (Alert::errors_above(1.0), AlertError::Senseless),
        (Alert::index_hits_below(0.0), AlertError::Senseless),
        (Alert::disk_left_below(0), AlertError::Senseless),
        (slow(Duration::ZERO), AlertError::Senseless),
        (Alert::errors_above(0.1).clears_below(0.2), AlertError::WrongSide),
        (Alert::errors_above(0.1).clears_above(0.05), AlertError::WrongSide),
        (Alert::disk_left_below(100).clears_above(99_u64), AlertError::WrongSide),
        (Alert::errors_above(0.1).clears_below(second), AlertError::OtherKind),
        (slow(second).clears_below(0.5), AlertError::OtherKind),
        (slow(second).over(Duration::ZERO), AlertError::Window(Duration::ZERO)),
        (slow(second).over(16 * MINUTE), AlertError::Window(16 * MINUTE)),
        (slow(second).at_least(0), AlertError::NoSamples),
        (deaths().clears_below(0.5), AlertError::OtherKind),
        (Alert::replica_lag_above(Duration::ZERO), AlertError::Senseless),
        (deaths().over(Duration::ZERO), AlertError::Window(Duration::ZERO)),
        (deaths().over(1_500 * MINUTE), AlertError::Window(1_500 * MINUTE)),
    ];
    let mut app = App::new();
    for (alert, error) in wrong {
        assert_eq!(app.raise_session_alert(alert.clone()).err(), Some(error), "{alert:?}");
    }
    for alert in [Alert::crashes_above(f64::NAN), Alert::errors_above(0.1).clears_below(f64::NAN)] {
        assert_eq!(app.raise_session_alert(alert).err(), Some(AlertError::NotANumber));
    }
    let alerts = app.world().get_resource::<SessionAlerts>();
    assert_eq!(alerts.map_or(0, |alerts| alerts.alerts().count()), 0);
    assert_eq!(AlertLevel::from(0.123).to_string(), "12.3 %");
}

/// The codes of what stood when the process died that left this disk.
fn stood(killed: &MemoryDisk) -> Vec<(String, bool)> {
    let app = measured(killed, |_| {});
    let alerts = app.world().resource::<PreviousRun>().alerts.clone();
    alerts.into_iter().map(|alert| (alert.code, alert.is_problem)).collect()
}

#[test]
fn the_next_start_knows_the_standing_alerts_of_a_dead_process() {
    let disk = MemoryDisk::default();
    let mut app = watched(&disk, Alert::errors_above(0.01).over(MINUTE).clears_below(0.005));
    start(&mut app, "Watched");
    seconds(&mut app, 2.0);
    assert_eq!(stood(&disk.snapshot()), []);
    note(&mut app, SessionOperation::Checkpoint, 10, None);
    seconds(&mut app, 3.0);
    assert_raised(&app, Code::ManyErrors);
    let expected = [(Code::ManyErrors.text().to_owned(), true)];
    assert_eq!(stood(&disk.snapshot()), expected);
    let previous = measured(&disk.snapshot(), |_| {});
    let alert = previous.world().resource::<PreviousRun>().alerts[0].clone();
    let raised = received::<SessionAlertRaised>(&app).remove(0);
    assert_eq!(alert.what, raised.what);
    // The app's clock has it since a moment that a test knows.
    let begun: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    assert!(alert.since > begun && alert.since < begun + Duration::from_secs(10), "{alert:?}");
    app.world_mut()
        .resource_mut::<SessionAlerts>()
        .remove(AlertMeasure::Errors(SessionOperation::Checkpoint));
    seconds(&mut app, 2.0);
    assert_cleared(&app);
    assert_eq!(stood(&disk.snapshot()), []);
}
