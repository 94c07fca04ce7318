//! A world that follows a session which another process plays.

// Feature: A follower shows the world that another process plays, and can stand by.
// Page: guide/following.md

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::recovery::{RestoreReason, RestoredInPlace};
use bevy_session::replica::{
    CheckpointReplicated, Created, Followed, FollowedLeft, FollowedSession, FollowerStalled, Key,
    Listing, MemoryReplica, Replica, ReplicaStore, SessionClaimed, SessionFollower, StoreFault,
};
use bevy_session::{MemoryDisk, RequestRejected, SessionId, SessionPlugin, SessionStatus};

use crate::common::*;

#[cfg(feature = "replica")]
mod sharing;

/// The length of a lease, in seconds.
const LEASE: f32 = 3.0;

/// What a follower draws. It isn't saved.
#[derive(Component, PartialEq, Debug)]
struct Sprite(u32);

fn replica(store: impl ReplicaStore + 'static, machine: &str) -> Replica {
    Replica::new(store).machine(machine).lease(Duration::from_secs_f32(LEASE))
}

fn machine(plugin: SessionPlugin) -> App {
    game_with(plugin, |app| {
        listen::<CheckpointReplicated>(app);
        listen::<CheckpointSaved>(app);
        listen::<Followed>(app);
        listen::<FollowedLeft>(app);
        listen::<FollowerStalled>(app);
        listen::<RequestRejected>(app);
        listen::<RestoredInPlace>(app);
        listen::<SessionClaimed>(app);
        listen::<SessionRestored>(app);
    })
}

/// A machine that keeps its sessions in this store.
fn on(disk: &MemoryDisk, store: &MemoryReplica, name: &str) -> App {
    machine(plugin(disk).replica(replica(store.clone(), name)))
}

/// A session that is played, with some who fight.
fn owner(disk: &MemoryDisk, store: &MemoryReplica) -> (App, SessionId) {
    let mut app = on(disk, store, "owner");
    for number in 0..3 {
        app.world_mut().spawn((Health(number), Name::new(format!("fighter {number}"))));
    }
    request(&mut app, |commands| commands.session().start(NewSession::named("Arena")));
    seconds(&mut app, 1.0);
    let session = app.world().resource::<CurrentSession>().id();
    (app, session)
}

/// A machine of its own that follows a session.
fn follower(store: &MemoryReplica, session: SessionId) -> App {
    let mut app = on(&MemoryDisk::default(), store, "follower");
    app.insert_resource(SessionFollower::of(session));
    frames(&mut app, 2);
    app
}

/// All that is saved of a world.
fn saved(app: &mut App) -> (BTreeMap<String, u32>, u32, Phase) {
    let world = app.world_mut();
    let mut all = world.query_filtered::<(&Name, &Health), With<Saved>>();
    let all = all.iter(world).map(|(name, health)| (name.to_string(), health.0)).collect();
    (all, world.resource::<Score>().0, *world.resource::<State<Phase>>().get())
}

fn checkpoint(app: &mut App) {
    request(app, |commands| commands.session().checkpoint("Now"));
    seconds(app, 1.0);
}

fn newest(app: &App) -> bevy_session::CheckpointId {
    received::<CheckpointSaved>(app).last().unwrap().checkpoint
}

fn of_name(app: &mut App, name: &str) -> Entity {
    let world = app.world_mut();
    let mut all = world.query::<(Entity, &Name)>();
    all.iter(world).find(|(_, it)| it.as_str() == name).unwrap().0
}

fn set_health(app: &mut App, name: &str, health: u32) {
    let entity = of_name(app, name);
    app.world_mut().get_mut::<Health>(entity).unwrap().0 = health;
}

/// The follower has what the owner's newest checkpoint has.
#[track_caller]
fn assert_followed(owner: &mut App, follower: &mut App) {
    frames(follower, 2);
    assert_eq!(follower.world().resource::<FollowedSession>().checkpoint, newest(owner));
    assert_eq!(saved(follower), saved(owner));
}

