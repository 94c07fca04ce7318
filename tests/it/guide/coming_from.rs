//! A game as it is after it has left another save system.

use bevy_session::MemoryDisk;

use super::stage::{SessionPlugin, app_on};
use crate::common::{frames, seconds};

include!("samples/breakout.rs");

#[test]
fn a_ball_with_a_key_comes_back_once_and_where_it_was() {
    let disk = MemoryDisk::default();
    let mut app = app_on(&disk, build);
    frames(&mut app, 6);
    let world = app.world_mut();
    world.query::<&mut Transform>().single_mut(world).unwrap().translation.x = 3.0;
    seconds(&mut app, 6.0);
    let mut app = app_on(&disk.snapshot(), build);
    frames(&mut app, 6);
    let world = app.world_mut();
    let place = world.query_filtered::<&Transform, With<Ball>>().single(world).unwrap();
    assert_eq!(place.translation.x, 3.0);
}
