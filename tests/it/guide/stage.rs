//! Apps on which the code of a page is played: headless, on a memory disk, and on a clock that frames move.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use bevy::app::ScheduleRunnerPlugin;
use bevy::ecs::schedule::{Schedules, SingleThreadedExecutor};
use bevy::prelude::*;
use bevy::state::app::StatesPlugin;
use bevy::time::TimeUpdateStrategy;
use bevy_session::MemoryDisk;
use bevy_session::events::{EventQuery, EventType, EventsRead};
use bevy_session::prelude::{CurrentSession, RequestRejected, SessionCommandsExt, SessionRestored};
use tracing::Level;

use crate::common::{FRAME, frames, listen, received, recover_offered, request};
use crate::logs::Collected;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

thread_local! {
    static DISK: RefCell<MemoryDisk> = RefCell::default();
    static DAY_OF_START: Cell<u32> = const { Cell::new(0) };
}

/// Stands in for `SessionPlugin` where the code of a page adds the plugin itself. Its sessions are on the disk of
/// [`app_on`] and not in the directory of whoever runs the tests.
pub struct SessionPlugin;

impl SessionPlugin {
    #[expect(clippy::new_ret_no_self, reason = "it is called as the plugin is")]
    pub fn new(studio: &str, game: &str) -> bevy_session::SessionPlugin {
        let plugin = bevy_session::SessionPlugin::new(studio, game);
        plugin.disk(DISK.with_borrow(Clone::clone)).clock_from(day(DAY_OF_START.get()))
    }
}

/// The beginning of a day of the tests.
pub fn day(number: u32) -> jiff::Timestamp {
    let first: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    first + DAY * number
}

/// An app to which the code of a page adds the plugin, finished and one frame old.
pub fn app_on(disk: &MemoryDisk, add: impl FnOnce(&mut App)) -> App {
    app_on_day(0, disk, add)
}

/// The same, so many days later.
pub fn app_on_day(number: u32, disk: &MemoryDisk, add: impl FnOnce(&mut App)) -> App {
    DISK.set(disk.clone());
    DAY_OF_START.set(number);
    let mut app = App::new();
    app.add_plugins((MinimalPlugins.build().disable::<ScheduleRunnerPlugin>(), StatesPlugin))
        .insert_resource(TimeUpdateStrategy::ManualDuration(FRAME))
        .init_resource::<ButtonInput<KeyCode>>();
    listen::<SessionRestored>(&mut app);
    listen::<RequestRejected>(&mut app);
    add(&mut app);
    // What systems log is collected on the thread of the test.
    for (_, schedule) in app.world_mut().resource_mut::<Schedules>().iter_mut() {
        schedule.set_executor(SingleThreadedExecutor::new());
    }
    app.finish();
    app.cleanup();
    app.update();
    app
}

/// An app with the plugin, to which the code of a page is added.
pub fn game_on(disk: &MemoryDisk, add: impl FnOnce(&mut App)) -> App {
    game_on_day(0, disk, add)
}

/// The same, so many days later.
pub fn game_on_day(number: u32, disk: &MemoryDisk, add: impl FnOnce(&mut App)) -> App {
    app_on_day(number, disk, |app| {
        app.add_plugins(SessionPlugin::new("Tests", "Game"));
        add(app);
    })
}

/// The game after it was killed, with its session recovered.
pub fn recovered(disk: &MemoryDisk, add: impl FnOnce(&mut App)) -> App {
    let mut app = game_on(&disk.snapshot(), add);
    recover_offered(&mut app);
    app
}

/// Presses a key for one frame.
pub fn press(app: &mut App, key: KeyCode) {
    app.world_mut().resource_mut::<ButtonInput<KeyCode>>().press(key);
    frames(app, 1);
    app.world_mut().resource_mut::<ButtonInput<KeyCode>>().reset_all();
    frames(app, 4);
}

/// Enters a state, and lets the game react to it.
pub fn enter<S: bevy::state::state::FreelyMutableState>(app: &mut App, state: S) {
    app.world_mut().resource_mut::<NextState<S>>().set(state);
    frames(app, 4);
}

/// All components of a type.
pub fn all<C: Component + Clone>(app: &mut App) -> Vec<C> {
    let world = app.world_mut();
    world.query::<&C>().iter(world).cloned().collect()
}

/// What the code of a page logs meanwhile.
pub fn said(play: impl FnOnce()) -> Vec<String> {
    let log = Collected::default();
    log.while_doing(play);
    [log.messages(Level::INFO), log.messages(Level::WARN)].concat()
}

#[track_caller]
pub fn assert_said(said: &[String], words: &str) {
    assert!(said.iter().any(|it| it.contains(words)), "{words:?} isn't in {said:#?}");
}

pub fn rejected(app: &App) -> Vec<RequestRejected> {
    received(app)
}

const IN_A_DIRECTORY: &str = "BEVY_SESSION_TEST_PAGE";

/// Runs an ignored test of this binary with this directory as the working directory, since its page names files.
pub fn run_in(directory: &Path, test: &str) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--ignored", "--nocapture"])
        .current_dir(directory)
        .env(IN_A_DIRECTORY, "1")
        // A new file of saved types is written where somebody commits it.
        .env_remove("CI")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}\n{errors}");
}

/// Whether this process was started by [`run_in`].
pub fn is_in_a_directory() -> bool {
    std::env::var_os(IN_A_DIRECTORY).is_some()
}

/// The types of the newest 100 recorded events of the session that is played.
pub fn recorded(app: &mut App) -> Vec<EventType> {
    listen::<EventsRead>(app);
    let session = app.world().resource::<CurrentSession>().id();
    request(app, |commands| commands.session().events().read(EventQuery::of(session)));
    frames(app, 4);
    let page = received::<EventsRead>(app).pop().unwrap().result.unwrap();
    page.events.into_iter().map(|event| event.event_type).collect()
}
