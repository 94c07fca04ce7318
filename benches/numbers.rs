//! Prints what the plugin costs, beside what the machine can do at best: `cargo bench`.
//!
//! Everything is measured through the public API, as a game would pay it. Figures are medians; the
//! machine may be shared, so ratios say more than times.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

#[path = "headless/hostile.rs"]
mod hostile;

use std::hint::black_box;
use std::time::{Duration, Instant};

use bevy::app::ScheduleRunnerPlugin;
use bevy::prelude::*;
use bevy::state::app::StatesPlugin;
use bevy::time::TimeUpdateStrategy;
use bevy_session::prelude::*;
use bevy_session::{CheckpointCaptured, MemoryDisk, SessionActivity, SessionLast};
use serde::{Deserialize, Serialize};

/// Rounds of each measurement.
const ROUNDS: usize = 21;
const ENTITIES: usize = 100_000;

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

/// What was told last.
#[derive(Resource, Default)]
struct Heard {
    captures: Vec<Duration>,
    restores: Vec<Duration>,
    bytes: Vec<u64>,
}

fn main() {
    println!("| what | figure |");
    println!("| --- | --- |");
    let parts: [(&str, fn()); 12] = [
        ("idle", idle),
        ("small_game", small_game),
        ("delta_captures", delta_captures),
        ("full_capture", full_capture_beside_memcpy),
        ("pauses", pauses),
        ("restore", restore),
        ("listing", listing),
        ("catalogue", catalogue),
        ("requests", requests),
        ("placed", placed),
        ("hooks", hooks),
        ("hostile", hostile::hostile),
    ];
    // `cargo bench --bench numbers -- catalogue` measures that alone.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|it| !it.starts_with('-')).collect();
    for (name, measure) in parts {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            measure();
        }
    }
}

fn row(what: &str, figure: impl std::fmt::Display) {
    println!("| {what} | {figure} |");
}

fn app(plugin: SessionPlugin) -> App {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins.build().disable::<ScheduleRunnerPlugin>(), plugin))
        .insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_millis(16)))
        .init_resource::<Heard>()
        .add_observer(|told: On<CheckpointCaptured>, mut heard: ResMut<Heard>| {
            heard.captures.push(told.capture_time);
        })
        .add_observer(|told: On<CheckpointSaved>, mut heard: ResMut<Heard>| {
            heard.bytes.push(told.bytes);
        })
        .add_observer(|told: On<SessionRestored>, mut heard: ResMut<Heard>| {
            heard.restores.push(told.elapsed);
        });
    app.finish();
    app.cleanup();
    app.update();
    app
}

fn memory_app(disk: &MemoryDisk) -> App {
    app(SessionPlugin::new("Bench", "Numbers").disk(disk.clone()))
}

fn request(app: &mut App, ask: impl FnOnce(&mut Commands)) {
    ask(&mut app.world_mut().commands());
    app.world_mut().flush();
}

fn start(app: &mut App) {
    request(app, |commands| commands.session().start(NewSession::named("Bench")));
    (0..3).for_each(|_| app.update());
    app.world_mut().resource_mut::<SessionSettings>().autosave = false;
}

fn spawn_mixed(app: &mut App, entities: usize) -> Vec<Entity> {
    let rows = (0..entities).map(|number| {
        #[expect(clippy::cast_precision_loss, reason = "any numbers will do")]
        let value = number as f32;
        (
            Position(value, value * 0.5, 1.0),
            Velocity(value * 0.1, 0.0, -1.0),
            Health(value, 100.0),
            Inventory(vec![number as u32, 7, 9]),
            Title(format!("worker {number}")),
        )
    });
    app.world_mut().spawn_batch(rows).collect()
}

/// Changes every `step`th entity as a game would, and touches all others, so that caches are as in
/// a game.
fn play(app: &mut App, entities: &[Entity], step: usize, round: usize) {
    let world = app.world_mut();
    let mut query = world.query::<(&Position, &Velocity, &Health, &Inventory, &Title)>();
    let touched: usize = query.iter(world).map(|(.., title)| title.0.len()).sum();
    black_box(touched);
    for (rank, entity) in entities.iter().skip(round % step).step_by(step).enumerate() {
        let Ok(mut entity) = world.get_entity_mut(*entity) else { continue };
        if let Some(mut position) = entity.get_mut::<Position>() {
            position.0 += 1.0;
        }
        if let Some(mut health) = entity.get_mut::<Health>() {
            health.0 -= 0.5;
        }
        if rank % 10 == 0
            && let Some(mut inventory) = entity.get_mut::<Inventory>()
        {
            inventory.0.push(round as u32);
        }
    }
}

