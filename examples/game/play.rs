//! The rules. They run in fixed steps, and only while the game is played.

use std::time::Duration;

use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use bevy_session::checkpoints::SessionPace;
use bevy_session::prelude::*;
use bevy_session_play::{Attempt, InsightsCommandsExt};

use crate::inputs;
use crate::insights::DODGE;
use crate::level::{LoadedLevel, Rock};
use crate::model::{
    Bite, CurrentLevel, Dice, Firefly, Game, Lamp, Lantern, Night, Player, Score, Shade,
};
use crate::views::spawn_sparks;

const WALKING_SPEED: f32 = 200.0;
const FLYING_SPEED: f32 = 110.0;
const HUNTING_SPEED: f32 = 120.0;
const REACH: f32 = 28.0;
pub const LONGEST_TAIL: usize = 12;
const TAIL_SPACING: f32 = 17.0;
const LAMP_REACH: f32 = 75.0;
/// A lit lamp keeps shades at this distance.
pub const LAMP_LIGHT: f32 = 170.0;
pub const FLARE_LIGHT: f32 = 150.0;
const SIGHT: f32 = 340.0;
const BITE: f32 = 16.0;

/// The direction in which a player wants to go, as it was said in this step. A character without it belongs to
/// somebody who is away: nothing happens to it, and it keeps what it carries.
#[derive(Component, Default)]
pub struct Steering {
    pub direction: Vec2,
    pub flare: bool,
}

pub fn plugin(app: &mut App) {
    app.add_systems(
        FixedUpdate,
        (walk, drift, catch, follow, light_lamps, burn_oil, hunt, finish)
            .chain()
            .after(inputs::obey)
            .run_if(in_state(Game::Playing).and_then(not(session_is_restoring))),
    )
    .pace_session_while(
        "hunted",
        somebody_is_hunted,
        SessionPace::every(Duration::from_secs(1)),
    );
}

/// A run condition: true if a shade is near somebody who carries fireflies. A player would hate to play this again.
fn somebody_is_hunted(
    players: Query<(&Transform, &Player)>,
    shades: Query<&Transform, With<Shade>>,
) -> bool {
    let is_near = |at: &Transform, shade: &Transform| {
        shade.translation.distance(at.translation) < SIGHT / 2.0
    };
    let mut carrying = players.iter().filter(|(_, player)| !player.tail.is_empty());
    carrying.any(|(at, _)| shades.iter().any(|shade| is_near(at, shade)))
}

fn walk(
    level: Res<LoadedLevel>,
    time: Res<Time>,
    mut players: Query<(&Steering, &mut Transform), With<Player>>,
    rocks: Query<&Rock>,
) {
    let edge = level.size / 2.0;
    for (steering, mut player) in &mut players {
        let step = steering.direction.clamp_length_max(1.0) * WALKING_SPEED * time.delta_secs();
        if step == Vec2::ZERO {
            continue;
        }
        let mut at = player.translation.truncate() + step;
        for rock in &rocks {
            let away = at - rock.at;
            at = rock.at + away.normalize_or(Vec2::Y) * away.length().max(rock.radius + 12.0);
        }
        player.translation = at.clamp(-edge, edge).extend(0.0);
    }
}

fn drift(
    level: Res<LoadedLevel>,
    time: Res<Time>,
    mut fireflies: Query<(&mut Transform, &mut Firefly)>,
) {
    let (edge, step) = (level.size / 2.0, time.delta_secs());
    for (mut at, mut firefly) in &mut fireflies {
        if firefly.caught {
            continue;
        }
        let here = at.translation.truncate();
        let turn = (here.x * 0.031 + here.y * 0.017).sin() * 2.0 * step;
        let mut drift = Vec2::from_angle(turn).rotate(firefly.drift);
        // A firefly beyond the edge comes back.
        drift = Vec2::select(here.abs().cmpgt(edge), -here.signum() * drift.abs(), drift);
        firefly.drift = drift;
        at.translation += (drift * step).extend(0.0);
    }
}

