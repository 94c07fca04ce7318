//! Damaged, missing and unreadable files: none panics, and none loses a byte that was readable.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::{
    CheckpointError, CorruptionDetected, DiskRefusal, HowItEnded, MemoryDisk, Operation,
    RecoveryError, RecoveryFailed, RequestError, RestoreLossReason, SessionId,
};
use serde::{Deserialize, Serialize};

use crate::common::*;

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
    let restored = told::<SessionRestored>(&app).pop();
    let world = app.world_mut();
    let state = restored.map(|restored| {
        let health = world.query::<&Health>().single(world).unwrap().0;
        (restored.checkpoint.counter, health)
    });
    (app, state)
}

#[test]
fn a_flipped_bit_anywhere_never_gives_a_false_state() {
    let (disk, id) = killed_game();
    let journal = files(&disk, ".journal").remove(0);
    let length = disk.content(&journal).unwrap().len();
    let mut told_of_damage = 0;
    for offset in (0..length).step_by(23) {
        let damaged = disk.snapshot();
        damaged.corrupt(&journal, offset, 1 << (offset % 8));
        let (app, state) = recover(&damaged, id);
        let corruption = !told::<CorruptionDetected>(&app).is_empty()
            || !told::<RecoveryFailed>(&app).is_empty();
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
        told_of_damage += u32::from(corruption);
    }
    assert!(told_of_damage > 20, "most flips should be seen: {told_of_damage}");
}

#[test]
fn a_cut_anywhere_gives_the_newest_checkpoint_before_it() {
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
fn an_empty_journal_is_no_session() {
    let (disk, id) = killed_game();
    for journal in files(&disk, ".journal") {
        disk.truncate(&journal, 0);
    }
    let (app, state) = recover(&disk, id);
    assert_eq!(state, None);
    assert_eq!(told::<RequestRejected>(&app)[0].error, RequestError::NothingToRestore);
}

#[test]
fn damage_offers_the_newest_good_checkpoint_and_says_what_is_lost() {
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
        let Some(corruption) = told::<CorruptionDetected>(&app).pop() else { continue };
        let Some(lost) = corruption.lost else { continue };
        let intact = corruption.newest_intact.expect("older checkpoints should be intact");
        assert_eq!((lost.counter, intact.counter), (4, 3));
        assert_eq!(told::<RecoveryAvailable>(&app)[0].offer.newest, intact);
        assert_eq!(told::<RecoveryAvailable>(&app)[0].offer.unsaved.acknowledged, 1);
        assert_eq!(corruption.files, std::slice::from_ref(&journal));
        request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
        frames(&mut app, 3);
        assert_eq!(told::<SessionRestored>(&app)[0].checkpoint, intact);
        assert!(damaged.paths().contains(&journal), "damaged files should stay");
        seen = true;
        break;
    }
    assert!(seen, "damage to the last checkpoint's data should be found");
}

#[test]
fn damage_that_is_found_late_withdraws_the_offer_and_makes_another() {
    let (disk, id) = killed_game();
    let journal = files(&disk, ".journal").remove(0);
    let length = disk.content(&journal).unwrap().len();
    let mut seen = false;
    for offset in (length / 2..length).rev() {
        let disk = disk.snapshot();
        let mut app = listening_game(&disk);
        frames(&mut app, 2);
        assert_eq!(told::<RecoveryAvailable>(&app)[0].offer.newest.counter, 4);
        disk.corrupt(&journal, offset, 0x40);
        request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
        frames(&mut app, 3);
        if !told::<SessionRestored>(&app).is_empty() {
            continue;
        }
        assert_eq!(told::<CorruptionDetected>(&app).len(), 1);
        let second = told::<RecoveryAvailable>(&app).pop().unwrap().offer;
        assert_eq!(second.newest.counter, 3);
        request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
        frames(&mut app, 3);
        assert_eq!(told::<SessionRestored>(&app)[0].checkpoint, second.newest);
        seen = true;
        break;
    }
    assert!(seen, "damage should have been found while preparing");
}

