//! Objectives are completed and failed by conditions and requests, and what follows from it.

// Feature: Objectives have a tree, needs, counts, weights, blockers and conditions.
// Page: guide/objectives.md

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session_play::*;

use crate::common::*;

fn town(app: &mut App) {
    app.add_objectives([
        Objective::new("town").title("Found a town"),
        Objective::new("town/well").count(3),
        Objective::new("town/wall").needs("town/well"),
        Objective::new("town/inn").optional(),
        Objective::new("sail").needs("town"),
    ]);
}

#[test]
fn a_condition_completes_within_the_checkpoint_of_its_frame() {
    let mut game = started(|app| {
        app.add_objective(Objective::new("well")).complete_objective("well", water_is(10));
    });
    game.frames(3);
    assert_eq!(standing(&game, "well"), "open");
    water(&mut game, 10);
    game.request(|commands| commands.session().checkpoint("full"));
    game.frames(1);
    assert_eq!(standing(&game, "well"), "completed");
    assert_eq!(heard(&mut game), ["available well", "completed well"]);
    game.frames(1).crash_and_restart().recover().unwrap();
    game.frames(3);
    assert_eq!(standing(&game, "well"), "completed");
    assert_eq!(heard(&mut game), [""; 0], "the checkpoint of that frame has it");
}

#[test]
fn counts_complete_objectives_and_unlock_needs_and_groups() {
    let mut game = started(town);
    assert_eq!(standing(&game, "town/wall"), "locked");
    let missing = ObjectiveStanding::Locked { missing: vec!["town/well".into()] };
    assert_eq!(objectives(&game).get("town/wall").unwrap().standing(), missing);
    heard(&mut game);

    ask(&mut game, |objectives| objectives.advance("town/well", 2));
    assert_eq!(heard(&mut game), ["advanced town/well 2/3"]);
    assert_eq!(objectives(&game).get("town/well").unwrap().progress(), 2.0 / 3.0);
    ask(&mut game, |objectives| objectives.advance("town/well", 5));
    let expected = ["advanced town/well 3/3", "completed town/well", "available town/wall"];
    assert_eq!(heard(&mut game), expected);
    ask(&mut game, |objectives| objectives.complete("town/wall"));
    assert_eq!(heard(&mut game), ["completed town/wall", "completed town", "available sail"]);
    assert_eq!((standing(&game, "town/inn"), standing(&game, "sail")), ("open", "open"));
    assert_eq!(objectives(&game).progress(), 0.5);
}

#[test]
fn reaching_a_count_repeatedly_counts_once() {
    let mut game = started(town);
    heard(&mut game);
    ask(&mut game, |objectives| objectives.reach("town/well", 2));
    ask(&mut game, |objectives| objectives.reach("town/well", 2));
    ask(&mut game, |objectives| objectives.reach("town/well", 1));
    assert_eq!(heard(&mut game), ["advanced town/well 2/3"], "counts go up only");
    ask(&mut game, |objectives| objectives.reach("town/well", 3));
    ask(&mut game, |objectives| objectives.reach("town/well", 3));
    let expected = ["advanced town/well 3/3", "completed town/well", "available town/wall"];
    assert_eq!(heard(&mut game), expected, "what is closed stays as it is");
    ask(&mut game, |objectives| objectives.reach("sail", 1));
    assert_eq!(heard(&mut game), ["rejected sail it is locked"]);
}

#[test]
fn a_count_that_is_reached_again_after_a_crash_counts_once() {
    let mut game = started(town);
    game.request(|commands| commands.session().checkpoint("before")).frames(3);
    // The log of events has it, and no checkpoint: what the world had goes back.
    ask(&mut game, |objectives| objectives.reach("town/well", 2));
    game.frames(1).crash_and_restart().recover().unwrap();
    game.frames(3);
    assert_eq!(objectives(&game).get("town/well").unwrap().saved().done(), 2);
    ask(&mut game, |objectives| objectives.reach("town/well", 1));
    ask(&mut game, |objectives| objectives.reach("town/well", 2));
    assert_eq!(objectives(&game).get("town/well").unwrap().saved().done(), 2);
}

