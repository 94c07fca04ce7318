//! Many processes at once, each with requests of every kind about the same sessions.

mod client;
mod flaky_disk;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use self::client::{Client, Done, assert_whole};
use self::flaky_disk::FlakyDisk;
use super::opening::read_checkpoint;
use super::{Game, Random};
use crate::disk::simulated_disk::SimulatedDisk;
use crate::disk::{CreatedSegment, Disk, Layout, LocalStore, RealDisk, StoredSession, slots_in};
use crate::format::sample::{commit, header, values};
use crate::format::{Record, SegmentHeader};
use crate::model::clock::Moment;
use crate::model::ids::SessionId;
use crate::model::session::{Leaving, SessionStatus};
use crate::read::recovery::FoundSession;
use crate::write::{News, Order};

/// The extent of the load.
#[derive(Clone, Copy)]
struct Load {
    clients: usize,
    requests: usize,
    sessions: usize,
    /// The number of clients whose disk fails, and the number of operations from one failure to the next.
    failing: (usize, usize),
}

const SOME: Load = Load { clients: 6, requests: 20, sessions: 30, failing: (0, 0) };
const MANY: Load = Load { clients: 100, requests: 100, sessions: 1_000, failing: (0, 0) };

fn now() -> Moment {
    let wall = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 365);
    Moment { elapsed: Duration::from_secs(1_000), wall }
}

/// Sessions that were played once and closed, none like another.
fn write_sessions(local: &LocalStore, count: usize) -> Vec<SessionId> {
    let mut sessions = Vec::new();
    for number in 0..count {
        let session = SessionId::random();
        let sample = header(number as u64 + 1, 0);
        let mut metadata = sample.metadata.clone();
        (metadata.id, metadata.name) = (session, format!("Session {number}"));
        let header = SegmentHeader { session, metadata, host: local.host.id, ..sample };
        let created = local.store.create_segment(&header).unwrap();
        let CreatedSegment { mut file, mut encoder, unsynced_directories, .. } = created;
        let value = number.to_le_bytes();
        let block = values("game::Health", &[(2, &value)]);
        encoder.encode_group([block], &commit(1, None), &mut |bytes| file.append(bytes)).unwrap();
        let end = Record::End {
            status: SessionStatus::Closed,
            reason: None,
            leaving: Leaving::default(),
            time: Timestamp::UNIX_EPOCH,
            play_time: Duration::from_secs(1),
        };
        file.append(&encoder.encode_record(&end).unwrap()).unwrap();
        file.sync().unwrap();
        local.store.sync_directories(&unsynced_directories).unwrap();
        sessions.push(session);
    }
    sessions
}

/// All sessions, as a process finds them that was begun just now.
fn listed(disk: &Arc<dyn Disk>, layout: &Layout) -> BTreeMap<SessionId, FoundSession> {
    let mut game = Game::boot_on(Arc::clone(disk), layout.clone(), now().wall);
    let mut news = game.order(Order::Detect { ticket: None }, now());
    while !news.iter().any(|news| matches!(news, News::Detected { .. })) {
        news.extend(game.turn(now()));
    }
    news.into_iter().flat_map(News::into_found).map(|found| (found.session, found)).collect()
}

fn client(number: usize, game: Game, sessions: &[SessionId], is_healthy: bool) -> Client<'_> {
    let (random, now, captured) = (Random::new(number as u64 + 1), now(), BTreeMap::new());
    let (listed, done) = (BTreeSet::new(), Done::default());
    Client { number, game, now, random, sessions, is_healthy, captured, listed, done }
}

/// Lets the clients make their requests, all at once.
fn make_requests(
    disk: &Arc<dyn Disk>,
    layout: &Layout,
    sessions: &[SessionId],
    load: Load,
) -> Vec<Done> {
    let ready = Barrier::new(load.clients);
    thread::scope(|scope| {
        let clients: Vec<_> = (0..load.clients)
            .map(|number| {
                let ready = &ready;
                scope.spawn(move || {
                    let flaky = FlakyDisk::new(Arc::clone(disk));
                    let shared: Arc<dyn Disk> = Arc::new(flaky.clone());
                    let game = Game::boot_on(shared, layout.clone(), now().wall);
                    let is_healthy = number >= load.failing.0;
                    let mut client = client(number, game, sessions, is_healthy);
                    ready.wait();
                    if !is_healthy {
                        flaky.fail_every(load.failing.1);
                    }
                    client.make_requests(load.requests);
                    flaky.fail_every(0);
                    client.done
                })
            })
            .collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    })
}

