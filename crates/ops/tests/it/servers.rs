//! What an operator of servers is warned of: processes that die again and again, and a replica that is behind.

// Feature: A crash loop and a replica that lags raise alerts.
// Page: guide/monitoring.md#alerts

use std::io::ErrorKind;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::consent::{Consent, Purpose};
use bevy_session::external::Operation;
use bevy_session::prelude::*;
use bevy_session::replica::{MemoryReplica, Replica};
use bevy_session::{MemoryDisk, PreviousRun, SessionId};
use bevy_session_ops::{
    Alert, AlertsExt, Code, SessionAlertCleared, SessionAlertRaised, SessionFigures,
    SessionFiguresPlugin, SessionHealth,
};

use crate::common::*;
use crate::figures::measured;

const TEN_MINUTES: Duration = Duration::from_secs(600);

/// A game that listens to an alert.
fn watched(app: &mut App, alert: Alert) {
    app.raise_session_alert(alert).unwrap();
    listen::<SessionAlertRaised>(app);
    listen::<SessionAlertCleared>(app);
}

fn heard(app: &App) -> (usize, usize) {
    (received::<SessionAlertRaised>(app).len(), received::<SessionAlertCleared>(app).len())
}

/// The disk that a process leaves that was killed.
fn killed(app: App, disk: &MemoryDisk) -> MemoryDisk {
    let left = disk.snapshot();
    drop(app);
    left
}

fn deaths(app: &App) -> u64 {
    app.world().resource::<SessionFigures>().deaths_within(TEN_MINUTES)
}

