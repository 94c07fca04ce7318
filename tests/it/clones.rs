//! Types whose `Clone` panics, waits for a lock, or takes megabytes: it runs in the game's frame, at each checkpoint.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::recovery::RestoreReport;
use bevy_session::{MemoryDisk, SessionId};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::common::*;

/// Can't be cloned while it is cracked.
#[derive(Component, TypePath, Serialize, Deserialize)]
struct Vial {
    drops: u32,
    #[serde(skip)]
    cracked: Arc<AtomicBool>,
}

impl Clone for Vial {
    fn clone(&self) -> Self {
        assert!(!self.cracked.load(Ordering::Relaxed), "it cracked");
        Self { drops: self.drops, cracked: Arc::clone(&self.cracked) }
    }
}

/// A value that other threads share.
#[derive(Component, TypePath)]
struct Shared {
    value: Arc<Mutex<u32>>,
    /// Hears of it when it is about to be cloned.
    clones: Option<mpsc::Sender<()>>,
}

impl Shared {
    fn new(value: u32) -> Self {
        Self { value: Arc::new(Mutex::new(value)), clones: None }
    }
}

impl Clone for Shared {
    fn clone(&self) -> Self {
        if let Some(clones) = &self.clones {
            // Nobody may be listening any more.
            _ = clones.send(());
        }
        Self::new(*self.value.lock().unwrap())
    }
}

impl Serialize for Shared {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.lock().unwrap().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Shared {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u32::deserialize(deserializer).map(Self::new)
    }
}

#[derive(Component, TypePath, Clone, PartialEq, Serialize, Deserialize)]
struct Tome(String);

fn game_of_clones(disk: &MemoryDisk) -> App {
    game_with(plugin(disk), |app| {
        app.save_component::<Vial>().save_component::<Shared>().save_component::<Tome>();
        listen::<CheckpointSaved>(app);
        listen::<SessionRestored>(app);
    })
}

/// The process is killed, and the next one has what was durable.
fn recovered(disk: &MemoryDisk, session: SessionId) -> (App, RestoreReport) {
    let mut app = game_of_clones(&disk.snapshot());
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(&mut app, 3);
    let report = received::<SessionRestored>(&app).remove(0).report;
    (app, report)
}

fn checkpoint(app: &mut App) {
    request(app, |commands| commands.session().checkpoint("now"));
    frames(app, 3);
}

fn vial_and_health(app: &mut App) -> (u32, u32) {
    let world = app.world_mut();
    let (vial, health) = world.query::<(&Vial, &Health)>().single(world).unwrap();
    (vial.drops, health.0)
}

#[test]
fn a_clone_that_panics_loses_nothing_that_was_acknowledged() {
    let disk = MemoryDisk::default();
    let mut app = game_of_clones(&disk);
    let cracked = Arc::new(AtomicBool::new(false));
    let vial = Vial { drops: 1, cracked: Arc::clone(&cracked) };
    let entity = app.world_mut().spawn((Saved, Health(1), vial)).id();
    start(&mut app, "Alchemy");
    let session = app.world().resource::<CurrentSession>().id();
    app.world_mut().entity_mut(entity).insert(Health(2));
    checkpoint(&mut app);
    let acknowledged = received::<CheckpointSaved>(&app).len();

    app.world_mut().get_mut::<Vial>(entity).unwrap().drops = 2;
    app.world_mut().entity_mut(entity).insert(Health(3));
    cracked.store(true, Ordering::Relaxed);
    // It comes out of the frame, which is the game's last one.
    assert!(catch_unwind(AssertUnwindSafe(|| checkpoint(&mut app))).is_err());
    assert_eq!(received::<CheckpointSaved>(&app).len(), acknowledged);
    let (mut next, report) = recovered(&disk, session);
    assert_eq!(vial_and_health(&mut next), (1, 2));
    assert!(report.losses.is_empty(), "{:?}", report.losses);
}

#[test]
fn a_clone_that_waits_for_a_lock_has_what_its_holder_leaves() {
    let disk = MemoryDisk::default();
    let mut app = game_of_clones(&disk);
    let entity = app.world_mut().spawn((Saved, Shared::new(1))).id();
    start(&mut app, "Locked");
    let session = app.world().resource::<CurrentSession>().id();

    let (clones, is_cloned) = mpsc::channel();
    let (locked, is_locked) = mpsc::channel();
    let mut shared = app.world_mut().get_mut::<Shared>(entity).unwrap();
    shared.clones = Some(clones);
    let value = Arc::clone(&shared.value);
    let holder = std::thread::spawn(move || {
        let mut value = value.lock().unwrap();
        locked.send(()).unwrap();
        is_cloned.recv().unwrap();
        *value = 2;
    });
    is_locked.recv().unwrap();
    checkpoint(&mut app);
    holder.join().unwrap();
    let (mut next, report) = recovered(&disk, session);
    assert!(report.losses.is_empty(), "{:?}", report.losses);
    let world = next.world_mut();
    let shared = world.query::<&Shared>().single(world).unwrap();
    assert_eq!(*shared.value.lock().unwrap(), 2);
}

#[test]
fn values_of_megabytes_are_restored() {
    const LENGTH: usize = 4 << 20;
    let disk = MemoryDisk::default();
    let mut app = game_of_clones(&disk);
    let tome = |letter: &str| Tome(letter.repeat(LENGTH));
    let tomes = ["a", "b", "c"].map(tome);
    let entities = tomes.map(|tome| app.world_mut().spawn((Saved, tome)).id());
    start(&mut app, "Library");
    let session = app.world().resource::<CurrentSession>().id();
    app.world_mut().get_mut::<Tome>(entities[0]).unwrap().0.push('!');
    app.world_mut().get_mut::<Tome>(entities[1]).unwrap().0 = "z".repeat(LENGTH);
    checkpoint(&mut app);
    let expected = [0, 1, 2].map(|place| app.world().get::<Tome>(entities[place]).unwrap());
    let (mut next, report) = recovered(&disk, session);
    assert!(report.losses.is_empty(), "{:?}", report.losses);
    let world = next.world_mut();
    let tomes: Vec<&Tome> = world.query::<&Tome>().iter(world).collect();
    // Not `assert_eq`, which would print them.
    assert!(expected.iter().all(|tome| tomes.contains(tome)));
    assert_eq!(tomes.len(), 3);
}
