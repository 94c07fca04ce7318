//! Spectators of what was shared, with real servers: `ci/postgres.sh run cargo test --features replica --test it -- sharing::
//! --include-ignored`, and the same with `ci/objects.sh`.

// Feature: A spectator follows what was shared, and nothing else is asked of that store.

use std::error::Error;

use super::*;

const HOUR: Duration = Duration::from_secs(3_600);

/// A spectator's game, which has no replica.
fn spectator(session: SessionId, shared: impl ReplicaStore + 'static) -> App {
    let mut app = machine(plugin(&MemoryDisk::default()));
    app.insert_resource(SessionFollower::of(session).in_store(shared));
    frames(&mut app, 2);
    app
}

/// A machine that keeps its sessions in a store, and sends at once.
fn server(store: impl ReplicaStore + 'static, machine_name: &str) -> App {
    let replica = replica(store, machine_name).send_every(Duration::ZERO);
    let mut app = machine(plugin(&MemoryDisk::default()).replica(replica));
    frames(&mut app, 2);
    app
}

fn begin(owner: &mut App) -> SessionId {
    owner.world_mut().spawn((Health(1), Name::new("fighter 0")));
    request(owner, |commands| commands.session().start(NewSession::named("Arena")));
    seconds(owner, 1.0);
    owner.world().resource::<CurrentSession>().id()
}

/// Plays on, and shows each checkpoint to a spectator.
fn play(owner: &mut App, spectator: &mut App, healths: std::ops::Range<u32>) {
    for health in healths {
        set_health(owner, "fighter 0", health);
        checkpoint(owner);
        // A bucket's spectators hear of it at the next renewal.
        seconds(owner, LEASE);
        assert_followed(owner, spectator);
    }
}

/// The reason why a follower has stalled, with all of its causes.
fn why(spectator: &App) -> String {
    let stalled = received::<FollowerStalled>(spectator);
    assert!(stalled.len() == 1 && stalled[0].is_over, "{stalled:?}");
    let error: &dyn Error = &stalled[0].error;
    let mut causes = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        causes.push(error.to_string());
        cause = error.source();
    }
    format!("{} {stalled:?}", causes.join(": "))
}

mod postgres {
    use bevy_session_postgres::{PostgresReplica, SharedSession};

    use super::*;

    fn store() -> PostgresReplica {
        let url = std::env::var("BEVY_SESSION_POSTGRES").expect("a server of ci/postgres.sh");
        PostgresReplica::new(&url).unwrap()
    }

    #[test]
    #[ignore = "needs a server: ci/postgres.sh"]
    fn a_spectator_follows_a_shared_session_through_a_take_over_to_its_end() {
        let url = std::env::var("BEVY_SESSION_POSTGRES").expect("a server of ci/postgres.sh");
        run_roles(&url);
        let mut one = server(store(), "one");
        let session = begin(&mut one);
        let token = store().share(session, HOUR).unwrap();
        let shared = || SharedSession::open(&url, &token).unwrap().look_every(Duration::ZERO);
        let (mut watching, mut revoked) =
            (spectator(session, shared()), spectator(session, shared()));
        play(&mut one, &mut watching, 2..6);
        assert_followed(&mut one, &mut revoked);

        // The owner is gone with its disk, and the share stays.
        drop(one);
        let mut two = server(store(), "two");
        request(&mut two, |commands| commands.session().recover(session, RestoreFrom::Latest));
        seconds(&mut two, LEASE + 2.0);
        play(&mut two, &mut watching, 10..14);

        close(&mut two);
        seconds(&mut two, 1.0);
        frames(&mut watching, 3);
        let left = received::<FollowedLeft>(&watching);
        assert_eq!((left.len(), left[0].status), (1, SessionStatus::Closed));
        assert_eq!(saved(&mut watching).0["fighter 0"], 13);
        assert!(received::<FollowerStalled>(&watching).is_empty());

        // One that is refused keeps the world, says why once, and doesn't say its token.
        frames(&mut revoked, 3);
        assert!(store().unshare(&token).unwrap());
        let before = saved(&mut revoked);
        frames(&mut revoked, 5);
        let why = why(&revoked);
        assert!(why.contains("isn't shared by this token, or not any more"), "{why}");
        let (_, secret) =
            token.reveal().split_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        assert!(
            !format!("{why} {:?}", revoked.world().resource::<SessionFollower>()).contains(&secret)
        );
        assert_eq!(saved(&mut revoked), before);
    }

    /// Has the server's administrator run the file of roles.
    fn run_roles(url: &str) {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/crates/postgres/roles.sql");
        let ran = std::process::Command::new("psql")
            .args(["-q", "-v", "ON_ERROR_STOP=1", "-f", file, url])
            .output()
            .unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    }
}

mod bucket {
    use std::sync::Arc;

    use bevy_session_objects::{ObjectReplica, ShareAddress, SharedSession};

    use super::*;

    fn store() -> Arc<ObjectReplica> {
        let endpoint = std::env::var("BEVY_SESSION_S3").expect("a server of ci/objects.sh");
        let url = format!("s3://sessions/following?endpoint={endpoint}");
        Arc::new(ObjectReplica::s3(&url).unwrap())
    }

    fn open(address: &ShareAddress) -> SharedSession {
        SharedSession::open(address).unwrap().look_every(Duration::ZERO)
    }

    #[test]
    #[ignore = "needs a server: ci/objects.sh"]
    fn a_spectator_without_keys_follows_a_shared_session_through_a_take_over_to_its_end() {
        let store_of_one = store();
        let mut one = server(Arc::clone(&store_of_one), "one");
        let session = begin(&mut one);
        let address = store_of_one.share(session, HOUR).unwrap();
        let mut watching = spectator(session, open(&address));
        play(&mut one, &mut watching, 2..6);

        // The owner is gone with its disk. What it had can be read, and the next owner goes on with the share.
        drop((one, store_of_one));
        let mut late = spectator(session, open(&address));
        assert_eq!(saved(&mut late).0["fighter 0"], 5);
        let store_of_two = store();
        let mut two = server(Arc::clone(&store_of_two), "two");
        request(&mut two, |commands| commands.session().recover(session, RestoreFrom::Latest));
        seconds(&mut two, LEASE + 2.0);
        play(&mut two, &mut watching, 10..14);
        assert_followed(&mut two, &mut late);

        set_health(&mut two, "fighter 0", 20);
        close(&mut two);
        seconds(&mut two, 1.0);
        frames(&mut watching, 3);
        let left = received::<FollowedLeft>(&watching);
        assert_eq!((left.len(), left[0].status), (1, SessionStatus::Closed));
        assert_eq!(saved(&mut watching).0["fighter 0"], 20, "the last checkpoint as well");
        assert!(received::<FollowerStalled>(&watching).is_empty());

        assert!(store_of_two.unshare(&address).unwrap());
        let before = saved(&mut watching);
        frames(&mut watching, 5);
        let why = why(&watching);
        assert!(why.contains("isn't shared by this address, or not any more"), "{why}");
        let url = address.reveal();
        let (_, signature) = url.rsplit_once('=').unwrap();
        let follower = watching.world().resource::<SessionFollower>();
        assert!(!format!("{why} {follower:?}").contains(signature));
        assert_eq!(saved(&mut watching), before);
    }
}
