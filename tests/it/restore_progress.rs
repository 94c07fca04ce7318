//! How far a restore is that takes a while.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::{RestorePhase, SessionActivity};
use serde::{Deserialize, Deserializer, Serialize};

use crate::common::{Health, game_with, listen, received, request};

/// Whoever reads a [`Slow`] waits until this is free.
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
    request(&mut app, |commands| commands.session().close());
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
