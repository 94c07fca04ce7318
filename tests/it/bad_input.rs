//! Damaged, missing and unreadable files: none panics, and none loses a byte that was readable.

mod disk;
mod records;

use std::path::PathBuf;

use bevy::prelude::*;
use bevy_session::checkpoints::Patience;
use bevy_session::prelude::*;
use bevy_session::recovery::{CorruptionDetected, RecoveryError, RestoreLossReason};
use bevy_session::{MemoryDisk, RecoveryFailed, RequestError, SessionId};
use serde::{Deserialize, Serialize};

use crate::common::*;
use crate::newer_files::of_a_newer_version;

pub fn listening_game(disk: &MemoryDisk) -> App {
    game_with(plugin(disk), |app| {
        listen::<RecoveryAvailable>(app);
        listen::<RecoveryFailed>(app);
        listen::<CorruptionDetected>(app);
        listen::<SessionRestored>(app);
        listen::<RequestRejected>(app);
        listen::<CheckpointSaved>(app);
        listen::<CheckpointFailed>(app);
    })
}

/// A killed session with the checkpoints 1 to 4, in which health equals the checkpoint's number.
fn killed_game() -> (MemoryDisk, SessionId) {
    let disk = MemoryDisk::default();
    let mut app = listening_game(&disk);
    let entity = app.world_mut().spawn(Health(1)).id();
    start(&mut app, "Killed");
    let id = app.world().resource::<CurrentSession>().id();
    for health in 2..=4 {
        app.world_mut().entity_mut(entity).insert(Health(health));
        request(&mut app, |commands| commands.session().checkpoint(format!("checkpoint {health}")));
        frames(&mut app, 2);
    }
    // Long enough for the heartbeat to bear witness of the last one.
    seconds(&mut app, 1.5);
    (disk.snapshot(), id)
}

pub fn files(disk: &MemoryDisk, ending: &str) -> Vec<PathBuf> {
    let named = |path: &PathBuf| path.to_string_lossy().ends_with(ending);
    disk.paths().into_iter().filter(named).collect()
}

/// Starts a game on the disk, takes what it offers, and says which checkpoint and health came back.
pub fn recover(disk: &MemoryDisk, id: SessionId) -> (App, Option<(u64, u32)>) {
    let mut app = listening_game(disk);
    frames(&mut app, 1);
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
    frames(&mut app, 4);
    let restored = received::<SessionRestored>(&app).pop();
    let world = app.world_mut();
    let state = restored.map(|restored| {
        let health = world.query::<&Health>().single(world).unwrap().0;
        (restored.checkpoint.counter, health)
    });
    (app, state)
}

// Feature: Damaged and forged files give no false state; the newest intact checkpoint is offered.
// Page: RELIABILITY.md#promises
#[test]
fn a_flipped_bit_anywhere_never_gives_a_false_state() {
    let (disk, id) = killed_game();
    let journal = files(&disk, ".journal").remove(0);
    let length = disk.content(&journal).unwrap().len();
    let mut reports_of_damage = 0;
    for offset in (0..length).step_by(23) {
        let damaged = disk.snapshot();
        damaged.corrupt(&journal, offset, 1 << (offset % 8));
        let (app, state) = recover(&damaged, id);
        let corruption = !received::<CorruptionDetected>(&app).is_empty()
            || !received::<RecoveryFailed>(&app).is_empty();
        match state {
            Some((counter, health)) => {
                assert_eq!(u64::from(health), counter, "byte {offset} gave a false state");
                assert!(
                    counter == 4 || corruption,
                    "byte {offset} took checkpoint {counter} back without a word"
                );
            }
            None => assert!(corruption, "byte {offset} lost everything without a word"),
        }
        reports_of_damage += u32::from(corruption);
    }
    assert!(reports_of_damage > 20, "most flips should be seen: {reports_of_damage}");
}

#[test]
fn a_journal_cut_anywhere_restores_the_newest_checkpoint_before_the_cut() {
    let (disk, id) = killed_game();
    let journal = files(&disk, ".journal").remove(0);
    let length = disk.content(&journal).unwrap().len();
    let mut newest = 0;
    for cut in (0..=length).step_by(29) {
        let torn = disk.snapshot();
        torn.truncate(&journal, cut);
        let (_, state) = recover(&torn, id);
        let counter = state.map_or(0, |(counter, health)| {
            assert_eq!(u64::from(health), counter, "cut at {cut} gave a false state");
            counter
        });
        assert!(counter >= newest, "a longer file should never hold less");
        newest = counter;
    }
    assert!(newest >= 3);
}

