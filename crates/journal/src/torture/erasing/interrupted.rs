//! Erasures that a power cut or the disk interrupts, and what is brought back after one.

use std::path::PathBuf;

use super::{
    Library, bring_back, clean, erase, files_that_name, has_erasure, is_library, name_player,
    settle, small_library,
};
use crate::disk::simulated_disk::{
    Fault, FaultKind, FileSystem, Image, Replay, SimulatedDisk, left_after_each_step,
};
use crate::model::ids::SessionId;
use crate::torture::{Action, Game, Play};
use crate::write::{CleanupChange, CleanupReason, Order};

/// The state after the next cleanup or start of a process on what a power cut has left.
fn check_after_cut(library: &Library, image: &Image, before: &Image, starts: bool) {
    let disk = SimulatedDisk::from_image(image);
    let others = library.others(before, "Ann-Q");
    let mut now = library.play.now;
    match starts {
        true => {
            let mut next = Play::new(disk.clone(), 99);
            next.now = now;
            next.be_device(7);
            next.perform(&[Action::Start, Action::Auto, Action::Settle, Action::Close]);
            next.game.finish(next.now);
        }
        false => {
            let mut game = Game::boot(&disk, now.wall);
            game.order(Order::Detect { ticket: None }, now);
            settle(&mut game, &mut now);
            clean(&mut game, &mut now);
            game.finish(now);
        }
    }
    let after = disk.image();
    let kept = library.others(&after, "Ann-Q");
    for (path, bytes) in &others {
        assert_eq!(kept.get(path), Some(bytes), "{} is as it was", path.display());
    }
    match has_erasure(image) {
        true => assert_eq!(files_that_name(&after, "Ann-Q"), Vec::<PathBuf>::new()),
        false => {
            let files = before.files().filter(|(place, _)| is_library(place.path()));
            for (place, content) in files {
                let now = after.file(place.path()).map(|content| content.bytes());
                assert_eq!(now, Some(content.bytes()), "{}", place.path().display());
            }
        }
    }
}

// Feature: An erasure continues after a power cut, and after a session that is played.
// Page: guide/players-data.md#removing-a-player
#[test]
fn an_erasure_that_a_power_cut_interrupts_is_continued_and_others_are_as_they_were() {
    let mut library = small_library(52);
    let before = library.play.disk.image();
    let from = library.play.disk.position();
    let receipt = erase(&mut library.play, "Ann-Q").unwrap();
    assert!(receipt.is_complete(), "{receipt:?}");
    let answered = library.play.disk.position();
    let trace = library.play.disk.trace();
    let mut begun = [0, 0];
    left_after_each_step(&trace, from, |position, image| {
        begun[usize::from(has_erasure(image))] += 1;
        check_after_cut(&library, image, &before, false);
        if (begun[0] + begun[1]) % 5 == 0 {
            check_after_cut(&library, image, &before, true);
        }
        if position >= answered {
            let named = files_that_name(image, "Ann-Q");
            assert_eq!(named, Vec::<PathBuf>::new(), "it was answered: it is durable");
        }
    });
    assert!(begun[0] > 0 && begun[1] > 20, "{begun:?}");
}

#[test]
fn an_erasure_that_is_interrupted_twice_is_continued_twice() {
    let mut library = small_library(53);
    let before = library.play.disk.image();
    let from = library.play.disk.position();
    erase(&mut library.play, "Ann-Q").unwrap();
    let trace = library.play.disk.trace();
    let mut replay = Replay::new(&trace, FileSystem::Posix);
    let steps = trace.steps.len() - from;
    for first in (0..steps).step_by(1 + steps / 4) {
        replay.advance_to(from + first);
        let image = replay.strict();
        let disk = SimulatedDisk::from_image(&image);
        let mut now = library.play.now;
        let mut game = Game::boot(&disk, now.wall);
        let from = disk.position();
        clean(&mut game, &mut now);
        let trace = disk.trace();
        let mut again = Replay::new(&trace, FileSystem::Posix);
        for position in (from..=trace.steps.len()).step_by(3) {
            again.advance_to(position);
            check_after_cut(&library, &again.strict(), &before, false);
        }
    }
}