#[test]
fn requests_are_done_in_order_and_see_what_earlier_ones_unlocked() {
    let mut game = started(town);
    heard(&mut game);
    ask(&mut game, |objectives| {
        objectives.complete("town/wall");
        objectives.complete("town/well");
        objectives.complete("town/wall");
        // It needs the group, which goes by its members.
        objectives.complete("sail");
    });
    let heard = heard(&mut game);
    assert_eq!(heard[0], "rejected town/wall it is locked");
    assert!(heard.contains(&"completed sail".to_owned()), "{heard:?}");
    assert_eq!(objectives(&game).progress(), 1.0);
}

#[test]
fn a_failed_objective_fails_its_group_unless_it_is_optional() {
    let mut game = started(town);
    ask(&mut game, |objectives| objectives.fail("town/inn"));
    assert_eq!((standing(&game, "town/inn"), standing(&game, "town")), ("failed", "open"));
    ask(&mut game, |objectives| objectives.fail("town/well"));
    assert_eq!((standing(&game, "town"), standing(&game, "sail")), ("failed", "locked"));
    assert_eq!(
        heard_of(&mut game, "failed"),
        ["failed town/inn", "failed town/well", "failed town"]
    );
}

#[test]
fn reopening_an_objective_reopens_its_groups_and_locks_its_dependents() {
    let mut game = started(town);
    ask(&mut game, |objectives| {
        objectives.complete("town/well");
        objectives.complete("town/wall");
    });
    heard(&mut game);
    ask(&mut game, |objectives| objectives.reopen("town/well"));
    assert_eq!(heard(&mut game), ["reopened town/well", "reopened town"]);
    assert_eq!(objectives(&game).get("town/well").unwrap().done(), 0);
    assert_eq!((standing(&game, "town/wall"), standing(&game, "sail")), ("completed", "locked"));
    ask(&mut game, |objectives| objectives.complete("town/well"));
    assert_eq!(heard(&mut game), ["completed town/well", "completed town"]);
}

#[test]
fn invalid_objective_requests_are_refused_and_change_nothing() {
    let mut game = game_with(town);
    ask(&mut game, |objectives| objectives.complete("town/well"));
    assert_eq!(heard(&mut game), ["rejected town/well no session is played"]);
    game.start(NewSession::named("Frontier")).unwrap();
    ask(&mut game, |objectives| objectives.complete("town/well"));
    let before = objectives(&game).list();
    heard(&mut game);
    ask(&mut game, |objectives| {
        objectives.complete("nowhere");
        objectives.complete("town");
        objectives.advance("town/well", 1);
        objectives.fail("sail");
        objectives.reopen("town/inn");
        objectives.block("town/well", Blocker::new("rain"));
        objectives.resolve("town/inn", "rain");
        objectives.advance("town/inn", 0);
    });
    let refused = [
        "rejected nowhere there is no such objective",
        "rejected town it is a group: change the objectives in it",
        "rejected town/well it is closed",
        "rejected sail it is locked",
        "rejected town/inn it is open",
        "rejected town/well it is closed",
        "rejected town/inn it isn't blocked by that",
    ];
    assert_eq!(heard(&mut game), refused);
    assert_eq!(objectives(&game).list(), before);
}

#[test]
fn a_blocked_objective_waits_with_its_conditions_until_all_is_resolved() {
    let mut game = started(|app| {
        app.add_objective(Objective::new("well")).complete_objective("well", water_is(10));
    });
    ask(&mut game, |objectives| objectives.block("well", Blocker::new("rain").owner("Ann")));
    ask(&mut game, |objectives| objectives.block("well", Blocker::new("rain")));
    let since = objectives(&game).get("well").unwrap().saved().blockers()[0].since;
    assert!(since > Duration::ZERO, "{since:?}");
    water(&mut game, 10);
    game.frames(2);
    assert_eq!(standing(&game, "well"), "open");
    // No checkpoint has it, and it is there after a crash as it was.
    let before = objectives(&game).list();
    game.crash_and_restart().recover().unwrap();
    game.frames(2);
    assert_eq!(objectives(&game).list(), before);
    water(&mut game, 10);
    ask(&mut game, |objectives| objectives.resolve("well", "rain"));
    assert_eq!(standing(&game, "well"), "completed");
}