#[test]
fn a_session_whose_journals_are_empty_is_damaged() {
    let (disk, id) = killed_game();
    for journal in files(&disk, ".journal") {
        disk.truncate(&journal, 0);
    }
    let (app, state) = recover(&disk, id);
    assert_eq!(state, None);
    let failed = received::<RecoveryFailed>(&app).pop().map(|failed| failed.error);
    assert_eq!(failed, Some(RecoveryError::AllDamaged));
}

// Feature: Damaged and forged files give no false state; the newest intact checkpoint is offered.
#[test]
fn a_damaged_session_offers_the_newest_intact_checkpoint_and_names_the_lost() {
    let (disk, id) = killed_game();
    let journal = files(&disk, ".journal").remove(0);
    // The last checkpoint's commit is the last frame; its data comes before.
    let length = disk.content(&journal).unwrap().len();
    let mut seen = false;
    for offset in (length / 2..length).rev() {
        let damaged = disk.snapshot();
        damaged.corrupt(&journal, offset, 0x40);
        let mut app = listening_game(&damaged);
        frames(&mut app, 2);
        let Some(corruption) = received::<CorruptionDetected>(&app).pop() else { continue };
        let Some(lost) = corruption.lost else { continue };
        let intact = corruption.newest_intact.expect("older checkpoints should be intact");
        assert_eq!((lost.counter, intact.counter), (4, 3));
        assert_eq!(received::<RecoveryAvailable>(&app)[0].offer.newest, intact);
        assert_eq!(received::<RecoveryAvailable>(&app)[0].offer.unsaved.acknowledged, 1);
        assert_eq!(corruption.files, std::slice::from_ref(&journal));
        request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
        frames(&mut app, 3);
        assert_eq!(received::<SessionRestored>(&app)[0].checkpoint, intact);
        assert!(damaged.paths().contains(&journal), "damaged files should stay");
        seen = true;
        break;
    }
    assert!(seen, "damage to the last checkpoint's data should be found");
}

#[test]
fn damage_found_during_a_restore_replaces_the_offer() {
    let (disk, id) = killed_game();
    let journal = files(&disk, ".journal").remove(0);
    let length = disk.content(&journal).unwrap().len();
    let mut seen = false;
    for offset in (length / 2..length).rev().step_by(16) {
        let disk = disk.snapshot();
        let mut app = listening_game(&disk);
        frames(&mut app, 2);
        assert_eq!(received::<RecoveryAvailable>(&app)[0].offer.newest.counter, 4);
        disk.corrupt(&journal, offset, 0x40);
        request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
        frames(&mut app, 3);
        if !received::<SessionRestored>(&app).is_empty() {
            continue;
        }
        assert_eq!(received::<CorruptionDetected>(&app).len(), 1);
        let second = received::<RecoveryAvailable>(&app).pop().unwrap().offer;
        assert_eq!(second.newest.counter, 3);
        request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
        frames(&mut app, 3);
        assert_eq!(received::<SessionRestored>(&app)[0].checkpoint, second.newest);
        seen = true;
        break;
    }
    assert!(seen, "damage should have been found while preparing");
}

#[test]
fn if_every_checkpoint_is_damaged_recovery_fails_and_files_are_kept() {
    let (disk, id) = killed_game();
    let journals = files(&disk, ".journal");
    for journal in &journals {
        // Behind the header, every hundredth byte.
        for offset in (700..disk.content(journal).unwrap().len()).step_by(20) {
            disk.corrupt(journal, offset, 0xff);
        }
        disk.corrupt(journal, 20, 0xff);
    }
    let mut app = listening_game(&disk);
    frames(&mut app, 2);
    assert_eq!(received::<RecoveryFailed>(&app)[0].error, RecoveryError::AllDamaged);
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
    frames(&mut app, 3);
    assert_eq!(received::<RecoveryFailed>(&app).len(), 2);
    assert_eq!(files(&disk, ".journal"), journals);
}

#[derive(Component, TypePath, Clone, PartialEq, Debug, Serialize, Deserialize)]
struct Mana(u32);

mod changed {
    //! The same type in another build of the game, with another shape.

    use super::*;

    #[derive(Component, Clone, PartialEq, Debug, Serialize, Deserialize)]
    pub struct Mana {
        pub maximum: String,
    }

    impl TypePath for Mana {
        fn type_path() -> &'static str {
            <super::Mana as TypePath>::type_path()
        }

        fn short_type_path() -> &'static str {
            "Mana"
        }
    }
}

