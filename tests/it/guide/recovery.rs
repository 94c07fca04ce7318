//! The two answers to an offer, and the one that needs nobody.

// Feature: An offer has the checkpoints to choose from and what was lost.

use bevy::prelude::*;
use bevy_session::MemoryDisk;
use bevy_session::prelude::*;

use crate::common::{Health, frames, game, game_with, listen, played_by_turns, plugin, start};

mod page {
    include!("samples/recovery.rs");

    pub fn answer(app: &mut App, yes: bool) {
        let world = app.world_mut();
        match yes {
            true => world.run_system_cached(go_on).unwrap(),
            false => world.run_system_cached(leave_it).unwrap(),
        }
    }
}

mod sheet {
    use super::*;

    include!("samples/cheat_sheet.rs");

    pub fn game(disk: &MemoryDisk) -> App {
        game_with(plugin(disk), |app| {
            listen::<RequestRejected>(app);
            app.add_systems(Update, recover.run_if(on_message::<RecoveryAvailable>));
        })
    }
}

fn crashed() -> App {
    let disk = MemoryDisk::default();
    let mut app = game(&disk);
    app.world_mut().spawn(Health(7));
    start(&mut app, "Crashed");
    let mut app = game(&disk.snapshot());
    frames(&mut app, 3);
    app
}

#[test]
fn the_sample_recovers_on_yes_and_declines_on_no() {
    for yes in [true, false] {
        let mut app = crashed();
        page::answer(&mut app, yes);
        frames(&mut app, 3);
        assert!(app.world().resource::<RecoveryOffers>().offers().is_empty());
        assert_eq!(app.world().contains_resource::<CurrentSession>(), yes);
        let world = app.world_mut();
        assert_eq!(world.query::<&Health>().iter(world).count(), usize::from(yes));
    }
}

#[test]
fn answers_without_an_offer_do_nothing() {
    let mut app = game(&MemoryDisk::default());
    page::answer(&mut app, true);
    page::answer(&mut app, false);
    frames(&mut app, 3);
    assert!(!app.world().contains_resource::<CurrentSession>());
}

#[test]
fn the_button_of_the_cheat_sheet_continues_after_each_of_three_deaths() {
    let disk = MemoryDisk::default();
    let mut app = sheet::game(&disk);
    start(&mut app, "Deadly");
    let played = played_by_turns(disk.snapshot(), 3, sheet::game);
    assert_eq!(played, ["Deadly", "Deadly", "Deadly"]);
}
