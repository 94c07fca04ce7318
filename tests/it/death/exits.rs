//! Exits, in order and out of order.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::recovery::HowItEnded;
use bevy_session::{SessionLast, SessionSystems};

use super::stubborn::{Manner, is_being_written, stubborn, write_as};
use super::{Way, die};
use crate::process::{Memory, Process, some_are_safe, start_session};
use crate::waiting::wait_until;

pub const WAYS: &[Way] = &[
    ("exit in Update", |app| exit_in(app, Update)),
    // There is no window here. Where there is one, its closing becomes an exit in these two.
    ("exit in PostUpdate", |app| exit_in(app, PostUpdate)),
    ("exit in Last", |app| exit_in(app, Last)),
    ("exit after the plugin's turn", |mut app| {
        app.add_systems(Startup, start_session)
            .add_systems(SessionLast, exit.after(SessionSystems::Run).run_if(some_are_safe));
        app.run();
    }),
    ("dropped without an exit", |mut app| {
        app.add_systems(Startup, start_session);
        app.finish();
        app.cleanup();
        while !app.world_mut().run_system_cached(some_are_safe).unwrap() {
            app.update();
        }
    }),
    ("exit while the last checkpoint hangs", |mut app| {
        app.add_systems(Last, (|| write_as(Manner::Never)).run_if(some_are_safe));
        exit_in(impatient(stubborn(app)), Last);
    }),
    ("exit while a checkpoint hangs", |mut app| {
        app.add_systems(Update, (|| write_as(Manner::Never)).run_if(some_are_safe));
        app.add_systems(Last, exit.run_if(is_being_written));
        let mut app = impatient(stubborn(app));
        app.add_systems(Startup, start_session);
        app.run();
    }),
    ("slow exit", |mut app| {
        app.add_systems(Last, (|| write_as(Manner::OnceAllowed)).run_if(some_are_safe));
        exit_in(stubborn(app), Last);
    }),
];

fn impatient(mut app: App) -> App {
    app.world_mut().resource_mut::<SessionSettings>().patience.exit = Duration::from_millis(100);
    app
}

fn exit(mut exit: MessageWriter<AppExit>) {
    exit.write(AppExit::Success);
}

fn exit_in(mut app: App, schedule: impl bevy::ecs::schedule::ScheduleLabel) {
    app.add_systems(Startup, start_session).add_systems(schedule, exit.run_if(some_are_safe));
    app.run();
}

#[test]
fn an_app_that_exits_is_no_crash_and_can_be_continued() {
    for way in ["exit in Update", "exit in PostUpdate", "exit in Last"] {
        let dead = die(way);
        assert!(dead.status.success() && dead.said("closed true"), "{way}: {:?}", dead.lines);
        let newest = dead.memory.newest;
        let next = dead.start_again();
        next.assert_exited();
        assert_eq!(next.checkpoint, Some(newest), "{way}: the exit's own checkpoint");
    }
}

#[test]
fn an_exit_that_the_plugin_cannot_see_is_still_no_crash() {
    for way in ["exit after the plugin's turn", "dropped without an exit"] {
        let dead = die(way);
        assert!(dead.status.success(), "{way}");
        dead.start_again().assert_exited();
    }
}

#[test]
fn an_exit_beyond_its_bound_is_no_crash_and_loses_nothing_acknowledged() {
    for way in ["exit while the last checkpoint hangs", "exit while a checkpoint hangs"] {
        // The checkpoint hangs for ever: without a bound it would never end.
        let dead = die(way);
        assert!(dead.status.success() && dead.said("closed false"), "{way}: {:?}", dead.lines);
        dead.start_again().assert_exited();
    }
}

#[test]
fn a_start_while_the_last_game_is_exiting_reports_no_crash() {
    let directory = tempfile::tempdir().unwrap();
    let mut leaving = Process::start("death::child", "slow exit", directory.path());
    leaving.wait_for(&["slow"]);
    let mut next = crate::process::game(directory.path());
    next.init_resource::<Heard>().add_observer(
        |event: On<RecoveryAvailable>, mut offered: ResMut<Heard>| {
            offered.0.push(event.offer.cause.clone());
        },
    );
    next.finish();
    next.cleanup();
    next.add_observer(|_: On<SessionsFound>, mut heard: ResMut<Heard>| heard.1 = true);
    // By now it has looked into the files, and waits for the lock of the one who is leaving.
    std::thread::sleep(Duration::from_millis(50));
    std::fs::write(directory.path().join("go on"), "").unwrap();
    let story = leaving.finish();
    wait_until(|| {
        next.update();
        next.world().resource::<Heard>().1
    });
    let offered = &next.world().resource::<Heard>().0;
    assert_eq!(*offered, [], "it was only slow: {story:?}");
    let mut memory = Memory::default();
    memory.listen(&story);
    let catalog = next.world().resource::<SessionCatalog>();
    let known = catalog.sessions()[0].newest.unwrap().counter;
    assert!(known >= memory.acknowledged || catalog.sessions()[0].in_use, "{known}: {memory:?}");
}

#[derive(Resource, Default)]
struct Heard(Vec<HowItEnded>, bool);
