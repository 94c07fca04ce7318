//! A primary with a synchronous standby.

// Feature: What Postgres acknowledged survives its restart, its death and the promotion of a standby.
// Page: guide/buckets.md#postgres

use std::thread;

use bevy_session_journal::SessionId;
use bevy_session_journal::replica::{Created, Epoch, ReplicaStore};
use bevy_session_postgres::PostgresCheckError;

use crate::server::{Server, Sql, entry, refused, store, until};

/// The URL with both hosts.
fn both(first: &Server, second: &Server) -> String {
    let host = |server: &Server| {
        server
            .url
            .trim_start_matches("postgres://postgres@")
            .trim_end_matches("/postgres")
            .to_owned()
    };
    format!("postgres://postgres:s3cret@{},{}/postgres", host(first), host(second))
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn every_acknowledged_entry_is_on_the_standby_that_is_promoted() {
    let mut first = Server::start(&[]);
    let second = Server::standby_of(&first);
    let (store, session) = (store(&both(&first, &second)), SessionId::random());
    let create = |position: u64| {
        until("an acknowledgement", || {
            store.create(entry(session, position), &position.to_le_bytes()).is_ok()
        });
    };
    (1..=20).for_each(create);
    first.stop();
    // On the connection that was cut, and then on a new one.
    store.create(entry(session, 21), &21_u64.to_le_bytes()).unwrap_err();
    let fault = store.create(entry(session, 21), &21_u64.to_le_bytes()).unwrap_err();
    assert!(format!("{fault:?}").contains("InRecovery"), "a standby isn't written: {fault:?}");
    first.start_again(&[]);
    (21..=40).for_each(create);
    first.kill();
    second.promote();
    for position in 1..=40 {
        let found = store.read(entry(session, position)).ok().flatten();
        // The first is on a connection to the one that was killed.
        let found = found.or_else(|| store.read(entry(session, position)).unwrap());
        assert_eq!(found.unwrap(), position.to_le_bytes());
    }
    assert_eq!(store.create(entry(session, 41), b"after").unwrap(), Created::New);
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn a_lone_standby_is_reported_and_used_once_promoted() {
    let first = Server::start(&[]);
    let mut second = Server::standby_of(&first);
    store(&first.url).check().unwrap();
    second.stop();
    second.start_again(&["-c", "hot_standby=off"]);
    let error = refused(&second.url);
    assert!(matches!(error, PostgresCheckError::Starting(_)) && !error.is_refusal(), "{error:?}");

    second.stop();
    second.start_again(&[]);
    let error = refused(&second.url);
    assert!(matches!(error, PostgresCheckError::InRecovery) && !error.is_refusal(), "{error:?}");

    // A first host that takes connections and says nothing leaves time for the second.
    let _paused = first.pause();
    second.promote();
    until("an answer of the second", || store(&both(&first, &second)).check().is_ok());
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn a_read_only_first_host_is_skipped() {
    let first = Server::start(&["-c", "default_transaction_read_only=on"]);
    let second = Server::start(&[]);
    assert!(matches!(refused(&first.url), PostgresCheckError::ReadOnly));
    store(&both(&first, &second)).check().unwrap();
    // And so is one that has gone.
    first.kill();
    store(&both(&first, &second)).check().unwrap();
}

/// The insert waited for the standby when its server ended, as it does in a restart. Its row can be seen since, and a second
/// insert writes nothing that a commit would wait for.
#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn an_existing_entry_is_acknowledged_only_once_the_standby_has_it() {
    let first = Server::start(&[]);
    let mut second = Server::standby_of(&first);
    let (session, asked) = (SessionId::random(), store(&first.url));
    asked.create(entry(session, 1), b"x").unwrap();
    second.stop();
    let sql = Sql::open(&first.url);
    let waiting = "select pid::text from pg_stat_activity where wait_event = 'SyncRep'";
    let is_waiting = || sql.ask(waiting).unwrap();

    thread::scope(|scope| {
        let interrupted = scope.spawn(|| store(&first.url).create(entry(session, 2), b"x"));
        until("the insert waits", || !is_waiting().is_empty());
        sql.run(
            "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'",
        );
        interrupted.join().unwrap().unwrap_err();
    });
    let here =
        format!("select count(*) from bevy_session.objects where session = '{}'", session.uuid());
    assert_eq!(sql.value(&here), "2", "the row can be seen");

    let (create, list, check) = (
        || store(&first.url).create(entry(session, 2), b"x"),
        || store(&first.url).list(session),
        || store(&first.url).check(),
    );
    thread::scope(|scope| {
        let (created, listed) = (scope.spawn(create), scope.spawn(list));
        let checked = scope.spawn(check);
        until("all three wait", || {
            let is_finished = [created.is_finished(), listed.is_finished(), checked.is_finished()];
            assert_eq!(is_finished, [false; 3], "the standby doesn't have it");
            is_waiting().len() == 3
        });
        second.start_again(&[]);
        // They may have waited too long, and are asked again then.
        let created = created.join().unwrap();
        let created = created.or_else(|_| create()).unwrap();
        assert_eq!(created, Created::Existed);
        let listed = listed.join().unwrap().or_else(|_| list()).unwrap();
        assert_eq!(listed.entries[&Epoch(1)].len(), 2);
        checked.join().unwrap().or_else(|_| check()).unwrap();
    });
}
