//! Prints what the ready-made UI costs: `cargo bench --package bevy_session_ui`.
//!
//! Everything runs but the drawing itself: layout, text, picking, focus. The session lies in files,
//! and the writer has its own thread.

#![expect(clippy::print_stdout, reason = "the figures are what this program is for")]

mod headless_ui;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use bevy::app::ScheduleRunnerPlugin;
use bevy::camera::{ComputedCameraValues, RenderTargetInfo};
use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session_ui::{SessionPanel, SessionUiPlugins, ToggleSessionPanel};
use headless_ui::add_headless_ui;
use serde::{Deserialize, Serialize};

/// Where a child of this program plays, and crashes.
const CRASH_IN: &str = "BEVY_SESSION_BENCH_CRASH_IN";
const CHECKPOINTS: u32 = 20;
const STARTS: usize = 21;
const TURNS: usize = 7;
const FRAMES: usize = 1_000;
/// A dialog that isn't there after this many frames never comes.
const PATIENCE: usize = 10_000;

#[derive(Component, Reflect, Clone, Copy, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Health(u32);

fn main() -> std::io::Result<()> {
    if let Some(directory) = std::env::var_os(CRASH_IN) {
        crash_after_some_checkpoints(Path::new(&directory));
    }
    let files = tempfile::tempdir()?;
    Command::new(std::env::current_exe()?).env(CRASH_IN, files.path()).status()?;
    let mut starts: Vec<(Duration, usize, Duration)> =
        (0..STARTS).map(|_| start_until_the_dialog(files.path())).collect();
    starts.sort_unstable();
    let (until_dialog, frames, frame) = starts[STARTS / 2];
    let (closed, open) = with_the_panel(files.path());
    println!("| what | figure |");
    println!("| --- | --- |");
    println!(
        "| from the first frame to a dialog with {CHECKPOINTS} checkpoints (aim ≤ 100 ms) | \
         {:.2} ms, {frames} frames |",
        milliseconds(until_dialog)
    );
    println!("| of that, the frame that builds it | {:.2} ms |", milliseconds(frame));
    println!("| a frame with the panel closed | {:.4} ms |", milliseconds(closed));
    println!("| a frame with the panel open | {:.4} ms |", milliseconds(open));
    let cost = milliseconds(open) - milliseconds(closed);
    println!("| what the panel costs a frame (aim < 0.5 ms) | {cost:.4} ms |");
    Ok(())
}

/// A game that is set up, and ready for its first frame.
fn game(directory: &Path) -> App {
    let mut app = App::new();
    app.add_plugins((
        MinimalPlugins.build().disable::<ScheduleRunnerPlugin>(),
        SessionPlugin::new("Bench", "Ui").directory(directory),
    ));
    add_headless_ui(&mut app);
    app.add_plugins(SessionUiPlugins).register_type::<Health>();
    let physical_size = UVec2::new(1280, 720);
    let target_info = Some(RenderTargetInfo { physical_size, scale_factor: 1.0 });
    let computed = ComputedCameraValues { target_info, ..default() };
    app.world_mut().spawn((Camera2d, Camera { computed, ..default() }));
    app.finish();
    app.cleanup();
    app
}

fn crash_after_some_checkpoints(directory: &Path) -> ! {
    let mut app = game(directory);
    let world = app.world_mut();
    world.spawn(Health(0));
    world.commands().session().start(NewSession::named("Campaign"));
    world.flush();
    for number in 0..CHECKPOINTS {
        app.world_mut().spawn(Health(number));
        app.world_mut().commands().session().checkpoint(format!("Place {number}"));
        app.world_mut().flush();
        for _ in 0..20 {
            app.update();
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    std::process::abort();
}

/// The time and the number of frames until the dialog is laid out; and its slowest frame.
fn start_until_the_dialog(directory: &Path) -> (Duration, usize, Duration) {
    let mut app = game(directory);
    let begun = Instant::now();
    let mut slowest = Duration::ZERO;
    for frame in 1..=PATIENCE {
        let frame_begun = Instant::now();
        app.update();
        slowest = slowest.max(frame_begun.elapsed());
        let mut texts = app.world_mut().query::<(&Text, &ComputedNode)>();
        if texts.iter(app.world()).any(|(text, node)| text.0 == "Recover" && node.size().x > 1.0) {
            return (begun.elapsed(), frame, slowest);
        }
    }
    panic!("there was no dialog in {PATIENCE} frames");
}

/// The median frame with the panel closed, and with it open, in turns.
fn with_the_panel(directory: &Path) -> (Duration, Duration) {
    let mut app = game(directory);
    app.world_mut().spawn(Health(0));
    app.world_mut().commands().session().start(NewSession::named("Campaign"));
    frames(&mut app);
    let (mut closed, mut open) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        assert!(!app.world().resource::<SessionPanel>().is_open());
        closed.push(frames(&mut app));
        app.world_mut().trigger(ToggleSessionPanel);
        assert!(app.world().resource::<SessionPanel>().is_open());
        open.push(frames(&mut app));
        app.world_mut().trigger(ToggleSessionPanel);
    }
    (median(closed), median(open))
}

/// The mean time of a frame, since the panel does its work in some and rests in others.
fn frames(app: &mut App) -> Duration {
    let begun = Instant::now();
    (0..FRAMES).for_each(|_| app.update());
    begun.elapsed() / FRAMES as u32
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
