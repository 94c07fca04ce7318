//! While an earlier moment of the session is read, or waits for its gate: whether it comes isn't known yet, and the game goes on.

use bevy::prelude::*;
use bevy_session::events::{EventQuery, EventsRead, RecordingExt};
use bevy_session::library::{SessionQuery, ShelfMove};
use bevy_session::prelude::*;
use bevy_session::recovery::RestoreCancelled;
use bevy_session::{CheckpointCaptured, MemoryDisk, SessionRestored, SessionStatus};
use serde::{Deserialize, Serialize};

use crate::common::{
    Game, Health, Score, frames, game_with, listen, plugin, received, request, start,
};

/// Turns between an order and its answer.
const DELAY: usize = 12;

#[derive(Message, TypePath, Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
struct Dug(u32);

/// True once the level is there.
#[derive(Resource)]
struct OpenGate;

/// A game whose state isn't saved. What is played goes with its state.
fn game(plugin: SessionPlugin, hooks: impl FnOnce(&mut App)) -> App {
    game_with(plugin, |app| {
        app.init_state::<Game>()
            .checkpoint_session_while(in_state(Game::Playing))
            .add_message::<Dug>()
            .record_messages::<Dug>()
            .add_systems(OnExit(Game::Playing), |mut score: ResMut<Score>| score.0 = 0);
        listen::<CheckpointCaptured>(app);
        listen::<EventsRead>(app);
        listen::<RestoreCancelled>(app);
        listen::<SessionRestored>(app);
        hooks(app);
    })
}

fn enter(app: &mut App, state: Game) {
    app.world_mut().resource_mut::<NextState<Game>>().set(state);
    frames(app, 1);
}

fn set_score(app: &mut App, score: u32) {
    app.world_mut().resource_mut::<Score>().0 = score;
}

/// Saves the moment under this name, and lets it become durable.
fn save(app: &mut App, label: &str) {
    request(app, |commands| commands.session().checkpoint(label.to_owned()));
    frames(app, 4 * DELAY);
}

/// Goes back to the checkpoint with this name.
fn rewind_to(app: &mut App, label: &str) {
    let timeline = app.world().resource::<CurrentSession>().timeline();
    let wanted = timeline.checkpoints.iter().find(|it| it.label.as_deref() == Some(label));
    let wanted = wanted.expect("it should be on the timeline").id;
    request(app, |commands| commands.session().rewind(RewindTo::Checkpoint(wanted)));
}

/// A session with a score of 5, saved as "here", and of 6 now. The game asks to go back.
fn going_back(disk: &MemoryDisk) -> App {
    let mut app = game(plugin(disk).writer_delay(DELAY as u64), |_| {});
    frames(&mut app, 2 * DELAY);
    enter(&mut app, Game::Playing);
    request(&mut app, |commands| commands.session().start(NewSession::named("Back")));
    frames(&mut app, 4 * DELAY);
    set_score(&mut app, 5);
    save(&mut app, "here");
    set_score(&mut app, 6);
    frames(&mut app, 1);
    rewind_to(&mut app, "here");
    frames(&mut app, 2);
    assert_eq!(received::<SessionRestored>(&app).len(), 0, "it is still being read");
    app
}

/// The score of the session where it goes on, in another process.
fn score_of_the_session(disk: &MemoryDisk) -> u32 {
    let mut app = game(plugin(&disk.snapshot()), |_| {});
    frames(&mut app, 2);
    enter(&mut app, Game::Playing);
    request(&mut app, |commands| {
        commands.session().start_or_continue(NewSession::named("Back"));
    });
    frames(&mut app, 4);
    assert_eq!(received::<SessionRestored>(&app).len(), 1);
    app.world().resource::<Score>().0
}

#[test]
fn a_menu_entered_while_a_rewind_is_read_is_not_saved_by_an_exit() {
    let disk = MemoryDisk::default();
    let mut app = going_back(&disk);
    enter(&mut app, Game::Menu);
    app.world_mut().write_message(AppExit::Success);
    frames(&mut app, 1);
    assert_eq!(score_of_the_session(&disk), 6);
}

#[test]
fn a_menu_entered_in_the_frame_of_an_exit_is_not_saved() {
    let disk = MemoryDisk::default();
    let mut app = going_back(&disk);
    app.world_mut().resource_mut::<NextState<Game>>().set(Game::Menu);
    app.world_mut().write_message(AppExit::Success);
    frames(&mut app, 1);
    assert_eq!(score_of_the_session(&disk), 6);
}

