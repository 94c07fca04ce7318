//! Power cuts while sessions are moved.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::faults::after_each_fault;
use super::{again, closed, digests, forked, place, stored};
use crate::disk::simulated_disk::{CrashStates, FileSystem, Image, Replay, SimulatedDisk};
use crate::disk::{Disk, LocalStore};
use crate::model::ids::SessionId;
use crate::model::session::{Archived, ShelfMove, ShelfPlace};
use crate::torture::opening::layout;
use crate::torture::{Play, Random};

const STATES: CrashStates =
    CrashStates { exhaustive: 5, appends: 5, drawn: 4, cuts: 8, matters: is_of_a_session };

fn is_of_a_session(path: &Path) -> bool {
    path.to_string_lossy().contains("sessions")
}

/// Looks at every disk that a power cut may leave after each number of steps, with that number.
pub(super) fn after_power_cuts(play: &Play, from: usize, mut look: impl FnMut(usize, &LocalStore)) {
    let trace = play.disk.trace();
    let mut random = Random::new(7);
    let mut seen: HashMap<u64, usize> = HashMap::new();
    let mut visit = |position: usize, image: Image| {
        // The same disk is owed more the later it is.
        if seen.insert(image.digest(), position) != Some(position) {
            let disk: Arc<dyn Disk> = Arc::new(SimulatedDisk::from_image(&image));
            look(position, &LocalStore::new(disk, layout()));
        }
    };
    let mut posix = Replay::new(&trace, FileSystem::Posix);
    let mut journaled = Replay::new(&trace, FileSystem::Journaled);
    for position in 0.. {
        if position >= from {
            STATES.of_posix(&posix, &mut random, &mut |_, image| visit(position, image));
            STATES.of_journaled(&journaled, &mut |_, image| visit(position, image));
        }
        journaled.advance();
        if !posix.advance() {
            break;
        }
    }
}

/// Moves a session, and cuts the power at every step. The whole session is where it was, or where it is now.
fn cut_while_moving((mut play, session): (Play, SessionId), moves: &[ShelfMove]) -> usize {
    let expected = digests(&play.game.local.store, session);
    let mut cuts = 0;
    for how in moves {
        let from = play.disk.position();
        play.pass(5);
        let moved = play.shelve(session, *how).unwrap();
        let reported = play.disk.position();
        after_power_cuts(&play, from, |position, local| {
            cuts += 1;
            let found = stored(&local.store, session);
            let heads = found.index().heads();
            let places: Vec<ShelfPlace> = heads.iter().map(|head| head.metadata.place).collect();
            let (before, after) =
                (vec![moved.from; expected.len()], vec![moved.to; expected.len()]);
            let is_whole = places == after || position < reported && places == before;
            assert!(is_whole, "{how:?}, after {position} of {reported} steps: {places:?}");
            assert_eq!(digests(&local.store, session), expected);
        });
    }
    cuts
}

#[test]
fn a_power_cut_leaves_a_session_in_the_trash_or_out_of_it() {
    let moves = [ShelfMove::Delete, ShelfMove::Undelete, ShelfMove::Delete];
    let cuts = cut_while_moving(closed(), &moves) + cut_while_moving(forked(), &moves);
    assert!(cuts > 300, "{cuts}");
}

const ARCHIVES: [Archived; 2] = [Archived::WithWorld, Archived::SummaryOnly];

/// Returns true if the newest checkpoint of each line can be read.
fn is_readable(local: &LocalStore, session: SessionId) -> bool {
    digests(&local.store, session).iter().all(Option::is_some)
}

#[test]
fn a_power_cut_leaves_a_session_whole_as_before_or_archived() {
    for what in ARCHIVES {
        let (mut play, session) = closed();
        let before = digests(&play.game.local.store, session);
        let from = play.disk.position();
        play.pass(5);
        let moved = play.shelve(session, ShelfMove::Archive(what)).unwrap();
        let reported = play.disk.position();
        let (mut as_before, mut archived) = (0, 0);
        after_power_cuts(&play, from, |position, local| {
            let found = stored(&local.store, session);
            let [head] = found.index().heads() else {
                panic!("after {position} steps: {:?}", found.index().heads());
            };
            match head.metadata.place == moved.to {
                true => {
                    archived += 1;
                    let has_world = what == Archived::WithWorld;
                    assert_eq!(is_readable(local, session), has_world);
                    assert_ne!(found.index().is_without_world(head.id), has_world);
                }
                false => {
                    as_before += 1;
                    assert!(position < reported, "after {position} of {reported} steps");
                    assert_eq!(digests(&local.store, session), before);
                }
            }
        });
        assert!(as_before > 30 && archived > 30, "{as_before} and {archived}");
    }
}

