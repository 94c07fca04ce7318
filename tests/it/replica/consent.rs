//! Sessions whose players don't agree that they are kept in a second place.

// Feature: From the frame in which a player withdraws, nothing is recorded or sent to a replica.

use bevy_session::consent::{Consent, Purpose};
use bevy_session::replica::ReplicaLagging;

use super::*;

fn consenting(plugin: SessionPlugin) -> App {
    machine_with(plugin, listen::<ReplicaLagging>)
}

fn give(app: &mut App) {
    app.world_mut().resource_mut::<Consent>().give(Purpose::Replica);
}

fn withdraw(app: &mut App) {
    app.world_mut().resource_mut::<Consent>().withdraw(Purpose::Replica);
}

/// The sessions that another machine finds in the replica.
fn found(store: &MemoryReplica) -> Vec<SessionId> {
    let mut other = machine(&MemoryDisk::default(), replica(store, "found by"));
    frames(&mut other, 3);
    let listed = other.world().resource::<ReplicaSessions>();
    listed.sessions().iter().map(|it| it.session).collect()
}

#[test]
fn without_consent_nothing_of_a_session_is_in_the_replica() {
    let (disk, store) = (MemoryDisk::default(), MemoryReplica::default());
    let asking = plugin(&disk).replica(replica(&store, "one")).ask_consent([Purpose::Replica]);
    let mut app = consenting(asking);
    app.world_mut().spawn(Health(7));
    let session = founded(&mut app, "Arena");
    checkpoint(&mut app);
    assert!(received::<SessionClaimed>(&app).is_empty());
    assert!(received::<CheckpointReplicated>(&app).is_empty());
    assert_eq!(found(&store), []);
    give(&mut app);
    seconds(&mut app, 2.0);
    set_health(&mut app, 8);
    let (saved, replicated) = newest(&app);
    assert_eq!(saved, replicated);
    assert_eq!(found(&store), [session]);
    drop(app);

    let mut two = machine(&MemoryDisk::default(), replica(&store, "two"));
    recover(&mut two, session);
    seconds(&mut two, LEASE + 1.0);
    assert_eq!(health(&mut two), 8);
}

#[test]
fn a_withdrawal_stops_what_is_sent_and_neither_alerts_nor_loses_the_session() {
    let (disk, store) = (MemoryDisk::default(), MemoryReplica::default());
    let mut app = consenting(plugin(&disk).replica(replica(&store, "one")));
    app.world_mut().spawn(Health(7));
    let session = founded(&mut app, "Arena");
    set_health(&mut app, 8);
    let (_, replicated) = newest(&app);
    withdraw(&mut app);
    set_health(&mut app, 9);
    // Longer than a checkpoint may lag.
    seconds(&mut app, 60.0);
    let (saved, now) = newest(&app);
    assert!(saved > replicated && now == replicated, "{saved}, {replicated}, {now}");
    assert!(received::<ReplicaLagging>(&app).is_empty());
    assert!(received::<SessionFenced>(&app).is_empty());
    assert_eq!(played_by(&app), Some(session));
    give(&mut app);
    seconds(&mut app, 2.0);
    let (saved, now) = newest(&app);
    assert_eq!(saved, now, "all of it is there once the player agrees again");
    assert!(received::<ReplicaLagging>(&app).is_empty());
}

#[test]
fn withheld_play_is_not_replicated_when_the_session_is_left() {
    let (disk, store) = (MemoryDisk::default(), MemoryReplica::default());
    let mut one = consenting(plugin(&disk).replica(replica(&store, "one")));
    one.world_mut().spawn(Health(7));
    let session = founded(&mut one, "Arena");
    set_health(&mut one, 8);
    withdraw(&mut one);
    set_health(&mut one, 9);
    close(&mut one);
    seconds(&mut one, 2.0);
    let released = received::<SessionReleased>(&one).pop().expect("another may play it");
    assert!(released.session == session && !released.complete);
    drop(one);

    let mut two = machine(&MemoryDisk::default(), replica(&store, "two"));
    recover(&mut two, session);
    seconds(&mut two, LEASE + 1.0);
    assert_eq!(health(&mut two), 8, "as it was when the player withdrew");
}

#[test]
fn a_refusal_of_one_player_does_not_withhold_another() {
    let (disk, store) = (MemoryDisk::default(), MemoryReplica::default());
    let mut app = consenting(plugin(&disk).replica(replica(&store, "one")));
    request(&mut app, |commands| commands.session().start(NewSession::named("A").player("Ann")));
    seconds(&mut app, 1.0);
    let anns = app.world().resource::<CurrentSession>().id();
    withdraw(&mut app);
    app.world_mut().spawn(Health(7));
    checkpoint(&mut app);
    let of_ann = |app: &App| {
        let replicated = received::<CheckpointReplicated>(app).into_iter();
        replicated.filter(|it| it.session == anns).count()
    };
    let before = of_ann(&app);
    close(&mut app);
    request(&mut app, |commands| commands.session().start(NewSession::named("B").player("Ben")));
    seconds(&mut app, 2.0);
    checkpoint(&mut app);
    let (saved, replicated) = newest(&app);
    assert_eq!(saved, replicated);
    let bens = app.world().resource::<CurrentSession>().id();
    assert_eq!(received::<CheckpointReplicated>(&app).pop().unwrap().session, bens);
    assert_eq!(of_ann(&app), before);
}
