//! Power cuts while sessions are moved.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::{closed, digests, forked, stored};
use crate::ids::SessionId;
use crate::session::{ShelfMove, ShelfPlace};
use crate::store::simulated_disk::{CrashStates, FileSystem, Image, Replay, SimulatedDisk};
use crate::store::{Disk, LocalStore};
use crate::torture::opening::layout;
use crate::torture::{Play, Random};

const STATES: CrashStates =
    CrashStates { exhaustive: 5, drawn: 4, cuts: 8, matters: is_of_a_session };

fn is_of_a_session(path: &Path) -> bool {
    path.to_string_lossy().contains("sessions")
}

/// Looks at every disk that a power cut may leave after so many steps, each with how many there were.
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
