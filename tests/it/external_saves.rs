//! A save system of the game's own: asked at the right moments, offered after a crash, and free to fail.

mod asking;
mod bad_answers;
mod bad_providers;
mod offers;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use bevy::app::ScheduleRunnerPlugin;
use bevy::prelude::*;
use bevy::state::app::StatesPlugin;
use bevy::time::TimeUpdateStrategy;
use bevy_session::external::{
    ExternalAutosave, ExternalCallFailed, ExternalDone, ExternalOperation,
    ExternalOperationFinished, ExternalRestoreRequested, ExternalSave, ExternalSaveDamaged,
    ExternalSaveReason, ExternalSaveRequested, ExternalSaves, ExternalSavesExt,
};
use bevy_session::prelude::*;
use bevy_session::{MemoryDisk, RecoveryFailed, SessionsFound};

use crate::common::*;

/// The answers of the game's save system, which a test may change at any time.
struct Said {
    autosave: ExternalAutosave,
    list: Box<dyn Fn() -> Result<Vec<ExternalSave>> + Send>,
    validate: Box<dyn Fn(&ExternalSave) -> Result + Send>,
}

/// A save system that says what the test wants, and counts how often it is asked.
#[derive(Clone)]
struct Provider {
    said: Arc<Mutex<Said>>,
    autosave_calls: Arc<AtomicUsize>,
    validated: Arc<AtomicUsize>,
}

impl Provider {
    fn new(autosave: ExternalAutosave) -> Self {
        let list = Box::new(|| Ok(Vec::new()));
        let said = Said { autosave, list, validate: Box::new(|_| Ok(())) };
        Self {
            said: Arc::new(Mutex::new(said)),
            autosave_calls: Arc::default(),
            validated: Arc::default(),
        }
    }

    fn with(saves: &[ExternalSave]) -> Self {
        let provider = Self::new(ExternalAutosave::Off);
        let saves = saves.to_vec();
        provider.lists(move || Ok(saves.clone()));
        provider
    }

    fn says(&self, autosave: ExternalAutosave) {
        self.said().autosave = autosave;
    }

    fn lists(&self, list: impl Fn() -> Result<Vec<ExternalSave>> + Send + 'static) {
        self.said().list = Box::new(list);
    }

    fn finds(&self, validate: impl Fn(&ExternalSave) -> Result + Send + 'static) {
        self.said().validate = Box::new(validate);
    }
}

