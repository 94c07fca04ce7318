//! The first lines of the first page.

use bevy_session::MemoryDisk;

use super::stage::{SessionPlugin, app_on};
use crate::common::{frames, seconds};

include!("samples/five_lines.rs");

/// What draws the hero. It isn't saved.
#[derive(Component)]
struct Sprite;

fn draw(hero: Single<Entity, With<Health>>, mut commands: Commands) {
    commands.entity(*hero).insert(Sprite);
}

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
    let mut app = app_on(&disk.snapshot(), |app| {
        game(app);
        app.add_systems(PostStartup, draw);
    });
    frames(&mut app, 6);
    assert_eq!(healths(&mut app), [80]);
    let world = app.world_mut();
    let drawn = world.query_filtered::<(), (With<Health>, With<Sprite>)>().iter(world).count();
    assert_eq!(drawn, 1, "the same entity, with its sprite");
}
