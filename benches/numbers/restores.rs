//! The time to put a checkpoint back.

use std::path::PathBuf;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::checkpoints::WorldForksExt;
use bevy_session::prelude::*;
use bevy_session::{CheckpointId, MemoryDisk, SessionActivity};

use crate::game::{
    ENTITIES, Health, Heard, Inventory, Position, Title, Velocity, app, memory_app, request,
    spawn_mixed, start,
};
use crate::measure::{ROUNDS, median, on_the_processor, ratio, row, temporary, timed};

pub fn restore() {
    let (time, bytes) = restore_of(ENTITIES, 7);
    row(
        "restore of 100,000 entities × 5 components, files included (aim ≤ 150 ms)",
        format!("{:.1} ms", time.as_secs_f64() * 1e3),
    );
    row("the snapshot on disk", format!("{:.2} MB", bytes as f64 / 1e6));
}

/// A restore of ten times as many entities.
pub fn million() {
    let (few, _) = restore_of(ENTITIES, 7);
    let (many, _) = restore_of(ENTITIES * 10, 3);
    row(
        "restore of 1,000,000 entities × 5 components, files included (aim ≤ 11 of 100,000)",
        format!("{:.0} ms, {:.1} of 100,000", many.as_secs_f64() * 1e3, ratio(many, few)),
    );
}

/// The time from request to play, and the bytes on disk.
fn restore_of(entities: usize, rounds: usize) -> (Duration, u64) {
    let directory = temporary("restore");
    let plugin = || SessionPlugin::new("Bench", "Numbers").directory(&directory).manual_writer();
    let mut first = app(plugin());
    spawn_mixed(&mut first, entities);
    start(&mut first);
    let session = first.world().resource::<CurrentSession>().id();
    request(&mut first, |commands| commands.session().close(LeaveCause::Player));
    (0..3).for_each(|_| first.update());
    let bytes = first.world().resource::<Heard>().bytes.first().copied().unwrap_or_default();
    drop(first);
    let mut times = Vec::new();
    for _ in 0..rounds {
        let mut app = app(plugin());
        request(&mut app, |commands| commands.session().continue_session(session));
        (0..3).for_each(|_| app.update());
        times.append(&mut app.world_mut().resource_mut::<Heard>().restores);
        request(&mut app, |commands| commands.session().close(LeaveCause::Player));
        (0..3).for_each(|_| app.update());
    }
    let _ = std::fs::remove_dir_all(&directory);
    (median(times), bytes)
}

