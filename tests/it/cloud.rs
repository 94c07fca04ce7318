//! Sessions on two devices of a player, by way of a folder that a cloud copies: the notifications, and what is kept.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::cloud::{
    CloudError, CloudFolder, CloudForked, CloudKept, CloudNotKept, CloudNotTaken, CloudTaken,
};
use bevy_session::external::Operation;
use bevy_session::library::PlayerErased;
use bevy_session::prelude::*;
use bevy_session::{MemoryDisk, SessionId};

use crate::common::*;

const FOLDER: &str = "/cloud";

fn device_with(disk: &MemoryDisk, folder: CloudFolder) -> App {
    let mut app = game_with(plugin(disk).cloud_folder(folder), |app| {
        app.save_component::<Health>();
        listen::<CloudForked>(app);
        listen::<CloudKept>(app);
        listen::<CloudNotKept>(app);
        listen::<CloudNotTaken>(app);
        listen::<CloudTaken>(app);
        listen::<RequestRejected>(app);
    });
    frames(&mut app, 3);
    app
}

fn device(disk: &MemoryDisk) -> App {
    device_with(disk, CloudFolder::new(FOLDER))
}

/// Quits, and lets the writer finish.
fn quit(app: &mut App) {
    close(app);
    frames(app, 12);
    assert!(received::<RequestRejected>(app).is_empty());
}

/// A session of a player with this health, played for two seconds and closed.
fn played(disk: &MemoryDisk, health: u32) -> SessionId {
    let mut app = device(disk);
    app.world_mut().spawn(Health(health));
    let session = begin(&mut app, NewSession::named("Arena").player("Ann"));
    seconds(&mut app, 2.0);
    quit(&mut app);
    session
}

fn go_on(app: &mut App, session: SessionId) {
    request(app, |commands| commands.session().continue_session(session));
    frames(app, 4);
}

/// Goes on with the session for so many seconds, and has this health in the end.
fn gone_on(disk: &MemoryDisk, session: SessionId, health: u32, time: f32) {
    let mut app = device(disk);
    go_on(&mut app, session);
    set_health(&mut app, health);
    seconds(&mut app, time);
    quit(&mut app);
}

fn health(app: &mut App) -> u32 {
    app.world_mut().query::<&Health>().single(app.world()).unwrap().0
}

fn set_health(app: &mut App, health: u32) {
    app.world_mut().query::<&mut Health>().single_mut(app.world_mut()).unwrap().0 = health;
}

/// Copies the folder of one device to the other.
fn copy(from: &MemoryDisk, to: &MemoryDisk) {
    to.remove_all(Path::new(FOLDER));
    to.take_from(from, Path::new(FOLDER));
}

fn files(disk: &MemoryDisk) -> Vec<PathBuf> {
    disk.paths().into_iter().filter(|path| path.starts_with(FOLDER)).collect()
}

// Feature: A player goes on with a session on another device, by way of a folder that Steam's cloud copies.
// Page: guide/cloud-saves.md
#[test]
fn another_device_continues_a_paused_session() {
    let (desk, deck) = (MemoryDisk::default(), MemoryDisk::default());
    let mut app = device(&desk);
    app.world_mut().spawn(Health(7));
    let session = begin(&mut app, NewSession::named("Arena"));
    assert!(files(&desk).is_empty(), "what is played isn't in the folder");
    // Nothing but the pause takes a checkpoint of this.
    set_health(&mut app, 8);
    request(&mut app, |commands| commands.session().pause());
    frames(&mut app, 12);
    let kept = received::<CloudKept>(&app);
    let [kept] = &kept[..] else { panic!("it should be kept once: {kept:?}") };
    assert_eq!((kept.session, files(&desk).len()), (session, 1));

    copy(&desk, &deck);
    let mut app = device(&deck);
    assert_eq!(received::<CloudTaken>(&app).len(), 1);
    assert!(app.world().resource::<RecoveryOffers>().offers().is_empty(), "it is no crash");
    go_on(&mut app, session);
    assert_eq!(health(&mut app), 8);
}

