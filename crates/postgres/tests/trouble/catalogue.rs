//! The catalogue: what people find by SQL, who finds it, and that nothing waits for it.

// Feature: People list sessions in Postgres by SQL, and nothing waits for that list but its own lines.
// Page: guide/buckets.md#postgres

use std::time::{Duration, Instant};

use bevy_session_journal::replica::{CatalogueLine, Created, Epoch, ReplicaStore};
use bevy_session_journal::{CheckpointId, RunId, SessionId, SessionStatus};
use jiff::Timestamp;

use crate::roles::{denies, member, with_roles};
use crate::server::{Database, Sql, entry, store, url};

pub fn line(session: SessionId, epoch: u64, name: &str) -> CatalogueLine {
    CatalogueLine {
        session,
        epoch: Epoch(epoch),
        machine: Some("server-1".to_owned()),
        game: "Studio/Arena".to_owned(),
        name: name.to_owned(),
        player: Some("Ann".to_owned()),
        session_type: "match".to_owned(),
        status: SessionStatus::Active,
        started: Timestamp::UNIX_EPOCH,
        checkpoint: Some((CheckpointId { run: RunId(1), counter: 7 }, Timestamp::UNIX_EPOCH)),
        play_time: Duration::from_millis(90_500),
    }
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn the_catalogue_of_sessions_can_be_queried() {
    let database = Database::new();
    let (store, session) = (store(&database.admin()), SessionId::random());
    store.check().unwrap();
    store.describe(&line(session, 1, "Cap\0tured"));
    store.describe(&CatalogueLine { machine: None, ..line(session, 1, "Captured") });
    store.describe(&line(session, 2, "Captured"));
    let row = "select concat_ws('|', epoch, machine, game, name, player, type, status, \
        extract(epoch from started)::int, checkpoint, extract(epoch from saved)::int, play_time) \
        from bevy_session.catalogue";
    let checkpoint = CheckpointId { run: RunId(1), counter: 7 };
    let expected =
        format!("2|server-1|Studio/Arena|Captured|Ann|match|active|0|{checkpoint}|0|00:01:30.5");
    assert_eq!(database.sql.ask(row).unwrap(), [expected]);

    // Of a machine that was paused, and of a removal.
    store.describe(&line(session, 1, "Late"));
    assert_eq!(database.sql.value("select name from bevy_session.catalogue"), "Captured");
    store.forget(session, Epoch(3)).unwrap();
    store.describe(&line(session, 2, "Late"));
    let left = "select concat_ws('|', epoch, machine, game, name, player, type, status, started, \
        checkpoint, saved, play_time) from bevy_session.catalogue";
    assert_eq!(database.sql.ask(left).unwrap(), ["3"], "nothing is said of it any more");
}

/// Somebody reads or changes the list, and goes to lunch.
#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn a_locked_catalogue_delays_nothing() {
    let database = Database::new();
    let (store, session) = (store(&database.admin()), SessionId::random());
    store.check().unwrap();
    database.sql.run("begin; lock table bevy_session.catalogue");
    let begun = Instant::now();
    store.describe(&line(session, 1, "Captured"));
    store.forget(session, Epoch(1)).unwrap_err();
    assert_eq!(store.create(entry(session, 1), b"x").unwrap(), Created::New);
    // Far less than the ten seconds that an answer may take.
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    let waiting = "select count(*) from pg_stat_activity where datname = current_database() \
        and wait_event_type = 'Lock'";
    assert_eq!(database.sql.value(waiting), "0", "no backend is left waiting");
    database.sql.run("rollback");
    store.forget(session, Epoch(1)).unwrap();
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn servers_keep_the_catalogue_and_support_finds_what_it_opened() {
    let database = with_roles(&url());
    let (arena, ada) = (member(&database, "arena", "server"), member(&database, "ada", "support"));
    let (opened, other) = (SessionId::random(), SessionId::random());
    let of_arena = store(&database.at(&arena));
    of_arena.check().unwrap();
    for session in [opened, other] {
        of_arena.describe(&line(session, 1, "Captured"));
        of_arena.describe(&line(session, 2, "Captured"));
    }
    let (as_arena, as_ada) = (Sql::open(&database.at(&arena)), Sql::open(&database.at(&ada)));
    let count = "select count(*) from bevy_session.catalogue";
    assert_eq!((as_arena.value(count), as_ada.value(count)), ("2".to_owned(), "0".to_owned()));
    let open = format!("select bevy_session.open_session('{}', 'lost', '1 hour')", opened.uuid());
    as_ada.run(&open);
    assert_eq!(
        as_ada.value("select session from bevy_session.catalogue"),
        opened.uuid().to_string()
    );
    denies(&as_ada, &["update bevy_session.catalogue set name = 'x'"]);
    denies(&as_arena, &["delete from bevy_session.catalogue"]);
    // Without a right to it, and without the table, the store is as good. What can't be forgotten is said.
    database.sql.run("revoke all on bevy_session.catalogue from bevy_session_server");
    of_arena.describe(&line(opened, 3, "Captured"));
    of_arena.forget(opened, Epoch(3)).unwrap_err();
    of_arena.check().unwrap();
    database.sql.run("drop table bevy_session.catalogue");
    of_arena.describe(&line(opened, 3, "Captured"));
    of_arena.forget(opened, Epoch(3)).unwrap();
    of_arena.check().unwrap();
    crate::roles::run_file(&database.sql);
    // A fault has it left alone for a minute, but for who says that a session was left.
    of_arena.describe(&line(opened, 3, "Captured"));
    assert_eq!(as_arena.value(count), "0");
    of_arena.describe(&CatalogueLine { machine: None, ..line(opened, 3, "Captured") });
    of_arena.describe(&line(other, 3, "Captured"));
    assert_eq!(as_arena.value(count), "2", "an update brings it");
}
