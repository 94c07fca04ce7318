//! Shares: read by its token until its end, and nothing else by nobody else.

// Feature: Postgres shares a session by a token: read-only, ended at once or at its end, in no log and no error.
// Page: guide/following.md#sharing

use std::net::TcpListener;
use std::time::Duration;

use bevy_session_journal::SessionId;
use bevy_session_journal::replica::{Epoch, ReplicaStore, StoreFault};
use bevy_session_postgres::{
    PostgresCheckError, PostgresReplica, ShareError, ShareToken, SharedSession,
};

use crate::catalogue::line;
use crate::roles::{denies, member, run_file, with_roles};
use crate::server::{Database, PASSWORD, Server, Sql, claim, entry, said, store, until, url};

const HOUR: Duration = Duration::from_secs(3_600);
/// The code of the functions for a token that opens nothing.
const NOT_SHARED: &str = "BS001";
/// The same for a connection without one.
const NO_TOKEN: &str = "BS002";

/// A server that shares, its spectators' role, and two sessions of three objects each.
struct Arena {
    database: Database,
    arena: String,
    store: PostgresReplica,
    screen: String,
    sessions: [SessionId; 2],
}

impl Arena {
    fn new() -> Self {
        let database = with_roles(&url());
        let arena = member(&database, "arena", "server");
        let screen = member(&database, "screen", "spectator");
        let sessions = [SessionId::random(), SessionId::random()];
        let store = store(&database.at(&arena));
        for session in sessions {
            for key in [claim(session), entry(session, 1), entry(session, 2)] {
                store.create(key, session.to_string().as_bytes()).unwrap();
            }
        }
        Self { database, arena, store, screen, sessions }
    }

    fn open(&self, token: &ShareToken) -> SharedSession {
        let shared = SharedSession::open(&self.database.at(&self.screen), token).unwrap();
        shared.look_every(Duration::ZERO)
    }
}

/// The text of a token, without the session.
fn secret(token: &ShareToken) -> String {
    token.reveal().split_once('.').unwrap().1.to_owned()
}

/// The same secret, for another session.
fn of_another(session: SessionId, token: &ShareToken) -> ShareToken {
    format!("{session}.{}", secret(token)).parse().unwrap()
}