pub fn catch(
    mut players: Query<(&Transform, &mut Player), With<Steering>>,
    mut fireflies: Query<(Entity, &Transform, &mut Firefly)>,
) {
    for (at, mut player) in &mut players {
        let distance = |firefly: &Transform| firefly.translation.distance_squared(at.translation);
        let mut near: Vec<_> = fireflies
            .iter_mut()
            .filter(|(_, at, firefly)| distance(at) < REACH * REACH && !firefly.caught)
            .collect();
        // The world keeps them in another order after a restore.
        near.sort_by(|(_, one, _), (_, other, _)| distance(one).total_cmp(&distance(other)));
        let room = LONGEST_TAIL.saturating_sub(player.tail.len());
        for (entity, _, mut firefly) in near.into_iter().take(room) {
            firefly.caught = true;
            player.tail.push(entity);
        }
    }
}

/// Each firefly of the tail follows the one before it.
fn follow(
    players: Query<(&Transform, &Player), (With<Steering>, Without<Firefly>)>,
    time: Res<Time>,
    mut fireflies: Query<&mut Transform, With<Firefly>>,
) {
    let step = FLYING_SPEED * 4.0 * time.delta_secs();
    for (at, player) in &players {
        let mut leader = at.translation;
        for &entity in &player.tail {
            let Ok(mut at) = fireflies.get_mut(entity) else { continue };
            let goal = leader + (at.translation - leader).clamp_length_max(TAIL_SPACING);
            let way = (goal - at.translation).clamp_length_max(step);
            if way != Vec3::ZERO {
                at.translation += way;
            }
            leader = at.translation;
        }
    }
}

/// Near a lamp that isn't lit, one firefly after the other goes into it.
fn light_lamps(
    mut players: Query<(&Transform, &mut Player), With<Steering>>,
    time: Res<Time>,
    mut lamps: Query<(&Transform, &mut Lamp)>,
    mut score: ResMut<Score>,
    mut commands: Commands,
) {
    for (at, mut player) in &mut players {
        let is_in_reach = |lamp: &Transform| lamp.translation.distance(at.translation) < LAMP_REACH;
        let lamp = lamps.iter_mut().find(|(lamp_at, lamp)| is_in_reach(lamp_at) && !lamp.is_lit());
        let Some((lamp_at, mut lamp)) = lamp.filter(|_| !player.tail.is_empty()) else { continue };
        if !player.pouring.tick(time.delta()).just_finished() {
            continue;
        }
        let Some(firefly) = player.tail.pop() else { continue };
        commands.entity(firefly).try_despawn();
        lamp.fireflies += 1;
        score.points += 10;
        spawn_sparks(&mut commands, lamp_at.translation, 6);
        if lamp.is_lit() {
            score.lamps += 1;
            score.points += 100;
            spawn_sparks(&mut commands, lamp_at.translation, 40);
            // A moment that a player would like to come back to.
            commands.session().checkpoint(lamp.name.clone());
        }
    }
}

fn burn_oil(
    time: Res<Time>,
    players: Query<(&Transform, &Children, Option<&Steering>), With<Player>>,
    lamps: Query<(&Transform, &Lamp)>,
    mut lanterns: Query<&mut Lantern>,
) {
    for (at, children, steering) in &players {
        let is_at_a_lamp = lamps.iter().any(|(lamp_at, lamp)| {
            lamp.is_lit() && lamp_at.translation.distance(at.translation) < LAMP_LIGHT
        });
        for &child in children {
            let Ok(mut lantern) = lanterns.get_mut(child) else { continue };
            let flares = steering.is_some_and(|steering| steering.flare) && lantern.oil > 0.0;
            let change = match steering {
                None => 0.0,
                Some(_) if flares => -0.4,
                Some(_) if is_at_a_lamp => 0.5,
                Some(_) => 0.05,
            };
            let oil = (lantern.oil + change * time.delta_secs()).clamp(0.0, 1.0);
            lantern.set_if_neq(Lantern { oil, flares });
        }
    }
}

/// Everything that a shade runs from, with the distance at which it does.
#[derive(SystemParam)]
struct Lights<'w, 's> {
    lamps: Query<'w, 's, (&'static Transform, &'static Lamp), Without<Shade>>,
    lanterns: Query<'w, 's, (&'static Lantern, &'static ChildOf)>,
    players: Query<'w, 's, &'static Transform, (With<Player>, Without<Shade>)>,
}

