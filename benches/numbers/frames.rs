//! The plugin's time in a frame: idle, with gates, with requests, and over an hour of play.

use std::time::{Duration, Instant};

use bevy::app::ScheduleRunnerPlugin;
use bevy::prelude::*;
use bevy::state::app::StatesPlugin;
use bevy_session::prelude::*;
use bevy_session::{MemoryDisk, SessionActivity, SessionLast, SessionUpdate};

use crate::game::{ENTITIES, Heard, app, memory_app, play, request, spawn_mixed, start};
use crate::measure::{ROUNDS, median, microseconds, on_the_processor, row, temporary};

pub fn idle() {
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

/// As many checkpoints as an hour has, a pause in the place of each twelfth, and an exit: what any frame
/// of the plugin takes of the main thread, in its processor time.
pub fn pauses() {
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
    // full capture, which any next large allocation has to wait for.
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

/// The plugin's time on the main thread in one frame.
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

/// The cost of requests on the main thread, beside a frame without one.
pub fn requests() {
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
        request(&mut app, |commands| commands.session().slots().quick_save());
        times[6].push(without_capture(&mut app, frame));
        settle(&mut app);
        request(&mut app, |commands| commands.session().pause());
        times[2].push(without_capture(&mut app, frame));
        settle(&mut app);
        request(&mut app, |commands| commands.session().resume());
        times[3].push(frame(&mut app));
        settle(&mut app);
        request(&mut app, |commands| commands.session().close(LeaveCause::Player));
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

/// The time of a frame in which a capture is taken, without the capture, which has its own row.
fn without_capture(app: &mut App, frame: impl Fn(&mut App) -> Duration) -> Duration {
    app.world_mut().resource_mut::<Heard>().captures.clear();
    let whole = frame(app);
    let captures = &app.world().resource::<Heard>().captures;
    whole.saturating_sub(captures.iter().sum())
}

#[derive(States, Clone, PartialEq, Eq, Hash, Debug, Default)]
enum Phase {
    #[default]
    Playing,
    Paused,
    Menu,
}

/// The cost of states, gates and hooks in a frame in which nothing happens.
pub fn hooks() {
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
        app.checkpoint_session_while(in_state(Phase::Playing).or_else(in_state(Phase::Paused)))
            .checkpoint_session_on_enter(Phase::Playing)
            .checkpoint_session_on_exit(Phase::Playing)
            .checkpoint_session_on_transition(Phase::Playing, Phase::Menu)
            .pause_session_in(Phase::Paused)
            .close_session_on_enter(Phase::Menu)
            .offer_recovery_in(Phase::Menu)
            .restore_session_in(Phase::Playing);
    });
    row("a frame with states and a session", microseconds(untied));
    row("hooks and gates, beyond that (aim ≤ 2 µs)", microseconds(tied.saturating_sub(untied)));
}