fn delta_captures() {
    let mut app = memory_app(&MemoryDisk::default());
    let entities = spawn_mixed(&mut app, ENTITIES);
    start(&mut app);
    for (name, step) in
        [("0.1 % changed", 1_000), ("1 % changed", 100), ("10 % changed", 10), ("100 % changed", 1)]
    {
        app.world_mut().resource_mut::<Heard>().captures.clear();
        for round in 0..ROUNDS {
            play(&mut app, &entities, step, round);
            request(&mut app, |commands| commands.session().checkpoint("bench"));
            app.update();
        }
        let captures = std::mem::take(&mut app.world_mut().resource_mut::<Heard>().captures);
        row(
            &format!("capture, 100,000 entities × 5 components, {name} (aim ≤ 500 µs at 1 %)"),
            microseconds(median(captures)),
        );
    }
}

fn full_capture_beside_memcpy() {
    let mut app = memory_app(&MemoryDisk::default());
    let rows =
        (0..ENTITIES).map(|_| (Position(1.0, 2.0, 3.0), Velocity(1.0, 2.0, 3.0), Health(1.0, 2.0)));
    app.world_mut().spawn_batch(rows);
    start(&mut app);
    let bytes = ENTITIES * (12 + 12 + 8 + 8);
    let source = vec![1_u8; bytes];
    let cold = vec![3_u8; 64 << 20];
    let (mut copies, mut captures) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        black_box(cold.iter().map(|byte| usize::from(*byte)).sum::<usize>());
        let begun = Instant::now();
        black_box(source.clone());
        copies.push(begun.elapsed());

        black_box(cold.iter().map(|byte| usize::from(*byte)).sum::<usize>());
        request(&mut app, |commands| commands.session().close());
        (0..3).for_each(|_| app.update());
        app.world_mut().resource_mut::<Heard>().captures.clear();
        request(&mut app, |commands| commands.session().start(NewSession::named("Bench")));
        (0..3).for_each(|_| app.update());
        captures.extend(app.world().resource::<Heard>().captures.first());
    }
    let (capture, copy) = (median(captures), median(copies));
    row("memcpy of the same bytes with the entity ids", microseconds(copy));
    row(
        "full capture of three plain columns (aim ≤ 3 × memcpy)",
        format!("{} = {:.2} × memcpy", microseconds(capture), ratio(capture, copy)),
    );
}

/// As many checkpoints as an hour has, a pause in the place of each twelfth, and an exit: what any frame
/// of the plugin takes of the main thread, in its processor time.
fn pauses() {
    const INTERVALS: usize = 720;
    let directory = temporary("pauses");
    let mut app = app(SessionPlugin::new("Bench", "Numbers").directory(&directory));
    let mut settings = app.world_mut().resource_mut::<SessionSettings>();
    (settings.interval, settings.max_bytes_per_second) = (Duration::ZERO, u64::MAX);
    let entities = spawn_mixed(&mut app, ENTITIES);
    request(&mut app, |commands| commands.session().start(NewSession::named("Bench")));
    while !app.world().contains_resource::<CurrentSession>() {
        app.update();
    }
    frames_until_saved(&mut app);
    let [mut playing, mut pausing, mut usual] = [const { Vec::new() }; 3];
    for round in 0..INTERVALS {
        play(&mut app, &entities, 100, round);
        let is_pause = round % 12 == 11;
        if is_pause {
            request(&mut app, |commands| commands.session().pause());
        }
        usual.push(frame_on_the_processor(&mut app));
        let frames = if is_pause { &mut pausing } else { &mut playing };
        frames.extend(usual.last().copied());
        frames.push(frames_until_saved(&mut app));
        if is_pause {
            request(&mut app, |commands| commands.session().resume());
            frames.push(frame_on_the_processor(&mut app));
        }
    }
    play(&mut app, &entities, 100, INTERVALS);
    app.world_mut().write_message(AppExit::Success);
    let exit = frame_on_the_processor(&mut app);
    assert!(
        !app.world().contains_resource::<CurrentSession>(),
        "the exit waits for its checkpoint"
    );
    let captured = app.world().resource::<Heard>().captures.len();
    assert!(captured > INTERVALS, "{captured} checkpoints are too few");
    let longest =
        |frames: Vec<Duration>| microseconds(frames.into_iter().max().unwrap_or_default());
    // The first one pays for the start: the allocator puts together what the writer has freed of the
    // full capture, which the next large allocation has to wait for, whoever makes it.
    let later = playing.split_off(1);
    row(
        "an hour, 100,000 entities × 5, 1 %: a frame with a checkpoint",
        microseconds(median(usual)),
    );
    row("the first checkpoint after the start", longest(playing));
    row("the longest frame of play after it (aim ≤ 1 ms)", longest(later));
    row("the longest frame of its 60 pauses (aim ≤ 1 ms)", longest(pausing));
    row("the frame of its exit (aim ≤ 1 ms)", microseconds(exit));
    let _ = std::fs::remove_dir_all(&directory);
}

