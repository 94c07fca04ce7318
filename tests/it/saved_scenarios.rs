//! Scenarios that are made of a session or a slot.

// Feature: The world of this moment becomes a scenario, in which sessions begin.
// Page: guide/scenarios.md#a-world-as-a-scenario

use std::path::Path;

use bevy::prelude::*;
use bevy_session::chapters::NewChapter;
use bevy_session::digests::WorldOf;
use bevy_session::library::{ScenarioSaved, SessionDrafted, StartingWorld};
use bevy_session::prelude::*;
use bevy_session::scenarios::{Scenario, ScenarioFiles};
use bevy_session::{MemoryDisk, RequestError, SessionId};

use crate::common::*;

const SCENARIO: &str = "sessions/ruins.scenario.ron";
const WORLD: &str = "sessions/ruins.world";

fn listening_game(disk: &MemoryDisk) -> App {
    let mut app = game_with(plugin(disk), |app| {
        listen::<ScenarioSaved>(app);
        listen::<SessionRestored>(app);
        listen::<SessionDrafted>(app);
        listen::<SlotSaved>(app);
        listen::<RequestRejected>(app);
    });
    frames(&mut app, 2);
    app
}

/// An author's session, which says much about them.
fn alices_game(disk: &MemoryDisk) -> (App, SessionId) {
    let mut app = listening_game(disk);
    app.world_mut().spawn(Health(5));
    let new = NewSession::named("Alice's secret").player("Alice").tag("private");
    let new = new.link("guide", "page 7").field("diary", "I am Alice").unwrap();
    let new = new.field("setting.winter", &true).unwrap().field("scenario.version", &3).unwrap();
    let session = begin(&mut app, new);
    request(&mut app, |commands| {
        commands.session().chapters().begin(NewChapter::named("Alice's chapter"));
    });
    seconds(&mut app, 20.0);
    (app, session)
}

fn scenario() -> Scenario {
    let mut scenario = Scenario::default();
    scenario.name = "Ruins".to_owned();
    scenario.difficulty = "hard".to_owned();
    scenario.settings.set("settlers", &6).unwrap();
    scenario
}

fn save(app: &mut App, of: impl Into<WorldOf>, scenario: Scenario, path: &'static str) {
    let of = of.into();
    request(app, move |commands| commands.session().library().save_as_scenario(of, scenario, path));
    frames(app, 4);
}

fn rejected(app: &App) -> Vec<RequestError> {
    received::<RequestRejected>(app).into_iter().map(|it| it.error).collect()
}

/// The two files, as a game that loads them as assets finds them.
fn files(disk: &MemoryDisk) -> (Scenario, StartingWorld) {
    let content = |path: &str| disk.content(Path::new(path)).unwrap();
    let mut files = ScenarioFiles::of(SCENARIO);
    files.add(&content(SCENARIO)).unwrap();
    let scenario = files.finish().unwrap();
    assert_eq!(scenario.world.as_deref(), Some(WORLD));
    (scenario, StartingWorld::new(WORLD, content(WORLD)))
}

fn health_of_a_new_game(world: StartingWorld) -> Vec<u32> {
    let mut app = listening_game(&MemoryDisk::default());
    app.world_mut().spawn(Health(99));
    let new = NewSession::named("Mine").player("Ben");
    request(&mut app, |commands| commands.session().library().start_in(new, world));
    frames(&mut app, 4);
    assert_eq!(rejected(&app), []);
    let current = app.world().resource::<CurrentSession>();
    assert_eq!((current.name(), current.player()), ("Mine", Some("Ben")));
    assert!(current.fields().is_empty() && current.chapters().open().is_empty());
    app.world_mut().query::<&Health>().iter(app.world()).map(|health| health.0).collect()
}

