//! Two processes that change the same thousand sessions at the same time, while a third one lists them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::disk::simulated_disk::SimulatedDisk;
use crate::model::clock::Moment;
use crate::model::ids::SessionId;
use crate::model::ids::Ticket;
use crate::model::session::{NewSession, RequestError, SessionUpdate, ShelfMove};
use crate::read::finding::SessionQuery;
use crate::read::recovery::SessionEntry;
use crate::torture::{Game, Play, Random};
use crate::write::{News, Order};

const SESSIONS: usize = 1_000;
const REQUESTS: usize = 100;
/// So few that both processes want the same ones.
const WANTED: u64 = 8;

/// All sessions, as a process finds them that was begun just now. None of them is torn.
fn listed(disk: &SimulatedDisk, now: Moment) -> Vec<SessionEntry> {
    let mut game = Game::boot(disk, now.wall);
    let mut news = game.order(Order::Detect { ticket: None }, now);
    while !news.iter().any(|news| matches!(news, News::Detected { .. })) {
        news.extend(game.turn(now));
    }
    let found = news.into_iter().flat_map(News::into_found);
    let found = found.inspect(|found| {
        assert_eq!((&found.corruption, &found.failure), (&None, &None), "{}", found.session);
    });
    found.filter_map(|found| found.entry).collect()
}

/// The outcome of a session's requests.
#[derive(Default)]
struct Done {
    tags: Vec<String>,
    moves: usize,
}

/// Makes requests about a few sessions, again until each is granted. Returns those that were answered as done.
fn make_requests(
    name: &str,
    disk: &SimulatedDisk,
    wanted: &[SessionId],
    now: Moment,
    refused: &AtomicUsize,
) -> BTreeMap<SessionId, Done> {
    let mut game = Game::boot(disk, now.wall);
    let mut random = Random::new(name.len() as u64);
    let mut done: BTreeMap<SessionId, Done> = BTreeMap::new();
    for number in 0..REQUESTS {
        let session = wanted[random.below(WANTED) as usize];
        let tag = format!("{name}-{number}");
        let moves = [ShelfMove::Delete, ShelfMove::Undelete];
        let order = || match number % 3 {
            0 => Order::Shelve { session, how: moves[number % 2], ticket: Ticket::new() },
            _ => {
                let update = Box::new(SessionUpdate::default().tag(&tag));
                Order::Edit { session, update, ticket: Ticket::new() }
            }
        };
        loop {
            let result = game.order(order(), now).into_iter().find_map(|news| match news {
                News::Shelved { result, .. } => Some(result.map(drop)),
                News::Edited { result, .. } => Some(result),
                _ => None,
            });
            match result.expect("it should be answered") {
                Ok(()) if number % 3 == 0 => done.entry(session).or_default().moves += 1,
                Ok(()) => done.entry(session).or_default().tags.push(tag),
                Err(RequestError::SessionInUse) => {
                    refused.fetch_add(1, Ordering::Relaxed);
                    thread::yield_now();
                    continue;
                }
                // The other process has brought it back, or it never was there; or there are enough tags.
                Err(RequestError::NotInTrash | RequestError::TooManyTags { .. }) => {}
                Err(error) => panic!("{error}"),
            }
            break;
        }
    }
    done
}

#[test]
fn concurrent_edits_of_two_processes_are_all_kept() {
    let mut play = Play::new(SimulatedDisk::default(), 5);
    play.pass(1_000);
    let new = NewSession::named("Many");
    let mut ids = Vec::new();
    for _ in 0..SESSIONS {
        ids.push(play.draft(&new).unwrap().session.id);
    }
    let (now, disk) = (play.now, play.disk.clone());
    let (refused, going) = (AtomicUsize::new(0), AtomicUsize::new(2));
    let done = thread::scope(|scope| {
        let processes = ["a", "bb"].map(|name| {
            let (disk, ids, refused, going) = (disk.clone(), &ids, &refused, &going);
            scope.spawn(move || {
                let done = make_requests(name, &disk, ids, now, refused);
                going.fetch_sub(1, Ordering::Relaxed);
                done
            })
        });
        let mut lists = 0;
        while going.load(Ordering::Relaxed) > 0 || lists == 0 {
            assert_eq!(listed(&disk, now).len(), SESSIONS);
            lists += 1;
        }
        processes.map(|process| process.join().unwrap())
    });
    let entries = listed(&disk, now);
    assert_eq!(entries.len(), SESSIONS);
    let mut tags = 0;
    for (session, done) in done.iter().flatten() {
        let entry = entries.iter().find(|entry| entry.session.id == *session).unwrap();
        for tag in &done.tags {
            tags += 1;
            assert!(entry.session.tags.contains(tag), "{tag} of {session} is lost");
        }
    }
    assert!(tags > 100, "{tags}");
    let untouched = SessionQuery::default().of(&entries).entries.into_iter();
    let untouched = untouched.filter(|entry| entry.session.tags.is_empty());
    assert!(untouched.count() >= SESSIONS - WANTED as usize);
}
