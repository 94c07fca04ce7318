//! Nothing that was completed is forgotten, and nothing happens twice on a line.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bevy::prelude::*;
use bevy_session::checkpoints::LastCheckpoint;
use bevy_session::events::{EventQuery, EventsRead};
use bevy_session::prelude::*;
use bevy_session::recovery::RestoreStarted;
use bevy_session::testing::TestGame;
use bevy_session_play::*;

use crate::common::*;

fn town(app: &mut App) {
    app.add_objectives([
        Objective::new("town"),
        Objective::new("town/well").count(3),
        Objective::new("town/wall").needs("town/well"),
        Objective::new("sail").needs("town"),
    ]);
}

/// The changes in the log of the session, in their order.
pub fn log(game: &mut TestGame) -> Vec<ObjectiveChange> {
    let session = game.app().world().resource::<CurrentSession>().id();
    let types = vec![ObjectiveChange::TYPE_PATH.to_owned()];
    let query = EventQuery { types, limit: 10_000, newest_first: false, ..EventQuery::of(session) };
    game.request(|commands| commands.session().events().read(query)).frames(3);
    let messages = game.app().world().resource::<Messages<EventsRead>>();
    let mut cursor = messages.get_cursor();
    let read = cursor.read(messages).last().unwrap();
    let page = read.result.clone().unwrap();
    page.events.iter().map(|event| event.decode().unwrap()).collect()
}

pub fn completions(changes: &[ObjectiveChange]) -> Vec<&str> {
    let completed = changes.iter().filter(|it| it.step == ObjectiveStep::Completed);
    completed.map(|it| it.key.as_str()).collect()
}

#[test]
fn objective_changes_after_the_checkpoint_are_repeated_once_after_a_crash() {
    let mut game = started(town);
    game.checkpoint("before").unwrap();
    ask(&mut game, |objectives| objectives.advance("town/well", 3));
    game.frames(2);
    ask(&mut game, |objectives| objectives.complete("town/wall"));
    game.frames(1);
    let before = objectives(&game).list();
    let closed = objectives(&game).get("town/wall").unwrap().saved().closed();
    heard(&mut game);
    for _ in 0..3 {
        game.crash_and_restart().recover().unwrap();
        game.frames(2);
        assert_eq!(objectives(&game).list(), before);
        assert_eq!(objectives(&game).get("town/wall").unwrap().saved().closed(), closed);
        let heard = heard(&mut game);
        let of = |what: &str| heard.iter().filter(|it| it.starts_with(what)).count();
        assert_eq!((of("completed"), of("advanced"), of("available")), (3, 1, 2), "{heard:?}");
    }
    assert_eq!(completions(&log(&mut game)), ["town/well", "town/wall", "town"]);
    // From the next checkpoint on it isn't handed out any more.
    game.checkpoint("after").unwrap();
    game.frames(1).crash_and_restart().recover().unwrap();
    game.frames(2);
    assert_eq!(heard(&mut game), [""; 0]);
    assert_eq!(objectives(&game).list(), before);
}

#[test]
fn observers_see_the_new_state_even_after_a_crash() {
    let mut game = started(|app| {
        town(app);
        app.add_observer(|completed: On<ObjectiveCompleted>, objectives: Res<Objectives>| {
            let state = objectives.get(&completed.key).unwrap().state();
            assert_eq!(state, ObjectiveState::Completed);
        });
    });
    ask(&mut game, |objectives| objectives.complete("town/well"));
    game.frames(1).crash_and_restart().recover().unwrap();
    game.frames(2);
    assert_eq!(heard_of(&mut game, "completed"), ["completed town/well"]);
}

#[test]
fn an_objective_completes_again_after_a_rewind() {
    let mut game = started(town);
    let before = game.checkpoint("before").unwrap();
    ask(&mut game, |objectives| objectives.complete("town/well"));
    game.checkpoint("after").unwrap();
    heard(&mut game);
    game.request(|commands| commands.session().rewind(RewindTo::Checkpoint(before))).frames(4);
    assert_eq!(standing(&game, "town/well"), "open");
    assert_eq!(standing(&game, "town/wall"), "locked");
    ask(&mut game, |objectives| objectives.complete("town/well"));
    assert_eq!(heard_of(&mut game, "completed"), ["completed town/well"]);
    assert_eq!(completions(&log(&mut game)), ["town/well"]);
    game.frames(1).crash_and_restart().recover().unwrap();
    game.frames(2);
    assert_eq!(standing(&game, "town/well"), "completed");
}

