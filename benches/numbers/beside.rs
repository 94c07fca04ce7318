//! The cost of requests about other sessions, all the time, while a game is played.

use std::thread;
use std::time::{Duration, Instant};

use bevy::app::ScheduleRunnerPlugin;
use bevy::prelude::*;
use bevy_session::events::{EventQuery, EventsDropped, EventsRead, RecordingExt};
use bevy_session::library::{Archived, SessionCopied, SessionMoved, SessionUpdated};
use bevy_session::prelude::*;
use bevy_session::{CheckpointCaptured, SessionId, SessionUpdate};
use serde::{Deserialize, Serialize};

use crate::game::{ENTITIES, play, request, spawn_mixed};
use crate::measure::{median, microseconds, on_the_processor, row, temporary};

const FRAMES: usize = 4_000;
const EVENTS_A_FRAME: usize = 250;
const INTERVAL: Duration = Duration::from_secs(1);
/// Each frame counts as it was in the best of so many runs: what else the machine does is in none of them twice.
const RUNS: usize = 3;

#[derive(Message, TypePath, Clone, Serialize, Deserialize)]
struct Dug(u32);

/// Messages of the plugin.
#[derive(Resource, Default)]
struct Heard {
    /// When a checkpoint was captured.
    captured: Vec<Instant>,
    dropped: u64,
    answered: usize,
    recorded: Option<u64>,
}

/// The result of a run.
struct Played {
    frames: Vec<Duration>,
    /// The same frames by the clock, which goes on while a frame waits for another thread. Of several runs all of them.
    by_the_clock: Vec<Duration>,
    longest_gap: f64,
    lost: u64,
    answered: usize,
}

pub fn beside() {
    let best = |is_asked: bool| {
        let mut runs = (0..RUNS).map(|_| run(is_asked));
        let first = runs.next().expect("there is a run");
        runs.fold(first, |mut best, run| {
            best.frames.iter_mut().zip(run.frames).for_each(|(one, other)| *one = other.min(*one));
            best.by_the_clock.extend(run.by_the_clock);
            best.longest_gap = best.longest_gap.max(run.longest_gap);
            best.lost += run.lost;
            best.answered = best.answered.min(run.answered);
            best
        })
    };
    let (alone, asked) = (best(false), best(true));
    let beyond = |(asked, alone): (&Duration, &Duration)| asked.saturating_sub(*alone);
    let mut beyond: Vec<Duration> = asked.frames.iter().zip(&alone.frames).map(beyond).collect();
    beyond.sort_unstable();
    let of = "of 1,000,000 events beside requests about other sessions in each frame";
    row(&format!("lost {of} (aim 0)"), asked.lost);
    let lost = asked.lost + alone.lost;
    assert!(lost == 0, "{lost} events are lost, and {} without requests", alone.lost);
    row("requests answered meanwhile", asked.answered);
    row(
        "longest time between two checkpoints, in intervals (aim ≤ 2)",
        format!("{:.2}", asked.longest_gap),
    );
    row("the same without requests", format!("{:.2}", alone.longest_gap));
    row(
        "a frame at 100,000 entities beyond the same without requests, median",
        microseconds(median(beyond.clone())),
    );
    row(
        "the frame that takes most beyond it (aim ≤ 200 µs)",
        microseconds(beyond.last().copied().unwrap_or_default()),
    );
    row(
        "by the clock, all runs: p99.9 of a frame and the slowest one, without requests and with them",
        format!("{}, {}", slowest(alone.by_the_clock), slowest(asked.by_the_clock)),
    );
}

/// The frame that one of a thousand exceeds, and the slowest one.
fn slowest(mut frames: Vec<Duration>) -> String {
    frames.sort_unstable();
    let last = frames.len().saturating_sub(1);
    let at = |place: usize| microseconds(frames.get(place).copied().unwrap_or_default());
    format!("{} and {}", at(last - last / 1000), at(last))
}

