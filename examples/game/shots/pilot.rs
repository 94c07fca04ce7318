//! Plays as a person would: fireflies first, then the nearest lamp, and light against shades.

use bevy::prelude::*;

use crate::model::{Firefly, Game, Lamp, Lantern, Player, Shade};
use crate::play::Steering;

const ENOUGH: usize = 8;
const TOO_NEAR: f32 = 130.0;

/// Whether the pilot steers.
#[derive(Resource, Default)]
pub struct Pilot {
    pub is_on: bool,
    brings_home: bool,
}

pub fn plugin(app: &mut App) {
    app.init_resource::<Pilot>().add_systems(
        FixedPreUpdate,
        steer.run_if(in_state(Game::Playing).and_then(|pilot: Res<Pilot>| pilot.is_on)),
    );
}

fn steer(
    player: Single<(&Player, &Transform)>,
    lantern: Single<&Lantern>,
    fireflies: Query<(&Firefly, &Transform)>,
    lamps: Query<(&Lamp, &Transform)>,
    shades: Query<&Transform, With<Shade>>,
    mut pilot: ResMut<Pilot>,
    mut steering: ResMut<Steering>,
) {
    let (player, here) = *player;
    let here = here.translation;
    pilot.brings_home = match player.tail.len() {
        0 => false,
        caught => pilot.brings_home || caught >= ENOUGH,
    };
    let wild = fireflies.iter().filter(|(firefly, _)| !firefly.caught).map(|(_, at)| at);
    let dark = lamps.iter().filter(|(lamp, _)| !lamp.is_lit()).map(|(_, at)| at);
    let goal = match pilot.brings_home {
        true => nearest(dark, here),
        false => nearest(wild, here),
    };
    let way = goal.map_or(Vec3::ZERO, |goal| goal - here);
    let is_there = pilot.brings_home && way.length() < 60.0;
    steering.direction = if is_there { Vec2::ZERO } else { way.truncate().normalize_or_zero() };
    let is_hunted = shades.iter().any(|shade| shade.translation.distance(here) < TOO_NEAR);
    steering.flare = is_hunted && lantern.oil > 0.05;
}

fn nearest<'a>(places: impl Iterator<Item = &'a Transform>, here: Vec3) -> Option<Vec3> {
    let squared = |place: &Vec3| place.distance_squared(here);
    places.map(|place| place.translation).min_by(|a, b| squared(a).total_cmp(&squared(b)))
}
