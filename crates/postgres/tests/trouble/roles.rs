//! The roles of `roles.sql`: what servers, operators and owners may do, and what nobody may.

// Feature: Servers, support and operators have roles, and support reads only what it opened on record.
// Page: guide/buckets.md#postgres

use std::sync::{Mutex, PoisonError};

use bevy_session_journal::SessionId;
use bevy_session_journal::replica::conformance::CHECKS;
use bevy_session_journal::replica::{Created, ReplicaStore};

use crate::server::{Database, Sql, claim, entry, store, url};

const ROLES: &str = include_str!("../../roles.sql");
/// The code of a missing right.
pub const DENIED: &str = "42501";

/// Roles are the whole server's: one test makes them at a time.
static MAKES_ROLES: Mutex<()> = Mutex::new(());

/// Runs the file as somebody.
pub fn run_file(sql: &Sql) {
    let _alone = MAKES_ROLES.lock().unwrap_or_else(PoisonError::into_inner);
    sql.run(ROLES);
}

/// A database with roles, on a server.
pub fn with_roles(url: &str) -> Database {
    let database = Database::on(url);
    run_file(&database.sql);
    database
}

/// A role that may log in, and is a member of a group.
pub fn member(database: &Database, name: &str, group: &str) -> String {
    let role = database.role(name);
    database.sql.run(&format!("grant bevy_session_{group} to {role}"));
    role
}

