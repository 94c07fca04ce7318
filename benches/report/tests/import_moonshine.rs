//! A game of `moonshine-save` becomes one of `bevy_session`, as the guide's page `coming-from.md` has it, and its players keep what they
//! saved.

// Feature: A game takes its players' saves along from `moonshine-save`, by an example of 160 lines.
// Page: guide/coming-from.md#moonshine-save

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use bevy::app::ScheduleRunnerPlugin;
use bevy::asset::AssetPlugin;
use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::testing::TestGame;

use importer::{ImportError, Imported, OldSave, import};

#[path = "../examples/import_moonshine/importer.rs"]
mod importer;
/// The game as it is.
#[path = "../examples/import_moonshine/village.rs"]
mod village;

/// The game as it was: what the page shows, and the rest of it.
mod before {
    use std::path::{Path, PathBuf};

    include!("../../../tests/it/guide/samples/moonshine_before.rs");

    #[derive(Resource, Reflect, Default)]
    #[reflect(Resource)]
    #[type_path = "village"]
    struct Gold(u32);

    #[derive(Resource)]
    struct SaveFile(PathBuf);

    fn new_village(world: &mut World) {
        let ann = world.spawn((Villager { name: "Ann".to_owned(), friend: None }, Hp(40))).id();
        world.spawn((Villager { name: "Ben".to_owned(), friend: Some(ann) }, Hp(30)));
    }

    /// Plays until Ben is hurt and Cid has come, and quits, which saves.
    pub fn play(mut app: App, file: &Path) {
        app.init_resource::<Gold>().insert_resource(SaveFile(file.to_owned()));
        build(&mut app);
        app.finish();
        app.cleanup();
        app.update();
        let world = app.world_mut();
        let mut villagers = world.query::<(Entity, &Villager, &mut Hp)>();
        let (ben, _, mut hp) = villagers.iter_mut(world).find(|it| it.1.name == "Ben").unwrap();
        hp.0 -= 7;
        world.spawn((Villager { name: "Cid".to_owned(), friend: Some(ben) }, Hp(50)));
        world.resource_mut::<Gold>().0 = 120;
        world.write_message(AppExit::Success);
        app.update();
    }

    /// Counts entities with a type that the game has no more.
    pub fn count(world: &mut World) -> usize {
        world.query::<&Hp>().iter(world).count()
    }
}

/// An app without the game, of either kind.
fn app() -> App {
    let mut app = App::new();
    app.add_plugins((
        MinimalPlugins.build().disable::<ScheduleRunnerPlugin>(),
        AssetPlugin::default(),
    ));
    app
}

fn build(session: SessionPlugin, file: &Path) -> App {
    let mut app = app();
    name_todays_types(&app);
    app.add_plugins((session, village::plugin));
    app.world_mut().resource_mut::<OldSave>().path = file.to_owned();
    app
}

/// Both games are in this program, and types of the older one have the same paths.
fn name_todays_types(app: &App) {
    let mut registry = app.world().resource::<AppTypeRegistry>().write();
    let saved = registry.iter_with_data::<ReflectSaved>();
    let todays: Vec<_> = saved.map(|(registration, _)| registration.clone()).collect();
    todays.into_iter().for_each(|registration| registry.overwrite_registration(registration));
}

/// Starts the game, on an empty disk but for the old file.
fn start(file: &Path) -> TestGame {
    let file = file.to_owned();
    let mut game = TestGame::new(move |session| build(session, &file));
    game.seconds(1.0);
    game
}

/// A directory, and the save in it that the older game has left.
fn left_behind() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("village.ron");
    before::play(app(), &file);
    (directory, file)
}

fn aside(file: &Path) -> PathBuf {
    file.with_extension("ron.imported")
}

/// The error that the game has heard.
fn import_again(game: &mut TestGame) -> ImportError {
    let old = game.world().resource::<OldSave>().clone();
    import(game.world(), &old).unwrap_err()
}

/// Villagers as [`village::seen`] has them.
type Villagers<'a> = &'a [(&'a str, u32, Option<&'a str>)];

#[track_caller]
fn assert_village(game: &mut TestGame, gold: u32, villagers: Villagers) {
    let (gold_seen, seen) = village::seen(game.world());
    let seen: Vec<_> =
        seen.iter().map(|(name, health, friend)| (&**name, *health, friend.as_deref())).collect();
    assert_eq!((gold_seen, &*seen), (gold, villagers));
}

