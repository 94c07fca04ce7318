//! Entries in lists before anything is restored, and changes to a session's metadata.

// Feature: Lists have fields, states and progress of a session that isn't played, and edit it.
// Page: guide/ends-and-lists.md#what-a-list-shows

use bevy::prelude::*;
use bevy_session::checkpoints::CheckpointSummary;
use bevy_session::external::Operation;
use bevy_session::library::SessionPriority;
use bevy_session::library::{SessionEntry, SessionUpdated};
use bevy_session::prelude::*;
use bevy_session::slots::SlotKind;
use bevy_session::{MemoryDisk, RequestError, SessionId, SessionUpdate};

use crate::common::*;

fn game_of(disk: &MemoryDisk) -> App {
    let mut app = game_with(plugin(disk), |app| {
        listen::<SlotSaved>(app);
        listen::<SessionUpdated>(app);
        listen::<RequestRejected>(app);
        listen::<CheckpointSaved>(app);
    });
    frames(&mut app, 2);
    app
}

fn entry(app: &App, session: SessionId) -> SessionEntry {
    app.world().resource::<SessionCatalog>().get(session).expect("it is listed").clone()
}

fn set_mission(app: &mut App, mission: u32) {
    let mut session = app.world_mut().resource_mut::<CurrentSession>();
    session.set("mission", &mission).unwrap();
    session.set(CheckpointSummary::PROGRESS, &(mission as f32 / 10.0)).unwrap();
    session.set(CheckpointSummary::OBJECTIVE, "Find the lamp").unwrap();
}

fn phase_and_mission(summary: &CheckpointSummary) -> (Option<&str>, Option<u32>) {
    (summary.states.get("Phase").map(String::as_str), summary.fields.get("mission"))
}

/// Plays in three steps, with a deed between the second and the third that changes no field.
fn played(app: &mut App) -> SessionId {
    app.world_mut().spawn(Health(1));
    start(app, "Listed");
    let id = app.world().resource::<CurrentSession>().id();
    set_mission(app, 2);
    request(app, |commands| commands.session().checkpoint("menu"));
    frames(app, 2);
    app.world_mut().resource_mut::<NextState<Phase>>().set(Phase::Playing);
    app.update();
    set_mission(app, 3);
    request(app, |commands| commands.session().checkpoint("playing"));
    frames(app, 2);
    app.world_mut().resource_mut::<Score>().0 = 9;
    request(app, |commands| commands.session().checkpoint("later"));
    frames(app, 2);
    id
}

#[test]
fn fields_and_states_are_known_before_anything_is_restored() {
    let disk = MemoryDisk::default();
    let mut app = game_of(&disk);
    let id = played(&mut app);
    request(&mut app, |commands| commands.session().slots().save(SaveSlot::manual("Camp")));
    frames(&mut app, 4);

    let app = game_of(&disk.snapshot());
    let listed = entry(&app, id);
    assert_eq!(phase_and_mission(&listed.summary), (Some("Playing"), Some(3)));
    assert_eq!(listed.summary.progress(), Some(0.3));
    assert_eq!(listed.summary.objective().as_deref(), Some("Find the lamp"));
    let slot = &app.world().resource::<SessionCatalog>().slots()[0];
    assert_eq!(slot.kind, SlotKind::Manual);
    assert_eq!(phase_and_mission(&slot.summary), (Some("Playing"), Some(3)));

    let offer = &app.world().resource::<RecoveryOffers>().offers()[0];
    let of = |label: &str| {
        let found = offer.checkpoints.iter().find(|it| it.label.as_deref() == Some(label));
        &found.expect("it is offered").summary
    };
    assert_eq!(phase_and_mission(of("menu")), (Some("Menu"), Some(2)));
    assert_eq!(phase_and_mission(of("later")), (Some("Playing"), Some(3)), "nothing changed");
    let change = of("later").state_changes.last().unwrap();
    assert_eq!((change.from.as_deref(), change.to.as_deref()), (Some("Menu"), Some("Playing")));
    assert!(offer.checkpoints.iter().all(|listed| !listed.thumbnail));
}

#[test]
fn merging_keeps_what_lists_show() {
    let disk = MemoryDisk::default();
    let mut app = game_of(&disk);
    let id = played(&mut app);
    // Deltas that say nothing about fields, and a merge of all of them.
    for health in 0..40 {
        let world = app.world_mut();
        world.query::<&mut Health>().single_mut(world).unwrap().0 = health;
        seconds(&mut app, 6.0);
    }
    let app = game_of(&disk.snapshot());
    assert_eq!(phase_and_mission(&entry(&app, id).summary), (Some("Playing"), Some(3)));
}

#[test]
fn an_offered_checkpoint_says_whether_it_has_a_picture() {
    let disk = MemoryDisk::default();
    let mut app = game_of(&disk);
    start(&mut app, "Pictured");
    request(&mut app, |commands| commands.session().checkpoint("view"));
    frames(&mut app, 2);
    let checkpoint = received::<CheckpointSaved>(&app).pop().unwrap().checkpoint;
    request(&mut app, |commands| {
        commands.session().attachments().attach(checkpoint, "thumbnail", vec![1, 2, 3]);
    });
    frames(&mut app, 3);
    let app = game_of(&disk.snapshot());
    let offer = &app.world().resource::<RecoveryOffers>().offers()[0];
    let pictured: Vec<bool> = offer.checkpoints.iter().map(|listed| listed.thumbnail).collect();
    let expected: Vec<bool> = offer.checkpoints.iter().map(|it| it.id == checkpoint).collect();
    assert_eq!(pictured, expected);
    assert!(pictured.contains(&true));
}

