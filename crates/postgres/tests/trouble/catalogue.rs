//! The catalogue: what people find by SQL, and who finds it.

use std::time::Duration;

use bevy_session_journal::replica::{CatalogueLine, CatalogueText, Epoch, ReplicaStore};
use bevy_session_journal::{CheckpointId, RunId, SessionId, SessionStatus};
use jiff::Timestamp;

use crate::roles::{denies, member, with_roles};
use crate::server::{Database, Sql, store, url};

fn line(session: SessionId, epoch: u64, name: &str) -> CatalogueLine {
    let about = CatalogueText {
        game: "Studio/Arena".to_owned(),
        name: name.to_owned(),
        player: Some("Ann".to_owned()),
        session_type: "match".to_owned(),
        status: SessionStatus::Active,
        started: Timestamp::UNIX_EPOCH,
        checkpoint: Some((CheckpointId { run: RunId(1), counter: 7 }, Timestamp::UNIX_EPOCH)),
        play_time: Duration::from_millis(90_500),
    };
    let machine = Some("server-1".to_owned());
    CatalogueLine { session, epoch: Epoch(epoch), machine, about: Some(about) }
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn a_list_of_sessions_is_a_query() {
    let database = Database::new();
    let (store, session) = (store(&database.admin()), SessionId::random());
    store.describe(&line(session, 1, "Cap\0tured")).unwrap();
    store.describe(&CatalogueLine { machine: None, ..line(session, 1, "Captured") }).unwrap();
    store.describe(&line(session, 2, "Captured")).unwrap();
    let row = "select concat_ws('|', epoch, machine, game, name, player, type, status, \
        extract(epoch from started)::int, checkpoint, extract(epoch from saved)::int, play_time) \
        from bevy_session.catalogue";
    let checkpoint = CheckpointId { run: RunId(1), counter: 7 };
    let expected =
        format!("2|server-1|Studio/Arena|Captured|Ann|match|active|0|{checkpoint}|0|00:01:30.5");
    assert_eq!(database.sql.ask(row).unwrap(), [expected]);

    // Of who was paused, and of a removal.
    store.describe(&line(session, 1, "Late")).unwrap();
    assert_eq!(database.sql.value("select name from bevy_session.catalogue"), "Captured");
    store.describe(&CatalogueLine::removed(session, Epoch(3))).unwrap();
    store.describe(&line(session, 2, "Late")).unwrap();
    let left = "select concat_ws('|', epoch, machine, game, name, player, type, status, started, \
        checkpoint, saved, play_time) from bevy_session.catalogue";
    assert_eq!(database.sql.ask(left).unwrap(), ["3"], "nothing is said of it any more");
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn servers_keep_the_catalogue_and_support_finds_what_it_opened() {
    let database = with_roles(&url());
    let (arena, ada) = (member(&database, "arena", "server"), member(&database, "ada", "support"));
    let (opened, other) = (SessionId::random(), SessionId::random());
    let of_arena = store(&database.at(&arena));
    for session in [opened, other] {
        of_arena.describe(&line(session, 1, "Captured")).unwrap();
        of_arena.describe(&line(session, 2, "Captured")).unwrap();
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
    // Tables of before there was a catalogue are as good.
    database.sql.run("drop table bevy_session.catalogue");
    of_arena.describe(&line(opened, 3, "Captured")).unwrap();
    of_arena.check().unwrap();
}

/// A server that has the right makes what an update brought.
#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn a_small_setup_gets_its_catalogue_by_an_update() {
    let database = Database::new();
    let store_of = || store(&database.admin());
    store_of().check().unwrap();
    database.sql.run("drop table bevy_session.catalogue");
    store_of().check().unwrap();
    assert_eq!(database.sql.value("select count(*) from bevy_session.catalogue"), "0");
}
