//! Views: drawn from the model when it appears, new or restored, and never saved.

mod crew;

use bevy::asset::RenderAssetUsages;
use bevy::prelude::*;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};
use bevy::sprite::Anchor;
use bevy_session::recovery::DespawnOnRestore;

use crate::level::{LevelRoot, LoadedLevel, Rock};
use crate::model::{Dice, Firefly, Lamp, Shade};
use crate::play::LAMP_LIGHT;

pub const NIGHT: Color = Color::srgb(0.020, 0.027, 0.055);
pub const WARM: Color = Color::srgb(1.0, 0.78, 0.36);
const GROUND: Color = Color::srgb(0.042, 0.066, 0.090);
const GRASS: Color = Color::srgb(0.063, 0.106, 0.118);
const STONE: Color = Color::srgb(0.100, 0.125, 0.165);
const STONE_LIGHT: Color = Color::srgb(0.128, 0.158, 0.205);
const UNLIT: Color = Color::srgb(0.26, 0.30, 0.37);
pub const FIREFLY: Color = Color::srgb(0.80, 1.0, 0.42);
const SHADE: Color = Color::srgb(0.110, 0.050, 0.160);
const EYES: Color = Color::srgb(1.0, 0.32, 0.38);

/// Ground beyond where anybody can go.
const EDGE: f32 = 160.0;

/// The two pictures that everything is made of.
#[derive(Resource, Clone)]
pub struct Shapes {
    pub disc: Handle<Image>,
    pub glow: Handle<Image>,
}

impl Shapes {
    pub fn disc(&self, color: Color, size: f32) -> Sprite {
        sprite(&self.disc, color, size)
    }

    pub fn glow(&self, color: Color, size: f32) -> Sprite {
        sprite(&self.glow, color, size)
    }
}

impl FromWorld for Shapes {
    fn from_world(world: &mut World) -> Self {
        let mut images = world.resource_mut::<Assets<Image>>();
        Self {
            disc: images.add(round_image(|radius| (1.0 - radius) * 64.0)),
            glow: images.add(round_image(|radius| (1.0 - radius).max(0.0).powf(2.4))),
        }
    }
}

#[derive(Component)]
struct LampGlow;
#[derive(Component)]
struct LampFlame;
#[derive(Component)]
struct LampLabel;

/// Only a view: gone at once when something is restored.
#[derive(Component)]
#[require(DespawnOnRestore)]
struct Spark {
    speed: Vec2,
    left: f32,
}

pub fn plugin(app: &mut App) {
    app.add_plugins(crew::plugin)
        .init_resource::<Shapes>()
        .insert_resource(ClearColor(NIGHT))
        .add_systems(Startup, |mut commands: Commands| {
            commands.spawn((Camera2d, Transform::default()));
        })
        .add_observer(draw_ground)
        .add_observer(draw_rock)
        .add_observer(draw_lamp)
        .add_observer(draw_firefly)
        .add_observer(draw_shade)
        .add_systems(Update, (show_lamps, fly_sparks, dress_sparks));
}

pub fn spawn_sparks(commands: &mut Commands, at: Vec3, number: u16) {
    for spark in 0..number {
        // The golden angle spreads them evenly.
        let direction = Vec2::from_angle(f32::from(spark) * 2.4);
        let speed = direction * (40.0 + f32::from(spark % 5) * 26.0);
        commands.spawn((Spark { speed, left: 0.7 }, Transform::from_translation(at)));
    }
}

fn draw_ground(
    root: On<Add<LevelRoot>>,
    shapes: Res<Shapes>,
    level: Res<LoadedLevel>,
    mut commands: Commands,
) {
    let mut dice = Dice(level.name.len() as u64);
    let size = level.size + EDGE;
    commands.entity(root.entity).with_children(|ground| {
        ground.spawn((Sprite::from_color(GROUND, size), at(0.0, 0.0, -10.0)));
        for _ in 0..320 {
            let place = (Vec2::new(dice.fraction(), dice.fraction()) - 0.5) * size;
            let tuft = 5.0 + 13.0 * dice.fraction();
            ground.spawn((shapes.disc(GRASS, tuft), at(place.x, place.y, -9.0)));
        }
    });
}

fn draw_rock(
    added: On<Add<Rock>>,
    shapes: Res<Shapes>,
    rocks: Query<&Rock>,
    mut commands: Commands,
) {
    let Ok(rock) = rocks.get(added.entity) else { return };
    let size = rock.radius * 2.0;
    commands.entity(added.entity).with_children(|view| {
        view.spawn((shapes.glow(Color::BLACK.with_alpha(0.7), size * 1.7), at(0.0, -5.0, -4.0)));
        view.spawn((shapes.disc(STONE, size), at(0.0, 0.0, -3.0)));
        view.spawn((shapes.disc(STONE_LIGHT, size * 0.7), at(-size * 0.08, size * 0.1, -2.9)));
    });
}

