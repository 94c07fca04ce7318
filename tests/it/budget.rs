//! Captures that take too much of a frame, and a writer that is behind.

// Feature: Interval, write rate and capture budget follow states and conditions.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy_session::checkpoints::{AutosaveDelayed, CaptureBudget, CaptureOverBudget};
use bevy_session::prelude::*;
use bevy_session::{CheckpointCaptured, MemoryDisk};
use serde::{Deserialize, Serialize, Serializer};

use crate::common::{
    FRAME, Health, Inventory, frames, game_with, listen, plugin, received, request, start,
};

fn game(budget: Option<CaptureBudget>) -> App {
    let settings = SessionSettings { capture_budget: budget, ..SessionSettings::default() };
    let mut app = game_with(plugin(&MemoryDisk::default()).settings(settings), |_| {});
    listen::<CaptureOverBudget>(&mut app);
    listen::<CheckpointCaptured>(&mut app);
    let lists = (0..2_000).map(|number| (Inventory(vec![number; 40]), Health(number)));
    app.world_mut().spawn_batch(lists).count();
    start(&mut app, "Play");
    app
}

#[test]
fn a_capture_over_its_budget_is_reported_with_the_types_that_cost_most() {
    let mut app = game(Some(CaptureBudget { share: 0.0, ..default() }));
    frames(&mut app, 1);
    let captured = received::<CheckpointCaptured>(&app);
    let over = received::<CaptureOverBudget>(&app);
    assert_eq!((captured.len(), over.len()), (1, 1));
    assert_eq!(over[0].checkpoint, captured[0].checkpoint);
    assert_eq!(over[0].capture_time, captured[0].capture_time);
    assert_eq!((over[0].full, over[0].budget), (true, Duration::ZERO));
    let costliest = &over[0].costliest;
    assert!(costliest.len() <= 5 && costliest.is_sorted_by(|one, other| one.time >= other.time));
    let lists = costliest.iter().find(|cost| cost.type_path.ends_with("Inventory"));
    assert_eq!(lists.map(|cost| cost.rows), Some(2_000), "{costliest:?}");
}

#[test]
fn a_delta_names_the_rows_that_it_copied() {
    let mut app = game(Some(CaptureBudget { share: 0.0, ..default() }));
    let mut lists = app.world_mut().query::<&mut Inventory>();
    lists.iter_mut(app.world_mut()).take(1_500).for_each(|mut list| list.0.push(1));
    request(&mut app, |commands| commands.session().checkpoint("bench"));
    frames(&mut app, 2);
    let over = received::<CaptureOverBudget>(&app);
    let lists = |over: &CaptureOverBudget| {
        let of_lists = over.costliest.iter().find(|cost| cost.type_path.ends_with("Inventory"));
        of_lists.map(|cost| cost.rows)
    };
    assert_eq!(over.iter().map(lists).collect::<Vec<_>>(), [Some(2_000), Some(1_500)]);
}

#[test]
fn no_budget_warning_is_given_without_a_budget_or_within_it() {
    let generous = CaptureBudget { frame: Duration::from_secs(3_600), share: 1.0 };
    for budget in [None, Some(generous)] {
        let mut app = game(budget);
        frames(&mut app, 1);
        assert_eq!(received::<CheckpointCaptured>(&app).len(), 1);
        assert_eq!(received::<CaptureOverBudget>(&app).len(), 0, "{budget:?}");
    }
}

/// Writing a [`Slow`] waits until this is free.
static BARRIER: Mutex<()> = Mutex::new(());

#[derive(Component, Reflect, Clone, Deserialize)]
#[reflect(Component, Saved)]
struct Slow(u32);

impl Serialize for Slow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        drop(BARRIER.lock());
        self.0.serialize(serializer)
    }
}

#[test]
fn a_checkpoint_delayed_by_the_writer_is_reported_once_and_taken_later() {
    let directory = tempfile::tempdir().unwrap();
    let plugin = SessionPlugin::new("Tests", "Budget").directory(directory.path()).interval(FRAME);
    let mut app = game_with(plugin, |app| {
        app.register_type::<Slow>();
    });
    listen::<AutosaveDelayed>(&mut app);
    listen::<CheckpointCaptured>(&mut app);
    let slow = app.world_mut().spawn(Slow(0)).id();
    request(&mut app, |commands| commands.session().start(NewSession::named("Play")));
    let begun = Instant::now();
    let until = |app: &mut App, is_reached: &dyn Fn(&App) -> bool| {
        while !is_reached(app) {
            assert!(begun.elapsed() < Duration::from_secs(300), "it takes too long");
            app.world_mut().get_mut::<Slow>(slow).unwrap().0 += 1;
            app.update();
        }
    };
    let has_saved = |app: &App| {
        app.world()
            .get_resource::<CurrentSession>()
            .is_some_and(|it| it.last_checkpoint().is_some())
    };
    until(&mut app, &has_saved);
    let barrier = BARRIER.lock().unwrap();
    until(&mut app, &|app| !received::<AutosaveDelayed>(app).is_empty());
    let play = |app: &mut App| {
        for _ in 0..30 {
            app.world_mut().get_mut::<Slow>(slow).unwrap().0 += 1;
            app.update();
        }
    };
    // Where the writer's thread is slow to come to the barrier, there is room for one more.
    play(&mut app);
    let captured = received::<CheckpointCaptured>(&app).len();
    play(&mut app);
    let delayed = received::<AutosaveDelayed>(&app);
    assert_eq!(delayed.len(), 1, "it should be reported once");
    assert_eq!(delayed[0].captures, 2);
    assert!(delayed[0].since_captured >= FRAME);
    assert_eq!(received::<CheckpointCaptured>(&app).len(), captured, "memory should stay bounded");
    drop(barrier);
    until(&mut app, &|app| received::<CheckpointCaptured>(app).len() > captured);
    let session = app.world().resource::<CurrentSession>().id();
    let last = app.world().get::<Slow>(slow).unwrap().0;
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    app.update();
    // Waits for the writer, for a bounded time.
    drop(app);

    let plugin = SessionPlugin::new("Tests", "Budget").directory(directory.path());
    let mut app = game_with(plugin.manual_writer(), |app| {
        app.register_type::<Slow>();
    });
    request(&mut app, |commands| commands.session().continue_session(session));
    frames(&mut app, 3);
    let mut found = app.world_mut().query::<&Slow>();
    assert_eq!(found.iter(app.world()).map(|slow| slow.0).collect::<Vec<_>>(), [last]);
}