#[test]
fn a_saved_scenario_has_the_current_world_and_no_personal_data() {
    let disk = MemoryDisk::default();
    let (mut app, session) = alices_game(&disk);
    app.world_mut().query::<&mut Health>().single_mut(app.world_mut()).unwrap().0 = 42;
    save(&mut app, session, scenario(), SCENARIO);
    assert_eq!(rejected(&app), []);
    let saved = received::<ScenarioSaved>(&app);
    let (read, world) = files(&disk);
    assert_eq!(saved[0].bytes, world.bytes().len() as u64);
    assert_eq!((&*read.key, &*read.name, &*read.difficulty), ("ruins", "Ruins", "hard"));
    assert_eq!(read.settings.get("settlers"), Some(6));

    let host = app.world().resource::<CurrentSession>().context().clone();
    let bytes = world.bytes();
    let says = |what: &str| bytes.windows(what.len()).any(|window| window == what.as_bytes());
    for personal in ["Alice", "private", "page 7", "diary", "winter", &session.to_string()] {
        assert!(!says(personal), "{personal}");
    }
    for of_the_machine in [host.cpu, host.os].iter().filter(|it| !it.is_empty()) {
        assert!(!says(of_the_machine), "{of_the_machine}");
    }
    assert!(says("Health"), "what is looked for would be found");
    assert_eq!(health_of_a_new_game(world), [42]);
}

#[test]
fn a_scenario_that_is_like_its_session_has_what_that_says_and_its_settings() {
    let (app, _) = alices_game(&MemoryDisk::default());
    let current = app.world().resource::<CurrentSession>();
    let like = Scenario::like(current.metadata(), current.fields());
    assert_eq!((&*like.name, like.version), ("Alice's secret", 1));
    assert_eq!(like.fields.names().collect::<Vec<_>>(), ["diary"]);
    assert_eq!(like.settings.get("winter"), Some(true));
    let text = like.to_text().unwrap();
    let mut read = Scenario::of_text("x.scenario.ron", &text).unwrap();
    read.key.clear();
    assert_eq!(read, like, "{text}");
}

#[test]
fn a_scenario_can_be_saved_from_a_slot_and_a_closed_session() {
    let disk = MemoryDisk::default();
    let (mut app, session) = alices_game(&disk);
    request(&mut app, |commands| commands.session().slots().save(SaveSlot::manual("Alice's slot")));
    frames(&mut app, 4);
    let slot = received::<SlotSaved>(&app)[0].slot.id;
    app.world_mut().query::<&mut Health>().single_mut(app.world_mut()).unwrap().0 = 6;
    close(&mut app);
    save(&mut app, slot, scenario(), SCENARIO);
    assert_eq!(rejected(&app), []);
    let (_, world) = files(&disk);
    assert!(!String::from_utf8_lossy(world.bytes()).contains("Alice"));
    assert_eq!(health_of_a_new_game(world), [5]);
    save(&mut app, session, scenario(), "sessions/again.scenario.ron");
    let world = disk.content(Path::new("sessions/again.world")).unwrap();
    assert_eq!(health_of_a_new_game(StartingWorld::new("again.world", world)), [6]);
}

#[test]
fn a_scenario_that_cannot_be_saved_is_refused_and_leaves_no_file() {
    let disk = MemoryDisk::default();
    let (mut app, session) = alices_game(&disk);
    for path in ["sessions/ruins.ron", "sessions/.scenario.ron", "sessions/a.b.scenario.ron"] {
        save(&mut app, session, scenario(), path);
        let refused = rejected(&app).pop().unwrap();
        assert_eq!(refused, RequestError::NotAScenario { path: path.into() });
    }
    save(&mut app, SessionId::random(), scenario(), SCENARIO);
    assert_eq!(rejected(&app).pop().unwrap(), RequestError::UnknownSession);
    request(&mut app, |commands| commands.session().library().draft(NewSession::named("Friday")));
    frames(&mut app, 3);
    let draft = received::<SessionDrafted>(&app)[0].session;
    save(&mut app, draft, scenario(), SCENARIO);
    assert_eq!(rejected(&app).pop().unwrap(), RequestError::NothingToRestore);
    assert!(disk.content(Path::new(WORLD)).is_none());

    // A scenario that is there is left as it is, and no world lies beside it that isn't its own.
    disk.put(Path::new(SCENARIO), b"mine");
    save(&mut app, session, scenario(), SCENARIO);
    assert_eq!(rejected(&app).pop().unwrap(), RequestError::FileExists { path: SCENARIO.into() });
    assert_eq!(disk.content(Path::new(SCENARIO)).unwrap(), b"mine");
    assert!(disk.content(Path::new(WORLD)).is_none());
    disk.put(Path::new(WORLD), b"mine");
    save(&mut app, session, scenario(), SCENARIO);
    assert_eq!(rejected(&app).pop().unwrap(), RequestError::FileExists { path: WORLD.into() });
    assert_eq!(disk.content(Path::new(WORLD)).unwrap(), b"mine");
    assert_eq!(received::<ScenarioSaved>(&app).len(), 0);
}
