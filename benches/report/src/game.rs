//! A headless game that saves itself, and that reports what that cost.

use std::path::Path;
use std::time::{Duration, Instant};

use bevy::app::{MainScheduleOrder, ScheduleRunnerPlugin};
use bevy::ecs::schedule::{ScheduleLabel, SingleThreadedExecutor};
use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;
use bevy_session::prelude::*;
use bevy_session::{CheckpointCaptured, CheckpointKind, MemoryDisk, SessionId, SessionLast};

use crate::Outcome;
use crate::statistics::on_the_processor;
use crate::worlds::{Shape, play, populate};

/// The longest time of a checkpoint before the figures are given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A game.
#[derive(Debug)]
pub struct Game {
    /// The app itself.
    pub app: App,
    /// Its entities, in the order in which they were spawned.
    pub entities: Vec<Entity>,
    round: usize,
}

/// The cost of a checkpoint.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// The main thread's time in the plugin's schedule in the checkpoint's frame: all of the stall.
    pub stall: Duration,
    /// The part of it that was copying; `None` if there was nothing to copy.
    pub capture: Option<Duration>,
    /// The result on disk; `None` if there was nothing to save.
    pub saved: Option<CheckpointOnDisk>,
}

/// A checkpoint that is durable.
#[derive(Clone, Copy, Debug)]
pub struct CheckpointOnDisk {
    /// Why it was taken.
    pub kind: CheckpointKind,
    /// Its bytes.
    pub bytes: u64,
    /// From the hand-over to the writer to the end of the sync.
    pub write_time: Duration,
}

/// Messages of the plugin.
#[derive(Resource, Default, Debug)]
pub struct Heard {
    /// The time of each capture.
    pub captures: Vec<Duration>,
    /// Each durable checkpoint.
    pub saved: Vec<CheckpointOnDisk>,
    /// The time of each restore.
    pub restores: Vec<Duration>,
    /// The number of crashed sessions that were offered.
    pub offers: usize,
    /// The number of sessions that were closed.
    pub closed: usize,
}

/// The main thread's time in the plugin's schedule, one for each frame.
#[derive(Resource, Default, Debug)]
pub struct PluginTime {
    begun: Option<(Instant, Duration)>,
    /// The times by the clock.
    pub frames: Vec<Duration>,
    /// The times for which the thread had a processor.
    pub work: Vec<Duration>,
}

#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
struct BeforePlugin;
#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
struct AfterPlugin;

/// The plugin, with everything below this directory and its writer on a thread, as in a game.
#[must_use]
pub fn on_files(directory: &Path) -> SessionPlugin {
    SessionPlugin::new("Bench", "Report").directory(directory)
}

/// The plugin on a disk in memory. The main loop drives its writer.
#[must_use]
pub fn in_memory(disk: &MemoryDisk) -> SessionPlugin {
    SessionPlugin::new("Bench", "Report").disk(disk.clone())
}

/// A headless app without the plugin.
pub fn plain_app() -> App {
    let mut app = App::new();
    app.add_plugins(MinimalPlugins.build().disable::<ScheduleRunnerPlugin>());
    app
}

impl Game {
    /// A game with nothing in it, set up and not yet run.
    #[must_use]
    pub fn new(plugin: SessionPlugin) -> Self {
        let mut app = plain_app();
        app.add_plugins(plugin)
            .init_resource::<Heard>()
            .init_resource::<PluginTime>()
            .add_observer(|event: On<CheckpointCaptured>, mut heard: ResMut<Heard>| {
                heard.captures.push(event.capture_time);
            })
            .add_observer(|event: On<CheckpointSaved>, mut heard: ResMut<Heard>| {
                let CheckpointSaved { kind, bytes, write_time, .. } = *event;
                heard.saved.push(CheckpointOnDisk { kind, bytes, write_time });
            })
            .add_observer(|event: On<SessionRestored>, mut heard: ResMut<Heard>| {
                heard.restores.push(event.elapsed);
            })
            .add_observer(|_: On<RecoveryAvailable>, mut heard: ResMut<Heard>| heard.offers += 1)
            .add_observer(|_: On<SessionClosed>, mut heard: ResMut<Heard>| heard.closed += 1);
        watch_the_plugin(&mut app);
        Self { app, entities: Vec::new(), round: 0 }
    }

    /// A game whose clock moves by `step` with each frame, instead of by the machine's.
    #[must_use]
    pub fn with_clock(mut self, step: Duration) -> Self {
        self.app.insert_resource(TimeUpdateStrategy::ManualDuration(step));
        self
    }

    /// Ends the set-up and runs the first frame.
    #[must_use]
    pub fn run(mut self) -> Self {
        self.app.finish();
        self.app.cleanup();
        self.app.update();
        self
    }

    /// A game that is being played and whose first checkpoint is on disk. It saves when
    /// [`checkpoint`](Self::checkpoint) says so.
    #[must_use]
    pub fn started(plugin: SessionPlugin, shape: Shape) -> Self {
        let mut game = Self::new(plugin).with_clock(Duration::from_millis(16)).run();
        game.entities = populate(game.app.world_mut(), shape);
        game.start();
        game
    }

    /// Starts a session and waits until it is on disk.
    pub fn start(&mut self) {
        let mut settings = self.app.world_mut().resource_mut::<SessionSettings>();
        settings.autosave = false;
        settings.interval = Duration::ZERO;
        settings.max_bytes_per_second = u64::MAX;
        self.open();
    }

