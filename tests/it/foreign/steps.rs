//! A game like Bevy's breakout, made crash-proof by what the guide says. What was forgotten on the way
//! is said at each step.

// Feature: Bevy's example `breakout` becomes crash-proof by five kinds of lines.
// Page: guide/coming-from.md#the-steps

use bevy::app::ScheduleRunnerPlugin;
use bevy::prelude::*;
use bevy::state::app::StatesPlugin;
use bevy::time::TimeUpdateStrategy;
use bevy_session::doctor::Doctor;
use bevy_session::hints::{HintGiven, SessionHint};
use bevy_session::prelude::*;
use bevy_session::testing::assert_restores;
use bevy_session::{MemoryDisk, recovery_is_pending};
use serde::{Deserialize, Serialize};

use crate::common::{FRAME, frames, listen, plugin, received, seconds};

#[derive(States, Reflect, Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
enum Round {
    Over,
    #[default]
    Playing,
}

#[derive(Component, Reflect, Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component)]
struct Velocity(Vec2);

#[derive(Component)]
struct Brick;

#[derive(Resource, Reflect, Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[reflect(Resource)]
struct Score(u32);

/// The steps of the guide that are followed.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Step {
    Plugin,
    Types,
    Session,
    Keys,
}

fn setup(step: Step) -> impl Fn(Commands) {
    move |mut commands: Commands| {
        let begun = DespawnOnExit(Round::Playing);
        let ball = (Velocity(Vec2::new(37.0, 61.0)), Transform::from_xyz(0.0, -50.0, 0.0));
        let ball = commands.spawn((ball, begun.clone())).id();
        if step >= Step::Keys {
            commands.entity(ball).insert((Saved, SaveKey::new("ball")));
        }
        for number in 0..20_u8 {
            let (row, column) = (f32::from(number / 5), f32::from(number % 5));
            let place = Transform::from_xyz(column * 40.0 - 80.0, row * 20.0 + 20.0, 0.0);
            let brick = commands.spawn((Brick, place, begun.clone())).id();
            if step >= Step::Keys {
                let key = SaveKey::new(format!("brick {number}"));
                commands.entity(brick).insert((Saved, key));
            }
        }
    }
}

fn move_ball(mut balls: Query<(&mut Transform, &mut Velocity)>, time: Res<Time<Fixed>>) {
    for (mut place, mut velocity) in &mut balls {
        let moved = place.translation + velocity.0.extend(0.0) * time.delta_secs();
        if moved.x.abs() > 100.0 {
            velocity.0.x = -velocity.0.x;
        }
        if moved.y.abs() > 100.0 {
            velocity.0.y = -velocity.0.y;
        }
        place.translation = moved.clamp(Vec3::splat(-100.0), Vec3::splat(100.0));
    }
}

fn break_bricks(
    mut commands: Commands,
    mut balls: Query<(&Transform, &mut Velocity)>,
    bricks: Query<(Entity, &Transform), With<Brick>>,
    mut score: ResMut<Score>,
) {
    let Ok((ball, mut velocity)) = balls.single_mut() else { return };
    let hit = bricks.iter().find(|(_, place)| {
        let distance = (place.translation - ball.translation).abs();
        distance.x < 20.0 && distance.y < 10.0
    });
    if let Some((brick, _)) = hit {
        commands.entity(brick).despawn();
        velocity.0.y = -velocity.0.y;
        score.0 += 1;
    }
}

