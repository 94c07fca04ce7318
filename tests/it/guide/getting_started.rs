//! The first lines of the first page.

use bevy_session::MemoryDisk;

use super::stage::{SessionPlugin, app_on};
use crate::common::{frames, seconds};

include!("samples/five_lines.rs");

fn healths(app: &mut App) -> Vec<u32> {
    let world = app.world_mut();
    world.query::<&Health>().iter(world).map(|health| health.0).collect()
}

#[test]
fn the_first_lines_continue_after_a_crash() {
    let disk = MemoryDisk::default();
    let mut app = app_on(&disk, game);
    frames(&mut app, 6);
    assert_eq!(healths(&mut app), [100]);
    let world = app.world_mut();
    world.query::<&mut Health>().iter_mut(world).for_each(|mut health| health.0 = 80);
    seconds(&mut app, 6.0);
    let mut app = app_on(&disk.snapshot(), game);
    frames(&mut app, 6);
    assert_eq!(healths(&mut app), [80]);
}
