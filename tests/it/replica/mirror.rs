//! A mirror of the replica: what gets there, what doesn't, and what is played from it.

// Feature: A second store mirrors the replica, and keeps what the replica has lost.
// Page: FORMAT.md#mirrors

use bevy_session::consent::{Consent, Purpose};
use bevy_session::replica::{Key, MirrorRefusal, MirrorRefused, ReplicaErased, ReplicaTier};

use super::*;

/// Longer than a look, and than the lease of a process that mirrors a session.
const LOOK: f32 = 3.0;
const MIRROR_LEASE: f32 = 340.0;

fn mirrored_by(disk: &MemoryDisk, [store, mirror]: [&MemoryReplica; 2], name: &str) -> App {
    let replica = replica(store, name).mirror(mirror.clone());
    let plugin = plugin(disk).replica(replica.mirror_every(Duration::from_secs(2)));
    machine_with(plugin, |app| {
        listen::<MirrorRefused>(app);
        listen::<ReplicaErased>(app);
    })
}

fn stores() -> [MemoryReplica; 2] {
    [MemoryReplica::default(), MemoryReplica::default()]
}

/// The newest checkpoint that a tier has.
fn newest_in(app: &App, tier: ReplicaTier) -> Option<u64> {
    let replicated = received::<CheckpointReplicated>(app).into_iter();
    replicated.filter(|it| it.tier == tier).map(|it| it.checkpoint.counter).next_back()
}

/// All that a store holds of a session.
fn objects(store: &MemoryReplica, session: SessionId) -> Vec<Vec<u8>> {
    let listing = store.list(session).unwrap();
    let claims = listing.claims.iter().map(|epoch| Key::Claim { session, epoch: *epoch });
    let entries = listing.entries.iter().flat_map(|(epoch, positions)| {
        positions.iter().map(|position| Key::Entry { session, epoch: *epoch, position: *position })
    });
    claims.chain(entries).filter_map(|key| store.read(key).unwrap()).collect()
}

/// The health in a session that a machine takes over which has nothing but this store.
fn health_in(store: &MemoryReplica, session: SessionId) -> u32 {
    let mut app = machine(&MemoryDisk::default(), replica(store, "fresh"));
    seconds(&mut app, MIRROR_LEASE);
    recover(&mut app, session);
    assert_eq!(played_by(&app), Some(session), "{:?}", rejected(&app));
    health(&mut app)
}

#[test]
fn a_checkpoint_is_named_with_its_tier_and_played_from_the_mirror() {
    let [store, mirror] = stores();
    let disk = MemoryDisk::default();
    let mut app = mirrored_by(&disk, [&store, &mirror], "one");
    app.world_mut().spawn(Health(3));
    let session = founded(&mut app, "Arena");
    for health in 4..40 {
        set_health(&mut app, health);
    }
    seconds(&mut app, LOOK);
    let newest = newest_in(&app, ReplicaTier::Replica);
    assert!(newest.is_some() && newest_in(&app, ReplicaTier::Mirror) == newest);
    // The machine and the replica are lost at once.
    drop(killed(app, &disk));
    drop(store);
    assert_eq!(health_in(&mirror, session), 39);
}

#[test]
fn a_session_that_is_left_is_whole_in_the_mirror_and_free() {
    let [store, mirror] = stores();
    let mut app = mirrored_by(&MemoryDisk::default(), [&store, &mirror], "one");
    app.world_mut().spawn(Health(3));
    let session = founded(&mut app, "Arena");
    set_health(&mut app, 8);
    app.world_mut().write_message(AppExit::Success);
    frames(&mut app, 2);
    let newest = newest_in(&app, ReplicaTier::Replica);
    assert!(newest.is_some() && newest_in(&app, ReplicaTier::Mirror) == newest);
    let mut two = machine(&MemoryDisk::default(), replica(&mirror, "two"));
    frames(&mut two, 2);
    recover(&mut two, session);
    assert_eq!(health(&mut two), 8);
}

#[test]
fn a_session_that_is_taken_over_goes_on_in_the_mirror() {
    let [store, mirror] = stores();
    let disk = MemoryDisk::default();
    let mut one = mirrored_by(&disk, [&store, &mirror], "one");
    one.world_mut().spawn(Health(3));
    let session = founded(&mut one, "Arena");
    seconds(&mut one, LOOK);
    drop(killed(one, &disk));
    let mut two = mirrored_by(&MemoryDisk::default(), [&store, &mirror], "two");
    seconds(&mut two, LEASE + 1.0);
    recover(&mut two, session);
    for health in 5..40 {
        set_health(&mut two, health);
    }
    // The process that died is waited for.
    assert_eq!(newest_in(&two, ReplicaTier::Mirror), None);
    seconds(&mut two, MIRROR_LEASE);
    assert_eq!(newest_in(&two, ReplicaTier::Mirror), newest_in(&two, ReplicaTier::Replica));
    assert!(received::<MirrorRefused>(&two).is_empty());
    drop(two);
    assert_eq!(health_in(&mirror, session), 39);
}

