//! Ten thousand sessions of two hundred players, and a game that is played beside work on them.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use bevy::app::ScheduleRunnerPlugin;
use bevy::prelude::*;
use bevy_session::library::{
    CleanupFinished, CleanupOutcome, ErasureReceipt, PlayerErased, StorageSettings,
};
use bevy_session::prelude::*;
use bevy_session::{MemoryDisk, RequestError};

use crate::game::{Title, app, play, request, spawn_mixed};
use crate::listings::put_down;
use crate::measure::{microseconds, on_the_processor, row};

/// The sessions that were left.
pub const SESSIONS: usize = 10_000;
/// The players, who have as many sessions each.
pub const PLAYERS: usize = 200;
/// Of a player's sessions, each tenth has a slot.
pub const TO_A_SLOT: usize = 10;
/// The sessions that one process plays, so that none of them has long lists.
const OF_A_PROCESS: usize = 250;
/// Entities of the game that is played meanwhile, of which 1 % change in each frame.
const ENTITIES: usize = 10_000;
/// The rest between two frames, in which a game would draw.
const REST: Duration = Duration::from_millis(2);
/// Frames before a measurement: what the start has left to do comes in these.
const WARM_UP: usize = 500;
/// The time after which something never ends.
const MOST: Duration = Duration::from_secs(1_800);

/// The name of a player, which no other one's contains.
pub fn player(number: usize) -> String {
    format!("Ottoline-{number:03}-Quartermain")
}

/// Plays the sessions in memory, in as many processes as it takes, and writes them below a directory.
pub fn make(directory: &Path) {
    let begun = Instant::now();
    for first in (0..SESSIONS).step_by(OF_A_PROCESS) {
        let disk = MemoryDisk::default();
        let plugin = SessionPlugin::new("Bench", "Numbers").disk(disk.clone()).manual_writer();
        let mut app = app(plugin);
        app.world_mut().resource_mut::<SessionSettings>().autosave = false;
        spawn_mixed(&mut app, 20);
        (first..first + OF_A_PROCESS).for_each(|number| play_one(&mut app, number));
        drop(app);
        put_down(&disk, directory);
    }
    row(
        &format!("making {SESSIONS} sessions of {PLAYERS} players (aim ≤ 60 s)"),
        format!("{:.1} s", begun.elapsed().as_secs_f64()),
    );
}

/// A session that was left, whose world names its player as well.
fn play_one(app: &mut App, number: usize) {
    let player = player(number % PLAYERS);
    let world = app.world_mut();
    let mut titles = world.query::<&mut Title>();
    titles.iter_mut(world).for_each(|mut title| title.0 = format!("a worker of {player}"));
    let name = format!("Garden {number} of {player}");
    request(app, |commands| commands.session().start(NewSession::named(name).player(player)));
    until(app, has_checkpoint);
    if (number / PLAYERS).is_multiple_of(TO_A_SLOT) {
        let slots = app.world().resource::<SessionCatalog>().slots().len();
        let slot = SaveSlot::manual(format!("Slot {number}"));
        request(app, |commands| commands.session().slots().save(slot));
        until(app, |world| world.resource::<SessionCatalog>().slots().len() > slots);
    }
    request(app, |commands| commands.session().close(LeaveCause::Player));
    until(app, |world| !world.contains_resource::<CurrentSession>());
}

fn has_checkpoint(world: &World) -> bool {
    world.get_resource::<CurrentSession>().is_some_and(|it| it.last_checkpoint().is_some())
}

/// Runs frames of a game whose writer does its work in them, until something is the case.
fn until(app: &mut App, is_so: impl Fn(&World) -> bool) {
    for _ in 0..1_000 {
        if is_so(app.world()) {
            return;
        }
        app.update();
    }
    panic!("it should be done by now");
}

/// The answers of the plugin.
#[derive(Resource, Default)]
pub struct Answers {
    pub erased: Option<ErasureReceipt>,
    pub cleaned: Option<CleanupOutcome>,
    rejected: Vec<RequestError>,
}

/// A game that is played beside the sessions that were left.
pub struct Beside {
    pub app: App,
    directory: PathBuf,
    entities: Vec<Entity>,
    /// The frames that were played.
    played: usize,
}

/// The main thread's processor time in frames, the shortest first.
struct Frames(Vec<Duration>);

/// The time of some work, and what it was to the game.
pub struct Measured {
    took: Duration,
    with: Frames,
    without: Frames,
}

impl Beside {
    /// Begins to play a session, among those that are below a directory.
    pub fn begin(directory: PathBuf, add: impl FnOnce(&mut App)) -> Self {
        let mut app = App::new();
        // A cleanup comes when it is asked for, and only then.
        let storage = StorageSettings { cleanup: None, ..StorageSettings::default() };
        let interval = Duration::from_secs(1);
        let settings = SessionSettings { interval, storage, ..SessionSettings::default() };
        let plugin =
            SessionPlugin::new("Bench", "Numbers").directory(&directory).settings(settings);
        app.add_plugins((MinimalPlugins.build().disable::<ScheduleRunnerPlugin>(), plugin))
            .init_resource::<Answers>()
            .add_observer(|erased: On<PlayerErased>, mut answers: ResMut<Answers>| {
                answers.erased = Some(erased.receipt.clone());
            })
            .add_observer(|finished: On<CleanupFinished>, mut answers: ResMut<Answers>| {
                answers.cleaned = Some(finished.outcome.clone());
            })
            .add_observer(|rejected: On<RequestRejected>, mut answers: ResMut<Answers>| {
                answers.rejected.push(rejected.error.clone());
            });
        add(&mut app);
        app.finish();
        app.cleanup();
        let mut game = Self { app, directory, entities: Vec::new(), played: 0 };
        game.play_until(|world, _| world.resource::<SessionCatalog>().is_verified());
        game.entities = spawn_mixed(&mut game.app, ENTITIES);
        let session = NewSession::named("Played").player("Somebody else");
        request(&mut game.app, |commands| commands.session().start(session));
        game.play_until(|world, _| has_checkpoint(world));
        game
    }