/// What the plugin takes of the main thread in one frame.
fn frame_on_the_processor(app: &mut App) -> Duration {
    let begun = on_the_processor();
    app.world_mut().run_schedule(SessionLast);
    on_the_processor().saturating_sub(begun)
}

/// The longest frame until everything that was captured is saved, and of some frames after it.
fn frames_until_saved(app: &mut App) -> Duration {
    let mut longest = Duration::ZERO;
    while app.world().resource::<SessionActivity>().is_saving() {
        longest = longest.max(frame_on_the_processor(app));
        std::thread::sleep(Duration::from_millis(1));
    }
    (0..3).fold(longest, |longest, _| longest.max(frame_on_the_processor(app)))
}

fn restore() {
    let directory = temporary("restore");
    let plugin = || SessionPlugin::new("Bench", "Numbers").directory(&directory).manual_writer();
    let mut first = app(plugin());
    spawn_mixed(&mut first, ENTITIES);
    start(&mut first);
    let session = first.world().resource::<CurrentSession>().id();
    request(&mut first, |commands| commands.session().close());
    (0..3).for_each(|_| first.update());
    let bytes = first.world().resource::<Heard>().bytes.first().copied().unwrap_or_default();
    drop(first);
    let mut times = Vec::new();
    for _ in 0..7 {
        let mut app = app(plugin());
        request(&mut app, |commands| commands.session().continue_session(session));
        (0..3).for_each(|_| app.update());
        times.append(&mut app.world_mut().resource_mut::<Heard>().restores);
        request(&mut app, |commands| commands.session().close());
        (0..3).for_each(|_| app.update());
    }
    row(
        "restore of 100,000 entities × 5 components, files included (aim ≤ 150 ms)",
        format!("{:.1} ms", median(times).as_secs_f64() * 1e3),
    );
    row("the snapshot on disk", format!("{:.2} MB", bytes as f64 / 1e6));
    let _ = std::fs::remove_dir_all(&directory);
}

