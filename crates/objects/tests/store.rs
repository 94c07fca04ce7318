//! The store over what needs no server: in memory, in a directory, and over answers that are made up.

mod common;

use std::sync::Arc;

use bevy_session_journal::SessionId;
use bevy_session_journal::replica::conformance::CHECKS;
use bevy_session_journal::replica::{Created, Epoch, Key, Position, ReplicaStore};
use bevy_session_objects::{BucketError, CheckError, Keys, ObjectFailure, ObjectReplica};
use common::{Answer, FakeServer, said};
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;

const SECRET: &str = "s3cretSECRETs3cret";
const TOKEN: &str = "t0kenTOKENt0ken";

fn keys() -> Keys {
    Keys { id: "AKIDEXAMPLE".into(), secret: SECRET.into(), token: Some(TOKEN.into()) }
}

fn entry() -> Key {
    Key::Entry { session: SessionId::random(), epoch: Epoch(1), position: Position(1) }
}

fn over(server: &FakeServer) -> ObjectReplica {
    let url = format!("s3://saves/arena?endpoint={}", server.url());
    ObjectReplica::s3_with_keys(&url, keys()).unwrap()
}

#[test]
fn in_memory_it_is_a_store() {
    let store = ObjectReplica::new(Arc::new(InMemory::new()), Path::from("arena"), "memory");
    let store = store.unwrap();
    store.check().unwrap();
    CHECKS.iter().for_each(|(_, check)| check(&store));
}

#[test]
fn in_a_directory_it_is_a_store() {
    let directory = tempfile::tempdir().unwrap();
    let files = LocalFileSystem::new_with_prefix(directory.path()).unwrap();
    let store = ObjectReplica::new(Arc::new(files), Path::from(""), "directory").unwrap();
    CHECKS.iter().for_each(|(_, check)| check(&store));
}

#[test]
fn over_http_it_is_a_store() {
    let server = FakeServer::start();
    let store = over(&server);
    store.check().unwrap();
    assert_eq!(server.objects(), 0, "a check leaves nothing behind");
    CHECKS.iter().for_each(|(_, check)| check(&store));
}

#[test]
fn a_bucket_that_cannot_be_used_is_refused_with_the_reason() {
    let refused = |answer: Answer| {
        let server = FakeServer::start();
        server.answer_with(answer);
        let store = over(&server);
        let error = store.check().unwrap_err();
        // Nobody has to ask for the check.
        let fault = store.create(entry(), b"x").unwrap_err();
        let text = format!("{} {fault:?} {error:?} {store:?}", said(&fault));
        assert!(text.contains(&error.to_string()) || !error.is_refusal(), "{text}");
        assert!(!text.contains(SECRET) && !text.contains(TOKEN), "{text}");
        assert!(!text.contains("AKIDEXAMPLE"), "{text}");
        error
    };
    assert_eq!(refused(Answer::IgnoringConditions), CheckError::IgnoresConditions);
    assert_eq!(refused(Answer::WithVersions), CheckError::KeepsVersions);
    assert_eq!(refused(Answer::Everything(412, "PreconditionFailed")).to_string(), {
        // Even of a listing.
        CheckError::NoAnswer(ObjectFailure::Unclear).to_string()
    });
    assert_eq!(
        refused(Answer::Creations(412, "PreconditionFailed")),
        CheckError::RefusesConditions
    );
    assert_eq!(refused(Answer::Creations(501, "NotImplemented")), CheckError::RefusesConditions);
    assert_eq!(refused(Answer::Everything(404, "NoSuchBucket")), CheckError::NoBucket);
    for (denied, right) in [
        (Answer::Listings(403, "AccessDenied"), "list"),
        (Answer::Creations(403, "AccessDenied"), "create"),
        (Answer::Reads(403, "AccessDenied"), "read"),
        (Answer::Deletions(403, "AccessDenied"), "delete"),
    ] {
        let error = refused(denied);
        assert!(matches!(error, CheckError::Denied { right: of, .. } if of == right), "{error:?}");
    }
    for code in ["SignatureDoesNotMatch", "InvalidAccessKeyId", "RequestTimeTooSkewed"] {
        let error = refused(Answer::Everything(403, code));
        let failure = ObjectFailure::Answer { status: 403, code: code.to_owned() };
        assert_eq!(error, CheckError::Keys(failure));
    }
}

#[test]
fn keys_that_expire_are_a_fault_until_they_are_renewed() {
    let server = FakeServer::start();
    let (store, key) = (over(&server), entry());
    store.check().unwrap();
    server.answer_with(Answer::Everything(400, "ExpiredToken"));
    let fault = store.create(key, b"x").unwrap_err();
    let failure = fault.source.downcast_ref::<ObjectFailure>().unwrap();
    assert!(failure.is_about_keys(), "{failure:?}");
    server.answer_with(Answer::AsItShould);
    assert_eq!(store.create(key, b"x").unwrap(), Created::New);
}

