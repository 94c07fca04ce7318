//! The ready-made list of objectives, of `bevy_session_play`.

// Feature: The HUD, load menus, slots and offers show objectives and progress.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::MemoryDisk;
use bevy_session::prelude::*;
use bevy_session_play::*;

use super::kit::*;
use super::layout::{WINDOWS, assert_tidy};
use crate::common::*;

fn town_hud() -> App {
    let mut app = ui_game_with(&MemoryDisk::default(), |app| {
        app.add_plugins(ObjectiveListPlugin).add_objectives([
            Objective::new("town").title("Found a town"),
            Objective::new("town/well").title("Dig a well").count(3),
            Objective::new("town/wall").title("Build a wall").needs("town/well").order(1),
            Objective::new("cat").title("Find the cat of the miller's youngest daughter").order(-1),
        ]);
    });
    start(&mut app, "Frontier");
    app
}

fn show(app: &mut App, list: ObjectiveList) -> Entity {
    let place = Node { width: px(220), ..default() };
    let list = app.world_mut().spawn((place, list)).id();
    frames(app, 2);
    list
}

fn ask(app: &mut App, ask: impl FnOnce(&mut ObjectiveCommands)) {
    request(app, |commands| ask(&mut commands.objectives()));
    frames(app, 2);
}

fn written(app: &App, list: Entity) -> Vec<String> {
    texts_below(app.world(), list)
}

#[test]
fn the_list_follows_changes_of_objectives() {
    let mut app = town_hud();
    let list = show(&mut app, ObjectiveList::default());
    let cat = "Find the cat of the miller's youngest daughter";
    let begin = [cat, "Found a town", "Dig a well", "0 / 3", "Build a wall"];
    assert_eq!(written(&app, list), begin);

    ask(&mut app, |objectives| objectives.advance("town/well", 2));
    ask(&mut app, |objectives| objectives.block("town/well", Blocker::new("The ground is frozen")));
    let blocked = ["Dig a well", "The ground is frozen", "2 / 3"];
    assert_eq!(written(&app, list)[2..5], blocked);
    ask(&mut app, |objectives| objectives.complete("town/well"));
    assert_eq!(written(&app, list), [cat, "Found a town", "Dig a well", "Build a wall"]);
}

#[test]
fn locked_objectives_can_be_left_out() {
    let mut app = town_hud();
    let list = show(&mut app, ObjectiveList { locked: false, ..default() });
    assert!(!written(&app, list).contains(&"Build a wall".to_owned()));
    app.world_mut().get_mut::<ObjectiveList>(list).unwrap().locked = true;
    frames(&mut app, 2);
    assert!(written(&app, list).contains(&"Build a wall".to_owned()));
}

#[test]
fn the_list_is_rebuilt_only_when_objectives_change() {
    let mut app = town_hud();
    let list = show(&mut app, ObjectiveList::default());
    let lines = |app: &App| app.world().get::<Children>(list).unwrap().to_vec();
    let before = lines(&app);
    seconds(&mut app, 2.0);
    assert_eq!(lines(&app), before);
    request(&mut app, |commands| commands.session().checkpoint("here"));
    request(&mut app, |commands| commands.session().rewind(RewindTo::Ago(Duration::ZERO)));
    seconds(&mut app, 1.0);
    assert_eq!(received::<SessionRestored>(&app).len(), 1);
    assert_eq!(lines(&app), before, "a rewind changes none of the rows");
    ask(&mut app, |objectives| objectives.advance("town/well", 1));
    assert_ne!(lines(&app), before);
}

#[test]
fn the_lines_of_the_list_are_tidy_in_every_window() {
    let mut app = town_hud();
    show(&mut app, ObjectiveList::default());
    for (width, height, scale) in WINDOWS {
        resize(&mut app, width, height, scale);
        frames(&mut app, 3);
        assert_tidy(&mut app, &format!("objectives in {width}x{height} at {scale}"));
    }
}
