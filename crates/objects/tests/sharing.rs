//! Shares: read at its address until its end, and nothing else by nobody else.

mod common;

use std::env;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bevy_session_journal::replica::{
    CatalogueLine, Created, Epoch, Key, Position, ReplicaStore, StoreFault,
};
use bevy_session_journal::{SessionId, SessionStatus};
use bevy_session_objects::object_store::memory::InMemory;
use bevy_session_objects::object_store::path::Path;
use bevy_session_objects::{
    BucketError, ObjectFailure, ObjectReplica, ShareAddress, ShareError, SharedError, SharedSession,
};
use common::{Answer, FakeServer, SECRET, TOKEN, log_everything, over, said};

const HOUR: Duration = Duration::from_secs(3_600);

fn entry(session: SessionId, position: u64) -> Key {
    Key::Entry { session, epoch: Epoch(1), position: Position(position) }
}

fn claim(session: SessionId) -> Key {
    Key::Claim { session, epoch: Epoch(1) }
}

/// A session of a claim and two entries.
fn filled(store: &ObjectReplica) -> SessionId {
    let session = SessionId::random();
    for key in [claim(session), entry(session, 1), entry(session, 2)] {
        assert_eq!(store.create(key, key.name().as_bytes()).unwrap(), Created::New);
    }
    session
}

/// Does what a renewal brings along.
fn renew(store: &ObjectReplica, session: SessionId) {
    store.describe(&CatalogueLine {
        session,
        epoch: Epoch(1),
        machine: Some("server-1".to_owned()),
        game: "Studio/Arena".to_owned(),
        name: "Arena".to_owned(),
        player: None,
        session_type: "match".to_owned(),
        status: SessionStatus::Active,
        started: jiff::Timestamp::UNIX_EPOCH,
        checkpoint: None,
        play_time: Duration::ZERO,
    });
}

/// One who asks each time.
fn open(address: &ShareAddress) -> SharedSession {
    SharedSession::open(address).unwrap().look_every(Duration::ZERO)
}

#[track_caller]
fn refuses(shared: &SharedSession) {
    let fault = shared.list(shared.session()).unwrap_err();
    let reason = fault.source.downcast_ref::<SharedError>();
    assert_eq!(reason, Some(&SharedError::NotShared), "{fault:?}");
    assert_eq!(shared.check(), Err(SharedError::NotShared));
}

/// Reads what a session has, and what comes, until the share is ended.
fn is_followed(store: &ObjectReplica) {
    let session = filled(store);
    let address = store.share(session, HOUR).unwrap();
    let shared = open(&address.reveal().parse().unwrap());
    for end in [3, 1_100] {
        for position in 3..end {
            store
                .create(entry(session, position), entry(session, position).name().as_bytes())
                .unwrap();
        }
        renew(store, session);
        assert_eq!(shared.list(session).unwrap(), store.list(session).unwrap());
        for position in [1, 2, end - 1] {
            let key = entry(session, position);
            assert_eq!(shared.read(key).unwrap().unwrap(), key.name().as_bytes());
        }
        assert_eq!(shared.read(entry(session, end)).unwrap(), None);
        assert_eq!(shared.read(claim(session)).unwrap(), None, "what owns the session is nobody's");
    }
    // What was deleted isn't there, and what nobody renews isn't known.
    store.delete(entry(session, 1)).unwrap();
    assert_eq!(shared.read(entry(session, 1)).unwrap(), None);
    store.create(entry(session, 2_000), b"new").unwrap();
    assert_eq!(shared.read(entry(session, 2_000)).unwrap(), None);

    let again = store.share(session, HOUR).unwrap();
    store.unshare(&address).unwrap();
    refuses(&shared);
    refuses(&open(&address));
    renew(store, session);
    refuses(&open(&address));
    open(&again).check().unwrap();
    // By any process that has the keys.
    store.unshare(&again.reveal().parse().unwrap()).unwrap();
    refuses(&open(&again));
}

#[test]
fn a_share_address_reads_present_and_later_entries() {
    is_followed(&over(&FakeServer::start()));
}

#[test]
fn a_share_address_only_reads_its_own_session() {
    let server = FakeServer::start();
    let store = over(&server);
    let (session, other) = (filled(&store), filled(&store));
    let shared = open(&store.share(session, HOUR).unwrap());
    let before = server.objects();
    for key in [claim(session), entry(session, 1), entry(session, 9)] {
        shared.create(key, b"x").map(drop).unwrap_err();
        shared.delete(key).unwrap_err();
    }
    shared.sessions().unwrap_err();
    shared.list(other).unwrap_err();
    shared.read(entry(other, 1)).unwrap_err();
    assert_eq!(server.objects(), before);
}