/// A tenth of the world has changed since the last checkpoint, and the session goes back to that. The writer
/// has its thread, as in a game: what it does once the player plays on is no part of the wait.
pub fn rewinds() {
    let directory = temporary("rewinds");
    let plugin = SessionPlugin::new("Bench", "Numbers").directory(&directory);
    let mut app = app(plugin);
    spawn_mixed(&mut app, ENTITIES);
    start(&mut app);
    let (mut times, mut work) = (Vec::new(), Vec::new());
    for round in 0..7 {
        while app.world().resource::<SessionActivity>().is_saving() {
            app.update();
            std::thread::sleep(Duration::from_millis(1));
        }
        (0..30).for_each(|_| app.update());
        let world = app.world_mut();
        let mut query = world.query::<&mut Health>();
        query.iter_mut(world).skip(round).step_by(10).for_each(|mut health| health.0 -= 0.5);
        let before = app.world().resource::<Heard>().restores.len();
        let [clock, worked] = timed(|| {
            request(&mut app, |commands| {
                commands.session().rewind(RewindTo::Ago(Duration::from_millis(300)));
            });
            while app.world().resource::<Heard>().restores.len() == before {
                app.update();
                // As between the frames of a game: a loop that spins takes a core from who decodes.
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        times.push(clock);
        work.push(worked);
    }
    let [clock, worked] = [times, work].map(|all| median(all).as_secs_f64() * 1e3);
    row(
        "rewind at 100,000 entities × 5 components from request to play, files and the capture of the \
         10 % that changed before it included (aim ≤ 80 ms)",
        format!("{worked:.1} ms of work, {clock:.1} ms by the clock"),
    );
    let _ = std::fs::remove_dir_all(&directory);
}

/// The same checkpoint is put back in both ways, with a part of the world changed since, or all of it. What counts is
/// the work of the main thread in the frame in which that is done, which begins the next run as well. The writer has its
/// thread, as in a game.
pub fn in_place() {
    for (changed, step) in [("1 %", 100), ("everything", 1)] {
        let [again, in_place] = [RestoreManner::Respawn, RestoreManner::InPlace]
            .map(|manner| median(Rewound::play(ENTITIES).frames(manner, step)));
        row(
            &format!(
                "rewind in place at 100,000 entities × 5 components, {changed} changed, main thread"
            ),
            format!(
                "{:.1} ms, {:.2} of the {:.1} ms in which everything is spawned again",
                in_place.as_secs_f64() * 1e3,
                ratio(in_place, again),
                again.as_secs_f64() * 1e3,
            ),
        );
    }
}

/// The main thread's work in the frame of a fork and in that of the return to it, at 10,000 entities of which 1 % have
/// changed, beside the frame of a restore.
pub fn forks() {
    const ENTITIES: usize = 10_000;
    let again = median(Rewound::play(ENTITIES).frames(RestoreManner::Respawn, 100));
    let mut rewound = Rewound::play(ENTITIES);
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        rewound.change(100);
        let begun = on_the_processor();
        let fork = rewound.app.world_mut().commands().fork_world();
        rewound.app.world_mut().flush();
        rewound.app.update();
        let forked = on_the_processor().saturating_sub(begun);
        let idle = {
            let begun = on_the_processor();
            rewound.app.update();
            on_the_processor().saturating_sub(begun)
        };
        rewound.settle();
        rewound.change(100);
        let returned = rewound.frame_of(|commands| {
            commands.return_to(fork);
        });
        times.push((forked + returned).saturating_sub(idle * 2));
        rewound.settle();
    }
    let there_and_back = median(times);
    row(
        "a fork of the world and the return to it at 10,000 entities × 5 components, 1 % changed, main thread beyond \
         two idle frames (aim ≤ 1/20 of a restore)",
        format!(
            "{:.2} ms, {:.3} of the {:.1} ms in which everything is spawned again",
            there_and_back.as_secs_f64() * 1e3,
            ratio(there_and_back, again),
            again.as_secs_f64() * 1e3,
        ),
    );
}

/// A session that goes back to its first checkpoint again and again.
struct Rewound {
    app: App,
    first: CheckpointId,
    directory: PathBuf,
}

impl Rewound {
    fn play(entities: usize) -> Self {
        let directory = temporary("in_place");
        let mut app = app(SessionPlugin::new("Bench", "Numbers").directory(&directory));
        spawn_mixed(&mut app, entities);
        start(&mut app);
        let first = loop {
            let session = app.world().get_resource::<CurrentSession>();
            match session.and_then(|session| session.last_checkpoint()) {
                Some(last) => break last.id,
                None => wait(&mut app),
            }
        };
        let mut rewound = Self { app, first, directory };
        rewound.settle();
        rewound
    }

    fn settle(&mut self) {
        while self.app.world().resource::<SessionActivity>().is_saving() {
            wait(&mut self.app);
        }
    }

    /// Every `step`th entity changes.
    fn change(&mut self, step: usize) {
        (0..3).for_each(|_| self.app.update());
        let world = self.app.world_mut();
        let mut query =
            world
                .query::<(&mut Position, &mut Velocity, &mut Health, &mut Inventory, &mut Title)>();
        for (mut position, mut velocity, mut health, mut inventory, mut title) in
            query.iter_mut(world).step_by(step)
        {
            position.0 += 1.0;
            velocity.0 += 1.0;
            health.0 -= 0.5;
            inventory.0.push(1);
            title.0.push('!');
        }
    }

    /// The time of the frame in which the session goes back.
    fn frame_of(&mut self, ask: impl FnOnce(&mut Commands)) -> Duration {
        let before = self.app.world().resource::<Heard>().restores.len();
        request(&mut self.app, ask);
        let mut frame = Duration::ZERO;
        while self.app.world().resource::<Heard>().restores.len() == before {
            std::thread::sleep(Duration::from_millis(1));
            let begun = on_the_processor();
            self.app.update();
            frame = on_the_processor().saturating_sub(begun);
        }
        frame
    }

    /// The times of those frames, once every `step`th entity has changed.
    fn frames(&mut self, manner: RestoreManner, step: usize) -> Vec<Duration> {
        let to = RewindTo::Checkpoint(self.first);
        let rounds = (0..9).map(|_| {
            self.change(step);
            let frame = self.frame_of(|commands| {
                commands.session().restoring(manner).rewind(to);
            });
            self.settle();
            frame
        });
        rounds.collect()
    }
}

impl Drop for Rewound {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn wait(app: &mut App) {
    app.update();
    std::thread::sleep(Duration::from_millis(1));
}

/// A level with 10,000 doors is restored into.
pub fn placed() {
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