#[test]
fn conditions_run_only_for_open_objectives_during_play() {
    #[derive(Resource, Default)]
    struct Asked(u32);
    let mut game = started(|app| {
        app.init_resource::<Asked>()
            .add_objectives([Objective::new("well"), Objective::new("wall").needs("well")])
            .complete_objective("wall", |water: Res<Water>| water.0 >= 10)
            .add_systems(First, |mut asked: ResMut<Asked>| asked.0 += 1);
    });
    water(&mut game, 10);
    game.frames(2);
    assert_eq!(standing(&game, "wall"), "locked");
    game.request(|commands| commands.session().pause()).frames(1);
    ask(&mut game, |objectives| objectives.complete("well"));
    assert_eq!(standing(&game, "well"), "completed", "requests are done in a pause menu");
    assert_eq!(
        standing(&game, "wall"),
        "open",
        "conditions aren't asked while the game stands still"
    );
    game.request(|commands| commands.session().resume()).frames(2);
    assert_eq!(standing(&game, "wall"), "completed");
}

#[test]
fn in_one_frame_the_first_condition_of_each_objective_counts() {
    let mut game = started(|app| {
        app.add_objectives([Objective::new("well"), Objective::new("bath")])
            .fail_objective("well", water_is(10))
            .complete_objective("well", water_is(10))
            .complete_objective("bath", water_is(10));
    });
    heard(&mut game);
    water(&mut game, 10);
    game.frames(2);
    assert_eq!(heard(&mut game), ["failed well", "completed bath"]);
}

#[test]
fn requests_of_observers_are_in_the_checkpoint_of_the_frame() {
    let mut game = started(|app| {
        app.add_objectives([Objective::new("well"), Objective::new("thanks")]).add_observer(
            |completed: On<ObjectiveCompleted>, mut commands: Commands| {
                if completed.key == "well" {
                    commands.objectives().complete("thanks");
                }
            },
        );
    });
    game.request(|commands| {
        commands.objectives().complete("well");
        commands.session().checkpoint("now");
    });
    game.frames(2).crash_and_restart().recover().unwrap();
    game.frames(2);
    assert_eq!(standing(&game, "thanks"), "completed");
}

#[test]
fn observers_that_trigger_each_other_endlessly_do_not_hang() {
    let mut game = started(|app| {
        app.add_objective(Objective::new("echo"))
            .add_observer(|_: On<ObjectiveCompleted>, mut commands: Commands| {
                commands.objectives().reopen("echo");
            })
            .add_observer(|_: On<ObjectiveReopened>, mut commands: Commands| {
                commands.objectives().complete("echo");
            });
    });
    ask(&mut game, |objectives| objectives.complete("echo"));
    game.frames(3);
    assert_ne!(standing(&game, "echo"), "absent");
}

#[test]
fn times_are_play_time_and_efficiency_is_expected_by_played() {
    let mut game = started(|app| {
        app.add_objectives([
            Objective::new("well").expected(Duration::from_secs(4)),
            Objective::new("wall").needs("well"),
        ]);
    });
    game.seconds(1.0).request(|commands| commands.session().pause()).seconds(5.0);
    game.request(|commands| commands.session().resume()).seconds(1.0);
    ask(&mut game, |objectives| objectives.complete("well"));
    game.seconds(3.0);
    let now = game.app().world().resource::<CurrentSession>().play_time();
    let well = objectives(&game).get("well").unwrap();
    let played = well.played(now).as_secs_f32();
    assert!((1.9..2.6).contains(&played), "{played}");
    assert!((1.5..2.2).contains(&well.efficiency(now).unwrap()));
    let wall = objectives(&game).get("wall").unwrap();
    assert_eq!(wall.saved().since(), well.saved().closed());
    assert!((2.9..3.5).contains(&wall.played(now).as_secs_f32()), "{:?}", wall.played(now));
    assert_eq!(wall.efficiency(now), None);
}
