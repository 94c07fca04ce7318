//! Dying while the world is put back.

use bevy::prelude::*;
use bevy_session::HowItEnded;
use bevy_session::prelude::*;

use super::{Way, die};
use crate::common::Health;

pub const WAYS: &[Way] = &[
    ("panic in an observer of the restore", |mut app| {
        app.add_observer(|_: On<Add, Health>| panic!("the mirror cracked"));
        recover(app);
    }),
    ("abort in an observer of the restore", |mut app| {
        app.add_observer(|_: On<Add, Health>| std::process::abort());
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
    next.assert_crashed("the mirror cracked");
    let [HowItEnded::Crashed(first)] = &next.offered[..] else { panic!("{next:?}") };
    assert_eq!(first.message, "the bridge collapsed", "the session died of something else");
}

#[test]
fn a_restore_that_is_cut_short_is_offered_again() {
    let dead = die("abort").then("abort in an observer of the restore");
    let next = dead.start_again();
    assert_eq!(next.previous, HowItEnded::Abnormal { machine_restarted: false });
    assert_eq!(next.offered, [next.previous]);
}
