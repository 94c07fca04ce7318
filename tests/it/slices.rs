//! Long work goes on between the checkpoints: none waits for more than a slice of it.

use std::path::Path;

use bevy::prelude::*;
use bevy_session::MemoryDisk;
use bevy_session::prelude::*;
use bevy_session::reports::{Report, ReportWritten};
use serde::{Deserialize, Serialize};

use crate::common::*;

const FRAMES_OF_A_SAVE: usize = 3;

/// Far more than one slice.
#[derive(Component, Reflect, Clone, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Heavy(Vec<u64>);

impl Heavy {
    fn new(seed: u64) -> Self {
        let numbers =
            (0..120_000_u64).map(|number| (number + seed).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        Self(numbers.collect())
    }
}

fn listening_game(disk: &MemoryDisk) -> App {
    let mut app = game_with(plugin(disk), |app| {
        listen::<CheckpointSaved>(app);
        listen::<SessionsFound>(app);
        listen::<ReportWritten>(app);
        listen::<SessionClosed>(app);
        app.register_type::<Heavy>();
    });
    frames(&mut app, 2);
    app
}

/// A disk with sessions that are not played, each of them larger than a slice.
fn crowded() -> MemoryDisk {
    let disk = MemoryDisk::default();
    for number in 0..8 {
        let mut app = listening_game(&disk);
        app.world_mut().spawn(Heavy::new(number));
        start(&mut app, "One of many");
        request(&mut app, |commands| commands.session().close(LeaveCause::Player));
        frames(&mut app, 4);
        assert!(received::<SessionClosed>(&app)[0].complete);
    }
    disk.snapshot()
}

/// Saves something, and lets frames pass until it is reported safe.
fn frames_until_saved(app: &mut App, label: usize) -> usize {
    let before = received::<CheckpointSaved>(app).len();
    let world = app.world_mut();
    world.query::<&mut Health>().iter_mut(world).for_each(|mut health| health.0 += 1);
    request(app, |commands| commands.session().checkpoint(format!("{label}")));
    for waited in 1..20 {
        app.update();
        if received::<CheckpointSaved>(app).len() > before {
            return waited;
        }
    }
    panic!("it isn't saved");
}

#[test]
fn a_save_waits_for_at_most_a_slice_of_a_listing() {
    let disk = crowded();
    let mut app = listening_game(&disk);
    app.world_mut().spawn(Health(1));
    start(&mut app, "Played");
    seconds(&mut app, 2.0);
    // The sessions came from elsewhere, so all of them have to be read.
    let elsewhere = disk.snapshot();
    let sessions = Path::new("sessions/data/profiles/default/sessions");
    let own = app.world().resource::<CurrentSession>().id().to_string();
    for path in elsewhere.paths().iter().filter(|path| path.starts_with(sessions)) {
        let is_own = path.iter().any(|part| part.to_string_lossy() == own);
        if !is_own && path.extension().is_some_and(|it| it == "journal") {
            let mut longer = elsewhere.content(path).unwrap();
            longer.push(0);
            disk.put(path, &longer);
        }
    }
    let listed = received::<SessionsFound>(&app).len();
    request(&mut app, |commands| commands.session().library().find());
    app.update();
    assert_eq!(received::<SessionsFound>(&app).len(), listed, "it should take more than one frame");
    assert!(frames_until_saved(&mut app, 1) <= FRAMES_OF_A_SAVE);
    assert_eq!(
        received::<SessionsFound>(&app).len(),
        listed,
        "the listing should still be going on"
    );
    frames(&mut app, 10);
    assert_eq!(received::<SessionsFound>(&app).len(), listed + 1);
}

#[test]
fn a_session_that_is_left_in_the_middle_of_a_listing_is_not_reported_in_use() {
    let disk = crowded();
    let mut app = listening_game(&disk);
    app.world_mut().spawn(Health(1));
    start(&mut app, "Left");
    let id = app.world().resource::<CurrentSession>().id();
    let listed = received::<SessionsFound>(&app).len();
    request(&mut app, |commands| commands.session().library().find());
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 10);
    assert_eq!(received::<SessionsFound>(&app).len(), listed + 1);
    let catalog = app.world().resource::<SessionCatalog>();
    assert!(!catalog.get(id).unwrap().in_use);
    assert_eq!(catalog.sessions().len(), 9);
}

#[test]
fn a_save_waits_for_at_most_a_slice_of_a_crash_report() {
    let disk = MemoryDisk::default();
    let mut app = listening_game(&disk);
    for number in 0..4 {
        app.world_mut().spawn(Heavy::new(number));
    }
    start(&mut app, "Killed");
    seconds(&mut app, 2.0);
    let disk = disk.snapshot();
    drop(app);

    let mut app = listening_game(&disk);
    app.world_mut().spawn(Health(1));
    start(&mut app, "Played");
    seconds(&mut app, 2.0);
    request(&mut app, |commands| {
        commands.session().library().report(Report::of_last_run(), "sessions/report.tar");
    });
    let mut saves = 0;
    while received::<ReportWritten>(&app).is_empty() {
        assert!(frames_until_saved(&mut app, saves) <= FRAMES_OF_A_SAVE);
        saves += 1;
        assert!(saves < 100, "it should be written in the end");
    }
    assert!(saves >= 3, "it should take more than {saves} slices");
    let report = disk.content(Path::new("sessions/report.tar")).unwrap();
    let written = &received::<ReportWritten>(&app)[0];
    assert_eq!(written.bytes, report.len() as u64);
    assert!(report.len() > 3 << 20, "{}", report.len());
    let mut archive = tar::Archive::new(&*report);
    let names = archive.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().into_owned());
    assert!(names.count() >= 2);
}
