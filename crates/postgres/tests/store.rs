//! The store on a real server. `ci/postgres.sh run cargo test -p bevy_session_postgres -- --ignored` starts one.

mod common;

use bevy_session_journal::SessionId;
use bevy_session_journal::replica::conformance::CHECKS;
use bevy_session_journal::replica::{Created, Epoch, Key, Position, ReplicaStore};
use bevy_session_postgres::{PostgresError, PostgresReplica};
use tokio_postgres::NoTls;

use common::{said, url};

fn store() -> PostgresReplica {
    PostgresReplica::new(&url()).unwrap()
}

// Feature: Stores are in memory, a directory or Postgres, and one kit checks each.
#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn a_database_passes_the_store_checks() {
    for (_, check) in CHECKS {
        check(&store());
    }
}

/// A server of a game may well have a runtime of its own.
fn on_another_runtime<T>(ask: impl FnOnce() -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async { ask() })
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn a_store_works_on_a_thread_of_another_runtime() {
    on_another_runtime(a_database_passes_the_store_checks);
}

#[test]
fn a_fault_on_a_thread_of_another_runtime_does_not_panic() {
    // Nobody listens there.
    let store = PostgresReplica::new("postgres://arena@127.0.0.1:1/worlds").unwrap();
    on_another_runtime(|| store.sessions().unwrap_err());
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn concurrent_first_connections_create_the_tables_once() {
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| store().sessions().unwrap());
        }
    });
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn an_entry_of_a_megabyte_comes_back_whole() {
    let store = store();
    let (session, epoch, position) = (SessionId::random(), Epoch(3), Position(9));
    let bytes: Vec<u8> = (0..1_u32 << 18).flat_map(u32::to_le_bytes).chain(*b"end").collect();
    let key = Key::Entry { session, epoch, position };
    assert_eq!(store.create(key, &bytes).unwrap(), Created::New);
    assert_eq!(store.read(key).unwrap().unwrap(), bytes);
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn a_cut_connection_causes_at_most_one_fault() {
    let store = PostgresReplica::new(&format!("{}?application_name=cut_off", url())).unwrap();
    store.sessions().unwrap();
    end_connections();
    let faults = (0..3).filter(|_| store.sessions().is_err()).count();
    assert!(faults <= 1, "{faults} faults");
}

/// Ends connections as a restart of the server does.
fn end_connections() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(&url(), NoTls).await.unwrap();
        drop(tokio::spawn(connection));
        let end = "select pg_terminate_backend(pid) from pg_stat_activity \
             where application_name = 'cut_off'";
        client.batch_execute(end).await.unwrap();
    });
}

// Feature: No password of Postgres is in an error or a log.
// Page: guide/buckets.md#postgres
#[test]
fn a_password_is_in_no_error_and_no_debug() {
    // Nobody listens there.
    let store = PostgresReplica::new("postgres://arena:s3cret@127.0.0.1:1/worlds").unwrap();
    let fault = store.sessions().unwrap_err();
    for text in [said(&fault), format!("{fault:?}"), format!("{store:?}")] {
        assert!(!text.contains("s3cret"), "{text}");
    }
    let error = PostgresReplica::new("postgres://arena:s3cret@[bad/worlds").unwrap_err();
    assert!(matches!(error, PostgresError::Url));
    assert!(!format!("{error:?} {}", said(&error)).contains("s3cret"));
}
