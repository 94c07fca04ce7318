//! Going back in time: rewinds and slots.

// Feature: A rewind goes back by play time, to a checkpoint or to a chapter.

use bevy::prelude::*;
use bevy_session::MemoryDisk;
use bevy_session::prelude::*;

use super::stage::{assert_said, game_on, said};
use crate::common::{Score, frames, game, game_with, plugin, request, seconds, start};

mod rewind {
    include!("samples/rewind.rs");

    pub fn back(app: &mut App) {
        app.world_mut().run_system_cached(a_minute_back).unwrap();
    }

    pub fn forth(app: &mut App) {
        app.world_mut().run_system_cached(no_i_liked_it_better_before).unwrap();
    }
}

mod slots {
    include!("samples/slots.rs");

    /// Saves into both slots.
    pub fn press_saves(app: &mut App) {
        let world = app.world_mut();
        world.run_system_cached(save).unwrap();
        world.run_system_cached(quick_save).unwrap();
    }

    pub fn press_quick_load(app: &mut App) {
        app.world_mut().run_system_cached(quick_load).unwrap();
    }

    pub fn press_load(app: &mut App) {
        app.world_mut().run_system_cached(load).unwrap();
    }
}

mod slots_menu {
    include!("samples/slots_menu.rs");

    pub fn open(app: &mut App) {
        app.world_mut().run_system_cached(show).unwrap();
    }

    pub fn press_load(app: &mut App, name: &str) {
        let world = app.world_mut();
        let slots = world.resource::<SessionCatalog>().slots();
        let slot = slots.iter().find(|slot| slot.name == name).unwrap().id;
        world.run_system_cached_with(load, slot).unwrap();
    }
}

mod load_menu {
    include!("samples/load_menu.rs");

    pub fn open(app: &mut App) {
        load_menu(app);
    }

    pub fn press_first(app: &mut App) {
        let world = app.world_mut();
        let first = world.resource::<SessionCatalog>().sessions()[0].session.id;
        world.run_system_cached_with(resume, first).unwrap();
    }
}

fn score(app: &App) -> u32 {
    app.world().resource::<Score>().0
}

#[test]
fn the_sample_rewinds_a_minute_and_undoes_it() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk);
    start(&mut app, "Rewound");
    for played in 0..150 {
        app.insert_resource(Score(played));
        seconds(&mut app, 1.0);
    }
    let before = score(&app);
    rewind::back(&mut app);
    frames(&mut app, 4);
    let back = score(&app);
    assert!((80..=90).contains(&back), "{back} of {before}");
    rewind::forth(&mut app);
    frames(&mut app, 4);
    assert_eq!(score(&app), before);
}

#[test]
fn the_sample_of_a_pause_menu_saves_and_loads_slots() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk);
    start(&mut app, "Slots");
    app.insert_resource(Score(4));
    // The second time over what is there.
    for _ in 0..2 {
        slots::press_saves(&mut app);
        frames(&mut app, 6);
    }
    app.insert_resource(Score(5));
    slots::press_quick_load(&mut app);
    frames(&mut app, 6);
    assert_eq!(score(&app), 4);
    let catalog = app.world().resource::<SessionCatalog>();
    let mut names: Vec<_> = catalog.slots().iter().map(|slot| slot.name.clone()).collect();
    names.sort();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names.iter().any(|name| name == "2"), "{names:?}");

    app.insert_resource(Score(5));
    let said = said(|| slots_menu::open(&mut app));
    assert_said(&said, "Manual 2 of Slots: ");
    assert_eq!(said.len(), 2, "the quick slot too: {said:?}");
    slots_menu::press_load(&mut app, "2");
    frames(&mut app, 6);
    assert_eq!(score(&app), 4);

    app.insert_resource(Score(6));
    slots::press_load(&mut app);
    frames(&mut app, 6);
    assert_eq!(score(&app), 4);
}

#[test]
fn the_sample_of_a_load_menu_continues_what_crashed() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk);
    start(&mut app, "Crashed");
    app.insert_resource(Score(4));
    seconds(&mut app, 6.0);
    let mut app = game_with(plugin(&disk.snapshot()), load_menu::open);
    frames(&mut app, 3);
    load_menu::press_first(&mut app);
    frames(&mut app, 4);
    assert_eq!(score(&app), 4);
}

#[test]
fn the_sample_of_a_load_menu_lists_what_was_declined() {
    let disk = MemoryDisk::default();
    let mut dies = game(&disk);
    start(&mut dies, "Crashed");
    let mut app = game_on(&disk.snapshot(), load_menu::open);
    frames(&mut app, 3);
    let session = app.world().resource::<SessionCatalog>().sessions()[0].session.id;
    request(&mut app, |commands| commands.session().decline(session));
    frames(&mut app, 4);
    assert!(app.world().resource::<SessionCatalog>().sessions()[0].declined);
    app.world_mut().resource_mut::<SessionCatalog>().set_changed();
    assert_said(&said(|| frames(&mut app, 1)), "Crashed: ");
}
