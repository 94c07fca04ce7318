//! The check: each server that can't be used is refused with its reason, a fault says the same, and nothing else is refused.

// Feature: A database is checked before it is used, and refused with the reason.
// Page: guide/buckets.md#postgres

use bevy_session_journal::SessionId;
use bevy_session_journal::replica::{Created, ReplicaStore};
use bevy_session_postgres::PostgresCheckError as Reason;

use crate::server::{Database, PASSWORD, Server, at, entry, refused, store, url};

/// The right that is missing.
#[track_caller]
fn denied(url: &str) -> &'static str {
    match refused(url) {
        Reason::Denied { right, .. } => right,
        other => panic!("{other:?}"),
    }
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn a_check_passes_and_leaves_nothing_behind() {
    let database = Database::new();
    let store = store(&database.admin());
    for _ in 0..2 {
        store.check().unwrap();
    }
    assert_eq!(store.sessions().unwrap(), []);
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn a_check_works_within_another_runtime() {
    let database = Database::new();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let store = store(&database.admin());
        store.check().unwrap();
        assert_eq!(store.create(entry(SessionId::random(), 1), b"x").unwrap(), Created::New);
    });
}

#[test]
fn an_unreachable_server_is_no_refusal_and_does_not_panic_in_a_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        // Nobody listens there.
        let error = refused(&at("postgres://x@127.0.0.1:1/x", "arena", "worlds"));
        assert!(matches!(error, Reason::Unreachable(_)), "{error:?}");
        assert!(!error.is_refusal());
    });
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn wrong_missing_and_unknown_credentials_are_reported() {
    let server = Server::start(&["--tls", "-c", "log_statement=all", "-c", "log_connections=on"]);
    let database = Database::on(&server.url);
    let arena = database.role("arena");
    database.sql.run(&format!("grant create on database {} to {arena}", database.name));
    store(&database.at(&arena)).check().unwrap();

    let right = database.at(&arena);
    for wrong in [right.replace(PASSWORD, "wr0ng"), database.at("nobody")] {
        let error = refused(&wrong);
        assert!(matches!(error, Reason::Password(_)) && error.is_refusal(), "{error:?}");
    }
    let error = refused(&right.replace(&format!(":{PASSWORD}"), ""));
    assert!(matches!(error, Reason::NoPassword) && error.is_refusal(), "{error:?}");

    let log = server.log();
    assert!(log.contains(&arena), "something is logged: {log}");
    // The one line that makes the role has its password, and is this test's.
    let told: Vec<_> = log.lines().filter(|line| !line.contains("create role")).collect();
    assert!(!told.iter().any(|line| line.contains(PASSWORD) || line.contains("wr0ng")));
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn a_missing_role_and_one_without_login_are_reported() {
    let database = Database::new();
    let asleep = database.role("asleep");
    database.sql.run(&format!("alter role {asleep} nologin"));
    for role in [&*asleep, "nobody_at_all"] {
        let error = refused(&database.at(role));
        assert!(matches!(error, Reason::Role(_)) && error.is_refusal(), "{error:?}");
    }
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn a_missing_database_is_reported() {
    let error = refused(&at(&url(), "postgres", "nowhere"));
    assert!(matches!(error, Reason::NoDatabase(_)) && error.is_refusal(), "{error:?}");
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn a_missing_right_is_named() {
    let database = Database::new();
    let role = database.role("arena");
    let grant = |right: &str| database.sql.run(&format!("grant {right} to {role}"));
    let url = database.at(&role);
    assert!(denied(&url).starts_with("make the tables"));

    store(&database.admin()).check().unwrap();
    assert_eq!(denied(&url), "select from bevy_session.schema");
    grant("usage on schema bevy_session");
    assert_eq!(denied(&url), "select from bevy_session.schema");
    grant("select on bevy_session.schema");
    assert_eq!(denied(&url), "insert into bevy_session.objects");
    grant("insert on bevy_session.objects");
    assert_eq!(denied(&url), "select from bevy_session.objects");
    grant("select on bevy_session.objects");
    assert_eq!(denied(&url), "delete from bevy_session.objects");
    grant("delete on bevy_session.objects");
    // It may not make the tables, and needn't.
    store(&url).check().unwrap();

    let emit = "function pg_logical_emit_message(boolean, text, text)";
    database.sql.run(&format!("revoke execute on {emit} from public"));
    assert_eq!(denied(&url), "call pg_logical_emit_message");
    database.sql.run(&format!("revoke connect on database {} from public", database.name));
    assert_eq!(denied(&url), "connect to the database");
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn tables_of_a_newer_build_are_reported() {
    let database = Database::new();
    store(&database.admin()).check().unwrap();
    database.sql.run("update bevy_session.schema set version = 2");
    let error = refused(&database.admin());
    assert!(matches!(error, Reason::NewerSchema { found: 2, known: 1 }) && error.is_refusal());
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn a_read_only_database_or_role_is_reported() {
    let database = Database::new();
    let role = database.role("reader");
    for what in [format!("role {role}"), format!("database {}", database.name)] {
        database.sql.run(&format!("alter {what} set default_transaction_read_only = on"));
        let error = refused(&database.at(&role));
        assert!(matches!(error, Reason::ReadOnly) && error.is_refusal(), "{error:?}");
        database.sql.run(&format!("alter {what} reset default_transaction_read_only"));
    }
}

/// A trigger that refuses an insert with the code of a full disk: to fill one takes a file system of the test's own, which
/// takes root.
#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn a_full_disk_is_reported_and_the_entry_written_once_there_is_room() {
    let database = Database::new();
    let store = store(&database.admin());
    store.check().unwrap();
    database.sql.run(
        "create function full_disk() returns trigger language plpgsql as
            $$ begin raise exception 'no space left' using errcode = 'disk_full'; end $$;
        create trigger full_disk before insert on bevy_session.objects
            for each row execute function full_disk()",
    );
    let error = refused(&database.admin());
    assert!(matches!(error, Reason::Full(_)) && !error.is_refusal(), "{error:?}");
    let key = entry(SessionId::random(), 1);
    store.create(key, b"x").unwrap_err();
    database.sql.run("drop trigger full_disk on bevy_session.objects");
    assert_eq!(store.create(key, b"x").unwrap(), Created::New);
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn too_many_connections_are_reported() {
    let database = Database::new();
    let role = database.role("crowd");
    database.sql.run(&format!("alter role {role} connection limit 0"));
    let error = refused(&database.at(&role));
    assert!(matches!(error, Reason::TooManyConnections(_)) && !error.is_refusal(), "{error:?}");
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn tables_that_create_twice_or_forget_are_reported() {
    let database = Database::new();
    store(&database.admin()).check().unwrap();
    database.sql.run("alter table bevy_session.objects drop constraint objects_pkey");
    let error = refused(&database.admin());
    assert!(matches!(error, Reason::CreatesTwice) && error.is_refusal(), "{error:?}");
    database.sql.run("create rule forget as on insert to bevy_session.objects do instead nothing");
    let error = refused(&database.admin());
    assert!(matches!(error, Reason::Forgets) && error.is_refusal(), "{error:?}");
}

/// The host's name is no loopback's, so it counts as another machine wherever its address leads.
#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn another_machine_without_tls_is_refused() {
    let (_, port) =
        url().rsplit_once("127.0.0.1:").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let elsewhere =
        format!("postgres://postgres:{PASSWORD}@db.example.com:{port}?hostaddr=127.0.0.1");
    let error = refused(&elsewhere);
    assert!(matches!(error, Reason::NoTls) && error.is_refusal(), "{error:?}");
    // A URL that asks for less gets no less.
    let error = refused(&format!("{elsewhere}&sslmode=disable"));
    assert!(matches!(error, Reason::NoTls), "{error:?}");
    let here = format!("postgres://postgres:{PASSWORD}@127.0.0.1:{port}?sslmode=require");
    assert!(matches!(refused(&here), Reason::NoTls));
}
