//! What a checkpoint allocates on the main thread.

use allocation_counter::measure;
use bevy::prelude::*;
use bevy::tasks::ComputeTaskPool;
use bevy_session::prelude::*;
use bevy_session::{SessionActivity, SessionLast};

use crate::common::{FRAME, Health, Score, game_with};

const WARM_UP: usize = 40;
const ROUNDS: usize = 20;

/// A game whose writer has a thread of its own, with a checkpoint due in every frame.
fn game(directory: &tempfile::TempDir) -> App {
    // A report of what was too dear would be allocated.
    let settings =
        SessionSettings { interval: FRAME, capture_budget: None, ..SessionSettings::default() };
    let plugin = SessionPlugin::new("Tests", "Allocations").directory(directory.path());
    let mut app = game_with(plugin.settings(settings), |_| {});
    app.init_resource::<Captured>()
        .add_observer(|_: On<CheckpointCaptured>, mut captured: ResMut<Captured>| captured.0 += 1);
    app.world_mut().commands().start_session(NewSession::named("Play"));
    app.world_mut().flush();
    app
}

/// Allocations of the plugin in a frame in which a checkpoint was captured, in each of many rounds.
fn allocations(app: &mut App, change: impl Fn(&mut World)) -> Vec<u64> {
    let mut counts = Vec::new();
    while counts.len() < WARM_UP + ROUNDS {
        change(app.world_mut());
        app.world_mut().run_schedule(First);
        let before = captures(app);
        let count = measure(|| app.world_mut().run_schedule(SessionLast)).count_total;
        if captures(app) > before {
            counts.push(count);
            wait_for_the_writer(app);
        }
    }
    counts.split_off(WARM_UP)
}

/// Checkpoints that were captured.
#[derive(Resource, Default)]
struct Captured(usize);

fn captures(app: &App) -> usize {
    app.world().resource::<Captured>().0
}

/// Until it is done with the capture, and its buffers are back.
fn wait_for_the_writer(app: &mut App) {
    while app.world().resource::<SessionActivity>().is_saving() {
        app.world_mut().run_schedule(SessionLast);
        std::thread::yield_now();
    }
}

#[test]
fn a_checkpoint_of_plain_types_allocates_nothing_on_the_main_thread() {
    let directory = tempfile::tempdir().unwrap();
    let mut app = game(&directory);
    let crowd: Vec<Entity> = app.world_mut().spawn_batch((0..40).map(Health)).collect();
    let mut counts = allocations(&mut app, |world| {
        world.resource_mut::<Score>().0 += 1;
        for entity in &crowd {
            world.get_mut::<Health>(*entity).unwrap().0 += 1;
        }
    });
    // Where the machine is so slow that other threads help, each of them costs one of the pool's
    // objects, and these lie in a block.
    let threads = ComputeTaskPool::get().thread_num();
    let objects = (threads + threads.div_ceil(31)) as u64;
    counts.sort_unstable();
    let usual = counts[ROUNDS / 2];
    assert!(usual == 0 || usual == objects, "{counts:?}");
}
