//! Shares: read at its address until its end, and nothing else by nobody else.

// Feature: A bucket shares a session by a presigned address, to who has no keys; in no log and no error.
// Page: guide/following.md#sharing

mod common;

use std::env;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

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
    store.describe(&line(session, Some("server-1".to_owned())));
}

/// Does what comes once the session was left.
fn leave(store: &ObjectReplica, session: SessionId) {
    store.describe(&line(session, None));
}

fn line(session: SessionId, machine: Option<String>) -> CatalogueLine {
    CatalogueLine {
        session,
        epoch: Epoch(1),
        machine,
        game: "Studio/Arena".to_owned(),
        name: "Arena".to_owned(),
        player: None,
        session_type: "match".to_owned(),
        status: SessionStatus::Active,
        started: jiff::Timestamp::UNIX_EPOCH,
        checkpoint: None,
        play_time: Duration::ZERO,
    }
}

/// The path of a share's document in the bucket.
fn document(address: &ShareAddress) -> String {
    let text = address.reveal();
    let (path, _) = text.split_once('?').unwrap();
    path.split_once("/saves/").unwrap().1.to_owned()
}

/// For how many seconds the first entry of a document can be read.
fn signed_for(server: &FakeServer, address: &ShareAddress) -> u64 {
    let text = String::from_utf8(server.get(&document(address)).unwrap()).unwrap();
    let seconds = text.split("X-Amz-Expires=").nth(1).unwrap().split('&').next().unwrap();
    seconds.parse().unwrap()
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
    assert!(store.unshare(&address).unwrap());
    refuses(&shared);
    refuses(&open(&address));
    renew(store, session);
    refuses(&open(&address));
    open(&again).check().unwrap();
    assert!(!store.unshare(&address).unwrap());
}

/// Ends what another process has shared and goes on to renew.
fn is_ended_by_another(store: &ObjectReplica, other: &ObjectReplica) {
    let session = filled(store);
    for is_renewed_before in [false, true] {
        let address = store.share(session, HOUR).unwrap();
        if is_renewed_before {
            renew(store, session);
            open(&address).check().unwrap();
        }
        assert!(other.unshare(&address.reveal().parse().unwrap()).unwrap());
        refuses(&open(&address));
        for _ in 0..2 {
            renew(store, session);
            leave(store, session);
            refuses(&open(&address));
        }
        assert!(!other.unshare(&address).unwrap());
    }
}

#[test]
fn what_another_process_has_ended_is_not_renewed() {
    for answer in [Answer::AsItShould, Answer::IgnoringMatches] {
        let server = FakeServer::start();
        server.answer_with(answer);
        is_ended_by_another(&over(&server), &over(&server));
        assert!(server.paths("arena/shares").is_empty(), "{answer:?}");
    }
}

/// A renewal gives up after a second, and what it has sent arrives all the same.
#[test]
fn a_document_that_arrives_after_the_end_is_not_written() {
    let server = FakeServer::start();
    let (store, other) = (over(&server), over(&server));
    let session = filled(&store);
    let address = store.share(session, HOUR).unwrap();
    renew(&store, session);
    server.hold(usize::MAX);
    renew(&store, session);
    assert!(other.unshare(&address).unwrap());
    assert_eq!(server.release(), 1);
    assert!(server.paths("arena/shares").is_empty());
    renew(&store, session);
    refuses(&open(&address));
}

#[test]
fn an_address_of_another_bucket_is_not_ended_here() {
    let (server, elsewhere) = (FakeServer::start(), FakeServer::start());
    let (store, other) = (over(&server), over(&elsewhere));
    let address = store.share(filled(&store), HOUR).unwrap();
    let renamed = address.reveal().replace("/arena/", "/other/").parse().unwrap();
    for error in [other.unshare(&address).unwrap_err(), store.unshare(&renamed).unwrap_err()] {
        assert_eq!(error, ObjectFailure::Elsewhere);
    }
    open(&address).check().unwrap();
}