#[test]
fn a_follower_has_each_checkpoint_of_the_owner_in_place() {
    let store = MemoryReplica::default();
    let (mut owner, session) = owner(&MemoryDisk::default(), &store);
    let mut follower = follower(&store, session);
    // What it has of its own and is saved goes with the first checkpoint.
    assert_followed(&mut owner, &mut follower);
    assert!(!received::<Followed>(&follower)[0].report.in_place);
    let stays = of_name(&mut follower, "fighter 1");
    follower.world_mut().entity_mut(stays).insert(Sprite(5));

    let mut dice = Dice(7);
    for round in 0..20 {
        set_health(&mut owner, "fighter 1", 100 + round);
        owner.world_mut().resource_mut::<Score>().0 += 1;
        match dice.roll(3) {
            0 => drop(owner.world_mut().spawn((Health(round), Name::new(format!("new {round}"))))),
            1 => {
                let world = owner.world_mut();
                let mut new = world.query_filtered::<Entity, With<Name>>();
                let last = new.iter(world).max().unwrap();
                if world.get::<Name>(last).unwrap().as_str().starts_with("new") {
                    world.despawn(last);
                }
            }
            _ => {}
        }
        // What somebody does to the followed world is taken back.
        if round % 4 == 0 {
            set_health(&mut follower, "fighter 2", 999);
        }
        checkpoint(&mut owner);
        assert_followed(&mut owner, &mut follower);
    }
    owner.world_mut().resource_mut::<NextState<Phase>>().set(Phase::Playing);
    frames(&mut owner, 2);
    checkpoint(&mut owner);
    assert_followed(&mut owner, &mut follower);

    assert_eq!(follower.world().get::<Sprite>(stays), Some(&Sprite(5)), "it is the same entity");
    let followed = received::<Followed>(&follower);
    assert!(followed.len() >= 21, "{}", followed.len());
    assert!(followed[1..].iter().all(|it| it.report.in_place));
    assert!(received::<RestoredInPlace>(&follower).iter().any(|it| it.entity == stays));
    assert!(received::<FollowerStalled>(&follower).is_empty());
}

/// A store that can be read, and in which everything else is a mistake.
#[derive(Debug)]
struct ReadOnly(MemoryReplica);

impl ReplicaStore for ReadOnly {
    fn create(&self, key: Key, _: &[u8]) -> Result<Created, StoreFault> {
        panic!("{key} is created")
    }

    fn read(&self, key: Key) -> Result<Option<Vec<u8>>, StoreFault> {
        self.0.read(key)
    }

    fn list(&self, session: SessionId) -> Result<Listing, StoreFault> {
        self.0.list(session)
    }

    fn delete(&self, key: Key) -> Result<(), StoreFault> {
        panic!("{key} is deleted")
    }

    fn sessions(&self) -> Result<Vec<SessionId>, StoreFault> {
        self.0.sessions()
    }
}

#[test]
fn a_follower_writes_nothing_and_claims_nothing() {
    let store = MemoryReplica::default();
    let (mut owner, session) = owner(&MemoryDisk::default(), &store);
    let disk = MemoryDisk::default();
    let mut follower = machine(plugin(&disk).replica(replica(ReadOnly(store), "follower")));
    let before = disk.paths();
    follower.insert_resource(SessionFollower::of(session));
    for _ in 0..5 {
        set_health(&mut owner, "fighter 0", 50);
        checkpoint(&mut owner);
        assert_followed(&mut owner, &mut follower);
    }
    assert_eq!(disk.paths(), before);
    assert_eq!(received::<SessionClaimed>(&owner).len(), 1, "its owner has heard nothing of it");
}

/// What was shared is a store of one session, and lists nothing else.
#[derive(Debug)]
struct Shared(ReadOnly);

