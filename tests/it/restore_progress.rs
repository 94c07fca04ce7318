//! The progress of a restore that takes a while.

use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::recovery::RestorePhase;
use bevy_session::{MemoryDisk, SessionActivity};
use serde::{Deserialize, Deserializer, Serialize};

use crate::common::{Health, frames, game_with, listen, plugin, received, request, start};

/// Reading a [`Slow`] waits until this is free.
static BARRIER: Mutex<()> = Mutex::new(());

#[derive(Component, Reflect, Clone, Serialize)]
#[reflect(Component, Saved)]
struct Slow(u32);

impl<'de> Deserialize<'de> for Slow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        drop(BARRIER.lock());
        u32::deserialize(deserializer).map(Self)
    }
}

/// The left one of two that wait for each other when they are read, so that two threads are at work.
#[derive(Component, Reflect, Clone, Serialize)]
#[reflect(Component, Saved)]
struct Left(u32);

/// The other one.
#[derive(Component, Reflect, Clone, Serialize)]
#[reflect(Component, Saved)]
struct Right(u32);

/// Which threads read, by name, for each of the two.
static READERS: (Mutex<[Option<String>; 2]>, Condvar) = (Mutex::new([None, None]), Condvar::new());

fn meet(place: usize) {
    let (readers, other_reads) = &READERS;
    let mut readers = readers.lock().unwrap();
    let name = std::thread::current().name().unwrap_or("nameless").to_owned();
    readers[place].get_or_insert(name);
    other_reads.notify_all();
    let wait = |readers: &mut [Option<String>; 2]| readers.contains(&None);
    drop(other_reads.wait_timeout_while(readers, Duration::from_secs(60), wait).unwrap());
}

impl<'de> Deserialize<'de> for Left {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        meet(0);
        u32::deserialize(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for Right {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        meet(1);
        u32::deserialize(deserializer).map(Self)
    }
}

#[test]
fn a_restore_is_decoded_outside_the_task_pools() {
    let disk = MemoryDisk::default();
    let types = |app: &mut App| {
        app.register_type::<Left>().register_type::<Right>();
    };
    let mut app = game_with(plugin(&disk), types);
    app.world_mut().spawn_batch((0..5_000).map(|number| (Left(number), Right(number))));
    start(&mut app, "Read by two");
    let mut app = game_with(plugin(&disk.snapshot()), types);
    frames(&mut app, 2);
    let session = app.world().resource::<RecoveryOffers>().offers()[0].session.id;
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(&mut app, 3);
    let readers = READERS.0.lock().unwrap();
    assert!(!readers.contains(&None), "{readers:?}");
    let is_of_pool = |reader: &Option<String>| reader.as_ref().unwrap().contains("Task Pool");
    assert!(!readers.iter().any(is_of_pool), "{readers:?}");
}

fn game(directory: &tempfile::TempDir) -> App {
    let plugin = SessionPlugin::new("Tests", "Progress").directory(directory.path());
    let mut app = game_with(plugin, |app| {
        app.register_type::<Slow>();
    });
    listen::<SessionRestored>(&mut app);
    listen::<SessionClosed>(&mut app);
    app
}

fn play_until(app: &mut App, is_reached: impl Fn(&App) -> bool) {
    let begun = Instant::now();
    while !is_reached(app) {
        assert!(begun.elapsed() < Duration::from_secs(300), "it takes too long");
        app.update();
    }
}

#[test]
fn a_restore_reports_how_much_of_the_checkpoint_has_been_read() {
    let directory = tempfile::tempdir().unwrap();
    let mut app = game(&directory);
    app.world_mut().spawn_batch((0..10_000).map(Health)).count();
    app.world_mut().spawn(Slow(7));
    request(&mut app, |commands| commands.session().start(NewSession::named("Play")));
    play_until(&mut app, |app| app.world().contains_resource::<CurrentSession>());
    let session = app.world().resource::<CurrentSession>().id();
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    play_until(&mut app, |app| !received::<SessionClosed>(app).is_empty());
    drop(app);

    let mut app = game(&directory);
    let activity = |app: &App| *app.world().resource::<SessionActivity>();
    assert_eq!(activity(&app).restore_progress(), None);
    let barrier = BARRIER.lock().unwrap();
    request(&mut app, |commands| commands.session().continue_session(session));
    // Everything is read by now, and all columns but one are decoded.
    play_until(&mut app, |app| activity(app).restore_progress() > Some(0.9));
    assert_eq!(activity(&app).restore(), Some(RestorePhase::Reading));
    assert!(activity(&app).restore_progress() < Some(1.0));
    drop(barrier);
    play_until(&mut app, |app| !received::<SessionRestored>(app).is_empty());
    assert_eq!(activity(&app).restore_progress(), None);
}