/// An owner crashes, and its next process, or another machine's, has no list of what was shared.
#[test]
fn the_next_owner_goes_on_with_what_was_shared() {
    let server = FakeServer::start();
    let store = over(&server);
    let session = filled(&store);
    let (address, ended) =
        (store.share(session, HOUR).unwrap(), store.share(session, HOUR).unwrap());
    renew(&store, session);
    drop(store);
    let store = over(&server);
    store.create(entry(session, 3), b"new").unwrap();
    let shared = open(&address);
    assert_eq!(shared.read(entry(session, 3)).unwrap(), None);
    // Once, and not at each renewal.
    renew(&store, session);
    let listings = server.requests_of("list");
    renew(&store, session);
    assert_eq!(server.requests_of("list"), listings + 1, "that of the session's own");
    shared.list(session).unwrap();
    assert_eq!(shared.read(entry(session, 3)).unwrap().unwrap(), b"new");
    assert!(over(&server).unshare(&ended).unwrap());
    renew(&store, session);
    refuses(&open(&ended));
    // What can't be read is nobody's, and harms no other.
    server.put(&document(&ended), b"foreign");
    let third = over(&server);
    third.create(entry(session, 4), b"newer").unwrap();
    renew(&third, session);
    shared.list(session).unwrap();
    assert_eq!(shared.read(entry(session, 4)).unwrap().unwrap(), b"newer");
    assert_eq!(server.get(&document(&ended)).unwrap(), b"foreign");
}

/// The head of a document, as of a share that ends so many seconds from now.
fn head(session: SessionId, from_now: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let until = now.checked_add_signed(from_now).unwrap();
    format!("bevy_session_share_1 {session} 0 {until} 30 {}000\n", until - 7_200)
}

/// A server that shares a world once for each spectator restarts after some weeks.
#[test]
fn documents_whose_time_is_long_over_are_looked_at_once_and_deleted() {
    let server = FakeServer::start();
    let session = filled(&over(&server));
    let address = over(&server).share(session, HOUR).unwrap();
    // As long as that of a session with a thousand entries.
    let long = "x".repeat(100_000);
    for number in 0..50 {
        let ended = head(session, -7_200) + &long;
        server.put(&format!("arena/shares/{session}/ended-{number:02}"), ended.as_bytes());
    }
    // A clock may differ, and what says nothing may be anything.
    for (name, bytes) in
        [("just-ended", head(session, -60)), ("foreign", long.clone()), ("empty", String::new())]
    {
        server.put(&format!("arena/shares/{session}/{name}"), bytes.as_bytes());
    }
    let store = over(&server);
    store.create(entry(session, 3), b"new").unwrap();
    // A slow machine doesn't get through all of them within one renewal's time, and goes on with the next.
    let (before, has_ended) = (server.bytes_read(), |path: &String| path.contains("/ended-"));
    for _ in 0..60 {
        renew(&store, session);
        if !server.paths("arena/shares").iter().any(has_ended) {
            break;
        }
    }
    assert_eq!(server.paths("arena/shares").len(), 4, "the one that stands, and three");
    renew(&store, session);
    assert!(server.bytes_read() - before < 100_000, "only their heads");
    let shared = open(&address);
    shared.list(session).unwrap();
    assert_eq!(shared.read(entry(session, 3)).unwrap().unwrap(), b"new");
    let (reads, listings) = (server.requests_of("read"), server.requests_of("list"));
    renew(&store, session);
    assert_eq!(server.requests_of("read"), reads);
    assert_eq!(server.requests_of("list"), listings + 1, "that of the session's own");
}

/// What can't be read holds up nothing but itself, and nothing else is read again for it.
#[test]
fn a_document_that_gives_no_answer_holds_up_no_other() {
    let server = FakeServer::start();
    let (other, store) = (over(&server), over(&server));
    let session = filled(&store);
    let silent = other.share(session, HOUR).unwrap();
    let of_another = other.share(session, HOUR).unwrap();
    let own = store.share(session, HOUR).unwrap();
    for (position, answer) in [(3, None), (4, Some(500))] {
        server.answer_reads_of(&document(&silent), Some(answer));
        store.create(entry(session, position), b"new").unwrap();
        renew(&store, session);
        for address in [&of_another, &own] {
            let shared = open(address);
            shared.list(session).unwrap();
            assert!(shared.read(entry(session, position)).unwrap().is_some(), "{answer:?}");
        }
    }
    server.answer_reads_of(&document(&silent), None);
    renew(&store, session);
    let shared = open(&silent);
    shared.list(session).unwrap();
    assert_eq!(shared.read(entry(session, 4)).unwrap().unwrap(), b"new");
}