fn game(directory: &std::path::Path) -> App {
    let mut app = App::new();
    let settings = SessionSettings { interval: INTERVAL, ..SessionSettings::default() };
    let plugin = SessionPlugin::new("Bench", "Numbers").directory(directory).settings(settings);
    app.add_plugins((MinimalPlugins.build().disable::<ScheduleRunnerPlugin>(), plugin))
        .init_resource::<Heard>()
        .add_message::<Dug>()
        .record_messages::<Dug>();
    app.add_observer(|_: On<CheckpointCaptured>, mut heard: ResMut<Heard>| {
        heard.captured.push(Instant::now());
    })
    .add_observer(|dropped: On<EventsDropped>, mut heard: ResMut<Heard>| {
        heard.dropped += dropped.count;
    })
    .add_observer(|_: On<SessionUpdated>, mut heard: ResMut<Heard>| heard.answered += 1)
    .add_observer(|_: On<SessionMoved>, mut heard: ResMut<Heard>| heard.answered += 1)
    .add_observer(|_: On<SessionCopied>, mut heard: ResMut<Heard>| heard.answered += 1)
    .add_observer(|read: On<EventsRead>, mut heard: ResMut<Heard>| {
        heard.recorded = read.result.as_ref().ok().and_then(|page| page.total);
    });
    app.finish();
    app.cleanup();
    app.update();
    app
}

/// Runs frames until something is the case.
fn until(app: &mut App, mut is_done: impl FnMut(&World) -> bool) {
    while !is_done(app.world()) {
        app.update();
        thread::sleep(Duration::from_millis(1));
    }
}

/// A session that was left.
fn left(app: &mut App, name: String) -> SessionId {
    request(app, |commands| commands.session().start(NewSession::named(name)));
    until(app, |world| {
        world.get_resource::<CurrentSession>().is_some_and(|it| it.last_checkpoint().is_some())
    });
    let id = app.world().resource::<CurrentSession>().id();
    request(app, |commands| commands.session().close(LeaveCause::Player));
    until(app, |world| !world.contains_resource::<CurrentSession>());
    id
}

/// Asks for something of each of them; how much.
fn ask(app: &mut App, others: &[SessionId], frame: usize) -> usize {
    let [renamed, archived, deleted, copied] = *others else { return 0 };
    let is_copied = frame.is_multiple_of(100);
    request(app, |commands| {
        let mut session = commands.session();
        let name = format!("Renamed {frame}");
        session.library().update(renamed, SessionUpdate::default().name(name));
        session.library().archive(archived, Archived::WithWorld);
        session.library().unarchive(archived);
        session.library().delete(deleted);
        session.library().undelete(deleted);
        if is_copied {
            session.library().copy(copied, format!("Copy {frame}"));
        }
    });
    5 + usize::from(is_copied)
}

fn run(is_asked: bool) -> Played {
    let directory = temporary("beside");
    let mut app = game(&directory);
    let others: Vec<SessionId> =
        (0..4).map(|number| left(&mut app, format!("Other {number}"))).collect();
    let entities = spawn_mixed(&mut app, ENTITIES);
    request(&mut app, |commands| commands.session().start(NewSession::named("Played")));
    until(&mut app, |world| {
        world.get_resource::<CurrentSession>().is_some_and(|it| it.last_checkpoint().is_some())
    });
    let session = app.world().resource::<CurrentSession>().id();
    *app.world_mut().resource_mut::<Heard>() = Heard::default();
    let mut frames = Vec::with_capacity(FRAMES);
    let mut by_the_clock = Vec::with_capacity(FRAMES);
    let mut asked = 0;
    for frame in 0..FRAMES {
        play(&mut app, &entities, 100, frame);
        for number in 0..EVENTS_A_FRAME {
            app.world_mut().write_message(Dug((frame * EVENTS_A_FRAME + number) as u32));
        }
        // Always some that are under way, and no more than a disk can follow.
        if is_asked && asked - app.world().resource::<Heard>().answered < 16 {
            asked += ask(&mut app, &others, frame);
        }
        let (begun, worked) = (Instant::now(), on_the_processor());
        app.update();
        frames.push(on_the_processor().saturating_sub(worked));
        by_the_clock.push(begun.elapsed());
        thread::sleep(Duration::from_millis(2));
    }
    let types = vec![Dug::type_path().to_owned()];
    let query = EventQuery { limit: 1, types, counts_all: true, ..EventQuery::of(session) };
    request(&mut app, |commands| commands.session().events().read(query));
    until(&mut app, |world| world.resource::<Heard>().recorded.is_some());
    let heard = app.world().resource::<Heard>();
    let recorded = heard.recorded.unwrap_or_default();
    let gaps = heard.captured.windows(2).map(|pair| pair[1] - pair[0]);
    let longest_gap = gaps.max().unwrap_or(Duration::MAX).as_secs_f64() / INTERVAL.as_secs_f64();
    let lost = (FRAMES * EVENTS_A_FRAME) as u64 - recorded;
    let answered = heard.answered;
    drop(app);
    let _ = std::fs::remove_dir_all(directory);
    Played { frames, by_the_clock, longest_gap, lost, answered }
}
