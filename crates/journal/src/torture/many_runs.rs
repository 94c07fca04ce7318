//! Sessions that were resumed hundreds of times.

use std::collections::BTreeSet;

use super::opening::{key, read_checkpoint};
use super::{Action, Play};
use crate::disk::StoredSession;
use crate::disk::simulated_disk::SimulatedDisk;
use crate::model::ids::CheckpointId;

/// A session that was begun and closed.
fn begun() -> Play {
    let mut play = Play::new(SimulatedDisk::default(), 31);
    play.perform(&[Action::Start, Action::Settle, Action::Close]);
    play
}

/// Plays one run, and lets the writer put everything in order. Returns its named checkpoint.
fn one_more_run(play: &mut Play) -> CheckpointId {
    play.perform(&[Action::Recover, Action::Settle, Action::Manual]);
    let named = play.saved_by_hand.last().copied().unwrap();
    play.perform(&[Action::Close]);
    named
}

fn stored(play: &Play) -> StoredSession {
    let store = &play.game.local.store;
    let session = store.sessions().unwrap()[0];
    store.open_session(session).unwrap()
}

fn heads(play: &Play) -> Vec<CheckpointId> {
    stored(play).index().heads().iter().map(|head| head.id).collect()
}

#[test]
fn many_runs_leave_one_head() {
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

/// Plays this number of runs and looks at the rest of each. Returns the most files that there ever were.
fn named_in_runs(runs: usize) -> usize {
    let mut play = begun();
    let mut most = 0;
    for _ in 0..runs {
        one_more_run(&mut play);
        most = stored(&play).segments().len().max(most);
    }
    let mut stored = stored(&play);
    let [head] = stored.index().heads() else { panic!("{:?}", stored.index().heads()) };
    let line: BTreeSet<_> = stored.index().line(head.id).into_iter().map(key).collect();
    assert_eq!(play.named.len(), runs);
    for id in play.named.iter().rev().take(1000) {
        assert_eq!(read_checkpoint(&mut stored, *id), play.digest_of(*id), "{id}");
        assert!(line.contains(&key(*id)), "{id}");
    }
    most
}

#[test]
fn named_checkpoints_of_many_runs_are_kept_in_a_few_files() {
    let most = named_in_runs(100);
    assert!(most <= 30, "{most} files");
}

#[test]
#[ignore = "takes half an hour without optimization"]
fn named_checkpoints_of_1500_runs_are_kept_in_a_few_files() {
    let begun = std::time::Instant::now();
    let most = named_in_runs(1500);
    super::tell(&format!("1,500 runs: at most {most} files, in {:?}", begun.elapsed()));
    assert!(most <= 50, "{most} files");
}

#[test]
fn over_the_quota_automatic_checkpoints_go_before_the_oldest_named() {
    const KEPT: usize = 20;
    let mut play = begun();
    play.keep_named(KEPT);
    for _ in 0..100 {
        play.perform(&[Action::Recover, Action::Auto, Action::Auto, Action::Settle]);
        play.perform(&[Action::Manual, Action::Close]);
        play.keep_named(KEPT);
    }
    let mut stored = stored(&play);
    let named: BTreeSet<_> = play.named.iter().copied().map(key).collect();
    let there = stored.index().checkpoints();
    let named_there = there.iter().filter(|info| named.contains(&key(info.id))).count();
    // An archive is written again when half of it isn't wanted.
    assert!((KEPT..=3 * KEPT).contains(&named_there), "{named_there} named");
    for id in play.named.iter().rev().take(KEPT) {
        assert_eq!(read_checkpoint(&mut stored, *id), play.digest_of(*id), "{id}");
    }
    assert!(there.len() - named_there <= 40, "{} others", there.len() - named_there);
}