#[test]
fn a_device_that_is_newer_keeps_what_it_has() {
    let (desk, deck) = (MemoryDisk::default(), MemoryDisk::default());
    let session = played(&desk, 7);
    copy(&desk, &deck);
    gone_on(&desk, session, 8, 1.0);
    // The cloud brings the old folder back.
    copy(&deck, &desk);
    let mut app = device(&desk);
    assert!(received::<CloudTaken>(&app).is_empty());
    assert!(received::<CloudForked>(&app).is_empty());
    go_on(&mut app, session);
    assert_eq!(health(&mut app), 8);
}

#[test]
fn quitting_from_a_pause_puts_the_end_alone() {
    let disk = MemoryDisk::default();
    let mut app = device(&disk);
    app.world_mut().spawn(Health(5));
    let session = begin(&mut app, NewSession::named("Arena").player("Ann"));
    seconds(&mut app, 2.0);
    request(&mut app, |commands| commands.session().pause());
    frames(&mut app, 1);
    assert!(received::<CloudKept>(&app).is_empty(), "it has only begun");
    quit(&mut app);
    assert_eq!(received::<CloudKept>(&app).len(), 1);
    assert_eq!(files(&disk).len(), 1, "nothing is left of the other");
    let other = MemoryDisk::default();
    copy(&disk, &other);
    let mut app = device(&other);
    go_on(&mut app, session);
    assert_eq!(health(&mut app), 5);
}

#[test]
fn a_session_goes_back_and_forth_without_a_fork() {
    let devices = [MemoryDisk::default(), MemoryDisk::default()];
    let session = played(&devices[0], 1);
    for turn in 1..7 {
        let (here, there) = (&devices[turn % 2], &devices[(turn + 1) % 2]);
        copy(there, here);
        let mut app = device(here);
        assert!(received::<CloudForked>(&app).is_empty(), "turn {turn}");
        go_on(&mut app, session);
        assert_eq!(health(&mut app) as usize, turn);
        set_health(&mut app, u32::try_from(turn).unwrap() + 1);
        quit(&mut app);
    }
}

// Feature: Two devices that went on apart are a fork, and both sides are offered.
// Page: guide/cloud-saves.md
#[test]
fn a_session_played_on_both_devices_is_a_fork_with_both_sides_offered() {
    let (desk, deck) = (MemoryDisk::default(), MemoryDisk::default());
    let session = played(&desk, 7);
    copy(&desk, &deck);
    gone_on(&desk, session, 10, 3.0);
    gone_on(&deck, session, 20, 5.0);
    let (of_desk, of_deck) = (desk.snapshot(), deck.snapshot());
    copy(&of_deck, &desk);
    copy(&of_desk, &deck);
    for (disk, here, there) in [(desk, 3.0, 5.0), (deck, 5.0, 3.0)] {
        let mut app = device(&disk);
        let forked = received::<CloudForked>(&app);
        let [forked] = &forked[..] else { panic!("it should be shown: {forked:?}") };
        assert_eq!(forked.session, session);
        let near = |time: Duration, seconds: f32| (time.as_secs_f32() - seconds).abs() < 1.0;
        assert!(near(forked.common.unwrap(), 2.0), "{forked:?}");
        assert!(near(forked.here, here) && near(forked.there, there), "{forked:?}");
        let offer = app.world().resource::<RecoveryOffers>().offers()[0].clone();
        let fork = offer.fork.unwrap();
        let sides = std::iter::once(&fork.own).chain(&fork.others).map(|side| side.newest);
        let mut found = Vec::new();
        for newest in sides.collect::<Vec<_>>() {
            let from = RestoreFrom::Checkpoint(newest);
            request(&mut app, |commands| commands.session().recover(session, from));
            frames(&mut app, 3);
            found.push(health(&mut app));
            // As a process that dies: nothing is chosen for good.
            app = device(&disk.snapshot());
        }
        found.sort_unstable();
        assert_eq!(found, [10, 20]);
    }
}

#[test]
fn a_session_that_was_deleted_for_good_is_not_brought_back_by_its_own_file() {
    let (desk, deck) = (MemoryDisk::default(), MemoryDisk::default());
    let session = played(&desk, 7);
    copy(&desk, &deck);
    for (disk, left) in [(desk, 0), (deck, 1)] {
        let mut app = device(&disk);
        request(&mut app, |commands| commands.session().library().purge(session));
        frames(&mut app, 6);
        drop(app);
        let disk = disk.snapshot();
        let app = device(&disk);
        assert!(app.world().resource::<SessionCatalog>().get(session).is_none());
        assert!(received::<CloudTaken>(&app).is_empty());
        assert_eq!(files(&disk).len(), left, "a device removes its own files alone");
    }
}

