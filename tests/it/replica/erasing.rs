//! Players who are erased, and what the replica has of them.

// Feature: What a replica has of an erased player is removed once no other machine owns it, whatever interrupts that.
// Page: guide/players-data.md#removing-a-player

use bevy_session::SessionUpdate;
use bevy_session::library::{PlayerErased, Remaining};
use bevy_session::replica::{Key, ReplicaErased};

use super::*;

const NAME: &str = "Ann of the hills";
/// The bytes of a seal or a tombstone.
const LONGEST: usize = 96;

fn listening(disk: &MemoryDisk, store: &MemoryReplica, name: &str) -> App {
    machine_with(plugin(disk).replica(replica(store, name)), |app| {
        listen::<PlayerErased>(app);
        listen::<ReplicaErased>(app);
    })
}

/// Plays a session of this player and leaves it, so that all of it is in the replica.
fn played_by_player(app: &mut App, player: &str) -> SessionId {
    app.world_mut().spawn(Health(7));
    request(app, |commands| commands.session().start(NewSession::named("Garden").player(player)));
    seconds(app, 1.0);
    let session = app.world().resource::<CurrentSession>().id();
    request(app, |commands| commands.session().close(LeaveCause::Player));
    seconds(app, 1.0);
    assert!(received::<SessionReleased>(app).last().unwrap().complete);
    session
}

/// All that the replica holds of a session.
fn objects(store: &MemoryReplica, session: SessionId) -> Vec<Vec<u8>> {
    let listing = store.list(session).unwrap();
    let claims = listing.claims.iter().map(|epoch| Key::Claim { session, epoch: *epoch });
    let entries = listing.entries.iter().flat_map(|(epoch, positions)| {
        let entry = |position| Key::Entry { session, epoch: *epoch, position };
        positions.iter().copied().map(entry)
    });
    claims.chain(entries).filter_map(|key| store.read(key).unwrap()).collect()
}

/// Returns true if an object of the session names the player, or is large enough to have a packed value.
fn is_in_replica(store: &MemoryReplica, session: SessionId) -> bool {
    let names = |object: &Vec<u8>| object.windows(NAME.len()).any(|it| it == NAME.as_bytes());
    objects(store, session).iter().any(|object| names(object) || object.len() > LONGEST)
}

fn erase(app: &mut App) {
    request(app, |commands| commands.session().library().erase_player(NAME));
    seconds(app, 2.0);
}

fn erased(app: &App) -> Vec<SessionId> {
    received::<ReplicaErased>(app).into_iter().map(|it| it.session).collect()
}

/// The sessions that the replica offers to another machine.
fn listed(store: &MemoryReplica) -> Vec<SessionId> {
    let mut app = machine(&MemoryDisk::default(), replica(store, "other"));
    seconds(&mut app, LEASE + 1.0);
    app.world().resource::<ReplicaSessions>().sessions().iter().map(|it| it.session).collect()
}

#[test]
fn an_erasure_removes_the_players_sessions_from_the_replica() {
    let (disk, store) = (MemoryDisk::default(), MemoryReplica::default());
    let mut app = listening(&disk, &store, "one");
    let session = played_by_player(&mut app, NAME);
    let other = played_by_player(&mut app, "Ben");
    assert!(is_in_replica(&store, session), "the search should find what is there");

    erase(&mut app);
    let receipt = received::<PlayerErased>(&app).pop().unwrap().receipt;
    assert!(receipt.remaining.contains(&Remaining::Replicated { session }), "{receipt:?}");
    assert!(!receipt.is_complete() && receipt.is_complete_here());
    assert_eq!(erased(&app), [session]);
    assert!(!is_in_replica(&store, session));
    assert_eq!(listed(&store), [other]);
    seconds(&mut app, LEASE * 3.0);
    assert_eq!(erased(&app).len(), 1, "it is said once");
}

#[test]
fn an_unreachable_replica_is_cleared_at_the_next_contact() {
    let (disk, store) = (MemoryDisk::default(), MemoryReplica::default());
    let mut app = listening(&disk, &store, "one");
    let session = played_by_player(&mut app, NAME);
    store.go_away();
    erase(&mut app);
    assert_eq!(received::<PlayerErased>(&app).len(), 1, "it waits for nothing");
    drop(app);
    store.come_back();
    assert!(is_in_replica(&store, session));

    // Also where another session is played at once, and for long.
    let mut app = listening(&disk, &store, "one");
    request(&mut app, |commands| commands.session().start(NewSession::named("Pond")));
    seconds(&mut app, LEASE * 2.0);
    assert_eq!(erased(&app), [session]);
    assert!(!is_in_replica(&store, session));
}