/// One after the other they wouldn't be done within a renewal's second.
#[test]
fn all_shares_of_a_session_are_renewed_at_once() {
    let server = FakeServer::start();
    let store = over(&server);
    let session = filled(&store);
    let all: Vec<ShareAddress> = (0..16).map(|_| store.share(session, HOUR).unwrap()).collect();
    renew(&store, session);
    store.create(entry(session, 3), b"new").unwrap();
    server.hold(16);
    renew(&store, session);
    assert_eq!(server.release(), 16);
    for address in &all {
        let shared = open(address);
        shared.list(session).unwrap();
        assert_eq!(shared.read(entry(session, 3)).unwrap().unwrap(), b"new");
    }
}

#[test]
fn a_session_that_is_forgotten_is_shared_no_more() {
    let server = FakeServer::start();
    let (store, other) = (over(&server), over(&server));
    let (session, stays) = (filled(&store), filled(&store));
    let kept = store.share(stays, HOUR).unwrap();
    let all = [store.share(session, HOUR).unwrap(), other.share(session, HOUR).unwrap()];
    server.answer_with(Answer::Deletions(503, "SlowDown"));
    store.forget(session, Epoch(1)).unwrap_err();
    server.answer_with(Answer::AsItShould);
    store.forget(session, Epoch(1)).unwrap();
    all.iter().for_each(|address| refuses(&open(address)));
    let error = store.share(session, HOUR).unwrap_err();
    assert!(matches!(error, ShareError::Withdrawn), "{error:?}");
    open(&kept).check().unwrap();
    // Its player agrees again.
    renew(&store, session);
    all.iter().for_each(|address| refuses(&open(address)));
    open(&store.share(session, HOUR).unwrap()).check().unwrap();
    store.share(session, HOUR).unwrap();
    assert_eq!(store.unshare_all(session).unwrap(), 2);
    assert_eq!(server.paths("arena/shares"), [document(&kept)]);
}

/// An address can't be taken back, so it is short where another one comes.
#[test]
fn entries_can_be_read_briefly_while_the_session_is_played() {
    let server = FakeServer::start();
    let store = over(&server);
    let session = filled(&store);
    let address = store.share(session, HOUR).unwrap();
    assert!(matches!(signed_for(&server, &address), 3_590..=3_600), "nobody plays it");
    renew(&store, session);
    assert_eq!(signed_for(&server, &address), 900);
    let again = store.share(session, HOUR).unwrap();
    assert_eq!(signed_for(&server, &again), 900);
    let short = store.share(session, Duration::from_secs(60)).unwrap();
    assert!(matches!(signed_for(&server, &short), 50..=60), "no longer than the document");
    leave(&store, session);
    assert!(matches!(signed_for(&server, &address), 3_590..=3_600), "there is no other");
}

/// An exit waits for it, and what is played next is renewed on the same thread.
#[test]
fn leaving_waits_briefly_for_a_server_that_hangs_and_for_one_who_ends_something() {
    let server = FakeServer::start();
    let store = over(&server);
    let [session, other] = [filled(&store), filled(&store)];
    store.share(session, HOUR).unwrap();
    renew(&store, session);
    let listings = server.requests_of("list");
    leave(&store, session);
    assert_eq!(server.requests_of("list"), listings + 1, "that of the session's own");
    renew(&store, session);
    server.answer_with(Answer::Never);
    let brief = Duration::from_secs(5);
    let begun = Instant::now();
    leave(&store, session);
    assert!(begun.elapsed() < brief, "{:?}", begun.elapsed());
    std::thread::scope(|scope| {
        let before = server.requests();
        let ending = scope.spawn(|| store.unshare_all(other));
        while server.requests() == before {
            std::thread::yield_now();
        }
        let begun = Instant::now();
        leave(&store, session);
        assert!(begun.elapsed() < brief, "{:?}", begun.elapsed());
        ending.join().unwrap().unwrap_err();
    });
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
    // What is missing is asked for once, until there is another document.
    store.delete(entry(session, 2)).unwrap();
    let before = server.requests();
    for _ in 0..10 {
        shared.list(session).unwrap();
        assert_eq!(shared.read(entry(session, 2)).unwrap(), None);
    }
    assert_eq!(server.requests(), before + 1);
    // A document that is the same isn't sent again.
    let always = open(&address);
    (0..10).for_each(|_| drop(always.list(session).unwrap()));
    assert_eq!(server.requests_of("same"), 9);
    // An answer that says nothing isn't asked for again and again either, and a refusal never.
    for (status, code) in [(503, "SlowDown"), (403, "AccessDenied"), (403, "")] {
        server.answer_with(Answer::Everything(status, code));
        let (shared, before) = (open(&address), server.requests());
        (0..10).for_each(|_| drop(shared.list(session).unwrap_err()));
        assert_eq!(server.requests(), before + 1);
        if code == "AccessDenied" {
            refuses(&shared);
        }
    }
    server.answer_with(Answer::AsItShould);
    // Nothing is written for a session that nobody shares, and one write is enough for one that somebody does. The first
    // also finds out if the server keeps to conditions.
    renew(&store, session);
    let (lone, writes) = (filled(&store), server.requests_of("create"));
    renew(&store, lone);
    assert_eq!(server.requests_of("create"), writes);
    renew(&store, session);
    assert_eq!(server.requests_of("create"), writes + 1);
}

