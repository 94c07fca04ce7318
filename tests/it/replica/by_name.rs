//! `start_or_continue` where a replica may have the session.

// Feature: `start_or_continue` resumes what was played last, on this machine or another.
// Page: guide/outliving-a-machine.md#taking-over

use bevy_session::SessionUpdate;

use super::*;

/// A server that starts or continues its world.
fn server(disk: &MemoryDisk, replica: Replica) -> App {
    let mut app = machine(disk, replica);
    request(&mut app, |commands| commands.session().start_or_continue(NewSession::named("Arena")));
    app
}

#[test]
fn a_world_continues_on_a_new_machine_once_its_owner_is_silent() {
    let store = MemoryReplica::default();
    let (mut one, session) = played(&MemoryDisk::default(), replica(&store, "one"), 7);
    set_health(&mut one, 8);
    drop(one);
    let mut two = server(&MemoryDisk::default(), replica(&store, "two"));
    seconds(&mut two, 1.0);
    assert_eq!(played_by(&two), None, "its owner may still be there");
    seconds(&mut two, LEASE);
    assert_eq!(played_by(&two), Some(session));
    assert_eq!(received::<SessionRestored>(&two).remove(0).reason, RestoreReason::Recovered);
    assert_eq!(health(&mut two), 8);
    assert_eq!(received::<SessionClaimed>(&two).remove(0).epoch, 2);
    assert_eq!(rejected(&two), []);
}

#[test]
fn a_closed_world_continues_at_once_with_the_newer_play() {
    let store = MemoryReplica::default();
    let disk = MemoryDisk::default();
    let (mut one, session) = played(&disk, replica(&store, "one"), 7);
    close(&mut one);
    seconds(&mut one, 1.0);
    drop(one);
    let mut two = server(&MemoryDisk::default(), replica(&store, "two"));
    seconds(&mut two, 1.0);
    assert_eq!(played_by(&two), Some(session));
    assert_eq!(received::<SessionRestored>(&two).remove(0).reason, RestoreReason::Continued);
    set_health(&mut two, 50);
    close(&mut two);
    seconds(&mut two, 1.0);
    drop(two);
    // The first one has it too, as it was before.
    let mut one = server(&disk.snapshot(), replica(&store, "one"));
    seconds(&mut one, 1.0);
    assert_eq!(played_by(&one), Some(session));
    assert_eq!(health(&mut one), 50);
    assert!(received::<SessionForked>(&one).is_empty());
}

#[test]
fn a_world_that_another_machine_plays_is_refused() {
    let store = MemoryReplica::default();
    let (mut one, session) = played(&MemoryDisk::default(), replica(&store, "one"), 7);
    let mut two = server(&MemoryDisk::default(), replica(&store, "two"));
    for _ in 0..20 {
        seconds(&mut one, 0.5);
        seconds(&mut two, 0.5);
    }
    assert_eq!(rejected(&two), [RequestError::SessionInUse]);
    assert_eq!((played_by(&one), played_by(&two)), (Some(session), None));
    assert!(received::<SessionFenced>(&one).is_empty());
    assert_eq!(two.world().resource::<SessionCatalog>().sessions().len(), 0);
}

#[test]
fn an_unknown_world_is_started_once_the_replica_was_listed() {
    let store = MemoryReplica::default();
    let (mut other, _) = played(&MemoryDisk::default(), replica(&store, "one"), 7);
    request(&mut other, |commands| {
        commands.session().update(SessionUpdate::default().name("Other"))
    });
    checkpoint(&mut other);
    let mut two = server(&MemoryDisk::default(), replica(&store, "two"));
    seconds(&mut two, 1.0);
    assert_eq!(two.world().resource::<CurrentSession>().name(), "Arena");
    assert!(received::<SessionRestored>(&two).is_empty());
}

#[test]
fn without_the_replica_the_local_world_continues_and_none_is_founded() {
    let store = MemoryReplica::default();
    let disk = MemoryDisk::default();
    let (one, session) = played(&disk, replica(&store, "one"), 7);
    let disk = killed(one, &disk);
    store.go_away();
    let mut one = server(&disk, replica(&store, "one"));
    seconds(&mut one, 1.0);
    assert_eq!((played_by(&one), health(&mut one)), (Some(session), 7));

    let mut two = server(&MemoryDisk::default(), replica(&store, "two"));
    seconds(&mut two, 10.0);
    assert_eq!((played_by(&two), rejected(&two)), (None, vec![]));
    seconds(&mut two, 10.0);
    assert_eq!((played_by(&two), rejected(&two)), (None, vec![RequestError::ReplicaUnreachable]));
    // Asked again, it waits again, and finds what there is.
    request(&mut two, |commands| commands.session().start_or_continue(NewSession::named("Arena")));
    seconds(&mut two, 1.0);
    drop(one);
    store.come_back();
    seconds(&mut two, LEASE * 2.0);
    assert_eq!((played_by(&two), health(&mut two)), (Some(session), 7));
}

#[test]
fn a_machine_that_starts_again_does_not_wait_for_itself() {
    for name in ["one", ""] {
        let store = MemoryReplica::default();
        let disk = MemoryDisk::default();
        let (one, session) = played(&disk, replica(&store, name), 7);
        let mut one = server(&killed(one, &disk), replica(&store, name));
        seconds(&mut one, 0.5);
        assert_eq!(played_by(&one), Some(session), "{name:?}");
    }
}

#[test]
fn a_world_is_started_after_the_replica_is_back() {
    let store = MemoryReplica::default();
    let mut two = machine(&MemoryDisk::default(), replica(&store, "two"));
    seconds(&mut two, 1.0);
    store.go_away();
    seconds(&mut two, 10.0);
    store.come_back();
    seconds(&mut two, 10.0);
    assert_eq!((received::<ReplicaLost>(&two).len(), received::<ReplicaBack>(&two).len()), (1, 1));
    request(&mut two, |commands| commands.session().start_or_continue(NewSession::named("Arena")));
    seconds(&mut two, 1.0);
    assert!(played_by(&two).is_some(), "nobody has one, as it was known before");
}
