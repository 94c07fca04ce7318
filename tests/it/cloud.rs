//! Sessions on two devices of a player, by way of a folder that a cloud copies: what the game hears, and what is kept.

use std::path::Path;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::cloud::{
    CloudError, CloudFolder, CloudForked, CloudKept, CloudNotKept, CloudNotTaken, CloudTaken,
};
use bevy_session::prelude::*;
use bevy_session::{MemoryDisk, SessionId};

use crate::common::*;

const FOLDER: &str = "/cloud";

fn device_with(disk: &MemoryDisk, folder: CloudFolder) -> App {
    game_with(plugin(disk).cloud_folder(folder), |app| {
        listen::<CloudForked>(app);
        listen::<CloudKept>(app);
        listen::<CloudNotKept>(app);
        listen::<CloudNotTaken>(app);
        listen::<CloudTaken>(app);
        listen::<SessionRestored>(app);
    })
}

fn device(disk: &MemoryDisk) -> App {
    let mut app = device_with(disk, CloudFolder::new(FOLDER));
    frames(&mut app, 3);
    app
}

/// A session in which the player has this health, played for some seconds and closed.
fn played(disk: &MemoryDisk, health: u32) -> SessionId {
    let mut app = device(disk);
    app.world_mut().spawn(Health(health));
    let session = begin(&mut app, NewSession::named("Arena"));
    seconds(&mut app, 2.0);
    close(&mut app);
    session
}

/// Goes on with the session for so many seconds, with this health in the end.
fn gone_on(disk: &MemoryDisk, session: SessionId, health: u32, time: f32) {
    let mut app = device(disk);
    request(&mut app, |commands| commands.session().continue_session(session));
    frames(&mut app, 3);
    set_health(&mut app, health);
    seconds(&mut app, time);
    close(&mut app);
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

fn files(disk: &MemoryDisk) -> usize {
    disk.paths().iter().filter(|path| path.starts_with(FOLDER)).count()
}

#[test]
fn another_device_goes_on_with_what_was_paused() {
    let (desk, deck) = (MemoryDisk::default(), MemoryDisk::default());
    let mut app = device(&desk);
    app.world_mut().spawn(Health(7));
    let session = begin(&mut app, NewSession::named("Arena"));
    assert_eq!(files(&desk), 0, "what is played isn't in the folder");
    set_health(&mut app, 8);
    request(&mut app, |commands| commands.session().checkpoint("Before the break"));
    frames(&mut app, 3);
    request(&mut app, |commands| commands.session().pause());
    frames(&mut app, 5);
    let kept = received::<CloudKept>(&app);
    let [kept] = &kept[..] else { panic!("it should be kept once") };
    assert_eq!((kept.session, files(&desk)), (session, 1));

    copy(&desk, &deck);
    let mut app = device(&deck);
    assert_eq!(received::<CloudTaken>(&app).len(), 1);
    assert!(app.world().resource::<RecoveryOffers>().offers().is_empty(), "it is no crash");
    request(&mut app, |commands| commands.session().continue_session(session));
    frames(&mut app, 3);
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
    request(&mut app, |commands| commands.session().continue_session(session));
    frames(&mut app, 3);
    assert_eq!(health(&mut app), 8);
}

#[test]
fn a_session_that_went_on_on_both_is_a_fork_and_both_sides_are_offered() {
    let (desk, deck) = (MemoryDisk::default(), MemoryDisk::default());
    let session = played(&desk, 7);
    copy(&desk, &deck);
    gone_on(&desk, session, 10, 3.0);
    gone_on(&deck, session, 20, 5.0);
    copy(&deck, &desk);
    let mut app = device(&desk);
    let forked = received::<CloudForked>(&app);
    let [forked] = &forked[..] else { panic!("it should be shown") };
    assert_eq!(forked.session, session);
    let near = |time: Duration, seconds: f32| (time.as_secs_f32() - seconds).abs() < 1.0;
    assert!(near(forked.common.unwrap(), 2.0), "{forked:?}");
    assert!(near(forked.here, 3.0) && near(forked.there, 5.0), "{forked:?}");
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
        app = device(&desk.snapshot());
    }
    found.sort_unstable();
    assert_eq!(found, [10, 20]);
}

#[test]
fn a_session_that_was_deleted_for_good_is_not_brought_back_by_its_own_file() {
    let desk = MemoryDisk::default();
    let session = played(&desk, 7);
    assert_eq!(files(&desk), 1);
    let mut app = device(&desk);
    request(&mut app, |commands| commands.session().library().purge(session));
    frames(&mut app, 3);
    drop(app);
    let app = device(&desk.snapshot());
    assert!(app.world().resource::<SessionCatalog>().get(session).is_none());
    assert!(received::<CloudTaken>(&app).is_empty());
}

#[test]
fn a_folder_that_is_full_is_said_and_takes_nothing_from_play() {
    let small = |folder: CloudFolder| {
        let disk = MemoryDisk::default();
        let mut app = device_with(&disk, folder);
        app.world_mut().spawn(Health(7));
        let session = begin(&mut app, NewSession::named("Arena"));
        close(&mut app);
        frames(&mut app, 3);
        let not_kept = received::<CloudNotKept>(&app);
        let [not_kept] = &not_kept[..] else { panic!("it should be said") };
        assert_eq!((not_kept.session, files(&disk)), (session, 0));
        assert!(app.world().resource::<SessionCatalog>().get(session).unwrap().can_go_on());
        not_kept.error.clone()
    };
    let folder = CloudFolder::new(FOLDER);
    let error = small(folder.clone().most_bytes_of_a_file(10));
    assert!(matches!(error, CloudError::TooLarge { most: 10, .. }), "{error:?}");
    let error = small(folder.clone().most_files(0));
    assert!(matches!(error, CloudError::Full { files: 1, .. }), "{error:?}");
    let error = small(folder.most_bytes(10));
    assert!(matches!(error, CloudError::Full { .. }), "{error:?}");
}

#[test]
fn files_of_others_are_left_alone() {
    let (desk, deck) = (MemoryDisk::default(), MemoryDisk::default());
    played(&desk, 7);
    copy(&desk, &deck);
    let path = deck.paths().into_iter().find(|path| path.starts_with(FOLDER)).unwrap();
    let bytes = deck.content(&path).unwrap();
    deck.truncate(&path, bytes.len() - 1);
    deck.put(&path.with_file_name("empty.session"), b"");
    deck.put(&path.with_file_name("forged.session"), &vec![0xa5; bytes.len()]);
    let app = device(&deck);
    let refused = received::<CloudNotTaken>(&app);
    assert_eq!(refused.len(), 3, "{refused:?}");
    assert!(refused.iter().all(|it| matches!(it.error, CloudError::NotWhole)), "{refused:?}");
    assert_eq!(files(&deck), 3, "they stay");
    deck.put(&path, &bytes);
    let other = SessionPlugin::new("Tests", "Another").version("1").disk(deck.clone());
    let other = other.clock_from("2026-01-01T00:00:00Z".parse().unwrap());
    let mut app = game_with(other.cloud_folder(FOLDER), |app| listen::<CloudNotTaken>(app));
    frames(&mut app, 3);
    let is_of_another = |it: &CloudNotTaken| matches!(&it.error, CloudError::OtherGame { game } if game == "Tests/Game");
    assert!(received::<CloudNotTaken>(&app).iter().any(is_of_another));
}
