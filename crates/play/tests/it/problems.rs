//! Conditions that can't come true are reported, once and by name.

// Feature: Objectives that can't be completed are named; those of a newer build keep progress.
// Page: guide/objective-lists.md

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::testing::TestGame;
use bevy_session_play::*;

use crate::common::*;

#[derive(Resource, Default)]
struct Said(Vec<String>);

fn started_with(objectives: Vec<Objective>) -> TestGame {
    started(move |app| {
        app.add_objectives(objectives.clone()).init_resource::<Said>().add_observer(
            |found: On<ObjectiveProblemFound>, mut said: ResMut<Said>| {
                said.0.push(found.problem.to_string());
            },
        );
    })
}

fn said(game: &mut TestGame) -> Vec<String> {
    std::mem::take(&mut game.world().resource_mut::<Said>().0)
}

#[test]
fn needs_that_cannot_be_met_are_named() {
    let mut game = started_with(vec![
        Objective::new("town").needs("nowhere"),
        Objective::new("town/well").needs("town/well"),
        Objective::new("town/wall").needs("town"),
        Objective::new("town/inn"),
    ]);
    let expected = [
        r#""town" is locked: it needs "nowhere", and there is no such objective"#,
        r#""town/wall" stays locked: it needs "town", which it is in"#,
        r#""town/well" stays locked: it needs itself"#,
    ];
    let mut found = said(&mut game);
    found.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!(standing(&game, "town/inn"), "locked", "what a group needs, all in it need");
    // It is there later, and then all is well with it.
    game.world().spawn(Objective::new("nowhere"));
    game.frames(1);
    assert_eq!(problems(&game).len(), 2);
    ask(&mut game, |objectives| objectives.complete("nowhere"));
    assert_eq!(standing(&game, "town/inn"), "open");
    assert_eq!(said(&mut game), [""; 0], "nothing is said twice");
}

#[test]
fn a_cycle_of_needs_is_named_with_its_path() {
    let game = started_with(vec![
        Objective::new("a").needs("b"),
        Objective::new("b").needs("town"),
        Objective::new("town"),
        Objective::new("town/well").needs("a"),
        Objective::new("free"),
    ]);
    let found = problems(&game);
    assert_eq!(found.len(), 1, "{found:?}");
    let ObjectiveProblem::NeedsCycle { path } = &found[0] else { panic!("{found:?}") };
    assert_eq!(path.first(), path.last());
    let mut on_the_way: Vec<&str> = path[1..].iter().map(|key| key.as_str()).collect();
    on_the_way.sort_unstable();
    assert_eq!(on_the_way, ["a", "b", "town", "town/well"]);
    assert!(found[0].to_string().contains(" -> "), "{}", found[0]);
    assert_eq!((standing(&game, "a"), standing(&game, "free")), ("locked", "open"));
}

#[test]
fn a_group_that_needs_its_own_member_is_a_cycle() {
    let game = started_with(vec![
        Objective::new("town").needs("town/well"),
        Objective::new("town/well"),
        Objective::new("town/wall"),
    ]);
    let found = problems(&game);
    assert!(matches!(&found[..], [ObjectiveProblem::NeedsCycle { .. }]), "{found:?}");
}

#[test]
fn of_objectives_with_one_key_the_oldest_counts() {
    let mut game = started_with(vec![
        Objective::new("well").title("first"),
        Objective::new("well").title("second"),
    ]);
    assert_eq!(problems(&game), [ObjectiveProblem::Duplicate { key: "well".into() }]);
    game.world().spawn(Objective::new("cat").title("first"));
    game.frames(1);
    for title in ["second", "third"] {
        game.world().spawn(Objective::new("cat").title(title));
        game.world().spawn(Objective::new("well").title(title));
    }
    game.frames(1);
    let titles = |game: &TestGame| {
        ["well", "cat"].map(|key| objectives(game).get(key).unwrap().title().to_owned())
    };
    assert_eq!(titles(&game), ["first", "first"]);
    game.checkpoint("here").unwrap();
    game.frames(1).crash_and_restart().recover().unwrap();
    game.frames(2);
    assert_eq!(titles(&game), ["first", "first"]);
    assert!(problems(&game).contains(&ObjectiveProblem::Duplicate { key: "cat".into() }));
}