#[test]
fn a_session_of_an_erased_player_does_not_come_back() {
    let (desk, deck) = (MemoryDisk::default(), MemoryDisk::default());
    let session = played(&desk, 7);
    copy(&desk, &deck);
    gone_on(&deck, session, 20, 1.0);
    let mut app = device(&desk);
    request(&mut app, |commands| commands.session().library().erase_player("Ann"));
    frames(&mut app, 30);
    drop(app);
    // The other device has gone on with it.
    let desk = desk.snapshot();
    copy(&deck, &desk);
    let app = device(&desk);
    let refused = received::<CloudNotTaken>(&app);
    assert!(!refused.is_empty(), "it should be said");
    assert!(refused.iter().all(|it| matches!(it.error, CloudError::Erased)), "{refused:?}");
    assert!(received::<CloudTaken>(&app).is_empty());
    assert!(app.world().resource::<SessionCatalog>().get(session).is_none());
    assert!(files(&desk).is_empty(), "they have the player's data");
}

#[test]
fn an_erasure_removes_the_files_of_the_player_from_the_folder() {
    let (desk, deck) = (MemoryDisk::default(), MemoryDisk::default());
    played(&desk, 7);
    let elsewhere = played(&deck, 9);
    let mut app = device(&desk);
    // They come while the game runs: whole, in half, and one that was being written.
    let path = files(&deck).remove(0);
    let bytes = deck.content(&path).unwrap();
    desk.put(&path, &bytes);
    desk.put(&path.with_file_name("half.session"), &bytes[..bytes.len() / 2]);
    let name = path.file_name().unwrap().to_str().unwrap();
    desk.put(&path.with_file_name(format!("{name}.00000000000000aa.new")), &bytes);
    assert_eq!(files(&desk).len(), 4);
    listen::<PlayerErased>(&mut app);
    request(&mut app, |commands| commands.session().library().erase_player("Ann"));
    frames(&mut app, 30);
    let erased = received::<PlayerErased>(&app);
    let [erased] = &erased[..] else { panic!("it should be done: {erased:?}") };
    assert!(erased.receipt.is_complete(), "{erased:?}");
    assert!(files(&desk).is_empty(), "{:?}", files(&desk));
    drop(app);
    // The cloud brings one of them once more.
    let desk = desk.snapshot();
    desk.put(&path, &bytes);
    let app = device(&desk);
    assert!(app.world().resource::<SessionCatalog>().get(elsewhere).is_none());
    assert!(files(&desk).is_empty());
}

/// Plays and quits where the folder refuses the file; the reason that the game hears.
fn refused_by(folder: CloudFolder, spoil: impl FnOnce(&MemoryDisk)) -> CloudError {
    let disk = MemoryDisk::default();
    let mut app = device_with(&disk, folder);
    app.world_mut().spawn(Health(7));
    let session = begin(&mut app, NewSession::named("Arena"));
    spoil(&disk);
    quit(&mut app);
    let not_kept = received::<CloudNotKept>(&app);
    let [not_kept] = &not_kept[..] else { panic!("it should be said: {not_kept:?}") };
    assert_eq!((not_kept.session, files(&disk).len()), (session, 0));
    assert!(entry(&app, session).can_go_on());
    not_kept.error.clone()
}

#[test]
fn a_full_or_refused_cloud_folder_is_reported() {
    let folder = CloudFolder::new(FOLDER);
    let error = refused_by(folder.clone().most_bytes_of_a_file(10), |_| {});
    assert!(matches!(error, CloudError::TooLarge { most: 10, .. }), "{error:?}");
    let error = refused_by(folder.clone().most_files(0), |_| {});
    assert!(matches!(error, CloudError::Full { files: 1, .. }), "{error:?}");
    let error = refused_by(folder.clone().most_bytes(10), |_| {});
    assert!(matches!(error, CloudError::Full { .. }), "{error:?}");
    let error = refused_by(folder, |disk| {
        disk.refuse_writes(Path::new(FOLDER), ErrorKind::PermissionDenied);
    });
    assert!(matches!(error, CloudError::Folder(_)), "{error:?}");
}