#[test]
fn a_request_made_before_a_restore_is_rejected() {
    let mut game = started(|app| {
        town(app);
        app.add_observer(|_: On<RestoreStarted>, mut commands: Commands| {
            commands.objectives().advance("town/well", 1);
        })
        .add_observer(|_: On<SessionRestored>, mut commands: Commands| {
            commands.objectives().advance("town/well", 2);
        });
    });
    let before = game.checkpoint("before").unwrap();
    game.seconds(1.0);
    heard(&mut game);
    game.request(|commands| commands.session().rewind(RewindTo::Checkpoint(before))).frames(4);
    let expected = [
        "rejected town/well a restore has replaced the world in which it was asked for",
        "advanced town/well 2/3",
    ];
    assert_eq!(heard(&mut game), expected);
    assert_eq!(log(&mut game).len(), 1, "state and events should agree");
}

#[test]
fn a_restore_that_the_game_cancels_loses_no_request() {
    let mut game = started(|app| {
        town(app);
        app.restore_session_when(|| false);
    });
    let before = game.checkpoint("before").unwrap();
    game.request(|commands| commands.session().rewind(RewindTo::Checkpoint(before))).frames(2);
    // It waits for its gate, and what happens meanwhile is recorded by no line.
    for _ in 0..3 {
        ask(&mut game, |objectives| objectives.advance("town/well", 1));
    }
    assert_eq!(objectives(&game).get("town/well").unwrap().done(), 0);
    game.request(|commands| commands.session().cancel_restore()).frames(3);
    assert_eq!(standing(&game, "town/well"), "completed");
    assert_eq!(completions(&log(&mut game)), ["town/well"], "the log has what the world has");
}

#[test]
fn a_panicking_condition_neither_loses_nor_repeats_completions() {
    #[derive(Resource)]
    struct Bomb;
    let mut game = started(|app| {
        town(app);
        app.add_objectives([Objective::new("bath"), Objective::new("inn")])
            .complete_objective("bath", water_is(10))
            .complete_objective("inn", |bomb: Option<Res<Bomb>>| {
                assert!(bomb.is_none(), "the condition was to panic");
                false
            });
    });
    ask(&mut game, |objectives| objectives.complete("town/well"));
    water(&mut game, 10);
    game.world().insert_resource(Bomb);
    game.request(|commands| commands.objectives().complete("town/wall"));
    let died = catch_unwind(AssertUnwindSafe(|| {
        game.app_mut().update();
    }));
    assert!(died.is_err());
    game.crash_and_restart().recover().unwrap();
    game.frames(2);
    // What came before the last frame is there; nothing of the last frame was recorded or saved.
    assert_eq!(standing(&game, "town/well"), "completed");
    assert_eq!((standing(&game, "bath"), standing(&game, "town/wall")), ("open", "open"));
    water(&mut game, 10);
    ask(&mut game, |objectives| objectives.complete("town/wall"));
    let completed = ["town/well", "bath", "town/wall", "town"];
    let mut in_log =
        completions(&log(&mut game)).into_iter().map(str::to_owned).collect::<Vec<_>>();
    in_log.sort_unstable();
    let mut completed = completed.map(str::to_owned);
    completed.sort_unstable();
    assert_eq!(in_log, completed);
}

#[test]
fn an_objective_spawned_after_a_crash_gets_its_earlier_progress() {
    let mut game = started(town);
    game.checkpoint("before").unwrap();
    game.world().spawn(Objective::new("forest/cat"));
    game.frames(1);
    ask(&mut game, |objectives| objectives.complete("forest/cat"));
    game.frames(1).crash_and_restart().recover().unwrap();
    game.frames(2);
    assert_eq!(standing(&game, "forest/cat"), "absent", "it was spawned after the checkpoint");
    assert_eq!(heard_of(&mut game, "completed"), [""; 0]);
    // A checkpoint holds what waits, and a second crash changes nothing.
    game.checkpoint("again").unwrap();
    game.crash_and_restart().recover().unwrap();
    game.frames(2);
    game.world().spawn(Objective::new("forest/cat"));
    game.frames(1);
    assert_eq!(standing(&game, "forest/cat"), "completed");
    assert_eq!(heard_of(&mut game, "completed"), ["completed forest/cat"]);
    assert_eq!(completions(&log(&mut game)), ["forest/cat"]);
}

#[test]
fn another_session_begins_with_objectives_of_its_own() {
    let mut game = started(town);
    ask(&mut game, |objectives| objectives.complete("town/well"));
    game.world().spawn(Objective::new("forest/cat"));
    game.frames(1);
    game.request(|commands| commands.session().end(EndReason::Completed, LeaveCause::Player))
        .frames(3);
    assert_eq!(standing(&game, "town/well"), "completed", "a last screen may show it");
    game.start(NewSession::named("Second")).unwrap();
    assert_eq!(standing(&game, "town/well"), "open");
    assert_eq!(standing(&game, "forest/cat"), "open", "what the game spawned is the game's");
    assert_eq!(problems(&game), []);
    let last: Option<LastCheckpoint> =
        game.app().world().resource::<CurrentSession>().last_checkpoint();
    assert!(last.is_some());
}
