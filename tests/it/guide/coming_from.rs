//! A game as it is after it has left another save system.

use bevy_session::MemoryDisk;

use super::stage::{SessionPlugin, app_on};
use crate::common::{frames, seconds};

include!("samples/breakout.rs");

/// What draws the ball. It isn't saved.
#[derive(Component)]
struct Sprite;

fn draw(ball: Single<Entity, With<Ball>>, mut commands: Commands) {
    commands.entity(*ball).insert(Sprite);
}

#[test]
fn the_ball_of_the_page_is_where_it_was_and_keeps_its_sprite() {
    let disk = MemoryDisk::default();
    let mut app = app_on(&disk, build);
    frames(&mut app, 6);
    let world = app.world_mut();
    world.query::<&mut Transform>().single_mut(world).unwrap().translation.x = 3.0;
    seconds(&mut app, 6.0);
    let mut app = app_on(&disk.snapshot(), |app| {
        build(app);
        app.add_systems(PostStartup, draw);
    });
    frames(&mut app, 6);
    let world = app.world_mut();
    let mut balls = world.query_filtered::<(&Transform, Has<Sprite>), With<Ball>>();
    let (place, has_sprite) = balls.single(world).unwrap();
    assert_eq!((place.translation.x, has_sprite), (3.0, true));
}