/// Holds what is there against what was answered.
fn assert_all_there(
    found: &BTreeMap<SessionId, FoundSession>,
    sessions: &[SessionId],
    done: &[Done],
) {
    found.values().for_each(assert_whole);
    let entry = |session: &SessionId| {
        let found = found.get(session).and_then(|found| found.entry.as_ref());
        found.unwrap_or_else(|| panic!("{session} is lost"))
    };
    sessions.iter().for_each(|session| _ = entry(session));
    let mut forgotten = BTreeSet::new();
    for (number, done) in done.iter().enumerate() {
        for (session, tag) in &done.tags {
            assert!(entry(session).session.tags.contains(tag), "{tag} of {session} is lost");
        }
        for (session, value) in &done.fields {
            let field = entry(session).summary.fields.get::<u64>(&Client::field(number));
            // A later one may have been written although it was answered as failed.
            assert!(field >= Some(*value), "{value} of {session} is lost: {field:?}");
        }
        done.made.iter().for_each(|session| _ = entry(session));
        forgotten.extend(done.forgotten.iter().copied());
    }
    assert!(forgotten.iter().all(|session| !found.contains_key(session)), "what is gone is back");
}

/// Holds slots and attachments against what was answered.
fn assert_all_kept(local: &LocalStore, done: &[Done]) {
    let slots = slots_in(&**local.store.disk(), &local.store.layout().slots()).unwrap();
    let mut names = BTreeSet::new();
    for slot in slots.into_iter().map(Result::unwrap) {
        let checkpoint = slot.header.slot_checkpoint().unwrap();
        let mut stored =
            StoredSession::of_file(&**local.store.disk(), &slot.path, slot.header.session);
        assert!(read_checkpoint(&mut stored, checkpoint).is_some(), "{:?}", slot.slot.name);
        names.insert(slot.slot.name.clone());
    }
    for done in done {
        let lost: Vec<_> = done.slots.difference(&names).collect();
        assert!(lost.is_empty(), "{lost:?} of {names:?} are lost");
        let back: Vec<_> = done.slots_gone.intersection(&names).collect();
        assert!(back.is_empty(), "{back:?} are back");
        let Some(session) = done.played.filter(|_| done.attached > 0) else { continue };
        let attached = local.store.session_attachments(session).unwrap();
        let newest = attached.iter().map(|listed| listed.version).max();
        assert!(newest >= Some(done.attached), "{newest:?} of {session}, not {}", done.attached);
    }
}

/// Holds what was saved against what was acknowledged.
fn assert_all_saved(local: &LocalStore, done: &[Done], is_healthy: impl Fn(usize) -> bool) {
    for (number, done) in done.iter().enumerate() {
        let least = if is_healthy(number) { done.requests / 2 } else { 0 };
        assert!(done.checkpoints >= least, "{} of {}", done.checkpoints, done.requests);
        let Some(((id, digest), session)) = done.saved.zip(done.played) else { continue };
        let mut stored = local.store.open_session(session).unwrap();
        let head = stored.index().heads().iter().find(|head| head.id.run == id.run).unwrap();
        assert!(head.id.counter >= id.counter, "{id} of {session} is lost: {}", head.id);
        assert_eq!(read_checkpoint(&mut stored, id), Some(digest), "{id} of {session}");
    }
}

#[expect(clippy::print_stdout, reason = "the slowest request is to be stated")]
fn say_slowest(what: &str, done: &[Done]) {
    let requests: usize = done.iter().map(|done| done.requests).sum();
    let checkpoints: usize = done.iter().map(|done| done.checkpoints).sum();
    let slowest = done.iter().map(|done| &done.slowest).max();
    let (time, name) = slowest.cloned().unwrap_or_default();
    println!(
        "{what}: {requests} requests and {checkpoints} checkpoints, the slowest took {time:?} ({name})"
    );
    let (asked, whole) = cleanups(done);
    println!("{what}: {whole} of {asked} cleanups did all that was to be done");
}

/// The cleanups that were asked for, and those that did all that was to be done.
fn cleanups<'a>(done: impl IntoIterator<Item = &'a Done>) -> (usize, usize) {
    let each = done.into_iter().map(|done| done.cleanups);
    each.fold((0, 0), |(asked, whole), (more, wholly)| (asked + more, whole + wholly))
}

fn put_under_load(disk: Arc<dyn Disk>, layout: &Layout, load: Load, what: &str) -> Vec<Done> {
    let local = LocalStore::new(Arc::clone(&disk), layout.clone());
    let sessions = write_sessions(&local, load.sessions);
    let done = make_requests(&disk, layout, &sessions, load);
    let found = listed(&disk, layout);
    assert_all_there(&found, &sessions, &done);
    assert_all_kept(&local, &done);
    assert_all_saved(&local, &done, |number| number >= load.failing.0);
    let requests: usize = done.iter().map(|done| done.requests).sum();
    assert_eq!(requests, load.clients * load.requests);
    let (asked, whole) = cleanups(done.iter().skip(load.failing.0));
    assert_eq!(whole, asked, "cleanups of clients whose disk doesn't fail");
    assert!(asked > 0);
    say_slowest(what, &done);
    done
}