fn draw_lamp(added: On<Add<Lamp>>, shapes: Res<Shapes>, mut commands: Commands) {
    let label = TextFont { font_size: FontSize::Px(15.0), ..default() };
    commands.entity(added.entity).with_children(|view| {
        view.spawn((LampGlow, shapes.glow(WARM, 60.0), at(0.0, 0.0, -5.0)));
        view.spawn((Sprite::from_color(STONE, Vec2::new(6.0, 30.0)), at(0.0, -16.0, -1.0)));
        view.spawn((shapes.disc(STONE_LIGHT, 26.0), at(0.0, 4.0, -0.9)));
        view.spawn((LampFlame, shapes.disc(UNLIT, 14.0), at(0.0, 4.0, -0.8)));
        view.spawn((LampLabel, Text2d::default(), label, Anchor::TOP_CENTER, at(0.0, -38.0, 5.0)));
    });
}

fn draw_firefly(added: On<Add<Firefly>>, shapes: Res<Shapes>, mut commands: Commands) {
    commands.entity(added.entity).insert(shapes.glow(FIREFLY, 22.0));
}

fn draw_shade(added: On<Add<Shade>>, shapes: Res<Shapes>, mut commands: Commands) {
    commands.entity(added.entity).with_children(|view| {
        view.spawn((shapes.glow(Color::BLACK, 150.0), at(0.0, 0.0, 1.0)));
        view.spawn((shapes.glow(SHADE.lighter(0.12), 96.0), at(0.0, 0.0, 1.1)));
        view.spawn((shapes.disc(SHADE, 40.0), at(0.0, 0.0, 1.2)));
        for side in [-7.0, 7.0] {
            view.spawn((shapes.glow(EYES, 20.0), at(side, 4.0, 1.3)));
            view.spawn((shapes.disc(EYES.lighter(0.2), 5.0), at(side, 4.0, 1.4)));
        }
    });
}

fn show_lamps(
    lamps: Query<(&Lamp, &Children), Changed<Lamp>>,
    mut glows: Query<&mut Sprite, With<LampGlow>>,
    mut flames: Query<&mut Sprite, (With<LampFlame>, Without<LampGlow>)>,
    mut labels: Query<(&mut Text2d, &mut TextColor), With<LampLabel>>,
) {
    for (lamp, children) in &lamps {
        let light = lamp.fireflies as f32 / lamp.needs.max(1) as f32;
        let size = if lamp.is_lit() { LAMP_LIGHT * 3.0 } else { 60.0 + 120.0 * light };
        for &child in children {
            if let Ok(mut glow) = glows.get_mut(child) {
                glow.custom_size = Some(Vec2::splat(size));
                glow.color = WARM.with_alpha(0.18 + 0.42 * light);
            }
            if let Ok(mut flame) = flames.get_mut(child) {
                flame.color = if lamp.is_lit() { WARM } else { UNLIT };
            }
            if let Ok((mut text, mut color)) = labels.get_mut(child) {
                text.0 = match lamp.is_lit() {
                    true => lamp.name.clone(),
                    false => format!("{}  {}/{}", lamp.name, lamp.fireflies, lamp.needs),
                };
                color.0 = if lamp.is_lit() { WARM } else { Color::srgb(0.66, 0.72, 0.80) };
            }
        }
    }
}

fn dress_sparks(sparks: Query<Entity, Added<Spark>>, shapes: Res<Shapes>, mut commands: Commands) {
    for spark in &sparks {
        commands.entity(spark).insert(shapes.glow(WARM, 14.0));
    }
}

fn fly_sparks(
    time: Res<Time>,
    mut sparks: Query<(Entity, &mut Spark, &mut Transform)>,
    mut commands: Commands,
) {
    for (entity, mut spark, mut at) in &mut sparks {
        spark.left -= time.delta_secs();
        at.translation += (spark.speed * time.delta_secs()).extend(0.0);
        at.scale = Vec3::splat((spark.left / 0.7).max(0.0));
        if spark.left <= 0.0 {
            commands.entity(entity).despawn();
        }
    }
}

fn at(x: f32, y: f32, z: f32) -> Transform {
    Transform::from_xyz(x, y, z)
}

fn sprite(image: &Handle<Image>, color: Color, size: f32) -> Sprite {
    Sprite { image: image.clone(), color, custom_size: Some(Vec2::splat(size)), ..default() }
}

/// A white image whose opacity depends on the distance from its middle, where the edge is at 1.
fn round_image(opacity: impl Fn(f32) -> f32) -> Image {
    const SIZE: u16 = 256;
    let middle = f32::from(SIZE) / 2.0;
    let pixel = |x: u16, y: u16| {
        let from_middle = Vec2::new(f32::from(x) + 0.5, f32::from(y) + 0.5) - middle;
        let alpha = opacity(from_middle.length() / (middle - 1.0)).clamp(0.0, 1.0);
        [255, 255, 255, (alpha * 255.0).round() as u8]
    };
    let data = (0..SIZE).flat_map(|y| (0..SIZE).flat_map(move |x| pixel(x, y))).collect();
    let size = Extent3d { width: SIZE.into(), height: SIZE.into(), depth_or_array_layers: 1 };
    let format = TextureFormat::Rgba8UnormSrgb;
    Image::new(size, TextureDimension::D2, data, format, RenderAssetUsages::RENDER_WORLD)
}