// Feature: Full folders and files of no use are reported, and cost nothing.
// Page: guide/cloud-saves.md
#[test]
fn invalid_cloud_files_are_refused_and_not_deleted() {
    let (desk, deck) = (MemoryDisk::default(), MemoryDisk::default());
    let session = played(&desk, 7);
    copy(&desk, &deck);
    let path = files(&deck).remove(0);
    let bytes = deck.content(&path).unwrap();
    deck.truncate(&path, bytes.len() - 1);
    deck.put(&path.with_file_name("empty.session"), b"");
    deck.put(&path.with_file_name("forged.session"), &vec![0xa5; bytes.len()]);
    deck.put(&path.with_file_name("notes.txt"), b"mine");
    let is_journal = |path: &PathBuf| path.extension().is_some_and(|it| it == "journal");
    let live = desk.paths().into_iter().find(is_journal).unwrap();
    deck.put(&path.with_file_name("live.session"), &desk.content(&live).unwrap());
    let app = device(&deck);
    let refused = received::<CloudNotTaken>(&app);
    let are = |is_it: fn(&CloudError) -> bool| refused.iter().filter(|it| is_it(&it.error)).count();
    assert_eq!(are(|error| matches!(error, CloudError::NotWhole)), 3, "{refused:?}");
    assert_eq!(are(|error| matches!(error, CloudError::NotOurs)), 1, "{refused:?}");
    assert_eq!((refused.len(), files(&deck).len()), (4, 5), "they stay");
    assert!(app.world().resource::<SessionCatalog>().get(session).is_none());
    deck.put(&path, &bytes);
    let other = SessionPlugin::new("Tests", "Another").version("1").disk(deck.clone());
    let other = other.clock_from("2026-01-01T00:00:00Z".parse().unwrap());
    let mut app = game_with(other.cloud_folder(FOLDER), listen::<CloudNotTaken>);
    frames(&mut app, 3);
    let is_of_another = |it: &CloudNotTaken| matches!(&it.error, CloudError::OtherGame { game } if game == "Tests/Game");
    assert!(received::<CloudNotTaken>(&app).iter().any(is_of_another));
}

#[test]
fn an_older_cloud_copy_is_used_until_an_intact_newer_one_arrives() {
    let (desk, deck) = (MemoryDisk::default(), MemoryDisk::default());
    let session = played(&desk, 7);
    copy(&desk, &deck);
    drop(device(&deck));
    gone_on(&desk, session, 8, 1.0);
    copy(&desk, &deck);
    let path = files(&deck).remove(0);
    let bytes = deck.content(&path).unwrap();
    for place in (0..bytes.len()).step_by(97).chain([bytes.len() - 1]) {
        let deck = deck.snapshot();
        deck.corrupt(&path, place, 0x10);
        let mut app = device(&deck);
        assert!(received::<CloudTaken>(&app).is_empty(), "byte {place}");
        assert_eq!(received::<CloudNotTaken>(&app).len(), 1, "byte {place}");
        go_on(&mut app, session);
        assert_eq!(health(&mut app), 7, "byte {place}");
    }
    let mut app = device(&deck.snapshot());
    go_on(&mut app, session);
    assert_eq!(health(&mut app), 8);
}

#[test]
fn a_file_that_is_locked_is_taken_once_it_can_be_read() {
    let (desk, deck) = (MemoryDisk::default(), MemoryDisk::default());
    let session = played(&desk, 7);
    copy(&desk, &deck);
    deck.fail_always(Operation::Open, ErrorKind::PermissionDenied);
    let app = device(&deck);
    let refused = received::<CloudNotTaken>(&app);
    let [refused] = &refused[..] else { panic!("it should be said: {refused:?}") };
    assert!(matches!(refused.error, CloudError::Folder(_)), "{refused:?}");
    assert!(app.world().resource::<SessionCatalog>().get(session).is_none());
    deck.heal();
    let app = device(&deck.snapshot());
    assert_eq!(received::<CloudTaken>(&app).len(), 1);
}
