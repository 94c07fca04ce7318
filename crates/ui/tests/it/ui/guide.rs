//! The guide's code that draws, played as it stands on its page.

use bevy::prelude::*;
use bevy_session::MemoryDisk;
use bevy_session_play::{Objective, ObjectivesExt};
use bevy_session_ui::OpenSessionMenu;

use super::kit::*;
use crate::common::*;

mod plain {
    include!("../../../../../tests/it/guide/samples/ui.rs");

    pub fn add(app: &mut App) {
        ui(app);
    }
}

mod with_new_sessions {
    include!("../../../../../tests/it/guide/samples/ui_with_new_sessions.rs");

    pub fn add(app: &mut App) {
        ui_with_new_sessions(app);
    }
}

mod objective_list {
    include!("../../../../../tests/it/guide/samples/objective_list.rs");

    pub fn add(app: &mut App) {
        ui(app);
    }
}

/// A game to which the code of a page adds its UI.
fn page_game(disk: &MemoryDisk, add: impl FnOnce(&mut App)) -> App {
    let mut app = game_with(plugin_later(disk), |app| {
        add_ui(app);
        add(app);
    });
    frames(&mut app, 4);
    app
}

#[test]
fn one_line_opens_the_dialog_after_a_crash() {
    let mut app = page_game(&killed("Campaign", 3), plain::add);
    assert!(is_shown(&mut app, "The game closed unexpectedly"), "{:?}", texts(&mut app));
    press(&mut app, "Recover");
    frames(&mut app, 4);
    assert_eq!(health(&mut app), [3]);
}

#[test]
fn the_menu_of_the_page_has_a_button_for_new_sessions() {
    for (add, has_one) in
        [(plain::add as fn(&mut App), false), (with_new_sessions::add as fn(&mut App), true)]
    {
        let mut app = page_game(&MemoryDisk::default(), add);
        app.world_mut().trigger(OpenSessionMenu::default());
        frames(&mut app, 4);
        assert_eq!(button(&mut app, "New").is_some(), has_one, "{:?}", texts(&mut app));
    }
}

#[test]
fn the_list_of_the_page_shows_objectives_and_leaves_out_locked_ones() {
    let mut app = page_game(&MemoryDisk::default(), |app| {
        objective_list::add(app);
        app.add_objectives([
            Objective::new("well").title("Dig a well"),
            Objective::new("wall").title("Build a wall").needs("well"),
        ]);
    });
    start(&mut app, "Frontier");
    frames(&mut app, 2);
    assert!(is_shown(&mut app, "Dig a well"), "{:?}", texts(&mut app));
    assert!(!is_shown(&mut app, "Build a wall"));
}
