//! The time to list sessions and slots.

use std::path::Path;
use std::time::{Duration, Instant};

use bevy::app::ScheduleRunnerPlugin;
use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::{MemoryDisk, SessionLast};

use crate::game::{Health, app, memory_app, request, spawn_mixed, start};
use crate::measure::{ROUNDS, median, microseconds, row, temporary, timed};

pub fn listing() {
    let directory = temporary("listing");
    let plugin = || SessionPlugin::new("Bench", "Numbers").directory(&directory).manual_writer();
    for _ in 0..100 {
        let mut app = app(plugin());
        play_a_little(&mut app);
        request(&mut app, |commands| commands.session().close(LeaveCause::Player));
        (0..3).for_each(|_| app.update());
    }
    let times = |plugin: &dyn Fn() -> SessionPlugin| {
        let rounds = (0..ROUNDS).map(|_| {
            let mut app = App::new();
            app.add_plugins((MinimalPlugins.build().disable::<ScheduleRunnerPlugin>(), plugin()));
            // A driven writer looks at all sessions while the plugin is being finished.
            let begun = Instant::now();
            app.finish();
            begun.elapsed()
        });
        median(rounds.collect())
    };
    let with_sessions = times(&plugin);
    let without = times(&|| SessionPlugin::new("Bench", "Numbers").in_memory());
    row(
        "listing 100 sessions at start-up (aim ≤ 10 ms)",
        format!("{:.2} ms", with_sessions.saturating_sub(without).as_secs_f64() * 1e3),
    );
    let _ = std::fs::remove_dir_all(&directory);
}

/// A session with a few checkpoints.
fn play_a_little(app: &mut App) {
    spawn_mixed(app, 20);
    start(app);
    for round in 0..8 {
        app.world_mut().spawn(Health(1.0, round as f32));
        request(app, |commands| commands.session().checkpoint("bench"));
        app.update();
    }
}

/// A disk with a session that has a few checkpoints, and a slot if it is to have one.
fn one_session(number: usize, with_slot: bool) -> MemoryDisk {
    let disk = MemoryDisk::default();
    let mut app = memory_app(&disk);
    play_a_little(&mut app);
    if with_slot {
        request(&mut app, |commands| {
            commands.session().slots().save(SaveSlot::manual(format!("Slot {number}")));
        });
    }
    (0..3).for_each(|_| app.update());
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    (0..3).for_each(|_| app.update());
    drop(app);
    disk
}

/// Such a session as files below `directory`.
pub fn write_session(directory: &Path, number: usize, with_slot: bool) {
    put_down(&one_session(number, with_slot), directory);
}

/// Writes the sessions and slots of a disk in memory below `directory`.
pub fn put_down(disk: &MemoryDisk, directory: &Path) {
    for path in disk.paths() {
        let Ok(below) = path.strip_prefix("sessions") else { continue };
        let place = directory.join(below);
        if !below.starts_with("data") {
            continue;
        }
        let _ = std::fs::create_dir_all(place.parent().unwrap_or(directory));
        let _ = std::fs::write(place, disk.content(&path).unwrap_or_default());
    }
}

/// The time to list many sessions and slots.
pub fn catalogue() {
    let directory = temporary("catalogue");
    (0..1_000).for_each(|number| write_session(&directory, number, true));
    let plugin = || SessionPlugin::new("Bench", "Numbers").directory(&directory).manual_writer();
    // A driven writer looks at all sessions while the plugin is being finished, and the first frame
    // takes in what it found.
    let begin = |plugin: SessionPlugin| {
        let mut app = App::new();
        app.add_plugins((MinimalPlugins.build().disable::<ScheduleRunnerPlugin>(), plugin));
        let time = timed(|| {
            app.finish();
            app.world_mut().run_schedule(SessionLast);
        });
        (app, time)
    };
    let [mut first, mut again, mut idle, mut nothing] = [const { Vec::new() }; 4];
    for _ in 0..ROUNDS {
        let (mut app, time) = begin(plugin());
        first.push(time);
        let catalog = app.world().resource::<SessionCatalog>();
        assert_eq!((catalog.sessions().len(), catalog.slots().len()), (1_000, 1_000));
        app.update();
        idle.push(timed(|| app.world_mut().run_schedule(SessionLast)));
        request(&mut app, |commands| commands.session().library().find());
        again.push(timed(|| app.world_mut().run_schedule(SessionLast)));
        nothing.push(begin(SessionPlugin::new("Bench", "Numbers").in_memory()).1);
    }
    let beyond = |times: &[[Duration; 2]], others: &[[Duration; 2]]| {
        let [clock, work] = [0, 1].map(|which| {
            let pick = |times: &[[Duration; 2]]| median(times.iter().map(|it| it[which]).collect());
            pick(times).saturating_sub(pick(others)).as_secs_f64() * 1e3
        });
        format!("{work:.2} ms of work, {clock:.2} ms by the clock")
    };
    row("listing 1,000 sessions and 1,000 slots, first (aim ≤ 50 ms)", beyond(&first, &nothing));
    row("listing 1,000 sessions and 1,000 slots, again (aim ≤ 1 ms)", beyond(&again, &idle));
    row(
        "the same, work of the main thread where the writer has its own",
        on_the_main_thread(&directory),
    );
    let _ = std::fs::remove_dir_all(&directory);
}

/// The time to find a hundred times as many sessions and slots, in memory, so that files cost nothing: takes minutes to
/// prepare, and is left out unless it is named.
pub fn hundred_thousand() {
    let disk = MemoryDisk::default();
    let mut made = 0;
    for sessions in [1_000, 10_000, 100_000] {
        for number in made..sessions {
            disk.take_from(&one_session(number, true), Path::new("sessions/data"));
        }
        made = sessions;
        let times = (0..3).map(|_| {
            let mut app = App::new();
            let plugin = SessionPlugin::new("Bench", "Numbers").disk(disk.clone());
            app.add_plugins((MinimalPlugins.build().disable::<ScheduleRunnerPlugin>(), plugin));
            timed(|| {
                app.finish();
                app.world_mut().run_schedule(SessionLast);
            })[0]
        });
        let time = median(times.collect());
        row(
            &format!("finding {sessions} sessions and as many slots, in memory"),
            format!(
                "{:.1} ms, {:.1} µs each",
                time.as_secs_f64() * 1e3,
                time.as_secs_f64() * 1e6 / sessions as f64
            ),
        );
    }
}

/// The main thread's time for a listing that is made again.
fn on_the_main_thread(directory: &Path) -> String {
    #[derive(Resource, Default)]
    struct Found(usize);
    let mut app = App::new();
    let plugin = SessionPlugin::new("Bench", "Numbers").directory(directory);
    app.add_plugins((MinimalPlugins.build().disable::<ScheduleRunnerPlugin>(), plugin))
        .init_resource::<Found>()
        .add_observer(|_: On<SessionsFound>, mut found: ResMut<Found>| found.0 += 1);
    app.finish();
    let mut times = Vec::new();
    for round in 1..=ROUNDS {
        let mut work = Duration::ZERO;
        while app.world().resource::<Found>().0 < round {
            work += timed(|| app.world_mut().run_schedule(SessionLast))[1];
            std::thread::sleep(Duration::from_millis(1));
        }
        times.push(work);
        request(&mut app, |commands| commands.session().library().find());
    }
    times.remove(0);
    microseconds(median(times))
}
