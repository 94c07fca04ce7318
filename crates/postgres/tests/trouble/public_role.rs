//! A role whose password everybody has: what Postgres itself lets anybody do.

// Feature: Postgres shares a session by a token: read-only, ended at once or at its end, in no log and no error.

use std::time::Duration;

use bevy_session_journal::SessionId;
use bevy_session_journal::replica::{Created, ReplicaStore};
use bevy_session_postgres::SharedSession;

use crate::roles::{denies, member, run_file, with_roles};
use crate::server::{Database, Sql, entry, store, url};

const LINES: &str = include_str!("../../spectator.sql");

/// The lines of `spectator.sql`, run by the administrator. Returns the role.
fn public_role(database: &Database) -> String {
    let role = format!("screen_{}", database.name);
    let lines = LINES
        .replace("screen", &role)
        .replace("'shown to everybody'", &format!("'{}'", crate::server::PASSWORD))
        .replace("database worlds", &format!("database {}", database.name));
    database.sql.run(&lines);
    role
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn a_public_role_writes_nothing_and_locks_nothing_and_servers_go_on() {
    let database = with_roles(&url());
    // As it is before release 15.
    database.sql.run("grant create on schema public to public");
    let role = public_role(&database);
    let screen = Sql::open(&database.at(&role));
    assert_eq!(screen.ask("create table public.mine (x int)"), Err("25006".to_owned()));
    // A setting of the role's own is only a default.
    screen.run("set default_transaction_read_only = off");
    denies(
        &screen,
        &[
            "select pg_logical_emit_message(false, 'x', repeat('x', 1000))::text",
            "select pg_logical_emit_message(true, 'x', 'x'::bytea)::text",
            "select lo_create(0)",
            "select lo_creat(-1)",
            "select lo_from_bytea(0, 'x')",
            "create table public.mine (x int)",
            "create function public.mine() returns int language sql as 'select 1'",
            "create temp table mine (x int)",
            "select pg_advisory_lock(4913378250816123417)",
            "select pg_try_advisory_xact_lock(1, 2)",
            "set temp_file_limit = -1",
            &format!("alter role {role} set temp_file_limit = -1"),
            "select from bevy_session.objects",
        ],
    );
    let sorts =
        "select count(*) from (select x from generate_series(1, 5000000) as x order by -x) as y";
    assert_eq!(screen.ask(sorts), Err("53400".to_owned()), "a disk can't be filled by sorting");

    run_file(&database.sql);
    for group in ["server", "operator"] {
        let arena = member(&database, group, group);
        let store = store(&database.at(&arena));
        store.check().unwrap();
        let session = SessionId::random();
        assert_eq!(store.create(entry(session, 1), b"x").unwrap(), Created::New);
        assert_eq!(store.create(entry(session, 1), b"x").unwrap(), Created::Existed);
        let token = store.share(session, Duration::from_secs(60)).unwrap();
        let shared = SharedSession::open(&database.at(&role), &token).unwrap();
        assert_eq!(shared.read(entry(session, 1)).unwrap().unwrap(), b"x");
    }
}

/// Names of Postgres' own functions mean those, whoever may create others.
#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn the_file_of_roles_runs_nothing_that_a_stranger_has_made() {
    let database = with_roles(&url());
    database.sql.run("grant create on schema public to public");
    let stranger = database.role("stranger");
    let as_stranger = Sql::open(&database.at(&stranger));
    for arguments in ["text, text", "text, regprocedure"] {
        as_stranger.run(&format!(
            "create function public.format({arguments}) returns text language plpgsql as \
                $$ begin execute 'alter role {stranger} superuser'; return 'select 1'; end $$"
        ));
    }
    run_file(&database.sql);
    public_role(&database);
    let is_super = format!("select rolsuper from pg_roles where rolname = '{stranger}'");
    assert_eq!(database.sql.value(&is_super), "f");
}
