//! The store on a real server, which `ci/objects.sh test` starts.

#![expect(clippy::print_stdout, reason = "the figures are what some of these tests are run for")]

mod common;

use std::env;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use bevy_session_journal::SessionId;
use bevy_session_journal::replica::conformance::CHECKS;
use bevy_session_journal::replica::{Created, Epoch, Key, Position, ReplicaStore};
use bevy_session_objects::object_store::aws::AmazonS3Builder;
use bevy_session_objects::object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpRequest, HttpResponse, HttpService,
};
use bevy_session_objects::object_store::path::Path;
use bevy_session_objects::object_store::signer::{SignedUrlOptions, Signer};
use bevy_session_objects::object_store::{ClientOptions, Result as ObjectResult};
use bevy_session_objects::{CheckError, Keys, ObjectFailure, ObjectReplica};
use common::said;
use reqwest::Method;

/// One of these tests kills the server, and runs while no other does.
static SERVER: RwLock<()> = RwLock::new(());

/// The server stays up until this is dropped.
fn up() -> RwLockReadGuard<'static, ()> {
    SERVER.read().unwrap_or_else(PoisonError::into_inner)
}

/// The server of `ci/objects.sh`.
fn endpoint() -> String {
    env::var("BEVY_SESSION_S3").expect("BEVY_SESSION_S3 should name a server")
}

fn url(bucket: &str) -> String {
    format!("s3://{bucket}/arena?endpoint={}", endpoint())
}

fn store(bucket: &str) -> ObjectReplica {
    make_bucket(bucket);
    ObjectReplica::s3(&url(bucket)).unwrap()
}

/// Makes a bucket, if it isn't there.
fn make_bucket(bucket: &str) {
    let status = put(bucket, &[], "");
    assert!(matches!(status, 200 | 409), "{status}");
}