#[test]
fn objectives_with_invalid_keys_are_ignored_and_reported() {
    let mut game = started_with(vec![Objective::new("town//well"), Objective::new("")]);
    assert_eq!(objectives(&game).len(), 0);
    assert!(said(&mut game)[0].contains("a key is made of segments that aren't empty"));
    game.world().spawn(Objective::new("x".repeat(201)));
    game.frames(1);
    assert!(said(&mut game)[0].contains("a key has 200 bytes at most, not 201"));
}

#[test]
fn a_group_with_a_count_or_condition_is_a_problem() {
    let game = started(|app| {
        app.add_objectives([Objective::new("town").count(3), Objective::new("town/well")])
            .complete_objective("town", water_is(0))
            .complete_objective("nowhere", water_is(0))
            .fail_objective("nowhere", water_is(0));
    });
    let town = || ObjectiveKey::from("town");
    let expected = [
        ObjectiveProblem::GroupWithCount { key: town() },
        ObjectiveProblem::GroupWithCondition { key: town() },
        ObjectiveProblem::UnknownConditionKey { key: "nowhere".into() },
    ];
    assert_eq!(problems(&game), expected);
    assert_eq!(standing(&game, "town"), "open");
}

#[test]
fn too_many_objectives_are_a_problem_and_the_longest_chain_works() {
    let chain = |number: usize| {
        let objective = Objective::new(format!("{number:05}"));
        if number == 0 { objective } else { objective.needs(format!("{:05}", number - 1)) }
    };
    let mut game = started_with((0..Objectives::MOST).map(chain).collect());
    assert_eq!(problems(&game), []);
    assert_eq!(objectives(&game).len(), Objectives::MOST);
    ask(&mut game, |objectives| objectives.complete("00000"));
    assert_eq!((standing(&game, "00001"), standing(&game, "00002")), ("open", "locked"));
    game.world().spawn_batch([Objective::new("one"), Objective::new("too")]);
    game.frames(1);
    assert_eq!(objectives(&game).len(), Objectives::MOST);
    assert_eq!(problems(&game), [ObjectiveProblem::TooMany { count: Objectives::MOST + 2 }]);
}

#[test]
fn a_condition_that_cannot_run_is_false_and_gives_a_hint() {
    #[derive(Resource)]
    struct Absent;
    let game = started(|app| {
        app.add_objective(Objective::new("well")).complete_objective("well", |_: Res<Absent>| true);
    });
    assert_eq!(standing(&game, "well"), "open");
    let hints = game.app().world().resource::<bevy_session::hints::SessionHints>();
    assert!(hints.iter().any(|hint| hint.to_string().contains("can't run")));
    // Without the session's plugin nothing happens, and nothing breaks.
    let mut app = App::new();
    app.add_plugins(MinimalPlugins).add_objective(Objective::new("well"));
    app.finish();
    app.cleanup();
    app.update();
    assert_eq!(app.world().resource::<Objectives>().len(), 0);
    assert!(SessionPlugin::new("Studio", "Hop").in_memory().is_unique());
}

#[test]
fn a_hidden_objective_without_needs_is_a_problem() {
    let game = started_with(vec![
        Objective::new("secret").hidden(),
        Objective::new("town").needs("coast"),
        Objective::new("town/well").hidden(),
        Objective::new("coast"),
        Objective::new("cave").hidden().needs("coast"),
    ]);
    let expected = [ObjectiveProblem::HiddenWithoutNeeds { key: "secret".into() }];
    assert_eq!(problems(&game), expected);
}
