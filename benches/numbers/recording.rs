//! The cost of recording, and the speed at which recorded messages come back.

use std::time::{Duration, Instant};

use bevy::app::ScheduleRunnerPlugin;
use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;
use bevy_session::MemoryDisk;
use bevy_session::events::{EventsReplayed, RecordingExt};
use bevy_session::prelude::*;
use serde::{Deserialize, Serialize};

use crate::game::{request, start};
use crate::measure::{ROUNDS, median, microseconds, on_the_processor, row};

/// A recorded message.
#[derive(Message, TypePath, Clone, Serialize, Deserialize)]
struct Looted {
    item: u32,
    gold: u32,
}

/// The number of messages that were handed out, and when the last were.
#[derive(Resource, Default)]
struct HandedOut(Option<(u64, Instant)>);

pub fn recording() {
    let per_frame = |recorded: bool, messages: u32| frame(recorded, messages);
    let of = |messages: u32| per_frame(true, messages).saturating_sub(per_frame(false, messages));
    let beyond = |time: Duration| microseconds(time);
    row(
        "recording 10,000 messages in a frame, of the main thread (aim ≤ 1,000 µs)",
        beyond(of(10_000)),
    );
    row("recording 10 messages in a frame, of the main thread", beyond(of(10)));
    let bytes = bytes_of_a_hundred() / 100.0;
    row("bytes on disk of each of 100 small messages in a frame (aim ≤ 20)", format!("{bytes:.1}"));
    let (handed_out, none) = (back(100_000), back(0));
    let time = handed_out.saturating_sub(none).as_secs_f64() * 1_000.0;
    row("100,000 messages read, decoded and handed out (aim ≤ 300 ms)", format!("{time:.0} ms"));
}

fn game(plugin: SessionPlugin, recorded: bool) -> App {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins.build().disable::<ScheduleRunnerPlugin>(), plugin))
        .insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_millis(16)))
        .init_resource::<HandedOut>()
        .add_message::<Looted>()
        .add_observer(|replayed: On<EventsReplayed>, mut handed_out: ResMut<HandedOut>| {
            handed_out.0 = Some((replayed.events, Instant::now()));
        });
    if recorded {
        app.record_messages::<Looted>().replay_after_restore();
    }
    app.finish();
    app.cleanup();
    app.update();
    app
}

fn write(app: &mut App, messages: u32) {
    let batch = (0..messages).map(|number| Looted { item: number % 50, gold: number });
    app.world_mut().write_message_batch(batch);
}

/// The main thread's time for a frame with so many messages, with the writer on its own thread.
fn frame(recorded: bool, messages: u32) -> Duration {
    let directory = tempfile::tempdir().expect("a directory for a moment");
    let mut app =
        game(SessionPlugin::new("Bench", "Numbers").directory(directory.path()), recorded);
    start(&mut app);
    let mut frames = Vec::new();
    for _ in 0..ROUNDS {
        write(&mut app, messages);
        let before = on_the_processor();
        app.update();
        frames.push(on_the_processor() - before);
        // So that the writer never waits for a processor that this thread holds.
        std::thread::sleep(Duration::from_millis(5));
    }
    median(frames)
}

fn bytes_of_a_hundred() -> f64 {
    let disk = MemoryDisk::default();
    let mut app = game(SessionPlugin::new("Bench", "Numbers").disk(disk.clone()), true);
    start(&mut app);
    let bytes = || -> usize {
        let is_of_events =
            |path: &&std::path::PathBuf| path.extension().is_some_and(|it| it == "events");
        let content = |path: &std::path::PathBuf| disk.content(path).map_or(0, |bytes| bytes.len());
        disk.paths().iter().filter(is_of_events).map(content).sum()
    };
    write(&mut app, 100);
    (0..3).for_each(|_| app.update());
    let before = bytes();
    write(&mut app, 100);
    (0..3).for_each(|_| app.update());
    #[expect(clippy::cast_precision_loss, reason = "it is a few thousand")]
    let of_a_hundred = (bytes() - before) as f64;
    of_a_hundred
}

/// Time from the request to recover until so many messages were handed out.
fn back(messages: u32) -> Duration {
    let disk = MemoryDisk::default();
    let mut app = game(SessionPlugin::new("Bench", "Numbers").disk(disk.clone()), true);
    start(&mut app);
    let session = app.world().resource::<CurrentSession>().id();
    // One more, so that there is something to hand out in any case.
    write(&mut app, 1);
    app.update();
    for _ in 0..messages / 10_000 {
        write(&mut app, 10_000);
        app.update();
    }
    let times: Vec<Duration> = (0..5)
        .map(|_| {
            let disk = disk.snapshot();
            let mut app = game(SessionPlugin::new("Bench", "Numbers").disk(disk), true);
            app.update();
            let begun = Instant::now();
            request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
            while app.world().resource::<HandedOut>().0.is_none() {
                app.update();
            }
            let handed_out = app.world().resource::<HandedOut>().0;
            handed_out.map_or(Duration::ZERO, |(events, at)| {
                assert_eq!(events, u64::from(messages) + 1);
                at - begun
            })
        })
        .collect();
    median(times)
}
