//! Servers that say nothing, and replies that are lost.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bevy_session_journal::SessionId;
use bevy_session_journal::replica::{Created, ReplicaStore};

use crate::server::{Server, entry, said, store, until, url};

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn a_paused_server_is_a_fault_within_11_seconds_and_usable_afterwards() {
    let server = Server::start(&[]);
    let store = store(&server.url);
    let (session, mut faults) = (SessionId::random(), 0);
    store.create(entry(session, 1), b"before").unwrap();
    {
        let _paused = server.pause();
        let begin = Instant::now();
        // On the connection that is there, and on a new one, which the system takes for the server.
        for position in [2, 3] {
            let fault = store.create(entry(session, position), b"meanwhile").unwrap_err();
            assert!(said(&fault).contains("doesn't answer in time"), "{}", said(&fault));
            faults += 1;
            assert!(begin.elapsed() < Duration::from_secs(11) * faults);
        }
    }
    until("an answer", || store.create(entry(session, 2), b"meanwhile").is_ok());
    // By now the one that was asked for may have been done, too.
    assert_eq!(store.read(entry(session, 2)).unwrap().unwrap(), b"meanwhile");
    assert_eq!(store.read(entry(session, 1)).unwrap().unwrap(), b"before");
}

#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn a_creation_whose_reply_was_lost_is_found_by_the_next_one() {
    let server = url();
    let (_, place) = server.split_once("127.0.0.1:").unwrap();
    let (port, database) = place.split_once('/').unwrap();
    let proxy = Proxy::before(port.parse().unwrap());
    let store = store(&format!("postgres://postgres@127.0.0.1:{}/{database}", proxy.port));
    let (session, key) = (SessionId::random(), entry(SessionId::random(), 1));
    store.list(session).unwrap();

    proxy.cuts_next.store(true, Ordering::SeqCst);
    store.create(key, b"ours").unwrap_err();
    assert!(!proxy.cuts_next.load(Ordering::SeqCst), "the answer came, and was cut");
    assert_eq!(store.create(key, b"ours").unwrap(), Created::Existed);
    assert_eq!(store.read(key).unwrap().unwrap(), b"ours");
}

/// A network between a store and its server.
struct Proxy {
    port: u16,
    /// Set to drop the server's next bytes, and to cut the connection.
    cuts_next: Arc<AtomicBool>,
}

impl Proxy {
    fn before(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let cuts_next = Arc::new(AtomicBool::new(false));
        let cuts = Arc::clone(&cuts_next);
        // It ends with the process.
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) =
                    (client.unwrap(), TcpStream::connect(("127.0.0.1", server)).unwrap());
                let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                thread::spawn(move || carry(from, to, &AtomicBool::new(false)));
                let cuts = Arc::clone(&cuts);
                thread::spawn(move || carry(server, client, &cuts));
            }
        });
        Self { port, cuts_next }
    }
}

/// Carries bytes until one side ends, or what it carries is cut.
fn carry(mut from: TcpStream, mut to: TcpStream, cuts: &AtomicBool) {
    let mut bytes = [0; 4096];
    while let Ok(got @ 1..) = from.read(&mut bytes) {
        if cuts.swap(false, Ordering::SeqCst) || to.write_all(&bytes[..got]).is_err() {
            break;
        }
    }
    for side in [from, to] {
        drop(side.shutdown(Shutdown::Both));
    }
}
