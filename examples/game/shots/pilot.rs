//! Plays as a person would, or as two: fireflies first, then the nearest lamp, and light against shades.

use std::collections::HashSet;

use bevy::prelude::*;
use bevy_session_play::PlayedBy;

use crate::crew::Seats;
use crate::inputs::{self, Steer};
use crate::model::{Firefly, Game, Lamp, Lantern, Player, Shade};

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
        // Keys say something as well, and what is said last counts.
        steer
            .after(crate::controls::steer)
            .run_if(in_state(Game::Playing).and_then(|pilot: Res<Pilot>| pilot.is_on)),
    );
}

fn steer(
    players: Query<(Entity, &Player, &PlayedBy, &Transform, &Children)>,
    lanterns: Query<&Lantern>,
    fireflies: Query<(&Firefly, &Transform)>,
    lamps: Query<(&Lamp, &Transform)>,
    shades: Query<&Transform, With<Shade>>,
    seats: Seats,
    mut pilot: ResMut<Pilot>,
    mut steers: MessageWriter<Steer>,
) {
    for mut steer in inputs::of_all_here(&seats) {
        let character = players.iter().find(|(_, _, by, ..)| by.0.as_str() == steer.player);
        let Some((character, player, _, here, children)) = character else { continue };
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
        steer.direction = if is_there { Vec2::ZERO } else { way.truncate().normalize_or_zero() };
        let is_hunted = shades.iter().any(|shade| shade.translation.distance(here) < TOO_NEAR);
        let has_oil =
            children.iter().any(|part| lanterns.get(part).is_ok_and(|lantern| lantern.oil > 0.05));
        steer.flare = is_hunted && has_oil;
        steers.write(steer);
    }
}

fn nearest<'a>(places: impl Iterator<Item = &'a Transform>, here: Vec3) -> Option<Vec3> {
    let squared = |place: &Vec3| place.distance_squared(here);
    places.map(|place| place.translation).min_by(|a, b| squared(a).total_cmp(&squared(b)))
}