#[test]
fn when_every_checkpoint_is_damaged_recovery_fails_and_the_files_stay() {
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
    assert_eq!(told::<RecoveryFailed>(&app)[0].error, RecoveryError::AllDamaged);
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
    frames(&mut app, 3);
    assert_eq!(told::<RecoveryFailed>(&app).len(), 2);
    assert_eq!(files(&disk, ".journal"), journals);
}

#[test]
fn a_damaged_session_card_changes_nothing() {
    let (disk, id) = killed_game();
    let card = files(&disk, "session.ron").remove(0);
    for offset in 0..disk.content(&card).unwrap().len() {
        disk.corrupt(&card, offset, 0x2a);
    }
    assert_eq!(recover(&disk.snapshot(), id).1, Some((4, 4)));
    disk.remove_all(&card);
    assert_eq!(recover(&disk, id).1, Some((4, 4)));
}

#[test]
fn a_missing_or_damaged_process_record_counts_as_abnormal() {
    let (disk, id) = killed_game();
    let record = files(&disk, ".record").remove(0);
    let damaged = disk.snapshot();
    damaged.corrupt(&record, 30, 0xff);
    let missing = disk.snapshot();
    missing.remove_all(&record);
    for disk in [damaged, missing] {
        let (app, state) = recover(&disk, id);
        let offer = &told::<RecoveryAvailable>(&app)[0].offer;
        assert!(matches!(offer.cause, HowItEnded::Abnormal { .. }));
        assert_eq!(offer.died_at, None);
        assert_eq!(state, Some((4, 4)));
    }
}

#[test]
fn a_missing_or_damaged_host_id_counts_as_ours() {
    let (disk, id) = killed_game();
    let is_host = |path: &PathBuf| path.ends_with(Path::new("state").join("host"));
    let host = disk.paths().into_iter().find(is_host).unwrap();
    let damaged = disk.snapshot();
    damaged.corrupt(&host, 10, 0xff);
    let missing = disk.snapshot();
    missing.remove_all(&host);
    for disk in [damaged, missing] {
        let (app, state) = recover(&disk, id);
        let cause = told::<RecoveryAvailable>(&app)[0].offer.cause.clone();
        assert!(matches!(cause, HowItEnded::Abnormal { .. }), "{cause:?}");
        assert_eq!(state, Some((4, 4)));
    }
}

#[test]
fn another_machines_session_is_elsewhere_and_never_a_crash() {
    let (disk, id) = killed_game();
    // Only the journals travel; the other machine has a state directory of its own.
    let other = MemoryDisk::default();
    drop(listening_game(&other));
    let sessions = Path::new("sessions");
    let travelled = disk.snapshot();
    travelled.remove_all(&sessions.join("state"));
    travelled.take_from(&other, &sessions.join("state"));
    let (app, state) = recover(&travelled, id);
    assert_eq!(told::<RecoveryAvailable>(&app)[0].offer.cause, HowItEnded::Elsewhere);
    assert_eq!(state, Some((4, 4)));
}

#[test]
fn a_disk_that_cannot_be_written_is_told_once_and_tried_again() {
    for operation in [
        Operation::CreateDirectory,
        Operation::Create,
        Operation::Append,
        Operation::Sync,
        Operation::SyncDirectory,
    ] {
        let disk = MemoryDisk::default();
        let mut app = listening_game(&disk);
        disk.fail_always(operation, ErrorKind::PermissionDenied);
        app.world_mut().spawn(Health(1));
        request(&mut app, |commands| commands.session().start(NewSession::named("Refused")));
        frames(&mut app, 6);
        let failed = told::<CheckpointFailed>(&app);
        assert_eq!(failed.len(), 1, "{operation:?} should be told once");
        assert!(failed[0].retry_in.is_some());
        let CheckpointError::Disk(cause) = &failed[0].error else {
            panic!("{:?}", failed[0].error)
        };
        assert_eq!(cause.refusal(), DiskRefusal::ReadOnly);
        let message = cause.to_string();
        assert!(message.contains("sessions"), "the message should say where: {message}");
        assert!(told::<CheckpointSaved>(&app).is_empty());

        disk.heal();
        seconds(&mut app, 3.0);
        assert_eq!(told::<CheckpointSaved>(&app).len(), 1, "{operation:?} should be made up for");
        let id = app.world().resource::<CurrentSession>().id();
        assert!(recover(&disk.snapshot(), id).1.is_some());
    }
}

