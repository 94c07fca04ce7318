//! The store over what needs no server: in memory, in a directory, and over a server that errs on command.

// Feature: Sessions are kept in a bucket of S3 or another object storage, by conditional creates alone.
// Page: guide/buckets.md

mod common;

use std::sync::Arc;

use bevy_session_journal::SessionId;
use bevy_session_journal::replica::conformance::CHECKS;
use bevy_session_journal::replica::{Created, Epoch, Key, ReplicaStore, StoreFault};
use bevy_session_objects::object_store::local::LocalFileSystem;
use bevy_session_objects::object_store::memory::InMemory;
use bevy_session_objects::object_store::path::Path;
use bevy_session_objects::{BucketError, Keys, ObjectFailure, ObjectReplica};
use common::{Answer, FakeServer, SECRET, TOKEN, entry, keys, over, said};

/// A store that has passed its check, and an entry.
fn ready(server: &FakeServer) -> (ObjectReplica, Key) {
    let store = over(server);
    store.check().unwrap();
    (store, entry())
}

fn failure(fault: StoreFault) -> ObjectFailure {
    fault.source.downcast_ref::<ObjectFailure>().unwrap().clone()
}

fn answer(status: u16, code: &str) -> ObjectFailure {
    ObjectFailure::Answer { status, code: code.to_owned() }
}

#[test]
fn an_object_store_in_memory_passes_the_store_checks() {
    let store = ObjectReplica::new(Arc::new(InMemory::new()), Path::from("arena"), "memory");
    let store = store.unwrap();
    store.check().unwrap();
    CHECKS.iter().for_each(|(_, check)| check(&store));
}

#[test]
fn an_object_store_in_a_directory_passes_the_store_checks() {
    let directory = tempfile::tempdir().unwrap();
    let files = LocalFileSystem::new_with_prefix(directory.path()).unwrap().with_fsync(true);
    let store = ObjectReplica::new(Arc::new(files), Path::from(""), "directory").unwrap();
    CHECKS.iter().for_each(|(_, check)| check(&store));
}

#[test]
fn an_object_store_over_http_passes_the_store_checks() {
    let server = FakeServer::start();
    let (store, _) = ready(&server);
    assert_eq!(server.objects(), 0, "a check leaves nothing behind");
    CHECKS.iter().for_each(|(_, check)| check(&store));
}

#[test]
fn keys_without_a_session_token_send_none() {
    let server = FakeServer::start();
    let keys = Keys { token: None, ..keys() };
    let url = format!("s3://saves/arena?endpoint={}", server.url());
    let store = ObjectReplica::s3_with_keys(&url, keys).unwrap();
    store.check().unwrap();
}

#[test]
fn keys_that_expire_are_a_fault_until_they_are_renewed() {
    let server = FakeServer::start();
    let (store, key) = ready(&server);
    server.answer_with(Answer::Everything(400, "ExpiredToken"));
    assert!(failure(store.create(key, b"x").unwrap_err()).is_about_keys());
    server.answer_with(Answer::AsItShould);
    assert_eq!(store.create(key, b"x").unwrap(), Created::New);
}

#[test]
fn a_clock_that_goes_wrong_is_a_fault() {
    let server = FakeServer::start();
    let (store, key) = ready(&server);
    server.answer_with(Answer::Everything(403, "RequestTimeTooSkewed"));
    let failure = failure(store.create(key, b"x").unwrap_err());
    assert!(failure.is_about_the_clock() && !failure.is_about_keys(), "{failure:?}");
}

#[test]
fn a_refused_creation_of_a_missing_object_is_a_contradiction() {
    let server = FakeServer::start();
    let (store, key) = ready(&server);
    for (status, code) in [(412, "PreconditionFailed"), (409, "ConditionalRequestConflict")] {
        server.answer_with(Answer::Creations(status, code));
        let fault = store.create(key, b"x").unwrap_err();
        assert_eq!(failure(fault), ObjectFailure::Contradiction);
    }
    server.answer_with(Answer::AsItShould);
    assert_eq!(store.create(key, b"x").unwrap(), Created::New);
}

#[test]
fn versioning_that_is_turned_on_is_noticed() {
    let server = FakeServer::start();
    let (store, key) = ready(&server);
    server.answer_with(Answer::WithVersions);
    for created in [store.create(key, b"x"), store.create(key, b"x")] {
        assert_eq!(failure(created.unwrap_err()), ObjectFailure::KeepsVersions);
    }
}

#[test]
fn an_answer_that_is_lost_after_the_write_is_found_out_by_asking_again() {
    let server = FakeServer::start();
    let (store, key) = ready(&server);
    // The client doesn't know by itself whether its own try was the first.
    server.answer_with(Answer::CutAfterTheWrite);
    let created = store.create(key, b"mine");
    assert!(!matches!(created, Ok(Created::New)), "{created:?}");
    server.answer_with(Answer::AsItShould);
    assert_eq!(store.create(key, b"mine").unwrap(), Created::Existed);
    assert_eq!(store.read(key).unwrap().unwrap(), b"mine");

    let key = entry();
    server.answer_with(Answer::TimesAfterTheWrite(1, 503, "SlowDown"));
    assert_eq!(store.create(key, b"mine").unwrap(), Created::Existed);
    assert_eq!(store.read(key).unwrap().unwrap(), b"mine");
}