#[test]
fn a_spectator_makes_one_request_per_interval() {
    let server = FakeServer::start();
    let store = over(&server);
    let session = filled(&store);
    let address = store.share(session, HOUR).unwrap();
    let shared = SharedSession::open(&address).unwrap();
    shared.check().unwrap();
    let before = server.requests();
    for _ in 0..10 {
        shared.list(session).unwrap();
    }
    assert_eq!(server.requests(), before);
    // An answer that says nothing isn't asked for again and again either, and a refusal never.
    server.answer_with(Answer::Everything(503, "SlowDown"));
    for (interval, requests) in [(HOUR, 1), (Duration::ZERO, 10)] {
        let (shared, before) = (open(&address).look_every(interval), server.requests());
        (0..10).for_each(|_| drop(shared.list(session).unwrap_err()));
        assert_eq!(server.requests(), before + requests);
    }
    server.answer_with(Answer::Everything(403, "AccessDenied"));
    let (shared, before) = (open(&address), server.requests());
    (0..10).for_each(|_| refuses(&shared));
    assert_eq!(server.requests(), before + 1);
    server.answer_with(Answer::AsItShould);
    // Nothing is asked for a session that nobody shares, and one write is enough for one that somebody does.
    let (lone, writes) = (filled(&store), server.requests_of("create"));
    renew(&store, lone);
    assert_eq!(server.requests_of("create"), writes);
    renew(&store, session);
    assert_eq!(server.requests_of("create"), writes + 1);
}

#[test]
fn something_is_shared_for_seven_days_at_most_and_where_addresses_can_be_signed() {
    let server = FakeServer::start();
    let store = over(&server);
    let session = filled(&store);
    let week = Duration::from_secs(7 * 24 * 3_600);
    store.share(session, week).unwrap();
    for lasts in [Duration::ZERO, week + Duration::from_nanos(1), Duration::MAX] {
        let error = store.share(session, lasts).unwrap_err();
        assert!(matches!(error, ShareError::Length), "{error:?}");
    }
    let store =
        ObjectReplica::new(Arc::new(InMemory::new()), Path::from("arena"), "memory").unwrap();
    assert!(matches!(store.share(session, HOUR).unwrap_err(), ShareError::NoAddresses));
}

#[test]
fn malformed_share_addresses_are_refused_without_being_shown() {
    let server = FakeServer::start();
    let store = over(&server);
    let session = filled(&store);
    let text = store.share(session, HOUR).unwrap().reveal();
    for other in [
        String::new(),
        "s3cret".to_owned(),
        text.replace("/shares/", "/sessions/"),
        text.replace(&session.to_string(), "s3cret"),
        text.replace('?', "/?"),
    ] {
        let error = other.parse::<ShareAddress>().unwrap_err();
        assert_eq!(
            format!("{error} {error:?}"),
            "it isn't the address of a shared session NoAddress"
        );
    }
    let plain = text.replace("127.0.0.1", "10.0.0.1").parse().unwrap();
    assert!(matches!(SharedSession::open(&plain).unwrap_err(), BucketError::PlainText));
}

/// Somebody has written into the bucket, or stands where a server was.
#[test]
fn a_forged_or_damaged_share_document_is_refused() {
    let server = FakeServer::start();
    let store = over(&server);
    let (session, other) = (filled(&store), filled(&store));
    let address = store.share(session, HOUR).unwrap();
    let document = |address: &ShareAddress| {
        let text = address.reveal();
        let (path, _) = text.split_once('?').unwrap();
        path.split_once("/saves/").unwrap().1.to_owned()
    };
    let place = document(&address);
    let of_session = server.get(&place).unwrap();
    let of_session = String::from_utf8(of_session).unwrap();
    // No entry can be read for longer than the document.
    let ends = of_session.split("X-Amz-Expires=").nth(1).unwrap().split('&').next().unwrap();
    assert!(matches!(ends.parse().unwrap(), 3_590..=3_600), "{ends}");
    let of_other = server.get(&document(&store.share(other, HOUR).unwrap())).unwrap();
    let elsewhere = FakeServer::start();
    for forged in [
        of_other,
        of_session.replace(&server.url(), &elsewhere.url()).into_bytes(),
        of_session.replace("_1", "_2").into_bytes(),
        vec![0xff; 100],
        Vec::new(),
    ] {
        server.put(&place, &forged);
        assert_eq!(open(&address).check(), Err(SharedError::Unclear));
    }
    assert_eq!(elsewhere.requests(), 0, "no other server is asked");
    server.put(&place, of_session.as_bytes());
    open(&address).check().unwrap();
}