#[test]
fn a_failure_in_the_middle_of_play_loses_nothing() {
    for operation in [Operation::Append, Operation::Sync] {
        let disk = MemoryDisk::default();
        let mut app = listening_game(&disk);
        let entity = app.world_mut().spawn(Health(1)).id();
        start(&mut app, "Hiccup");
        let id = app.world().resource::<CurrentSession>().id();
        for health in 2..=6 {
            app.world_mut().entity_mut(entity).insert(Health(health));
            if health == 4 {
                disk.fail_next(operation, ErrorKind::Other);
            }
            request(&mut app, |commands| commands.session().checkpoint(format!("{health}")));
            seconds(&mut app, 3.0);
        }
        assert_eq!(told::<CheckpointFailed>(&app).len(), 1);
        assert_eq!(told::<CheckpointSaved>(&app).len(), 6, "each named one should be saved");
        assert_eq!(recover(&disk.snapshot(), id).1, Some((6, 6)));
    }
}

#[test]
fn a_read_error_is_not_damage() {
    let (disk, id) = killed_game();
    disk.fail_always(Operation::Read, ErrorKind::PermissionDenied);
    let mut app = listening_game(&disk);
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
    frames(&mut app, 3);
    assert!(told::<CorruptionDetected>(&app).is_empty(), "nothing is known to be damaged");
    assert!(
        told::<RecoveryFailed>(&app)
            .iter()
            .all(|failed| { matches!(failed.error, RecoveryError::Unreadable(_)) })
    );
    drop(app);
    disk.heal();
    assert_eq!(recover(&disk, id).1, Some((4, 4)));
}

#[test]
fn a_directory_that_vanishes_is_noticed_and_made_anew() {
    let disk = MemoryDisk::default();
    let mut app = listening_game(&disk);
    let entity = app.world_mut().spawn(Health(1)).id();
    start(&mut app, "Vanished");
    let id = app.world().resource::<CurrentSession>().id();
    disk.remove_all(Path::new("sessions/data"));
    app.world_mut().entity_mut(entity).insert(Health(2));
    request(&mut app, |commands| commands.session().checkpoint("after"));
    frames(&mut app, 3);
    assert_eq!(told::<CheckpointFailed>(&app)[0].error, CheckpointError::StoreVanished);
    app.world_mut().entity_mut(entity).insert(Health(3));
    seconds(&mut app, 6.0);
    assert_eq!(told::<CheckpointSaved>(&app).len(), 2, "a full capture should have followed");
    let (_, state) = recover(&disk.snapshot(), id);
    assert_eq!(state.map(|(_, health)| health), Some(3));
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
        let report = told::<SessionRestored>(&app).remove(0).report;
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
    assert!(told::<SessionRestored>(&app)[0].report.losses.is_empty());
    let world = app.world_mut();
    assert_eq!(world.query::<&Mana>().single(world).unwrap(), &Mana(77));
}

/// The journal as a newer version of this crate would write it: another major version, and a
/// header whose checksum holds.
fn written_by_a_newer_version(mut journal: Vec<u8>) -> Vec<u8> {
    journal[8] += 1;
    let body = u32::from_le_bytes(journal[12..16].try_into().unwrap()) as usize;
    let covered = [&journal[..16], &journal[24..24 + body]].concat();
    let checksum = xxhash_rust::xxh3::xxh3_64(&covered);
    journal[16..24].copy_from_slice(&checksum.to_le_bytes());
    journal
}