#[test]
fn a_server_in_trouble_is_retried_and_then_a_fault() {
    let server = FakeServer::start();
    let (store, key) = ready(&server);
    server.answer_with(Answer::Times(2, 503, "SlowDown"));
    assert_eq!(store.create(key, b"x").unwrap(), Created::New, "two refusals aren't seen");
    server.answer_with(Answer::Everything(503, "SlowDown"));
    let fault = store.list(key.session()).unwrap_err();
    assert_eq!(failure(fault), answer(503, "SlowDown"));
    server.answer_with(Answer::Never);
    assert_eq!(failure(store.read(key).unwrap_err()), ObjectFailure::TimedOut);
    server.answer_with(Answer::AsItShould);
    assert_eq!(store.read(key).unwrap().unwrap(), b"x");
}

#[test]
fn an_interrupted_read_is_completed_or_fails() {
    let server = FakeServer::start();
    let (store, key) = ready(&server);
    let bytes: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
    store.create(key, &bytes).unwrap();
    server.answer_with(Answer::CutReads(2));
    assert_eq!(store.read(key).unwrap().unwrap(), bytes);
    server.answer_with(Answer::CutReads(u32::MAX));
    assert_eq!(failure(store.read(key).unwrap_err()), ObjectFailure::Unreachable);
}

#[test]
fn a_404_that_is_not_about_an_object_is_a_fault() {
    let server = FakeServer::start();
    let (store, key) = ready(&server);
    store.create(key, b"x").unwrap();
    // A bucket that was removed, and a proxy that knows nothing of S3.
    for code in ["NoSuchBucket", ""] {
        server.answer_with(Answer::Everything(404, code));
        assert_eq!(failure(store.read(key).unwrap_err()), answer(404, code));
        assert_eq!(failure(store.list(key.session()).unwrap_err()), answer(404, code));
        assert_eq!(failure(store.sessions().unwrap_err()), answer(404, code));
        assert_eq!(failure(store.delete(key).unwrap_err()), answer(404, code));
    }
}

#[test]
fn only_objects_of_a_session_are_listed() {
    let server = FakeServer::start();
    let (store, key) = ready(&server);
    let session = key.session();
    store.create(key, b"x").unwrap();
    let folder = format!("arena/sessions/{session}");
    let upper = session.to_string().to_uppercase();
    for path in [
        &*format!("{folder}/notes.txt"),
        // A copy that somebody has put beside them is no claim.
        &format!("{folder}/backup/{:016x}.claim", 9),
        &format!("{folder}/"),
        "arena/sessions/",
        "arena/sessions/readme/first.entry",
        "arena/sessions/loose",
        &format!("arena/sessions/{upper}/{:016x}.claim", 9),
    ] {
        server.put(path, b"mine");
    }
    let listing = store.list(session).unwrap();
    assert_eq!((listing.entries.len(), listing.claims.len()), (1, 0));
    assert_eq!(listing.highest(), Epoch(1));
    assert_eq!(store.sessions().unwrap(), [session]);

    server.put(&format!("{folder}//x"), b"mine");
    let fault = store.list(session).unwrap_err();
    assert_eq!(failure(fault), ObjectFailure::ForeignName, "nothing is left out in silence");
}

#[test]
fn a_listing_has_all_of_its_pages_or_fails() {
    let server = FakeServer::start();
    let (store, session) = (over(&server), SessionId::random());
    store.check().unwrap();
    for position in 1..=2_500 {
        server.put(&format!("arena/sessions/{session}/{:016x}-{position:016x}.entry", 1), b"");
    }
    let before = server.requests();
    assert_eq!(store.list(session).unwrap().entries[&Epoch(1)].len(), 2_500);
    assert_eq!(server.requests() - before, 3, "a request for each thousand");
    server.answer_with(Answer::FurtherPages(503, "SlowDown"));
    assert_eq!(failure(store.list(session).unwrap_err()), answer(503, "SlowDown"));
    server.answer_with(Answer::HalfListings);
    assert_eq!(failure(store.list(session).unwrap_err()), ObjectFailure::Unclear);
}

#[test]
fn no_key_is_in_the_log_or_in_debug_output() {
    let logged = common::log_everything();
    let server = FakeServer::start();
    let store = over(&server);
    store.create(entry(), b"x").unwrap();
    for answer in [
        Answer::Everything(403, "SignatureDoesNotMatch"),
        Answer::Everything(503, "SlowDown"),
        Answer::CutAfterTheWrite,
    ] {
        server.answer_with(answer);
        drop(store.create(entry(), b"x"));
    }
    let logged = logged.lock().unwrap();
    assert!(logged.contains("127.0.0.1"), "something is logged: {logged}");
    for secret in [SECRET, TOKEN, "AKIDEXAMPLE", "Signature="] {
        assert!(!logged.contains(secret), "{secret}: {logged}");
    }
    let shown = format!("{:?} {store:?}", keys());
    assert!(!shown.contains(SECRET) && !shown.contains(TOKEN), "{shown}");
}

#[test]
fn a_url_with_keys_is_refused_without_being_shown() {
    let error = ObjectReplica::s3(&format!("s3://AKID:{SECRET}@saves/arena")).unwrap_err();
    assert!(matches!(error, BucketError::Url));
    assert!(!format!("{error:?} {}", said(&error)).contains(SECRET));
}