/// Its owner died, so that all addresses are over, or the server has too much to do.
#[test]
fn an_entry_that_fails_is_not_asked_for_again_at_once() {
    let server = FakeServer::start();
    let store = over(&server);
    let session = filled(&store);
    let address = store.share(session, HOUR).unwrap();
    for (status, code) in [(403, "AccessDenied"), (503, "SlowDown"), (500, "InternalError")] {
        let shared = SharedSession::open(&address).unwrap();
        shared.list(session).unwrap();
        server.answer_with(Answer::Reads(status, code));
        let before = server.requests();
        for position in [1, 2, 1, 2, 1, 2] {
            let fault = shared.read(entry(session, position)).unwrap_err();
            assert!(!fault.is_final, "{fault:?}");
        }
        assert_eq!(server.requests(), before + 1, "{code}");
        server.answer_with(Answer::AsItShould);
    }
    // Another document may have other addresses.
    let shared = open(&address);
    shared.list(session).unwrap();
    server.answer_reads_of(
        &format!("arena/sessions/{session}/{}", entry(session, 1).name()),
        Some(Some(500)),
    );
    shared.read(entry(session, 1)).unwrap_err();
    renew(&store, session);
    shared.list(session).unwrap();
    assert!(shared.read(entry(session, 2)).unwrap().is_some());
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

/// A proxy that refuses for a moment ends nothing, and keys that have expired are told.
#[test]
fn an_end_is_told_from_what_may_pass() {
    let server = FakeServer::start();
    let store = over(&server);
    let session = filled(&store);
    let address = store.share(session, HOUR).unwrap();
    for (status, code, is_final) in [
        (403, "", false),
        (404, "", false),
        (404, "NoSuchBucket", false),
        (403, "RequestTimeTooSkewed", false),
        (500, "InternalError", false),
        (403, "SignatureDoesNotMatch", true),
        (404, "NoSuchKey", true),
        (400, "ExpiredToken", true),
        (403, "InvalidAccessKeyId", true),
    ] {
        server.answer_with(Answer::Everything(status, code));
        let shared = open(&address);
        let fault = shared.list(session).unwrap_err();
        assert_eq!(fault.is_final, is_final, "{status} {code}");
        let error = shared.check().unwrap_err();
        assert_eq!(error.is_final(), is_final, "{status} {code}");
        let tells_of_keys = matches!(code, "ExpiredToken" | "InvalidAccessKeyId");
        assert_eq!(error == SharedError::KeysExpired, tells_of_keys, "{error:?}");
        // What wasn't listed isn't there for all one knows.
        let fault = open(&address).read(entry(session, 1)).unwrap_err();
        assert_eq!(fault.is_final, is_final, "{fault:?}");
    }
}

/// Somebody has written into the bucket, or stands where a server was.
#[test]
fn a_forged_or_damaged_share_document_is_refused() {
    let server = FakeServer::start();
    let store = over(&server);
    let (session, other) = (filled(&store), filled(&store));
    let address = store.share(session, HOUR).unwrap();
    let place = document(&address);
    let of_session = server.get(&place).unwrap();
    let of_session = String::from_utf8(of_session).unwrap();
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
    server.put(&place, &of_session.repeat((4 << 20) / of_session.len() + 1).into_bytes());
    let error = open(&address).check().unwrap_err();
    assert!(matches!(error, SharedError::Failure(ObjectFailure::TooLarge { .. })), "{error:?}");
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
    is_ended_by_another(&real(), &real());
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