#[test]
fn a_newer_format_is_refused_and_left_alone() {
    let (disk, id) = killed_game();
    let journal = files(&disk, ".journal").remove(0);
    let newer = written_by_a_newer_version(disk.content(&journal).unwrap());
    disk.put(&journal, &newer);
    let mut app = listening_game(&disk);
    frames(&mut app, 2);
    let RecoveryError::NewerFormat(written_by) = &told::<RecoveryFailed>(&app)[0].error else {
        panic!("a newer format should be told as what it is")
    };
    assert_eq!((written_by.major, written_by.game_version.as_deref()), (2, Some("1.2.3")));
    let message = told::<RecoveryFailed>(&app)[0].error.to_string();
    assert!(message.contains("format 2.0, game version 1.2.3"), "{message}");
    assert!(message.contains("update the game"), "{message}");
    assert!(told::<CorruptionDetected>(&app).is_empty(), "newer is not damaged");
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
    frames(&mut app, 3);
    let again = &told::<RecoveryFailed>(&app)[1].error;
    assert!(matches!(again, RecoveryError::NewerFormat(_)), "{again:?}");
    assert_eq!(disk.content(&journal).unwrap(), newer);
}

#[test]
fn files_that_were_replaced_by_copies_are_not_written_behind_their_backs() {
    let disk = MemoryDisk::default();
    let mut app = listening_game(&disk);
    let entity = app.world_mut().spawn(Health(1)).id();
    start(&mut app, "Restored from a backup");
    let id = app.world().resource::<CurrentSession>().id();
    for journal in files(&disk, ".journal") {
        let copy = disk.content(&journal).unwrap();
        disk.remove_all(&journal);
        disk.put(&journal, &copy);
    }
    for health in 2..5 {
        app.world_mut().entity_mut(entity).insert(Health(health));
        seconds(&mut app, 6.0);
    }
    assert_eq!(told::<CheckpointFailed>(&app)[0].error, CheckpointError::StoreVanished);
    let saved = told::<CheckpointSaved>(&app).pop().unwrap().checkpoint.counter;
    let (_, state) = recover(&disk.snapshot(), id);
    let (counter, health) = state.unwrap();
    assert!(counter >= saved, "{saved} was acknowledged and {counter} came back");
    assert_eq!(health, 4);
}

#[test]
fn start_or_continue_goes_on_with_what_is_intact_or_anew() {
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
fn a_session_that_could_not_be_closed_is_still_no_crash() {
    let disk = MemoryDisk::default();
    let mut app = listening_game(&disk);
    let entity = app.world_mut().spawn(Health(1)).id();
    start(&mut app, "Full");
    app.world_mut().entity_mut(entity).insert(Health(2));
    disk.fail_always(Operation::Append, ErrorKind::StorageFull);
    app.world_mut().write_message(AppExit::Success);
    frames(&mut app, 2);
    drop(app);
    let leftover = files(&disk, ".journal").len();
    assert!(leftover <= 2, "tries should leave nothing behind: {leftover}");
    disk.heal();
    let mut app = listening_game(&disk);
    frames(&mut app, 3);
    assert!(told::<RecoveryAvailable>(&app).is_empty(), "an exit is never a crash");
    assert!(app.world().resource::<SessionCatalog>().newest_closed().is_some());
}

#[test]
fn a_session_that_could_not_be_closed_is_no_crash_for_another_instance_either() {
    let disk = MemoryDisk::default();
    let mut app = listening_game(&disk);
    start(&mut app, "Left");
    disk.fail_always(Operation::Append, ErrorKind::StorageFull);
    request(&mut app, |commands| commands.session().close());
    long(&mut app, 40);
    disk.heal();
    assert!(app.world().get_resource::<CurrentSession>().is_none());
    // The first one still sits in its menu.
    let mut other = listening_game(&disk);
    frames(&mut other, 2);
    assert!(told::<RecoveryAvailable>(&other).is_empty());
    assert!(other.world().resource::<SessionCatalog>().newest_closed().is_some());
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
    let rejected = told::<RequestRejected>(&app);
    assert_eq!(rejected.len(), 4);
    assert!(rejected.iter().all(|told| matches!(told.error, RequestError::TextTooLong { .. })));
}

#[test]
fn patience_without_end_is_no_overflow() {
    let settings =
        SessionSettings { exit_patience: std::time::Duration::MAX, ..SessionSettings::default() };
    let mut app = game_with(plugin(&MemoryDisk::default()).settings(settings), |_| {});
    start(&mut app, "Patient");
    app.world_mut().write_message(AppExit::Success);
    app.update();
    assert!(app.world().get_resource::<CurrentSession>().is_none());
}
