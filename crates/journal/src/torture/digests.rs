//! A digest is what a reading of everything would make, even with digests that were kept from the last time.

// Feature: Digests reduce the history of each session to a value, off the main thread.
// Page: guide/recorded-events.md#digests-of-all-sessions

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::events::{PANICS, id_of};
use super::{Action, Play, Script};
use crate::disk::LocalStore;
use crate::disk::simulated_disk::{Content, Node, SimulatedDisk};
use crate::model::ids::{SessionId, Ticket};
use crate::read::digest::{DigestFigures, DigestOrder, DigestedSessions};
use crate::read::recovery::{EventQuery, EventReading};
use crate::write::{News, Order};

type Digests = DigestedSessions<(Vec<u64>, String)>;

const NAME: &str = "All events";

/// Orders something of the digests, and waits for the answer.
fn order(play: &mut Play, order: DigestOrder) -> (Digests, DigestFigures) {
    let now = play.now;
    let mut news = play.game.order(Order::Digest { order, ticket: Ticket::new() }, now);
    for _ in 0..100_000 {
        for news in news {
            if let News::Digested { digests, figures, .. } = news {
                let digests = digests.downcast_ref::<Digests>().unwrap().clone();
                assert_eq!(figures.sessions, digests.len());
                return (digests, figures);
            }
        }
        news = play.game.turn(now);
    }
    panic!("the digests aren't made");
}

fn digested(play: &mut Play) -> (Digests, DigestFigures) {
    order(play, DigestOrder::Refresh { name: NAME })
}

/// The events of all sessions, by another reader.
fn read(local: &LocalStore) -> BTreeMap<SessionId, Vec<u64>> {
    let mut read = BTreeMap::new();
    for session in local.store.sessions().unwrap() {
        let stored = local.store.open_session(session).unwrap();
        if stored.index().newest_head().is_none() {
            continue;
        }
        let query =
            EventQuery { newest_first: false, limit: usize::MAX, ..EventQuery::of(session) };
        let mut reading = EventReading::new(query, None);
        while let Ok(Some(_)) = reading.step(&local.store) {}
        read.insert(session, reading.finish().1.events.iter().map(id_of).collect());
    }
    read
}

fn of_digests(digests: &Digests) -> BTreeMap<SessionId, Vec<u64>> {
    digests.iter().map(|digest| (digest.session, digest.value.0.clone())).collect()
}

/// A session that was played in two runs, and another one that is played now.
fn two_sessions() -> Play {
    use Action::{Auto, Close, Recover, Settle, Start};
    let mut play = Play::new(SimulatedDisk::default(), 5);
    play.perform(&[Start, Auto, Auto, Settle, Close, Recover, Auto, Auto, Settle, Close]);
    play.perform(&[Start, Auto, Auto, Settle]);
    play
}

/// Lets the writer put its files down, as an exit does, and starts again.
fn exit(play: &mut Play) {
    play.perform(&[Action::Exit]);
}

#[test]
fn each_session_is_read_once_and_again_only_where_something_changed() {
    use Action::{Auto, Settle};
    let mut play = two_sessions();
    let (digests, figures) = digested(&mut play);
    assert_eq!((figures.sessions, figures.read), (2, 2));
    assert!(digests.iter().all(|digest| digest.is_complete() && digest.value.0.len() > 2));
    let (again, figures) = digested(&mut play);
    assert_eq!(of_digests(&again), of_digests(&digests));
    assert_eq!(figures.read, 0, "nothing has happened");
    let played = play.played().unwrap();
    play.perform(&[Auto, Settle]);
    let (later, figures) = digested(&mut play);
    assert_eq!(figures.read, 1, "what is played has gone on");
    let (before, after) = (again.get(played).unwrap(), later.get(played).unwrap());
    assert!(after.value.0.len() > before.value.0.len());
    assert!(after.value.0.starts_with(&before.value.0));
}