impl Lights<'_, '_> {
    fn all(&self) -> Vec<(Vec3, f32)> {
        let lit = self.lamps.iter().filter(|(_, lamp)| lamp.is_lit());
        let flares = self.lanterns.iter().filter(|(lantern, _)| lantern.flares);
        let flares = flares.filter_map(|(_, of)| self.players.get(of.parent()).ok());
        lit.map(|(at, _)| (at.translation, LAMP_LIGHT))
            .chain(flares.map(|at| (at.translation, FLARE_LIGHT)))
            .collect()
    }
}

/// Shades hunt the firefly of all tails that is nearest, and scatter it and all behind it.
fn hunt(
    lights: Lights,
    mut players: Query<&mut Player, With<Steering>>,
    mut shades: Query<(&mut Transform, &mut Shade)>,
    mut fireflies: Query<(&Transform, &mut Firefly), Without<Shade>>,
    time: Res<Time>,
    night: Res<Night>,
    level: Res<CurrentLevel>,
    mut dice: ResMut<Dice>,
    mut score: ResMut<Score>,
    mut bites: MessageWriter<Bite>,
    mut commands: Commands,
) {
    let lights = lights.all();
    let mut shades: Vec<_> = shades.iter_mut().collect();
    shades.sort_by(|(_, one), (_, other)| {
        one.home.x.total_cmp(&other.home.x).then(one.home.y.total_cmp(&other.home.y))
    });
    for (mut at, mut shade) in shades {
        let here = at.translation;
        let distance = |entity: Entity| {
            fireflies.get(entity).map_or(f32::MAX, |(at, _)| at.translation.distance(here))
        };
        let nearest = players
            .iter()
            .flat_map(|player| player.tail.iter().copied())
            .filter(|&firefly| shade.rests <= 0.0 && distance(firefly) < SIGHT)
            .min_by(|&a, &b| distance(a).total_cmp(&distance(b)));
        if shade.prey != nearest {
            if nearest.is_none() && shade.rests <= 0.0 {
                commands.insights().attempt(DODGE, Attempt::new(true));
            }
            shade.prey = nearest;
        }
        if shade.rests > 0.0 {
            shade.rests -= time.delta_secs();
        }
        let light = lights.iter().find(|(light, radius)| light.distance(here) < *radius);
        let goal = match (light, nearest.and_then(|prey| fireflies.get(prey).ok())) {
            (Some((light, _)), _) => here + (here - light).normalize_or(Vec3::X) * 50.0,
            (None, Some((prey, _))) => prey.translation,
            (None, None) => shade.home.extend(0.0),
        };
        let way = (goal - here).clamp_length_max(HUNTING_SPEED * night.shades * time.delta_secs());
        if way != Vec3::ZERO {
            at.translation += way;
        }
        let Some(prey) = nearest.filter(|&prey| distance(prey) < BITE) else { continue };
        for lost in players.iter_mut().flat_map(|player| lose(player, prey)) {
            let Ok((at, mut firefly)) = fireflies.get_mut(lost) else { continue };
            *firefly = Firefly { drift: dice.direction() * FLYING_SPEED, caught: false };
            score.stolen += 1;
            spawn_sparks(&mut commands, at.translation, 3);
        }
        commands.insights().attempt(DODGE, Attempt::new(false));
        bites.write(Bite { level: level.0.clone(), at: at.translation.truncate() });
        (shade.prey, shade.rests) = (None, 4.0);
    }
}

/// Takes a firefly out of a tail, and all behind it; none, if it isn't in this one.
fn lose(mut player: Mut<Player>, firefly: Entity) -> Vec<Entity> {
    let place = player.tail.iter().position(|&it| it == firefly);
    place.map(|place| player.tail.split_off(place)).unwrap_or_default()
}

fn finish(lamps: Query<&Lamp>, mut next: ResMut<NextState<Game>>) {
    if !lamps.is_empty() && lamps.iter().all(Lamp::is_lit) {
        next.set(Game::MissionComplete);
    }
}
