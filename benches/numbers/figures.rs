//! The cost of figures, health, alerts and metrics.

use std::hint::black_box;
use std::time::{Duration, Instant};

use bevy::app::ScheduleRunnerPlugin;
use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;
use bevy_session::prelude::*;
use bevy_session::{MemoryDisk, SessionLast};
use bevy_session_ops::{
    Alert, AlertsExt, SessionFigures, SessionFiguresPlugin, SessionOperation, Window,
};

use crate::measure::{ROUNDS, median, on_the_processor, row};

/// Frames of a round.
const FRAMES: u32 = 2_000;
/// A frame at 60 in a second.
const FRAME: Duration = Duration::from_nanos(16_666_667);

pub fn figures() {
    let mut plain = game(|_| {});
    let mut measured = game(|app| {
        app.add_plugins(SessionFiguresPlugin);
        for alert in Alert::usual() {
            app.raise_session_alert(alert).expect("the usual alerts make sense");
        }
    });
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        without.push(frame(&mut plain));
        with.push(frame(&mut measured));
    }
    let added = median(with).saturating_sub(median(without));
    let share = added.as_secs_f64() / FRAME.as_secs_f64() * 100.0;
    row(
        "what figures, health and seven alerts add to a frame that plays (aim ≤ 1 % of 16.7 ms)",
        format!("{:.2} µs, {share:.3} %", added.as_secs_f64() * 1e6),
    );
    one_look();
    let taken =
        allocation_counter::measure(|| std::mem::forget(black_box(SessionFigures::default())));
    row(
        "heap of all figures, which never grow (aim ≤ 64 KB)",
        format!("{} bytes", taken.bytes_current),
    );
    #[cfg(feature = "metrics")]
    metric();
}

/// A game that plays and saves, with nothing in its world.
fn game(add: impl FnOnce(&mut App)) -> App {
    let mut app = App::new();
    let plugin = SessionPlugin::new("Bench", "Figures").disk(MemoryDisk::default());
    app.add_plugins((MinimalPlugins.build().disable::<ScheduleRunnerPlugin>(), plugin))
        .insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_millis(16)));
    add(&mut app);
    app.finish();
    app.cleanup();
    app.world_mut().commands().session().start(NewSession::named("Bench"));
    app.update();
    app
}

/// One of many frames, in processor time. The clock goes on between rounds.
fn frame(app: &mut App) -> Duration {
    app.update();
    let begun = on_the_processor();
    for _ in 0..FRAMES {
        app.world_mut().run_schedule(SessionLast);
    }
    on_the_processor().saturating_sub(begun) / FRAMES
}

/// Counting one duration, and what a look at one operation over five minutes takes.
fn one_look() {
    let mut figures = SessionFigures::default();
    let begun = Instant::now();
    for micros in 0..1_000_000_u64 {
        figures.note(SessionOperation::Capture, Some(Duration::from_micros(micros % 50_000)));
    }
    let counted = begun.elapsed();
    row("counting one duration", format!("{:.1} ns", counted.as_secs_f64() * 1e3));
    let begun = Instant::now();
    for _ in 0..10_000 {
        black_box(figures.operation(SessionOperation::Capture).over(Window::FiveMinutes));
    }
    let looked = begun.elapsed().as_secs_f64() * 1e2;
    row("percentiles of one operation over five minutes", format!("{looked:.2} µs"));
}

/// A metric for which there is no recorder, as the plugin counts one.
#[cfg(feature = "metrics")]
fn metric() {
    const COUNTS: u32 = 10_000_000;
    let rounds = (0..ROUNDS).map(|_| {
        let begun = on_the_processor();
        for _ in 0..COUNTS {
            let counter = metrics::counter!(
                "bevy_session_operations_total",
                "operation" => "capture",
                "result" => "ok"
            );
            black_box(counter).increment(black_box(1));
        }
        on_the_processor().saturating_sub(begun)
    });
    let all = median(rounds.collect());
    let each = all.as_secs_f64() * 1e9 / f64::from(COUNTS);
    row("a metric with no recorder (aim ≤ 5 ns)", format!("{each:.2} ns"));
}
