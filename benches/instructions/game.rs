//! The game whose instructions are counted.

use std::time::Duration;

use bevy::app::{ScheduleRunnerPlugin, TaskPoolPlugin};
use bevy::ecs::schedule::SingleThreadedExecutor;
use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;
use bevy_session::events::{RecordInputs, RecordingExt};
use bevy_session::prelude::*;
use bevy_session::replica::{MemoryReplica, Replica};
use bevy_session::{MemoryDisk, SessionLast, SessionSystems};
use serde::{Deserialize, Serialize};

use crate::{NOTHING, boundary};

#[derive(Component, Reflect, Clone, Copy, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Position(f32, f32, f32);

#[derive(Component, Reflect, Clone, Copy, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Velocity(f32, f32, f32);

#[derive(Component, Reflect, Clone, Copy, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Health(f32, f32);

#[derive(Component, Reflect, Clone, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Inventory(Vec<u32>);

#[derive(Component, Reflect, Clone, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Title(String);

/// True if entities may be put back.
#[derive(Resource, Default)]
pub struct IsLoaded(pub bool);

/// True if a restore is over.
#[derive(Resource, Default)]
pub struct Restored(pub bool);

/// Which workload each step of the plugin's frame belongs to, if any is counted.
#[derive(Resource, Default)]
pub struct Counting(pub Option<[&'static str; 6]>);

/// On a clock that only frames move, so that no heartbeat comes for the time that counting takes.
fn plugin(disk: &MemoryDisk) -> SessionPlugin {
    let plugin = SessionPlugin::new("Bench", "Instructions").disk(disk.clone());
    plugin.clock_from("2026-01-01T00:00:00Z".parse().expect("it is a date"))
}

/// An app before its plugins are finished.
pub fn unfinished(disk: &MemoryDisk) -> App {
    unfinished_with(plugin(disk))
}

fn unfinished_with(plugin: SessionPlugin) -> App {
    let mut app = App::new();
    let plugins = MinimalPlugins.build().disable::<ScheduleRunnerPlugin>();
    // Without a pool of threads nothing is done beside something else.
    app.add_plugins(plugins.disable::<TaskPoolPlugin>())
        .add_plugins(plugin)
        .insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_millis(16)))
        .init_resource::<IsLoaded>()
        .init_resource::<Restored>()
        .restore_session_when(|loaded: Res<IsLoaded>| loaded.0)
        .init_resource::<Counting>()
        .add_observer(|_: On<SessionRestored>, mut restored: ResMut<Restored>| restored.0 = true);
    count_steps(&mut app);
    on_one_thread(&mut app);
    app
}

fn on_one_thread(app: &mut App) {
    for (_, schedule) in app.world_mut().resource_mut::<Schedules>().iter_mut() {
        schedule.set_executor(SingleThreadedExecutor::new());
    }
}

/// Draws a boundary before the plugin's frame and after each of its steps.
fn count_steps(app: &mut App) {
    use SessionSystems::{Capture, Gates, Receive, Report, Requests, Restore};
    let before = |counting: Res<Counting>| {
        if counting.0.is_some() {
            boundary(NOTHING);
        }
    };
    app.add_systems(SessionLast, before.before(SessionSystems::Run));
    let steps = [Receive, Restore, Gates, Requests, Capture, Report];
    for (number, step) in steps.iter().enumerate() {
        let after = move |counting: Res<Counting>| {
            if let Some(workload) = counting.0.and_then(|steps| steps.get(number).copied()) {
                boundary(workload);
            }
        };
        let after = after.after(step.clone());
        match steps.get(number + 1) {
            Some(next) => app.add_systems(SessionLast, after.before(next.clone())),
            None => app.add_systems(SessionLast, after),
        };
    }
}

pub fn app(disk: &MemoryDisk) -> App {
    finished(unfinished(disk))
}

/// An app whose sessions are kept in a replica too.
pub fn replicated(disk: &MemoryDisk) -> App {
    finished(unfinished_with(plugin(disk).replica(Replica::new(MemoryReplica::default()))))
}

/// A key that is held.
#[derive(Message, TypePath, Clone, Serialize, Deserialize)]
struct Held(u32);

/// A game that records an input in each step, and with that its frames.
pub fn taped(disk: &MemoryDisk) -> App {
    let mut app = unfinished(disk);
    app.add_message::<Held>().add_systems(
        FixedUpdate,
        (|mut held: MessageWriter<Held>| _ = held.write(Held(7))).before(RecordInputs),
    );
    app.record_inputs::<Held>(FixedUpdate);
    on_one_thread(&mut app);
    finished(app)
}

fn finished(mut app: App) -> App {
    app.finish();
    app.cleanup();
    app.update();
    app.world_mut().resource_mut::<SessionSettings>().autosave = false;
    app
}

/// Plays some frames, whose steps belong to these workloads.
pub fn counted(app: &mut App, steps: [&'static str; 6], play: impl FnOnce(&mut App)) {
    app.world_mut().resource_mut::<Counting>().0 = Some(steps);
    play(app);
    app.world_mut().resource_mut::<Counting>().0 = None;
}

pub fn frames(app: &mut App, count: usize) {
    (0..count).for_each(|_| app.update());
}

/// Runs frames until this holds.
pub fn until(app: &mut App, holds: impl Fn(&World) -> bool) {
    for _ in 0..1_000 {
        if holds(app.world()) {
            return;
        }
        app.update();
        std::thread::yield_now();
    }
    panic!("what is waited for doesn't come");
}

pub fn request<R>(app: &mut App, ask: impl FnOnce(&mut Commands) -> R) {
    ask(&mut app.world_mut().commands());
    app.world_mut().flush();
}

pub fn start(app: &mut App) {
    request(app, |commands| commands.session().start(NewSession::named("Bench")));
    frames(app, 3);
}

pub fn close(app: &mut App) {
    request(app, |commands| commands.session().close(LeaveCause::Player));
    frames(app, 3);
}

pub fn spawn(app: &mut App, entities: u16) {
    let rows = (0..entities).map(|number| {
        let value = f32::from(number);
        (
            Position(value, value * 0.5, 1.0),
            Velocity(value * 0.1, 0.0, -1.0),
            Health(value, 100.0),
            Inventory(vec![u32::from(number), 7, 9]),
            Title(format!("worker {number}")),
        )
    });
    app.world_mut().spawn_batch(rows).count();
}

/// Changes two components of every `step`th entity.
pub fn change(app: &mut App, step: usize) {
    let world = app.world_mut();
    let mut query = world.query::<(&mut Position, &mut Inventory)>();
    for (mut position, mut inventory) in query.iter_mut(world).step_by(step) {
        position.0 += 1.0;
        inventory.0.push(1);
    }
}

pub fn checkpoint(app: &mut App) {
    request(app, |commands| commands.session().checkpoint("bench"));
    frames(app, 1);
}