#[track_caller]
fn refuses(shared: &SharedSession) {
    let session = shared.session();
    let refused = |fault: StoreFault| {
        let reason = fault.source.downcast_ref::<PostgresCheckError>();
        assert!(matches!(reason, Some(PostgresCheckError::NotShared)), "{fault:?}");
    };
    refused(shared.list(session).unwrap_err());
    refused(shared.read(entry(session, 1)).unwrap_err());
    let error = shared.check().unwrap_err();
    assert!(matches!(error, PostgresCheckError::NotShared) && error.is_refusal(), "{error:?}");
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn a_token_reads_the_session_until_the_share_is_ended() {
    let arena = Arena::new();
    let session = arena.sessions[0];
    let (one, two) =
        (arena.store.share(session, HOUR).unwrap(), arena.store.share(session, HOUR).unwrap());
    let (of_one, of_two) = (arena.open(&one), arena.open(&two.reveal().parse().unwrap()));
    for shared in [&of_one, &of_two] {
        shared.check().unwrap();
        assert_eq!(shared.list(session).unwrap(), arena.store.list(session).unwrap());
        let read = shared.read(entry(session, 2)).unwrap().unwrap();
        assert_eq!(read, session.to_string().as_bytes());
        assert_eq!(shared.read(entry(session, 3)).unwrap(), None);
        assert_eq!(shared.read(claim(session)).unwrap(), None, "what owns the session is nobody's");
    }
    // On a connection that is open, and from one call to the next.
    assert!(arena.store.unshare(&one).unwrap());
    refuses(&of_one);
    refuses(&arena.open(&one));
    assert!(!arena.store.unshare(&one).unwrap());
    assert_eq!(of_two.read(entry(session, 1)).unwrap().unwrap(), session.to_string().as_bytes());
    arena.store.share(session, HOUR).unwrap();
    assert_eq!(arena.store.unshare_all(session).unwrap(), 2);
    refuses(&of_two);
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn a_token_that_has_ended_is_of_another_session_or_forged_opens_nothing() {
    let arena = Arena::new();
    let [session, other] = arena.sessions;
    let token = arena.store.share(session, HOUR).unwrap();
    let open = arena.open(&token);
    open.check().unwrap();
    refuses(&arena.open(&of_another(other, &token)));
    refuses(&arena.open(&format!("{session}.{}", "0".repeat(64)).parse().unwrap()));
    // What the database has of it is of no use.
    let hash = "select encode(token, 'hex') from bevy_session.shares";
    let hash = arena.database.sql.value(hash);
    refuses(&arena.open(&format!("{session}.{hash}").parse().unwrap()));
    let fault = open.list(other).unwrap_err();
    assert!(said(&fault).contains("can only be read"), "{}", said(&fault));
    open.read(entry(other, 1)).unwrap_err();

    arena.database.sql.run("update bevy_session.shares set until = clock_timestamp()");
    refuses(&open);
    // Nobody gives it back to one who was refused, and the row goes with the next that is shared.
    let left = "select count(*) from bevy_session.shares";
    assert_eq!(arena.database.sql.value(left), "1");
    arena.store.share(other, HOUR).unwrap();
    assert_eq!(arena.database.sql.value(left), "1");
    assert!(!arena.store.unshare(&token).unwrap(), "it had ended");
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn something_is_shared_for_seven_days_at_most() {
    let arena = Arena::new();
    let week = Duration::from_secs(7 * 24 * 3_600);
    arena.store.share(arena.sessions[0], week).unwrap();
    let short = Duration::from_millis(999);
    for lasts in [Duration::ZERO, short, week + Duration::from_nanos(1), Duration::MAX] {
        let error = arena.store.share(arena.sessions[0], lasts).unwrap_err();
        assert!(matches!(error, ShareError::Length), "{error:?}");
    }
    let longer = "update bevy_session.shares set until = 'infinity'";
    assert_eq!(arena.database.sql.ask(longer), Err("23514".to_owned()));
    // A week has 168 hours where clocks go forward in it, too.
    arena.database.sql.run(
        "set timezone = 'Europe/Berlin'; insert into bevy_session.shares
            select '', gen_random_uuid(), made, made + make_interval(secs => 604800)
            from (select '2026-03-25 12:00+01'::timestamptz as made) as moment",
    );
    // And none is written for later, after which it would end later as well.
    let arena_itself = Sql::open(&arena.database.at(&arena.arena));
    denies(
        &arena_itself,
        &[
            "insert into bevy_session.shares values ('x', gen_random_uuid(), '2100-01-01', '2100-01-08')",
        ],
    );
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn a_session_that_is_forgotten_is_shared_no_more() {
    let arena = Arena::new();
    let [session, stays] = arena.sessions;
    let (token, kept) =
        (arena.store.share(session, HOUR).unwrap(), arena.store.share(stays, HOUR).unwrap());
    let open = arena.open(&token);
    open.check().unwrap();
    // What can't be ended isn't forgotten.
    arena.database.sql.run("begin; lock bevy_session.shares in access exclusive mode");
    let forgetting = std::thread::scope(|scope| {
        let forgetting = scope.spawn(|| arena.store.forget(session, Epoch(1)));
        until("somebody waits", || {
            let waits = "select count(*) from pg_locks where not granted \
                and relation = 'bevy_session.shares'::regclass";
            Sql::open(&arena.database.admin()).value(waits) == "1"
        });
        let end = "select pg_terminate_backend(pid)::text from pg_locks where not granted \
            and relation = 'bevy_session.shares'::regclass";
        arena.database.sql.value(end);
        forgetting.join().unwrap()
    });
    forgetting.unwrap_err();
    arena.database.sql.run("rollback");
    open.check().unwrap();

    arena.store.forget(session, Epoch(1)).unwrap();
    refuses(&open);
    let other = store(&arena.database.admin());
    for store in [&arena.store, &other] {
        let error = store.share(session, HOUR).unwrap_err();
        assert!(matches!(error, ShareError::Withdrawn), "{error:?}");
    }
    arena.open(&kept).check().unwrap();
    // Its player agrees again.
    arena.store.describe(&line(session, 1, "Arena"));
    arena.open(&arena.store.share(session, HOUR).unwrap()).check().unwrap();
    refuses(&arena.open(&token));
    // Whoever holds the list up holds nothing else up.
    arena.database.sql.run("begin; lock bevy_session.catalogue in access exclusive mode");
    arena.store.forget(stays, Epoch(1)).unwrap_err();
    arena.database.sql.run("rollback");
    refuses(&arena.open(&kept));
}

/// What was shared a moment before can't be seen yet when the session is forgotten.
#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn a_share_that_is_on_its_way_does_not_outlive_a_withdrawal() {
    let arena = Arena::new();
    let session = arena.sessions[0];
    arena.store.describe(&line(session, 1, "Arena"));
    let sql = &arena.database.sql;
    sql.run(
        "create function public.wait_for_seven() returns trigger language plpgsql as
            $$ begin perform pg_advisory_xact_lock_shared(7); return new; end $$;
        create trigger wait before insert on bevy_session.shares for each row execute function public.wait_for_seven();
        select pg_advisory_lock(7)",
    );
    let waiting = "select count(*) from pg_locks where not granted and locktype = 'advisory'
        and database = (select oid from pg_database where datname = current_database())";
    let watch = Sql::open(&arena.database.admin());
    let shared = std::thread::scope(|scope| {
        let sharing = scope.spawn(|| arena.store.share(session, HOUR));
        until("it is on its way", || watch.value(waiting) == "1");
        let forget = || arena.store.forget(session, Epoch(1)).is_ok();
        let forgetting = scope.spawn(move || until("it is forgotten", forget));
        until("it waits, or doesn't", || forgetting.is_finished() || watch.value(waiting) == "2");
        sql.run("select pg_advisory_unlock(7)");
        forgetting.join().unwrap();
        sharing.join().unwrap()
    });
    refuses(&arena.open(&shared.unwrap()));
    let error = arena.store.share(session, HOUR).unwrap_err();
    assert!(matches!(error, ShareError::Withdrawn), "{error:?}");
}

/// Where spectators may take advisory locks, as with a role of their own.
#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn a_lock_that_somebody_holds_keeps_no_share_open() {
    let arena = Arena::new();
    let session = arena.sessions[0];
    let open = arena.open(&arena.store.share(session, HOUR).unwrap());
    open.check().unwrap();
    let lock = |what: &str| {
        let name = format!("hashtextextended('bevy_session.shares {}', 0)", session.uuid());
        arena.database.sql.run(&format!("select pg_advisory_{what}({name})"));
    };
    lock("lock");
    arena.store.forget(session, Epoch(1)).unwrap_err();
    refuses(&open);
    lock("unlock");
    arena.store.forget(session, Epoch(1)).unwrap();
}

/// The game's role has had its rights by hand from before there were shares.
#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn a_role_that_may_not_share_forgets_sessions_all_the_same() {
    let arena = Arena::new();
    let session = arena.sessions[0];
    let old = arena.database.role("old");
    arena.database.sql.run(&format!(
        "grant usage on schema bevy_session to {old};
        grant select, insert, update, delete on bevy_session.objects, bevy_session.catalogue to {old};
        grant select on bevy_session.schema to {old};
        create policy old on bevy_session.schema to {old} using (true);
        create policy old on bevy_session.objects to {old} using (true);
        create policy old on bevy_session.catalogue to {old} using (true)"
    ));
    let old = store(&arena.database.at(&old));
    old.describe(&line(session, 1, "Arena"));
    old.forget(session, Epoch(1)).unwrap();
    let error = old.share(session, HOUR).unwrap_err();
    assert!(matches!(error, ShareError::Database(_)), "{error:?}");
}

/// Anybody with the published role can change its defaults and its password. The token protects, so no password need.
#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn a_spectator_cannot_keep_the_others_out() {
    let arena = Arena::new();
    let session = arena.sessions[0];
    let token = arena.store.share(session, HOUR).unwrap();
    for change in [
        "password 'mine'",
        "set statement_timeout = 1",
        "set lock_timeout = 1",
        "set tcp_user_timeout = 1",
        "set row_security = off",
        "set local_preload_libraries = 'nothing'",
        "set default_transaction_isolation = 'serializable'",
        "set default_transaction_read_only = on",
        "set search_path = 'pg_temp'",
        "set client_encoding = 'latin1'",
    ] {
        let stranger = Sql::open(&arena.database.at(&arena.screen));
        stranger.run(&format!("alter role current_user {change}"));
        let shared = arena.open(&token);
        assert!(shared.check().is_ok(), "{change}: {:?}", shared.check());
        assert!(shared.read(entry(session, 1)).unwrap().is_some(), "{change}");
        arena.database.sql.run(&format!("alter role {} reset all", arena.screen));
    }
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn defaults_that_others_set_change_nothing_for_a_spectator() {
    let arena = Arena::new();
    let session = arena.sessions[0];
    let token = arena.store.share(session, HOUR).unwrap();
    let Database { sql, name, .. } = &arena.database;
    sql.run(&format!("alter role {} set default_transaction_read_only = on", arena.screen));
    for isolation in ["repeatable read", "serializable"] {
        sql.run(&format!(
            "alter database {name} set default_transaction_isolation = '{isolation}'"
        ));
        let shared = arena.open(&token);
        shared.check().unwrap();
        assert!(shared.read(entry(session, 1)).unwrap().is_some());
    }
    // What lets no options through is told from a share that has ended, and may be mended.
    let without = Sql::open(&arena.database.at(&arena.screen));
    without.run("set default_transaction_isolation = 'read committed'");
    let read = format!("select bevy_session.shared_entry('{}', 1, 1)", session.uuid());
    assert_eq!(without.ask(&read), Err(NO_TOKEN.to_owned()));
    sql.run(
        "create or replace function bevy_session.look_at_share(session uuid) returns void language plpgsql as
            $$ begin raise exception 'x' using errcode = 'BS002'; end $$",
    );
    let fault = arena.open(&token).list(session).unwrap_err();
    let reason = fault.source.downcast_ref::<PostgresCheckError>();
    assert!(matches!(reason, Some(PostgresCheckError::NoToken(_))), "{fault:?}");
    assert!(!fault.is_final);
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn a_spectator_asks_once_for_the_length_of_an_interval() {
    let arena = Arena::new();
    let session = arena.sessions[0];
    let token = arena.store.share(session, HOUR).unwrap();
    let shared = arena.open(&token).look_every(HOUR);
    let first = shared.list(session).unwrap();
    arena.store.create(entry(session, 3), b"new").unwrap();
    assert_eq!(shared.list(session).unwrap(), first);
    // What is missing has made another listing.
    assert_eq!(shared.read(entry(session, 9)).unwrap(), None);
    assert_eq!(shared.list(session).unwrap(), arena.store.list(session).unwrap());
}

/// A server that is restarted isn't asked by all spectators at once, again and again.
#[test]
fn a_server_that_is_away_is_not_asked_again_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("postgres://screen@{}/worlds", listener.local_addr().unwrap());
    let token: ShareToken = format!("{}.{}", SessionId::random(), "0".repeat(64)).parse().unwrap();
    let shared = SharedSession::open(&url, &token).unwrap().look_every(Duration::ZERO);
    std::thread::scope(|scope| {
        scope.spawn(|| until("somebody connects", || listener.accept().is_ok()));
        drop(shared.list(token.session()).unwrap_err());
    });
    for _ in 0..10 {
        drop(shared.list(token.session()).unwrap_err());
        drop(shared.read(entry(token.session(), 1)).unwrap_err());
    }
    assert!(listener.accept().is_err(), "nobody has connected since");
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn a_spectator_creates_deletes_claims_and_lists_nothing() {
    let arena = Arena::new();
    let [session, other] = arena.sessions;
    let token = arena.store.share(session, HOUR).unwrap();
    let shared = arena.open(&token);
    for key in [claim(session), entry(session, 1), entry(session, 9)] {
        shared.create(key, b"x").map(drop).unwrap_err();
        shared.delete(key).unwrap_err();
    }
    shared.sessions().unwrap_err();
    let before = arena.store.list(session).unwrap();

    // With a client of one's own.
    let screen = Sql::open(&format!(
        "{}?options=-c%20bevy_session.token%3D{}",
        arena.database.at(&arena.screen),
        secret(&token)
    ));
    let listed = format!("select count(*) from bevy_session.shared_objects('{}')", session.uuid());
    assert_eq!(screen.value(&listed), "3");
    denies(
        &screen,
        &[
            "insert into bevy_session.objects values (gen_random_uuid(), 1, 1, now(), '')",
            "update bevy_session.objects set bytes = ''",
            "delete from bevy_session.objects",
            "truncate bevy_session.objects",
            "select from bevy_session.objects",
            "select from bevy_session.catalogue",
            "select from bevy_session.support_grants",
            "select from bevy_session.shares",
            "insert into bevy_session.shares values ('', gen_random_uuid(), now(), now())",
            "update bevy_session.shares set until = made",
            "delete from bevy_session.shares",
            "update bevy_session.schema set version = 7",
            "select bevy_session.look_at_share(gen_random_uuid())",
            "select bevy_session.open_session(gen_random_uuid(), 'because', '1 hour')",
            "select bevy_session.end_grant(1)",
            "set role bevy_session_server",
            "create table bevy_session.mine (x int)",
            "alter function bevy_session.shared_objects(uuid) reset search_path",
        ],
    );
    let reads = |session: SessionId| {
        format!("select bevy_session.shared_entry('{}', 1, 1)", session.uuid())
    };
    let lists = |session: SessionId| {
        format!("select * from bevy_session.shared_objects('{}')", session.uuid())
    };
    for refused in [reads(other), lists(other)] {
        assert_eq!(screen.ask(&refused), Err(NOT_SHARED.to_owned()), "{refused}");
    }
    for empty in ["''", "default"] {
        screen.run(&format!("set bevy_session.token = {empty}; set search_path = pg_temp"));
        screen.run("create temp table if not exists shares (like pg_class)");
        let expected = if empty == "default" { Ok(1) } else { Err(NO_TOKEN.to_owned()) };
        assert_eq!(screen.ask(&reads(session)).map(|rows| rows.len()), expected);
    }
    assert_eq!(arena.store.list(session).unwrap(), before);
    // Support and strangers don't look.
    let support = Sql::open(&arena.database.at(&member(&arena.database, "ada", "support")));
    denies(&support, &[&reads(session), "select from bevy_session.shares"]);
}

/// A snapshot that is older than the end of a share still has it.
#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn a_transaction_that_began_before_reads_nothing_after() {
    let arena = Arena::new();
    let session = arena.sessions[0];
    let token = arena.store.share(session, HOUR).unwrap();
    let screen = Sql::open(&arena.database.at(&arena.screen));
    let read = format!("select bevy_session.shared_entry('{}', 1, 1)", session.uuid());
    for isolation in ["repeatable read", "serializable"] {
        screen.run(&format!(
            "begin isolation level {isolation}; set local bevy_session.token = '{}'",
            secret(&token)
        ));
        assert_eq!(screen.ask(&read), Err("25000".to_owned()), "{isolation}");
        screen.run("rollback");
    }
    screen.run(&format!("begin; set local bevy_session.token = '{}'", secret(&token)));
    screen.run(&read);
    arena.store.unshare(&token).unwrap();
    assert_eq!(screen.ask(&read), Err(NOT_SHARED.to_owned()));
}

/// The server logs each statement with its parameters, each connection, and each error.
#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn a_token_is_in_no_log_of_the_server_no_error_and_no_debug() {
    let server = Server::start(&[
        "-c",
        "log_statement=all",
        "-c",
        "log_connections=on",
        "-c",
        "log_min_duration_statement=0",
        "-c",
        "log_parameter_max_length_on_error=-1",
        "-c",
        "log_min_messages=debug5",
    ]);
    let database = with_roles(&server.url);
    let screen = member(&database, "screen", "spectator");
    let (store, session) = (store(&database.admin()), SessionId::random());
    store.create(entry(session, 1), b"world").unwrap();
    let token = store.share(session, HOUR).unwrap();
    let other = of_another(SessionId::random(), &token);
    let opened = SharedSession::open(&database.at(&screen), &token).unwrap();
    let refused = SharedSession::open(&database.at(&screen), &other).unwrap();
    opened.read(entry(session, 1)).unwrap().unwrap();
    let faults = [
        refused.list(other.session()).unwrap_err(),
        refused.create(entry(session, 1), b"x").map(drop).unwrap_err(),
        opened.list(other.session()).unwrap_err(),
    ];
    store.unshare(&token).unwrap();
    let error = opened.check().unwrap_err();
    let mut texts: Vec<String> =
        faults.iter().map(|fault| format!("{} {fault:?}", said(fault))).collect();
    texts.push(format!("{} {error:?} {token:?} {opened:?} {store:?}", said(&error)));
    texts.push(server.log());
    assert!(texts.last().unwrap().contains("shared_entry"), "the server logs what is asked");
    for text in texts {
        assert!(!text.contains(&secret(&token)), "{}", &text[..text.len().min(2_000)]);
    }
    assert!(!format!("{opened:?}").contains(PASSWORD));
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn a_database_without_the_roles_says_what_sharing_needs() {
    let database = Database::new();
    let session = SessionId::random();
    let token: ShareToken = format!("{session}.{}", "0".repeat(64)).parse().unwrap();
    let error = SharedSession::open(&database.admin(), &token).unwrap().check().unwrap_err();
    assert!(matches!(error, PostgresCheckError::NoShares(_)), "{error:?}");
    let made = "select count(*) from pg_namespace where nspname = 'bevy_session'";
    assert_eq!(database.sql.value(made), "0", "who only looks makes no tables");
    let store = store(&database.admin());
    store.check().unwrap();
    let error = store.share(session, HOUR).unwrap_err();
    let ShareError::Database(PostgresCheckError::NoShares(_)) = &error else { panic!("{error:?}") };
    assert!(error.to_string().contains("roles.sql"));
    let error = SharedSession::open(&database.admin(), &token).unwrap().check().unwrap_err();
    assert!(matches!(error, PostgresCheckError::NoShares(_)), "{error:?}");

    // An update of the file brings it, and a role that isn't a spectator's is told.
    run_file(&database.sql);
    let token = store.share(session, HOUR).unwrap();
    let ada = member(&database, "ada", "support");
    let error = SharedSession::open(&database.at(&ada), &token).unwrap().check().unwrap_err();
    assert!(matches!(error, PostgresCheckError::Denied { .. }), "{error:?}");
}