#[test]
fn an_address_is_in_no_log_no_error_and_no_debug() {
    let logged = log_everything();
    let server = FakeServer::start();
    let store = over(&server);
    let session = filled(&store);
    let address = store.share(session, HOUR).unwrap();
    let shared = open(&address);
    let mut texts = vec![format!("{address:?} {shared:?} {store:?}")];
    shared.list(session).unwrap();
    shared.read(entry(session, 1)).unwrap();
    for answer in [
        Answer::Everything(503, "SlowDown"),
        Answer::Everything(400, "InvalidToken"),
        Answer::Reads(403, "SignatureDoesNotMatch"),
        Answer::CutReads(2),
    ] {
        server.answer_with(answer);
        let faults: [StoreFault; 2] = [
            shared.read(entry(session, 1)).unwrap_err(),
            open(&address).list(session).unwrap_err(),
        ];
        texts.extend(faults.iter().map(|fault| format!("{} {fault:?}", said(fault))));
        renew(&store, session);
    }
    server.answer_with(Answer::Everything(500, "InternalError"));
    renew(&store, session);
    let gone = "http://127.0.0.1:1".to_owned();
    let gone: ShareAddress = address.reveal().replace(&server.url(), &gone).parse().unwrap();
    let error = open(&gone).check().unwrap_err();
    assert_eq!(error, SharedError::Failure(ObjectFailure::Unreachable));
    texts.push(format!("{} {error:?}", said(&error)));
    let log = logged.lock().unwrap().clone();
    assert!(log.contains("spectators of a shared session wait"), "{log}");
    texts.push(log);
    let url = address.reveal();
    let (_, signature) = url.rsplit_once('=').unwrap();
    let name = url.split_once('?').unwrap().0.rsplit_once('/').unwrap().1.to_owned();
    for text in texts {
        for secret in [signature, &name, SECRET, TOKEN] {
            assert!(!text.contains(secret), "{secret}: {}", &text[..text.len().min(2_000)]);
        }
    }
}

/// A store on the server of `ci/objects.sh`.
fn real() -> ObjectReplica {
    let endpoint = env::var("BEVY_SESSION_S3").expect("BEVY_SESSION_S3 should name a server");
    ObjectReplica::s3(&format!("s3://sessions/sharing?endpoint={endpoint}")).unwrap()
}

#[test]
#[ignore = "needs a server: ci/objects.sh"]
fn a_real_server_serves_a_shared_session_without_keys() {
    is_followed(&real());
}

/// Asks a real server for something else at an address.
fn ask(method: &str, address: &str) -> u16 {
    let (host, path) = address.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(
        stream,
        "{method} /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx"
    )
    .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
#[ignore = "needs a server: ci/objects.sh"]
fn a_real_server_refuses_expired_forged_and_misused_addresses() {
    let store = real();
    let (session, other) = (filled(&store), filled(&store));
    let (address, of_other) =
        (store.share(session, HOUR).unwrap(), store.share(other, HOUR).unwrap());
    let text = address.reveal();
    assert_eq!(ask("GET", &text), 200);
    for method in ["PUT", "DELETE", "POST"] {
        assert_eq!(ask(method, &text), 403, "{method}");
    }
    let (path, query) = text.split_once('?').unwrap();
    let (folder, _) = path.split_once("/sharing").unwrap();
    assert_eq!(ask("GET", &format!("{folder}?{query}")), 403, "a listing");
    assert_eq!(ask("GET", &format!("{folder}?list-type=2&prefix=sharing&{query}")), 403);
    // The signature of another session's, and a longer life than was signed.
    let other_text = of_other.reveal();
    let (_, others_query) = other_text.split_once('?').unwrap();
    for forged in [
        format!("{path}?{others_query}"),
        path.to_owned(),
        text.replace("X-Amz-Expires=3600", "X-Amz-Expires=36000"),
        format!("{}{}", &text[..text.len() - 1], if text.ends_with('0') { '1' } else { '0' }),
    ] {
        assert_ne!(forged, text);
        refuses(&open(&forged.parse().unwrap()));
    }
    open(&address).check().unwrap();

    let short = store.share(session, Duration::from_secs(1)).unwrap();
    let begun = Instant::now();
    while open(&short).check().is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it never ends");
        std::thread::sleep(Duration::from_millis(50));
    }
    refuses(&open(&short));
}
