//! Sessions that outlive their machine: what a game hears, and what another machine has of it.

mod behind;
mod by_name;
mod by_name_faults;
mod by_name_forks;
mod by_name_races;
mod consent;
mod cut_store;
mod elsewhere;
mod erasing;
mod flaky_store;
mod mirror;
mod newer_build;

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::recovery::{HowItEnded, RecoveryDeclined, RestoreReason};
use bevy_session::replica::{
    CheckpointReplicated, FenceReason, MemoryReplica, Replica, ReplicaBack, ReplicaListed,
    ReplicaLost, ReplicaOwner, ReplicaSessions, ReplicaStore, SessionClaimed, SessionFenced,
    SessionForked, SessionReleased, Standing, WhenFenced,
};
use bevy_session::{CheckpointCaptured, MemoryDisk, RequestError, SessionId};
use std::time::Duration;

use crate::common::*;

/// The length of a lease, in seconds.
const LEASE: f32 = 3.0;

fn replica(store: &MemoryReplica, machine: &str) -> Replica {
    Replica::new(store.clone()).machine(machine).lease(Duration::from_secs_f32(LEASE))
}

fn machine(disk: &MemoryDisk, replica: Replica) -> App {
    machine_with(plugin(disk).replica(replica), |_| ())
}

/// A machine with another plugin, and with something added to the app.
fn machine_with(plugin: SessionPlugin, add: impl FnOnce(&mut App)) -> App {
    game_with(plugin, |app| {
        listen::<CheckpointSaved>(app);
        listen::<CheckpointReplicated>(app);
        listen::<RecoveryAvailable>(app);
        listen::<RecoveryDeclined>(app);
        listen::<ReplicaBack>(app);
        listen::<ReplicaListed>(app);
        listen::<ReplicaLost>(app);
        listen::<RequestRejected>(app);
        listen::<SessionClaimed>(app);
        listen::<SessionClosed>(app);
        listen::<SessionFenced>(app);
        listen::<SessionForked>(app);
        listen::<SessionReleased>(app);
        listen::<SessionRestored>(app);
        add(app);
    })
}

/// A machine that plays a session in which the player has this health.
fn played(disk: &MemoryDisk, replica: Replica, health: u32) -> (App, SessionId) {
    let mut app = machine(disk, replica);
    app.world_mut().spawn(Health(health));
    let session = founded(&mut app, "Arena");
    (app, session)
}

/// A session begins once it is claimed.
fn founded(app: &mut App, name: &str) -> SessionId {
    request(app, |commands| commands.session().start(NewSession::named(name)));
    seconds(app, 1.0);
    app.world().resource::<CurrentSession>().id()
}

/// The disk of a machine whose process was killed.
fn killed(app: App, disk: &MemoryDisk) -> MemoryDisk {
    let left = disk.snapshot();
    drop(app);
    left
}

fn health(app: &mut App) -> u32 {
    app.world_mut().query::<&Health>().single(app.world()).unwrap().0
}

fn set_health(app: &mut App, health: u32) {
    app.world_mut().query::<&mut Health>().single_mut(app.world_mut()).unwrap().0 = health;
    checkpoint(app);
}

fn checkpoint(app: &mut App) {
    request(app, |commands| commands.session().checkpoint("Now"));
    seconds(app, 1.0);
}

