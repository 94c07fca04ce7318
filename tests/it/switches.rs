//! Features that are switched off while the game runs, and by the environment.

// Feature: Pictures, recording, retention, index and digests can be switched off.
// Page: guide/settings.md#switches

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::digests::{DigestFigures, SessionDigester, SessionDigestsExt, SessionsDigested};
use bevy_session::events::{EventQuery, EventsRead, RecordedEvent, RecordingExt};
use bevy_session::library::SessionFeature;
use bevy_session::library::StorageSettings;
use bevy_session::prelude::*;
use bevy_session::{MemoryDisk, RequestError, SessionSwitches};
use serde::{Deserialize, Serialize};

use crate::common::*;
use crate::process::{directory, role, say};

fn switch(app: &mut App, feature: SessionFeature, on: bool) {
    let mut switches = app.world_mut().resource_mut::<SessionSwitches>();
    if on {
        assert!(switches.turn_on(feature));
    } else {
        switches.turn_off(feature);
    }
}

#[derive(Message, Reflect, Clone, Serialize, Deserialize)]
struct Jumped(u32);

struct Count;

impl SessionDigester for Count {
    type Value = u64;
    const NAME: &'static str = "count";

    fn take_event(&self, value: &mut u64, _: &RecordedEvent) {
        *value += 1;
    }
}

fn recorded(app: &mut App) -> Vec<RecordedEvent> {
    let session = app.world().resource::<CurrentSession>().id();
    request(app, |commands| commands.session().events().read(EventQuery::of(session)));
    frames(app, 3);
    received::<EventsRead>(app).pop().unwrap().result.unwrap().events
}

fn jumps(app: &mut App) -> usize {
    let events = recorded(app).into_iter();
    events.filter(|event| event.event_type.path.ends_with("Jumped")).count()
}

#[test]
fn with_events_off_only_events_of_the_plugin_are_recorded() {
    let mut app = game_with(plugin(&MemoryDisk::default()), |app| {
        app.add_message::<Jumped>().record_messages::<Jumped>();
        listen::<EventsRead>(app);
    });
    start(&mut app, "Hop");
    let jump = |app: &mut App, count| {
        app.world_mut().write_message(Jumped(count));
        frames(app, 2);
    };
    jump(&mut app, 1);
    switch(&mut app, SessionFeature::Events, false);
    jump(&mut app, 2);
    request(&mut app, |commands| commands.session().pause());
    frames(&mut app, 2);
    request(&mut app, |commands| commands.session().resume());
    frames(&mut app, 2);
    switch(&mut app, SessionFeature::Events, true);
    jump(&mut app, 3);
    assert_eq!(jumps(&mut app), 1, "not on top of a checkpoint without the jump before");
    seconds(&mut app, 2.0);
    jump(&mut app, 4);
    assert_eq!(jumps(&mut app), 2);
    let events = recorded(&mut app);
    assert!(events.len() > 4, "pauses are noted: {events:?}");
}

#[test]
fn digests_that_are_off_are_refused_with_the_reason() {
    let mut app = game_with(plugin(&MemoryDisk::default()), |app| {
        app.digest_sessions(Count);
        listen::<RequestRejected>(app);
        listen::<SessionsDigested>(app);
    });
    start(&mut app, "Hop");
    switch(&mut app, SessionFeature::Digests, false);
    request(&mut app, |commands| commands.session().library().digest::<Count>());
    frames(&mut app, 3);
    let rejected = received::<RequestRejected>(&app).pop().unwrap();
    assert_eq!(rejected.error, RequestError::SwitchedOff { feature: SessionFeature::Digests });
    assert_eq!(rejected.error.to_string(), "digests are switched off");
    switch(&mut app, SessionFeature::Digests, true);
    request(&mut app, |commands| commands.session().library().digest::<Count>());
    frames(&mut app, 5);
    let figures: Vec<DigestFigures> =
        received::<SessionsDigested>(&app).into_iter().map(|it| it.figures).collect();
    assert_eq!(figures.len(), 1);
}

fn journals(disk: &MemoryDisk) -> Vec<PathBuf> {
    let is_journal = |path: &PathBuf| path.extension().is_some_and(|it| it == "journal");
    disk.paths().into_iter().filter(is_journal).collect()
}

/// Plays for an hour, in which a generation begins every few minutes.
fn play_for_an_hour(app: &mut App) {
    slow_frames(app, 360, Duration::from_secs(10));
}

