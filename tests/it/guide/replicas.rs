//! A server whose world is kept in a second place, and a process that follows it.

use std::time::Duration;

use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;
use bevy_session::prelude::*;
use bevy_session::replica::{
    CheckpointReplicated, DirectoryReplica, FollowedSession, MemoryReplica, Replica,
    ReplicaSessions, SessionFollower,
};
use bevy_session::{MemoryDisk, SessionId};

use super::stage::{app_on, game_on, rejected, said};
use crate::common::*;

/// The length of a lease.
const LEASE: Duration = Duration::from_secs(3);

/// A machine that keeps its sessions in this store.
fn machine(
    disk: &MemoryDisk,
    store: &MemoryReplica,
    name: &str,
    add: impl FnOnce(&mut App),
) -> App {
    let replica = Replica::new(store.clone()).machine(name).lease(LEASE);
    app_on(disk, |app| {
        app.add_plugins(plugin(disk).replica(replica));
        add(app);
    })
}

#[expect(
    unused_imports,
    reason = "the plugin of the tests stands in for the one that the page imports"
)]
mod server {
    use crate::guide::stage::SessionPlugin;

    include!("samples/replicated_server.rs");

    pub fn of(shared: &std::path::Path) -> App {
        server(shared).unwrap()
    }
}

#[test]
fn the_checkpoints_of_the_page_are_in_the_second_place() {
    let shared = tempfile::tempdir().unwrap();
    std::fs::create_dir(shared.path().join("arena")).unwrap();
    let mut app = server::of(shared.path());
    app.insert_resource(TimeUpdateStrategy::ManualDuration(FRAME));
    listen::<CheckpointReplicated>(&mut app);
    app.finish();
    app.cleanup();
    request(&mut app, |commands| commands.session().start(NewSession::named("Arena")));
    until(&mut app, |app| !received::<CheckpointReplicated>(app).is_empty());
    assert!(std::fs::read_dir(shared.path().join("arena")).unwrap().count() > 0);

    // Another machine sees whose the session is.
    let store = DirectoryReplica::open(&shared.path().join("arena")).unwrap();
    let mut other = app_on(&MemoryDisk::default(), |app| {
        let plugin = super::stage::SessionPlugin::new("Studio", "Arena");
        app.add_plugins(plugin.replica(Replica::new(store).machine("arena-4")));
    });
    other.world_mut().resource_mut::<ReplicaSessions>().look();
    until(&mut other, |app| !app.world().resource::<ReplicaSessions>().sessions().is_empty());
    let sessions = other.world().resource::<ReplicaSessions>().sessions();
    assert_eq!(sessions[0].owner.machine(), Some("arena-3"));
}

mod figures {
    include!("samples/replica_figures.rs");

    pub fn add(app: &mut App) {
        plugin(app);
    }
}

#[test]
fn a_server_of_the_page_that_another_one_has_replaced_exits_with_3() {
    let (store, disk) = (MemoryReplica::default(), MemoryDisk::default());
    let mut one = machine(&disk, &store, "one", figures::add);
    one.world_mut().spawn(Health(7));
    request(&mut one, |commands| commands.session().start(NewSession::named("Arena")));
    seconds(&mut one, 1.0);
    let session = one.world().resource::<CurrentSession>().id();
    // It sleeps, and another takes over.
    let mut two = machine(&MemoryDisk::default(), &store, "two", |_| {});
    request(&mut two, |commands| commands.session().recover(session, RestoreFrom::Latest));
    seconds(&mut two, LEASE.as_secs_f32() + 1.0);
    request(&mut two, |commands| commands.session().checkpoint("mine"));
    seconds(&mut two, 1.0);
    request(&mut one, |commands| commands.session().checkpoint("mine"));
    let exits = (0..30).find_map(|_| {
        frames(&mut one, 1);
        one.should_exit()
    });
    assert_eq!(exits, Some(AppExit::from_code(3)));
}

#[test]
fn a_store_that_is_away_is_in_the_figures_of_the_page() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let store = MemoryReplica::default();
    let mut app = machine(&MemoryDisk::default(), &store, "one", figures::add);
    let fighter = app.world_mut().spawn(Health(7)).id();
    request(&mut app, |commands| commands.session().start(NewSession::named("Arena")));
    seconds(&mut app, 1.0);
    let mut after_a_checkpoint = || {
        app.world_mut().get_mut::<Health>(fighter).unwrap().0 += 1;
        request(&mut app, |commands| commands.session().checkpoint("mine"));
        metrics::with_local_recorder(&recorder, || seconds(&mut app, 2.0));
        recorder.handle().render()
    };
    store.go_away();
    let figures = after_a_checkpoint();
    assert!(figures.contains("hop_replica_lost 1"), "{figures}");
    store.come_back();
    let figures = after_a_checkpoint();
    assert!(figures.contains("hop_replica_lost 0"), "{figures}");
}

#[expect(unused_variables, reason = "the page leaves out the fight")]
mod spectator {
    include!("samples/spectator.rs");

    pub fn add(app: &mut App) {
        plugin(app);
    }

    pub fn choose(app: &mut App, session: SessionId) {
        crate::common::request(app, |commands| watch(session, commands));
    }
}

/// A machine that plays a match.
fn owner(store: &MemoryReplica) -> (App, SessionId) {
    let mut owner = machine(&MemoryDisk::default(), store, "owner", |_| {});
    owner.world_mut().spawn(Health(7));
    request(&mut owner, |commands| commands.session().start(NewSession::named("Arena")));
    seconds(&mut owner, 2.0);
    let session = owner.world().resource::<CurrentSession>().id();
    (owner, session)
}

#[test]
fn a_spectator_of_the_page_has_the_world_of_the_match() {
    let store = MemoryReplica::default();
    let (_owner, session) = owner(&store);
    let mut app = machine(&MemoryDisk::default(), &store, "spectator", spectator::add);
    spectator::choose(&mut app, session);
    until(&mut app, |app| app.world().contains_resource::<FollowedSession>());
    frames(&mut app, 3);
    assert_eq!(super::stage::all::<Health>(&mut app), [Health(7)]);
    assert!(rejected(&app).is_empty());
}

mod stalled {
    include!("samples/stalled.rs");

    pub fn add(app: &mut App) {
        app.add_observer(stalled);
    }
}

#[test]
fn a_follower_of_the_page_that_can_follow_nothing_is_removed() {
    let mut app = game_on(&MemoryDisk::default(), stalled::add);
    app.insert_resource(SessionFollower::of(SessionId::random()));
    assert!(!said(|| frames(&mut app, 3)).is_empty());
    assert!(!app.world().contains_resource::<SessionFollower>());
}

#[test]
fn a_follower_of_the_page_stays_while_its_store_is_away() {
    let store = MemoryReplica::default();
    let (_owner, session) = owner(&store);
    let mut app = machine(&MemoryDisk::default(), &store, "spectator", stalled::add);
    app.insert_resource(SessionFollower::of(session));
    until(&mut app, |app| app.world().contains_resource::<FollowedSession>());
    store.go_away();
    assert!(!said(|| frames(&mut app, 5)).is_empty());
    assert!(app.world().contains_resource::<SessionFollower>(), "the store may come back");
}
