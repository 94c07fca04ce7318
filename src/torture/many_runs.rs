//! Sessions that were taken up hundreds of times.

use std::collections::BTreeSet;

use super::opening::{key, read_checkpoint};
use super::{Action, Play};
use crate::journal::CheckpointId;
use crate::store::StoredSession;
use crate::store::simulated_disk::SimulatedDisk;

/// A session that was begun and closed.
fn begun() -> Play {
    let mut play = Play::new(SimulatedDisk::default(), 31);
    play.perform(&[Action::Start, Action::Settle, Action::Close]);
    play
}

/// Plays one run, and lets the writer put everything in order. The checkpoint that somebody asked for.
fn one_more_run(play: &mut Play) -> CheckpointId {
    play.perform(&[Action::Recover, Action::Settle, Action::Manual]);
    let named = play.saved_by_hand.last().copied().unwrap();
    play.perform(&[Action::Close]);
    named
}

fn stored(play: &Play) -> StoredSession {
    let store = &play.game.home.store;
    let session = store.sessions().unwrap()[0];
    store.open_session(session).unwrap()
}

fn heads(play: &Play) -> Vec<CheckpointId> {
    stored(play).index().heads().iter().map(|head| head.id).collect()
}

#[test]
fn one_head_stays_one_head_however_many_runs_there_were() {
    let mut play = begun();
    // Nothing is pruned, and so nothing gathered, in runs that are left at once.
    for _ in 0..150 {
        play.perform(&[Action::Recover, Action::Manual, Action::Close]);
    }
    assert!(stored(&play).segments().len() > 150, "every run should still be there");
    assert_eq!(heads(&play).len(), 1);
    for _ in 0..10 {
        play.perform(&[Action::Recover, Action::Full, Action::Merge, Action::Close]);
        assert_eq!(heads(&play).len(), 1, "{:?}", heads(&play));
    }
}

#[test]
fn what_is_named_in_hundreds_of_runs_is_kept_in_a_few_files() {
    let mut play = begun();
    let mut named = Vec::new();
    let mut most = 0;
    for _ in 0..200 {
        named.push(one_more_run(&mut play));
        most = stored(&play).segments().len().max(most);
    }
    assert!(most <= 40, "{most} files");
    let mut stored = stored(&play);
    assert_eq!(stored.index().heads().len(), 1);
    let line: BTreeSet<_> =
        stored.index().line(stored.index().heads()[0].id).into_iter().map(key).collect();
    for id in named {
        let world = play.digest_of(id).unwrap();
        assert_eq!(read_checkpoint(&mut stored, id), Some(world), "{id}");
        assert!(line.contains(&key(id)), "{id}");
    }
}
