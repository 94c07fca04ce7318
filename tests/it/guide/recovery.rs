//! The two answers to an offer.

use bevy::prelude::*;
use bevy_session::MemoryDisk;
use bevy_session::prelude::*;

use crate::common::{Health, frames, game, start};

mod page {
    include!("samples/recovery.rs");

    pub fn answer(app: &mut App, yes: bool) {
        let world = app.world_mut();
        let answered =
            if yes { world.run_system_cached(go_on) } else { world.run_system_cached(leave_it) };
        answered.unwrap();
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
fn both_answers_do_what_they_say() {
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
fn no_offer_is_no_answer() {
    let mut app = game(&MemoryDisk::default());
    page::answer(&mut app, true);
    page::answer(&mut app, false);
    frames(&mut app, 3);
    assert!(!app.world().contains_resource::<CurrentSession>());
}