impl ReplicaStore for Shared {
    fn create(&self, key: Key, bytes: &[u8]) -> Result<Created, StoreFault> {
        self.0.create(key, bytes)
    }

    fn read(&self, key: Key) -> Result<Option<Vec<u8>>, StoreFault> {
        self.0.read(key)
    }

    fn list(&self, session: SessionId) -> Result<Listing, StoreFault> {
        self.0.list(session)
    }

    fn delete(&self, key: Key) -> Result<(), StoreFault> {
        self.0.delete(key)
    }

    fn sessions(&self) -> Result<Vec<SessionId>, StoreFault> {
        panic!("all sessions are listed")
    }
}

// Feature: A spectator follows what was shared, and nothing else is asked of that store.
// Page: guide/following.md#sharing
#[test]
fn a_spectator_only_reads_the_store_that_was_shared_and_plays_in_its_own() {
    let (store, own) = (MemoryReplica::default(), MemoryReplica::default());
    let (mut owner, session) = owner(&MemoryDisk::default(), &store);
    let mut spectator = on(&MemoryDisk::default(), &own, "spectator");
    let shared = Shared(ReadOnly(store));
    spectator.insert_resource(SessionFollower::of(session).in_store(shared).standing_by());
    for health in 50..55 {
        set_health(&mut owner, "fighter 0", health);
        checkpoint(&mut owner);
        assert_followed(&mut owner, &mut spectator);
    }
    // What its owner has left alone is nothing that a spectator could take.
    drop(owner);
    seconds(&mut spectator, 3.0 * LEASE);
    assert!(spectator.world().get_resource::<CurrentSession>().is_none());
    assert_eq!(own.sessions().unwrap(), []);
    request(&mut spectator, |commands| commands.session().start(NewSession::named("Mine")));
    seconds(&mut spectator, 1.0);
    let mine = spectator.world().resource::<CurrentSession>().id();
    assert_eq!(own.sessions().unwrap(), [mine]);
    assert!(spectator.world().get_resource::<SessionFollower>().is_none());
}

#[test]
fn a_follower_follows_the_next_owner_and_rewinds() {
    let store = MemoryReplica::default();
    let (mut one, session) = owner(&MemoryDisk::default(), &store);
    let mut follower = follower(&store, session);
    set_health(&mut one, "fighter 0", 10);
    checkpoint(&mut one);
    assert_followed(&mut one, &mut follower);
    set_health(&mut one, "fighter 0", 20);
    checkpoint(&mut one);
    assert_followed(&mut one, &mut follower);

    request(&mut one, |commands| {
        commands.session().rewind(RewindTo::Ago(Duration::from_millis(1500)))
    });
    seconds(&mut one, 1.0);
    assert_eq!(saved(&mut one).0["fighter 0"], 10);
    assert_followed(&mut one, &mut follower);

    // The owner is gone with its disk, and another plays on.
    drop(one);
    let mut two = on(&MemoryDisk::default(), &store, "two");
    frames(&mut two, 2);
    request(&mut two, |commands| commands.session().recover(session, RestoreFrom::Latest));
    seconds(&mut two, LEASE + 2.0);
    set_health(&mut two, "fighter 0", 30);
    checkpoint(&mut two);
    assert_followed(&mut two, &mut follower);
    assert_eq!(saved(&mut follower).0["fighter 0"], 30);

    // A session that branches off is another one.
    let at = newest(&two);
    request(&mut two, |commands| {
        commands.session().library().branch_off(at, NewSession::named("Other"));
    });
    seconds(&mut two, 1.0);
    set_health(&mut two, "fighter 0", 40);
    checkpoint(&mut two);
    frames(&mut follower, 3);
    assert_eq!(follower.world().resource::<FollowedSession>().session, session);
    assert_eq!(saved(&mut follower).0["fighter 0"], 30);
}

