//! Systems in an order that is drawn, wherever nothing says which of two comes first.
//!
//! A game's own systems shift the order in which the engine happens to run the plugin's. So what only works by luck has
//! to fail here before it fails in a game.

use std::cell::Cell;
use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use bevy::app::{App, Update};
use bevy::ecs::resource::Resource;
use bevy::ecs::schedule::{Schedules, SingleThreadedExecutor};
use bevy::ecs::system::ResMut;

/// The same for all games of a process, and another one in each run of the tests.
static SEED: LazyLock<u64> = LazyLock::new(|| {
    let given = std::env::var("BEVY_SESSION_SEED").ok();
    given.map_or_else(
        || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros() as u64,
        |seed| seed.parse().expect("BEVY_SESSION_SEED is a number"),
    )
});

thread_local! {
    static SAID: Cell<bool> = const { Cell::new(false) };
}

/// Shuffles the schedules that the app has. It changes none that has run, and so belongs before the first frame.
#[expect(clippy::print_stdout, reason = "a failure is replayed with the seed that is printed")]
pub fn shuffle(app: &mut App) {
    // Each test has a thread, and what it prints is seen where it fails.
    if !SAID.replace(true) {
        println!("BEVY_SESSION_SEED={}", *SEED);
    }
    for (_, schedule) in app.world_mut().resource_mut::<Schedules>().iter_mut() {
        let mut settings = schedule.get_build_settings();
        settings.shuffle_seed = Some(*SEED);
        schedule.set_build_settings(settings);
        // Several threads would take what is ready, in an order that no seed brings back.
        schedule.set_executor(SingleThreadedExecutor::new());
    }
}

#[test]
fn the_shuffled_order_of_systems_differs_and_is_reproducible() {
    #[derive(Resource, Default)]
    struct Ran(Vec<u8>);

    let order = |add: fn(&mut App)| {
        let mut app = App::new();
        app.init_resource::<Ran>();
        app.edit_schedule(Update, |schedule| {
            schedule.set_executor(SingleThreadedExecutor::new());
        });
        for number in 0..20 {
            app.add_systems(Update, move |mut ran: ResMut<Ran>| ran.0.push(number));
        }
        add(&mut app);
        app.update();
        app.world_mut().remove_resource::<Ran>().unwrap().0
    };
    let usual = order(|_| {});
    assert_eq!(usual, order(|_| {}));
    let drawn = order(shuffle);
    assert_ne!(drawn, usual);
    assert_eq!(drawn, order(shuffle), "a seed stands for one order");
}