fn on_a_simulated_disk(load: Load) -> Vec<Done> {
    let disk = SimulatedDisk::default();
    put_under_load(Arc::new(disk), &super::opening::layout(), load, "simulated disk")
}

fn on_a_real_disk(load: Load) -> Vec<Done> {
    let directory = tempfile::tempdir().unwrap();
    put_under_load(Arc::new(RealDisk), &layout_below(directory.path()), load, "real disk")
}

#[test]
fn answered_requests_of_many_clients_are_not_lost() {
    on_a_simulated_disk(SOME);
    on_a_real_disk(SOME);
}

/// Failures for some cost the others nothing.
#[test]
fn answered_requests_are_not_lost_if_the_disk_fails_for_some_clients() {
    for failing in [(2, 29), (3, 101)] {
        let done = on_a_simulated_disk(Load { failing, ..SOME });
        let refused: usize = done.iter().flat_map(|done| done.refused.values()).sum();
        assert!(refused > 5, "{refused}");
    }
}

/// Hardly anything can be done there, and each request is answered all the same, beside 300 others.
#[test]
fn a_failing_disk_of_one_client_costs_the_others_nothing() {
    let load = Load { clients: 11, requests: 30, sessions: 30, failing: (1, 3) };
    let done = on_a_simulated_disk(load);
    assert!(done[0].refused.values().sum::<usize>() > 10, "{:?}", done[0].refused);
}

/// `cargo test --release -p bevy_session_journal --lib -- torture::load --ignored --nocapture`
#[test]
#[ignore = "takes minutes, and says how long the slowest request takes"]
fn answered_requests_of_a_hundred_clients_are_not_lost() {
    on_a_real_disk(MANY);
    on_a_simulated_disk(Load { failing: (50, 101), ..MANY });
}

/// The variable of the environment that makes a process of this test a client: its number, and where the files are.
const CLIENT: &str = "BEVY_SESSION_LOAD_CLIENT";
/// Requests of each process.
const REQUESTS_OF_ONE: usize = 20;

fn layout_below(root: &Path) -> Layout {
    let (data, state) = (root.join("data"), root.join("state"));
    Layout { data, state, profile: "default".to_owned() }
}

/// A client that is a process of its own. It does nothing unless
/// [`answered_requests_of_real_processes_are_not_lost`] starts it.
#[test]
#[ignore = "started by another test"]
fn one_of_many_processes() {
    let Ok(told) = std::env::var(CLIENT) else { return };
    let (number, root) = told.split_once(' ').unwrap();
    let (number, root) = (number.parse().unwrap(), PathBuf::from(root));
    let layout = layout_below(&root);
    let game = Game::boot_on(Arc::new(RealDisk), layout, now().wall);
    let named = fs::read_to_string(root.join("sessions")).unwrap();
    let sessions: Vec<SessionId> = named.lines().map(|id| id.parse().unwrap()).collect();
    let mut client = client(number, game, &sessions, true);
    client.make_requests(REQUESTS_OF_ONE);
    let done = rmp_serde::to_vec_named(&client.done).unwrap();
    fs::write(root.join(format!("done-{number}")), done).unwrap();
    // As a game that is killed.
    std::process::abort();
}

#[test]
fn answered_requests_of_real_processes_are_not_lost() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let (layout, disk): (_, Arc<dyn Disk>) = (layout_below(root), Arc::new(RealDisk));
    let local = LocalStore::new(Arc::clone(&disk), layout.clone());
    let sessions = write_sessions(&local, 30);
    let names: Vec<String> = sessions.iter().map(ToString::to_string).collect();
    fs::write(root.join("sessions"), names.join("\n")).unwrap();
    let processes: Vec<_> = (0..4)
        .map(|number| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "torture::load::one_of_many_processes", "--ignored"])
                .env(CLIENT, format!("{number} {}", root.display()))
                .stdout(Stdio::null())
                .stderr(Stdio::inherit())
                .spawn()
                .unwrap()
        })
        .collect();
    let mut done = Vec::new();
    for (number, mut process) in processes.into_iter().enumerate() {
        let status = process.wait().unwrap();
        // It ends by its abort, and a panic of it by another code.
        assert_ne!(status.code(), Some(101), "process {number} panicked");
        let bytes = fs::read(root.join(format!("done-{number}")))
            .unwrap_or_else(|error| panic!("process {number} ended by {status}: {error}"));
        done.push(rmp_serde::from_slice::<Done>(&bytes).unwrap());
    }
    let found = listed(&disk, &layout);
    assert_all_there(&found, &sessions, &done);
    assert_all_kept(&local, &done);
    assert_all_saved(&local, &done, |_| true);
    say_slowest("processes", &done);
}