fn breakout(disk: &MemoryDisk, step: Step) -> App {
    let mut app = App::new();
    app.add_plugins((
        MinimalPlugins.build().disable::<ScheduleRunnerPlugin>(),
        StatesPlugin,
        // Who hasn't started a session yet is a developer.
        plugin(disk).development(step < Step::Session),
    ))
    .insert_resource(TimeUpdateStrategy::ManualDuration(FRAME))
    .init_state::<Round>()
    .init_resource::<Score>()
    .add_systems(OnEnter(Round::Playing), setup(step))
    .add_systems(FixedUpdate, (move_ball, break_bricks).chain().run_if(not(recovery_is_pending)));
    listen::<HintGiven>(&mut app);
    if step >= Step::Types {
        app.save_component::<Transform>()
            .save_component::<Velocity>()
            .save_resource::<Score>()
            .save_state::<Round>();
    }
    if step >= Step::Session {
        app.add_systems(Startup, |mut commands: Commands| {
            commands.session().start_or_continue(NewSession::named("Breakout"));
        });
    }
    app.finish();
    app.cleanup();
    app
}

fn hints(app: &mut App) -> Vec<SessionHint> {
    frames(app, 2);
    received::<HintGiven>(app).into_iter().map(|given| given.hint).collect()
}

/// Everything that a player sees.
fn scene(app: &mut App) -> (Vec<[i32; 2]>, Vec<Velocity>, Score) {
    let world = app.world_mut();
    let in_pixels = |place: &Transform| {
        let place = place.translation.round().as_ivec3();
        [place.x, place.y]
    };
    let mut places: Vec<_> = world.query::<&Transform>().iter(world).map(in_pixels).collect();
    places.sort_unstable();
    let velocities = world.query::<&Velocity>().iter(world).copied().collect();
    (places, velocities, world.resource::<Score>().clone())
}

fn enter(app: &mut App, round: Round) {
    app.world_mut().resource_mut::<NextState<Round>>().set(round);
    frames(app, 1);
}

#[test]
fn each_missing_step_of_the_setup_gives_a_hint() {
    let disk = MemoryDisk::default();
    for step in [Step::Plugin, Step::Types] {
        let mut app = breakout(&disk, step);
        seconds(&mut app, 35.0);
        assert_eq!(hints(&mut app), [SessionHint::NoSessionStarted]);
    }
    let mut app = breakout(&disk, Step::Session);
    seconds(&mut app, 15.0);
    let given = hints(&mut app);
    assert!(matches!(given[..], [SessionHint::NoEntitySaved { .. }]), "{given:?}");

    let mut app = breakout(&MemoryDisk::default(), Step::Keys);
    seconds(&mut app, 60.0);
    assert_eq!(hints(&mut app), []);
    assert_restores(&mut app);
    let diagnosis = Doctor::default().ignore::<Brick>().examine(&mut app);
    // One round is all the game has: there is no menu to keep out.
    let of_others = |finding: &&bevy_session::doctor::Finding| {
        let text = finding.to_string();
        text.contains("Round") || !text.contains("foreign::steps")
    };
    assert!(diagnosis.findings.iter().all(|finding| of_others(&finding)), "{diagnosis}");
}

#[test]
fn a_crash_loses_nothing_and_the_next_round_has_all_bricks() {
    let disk = MemoryDisk::default();
    let mut app = breakout(&disk, Step::Keys);
    seconds(&mut app, 30.0);
    app.world_mut().commands().session().checkpoint("here");
    app.world_mut().flush();
    let before = scene(&mut app);
    assert!(before.0.len() < 21 && before.2.0 > 0, "some bricks should be gone: {before:?}");
    app.update();
    let saved = disk.snapshot();
    // The checkpoint is of the frame's end.
    let before = scene(&mut app);

    let mut app = breakout(&saved, Step::Keys);
    let mut left = 20;
    while !app.world().contains_resource::<CurrentSession>() && left > 0 {
        app.update();
        left -= 1;
    }
    assert_eq!(scene(&mut app), before);
    seconds(&mut app, 5.0);

    enter(&mut app, Round::Over);
    enter(&mut app, Round::Playing);
    frames(&mut app, 1);
    assert!(scene(&mut app).0.len() > 19, "{:?}", scene(&mut app));
    assert_eq!(hints(&mut app), []);
}
