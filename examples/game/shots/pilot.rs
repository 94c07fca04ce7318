//! Plays as a person would, or as two: fireflies first, then the nearest lamp, and light against shades.

use std::collections::HashSet;

use bevy::prelude::*;

use crate::model::{Firefly, Game, Lamp, Lantern, Player, Shade};
use crate::play::Steering;

const ENOUGH: usize = 8;
const TOO_NEAR: f32 = 130.0;

/// The autopilot, and whether it steers.
#[derive(Resource, Default)]
pub struct Pilot {
    pub is_on: bool,
    /// The characters who have enough.
    bring_home: HashSet<Entity>,
}

pub fn plugin(app: &mut App) {
    app.init_resource::<Pilot>().add_systems(
        FixedPreUpdate,
        steer.run_if(in_state(Game::Playing).and_then(|pilot: Res<Pilot>| pilot.is_on)),
    );
}

fn steer(
    mut players: Query<(Entity, &Player, &Transform, &Children, &mut Steering)>,
    lanterns: Query<&Lantern>,
    fireflies: Query<(&Firefly, &Transform)>,
    lamps: Query<(&Lamp, &Transform)>,
    shades: Query<&Transform, With<Shade>>,
    mut pilot: ResMut<Pilot>,
) {
    for (character, player, here, children, mut steering) in &mut players {
        let here = here.translation;
        match player.tail.len() {
            0 => _ = pilot.bring_home.remove(&character),
            ENOUGH.. => _ = pilot.bring_home.insert(character),
            _ => {}
        }
        let brings_home = pilot.bring_home.contains(&character);
        let wild = fireflies.iter().filter(|(firefly, _)| !firefly.caught).map(|(_, at)| at);
        let dark = lamps.iter().filter(|(lamp, _)| !lamp.is_lit()).map(|(_, at)| at);
        let goal = if brings_home { nearest(dark, here) } else { nearest(wild, here) };
        let way = goal.map_or(Vec3::ZERO, |goal| goal - here);
        let is_there = brings_home && way.length() < 60.0;
        steering.direction = if is_there { Vec2::ZERO } else { way.truncate().normalize_or_zero() };
        let is_hunted = shades.iter().any(|shade| shade.translation.distance(here) < TOO_NEAR);
        let has_oil =
            children.iter().any(|part| lanterns.get(part).is_ok_and(|lantern| lantern.oil > 0.05));
        steering.flare = is_hunted && has_oil;
    }
}

fn nearest<'a>(places: impl Iterator<Item = &'a Transform>, here: Vec3) -> Option<Vec3> {
    let squared = |place: &Vec3| place.distance_squared(here);
    places.map(|place| place.translation).min_by(|a, b| squared(a).total_cmp(&squared(b)))
}
