//! The time to write a report, and to open one.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::reports::{Report, ReportWritten};

use crate::game::{ENTITIES, app, request, spawn_mixed, start};
use crate::measure::{median, row, temporary, timed};

/// The report that this program is to open, in a separate process.
const OPENED: &str = "BEVY_SESSION_BENCH_OPENED";
const ROUNDS: usize = 7;

#[derive(Resource, Default)]
struct Written(Vec<u64>);

pub fn reports() {
    let directory = temporary("reports");
    let plugin = SessionPlugin::new("Bench", "Numbers").directory(directory.join("game"));
    let mut app = app(plugin);
    app.init_resource::<Written>().add_observer(
        |written: On<ReportWritten>, mut all: ResMut<Written>| all.0.push(written.bytes),
    );
    spawn_mixed(&mut app, ENTITIES);
    start(&mut app);
    let is_safe = |app: &App| {
        let current = app.world().get_resource::<CurrentSession>();
        current.is_some_and(|current| current.last_checkpoint().is_some())
    };
    while !is_safe(&app) {
        app.update();
        std::thread::sleep(Duration::from_millis(1));
    }
    let (mut until_written, mut on_the_main_thread) = (Vec::new(), Vec::new());
    let path = |round: usize| directory.join(format!("{round}.tar"));
    for round in 0..ROUNDS {
        let (begun, mut work) = (Instant::now(), Duration::ZERO);
        request(&mut app, |commands| {
            commands.session().library().report(Report::now(), path(round))
        });
        while app.world().resource::<Written>().0.len() <= round {
            work += timed(|| app.update())[1];
            std::thread::sleep(Duration::from_millis(1));
        }
        until_written.push(begun.elapsed());
        on_the_main_thread.push(work);
    }
    let bytes = app.world().resource::<Written>().0.last().copied().unwrap_or_default();
    let milliseconds = |times| format!("{:.0} ms", median(times).as_secs_f64() * 1e3);
    row(
        "a report of 100,000 entities, from the request until it is durable (aim ≤ 1 s)",
        format!("{}, {:.1} MB", milliseconds(until_written), bytes as f64 / 1e6),
    );
    row("the same, work of the main thread in all frames of it", milliseconds(on_the_main_thread));
    drop(app);
    let opened = (0..ROUNDS).map(|_| open_in_a_process(&path(0))).collect();
    row(
        "from the start of a process until a report of 100,000 entities is played (aim ≤ 3 s)",
        milliseconds(opened),
    );
    let _ = std::fs::remove_dir_all(&directory);
}

fn open_in_a_process(report: &Path) -> Duration {
    let begun = Instant::now();
    let program = std::env::current_exe().unwrap_or_default();
    let ended = Command::new(program).env(OPENED, report).status();
    assert!(ended.is_ok_and(|status| status.success()), "it should be opened");
    begun.elapsed()
}

/// Opens a report, if this process is one that should; returns true then.
pub fn has_opened() -> bool {
    let Some(report) = std::env::var_os(OPENED) else { return false };
    let plugin = SessionPlugin::new("Bench", "Numbers").open(PathBuf::from(report));
    let mut app = app(plugin);
    while app.world().get_resource::<CurrentSession>().is_none() {
        app.update();
    }
    true
}
