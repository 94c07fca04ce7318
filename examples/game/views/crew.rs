//! The lamplighters as they are drawn, and the camera, which sees all who play.

use bevy::prelude::*;
use bevy::sprite::Anchor;
use bevy_session_play::PlayedBy;

use super::{EDGE, Shapes, WARM, at};
use crate::crew::Seat;
use crate::level::LoadedLevel;
use crate::model::{Lantern, Player};
use crate::play::{FLARE_LIGHT, Steering};

/// The margin around the players: above them, there is room for a photograph on a pin.
const MARGIN: Vec2 = Vec2::new(320.0, 440.0);
/// The height that the counts cover of a window that is higher than wide.
const COVERED: f32 = 130.0;
/// The share of their colours that players who are away keep.
const ASLEEP: f32 = 0.35;

/// A part of a character.
#[derive(Component, Clone, Copy)]
enum Part {
    Shadow,
    Coat,
    Hat,
    Face,
}

#[derive(Component)]
struct NameTag;

impl Seat {
    /// The colour of their coat.
    fn coat(self) -> Color {
        match self {
            Self::Left => Color::srgb(0.27, 0.40, 0.55),
            Self::Right => Color::srgb(0.56, 0.27, 0.44),
        }
    }

    fn hat(self) -> Color {
        match self {
            Self::Left => Color::srgb(0.16, 0.24, 0.36),
            Self::Right => Color::srgb(0.36, 0.15, 0.28),
        }
    }

    /// Their colour, for what is to be read.
    pub fn light(self) -> Color {
        match self {
            Self::Left => Color::srgb(0.58, 0.78, 1.0),
            Self::Right => Color::srgb(1.0, 0.66, 0.86),
        }
    }
}

pub fn plugin(app: &mut App) {
    app.add_observer(draw_player)
        .add_observer(draw_lantern)
        .add_systems(Update, (show_players, show_names, show_lanterns))
        .add_systems(
            PostUpdate,
            follow_players
                .before(TransformSystems::Propagate)
                .run_if(resource_exists::<LoadedLevel>),
        );
}

fn draw_player(added: On<Add<Player>>, shapes: Res<Shapes>, mut commands: Commands) {
    let name = TextFont { font_size: FontSize::Px(14.0), ..default() };
    commands.entity(added.entity).with_children(|view| {
        view.spawn((Part::Shadow, shapes.glow(Color::BLACK, 44.0), at(0.0, -6.0, 2.0)));
        view.spawn((Part::Coat, shapes.disc(Color::NONE, 26.0), at(0.0, -2.0, 2.1)));
        view.spawn((Part::Hat, shapes.disc(Color::NONE, 18.0), at(0.0, 6.0, 2.2)));
        view.spawn((Part::Face, shapes.disc(Color::NONE, 11.0), at(0.0, 5.0, 2.3)));
        view.spawn((NameTag, Text2d::default(), name, Anchor::TOP_CENTER, at(0.0, -20.0, 5.0)));
    });
}

fn draw_lantern(added: On<Add<Lantern>>, shapes: Res<Shapes>, mut commands: Commands) {
    commands
        .entity(added.entity)
        .insert(shapes.glow(WARM, 0.0))
        .with_child((shapes.disc(WARM, 8.0), at(0.0, 0.0, 2.4)));
}

fn seat_of(player: &PlayedBy) -> Seat {
    Seat::of(&player.0).unwrap_or(Seat::Left)
}

fn show_players(
    players: Query<(&PlayedBy, Has<Steering>, &Children), With<Player>>,
    mut parts: Query<(&Part, &mut Sprite)>,
) {
    for (player, is_here, children) in &players {
        let seat = seat_of(player);
        for &child in children {
            let Ok((part, mut sprite)) = parts.get_mut(child) else { continue };
            let color = match part {
                Part::Shadow => Color::BLACK.with_alpha(0.8),
                Part::Coat => seat.coat(),
                Part::Hat => seat.hat(),
                Part::Face => Color::srgb(0.95, 0.80, 0.66),
            };
            let shown = color.with_alpha(color.alpha() * if is_here { 1.0 } else { ASLEEP });
            if sprite.color != shown {
                sprite.color = shown;
            }
        }
    }
}

/// Names are for two: one alone knows who they are.
fn show_names(
    players: Query<(&PlayedBy, Has<Steering>, &Children), With<Player>>,
    mut names: Query<(&mut Text2d, &mut TextColor), With<NameTag>>,
) {
    let are_several = players.iter().len() > 1;
    for (player, is_here, children) in &players {
        let seat = seat_of(player);
        for &child in children {
            let Ok((mut text, mut color)) = names.get_mut(child) else { continue };
            let name = if are_several { seat.name() } else { "" };
            if text.0 != name {
                name.clone_into(&mut text.0);
            }
            let alpha = if is_here { 1.0 } else { ASLEEP };
            color.set_if_neq(TextColor(seat.light().with_alpha(alpha)));
        }
    }
}

fn show_lanterns(
    mut lanterns: Query<(&Lantern, &ChildOf, &mut Sprite)>,
    steered: Query<(), With<Steering>>,
) {
    for (lantern, of, mut glow) in &mut lanterns {
        let (size, strength) = match lantern.flares {
            _ if !steered.contains(of.parent()) => (90.0, 0.08),
            true => (FLARE_LIGHT * 2.6, 0.75),
            false => (190.0 + 90.0 * lantern.oil, 0.16 + 0.16 * lantern.oil),
        };
        let shown = (Some(Vec2::splat(size)), WARM.with_alpha(strength));
        if (glow.custom_size, glow.color) != shown {
            (glow.custom_size, glow.color) = shown;
        }
    }
}

/// Sees all who play, from further away if they are far apart.
fn follow_players(
    time: Res<Time>,
    level: Res<LoadedLevel>,
    window: Single<&Window>,
    players: Query<&Transform, (With<Player>, With<Steering>)>,
    camera: Single<(&mut Transform, &mut Projection), (With<Camera2d>, Without<Player>)>,
) {
    let places = || players.iter().map(|at| at.translation.truncate());
    let (Some(low), Some(high)) = (places().reduce(Vec2::min), places().reduce(Vec2::max)) else {
        return;
    };
    let (mut camera, mut projection) = camera.into_inner();
    let Projection::Orthographic(lens) = &mut *projection else { return };
    // As large as in a window of 1280 × 720 in a larger one, and no smaller in a smaller one.
    let share = (window.size() / Vec2::new(1280.0, 720.0)).min_element().max(1.0);
    let scale = ((high - low + MARGIN) / window.size()).max_element().max(1.0 / share);
    // There is nothing to see beyond the edge, but for what the counts lie over in a window that is higher than wide.
    let room = ((level.size + EDGE - window.size() * scale) / 2.0).max(Vec2::ZERO);
    let is_high = window.height() > window.width();
    let above = if is_high { Vec2::new(0.0, COVERED * scale) } else { Vec2::ZERO };
    let goal = ((low + high) / 2.0).clamp(-room, room + above);
    let way = goal.extend(0.0) - camera.translation;
    // At once after a restore or in a new level, smoothly else.
    let part = if way.length() > 500.0 { 1.0 } else { 1.0 - (-5.0 * time.delta_secs()).exp() };
    camera.translation += way * part;
    lens.scale += (scale - lens.scale) * part;
}