/// The village in the save of the older game.
const SAVED: Villagers = &[("Ann", 40, None), ("Ben", 23, Some("Ann")), ("Cid", 50, Some("Ben"))];
/// The same a day later.
const LATER: Villagers = &[("Ann", 39, None), ("Ben", 22, Some("Ann")), ("Cid", 49, Some("Ben"))];
/// A new village.
const NEW: Villagers = &[("Ann", 40, None), ("Ben", 30, Some("Ann"))];

#[test]
fn an_imported_save_is_played_on_and_recovered_after_a_crash() {
    let (_directory, file) = left_behind();
    let content = fs::read(&file).unwrap();
    let mut game = start(&file);
    assert_village(&mut game, 120, SAVED);
    assert!(!file.exists());
    assert_eq!(fs::read(aside(&file)).unwrap(), content, "the file is kept");

    village::live(game.world());
    game.checkpoint("a day later").unwrap();
    game.crash_and_restart().seconds(1.0);
    assert_village(&mut game, 123, LATER);
    game.exit_and_restart().seconds(1.0);
    assert_village(&mut game, 123, LATER);
    assert_eq!(fs::read(aside(&file)).unwrap(), content);
}

#[test]
fn the_file_keeps_its_name_until_a_checkpoint_has_its_content() {
    let (_directory, file) = left_behind();
    let plays = Rc::new(Cell::new(false));
    let (is_game, of_game) = (plays.clone(), file.clone());
    let mut game = TestGame::new(move |session| {
        if is_game.get() {
            return build(session, &of_game);
        }
        let mut app = app();
        app.add_plugins(session);
        app
    });
    game.fill_disk();
    plays.set(true);
    game.crash_and_restart().seconds(2.0);
    assert!(file.exists() && !aside(&file).exists(), "nothing else has the village");

    game.heal_disk().crash_and_restart().seconds(1.0);
    assert_village(&mut game, 120, SAVED);
    assert!(!file.exists() && aside(&file).exists());
}

#[test]
fn a_file_that_was_not_put_aside_in_time_is_not_imported_twice() {
    let (_directory, file) = left_behind();
    let mut game = start(&file);
    village::live(game.world());
    game.checkpoint("a day later").unwrap();
    // As if the game had died between the checkpoint and the rename.
    fs::rename(aside(&file), &file).unwrap();
    game.crash_and_restart().seconds(1.0);
    assert_village(&mut game, 123, LATER);
    game.checkpoint("back").unwrap();
    game.frames(1);
    assert!(!file.exists() && aside(&file).exists());
}

#[test]
fn another_file_that_is_put_there_later_is_not_put_aside() {
    let (_directory, file) = left_behind();
    let mut game = start(&file);
    let imported = fs::read_to_string(aside(&file)).unwrap();
    let of_same_length = imported.replace("\"Ann\"", "\"Zoe\"");
    assert_ne!(of_same_length, imported);
    for other in [of_same_length, format!("{imported}\n")] {
        fs::write(&file, &other).unwrap();
        game.checkpoint("played").unwrap();
        game.frames(1);
        game.crash_and_restart().seconds(1.0);
        game.checkpoint("back").unwrap();
        game.frames(1);
        assert_village(&mut game, 120, SAVED);
        assert_eq!(fs::read_to_string(&file).unwrap(), other, "nothing has its village");
        assert_eq!(fs::read_to_string(aside(&file)).unwrap(), imported);
    }
}

#[test]
fn a_file_that_was_put_aside_before_is_not_replaced() {
    let (_directory, file) = left_behind();
    let content = fs::read(&file).unwrap();
    fs::write(aside(&file), "an older one").unwrap();
    start(&file);
    assert_eq!(fs::read_to_string(aside(&file)).unwrap(), "an older one");
    assert_eq!(fs::read(aside(&file).with_extension("imported.imported")).unwrap(), content);
    assert!(!file.exists());
}

#[test]
fn without_a_file_a_new_village_begins() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("village.ron");
    let mut game = start(&file);
    assert_village(&mut game, 0, NEW);
    let error = import_again(&mut game);
    assert!(matches!(error, ImportError::Missing { .. }), "{error:?}");
    assert!(error.to_string().contains("village.ron"), "{error}");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[derive(Component, Reflect)]
#[reflect(Component)]
#[type_path = "village"]
struct Mood(u32);

