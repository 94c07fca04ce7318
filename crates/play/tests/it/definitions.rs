//! Where objectives come from: builds, older builds, scenarios and the game.

// Feature: Objectives that can't be completed are named; those of a newer build keep progress.

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::scenarios::Scenario;
use bevy_session::testing::TestGame;
use bevy_session_play::*;

use crate::common::*;
use crate::crashes::{completions, log};

/// Which build of the game is started next.
fn builds(builds: Vec<fn(&mut App)>) -> TestGame {
    let next = std::sync::atomic::AtomicUsize::new(0);
    game_with(move |app| {
        let build = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        builds[build.min(builds.len() - 1)](app);
    })
}

#[test]
fn a_newer_build_changes_definitions_and_keeps_progress() {
    let mut game = builds(vec![
        |app| {
            app.add_objectives([
                Objective::new("well").title("Dig").count(2),
                Objective::new("old_wall"),
                Objective::new("inn"),
            ]);
        },
        |app| {
            app.add_objectives([
                Objective::new("well").title("Dig five wells").count(5),
                Objective::new("town/wall").renamed_from("older_wall").renamed_from("old_wall"),
                Objective::new("bath"),
            ]);
        },
    ]);
    game.start(NewSession::named("Frontier")).unwrap();
    ask(&mut game, |objectives| {
        objectives.advance("well", 1);
        objectives.complete("inn");
    });
    game.checkpoint("here").unwrap();
    // No checkpoint has this, and the log knows it by its old key.
    ask(&mut game, |objectives| objectives.complete("old_wall"));
    game.frames(1).crash_and_restart().recover().unwrap();
    game.frames(2);
    let well = objectives(&game).get("well").unwrap();
    assert_eq!((well.title(), well.row().done, well.row().count), ("Dig five wells", 1, 5));
    assert_eq!((standing(&game, "town/wall"), standing(&game, "bath")), ("completed", "open"));
    assert_eq!(standing(&game, "old_wall"), "completed", "its former key finds it");
    assert_eq!(standing(&game, "inn"), "absent");
    assert_eq!(problems(&game), [ObjectiveProblem::Retired { key: "inn".into() }]);
    let mut retired = game.world().query_filtered::<&ObjectiveProgress, With<ObjectiveRetired>>();
    let world = game.app().world();
    assert_eq!(retired.single(world).unwrap().state(), ObjectiveState::Completed);
}

#[test]
fn a_retired_objective_returns_with_its_progress() {
    let mut game = builds(vec![
        |app| {
            app.add_objectives([Objective::new("well"), Objective::new("inn")]);
        },
        |app| {
            app.add_objective(Objective::new("well"));
        },
        |app| {
            app.add_objectives([Objective::new("well"), Objective::new("inn")]);
        },
    ]);
    game.start(NewSession::named("Frontier")).unwrap();
    ask(&mut game, |objectives| objectives.complete("inn"));
    assert_eq!(objectives(&game).progress(), 0.5);
    game.checkpoint("here").unwrap();
    game.frames(1).crash_and_restart().recover().unwrap();
    game.frames(2);
    assert_eq!(objectives(&game).progress(), 0.0, "what is retired doesn't count");
    game.checkpoint("here").unwrap();
    game.frames(1).crash_and_restart().recover().unwrap();
    game.frames(2);
    assert_eq!((standing(&game, "inn"), objectives(&game).progress()), ("completed", 0.5));
    assert_eq!(problems(&game), []);
}

#[test]
fn a_spawned_objective_keeps_its_saved_definition() {
    let mut game = started(|app| {
        app.add_objective(Objective::new("well"));
    });
    game.world().spawn(Objective::new("forest/cat").title("Find the cat").count(2).needs("well"));
    game.frames(1);
    ask(&mut game, |objectives| objectives.complete("well"));
    ask(&mut game, |objectives| objectives.advance("forest/cat", 1));
    game.checkpoint("here").unwrap();
    let before = objectives(&game).list();
    game.exit_and_restart().continue_newest().unwrap();
    game.frames(2);
    assert_eq!(objectives(&game).list(), before);
    assert_eq!(objectives(&game).get("forest/cat").unwrap().title(), "Find the cat");
}

#[test]
fn a_scenario_brings_objectives_of_its_own() {
    let text = r#"(
        name: "Frontier",
        fields: {"objectives": [
            (key: "town", title: "Found a town"),
            (key: "town/well", count: 3, expected: 600, needs: ["sail"]),
            (key: "town/inn", optional: true, weight: 0.5),
        ]},
    )"#;
    let scenario = Scenario::of_text("frontier.scenario.ron", text).unwrap();
    let mut game = game_with(|app| {
        app.add_objective(Objective::new("sail"));
    });
    game.start(scenario.new_session()).unwrap();
    assert_eq!(problems(&game), []);
    assert_eq!(standing(&game, "town/well"), "locked");
    let expected = objectives(&game).get("town").unwrap().expected();
    assert_eq!(expected, Some(std::time::Duration::from_secs(600)));
    ask(&mut game, |objectives| objectives.complete("sail"));
    ask(&mut game, |objectives| objectives.advance("town/well", 3));
    game.exit_and_restart().continue_newest().unwrap();
    game.frames(2);
    assert_eq!((standing(&game, "town"), objectives(&game).len()), ("completed", 4));
    // The next session has none of it.
    game.request(|commands| commands.session().end(EndReason::Completed, LeaveCause::Player))
        .frames(3);
    game.start(NewSession::named("Plain")).unwrap();
    assert_eq!(objectives(&game).len(), 1);
}

#[test]
fn an_unreadable_list_of_objectives_is_a_problem() {
    let mut game = game_with(|app| {
        app.add_objective(Objective::new("sail"));
    });
    game.start(NewSession::named("Frontier").field(OBJECTIVES, &"none").unwrap()).unwrap();
    assert_eq!(problems(&game), [ObjectiveProblem::UnreadableList]);
    assert_eq!(standing(&game, "sail"), "open");
}

#[test]
fn despawned_and_changed_objectives_update_their_group() {
    let mut game = started(|app| {
        app.add_objective(Objective::new("town").count(2));
    });
    let cat = game.world().spawn(Objective::new("town/cat")).id();
    let dog = game.world().spawn(Objective::new("town/dog")).id();
    game.frames(1);
    ask(&mut game, |objectives| objectives.complete("town/cat"));
    assert_eq!(standing(&game, "town"), "open");
    game.world().despawn(dog);
    game.frames(1);
    assert_eq!(standing(&game, "town"), "completed", "all that is left in it is done");
    game.world().entity_mut(cat).insert(Objective::new("cat"));
    game.frames(1);
    assert_eq!((standing(&game, "cat"), objectives(&game).len()), ("completed", 2));
}

#[test]
fn completions_of_a_newer_build_follow_those_handed_out_after_a_crash() {
    let town = |app: &mut App| {
        app.add_objectives([Objective::new("well"), Objective::new("bath")]);
    };
    let mut game = builds(vec![town, |app| {
        app.add_objectives([Objective::new("well"), Objective::new("bath")])
            .complete_objective("bath", water_is(0));
    }]);
    game.start(NewSession::named("Frontier")).unwrap();
    game.checkpoint("here").unwrap();
    ask(&mut game, |objectives| objectives.complete("well"));
    game.frames(1).crash_and_restart().recover().unwrap();
    game.frames(3);
    assert_eq!((standing(&game, "well"), standing(&game, "bath")), ("completed", "completed"));
    assert_eq!(completions(&log(&mut game)), ["well", "bath"]);
}
