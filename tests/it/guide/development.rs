//! The doctor of the page about development.

use bevy_session::MemoryDisk;
use tracing::Level;

use super::stage::game_on;
use crate::common::{Health, frames, start};
use crate::logs::Collected;

include!("samples/with_doctor.rs");

#[test]
fn the_doctor_names_a_place_that_is_not_saved() {
    let log = Collected::default();
    log.while_doing(|| {
        let mut app = game_on(&MemoryDisk::default(), plugin);
        app.world_mut().spawn((Health(1), Transform::from_xyz(3.0, 0.0, 0.0)));
        start(&mut app, "Examined");
        frames(&mut app, 130);
    });
    let warnings = log.messages(Level::WARN);
    assert!(warnings.iter().any(|it| it.contains("Transform")), "{warnings:#?}");
}