/// Asks the server for something about a bucket.
fn put(bucket: &str, query: &[(&str, &str)], body: &str) -> u16 {
    let client = AmazonS3Builder::from_env().with_bucket_name(bucket).with_endpoint(endpoint());
    let client = client.with_allow_http(true).with_http_connector(NoClient).build().unwrap();
    let options = SignedUrlOptions::default().with_query(query.iter().copied());
    let (root, minute) = (Path::from(""), Duration::from_secs(60));
    let signed = client.signed_url_opts(Method::PUT, &root, minute, &options);
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    let signed = runtime.block_on(signed).unwrap();
    let host = format!("{}:{}", signed.host_str().unwrap(), signed.port().unwrap());
    let mut stream = TcpStream::connect(&host).unwrap();
    write!(
        stream,
        "PUT {}?{} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        signed.path(),
        signed.query().unwrap(),
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

/// Signing needs no connection.
#[derive(Debug)]
struct NoClient;

impl HttpConnector for NoClient {
    fn connect(&self, _: &ClientOptions) -> ObjectResult<HttpClient> {
        Ok(HttpClient::new(Self))
    }
}

#[async_trait::async_trait]
impl HttpService for NoClient {
    async fn call(&self, _: HttpRequest) -> Result<HttpResponse, HttpError> {
        unreachable!("signing asks nobody")
    }
}

/// The number of repetitions of something that takes long, unless the environment has another.
fn times(variable: &str, usual: usize) -> usize {
    env::var(variable).ok().map_or(usual, |times| times.parse().unwrap())
}

#[test]
#[ignore = "needs a server: ci/objects.sh"]
fn a_bucket_of_a_real_server_passes_the_store_checks() {
    let _up = up();
    let store = store("conformance");
    store.check().unwrap();
    CHECKS.iter().for_each(|(_, check)| check(&store));
}

/// Turns versioning of a bucket on, or suspends it.
fn set_versioning(bucket: &str, status: &str) {
    let body = format!(
        "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Status>{status}</Status>\
         </VersioningConfiguration>"
    );
    assert_eq!(put(bucket, &[("versioning", "")], &body), 200);
}

#[test]
#[ignore = "needs a server: ci/objects.sh"]
fn a_bucket_that_has_or_had_versioning_is_refused() {
    let _up = up();
    make_bucket("versioned");
    set_versioning("versioned", "Enabled");
    let store = ObjectReplica::s3(&url("versioned")).unwrap();
    assert_eq!(store.check().unwrap_err(), CheckError::KeepsVersions);
    assert!(store.sessions().is_err());
    set_versioning("versioned", "Suspended");
    let error = store.check().unwrap_err();
    // Amazon's creates again what was deleted.
    assert_eq!(error, CheckError::RemembersDeleted);
}

#[test]
#[ignore = "needs a server: ci/objects.sh"]
fn versioning_that_is_turned_on_while_it_is_played_is_noticed() {
    let _up = up();
    let store = store("turned-on");
    store.check().unwrap();
    // Here 32 of 32 who create at once would be the first.
    set_versioning("turned-on", "Enabled");
    let key = Key::Claim { session: SessionId::random(), epoch: Epoch(1) };
    for _ in 0..2 {
        let fault = store.create(key, b"x").unwrap_err();
        let failure = fault.source.downcast_ref::<ObjectFailure>();
        assert_eq!(failure, Some(&ObjectFailure::KeepsVersions));
    }
}

#[test]
#[ignore = "needs a server: ci/objects.sh"]
fn wrong_keys_and_a_bucket_that_is_not_there_are_distinguished() {
    let _up = up();
    let store = ObjectReplica::s3(&url("nowhere")).unwrap();
    assert_eq!(store.check().unwrap_err(), CheckError::NoBucket);
    make_bucket("guarded");
    let id = env::var("AWS_ACCESS_KEY_ID").unwrap();
    for id in [id, "AKIDEXAMPLE".to_owned()] {
        let keys = Keys { id: id.clone(), secret: "s3cretSECRETs3cret".into(), token: None };
        let store = ObjectReplica::s3_with_keys(&url("guarded"), keys).unwrap();
        let error = store.check().unwrap_err();
        assert!(matches!(error, CheckError::Keys(_)), "{error:?}");
        let fault = store.sessions().unwrap_err();
        for text in [said(&error), said(&fault), format!("{error:?} {fault:?} {store:?}")] {
            assert!(!text.contains("s3cret") && !text.contains(&id), "{text}");
        }
    }
}

#[test]
#[ignore = "needs a server: ci/objects.sh"]
fn one_of_32_concurrent_claims_wins() {
    let _up = up();
    const CLAIMANTS: u8 = 32;
    let (store, rounds) = (store("races"), times("BEVY_SESSION_RACES", 200));
    store.check().unwrap();
    for _ in 0..rounds {
        let key = Key::Claim { session: SessionId::random(), epoch: Epoch(1) };
        let (start, winner) = (Barrier::new(usize::from(CLAIMANTS)), Mutex::new(Vec::new()));
        std::thread::scope(|scope| {
            for claimant in 0..CLAIMANTS {
                let (store, start, winner) = (&store, &start, &winner);
                scope.spawn(move || {
                    start.wait();
                    if store.create(key, &[claimant; 16]).unwrap() == Created::New {
                        winner.lock().unwrap().push(claimant);
                    }
                });
            }
        });
        let winner = winner.into_inner().unwrap();
        let [winner] = winner[..] else { panic!("{} winners", winner.len()) };
        assert_eq!(store.read(key).unwrap().unwrap(), [winner; 16]);
    }
    println!("{rounds} rounds of {CLAIMANTS}: one winner each");
}

#[test]
#[ignore = "needs a server: ci/objects.sh"]
fn acknowledged_entries_survive_kills_of_the_server() {
    let _alone = SERVER.write().unwrap_or_else(PoisonError::into_inner);
    let (store, wanted) = (store("killed"), times("BEVY_SESSION_ENTRIES", 5_000));
    store.check().unwrap();
    let session = SessionId::random();
    let key = |position| Key::Entry { session, epoch: Epoch(1), position: Position(position) };
    let bytes = |position: u64| position.to_le_bytes().repeat(256);
    let (next, acknowledged) = (AtomicUsize::new(1), Mutex::new(Vec::new()));
    let (kills, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let position = next.fetch_add(1, Ordering::Relaxed) as u64;
                    // After a fault the same bytes are sent again, and what stands there is read.
                    let is_there = loop {
                        match store.create(key(position), &bytes(position)) {
                            Ok(Created::New) => break true,
                            Ok(Created::Existed) => {
                                if let Ok(found) = store.read(key(position)) {
                                    break found.unwrap() == bytes(position);
                                }
                            }
                            Err(_) if is_over.load(Ordering::Relaxed) => return,
                            Err(_) => {}
                        }
                    };
                    assert!(is_there, "nobody else writes there");
                    acknowledged.lock().unwrap().push(position);
                }
            });
        }
        let count = || acknowledged.lock().unwrap().len();
        for part in 1..=4 {
            wait_until(|| count() >= wanted * part / 5);
            server("kill");
            kills.fetch_add(1, Ordering::Relaxed);
            server("start");
        }
        wait_until(|| count() >= wanted);
        is_over.store(true, Ordering::Relaxed);
    });
    let acknowledged = acknowledged.into_inner().unwrap();
    let listed = store.list(session).unwrap().entries.remove(&Epoch(1)).unwrap();
    for position in &acknowledged {
        assert!(listed.contains(&Position(*position)), "{position} isn't listed");
        assert_eq!(store.read(key(*position)).unwrap().unwrap(), bytes(*position));
    }
    println!("{} acknowledged, {} kills, none lost", acknowledged.len(), kills.into_inner());
}

#[test]
#[ignore = "needs a server: ci/objects.sh"]
fn a_session_of_100_megabytes_is_read_back() {
    let _up = up();
    let store = store("large");
    let session = SessionId::random();
    let key = |position| Key::Entry { session, epoch: Epoch(1), position: Position(position) };
    let megabyte: Vec<u8> = (0..1_u32 << 18).flat_map(u32::to_le_bytes).collect();
    for position in 1..=100 {
        assert_eq!(store.create(key(position), &megabyte).unwrap(), Created::New);
    }
    let begun = Instant::now();
    for position in 1..=100 {
        assert_eq!(store.read(key(position)).unwrap().unwrap(), megabyte);
    }
    println!("{:.0} MB/s", 104.9 / begun.elapsed().as_secs_f64());
}

fn wait_until(mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(400), "it takes too long");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Has `ci/objects.sh` do something with the server.
fn server(what: &str) {
    let server = env::var("BEVY_SESSION_S3_SERVER").expect("ci/objects.sh should have begun it");
    let (script, directory) = server.rsplit_once(' ').unwrap();
    // Its output would hold up who waits for the end of ours.
    let done = Command::new(script).args([what, directory]).output().unwrap();
    assert!(done.status.success(), "{done:?}");
}