#[test]
fn files_left_beside_an_archive_by_a_power_cut_are_removed_by_the_next_run() {
    let (mut play, session) = closed();
    let from = play.disk.position();
    play.shelve(session, ShelfMove::Archive(Archived::WithWorld)).unwrap();
    let trace = play.disk.trace();
    let mut replay = Replay::new(&trace, FileSystem::Posix);
    let mut cleared = 0;
    for position in 0.. {
        if position >= from {
            let disk = SimulatedDisk::from_image(&replay.kept());
            let mut next = play.after_power_cut(disk, position);
            let is_half_done = stored(&next.game.local.store, session).index().is_half_archived();
            next.perform(&[crate::torture::Action::Start, crate::torture::Action::Settle]);
            let found = stored(&next.game.local.store, session);
            if found.index().heads()[0].metadata.place.is_archived() {
                assert_eq!(found.segments().len(), 1, "after {position} steps");
                cleared += usize::from(is_half_done);
            } else {
                assert!(found.segments().len() > 1);
            }
        }
        if !replay.advance() {
            break;
        }
    }
    assert!(cleared > 2, "{cleared}");
}

/// Lets each operation of a move fail, in every way.
fn fail_while_moving((before, session): (Play, SessionId), how: ShelfMove) -> usize {
    let before_it = place(&before, session);
    let act = |play: &mut Play| play.shelve(session, how);
    after_each_fault(&[false, true], again(&before), act, |play, result, fault| {
        let found = stored(&play.game.local.store, session);
        let has_moved = found.index().heads()[0].metadata.place != before_it;
        assert!(has_moved || result.is_err(), "{how:?} {fault}: {result:?}");
        if !found.index().is_without_world(found.index().heads()[0].id) {
            assert!(is_readable(&play.game.local, session), "{how:?} {fault}");
        }
        play.shelve(session, how).unwrap();
        assert_ne!(place(play, session), before_it);
    })
}

#[test]
fn a_fault_while_a_session_is_moved_costs_nothing() {
    let mut faults = fail_while_moving(closed(), ShelfMove::Delete);
    faults += fail_while_moving(forked(), ShelfMove::Delete);
    for what in ARCHIVES {
        faults += fail_while_moving(closed(), ShelfMove::Archive(what));
    }
    assert!(faults > 100, "{faults}");
}

#[test]
fn a_power_cut_while_the_trash_is_emptied_leaves_a_session_whole_or_gone() {
    let (mut play, session) = closed();
    let before = digests(&play.game.local.store, session);
    play.shelve(session, ShelfMove::Delete).unwrap();
    for _ in 0..2 {
        play.pass(31 * super::DAY);
        play.kill();
        play.perform(&[crate::torture::Action::Start, crate::torture::Action::Close]);
    }
    play.kill();
    let from = play.disk.position();
    play.perform(&[crate::torture::Action::Start, crate::torture::Action::Settle]);
    assert!(!play.game.local.store.sessions().unwrap().contains(&session));
    let (mut there, mut gone) = (0, 0);
    after_power_cuts(&play, from, |position, local| {
        let is_listed = local.store.sessions().unwrap().contains(&session);
        let found = is_listed.then(|| stored(&local.store, session));
        match found.filter(|found| !found.index().is_forgotten()) {
            Some(found) if !found.index().heads().is_empty() => {
                there += 1;
                assert!(found.index().heads()[0].metadata.place.is_in_trash());
                assert_eq!(digests(&local.store, session), before, "after {position} steps");
            }
            _ => gone += 1,
        }
    });
    assert!(there > 10 && gone > 10, "{there} and {gone}");
}