fn recover(app: &mut App, session: SessionId) {
    request(app, move |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(app, 10);
}

#[test]
fn the_third_death_within_ten_minutes_raises_an_alert() {
    let mut disk = MemoryDisk::default();
    let alert = || Alert::deaths_above(2);
    for death in 0..2 {
        let app = measured(&disk, |app| watched(app, alert()));
        assert_eq!((heard(&app), deaths(&app)), ((0, 0), death));
        disk = killed(app, &disk);
    }
    let mut app = measured(&disk, |app| watched(app, alert()));
    long(&mut app, 3);
    assert_eq!((heard(&app), deaths(&app)), ((0, 0), 2), "two are no loop");
    disk = killed(app, &disk);

    let mut app = measured(&disk, |app| watched(app, alert()));
    long(&mut app, 3);
    assert_eq!((heard(&app), deaths(&app)), ((1, 0), 3));
    let raised = received::<SessionAlertRaised>(&app).remove(0);
    assert_eq!(
        (raised.code, &*raised.what),
        (Code::DiesOften, "3 processes died lately, more than 2")
    );
    assert!(app.world().resource::<SessionHealth>().has(Code::DiesOften));
    assert_eq!(app.world().resource::<PreviousRun>().recent_deaths.len(), 3);
    // It lives on.
    long(&mut app, 620);
    assert_eq!((heard(&app), deaths(&app)), ((1, 1), 0));
}

#[test]
fn only_deaths_with_the_played_session_are_counted() {
    let disk = MemoryDisk::default();
    let mut app = measured(&disk, |_| {});
    let first = begin(&mut app, NewSession::named("First"));
    seconds(&mut app, 2.0);
    let left = killed(app, &disk);

    let mut app = measured(&left.snapshot(), |_| {});
    assert_eq!(deaths(&app), 0, "none is played yet, and no process died without one");
    begin(&mut app, NewSession::named("Second"));
    frames(&mut app, 2);
    assert_eq!(deaths(&app), 0);

    let mut app = measured(&left.snapshot(), |_| {});
    recover(&mut app, first);
    assert_eq!(app.world().resource::<CurrentSession>().id(), first);
    assert_eq!(deaths(&app), 1);
    let previous = app.world().resource::<PreviousRun>();
    assert_eq!(previous.recent_deaths[0].session, Some(first));
}

#[test]
fn deaths_with_other_sessions_raise_no_alert_before_one_is_played() {
    let mut disk = MemoryDisk::default();
    for name in ["First", "Second", "Third"] {
        let mut app = measured(&disk, |_| {});
        begin(&mut app, NewSession::named(name));
        seconds(&mut app, 2.0);
        disk = killed(app, &disk);
    }
    let mut app = measured(&disk, |app| watched(app, Alert::deaths_above(2)));
    long(&mut app, 3);
    assert_eq!(app.world().resource::<PreviousRun>().recent_deaths.len(), 3);
    assert_eq!((heard(&app), deaths(&app)), ((0, 0), 0));
    begin(&mut app, NewSession::named("Fourth"));
    long(&mut app, 3);
    assert_eq!((heard(&app), deaths(&app)), ((0, 0), 0));
}

#[test]
fn deaths_ahead_of_the_clock_dont_count() {
    let in_year = |disk: &MemoryDisk, year: &str| {
        let origin = format!("{year}-01-01T00:00:00Z").parse().unwrap();
        let mut app = game_with(plugin(disk).clock_from(origin), |app| {
            app.add_plugins(SessionFiguresPlugin);
            watched(app, Alert::deaths_above(2));
        });
        frames(&mut app, 2);
        app
    };
    let mut disk = MemoryDisk::default();
    for _ in 0..3 {
        disk = killed(in_year(&disk, "2027"), &disk);
    }
    let mut app = in_year(&disk, "2026");
    long(&mut app, 3);
    assert_eq!((heard(&app), deaths(&app)), ((0, 0), 0), "nobody knows how long ago it is");
}

#[test]
fn deaths_in_development_are_not_counted() {
    let mut disk = MemoryDisk::default();
    let build = |disk: &MemoryDisk| {
        let plugin = plugin(disk).development(true);
        let mut app = game_with(plugin, |app| {
            app.add_plugins(SessionFiguresPlugin);
        });
        frames(&mut app, 2);
        app
    };
    for _ in 0..3 {
        disk = killed(build(&disk), &disk);
    }
    let app = build(&disk);
    assert!(app.world().resource::<PreviousRun>().recent_deaths.is_empty());
    assert_eq!(deaths(&app), 0);
}

#[test]
fn a_clean_exit_is_not_counted_as_a_death() {
    let disk = MemoryDisk::default();
    let mut app = measured(&disk, |_| {});
    begin(&mut app, NewSession::named("Evening"));
    app.world_mut().write_message(AppExit::Success);
    app.update();
    drop(app);
    let mut app = measured(&disk, |_| {});
    frames(&mut app, 2);
    assert!(app.world().resource::<PreviousRun>().recent_deaths.is_empty());
    assert_eq!(deaths(&app), 0);
}

fn lag(app: &App) -> Option<Duration> {
    app.world().resource::<SessionFigures>().replica_lag()
}

#[test]
fn a_replica_that_is_behind_raises_an_alert_until_it_has_caught_up() {
    let store = MemoryReplica::default();
    let replica = Replica::new(store.clone()).machine("one");
    let plugin = plugin(&MemoryDisk::default()).interval(Duration::from_secs(1)).replica(replica);
    let mut app = game_with(plugin, |app| {
        app.add_plugins(SessionFiguresPlugin)
            .add_systems(Update, |mut score: ResMut<Score>| score.0 += 1);
        watched(app, Alert::replica_lag_above(Duration::from_secs(30)));
    });
    request(&mut app, |commands| commands.session().start(NewSession::named("Arena")));
    seconds(&mut app, 1.0);
    assert!(app.world().contains_resource::<CurrentSession>());
    long(&mut app, 60);
    assert_eq!(heard(&app), (0, 0));
    assert!(lag(&app).is_none_or(|lag| lag < Duration::from_secs(5)), "{:?}", lag(&app));

    store.go_away();
    long(&mut app, 20);
    assert_eq!(heard(&app), (0, 0), "it may be that late: {:?}", lag(&app));
    long(&mut app, 20);
    assert_eq!(heard(&app), (1, 0), "{:?}", lag(&app));
    let raised = received::<SessionAlertRaised>(&app).remove(0);
    assert_eq!(raised.code, Code::ReplicaLags);
    assert!(app.world().resource::<SessionHealth>().has(Code::ReplicaLags));
    assert!(lag(&app).is_some_and(|lag| lag > Duration::from_secs(30)));

    store.come_back();
    long(&mut app, 120);
    assert_eq!(heard(&app), (1, 1), "{:?}", lag(&app));
}

/// A game that plays with a replica, and is watched for a lag.
fn with_replica(disk: &MemoryDisk, store: &MemoryReplica) -> App {
    let replica = Replica::new(store.clone()).machine("one");
    let plugin = plugin(disk).interval(Duration::from_secs(1)).replica(replica);
    let mut app = game_with(plugin, |app| {
        app.add_plugins(SessionFiguresPlugin)
            .add_systems(Update, |mut score: ResMut<Score>| score.0 += 1);
        watched(app, Alert::replica_lag_above(Duration::from_secs(30)));
    });
    request(&mut app, |commands| commands.session().start(NewSession::named("Arena")));
    long(&mut app, 30);
    app
}

#[test]
fn a_closed_session_lags_until_it_is_replicated() {
    let store = MemoryReplica::default();
    let mut app = with_replica(&MemoryDisk::default(), &store);
    store.go_away();
    long(&mut app, 20);
    close(&mut app);
    frames(&mut app, 4);
    assert!(app.world().get_resource::<CurrentSession>().is_none());
    long(&mut app, 30);
    assert!(lag(&app).is_some_and(|lag| lag > Duration::from_secs(30)), "{:?}", lag(&app));
    assert_eq!(heard(&app), (1, 0), "it is on this machine alone");
    store.come_back();
    long(&mut app, 180);
    assert_eq!((heard(&app), lag(&app)), ((1, 1), None));
}

#[test]
fn withheld_sessions_do_not_lag() {
    let store = MemoryReplica::default();
    let mut app = with_replica(&MemoryDisk::default(), &store);
    app.world_mut().resource_mut::<Consent>().withdraw(Purpose::Replica);
    long(&mut app, 60);
    assert_eq!((heard(&app), lag(&app)), ((0, 0), None));
    app.world_mut().resource_mut::<Consent>().give(Purpose::Replica);
    long(&mut app, 20);
    store.go_away();
    long(&mut app, 40);
    assert_eq!(heard(&app), (1, 0), "{:?}", lag(&app));
}

#[test]
fn files_that_cannot_be_read_make_the_replica_lag() {
    let (disk, store) = (MemoryDisk::default(), MemoryReplica::default());
    let mut app = with_replica(&disk, &store);
    disk.fail_always(Operation::Open, ErrorKind::PermissionDenied);
    long(&mut app, 60);
    assert!(lag(&app).is_some_and(|lag| lag > Duration::from_secs(30)), "{:?}", lag(&app));
    assert_eq!(heard(&app), (1, 0));
    disk.heal();
    long(&mut app, 60);
    assert!(lag(&app).is_none_or(|lag| lag < Duration::from_secs(10)), "{:?}", lag(&app));
    assert_eq!(heard(&app), (1, 1));
}

#[test]
fn unsent_play_of_a_closed_session_lags_until_it_is_resumed() {
    let (disk, store) = (MemoryDisk::default(), MemoryReplica::default());
    let mut app = with_replica(&disk, &store);
    let first = app.world().resource::<CurrentSession>().id();
    // What is written can't be read again, so it is given up once nobody plays it.
    disk.fail_always(Operation::Open, ErrorKind::PermissionDenied);
    long(&mut app, 40);
    close(&mut app);
    long(&mut app, 60);
    disk.heal();
    request(&mut app, |commands| commands.session().start(NewSession::named("Second")));
    long(&mut app, 60);
    assert!(app.world().contains_resource::<CurrentSession>());
    assert!(lag(&app).is_some_and(|lag| lag > Duration::from_secs(60)), "{:?}", lag(&app));
    assert_eq!(heard(&app), (1, 0), "it is on this machine alone");
    close(&mut app);
    request(&mut app, |commands| commands.session().continue_session(first));
    long(&mut app, 60);
    assert_eq!(app.world().resource::<CurrentSession>().id(), first);
    assert!(lag(&app).is_none_or(|lag| lag < Duration::from_secs(10)), "{:?}", lag(&app));
    assert_eq!(heard(&app), (1, 1));
}

#[test]
fn without_a_replica_there_is_no_lag() {
    let mut app = measured(&MemoryDisk::default(), |app| {
        watched(app, Alert::replica_lag_above(Duration::from_secs(1)));
    });
    start(&mut app, "Alone");
    long(&mut app, 60);
    assert_eq!((heard(&app), lag(&app)), ((0, 0), None));
}
