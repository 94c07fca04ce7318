//! The two answers to an offer, and an answer of the game's own.

// Feature: An offer has the checkpoints to choose from and what was lost.

use bevy::prelude::*;
use bevy_session::MemoryDisk;
use bevy_session::prelude::*;

use crate::common::*;

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
fn no_declines_the_newest_of_two_offers() {
    let disk = MemoryDisk::default();
    let mut dies = game(&disk);
    start(&mut dies, "Older");
    let disk = disk.snapshot();
    let mut dies = game(&disk);
    seconds(&mut dies, 1.0);
    start(&mut dies, "Newer");
    let mut app = game(&disk.snapshot());
    frames(&mut app, 3);
    page::answer(&mut app, false);
    frames(&mut app, 3);
    let offers = app.world().resource::<RecoveryOffers>().offers();
    let left: Vec<_> = offers.iter().map(|offer| &*offer.session.name).collect();
    assert_eq!(left, ["Older"]);
}

#[test]
fn answers_without_an_offer_do_nothing() {
    let mut app = game(&MemoryDisk::default());
    page::answer(&mut app, true);
    page::answer(&mut app, false);
    frames(&mut app, 3);
    assert!(!app.world().contains_resource::<CurrentSession>());
}

mod safe_mode {
    include!("samples/safe_mode.rs");

    use crate::common::*;
    use crate::guide::stage::*;
    use bevy_session::MemoryDisk;

    fn is_proposed(app: &App) -> bool {
        app.world().resource::<RecoveryOffers>().offers()[0].options[0].is_proposed
    }

    #[test]
    fn the_safe_mode_of_the_page_is_proposed_after_a_death_soon_after_a_restore() {
        let disk = MemoryDisk::default();
        let mut app = game_on(&disk, options);
        start(&mut app, "Modded");
        let mut app = game_on(&disk.snapshot(), options);
        frames(&mut app, 3);
        assert!(!is_proposed(&app));
        let offer = &app.world().resource::<RecoveryOffers>().offers()[0];
        assert_eq!(offer.options[0].label, "Continue without mods");
        let disk = disk.snapshot();
        let mut app = game_on(&disk, options);
        recover_offered(&mut app);
        assert!(!app.world().contains_resource::<SafeMode>());

        let mut app = game_on(&disk.snapshot(), options);
        frames(&mut app, 3);
        assert!(is_proposed(&app));
        assert!(accept(&mut app));
        frames(&mut app, 4);
        assert!(app.world().contains_resource::<SafeMode>());
        assert_eq!(app.world().resource::<CurrentSession>().name(), "Modded");
        assert!(rejected(&app).is_empty());
    }
}