#[test]
fn a_follower_is_told_how_the_session_was_left() {
    let store = MemoryReplica::default();
    let disk = MemoryDisk::default();
    let (mut owner, session) = owner(&disk, &store);
    let mut follower = follower(&store, session);
    set_health(&mut owner, "fighter 0", 10);
    close(&mut owner);
    seconds(&mut owner, 1.0);
    frames(&mut follower, 3);
    assert_eq!(saved(&mut follower).0["fighter 0"], 10, "the last checkpoint as well");
    let left = received::<FollowedLeft>(&follower);
    assert_eq!((left.len(), left[0].status), (1, SessionStatus::Closed));

    request(&mut owner, |commands| commands.session().continue_session(session));
    seconds(&mut owner, 1.0);
    set_health(&mut owner, "fighter 0", 11);
    checkpoint(&mut owner);
    assert_followed(&mut owner, &mut follower);
    assert_eq!(follower.world().resource::<FollowedSession>().left, None);
}

#[test]
fn a_stalled_follower_is_reported_once_and_resumes() {
    let store = MemoryReplica::default();
    let (mut owner, session) = owner(&MemoryDisk::default(), &store);
    let mut follower = follower(&store, session);
    assert_followed(&mut owner, &mut follower);
    let before = saved(&mut follower);
    store.go_away();
    frames(&mut follower, 5);
    assert_eq!(received::<FollowerStalled>(&follower).len(), 1);
    assert_eq!(saved(&mut follower), before);
    store.come_back();
    set_health(&mut owner, "fighter 0", 10);
    checkpoint(&mut owner);
    assert_followed(&mut owner, &mut follower);

    // Somebody has written over the newest entry. What comes later can't be counted on any more, and the world stays.
    set_health(&mut owner, "fighter 0", 20);
    request(&mut owner, |commands| commands.session().checkpoint("Damaged"));
    frames(&mut owner, 3);
    damage_newest(&store, session);
    let before = saved(&mut follower);
    frames(&mut follower, 5);
    assert_eq!(received::<FollowerStalled>(&follower).len(), 2);
    assert_eq!(saved(&mut follower), before);
}

/// Damages the newest entry.
fn damage_newest(store: &MemoryReplica, session: SessionId) {
    let listing = store.list(session).unwrap();
    let (epoch, positions) = listing.entries.last_key_value().unwrap();
    let newest = Key::Entry { session, epoch: *epoch, position: *positions.last().unwrap() };
    let mut bytes = store.read(newest).unwrap().unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    store.delete(newest).unwrap();
    store.create(newest, &bytes).unwrap();
}

#[test]
fn a_standby_plays_on_once_its_owner_is_silent() {
    let store = MemoryReplica::default();
    let (mut owner, session) = owner(&MemoryDisk::default(), &store);
    let mut standby = on(&MemoryDisk::default(), &store, "standby");
    standby.insert_resource(SessionFollower::of(session).standing_by());
    set_health(&mut owner, "fighter 0", 10);
    checkpoint(&mut owner);
    assert_followed(&mut owner, &mut standby);
    // As long as the owner is there, it only follows.
    for _ in 0..60 {
        owner.update();
        standby.update();
    }
    assert!(standby.world().get_resource::<CurrentSession>().is_none());

    let last = newest(&owner);
    let world = saved(&mut owner);
    drop(owner);
    seconds(&mut standby, LEASE + 2.0);
    let restored = received::<SessionRestored>(&standby).remove(0);
    assert_eq!((restored.reason, restored.checkpoint), (RestoreReason::Recovered, last));
    assert_eq!(saved(&mut standby), world);
    assert_eq!(standby.world().resource::<CurrentSession>().id(), session);
    assert!(standby.world().get_resource::<SessionFollower>().is_none());
    assert!(standby.world().get_resource::<FollowedSession>().is_none());
    assert!(received::<RequestRejected>(&standby).is_empty());
    set_health(&mut standby, "fighter 0", 11);
    checkpoint(&mut standby);
    assert_eq!(
        received::<CheckpointReplicated>(&standby).last().unwrap().checkpoint,
        newest(&standby)
    );
}

