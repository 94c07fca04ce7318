//! A game that saves with `moonshine-save` alone: killed as a process, offered its backup, and back.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};
use std::thread;
use std::time::Duration;

use bevy::app::ScheduleRunnerPlugin;
use bevy::asset::AssetPlugin;
use bevy::prelude::*;
use bevy_session::CheckpointSaved;
use bevy_session::external::{
    ExternalAnswer, ExternalAutosave, ExternalDone, ExternalOperations, ExternalRestoreRequested,
    ExternalSave, ExternalSaveDamaged, ExternalSaveRequested, ExternalSaves, ExternalSavesExt,
};
use bevy_session::prelude::*;
use moonshine_save::load::LoadCommand;
use moonshine_save::prelude::{LoadWorld, Save, SaveWorld};
use moonshine_save::save::SaveCommand;

/// The environment variable with the directory in which the child keeps its game.
const PLACE: &str = "BEVY_SESSION_MOONSHINE";
/// The child's line when its backup is known to its session, durably.
const ACKNOWLEDGED: &str = "acknowledged";
const UNITS: u32 = 12;
const PATIENCE: u32 = 10_000;

#[derive(Component, Reflect, Clone, PartialEq, Debug, Default)]
#[reflect(Component)]
#[require(Save)]
struct Unit(u32);

/// The directory of the game's own saves.
#[derive(Resource, Clone)]
struct Saves(PathBuf);

impl ExternalSaves for Saves {
    fn list(&self) -> Result<Vec<ExternalSave>> {
        let files = fs::read_dir(&self.0)?.map(|file| {
            let file = file?;
            let slot = file.file_name().to_string_lossy().into_owned();
            let time = jiff::Timestamp::try_from(file.metadata()?.modified()?)?;
            Ok(ExternalSave::auto(slot, time))
        });
        files.collect()
    }

    fn validate(&self, save: &ExternalSave) -> Result {
        let text = fs::read_to_string(self.0.join(&save.slot))?;
        ron::from_str::<ron::Value>(&text)?;
        Ok(())
    }

    fn autosave(&self) -> ExternalAutosave {
        ExternalAutosave::Every(Duration::from_secs(1))
    }
}

fn save(asked: On<ExternalSaveRequested>, saves: Res<Saves>, mut commands: Commands) {
    let (slot, answer) = ("autosave.ron", asked.answer.clone());
    let path = saves.0.join(slot);
    commands.queue(move |world: &mut World| {
        let result = SaveCommand(SaveWorld::default_into_file(path)).apply(world);
        say(&answer, ExternalDone::in_slot(slot), result);
    });
}

fn load(asked: On<ExternalRestoreRequested>, saves: Res<Saves>, mut commands: Commands) {
    let (path, answer) = (saves.0.join(&asked.save.slot), asked.answer.clone());
    commands.queue(move |world: &mut World| {
        let result = LoadCommand(LoadWorld::default_from_file(path)).apply(world);
        say(&answer, ExternalDone::default(), result);
    });
}

fn say<E: ToString>(answer: &ExternalAnswer, done: ExternalDone, result: Result<(), E>) {
    match result {
        Ok(()) => answer.done(done),
        Err(error) => answer.failed(error.to_string()),
    }
}

fn game(directory: &Path) -> App {
    let saves = Saves(directory.join("saves"));
    let mut app = App::new();
    app.add_plugins((
        MinimalPlugins.build().disable::<ScheduleRunnerPlugin>(),
        AssetPlugin::default(),
        SessionPlugin::new("Tests", "Moonshine").directory(directory.join("sessions")),
    ))
    .register_type::<Unit>()
    .init_resource::<Damaged>()
    .init_resource::<Recovered>()
    .insert_resource(saves.clone())
    .external_saves(saves)
    .add_observer(save)
    .add_observer(load)
    .add_observer(|damaged: On<ExternalSaveDamaged>, mut all: ResMut<Damaged>| {
        all.0.push(damaged.save.slot.clone());
    })
    .add_observer(|_: On<SessionRecovered>, mut recovered: ResMut<Recovered>| recovered.0 = true);
    app.finish();
    app.cleanup();
    app
}

#[derive(Resource, Default)]
struct Damaged(Vec<String>);

#[derive(Resource, Default)]
struct Recovered(bool);

/// Plays until something holds, a few hundred frames a second.
fn play_until(app: &mut App, mut holds: impl FnMut(&mut App) -> bool) {
    for _ in 0..PATIENCE {
        app.update();
        if holds(app) {
            return;
        }
        thread::sleep(Duration::from_millis(3));
    }
    panic!("what was waited for should have come");
}

fn units(app: &mut App) -> Vec<u32> {
    let world = app.world_mut();
    let mut units: Vec<u32> = world.query::<&Unit>().iter(world).map(|unit| unit.0).collect();
    units.sort_unstable();
    units
}

/// The game that is killed, in a separate process.
#[test]
#[ignore = "started by the test below"]
#[expect(clippy::print_stdout, reason = "the test below listens to it")]
fn child() {
    let Some(directory) = env::var_os(PLACE) else { return };
    let mut app = game(Path::new(&directory));
    app.world_mut().spawn_batch((0..UNITS).map(Unit));
    app.world_mut().commands().session().start(NewSession::named("Campaign"));
    app.world_mut().flush();
    play_until(&mut app, |app| {
        let operations = app.world().resource::<ExternalOperations>();
        operations.iter().any(bevy_session::external::ExternalOperation::is_done)
    });
    let mut saved = app.world().resource::<Messages<CheckpointSaved>>().get_cursor_current();
    play_until(&mut app, |app| {
        let messages = app.world().resource::<Messages<CheckpointSaved>>();
        saved.read(messages).count() > 0
    });
    println!("\n{ACKNOWLEDGED}");
    play_until(&mut app, |_| false);
}

#[test]
fn a_game_of_moonshine_saves_is_killed_offered_and_restored() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("saves")).unwrap();
    let mut child = Process::new(env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env(PLACE, directory.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(child.stdout.take().unwrap());
    let is_acknowledged =
        said.lines().map_while(Result::ok).any(|line| line.trim() == ACKNOWLEDGED);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(is_acknowledged, "the child should have saved");
    // Newer, and cut short.
    fs::write(directory.path().join("saves/broken.ron"), "(resources: {").unwrap();

    let mut app = game(directory.path());
    play_until(&mut app, |app| {
        let offers = app.world().resource::<RecoveryOffers>();
        !offers.is_empty() && !offers.backups().is_empty()
    });
    assert!(units(&mut app).is_empty());
    let offers = app.world().resource::<RecoveryOffers>();
    let offer = offers.offers()[0].clone();
    let backup = offers.proposed_backup(&offer).unwrap();
    assert_eq!(backup.save.slot, "autosave.ron");
    assert!(backup.is_acknowledged, "the session should know of it");
    let slot = backup.save.slot.clone();
    app.world_mut().commands().session().external().recover(offer.session.id, slot);
    app.world_mut().flush();
    play_until(&mut app, |app| app.world().resource::<Recovered>().0);
    assert_eq!(units(&mut app), (0..UNITS).collect::<Vec<_>>());
    assert_eq!(app.world().resource::<Damaged>().0, ["broken.ron"]);
    assert_eq!(app.world().resource::<CurrentSession>().id(), offer.session.id);
}