#[track_caller]
pub fn denies(sql: &Sql, statements: &[&str]) {
    for statement in statements {
        assert_eq!(sql.ask(statement), Err(DENIED.to_owned()), "{statement}");
    }
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn a_server_does_what_a_store_does_and_deletes_no_claim() {
    let database = with_roles(&url());
    // An update runs it again.
    run_file(&database.sql);
    let arena = member(&database, "arena", "server");
    let store = store(&database.at(&arena));
    store.check().unwrap();
    for (_, check) in CHECKS {
        check(&store);
    }
    let session = SessionId::random();
    for key in [claim(session), entry(session, 1)] {
        assert_eq!(store.create(key, b"x").unwrap(), Created::New);
        store.delete(key).unwrap();
    }
    assert_eq!(store.read(claim(session)).unwrap().unwrap(), b"x", "a claim stays");
    assert_eq!(store.read(entry(session, 1)).unwrap(), None);
    denies(
        &Sql::open(&database.at(&arena)),
        &[
            "update bevy_session.objects set position = 1 where position = 0",
            "truncate bevy_session.objects",
            "insert into bevy_session.schema values (7)",
            "update bevy_session.schema set version = 7",
            "select from bevy_session.support_grants",
            "select bevy_session.open_session(gen_random_uuid(), 'because', '1 hour')",
            "select bevy_session.end_grant(1)",
            "drop table bevy_session.objects",
            "alter table bevy_session.objects disable row level security",
            "create table bevy_session.mine (x int)",
            "create trigger mine before insert on bevy_session.objects execute function suppress_redundant_updates_trigger()",
        ],
    );
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn an_operator_does_what_a_server_does_sees_all_grants_and_ends_them() {
    let database = with_roles(&url());
    let (ada, bob) = (member(&database, "ada", "support"), member(&database, "bob", "support"));
    let olga = member(&database, "olga", "operator");
    let session = SessionId::random();
    let store = store(&database.at(&olga));
    store.check().unwrap();
    for key in [claim(session), entry(session, 1)] {
        assert_eq!(store.create(key, b"x").unwrap(), Created::New);
    }
    let open =
        format!("select bevy_session.open_session('{}', 'a lost world', '1 hour')", session.uuid());
    let (of_ada, of_bob) = (Sql::open(&database.at(&ada)), Sql::open(&database.at(&bob)));
    let grant = of_ada.value(&open);
    of_bob.run(&open);

    let olga_asks = Sql::open(&database.at(&olga));
    assert_eq!(olga_asks.value("select count(*) from bevy_session.support_grants"), "2");
    assert_eq!(olga_asks.value(&format!("select bevy_session.end_grant({grant})")), "t");
    assert_eq!(olga_asks.value(&format!("select bevy_session.end_grant({grant})")), "f", "once");
    let count = "select count(*) from bevy_session.objects";
    assert_eq!((of_ada.value(count), of_bob.value(count)), ("0".to_owned(), "2".to_owned()));
    let line = format!("select ended_by from bevy_session.support_grants where id = {grant}");
    assert_eq!(olga_asks.value(&line), olga, "the line stays, and says who ended it");

    store.delete(claim(session)).unwrap();
    assert!(store.read(claim(session)).unwrap().is_some());
    denies(
        &olga_asks,
        &[
            "delete from bevy_session.support_grants",
            "update bevy_session.support_grants set who = 'somebody'",
            "insert into bevy_session.support_grants (who, session, reason, until) \
                values (session_user, gen_random_uuid(), 'x', 'infinity')",
            &open,
        ],
    );
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn every_table_has_row_level_security_and_every_definer_a_search_path() {
    let database = with_roles(&url());
    let stranger = database.role("stranger");
    let open = "select relname from pg_class where relnamespace = 'bevy_session'::regnamespace \
        and relkind in ('r', 'p', 'v', 'm') and not relrowsecurity";
    assert_eq!(database.sql.ask(open).unwrap(), Vec::<String>::new());
    let loose = "select proname from pg_proc where pronamespace = 'bevy_session'::regnamespace \
        and prosecdef and proconfig is distinct from array['search_path=pg_catalog, pg_temp']";
    assert_eq!(database.sql.ask(loose).unwrap(), Vec::<String>::new());
    let foreign = "select relname from pg_class where relnamespace = 'bevy_session'::regnamespace \
        and relowner <> current_user::regrole";
    assert_eq!(database.sql.ask(foreign).unwrap(), Vec::<String>::new());
    let granted = format!(
        "select proname from pg_proc where pronamespace = 'bevy_session'::regnamespace \
            and has_function_privilege('{stranger}', oid, 'execute')
        union select relname from pg_class where relnamespace = 'bevy_session'::regnamespace \
            and relkind = 'r' and has_table_privilege('{stranger}', oid, 'select, insert, update, delete')"
    );
    assert_eq!(database.sql.ask(&granted).unwrap(), Vec::<String>::new());
    denies(&Sql::open(&database.at(&stranger)), &["select from bevy_session.objects"]);
}

/// A small setup has one role, which makes the tables and owns them. An administrator may take them over later.
#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn an_administrator_can_take_over_the_tables_of_a_single_role() {
    let database = Database::new();
    let arena = database.role("arena");
    database.sql.run(&format!("grant create on database {} to {arena}", database.name));
    let (as_arena, session) = (store(&database.at(&arena)), SessionId::random());
    as_arena.check().unwrap();
    as_arena.create(entry(session, 1), b"kept").unwrap();

    run_file(&database.sql);
    let owner = store(&database.admin());
    for (_, check) in CHECKS {
        check(&owner);
    }
    owner.create(claim(session), b"x").unwrap();
    owner.delete(claim(session)).unwrap();
    assert_eq!(owner.read(claim(session)).unwrap(), None, "the owner of the tables may do all");

    as_arena.read(entry(session, 1)).unwrap_err();
    database.sql.run(&format!("grant bevy_session_server to {arena}"));
    assert_eq!(as_arena.read(entry(session, 1)).unwrap().unwrap(), b"kept");
    as_arena.check().unwrap();
}

/// Clouds give no superuser: the database's owner may make roles, and no more.
#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn an_administrator_need_not_be_a_superuser() {
    let database = Database::new();
    // The roles are there before, or made by this one.
    let boss = database.role("boss");
    database.sql.run(&format!("alter role {boss} createrole"));
    database.sql.run(&format!("alter database {} owner to {boss}", database.name));
    let as_boss = Sql::open(&database.at(&boss));
    run_file(&as_boss);
    run_file(&as_boss);
    for (_, check) in CHECKS {
        check(&store(&database.at(&boss)));
    }
    let arena = member(&database, "arena", "server");
    store(&database.at(&arena)).check().unwrap();
}