impl Provider {
    /// The answers, also after one of them panicked.
    fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ExternalSaves for Provider {
    fn list(&self) -> Result<Vec<ExternalSave>> {
        (self.said().list)()
    }

    fn validate(&self, save: &ExternalSave) -> Result {
        self.validated.fetch_add(1, Ordering::SeqCst);
        (self.said().validate)(save)
    }

    fn autosave(&self) -> ExternalAutosave {
        self.autosave_calls.fetch_add(1, Ordering::SeqCst);
        self.said().autosave
    }
}

/// The game's reaction when it is asked to load a backup.
#[derive(Resource, Clone, Copy, PartialEq)]
enum Loads {
    Well,
    Badly,
    Never,
}

/// The content of a backup that was loaded.
#[derive(Component)]
struct Army;

fn listen_to_all(app: &mut App) {
    listen::<ExternalSaveRequested>(app);
    listen::<ExternalRestoreRequested>(app);
    listen::<ExternalOperationFinished>(app);
    listen::<ExternalSaveDamaged>(app);
    listen::<ExternalCallFailed>(app);
    listen::<RequestRejected>(app);
    listen::<RecoveryAvailable>(app);
    listen::<SessionsFound>(app);
    listen::<SessionRestored>(app);
    listen::<SessionRecovered>(app);
    listen::<SessionStarted>(app);
    listen::<RecoveryFailed>(app);
}

fn load(asked: On<ExternalRestoreRequested>, loads: Res<Loads>, mut commands: Commands) {
    match *loads {
        Loads::Well => {
            commands.spawn(Army);
            commands.session().external().done(asked.request, "an army");
        }
        Loads::Badly => asked.answer.failed("no such file"),
        Loads::Never => {}
    }
}

/// A game with saved types of the plugin's beside its own saves.
fn game_of(disk: &MemoryDisk, provider: &Provider, policy: RecoveryPolicy) -> App {
    game_at(plugin(disk).recovery(policy), provider)
}

fn game_at(plugin: SessionPlugin, provider: &Provider) -> App {
    game_with(plugin, |app| {
        listen_to_all(app);
        app.insert_resource(Loads::Well).add_observer(load).external_saves(provider.clone());
    })
}

/// A game without saved types, whose progress is in its own saves alone.
fn bare_game(disk: &MemoryDisk, provider: &Provider, policy: RecoveryPolicy) -> App {
    bare_game_of(plugin(disk).recovery(policy), provider)
}

fn bare_game_of(plugin: SessionPlugin, provider: &Provider) -> App {
    let mut app = App::new();
    // Without the types that the other tests have marked as saved.
    app.insert_resource(AppTypeRegistry::default());
    app.add_plugins((
        MinimalPlugins.build().disable::<ScheduleRunnerPlugin>(),
        StatesPlugin,
        plugin,
    ))
    .insert_resource(TimeUpdateStrategy::ManualDuration(FRAME))
    .insert_resource(Loads::Well)
    .add_observer(load)
    .external_saves(provider.clone());
    listen_to_all(&mut app);
    app.finish();
    app.cleanup();
    app.update();
    app
}

fn asked(app: &App) -> Vec<ExternalSaveRequested> {
    received(app)
}

fn reasons(app: &App) -> Vec<ExternalSaveReason> {
    asked(app).into_iter().map(|asked| asked.reason).collect()
}

fn finished(app: &App) -> Vec<ExternalOperation> {
    received::<ExternalOperationFinished>(app).into_iter().map(|it| it.operation).collect()
}

/// Starts a session, and lets the provider say whether it wants to be asked.
fn play(app: &mut App, provider: &Provider) {
    start(app, "Campaign");
    heard_autosave(app, provider);
}

/// Runs frames until the provider was asked once more, and the answer taken in.
fn heard_autosave(app: &mut App, provider: &Provider) {
    let before = provider.autosave_calls.load(Ordering::SeqCst);
    seconds(app, 1.2);
    until(app, |_| provider.autosave_calls.load(Ordering::SeqCst) > before);
    // The answer is on its way, from another thread, while these pass.
    for _ in 0..200 {
        thread::yield_now();
    }
    frames(app, 2);
}

/// A backup of so many seconds before the test game's clock begins, or after.
fn backup(slot: &str, second: i64) -> ExternalSave {
    let origin: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    ExternalSave::auto(slot, origin + jiff::SignedDuration::from_secs(second))
}

fn slots(app: &App) -> Vec<String> {
    let offers = app.world().resource::<RecoveryOffers>();
    offers.backups().iter().map(|backup| backup.save.slot.clone()).collect()
}

/// A session that was played and killed.
fn killed(bare: bool, player: Option<&str>) -> MemoryDisk {
    let disk = MemoryDisk::default();
    let provider = Provider::new(ExternalAutosave::Off);
    let make = if bare { bare_game } else { game_of };
    let mut app = make(&disk, &provider, RecoveryPolicy::Ask);
    let mut session = NewSession::named("Campaign");
    session.player = player.map(str::to_owned);
    request(&mut app, |commands| commands.session().start(session));
    seconds(&mut app, 12.0);
    assert!(app.world().resource::<CurrentSession>().last_checkpoint().is_some());
    disk.snapshot()
}

/// The session that is offered.
fn offered(app: &App) -> SessionId {
    app.world().resource::<RecoveryOffers>().offers()[0].session.id
}

/// Answers a request to save as a system would.
fn answer(app: &mut App, asked: &ExternalSaveRequested, slot: &str) {
    let request_id = asked.request;
    let done = ExternalDone::in_slot(slot).details("212 units");
    request(app, |commands| commands.session().external().done(request_id, done));
    frames(app, 2);
}