fn edit() -> SessionUpdate {
    let update = SessionUpdate::default().name("Renamed").description("Of old");
    update.priority(SessionPriority::High).field("mission", &8_u32).unwrap()
}

#[test]
fn a_session_that_is_not_played_is_edited_durably_at_its_newest_checkpoint() {
    let disk = MemoryDisk::default();
    let mut app = game_of(&disk);
    let id = played(&mut app);
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 3);
    request(&mut app, |commands| commands.session().library().update(id, edit()));
    frames(&mut app, 3);
    assert_eq!(received::<SessionUpdated>(&app).pop().unwrap().session, id);
    let here = entry(&app, id);
    assert_eq!((&*here.session.name, here.session.priority), ("Renamed", SessionPriority::High));
    assert_eq!(phase_and_mission(&here.summary), (Some("Playing"), Some(8)));

    let disk = disk.snapshot();
    let mut app = game_of(&disk);
    let listed = entry(&app, id);
    assert_eq!((listed.session, listed.summary), (here.session, here.summary));
    request(&mut app, |commands| commands.session().continue_session(id));
    frames(&mut app, 4);
    let current = app.world().resource::<CurrentSession>();
    assert_eq!((current.name(), current.description()), ("Renamed", "Of old"));
    assert_eq!((current.get("mission"), current.priority()), (Some(8), SessionPriority::High));
    assert_eq!(
        current.get::<String>(CheckpointSummary::OBJECTIVE).as_deref(),
        Some("Find the lamp")
    );
    // It stays so after the next crash, and an older checkpoint keeps its own.
    let mut app = game_of(&disk.snapshot());
    assert_eq!(phase_and_mission(&entry(&app, id).summary).1, Some(8));
    let offer = app.world().resource::<RecoveryOffers>().offers()[0].clone();
    let menu = offer.checkpoints.iter().find(|it| it.label.as_deref() == Some("menu")).unwrap();
    assert_eq!(menu.summary.fields.get("mission"), Some(2));
    let menu = menu.id;
    request(&mut app, |commands| {
        commands.session().recover(id, RestoreFrom::Checkpoint(menu));
    });
    frames(&mut app, 4);
    let current = app.world().resource::<CurrentSession>();
    assert_eq!((current.name(), current.get("mission")), ("Renamed", Some(2)));
}

#[test]
fn a_crashed_session_is_edited_and_still_offered() {
    let disk = MemoryDisk::default();
    let mut app = game_of(&disk);
    let id = played(&mut app);
    let mut app = game_of(&disk.snapshot());
    request(&mut app, |commands| commands.session().library().update(id, edit()));
    frames(&mut app, 3);
    let offer = app.world().resource::<RecoveryOffers>().of(id).next().cloned().unwrap();
    assert_eq!((&*offer.session.name, offer.fields.get("mission")), ("Renamed", Some(8)));
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
    frames(&mut app, 4);
    let current = app.world().resource::<CurrentSession>();
    assert_eq!((current.name(), current.get("mission")), ("Renamed", Some(8)));
}

#[test]
fn the_played_session_can_be_edited() {
    let mut app = game_of(&MemoryDisk::default());
    let id = played(&mut app);
    request(&mut app, |commands| commands.session().library().update(id, edit()));
    frames(&mut app, 2);
    let current = app.world().resource::<CurrentSession>();
    assert_eq!((current.name(), current.get("mission")), ("Renamed", Some(8)));
}

#[test]
fn an_edit_that_cannot_be_made_changes_nothing_and_says_why() {
    let disk = MemoryDisk::default();
    let mut app = game_of(&disk);
    let id = played(&mut app);
    // Another process plays it.
    let mut other = game_of(&disk);
    request(&mut other, |commands| commands.session().library().update(id, edit()));
    frames(&mut other, 3);
    let error = |app: &App| received::<RequestRejected>(app).pop().map(|rejected| rejected.error);
    assert_eq!(error(&other), Some(RequestError::SessionInUse));
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 3);
    request(&mut other, |commands| {
        commands.session().library().update(SessionId::random(), edit());
    });
    frames(&mut other, 3);
    assert_eq!(error(&other), Some(RequestError::UnknownSession));
    request(&mut other, |commands| {
        let update = SessionUpdate::default().name("x".repeat(1 << 20));
        commands.session().library().update(id, update);
    });
    frames(&mut other, 3);
    assert!(matches!(error(&other), Some(RequestError::TextTooLong { .. })), "{:?}", error(&other));
    disk.fail_next(Operation::Create, std::io::ErrorKind::StorageFull);
    request(&mut other, |commands| commands.session().library().update(id, edit()));
    frames(&mut other, 3);
    assert!(matches!(error(&other), Some(RequestError::Store(_))), "{:?}", error(&other));
    let app = game_of(&disk.snapshot());
    assert_eq!(entry(&app, id).session.name, "Listed");
}