#[test]
fn a_server_that_says_no_to_what_is_not_there_fences_nobody() {
    let server = FakeServer::start();
    let (store, key) = (over(&server), entry());
    store.check().unwrap();
    for (status, code) in [(412, "PreconditionFailed"), (409, "ConditionalRequestConflict")] {
        server.answer_with(Answer::Creations(status, code));
        let fault = store.create(key, b"x").unwrap_err();
        let failure = fault.source.downcast_ref::<ObjectFailure>().unwrap();
        assert_eq!(*failure, ObjectFailure::Contradiction);
    }
    server.answer_with(Answer::WithVersions);
    assert!(store.create(key, b"x").is_err(), "versioning that is turned on is noticed");
}

#[test]
fn a_reply_that_is_cut_after_the_write_is_found_out_by_asking_again() {
    let server = FakeServer::start();
    let (store, key) = (over(&server), entry());
    store.check().unwrap();
    server.answer_with(Answer::CutAfterTheWrite);
    // However often the client tried by itself: it isn't told that this was the first.
    let created = store.create(key, b"mine");
    assert!(!matches!(created, Ok(Created::New)), "{created:?}");
    server.answer_with(Answer::AsItShould);
    assert_eq!(store.create(key, b"mine").unwrap(), Created::Existed);
    assert_eq!(store.read(key).unwrap().unwrap(), b"mine");
}

#[test]
fn a_server_in_trouble_is_a_fault_within_seconds_and_is_asked_again() {
    let server = FakeServer::start();
    let (store, key) = (over(&server), entry());
    store.check().unwrap();
    server.answer_with(Answer::Times(2, 503, "SlowDown"));
    assert_eq!(store.create(key, b"x").unwrap(), Created::New, "two refusals aren't seen");
    server.answer_with(Answer::Everything(503, "SlowDown"));
    let fault = store.list(key.session()).unwrap_err();
    let failure = fault.source.downcast_ref::<ObjectFailure>().unwrap();
    assert_eq!(*failure, ObjectFailure::Answer { status: 503, code: "SlowDown".to_owned() });
    server.answer_with(Answer::Never);
    let fault = store.read(key).unwrap_err();
    let failure = fault.source.downcast_ref::<ObjectFailure>().unwrap();
    assert_eq!(*failure, ObjectFailure::TimedOut);
    server.answer_with(Answer::AsItShould);
    assert_eq!(store.read(key).unwrap().unwrap(), b"x");
}

#[test]
fn a_bucket_that_goes_is_no_empty_session() {
    let server = FakeServer::start();
    let (store, key) = (over(&server), entry());
    store.create(key, b"x").unwrap();
    server.answer_with(Answer::Everything(404, "NoSuchBucket"));
    assert!(store.read(key).is_err());
    assert!(store.list(key.session()).is_err());
    assert!(store.sessions().is_err());
    assert!(store.delete(key).is_err());
}

#[test]
fn what_is_no_object_of_a_session_is_not_listed() {
    let server = FakeServer::start();
    let (store, key) = (over(&server), entry());
    store.create(key, b"x").unwrap();
    server.put(&format!("arena/sessions/{}/notes.txt", key.session()), b"mine");
    server.put("arena/sessions/readme/first.entry", b"mine");
    server.put("arena/sessions/loose", b"mine");
    assert_eq!(store.list(key.session()).unwrap().entries.len(), 1);
    assert_eq!(store.sessions().unwrap(), [key.session()]);
}

#[test]
fn a_listing_of_many_objects_costs_a_request_for_each_thousand() {
    let server = FakeServer::start();
    let (store, session) = (over(&server), SessionId::random());
    store.check().unwrap();
    for position in 1..=2_500 {
        server.put(&format!("arena/sessions/{session}/{:016x}-{position:016x}.entry", 1), b"");
    }
    let before = server.requests();
    assert_eq!(store.list(session).unwrap().entries[&Epoch(1)].len(), 2_500);
    assert_eq!(server.requests() - before, 3);
}

#[test]
fn nothing_that_is_logged_has_a_key() {
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
fn a_url_with_keys_is_refused_without_showing_it() {
    let error = ObjectReplica::s3(&format!("s3://AKID:{SECRET}@saves/arena")).unwrap_err();
    assert!(matches!(error, BucketError::Url));
    assert!(!format!("{error:?} {}", said(&error)).contains(SECRET));
}