#[test]
fn files_that_cannot_be_erased_are_in_the_receipt_and_erased_later() {
    let (mut refused, mut waits) = (0, 0);
    for kind in [FaultKind::ReadOnly, FaultKind::InputOutput] {
        for skip in (0..400).step_by(9) {
            let mut library = small_library(54);
            let before = library.play.disk.image();
            let at = library.play.disk.operations().len() + skip;
            library.play.disk.fail(Fault { at, kind, for_ever: true });
            let answered = erase(&mut library.play, "Ann-Q");
            library.play.disk.heal();
            let after = library.play.disk.image();
            let others = library.others(&before, "Ann-Q");
            assert_eq!(library.others(&after, "Ann-Q"), others);
            match answered {
                Err(_) => {
                    refused += 1;
                    let [before, after] = [before, after].map(|it| it.digest_of(is_library));
                    assert_eq!(after, before, "nothing has changed");
                    continue;
                }
                Ok(receipt) if receipt.is_complete() => {}
                Ok(_) => waits += 1,
            }
            let mut now = library.play.now;
            clean(&mut library.play.game, &mut now);
            library.play.game.finish(now);
            let after = library.play.disk.image();
            assert_eq!(files_that_name(&after, "Ann-Q"), Vec::<PathBuf>::new(), "{kind:?} {skip}");
            assert_eq!(library.others(&after, "Ann-Q"), others);
        }
    }
    assert!(refused > 3 && waits > 3, "{refused} and {waits}");
}

#[test]
fn repeated_erasures_on_a_refusing_disk_leave_no_more_files() {
    let mut library = small_library(55);
    let at = library.play.disk.operations().len() + 60;
    library.play.disk.fail(Fault { at, kind: FaultKind::NoSpace, for_ever: true });
    let _ = erase(&mut library.play, "Ann-Q");
    let mut now = library.play.now;
    clean(&mut library.play.game, &mut now);
    let files = library.play.disk.image().files().count();
    for _ in 0..10 {
        clean(&mut library.play.game, &mut now);
        let _ = erase(&mut library.play, "Ann-Q");
    }
    let after = library.play.disk.image().files().count();
    assert!(after <= files + 1, "{files} and {after}");
}

#[test]
fn a_full_disk_has_room_for_an_erasure() {
    let mut library = small_library(56);
    library.play.leave_room_for(2048);
    let receipt = erase(&mut library.play, "Ann-Q").unwrap();
    assert!(receipt.is_complete() && receipt.sessions == 2, "{receipt:?}");
}

// Feature: What is brought back of an erased player is removed again.
// Page: guide/players-data.md#removing-a-player
#[test]
fn erased_files_that_are_brought_back_are_removed_again() {
    let mut library = small_library(57);
    let before = library.play.disk.image();
    let others = library.others(&before, "Ann-Q");
    erase(&mut library.play, "Ann-Q").unwrap();
    for times in 0..3 {
        bring_back(&library.play.disk, &before, is_library);
        assert!(!files_that_name(&library.play.disk.image(), "Ann-Q").is_empty());
        library.play.kill();
        let mut now = library.play.now;
        let done = clean(&mut library.play.game, &mut now);
        let removed = done.sessions.iter().filter(|it| it.reason == CleanupReason::Erased);
        let removed: Vec<SessionId> = removed.map(|it| it.session).collect();
        assert_eq!(removed.len(), library.of["Ann-Q"].len(), "{times}: {done:?}");
        assert_eq!(done.count(CleanupChange::Removed), removed.len());
        library.play.game.finish(now);
        let after = library.play.disk.image();
        assert_eq!(files_that_name(&after, "Ann-Q"), Vec::<PathBuf>::new());
        assert_eq!(library.others(&after, "Ann-Q"), others);
    }
    // One that has become another player's where it was is not the erased player's any more.
    let session = library.of["Ann-Q"][0].to_string();
    bring_back(&library.play.disk, &before, |path| path.to_string_lossy().contains(&session));
    library.play.kill();
    name_player(&mut library.play, library.of["Ann-Q"][0], "Ben");
    let mut now = library.play.now;
    assert_eq!(clean(&mut library.play.game, &mut now).sessions, []);
    assert!(library.play.game.local.store.sessions().unwrap().contains(&library.of["Ann-Q"][0]));
}