    /// Starts a session with the world as it is, and waits until its first checkpoint, which copies
    /// everything, is on disk.
    pub fn open(&mut self) -> Cost {
        let (captures, saves) = (self.heard().captures.len(), self.heard().saved.len());
        self.ask(|commands| commands.session().start(NewSession::named("Bench")));
        self.wait_until(|heard| heard.captures.len() > captures);
        let stall = self.plugin_times().last().copied().unwrap_or_default();
        let capture = self.heard().captures.get(captures).copied();
        self.wait_until(|heard| heard.saved.len() > saves);
        let saved = self.heard().saved.get(saves).copied();
        Cost { stall, capture, saved }
    }

    /// Asks for something.
    pub fn ask<R>(&mut self, request: impl FnOnce(&mut Commands) -> R) {
        request(&mut self.app.world_mut().commands());
        self.app.world_mut().flush();
    }

    /// Messages of the plugin.
    #[must_use]
    pub fn heard(&self) -> &Heard {
        self.app.world().resource::<Heard>()
    }

    /// The session that is played.
    #[must_use]
    pub fn session(&self) -> Option<SessionId> {
        self.app.world().get_resource::<CurrentSession>().map(CurrentSession::id)
    }

    /// Plays for a while: `changed` entities change.
    pub fn play(&mut self, changed: usize) {
        self.round += 1;
        play(self.app.world_mut(), &self.entities, changed, self.round);
    }

    /// Takes an automatic checkpoint in the next frame, and waits until it is on disk.
    pub fn checkpoint(&mut self) -> Cost {
        self.frame_with_capture()
    }

    /// Closes the session and starts another one with the same world, which copies everything.
    pub fn full_checkpoint(&mut self) -> Cost {
        self.close();
        self.play(0);
        self.open()
    }

    /// Takes the checkpoint of a pause, waits until it is on disk, and goes on.
    pub fn pause(&mut self) -> Cost {
        self.ask(|commands| commands.session().pause());
        let cost = self.frame_with_capture();
        self.ask(|commands| commands.session().resume());
        self.app.update();
        cost
    }

    fn frame_with_capture(&mut self) -> Cost {
        let (captures, saves) = (self.heard().captures.len(), self.heard().saved.len());
        self.app.world_mut().resource_mut::<SessionSettings>().autosave = true;
        self.app.update();
        let stall = self.plugin_times().last().copied().unwrap_or_default();
        let capture = self.heard().captures.get(captures).copied();
        self.app.world_mut().resource_mut::<SessionSettings>().autosave = false;
        if capture.is_some() {
            self.wait_until(|heard| heard.saved.len() > saves);
        }
        let saved = self.heard().saved.get(saves).copied();
        Cost { stall, capture, saved }
    }

    /// The main thread's time in the plugin's schedule, one for each frame.
    #[must_use]
    pub fn plugin_times(&self) -> &[Duration] {
        &self.app.world().resource::<PluginTime>().frames
    }

    /// The main thread's processor time in the plugin's schedule, one for each frame.
    #[must_use]
    pub fn plugin_work(&self) -> &[Duration] {
        &self.app.world().resource::<PluginTime>().work
    }

    /// Forgets the times of the frames so far.
    pub fn forget_times(&mut self) {
        *self.app.world_mut().resource_mut::<PluginTime>() = PluginTime::default();
    }

    /// Runs frames until the plugin has reported something.
    ///
    /// # Panics
    ///
    /// If that takes longer than a minute: then there is nothing to measure.
    pub fn wait_until(&mut self, is_heard: impl Fn(&Heard) -> bool) {
        let begun = Instant::now();
        while !is_heard(self.heard()) {
            assert!(begun.elapsed() < PATIENCE, "waited in vain: {:?}", self.heard());
            self.app.update();
            std::thread::sleep(Duration::from_micros(100));
        }
    }

    /// Runs frames, without a pause between them, until the plugin has reported something.
    ///
    /// # Errors
    ///
    /// If that takes longer than a minute.
    pub fn spin_until(&mut self, is_heard: impl Fn(&Heard) -> bool) -> Outcome {
        let begun = Instant::now();
        while !is_heard(self.heard()) {
            if begun.elapsed() > PATIENCE {
                return Err(format!("waited in vain: {:?}", self.heard()).into());
            }
            self.app.update();
            std::thread::yield_now();
        }
        Ok(())
    }

    /// Closes the session and waits until that is on disk.
    pub fn close(&mut self) {
        let closed = self.heard().closed;
        self.ask(|commands| commands.session().close(LeaveCause::Player));
        self.app.update();
        self.wait_until(|heard| heard.closed > closed);
    }
}

/// Times the plugin's schedule from outside, so that everything in it counts.
fn watch_the_plugin(app: &mut App) {
    for schedule in [BeforePlugin.intern(), AfterPlugin.intern()] {
        app.init_schedule(schedule).edit_schedule(schedule, |schedule| {
            schedule.set_executor(SingleThreadedExecutor::new());
        });
    }
    app.add_systems(BeforePlugin, |mut time: ResMut<PluginTime>| {
        time.begun = Some((Instant::now(), on_the_processor()));
    });
    app.add_systems(AfterPlugin, |mut time: ResMut<PluginTime>| {
        if let Some((begun, worked)) = time.begun.take() {
            time.frames.push(begun.elapsed());
            time.work.push(on_the_processor().saturating_sub(worked));
        }
    });
    let mut order = app.world_mut().resource_mut::<MainScheduleOrder>();
    order.insert_before(SessionLast, BeforePlugin);
    order.insert_after(SessionLast, AfterPlugin);
}