#[test]
fn with_retention_off_nothing_is_pruned_until_it_is_on_again() {
    let disk = MemoryDisk::default();
    let settings = SessionSettings {
        storage: StorageSettings { max_session_bytes: 1, ..default() },
        ..default()
    };
    let mut app = game_with(plugin(&disk).settings(settings), |app| {
        app.add_systems(Update, |mut score: ResMut<Score>| score.0 += 1);
    });
    switch(&mut app, SessionFeature::Retention, false);
    start(&mut app, "Long");
    let entities: Vec<Inventory> = (0..20).map(|_| Inventory((0..2000).collect())).collect();
    app.world_mut().spawn_batch(entities).count();
    let mut before = Vec::new();
    for _ in 0..4 {
        play_for_an_hour(&mut app);
        let now = journals(&disk);
        assert!(before.iter().all(|path| now.contains(path)), "{before:?} {now:?}");
        before = now;
    }
    assert!(before.len() > 4, "{before:?}");
    switch(&mut app, SessionFeature::Retention, true);
    play_for_an_hour(&mut app);
    let after = journals(&disk);
    assert!(after.len() < before.len(), "{before:?} {after:?}");
}

#[test]
fn a_full_disk_with_retention_off_costs_no_history_later() {
    let disk = MemoryDisk::default();
    let mut app = game_with(plugin(&disk), |app| {
        app.add_systems(Update, |mut score: ResMut<Score>| score.0 += 1);
    });
    switch(&mut app, SessionFeature::Retention, false);
    start(&mut app, "Long");
    let chests: Vec<Inventory> = (0..20).map(|_| Inventory((0..2000).collect())).collect();
    app.world_mut().spawn_batch(chests).count();
    (0..3).for_each(|_| play_for_an_hour(&mut app));
    let before = journals(&disk).len();
    disk.leave_room_for(0);
    slow_frames(&mut app, 30, Duration::from_secs(10));
    disk.leave_room_for(1 << 40);
    slow_frames(&mut app, 30, Duration::from_secs(10));
    assert!(journals(&disk).len() >= before, "nothing goes");
    switch(&mut app, SessionFeature::Retention, true);
    slow_frames(&mut app, 60, Duration::from_secs(10));
    // On a full disk two generations stay; on one that has room, those of the last hours as well.
    let after = journals(&disk).len();
    assert!(after > 4, "{before}, and then {after}");
}

#[test]
fn the_index_that_is_off_is_neither_written_nor_believed() {
    let disk = MemoryDisk::default();
    let is_index = |path: &PathBuf| path.to_string_lossy().ends_with(".index");
    let find = |disk: &MemoryDisk| disk.paths().into_iter().find(is_index);
    let off = |app: &mut App| {
        let mut switches = SessionSwitches::default();
        switches.turn_off(SessionFeature::Index);
        app.insert_resource(switches);
    };
    let mut app = game_with(plugin(&disk), off);
    for _ in 0..33 {
        begin(&mut app, NewSession::named("Evening"));
        close(&mut app);
    }
    drop(app);
    let app = game_with(plugin(&disk), off);
    drop(app);
    assert_eq!(find(&disk), None, "it isn't written");
    let app = game_with(plugin(&disk), |_| {});
    drop(app);
    assert!(find(&disk).is_some());
    let hits = |app: &App| app.world().resource::<SessionCatalog>().index_figures();
    let mut app = game_with(plugin(&disk), off);
    frames(&mut app, 3);
    assert_eq!((hits(&app).hits, hits(&app).age), (0, None), "it isn't believed");
    drop(app);
    let mut app = game_with(plugin(&disk), |_| {});
    frames(&mut app, 3);
    assert!(hits(&app).hits > 30, "{:?}", hits(&app));
}

#[test]
fn the_environment_switches_off_for_the_whole_process() {
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "switches::child", "--ignored", "--nocapture"])
        .env("BEVY_SESSION_TEST_ROLE", "switches")
        .env("BEVY_SESSION_TEST_DIRECTORY", directory.path())
        .env("BEVY_SESSION_OFF", "index, digests,nonsense")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("# off [Index, Digests]"), "{said}");
    assert!(said.contains("# stays off true"), "{said}");
}

#[test]
#[ignore = "the process whose environment is looked at, run by the other test"]
fn child() {
    if role() != Some("switches".to_owned()) {
        return;
    }
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, SessionPlugin::new("Tests", "Game").directory(directory())));
    app.finish();
    app.cleanup();
    let mut switches = app.world_mut().resource_mut::<SessionSwitches>();
    say(format!("off {:?}", switches.off().collect::<Vec<_>>()));
    say(format!("stays off {}", !switches.turn_on(SessionFeature::Index)));
}