#[test]
fn a_follower_without_a_replica_is_reported_and_removed() {
    let mut app = machine(plugin(&MemoryDisk::default()));
    app.insert_resource(SessionFollower::of(SessionId::random()));
    frames(&mut app, 3);
    assert_eq!(received::<FollowerStalled>(&app).len(), 1);
    assert!(app.world().get_resource::<SessionFollower>().is_none());
}

#[test]
fn a_session_of_a_process_on_this_machine_can_be_followed() {
    let directory = tempfile::tempdir().unwrap();
    let plugin_here = || {
        SessionPlugin::new("Tests", "Game")
            .version("1.2.3")
            .directory(directory.path())
            .clock_from("2026-01-01T00:00:00Z".parse().unwrap())
    };
    let mut owner = machine(plugin_here());
    owner.world_mut().spawn((Health(1), Name::new("fighter 0")));
    request(&mut owner, |commands| commands.session().start(NewSession::named("Arena")));
    seconds(&mut owner, 1.0);
    let session = owner.world().resource::<CurrentSession>().id();
    let mut follower = machine(plugin(&MemoryDisk::default()));
    follower.insert_resource(SessionFollower::of(session).in_directory(directory.path()));
    for health in 2..6 {
        set_health(&mut owner, "fighter 0", health);
        checkpoint(&mut owner);
        assert_followed(&mut owner, &mut follower);
    }
}

/// Who shows a menu once there is nothing more to see.
#[test]
fn a_follower_that_an_observer_removes_has_ended() {
    let store = MemoryReplica::default();
    let (mut owner, session) = owner(&MemoryDisk::default(), &store);
    let mut follower = follower(&store, session);
    assert_followed(&mut owner, &mut follower);
    follower.add_observer(|_: On<FollowedLeft>, mut commands: Commands| {
        commands.remove_resource::<SessionFollower>();
    });
    // Both come in one frame, the last checkpoint first.
    set_health(&mut owner, "fighter 0", 10);
    close(&mut owner);
    seconds(&mut owner, 1.0);
    frames(&mut follower, 3);
    assert_eq!(received::<FollowedLeft>(&follower).len(), 1);
    assert!(follower.world().get_resource::<SessionFollower>().is_none());
    assert!(follower.world().get_resource::<FollowedSession>().is_none());
    let before = saved(&mut follower);
    request(&mut owner, |commands| commands.session().continue_session(session));
    seconds(&mut owner, 1.0);
    set_health(&mut owner, "fighter 0", 11);
    checkpoint(&mut owner);
    frames(&mut follower, 3);
    assert_eq!(saved(&mut follower), before, "the menu's world stays");
}

#[test]
fn what_comes_after_a_checkpoint_that_ended_a_follower_is_not_said() {
    let store = MemoryReplica::default();
    let (mut owner, session) = owner(&MemoryDisk::default(), &store);
    close(&mut owner);
    seconds(&mut owner, 1.0);
    let mut app = on(&MemoryDisk::default(), &store, "follower");
    app.add_observer(|_: On<Followed>, mut commands: Commands| {
        commands.remove_resource::<SessionFollower>();
    });
    app.insert_resource(SessionFollower::of(session));
    frames(&mut app, 5);
    assert_eq!(received::<Followed>(&app).len(), 1);
    assert_eq!(received::<FollowedLeft>(&app).len(), 0, "it came in the same frame");
}