#[test]
fn a_type_that_is_gone_or_changed_is_carried_until_it_comes_back() {
    let disk = MemoryDisk::default();
    let with_mana = |disk: &MemoryDisk| {
        game_with(plugin(disk), |app| {
            app.save_component::<Mana>();
            listen::<SessionRestored>(app);
        })
    };
    let mut app = with_mana(&disk);
    app.world_mut().spawn((Health(1), Mana(77)));
    start(&mut app, "Carried");
    let id = app.world().resource::<CurrentSession>().id();

    let without = |disk: &MemoryDisk| game_with(plugin(disk), listen::<SessionRestored>);
    let with_other = |disk: &MemoryDisk| {
        game_with(plugin(disk), |app| {
            app.save_component::<changed::Mana>();
            listen::<SessionRestored>(app);
        })
    };
    let mut disk = disk.snapshot();
    for build in [&without as &dyn Fn(&MemoryDisk) -> App, &with_other, &without] {
        let mut app = build(&disk);
        request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
        frames(&mut app, 4);
        let report = received::<SessionRestored>(&app).remove(0).report;
        let loss = report.losses.iter().find(|loss| loss.type_path.ends_with("Mana")).unwrap();
        assert_eq!(loss.rows, 1);
        assert!(matches!(
            loss.reason,
            RestoreLossReason::UnknownType | RestoreLossReason::Undecodable { .. }
        ));
        let world = app.world_mut();
        assert_eq!(world.query::<&Health>().single(world).unwrap().0, 1, "the rest should be back");
        disk = disk.snapshot();
    }
    let mut app = with_mana(&disk);
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
    frames(&mut app, 4);
    assert!(received::<SessionRestored>(&app)[0].report.losses.is_empty());
    let world = app.world_mut();
    assert_eq!(world.query::<&Mana>().single(world).unwrap(), &Mana(77));
}

#[test]
fn a_newer_format_is_refused_and_left_alone() {
    let (disk, id) = killed_game();
    let journal = files(&disk, ".journal").remove(0);
    let newer = of_a_newer_version(disk.content(&journal).unwrap());
    disk.put(&journal, &newer);
    let mut app = listening_game(&disk);
    frames(&mut app, 2);
    let RecoveryError::NewerFormat(written_by) = &received::<RecoveryFailed>(&app)[0].error else {
        panic!("a newer format should be reported as what it is")
    };
    assert_eq!((written_by.major, written_by.game_version.as_deref()), (2, Some("1.2.3")));
    let message = received::<RecoveryFailed>(&app)[0].error.to_string();
    assert!(message.contains("format 2.3, game version 1.2.3"), "{message}");
    assert!(message.contains("update the game"), "{message}");
    assert!(received::<CorruptionDetected>(&app).is_empty(), "newer is not damaged");
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
    frames(&mut app, 3);
    let again = &received::<RecoveryFailed>(&app)[1].error;
    assert!(matches!(again, RecoveryError::NewerFormat(_)), "{again:?}");
    assert_eq!(disk.content(&journal).unwrap(), newer);
}

#[test]
fn start_or_continue_continues_an_intact_checkpoint_or_starts_over() {
    let (disk, _) = killed_game();
    let journal = files(&disk, ".journal").remove(0);
    let length = disk.content(&journal).unwrap().len();
    let half = disk.snapshot();
    half.corrupt(&journal, length - 60, 0xff);
    let all = disk.snapshot();
    (0..length).step_by(40).for_each(|offset| all.corrupt(&journal, offset, 0xff));
    for (disk, healths) in [(half, 1), (all, 0)] {
        let mut app = listening_game(&disk);
        request(&mut app, |commands| {
            commands.session().start_or_continue(NewSession::named("Killed"));
        });
        frames(&mut app, 6);
        assert!(
            app.world().get_resource::<CurrentSession>().is_some(),
            "a session should be played"
        );
        let world = app.world_mut();
        assert_eq!(world.query::<&Health>().iter(world).count(), healths);
    }
}

#[test]
fn texts_that_no_header_can_hold_are_refused_at_the_start() {
    let mut app = listening_game(&MemoryDisk::default());
    let long = "x".repeat(100_000);
    for session in [
        NewSession::named(&long),
        NewSession::named("a").description(&long),
        NewSession::named("a").player(&long),
        NewSession::named("a").session_type(&long),
    ] {
        request(&mut app, |commands| commands.session().start(session));
        frames(&mut app, 3);
    }
    let rejected = received::<RequestRejected>(&app);
    assert_eq!(rejected.len(), 4);
    assert!(
        rejected.iter().all(|rejected| matches!(rejected.error, RequestError::TextTooLong { .. }))
    );
}

#[test]
fn an_unlimited_patience_does_not_overflow() {
    let settings = SessionSettings {
        patience: Patience { exit: std::time::Duration::MAX, ..Patience::default() },
        ..SessionSettings::default()
    };
    let mut app = game_with(plugin(&MemoryDisk::default()).settings(settings), |_| {});
    start(&mut app, "Patient");
    app.world_mut().write_message(AppExit::Success);
    app.update();
    assert!(app.world().get_resource::<CurrentSession>().is_none());
}