#[test]
fn a_replica_that_was_put_back_leaves_its_mirror_untouched() {
    let [store, mirror] = stores();
    let disk = MemoryDisk::default();
    let mut one = mirrored_by(&disk, [&store, &mirror], "one");
    one.world_mut().spawn(Health(3));
    let session = founded(&mut one, "Arena");
    seconds(&mut one, LOOK);
    let yesterday = store.snapshot();
    set_health(&mut one, 77);
    seconds(&mut one, LOOK);
    drop(killed(one, &disk));
    let before = objects(&mirror, session);
    // Somebody plays on from yesterday's state.
    let mut two = mirrored_by(&MemoryDisk::default(), [&yesterday, &mirror], "two");
    seconds(&mut two, LEASE + 1.0);
    recover(&mut two, session);
    for health in 5..40 {
        set_health(&mut two, health);
    }
    seconds(&mut two, MIRROR_LEASE * 3.0);
    let refused: Vec<_> = received::<MirrorRefused>(&two).iter().map(|it| it.reason).collect();
    assert_eq!(refused, [MirrorRefusal::MirrorIsAhead]);
    assert_eq!(newest_in(&two, ReplicaTier::Mirror), None);
    drop(two);
    assert!(objects(&mirror, session) == before, "nothing there is touched");
    assert_eq!(health_in(&mirror, session), 77);
}

#[test]
fn an_erased_player_is_gone_from_the_mirror_too() {
    let [store, mirror] = stores();
    let mut app = mirrored_by(&MemoryDisk::default(), [&store, &mirror], "one");
    app.world_mut().spawn(Health(7));
    request(&mut app, |commands| {
        commands.session().start(NewSession::named("Garden").player("Ann"))
    });
    seconds(&mut app, 1.0);
    let session = app.world().resource::<CurrentSession>().id();
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    seconds(&mut app, LOOK);
    assert!(objects(&mirror, session).len() > 2);
    request(&mut app, |commands| commands.session().library().erase_player("Ann"));
    seconds(&mut app, LOOK);
    let tiers: Vec<_> = received::<ReplicaErased>(&app).iter().map(|it| it.tier).collect();
    assert_eq!(tiers, [ReplicaTier::Replica, ReplicaTier::Mirror]);
    assert!(objects(&mirror, session).iter().all(|object| object.len() <= 96));
}

#[test]
fn what_is_withheld_never_gets_into_the_mirror() {
    let [store, mirror] = stores();
    let mut app = mirrored_by(&MemoryDisk::default(), [&store, &mirror], "one");
    app.world_mut().resource_mut::<Consent>().withdraw(Purpose::Replica);
    app.world_mut().spawn(Health(3));
    let session = founded(&mut app, "Arena");
    set_health(&mut app, 4);
    seconds(&mut app, LOOK);
    assert!(objects(&mirror, session).is_empty());
    app.world_mut().resource_mut::<Consent>().give(Purpose::Replica);
    seconds(&mut app, LOOK);
    assert!(newest_in(&app, ReplicaTier::Mirror).is_some());
}

#[test]
fn a_mirror_that_is_away_costs_the_replica_nothing() {
    let [store, mirror] = stores();
    let mut app = mirrored_by(&MemoryDisk::default(), [&store, &mirror], "one");
    mirror.go_away();
    app.world_mut().spawn(Health(3));
    founded(&mut app, "Arena");
    set_health(&mut app, 4);
    seconds(&mut app, 60.0);
    let lost: Vec<_> = received::<ReplicaLost>(&app).iter().map(|it| it.tier).collect();
    assert_eq!(lost, [ReplicaTier::Mirror]);
    assert_eq!(app.world().resource::<ReplicaSessions>().is_reachable(), Some(true));
    let newest = newest_in(&app, ReplicaTier::Replica);
    assert!(newest.is_some() && newest_in(&app, ReplicaTier::Mirror).is_none());
    mirror.come_back();
    seconds(&mut app, 35.0);
    let back: Vec<_> = received::<ReplicaBack>(&app).iter().map(|it| it.tier).collect();
    assert_eq!(back, [ReplicaTier::Mirror]);
    assert_eq!(newest_in(&app, ReplicaTier::Mirror), newest);
}