#[test]
fn a_long_session_of_an_erased_player_is_removed_while_another_one_is_played() {
    let (disk, store) = (MemoryDisk::default(), MemoryReplica::default());
    let mut app = listening(&disk, &store, "one");
    app.world_mut().spawn(Health(7));
    request(&mut app, |commands| {
        commands.session().start(NewSession::named("Garden").player(NAME));
    });
    // Each third of a lease the owner says that it lives.
    seconds(&mut app, LEASE * 20.0);
    let session = app.world().resource::<CurrentSession>().id();
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    seconds(&mut app, 1.0);
    assert!(objects(&store, session).len() > 40);
    store.go_away();
    erase(&mut app);
    drop(app);
    store.come_back();

    let mut app = listening(&disk, &store, "one");
    request(&mut app, |commands| commands.session().start(NewSession::named("Pond")));
    seconds(&mut app, LEASE * 8.0);
    assert_eq!(erased(&app), [session]);
    assert!(!is_in_replica(&store, session));
}

#[test]
fn data_in_transit_during_an_erasure_is_removed_from_the_replica() {
    let (disk, store) = (MemoryDisk::default(), MemoryReplica::default());
    let mut app = listening(&disk, &store, "one");
    app.world_mut().spawn(Health(7));
    request(&mut app, |commands| {
        commands.session().start(NewSession::named("Garden").player(NAME));
    });
    seconds(&mut app, 1.0);
    let session = app.world().resource::<CurrentSession>().id();
    assert!(is_in_replica(&store, session));
    store.go_away();
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    seconds(&mut app, 1.0);
    erase(&mut app);
    store.come_back();
    seconds(&mut app, LEASE * 2.0);
    assert_eq!(erased(&app), [session]);
    assert!(!is_in_replica(&store, session));
}

#[test]
fn erasures_of_a_left_profile_reach_the_replica() {
    let (disk, store) = (MemoryDisk::default(), MemoryReplica::default());
    let mut app = listening(&disk, &store, "one");
    let session = played_by_player(&mut app, NAME);
    store.go_away();
    erase(&mut app);
    request(&mut app, |commands| commands.session().library().use_profile("other"));
    seconds(&mut app, 1.0);
    store.come_back();
    seconds(&mut app, LEASE);
    assert_eq!(erased(&app), [session]);
    assert!(!is_in_replica(&store, session));
}

#[test]
fn a_session_played_elsewhere_is_erased_once_it_is_left() {
    let (disk, store) = (MemoryDisk::default(), MemoryReplica::default());
    let mut app = listening(&disk, &store, "one");
    let session = played_by_player(&mut app, NAME);
    let mut two = machine(&MemoryDisk::default(), replica(&store, "two"));
    seconds(&mut two, 1.0);
    request(&mut two, |commands| commands.session().continue_session(session));
    seconds(&mut two, 1.0);
    assert_eq!(played_by(&two), Some(session));

    erase(&mut app);
    for _ in 0..5 {
        seconds(&mut two, LEASE / 2.0);
        seconds(&mut app, LEASE / 2.0);
    }
    assert_eq!(erased(&app), [], "its owner is there");
    assert!(received::<SessionFenced>(&two).is_empty());

    request(&mut two, |commands| commands.session().close(LeaveCause::Player));
    seconds(&mut two, 1.0);
    seconds(&mut app, LEASE);
    assert_eq!(erased(&app), [session]);
    assert!(!is_in_replica(&store, session));
}

#[test]
fn a_session_that_became_another_players_is_not_erased() {
    let (disk, store) = (MemoryDisk::default(), MemoryReplica::default());
    let mut app = listening(&disk, &store, "one");
    let session = played_by_player(&mut app, NAME);
    let mut two = machine(&MemoryDisk::default(), replica(&store, "two"));
    seconds(&mut two, 1.0);
    request(&mut two, |commands| commands.session().continue_session(session));
    seconds(&mut two, 1.0);
    request(&mut two, |commands| {
        commands.session().update(SessionUpdate::default().player("Ben"));
    });
    seconds(&mut two, 1.0);
    checkpoint(&mut two);
    // Its owner's machine sleeps.
    erase(&mut app);
    seconds(&mut app, LEASE * 3.0);
    let known = app.world().resource::<ReplicaSessions>().get(session);
    assert!(known.is_some(), "it is listed here as well");
    checkpoint(&mut two);
    assert_eq!(received::<SessionFenced>(&two).len(), 0);

    request(&mut two, |commands| commands.session().close(LeaveCause::Player));
    seconds(&mut two, 1.0);
    seconds(&mut app, LEASE * 2.0);
    assert_eq!(erased(&app), []);
    assert_eq!(listed(&store), [session]);
}