fn listing() {
    let directory = temporary("listing");
    let plugin = || SessionPlugin::new("Bench", "Numbers").directory(&directory).manual_writer();
    for _ in 0..100 {
        let mut app = app(plugin());
        spawn_mixed(&mut app, 20);
        start(&mut app);
        (0..8).for_each(|round| {
            app.world_mut().spawn(Health(1.0, round as f32));
            request(&mut app, |commands| commands.session().checkpoint("bench"));
            app.update();
        });
        request(&mut app, |commands| commands.session().close());
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

/// A session with a few checkpoints and a slot, as files below `directory`.
fn write_session(directory: &std::path::Path, number: usize) {
    let disk = MemoryDisk::default();
    let mut app = memory_app(&disk);
    spawn_mixed(&mut app, 20);
    start(&mut app);
    (0..8).for_each(|round| {
        app.world_mut().spawn(Health(1.0, round as f32));
        request(&mut app, |commands| commands.session().checkpoint("bench"));
        app.update();
    });
    request(&mut app, |commands| {
        commands.session().save(SaveSlot::manual(format!("Slot {number}")));
    });
    (0..3).for_each(|_| app.update());
    request(&mut app, |commands| commands.session().close());
    (0..3).for_each(|_| app.update());
    drop(app);
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

/// What it takes to list many sessions and slots.
fn catalogue() {
    let directory = temporary("catalogue");
    (0..1_000).for_each(|number| write_session(&directory, number));
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
        request(&mut app, |commands| commands.session().find_sessions());
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

/// What a game feels of a listing that is made again.
fn on_the_main_thread(directory: &std::path::Path) -> String {
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
        request(&mut app, |commands| commands.session().find_sessions());
    }
    times.remove(0);
    microseconds(median(times))
}

fn small_game() {
    let mut app = memory_app(&MemoryDisk::default());
    let entities = spawn_mixed(&mut app, 200);
    start(&mut app);
    let snapshot = app.world().resource::<Heard>().bytes.first().copied().unwrap_or_default();
    play(&mut app, &entities, 10, 1);
    request(&mut app, |commands| commands.session().checkpoint("bench"));
    app.update();
    let delta = app.world().resource::<Heard>().bytes.last().copied().unwrap_or_default();
    row("snapshot of a game with 200 entities × 5 components", format!("{snapshot} bytes"));
    row("its checkpoint with 10 % changed (aim ≤ 5 KB)", format!("{delta} bytes"));
}

/// The time of a frame in which a capture is taken, without the capture, which has a row of its own.
fn without_capture(app: &mut App, frame: impl Fn(&mut App) -> Duration) -> Duration {
    app.world_mut().resource_mut::<Heard>().captures.clear();
    let whole = frame(app);
    let captures = &app.world().resource::<Heard>().captures;
    whole.saturating_sub(captures.iter().sum())
}

/// What the requests themselves cost the main thread, beside a frame without one.
fn requests() {
    let directory = temporary("requests");
    let mut app = app(SessionPlugin::new("Bench", "Numbers").directory(&directory));
    let frame = |app: &mut App| {
        let begun = Instant::now();
        app.world_mut().run_schedule(SessionLast);
        begun.elapsed()
    };
    let settle = |app: &mut App| {
        for _ in 0..20 {
            app.update();
            std::thread::sleep(Duration::from_millis(2));
        }
    };
    settle(&mut app);
    let mut times: [Vec<Duration>; 7] = Default::default();
    for round in 0..ROUNDS {
        // The game was doing something else: the caches are cold, for this frame as for the others.
        times[5].push(frame(&mut app));
        settle(&mut app);
        request(&mut app, |commands| commands.session().start(NewSession::named("Bench")));
        times[0].push(frame(&mut app));
        settle(&mut app);
        app.world_mut().resource_mut::<SessionSettings>().autosave = false;
        let update = SessionUpdate::default().field("round", &round).unwrap_or_default();
        request(&mut app, |commands| commands.session().update(update));
        times[1].push(frame(&mut app));
        settle(&mut app);
        request(&mut app, |commands| commands.session().quick_save());
        times[6].push(without_capture(&mut app, frame));
        settle(&mut app);
        request(&mut app, |commands| commands.session().pause());
        times[2].push(without_capture(&mut app, frame));
        settle(&mut app);
        request(&mut app, |commands| commands.session().resume());
        times[3].push(frame(&mut app));
        settle(&mut app);
        request(&mut app, |commands| commands.session().close());
        times[4].push(without_capture(&mut app, frame));
        settle(&mut app);
    }
    let [start, update, pause, resume, close, nothing, quick_save] = times.map(median);
    row("a frame of the plugin without a request, caches cold", microseconds(nothing));
    let requests = [
        ("start", start),
        ("update", update),
        ("pause", pause),
        ("resume", resume),
        ("close", close),
    ];
    for (name, time) in requests {
        row(
            &format!("request to {name}, beyond that (aim ≤ 20 µs)"),
            microseconds(time.saturating_sub(nothing)),
        );
    }
    row(
        "a quick save, beyond that and its capture (aim ≤ 100 µs)",
        microseconds(quick_save.saturating_sub(nothing)),
    );
    drop(app);
    let _ = std::fs::remove_dir_all(&directory);
}

fn idle() {
    let mut app = memory_app(&MemoryDisk::default());
    let frames = 10_000_u32;
    let begun = Instant::now();
    for _ in 0..frames {
        app.world_mut().run_schedule(SessionLast);
    }
    row(
        "a frame of the plugin with no session (aim ≤ 5 µs)",
        microseconds(begun.elapsed() / frames),
    );
}

/// A level with 10,000 doors is restored into.
fn placed() {
    let disk = MemoryDisk::default();
    let load_level = |app: &mut App| {
        let doors = (0..10_000_u16).map(|number| {
            let key = SaveKey::new(format!("level/door_{number}"));
            (Position(f32::from(number), 0.0, 0.0), Health(1.0, 1.0), key)
        });
        app.world_mut().spawn_batch(doors).count();
        app.update();
    };
    let mut first = memory_app(&disk);
    load_level(&mut first);
    start(&mut first);
    let session = first.world().resource::<CurrentSession>().id();
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let mut app = memory_app(&disk.snapshot());
        load_level(&mut app);
        request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
        (0..3).for_each(|_| app.update());
        times.append(&mut app.world_mut().resource_mut::<Heard>().restores);
    }
    row(
        "reconciling 10,000 keyed entities, reading and decoding included (aim ≤ 10 ms)",
        format!("{:.1} ms", median(times).as_secs_f64() * 1e3),
    );
}

#[derive(States, Clone, PartialEq, Eq, Hash, Debug, Default)]
enum Phase {
    #[default]
    Playing,
    Paused,
    Menu,
}

/// What states, gates and hooks cost a frame in which nothing happens.
fn hooks() {
    let frame = |tie: &dyn Fn(&mut App)| {
        let mut app = App::new();
        app.add_plugins((
            MinimalPlugins.build().disable::<ScheduleRunnerPlugin>(),
            StatesPlugin,
            SessionPlugin::new("Bench", "Numbers").in_memory(),
        ))
        .init_state::<Phase>();
        tie(&mut app);
        app.finish();
        app.cleanup();
        app.update();
        start(&mut app);
        let times = (0..ROUNDS * 20).map(|_| {
            let begun = Instant::now();
            for _ in 0..50 {
                app.world_mut().run_schedule(StateTransition);
                app.world_mut().run_schedule(SessionLast);
            }
            begun.elapsed() / 50
        });
        median(times.collect())
    };
    let untied = frame(&|_| {});
    let tied = frame(&|app| {
        app.checkpoint_while(in_state(Phase::Playing).or_else(in_state(Phase::Paused)))
            .checkpoint_on_enter(Phase::Playing)
            .checkpoint_on_exit(Phase::Playing)
            .checkpoint_on_transition(Phase::Playing, Phase::Menu)
            .pause_session_in(Phase::Paused)
            .close_session_on_enter(Phase::Menu)
            .offer_recovery_in(Phase::Menu)
            .restore_in(Phase::Playing);
    });
    row("a frame with states and a session", microseconds(untied));
    row("hooks and gates, beyond that (aim ≤ 2 µs)", microseconds(tied.saturating_sub(untied)));
}

/// Time that this thread has worked so far: on a machine that others use as well, what passes on the
/// clock says little. Where the system doesn't tell, it is the clock's all the same.
fn busy() -> Duration {
    static ORIGIN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|told| told.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| ORIGIN.get_or_init(Instant::now).elapsed(), Duration::from_nanos)
}

/// Processor time that this thread has used, to the nanosecond. Where the system doesn't tell, it is the
/// clock's.
#[cfg(unix)]
fn on_the_processor() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}

#[cfg(not(unix))]
fn on_the_processor() -> Duration {
    busy()
}

/// How long something takes, by the clock and in work of this thread.
fn timed(work: impl FnOnce()) -> [Duration; 2] {
    let (begun, worked) = (Instant::now(), busy());
    work();
    [begun.elapsed(), busy().saturating_sub(worked)]
}

fn temporary(name: &str) -> std::path::PathBuf {
    let directory =
        std::env::temp_dir().join(format!("bevy_session-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&directory);
    directory
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

fn microseconds(time: Duration) -> String {
    format!("{:.1} µs", time.as_secs_f64() * 1e6)
}
