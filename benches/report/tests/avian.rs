//! A game with avian's physics: a pile of crates, and a lamp that hangs from a hook.

use std::time::Duration;

use avian2d::prelude::*;
use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;
use bevy_session::prelude::*;
use bevy_session::{CheckpointCaptured, MemoryDisk, SessionRestored};
use serde::{Deserialize, Serialize};

const FRAME: Duration = Duration::from_nanos(16_666_667);
const CRATES: u32 = 12;
const LENGTH: f32 = 4.0;

/// What is saved of a body is what it is. What it is made of comes with that.
#[derive(Component, Reflect, Clone, Copy, PartialEq, PartialOrd, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[require(RigidBody, Collider::rectangle(1.0, 1.0))]
struct Crate(u32);

#[derive(Component, Reflect, Clone, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[require(RigidBody::Static)]
struct Hook;

#[derive(Component, Reflect, Clone, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[require(RigidBody, Collider::circle(0.3))]
struct Lamp;

/// A joint of the game's own: avian's doesn't say which of its fields are entities.
#[derive(Component, Reflect, Clone, Copy, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Rope {
    #[entities]
    from: Entity,
    #[entities]
    to: Entity,
    length: f32,
}

fn tie(rope: On<Add<Rope>>, ropes: Query<&Rope>, mut commands: Commands) -> Result {
    let Rope { from, to, length } = *ropes.get(rope.entity)?;
    let joint = RevoluteJoint::new(from, to).with_local_anchor2(Vec2::new(-length, 0.0));
    commands.entity(rope.entity).insert(joint);
    Ok(())
}

/// Where each body is, and how fast, at the last checkpoint and at the last restore.
#[derive(Resource, Clone, Default, PartialEq, Debug)]
struct Moments {
    captured: Vec<(Transform, LinearVelocity, AngularVelocity)>,
    restored: Vec<(Transform, LinearVelocity, AngularVelocity)>,
}

type Bodies<'w, 's> = Query<
    'w,
    's,
    (&'static Transform, &'static LinearVelocity, &'static AngularVelocity, Option<&'static Crate>),
    Or<(With<Crate>, With<Lamp>)>,
>;

fn moment(bodies: &Bodies) -> Vec<(Transform, LinearVelocity, AngularVelocity)> {
    let mut all: Vec<_> = bodies.iter().collect();
    all.sort_by(|(.., one), (.., other)| one.partial_cmp(other).unwrap());
    all.into_iter().map(|(at, linear, angular, _)| (*at, *linear, *angular)).collect()
}

fn game(disk: &MemoryDisk) -> App {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, TransformPlugin, PhysicsPlugins::default()))
        .add_plugins(SessionPlugin::new("Tests", "Pit").disk(disk.clone()).manual_writer())
        .insert_resource(TimeUpdateStrategy::ManualDuration(FRAME))
        .insert_resource(Gravity(Vec2::NEG_Y * 9.81))
        .init_resource::<Moments>()
        .save_component::<Transform>()
        .save_component::<LinearVelocity>()
        .save_component::<AngularVelocity>()
        .add_systems(Startup, (ground, play))
        .add_observer(fill)
        .add_observer(tie)
        .add_observer(|_: On<CheckpointCaptured>, bodies: Bodies, mut moments: ResMut<Moments>| {
            moments.captured = moment(&bodies);
        })
        .add_observer(|_: On<SessionRestored>, bodies: Bodies, mut moments: ResMut<Moments>| {
            moments.restored = moment(&bodies);
        });
    app.finish();
    app.cleanup();
    frames(&mut app, 6);
    app
}

fn ground(mut commands: Commands) {
    let ground = (RigidBody::Static, Collider::rectangle(100.0, 1.0));
    commands.spawn((ground, Transform::from_xyz(0.0, -0.5, 0.0)));
}

fn play(mut commands: Commands) {
    commands.session().start_or_continue(NewSession::named("World"));
}

fn fill(_: On<SessionStarted>, mut commands: Commands) {
    for number in 0..CRATES {
        let (column, row) = (number / 4, number % 4);
        let at = Vec3::new(-10.0 + 3.0 * column as f32, 0.6 + 1.05 * row as f32, 0.0);
        commands.spawn((Crate(number), Transform::from_translation(at)));
    }
    let hook = commands.spawn((Hook, Transform::from_xyz(10.0, 15.0, 0.0))).id();
    let lamp = commands.spawn((Lamp, Transform::from_xyz(10.0 + LENGTH, 15.0, 0.0))).id();
    commands.spawn(Rope { from: hook, to: lamp, length: LENGTH });
}

fn frames(app: &mut App, number: usize) {
    (0..number).for_each(|_| app.update());
}

/// Plays for a while, and saves in the midst of the lamp's swing.
fn played(disk: &MemoryDisk) -> App {
    let mut app = game(disk);
    frames(&mut app, 100);
    app.world_mut().commands().session().checkpoint("here");
    frames(&mut app, 3);
    app
}

/// The lamp swings on at its rope, and the crates come to rest.
fn assert_moves_on(app: &mut App) {
    let mut swung = 0.0;
    for _ in 0..150 {
        let before = lamp(app);
        frames(app, 1);
        let now = lamp(app);
        swung += before.distance(now);
        let distance = now.distance(Vec2::new(10.0, 15.0));
        assert!((distance - LENGTH).abs() < 0.25, "the rope is {distance} long");
    }
    assert!(swung > LENGTH, "{swung}");
    let world = app.world_mut();
    let mut crates = world.query_filtered::<(&Transform, Has<Sleeping>), With<Crate>>();
    assert_eq!(crates.iter(world).count(), CRATES as usize);
    for (at, sleeps) in crates.iter(world) {
        assert!(sleeps && at.translation.y > 0.4, "{at:?}");
    }
}

fn lamp(app: &mut App) -> Vec2 {
    let world = app.world_mut();
    world.query_filtered::<&Transform, With<Lamp>>().single(world).unwrap().translation.truncate()
}

#[test]
fn bodies_and_joints_move_on_after_a_kill() {
    let disk = MemoryDisk::default();
    let first = played(&disk);
    let saved = first.world().resource::<Moments>().captured.clone();
    assert_eq!(saved.len(), CRATES as usize + 1);
    let mut app = game(&disk.snapshot());
    assert_eq!(app.world().resource::<Moments>().restored, saved);
    assert_moves_on(&mut app);
}

#[test]
fn bodies_and_joints_move_on_after_a_rewind() {
    for manner in [RestoreManner::Respawn, RestoreManner::InPlace] {
        let disk = MemoryDisk::default();
        let mut app = played(&disk);
        let saved = app.world().resource::<Moments>().captured.clone();
        frames(&mut app, 40);
        let back = RewindTo::Ago(40 * FRAME);
        app.world_mut().commands().session().restoring(manner).rewind(back);
        frames(&mut app, 6);
        assert_eq!(app.world().resource::<Moments>().restored, saved, "{manner:?}");
        assert_moves_on(&mut app);
    }
}