#[test]
fn another_follower_that_an_observer_inserts_goes_on_instead() {
    let store = MemoryReplica::default();
    let (mut one, first) = owner(&MemoryDisk::default(), &store);
    let (mut two, second) = owner(&MemoryDisk::default(), &store);
    set_health(&mut two, "fighter 0", 70);
    checkpoint(&mut two);
    let mut follower = follower(&store, first);
    assert_followed(&mut one, &mut follower);
    follower.add_observer(move |left: On<FollowedLeft>, mut commands: Commands| {
        if left.session == first {
            commands.insert_resource(SessionFollower::of(second));
        }
    });
    close(&mut one);
    seconds(&mut one, 1.0);
    frames(&mut follower, 3);
    assert_followed(&mut two, &mut follower);
    assert_eq!(follower.world().resource::<FollowedSession>().session, second);
}

/// A share that a server says something else about each time.
#[derive(Clone, Debug, Default)]
struct Told {
    store: MemoryReplica,
    fault: Arc<Mutex<Option<(&'static str, bool)>>>,
    looks: Arc<AtomicU32>,
}

impl Told {
    fn say(&self, fault: Option<(&'static str, bool)>) {
        *self.fault.lock().unwrap() = fault;
    }
}

impl ReplicaStore for Told {
    fn create(&self, key: Key, bytes: &[u8]) -> Result<Created, StoreFault> {
        self.store.create(key, bytes)
    }

    fn read(&self, key: Key) -> Result<Option<Vec<u8>>, StoreFault> {
        self.store.read(key)
    }

    fn list(&self, session: SessionId) -> Result<Listing, StoreFault> {
        self.looks.fetch_add(1, Ordering::Relaxed);
        match *self.fault.lock().unwrap() {
            None => self.store.list(session),
            Some((reason, false)) => Err(StoreFault::new(session, reason)),
            Some((reason, true)) => Err(StoreFault::for_good(session, reason)),
        }
    }

    fn delete(&self, key: Key) -> Result<(), StoreFault> {
        self.store.delete(key)
    }

    fn sessions(&self) -> Result<Vec<SessionId>, StoreFault> {
        self.store.sessions()
    }
}

// Feature: A follower hears each reason why nothing comes, and whether that is for good.
// Page: guide/following.md#sharing
#[test]
fn each_reason_is_said_and_the_end_is_told_from_what_may_pass() {
    let shared = Told::default();
    let (mut owner, session) = owner(&MemoryDisk::default(), &shared.store);
    let mut app = machine(plugin(&MemoryDisk::default()));
    app.insert_resource(SessionFollower::of(session).in_store(shared.clone()));
    assert_followed(&mut owner, &mut app);
    // The session is paused, so no checkpoint comes in between.
    for fault in [
        Some(("away", false)),
        None,
        Some(("away", false)),
        Some(("crowded", false)),
        Some(("away", false)),
        None,
    ] {
        shared.say(fault);
        frames(&mut app, 3);
    }
    let said = |app: &App| -> Vec<(bool, String)> {
        let all = received::<FollowerStalled>(app).into_iter();
        all.map(|it| (it.is_over, it.error.to_string())).collect()
    };
    let all = said(&app);
    assert_eq!(all.len(), 2, "{all:?}");
    assert!(all[0].1.ends_with("away") && all[1].1.ends_with("crowded"), "{all:?}");
    checkpoint(&mut owner);
    assert_followed(&mut owner, &mut app);
    shared.say(Some(("away", false)));
    frames(&mut app, 3);
    assert_eq!(said(&app).len(), 3, "anew, since a checkpoint was followed");

    shared.say(Some(("ended", true)));
    frames(&mut app, 3);
    let looks = shared.looks.load(Ordering::Relaxed);
    shared.say(None);
    checkpoint(&mut owner);
    let before = saved(&mut app);
    frames(&mut app, 10);
    let all = said(&app);
    assert_eq!(all.iter().map(|it| it.0).collect::<Vec<_>>(), [false, false, false, true]);
    assert_eq!(shared.looks.load(Ordering::Relaxed), looks, "it asks no more");
    assert_eq!(saved(&mut app), before);
    assert!(app.world().get_resource::<SessionFollower>().is_some());
}
