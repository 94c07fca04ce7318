//! Support reads a session under a grant of its own that is committed, stands and lasts, and changes nothing.

// Feature: Servers, support and operators have roles, and support reads only what it opened on record.

use bevy_session_journal::SessionId;
use bevy_session_journal::replica::ReplicaStore;
use bevy_session_postgres::PostgresCheckError;

use crate::roles::{denies, member, with_roles};
use crate::server::{Database, Server, Sql, claim, entry, store, url};

const COUNT: &str = "select count(*) from bevy_session.objects";
const GRANTS: &str = "select count(*) from bevy_session.support_grants";

/// Two sessions of three objects each.
fn filled(url: &str) -> (Database, [SessionId; 2]) {
    let (database, sessions) = (with_roles(url), [SessionId::random(), SessionId::random()]);
    let owner = store(&database.admin());
    for session in sessions {
        for key in [claim(session), entry(session, 1), entry(session, 2)] {
            owner.create(key, b"world").unwrap();
        }
    }
    (database, sessions)
}

fn opens(session: SessionId) -> String {
    format!("select bevy_session.open_session('{}', 'a lost world', '1 hour')", session.uuid())
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn support_reads_what_it_opened_and_nothing_else() {
    let (database, [opened, other]) = filled(&url());
    let (ada, bob) = (member(&database, "ada", "support"), member(&database, "bob", "support"));
    let (of_ada, of_bob) = (Sql::open(&database.at(&ada)), Sql::open(&database.at(&bob)));
    let asks = store(&database.at(&ada));
    assert_eq!(asks.sessions().unwrap(), []);
    assert_eq!(asks.read(entry(opened, 1)).unwrap(), None);

    of_ada.run(&opens(opened));
    assert_eq!(asks.sessions().unwrap(), [opened]);
    assert_eq!(asks.read(entry(opened, 1)).unwrap().unwrap(), b"world");
    assert_eq!(asks.list(opened).unwrap().claims.len(), 1);
    assert_eq!(asks.read(entry(other, 1)).unwrap(), None);
    assert_eq!(of_ada.value("select who from bevy_session.support_grants"), ada);

    // Another's grant is of no use, and isn't seen, whatever role is set.
    for set in ["reset role", "set role bevy_session_support"] {
        of_bob.run(set);
        assert_eq!((of_bob.value(COUNT), of_bob.value(GRANTS)), ("0".to_owned(), "0".to_owned()));
    }
    of_ada.run("set role bevy_session_support");
    assert_eq!(of_ada.value(COUNT), "3");
    of_ada.run(&opens(other));
    of_ada.run("reset role");
    let who = "select distinct who from bevy_session.support_grants";
    assert_eq!(database.sql.ask(who).unwrap(), [ada], "the one who is logged in");
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn a_rollback_cannot_undo_the_record_of_a_reading() {
    let (database, [session, _]) = filled(&url());
    let ada = Sql::open(&database.at(&member(&database, "ada", "support")));
    for (nested, out) in
        [("", "rollback"), ("savepoint inner_one;", "rollback to inner_one; commit")]
    {
        ada.run(&format!("begin; {nested} {}", opens(session)));
        assert_eq!(ada.value(COUNT), "0", "it isn't committed");
        ada.run("savepoint later");
        assert_eq!(ada.value(COUNT), "0", "nor within a subtransaction");
        ada.run("set local role bevy_session_support");
        assert_eq!(ada.value(COUNT), "0");
        ada.run(out);
        assert_eq!((ada.value(COUNT), ada.value(GRANTS)), ("0".to_owned(), "0".to_owned()));
    }
    ada.run(&format!("begin; savepoint inner_one; {}; release inner_one", opens(session)));
    assert_eq!(ada.value(COUNT), "0");
    ada.run("commit");
    assert_eq!(ada.value(COUNT), "3");
    // What was committed is read in any later transaction, and a rollback of that leaves the grant.
    ada.run("begin");
    assert_eq!(ada.value(COUNT), "3");
    ada.run("rollback");
    assert_eq!(ada.value(GRANTS), "1");
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn a_prepared_grant_opens_nothing_before_it_is_committed() {
    let server = Server::start(&["-c", "max_prepared_transactions=2"]);
    let (database, [session, _]) = filled(&server.url);
    let ada = Sql::open(&database.at(&member(&database, "ada", "support")));
    for (end, objects) in [("rollback", "0"), ("commit", "3")] {
        ada.run(&format!("begin; {}", opens(session)));
        assert_eq!(ada.value(COUNT), "0");
        ada.run("prepare transaction 'later'");
        assert_eq!(ada.value(COUNT), "0");
        ada.run(&format!("{end} prepared 'later'"));
        assert_eq!(ada.value(COUNT), objects);
    }
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn a_grant_ends_when_its_time_is_over_even_within_a_transaction() {
    let (database, [session, _]) = filled(&url());
    let ada = Sql::open(&database.at(&member(&database, "ada", "support")));
    ada.run(&opens(session));
    ada.run("begin");
    assert_eq!(ada.value(COUNT), "3");
    // After the transaction's begin, whose time `now()` stays at.
    database.sql.run("update bevy_session.support_grants set until = clock_timestamp()");
    assert_eq!(ada.value(COUNT), "0");
    ada.run("commit");
    assert_eq!((ada.value(COUNT), ada.value(GRANTS)), ("0".to_owned(), "1".to_owned()));
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn support_changes_neither_objects_nor_grants() {
    let (database, [session, other]) = filled(&url());
    let role = member(&database, "ada", "support");
    let ada = Sql::open(&database.at(&role));
    ada.run(&opens(session));
    denies(
        &ada,
        &[
            "insert into bevy_session.objects values (gen_random_uuid(), 1, 1, now(), '')",
            "update bevy_session.objects set bytes = ''",
            "delete from bevy_session.objects",
            "truncate bevy_session.objects",
            "update bevy_session.support_grants set until = 'infinity'",
            "update bevy_session.support_grants set made_in = 0",
            "delete from bevy_session.support_grants",
            "insert into bevy_session.support_grants (who, session, reason, until, made_in) \
                values (session_user, gen_random_uuid(), 'x', 'infinity', 0)",
            "select bevy_session.end_grant(1)",
            "select nextval('bevy_session.support_grants_id_seq')",
            "update bevy_session.schema set version = 7",
            "set session authorization postgres",
            "set role bevy_session_server",
            "alter function bevy_session.open_session(uuid, text, interval) reset search_path",
            "select from bevy_session.objects where pg_read_file('/etc/passwd') <> ''",
        ],
    );
    let denied = store(&database.at(&role)).check().unwrap_err();
    assert!(matches!(
        denied,
        PostgresCheckError::Denied { right: "insert into bevy_session.objects", .. }
    ));

    let uuid = other.uuid();
    for arguments in [
        format!("'{uuid}', '', '1 hour'"),
        format!("'{uuid}', '  ', '1 hour'"),
        format!("'{uuid}', null, '1 hour'"),
        "null, 'x', '1 hour'".to_owned(),
        format!("'{uuid}', 'x', '8 days'"),
        format!("'{uuid}', 'x', '-1 hour'"),
        format!("'{uuid}', 'x', null"),
    ] {
        let opened = ada.ask(&format!("select bevy_session.open_session({arguments})"));
        assert_eq!(opened, Err("23514".to_owned()), "{arguments}");
    }
    assert_eq!(ada.value(GRANTS), "1");
}

/// Names of one's own stand in front of the real ones: tables, and functions in a schema that somebody let support make.
#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn a_forged_search_path_gives_no_access() {
    let (database, [session, other]) = filled(&url());
    let role = member(&database, "ada", "support");
    database.sql.run(&format!("create schema forged authorization {role}"));
    let ada = Sql::open(&database.at(&role));
    ada.run(
        "create temp table support_grants (like bevy_session.support_grants);
        create temp table objects (session uuid);
        create function forged.btrim(text) returns text language sql as
            $$ select 'forged'::text $$;
        create function forged.clock_timestamp() returns timestamptz language sql as
            $$ select '2001-01-01'::timestamptz $$;
        create function forged.txid_current_if_assigned() returns bigint language sql as
            $$ select -1::bigint $$;
        set search_path = forged, pg_temp, pg_catalog",
    );
    assert_eq!(ada.value("select btrim('')"), "forged");
    let without = format!("select bevy_session.open_session('{}', '', '1 hour')", other.uuid());
    assert_eq!(ada.ask(&without), Err("23514".to_owned()));
    ada.run(&format!("begin; {}", opens(session)));
    assert_eq!(ada.value(COUNT), "0");
    ada.run("commit");
    assert_eq!(ada.value(COUNT), "3");
    assert_eq!(ada.value("select count(*) from support_grants"), "0");
    let line =
        "select who || ' ' || (made > now() - interval '1 hour') from bevy_session.support_grants";
    assert_eq!(database.sql.value(line), format!("{role} true"));
}
