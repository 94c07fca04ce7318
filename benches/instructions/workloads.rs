//! The workloads that are counted.

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::recovery::RestorePhase;
use bevy_session::{MemoryDisk, SessionActivity, SessionLast};

use crate::game::{
    IsLoaded, Restored, app, change, checkpoint, close, counted, frames, replicated, request,
    spawn, start, taped, unfinished, until,
};
use crate::{NOTHING, boundary};

const ENTITIES: u16 = 10_000;

/// Frames of a game that plays a session, in which nothing is due.
pub fn idle() {
    let mut app = app(&MemoryDisk::default());
    spawn(&mut app, 100);
    start(&mut app);
    // The writer's heartbeat, once in 63 frames, is in none of those that are counted: they are half-way between two.
    frames(&mut app, 62);
    counted(&mut app, ["idle frame"; 6], |app| frames(app, 10));
}

/// Frames of a game that records inputs. Of so many, one writes the frames before it, and one has a heartbeat.
pub fn tape() {
    let mut app = taped(&MemoryDisk::default());
    spawn(&mut app, 100);
    start(&mut app);
    frames(&mut app, 62);
    counted(&mut app, ["63 frames on tape"; 6], |app| frames(app, 63));
}

/// The same frames, and captures, of a game whose sessions are kept in a replica too. A driven keeper has its turns in the frames,
/// so idle frames are counted with what is a thread's in a game.
pub fn replica() {
    let mut app = replicated(&MemoryDisk::default());
    spawn(&mut app, ENTITIES);
    start(&mut app);
    frames(&mut app, 62);
    counted(&mut app, ["idle frame with a replica"; 6], |app| frames(app, 10));
    let steps = steps_of_a_checkpoint("capture of changes with a replica", NOTHING);
    for _ in 0..5 {
        change(&mut app, 10);
        counted(&mut app, steps, checkpoint);
    }
}

/// The first checkpoint, some in which a tenth of the entities has changed, and the way back after a crash.
pub fn checkpoints_and_restore() {
    let disk = MemoryDisk::default();
    let mut first = app(&disk);
    spawn(&mut first, ENTITIES);
    let (capture, encode) = ("capture of everything", "encode of everything");
    counted(&mut first, steps_of_a_checkpoint(capture, encode), start);
    let (capture, encode) = ("capture of changes", "encode of changes");
    for _ in 0..5 {
        change(&mut first, 10);
        counted(&mut first, steps_of_a_checkpoint(capture, encode), checkpoint);
    }
    let session = first.world().resource::<CurrentSession>().id();

    let mut second = app(&disk.snapshot());
    counted(&mut second, ["decode"; 6], |app| {
        request(app, |commands| commands.session().recover(session, RestoreFrom::Latest));
        until(app, |world| {
            world.resource::<SessionActivity>().restore() == Some(RestorePhase::WaitingForGate)
        });
    });
    second.world_mut().resource_mut::<IsLoaded>().0 = true;
    counted(&mut second, ["restore"; 6], |app| until(app, |world| world.resource::<Restored>().0));
}

/// A checkpoint that is asked for is taken with the request, and a driven writer has its turns where reports come in.
fn steps_of_a_checkpoint(capture: &'static str, encode: &'static str) -> [&'static str; 6] {
    [encode, NOTHING, NOTHING, capture, capture, encode]
}

/// The start of a game whose process died, until its session is offered. It has many checkpoints.
pub fn scan() {
    let disk = MemoryDisk::default();
    let mut first = app(&disk);
    spawn(&mut first, 200);
    start(&mut first);
    for _ in 0..200 {
        change(&mut first, 20);
        checkpoint(&mut first);
    }
    let second = begin(&disk.snapshot(), "scan");
    let offers = second.world().resource::<RecoveryOffers>();
    assert_eq!(offers.offers().len(), 1);
}

/// The start of a game that has many sessions, until all are listed.
pub fn list() {
    let disk = MemoryDisk::default();
    let mut first = app(&disk);
    spawn(&mut first, 20);
    for _ in 0..100 {
        start(&mut first);
        change(&mut first, 2);
        checkpoint(&mut first);
        close(&mut first);
    }
    drop(first);
    let second = begin(&disk, "list");
    assert_eq!(second.world().resource::<SessionCatalog>().sessions().len(), 100);
}

/// A driven writer looks at all sessions while the plugin is being finished, and the first frame takes in what it found.
fn begin(disk: &MemoryDisk, workload: &'static str) -> App {
    let mut app = unfinished(disk);
    boundary(NOTHING);
    app.finish();
    app.world_mut().run_schedule(SessionLast);
    boundary(workload);
    app
}
