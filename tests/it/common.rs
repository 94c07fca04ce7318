//! A small game for tests, on a memory disk and a clock that the test holds.

#[cfg(feature = "shuffled")]
#[path = "common/shuffled.rs"]
mod shuffled;

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use bevy::app::ScheduleRunnerPlugin;
use bevy::prelude::*;
use bevy::state::app::StatesPlugin;
use bevy::time::TimeUpdateStrategy;
use bevy_session::library::SessionEntry;
use bevy_session::prelude::*;
use bevy_session::recovery::RestoreReport;
use bevy_session::{MemoryDisk, SessionId, SessionPlugin, SessionRestored};
use serde::{Deserialize, Serialize};

/// The repository. Asked for when a test runs: what clones build into may hold the test of another clone.
pub fn root() -> PathBuf {
    let package =
        PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs the tests"));
    let root = package.ancestors().find(|directory| directory.join(".ci").exists());
    root.expect("a package lies in the repository").to_path_buf()
}

/// One frame of every test game.
pub const FRAME: Duration = Duration::from_millis(100);

#[derive(Component, Reflect, Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
pub struct Health(pub u32);

#[derive(Component, Reflect, Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[reflect(Component, Saved)]
pub struct Inventory(pub Vec<u32>);

#[derive(Resource, Reflect, Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[reflect(Resource, Saved)]
pub struct Score(pub u32);

#[derive(
    States, Reflect, Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize,
)]
pub enum Phase {
    #[default]
    Menu,
    Playing,
}

/// The states of games that have a menu and levels.
#[derive(
    States, Reflect, Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize,
)]
pub enum Game {
    #[default]
    Menu,
    Loading,
    Playing,
    Paused,
    Shop,
    Won,
}

/// The plugin that every test game uses, on this disk.
pub fn plugin(disk: &MemoryDisk) -> SessionPlugin {
    SessionPlugin::new("Tests", "Game")
        .version("1.2.3")
        .disk(disk.clone())
        .clock_from("2026-01-01T00:00:00Z".parse().unwrap())
}

/// A test game on `disk`, finished and one frame old.
pub fn game(disk: &MemoryDisk) -> App {
    game_with(plugin(disk), |_| {})
}

/// A test game with another plugin, and with something added to the app before it is finished.
pub fn game_with(plugin: SessionPlugin, add: impl FnOnce(&mut App)) -> App {
    let mut app = App::new();
    app.add_plugins((
        MinimalPlugins.build().disable::<ScheduleRunnerPlugin>(),
        StatesPlugin,
        plugin,
    ))
    .insert_resource(TimeUpdateStrategy::ManualDuration(FRAME))
    .init_state::<Phase>()
    .init_resource::<Score>()
    .save_state::<Phase>()
    .save_component::<Name>();
    add(&mut app);
    app.finish();
    app.cleanup();
    #[cfg(feature = "shuffled")]
    shuffled::shuffle(&mut app);
    app.update();
    app
}

/// Everything of one kind that the game received, since [`listen`] was called.
pub fn received<M: Message + Clone>(app: &App) -> Vec<M> {
    let messages = app.world().resource::<Received<M>>();
    messages.0.clone()
}

/// Collects a notification for [`received`], from now on.
pub fn listen<M: Message + Clone>(app: &mut App) {
    app.init_resource::<Received<M>>().add_systems(
        First,
        |mut reader: MessageReader<M>, mut received: ResMut<Received<M>>| {
            received.0.extend(reader.read().cloned());
        },
    );
}

/// Notifications that were heard.
#[derive(Resource)]
pub struct Received<M>(pub Vec<M>);

impl<M> Default for Received<M> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// Runs frames.
pub fn frames(app: &mut App, count: usize) {
    for _ in 0..count {
        app.update();
    }
}