#[test]
fn renames_may_chain_and_swap_names_of_types() {
    let health_and_mood = |health: &str, mood: &str, renamed: &[(&'static str, &'static str)]| {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("village.ron");
        let ann = "\"village::Villager\": (name: \"Ann\", friend: None)";
        let values = format!("{ann}, \"{health}\": (7), \"{mood}\": (3)");
        let entities = format!("4294967293: (components: {{{values}}})");
        fs::write(&file, format!("(resources: {{}}, entities: {{{entities}}})")).unwrap();
        let renamed = renamed.to_vec();
        let mut game = TestGame::new(move |session| {
            let mut app = build(session, &file);
            app.register_type::<Mood>();
            app.world_mut().resource_mut::<OldSave>().renamed = renamed.clone();
            app
        });
        game.seconds(1.0);
        assert_village(&mut game, 0, &[("Ann", 7, None)]);
        let world = game.world();
        assert_eq!(world.query::<&Mood>().single(world).unwrap().0, 3);
    };
    let chain = [("village::Hp", "village::Health"), ("village::Health", "village::Mood")];
    health_and_mood("village::Hp", "village::Health", &chain);
    let swap = [("village::Mood", "village::Health"), ("village::Health", "village::Mood")];
    health_and_mood("village::Mood", "village::Health", &swap);
}

/// A new village begins, the file stays as it is, and the error is of this kind and says this.
#[track_caller]
fn assert_refused(content: &[u8], is_kind: fn(&ImportError) -> bool, says: &str) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("village.ron");
    fs::write(&file, content).unwrap();
    let mut game = start(&file);
    assert_village(&mut game, 0, NEW);
    let error = import_again(&mut game);
    assert!(is_kind(&error), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("village.ron") && text.contains(says), "{text}");
    assert_village(&mut game, 0, NEW);

    village::live(game.world());
    game.checkpoint("played").unwrap();
    game.crash_and_restart().seconds(1.0);
    assert_village(&mut game, 2, &[("Ann", 39, None), ("Ben", 29, Some("Ann"))]);
    assert!(!game.world().contains_resource::<Imported>());
    assert_eq!(fs::read(&file).unwrap(), content);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn a_damaged_or_non_utf8_file_is_refused_and_kept() {
    let is_damaged = |error: &ImportError| matches!(error, ImportError::Damaged { .. });
    let is_unreadable = |error: &ImportError| matches!(error, ImportError::Unreadable { .. });
    let (_directory, file) = left_behind();
    let whole = fs::read(&file).unwrap();
    assert_refused(b"", is_damaged, ":1:1");
    assert_refused(&whole[..whole.len() / 2], is_damaged, "village.ron:");
    assert_refused(&[&*whole, b"and more"].concat(), is_damaged, "village.ron:");
    assert_refused(&[0xff, 0xfe, 0], is_unreadable, "");
}

#[test]
fn a_type_that_the_game_does_not_have_is_refused_and_named() {
    let is_damaged = |error: &ImportError| matches!(error, ImportError::Damaged { .. });
    let (_directory, file) = left_behind();
    let text = fs::read_to_string(&file).unwrap();
    let unknown = text.replace("\"village::Villager\":", "\"village::Ghost\":");
    assert_ne!(unknown, text);
    assert_refused(unknown.as_bytes(), is_damaged, "village::Ghost");
}

#[test]
fn a_type_that_the_game_has_no_more_is_imported_as_long_as_it_is_registered() {
    let (_directory, file) = left_behind();
    let path = file.clone();
    let mut game = TestGame::new(move |session| {
        let mut app = build(session, &path);
        app.world_mut().resource_mut::<OldSave>().renamed.clear();
        app
    });
    game.seconds(1.0);
    assert_eq!(before::count(game.world()), 3);
    assert!(!file.exists() && aside(&file).exists());
}

#[test]
fn content_that_bevy_cannot_apply_is_refused_before_anything_is_imported() {
    let is_unusable = |error: &ImportError| matches!(error, ImportError::Unusable { .. });
    let with_component = |component: &str| {
        format!("(resources: {{}}, entities: {{4294967293: (components: {{{component}}})}})")
    };
    let nameless = with_component("\"village::Villager\": (friend: None)");
    assert_refused(nameless.as_bytes(), is_unusable, "village::Villager");
    assert_refused(with_component("\"u32\": 5").as_bytes(), is_unusable, "u32");
    let resource = "(resources: {\"village::Gold\": (7), \"u32\": 5}, entities: {})";
    assert_refused(resource.as_bytes(), is_unusable, "u32");
}
