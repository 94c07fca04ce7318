//! Dying while the world is put back.

use std::path::Path;
use std::sync::mpsc::channel;

use bevy::prelude::*;
use bevy_session::events::{EventQuery, EventsRead, LifecycleEvent};
use bevy_session::prelude::*;
use bevy_session::recovery::{HowItEnded, ProcessDeath};

use super::{Way, die};
use crate::common::Health;
use crate::process::game;

pub const WAYS: &[Way] = &[
    ("panic in an observer of the restore", |mut app| {
        app.add_observer(|_: On<Add<Health>>| panic!("the mirror cracked"));
        recover(app);
    }),
    ("abort in an observer of the restore", |mut app| {
        app.add_observer(|_: On<Add<Health>>| std::process::abort());
        recover(app);
    }),
];

fn recover(mut app: App) {
    app.add_observer(|event: On<RecoveryAvailable>, mut commands: Commands| {
        commands.session().recover(event.offer.session.id, RestoreFrom::Latest);
    });
    app.run();
}

#[test]
fn a_panic_in_a_restore_is_reported_and_the_checkpoint_is_still_offered() {
    let mut dead = die("panic in a system");
    // A game that can't be restored can't be restored twice either.
    for _ in 0..2 {
        dead = dead.then("panic in an observer of the restore");
        assert_eq!(dead.status.code(), Some(101), "{:?}", dead.lines);
    }
    let next = dead.start_again();
    let panic = next.assert_crashed("the mirror cracked");
    assert_eq!(next.offered, [HowItEnded::Crashed(panic.clone())], "what it died of last");
    let deaths = recorded_deaths(dead.directory.path());
    let messages: Vec<&str> =
        deaths.iter().filter_map(|death| Some(&*death.panic.as_ref()?.message)).collect();
    let cracked = "the mirror cracked";
    assert_eq!(
        messages,
        ["the bridge collapsed", cracked, cracked],
        "the session's own log has all"
    );
    for panic in deaths.iter().filter_map(|death| death.panic.as_ref()) {
        assert!(panic.place.is_some() && panic.backtrace.is_some(), "{panic:?}");
    }
}

/// The deaths of the processes, as the recovery wrote them down that resumed the session.
fn recorded_deaths(directory: &Path) -> Vec<ProcessDeath> {
    let mut app = game(directory);
    let (sender, receiver) = channel();
    app.add_observer(
        |found: On<SessionsFound>, mut commands: Commands, catalog: Res<SessionCatalog>| {
            let _ = found;
            let session = catalog.sessions()[0].session.id;
            let types = vec![LifecycleEvent::TYPE_PATH.to_owned()];
            commands.session().events().read(EventQuery { types, ..EventQuery::of(session) });
        },
    )
    .add_observer(move |read: On<EventsRead>, mut exit: MessageWriter<AppExit>| {
        let page = read.result.as_ref().expect("the events should be readable");
        let happened = page.events.iter().filter_map(|it| it.decode::<LifecycleEvent>().ok());
        let _ = sender.send(happened.flat_map(|it| it.deaths).collect());
        exit.write(AppExit::Success);
    });
    app.run();
    receiver.recv().expect("the events should be read")
}

#[test]
fn a_restore_that_is_cut_short_is_offered_again() {
    let dead = die("abort").then("abort in an observer of the restore");
    let next = dead.start_again();
    assert_eq!(next.previous, HowItEnded::Abnormal { machine_restarted: false });
    assert_eq!(next.offered, [next.previous]);
}