/// Accepts the newest offer, as a dialog's button does, and says whether there was one.
pub fn accept(app: &mut App) -> bool {
    let press = |offers: Res<RecoveryOffers>, mut commands: Commands| {
        offers.accept(&mut commands).is_some()
    };
    app.world_mut().run_system_cached(press).unwrap()
}

/// Copies a directory with all that is in it.
pub fn copy_directory(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_directory(&entry.path(), &to),
            false => drop(std::fs::copy(entry.path(), to).unwrap()),
        }
    }
}

/// Lets this much time pass.
pub fn seconds(app: &mut App, seconds: f32) {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few frames")]
    frames(app, (seconds / FRAME.as_secs_f32()).ceil() as usize);
}

/// Lets a long time pass, in frames of one second.
pub fn long(app: &mut App, seconds: usize) {
    slow_frames(app, seconds, Duration::from_secs(1));
}

/// Runs frames that take long.
pub fn slow_frames(app: &mut App, count: usize, frame: Duration) {
    app.insert_resource(TimeUpdateStrategy::ManualDuration(frame));
    frames(app, count);
    app.insert_resource(TimeUpdateStrategy::ManualDuration(FRAME));
}

/// Starts a session, and lets its first checkpoint become durable.
pub fn start(app: &mut App, name: &str) {
    app.world_mut().commands().session().start(NewSession::named(name));
    app.world_mut().flush();
    frames(app, 3);
    assert!(
        app.world().resource::<CurrentSession>().last_checkpoint().is_some(),
        "a started session should have a durable checkpoint"
    );
}

/// Recovers the session that is offered first; what came of it.
pub fn recover_offered(app: &mut App) -> RestoreReport {
    frames(app, 2);
    let session = app.world().resource::<RecoveryOffers>().offers()[0].session.id;
    request(app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(app, 3);
    received::<SessionRestored>(app).remove(0).report
}

/// The names of what is played by processes of a game, one after the other, which all are killed.
pub fn played_by_turns(
    mut disk: MemoryDisk,
    count: usize,
    game: impl Fn(&MemoryDisk) -> App,
) -> Vec<String> {
    let turn = |_| {
        let mut app = game(&disk);
        frames(&mut app, 12);
        let rejected = received::<RequestRejected>(&app);
        assert!(rejected.is_empty(), "{rejected:?}");
        let current = app.world().get_resource::<CurrentSession>();
        let name = current.map_or("nothing", CurrentSession::name).to_owned();
        disk = disk.snapshot();
        name
    };
    (0..count).map(turn).collect()
}

/// Starts a session like this; its id.
pub fn begin(app: &mut App, new: NewSession) -> SessionId {
    request(app, |commands| commands.session().start(new));
    frames(app, 3);
    app.world().resource::<CurrentSession>().id()
}

/// Closes the session that is played.
pub fn close(app: &mut App) {
    request(app, |commands| commands.session().close(LeaveCause::Player));
    frames(app, 3);
}

/// The catalog's entry of a session.
pub fn entry(app: &App, session: SessionId) -> SessionEntry {
    app.world().resource::<SessionCatalog>().get(session).unwrap().clone()
}

/// Runs frames until something holds that another thread brings about. The clock hardly moves meanwhile.
pub fn until(app: &mut App, mut holds: impl FnMut(&mut App) -> bool) {
    let began = Instant::now();
    app.insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_micros(10)));
    while !holds(app) {
        assert!(began.elapsed() < Duration::from_secs(120), "it never holds");
        frames(app, 1);
        thread::yield_now();
    }
    app.insert_resource(TimeUpdateStrategy::ManualDuration(FRAME));
}

/// Makes a request as a system would.
pub fn request<R>(app: &mut App, ask: impl FnOnce(&mut Commands) -> R) {
    let world = app.world_mut();
    ask(&mut world.commands());
    world.flush();
}

/// Numbers that are the same in each run of the test.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.roll(last as u64 + 1) as usize);
        }
    }
}