#[test]
fn a_menu_in_which_a_rewind_is_cancelled_is_not_saved() {
    let disk = MemoryDisk::default();
    let mut app = going_back(&disk);
    enter(&mut app, Game::Menu);
    request(&mut app, |commands| commands.session().cancel_restore());
    // Time for several checkpoints.
    frames(&mut app, 900);
    assert_eq!(received::<RestoreCancelled>(&app).len(), 1);
    assert_eq!(score_of_the_session(&disk), 6);
}

#[test]
fn events_during_a_cancelled_rewind_are_recorded() {
    let mut app = game(plugin(&MemoryDisk::default()), |app| {
        app.restore_session_when(|gate: Option<Res<OpenGate>>| gate.is_some());
    });
    enter(&mut app, Game::Playing);
    start(&mut app, "Dug");
    app.world_mut().spawn(Health(1));
    save(&mut app, "here");
    rewind_to(&mut app, "here");
    for number in 0..6 {
        app.world_mut().write_message(Dug(number));
        frames(&mut app, 1);
    }
    request(&mut app, |commands| commands.session().cancel_restore());
    frames(&mut app, 3);
    assert_eq!(received::<RestoreCancelled>(&app).len(), 1);
    let session = app.world().resource::<CurrentSession>().id();
    let query = EventQuery {
        types: vec![Dug::type_path().to_owned()],
        newest_first: false,
        ..EventQuery::of(session)
    };
    request(&mut app, |commands| commands.session().events().read(query));
    frames(&mut app, 3);
    let page = received::<EventsRead>(&app).pop().and_then(|read| read.result.ok());
    let page = page.expect("the events should be read");
    let dug = page.events.iter().map(|event| event.decode::<Dug>().expect("one of those").0);
    assert_eq!(dug.collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
}

#[test]
fn requests_behind_a_load_that_waits_for_its_slot_are_done() {
    let mut app = game(plugin(&MemoryDisk::default()).writer_delay(60), |_| {});
    enter(&mut app, Game::Playing);
    request(&mut app, |commands| commands.session().start(NewSession::named("Played")));
    frames(&mut app, 260);
    request(&mut app, |commands| commands.session().slots().save(SaveSlot::manual("Camp")));
    frames(&mut app, 260);
    let slot = app.world().resource::<SessionCatalog>().slots()[0].id;
    request(&mut app, |commands| {
        commands.session().slots().save(SaveSlot::manual("Hill"));
        commands.session().slots().load(slot);
    });
    frames(&mut app, 1);
    // What is asked in the same frame may mean the session of the slot.
    request(&mut app, |commands| {
        commands.session().checkpoint("boss");
        commands.session().pause();
    });
    frames(&mut app, 5);
    let captured = received::<CheckpointCaptured>(&app);
    assert!(captured.iter().any(|it| it.label.as_deref() == Some("boss")), "{captured:?}");
    assert_eq!(app.world().resource::<CurrentSession>().status(), SessionStatus::Paused);
    assert_eq!(received::<SessionRestored>(&app).len(), 0, "the slot isn't written yet");
    frames(&mut app, 400);
    assert_eq!(received::<SessionRestored>(&app).len(), 1);
}

#[test]
fn a_load_restores_its_slot_as_it_was_before_a_later_save() {
    let mut app = game(plugin(&MemoryDisk::default()).writer_delay(DELAY as u64), |_| {});
    enter(&mut app, Game::Playing);
    request(&mut app, |commands| commands.session().start(NewSession::named("Played")));
    frames(&mut app, 5 * DELAY);
    let quick_save = |app: &mut App, score| {
        set_score(app, score);
        request(app, |commands| commands.session().slots().quick_save());
        frames(app, 1);
    };
    quick_save(&mut app, 5);
    frames(&mut app, 5 * DELAY);
    quick_save(&mut app, 6);
    request(&mut app, |commands| commands.session().slots().quick_load());
    frames(&mut app, 1);
    quick_save(&mut app, 7);
    frames(&mut app, 20 * DELAY);
    assert_eq!(received::<SessionRestored>(&app).len(), 1);
    assert_eq!(app.world().resource::<Score>().0, 6);
}

#[test]
fn a_session_planned_after_an_edit_of_all_is_not_edited() {
    let mut app = game(plugin(&MemoryDisk::default()), |_| {});
    request(&mut app, |commands| {
        let mut session = commands.session();
        session.library().edit_all(SessionQuery::default(), ShelfMove::Delete);
        session.library().draft(NewSession::named("New"));
    });
    frames(&mut app, 20);
    let catalog = app.world().resource::<SessionCatalog>();
    let found = catalog.query(&SessionQuery::default());
    let found: Vec<_> = found.entries.iter().map(|it| &*it.session.name).collect();
    assert_eq!(found, ["New"]);
}