fn recover(app: &mut App, session: SessionId) {
    request(app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    seconds(app, 1.0);
}

fn played_by(app: &App) -> Option<SessionId> {
    app.world().get_resource::<CurrentSession>().map(CurrentSession::id)
}

fn rejected(app: &App) -> Vec<RequestError> {
    received::<RequestRejected>(app).into_iter().map(|it| it.error).collect()
}

/// The newest checkpoints: the durable one here, and the one in the replica.
fn newest(app: &App) -> (u64, u64) {
    let saved = received::<CheckpointSaved>(app).last().unwrap().checkpoint.counter;
    let replicated = received::<CheckpointReplicated>(app).last().unwrap().checkpoint.counter;
    (saved, replicated)
}

#[test]
fn a_world_outlives_its_machine() {
    let store = MemoryReplica::default();
    let (mut app, session) = played(&MemoryDisk::default(), replica(&store, "one"), 7);
    set_health(&mut app, 8);
    request(&mut app, |commands| {
        commands.session().slots().save(SaveSlot::manual("Before the storm"))
    });
    seconds(&mut app, 1.0);
    checkpoint(&mut app);
    let (saved, replicated) = newest(&app);
    assert_eq!(saved, replicated);
    let claimed: Vec<u64> = received::<SessionClaimed>(&app).iter().map(|it| it.epoch).collect();
    assert_eq!(claimed, [1]);
    // The machine is gone with its disk; nobody has said that it goes.
    drop(app);

    let mut app = machine(&MemoryDisk::default(), replica(&store, "two"));
    frames(&mut app, 2);
    assert!(received::<ReplicaListed>(&app).len() == 1);
    let listed = app.world().resource::<ReplicaSessions>().get(session).unwrap().clone();
    assert_eq!(listed.owner, ReplicaOwner::Another("one".to_owned()));
    assert_eq!(listed.here, None);
    let there = listed.entry.unwrap();
    assert_eq!((&*there.session.name, there.newest.unwrap().counter), ("Arena", saved));

    // The session is asked for at once, and comes when the owner's lease is over.
    recover(&mut app, session);
    assert!(received::<SessionRestored>(&app).is_empty());
    seconds(&mut app, LEASE);
    let restored = received::<SessionRestored>(&app).remove(0);
    assert_eq!(restored.reason, RestoreReason::Recovered);
    assert_eq!(restored.checkpoint.counter, saved);
    assert_eq!(health(&mut app), 8);
    assert_eq!(received::<SessionClaimed>(&app).remove(0).epoch, 2);
    set_health(&mut app, 9);
    let (saved, replicated) = newest(&app);
    assert_eq!(saved, replicated);
    request(&mut app, |commands| commands.session().library().find());
    frames(&mut app, 3);
    let slots = app.world().resource::<SessionCatalog>().slots();
    assert_eq!(slots.iter().map(|slot| &*slot.name).collect::<Vec<_>>(), ["Before the storm"]);
}

// Feature: An owner that was replaced is fenced; it closes, or goes on as a fork.
// Page: guide/outliving-a-machine.md#what-the-game-hears
#[test]
fn a_fenced_owner_closes_the_session_or_continues_as_a_fork() {
    for when_fenced in [WhenFenced::Close, WhenFenced::GoOnAsFork] {
        let store = MemoryReplica::default();
        let disk = MemoryDisk::default();
        let (mut one, session) = played(&disk, replica(&store, "one").when_fenced(when_fenced), 7);
        // It sleeps, and another takes over.
        let mut two = machine(&MemoryDisk::default(), replica(&store, "two"));
        recover(&mut two, session);
        seconds(&mut two, LEASE + 1.0);
        assert_eq!(health(&mut two), 7);
        set_health(&mut two, 100);

        set_health(&mut one, 8);
        let fenced = received::<SessionFenced>(&one).remove(0);
        assert_eq!((fenced.session, fenced.epoch), (session, 1));
        assert_eq!(fenced.reason, FenceReason::Owned);
        let closed = received::<SessionClosed>(&one).remove(0);
        match when_fenced {
            WhenFenced::Close => {
                assert_eq!(closed.leaving.cause, LeaveCause::Fenced);
                assert!(one.world().get_resource::<CurrentSession>().is_none());
            }
            WhenFenced::GoOnAsFork => {
                let fork = one.world().resource::<CurrentSession>().id();
                assert_ne!(fork, session);
                assert_eq!(health(&mut one), 8);
                set_health(&mut one, 9);
                let replicated = received::<CheckpointReplicated>(&one).pop().unwrap();
                assert_eq!(replicated.session, fork);
            }
        }
        // The other one has heard nothing of it.
        set_health(&mut two, 101);
        assert!(received::<SessionFenced>(&two).is_empty());
        let (saved, replicated) = newest(&two);
        assert_eq!(saved, replicated);

        // At its next start the first one has what nobody else has, though another plays the session.
        let mut one = machine(&killed(one, &disk), replica(&store, "one"));
        frames(&mut one, 3);
        let listed = one.world().resource::<ReplicaSessions>().get(session).unwrap();
        assert_eq!(listed.here, Some(Standing::Forked));
        request(&mut one, |commands| commands.session().continue_session(session));
        seconds(&mut one, 1.0);
        assert_eq!(received::<SessionForked>(&one).remove(0).session, session);
        assert_ne!(one.world().resource::<CurrentSession>().id(), session);
        assert_eq!(health(&mut one), 8);
        // What it was made of isn't in use any more.
        request(&mut one, |commands| commands.session().library().delete(session));
        seconds(&mut one, 1.0);
        let refused = received::<RequestRejected>(&one);
        assert!(refused.is_empty(), "{refused:?}");
        set_health(&mut two, 102);
        assert!(received::<SessionFenced>(&two).is_empty());
    }
}

// Feature: A replica that is away delays no play, and is caught up.
// Page: guide/outliving-a-machine.md#what-the-game-hears
#[test]
fn an_unreachable_replica_stops_no_play_and_is_caught_up() {
    let store = MemoryReplica::default();
    let disk = MemoryDisk::default();
    store.go_away();
    let (mut app, session) = played(&disk, replica(&store, "one"), 7);
    assert_eq!(received::<ReplicaLost>(&app).len(), 1);
    assert!(received::<SessionClaimed>(&app).is_empty());
    assert!(received::<CheckpointReplicated>(&app).is_empty());
    set_health(&mut app, 8);
    store.come_back();
    seconds(&mut app, 1.0);
    assert_eq!(received::<ReplicaBack>(&app).len(), 1);
    assert_eq!(received::<SessionClaimed>(&app).len(), 1);
    let (saved, replicated) = newest(&app);
    assert_eq!(saved, replicated);

    store.go_away();
    set_health(&mut app, 9);
    let (saved, replicated) = newest(&app);
    assert!(saved > replicated);
    store.come_back();
    seconds(&mut app, 1.0);
    let (saved, replicated) = newest(&app);
    assert_eq!(saved, replicated);
    assert_eq!(received::<ReplicaLost>(&app).len(), 2, "it is said once each time");
    // This machine starts again: its own claim keeps it from nothing, and there is no crash elsewhere.
    let mut app = machine(&killed(app, &disk), replica(&store, "one"));
    frames(&mut app, 3);
    let offer = app.world().resource::<RecoveryOffers>().offers()[0].clone();
    assert_ne!(offer.cause, HowItEnded::Elsewhere);
    recover(&mut app, session);
    assert_eq!(health(&mut app), 9);
}

#[test]
fn a_machine_that_was_behind_continues_with_the_others_play() {
    let store = MemoryReplica::default();
    let disk = MemoryDisk::default();
    let (mut one, session) = played(&disk, replica(&store, "one"), 7);
    close(&mut one);
    seconds(&mut one, 1.0);
    let released = received::<SessionReleased>(&one).remove(0);
    assert!(released.session == session && released.complete);
    drop(one);

    // A released session is taken over at once.
    let mut two = machine(&MemoryDisk::default(), replica(&store, "two"));
    frames(&mut two, 2);
    request(&mut two, |commands| commands.session().continue_session(session));
    seconds(&mut two, 1.0);
    assert_eq!(received::<SessionRestored>(&two).remove(0).reason, RestoreReason::Continued);
    set_health(&mut two, 50);
    two.world_mut().write_message(AppExit::Success);
    two.update();
    assert!(store.list(session).unwrap().highest().0 >= 2);
    drop(two);

    let mut one = machine(&disk.snapshot(), replica(&store, "one"));
    frames(&mut one, 3);
    let listed = one.world().resource::<ReplicaSessions>().get(session).unwrap();
    assert_eq!(listed.here, Some(Standing::MachineIsBehind));
    assert_eq!(listed.owner, ReplicaOwner::Nobody, "the exit has let go of it");
    request(&mut one, |commands| commands.session().continue_session(session));
    seconds(&mut one, 1.0);
    assert_eq!(health(&mut one), 50);
    assert!(received::<SessionForked>(&one).is_empty());
}

#[test]
fn a_session_that_was_played_on_both_sides_of_an_outage_is_a_fork() {
    let store = MemoryReplica::default();
    let disk = MemoryDisk::default();
    let (one, session) = played(&disk, replica(&store, "one"), 7);
    let disk = killed(one, &disk);
    // Another has it, while the first one starts without the replica.
    let mut two = machine(&MemoryDisk::default(), replica(&store, "two"));
    recover(&mut two, session);
    seconds(&mut two, LEASE + 1.0);
    set_health(&mut two, 100);
    store.go_away();
    let mut one = machine(&disk, replica(&store, "one"));
    frames(&mut one, 2);
    recover(&mut one, session);
    assert_eq!(health(&mut one), 7, "it is played unclaimed");
    set_health(&mut one, 8);
    assert!(received::<CheckpointReplicated>(&one).is_empty());
    store.come_back();
    two.world_mut().write_message(AppExit::Success);
    seconds(&mut two, 1.0);
    seconds(&mut one, LEASE + 1.0);
    let fenced = received::<SessionFenced>(&one).remove(0);
    assert_eq!((fenced.session, fenced.reason), (session, FenceReason::Forked));
    assert!(received::<CheckpointReplicated>(&one).is_empty());
    assert_eq!(received::<SessionClosed>(&one).remove(0).leaving.cause, LeaveCause::Fenced);
}

#[test]
fn waiting_for_a_session_of_another_owner_can_be_given_up() {
    let store = MemoryReplica::default();
    let (_one, session) = played(&MemoryDisk::default(), replica(&store, "one"), 7);
    let mut two = machine(&MemoryDisk::default(), replica(&store, "two"));
    recover(&mut two, session);
    request(&mut two, |commands| commands.session().cancel_restore());
    frames(&mut two, 3);
    // Something else is played meanwhile, and stays what it is when the lease is over.
    two.world_mut().spawn(Health(1));
    let other = founded(&mut two, "Other");
    seconds(&mut two, LEASE + 1.0);
    assert_eq!(two.world().resource::<CurrentSession>().id(), other);
    let claimed: Vec<SessionId> =
        received::<SessionClaimed>(&two).iter().map(|it| it.session).collect();
    assert_eq!(claimed, [other]);
}

/// The level goes with the menu, whose world is none of the session's.
#[test]
fn a_fenced_machine_behind_a_closed_gate_goes_on_from_its_last_checkpoint() {
    let store = MemoryReplica::default();
    let replicated = replica(&store, "one").when_fenced(WhenFenced::GoOnAsFork);
    let one = plugin(&MemoryDisk::default()).replica(replicated);
    let mut one = machine_with(one, |app| {
        listen::<CheckpointCaptured>(app);
        app.checkpoint_session_while(not(resource_exists::<InMenu>));
    });
    one.world_mut().spawn(Health(7));
    let session = founded(&mut one, "Arena");
    one.world_mut().insert_resource(InMenu);
    seconds(&mut one, 1.0);
    let mut two = machine(&MemoryDisk::default(), replica(&store, "two"));
    recover(&mut two, session);
    seconds(&mut two, LEASE + 1.0);
    set_health(&mut two, 100);

    let captured = received::<CheckpointCaptured>(&one).len();
    set_health(&mut one, 0);
    seconds(&mut one, 2.0);
    assert_eq!(received::<SessionFenced>(&one).len(), 1);
    assert_ne!(one.world().resource::<CurrentSession>().id(), session);
    assert_eq!(health(&mut one), 7, "the world of the menu isn't the session's");
    assert_eq!(received::<CheckpointCaptured>(&one).len(), captured);
}

#[derive(Resource)]
struct InMenu;