    /// Moves the sessions and slots below another directory to those of the game, as a file cloud would that brings
    /// them, and waits until they are listed.
    pub fn bring(&mut self, made: &Path) {
        move_below(made, &self.directory).expect("files should be moved on one disk");
        request(&mut self.app, |commands| commands.session().library().find());
        self.play_until(|world, _| {
            let catalog = world.resource::<SessionCatalog>();
            catalog.sessions().len() > SESSIONS && !catalog.slots().is_empty()
        });
    }

    /// Plays until something is the case, which is asked before each frame, with the number of those that were played.
    /// Returns the main thread's processor time in each frame.
    fn play_until(&mut self, is_so: impl Fn(&World, usize) -> bool) -> Vec<Duration> {
        let begun = Instant::now();
        let mut frames = Vec::new();
        while !is_so(self.app.world(), frames.len()) {
            let rejected = &self.app.world().resource::<Answers>().rejected;
            assert!(rejected.is_empty(), "rejected: {rejected:?}");
            assert!(begun.elapsed() < MOST, "it takes more than {MOST:?}");
            play(&mut self.app, &self.entities, 100, self.played);
            let worked = on_the_processor();
            self.app.update();
            frames.push(on_the_processor().saturating_sub(worked));
            self.played += 1;
            thread::sleep(REST);
        }
        frames
    }

    /// Has something done while the game is played, and then plays as many frames again.
    pub fn measure<R>(
        &mut self,
        ask: impl FnOnce(&mut Commands) -> R,
        is_done: impl Fn(&World) -> bool,
    ) -> Measured {
        self.play_until(|_, frames| frames == WARM_UP);
        *self.app.world_mut().resource_mut::<Answers>() = Answers::default();
        request(&mut self.app, ask);
        let begun = Instant::now();
        let with = self.play_until(|world, _| is_done(world));
        let took = begun.elapsed();
        let without = self.play_until(|_, frames| frames == with.len());
        Measured { took, with: Frames::of(with), without: Frames::of(without) }
    }

    /// Closes the session and ends the process. Returns the directory.
    pub fn end(mut self) -> PathBuf {
        request(&mut self.app, |commands| commands.session().close(LeaveCause::Player));
        self.play_until(|world, _| !world.contains_resource::<CurrentSession>());
        self.directory
    }
}

/// Moves what is below a directory to another one, where some directories are there already.
fn move_below(from: &Path, to: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        match place.is_dir() {
            true => move_below(&entry.path(), &place)?,
            false => std::fs::rename(entry.path(), place)?,
        }
    }
    Ok(())
}

impl Frames {
    fn of(mut frames: Vec<Duration>) -> Self {
        frames.sort_unstable();
        Self(frames)
    }

    /// The frame that as many of a thousand exceed.
    fn exceeded_by(&self, of_thousand: usize) -> Duration {
        let last = self.0.len().saturating_sub(1);
        self.0.get(last - last * of_thousand / 1_000).copied().unwrap_or_default()
    }
}

impl std::fmt::Display for Frames {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [median, most, longest] =
            [500, 1, 0].map(|of_thousand| microseconds(self.exceeded_by(of_thousand)));
        write!(formatter, "{median}, {most}, {longest} of {}", self.0.len())
    }
}

impl Measured {
    /// The longest of several, and the frames of all of them.
    pub fn longest_of(all: Vec<Self>) -> Self {
        let took = all.iter().map(|it| it.took).max().unwrap_or_default();
        let (with, without): (Vec<Frames>, Vec<Frames>) =
            all.into_iter().map(|it| (it.with, it.without)).unzip();
        let merged =
            |frames: Vec<Frames>| Frames::of(frames.into_iter().flat_map(|it| it.0).collect());
        Self { took, with: merged(with), without: merged(without) }
    }

    /// Prints it.
    pub fn rows(&self, what: &str) {
        let Self { took, with, without } = self;
        row(&format!("{what} (aim ≤ 60 s)"), format!("{:.1} s", took.as_secs_f64()));
        row("a frame of the main thread meanwhile: median, p99.9, longest of how many", with);
        row("the same in as many frames after it", without);
        let beyond = |of_thousand| {
            let [with, without] = [with, without].map(|frames| frames.exceeded_by(of_thousand));
            microseconds(with.saturating_sub(without))
        };
        row(
            "its longest frame and its p99.9 beyond those without it (aim ≤ 200 µs)",
            format!("{}, {}", beyond(0), beyond(1)),
        );
    }
}