#[test]
fn digests_outlive_the_process_and_are_read_again_if_damaged() {
    let mut play = two_sessions();
    let (before, _) = digested(&mut play);
    exit(&mut play);
    let path = play.game.local.store.layout().digests(NAME);
    let disk = play.disk.image();
    let (place, content) = disk.files().find(|(place, _)| **place.path() == *path).unwrap();
    let (kept, figures) = digested(&mut play);
    assert_eq!(of_digests(&kept).len(), of_digests(&before).len());
    assert_eq!(figures.read, 1, "of what was left in good order, nothing is read");
    let whole = content.bytes().to_vec();
    let cut = |length: usize| whole[..length].to_vec();
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        bytes
    };
    for at in (0..whole.len()).step_by(11) {
        for bytes in [cut(at), flipped(at)] {
            let mut damaged = disk.clone();
            damaged.put(place.clone(), Node::File(Content::from(bytes)));
            let damaged = SimulatedDisk::from_image(&damaged);
            let mut next = play.after_power_cut(damaged, usize::MAX);
            let (digests, figures) = digested(&mut next);
            assert_eq!(of_digests(&digests), of_digests(&kept), "byte {at}");
            assert_eq!(figures.read, 2, "byte {at}");
        }
    }
}

#[test]
fn removed_digests_leave_the_disk_and_are_rebuilt_on_request() {
    let mut play = two_sessions();
    digested(&mut play);
    exit(&mut play);
    let path = play.game.local.store.layout().digests(NAME);
    let is_there =
        |play: &Play| play.disk.image().files().any(|(place, _)| **place.path() == *path);
    assert!(is_there(&play));
    let (digests, _) = order(&mut play, DigestOrder::Remove { name: NAME });
    assert!(digests.is_empty() && !is_there(&play));
    exit(&mut play);
    assert!(!is_there(&play), "an exit doesn't write what isn't wanted");
    assert_eq!(digested(&mut play).1.read, 2);
}

#[test]
fn the_digest_of_a_damaged_session_is_marked_incomplete() {
    let mut play = two_sessions();
    play.kill();
    let (whole, _) = digested(&mut play);
    let disk = play.disk.image();
    let is_of_events = |path: &Path| path.extension().is_some_and(|it| it == "events");
    let files: Vec<_> = disk.files().filter(|(place, _)| is_of_events(place.path())).collect();
    let (mut found_out, mut tried) = (0, 0);
    for (place, content) in files {
        for at in (0..content.bytes().len()).step_by(13) {
            let mut bytes = content.bytes().to_vec();
            bytes[at] ^= 0x10;
            let mut damaged = disk.clone();
            damaged.put(place.clone(), Node::File(Content::from(bytes)));
            let mut next = play.after_power_cut(SimulatedDisk::from_image(&damaged), usize::MAX);
            let (digests, _) = digested(&mut next);
            assert_eq!(of_digests(&digests), read(&next.game.local), "byte {at}");
            tried += 1;
            for digest in digests.iter() {
                let before = &whole.get(digest.session).unwrap().value.0;
                let is_short = digest.value.0.len() < before.len();
                found_out += usize::from(!digest.is_complete());
                // A run's last frame may be a torn tail, which is no damage.
                let lost = before.iter().filter(|id| !digest.value.0.contains(id)).count();
                assert!(!is_short || !digest.is_complete() || lost <= 1, "byte {at}: {digest:?}");
            }
        }
    }
    assert!(found_out * 2 > tried, "{found_out} of {tried}");
}

#[test]
fn a_panicking_digester_loses_its_own_value_only() {
    let mut play = two_sessions();
    let played = play.played().unwrap();
    let now = play.now;
    play.game.record(PANICS, now);
    play.settle();
    let (digests, _) = digested(&mut play);
    let failed = digests.get(played).unwrap();
    assert!(failed.has_failed && !failed.is_complete() && failed.value.0.is_empty());
    assert!(digests.iter().any(|digest| digest.is_complete() && digest.value.0.len() > 2));
    play.perform(&[Action::Auto, Action::Settle]);
}

#[test]
fn after_any_history_the_digest_equals_a_fresh_reading() {
    for seed in 0..40 {
        let script = Script::drawn(seed);
        let mut play = Play::new(SimulatedDisk::default(), script.seed);
        for (step, action) in script.actions.iter().enumerate() {
            play.perform(&[*action]);
            if step % 5 == 4 {
                // Changes by others are found when the sessions are looked at.
                play.perform(&[Action::List]);
                play.settle();
                let (digests, _) = digested(&mut play);
                let local: &Arc<LocalStore> = &play.game.local;
                let mut expected = read(local);
                expected.retain(|session, _| Some(*session) != play.played());
                let mut found = of_digests(&digests);
                found.retain(|session, _| Some(*session) != play.played());
                assert_eq!(found, expected, "seed {seed}, step {step}, {action:?}");
            }
        }
        play.kill();
        let (digests, _) = digested(&mut play);
        assert_eq!(of_digests(&digests), read(&play.game.local), "seed {seed}, at the end");
    }
}
